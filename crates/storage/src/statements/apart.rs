//! Which known movements a file cannot hold, by the balances alone: a bank sends parts of a day, and what the part before
//! had is not in the one that goes on from it, whatever the two have alike. ADR 0010 has the table of cases.
//!
//! Two files are apart where one ends with the balance that the other begins with, be it with others between, and they do
//! not fit into each other all the same, or the neighbours of their day say that they do not
//! (`domain::reconciliation::goes_on`); and where no order of their lines lets them share one (of one format only: what
//! two formats call a balance may differ). A file without balances is apart from none.

use crate::days;
use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::reconciliation::{Piece, goes_on};
use domain::{StatementId, Vnd};
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

const TABLES: &str = "
    create temp table other_file (
        id uuid primary key, opening bigint not null, closing bigint not null, same_format boolean not null,
        linked boolean not null, apart boolean not null default false,
        -- all of the one may stand in the other: in the file at hand, or in this one
        inside text check (inside in ('own', 'this'))
    ) on commit drop;
    -- wholly: every file with balances that has it is apart from this one
    create temp table apart_movement (movement_id uuid primary key, wholly boolean not null) on commit drop;";

// Files of the same days, and those that have a reference of ours on another. Links are followed no further than to these.
const OTHERS: &str = "with recursive mine as materialized (
        select id, opening, closing, first_date, closing_date, format from statement
        where account_code = $1 and state = 'imported' and opening is not null and closing is not null),
    own as (select * from mine where id = $2),
    days as (select min(booking_date) as first, max(booking_date) as last from staged_line),
    named as (
        select distinct l.statement_id from movement_reference r
        join movement m on m.id = r.movement_id cross join days d
        join statement_line l on l.movement_id = m.id
        where r.account_code = $1 and m.booking_date not between d.first and d.last
          and (r.direction, left(r.reference, 16)) in (select s.direction, left(s.bank_ref, 16) from staged_line s)),
    others as materialized (
        select o.* from mine o cross join days d
        where o.id <> $2 and (o.first_date <= d.last and o.closing_date >= d.first
                              or o.id in (select n.statement_id from named n))),
    before as (
        select p.id, p.opening, p.first_date from own f
        join mine p on p.closing = f.opening and p.closing_date <= f.first_date and p.id <> f.id
        where p.closing_date >= (select min(closing_date) from others)
        union
        select p.id, p.opening, p.first_date from before b
        join mine p on p.closing = b.opening and p.closing_date <= b.first_date and p.id <> $2
        where p.closing_date >= (select min(closing_date) from others)),
    after as (
        select p.id, p.closing, p.closing_date from own f
        join mine p on p.opening = f.closing and p.first_date >= f.closing_date and p.id <> f.id
        where p.first_date <= (select max(first_date) from others)
        union
        select p.id, p.closing, p.closing_date from after a
        join mine p on p.opening = a.closing and p.first_date >= a.closing_date and p.id <> $2
        where p.first_date <= (select max(first_date) from others))
    insert into other_file (id, opening, closing, same_format, linked)
    select o.id, o.opening, o.closing, o.format = own.format,
           o.id in (select id from before) or o.id in (select id from after)
    from others o cross join own";

