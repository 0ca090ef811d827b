-- Electronic receipts of fees and charges (Decree 254/2026 Art. 23 to 29, Circular 91/2026). What becomes of a receipt is
-- one table, at the head of crates/domain/src/receipt.rs.

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in ('refund', 'reduction', 'case_resolution',
    'day_reopening', 'beneficiary_account', 'profile_credentials', 'person_rights', 'person_key', 'counter_void',
    'contract_fee', 'receipt_replacement'));

insert into assurance.legal_transition (entity_type, from_state, to_state, tells) values
    ('receipt', null, 'numbered', null),
    ('receipt', 'numbered', 'issued', 'receipt.issued'),
    ('receipt', 'numbered', 'cancelled', null),
    ('receipt', 'issued', 'cancelled', null),
    ('receipt', 'issued', 'replaced', null);

-- A collector's series. What a receipt is named by stands from the first number on; the rest may be corrected.
create table receipt_series (
    code                text primary key,
    beneficiary_code    text not null references beneficiary,
    kinds               text[] not null check (cardinality(kinds) between 1 and 2 and kinds <@ array['fee', 'charge']),
    template            text not null check (template in ('EBL01', 'EBL02')),
    letters             text not null check (letters ~ '^[ABCDEGHKLMNPQRSTUVXY]{2}$'),
    collector_name      text not null check (length(collector_name) between 1 and 400),
    collector_tax_code  text not null check (collector_tax_code ~ '^[0-9]{10}(-[0-9]{3})?$|^[0-9]{12}$'),
    collector_address   text not null check (length(collector_address) between 1 and 400),
    valid_from          date not null,
    valid_to            date check (valid_to >= valid_from),
    created_at          timestamptz not null default now(),
    constraint receipt_serial_unique unique (collector_tax_code, template, letters)
);
create index receipt_series_of on receipt_series (beneficiary_code);

-- The last number of a series in a year. Its row is the turn: who takes a number holds it until the commit, so that a number
-- is taken with its receipt or not at all.
create table receipt_counter (
    series_code  text not null references receipt_series,
    year         int not null check (year between 2000 and 2999),
    last_number  int not null constraint receipt_number_in_range check (last_number between 1 and 99999999),
    primary key (series_code, year)
);

create table receipt (
    id                  uuid primary key,
    series_code         text not null references receipt_series,
    year                int not null,
    template            text not null,
    serial              text not null check (serial ~ '^[0-9]{2}T[ABCDEGHKLMNPQRSTUVXY]{2}$'),
    number              int not null check (number between 1 and 99999999),
    obligation_id       uuid not null references obligation,
    status              text not null,
    version             int not null default 1,
    -- what its address ends in
    token               text not null constraint receipt_token_unique unique check (length(token) >= 32),
    -- what stands on it, fixed with its number
    issued_on           date not null,
    collector_name      text not null,
    collector_tax_code  text not null,
    collector_address   text not null,
    kind                text not null check (kind in ('fee', 'charge')),
    description         text not null,
    dossier_code        text,
    amount              bigint not null check (amount between 1 and 999999999999),
    replaces            uuid constraint receipt_replaces_once unique references receipt,
    -- two persons said that what stands on it is wrong
    replacement_by      uuid references approval,
    -- the signed document, word for word
    document            text,
    signed_by           text,
    signed_at           timestamptz,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    constraint receipt_number_unique unique (series_code, year, number),
    constraint receipt_name_unique unique (collector_tax_code, template, serial, number),
    constraint receipt_signed check (num_nonnulls(document, signed_by, signed_at) in (0, 3)
        and (status not in ('issued', 'replaced') or document is not null))
);
create unique index receipt_one_live on receipt (obligation_id) where status in ('numbered', 'issued');
create index receipt_of_obligation on receipt (obligation_id);
create index receipt_unsigned on receipt (id) where status = 'numbered';
create trigger receipt_transition before insert or update on receipt
    for each row execute function check_transition('receipt');

