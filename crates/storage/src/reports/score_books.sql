-- Dossiers of our books that are alike, by the month in which their first debt was registered, and debts of no dossier: $1 from,
-- $2 to, $3 agencies. Dossiers are looked for by the debts of the period, of whatever age the books are.
with bounds as (
    select $1::date::timestamp at time zone 'Asia/Ho_Chi_Minh' as first, ($2::date + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh' as past),
registered as materialized (
    select o.dossier_code, o.agency_code, date_trunc('month', o.created_at at time zone 'Asia/Ho_Chi_Minh')::date as month
    from obligation o where o.created_at >= (select first from bounds) and o.created_at < (select past from bounds)),
dossier as (
    select o.dossier_code, date_trunc('month', min(o.created_at) at time zone 'Asia/Ho_Chi_Minh')::date as month,
           (array_agg(o.agency_code order by o.created_at, o.id))[1] as agency,
           (array_agg(o.procedure_code order by o.created_at, o.id))[1] as procedure,
           case when bool_and(o.status = 'cancelled') then 'cancelled'
                when bool_and(o.status in ('cancelled', 'exempt')) then 'exempt' else 'owes' end as whose
    from (select distinct dossier_code from registered where dossier_code is not null) r
    join obligation o on o.dossier_code = r.dossier_code
    group by 1
    having min(o.created_at) >= (select first from bounds)),
paid as (
    select o.dossier_code, array_agg(distinct a.channel order by a.channel) as channels
    from dossier d join obligation o on o.dossier_code = d.dossier_code
    join lateral (
        select p.channel from allocation a join payment p on p.id = a.payment_id
        where a.obligation_id = o.id group by p.id, p.channel having sum(a.amount) > 0) a on true
    group by 1),
alike as (
    select d.month, d.agency, d.procedure, d.whose, coalesce(p.channels, '{}') as channels
    from dossier d left join paid p on p.dossier_code = d.dossier_code
    union all
    select month, agency_code, null, 'no_dossier', '{}' from registered where dossier_code is null)
select month, agency, procedure, whose, channels, least(count(*), 2147483647)::int as number
from alike
where $3::text[] is null or agency = any($3)
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
