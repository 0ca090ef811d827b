-- What a parked report came with beside its payload, so that it can be verified and read once more: method, path and
-- headers, sealed, since a header may be a secret.

create table parked_call (
    sighting_id  uuid primary key references sighting,
    sealed       bytea not null,
    key_id       text not null
);

create index sighting_outcome_parked on sighting_outcome (sighting_id) where state = 'parked';
create index kase_poison on kase (sighting_id) where kind = 'poison' and status <> 'closed';

grant select, insert on parked_call to motlan_app;
