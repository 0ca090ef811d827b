-- A channel that is switched off, or will be away for a time that somebody announced. It takes no new attempt; money that
-- arrives on it is taken all the same.

create table channel_switch (
    channel     text primary key,
    -- null: it is on
    off_since   timestamptz,
    -- payers read it
    reason      text not null,
    changed_by  text not null,
    changed_at  timestamptz not null
);

create table channel_downtime (
    id            uuid primary key,
    channel       text not null,
    starts_at     timestamptz not null,
    ends_at       timestamptz not null,
    reason        text not null,
    announced_by  text not null,
    announced_at  timestamptz not null,
    withdrawn_at  timestamptz,
    constraint channel_downtime_ends_after_it_starts check (starts_at < ends_at)
);
create index channel_downtime_by_end on channel_downtime (ends_at) where withdrawn_at is null;

alter table merchant_profile add constraint merchant_profile_limits check (max_amount is null or min_amount <= max_amount);

grant select, insert, update on channel_switch to motlan_app;
grant select, insert on channel_downtime to motlan_app;
grant update (withdrawn_at) on channel_downtime to motlan_app;
