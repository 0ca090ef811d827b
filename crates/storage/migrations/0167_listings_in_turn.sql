-- Listings of accounts go by turns: whoever has waited longest is first, and no teller is asked faster than it says.

-- An attempt that pays into the account is watched: it is listed often, all others rarely.
alter table account_sweep add column watched boolean not null default false;

create table listing_turn (
    profile    text primary key references merchant_profile,
    -- the teller is not called before this, by whatever process
    next_at    timestamptz not null,
    -- when it was last looked at which accounts are paid into
    looked_at  timestamptz not null
);
grant select, insert, update on listing_turn to motlan_app;
