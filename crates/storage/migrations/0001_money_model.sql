-- The money model. What follows from it (statements, settlement, receipts, approvals) gets its tables when it is built.
-- Owner and application are two roles: the application can neither change the schema nor rewrite history.

create schema assurance;
-- trusted extension: the owner of a database may create it. Lets one constraint say "equal fee, other portal".
create extension if not exists btree_gist;

-- ---------------------------------------------------------------- who calls

create table client (
    id          uuid primary key,
    code        text not null constraint client_code_unique unique,
    name        text not null,
    created_at  timestamptz not null default now()
);

create table person (
    id             uuid primary key,
    code           text not null constraint person_code_unique unique,
    name           text not null,
    -- beneficiaries whose money this person sees; empty: all
    beneficiaries  text[] not null default '{}',
    created_at     timestamptz not null default now(),
    disabled_at    timestamptz
);

create table api_key (
    id           uuid primary key,
    client_id    uuid references client,
    person_id    uuid references person,
    -- HMAC-SHA-256 of the secret part; the key itself is shown once and never kept
    secret_hash  bytea not null,
    scopes       text[] not null,
    created_at   timestamptz not null default now(),
    revoked_at   timestamptz,
    constraint api_key_one_holder check (num_nonnulls(client_id, person_id) = 1)
);
create index api_key_by_holder on api_key (coalesce(client_id, person_id));

-- ---------------------------------------------------------------- to whom the money goes, by which contract

create table agency (
    code  text primary key,
    name  text not null
);

create table beneficiary (
    code         text primary key,
    agency_code  text not null references agency,
    name         text not null,
    created_at   timestamptz not null default now()
);

-- The account of a beneficiary is the newest row in force; rows are added, never changed.
create table beneficiary_account (
    beneficiary_code  text not null references beneficiary,
    in_force_from     timestamptz not null,
    account_kind      text not null check (account_kind in ('treasury', 'bank')),
    bank_bin          text not null,
    account_number    text not null,
    account_name      text not null,
    proposed_by       text not null,
    approved_by       text,
    primary key (beneficiary_code, in_force_from)
);

-- Credentials live in the configuration under the same code.
create table merchant_profile (
    code            text primary key,
    channel         text not null,
    -- the account of ours that the provider pays out to, and the text by which its payouts are known there
    payout_account  text,
    payout_text     text,
    fee_rate        numeric(9, 6) not null default 0 check (fee_rate >= 0 and fee_rate < 1),
    fee_fixed       bigint not null default 0 check (fee_fixed >= 0),
    min_amount      bigint not null default 1 check (min_amount > 0),
    max_amount      bigint,
    updated_at      timestamptz not null default now()
);

create table profile_beneficiary (
    profile_code      text not null references merchant_profile,
    beneficiary_code  text not null references beneficiary,
    primary key (profile_code, beneficiary_code)
);

create table fee_catalogue (
    id               bigint generated always as identity primary key,
    fee_code         text not null,
    name             text not null,
    amounts          bigint[] not null default '{}',
    unit             bigint check (unit > 0),
    legal_basis      text not null,
    budget_sub_item  text,
    valid_from       date,
    valid_to         date
);
create index fee_catalogue_by_code on fee_catalogue (fee_code);

create table working_day_exception (
    day     date primary key,
    worked  boolean not null,
    name    text not null
);

-- ---------------------------------------------------------------- the table of legal edges

create table assurance.legal_transition (
    entity_type  text not null,
    from_state   text,
    to_state     text not null,
    constraint legal_transition_unique unique nulls not distinct (entity_type, from_state, to_state)
);

create function check_transition() returns trigger language plpgsql as $$
declare
    before_state text := case when tg_op = 'UPDATE' then old.status end;
begin
    if tg_op = 'UPDATE' and old.status = new.status then
        if new.version <> old.version then
            raise exception '% %: version % without a transition', tg_argv[0], new.id, new.version
                using errcode = 'check_violation', constraint = 'legal_transition';
        end if;
        return new;
    end if;
    if not exists (select from assurance.legal_transition
                   where entity_type = tg_argv[0] and from_state is not distinct from before_state
                     and to_state = new.status) then
        raise exception '% %: no edge from % to %', tg_argv[0], new.id, coalesce(before_state, '[*]'), new.status
            using errcode = 'check_violation', constraint = 'legal_transition';
    end if;
    if new.version <> (case when tg_op = 'UPDATE' then old.version + 1 else 1 end) then
        raise exception '% %: version % does not follow', tg_argv[0], new.id, new.version
            using errcode = 'check_violation', constraint = 'legal_transition';
    end if;
    return new;
