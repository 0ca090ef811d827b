-- When each phone was asked last: whoever has a payment's link types any number, and a number is rung so often at most. Under a
-- keyed index, never the number itself, and no longer than it counts.

create table phone_prompt (
    number_index  bytea primary key check (length(number_index) = 32),
    prompted_at   timestamptz[] not null check (cardinality(prompted_at) > 0)
);
grant select, insert, update, delete on phone_prompt to motlan_app;
