-- Of which days another statement of the account says all that a statement says, and more: the day until noon beside the day
-- whole. Such a piece of a day says nothing of how the day began and ended.

create table overtaken_piece (
    statement_id  uuid not null references statement,
    day           date not null,
    -- each of its movements has one reference in both; else it was told to be in the other by counting
    named         boolean not null,
    primary key (statement_id, day)
);

-- A piece is overtaken by a whole that has its movements of the day and more, where both come to what their movements are (a
-- corrected file does not), and the piece begins or ends with what the whole begins or ends with, or the whole comes past
-- both its balances, down its lines or up. What a second part has alike is no reason: it begins elsewhere.
create function overtake(file uuid) returns void language sql set search_path = public, pg_temp as $$
    with own as (
        select * from statement where id = file and state = 'imported' and opening is not null and closing is not null),
    near as materialized (
        select s.id, s.id = file as own, s.opening, s.closing, s.first_date, s.closing_date,
               greatest(s.first_date, o.first_date) as since, least(s.closing_date, o.closing_date) as until
        from own o
        join statement s on s.account_code = o.account_code and s.state = 'imported'
            and s.opening is not null and s.closing is not null
            and s.closing_date >= o.first_date and s.first_date <= o.closing_date
        where s.id = file or (s.opening, s.closing, s.first_date, s.closing_date)
                             <> (o.opening, o.closing, o.first_date, o.closing_date)),
    -- a file of one day says what stood before and after all its lines, whatever day these were booked for by another
    line as materialized (
        select n.id, l.line_no, l.amount, left(l.bank_ref, 16) as head, l.movement_id, m.amount as of_movement,
               case when n.first_date = n.closing_date then n.closing_date
                    else least(m.business_date, n.closing_date) end as day
        from near n join statement_line l on l.statement_id = n.id join movement m on m.id = l.movement_id
        where (select count(*) from near) > 1),
    moved as (
        select id, day, sum(amount) as amount from line group by 1, 2),
    piece as materialized (
        select n.id, n.own, d.day::date as day,
               n.opening + coalesce(sum(m.amount) filter (where m.day < d.day), 0) as opening,
               case when n.closing_date = d.day then n.closing
                    else n.opening + coalesce(sum(m.amount), 0) end as closing
        from near n cross join generate_series(n.since, n.until, interval '1 day') as d(day)
        left join moved m on m.id = n.id and m.day <= d.day
        group by n.id, n.own, n.opening, n.closing, n.closing_date, d.day),
    pair as materialized (
        select p.id as part, w.id as whole, p.day, p.opening, p.closing, w.opening as begins, w.closing as ends
        from piece p join piece w on w.day = p.day and w.own <> p.own
        where (p.opening, p.closing) <> (w.opening, w.closing)),
    held as materialized (
        select l.id, l.day, l.movement_id, l.of_movement, l.head from line l
        union all
        select l.id, l.day, p.movement_id, m.amount, l.head
        from line l join statement_line_part p on p.statement_id = l.id and p.line_no = l.line_no
        join movement m on m.id = p.movement_id),
    under_head as (
        select p.part, p.whole, p.day, h.movement_id, h.of_movement, bool_or(h.id = p.part) as in_part,
               bool_or(h.id = p.whole) as in_whole,
               h.head is not null and bool_or(h.id = p.part) and bool_or(h.id = p.whole) as named
        from (select *, part as id from pair union all select *, whole from pair) p
        join held h on h.id = p.id and h.day = p.day
        group by 1, 2, 3, 4, 5, h.head),
    each as (
        select part, whole, day, of_movement, bool_or(in_part) as in_part, bool_or(in_whole) as in_whole,
               bool_or(named) as named
        from under_head group by part, whole, day, movement_id, of_movement),
    compared as (
        select part, whole, day, bool_and(in_whole) as within, not bool_and(in_part) as more,
               coalesce(sum(of_movement) filter (where in_part), 0) as of_part,
               coalesce(sum(of_movement) filter (where in_whole), 0) as of_whole,
               coalesce(bool_and(named) filter (where in_part), true) as named
        from each group by 1, 2, 3),
    inside as materialized (
        select p.*, c.named from pair p join compared c on c.part = p.part and c.whole = p.whole and c.day = p.day
        where c.within and c.more and p.closing - p.opening = c.of_part and p.ends - p.begins = c.of_whole),
    walk as (
        select i.part, i.whole, i.day, i.opening, i.closing, row_number() over down as n_down, row_number() over up as n_up,
               i.begins + sum(l.amount) over down as down, i.begins + sum(l.amount) over up as up
        from inside i join line l on l.id = i.whole and l.day = i.day
        where i.opening <> i.begins and i.closing <> i.ends
        window down as (partition by i.part, i.whole, i.day order by l.line_no),
               up as (partition by i.part, i.whole, i.day order by l.line_no desc)),
    passed as (
        select part, whole, day from walk group by 1, 2, 3
        having min(n_down) filter (where down = opening) <= max(n_down) filter (where down = closing)
            or min(n_up) filter (where up = opening) <= max(n_up) filter (where up = closing))
    insert into overtaken_piece (statement_id, day, named)
    select i.part, i.day, bool_or(i.named) from inside i
    where i.opening = i.begins or i.closing = i.ends or (i.part, i.whole, i.day) in (select part, whole, day from passed)
    group by 1, 2
    on conflict (statement_id, day) do update set named = true where excluded.named and not overtaken_piece.named
$$;

select overtake(id) from statement where state = 'imported' order by imported_at, id;

-- ---------------------------------------------------------------- rights

grant select, insert, update (named) on overtaken_piece to motlan_app;
