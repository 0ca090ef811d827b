-- A batch is one line in one format and a line for each of its parts in another. A line that brings several movements
-- together that came apart names the first of them itself; the others stand here.

create table statement_line_part (
    statement_id  uuid not null,
    line_no       int not null,
    movement_id   uuid not null references movement,
    primary key (statement_id, line_no, movement_id),
    foreign key (statement_id, line_no) references statement_line
);
create index statement_line_part_by_movement on statement_line_part (movement_id);

create view assurance.statement_line_part as
select assurance.text_id('stm', statement_id) as statement_id, line_no, assurance.text_id('mov', movement_id) as movement_id
from statement_line_part;

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
    -- who transferred, on the lines of money that was for nobody else; our own references stay readable. A line of a batch
    -- goes with the first of those whose money it brought together: each part has a line of its own
    update statement_line l set counterparty_name = null, counterparty_account = null,
                                text = array_to_string(m.codes, ' ')
    from (select statement_id, line_no, movement_id from statement_line
          union all select statement_id, line_no, movement_id from statement_line_part) named
    join movement m on m.id = named.movement_id
    join movement_match k on k.movement_id = m.id
    left join refund r on r.id = k.refund_id
    join payment p on p.id = coalesce(k.payment_id, r.payment_id)
    where l.statement_id = named.statement_id and l.line_no = named.line_no
      and exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                  where i.intent_id = p.intent_id and (o.payer_id = any(wanted) or o.owner_id = any(wanted)))
      and not exists (select from intent_obligation i join obligation o on o.id = i.obligation_id
                      join party other on other.id = o.payer_id
                      where i.intent_id = p.intent_id and other.erased_at is null);
    get diagnostics lines = row_count;
end $$;

-- ---------------------------------------------------------------- rights

grant select on statement_line_part, assurance.statement_line_part to motlan_app;
grant select on assurance.statement_line_part to motlan_auditor;
grant insert on statement_line_part to motlan_app;