-- What stands on a receipt, and what was signed, is said once.
create function check_receipt() returns trigger language plpgsql as $$
begin
    if (old.series_code, old.year, old.template, old.serial, old.number, old.obligation_id, old.token, old.issued_on,
        old.collector_name, old.collector_tax_code, old.collector_address, old.kind, old.description, old.amount, old.created_at)
       is distinct from
       (new.series_code, new.year, new.template, new.serial, new.number, new.obligation_id, new.token, new.issued_on,
        new.collector_name, new.collector_tax_code, new.collector_address, new.kind, new.description, new.amount, new.created_at)
       or (old.dossier_code, old.replaces) is distinct from (new.dossier_code, new.replaces)
       or (old.document is not null
           and (old.document, old.signed_by, old.signed_at) is distinct from (new.document, new.signed_by, new.signed_at)) then
        raise exception 'receipt %: what stands on it does not change', old.id
            using errcode = 'check_violation', constraint = 'receipt_stands';
    end if;
    return new;
end $$;
create trigger receipt_stands before update on receipt for each row execute function check_receipt();

-- Obligations whose receipt is to be looked at. Written with the change that made it so, gone with what became of it.
create table receipt_work (
    obligation_id  uuid primary key references obligation,
    since          timestamptz not null default now(),
    due_at         timestamptz not null default now(),
    tries          int not null default 0,
    -- why it was not done at the last try
    said           text
);
create index receipt_work_due on receipt_work (due_at);

create function note_receipt_work() returns trigger language plpgsql as $$
begin
    -- only where the collector's receipts are made here, and never a wait: whoever works on it holds the obligation
    if new.kind in ('fee', 'charge')
       and exists (select from receipt_series s where s.beneficiary_code = new.beneficiary_code) then
        insert into receipt_work (obligation_id) values (new.id)
        on conflict (obligation_id) do update set due_at = least(receipt_work.due_at, now());
    end if;
    return null;
end $$;
create trigger receipt_to_be_looked_at after update of status, gross_amount, relief_amount on obligation
    for each row when ((old.status, old.amount) is distinct from (new.status, new.amount)
                       and (old.status in ('paid', 'refunding') or new.status in ('paid', 'refunding')))
    execute function note_receipt_work();

grant select on receipt_series, receipt_counter, receipt, receipt_work to motlan_app;
grant insert, update on receipt_series, receipt_counter, receipt to motlan_app;
grant insert, update, delete on receipt_work to motlan_app;

create or replace view assurance.receipt as
select assurance.text_id('rcp', id) as receipt_id, template, serial, number,
       assurance.text_id('obl', obligation_id) as obligation_id, status,
       version, amount, issued_on, collector_tax_code, series_code, year,
       assurance.text_id('rcp', replaces) as replaces, signed_at, created_at, kind
from receipt;

-- beside the contract
create view assurance.receipt_series as
select s.code as series_code, s.beneficiary_code as beneficiary, s.kinds, s.template, s.letters, s.collector_tax_code, s.valid_from,
       s.valid_to, s.created_at
from receipt_series s;
create view assurance.receipt_counter as select series_code, year, last_number from receipt_counter;
create view assurance.receipt_work as
select assurance.text_id('obl', obligation_id) as obligation_id, since, due_at, tries, said from receipt_work;
grant select on assurance.receipt_series, assurance.receipt_counter, assurance.receipt_work to motlan_auditor, motlan_app;

create or replace view assurance.transition as
select seq, entity_type,
       assurance.text_id(case entity_type when 'obligation' then 'obl' when 'intent' then 'pi' when 'attempt' then 'att'
                         when 'refund' then 'rfd' when 'receipt' then 'rcp' else 'cas' end, entity_id) as entity_id,
       version, from_state, to_state, cause, at
from transition;

create or replace view assurance.obligation as
select assurance.text_id('obl', id) as obligation_id, assurance.text_id('cli', client_id) as client,
       beneficiary_code as beneficiary, dossier_code, amount as amount_due, status,
       customer_code, version, kind
from obligation;