// One holds the other where all that the other has stands in it too, as often, and it comes past what the other begins and ends
// with, down its lines or up, with as many lines between. Two that share what comes to nothing may overlap by just that.
const LINKED: &str = "with pair as materialized (
        select o.id, o.opening, o.closing, o.same_format, f.opening as own_opening, f.closing as own_closing
        from other_file o join statement f on f.id = $1 where o.linked),
    told as materialized (
        select p.id, true as theirs, l.line_no, l.amount, l.booking_date, left(l.bank_ref, 16) as head, p.same_format
        from pair p join statement_line l on l.statement_id = p.id
        union all
        select p.id, false, s.line_no, s.amount, s.booking_date, left(s.bank_ref, 16), p.same_format
        from pair p cross join staged_line s),
    -- which of equal lines it is: by the bank's reference where one format gives each of them its own
    line as materialized (
        select *, row_number() over (partition by id, theirs, amount, booking_date, which) as nth from (
            select *, case when same_format and bool_and(head is not null) over (partition by id, amount, booking_date)
                           then head end as which
            from told) t),
    same_day as (
        select id, amount, booking_date, which, nth from line
        group by 1, 2, 3, 4, 5 having bool_or(theirs) and not bool_and(theirs)),
    same_name as (
        select id, amount > 0 as credit, head from line where head is not null
        group by 1, 2, 3 having bool_or(theirs) and not bool_and(theirs)),
    walk as (
        select l.id, l.theirs, l.amount, d.id is not null or n.id is not null as shared,
               case when l.theirs then p.opening else p.own_opening end as begins,
               case when l.theirs then p.own_opening else p.opening end as first,
               case when l.theirs then p.own_closing else p.closing end as last,
               row_number() over down as n_down, sum(l.amount) over down as down,
               row_number() over up as n_up, sum(l.amount) over up as up
        from line l join pair p on p.id = l.id
        left join same_day d on d.id = l.id and d.amount = l.amount and d.booking_date = l.booking_date and d.nth = l.nth
                                and d.which is not distinct from l.which
        left join same_name n on n.id = l.id and n.credit = (l.amount > 0) and n.head = l.head
        window down as (partition by l.id, l.theirs order by l.line_no),
               up as (partition by l.id, l.theirs order by l.line_no desc)),
    side as (
        select id, theirs, bool_and(shared) as all_shared, bool_or(shared) as some_shared,
               coalesce(sum(amount) filter (where shared), 0) as of_shared, count(*) as lines,
               -- lines between the two balances, at most
               greatest(
                   coalesce(max(n_down) filter (where begins + down = last), min(0) filter (where begins = last))
                   - coalesce(min(0) filter (where begins = first), min(n_down) filter (where begins + down = first)),
                   coalesce(max(n_up) filter (where begins + up = last), min(0) filter (where begins = last))
                   - coalesce(min(0) filter (where begins = first), min(n_up) filter (where begins + up = first))) as between
        from walk group by 1, 2),
    found as (
        select a.id, case when b.all_shared and a.between >= b.lines then 'own'
                          when a.all_shared and b.between >= a.lines then 'this' end as inside,
               a.some_shared and a.of_shared = 0 and b.of_shared = 0 as overlap
        from side a join side b on b.id = a.id and not b.theirs where a.theirs)
    update other_file o set inside = f.inside, apart = f.inside is null and not f.overlap
    from found f where f.id = o.id";

// Of days that have files of their own.
const INSIDE: &str = "select o.id, f.first_date, o.inside = 'own' as is_inner,
        f.opening as own_opening, f.closing as own_closing, o.opening, o.closing
    from other_file o join statement f on f.id = $1 join statement s on s.id = o.id
    where o.inside is not null and s.first_date = f.first_date and s.closing_date = f.first_date
      and f.closing_date = f.first_date";
const PIECES: &str = "select opening, closing from statement
    where account_code = $1 and state = 'imported' and opening is not null and closing is not null
      and first_date = $2 and closing_date = $2";
const APART: &str = "update other_file set apart = true where id = $1";

