-- An obligation gets all that is due or nothing, and has it exactly while it is paid: an approved refund takes the money
-- out before it is sent (`refunding`). At most one live intent holds it.
select o.obligation_id as subject,
       format('it is %s with %s of %s', o.status, coalesce(a.total, 0), o.amount_due) as detail
from assurance.obligation o
left join (select obligation_id, sum(amount) as total from assurance.allocation
           where obligation_id is not null group by obligation_id) a on a.obligation_id = o.obligation_id
where coalesce(a.total, 0) <> case when o.status = 'paid' then o.amount_due else 0 end
union all
select o.obligation_id, 'it is refunding and no refund that is under way takes it back'
from assurance.obligation o
where o.status = 'refunding' and not exists (
    select from assurance.refund_line l join assurance.refund r on r.refund_id = l.refund_id
    where l.obligation_id = o.obligation_id
      and r.status in ('approved', 'submitted', 'unknown', 'awaiting_statement'))
union all
select h.obligation_id, format('held by %s', string_agg(i.intent_id, ' and ' order by i.intent_id))
from assurance.intent_obligation h join assurance.intent i on i.intent_id = h.intent_id
where i.status in ('open', 'processing') group by h.obligation_id having count(*) > 1
union all
-- the mark that the unique index stands on
select h.obligation_id, format('%s is %s and its hold on it is %s', i.intent_id, i.status,
                               case when h.live then 'live' else 'let go' end)
from assurance.intent_obligation h join assurance.intent i on i.intent_id = h.intent_id
where h.live <> (i.status in ('open', 'processing'))
