-- A case about an account, a contract or a drawer as a whole (a file, a row of a file that is no payment, a gap between
-- statements, a deposit) is seen as its day is: by those who see all that have a part in it. Money that names nobody is seen by
-- each of them, as before.

create or replace function whose_case(scope text, payment uuid, movement uuid, sighting uuid) returns text language sql stable
    set search_path = public, pg_temp as
$$ select coalesce('beneficiary:' || i.beneficiary_code,
                   case when whose_case.payment is null and whose_case.movement is null and whose_case.sighting is null
                        then 'whole:' || whose_case.scope else whose_case.scope end,
                   'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                   'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile, '')
   from (values (1)) as one
   left join payment p on p.id = whose_case.payment
   left join movement m on m.id = whose_case.movement
   left join sighting s on s.id = whose_case.sighting
   left join intent i on i.id = coalesce(p.intent_id, s.intent_id) $$;

create or replace function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := whose_case(new.scope, new.payment_id, new.movement_id, new.sighting_id);
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

update kase set whose = 'whole:' || scope
where payment_id is null and movement_id is null and sighting_id is null and scope is not null;

create or replace function concerning(beneficiaries text[]) returns setof text language sql stable as
$$ select 'beneficiary:' || b from unnest(beneficiaries) b
   union select scope from scope_beneficiary where beneficiary_code = any(beneficiaries)
   union select 'whole:' || scope from scope_beneficiary group by scope having bool_and(beneficiary_code = any(beneficiaries))
   union (select 'bank:' || code from receiving_account union all select 'clearing:' || code from merchant_profile
          except select scope from scope_beneficiary)
   union select '' $$;

-- a refund concerns whom its approval names, decided or not
create index approval_of_refund on approval (subject) where kind = 'refund';
