-- A portal or a person is named by code or by id: no code reads like an id, and none is of both.

alter table client add constraint client_code_is_no_id check (code !~ '^[a-z]+_[0-9a-f]{32}$') not valid;
alter table person add constraint person_code_is_no_id check (code !~ '^[a-z]+_[0-9a-f]{32}$') not valid;

create function code_of_one_holder() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('holder:' || new.code, 0));
    if tg_table_name = 'client' and exists (select from person where code = new.code)
        or tg_table_name = 'person' and exists (select from client where code = new.code) then
        raise unique_violation using constraint = 'holder_code_unique',
            message = format('%s is the code of another kind of holder', new.code);
    end if;
    return new;
end $$;
create trigger client_code_of_one_holder before insert or update of code on client
    for each row execute function code_of_one_holder();
create trigger person_code_of_one_holder before insert or update of code on person
    for each row execute function code_of_one_holder();
