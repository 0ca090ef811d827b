-- What was given up was said by two persons, and by the decision about its own case; so was what waits again. Of a payment so much
-- is written off as they said, unless its bank has taken it back since.
select w.case_id as subject,
       format('%s of it were written off by %s of %s, which is %s', w.amount, w.approval_id, coalesce(a.subject, 'nothing'),
              coalesce(a.status, 'not there')) as detail
from assurance.write_off w left join assurance.approval a on a.approval_id = w.approval_id
where a.status is distinct from 'approved' or a.kind <> 'case_resolution' or a.subject is distinct from w.case_id
   or a.decider is not distinct from a.proposer
union all
select w.case_id, format('%s of it wait again by %s of %s, which is %s', w.amount, w.undone_by, coalesce(a.subject, 'nothing'),
                         coalesce(a.status, 'not there'))
from assurance.write_off w left join assurance.approval a on a.approval_id = w.undone_by
where w.undone_by is not null
  and (a.status is distinct from 'approved' or a.kind <> 'case_resolution' or a.subject is distinct from w.case_id
       or a.decider is not distinct from a.proposer)
union all
select coalesce(g.payment_id, s.payment_id),
       format('%s of it are written off, and people said %s', coalesce(g.total, 0), coalesce(s.total, 0))
from (select payment_id, sum(amount) as total from assurance.allocation where written_off group by payment_id) g
full join (select payment_id, -sum(amount) as total from assurance.write_off
           where payment_id is not null and undone_at is null group by payment_id) s on s.payment_id = g.payment_id
left join assurance.payment p on p.payment_id = coalesce(g.payment_id, s.payment_id)
where coalesce(g.total, 0) <> coalesce(s.total, 0) and p.reversed is distinct from p.amount
