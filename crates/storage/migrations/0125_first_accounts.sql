-- A beneficiary has one account that one person named, its first: also where several are named at one time. The trigger
-- before this one let a second one pass that was made in the same instant, or was in force from earlier on.

create or replace function check_account_change() returns trigger language plpgsql as $$
begin
    perform from beneficiary b where b.code = new.beneficiary_code for update;
    if new.approved_by is null and exists (
        select from beneficiary_account b where b.beneficiary_code = new.beneficiary_code) then
        raise exception 'beneficiary %: its account is changed by two persons', new.beneficiary_code
            using errcode = 'check_violation', constraint = 'beneficiary_account_two_persons';
    end if;
    return new;
end $$;
