-- Whether a credit's text has the slip of a deposit is asked once: of a statement when it is imported, and of what is there already
-- when the deposit is declared. What it may be claimed by is then a matter of these rows, however long the account's history is.
create table deposit_credit (
    deposit_id    uuid not null references deposit,
    movement_id   uuid not null references movement,
    account_code  text not null references receiving_account,
    primary key (deposit_id, movement_id)
);
create index deposit_credit_by_account on deposit_credit (account_code);
create index deposit_by_amount on deposit (account_code, amount, declared_at);
grant select, insert on deposit_credit to motlan_app;

-- those that wait at the upgrade are looked for once
insert into fresh_deposit (deposit_id, account_code)
select d.id, d.account_code from deposit d
where not exists (select from movement_match k where k.deposit_id = d.id) on conflict do nothing;
