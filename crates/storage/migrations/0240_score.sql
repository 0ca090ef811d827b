-- The online-payment group of Decision 766: how it is reckoned from which day on, and what other systems say of procedures
-- and dossiers. Added to, never changed: what is said later stands in place of what was said before, and both stay.

create table score_rule (
    id                 bigint generated always as identity primary key,
    valid_from         date not null,
    dossiers_percent   smallint not null,
    dossiers_maximum   smallint not null,
    used_percent       smallint not null,
    used_maximum       smallint not null,
    provided_percent   smallint not null,
    provided_maximum   smallint not null,
    used_of            text not null check (used_of in ('fee_procedures_with_dossiers', 'fee_procedures')),
    offline_channels   text[] not null,
    counts_exempt      boolean not null,
    note               text not null default '',
    set_by             text not null,
    set_at             timestamptz not null default now(),
    constraint score_rule_percent check (dossiers_percent between 1 and 100 and used_percent between 1 and 100
                                         and provided_percent between 1 and 100),
    constraint score_rule_maximum check (dossiers_maximum between 0 and 100 and used_maximum between 0 and 100
                                         and provided_maximum between 0 and 100)
);
create index score_rule_by_day on score_rule (valid_from, id);

-- as third parties fitted it to the portal's figures of 2026; no official text
insert into score_rule (valid_from, dossiers_percent, dossiers_maximum, used_percent, used_maximum, provided_percent,
                        provided_maximum, used_of, offline_channels, counts_exempt, note, set_by)
values ('2022-06-23', 100, 6, 80, 2, 80, 2, 'fee_procedures_with_dossiers', '{counter}', false,
        'Quyết định 766/QĐ-TTg, theo cách tính của Cổng dịch vụ công quốc gia', 'system');

create table score_import (
    id           uuid primary key,
    kind         text not null check (kind in ('procedures', 'dossiers')),
    -- from when on a list of procedures holds; of counts their lines say the month
    as_of        date,
    lines        int not null,
    sha256       text not null,
    -- as it was sent
    file         bytea not null,
    imported_by  text not null,
    imported_at  timestamptz not null,
    constraint score_import_as_of check ((kind = 'procedures') = (as_of is not null))
);

create table score_procedure (
    import_id       uuid not null references score_import,
    agency_code     text not null,
    procedure_code  text not null,
    name            text not null,
    has_fee         boolean not null,
    is_provided     boolean not null,
    primary key (import_id, agency_code, procedure_code)
);

create table score_dossiers (
    import_id        uuid not null references score_import,
    month            date not null check (extract(day from month) = 1),
    agency_code      text not null,
    -- empty where the count is of the agency as a whole
    procedure_code   text not null,
    with_obligation  int not null check (with_obligation >= 0),
    exempt           int not null check (exempt >= 0),
    primary key (import_id, month, agency_code, procedure_code)
);
create index score_dossiers_by_month on score_dossiers (month, agency_code);

-- ---------------------------------------------------------------- rights

grant select, insert on score_rule, score_import, score_procedure, score_dossiers to motlan_app;
