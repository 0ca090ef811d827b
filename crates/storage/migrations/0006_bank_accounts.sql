-- What banks say of our accounts: statements, movements, claims on them; what providers settle; days and their closing.

-- ---------------------------------------------------------------- accounts of ours

create table receiving_account (
    -- '<bank bin>.<account number>', or a name that the province gave
    code            text primary key,
    bank_bin        text not null,
    account_number  text not null,
    account_name    text not null,
    -- tellers and file formats (sepay, casso, payos, camt, mt940, csv:<profile>) whose references are of a numbering of
    -- their own; all others use the bank's
    own_numbering   text[] not null default '{}',
    -- how the bank's CSV exports are read unless the caller says another
    csv_profile     text,
    created_at      timestamptz not null default now(),
    constraint receiving_account_number_unique unique (bank_bin, account_number)
);

-- Column layouts of banks' exports and providers' settlement files, as data.
create table file_profile (
    code        text primary key,
    kind        text not null check (kind in ('statement', 'settlement')),
    -- TOML, as crates/statement reads it
    layout      text not null,
    updated_at  timestamptz not null default now()
);

-- Until when an account was listed by a contract's teller, and when it is listed next.
create table account_sweep (
    profile       text not null references merchant_profile,
    account_code  text not null references receiving_account,
    -- everything that the teller stated before this was in a listing
    listed_until  timestamptz not null,
    next_at       timestamptz not null,
    lease_until   timestamptz,
    primary key (profile, account_code)
);

create function open_receiving_account() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    name text := new.bank_bin || '.' || new.account_number;
begin
    insert into receiving_account (code, bank_bin, account_number, account_name)
    values (name, new.bank_bin, new.account_number, new.account_name) on conflict do nothing;
    insert into account (code, kind) values ('bank:' || name, 'bank'), ('in_transit:' || name, 'in_transit')
    on conflict do nothing;
    return null;
end $$;
create trigger beneficiary_account_is_ours after insert on beneficiary_account
    for each row execute function open_receiving_account();

insert into receiving_account (code, bank_bin, account_number, account_name)
select distinct on (bank_bin, account_number) bank_bin || '.' || account_number, bank_bin, account_number, account_name
from beneficiary_account order by bank_bin, account_number, in_force_from desc;
insert into account (code, kind)
select k || ':' || code, k from receiving_account, unnest(array['bank', 'in_transit']) as k on conflict do nothing;
insert into account (code, kind) values ('opening:bank', 'opening');
insert into account (code, kind) select 'fee:' || code, 'fee' from merchant_profile on conflict do nothing;

-- ---------------------------------------------------------------- sightings and payments of an account

alter table sighting
    add column account_code  text references receiving_account,
    -- qualified and normalised: 'FT26330123', 'mt940:…' where the numbering is the teller's own
    add column bank_ref      text,
    add column intent_id     uuid references intent;

-- A report of money that may be money we know: unbooked until a statement decides.
create table waiting_sighting (
    sighting_id   uuid primary key references sighting,
    account_code  text not null references receiving_account,
    amount        bigint not null check (amount > 0),
    intent_id     uuid references intent,
    bank_ref      text,
    channel       text not null,
    stated_at     timestamptz not null,
    -- the payment that it may be another sight of
    payment_id    uuid not null references payment,
    case_id       uuid not null references kase
);
create index waiting_sighting_by_account on waiting_sighting (account_code, amount);

-- Every reference by which a bank payment is known; the first stands in the payment too.
create table payment_reference (
    account_code  text not null references receiving_account,
    reference     text not null,
    payment_id    uuid not null references payment,
    primary key (account_code, reference)
);
create index payment_reference_by_payment on payment_reference (payment_id);
-- MT940 has room for 16 characters
create index payment_reference_by_head on payment_reference (account_code, left(reference, 16));
create index payment_unidentified on payment (receiving_account, amount, paid_at)
    where receiving_account is not null and intent_id is null;

-- Payments on an account that no statement has shown yet; few, since a statement comes each day.
create table awaited_payment (
    payment_id    uuid primary key references payment,
    account_code  text not null references receiving_account,
    amount        bigint not null,
    paid_at       timestamptz not null
);
create index awaited_payment_by_amount on awaited_payment (account_code, amount, paid_at);

