-- What comes after a payer was erased, the day's first statement above all, and the account of a refund that was proposed since,
-- goes as well: which obligations were the person's is remembered, though no longer whose they were.

create table erased_obligation (obligation_id uuid primary key references obligation);

insert into erased_obligation
select o.id from obligation o where exists (
    select from party p where p.id in (o.payer_id, o.owner_id) and p.erased_at is not null);

-- payments of erased obligations, as far as what they say of the person may go
create function payments_of_erased() returns setof uuid language sql stable set search_path = public, pg_temp as
$$ select p.id from erased_obligation e
   join intent_obligation i on i.obligation_id = e.obligation_id join payment p on p.intent_id = i.intent_id
   union
   select a.payment_id from erased_obligation e join allocation a on a.obligation_id = e.obligation_id
   join payment p on p.id = a.payment_id and p.intent_id is null $$;

-- who transferred, on the lines of money that was for nobody else; our own references stay readable. A line of a batch goes with
-- the first of those whose money it brought together: each part has a line of its own
create function erase_lines(theirs uuid[]) returns bigint language plpgsql set search_path = public, pg_temp as $$
declare
    lines bigint;
begin
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = array_to_string(m.codes, ' ')
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
           or l.text <> array_to_string(m.codes, ' '))
      and not exists (select from debts_of_payment(coalesce(k.payment_id, r.payment_id)) as d(id)
                      join obligation o on o.id = d.id join party other on other.id = o.payer_id
                      where other.erased_at is null);
    get diagnostics lines = row_count;
    return lines;
end $$;

create or replace function erase_parties(wanted uuid[], out parties bigint, out lines bigint) language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    theirs uuid[];
begin
    update party set sealed = '', key_id = '', identity_index = null, erased_at = now()
    where id = any(wanted) and erased_at is null;
    get diagnostics parties = row_count;
    -- it was made from the person's data too: whoever knows all else could try numbers against it
    with o as (
        update obligation set fingerprint = sha256(uuid_send(gen_random_uuid()))
        where payer_id = any(wanted) or owner_id = any(wanted) returning id)
    insert into erased_obligation select id from o on conflict do nothing;
    theirs := array(
        select distinct p.id from obligation o
        join intent_obligation i on i.obligation_id = o.id join payment p on p.intent_id = i.intent_id
        where o.payer_id = any(wanted) or o.owner_id = any(wanted)
        union
        select a.payment_id from obligation o join allocation a on a.obligation_id = o.id
        join payment p on p.id = a.payment_id and p.intent_id is null
        where o.payer_id = any(wanted) or o.owner_id = any(wanted));
    update refund r set payer_account_sealed = null
    where r.payment_id = any(theirs) and r.payer_account_sealed is not null;
    update refund_wish w set account_sealed = null, ends_in = '' where w.payment_id = any(theirs);
    lines := erase_lines(theirs);
end $$;

-- again, for what has come since; nothing where nobody was erased
create function erase_what_came_later() returns bigint language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    theirs uuid[];
begin
    theirs := array(select payments_of_erased());
    if theirs = '{}' then
        return 0;
    end if;
    update refund r set payer_account_sealed = null
    where r.payment_id = any(theirs) and r.payer_account_sealed is not null
      and r.status in ('succeeded', 'failed', 'rejected', 'cancelled');
    return erase_lines(theirs);
end $$;
revoke execute on function erase_lines(uuid[]) from public;
revoke execute on function payments_of_erased() from public;
revoke execute on function erase_what_came_later() from public;
grant execute on function erase_what_came_later() to motlan_app;
