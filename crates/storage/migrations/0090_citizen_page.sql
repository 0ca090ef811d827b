-- What the payer's page says and asks.

-- Why an attempt failed, as the page says it: a word of ours, never a provider's text.
alter table attempt add column failure text;

-- Where the payer wants money back that no provider can return: told on the page, sealed, and there until it is used for a
-- refund or the payer is erased. The last four characters stay readable, so that the payer recognises it.
create table refund_wish (
    payment_id     uuid primary key references payment,
    account_sealed bytea,
    ends_in        text not null,
    told_at        timestamptz not null
);
grant select, insert, update on refund_wish to motlan_app;

-- Whether the dossier system has acknowledged that an obligation is paid.
create index event_paid_by_subject on event (subject_id) where type = 'obligation.paid';

create or replace function erase_parties(wanted uuid[], out parties bigint, out lines bigint) language plpgsql
    security definer set search_path = public, pg_temp as $$
begin
    update party set sealed = '', key_id = '', identity_index = null, erased_at = now()
    where id = any(wanted) and erased_at is null;
    get diagnostics parties = row_count;
    -- it was made from the person's data too: whoever knows all else could try numbers against it
    update obligation set fingerprint = sha256(uuid_send(gen_random_uuid()))
    where payer_id = any(wanted) or owner_id = any(wanted);
    update refund r set payer_account_sealed = null
    from payment p
    where p.id = r.payment_id and r.payer_account_sealed is not null
      and exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                  where i.intent_id = p.intent_id and (o.payer_id = any(wanted) or o.owner_id = any(wanted)));
    update refund_wish w set account_sealed = null, ends_in = ''
    from payment p
    where p.id = w.payment_id
      and exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                  where i.intent_id = p.intent_id and (o.payer_id = any(wanted) or o.owner_id = any(wanted)));
    -- who transferred, on the lines of money that was for nobody else; our own references stay readable
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = array_to_string(m.codes, ' ')
    from movement m
    join movement_match k on k.movement_id = m.id
    left join refund r on r.id = k.refund_id
    join payment p on p.id = coalesce(k.payment_id, r.payment_id)
    where l.movement_id = m.id
      and exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                  where i.intent_id = p.intent_id and (o.payer_id = any(wanted) or o.owner_id = any(wanted)))
      and not exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                      join party other on other.id = o.payer_id
                      where i.intent_id = p.intent_id and other.erased_at is null);
    get diagnostics lines = row_count;
end $$;
