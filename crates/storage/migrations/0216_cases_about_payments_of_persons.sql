-- Whoever's payment is still to be spoken about is needed, too: while a case about it is open that is about money (its line is missing,
-- it went back past us, a second debit of its refund), nobody erases them.

-- Whether people have yet to say what becomes of something about this payment. Not whether a dossier system or a provider's
-- receipt was reached: that needs nobody's name.
create function is_spoken_about(wanted uuid) returns boolean language sql stable set search_path = public, pg_temp as
$$ select exists (select from kase c where c.payment_id = wanted and c.status <> 'closed'
                  and c.kind not in ('undelivered', 'without_receipt', 'poison'))
       -- a refund that a file names by our order alone may be of any payment of that order
       or exists (select from refund_may_be_of o
                  join kase c on c.kind = 'refund_without_payment' and c.payment_id is null and c.status <> 'closed'
                      and c.subject = o.provider_txn_id and c.scope = 'clearing:' || o.profile
                  where o.payment_id = wanted)
       -- a debit with the codes of two refunds may be either
       or exists (select from refund r join movement d on d.direction = 'out' and d.fate = 'case' and d.codes && array[r.reference]
                  join kase c on c.movement_id = d.id and c.status <> 'closed'
                  where r.payment_id = wanted and r.route = 'transfer') $$;

-- as before, with all that is to be said of it
create or replace function waits_for_payer(wanted uuid) returns boolean language plpgsql stable set search_path = public, pg_temp as $$
declare
    held bigint;
begin
    if is_spoken_about(wanted)
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

grant execute on function is_spoken_about(uuid) to motlan_app;
