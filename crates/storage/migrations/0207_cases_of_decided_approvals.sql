-- A case is `proposed` while somebody is to decide about it. A release that knows nothing of the case of a refund decides, and
-- leaves it so: whatever decided, a case that nobody is to decide about any more is open again at commit.

create function case_of_approval(kind text, subject text, payload jsonb) returns uuid language sql immutable as
$$ select case kind when 'case_resolution' then substring(subject from '^cas_([0-9a-f]{32})$')
                    when 'refund' then substring(payload ->> 'case_id' from '^cas_([0-9a-f]{32})$') end::uuid $$;

create function open_again(wanted uuid, why text, who text) returns void language sql security definer
    set search_path = public, pg_temp as
$$ with reopened as (
       update kase k set status = 'open', version = k.version + 1, updated_at = now()
       where k.id = wanted and k.status = 'proposed'
         and not exists (select from approval a where a.status = 'pending' and a.kind in ('case_resolution', 'refund')
                         and case_of_approval(a.kind, a.subject, a.payload) = wanted)
       returning k.id, k.version)
   insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
   select 'case', r.id, r.version, 'proposed', 'open', why, who from reopened r $$;

create function decided_case_is_open_again() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    perform open_again(case_of_approval(new.kind, new.subject, new.payload),
                       case new.status when 'rejected' then 'resolution_rejected' else 'withdrawn' end,
                       coalesce(new.decider, 'system'));
    return null;
end $$;
revoke execute on function open_again(uuid, text, text) from public;
-- at commit: whoever knows of the case has moved it by then
create constraint trigger decided_case_is_open_again after update of status on approval deferrable initially deferred
    for each row when (old.status = 'pending' and new.status <> 'pending' and new.kind in ('case_resolution', 'refund'))
    execute function decided_case_is_open_again();

-- those that were left so before
select open_again(k.id, 'withdrawn', 'system') from kase k where k.status = 'proposed';
