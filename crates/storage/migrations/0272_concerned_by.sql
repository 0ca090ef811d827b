-- Whom something concerns, for whoever asks: the decision, and the pages that show what is to be decided.

-- whose money a case is about: of the intent that it names, or all on whose account or contract it is; of a deposit also all whose cash
-- the drawer may hold
create function concerned_by_case(wanted uuid) returns text[] language sql stable as $$
    select coalesce(
        (select array[c.beneficiary_code] where c.beneficiary_code is not null),
        (select array_agg(distinct b.beneficiary_code order by b.beneficiary_code) from scope_beneficiary b
         where b.scope in (c.scope, drawer_of_deposit(c.subject))),
        '{}') from case_in_context c where c.id = wanted
$$;

create function concerned_by_payment(wanted uuid) returns text[] language sql stable as $$
    select case when starts_with(p.whose, 'beneficiary:') then array[substr(p.whose, length('beneficiary:') + 1)]
        else array(select distinct b.beneficiary_code from scope_beneficiary b where b.scope = p.whose order by 1) end
    from payment p where p.id = wanted
$$;

-- What two persons say of a case concerns whom the case concerns by now, also once it is decided, and whom the payment does that is
-- said to be the same money. Anything else stays what it was proposed as.
create function concerned_by(a approval) returns text[] language sql stable as $$
    select case when a.kind = 'case_resolution' then array(
            select distinct code collate "C" from unnest(
                concerned_by_case(case_of_approval(a.kind, a.subject, a.payload))
                || concerned_by_payment(substring(a.payload ->> 'payment_id' from '^pay_([0-9a-f]{32})$')::uuid)) as c(code)
            order by 1)
        else a.beneficiaries end
$$;

-- Of several, who sees a part speaks for no other, and what concerns nobody in particular is for those who see all.
create function reaches(own text[], concerned text[]) returns boolean language sql immutable as
$$ select cardinality(concerned) > 0 and concerned <@ own $$;
