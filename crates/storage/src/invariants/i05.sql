-- Each đồng of a payment is in exactly one place, and the ledger agrees: whatever one journal gives of one payment to
-- one obligation or suspense account, it books on that account. Legs name their payment, and their obligation where
-- the account is a beneficiary's; what a settlement pays out and what a statement line carries is of no one payment.
with moved(journal_id, payment_id, obligation_id, suspense_reason, given, booked) as (
    select journal_id, payment_id, obligation_id, case when written_off then 'written off' else suspense_reason end, amount, 0
    from assurance.allocation where refund_id is null
    union all
    select journal_id, payment_id, obligation_id,
           case when account_code like 'suspense:%' then substr(account_code, length('suspense:') + 1)
                when account_code = 'written_off' then 'written off' end, 0, -amount
    from assurance.ledger_entry
    where account_code like 'obligation:%'
       or account_code = 'written_off' and (payment_id is not null or coalesce(movement_id, settlement_id) is null)
       or account_code like 'suspense:%' and (payment_id is not null or coalesce(movement_id, settlement_id) is null)
)
select coalesce(payment_id, journal_id) as subject,
       format('%s gives %s to %s and books %s', journal_id, sum(given),
              coalesce(obligation_id, 'suspense:' || suspense_reason, 'nothing'), sum(booked)) as detail
from moved group by journal_id, payment_id, obligation_id, suspense_reason having sum(given) <> sum(booked)
union all
select payment_id, format('allocation %s has %s homes', allocation_id,
                          num_nonnulls(obligation_id, suspense_reason, refund_id) + written_off::int)
from assurance.allocation where num_nonnulls(obligation_id, suspense_reason, refund_id) + written_off::int <> 1
union all
select payment_id, format('%s of it in %s', sum(amount),
                          coalesce(obligation_id, 'suspense:' || suspense_reason, refund_id, 'nothing'))
from assurance.allocation group by payment_id, obligation_id, suspense_reason, refund_id, written_off having sum(amount) < 0
union all
select a.payment_id, format('allocation %s names %s, which is no obligation', a.allocation_id, a.obligation_id)
from assurance.allocation a
where a.obligation_id is not null
  and not exists (select from assurance.obligation o where o.obligation_id = a.obligation_id)
union all
-- A refund holds its whole amount from its approval on, also after the money has left; a failed one gives it back.
select a.payment_id, format('%s holds %s of it', a.refund_id, a.total)
from (select payment_id, refund_id, sum(amount) as total from assurance.allocation
      where refund_id is not null group by payment_id, refund_id) a
left join assurance.refund r on r.refund_id = a.refund_id and r.payment_id = a.payment_id
where r.refund_id is null
   or a.total <> case when r.status in ('pending_approval', 'rejected', 'cancelled', 'failed') then 0 else r.amount end
union all
select e.journal_id, format('entry %s on %s names %s', e.entry_id, e.account_code,
                            coalesce(e.payment_id, 'no payment'))
from assurance.ledger_entry e left join assurance.payment p on p.payment_id = e.payment_id
where p.payment_id is null
  and (e.account_code like 'obligation:%'
       -- what a bank or a provider took without a reason that we know is of a line, not of a payment
       or e.account_code like 'suspense:%' and coalesce(e.movement_id, e.settlement_id) is null
       or e.account_code like 'clearing:%' and e.settlement_id is null
       or e.account_code like 'in_transit:%' and e.journal_kind = 'bank_credit')
union all
select e.journal_id, format('entry %s on %s names %s of another profile or account', e.entry_id, e.account_code, e.payment_id)
from assurance.ledger_entry e join assurance.payment p on p.payment_id = e.payment_id
where e.account_code like 'clearing:%' and e.account_code is distinct from 'clearing:' || p.profile
   or e.account_code like 'in_transit:%' and e.account_code is distinct from 'in_transit:' || p.receiving_account
union all
select e.journal_id, format('entry %s on %s names %s', e.entry_id, e.account_code,
                            coalesce(e.obligation_id, 'no obligation'))
from assurance.ledger_entry e left join assurance.obligation o on o.obligation_id = e.obligation_id
where e.account_code like 'obligation:%' and e.account_code is distinct from 'obligation:' || o.beneficiary
   or split_part(e.account_code, ':', 1) in ('clearing', 'suspense') and e.obligation_id is not null
