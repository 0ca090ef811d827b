-- States are what the allocations derive. Obligations: exactly the covered ones are paid, exactly those of nothing are
-- exempt. Intents: paid when nothing of theirs is due any more, live while something is. Attempts: the one whose order
-- the money named has succeeded, and one that a transfer of its channel served.
with given as (
    select obligation_id, sum(amount) as total from assurance.allocation
    where obligation_id is not null group by obligation_id
),
held as (
    select i.intent_id, i.status, i.amount, coalesce(sum(h.amount), 0) as asked,
           count(*) filter (where o.status = 'due') as due,
           count(*) filter (where o.status is null) as unknown
    from assurance.intent i
    left join assurance.intent_obligation h on h.intent_id = i.intent_id
    left join assurance.obligation o on o.obligation_id = h.obligation_id
    group by i.intent_id, i.status, i.amount
)
select o.obligation_id as subject, format('it is %s with %s of %s', o.status, coalesce(g.total, 0), o.amount_due) as detail
from assurance.obligation o left join given g on g.obligation_id = o.obligation_id
where (o.status = 'paid') <> (o.amount_due > 0 and coalesce(g.total, 0) = o.amount_due)
   or o.status <> 'cancelled' and (o.status = 'exempt') <> (o.amount_due = 0)
union all
select intent_id, format('it is %s and %s of its obligations are due', status, due)
from held where status = 'paid' and due > 0 or status in ('open', 'processing') and due = 0
union all
select intent_id, format('it asks for %s and its obligations for %s', amount, asked)
from held where amount <> asked or unknown > 0
union all
select h.intent_id, format('it asks %s for %s, which owes %s', h.amount, h.obligation_id, o.amount_due)
from assurance.intent_obligation h
join assurance.intent i on i.intent_id = h.intent_id and i.status in ('open', 'processing')
join assurance.obligation o on o.obligation_id = h.obligation_id and o.amount_due <> h.amount
union all
-- one whose outcome became unknown holds its intent until it is decided
select i.intent_id, 'it is processing and no attempt of it takes money'
from assurance.intent i
where i.status = 'processing' and not exists (
    select from assurance.attempt a where a.intent_id = i.intent_id and a.status in ('committed', 'unknown'))
union all
select a.attempt_id, format('it has succeeded and no money names order %s of %s', a.order_ref, a.profile)
from assurance.attempt a
where a.status = 'succeeded' and not exists (
    select from assurance.payment p
    where p.intent_id = a.intent_id
      -- a transfer names the intent, no order
      and (p.order_ref = a.order_ref and p.profile = a.profile or p.receiving_account is not null and p.channel = a.channel))
union all
select p.payment_id, format('it is placed under %s by order %s of %s, %s', p.intent_id, p.order_ref, p.profile,
                            case when a.attempt_id is null then 'which is no attempt of it'
                                 else a.attempt_id || ' of which is ' || a.status end)
from assurance.payment p
left join assurance.attempt a on a.profile = p.profile and a.order_ref = p.order_ref and a.intent_id = p.intent_id
where p.intent_id is not null and p.profile is not null and p.order_ref is not null and a.status is distinct from 'succeeded'
