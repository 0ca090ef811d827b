-- Which pieces of a day others overtake, of many files at once. Asked of each file of a day by itself, each question read the lines
-- of all others, and where a corrected file takes the place of one of a hundred, all are asked.

-- The files whose days meet those of `files`, these with them.
create function files_beside(files uuid[])
    returns table (id uuid, own boolean, opening bigint, closing bigint, first_date date, closing_date date, since date, until date)
    language sql stable rows 100 set search_path = public, pg_temp as $$
    with own as (
        select * from statement where id = any(files) and state = 'imported' and opening is not null and closing is not null)
    select s.id, s.id = any(files), s.opening, s.closing, s.first_date, s.closing_date,
           greatest(s.first_date, r.since), least(s.closing_date, r.until)
    from (select account_code, min(first_date) as since, max(closing_date) as until from own group by 1) r
    join statement s on s.account_code = r.account_code and s.state = 'imported'
        and s.opening is not null and s.closing is not null and s.closing_date >= r.since and s.first_date <= r.until
    -- one that says the same overtakes nothing, and its lines are many
    where s.id = any(files) or exists (
        select from own o where (s.opening, s.closing, s.first_date, s.closing_date)
                                <> (o.opening, o.closing, o.first_date, o.closing_date))
$$;

-- Their lines, each once, and each movement that a line brought together with others.
create function lines_beside(files uuid[])
    returns table (id uuid, line_no int, amount bigint, head text, day date, movement_id uuid, of_movement bigint, is_line boolean)
    language sql stable rows 10000 set search_path = public, pg_temp as $$
    with near as materialized (select * from files_beside(files)),
    -- a file of one day says what stood before and after all its lines, whatever day these were booked for by another
    line as materialized (
        select n.id, l.line_no, l.amount, left(l.bank_ref, 16) as head,
               case when n.first_date = n.closing_date then n.closing_date
                    else least(m.business_date, n.closing_date) end as day, l.movement_id, m.amount as of_movement
        from near n join statement_line l on l.statement_id = n.id join movement m on m.id = l.movement_id
        where (select count(*) from near) > 1)
    select l.*, true from line l
    union all
    select l.id, l.line_no, l.amount, l.head, l.day, p.movement_id, m.amount, false
    from line l join statement_line_part p on p.statement_id = l.id and p.line_no = l.line_no
    join movement m on m.id = p.movement_id
$$;

-- The rules are those of migration 0180. What a piece comes to is a sum over its own lines, counted once. A whole has the first
-- movement of its part: whatever has not is no candidate, and no line of it is read beside the part's. How many lines there are
-- nobody knows beforehand: they are joined whole.
create function overtake_each(files uuid[]) returns void language sql
    set search_path = public, pg_temp set enable_nestloop = off set jit = off as $$
    with near as materialized (select * from files_beside(files)),
    read as materialized (select * from lines_beside(files)),
    line as (select * from read where is_line),
    moved as materialized (
        select id, day, sum(amount) as amount from line group by 1, 2),
    held as materialized (
        select distinct id, day, movement_id, of_movement, head from read),
    counted as materialized (
        select id, day, count(*) as size, sum(of_movement) as amount, (array_agg(movement_id order by movement_id))[1] as first
        from (select distinct id, day, movement_id, of_movement from held) h group by 1, 2),
    stands as (
        select n.id, n.own, n.opening as of_file, n.closing as of_file_closing, n.first_date, n.closing_date, d.day::date as day,
               n.opening + coalesce(sum(m.amount) filter (where m.day < d.day), 0) as opening,
               case when n.closing_date = d.day then n.closing
                    else n.opening + coalesce(sum(m.amount), 0) end as closing
        from near n cross join generate_series(n.since, n.until, interval '1 day') as d(day)
        left join moved m on m.id = n.id and m.day <= d.day
        group by n.id, n.own, n.opening, n.closing, n.first_date, n.closing_date, d.day),
    -- one that does not come to what its movements are is no part of another, and no whole of one
    piece as materialized (
        select s.*, coalesce(c.size, 0) as size, c.first from stands s left join counted c on c.id = s.id and c.day = s.day
        where s.closing - s.opening = coalesce(c.amount, 0)),
    candidate as (
        select p.id as part, h.id as whole, p.day
        from piece p join held h on h.movement_id = p.first and h.day = p.day and h.id <> p.id
        union
        select p.id, w.id, p.day from piece p join piece w on w.day = p.day and w.id <> p.id where p.first is null),
    pair as materialized (
        select p.id as part, w.id as whole, p.day, p.size, p.opening, p.closing, w.opening as begins, w.closing as ends
        from candidate c join piece p on p.id = c.part and p.day = c.day join piece w on w.id = c.whole and w.day = c.day
        where (p.own or w.own) and w.size > p.size and (p.opening, p.closing) <> (w.opening, w.closing)
          and (p.of_file, p.of_file_closing, p.first_date, p.closing_date)
              <> (w.of_file, w.of_file_closing, w.first_date, w.closing_date)),
    shared as (
        select p.part, p.whole, p.day, a.movement_id, bool_or(a.head = b.head) is true as named
        from pair p join held a on a.id = p.part and a.day = p.day
        join held b on b.id = p.whole and b.day = p.day and b.movement_id = a.movement_id
        group by 1, 2, 3, 4),
    compared as (
        select part, whole, day, count(*) as size, bool_and(named) as named from shared group by 1, 2, 3),
    inside as materialized (
        select p.part, p.whole, p.day, p.opening, p.closing, p.begins, p.ends, coalesce(c.named, true) as named
        from pair p left join compared c on c.part = p.part and c.whole = p.whole and c.day = p.day
        where coalesce(c.size, 0) = p.size),
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

-- Of one file, as before.
create or replace function overtake(file uuid) returns void language sql set search_path = public, pg_temp as $$
    select overtake_each(array[file])
$$;

-- ---------------------------------------------------------------- rights

grant execute on function files_beside(uuid[]), lines_beside(uuid[]), overtake_each(uuid[]) to motlan_app;
