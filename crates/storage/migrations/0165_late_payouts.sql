-- A payout whose settlement file comes when nobody waits for it any more: the credit was booked as a payment by then. It was a
-- payout all the same, and is remembered as one.

alter table movement add column once_payout_of text references merchant_profile;
create index movement_once_payout on movement (account_code) where once_payout_of is not null;
grant update (once_payout_of) on movement to motlan_app;
grant update (settlement_id) on movement_match to motlan_app;

-- People had placed the money when the file came: the settlement was paid out by this movement, which stays what they made of it.
create table settlement_given_away (
    settlement_id  uuid primary key references settlement,
    movement_id    uuid not null unique references movement,
    at             timestamptz not null default now()
);
grant select, insert on settlement_given_away to motlan_app;

-- Files whose payout was not seen yet. One that says again what others have said pays nothing out.
create view unpaid_settlement as
select s.id, s.profile, s.payout_account, s.net, s.date from settlement s
where exists (select from settlement_line l
              where l.settlement_id = s.id and l.disposition in ('matched', 'case', 'unmatched'))
  and not exists (select from movement_match k where k.settlement_id = s.id)
  and not exists (select from settlement_given_away g where g.settlement_id = s.id);
grant select on unpaid_settlement to motlan_app;

-- Payments that were payouts, and whose file is there.
create view late_payout as
select m.account_code, m.id as movement_id, m.amount, m.business_date, m.reversal, m.once_payout_of as payout_of, m.codes,
       k.payment_id
from movement m
join movement_match k on k.movement_id = m.id and k.amount > 0
join payment p on p.id = k.payment_id and p.reversed = 0
where m.once_payout_of is not null
  and not exists (select from settlement_given_away g where g.movement_id = m.id)
  and exists (select from unpaid_settlement s where s.profile = m.once_payout_of and s.payout_account = m.account_code
              and s.net = m.amount and s.date <= m.business_date);
grant select on late_payout to motlan_app;

create view assurance.settlement_given_away as
select assurance.text_id('stl', settlement_id) as settlement_id, assurance.text_id('mov', movement_id) as movement_id
from settlement_given_away;
grant select on assurance.settlement_given_away to motlan_app, motlan_auditor;
