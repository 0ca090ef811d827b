-- Signing in by way of an identity provider (OpenID Connect Core 1.0). Whom a provider calls by which name, the command line
-- says; nobody becomes a person here because a provider knows them.

create table outside_identity (
    issuer     text not null check (length(issuer) between 1 and 255),
    -- OpenID Connect Core 1.0, section 2: at most 255 characters, never given to another
    subject    text not null check (length(subject) between 1 and 255),
    person_id  uuid not null references person,
    linked_by  text not null,
    linked_at  timestamptz not null,
    constraint outside_identity_once primary key (issuer, subject),
    constraint outside_identity_of_person unique (issuer, person_id)
);

-- A browser on its way to a provider and back. SHA-256 of what it holds: state, nonce and verifier follow from that, and
-- are kept nowhere.
create table outside_way (
    token_hash    bytea primary key check (length(token_hash) = 32),
    issuer        text not null,
    -- whose session asks anew who sits there; null: nobody is signed in
    session_hash  bytea references console_session,
    next          text not null,
    begun_at      timestamptz not null,
    -- an answer is taken once
    arrived_at    timestamptz,
    -- who arrived, where our own code is still asked for
    person_id     uuid references person,
    ended_at      timestamptz
);
create index outside_way_begun on outside_way (begun_at);

-- a person whose provider asked for two factors needs no password here
alter table console_session drop constraint console_session_person_id_fkey;
alter table console_session add constraint console_session_person_id_fkey foreign key (person_id) references person;
-- by which provider; null: by password
alter table console_session add column issuer text;
-- who sits there was shown anew at the provider, and has decided nothing since
alter table console_session add column fresh_at timestamptz;

grant select, insert, delete on outside_identity to motlan_app;
grant select, insert, delete on outside_way to motlan_app;
grant update (arrived_at, person_id, ended_at) on outside_way to motlan_app;
grant update (fresh_at) on console_session to motlan_app;