// What comes before the one in the other, or what both share, would have to be more than all there is. A line that is
// known to the đồng speaks against the balances.
const IMPOSSIBLE: &str = "with sums as (
        select o.id, o.opening, o.closing, f.opening as own_opening, f.closing as own_closing,
               coalesce(sum(l.amount) filter (where l.amount > 0), 0) as credits,
               coalesce(sum(l.amount) filter (where l.amount < 0), 0) as debits
        from other_file o join statement f on f.id = $1 join statement_line l on l.statement_id = o.id
        where not o.linked and o.same_format group by 1, 2, 3, 4, 5),
    own as (
        select coalesce(sum(amount) filter (where amount > 0), 0) as credits,
               coalesce(sum(amount) filter (where amount < 0), 0) as debits
        from staged_line),
    apart as materialized (
        select t.id from sums t cross join own f
        where not (t.opening - t.own_opening between f.debits - t.debits and f.credits - t.credits
                   and 0 between f.debits - t.debits and f.credits - t.credits)
          and not (t.own_opening - t.opening between t.debits - f.debits and t.credits - f.credits
                   and 0 between t.debits - f.debits and t.credits - f.credits)
          and t.closing - t.own_opening not between greatest(f.debits, t.debits) and least(f.credits, t.credits)
          and t.own_closing - t.opening not between greatest(f.debits, t.debits) and least(f.credits, t.credits))
    update other_file o set apart = true from apart a
    where a.id = o.id
      and not exists (select from statement_line l join staged_line s
                          on s.bank_ref = l.bank_ref and s.amount = l.amount and s.booking_date = l.booking_date
                      where l.statement_id = a.id)";

const MOVEMENTS: &str = "with held as (
        select statement_id, movement_id from statement_line
        union all select statement_id, movement_id from statement_line_part),
    apart as (
        select distinct h.movement_id from other_file o join held h on h.statement_id = o.id where o.apart)
    insert into apart_movement (movement_id, wholly)
    select a.movement_id, bool_and(coalesce(o.apart, s.opening is null or s.closing is null))
    from apart a join held h on h.movement_id = a.movement_id join statement s on s.id = h.statement_id
    left join other_file o on o.id = s.id
    where s.id <> $1 group by 1";

const ANY_APART: &str = "select exists (select from other_file where apart)";
const TO_COMPARE: &str =
    "select coalesce(bool_or(linked), false), coalesce(bool_or(not linked and same_format), false) from other_file";

/// Finds what the staged lines cannot be. The file's own statement is there, its lines are not yet.
pub(super) async fn find(db: &Db, account: &AccountCode, statement: StatementId) -> Result<(), StorageError> {
    db.batch_execute(TABLES).await?;
    let id = statement.uuid();
    db.execute(OTHERS, &[&account.as_str(), &id]).await?;
    let to_compare = db.query_one(TO_COMPARE, &[]).await?;
    for (nth, sql) in [LINKED, IMPOSSIBLE].into_iter().enumerate() {
        if to_compare.get(nth) {
            db.execute(sql, &[&id]).await?;
        }
    }
    ask_neighbours(db, account, statement).await?;
    if db.query_one(ANY_APART, &[]).await?.get(0) {
        db.execute(MOVEMENTS, &[&id]).await?;
        db.batch_execute("analyze apart_movement").await?;
    }
    Ok(())
}

/// Files that may stand in each other by their lines, and do not by what the days around them say.
async fn ask_neighbours(db: &Db, account: &AccountCode, statement: StatementId) -> Result<(), StorageError> {
    let inside = db.query(INSIDE, &[&statement.uuid()]).await?;
    let Some(first) = inside.first() else { return Ok(()) };
    let day: Date = first.get("first_date");
    let rows = db.query(PIECES, &[&account.as_str(), &day]).await?;
    let pieces: Vec<Piece> = rows.iter().map(|row| piece(row, "opening", "closing")).collect();
    let (before, after) = days::neighbours(db, account.as_str(), day).await?;
    for row in &inside {
        let (own, other) = (piece(row, "own_opening", "own_closing"), piece(row, "opening", "closing"));
        let (inner, outer) = if row.get("is_inner") { (own, other) } else { (other, own) };
        if goes_on(&pieces, inner, outer, &before, &after) {
            db.execute(APART, &[&row.get::<_, Uuid>("id")]).await?;
        }
    }
    Ok(())
}

fn piece(row: &Row, opening: &str, closing: &str) -> Piece {
    Piece { opening: Vnd::new(row.get(opening)), closing: Vnd::new(row.get(closing)) }
}
