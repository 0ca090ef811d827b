-- What a settlement file says was given back of a payment, and we had not asked for, is not to be had of it again while its
-- case is open: as what a debit says.

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
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0))::bigint
$$;
