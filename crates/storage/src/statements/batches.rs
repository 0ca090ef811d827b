//! One format shows a batch as one line, another each of its parts.
//!
//! | what is known | then |
//! |---|---|
//! | one reference of the bank's and one day; one line is the sum of several known movements, or several lines sum to one | they are those |
//! | the entry of the bank (camt `Ntry`) of which lines are the parts, and one day; the parts sum to one movement, or one line is their sum; the references of the whole do not differ | the same |
//! | two files say the same of how a day began and ended; of one side one line is left, of the other several that sum to it | the same: both have all of the day, and all else is there twice |
//! | anything else | new money; the closing balance shows it |
//!
//! What has a movement of its own is out of question: all of these are for what the steps before have left. Parts under one
//! reference come before the count of equal lines of a day, sums of others after it.

use crate::error::StorageError;
use crate::pool::Db;
use domain::StatementId;

// What is left of both sides, reference by reference. References are equal, or one of the two is as much of the other as
// MT940 has room for.
const BATCHES: &str = "create temp table staged_batch on commit drop as
    with ours as (
        select direction, bank_ref, booking_date, array_agg(line_no order by line_no) as lines, sum(amount) as amount
        from staged_line where bank_ref is not null and movement_id is null group by 1, 2, 3),
    theirs as (
        select r.direction, r.reference, m.booking_date, array_agg(m.id order by m.id) as movements, sum(m.amount) as amount
        from movement_reference r join movement m on m.id = r.movement_id
        where r.account_code = $1
          and (r.direction, left(r.reference, 16)) in (select o.direction, left(o.bank_ref, 16) from ours o)
          and not exists (select from staged_line s where s.movement_id = m.id)
          and not exists (select from apart_movement a where a.movement_id = m.id and a.wholly)
        group by 1, 2, 3)
    select distinct on (movements[1]) lines, movements from (
        select distinct on (ours.lines[1]) ours.lines, theirs.movements, ours.bank_ref = theirs.reference as whole
        from ours join theirs on theirs.direction = ours.direction and left(theirs.reference, 16) = left(ours.bank_ref, 16)
            and theirs.booking_date = ours.booking_date and theirs.amount = ours.amount
            and least(cardinality(ours.lines), cardinality(theirs.movements)) = 1
            and greatest(cardinality(ours.lines), cardinality(theirs.movements)) > 1
            and (theirs.reference = ours.bank_ref
                 or position(':' in theirs.reference || ours.bank_ref) = 0
                    and (length(theirs.reference) = 16) <> (length(ours.bank_ref) = 16))
        order by ours.lines[1], whole desc, theirs.movements[1]) one_each
    order by movements[1], whole desc, lines[1]";

const JOINED: &str = "update staged_line l set movement_id = b.movements[1], in_batch = true
    from (select unnest(lines) as line_no, movements from staged_batch) b
    where b.line_no = l.line_no and l.movement_id is null";

const PARTS: &str = "insert into statement_line_part (statement_id, line_no, movement_id)
    select $1, b.lines[1], part from staged_batch b, unnest(b.movements[2:]) as part";

const ANY_LEFT: &str = "select coalesce(bool_or(entry_no is not null), false), count(*) > 0
    from staged_line where movement_id is null";

