-- A marked credit says, in its text or by its reference, which debit it takes back: it is nobody's payment but that which was told of
-- under its own reference. Every doubt is on that side. A short reference is given out again: it says so of the same amount alone.
create function takes_back_a_known_debit(wanted uuid) returns boolean language sql stable as $$
    select exists (select from movement m join refund r on r.reference = any(m.codes) where m.id = wanted)
        or exists (
            select from movement m
            join movement_reference o on o.movement_id = m.id
            join movement_reference d on d.account_code = o.account_code and d.direction = 'out'
                and left(d.reference, 16) = left(o.reference, 16)
                and (d.reference = o.reference
                     or position(':' in d.reference || o.reference) = 0
                        and (length(d.reference) = 16) <> (length(o.reference) = 16))
            join movement t on t.id = d.movement_id and t.booking_date between m.booking_date - 60 and m.booking_date
                and (t.amount = -m.amount or length(d.reference) >= 8)
            where m.id = wanted)
        or exists (
            select from movement m
            join refund r on r.amount = m.amount and r.status = 'succeeded' and r.route = 'transfer'
            join movement_match k on k.refund_id = r.id and k.amount = -r.amount
            join movement_reference d on d.movement_id = k.movement_id
            join statement_line l on l.movement_id = m.id or l.statement_id = m.statement_id and l.line_no = m.line_no
            where m.id = wanted and length(split_part(':' || d.reference, ':', -1)) >= 8
              and position(split_part(':' || d.reference, ':', -1) in plain_code(l.text)) > 0)
$$;

-- What was told of without a name and turned out to be a return of ours; each return is one such payment at most.
create table told_return (
    movement_id uuid primary key references movement,
    payment_id  uuid not null unique references payment
);
grant select, insert on told_return to motlan_app;
