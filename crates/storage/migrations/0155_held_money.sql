-- Our last word about money that a payer has authorised and that waits for one: kept before the provider hears it. Of the
-- attempts of one intent, one is taken.

create table held_money (
    attempt_id  uuid primary key references attempt,
    word        text not null check (word in ('take', 'let_go')),
    said_at     timestamptz not null
);

grant select, insert on held_money to motlan_app;
grant update (word, said_at) on held_money to motlan_app;
