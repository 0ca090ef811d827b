-- Which day of which account, contract or drawer a case is of, on its row, as case_in_context has it: what they rest on does
-- not change. The cases of one day are a walk of an index, however many there are of others.

alter table kase add column at_scope text, add column at_day date;

create or replace function kase_is_whose() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    select coalesce('beneficiary:' || x.beneficiary_code, x.scope, ''), x.scope, x.day into new.whose, new.at_scope, new.at_day
    from (select i.beneficiary_code,
                 coalesce(new.scope, 'bank:' || coalesce(m.account_code, p.receiving_account), 'clearing:' || p.profile,
                          'drawer:' || p.counter, 'bank:' || s.account_code, 'clearing:' || s.profile) as scope,
                 coalesce(new.business_date, m.business_date, p.business_date,
                          (s.stated_at at time zone 'Asia/Ho_Chi_Minh')::date) as day
          from (values (1)) as one
          left join payment p on p.id = new.payment_id
          left join movement m on m.id = new.movement_id
          left join sighting s on s.id = new.sighting_id
          left join intent i on i.id = coalesce(p.intent_id, s.intent_id)) x;
    return new;
end $$;
drop trigger kase_is_whose on kase;
create trigger kase_is_whose before insert or update of scope, business_date, payment_id, movement_id, sighting_id on kase
    for each row execute function kase_is_whose();

update kase k set at_scope = c.scope, at_day = c.business_date from case_in_context c where c.id = k.id;
create index kase_by_day on kase (at_scope, at_day, id) where at_scope is not null;

create index statement_line_repeated on statement_line (business_date) where repeated;
