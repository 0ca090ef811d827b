-- Each account stands at what the other side of our own books says: clearing at what providers took and have not passed
-- on, in transit at what came or was paid out and no statement shows yet, bank at what statements show, obligations and
-- suspense at what was allocated to them; all of them together at zero.
with booked as (
    select account_code, sum(amount) as total from assurance.ledger_entry group by account_code
),
expected(account_code, amount) as (
    select 'clearing:' || profile, amount - reversed from assurance.payment
    where profile is not null and provider_txn_id is not null and receiving_account is null
    union all
    select 'clearing:' || p.profile, -r.amount
    from assurance.refund r join assurance.payment p on p.payment_id = r.payment_id
    where r.status = 'succeeded' and r.provider_refund_id is not null and p.profile is not null
    union all
    select 'clearing:' || profile, -(fee + net) from assurance.settlement
    union all
    select 'in_transit:' || receiving_account, amount - reversed from assurance.payment
    where receiving_account is not null
    union all
    select account_code, amount from assurance.ledger_entry
    where journal_kind = 'settlement' and account_code like 'in_transit:%'
    union all
    select 'in_transit:' || account, -amount from assurance.movement where amount > 0
    union all
    select 'bank:' || account, amount from assurance.movement
    union all
    select account_code, amount from assurance.ledger_entry
    where journal_kind = 'opening_balance' and account_code like 'bank:%'
    union all
    select 'suspense:' || suspense_reason, -amount from assurance.allocation where suspense_reason is not null
    union all
    select 'obligation:' || o.beneficiary, -a.amount
    from assurance.allocation a join assurance.obligation o on o.obligation_id = a.obligation_id
),
other_side as (
    select account_code, sum(amount) as total from expected group by account_code
)
select coalesce(b.account_code, o.account_code) as subject,
       format('it stands at %s, the other side says %s', coalesce(b.total, 0), coalesce(o.total, 0)) as detail
from (select * from booked where split_part(account_code, ':', 1) in ('bank', 'clearing', 'in_transit', 'obligation', 'suspense')) b
full join other_side o on o.account_code = b.account_code
where coalesce(b.total, 0) <> coalesce(o.total, 0)
union all
select 'all accounts', format('together they stand at %s', sum(total)) from booked having sum(total) <> 0
