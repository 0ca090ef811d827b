-- What stood on an account when its books began is what two persons said, booked once, of its day; it is taken back by two others'
-- word or the same, and the trail has a sealed line of both. Beside it no statement begins the books, and nothing is of a day before.
with told as (
    select distinct action, subject from assurance.audit where action in ('opening_stated', 'opening_taken_back')
),
said as (
    select o.*, jsonb_build_object('account', o.account, 'day', to_char(o.day, 'YYYY-MM-DD'), 'amount', o.amount) as words
    from assurance.stated_opening o
),
decided as (
    select approval_id, text, approval_id as of, 'state' as does, words, account from said
    union all
    select taken_back_by, text, approval_id, 'take_back', words, account from said where taken_back_by is not null
),
booked as (
    select substr(b.account_code, 6) as account,
           coalesce(sum(b.amount) filter (where b.journal_kind = 'stated_opening'), 0) as of_persons,
           coalesce(sum(b.amount) filter (where b.journal_kind = 'opening_balance'), 0) as of_statements
    from assurance.ledger_entry b
    where b.account_code like 'bank:%' and b.journal_kind in ('stated_opening', 'opening_balance')
    group by 1
),
days as (
    select substr(e.account_code, 6) as account, d.day, sum(e.amount) as amount
    from assurance.ledger_entry e join assurance.day_entry d on d.entry_id = e.entry_id
    where e.journal_kind = 'stated_opening' and e.account_code like 'bank:%' group by 1, 2
)
select d.text as subject, format('%s is said by %s, which is %s', d.does, d.approval_id, coalesce(a.status, 'not there')) as detail
from decided d left join assurance.approval a on a.approval_id = d.approval_id
where a.status is distinct from 'approved' or a.kind <> 'opening_balance' or a.subject <> d.account
   or a.decider is not distinct from a.proposer
   or a.payload is distinct from d.words || jsonb_build_object('does', d.does)
union all
select d.text, format('it reads so (%s), and no line of the audit trail says so', d.does)
from decided d
where not exists (select from told t where t.subject = d.text
                  and t.action = case d.does when 'state' then 'opening_stated' else 'opening_taken_back' end)
union all
select t.subject, format('the audit trail says %s, and no opening reads so', t.action)
from told t
where not exists (select from decided d where d.text = t.subject
                  and t.action = case d.does when 'state' then 'opening_stated' else 'opening_taken_back' end)
union all
select coalesce(b.account, s.account),
       format('two persons said %s stood on it, booked are %s by them and %s by statements',
              coalesce(s.amount::text, 'nothing'), coalesce(b.of_persons, 0), coalesce(b.of_statements, 0))
from booked b
full join (select * from said where taken_back_by is null) s on s.account = b.account
where coalesce(b.of_persons, 0) <> coalesce(s.amount, 0) or s.account is not null and coalesce(b.of_statements, 0) <> 0
union all
select account, format('%s openings of it are in force', count(*))
from said where taken_back_by is null group by account having count(*) > 1
union all
select s.account, format('%s of what stood on it before %s are of %s', d.amount, s.day, d.day)
from said s join days d on d.account = s.account and d.day <> s.day and d.amount <> 0
where s.taken_back_by is null
union all
select m.movement_id, format('it is of %s, and the books of %s begin on %s', m.business_date, s.account, s.day)
from said s join assurance.movement m on m.account = s.account and m.business_date < s.day
where s.taken_back_by is null
