-- A drawer holds what was taken in cash, less what was undone and what was brought to the bank: never less than nothing. What
-- was undone at a counter was undone whole, by another person than proposed it, on its own day in Hanoi; a card that the
-- terminal's file shows all the same stands.
with shown as (
    select payment_id from assurance.settlement_line where booked and payment_id is not null
    group by payment_id having sum(amount) > 0
),
held(counter, amount) as (
    select counter, amount from assurance.counter_payment where tender = 'cash' and voided_at is null
    union all
    select counter, -amount from assurance.deposit
),
ledger as (
    select substr(account_code, length('drawer:') + 1) as counter, sum(amount) as total
    from assurance.ledger_entry where account_code like 'drawer:%' group by 1
)
select c.counter_code as subject, format('it holds %s; taken, undone and deposited give %s, the ledger says %s', c.drawer,
                                         coalesce(h.total, 0), coalesce(l.total, 0)) as detail
from (select code as counter_code, drawer from assurance.counter) c
left join (select counter, sum(amount) as total from held group by counter) h on h.counter = c.counter_code
left join ledger l on l.counter = c.counter_code
where c.drawer < 0 or c.drawer <> coalesce(h.total, 0) or c.drawer <> coalesce(l.total, 0)
union all
select l.counter, format('its drawer has %s, and there is no such counter', l.total)
from ledger l where not exists (select from assurance.counter c where c.code = l.counter)
union all
select t.payment_id, format('it was taken as %s of %s and reads %s of %s', t.amount, t.counter, p.amount,
                            coalesce(p.counter, p.profile))
from assurance.counter_payment t left join assurance.payment p on p.payment_id = t.payment_id
where p.payment_id is null or p.amount <> t.amount
   or (t.tender = 'cash') <> (p.counter is not distinct from t.counter and p.receipt_ref is not distinct from t.receipt_ref)
union all
select p.payment_id, 'it is cash of a counter, and nobody took it'
from assurance.payment p
where p.counter is not null and not exists (select from assurance.counter_payment t where t.payment_id = p.payment_id)
union all
select t.payment_id, format('%s of %s are reversed, and it was %s%s', p.reversed, p.amount,
                            case when t.voided_at is null then 'not undone' else 'undone' end,
                            case when s.payment_id is not null then ', and a file shows it' end)
from assurance.counter_payment t join assurance.payment p on p.payment_id = t.payment_id
left join shown s on s.payment_id = t.payment_id
where (p.reversed = p.amount) <> (t.voided_at is not null and s.payment_id is null)
union all
select t.payment_id, format('it was undone by %s', coalesce(a.status, 'nobody'))
from assurance.counter_payment t
left join assurance.approval a on a.approval_id = t.voided_by and a.kind = 'counter_void' and a.subject = t.payment_id
where t.voided_at is not null
  and (a.status is distinct from 'approved' or a.decider is not distinct from a.proposer
       or (t.voided_at at time zone 'Asia/Ho_Chi_Minh')::date <> (t.taken_at at time zone 'Asia/Ho_Chi_Minh')::date)
