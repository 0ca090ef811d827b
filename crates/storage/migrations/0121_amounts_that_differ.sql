-- What came to an account and what it is were booked with two amounts: the difference stood in transit for ever. It waits
-- in suspense now, of its movement; here what was left of it before.

with differing as (
    select k.movement_id, null::uuid as settlement_id, m.account_code, m.business_date, k.amount - p.amount as over
    from movement_match k join movement m on m.id = k.movement_id join payment p on p.id = k.payment_id
    where k.amount > 0 and k.amount <> p.amount
    union all
    -- a settlement pays out what its file says; rows that an earlier file had are not booked again
    select k.movement_id, k.settlement_id, m.account_code, m.business_date, k.amount - l.net
    from movement_match k join movement m on m.id = k.movement_id
    join (select settlement_id, sum(net)::bigint as net from settlement_line
          where disposition in ('matched', 'case', 'unmatched') group by settlement_id) l on l.settlement_id = k.settlement_id
    where k.amount <> l.net),
dated as materialized (
    select d.*, gen_random_uuid() as journal, open_day('bank:' || d.account_code, d.business_date) as day from differing d),
booked as (
    insert into journal (id, kind, cause, business_date, original_business_date, actor)
    select journal, 'other_amount', 'statement_says', day, case when day <> business_date then business_date end, 'system'
    from dated),
entries as (
    insert into ledger_entry (journal_id, account_code, amount, movement_id, settlement_id)
    select d.journal, side.account, side.sign * d.over, d.movement_id, d.settlement_id
    from dated d cross join lateral (values ('in_transit:' || d.account_code, 1), ('suspense:amount_differs', -1)) as side(account, sign)
    order by d.movement_id, side.sign desc)
insert into unsealed (kind, subject_id) select 'journal', assurance.text_id('jnl', journal) from dated;

-- Nor is more of a payment to be had than has come of it.
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
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0))::bigint
$$;
