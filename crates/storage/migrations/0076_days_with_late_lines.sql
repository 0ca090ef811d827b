-- A booking whose own day is closed is of the first open day, and of its own again when that is opened once more: which
-- day it is of follows from the closings in force. Each closing says up to which entry of the ledger it counted, so that a
-- day that is closed again holds what came late for it, and the next day does not.

-- The last entry of the ledger when the day was closed. Whoever closes holds the scope alone and entries are numbered while
-- it is held shared: what has a higher number was booked afterwards. Null where a closing counted by dates alone.
alter table closed_day add column last_entry bigint;

create index journal_moved on journal (original_business_date, business_date) where original_business_date is not null;

-- Entries with the day that they are of, for their account: the first one, from their own day on, whose closing in force
-- does not come before them.
create view day_entry as
select e.id as entry_id, e.account_code as scope, e.amount, e.payment_id, j.kind, j.business_date as booked_on,
       j.original_business_date as moved_from,
       case when j.original_business_date is null then j.business_date
            else greatest(j.original_business_date,
                          (select max(c.day) + 1 from closed_day c
                           where c.scope = e.account_code and c.reopened_at is null and c.day < j.business_date
                             and e.id > coalesce(c.last_entry, 0))) end as day
from ledger_entry e join journal j on j.id = e.journal_id;

-- ---------------------------------------------------------------- rights

grant select on day_entry to motlan_app;
