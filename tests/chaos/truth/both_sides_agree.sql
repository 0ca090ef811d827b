-- A debt is paid here exactly when it is paid there, with the same amount.
with there as (
    select body->'data'->>'id' as obligation_id, max((body->'data'->>'amount')::bigint) as amount
    from truth.event join truth.received using (event_id)
    where applied and body->>'type' in ('obligation.paid', 'obligation.refunded', 'obligation.reopened')
    group by 1
    having count(*) filter (where body->>'type' = 'obligation.paid')
         > count(*) filter (where body->>'type' <> 'obligation.paid')
), here as (
    select obligation_id, amount_due as amount from assurance.obligation where status = 'paid'
)
select obligation_id as debt,
       format('paid here: %s, there: %s', coalesce(here.amount::text, 'no'), coalesce(there.amount::text, 'no')) as difference
from here full join there using (obligation_id)
where here.amount is distinct from there.amount
