-- No refund is forgotten: what is under way at a provider is watched, and what waits for a person has its proposal.
select refund_id as subject, format('it is %s and nobody asks about it', status) as detail
from assurance.refund
where (status in ('submitted', 'unknown') or status = 'approved') and not watched
union all
select r.refund_id, format('it is %s, and its proposal is %s', r.status, coalesce(a.status, 'not there'))
from assurance.refund r left join assurance.approval a on a.kind = 'refund' and a.subject = r.refund_id
where (r.status = 'pending_approval') <> (a.status is not distinct from 'pending')