end $$;

create table transition (
    seq          bigint generated always as identity primary key,
    entity_type  text not null,
    entity_id    uuid not null,
    version      int not null,
    from_state   text,
    to_state     text not null,
    cause        text not null,
    actor        text not null,
    at           timestamptz not null default now(),
    constraint transition_version_unique unique (entity_id, version)
);

-- ---------------------------------------------------------------- payers: the one table with personal data

create table party (
    id              uuid primary key,
    -- AES-256-GCM over the JSON of all fields; nonce first; bound to the row's id
    sealed          bytea not null,
    key_id          text not null,
    -- HMAC-SHA-256 of kind and number: finds a person without reading one
    identity_index  bytea,
    created_at      timestamptz not null default now()
);
create index party_by_identity on party (identity_index) where identity_index is not null;

-- ---------------------------------------------------------------- obligations

create table obligation (
    id                uuid primary key,
    client_id         uuid not null references client,
    external_ref      text not null,
    dossier_code      text,
    customer_code     text,
    sector            text not null,
    agency_code       text not null references agency,
    beneficiary_code  text not null references beneficiary,
    procedure_code    text,
    procedure_name    text,
    service_code      text,
    kind              text not null,
    fee_code          text not null,
    instalment        int not null check (instalment between 1 and 999),
    group_ref         text,
    description       text not null,
    gross_amount      bigint not null check (gross_amount between 0 and 999999999999),
    relief_amount     bigint not null check (relief_amount between 0 and gross_amount),
    relief_basis      text,
    amount            bigint generated always as (gross_amount - relief_amount) stored,
    chapter           text,
    sub_item          text,
    area              text,
    budget_unit       text,
    treasury          text,
    revenue_account   text,
    notice_number     text,
    notice_date       date,
    payable_id        text,
    period            text,
    due_at            timestamptz,
    payer_id          uuid references party,
    owner_id          uuid references party,
    status            text not null,
    version           int not null default 1,
    -- of the portal's request, to tell an equal one from a changed one
    fingerprint       bytea not null,
    paid_at           timestamptz,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    constraint obligation_external_ref_unique unique (client_id, external_ref),
    constraint obligation_names_someone check (num_nonnulls(dossier_code, customer_code) >= 1),
    constraint obligation_exempt_is_zero check ((status = 'exempt') = (gross_amount = relief_amount) or status = 'cancelled'),
    constraint obligation_duplicate exclude using gist
        (dossier_code with =, fee_code with =, instalment with =, client_id with <>) where (status <> 'cancelled')
) with (fillfactor = 85);
create index obligation_by_dossier on obligation (dossier_code);

create function check_terms() returns trigger language plpgsql as $$
begin
    if old.status not in ('due', 'exempt') then
        raise exception 'obligation %: it is %, its amount stands', new.id, old.status
            using errcode = 'check_violation', constraint = 'obligation_terms_stand';
    end if;
    return new;
end $$;
create trigger obligation_terms before update on obligation for each row
    when ((old.gross_amount, old.relief_amount, old.beneficiary_code, old.client_id)
          is distinct from (new.gross_amount, new.relief_amount, new.beneficiary_code, new.client_id))
    execute function check_terms();
create trigger obligation_transition before insert or update on obligation
    for each row execute function check_transition('obligation');

-- ---------------------------------------------------------------- intents and attempts

create table intent (
    id                uuid primary key,
    client_id         uuid not null references client,
    reference         text not null constraint intent_reference_unique unique,
    beneficiary_code  text not null references beneficiary,
    amount            bigint not null check (amount > 0),
    status            text not null,
    version           int not null default 1,
    return_url        text,
    allowed_channels  text[],
    metadata          jsonb not null default '{}',
    page_token        text not null constraint intent_page_token_unique unique,
    expires_at        timestamptz not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    paid_at           timestamptz,
    paid_channel      text
) with (fillfactor = 85);
create index intent_by_client on intent (client_id, id);
-- narrow: what the deadline task looks at
create index intent_open_by_deadline on intent (expires_at) where status = 'open';
create trigger intent_transition before insert or update on intent
    for each row execute function check_transition('intent');

