-- Where a wallet that heard "pending" of a bill payment is told what became of it. Kept before it is promised; the outcome is
-- read when it is told.

create table bill_callback (
    sighting_id   uuid not null references bill_payment,
    url           text not null check (length(url) between 1 and 2048),
    -- of the call that asked for it last
    call_id       text,
    attempts      int not null default 0,
    due_at        timestamptz not null default now(),
    leased_until  timestamptz,
    said          text,
    -- told, or given up
    ended_at      timestamptz,
    told          boolean not null default false,
    constraint bill_callback_unique primary key (sighting_id, url)
);
create index bill_callback_due on bill_callback (due_at) where ended_at is null;
grant select, insert, update on bill_callback to motlan_app;
