-- What the bank booked in one sum is known as that where its parts have references of their own, or none: another format shows
-- the sum only.

alter table statement_line
    -- which of the file's entries with several transactions the line is a part of; null where it is the entry
    add column entry_no int,
    -- the entry's own reference, qualified
    add column entry_ref text;
create index statement_line_by_entry on statement_line (entry_ref) where entry_ref is not null;
