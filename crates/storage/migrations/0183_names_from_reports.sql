-- A name that money has from a report alone goes to the line that has it itself: the other line's references go with that line,
-- and the report's own is nobody's until it is decided again.
grant update (payment_id), delete on payment_reference to motlan_app;
