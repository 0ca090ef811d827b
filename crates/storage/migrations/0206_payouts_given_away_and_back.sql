-- A payout that people had begun to give away when its file came, and that nobody gives away any more, is its settlement's: what
-- was counted twice is taken back (ADR 0010).
grant delete on settlement_given_away to motlan_app;

-- Payments that were payouts and whose file is there, or that were given away and of which all waits again. One that somebody
-- proposes to give back stays a payment until that is decided: undone before, its approval would be stale.
create or replace view late_payout as
select m.account_code, m.id as movement_id, m.amount, m.business_date, m.reversal, m.once_payout_of as payout_of, m.codes,
       k.payment_id
from movement m
join movement_match k on k.movement_id = m.id and k.amount > 0
join payment p on p.id = k.payment_id and p.reversed = 0
where m.once_payout_of is not null
  and not exists (select from refund r where r.payment_id = p.id and r.status = 'pending_approval')
  and case when exists (select from settlement_given_away g where g.movement_id = m.id)
      then not exists (select from allocation a where a.payment_id = p.id
                       group by a.obligation_id, a.suspense_reason, a.refund_id
                       having sum(a.amount) <> 0
                          and coalesce(a.suspense_reason, '') not in ('unidentified', 'overpaid', 'refund_returned'))
      else exists (select from unpaid_settlement s where s.profile = m.once_payout_of and s.payout_account = m.account_code
                   and s.net = m.amount and s.date <= m.business_date) end;
