-- What matching asks of a batch, and what a receipt asks of its obligation, is found by an index however much else there is.

-- how many open credits have an amount
create index movement_open_credit on movement (account_code, amount)
    where fate is null and direction = 'in' and payout_of is null;
create index kase_without_receipt on kase (subject) where kind = 'without_receipt' and status <> 'closed';

-- As before; and those that matching fills besides. A plan that was made when they were empty would read them whole for each row.
create or replace function analyze_bank_tables() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    analyze sighting, sighting_outcome, payment, payment_reference, movement, movement_reference, statement_line, movement_match,
        journal, ledger_entry, allocation, kase;
end $$;

-- As before, in one look at what the case rests on.
create or replace function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
    owner text;
begin
    select i.beneficiary_code,
           coalesce(new.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                    'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile),
           coalesce(new.business_date, m.business_date, p.business_date,
                    (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date)
    into owner, new.at_scope, new.at_day
    from (values (1)) as one
    left join payment p on p.id = new.payment_id
    left join movement m on m.id = new.movement_id
    left join sighting s on s.id = new.sighting_id
    left join intent i on i.id = coalesce(p.intent_id, s.intent_id);

    new.whose := coalesce(
        'beneficiary:' || owner,
        case when num_nonnulls(new.payment_id, new.movement_id, new.sighting_id) = 0 then 'whole:' || new.scope end,
        new.at_scope, '');
    if new.subject like 'dep\_%' then
        new.whose := coalesce('whole:' || drawer_of_deposit(new.subject), new.whose);
    end if;
    if new.kind = 'poison' and new.whose ~ '^(bank|clearing|drawer):' then
        new.whose := 'whole:' || new.whose;
    end if;
    return new;
end $$;

-- What they call depends on settings for all that the database knows; said to depend on nothing, they were called for each value
-- of each text that is sealed instead of being a part of its query.
alter function assurance.utc(timestamptz) stable;
alter function assurance.sealed_date(date) stable;
