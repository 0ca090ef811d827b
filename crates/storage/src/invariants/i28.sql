-- The part of I28 that needs no chain: each journal and each audit row has one seal, or waits for it, and not for long.
with subjects(kind, subject_id) as (
    select 'journal', journal_id from assurance.journal
    union all select 'audit', audit_id from assurance.audit
)
select s.subject_id as subject,
       case when u.subject_id is null then s.kind || ' without a seal, and none is on its way'
            else format('%s waits for its seal since %s', s.kind, assurance.utc(u.at)) end as detail
from subjects s
left join assurance.unsealed u on u.kind = s.kind and u.subject_id = s.subject_id
where not exists (select from assurance.seal l where l.kind = s.kind and l.subject_id = s.subject_id)
  and (u.subject_id is null or u.at < now() - interval '60 seconds')
union all
select u.subject_id, format('%s deleted before it was sealed', u.kind)
from assurance.unsealed u
where not exists (select from subjects s where s.kind = u.kind and s.subject_id = u.subject_id)
union all
select subject_id, format('%s sealed %s times', kind, count(*))
from assurance.seal group by kind, subject_id having count(*) > 1
