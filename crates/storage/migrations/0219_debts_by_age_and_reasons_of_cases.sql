-- The score asks for the debts that were registered in a period, and the books grow older than any period.

create index obligation_by_creation on obligation (created_at);

-- The suspense account in which the money of a case of this kind waits. The program has the same table
-- (`domain::booking::case_of`), and a test compares the two.
create function reason_of_case(kind text) returns text language sql immutable strict as
$$ select case kind when 'duplicate_payment' then 'duplicate' when 'status_differs' then 'refund_returned' else kind end $$;
grant execute on function reason_of_case(text) to motlan_app;
