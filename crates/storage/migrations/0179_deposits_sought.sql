-- Which deposits were looked for among what is on the account already. `fresh_deposit` said so before; the release before empties it
-- without having looked as this one does.
alter table deposit add column sought_at timestamptz;
create index deposit_not_sought on deposit (account_code, id) where sought_at is null;
grant update (sought_at) on deposit to motlan_app;
