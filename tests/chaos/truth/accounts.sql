-- What VNPAY holds for us, its fees, what is on its way and what stands at the bank are what VNPAY and the bank say.
with said(account_code, amount) as (
    select 'clearing:vnpay_main', (select coalesce(sum(amount), 0) from truth.capture)
                                  - (select coalesce(sum(amount), 0) from truth.refund where sent)
                                  - (select coalesce(sum(gross - refunds), 0) from truth.session)
    union all
    select 'fee:vnpay_main', coalesce(sum(fee), 0) from truth.session
    union all
    -- a session with more given back than paid is not paid out
    select 'in_transit:970436.1029384756', coalesce(sum(net) filter (where net <= 0), 0) from truth.session
    union all
    select 'in_transit:970436.2029384756', 0
    union all
    -- both accounts were opened with a million
    select 'bank:970436.' || account, 1000000 + sum(amount) from truth.movement group by account
)
select account_code as account, format('it stands at %s, the other side says %s', coalesce(b.amount, 0), s.amount) as difference
from said s
left join (select account_code, sum(amount) as amount from assurance.ledger_entry group by 1) b using (account_code)
where coalesce(b.amount, 0) <> s.amount
