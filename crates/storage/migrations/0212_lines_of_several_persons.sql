-- A line that is several persons' money says whose it is until the last of them is erased: also where people placed what an
-- intent left over on another's debt, and where one line is several payments that have no other line of their own.

create or replace function debts_of_payment(wanted uuid) returns setof uuid language sql stable
    set search_path = public, pg_temp as
$$ select i.obligation_id from payment p join intent_obligation i on i.intent_id = p.intent_id where p.id = wanted
   union
   select a.obligation_id from allocation a where a.payment_id = wanted and a.obligation_id is not null $$;

create function names_unerased(payment uuid) returns boolean language sql stable set search_path = public, pg_temp as
$$ select exists (select from debts_of_payment(payment) as d(id) join obligation o on o.id = d.id
                  join party other on other.id = o.payer_id where other.erased_at is null) $$;

-- Payments of others' intents of which people placed something on these obligations: who sent them is the others' to say, so
-- their lines go with the last, and accounts of their refunds are not touched.
create function payments_placed_on(obligations uuid[]) returns setof uuid language sql stable
    set search_path = public, pg_temp as
$$ select a.payment_id from allocation a join payment p on p.id = a.payment_id and p.intent_id is not null
   where a.obligation_id = any(obligations) $$;

-- Our own references in a line, of all the movements that it is: the same whichever of them is looked at.
create function codes_of_line(statement uuid, line int) returns text language sql stable set search_path = public, pg_temp as
$$ select array_to_string(array(
       select c.code
       from (select l.movement_id from statement_line l where l.statement_id = statement and l.line_no = line
             union select p.movement_id from statement_line_part p where p.statement_id = statement and p.line_no = line) named
       join movement m on m.id = named.movement_id
       cross join unnest(m.codes) with ordinality as c(code, n)
       group by c.code order by min(m.id::text), min(c.n)), ' ') $$;

create or replace function erase_lines(theirs uuid[]) returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
    lines bigint;
begin
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = codes_of_line(l.statement_id, l.line_no)
    from (select l.statement_id, l.line_no, l.movement_id from statement_line l
          union all select p.statement_id, p.line_no, p.movement_id from statement_line_part p) named
    join movement m on m.id = named.movement_id
    join movement_match k on k.movement_id = m.id
    left join refund r on r.id = k.refund_id
    where l.statement_id = named.statement_id and l.line_no = named.line_no
      and m.id in (select x.movement_id from movement_match x where x.payment_id = any(theirs)
                   union select x.movement_id from movement_match x join refund t on t.id = x.refund_id
                         where t.payment_id = any(theirs))
      and (l.counterparty_name is not null or l.counterparty_account is not null
           or l.text <> codes_of_line(l.statement_id, l.line_no))
      and not names_unerased(coalesce(k.payment_id, r.payment_id))
      -- what another part of it is has a line of its own, or is of erased persons too
      and not exists (
          select from (select l.movement_id union
                       select p.movement_id from statement_line_part p
                       where p.statement_id = l.statement_id and p.line_no = l.line_no) part
          join movement_match y on y.movement_id = part.movement_id
          left join refund t on t.id = y.refund_id
          where part.movement_id <> m.id and names_unerased(coalesce(y.payment_id, t.payment_id))
            and not exists (select from statement_line own where own.movement_id = part.movement_id
                            and (own.statement_id, own.line_no) <> (l.statement_id, l.line_no)));
    get diagnostics lines = row_count;
    return lines;
end $$;

create or replace function erase_parties(wanted uuid[], out parties bigint, out lines bigint) language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    debts uuid[];
    theirs uuid[];
begin
    update party set sealed = '', key_id = '', identity_index = null, erased_at = now()
    where id = any(wanted) and erased_at is null;
    get diagnostics parties = row_count;
    debts := array(select o.id from obligation o where o.payer_id = any(wanted) or o.owner_id = any(wanted));
    -- it was made from the person's data too: whoever knows all else could try numbers against it
    update obligation set fingerprint = sha256(uuid_send(gen_random_uuid())) where id = any(debts);
    insert into erased_obligation select unnest(debts) on conflict do nothing;
    theirs := array(
        select p.id from intent_obligation i join payment p on p.intent_id = i.intent_id where i.obligation_id = any(debts)
        union
        select a.payment_id from allocation a join payment p on p.id = a.payment_id and p.intent_id is null
        where a.obligation_id = any(debts));
    update refund r set payer_account_sealed = null
    where r.payment_id = any(theirs) and r.payer_account_sealed is not null;
    update refund_wish w set account_sealed = null, ends_in = '' where w.payment_id = any(theirs);
    lines := erase_lines(theirs || array(select payments_placed_on(debts)));
end $$;

create or replace function erase_what_came_later() returns bigint language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    theirs uuid[];
    placed uuid[];
begin
    theirs := array(select payments_of_erased());
    placed := array(select p.id from payments_placed_on(array(select obligation_id from erased_obligation)) as p(id)
                    where not exists (select from refund r where r.payment_id = p.id
                                      and r.status not in ('succeeded', 'failed', 'rejected', 'cancelled'))
                      and not waits_for_payer(p.id));
    if theirs || placed = '{}' then
        return 0;
    end if;
    update refund r set payer_account_sealed = null
    where r.payment_id = any(theirs) and r.payer_account_sealed is not null;
    update refund_wish w set account_sealed = null, ends_in = ''
    where w.payment_id = any(theirs) and w.account_sealed is not null;
    return erase_lines(theirs || placed);
end $$;

revoke execute on function names_unerased(uuid), codes_of_line(uuid, int), payments_placed_on(uuid[]) from public;