create table intent_obligation (
    intent_id      uuid not null references intent,
    obligation_id  uuid not null references obligation,
    position       int not null,
    amount         bigint not null check (amount > 0),
    -- the intent is open or processing; kept by the trigger below
    live           boolean not null default true,
    primary key (intent_id, obligation_id)
);
create unique index obligation_in_one_live_intent on intent_obligation (obligation_id) where live;
create index intent_obligation_by_obligation on intent_obligation (obligation_id);

create function follow_intent_liveness() returns trigger language plpgsql as $$
begin
    update intent_obligation set live = new.status in ('open', 'processing') where intent_id = new.id;
    return null;
end $$;
create trigger intent_liveness after update of status on intent for each row
    when ((old.status in ('open', 'processing')) <> (new.status in ('open', 'processing')))
    execute function follow_intent_liveness();

create table attempt (
    id          uuid primary key,
    intent_id   uuid not null references intent,
    number      int not null,
    channel     text not null,
    profile     text not null references merchant_profile,
    order_ref   text not null,
    amount      bigint not null check (amount > 0),
    status      text not null,
    version     int not null default 1,
    action      jsonb,
    ordered_at  timestamptz not null,
    expires_at  timestamptz not null,
    return_url  text,
    updated_at  timestamptz not null,
    constraint attempt_number_unique unique (intent_id, number),
    constraint attempt_order_unique unique (profile, order_ref)
) with (fillfactor = 85);
create trigger attempt_transition before insert or update on attempt
    for each row execute function check_transition('attempt');

-- When an attempt is asked about next; its row goes when there is nothing more to hear.
create table attempt_watch (
    attempt_id   uuid primary key references attempt,
    next_at      timestamptz not null,
    until        timestamptz not null,
    asked        int not null default 0,
    -- when it was last asked about, and when that was last answered
    tried_at     timestamptz,
    asked_at     timestamptz,
    lease_until  timestamptz
);
create index attempt_watch_due on attempt_watch (next_at);

-- ---------------------------------------------------------------- money: sightings, payments, allocations, journals

create table sighting (
    id               uuid primary key,
    source           text not null,
    source_key       text not null,
    channel          text not null,
    profile          text,
    order_ref        text,
    provider_txn_id  text,
    amount           bigint,
    stated_at        timestamptz,
    payload_sha256   text not null,
    received_at      timestamptz not null default now(),
    -- permanent: the same report is one row for ever
    constraint sighting_source_key_unique unique (source, source_key)
);

create table sighting_payload (
    sighting_id  uuid primary key references sighting,
    raw          bytea not null
);

create table payment (
    id                 uuid primary key,
    channel            text not null,
    profile            text references merchant_profile,
    provider_txn_id    text,
    receiving_account  text,
    bank_ref           text,
    intent_id          uuid references intent,
    order_ref          text,
    amount             bigint not null check (amount > 0),
    reversed           bigint not null default 0 check (reversed between 0 and amount),
    paid_at            timestamptz not null,
    business_date      date not null,
    recorded_at        timestamptz not null default now(),
    constraint payment_provider_identity unique (profile, provider_txn_id),
    constraint payment_bank_identity unique (receiving_account, bank_ref),
    constraint payment_has_an_identity check (
        (profile is not null and provider_txn_id is not null) or (receiving_account is not null and bank_ref is not null))
);
create index payment_by_intent on payment (intent_id) where intent_id is not null;
create index payment_by_order on payment (profile, order_ref) where order_ref is not null;

-- What became of a sighting; the newest row counts, the earlier ones stay.
create table sighting_outcome (
    seq          bigint generated always as identity primary key,
    sighting_id  uuid not null references sighting,
    state        text not null check (state in ('received', 'applied', 'repeated', 'waiting', 'refused', 'parked')),
    payment_id   uuid references payment,
    at           timestamptz not null default now()
);
create index sighting_outcome_by_sighting on sighting_outcome (sighting_id, seq);
create index sighting_outcome_by_payment on sighting_outcome (payment_id) where payment_id is not null;

