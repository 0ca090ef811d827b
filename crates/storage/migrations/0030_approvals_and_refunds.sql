-- What needs a second person, and money that goes back. A proposal is decided once, never by who proposed it.

-- ---------------------------------------------------------------- approvals

create table approval (
    id             uuid primary key,
    kind           text not null check (kind in ('refund', 'reduction', 'case_resolution', 'day_reopening',
                                                 'beneficiary_account', 'profile_credentials')),
    status         text not null default 'pending' check (status in ('pending', 'approved', 'rejected', 'withdrawn')),
    -- what it is about, as an id or a code
    subject        text not null,
    -- whose money it is about; empty: it is about no beneficiary alone
    beneficiaries  text[] not null default '{}',
    -- what is proposed, as the use case of its kind reads it; never personal data
    payload        jsonb not null,
    note           text not null default '',
    proposer       text not null,
    proposed_at    timestamptz not null default now(),
    decider        text,
    decision_note  text,
    decided_at     timestamptz,
    constraint approval_other_person check (decider <> proposer),
    constraint approval_decided check ((status in ('approved', 'rejected')) = (decider is not null))
);
create unique index approval_pending_once on approval (kind, subject) where status = 'pending';
create index approval_by_status on approval (status, id);

create function check_decision() returns trigger language plpgsql as $$
begin
    if old.status <> 'pending' or (new.id, new.kind, new.subject, new.beneficiaries, new.payload, new.proposer)
            is distinct from (old.id, old.kind, old.subject, old.beneficiaries, old.payload, old.proposer) then
        raise exception 'approval %: it is % and stands', old.id, old.status
            using errcode = 'check_violation', constraint = 'approval_decided_once';
    end if;
    return new;
end $$;
create trigger approval_once before update on approval for each row execute function check_decision();

-- ---------------------------------------------------------------- refunds

insert into account (code, kind) values ('refund_payable', 'refund_payable') on conflict do nothing;

alter table refund
    -- who pays it out: the provider that took the money, or a transfer that people make
    add column route                text check (route in ('provider', 'transfer')),
    -- by which the debit of a transfer is known on a statement
    add column reference            text constraint refund_reference_unique unique,
    -- the provider has taken it up: by this very call, or when it was asked for again
    add column accepted             text check (accepted in ('taken_up', 'repeated')),
    -- AES-256-GCM over the payer's account; bound to the row's id
    add column payer_account_sealed bytea,
    add column submitted_at         timestamptz;
create index refund_by_payment on refund (payment_id);
create index refund_by_status on refund (status, id);

-- When a refund is driven or asked about next; its row goes when there is nothing more to do.
create table refund_watch (
    refund_id    uuid primary key references refund,
    next_at      timestamptz not null,
    asked        int not null default 0,
    lease_until  timestamptz
);
create index refund_watch_due on refund_watch (next_at);

-- What providers answered, as it came.
create table refund_evidence (
    id         bigint generated always as identity primary key,
    refund_id  uuid not null references refund,
    said       text not null,
    raw        bytea not null,
    at         timestamptz not null default now()
);
create index refund_evidence_by_refund on refund_evidence (refund_id);

-- What one journal took from its homes; the way back of a refund that fails.
create index allocation_by_journal on allocation (journal_id);
create index allocation_by_refund on allocation (refund_id) where refund_id is not null;

-- A refund's transfer is one debit, what comes back of it one credit; a payment is credited once and taken back once.
drop index payment_claims_one_movement;
create unique index payment_claims_one_movement on movement_match (payment_id) where payment_id is not null and amount > 0;
create unique index payment_is_taken_back_once on movement_match (payment_id) where payment_id is not null and amount < 0;
create unique index refund_claims_one_debit on movement_match (refund_id) where refund_id is not null and amount < 0;
create unique index refund_comes_back_once on movement_match (refund_id) where refund_id is not null and amount > 0;

-- ---------------------------------------------------------------- obligations that were charged too much

create table obligation_reduction (
    approval_id    uuid primary key references approval,
    obligation_id  uuid not null references obligation,
    amount         bigint not null check (amount > 0),
    -- what the relief is from then on
    relief_amount  bigint not null,
    reason_code    text not null,
    constraint obligation_reduction_once unique (obligation_id, relief_amount)
);

create or replace function check_terms() returns trigger language plpgsql as $$
begin
    if old.status = 'paid' and new.relief_amount > old.relief_amount
            and (old.gross_amount, old.beneficiary_code, old.client_id) is not distinct from
                (new.gross_amount, new.beneficiary_code, new.client_id)
            and exists (select from obligation_reduction r
                        where r.obligation_id = new.id and r.relief_amount = new.relief_amount
                          and r.amount = new.relief_amount - old.relief_amount) then
        return new;
    end if;
    if old.status not in ('due', 'exempt') then
        raise exception 'obligation %: it is %, its amount stands', new.id, old.status
            using errcode = 'check_violation', constraint = 'obligation_terms_stand';
    end if;
    return new;
end $$;

-- ---------------------------------------------------------------- days that are opened again

alter table closed_day
    drop constraint closed_day_pkey,
    add column id          bigint generated always as identity primary key,
    add column reopened_at timestamptz,
    add column reopened_by text;
create unique index closed_day_once on closed_day (scope, day) where reopened_at is null;

create or replace function open_day(scope text, day date) returns date language plpgsql as $$
begin
    if scope is null then
        return day;
    end if;
    -- whoever closes holds it alone
    perform pg_advisory_xact_lock_shared(hashtextextended('day:' || scope, 0));
    return (select greatest(open_day.day, max(c.day) + 1) from closed_day c
            where c.scope = open_day.scope and c.reopened_at is null);
end $$;

-- ---------------------------------------------------------------- the books, as others may check them

create or replace view assurance.approval as
select assurance.text_id('apr', id) as approval_id, kind, status, proposer, decider, subject from approval;

create or replace view assurance.refund as
select assurance.text_id('rfd', id) as refund_id, assurance.text_id('pay', payment_id) as payment_id, amount, status,
       provider_refund_id, version, route, provider_request_id,
       exists (select from refund_watch w where w.refund_id = refund.id) as watched
from refund;

create or replace view assurance.closed_day as
select scope, day, opening, moved_in, moved_out, closing, closed_by, closed_at from closed_day where reopened_at is null;

-- ---------------------------------------------------------------- rights

grant select on all tables in schema public, assurance to motlan_app;
grant select on all tables in schema assurance to motlan_auditor;
grant insert on approval, refund_evidence, obligation_reduction to motlan_app;
grant update (status, decider, decision_note, decided_at) on approval to motlan_app;
grant insert, update, delete on refund_watch to motlan_app;
grant update (reopened_at, reopened_by) on closed_day to motlan_app;
