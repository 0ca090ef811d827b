-- What each provider and card terminal holds for us, VNPAY's fees, what is on its way and what stands at the bank and in drawers
-- are what the other sides and the officers say.
with said(account_code, amount) as (
    select 'clearing:' || profile,
           (select coalesce(sum(amount), 0) from truth.capture c where c.channel = o.channel)
           - (select coalesce(sum(amount), 0) from truth.refund r where sent and r.channel = o.channel)
           - case when channel = 'vnpay' then (select coalesce(sum(gross - refunds), 0) from truth.session) else 0 end
    from (values ('vnpay', 'vnpay_main'), ('momo', 'momo_main'), ('zalopay', 'zalopay_main'), ('national', 'national_main'),
                 ('mobile_money', 'mm_main'), ('bank_bills', 'bank_bill'), ('mobile_money_bills', 'mm_bill')) o (channel, profile)
    union all
    select 'clearing:pos_main', coalesce(sum(amount), 0) from truth.taken t
    where tender = 'card' and not exists (select from truth.undone u where u.payment_id = t.payment_id)
    union all
    select 'drawer:' || code, coalesce((select sum(amount) from truth.taken t where t.counter = c.code and tender = 'cash'
                                           and not exists (select from truth.undone u where u.payment_id = t.payment_id)), 0)
                              - coalesce((select sum(amount) from truth.deposit d where d.counter = c.code), 0)
    from assurance.counter c
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
