-- What is remitted to the treasury of the fees that were collected: how much of each, when and under which budget codes; the
-- instructions, and which lines of the books each rests on. What becomes of one is the table at the head of
-- crates/domain/src/remittance.rs.

alter table approval drop constraint approval_kind_check;
alter table approval add constraint approval_kind_check check (kind in ('refund', 'reduction', 'case_resolution',
    'day_reopening', 'beneficiary_account', 'profile_credentials', 'person_rights', 'person_key', 'counter_void',
    'contract_fee', 'receipt_replacement', 'statement_supersession', 'remittance'));

insert into assurance.legal_transition (entity_type, from_state, to_state, tells) values
    ('remittance', null, 'prepared', null),
    ('remittance', 'prepared', 'instructed', null),
    ('remittance', 'prepared', 'cancelled', null),
    ('remittance', 'instructed', 'cancelled', null),
    ('remittance', 'instructed', 'paid', null);

-- Of one fee of one beneficiary, from a day on: for what was paid from that day on, until another rule of the fee begins.
create table remittance_rule (
    id                     uuid primary key,
    beneficiary_code       text not null references beneficiary,
    fee_code               text not null,
    valid_from             date not null,
    -- what the agency keeps, in millionths
    retained_ppm           int not null check (retained_ppm between 0 and 1000000),
    rounding               text not null check (rounding in ('half_up', 'up', 'down')),
    period                 text not null check (period in ('weekly', 'monthly')),
    due_by                 text not null check (due_by in ('day', 'worked_day')),
    due_n                  int not null check (due_n between 1 and 28),
    -- chương, tiểu mục, mã ĐBHC, mã ĐVQHNS
    chapter                text not null check (chapter ~ '^[0-9]{3}$'),
    sub_item               text not null check (sub_item ~ '^[0-9]{4}$'),
    area                   text not null check (area ~ '^[0-9]{2,10}$'),
    unit                   text not null check (unit ~ '^[0-9]{7}$'),
    -- the account of ours that it leaves, and where it goes
    account_code           text not null references receiving_account,
    treasury               text not null check (length(treasury) between 1 and 300),
    treasury_bank_bin      text not null check (treasury_bank_bin ~ '^[0-9]{6}$'),
    treasury_account       text not null check (treasury_account ~ '^[0-9A-Z.]{1,32}$'),
    treasury_account_name  text not null check (length(treasury_account_name) between 1 and 300),
    legal_basis            text not null check (length(legal_basis) between 1 and 300),
    set_by                 text not null,
    set_at                 timestamptz not null,
    constraint remittance_rule_from_once unique (beneficiary_code, fee_code, valid_from)
);

create table remittance (
    id                     uuid primary key,
    beneficiary_code       text not null references beneficiary,
    period                 text not null check (period in ('weekly', 'monthly')),
    begins_on              date not null,
    ends_on                date not null check (ends_on >= begins_on),
    due_on                 date not null check (due_on > ends_on),
    account_code           text not null references receiving_account,
    unit                   text not null,
    treasury               text not null,
    treasury_bank_bin      text not null,
    treasury_account       text not null,
    treasury_account_name  text not null,
    amount                 bigint not null check (amount > 0),
    -- by which its debit is known on a statement
    reference              text not null constraint remittance_reference_unique unique,
    note                   text not null default '',
    status                 text not null,
    version                int not null default 1,
    prepared_by            text not null,
    created_at             timestamptz not null,
    updated_at             timestamptz not null,
    constraint remittance_periods_apart exclude using gist
        (beneficiary_code with =, period with =, account_code with =, unit with =, treasury_bank_bin with =,
         treasury_account with =, daterange(begins_on, ends_on, '[]') with &&) where (status <> 'cancelled')
);
create index remittance_by_beneficiary on remittance (beneficiary_code, id);
create trigger remittance_transition before insert or update on remittance
    for each row execute function check_transition('remittance');

-- What it says of one rule; the codes are those of the rule, which stand once a remittance names it.
create table remittance_item (
    remittance_id  uuid not null references remittance,
    rule_id        uuid not null references remittance_rule,
    -- of its lines: what came less what went back
    collected      bigint not null,
    retained       bigint not null,
    -- between the rules of one fee
    carried        bigint not null,
    amount         bigint not null check (amount >= 0),
    primary key (remittance_id, rule_id),
    constraint remittance_item_adds_up check (amount = collected - retained + carried)
);
create index remittance_item_by_rule on remittance_item (rule_id);

-- The lines of the books that it rests on: what a payment gave to an obligation, or took back from it.
create table remittance_line (
    remittance_id  uuid not null,
    rule_id        uuid not null,
    allocation_id  bigint not null references allocation,
    amount         bigint not null,
    -- its remittance is not cancelled
    live           boolean not null default true,
    foreign key (remittance_id, rule_id) references remittance_item,
    primary key (remittance_id, allocation_id)
);
create unique index remittance_line_once on remittance_line (allocation_id) where live;

-- What was instructed is what was approved.
create function check_remittance() returns trigger language plpgsql as $$
begin
    if to_jsonb(old) - array['status', 'version', 'updated_at'] <> to_jsonb(new) - array['status', 'version', 'updated_at'] then
        raise exception 'remittance %: what it says does not change', old.id
            using errcode = 'check_violation', constraint = 'remittance_stands';
    end if;
    return new;
end $$;
create trigger remittance_stands before update on remittance for each row execute function check_remittance();

