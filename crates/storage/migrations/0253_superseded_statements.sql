-- A bank sends a statement again, corrected. Two persons put the corrected file in the place of the first: what only that one had
-- is taken back by a movement of its own that brings or takes the same sum on the same day, and the file stays as it came.

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in ('refund', 'reduction', 'case_resolution',
    'day_reopening', 'beneficiary_account', 'profile_credentials', 'person_rights', 'person_key', 'counter_void',
    'contract_fee', 'receipt_replacement', 'statement_supersession'));

-- The corrected file while it waits for its second person, as it came, in pieces of at most 1 MiB.
create table proposed_statement (
    approval_id  uuid not null references approval,
    no           int not null,
    bytes        bytea not null,
    primary key (approval_id, no)
);

create table superseded_statement (
    statement_id  uuid primary key references statement,
    by_statement  uuid not null unique references statement,
    approval_id   uuid not null unique references approval,
    at            timestamptz not null
);

create table withdrawn_movement (
    movement_id   uuid primary key references movement,
    -- what takes it back
    counter_id    uuid not null unique references movement,
    -- the file that the corrected one took the place of
    statement_id  uuid not null references statement,
    -- of a credit that takes a debit back: as what money it is seen
    sighting_id   uuid references sighting
);

create view assurance.withdrawn_movement as
select assurance.text_id('mov', movement_id) as movement_id, assurance.text_id('mov', counter_id) as counter_id,
       assurance.text_id('stm', statement_id) as statement_id
from withdrawn_movement;

-- What takes a line back is no movement of the other side: the day has as much less as the file that was in force said too much.
create or replace view day_entry as
select e.id as entry_id, e.account_code as scope, e.amount, e.payment_id, j.kind, j.business_date as booked_on,
       j.original_business_date as moved_from,
       case when j.original_business_date is null then j.business_date
            else greatest(j.original_business_date,
                          (select max(c.day) + 1 from closed_day c
                           where c.scope = e.account_code and c.reopened_at is null and c.day < j.business_date
                             and e.id > coalesce(c.last_entry, 0))) end as day,
       case when e.movement_id is null then false
            else exists (select from withdrawn_movement w where w.counter_id = e.movement_id) end as undoes
from ledger_entry e join journal j on j.id = e.journal_id;

-- ---------------------------------------------------------------- rights

grant select, insert on proposed_statement, superseded_statement, withdrawn_movement to motlan_app;
grant update (state) on statement to motlan_app;
grant delete on overtaken_piece, proposed_statement to motlan_app;
grant select on assurance.withdrawn_movement to motlan_app, motlan_auditor;