// The parts of one entry are one movement; the n-th of that sum is the n-th. `{same}`: first where its reference is theirs.
const ENTRIES_HERE: &str = "insert into staged_batch (lines, movements)
    with ours as materialized (
        select *, row_number() over (partition by direction, booking_date, amount{by_ref} order by lines[1]) as n from (
            select min(direction) as direction, min(booking_date) as booking_date, min(entry_ref) as reference,
                   array_agg(line_no order by line_no) as lines, sum(amount)::bigint as amount
            from staged_line where entry_no is not null group by entry_no
            having count(*) > 1 and bool_and(movement_id is null) and min(direction) = max(direction)
               and min(booking_date) = max(booking_date)) entry),
    theirs as materialized (
        select *, row_number() over (partition by direction, booking_date, amount{by_ref} order by apart, id) as n from (
            select m.id, m.direction, m.booking_date, m.amount, a.movement_id is not null as apart,
                   (select min(r.reference) from movement_reference r where r.movement_id = m.id) as reference
            from movement m left join apart_movement a on a.movement_id = m.id
            where m.account_code = $1 and a.wholly is not true
              and (m.booking_date, m.amount) in (select o.booking_date, o.amount from ours o)
              and not exists (select from staged_line s where s.movement_id = m.id)
              and m.id not in (select unnest(b.movements) from staged_batch b)) one)
    select o.lines, array[t.id] from ours o
    join theirs t on t.direction = o.direction and t.booking_date = o.booking_date and t.amount = o.amount and t.n = o.n and {same}";

// One line is the sum of the parts of one entry, or of what a line of another file was joined from.
const ENTRIES_THERE: &str = "insert into staged_batch (lines, movements)
    with ours as materialized (
        select *, row_number() over (partition by direction, booking_date, amount{by_ref} order by lines[1]) as n from (
            select direction, booking_date, bank_ref as reference, array[line_no] as lines, amount
            from staged_line where entry_no is null and movement_id is null) line),
    taken as (
        select movement_id from staged_line where movement_id is not null
        union select unnest(movements) from staged_batch),
    known as (
        select l.statement_id, -l.entry_no as no, l.movement_id, l.entry_ref as reference
        from movement m join statement_line l on l.movement_id = m.id
        where m.account_code = $1 and m.booking_date in (select o.booking_date from ours o) and l.entry_no is not null
        union all
        select l.statement_id, l.line_no, h.movement_id, l.bank_ref
        from movement m
        join statement_line_part p on p.movement_id = m.id
        join statement_line l on l.statement_id = p.statement_id and l.line_no = p.line_no
        cross join lateral (values (l.movement_id), (p.movement_id)) as h(movement_id)
        where m.account_code = $1 and m.booking_date in (select o.booking_date from ours o)),
    theirs as materialized (
        select *, row_number() over (partition by direction, booking_date, amount{by_ref} order by apart, movements[1]) as n from (
            select distinct on (movements) * from (
                select array_agg(m.id order by m.id) as movements, min(m.direction) as direction,
                       min(m.booking_date) as booking_date, min(k.reference) as reference, sum(m.amount)::bigint as amount,
                       bool_or(a.movement_id is not null) as apart
                from (select distinct statement_id, no, movement_id, reference from known) k
                join movement m on m.id = k.movement_id left join apart_movement a on a.movement_id = m.id
                left join taken t on t.movement_id = m.id
                group by k.statement_id, k.no
                having count(*) > 1 and min(m.direction) = max(m.direction) and min(m.booking_date) = max(m.booking_date)
                   and bool_and(a.wholly is not true)
                   and bool_and(t.movement_id is null)) entry
            where (booking_date, amount) in (select o.booking_date, o.amount from ours o)
            order by movements, reference) each_once)
    select o.lines, t.movements from ours o
    join theirs t on t.direction = o.direction and t.booking_date = o.booking_date and t.amount = o.amount and t.n = o.n and {same}";

/// First those with one reference, then those of which the references say nothing: one has none, or they are of two numberings.
const SAME: [[&str; 2]; 2] = [
    [", left(reference, 16)", "left(t.reference, 16) = left(o.reference, 16)"],
    [
        "",
        "(o.reference is null or t.reference is null
         or split_part(':' || o.reference, ':', -2) <> split_part(':' || t.reference, ':', -2))",
    ],
];

