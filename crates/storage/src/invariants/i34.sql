-- What a day was closed with reads as the sealed line of the audit trail that told of it, is in force unless the trail says
-- that it was opened again, and is what the ledger has.
with told as (
    select distinct action, subject from assurance.audit where action in ('day_sums', 'day_report', 'closing_reopened')
),
moved as (
    select account_code as scope, day, sum(amount) as amount from assurance.day_entry group by 1, 2
    union all
    select scope, day, 0 from assurance.closing where reopened_at is null
),
ledger as (
    select scope, day, sum(sum(amount)) over (partition by scope order by day) as total from moved group by 1, 2
)
select c.name as subject, format('it reads %s, and no line of the audit trail says so', c.sums) as detail
from assurance.closing c
where not exists (select from told t where t.action = 'day_sums' and t.subject = c.sums)
union all
select t.subject, 'the audit trail says so, and no closing reads so'
from told t
where t.action = 'day_sums' and not exists (select from assurance.closing c where c.sums = t.subject)
union all
select c.name, case when c.reopened_at is null then 'it is in force, and was opened again' else 'nobody opened it again' end
from assurance.closing c
where (c.reopened_at is not null) <> exists (select from told t where t.action = 'closing_reopened' and t.subject = c.name)
union all
select name, format('%s and what moved give no %s', opening, closing)
from assurance.closing where opening + moved_in - moved_out <> closing
union all
select c.name, format('it closed with %s, and the ledger has %s', c.closing, l.total)
from assurance.closing c join ledger l on l.scope = c.scope and l.day = c.day
where c.reopened_at is null and c.closing <> l.total
union all
-- the report is kept word for word; a closing from before there were reports has none
select r.name, 'its report is not the one that the audit trail has'
from assurance.closing_report r
where encode(sha256(convert_to(r.report, 'UTF8')), 'hex') <> r.sha256
   or not exists (select from told t where t.action = 'day_report' and t.subject = r.name || ' sha256=' || r.sha256)
union all
select t.subject, 'the audit trail has its report, and it is gone'
from told t
where t.action = 'day_report'
  and not exists (select from assurance.closing_report r where t.subject = r.name || ' sha256=' || r.sha256)