-- ---------------------------------------------------------------- statements

create table statement (
    id             uuid primary key,
    account_code   text not null references receiving_account,
    sha256         text not null,
    format         text not null,
    bank_id        text not null default '',
    first_sequence text,
    last_sequence  text,
    opening        bigint,
    opening_date   date,
    closing        bigint,
    -- of the last balance, or of the last line where there are no balances
    closing_date   date not null,
    first_date     date not null,
    lines          int not null,
    new_movements  int not null default 0,
    state          text not null default 'imported' check (state in ('imported', 'superseded')),
    imported_by    text not null,
    imported_at    timestamptz not null default now(),
    constraint statement_file_once unique (account_code, sha256)
);
create index statement_by_date on statement (account_code, closing_date);

-- The bytes as they came, in pieces of at most 1 MiB.
create table statement_piece (
    statement_id  uuid not null references statement,
    no            int not null,
    bytes         bytea not null,
    primary key (statement_id, no)
);

create table movement (
    id             uuid primary key,
    account_code   text not null references receiving_account,
    direction      text not null check (direction in ('in', 'out')),
    -- the reference; with amount and occurrence where a reference has several; date, amount and occurrence where none
    identity       text not null,
    bank_ref       text,
    booking_date   date not null,
    value_date     date,
    -- of the closing balance under which it first stood
    business_date  date not null,
    -- credit +, debit −
    amount         bigint not null check (amount <> 0),
    occurrence     int not null default 1,
    reversal       boolean not null default false,
    -- our references, found in the bank's text
    codes          text[] not null default '{}',
    -- whose payout it is, by the text that the provider's payouts carry
    payout_of      text references merchant_profile,
    -- null while nobody has claimed or explained it
    fate           text check (fate in ('matched', 'case')),
    statement_id   uuid not null references statement,
    line_no        int not null,
    constraint movement_identity unique (account_code, direction, identity),
    constraint movement_sign check ((direction = 'in') = (amount > 0))
);
create index movement_open on movement (account_code, id) where fate is null;
create index movement_by_day on movement (account_code, booking_date, amount);
create index movement_by_business_date on movement (account_code, business_date);

create table movement_reference (
    account_code  text not null,
    direction     text not null,
    reference     text not null,
    movement_id   uuid not null references movement,
    primary key (account_code, direction, reference, movement_id)
);
create index movement_reference_by_head on movement_reference (account_code, direction, left(reference, 16));
create index movement_reference_by_movement on movement_reference (movement_id);

create table statement_line (
    statement_id         uuid not null references statement,
    line_no              int not null,
    movement_id          uuid not null references movement,
    -- it came in an earlier file
    repeated             boolean not null,
    booking_date         date not null,
    value_date           date,
    business_date        date not null,
    amount               bigint not null,
    bank_ref             text,
    owner_ref            text,
    counterparty_name    text,
    counterparty_account text,
    text                 text not null,
    code                 text,
    reversal             boolean not null,
    -- a credit is a sighting of money
    sighting_id          uuid references sighting,
    primary key (statement_id, line_no)
);
create index statement_line_by_movement on statement_line (movement_id);

alter table kase add constraint kase_movement foreign key (movement_id) references movement;
create index kase_by_movement on kase (movement_id) where movement_id is not null;
alter table kase
    -- whose day it belongs to: bank:<account> or clearing:<profile>
    add column scope          text,
    add column business_date  date;
create index kase_gap on kase (subject) where kind = 'statement_gap';
create index kase_by_scope on kase (scope, business_date) where scope is not null;

-- ---------------------------------------------------------------- settlement by providers

create table settlement (
    id           uuid primary key,
    profile      text not null references merchant_profile,
    sha256       text not null,
    date         date not null,
    gross        bigint not null,
    fee          bigint not null,
    refunds      bigint not null,
    net          bigint not null,
    lines        int not null,
    -- where it is paid out to
    payout_account  text not null references receiving_account,
    imported_by  text not null,
    imported_at  timestamptz not null default now(),
    constraint settlement_file_once unique (profile, sha256)
);
create index settlement_by_date on settlement (profile, date);

