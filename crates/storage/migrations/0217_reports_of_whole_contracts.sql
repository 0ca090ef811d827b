-- A report that nobody can read is about the account or the contract as a whole: it may be of any who have a part in it.

create or replace function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := whose_case(new.scope, new.payment_id, new.movement_id, new.sighting_id);
    if new.kind = 'poison' and new.whose ~ '^(bank|clearing|drawer):' then
        new.whose := 'whole:' || new.whose;
    end if;
    select coalesce(new.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                    'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile),
           coalesce(new.business_date, m.business_date, p.business_date,
                    (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date)
    into new.at_scope, new.at_day
    from (values (1)) as one
    left join payment p on p.id = new.payment_id
    left join movement m on m.id = new.movement_id
    left join sighting s on s.id = new.sighting_id;
    return new;
end $$;

update kase set whose = 'whole:' || whose where kind = 'poison' and whose ~ '^(bank|clearing|drawer):';
