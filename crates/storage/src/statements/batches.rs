//! One format shows a batch as one line, another each of its parts, all of them under the reference that the bank gave the
//! batch. Of what has one reference and was booked on one day, one line that is the sum of several known movements is just
//! those, and several lines that sum to one known movement are that one. Anything else is left as it is.

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
    from staged_batch b where l.line_no = any(b.lines)";

const PARTS: &str = "insert into statement_line_part (statement_id, line_no, movement_id)
    select $1, b.lines[1], part from staged_batch b, unnest(b.movements[2:]) as part";

/// Tells the lines of batches their movements; for what the references alone have left.
pub(super) async fn join(db: &Db, account: &str) -> Result<(), StorageError> {
    // a utility statement takes no parameters, and a code has no quotes
    db.batch_execute(&BATCHES.replace("$1", &format!("'{account}'"))).await?;
    db.execute(JOINED, &[]).await?;
    Ok(())
}

/// Keeps which movements a line brought together; once the lines are kept.
pub(super) async fn keep(db: &Db, statement: StatementId) -> Result<(), StorageError> {
    db.execute(PARTS, &[&statement.uuid()]).await?;
    Ok(())
}
