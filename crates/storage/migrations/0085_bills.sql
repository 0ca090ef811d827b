-- Bill collection: what banks and wallets were told of a code, and what became of what they paid.

create index obligation_by_customer on obligation (customer_code) where customer_code is not null;

-- A quote is what was told. Its reference is made of all of it, so that the same answer on the same day is one row.
create table bill_quote (
    profile           text not null references merchant_profile,
    reference         text not null,
    customer_key      text not null,
    beneficiary_code  text not null references beneficiary,
    amount            bigint not null check (amount > 0),
    expires_at        timestamptz not null,
    quoted_at         timestamptz not null default now(),
    constraint bill_quote_reference_unique primary key (profile, reference)
);

create table bill_quote_line (
    profile        text not null,
    reference      text not null,
    position       int not null,
    obligation_id  uuid not null references obligation,
    version        int not null,
    amount         bigint not null check (amount > 0),
    primary key (profile, reference, position),
    foreign key (profile, reference) references bill_quote
);

-- What a bank was told of a payment, for ever: kept in the commit that books it, or that refuses it.
create table bill_payment (
    sighting_id   uuid primary key references sighting,
    profile       text not null references merchant_profile,
    bank_txn_id   text not null,
    call_id       text,
    customer_key  text not null,
    -- as the bank named it: where the outcome is unknown_bill, nothing that we told
    reference     text not null,
    amount        bigint not null,
    told_amount   bigint,
    outcome       text not null check (outcome in ('paid', 'unknown_bill', 'paid_already', 'cancelled', 'changed', 'expired',
                                                   'wrong_amount')),
    payment_id    uuid references payment,
    decided_at    timestamptz not null,
    constraint bill_payment_transaction_unique unique (profile, bank_txn_id),
    constraint bill_payment_paid_is_booked check ((outcome = 'paid') = (payment_id is not null))
);
create index bill_payment_by_bill on bill_payment (profile, reference);
create index bill_payment_by_call on bill_payment (profile, call_id) where call_id is not null;

-- said once
grant select, insert on bill_quote, bill_quote_line, bill_payment to motlan_app;

create view assurance.bill_quote as
select profile, reference, beneficiary_code as beneficiary, amount, expires_at, quoted_at from bill_quote;

create view assurance.bill_payment as
select assurance.text_id('sgt', sighting_id) as sighting_id, profile, bank_txn_id, reference, amount, outcome,
       assurance.text_id('pay', payment_id) as payment_id, decided_at
from bill_payment;

grant select on assurance.bill_quote, assurance.bill_payment to motlan_auditor;
