-- Whoever has money waiting is needed for giving it back: nobody is erased before, and what comes for somebody who was erased
-- names them until it has found its home.

-- Payments for obligations of these persons: by intent, by bill, or placed there.
create function payments_naming(parties uuid[]) returns setof uuid language sql stable set search_path = public, pg_temp as
$$ with theirs as (select o.id from obligation o where o.payer_id = any(parties) or o.owner_id = any(parties))
   select p.id from theirs t join intent_obligation i on i.obligation_id = t.id join payment p on p.intent_id = i.intent_id
   union
   select a.payment_id from theirs t join allocation a on a.obligation_id = t.id
   union
   select p.id from theirs t join bill_quote_line l on l.obligation_id = t.id
   join bill_payment b on b.profile = l.profile and b.reference = l.reference
   join payment p on p.profile = b.profile and p.provider_txn_id = b.bank_txn_id $$;
create index bill_quote_line_by_obligation on bill_quote_line (obligation_id);

-- Whether money of a payment waits, and has not left past us; or a statement or people have yet to say how much of it there is.
create function waits_for_payer(wanted uuid) returns boolean language plpgsql stable set search_path = public, pg_temp as $$
declare
    held bigint;
begin
    if exists (select from kase c where c.payment_id = wanted and c.status <> 'closed'
               and c.kind in ('amount_differs', 'possible_same_movement'))
       or exists (select from approval d where d.status = 'pending'
                  and (d.subject = assurance.text_id('pay', wanted)
                       or d.subject in (select assurance.text_id('obl', l.obligation_id) from allocation l
                                        where l.payment_id = wanted and l.obligation_id is not null))) then
        return true;
    end if;
    select coalesce(sum(a.amount), 0) into held from allocation a
    where a.payment_id = wanted and a.suspense_reason is not null;
    return held > 0 and held > unexplained_debits(wanted);
end $$;

-- whichever release asks for it
create function needed_for_money() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if exists (select from payments_naming(array[new.id]) as n(id) where waits_for_payer(n.id)) then
        raise exception 'party %: money waits', new.id
            using errcode = 'check_violation', constraint = 'party_needed_for_money';
    end if;
    return new;
end $$;
create trigger needed_for_money before update of erased_at on party
    for each row when (old.erased_at is null and new.erased_at is not null) execute function needed_for_money();

-- as before, without those of which money waits or is on its way back
create or replace function payments_of_erased() returns setof uuid language sql stable set search_path = public, pg_temp as
$$ with theirs as (
       select p.id from erased_obligation e
       join intent_obligation i on i.obligation_id = e.obligation_id join payment p on p.intent_id = i.intent_id
       union
       select a.payment_id from erased_obligation e join allocation a on a.obligation_id = e.obligation_id
       join payment p on p.id = a.payment_id and p.intent_id is null)
   select t.id from theirs t
   where not exists (select from refund r where r.payment_id = t.id
                     and r.status not in ('succeeded', 'failed', 'rejected', 'cancelled'))
     and not waits_for_payer(t.id) $$;

-- as before, and the account that somebody told on the page since
create or replace function erase_what_came_later() returns bigint language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    theirs uuid[];
begin
    theirs := array(select payments_of_erased());
    if theirs = '{}' then
        return 0;
    end if;
    update refund r set payer_account_sealed = null
    where r.payment_id = any(theirs) and r.payer_account_sealed is not null;
    update refund_wish w set account_sealed = null, ends_in = ''
    where w.payment_id = any(theirs) and w.account_sealed is not null;
    return erase_lines(theirs);
end $$;

grant execute on function payments_naming(uuid[]), waits_for_payer(uuid) to motlan_app;
