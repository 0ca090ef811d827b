-- Refunds, unknown ones included, never take more of a payment than it brought and kept.
select p.payment_id as subject, format('%s of %s are refunded or on their way back', r.total, p.amount - p.reversed) as detail
from assurance.payment p
join (select payment_id, sum(amount) as total from assurance.refund
      where status not in ('rejected', 'cancelled', 'failed') group by payment_id) r on r.payment_id = p.payment_id
where r.total > p.amount - p.reversed
union all
select r.refund_id, format('its lines are %s, and it is %s', coalesce(l.total, 0), r.amount)
from assurance.refund r
left join (select refund_id, sum(amount) as total from assurance.refund_line group by refund_id) l on l.refund_id = r.refund_id
where coalesce(l.total, 0) <> r.amount
