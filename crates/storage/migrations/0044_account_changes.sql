-- The account of a beneficiary that is there is changed by two persons: a row that follows another names who approved it,
-- and that is not who proposed it.

alter table beneficiary_account add constraint beneficiary_account_other_person check (approved_by <> proposed_by);

create function check_account_change() returns trigger language plpgsql as $$
begin
    if new.approved_by is null and exists (
        select from beneficiary_account b
        where b.beneficiary_code = new.beneficiary_code and b.in_force_from < new.in_force_from) then
        raise exception 'beneficiary %: its account is changed by two persons', new.beneficiary_code
            using errcode = 'check_violation', constraint = 'beneficiary_account_two_persons';
    end if;
    return new;
end $$;
create trigger beneficiary_account_two_persons before insert on beneficiary_account
    for each row execute function check_account_change();
