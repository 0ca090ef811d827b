-- Dossiers of our books that are alike, by the month in which their first debt was registered: $1 from, $2 to, $3 agencies.
with dossier as (
    select dossier_code, (min(created_at) at time zone 'Asia/Ho_Chi_Minh')::date as day,
           (array_agg(agency_code order by created_at, id))[1] as agency,
           (array_agg(procedure_code order by created_at, id))[1] as procedure,
           case when bool_and(status = 'cancelled') then 'cancelled'
                when bool_and(status in ('cancelled', 'exempt')) then 'exempt' else 'owes' end as whose
    from obligation where dossier_code is not null
    group by dossier_code
    having (min(created_at) at time zone 'Asia/Ho_Chi_Minh')::date between $1::date and $2::date),
paid as (
    select o.dossier_code, array_agg(distinct a.channel order by a.channel) as channels
    from obligation o
    join lateral (
        select p.channel from allocation a join payment p on p.id = a.payment_id
        where a.obligation_id = o.id group by p.id, p.channel having sum(a.amount) > 0) a on true
    where o.dossier_code in (select dossier_code from dossier)
    group by 1),
alike as (
    select date_trunc('month', d.day)::date as month, d.agency, d.procedure, d.whose, coalesce(p.channels, '{}') as channels
    from dossier d left join paid p on p.dossier_code = d.dossier_code
    union all
    select date_trunc('month', (min(created_at) at time zone 'Asia/Ho_Chi_Minh')::date)::date, agency_code, null, 'no_dossier', '{}'
    from obligation where dossier_code is null
    group by customer_code, agency_code
    having (min(created_at) at time zone 'Asia/Ho_Chi_Minh')::date between $1::date and $2::date)
select month, agency, procedure, whose, channels, least(count(*), 2147483647)::int as number
from alike
where $3::text[] is null or agency = any($3)
group by 1, 2, 3, 4, 5
order by 1, 2, 3, 4, 5
