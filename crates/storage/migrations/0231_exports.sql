-- Reports that a person asked to have as files: made by the worker, kept for a day in pieces, so that any process can hand them
-- over. What may be seen in one is fixed when it is asked for.

create table export (
    -- of the form that asked: a second press is the first one again
    id            uuid primary key,
    person_id     uuid not null references person,
    report        text not null,
    format        text not null,
    from_day      date not null,
    to_day        date not null check (to_day >= from_day),
    agency        text,
    channel       text,
    per           text not null,
    -- whose money is in it; null: all
    beneficiaries text[],
    state         text not null default 'asked' check (state in ('asked', 'writing', 'ready', 'failed', 'gone')),
    rows          bigint not null default 0 check (rows >= 0),
    bytes         bigint not null default 0 check (bytes >= 0),
    -- of a failed one, for whoever asked
    why           text,
    asked_at      timestamptz not null,
    -- a worker that says nothing until then has ended, and another begins again
    leased_until  timestamptz,
    tries         int not null default 0,
    ended_at      timestamptz
);
create index export_to_write on export (asked_at) where state in ('asked', 'writing');
create index export_of_person on export (person_id, asked_at desc);
create index export_to_drop on export (ended_at) where state = 'ready';

create table export_piece (
    export_id     uuid not null references export,
    place         int not null check (place >= 0),
    bytes         bytea not null,
    primary key (export_id, place)
);

grant select, insert on export to motlan_app;
grant update (state, rows, bytes, why, leased_until, tries, ended_at) on export to motlan_app;
grant select, insert, delete on export_piece to motlan_app;
