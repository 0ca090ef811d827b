-- The three roles, made once per cluster by whoever may create roles. Two migrations starting at once both succeed.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['motlan_app', 'motlan_auditor'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I login', wanted);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;
end $$;