// Both files have all of a day where they begin and end it alike. What the one says of it beside the other is the same money.
const REST: &str = "insert into staged_batch (lines, movements)
    with own as (
        select opening, closing from statement where id = $1 and opening is not null and closing is not null),
    day as (
        select booking_date from staged_line where movement_id is null group by 1),
    our_day as (
        select d.booking_date, o.opening + coalesce(sum(l.amount) filter (where l.booking_date < d.booking_date), 0) as begins,
               o.opening + sum(l.amount) filter (where l.booking_date <= d.booking_date) as ends
        from day d cross join own o cross join (
            select booking_date, sum(amount) as amount from staged_line group by 1) l group by d.booking_date, o.opening),
    there as (
        select l.statement_id, l.booking_date, sum(l.amount) as amount
        from other_file f join statement_line l on l.statement_id = f.id where not f.apart group by 1, 2),
    their_day as (
        select f.id, d.booking_date, f.opening + coalesce(sum(t.amount) filter (where t.booking_date < d.booking_date), 0) as begins,
               f.opening + sum(t.amount) filter (where t.booking_date <= d.booking_date) as ends
        from other_file f join there t on t.statement_id = f.id cross join day d group by 1, 2, f.opening),
    alike as (
        select t.id, o.booking_date from our_day o
        join their_day t on t.booking_date = o.booking_date and t.begins = o.begins and t.ends = o.ends),
    ours as (
        select direction, booking_date, array_agg(line_no order by line_no) as lines, sum(amount) as amount
        from staged_line where movement_id is null group by 1, 2),
    left_there as (
        select distinct a.id, a.booking_date, h.movement_id from alike a cross join lateral (
            select l.movement_id from statement_line l where l.statement_id = a.id and l.booking_date = a.booking_date
            union
            select p.movement_id from statement_line l
            join statement_line_part p on p.statement_id = l.statement_id and p.line_no = l.line_no
            where l.statement_id = a.id and l.booking_date = a.booking_date) h
        where not exists (select from staged_line s where s.movement_id = h.movement_id)
          and h.movement_id not in (select unnest(b.movements) from staged_batch b)),
    theirs as (
        select distinct on (l.booking_date, m.direction) m.direction, l.booking_date, array_agg(m.id order by m.id) as movements,
               sum(m.amount) as amount
        from left_there l join movement m on m.id = l.movement_id group by l.id, l.booking_date, m.direction
        order by l.booking_date, m.direction, l.id)
    select o.lines, t.movements from ours o
    join theirs t on t.direction = o.direction and t.booking_date = o.booking_date and t.amount = o.amount
    where least(cardinality(o.lines), cardinality(t.movements)) = 1
      and greatest(cardinality(o.lines), cardinality(t.movements)) > 1";

/// Tells the lines of batches their movements; for what the references alone have left.
pub(super) async fn join(db: &Db, account: &str) -> Result<(), StorageError> {
    // a utility statement takes no parameters, and a code has no quotes
    db.batch_execute(&BATCHES.replace("$1", &format!("'{account}'"))).await?;
    db.execute(JOINED, &[]).await?;
    Ok(())
}

/// The same by sums, for what nothing else has told its movement.
pub(super) async fn join_sums(db: &Db, account: &str, statement: StatementId) -> Result<(), StorageError> {
    for [by_ref, same] in SAME {
        let of = |sql: &str| sql.replace("{by_ref}", by_ref).replace("{same}", same);
        let left = db.query_one(ANY_LEFT, &[]).await?;
        if left.get(0) && db.execute(&of(ENTRIES_HERE), &[&account]).await? > 0 {
            db.execute(JOINED, &[]).await?;
        }
        if left.get(1) && db.execute(&of(ENTRIES_THERE), &[&account]).await? > 0 {
            db.execute(JOINED, &[]).await?;
        }
    }
    let left: bool = db.query_one(ANY_LEFT, &[]).await?.get(1);
    if left && db.execute(REST, &[&statement.uuid()]).await? > 0 {
        db.execute(JOINED, &[]).await?;
    }
    Ok(())
}

/// Keeps which movements a line brought together; once the lines are kept.
pub(super) async fn keep(db: &Db, statement: StatementId) -> Result<(), StorageError> {
    db.execute(PARTS, &[&statement.uuid()]).await?;
    Ok(())
}
