-- A payment that was a payout and that somebody proposes to give back stays a payment until that is decided: undone before, its
-- approval would be stale.
create or replace view late_payout as
select m.account_code, m.id as movement_id, m.amount, m.business_date, m.reversal, m.once_payout_of as payout_of, m.codes,
       k.payment_id
from movement m
join movement_match k on k.movement_id = m.id and k.amount > 0
join payment p on p.id = k.payment_id and p.reversed = 0
where m.once_payout_of is not null
  and not exists (select from settlement_given_away g where g.movement_id = m.id)
  and not exists (select from refund r where r.payment_id = p.id and r.status = 'pending_approval')
  and exists (select from unpaid_settlement s where s.profile = m.once_payout_of and s.payout_account = m.account_code
              and s.net = m.amount and s.date <= m.business_date);
