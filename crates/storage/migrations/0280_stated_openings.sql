-- What stands on a bank account when its books begin in the middle of a year: said by two persons before the first booking, and
-- taken back by two while no day is closed. Without it the books begin with what the earliest statement opens with.

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in ('refund', 'reduction', 'case_resolution',
    'day_reopening', 'beneficiary_account', 'profile_credentials', 'person_rights', 'person_key', 'counter_void',
    'contract_fee', 'receipt_replacement', 'statement_supersession', 'remittance', 'opening_balance'));

create table stated_opening (
    approval_id    uuid primary key references approval,
    account_code   text not null references receiving_account,
    -- with which the books begin: what stood there before its first line
    day            date not null,
    amount         bigint not null check (amount between 0 and 999999999999999),
    at             timestamptz not null,
    taken_back_by  uuid unique references approval,
    taken_back_at  timestamptz,
    constraint stated_opening_taken_back check ((taken_back_by is null) = (taken_back_at is null))
);
create unique index stated_opening_once on stated_opening (account_code) where taken_back_by is null;

-- An account has one opening: what two persons said, or what its statements say, whichever release books it. Of openings there are
-- few; the rows are counted at commit, when both legs are there.
create function check_opening() returns trigger language plpgsql as $$
declare
    account text := (select substr(e.account_code, 6) from ledger_entry e
                     where e.journal_id = new.journal_id and e.account_code like 'bank:%' limit 1);
    said bigint := (select o.amount from stated_opening o where o.account_code = account and o.taken_back_by is null);
    of_persons bigint;
    of_statements bigint;
begin
    select coalesce(sum(b.amount) filter (where j.kind = 'stated_opening'), 0),
           coalesce(sum(b.amount) filter (where j.kind <> 'stated_opening'), 0)
    into of_persons, of_statements
    from ledger_entry o
    join journal j on j.id = o.journal_id
    join ledger_entry b on b.journal_id = o.journal_id and b.account_code = 'bank:' || account
    where o.account_code = 'opening:bank';
    if of_persons <> coalesce(said, 0) or said is not null and of_statements <> 0 then
        raise exception 'account %: two persons said % stood on it, booked are % by them and % by statements',
            account, coalesce(said::text, 'nothing'), of_persons, of_statements
            using errcode = 'check_violation', constraint = 'one_opening';
    end if;
    return null;
end $$;
create constraint trigger one_opening after insert on ledger_entry deferrable initially deferred
    for each row when (new.account_code = 'opening:bank') execute function check_opening();

grant select, insert on stated_opening to motlan_app;
grant update (taken_back_by, taken_back_at) on stated_opening to motlan_app;

-- ---------------------------------------------------------------- the books, as others may check them

create view assurance.stated_opening as
select assurance.text_id('apr', approval_id) as approval_id, account_code as account, day, amount, at,
       assurance.text_id('apr', taken_back_by) as taken_back_by, taken_back_at,
       -- as the audit trail has it
       format('%s day=%s amount=%s by=%s', account_code, to_char(day, 'YYYY-MM-DD'), amount,
              assurance.text_id('apr', approval_id)) as text
from stated_opening;
grant select on assurance.stated_opening to motlan_app, motlan_auditor;
