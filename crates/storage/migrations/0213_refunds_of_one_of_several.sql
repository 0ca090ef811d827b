-- A refund that a file names by our order alone may be of any payment of that order. Until people have said of which, it can be given
-- back of none of them once more.

create view refund_may_be_of as
select l.profile, l.provider_txn_id, p.id as payment_id
from settlement_line l join payment p on p.profile = l.profile and p.provider_txn_id = l.original_txn_id
where l.kind = 'refund' and l.disposition = 'case' and l.original_txn_id is not null
union all
select l.profile, l.provider_txn_id, p.id
from settlement_line l join payment p on p.profile = l.profile and p.order_ref = l.order_ref
where l.kind = 'refund' and l.disposition = 'case' and l.original_txn_id is null and l.order_ref is not null;
grant select on refund_may_be_of to motlan_app;

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
        -- what a file gave back before its payment was known, or of one of several payments, until its case has found it
        + coalesce((
        select -sum(k.amount) from refund_may_be_of o
        join kase k on k.kind = 'refund_without_payment' and k.payment_id is null and k.status <> 'closed'
            and k.subject = o.provider_txn_id and k.scope = 'clearing:' || o.profile
        where o.payment_id = wanted), 0)
        + coalesce((
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0))::bigint
$$;
