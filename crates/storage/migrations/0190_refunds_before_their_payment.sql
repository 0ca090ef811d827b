-- What a file says was given back of a payment that we had not heard of is not to be had of it either, from the moment on at which
-- it is known: before its case has been given the payment.

create index settlement_line_of_original on settlement_line (profile, original_txn_id)
    where kind = 'refund' and disposition = 'case' and original_txn_id is not null;

create or replace function unexplained_debits(wanted uuid) returns bigint language sql stable as $$
    select (coalesce((
        select -sum(m.amount) from movement m
        where m.direction = 'out' and m.fate = 'case' and m.id in (
            select k.movement_id from kase k
            where k.payment_id = wanted and k.movement_id is not null and k.status <> 'closed'
            union
            -- one with the codes of two refunds may be either
            select d.id from movement d join kase k on k.movement_id = d.id and k.status <> 'closed'
            where d.direction = 'out' and d.fate = 'case'
              and d.codes && array(select r.reference from refund r where r.payment_id = wanted and r.route = 'transfer'))), 0)
        + coalesce((
        select -sum(k.amount) from kase k
        where k.payment_id = wanted and k.kind = 'missing_in_books' and k.movement_id is null and k.sighting_id is null
          and k.amount < 0 and k.status <> 'closed'), 0)
        + coalesce((
        select -sum(k.amount) from payment p
        join settlement_line l on l.profile = p.profile and l.original_txn_id = p.provider_txn_id
            and l.kind = 'refund' and l.disposition = 'case'
        join kase k on k.kind = 'refund_without_payment' and k.payment_id is null and k.status = 'open'
            and k.subject = l.provider_txn_id and k.scope = 'clearing:' || l.profile
        where p.id = wanted), 0)
        + coalesce((
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0))::bigint
$$;
