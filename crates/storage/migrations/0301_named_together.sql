-- Money whose text names several requests is nobody's until people say whose. The pages of all of them warn of it meanwhile: their
-- payer would pay again. A notification's codes stand in no column; once it is booked only this knows what it named.
create table named_together (
    intent_id  uuid not null references intent,
    payment_id uuid not null references payment,
    primary key (intent_id, payment_id)
);

insert into named_together (intent_id, payment_id)
select i.id, n.payment_id
from (select distinct k.payment_id, c.code
      from movement m
      join movement_match k on k.movement_id = m.id and k.payment_id is not null
      join payment p on p.id = k.payment_id and p.intent_id is null
      cross join lateral unnest(m.codes) as c(code)
      where cardinality(m.codes) > 1 and not m.reversal) n
join intent i on i.reference = n.code
on conflict do nothing;

delete from named_together n
where not exists (select from named_together o where o.payment_id = n.payment_id and o.intent_id <> n.intent_id);

grant select, insert on named_together to motlan_app;