create table settlement_line (
    settlement_id    uuid not null references settlement,
    line_no          int not null,
    profile          text not null,
    kind             text not null check (kind in ('payment', 'refund', 'fee', 'adjustment')),
    provider_txn_id  text not null,
    order_ref        text,
    payment_id       uuid references payment,
    refund_id        uuid references refund,
    -- payment +, refund −
    amount           bigint not null,
    fee              bigint not null,
    net              bigint not null,
    paid_at          timestamptz,
    status           text not null,
    disposition      text not null check (disposition in ('unmatched', 'matched', 'case', 'duplicate', 'ignored')),
    primary key (settlement_id, line_no)
);
-- a provider pays out a transaction once, however many files name it
create unique index settlement_line_once on settlement_line (profile, kind, provider_txn_id)
    where disposition in ('matched', 'case', 'unmatched');
create index settlement_line_by_payment on settlement_line (payment_id) where payment_id is not null;

-- ---------------------------------------------------------------- who claims a movement

create table movement_match (
    movement_id     uuid not null references movement,
    payment_id      uuid references payment,
    settlement_id   uuid references settlement,
    refund_id       uuid references refund,
    contra_account  text,
    amount          bigint not null,
    rule            text not null,
    -- what agreed
    fields          text[] not null,
    at              timestamptz not null default now(),
    constraint movement_claimed_once primary key (movement_id),
    constraint movement_match_one_claim
        check (num_nonnulls(payment_id, settlement_id, refund_id, contra_account) = 1)
);
create unique index payment_claims_one_movement on movement_match (payment_id) where payment_id is not null;
create unique index settlement_claims_one_movement on movement_match (settlement_id) where settlement_id is not null;

-- ---------------------------------------------------------------- the ledger learns of movements

alter table ledger_entry add column movement_id uuid references movement;
alter table ledger_entry add column settlement_id uuid references settlement;
create index ledger_entry_by_account on ledger_entry (account_code, journal_id);
create index journal_by_day on journal (business_date);

-- ---------------------------------------------------------------- days

create table closed_day (
    -- bank:<account> or clearing:<profile>
    scope      text not null,
    day        date not null,
    opening    bigint not null,
    moved_in   bigint not null,
    moved_out  bigint not null,
    closing    bigint not null,
    closed_by  text not null,
    closed_at  timestamptz not null default now(),
    primary key (scope, day)
);

-- The first open day of a scope, from `day` on. Whoever books holds the scope shared until the end of the transaction,
-- whoever closes holds it alone: nothing slips into a day while it is closed.
create function open_day(scope text, day date) returns date language plpgsql as $$
declare
    found date := day;
begin
    if scope is null then
        return day;
    end if;
    perform pg_advisory_xact_lock_shared(hashtextextended('day:' || scope, 0));
    while exists (select from closed_day c where c.scope = open_day.scope and c.day = found) loop
        found := found + 1;
    end loop;
    return found;
end $$;

-- ---------------------------------------------------------------- the books, as others may check them

-- a journal's line of an entry ends with its movement and its settlement where it has them (docs/seals.md)
create or replace function assurance.journal_text(wanted uuid) returns text
language sql stable security definer set search_path = public, assurance, pg_temp as $$
    select concat_ws('|', 'journal', text_id('jnl', j.id), sealed_value(j.kind), sealed_value(j.cause),
                     sealed_date(j.business_date), sealed_date(j.original_business_date), sealed_value(j.actor),
                     utc(j.booked_at))
           || coalesce(E'\n' || (
               select string_agg(concat_ws('|', 'entry', e.id::text, sealed_value(e.account_code), e.amount::text,
                                           coalesce(text_id('obl', e.obligation_id), ''),
                                           coalesce(text_id('pay', e.payment_id), ''),
                                           text_id('mov', e.movement_id), text_id('stl', e.settlement_id)),
                                 E'\n' order by e.id)
               from ledger_entry e where e.journal_id = j.id), '')
    from journal j where j.id = wanted
$$;

