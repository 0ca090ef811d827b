-- Counters: desks at which officers take cash and cards, what they took and undid, and what their drawers brought to the bank.

create table counter (
    code          text primary key,
    name          text not null,
    -- where its cash is brought to
    account_code  text not null references receiving_account,
    -- the contract of its card terminal
    profile       text references merchant_profile,
    -- what the drawer holds, kept by the trigger below and by nobody else
    drawer        bigint not null default 0,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    constraint drawer_not_below_zero check (drawer >= 0)
);

create table counter_beneficiary (
    counter_code      text not null references counter,
    beneficiary_code  text not null references beneficiary,
    primary key (counter_code, beneficiary_code)
);

-- The drawer is what the ledger says: whoever books on it changes it, and no booking takes what is not there.
create function follow_drawer() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update counter set drawer = drawer + new.amount where 'drawer:' || code = new.account_code;
    return null;
end $$;
create trigger drawer_follows after insert on ledger_entry for each row
    when (new.account_code like 'drawer:%') execute function follow_drawer();

-- ---------------------------------------------------------------- what was taken

alter table payment
    -- cash: the counter's receipt is its identity. A card's is the terminal's transaction under its contract.
    add column counter      text references counter,
    add column receipt_ref  text,
    add constraint payment_counter_identity unique (counter, receipt_ref),
    drop constraint payment_has_an_identity,
    add constraint payment_has_an_identity check (
        (profile is not null and provider_txn_id is not null) or (receiving_account is not null and bank_ref is not null)
        or (counter is not null and receipt_ref is not null));

create table counter_payment (
    payment_id      uuid primary key references payment,
    counter_code    text not null references counter,
    tender          text not null check (tender in ('cash', 'card')),
    -- of cash the number of the receipt, of a card that of the terminal's slip
    receipt_ref     text not null,
    obligation_ids  uuid[] not null,
    amount          bigint not null check (amount > 0),
    taken_by        text not null,
    taken_at        timestamptz not null,
    constraint counter_receipt_once unique (counter_code, receipt_ref)
);
create index counter_payment_by_day on counter_payment (counter_code, taken_at);

create table counter_void (
    payment_id   uuid primary key references counter_payment,
    approval_id  uuid not null references approval,
    voided_at    timestamptz not null
);

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in (
    'refund', 'reduction', 'case_resolution', 'day_reopening', 'beneficiary_account', 'profile_credentials',
    'person_rights', 'person_key', 'counter_void'));

-- ---------------------------------------------------------------- what was brought to the bank

create table deposit (
    id             uuid primary key,
    counter_code   text not null references counter,
    account_code   text not null references receiving_account,
    amount         bigint not null check (amount > 0),
    slip_ref       text not null,
    -- its letters and digits, as texts of statements are searched
    slip_plain     text not null,
    declared_by    text not null,
    declared_at    timestamptz not null,
    business_date  date not null,
    constraint deposit_slip_once unique (account_code, slip_plain)
);
create index deposit_by_counter on deposit (counter_code, id);

-- Declared since its account was matched last: its credit may be there already.
create table fresh_deposit (
    deposit_id    uuid primary key references deposit,
    account_code  text not null references receiving_account
);

alter table movement_match add column deposit_id uuid references deposit;
alter table movement_match add constraint movement_match_deposit
    check ((contra_account is not distinct from 'deposit') = (deposit_id is not null));
create unique index deposit_claims_one_movement on movement_match (deposit_id) where deposit_id is not null;

-- The text of a line as slips are looked for in it.
create function plain_text(said text) returns text language sql immutable parallel safe as
$$ select regexp_replace(upper(normalize(left(said, 4096), nfkd)), '[^A-Z0-9]', '', 'g') $$;

-- ---------------------------------------------------------------- who sees it

create or replace view scope_beneficiary as
select 'bank:' || account_code as scope, beneficiary_code from account_beneficiary
union all
select 'clearing:' || profile_code, beneficiary_code from profile_beneficiary
union all
select 'drawer:' || counter_code, beneficiary_code from counter_beneficiary;

-- What was taken at a counter named obligations, as a bill does.
create or replace function payment_concerns(wanted uuid, of_scope text, beneficiaries text[]) returns boolean
language sql stable as
$$ select case
       when (exists (select from payment p join bill_quote q on q.profile = p.profile where p.id = wanted)
             or exists (select from counter_payment c where c.payment_id = wanted))
            and exists (select from allocation a where a.payment_id = wanted and a.obligation_id is not null)
       then exists (select from allocation a join obligation o on o.id = a.obligation_id
                    where a.payment_id = wanted and o.beneficiary_code = any(beneficiaries))
       else concerns(of_scope, beneficiaries) end $$;

create or replace view case_in_context as
select k.id, k.kind, k.status, k.amount, k.payment_id, k.sighting_id, k.movement_id, k.subject, k.opened_at, k.updated_at,
       coalesce(k.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile) as scope,
       coalesce(k.business_date, m.business_date, p.business_date,
                (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date) as business_date,
       i.beneficiary_code, k.waits
from kase k
left join payment p on p.id = k.payment_id
left join movement m on m.id = k.movement_id
left join sighting s on s.id = k.sighting_id
left join intent i on i.id = coalesce(p.intent_id, s.intent_id);

-- ---------------------------------------------------------------- the books, as others may check them

create or replace view assurance.payment as
select assurance.text_id('pay', id) as payment_id, channel, profile, provider_txn_id, receiving_account, bank_ref,
       amount, reversed, paid_at,
       assurance.text_id('pi', intent_id) as intent_id, order_ref, recorded_at, counter, receipt_ref
from payment;

create or replace view assurance.match as
select assurance.text_id('mov', movement_id) as movement_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('stl', settlement_id) as settlement_id, assurance.text_id('rfd', refund_id) as refund_id,
       contra_account, amount, rule, fields, assurance.text_id('dep', deposit_id) as deposit_id
from movement_match;

create view assurance.counter as select code, account_code as account, profile, drawer from counter;

create view assurance.counter_payment as
select assurance.text_id('pay', c.payment_id) as payment_id, c.counter_code as counter, c.tender, c.receipt_ref, c.amount,
       c.taken_by, c.taken_at, assurance.text_id('apr', v.approval_id) as voided_by, v.voided_at
from counter_payment c left join counter_void v on v.payment_id = c.payment_id;

create view assurance.deposit as
select assurance.text_id('dep', id) as deposit_id, counter_code as counter, account_code as account, amount, slip_ref,
       declared_by, declared_at
from deposit;

-- ---------------------------------------------------------------- rights

grant select on counter, counter_beneficiary, counter_payment, counter_void, deposit, fresh_deposit to motlan_app;
grant insert on counter, counter_payment, counter_void, deposit to motlan_app;
grant update (name, account_code, profile, updated_at) on counter to motlan_app;
grant insert, delete on counter_beneficiary, fresh_deposit to motlan_app;
-- a credit that was booked as a payment is a deposit after all
grant update (payment_id, deposit_id, contra_account, rule, fields) on movement_match to motlan_app;
grant execute on function plain_text(text) to motlan_app;
grant select on assurance.counter, assurance.counter_payment, assurance.deposit to motlan_app, motlan_auditor;
