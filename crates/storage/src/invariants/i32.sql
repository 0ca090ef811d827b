-- Nothing is stuck: what follows a commit follows it within a minute, what is undecided is asked about, money that
-- waits is told of by a case.
select event_id as subject, format('%s without its place in stream and feed since %s', type, assurance.utc(recorded_at)) as detail
from assurance.event where feed_position is null and recorded_at < now() - interval '60 seconds'
union all
select subject_id, format('%s without its seal since %s', kind, assurance.utc(at))
from assurance.unsealed where at < now() - interval '60 seconds'
union all
select attempt_id, format('it is %s and nobody asks about it', status)
from assurance.attempt where status in ('started', 'offered', 'committed') and not watched
union all
-- asking ends after 72 hours, and then nothing keeps an intent from expiring
select intent_id, format('it is open since its deadline %s', assurance.utc(expires_at))
from assurance.intent where status = 'open' and expires_at < now() - interval '73 hours'
union all
select p.payment_id, format('it names order %s of %s and is not placed', p.order_ref, a.attempt_id)
from assurance.payment p join assurance.attempt a on a.profile = p.profile and a.order_ref = p.order_ref
where p.intent_id is null and p.recorded_at < now() - interval '5 minutes'
union all
select movement_id, format('%s on %s, and nobody says what it is', amount, account)
from assurance.movement where fate is null and amount < 0 and imported_at < now() - interval '5 minutes'
union all
select m.movement_id, format('%s on %s, and nobody says what it is', m.amount, m.account)
from assurance.movement m where m.fate is null and m.payout_of is null and m.imported_at < now() - interval '5 minutes'
  -- one that brings a transfer back stays open as long while its debit may come
  and not (m.imported_at >= now() - interval '40 days' and exists (
      select from assurance.refund r where r.reference = any(m.codes) and r.amount = m.amount
        and r.status in ('approved', 'awaiting_statement')))
  -- one that names nobody and may be money that was told of stays open while that money's own line may come: two worked
  -- days apart, and two more, with the longest holiday between
  and (cardinality(m.codes) > 0 or m.imported_at < now() - interval '40 days' or not (
      exists (select from assurance.awaited_payment a join assurance.payment p on p.payment_id = a.payment_id
              where a.account_code = m.account and a.amount = m.amount and p.intent_id is not null
                and a.paid_at between m.booking_date - interval '20 days' and m.booking_date + interval '20 days')
      or exists (select from assurance.waiting_sighting w where w.account_code = m.account and w.amount = m.amount
                and w.stated_at between m.booking_date - interval '20 days' and m.booking_date + interval '20 days')))
union all
select sighting_id, format('%s on %s wait, and no case tells of it', w.amount, w.account_code)
from assurance.waiting_sighting w
where not exists (select from assurance.kase k where k.case_id = w.case_id and k.status <> 'closed')
union all
select w.payment_id, format('%s of it wait in suspense:%s and no case tells of it', w.total, w.suspense_reason)
from (select payment_id, suspense_reason, sum(amount) as total from assurance.allocation
      where suspense_reason is not null group by payment_id, suspense_reason having sum(amount) > 0) w
where not exists (
    select from assurance.kase k
    where k.payment_id = w.payment_id and k.movement_id is null and k.status <> 'closed'
      and k.kind = case w.suspense_reason when 'duplicate' then 'duplicate_payment'
                                          when 'refund_returned' then 'status_differs' else w.suspense_reason end)
union all
-- what nobody knows of for 72 hours is told of at the next look
select r.refund_id, format('it is %s since %s, and no case tells of it', r.status, assurance.utc(r.submitted_at))
from assurance.refund r
where r.status in ('submitted', 'unknown') and r.submitted_at < now() - interval '73 hours'
  and not exists (select from assurance.kase k
                  where k.kind = 'status_differs' and k.subject_id = r.refund_id and k.status <> 'closed')
