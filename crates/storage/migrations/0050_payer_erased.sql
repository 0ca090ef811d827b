-- A person's data can be taken out of the books without touching what was booked (docs/personal-data.md): the sealed row
-- of the payer is emptied, and what bank statements say of the other side of that person's transfers. Accounting
-- documents as they came (files of banks, reports of providers) stay as long as the law keeps them.

alter table party
    add column erased_at timestamptz,
    add constraint party_erased_whole
        check (erased_at is null or (length(sealed) = 0 and identity_index is null and key_id = ''));

-- The application may empty a row and cannot rewrite one.
create function erase_parties(wanted uuid[], out parties bigint, out lines bigint) language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    update party set sealed = '', key_id = '', identity_index = null, erased_at = now()
    where id = any(wanted) and erased_at is null;
    get diagnostics parties = row_count;
    -- it was made from the person's data too: whoever knows all else could try numbers against it
    update obligation set fingerprint = sha256(uuid_send(gen_random_uuid()))
    where payer_id = any(wanted) or owner_id = any(wanted);
    -- who transferred, on the lines of money that was for nobody else; our own references stay readable
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = array_to_string(m.codes, ' ')
    from movement m
    join movement_match k on k.movement_id = m.id
    join payment p on p.id = k.payment_id
    where l.movement_id = m.id
      and exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                  where i.intent_id = p.intent_id and (o.payer_id = any(wanted) or o.owner_id = any(wanted)))
      and not exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                      join party other on other.id = o.payer_id
                      where i.intent_id = p.intent_id and other.erased_at is null);
    get diagnostics lines = row_count;
end $$;
revoke execute on function erase_parties(uuid[]) from public;
grant execute on function erase_parties(uuid[]) to motlan_app;
