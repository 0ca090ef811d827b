-- A case of a deposit is about a drawer, and a drawer's cash may be other beneficiaries' than the account's.

create function drawer_of_deposit(subject text) returns text language sql stable set search_path = public, pg_temp as
$$ select 'drawer:' || counter_code from deposit
   where id = case when subject ~ '^dep_[0-9a-f]{32}$' then substr(subject, 5)::uuid end $$;

create or replace function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := coalesce('whole:' || drawer_of_deposit(new.subject),
                          whose_case(new.scope, new.payment_id, new.movement_id, new.sighting_id));
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

update kase set whose = 'whole:' || drawer_of_deposit(subject) where drawer_of_deposit(subject) is not null;
grant execute on function drawer_of_deposit(text) to motlan_app;
