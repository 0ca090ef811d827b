-- A paid fee or charge has one live receipt of its sum, and nothing else has one: what is being worked on is waiting, not
-- missing. While a refund is under way an issued one stands. What was replaced is named by what took its place.
with live as (
    select obligation_id, count(*) as times, min(amount) as amount, min(kind) as kind,
           bool_or(status = 'issued') as issued
    from assurance.receipt where status in ('numbered', 'issued') group by obligation_id
)
select l.obligation_id as subject, format('it has %s live receipts', l.times) as detail from live l where l.times > 1
union all
select l.obligation_id, format('it is %s of %s and has a receipt of %s', coalesce(o.status, 'nothing'), o.amount_due, l.amount)
from live l left join assurance.obligation o on o.obligation_id = l.obligation_id
where (o.status is null or o.status not in ('paid', 'refunding') or o.amount_due <> l.amount
       or (o.status = 'refunding' and not l.issued))
  and not exists (select from assurance.receipt_work w where w.obligation_id = l.obligation_id)
union all
-- paid since its collector has a series here; the series' own commit may lie a little later than its time
select o.obligation_id, 'it is paid, and neither has a receipt nor is looked at'
from assurance.obligation o
join (select entity_id, max(at) as at from assurance.transition
      where entity_type = 'obligation' and to_state = 'paid' group by entity_id) t on t.entity_id = o.obligation_id
join (select beneficiary, min(created_at) as created_at from assurance.receipt_series group by beneficiary) s
    on s.beneficiary = o.beneficiary
where o.status = 'paid' and o.kind in ('fee', 'charge') and o.amount_due > 0 and t.at > s.created_at + interval '1 minute'
  and not exists (select from live l where l.obligation_id = o.obligation_id)
  and not exists (select from assurance.receipt_work w where w.obligation_id = o.obligation_id)
union all
select r.receipt_id, format('it is replaced, and %s receipts name it', count(n.receipt_id))
from assurance.receipt r left join assurance.receipt n on n.replaces = r.receipt_id
where r.status = 'replaced' group by r.receipt_id having count(n.receipt_id) <> 1
union all
select n.receipt_id, format('it takes the place of %s, which is %s', n.replaces, coalesce(r.status, 'nothing'))
from assurance.receipt n left join assurance.receipt r on r.receipt_id = n.replaces
where n.replaces is not null and (r.status is distinct from 'replaced' or r.obligation_id is distinct from n.obligation_id)
