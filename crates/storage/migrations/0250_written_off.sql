-- Two persons give up money that nobody claims, or a loss that nobody explains. It leaves suspense for an account of its own, and
-- what was given up, why and by which decision is kept beside the case, which is closed by it.

insert into account (code, kind) values ('written_off', 'written_off') on conflict do nothing;

-- A payment's money has one more home.
alter table allocation add column written_off boolean not null default false;
alter table allocation drop constraint allocation_one_home;
alter table allocation add constraint allocation_one_home
    check (num_nonnulls(obligation_id, suspense_reason, refund_id) + written_off::int = 1);

create table write_off (
    id             bigint generated always as identity primary key,
    case_id        uuid not null references kase,
    approval_id    uuid not null references approval,
    -- whose: of a payment, else of a line of a statement, or of a row of a settlement file
    payment_id     uuid references payment,
    movement_id    uuid references movement,
    settlement_id  uuid references settlement,
    -- the suspense account that it left
    account_code   text not null check (account_code like 'suspense:%'),
    -- as the account written_off has it: above zero a loss
    amount         bigint not null check (amount <> 0),
    reason_code    text not null,
    at             timestamptz not null,
    -- it waits again: by which decision
    undone_by      uuid references approval,
    undone_at      timestamptz,
    constraint write_off_of_one check (num_nonnulls(payment_id, coalesce(movement_id, settlement_id)) = 1),
    constraint write_off_undone_by_one check ((undone_by is null) = (undone_at is null))
);
-- of one case nothing is given up twice, and no line by two cases
create unique index write_off_once on write_off
    (case_id, account_code, coalesce(payment_id, movement_id, settlement_id)) where undone_at is null;
create unique index write_off_of_movement_once on write_off (movement_id, account_code)
    where undone_at is null and movement_id is not null;
create index write_off_by_payment on write_off (payment_id) where payment_id is not null;
grant select, insert, update (undone_by, undone_at) on write_off to motlan_app;

-- what waits of a line
create index ledger_entry_of_line on ledger_entry (movement_id)
    where movement_id is not null and payment_id is null and account_code like 'suspense:%';

-- No home of a payment's money is ever overdrawn; this one is among them.
create or replace function check_allocation() returns trigger language plpgsql as $$
declare
    given numeric;
    lowest numeric;
    owed bigint;
begin
    select sum(home.amount), min(home.amount) into given, lowest
    from (select sum(a.amount) as amount from allocation a where a.payment_id = new.payment_id
          group by a.obligation_id, a.suspense_reason, a.refund_id, a.written_off) home;
    if given is distinct from (select p.amount - p.reversed from payment p where p.id = new.payment_id) then
        raise exception 'payment %: allocations sum to %', new.payment_id, given
            using errcode = 'check_violation', constraint = 'payment_has_a_home';
    end if;
    if lowest < 0 then
        raise exception 'payment %: % in one of its homes', new.payment_id, lowest
            using errcode = 'check_violation', constraint = 'payment_home_not_overdrawn';
    end if;
    if new.obligation_id is not null then
        select sum(a.amount) into given from allocation a where a.obligation_id = new.obligation_id;
        select o.amount into owed from obligation o where o.id = new.obligation_id;
        if given <> 0 and given <> owed then
            raise exception 'obligation %: % given, % owed', new.obligation_id, given, owed
                using errcode = 'check_violation', constraint = 'obligation_whole_or_nothing';
        end if;
    end if;
    return null;
end $$;

-- Whether what a case says has left us is still to be counted: it waits for its explanation, or was given up as a loss.
create function says_left(wanted uuid, status text) returns boolean language sql stable as $$
    select status <> 'closed' or exists (select from write_off w where w.case_id = wanted and w.undone_at is null)
$$;

-- As before; and a debit that was written off has left us for good: what of it no waiting money of the payment has made good is
-- never to be had of the payment again.
create or replace function unexplained_debits(wanted uuid) returns bigint language sql stable as $$
    select (coalesce((
        select -sum(m.amount) from movement m
        where m.direction = 'out' and m.fate = 'case' and m.id in (
            select k.movement_id from kase k
            where k.payment_id = wanted and k.movement_id is not null and says_left(k.id, k.status)
            union
            -- one with the codes of two refunds may be either
            select d.id from movement d join kase k on k.movement_id = d.id and says_left(k.id, k.status)
            where d.direction = 'out' and d.fate = 'case'
              and d.codes && array(select r.reference from refund r where r.payment_id = wanted and r.route = 'transfer'))), 0)
        + coalesce((
        select -sum(k.amount) from kase k
        where k.payment_id = wanted and k.kind = 'missing_in_books' and k.movement_id is null and k.sighting_id is null
          and k.amount < 0 and says_left(k.id, k.status)), 0)
        -- what a file gave back before its payment was known, or of one of several payments, until its case has found it
        + coalesce((
        select -sum(k.amount) from refund_may_be_of o
        join kase k on k.kind = 'refund_without_payment' and k.payment_id is null and says_left(k.id, k.status)
            and k.subject = o.provider_txn_id and k.scope = 'clearing:' || o.profile
        where o.payment_id = wanted), 0)
        + coalesce((
        select sum(p.amount - k.amount) from movement_match k join payment p on p.id = k.payment_id
        where k.payment_id = wanted and k.amount between 1 and p.amount - 1), 0)
        -- its own money that was given up beside such a debit has made it good
        + coalesce((
        select sum(w.amount) from write_off w
        where w.payment_id = wanted and w.undone_at is null and exists (
            select from write_off d where d.case_id = w.case_id and d.payment_id is null and d.undone_at is null)), 0))::bigint
$$;

-- ---------------------------------------------------------------- assurance

create or replace view assurance.allocation as
select id as allocation_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('obl', obligation_id) as obligation_id, suspense_reason,
       assurance.text_id('rfd', refund_id) as refund_id, amount,
       assurance.text_id('jnl', journal_id) as journal_id, written_off
from allocation;

create view assurance.write_off as
select assurance.text_id('cas', case_id) as case_id, assurance.text_id('apr', approval_id) as approval_id,
       assurance.text_id('pay', payment_id) as payment_id, assurance.text_id('mov', movement_id) as movement_id,
       assurance.text_id('stl', settlement_id) as settlement_id, account_code, amount, reason_code, at,
       assurance.text_id('apr', undone_by) as undone_by, undone_at
from write_off;
grant select on assurance.write_off to motlan_auditor, motlan_app;
