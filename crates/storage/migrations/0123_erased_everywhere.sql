-- A payer is erased from refunds, from what the page was told, and from statements' lines and their parts; of money that
-- named an intent, and of money that named obligations alone (a bill, a counter).

create function debts_of_payment(wanted uuid) returns setof uuid language sql stable set search_path = public, pg_temp as
$$ select i.obligation_id from payment p join intent_obligation i on i.intent_id = p.intent_id where p.id = wanted
   union
   select a.obligation_id from payment p join allocation a on a.payment_id = p.id
   where p.id = wanted and p.intent_id is null and a.obligation_id is not null $$;

create or replace function erase_parties(wanted uuid[], out parties bigint, out lines bigint) language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    theirs uuid[];
begin
    update party set sealed = '', key_id = '', identity_index = null, erased_at = now()
    where id = any(wanted) and erased_at is null;
    get diagnostics parties = row_count;
    -- it was made from the person's data too: whoever knows all else could try numbers against it
    update obligation set fingerprint = sha256(uuid_send(gen_random_uuid()))
    where payer_id = any(wanted) or owner_id = any(wanted);
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
    -- who transferred, on the lines of money that was for nobody else; our own references stay readable. A line of a batch
    -- goes with the first of those whose money it brought together: each part has a line of its own
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = array_to_string(m.codes, ' ')
    from (select statement_id, line_no, movement_id from statement_line
          union all select statement_id, line_no, movement_id from statement_line_part) named
    join movement m on m.id = named.movement_id
    join movement_match k on k.movement_id = m.id
    left join refund r on r.id = k.refund_id
    where l.statement_id = named.statement_id and l.line_no = named.line_no
      and coalesce(k.payment_id, r.payment_id) = any(theirs)
      and not exists (select from debts_of_payment(coalesce(k.payment_id, r.payment_id)) as d(id)
                      join obligation o on o.id = d.id join party other on other.id = o.payer_id
                      where other.erased_at is null);
    get diagnostics lines = row_count;
end $$;
