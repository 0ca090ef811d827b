-- What officers took, had undone and brought to the bank is what counters and drawers say; one receipt is one payment.
select coalesce(t.payment_id, c.payment_id) as payment,
       format('at %s, receipt %s: the officer took %s, here it is %s', coalesce(t.counter, c.counter),
              coalesce(t.receipt_ref, c.receipt_ref), coalesce(t.amount::text, 'nothing'), coalesce(c.amount::text, 'nothing'))
           as difference
from truth.taken t full join assurance.counter_payment c using (payment_id)
where (t.counter, t.tender, t.receipt_ref, t.amount) is distinct from (c.counter, c.tender, c.receipt_ref, c.amount)
union all
select counter, format('receipt %s is %s payments', receipt_ref, count(*))
from truth.taken group by counter, receipt_ref having count(*) > 1
union all
select coalesce(u.payment_id, c.payment_id), format('undone by the officers: %s, here: %s', u.payment_id is not null, c.payment_id is not null)
from truth.undone u full join (select payment_id from assurance.counter_payment where voided_at is not null) c using (payment_id)
where u.payment_id is null or c.payment_id is null
union all
select coalesce(t.deposit_id, d.deposit_id), format('slip %s: %s and %s', coalesce(t.slip_ref, d.slip_ref), t.amount, d.amount)
from truth.deposit t full join assurance.deposit d using (deposit_id)
where (t.counter, t.slip_ref, t.amount) is distinct from (d.counter, d.slip_ref, d.amount)
union all
select c.code, format('its drawer holds %s, by its officers %s', c.drawer, s.amount)
from assurance.counter c
cross join lateral (
    select coalesce((select sum(amount) from truth.taken t where t.counter = c.code and tender = 'cash'
                        and not exists (select from truth.undone u where u.payment_id = t.payment_id)), 0)
         - coalesce((select sum(amount) from truth.deposit d where d.counter = c.code), 0) as amount) s
where c.drawer <> s.amount
