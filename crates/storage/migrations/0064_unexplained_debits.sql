-- Money of a payment that has left an account past us: a debit with the code of a refund that nobody was to make, or a
-- reversal of a payment of which a part is the payer's. Until its case is closed it is not to be had of the payment.

create index movement_unexplained on movement using gin (codes) where direction = 'out' and fate = 'case';

create function unexplained_debits(wanted uuid) returns bigint language sql stable as $$
    select coalesce(-sum(m.amount), 0)::bigint from movement m
    where m.direction = 'out' and m.fate = 'case' and m.id in (
        select k.movement_id from kase k
        where k.payment_id = wanted and k.movement_id is not null and k.status <> 'closed'
        union
        -- one with the codes of two refunds may be either
        select d.id from movement d join kase k on k.movement_id = d.id and k.status <> 'closed'
        where d.direction = 'out' and d.fate = 'case'
          and d.codes && array(select r.reference from refund r where r.payment_id = wanted and r.route = 'transfer'))
$$;
