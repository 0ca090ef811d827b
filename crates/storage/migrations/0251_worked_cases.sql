-- Who works on a case: each hand that it went through, the last one has it.

create table case_owner (
    id        bigint generated always as identity primary key,
    case_id   uuid not null references kase,
    -- null: nobody's again
    owner     uuid references person,
    given_by  text not null,
    note      text not null default '',
    at        timestamptz not null
);
create index case_owner_by_case on case_owner (case_id, id);
create index case_owner_by_owner on case_owner (owner, case_id) where owner is not null;
grant select, insert on case_owner to motlan_app;

create function owner_of_case(wanted uuid) returns uuid language sql stable as $$
    select o.owner from case_owner o where o.case_id = wanted order by o.id desc limit 1
$$;
grant execute on function owner_of_case(uuid) to motlan_app;

-- what was proposed about a case, and decided
create index approval_of_case on approval (case_of_approval(kind, subject, payload)) where kind in ('case_resolution', 'refund');
