-- Payers who gave an address are told of their receipts by e-mail. What is to be told is written with the receipt's own change;
-- the address stays where it is sealed, and is opened when the mail goes out.

-- its payer had an address when it was issued, and mail went out from here
alter table receipt add column mailed boolean not null default false;

create table receipt_mail (
    id            uuid primary key,
    receipt_id    uuid not null references receipt,
    says          text not null check (says in ('issued', 'replaced', 'cancelled')),
    state         text not null default 'queued' check (state in ('queued', 'sent', 'refused', 'parked', 'no_address')),
    -- under which it goes out, however often (RFC 5322, section 3.6.4)
    message_id    text not null constraint receipt_mail_named_once unique check (message_id ~ '^[!-;=?-~]+@[!-;=?-~]+$'),
    attempts      int not null default 0,
    next_at       timestamptz not null default now(),
    lease_token   uuid,
    leased_until  timestamptz,
    -- the step and the code of the last answer: servers repeat the address in its text
    said          text check (length(said) <= 200),
    created_at    timestamptz not null,
    updated_at    timestamptz not null default now(),
    constraint receipt_mail_once unique (receipt_id, says),
    constraint receipt_mail_leased check ((lease_token is null) = (leased_until is null)
        and (state = 'queued' or lease_token is null))
);
create index receipt_mail_due on receipt_mail (next_at) where state = 'queued';
create index receipt_mail_parked on receipt_mail (id) where state = 'parked';

-- what was to be told, of what and under which name is said once
grant select, insert on receipt_mail to motlan_app;
grant update (state, attempts, next_at, lease_token, leased_until, said, updated_at) on receipt_mail to motlan_app;

create or replace view assurance.receipt as
select assurance.text_id('rcp', id) as receipt_id, template, serial, number,
       assurance.text_id('obl', obligation_id) as obligation_id, status,
       version, amount, issued_on, collector_tax_code, series_code, year,
       assurance.text_id('rcp', replaces) as replaces, signed_at, created_at, kind, mailed
from receipt;

create view assurance.receipt_mail as
select assurance.text_id('eml', id) as mail_id, assurance.text_id('rcp', receipt_id) as receipt_id, says, state, message_id,
       attempts, next_at, said, created_at, updated_at
from receipt_mail;
grant select on assurance.receipt_mail to motlan_auditor, motlan_app;