create table refund (
    id                   uuid primary key,
    payment_id           uuid not null references payment,
    amount               bigint not null check (amount > 0),
    closing              text not null check (closing in ('reopen', 'close')),
    reason_code          text not null,
    note                 text not null default '',
    status               text not null,
    version              int not null default 1,
    provider_request_id  text,
    provider_refund_id   text,
    proposed_by          text not null,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now()
);
create trigger refund_transition before insert or update on refund
    for each row execute function check_transition('refund');

create table refund_line (
    refund_id      uuid not null references refund,
    position       int not null,
    obligation_id  uuid references obligation,
    amount         bigint not null check (amount > 0),
    primary key (refund_id, position)
);

create table account (
    code  text primary key,
    kind  text not null check (kind in ('clearing', 'bank', 'in_transit', 'drawer', 'obligation', 'suspense',
                                        'refund_payable', 'fee', 'remitted', 'written_off', 'opening'))
);
insert into account (code, kind)
select 'suspense:' || reason, 'suspense'
from unnest(array['amount_differs', 'duplicate', 'late', 'overpaid', 'refund_returned', 'unidentified', 'underpaid',
                  'wrong_account']) as reason;

create table journal (
    id                      uuid primary key,
    kind                    text not null,
    cause                   text not null,
    business_date           date not null,
    -- where the day was closed already and the booking moved to the first open one
    original_business_date  date,
    actor                   text not null,
    booked_at               timestamptz not null default now()
);

create table ledger_entry (
    id             bigint generated always as identity primary key,
    journal_id     uuid not null references journal,
    account_code   text not null,
    amount         bigint not null check (amount <> 0),
    obligation_id  uuid references obligation,
    payment_id     uuid references payment
);
create index ledger_entry_by_journal on ledger_entry (journal_id);

create table allocation (
    id               bigint generated always as identity primary key,
    payment_id       uuid not null references payment,
    obligation_id    uuid references obligation,
    suspense_reason  text,
    refund_id        uuid references refund,
    amount           bigint not null check (amount <> 0),
    journal_id       uuid not null references journal,
    at               timestamptz not null default now(),
    constraint allocation_one_home check (num_nonnulls(obligation_id, suspense_reason, refund_id) = 1)
);
create index allocation_by_payment on allocation (payment_id);
create index allocation_by_obligation on allocation (obligation_id) where obligation_id is not null;

-- The rules that no program may break, checked when the transaction commits.
create function check_journal_balances() returns trigger language plpgsql as $$
declare
    total numeric;
    legs int;
begin
    select sum(amount), count(*) into total, legs from ledger_entry where journal_id = new.id;
    if total is distinct from 0 or legs < 2 then
        raise exception 'journal %: % legs sum to %', new.id, legs, total
            using errcode = 'check_violation', constraint = 'journal_balances';
    end if;
    return null;
end $$;
create constraint trigger journal_balances after insert on journal
    deferrable initially deferred for each row execute function check_journal_balances();

-- An entry belongs to a journal of its own transaction, on an account that is there: nothing is added to the past.
create function check_entry() returns trigger language plpgsql as $$
begin
    if (select j.booked_at from journal j where j.id = new.journal_id) is distinct from now() then
        raise exception 'entry %: its journal % was booked before', new.id, new.journal_id
            using errcode = 'check_violation', constraint = 'entry_of_this_transaction';
    end if;
    if not exists (select from account a where a.code = new.account_code) then
        raise exception 'entry %: no account %', new.id, new.account_code
            using errcode = 'check_violation', constraint = 'entry_account';
    end if;
    return null;
end $$;
create constraint trigger entry_is_new after insert on ledger_entry
    deferrable initially deferred for each row execute function check_entry();

create function check_payment() returns trigger language plpgsql as $$
begin
    if not exists (select from allocation a where a.payment_id = new.id) then
        raise exception 'payment %: no home', new.id
            using errcode = 'check_violation', constraint = 'payment_has_a_home';
    end if;
    return null;
end $$;
create constraint trigger payment_is_placed after insert on payment
    deferrable initially deferred for each row execute function check_payment();

create function check_allocation() returns trigger language plpgsql as $$
declare
    given numeric;
    owed bigint;
begin
    select sum(a.amount) into given from allocation a where a.payment_id = new.payment_id;
    if given is distinct from (select p.amount - p.reversed from payment p where p.id = new.payment_id) then
        raise exception 'payment %: allocations sum to %', new.payment_id, given
            using errcode = 'check_violation', constraint = 'payment_has_a_home';
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
create constraint trigger allocation_adds_up after insert on allocation
    deferrable initially deferred for each row execute function check_allocation();

