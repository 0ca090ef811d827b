-- What a bill or a counter took names obligations and no intent: it concerns those to whom they are owed, and where they are
-- of several, all for whom the contract or the counter collects. Cash is on its drawer.

create or replace function whose_case(scope text, payment uuid, movement uuid, sighting uuid) returns text language sql stable
    set search_path = public, pg_temp as
$$ select coalesce('beneficiary:' || i.beneficiary_code, whose_case.scope,
                   'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                   'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile, '')
   from (values (1)) as one
   left join payment p on p.id = whose_case.payment
   left join movement m on m.id = whose_case.movement
   left join sighting s on s.id = whose_case.sighting
   left join intent i on i.id = coalesce(p.intent_id, s.intent_id) $$;

create or replace function payment_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := coalesce(nullif(whose_payment(new.intent_id, new.receiving_account, new.profile), ''),
                          'drawer:' || new.counter, '');
    return new;
end $$;

create function settled_is_whose() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update payment p set whose = 'beneficiary:' || o.owner
    from (select min(b.beneficiary_code) as owner, count(distinct b.beneficiary_code) as owners
          from allocation a join obligation b on b.id = a.obligation_id where a.payment_id = new.payment_id) o
    where p.id = new.payment_id and p.intent_id is null and o.owners = 1
      and (p.counter is not null or exists (select from counter_payment c where c.payment_id = p.id)
           or exists (select from bill_quote q where q.profile = p.profile));
    return null;
end $$;
create trigger settled_is_whose after insert on allocation for each row
    when (new.obligation_id is not null and new.amount > 0) execute function settled_is_whose();
