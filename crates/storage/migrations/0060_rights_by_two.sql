-- Rights and keys of people need a second person. A proposal about somebody is decided neither by who made it nor by whom it
-- is about; what widens somebody's rights, and what becomes their key, names its approval. Whoever has the command line has
-- this database and is one person: what they do says so ("cli", "cli:<account>"). Rows from before say nothing, and stand.
-- While the release before this one still runs, it can take rights and keys away and give none to people.

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in (
    'refund', 'reduction', 'case_resolution', 'day_reopening', 'beneficiary_account', 'profile_credentials',
    'person_rights', 'person_key'));
alter table approval add constraint approval_not_about_oneself check (decider <> subject);

-- ---------------------------------------------------------------- keys

-- The key that waits for a second person: its hash, and the part of its text that whoever approves will be told. Gone with
-- the decision.
create table proposed_key (
    approval_id         uuid primary key references approval,
    key_id              uuid not null unique,
    secret_hash         bytea not null,
    -- AES-256-GCM, bound to the key's id
    second_part_sealed  bytea not null
);

alter table api_key
    add column made_by      text,
    add column approval_id  uuid references approval constraint api_key_approval_once unique,
    -- by its own holder, with this one
    add column rotated_from uuid references api_key;

create function check_key_ground() returns trigger language plpgsql as $$
declare
    holder text := assurance.text_id('usr', new.person_id);
begin
    if new.client_id is not null or new.made_by ~ '^cli(:|$)' then
        return null;
    end if;
    if new.made_by = holder and exists (
            select from api_key k where k.id = new.rotated_from and k.person_id = new.person_id and k.revoked_at is null
                and new.scopes <@ k.scopes) then
        return null;
    end if;
    if exists (
            select from approval a where a.id = new.approval_id and a.kind = 'person_key' and a.status = 'approved'
                and a.subject = holder and a.payload->>'key_id' = assurance.text_id('key', new.id)
                and a.payload->'scopes' = to_jsonb(new.scopes)) then
        return null;
    end if;
    raise exception 'key %: a key of a person takes two persons', new.id
        using errcode = 'check_violation', constraint = 'api_key_two_persons';
end $$;
-- looked at when the transaction ends: the decision and its effect are one
create constraint trigger api_key_two_persons after insert on api_key deferrable initially deferred
    for each row execute function check_key_ground();

create function check_key_stands() returns trigger language plpgsql as $$
begin
    if old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at then
        raise exception 'key %: it is revoked', old.id
            using errcode = 'check_violation', constraint = 'api_key_stays_revoked';
    end if;
    return new;
end $$;
create trigger api_key_stays_revoked before update on api_key for each row execute function check_key_stands();

-- ---------------------------------------------------------------- rights

alter table person
    -- who said last what they may, when, and by which approval where it took one
    add column rights_by          text,
    add column rights_at          timestamptz,
    add column rights_approval_id uuid references approval;

create function check_rights_ground() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.roles = '{}' then
            return null;
        end if;
    elsif new.roles <@ old.roles
            and (old.beneficiaries = '{}' or (new.beneficiaries <> '{}' and new.beneficiaries <@ old.beneficiaries))
            and (new.disabled_at is not null or old.disabled_at is null) then
        return null;
    end if;
    if tg_op = 'INSERT' or new.rights_at is distinct from old.rights_at then
        if new.rights_by ~ '^cli(:|$)' then
            return null;
        end if;
        if exists (
                select from approval a where a.id = new.rights_approval_id and a.kind = 'person_rights'
                    and a.status = 'approved' and a.subject = assurance.text_id('usr', new.id)
                    -- by this very decision, not by one of long ago
                    and a.decided_at = new.rights_at
                    and a.payload->'new'->'roles' = to_jsonb(new.roles)
                    and a.payload->'new'->'beneficiaries' = to_jsonb(new.beneficiaries)
                    and a.payload->'new'->'active' = to_jsonb(new.disabled_at is null)) then
            return null;
        end if;
    end if;
    raise exception 'person %: wider rights take two persons', new.id
        using errcode = 'check_violation', constraint = 'person_rights_two_persons';
end $$;
create constraint trigger person_rights_two_persons after insert or update of roles, beneficiaries, disabled_at on person
    deferrable initially deferred for each row execute function check_rights_ground();

-- ---------------------------------------------------------------- rights of the application

grant select, insert, delete on proposed_key to motlan_app;
-- what a key is and whose is said once
revoke update on api_key from motlan_app;
grant update (revoked_at) on api_key to motlan_app;
