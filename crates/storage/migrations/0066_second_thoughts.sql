-- An account that was approved and is not in force yet is withdrawn by two persons, as it was made; what was renewed asks
-- for what is owed now.

create table withdrawn_account (
    beneficiary_code  text not null references beneficiary,
    in_force_from     timestamptz not null,
    account_kind      text not null,
    bank_bin          text not null,
    account_number    text not null,
    account_name      text not null,
    proposed_by       text not null,
    approved_by       text,
    withdrawn_at      timestamptz not null default now(),
    withdrawal_proposed_by  text not null,
    withdrawal_approved_by  text not null,
    primary key (beneficiary_code, in_force_from, withdrawn_at),
    constraint withdrawn_account_other_person check (withdrawal_approved_by <> withdrawal_proposed_by)
);

-- only what is not in force yet: what was in force is history
create function withdraw_coming_accounts(beneficiary text, proposer text, approver text) returns bigint language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    gone bigint;
begin
    with coming as (
        delete from beneficiary_account where beneficiary_code = beneficiary and in_force_from > now() returning *)
    insert into withdrawn_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number, account_name,
        proposed_by, approved_by, withdrawal_proposed_by, withdrawal_approved_by)
    select beneficiary_code, in_force_from, account_kind, bank_bin, account_number, account_name,
           proposed_by, approved_by, proposer, approver
    from coming;
    get diagnostics gone = row_count;
    return gone;
end $$;
revoke execute on function withdraw_coming_accounts from public;
grant execute on function withdraw_coming_accounts to motlan_app;
grant select on withdrawn_account to motlan_app;

grant update (amount) on intent_obligation to motlan_app;
