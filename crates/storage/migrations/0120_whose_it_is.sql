-- Whom a payment or a case concerns, on its row, so that the list of a person with beneficiaries is a walk of an index
-- however much there is of others': `beneficiary:<code>` of the intent that it names, else the account or the contract that
-- it is on, else ''. A row that no trigger has seen is shown to those only who see all.

alter table payment add column whose text;
alter table kase add column whose text;

create function whose_payment(intent uuid, account text, profile text) returns text language sql stable
    set search_path = public, pg_temp as
$$ select coalesce((select 'beneficiary:' || i.beneficiary_code from intent i where i.id = intent),
                   'bank:' || account, 'clearing:' || profile, '') $$;

-- as case_in_context has them
create function whose_case(scope text, payment uuid, movement uuid, sighting uuid) returns text language sql stable
    set search_path = public, pg_temp as
$$ select coalesce('beneficiary:' || i.beneficiary_code, whose_case.scope,
                   'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                   'bank:' || s.account_code, 'clearing:' || s.profile, '')
   from (values (1)) as one
   left join payment p on p.id = whose_case.payment
   left join movement m on m.id = whose_case.movement
   left join sighting s on s.id = whose_case.sighting
   left join intent i on i.id = coalesce(p.intent_id, s.intent_id) $$;

create function payment_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := whose_payment(new.intent_id, new.receiving_account, new.profile);
    return new;
end $$;
create trigger payment_is_whose before insert or update of intent_id on payment
    for each row execute function payment_is_whose();

create function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    new.whose := whose_case(new.scope, new.payment_id, new.movement_id, new.sighting_id);
    return new;
end $$;
create trigger kase_is_whose before insert or update of scope, payment_id, movement_id, sighting_id on kase
    for each row execute function kase_is_whose();

-- a payment that finds its intent takes its cases with it
create function cases_follow_payment() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    update kase k set whose = whose_case(k.scope, k.payment_id, k.movement_id, k.sighting_id) where k.payment_id = new.id;
    return null;
end $$;
create trigger cases_follow_payment after update of intent_id on payment
    for each row when (old.intent_id is distinct from new.intent_id) execute function cases_follow_payment();

update payment set whose = whose_payment(intent_id, receiving_account, profile);
update kase set whose = whose_case(scope, payment_id, movement_id, sighting_id);
create index payment_by_whose on payment (whose, id);
-- in one column, since the bounds of a walk by row comparison are those of its first
create index kase_by_whose on kase ((whose || ' ' || status), id);

-- What concerns those of these beneficiaries: theirs, the accounts and contracts that one of them has a part in, those that
-- are nobody's yet, and what is on none.
create function concerning(beneficiaries text[]) returns setof text language sql stable as
$$ select 'beneficiary:' || b from unnest(beneficiaries) b
   union select scope from scope_beneficiary where beneficiary_code = any(beneficiaries)
   union (select 'bank:' || code from receiving_account union all select 'clearing:' || code from merchant_profile
          except select scope from scope_beneficiary)
   union select '' $$;

grant execute on function whose_payment(uuid, text, text), whose_case(text, uuid, uuid, uuid), concerning(text[])
    to motlan_app;
