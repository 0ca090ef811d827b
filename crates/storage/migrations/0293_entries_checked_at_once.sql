-- As before, an entry belongs to a journal of its own transaction, on an account that is there. All entries of a statement are
-- looked at together: a file of a million lines books two million of them, and looking at each alone cost more than writing it.
-- Its journal is there before it (ledger_entry_journal_id_fkey), so nothing has to wait for the commit.

drop trigger entry_is_new on ledger_entry;

create or replace function check_entry() returns trigger language plpgsql as $$
declare
    wrong record;
begin
    select w.id, w.journal_id into wrong
    from written w left join journal j on j.id = w.journal_id
    where j.booked_at is distinct from now() limit 1;
    if found then
        raise exception 'entry %: its journal % was booked before', wrong.id, wrong.journal_id
            using errcode = 'check_violation', constraint = 'entry_of_this_transaction';
    end if;
    select w.id, w.account_code into wrong
    from written w left join account a on a.code = w.account_code
    where a.code is null limit 1;
    if found then
        raise exception 'entry %: no account %', wrong.id, wrong.account_code
            using errcode = 'check_violation', constraint = 'entry_account';
    end if;
    return null;
end $$;
create trigger entry_is_new after insert on ledger_entry referencing new table as written
    for each statement execute function check_entry();
