-- What a provider gave back is what our refunds say, once and with the same amount, and nothing else.
select coalesce(r.refund_id, t.original) as refund,
       format('%s: ours is %s of %s, there it is %s', coalesce(r.channel, t.channel), coalesce(r.status, 'absent'), coalesce(r.amount, 0),
              coalesce(t.amount || case when t.sent then ' sent' else ' refused' end, 'nothing')) as difference
from (select r.*, p.channel, p.provider_txn_id from assurance.refund r join assurance.payment p using (payment_id)
      where r.route = 'provider' and r.status not in ('cancelled', 'rejected', 'pending_approval')) r
full join truth.refund t on t.channel = r.channel and t.original = r.provider_txn_id
where r.refund_id is null or t.request_id is null or r.amount <> t.amount
   or r.status <> case when t.sent then 'succeeded' else 'failed' end
   -- ZaloPay's name of it is made of ours
   or (r.channel <> 'zalopay' and r.provider_request_id <> t.request_id)
union all
select original, format('%s gave it back %s times', channel, count(*))
from truth.refund where sent group by channel, original having count(*) > 1
