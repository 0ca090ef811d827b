-- Whole đồng (the columns are bigint) within the range of an obligation, or of the fifty that one intent may hold, or, of
-- what came to a bank account, of one line of its statement; on accounts that exist and whose code begins with their kind.
with most(of_payment, amount) as (
    select payment_id, case when receiving_account is null then 49999999999950 else 999999999999999 end
    from assurance.payment
),
amounts(subject, what, amount, low, high) as (
    select obligation_id, 'it owes', amount_due, 0, 999999999999 from assurance.obligation
    union all select intent_id, 'it asks for', amount, 1, 49999999999950 from assurance.intent
    union all select attempt_id, 'it asks for', amount, 1, 49999999999950 from assurance.attempt
    union all select payment_id, 'it is of', p.amount, 1, m.amount from assurance.payment p join most m on m.of_payment = p.payment_id
    union all select payment_id, 'reversed are', reversed, 0, amount from assurance.payment
    union all select refund_id, 'it is of', r.amount, 1, coalesce(m.amount, 49999999999950)
              from assurance.refund r left join most m on m.of_payment = r.payment_id
    union all select payment_id, format('allocation %s is of', allocation_id), a.amount,
                     -coalesce(m.amount, 49999999999950), coalesce(m.amount, 49999999999950)
              from assurance.allocation a left join most m on m.of_payment = a.payment_id
    union all select journal_id, format('entry %s is of', entry_id), e.amount,
                     -coalesce(m.amount, case when movement_id is null and journal_kind not in ('opening_balance', 'stated_opening')
                                              then 49999999999950 else 999999999999999 end),
                     coalesce(m.amount, case when movement_id is null and journal_kind not in ('opening_balance', 'stated_opening')
                                             then 49999999999950 else 999999999999999 end)
              from assurance.ledger_entry e left join most m on m.of_payment = e.payment_id
)
select subject, format('%s %s', what, amount) as detail from amounts where amount not between low and high
union all
select e.journal_id, format('entry %s is on %s, which is no account', e.entry_id, e.account_code)
from assurance.ledger_entry e
where not exists (select from assurance.account a where a.account_code = e.account_code)
union all
select a.payment_id, format('allocation %s waits in suspense:%s, which is no account', a.allocation_id, a.suspense_reason)
from assurance.allocation a
where a.suspense_reason is not null
  and not exists (select from assurance.account c where c.account_code = 'suspense:' || a.suspense_reason)
union all
select account_code, format('its kind is %s', kind) from assurance.account where split_part(account_code, ':', 1) <> kind
union all
select account_code, 'the account is there twice' from assurance.account group by account_code having count(*) > 1