create function free_remittance_lines() returns trigger language plpgsql as $$
begin
    update remittance_line set live = false where remittance_id = new.id;
    return null;
end $$;
create trigger remittance_frees_its_lines after update of status on remittance for each row
    when (new.status = 'cancelled' and old.status <> 'cancelled') execute function free_remittance_lines();

create function check_remittance_rule() returns trigger language plpgsql as $$
begin
    if exists (select from remittance_item where rule_id = old.id) then
        raise exception 'rule %: a remittance names it', old.id
            using errcode = 'check_violation', constraint = 'remittance_rule_stands';
    end if;
    return new;
end $$;
create trigger remittance_rule_stands before update on remittance_rule for each row execute function check_remittance_rule();

-- ---------------------------------------------------------------- its debit

alter table movement_match add column remittance_id uuid references remittance;
alter table movement_match add constraint movement_match_remittance
    check ((contra_account is not distinct from 'remittance') = (remittance_id is not null));
create unique index remittance_claims_one_debit on movement_match (remittance_id) where remittance_id is not null;

insert into account (code, kind) select 'remitted:' || code, 'remitted' from beneficiary on conflict do nothing;

-- ---------------------------------------------------------------- which money stood on a bank account, and since when

-- When the money of a payment was seen on an account of ours: the line of a transfer; the payout of the settlement that has it
-- (one of nothing pays out on its own day); of cash the deposit with which its drawer had brought that much.
create function reached_bank(wanted uuid) returns date language sql stable as $$
    select min(day) from (
        select m.business_date as day from movement_match k join movement m on m.id = k.movement_id
        where k.payment_id = wanted and k.amount > 0
        union all
        select coalesce(m.business_date, case when s.net = 0 then s.date end)
        from settlement_line l join settlement s on s.id = l.settlement_id
        left join movement_match k on k.settlement_id = s.id
        left join movement m on m.id = k.movement_id
        where l.payment_id = wanted and l.kind = 'payment' and l.disposition in ('matched', 'case')
        union all
        select min(d.day) from payment p
        cross join lateral (
            select m.business_date as day,
                   sum(least(x.amount, k.amount)) over (order by m.business_date, m.id) as brought
            from deposit x join movement_match k on k.deposit_id = x.id join movement m on m.id = k.movement_id
            where x.counter_code = p.counter) d
        where p.id = wanted and p.counter is not null and d.brought >= (
            select sum(q.amount - q.reversed) from payment q
            where q.counter = p.counter and (q.recorded_at, q.id) <= (p.recorded_at, p.id))) seen
$$;

-- ---------------------------------------------------------------- rights

grant select on remittance_rule, remittance, remittance_item, remittance_line to motlan_app;
grant insert on remittance_rule, remittance, remittance_item, remittance_line to motlan_app;
grant update (retained_ppm, rounding, period, due_by, due_n, chapter, sub_item, area, unit, account_code, treasury,
              treasury_bank_bin, treasury_account, treasury_account_name, legal_basis, set_by, set_at)
    on remittance_rule to motlan_app;
grant update (status, version, updated_at) on remittance to motlan_app;
grant update (live) on remittance_line to motlan_app;
grant execute on function reached_bank(uuid) to motlan_app;

-- ---------------------------------------------------------------- the books, as others may check them

create or replace view assurance.match as
select assurance.text_id('mov', movement_id) as movement_id, assurance.text_id('pay', payment_id) as payment_id,
       assurance.text_id('stl', settlement_id) as settlement_id, assurance.text_id('rfd', refund_id) as refund_id,
       contra_account, amount, rule, fields, assurance.text_id('dep', deposit_id) as deposit_id,
       assurance.text_id('rmt', remittance_id) as remittance_id
from movement_match;

create or replace view assurance.transition as
select seq, entity_type,
       assurance.text_id(case entity_type when 'obligation' then 'obl' when 'intent' then 'pi' when 'attempt' then 'att'
                         when 'refund' then 'rfd' when 'receipt' then 'rcp' when 'remittance' then 'rmt' else 'cas' end,
                         entity_id) as entity_id,
       version, from_state, to_state, cause, at
from transition;

create view assurance.remittance_rule as
select assurance.text_id('rmr', id) as rule_id, beneficiary_code as beneficiary, fee_code, valid_from, retained_ppm, rounding,
       period, due_by, due_n, chapter, sub_item, area, unit, account_code as account, treasury, treasury_bank_bin,
       treasury_account, legal_basis, set_by, set_at
from remittance_rule;

create view assurance.remittance as
select assurance.text_id('rmt', id) as remittance_id, beneficiary_code as beneficiary, period, begins_on, ends_on, due_on,
       account_code as account, unit, treasury, treasury_bank_bin, treasury_account, amount, reference, status, version,
       prepared_by, created_at
from remittance;

create view assurance.remittance_item as
select assurance.text_id('rmt', remittance_id) as remittance_id, assurance.text_id('rmr', rule_id) as rule_id, collected, retained,
       carried, amount
from remittance_item;

create view assurance.remittance_line as
select assurance.text_id('rmt', remittance_id) as remittance_id, assurance.text_id('rmr', rule_id) as rule_id, allocation_id,
       amount, live
from remittance_line;
grant select on assurance.remittance_rule, assurance.remittance, assurance.remittance_item, assurance.remittance_line
    to motlan_app, motlan_auditor;
