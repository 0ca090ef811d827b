-- Each line is one movement of its account, each movement one thing: claimed once, told of by a case, or open.
select l.statement_id as subject, format('line %s is %s', l.line_no, coalesce(l.movement_id, 'no movement')) as detail
from assurance.statement_line l
left join assurance.statement s on s.statement_id = l.statement_id
left join assurance.movement m on m.movement_id = l.movement_id and m.account = s.account
where m.movement_id is null
union all
-- a batch may be several lines of one movement, or one line of several; summed once, since a book has lines without number
select l.movement_id, format('it is %s, line %s of %s says %s, and no case tells of it', m.amount, l.line_no, l.statement_id, l.amount)
from (select statement_id, movement_id, min(line_no) as line_no, sum(amount) as amount
      from assurance.statement_line group by statement_id, movement_id) l
join assurance.movement m on m.movement_id = l.movement_id
left join (select pl.statement_id, pl.movement_id, sum(o.amount) as amount
           from assurance.statement_line_part p
           join assurance.statement_line pl on pl.statement_id = p.statement_id and pl.line_no = p.line_no
           join assurance.movement o on o.movement_id = p.movement_id
           group by pl.statement_id, pl.movement_id) parts
  on parts.statement_id = l.statement_id and parts.movement_id = l.movement_id
where l.amount <> m.amount + coalesce(parts.amount, 0)
  and l.movement_id not in (select k.movement_id from assurance.kase k
                            where k.kind = 'amount_differs' and k.movement_id is not null)
union all
select m.movement_id, 'no line of a statement is it'
from assurance.movement m
where not exists (select from assurance.statement_line l where l.movement_id = m.movement_id)
  -- or of one that was several from the beginning
  and not exists (select from assurance.statement_line_part p where p.movement_id = m.movement_id)
  -- or takes one back
  and not exists (select from assurance.withdrawn_movement w where w.counter_id = m.movement_id)
union all
-- what no file in force has was taken back, and nothing else was
select m.movement_id, case when w.movement_id is null then 'only a superseded statement has it, and nothing takes it back'
                           else 'it is taken back, and a statement in force has it' end
from (select named.movement_id, bool_or(s.state = 'imported') as in_force
      from (select statement_id, movement_id from assurance.statement_line
            union all select statement_id, movement_id from assurance.statement_line_part) named
      join assurance.statement s on s.statement_id = named.statement_id
      where named.movement_id in (
          select l.movement_id from assurance.statement_line l
          join assurance.statement o on o.statement_id = l.statement_id and o.state = 'superseded'
          union
          select p.movement_id from assurance.statement_line_part p
          join assurance.statement o on o.statement_id = p.statement_id and o.state = 'superseded')
      group by 1) m
left join assurance.withdrawn_movement w on w.movement_id = m.movement_id
where m.in_force = (w.movement_id is not null)
union all
select w.movement_id, 'what takes it back is of another sum or day'
from assurance.withdrawn_movement w
join assurance.movement m on m.movement_id = w.movement_id join assurance.movement c on c.movement_id = w.counter_id
where (c.account, c.business_date, c.amount) <> (m.account, m.business_date, -m.amount)
union all
select movement_id, format('it is claimed %s times', count(*))
from assurance.match group by movement_id having count(*) > 1
union all
select coalesce(payment_id, settlement_id, refund_id, deposit_id), format('it claims %s movements', count(*))
from assurance.match where contra_account is null or deposit_id is not null
group by payment_id, settlement_id, refund_id, deposit_id, amount > 0 having count(*) > 1
union all
select movement_id, format('it came to %s, and %s was brought to %s', account, deposit_id, brought_to)
-- offset 0, here and below: joined first and compared then. Where all is of one account, a planner that may compare first takes
-- that for the narrowest way, and goes through all pairs
from (select k.movement_id, m.account, d.deposit_id, d.account as brought_to
      from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
      join assurance.deposit d on d.deposit_id = k.deposit_id offset 0) claimed
where brought_to is distinct from account
union all
select k.movement_id, format('it is %s and is claimed for %s', m.amount, k.amount)
from assurance.match k left join assurance.movement m on m.movement_id = k.movement_id
where m.amount is distinct from k.amount
union all
select m.movement_id, format('its fate is %s, and it is %s', coalesce(m.fate, 'open'),
                             case when k.movement_id is null then 'not claimed' else 'claimed' end)
from assurance.movement m left join assurance.match k on k.movement_id = m.movement_id
where (m.fate is not distinct from 'matched') <> (k.movement_id is not null)
union all
select m.movement_id, 'its fate is a case, and there is none'
from assurance.movement m
where m.fate = 'case' and not exists (select from assurance.kase k where k.movement_id = m.movement_id)
union all
-- a payment on an account waits for its line, or has one
select p.payment_id, format('it has %s line and is %s', case when k.payment_id is null then 'no' else 'a' end,
                            case when a.payment_id is null then 'not awaited' else 'awaited' end)
from assurance.payment p
left join assurance.match k on k.payment_id = p.payment_id and k.amount > 0
left join assurance.awaited_payment a on a.payment_id = p.payment_id
where p.receiving_account is not null and p.reversed < p.amount and (k.payment_id is null) <> (a.payment_id is not null)
union all
select movement_id, format('it came to %s, and %s to %s', account, payment_id, receiving_account)
from (select k.movement_id, m.account, p.payment_id, p.receiving_account
      from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
      join assurance.payment p on p.payment_id = k.payment_id offset 0) claimed
where receiving_account is distinct from account
