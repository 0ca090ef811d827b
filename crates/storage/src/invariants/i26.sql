-- A refund is paid out once: one request at a provider, one debit on a statement, one row of a settlement file; and only
-- after a second person has said yes.
select min(refund_id) as subject, format('%s refunds are asked for as %s', count(*), provider_request_id) as detail
from assurance.refund where provider_request_id is not null group by provider_request_id having count(*) > 1
union all
select min(r.refund_id), format('%s refunds are %s at %s', count(*), r.provider_refund_id, p.profile)
from assurance.refund r join assurance.payment p on p.payment_id = r.payment_id
where r.provider_refund_id is not null group by p.profile, r.provider_refund_id having count(*) > 1
union all
select refund_id, format('%s rows of settlement files are it', count(*))
from assurance.settlement_line where refund_id is not null and booked group by refund_id having count(*) > 1
union all
select r.refund_id, format('it is %s by transfer, with %s debits', r.status, count(k.movement_id))
from assurance.refund r left join assurance.match k on k.refund_id = r.refund_id and k.amount < 0
where r.route = 'transfer' group by r.refund_id, r.status
having count(k.movement_id) <> case when r.status = 'succeeded' then 1
                                    -- one that came back keeps its debit
                                    when r.status = 'failed' then least(count(k.movement_id), 1) else 0 end
union all
select r.refund_id, format('it is %s and nobody approved it', r.status)
from assurance.refund r
where r.status not in ('pending_approval', 'rejected', 'cancelled')
  and not exists (select from assurance.approval a
                  where a.kind = 'refund' and a.subject = r.refund_id and a.status = 'approved' and a.decider <> a.proposer)
