-- What finance staff read: cases with whose day they belong to, whom an account belongs to; and how a day stays closed.

-- ---------------------------------------------------------------- days

-- A closed day closes all days before it: their balances are part of its own. So the first open day is the one after the
-- last closed one, and a booking for a day that nothing had happened on cannot slip in behind it.
create or replace function open_day(scope text, day date) returns date language plpgsql as $$
begin
    if scope is null then
        return day;
    end if;
    -- whoever closes holds it alone
    perform pg_advisory_xact_lock_shared(hashtextextended('day:' || scope, 0));
    return (select greatest(open_day.day, max(c.day) + 1) from closed_day c where c.scope = open_day.scope);
end $$;

-- ---------------------------------------------------------------- cases

-- Whose account it is; several beneficiaries may have one account.
create view account_beneficiary as
select distinct r.code as account_code, a.beneficiary_code
from receiving_account r
join beneficiary_account a on a.bank_bin = r.bank_bin and a.account_number = r.account_number;
-- or whom a provider collects for, under the ledger's name of either
create view scope_beneficiary as
select 'bank:' || account_code as scope, beneficiary_code from account_beneficiary
union all
select 'clearing:' || profile_code, beneficiary_code from profile_beneficiary;

-- Older kinds say neither whose day they are of nor which: it follows from their money.
create view case_in_context as
select k.id, k.kind, k.status, k.amount, k.payment_id, k.sighting_id, k.movement_id, k.subject, k.opened_at, k.updated_at,
       coalesce(k.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                'bank:' || s.account_code, 'clearing:' || s.profile) as scope,
       coalesce(k.business_date, m.business_date, p.business_date,
                (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date) as business_date,
       i.beneficiary_code
from kase k
left join payment p on p.id = k.payment_id
left join movement m on m.id = k.movement_id
left join sighting s on s.id = k.sighting_id
left join intent i on i.id = coalesce(p.intent_id, s.intent_id);

-- ---------------------------------------------------------------- dossier codes in the text of a transfer

create function plain_code(code text) returns text language sql immutable parallel safe as
$$ select upper(regexp_replace(code, '[^A-Za-z0-9]', '', 'g')) $$;
create index obligation_by_plain_code on obligation (plain_code(dossier_code)) where dossier_code is not null;

-- ---------------------------------------------------------------- reports by day

-- rows lie in the order of their days, so a few pages of it do
create index payment_by_day on payment using brin (business_date) with (pages_per_range = 32);

-- ---------------------------------------------------------------- rights

grant select on account_beneficiary, scope_beneficiary, case_in_context to motlan_app;
grant execute on function plain_code(text) to motlan_app;
