-- How people sign in at the console: a password and a code that changes with the time. Nobody has either until they have
-- followed a link that was made for them, once.

create table sign_in (
    person_id       uuid primary key references person,
    -- Argon2id, as a PHC string
    password_hash   text not null,
    -- AES-256-GCM, bound to the person's id
    totp_sealed     bytea not null,
    -- the last step whose code was taken: a code is used once
    totp_last_step  bigint,
    wrong_tries     smallint not null default 0 check (wrong_tries >= 0),
    locked_until    timestamptz,
    set_at          timestamptz not null
);

-- SHA-256 of what stands in the link: the link itself is shown once and never kept.
create table sign_in_invitation (
    token_hash   bytea primary key check (length(token_hash) = 32),
    person_id    uuid not null references person,
    totp_sealed  bytea not null,
    made_by      text not null,
    made_at      timestamptz not null,
    expires_at   timestamptz not null check (expires_at > made_at),
    -- followed, or overtaken by a later one
    ended_at     timestamptz
);
create unique index sign_in_invitation_live on sign_in_invitation (person_id) where ended_at is null;

create table console_session (
    token_hash  bytea primary key check (length(token_hash) = 32),
    person_id   uuid not null references sign_in,
    begun_at    timestamptz not null,
    seen_at     timestamptz not null check (seen_at >= begun_at),
    ended_at    timestamptz
);
create index console_session_live on console_session (person_id) where ended_at is null;

-- Whoever is disabled is signed out, by whichever way they were disabled.
create function end_sessions_of_disabled() returns trigger language plpgsql as $$
begin
    update console_session set ended_at = now() where person_id = new.id and ended_at is null;
    update sign_in_invitation set ended_at = now() where person_id = new.id and ended_at is null;
    return null;
end $$;
create trigger person_disabled_ends_sessions after update of disabled_at on person
    for each row when (new.disabled_at is not null and old.disabled_at is null) execute function end_sessions_of_disabled();

-- what ended stays ended
create function check_session_stays_ended() returns trigger language plpgsql as $$
begin
    if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
        raise exception 'the session has ended' using errcode = 'check_violation', constraint = 'console_session_stays_ended';
    end if;
    return new;
end $$;
create trigger console_session_stays_ended before update on console_session
    for each row execute function check_session_stays_ended();

grant select, insert, update on sign_in to motlan_app;
grant select, insert on sign_in_invitation, console_session to motlan_app;
grant update (ended_at) on sign_in_invitation to motlan_app;
grant update (seen_at, ended_at) on console_session to motlan_app;
