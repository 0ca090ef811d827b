-- What VNPAY gave back is what our refunds say, once and with the same amount, and nothing else.
select coalesce(r.refund_id, t.order_ref) as refund,
       format('ours is %s of %s, VNPAY has %s', coalesce(r.status, 'absent'), coalesce(r.amount, 0),
              coalesce(t.amount || case when t.sent then ' sent' else ' refused' end, 'nothing')) as difference
from (select * from assurance.refund where route = 'provider' and status <> 'cancelled' and status <> 'rejected'
                                       and status <> 'pending_approval') r
full join truth.refund t on t.request_id = r.provider_request_id
where r.refund_id is null or t.request_id is null or r.amount <> t.amount
   or r.status <> case when t.sent then 'succeeded' else 'failed' end
union all
select order_ref, format('given back %s times', count(*)) from truth.refund where sent group by order_ref having count(*) > 1