-- ---------------------------------------------------------------- cases

create table kase (
    id           uuid primary key,
    kind         text not null,
    status       text not null,
    version      int not null default 1,
    amount       bigint not null,
    payment_id   uuid references payment,
    sighting_id  uuid references sighting,
    movement_id  uuid,
    subject      text not null,
    opened_at    timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index kase_by_payment on kase (payment_id) where payment_id is not null;
create index kase_open on kase (opened_at) where status <> 'closed';
create trigger kase_transition before insert or update on kase
    for each row execute function check_transition('case');

-- ---------------------------------------------------------------- events and their delivery

create table event (
    seq            bigint generated always as identity primary key,
    id             uuid not null constraint event_id_unique unique,
    client_id      uuid not null references client,
    stream_kind    text not null,
    stream         text not null,
    type           text not null,
    subject_id     uuid not null,
    data           jsonb not null,
    at             timestamptz not null,
    -- given after commit: complete and without gaps
    sequence       bigint,
    feed_position  bigint constraint event_feed_position_unique unique,
    constraint event_sequence_unique unique (client_id, stream, sequence)
);
create index event_unsequenced on event (seq) where feed_position is null;
create index event_feed_by_client on event (client_id, feed_position);

create table event_stream (
    client_id      uuid not null references client,
    stream         text not null,
    last_sequence  bigint not null,
    primary key (client_id, stream)
);

create table event_feed (
    one            boolean primary key default true check (one),
    last_position  bigint not null
);
insert into event_feed (last_position) values (0);

create table event_endpoint (
    id                uuid primary key,
    client_id         uuid not null references client,
    url               text not null,
    -- kinds of stream; empty: all
    stream_kinds      text[] not null default '{}',
    -- AES-256-GCM, nonce first; two while a secret is rotated
    secret_sealed     bytea not null,
    old_secret_sealed bytea,
    key_id            text not null,
    created_at        timestamptz not null default now(),
    disabled_at       timestamptz
);
create index event_endpoint_by_client on event_endpoint (client_id) where disabled_at is null;

create table delivery (
    event_id     uuid not null references event (id),
    endpoint_id  uuid not null references event_endpoint,
    stream       text not null,
    sequence     bigint not null,
    state        text not null default 'waiting' check (state in ('waiting', 'leased', 'delivered', 'dead')),
    -- a redelivery comes out of order and holds nothing up
    in_order     boolean not null default true,
    attempts     int not null default 0,
    next_at      timestamptz not null default now(),
    lease_until  timestamptz,
    lease_token  uuid,
    -- fixed at the first sending to this endpoint
    body         bytea,
    last_result  text,
    updated_at   timestamptz not null default now(),
    primary key (endpoint_id, stream, sequence),
    constraint delivery_event_unique unique (event_id, endpoint_id)
) with (fillfactor = 85);
create index delivery_pending on delivery (endpoint_id, stream, sequence) where state in ('waiting', 'leased');
create index delivery_dead on delivery (endpoint_id, stream, sequence) where state = 'dead';

-- ---------------------------------------------------------------- repeats, audit, seals

create table idempotency (
    principal     uuid not null,
    -- method and path
    scope         text not null,
    key_hash      bytea not null,
    fingerprint   bytea not null,
    resource_id   text not null,
    -- absent while an operation of two phases is between them
    status        int,
    body          text,
    busy_until    timestamptz,
    created_at    timestamptz not null default now(),
    constraint idempotency_key_unique primary key (principal, scope, key_hash)
);

create table audit (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    actor       text not null,
    action      text not null,
    subject     text not null,
    request_id  text not null default ''
);

create table seal (
    seq         bigint primary key,
    kind        text not null check (kind in ('audit', 'journal')),
    subject_id  text not null,
    digest      text not null,
    prev_hash   text,
    hash        text not null,
    sealed_at   timestamptz not null default now(),
    constraint seal_subject_unique unique (kind, subject_id)
);

-- What waits for its seal. A journal that is neither sealed nor here was not booked by the program.
create table unsealed (
    seq         bigint generated always as identity primary key,
    kind        text not null,
    subject_id  text not null,
    at          timestamptz not null default now()
);
