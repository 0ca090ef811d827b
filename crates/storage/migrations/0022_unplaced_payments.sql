-- Payments that named nothing of ours, and whose line on a statement has codes of ours: looked at once, by whoever matches.
create table unplaced_payment (
    payment_id uuid primary key references payment,
    account_code text not null
);
create index unplaced_payment_of_account on unplaced_payment (account_code, payment_id);

insert into unplaced_payment (payment_id, account_code)
select p.id, m.account_code from movement m
join movement_match k on k.movement_id = m.id join payment p on p.id = k.payment_id
where cardinality(m.codes) > 0 and p.intent_id is null;

grant select, insert, delete on unplaced_payment to motlan_app;
