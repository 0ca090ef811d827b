-- Each account stands at what the other side of our own books says: clearing at what providers took and have not passed
-- on, in transit at what came, was deposited or was paid out and no statement shows yet, drawers at what was taken and is
-- neither undone nor deposited, bank at what statements show, obligations and
-- suspense at what was allocated to them, remitted at the debits that remittances have; all of them together at zero. What a settlement passes on of clearing was there: rows
-- that are a payment of ours are of one that stands, or take back what they gave.
with booked as (
    select account_code, sum(amount) as total from assurance.ledger_entry group by account_code
),
-- what a line shows beyond the payment, the deposit, or the rows of the settlement, that it is
differing as (
    select m.account, k.amount - p.amount as over
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    join assurance.payment p on p.payment_id = k.payment_id
    where k.amount > 0 and k.amount <> p.amount
    union all
    select m.account, k.amount - d.amount
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    join assurance.deposit d on d.deposit_id = k.deposit_id
    where k.amount <> d.amount
    union all
    select m.account, k.amount - l.net
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    join (select settlement_id, sum(net) as net from assurance.settlement_line where booked group by settlement_id) l
        on l.settlement_id = k.settlement_id
    where k.amount <> l.net
    union all
    -- a payout that people had placed as a payment when its file came: the net of the file is no money beside theirs
    select l.payout_account, -sum(l.net)
    from assurance.settlement_given_away g
    join assurance.settlement_line l on l.settlement_id = g.settlement_id and l.booked group by l.settlement_id, l.payout_account
),
expected(account_code, amount) as (
    select 'clearing:' || profile, amount - reversed from assurance.payment
    where profile is not null and provider_txn_id is not null and receiving_account is null
    union all
    select 'drawer:' || counter, amount - reversed from assurance.payment where counter is not null
    union all
    select 'drawer:' || counter, -amount from assurance.deposit
    union all
    select 'in_transit:' || account, amount from assurance.deposit
    union all
    select 'clearing:' || p.profile, -r.amount
    from assurance.refund r join assurance.payment p on p.payment_id = r.payment_id
    where r.status = 'succeeded' and r.route = 'provider' and p.profile is not null
    union all
    select 'refund_payable', -amount from assurance.refund
    where status in ('approved', 'submitted', 'unknown', 'awaiting_statement')
    union all
    -- a refund of theirs that we do not know goes to suspense, and leaves clearing as it was
    select 'clearing:' || profile, -amount from assurance.settlement_line
    where booked and (kind = 'payment' or kind = 'refund' and (refund_id is not null or disposition = 'matched')
                      -- a correction that brings a refund of ours back
                      or kind = 'adjustment' and disposition = 'matched')
    union all
    select 'in_transit:' || receiving_account, amount - reversed from assurance.payment
    where receiving_account is not null
    union all
    select 'in_transit:' || payout_account, net from assurance.settlement_line where booked
    union all
    select 'in_transit:' || account, -amount from assurance.movement where amount > 0
    union all
    -- what a refund brought back, and what was taken back, stand against their lines
    select 'in_transit:' || m.account, m.amount
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    where (k.refund_id is not null or k.rule = 'superseded') and m.amount > 0
    union all
    select 'in_transit:' || m.account, -m.amount
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    where (k.payment_id is not null or k.settlement_id is not null) and m.amount < 0
    union all
    select 'bank:' || account, amount from assurance.movement
    union all
    select 'in_transit:' || account, over from differing
    union all
    select 'suspense:amount_differs', -over from differing
    union all
    select account_code, amount from assurance.ledger_entry
    where journal_kind = 'opening_balance' and account_code like 'bank:%'
    union all
    select 'bank:' || account, amount from assurance.stated_opening where taken_back_by is null
    union all
    select 'suspense:' || suspense_reason, -amount from assurance.allocation where suspense_reason is not null
    union all
    select 'suspense:unidentified', -amount from assurance.movement where amount < 0 and fate = 'case'
    union all
    select 'suspense:unidentified', -amount from assurance.settlement_line
    where kind in ('refund', 'adjustment') and disposition = 'case'
    union all
    select 'remitted:' || r.beneficiary, -m.amount
    from assurance.match k join assurance.movement m on m.movement_id = k.movement_id
    join assurance.remittance r on r.remittance_id = k.remittance_id
    union all
    -- what was given up waits no more, and stands on its own account
    select w.account_code, -w.amount from assurance.write_off w where w.payment_id is null and w.undone_at is null
    union all
    select 'written_off', w.amount from assurance.write_off w where w.payment_id is null and w.undone_at is null
    union all
    select 'written_off', -amount from assurance.allocation where written_off
    union all
    select 'obligation:' || o.beneficiary, -a.amount
    from assurance.allocation a join assurance.obligation o on o.obligation_id = a.obligation_id
),
other_side as (
    select account_code, sum(amount) as total from expected group by account_code
)
select coalesce(b.account_code, o.account_code) as subject,
       format('it stands at %s, the other side says %s', coalesce(b.total, 0), coalesce(o.total, 0)) as detail
from (select * from booked where split_part(account_code, ':', 1) in ('bank', 'clearing', 'drawer', 'in_transit', 'obligation', 'suspense', 'refund_payable', 'written_off', 'remitted')) b
full join other_side o on o.account_code = b.account_code
where coalesce(b.total, 0) <> coalesce(o.total, 0)
union all
select 'all accounts', format('together they stand at %s', sum(total)) from booked having sum(total) <> 0
union all
select p.payment_id, format('%s of it are settled, and %s reversed', l.amount, p.reversed)
from (select payment_id, sum(amount) as amount from assurance.settlement_line where booked group by payment_id) l
join assurance.payment p on p.payment_id = l.payment_id
where p.reversed <> 0 and l.amount <> 0
