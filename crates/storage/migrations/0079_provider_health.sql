-- What a provider last said of its own service, by contract. What is older than some minutes says nothing any more.
create table provider_health (
    profile     text primary key references merchant_profile,
    is_up       boolean not null,
    is_degraded boolean not null,
    back_at     timestamptz,
    told_at     timestamptz not null
);
grant select, insert, update on provider_health to motlan_app;