create or replace view assurance.ledger_entry as
select e.id as entry_id, assurance.text_id('jnl', e.journal_id) as journal_id, j.kind as journal_kind, e.account_code,
       e.amount, assurance.text_id('obl', e.obligation_id) as obligation_id,
       assurance.text_id('pay', e.payment_id) as payment_id, j.business_date, j.booked_at,
       assurance.text_id('mov', e.movement_id) as movement_id, assurance.text_id('stl', e.settlement_id) as settlement_id
from ledger_entry e left join journal j on j.id = e.journal_id;

create or replace view assurance.statement as
select assurance.text_id('stm', id) as statement_id, account_code as account, sha256, opening, closing, state,
       closing_date, first_date, format
from statement;

create or replace view assurance.movement as
select assurance.text_id('mov', m.id) as movement_id, m.account_code as account, bank_ref, booking_date, amount, occurrence,
       m.business_date, fate, reversal, direction, payout_of, s.imported_at
from movement m join statement s on s.id = m.statement_id;

create or replace view assurance.statement_line as
select assurance.text_id('stm', l.statement_id) as statement_id, l.line_no,
       assurance.text_id('mov', l.movement_id) as movement_id, l.amount,
       case when l.repeated then 'duplicate' when m.fate = 'case' then 'case' when k.movement_id is not null then 'matched'
            else 'unmatched' end as disposition,
       l.business_date
from statement_line l join movement m on m.id = l.movement_id
left join movement_match k on k.movement_id = l.movement_id;

create or replace view assurance.match as
select assurance.text_id('mov', movement_id) as movement_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('stl', settlement_id) as settlement_id, assurance.text_id('rfd', refund_id) as refund_id,
       contra_account, amount, rule, fields
from movement_match;

create or replace view assurance.settlement as
select assurance.text_id('stl', id) as settlement_id, profile, date, gross, fee, refunds, net
from settlement;

create or replace view assurance.settlement_line as
select assurance.text_id('stl', l.settlement_id) as settlement_id, l.line_no, l.kind,
       assurance.text_id('pay', l.payment_id) as payment_id, assurance.text_id('rfd', l.refund_id) as refund_id, l.amount,
       l.disposition, l.fee, l.net, l.provider_txn_id, l.profile, s.payout_account,
       l.disposition in ('matched', 'case', 'unmatched') as booked
from settlement_line l join settlement s on s.id = l.settlement_id;

-- beside the contract
create view assurance.awaited_payment as
select assurance.text_id('pay', payment_id) as payment_id, account_code, amount, paid_at from awaited_payment;
create view assurance.waiting_sighting as
select assurance.text_id('sgt', sighting_id) as sighting_id, account_code, amount,
       assurance.text_id('pay', payment_id) as payment_id, assurance.text_id('cas', case_id) as case_id, stated_at
from waiting_sighting;
create view assurance.payment_reference as
select account_code, reference, assurance.text_id('pay', payment_id) as payment_id from payment_reference;
create view assurance.closed_day as select scope, day, opening, moved_in, moved_out, closing, closed_by, closed_at from closed_day;
create view assurance.receiving_account as select code, bank_bin, account_number from receiving_account;

-- What the planner knows of these tables is as old as their last analysis, and a large file changes them at once.
create function analyze_bank_tables() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    analyze sighting, sighting_outcome, payment, payment_reference, movement, movement_reference, statement_line, movement_match;
end $$;
revoke execute on function analyze_bank_tables() from public;

-- ---------------------------------------------------------------- rights

grant execute on function analyze_bank_tables() to motlan_app;
grant select on all tables in schema public, assurance to motlan_app;
grant select on all tables in schema assurance to motlan_auditor;
grant insert on statement_piece, movement, movement_reference, statement_line, movement_match, payment_reference,
    settlement, closed_day to motlan_app;
grant insert, update on receiving_account, file_profile to motlan_app;
grant insert on statement, settlement_line to motlan_app;
grant update (new_movements) on statement to motlan_app;
grant update (fate) on movement to motlan_app;
grant update (payment_id, refund_id, disposition) on settlement_line to motlan_app;
grant insert, delete on waiting_sighting, awaited_payment to motlan_app;
grant insert, update on account_sweep to motlan_app;
grant update (amount, movement_id) on kase to motlan_app;
