-- The allocations of a payment sum to its amount less what was reversed.
select coalesce(p.payment_id, a.payment_id) as subject,
       case when p.payment_id is null then format('%s allocated, and there is no such payment', a.total)
            else format('%s allocated, %s to allocate', coalesce(a.total, 0), p.amount - p.reversed) end as detail
from assurance.payment p
full join (select payment_id, sum(amount) as total from assurance.allocation group by payment_id) a
    on a.payment_id = p.payment_id
where p.payment_id is null or p.amount - p.reversed <> coalesce(a.total, 0)
