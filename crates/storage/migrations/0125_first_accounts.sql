-- No account that follows another is one person's word: also where several are named at one time, of which none sees the
-- others yet.

create or replace function check_account_change() returns trigger language plpgsql as $$
begin
    perform from beneficiary b where b.code = new.beneficiary_code for update;
    if new.approved_by is null and exists (
        select from beneficiary_account b
        where b.beneficiary_code = new.beneficiary_code and b.in_force_from < new.in_force_from) then
        raise exception 'beneficiary %: its account is changed by two persons', new.beneficiary_code
            using errcode = 'check_violation', constraint = 'beneficiary_account_two_persons';
    end if;
    return new;
end $$;
