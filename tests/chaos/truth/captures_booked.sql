-- Every capture that a provider or an application of a bank knows is booked, once, with the same amount.
select c.transaction_no as capture,
       format('%s, order %s: it took %s, we booked %s in %s payments', c.channel, c.order_ref, c.amount, sum(p.amount), count(p.*))
           as difference
from truth.capture c
left join assurance.payment p on p.channel = c.channel and p.provider_txn_id = c.transaction_no
group by c.channel, c.transaction_no, c.order_ref, c.amount having count(p.*) <> 1 or sum(p.amount) <> c.amount
