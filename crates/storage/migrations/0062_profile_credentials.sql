-- Secrets that a contract shares with its provider, sealed. One is proposed by one person and comes into force by another;
-- the one before it stays accepted until it is retired. What is over keeps its row and loses its secret.

create table profile_credential (
    id            uuid primary key,
    profile_code  text not null references merchant_profile,
    -- the adapter's name for it, as in the configuration
    name          text not null,
    -- AES-256-GCM; bound to contract, name and id
    sealed        bytea,
    key_id        text not null,
    -- of a keyed hash: tells two secrets apart and says nothing of either
    fingerprint   text not null,
    state         text not null check (state in ('proposed', 'in_force', 'retired', 'rejected')),
    proposed_by   text not null,
    proposed_at   timestamptz not null,
    decided_by    text,
    decided_at    timestamptz,
    in_force_at   timestamptz,
    retired_by    text,
    retired_at    timestamptz,
    constraint profile_credential_other_person check (decided_by <> proposed_by),
    constraint profile_credential_sealed check ((sealed is not null) = (state in ('proposed', 'in_force'))),
    constraint profile_credential_in_force check ((in_force_at is not null) = (state in ('in_force', 'retired'))),
    constraint profile_credential_retired check ((retired_by is not null) = (state = 'retired')
                                                 and (retired_at is not null) = (state = 'retired'))
);
create index profile_credential_live on profile_credential (profile_code, name) where state in ('proposed', 'in_force');
create unique index profile_credential_proposed_once on profile_credential (profile_code, name) where state = 'proposed';

-- The configuration's secret of this name is accepted no longer, whatever the configuration says.
create table configured_credential_retired (
    profile_code  text not null references merchant_profile,
    name          text not null,
    retired_by    text not null,
    retired_at    timestamptz not null,
    primary key (profile_code, name)
);

-- Its callers hold the contract's row.
create function check_credential() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if (new.id, new.profile_code, new.name, new.key_id, new.fingerprint, new.proposed_by, new.proposed_at)
                is distinct from (old.id, old.profile_code, old.name, old.key_id, old.fingerprint, old.proposed_by, old.proposed_at)
                or (new.sealed is not null and new.sealed is distinct from old.sealed)
                or (old.state, new.state) not in (('proposed', 'in_force'), ('proposed', 'rejected'), ('in_force', 'retired')) then
            raise exception 'secret %: it is % and stands', old.id, old.state
                using errcode = 'check_violation', constraint = 'profile_credential_stands';
        end if;
    end if;
    if new.state = 'in_force' then
        if new.decided_by is null and exists (select from profile_credential c
                where c.profile_code = new.profile_code and c.name = new.name and c.id <> new.id) then
            raise exception '% of %: it is changed by two persons', new.name, new.profile_code
                using errcode = 'check_violation', constraint = 'profile_credential_two_persons';
        end if;
        if (select count(*) from profile_credential c where c.profile_code = new.profile_code and c.name = new.name
                and c.state = 'in_force' and c.id <> new.id) >= 2 then
            raise exception '% of %: two are accepted already', new.name, new.profile_code
                using errcode = 'check_violation', constraint = 'profile_credential_two_active';
        end if;
    end if;
    return new;
end $$;
create trigger profile_credential_stands before insert or update on profile_credential
    for each row execute function check_credential();

-- What auditors see of them: who changed what when, nothing by which a secret is known.
create view assurance.profile_credential as
select profile_code, name, state, proposed_by, proposed_at, decided_by, decided_at, in_force_at, retired_by, retired_at
from profile_credential;
create view assurance.configured_credential_retired as
select profile_code, name, retired_by, retired_at from configured_credential_retired;

grant select on profile_credential, configured_credential_retired, assurance.profile_credential,
    assurance.configured_credential_retired to motlan_app;
grant select on assurance.profile_credential, assurance.configured_credential_retired to motlan_auditor;
grant insert on profile_credential, configured_credential_retired to motlan_app;
grant update (sealed, state, decided_by, decided_at, in_force_at, retired_by, retired_at) on profile_credential to motlan_app;
