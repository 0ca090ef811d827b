-- Listings of accounts go by turns: whoever has waited longest is first, and no teller is asked faster than it says.

-- A transfer to the account may be under way, or come late, until then; without that it is listed rarely.
alter table account_sweep add column watched_until timestamptz;

create table listing_turn (
    profile    text primary key references merchant_profile,
    -- the teller is not called before this, by whatever process
    next_at    timestamptz not null,
    -- when it was last looked at which accounts are paid into
    looked_at  timestamptz not null
);
grant select, insert, update on listing_turn to motlan_app;
