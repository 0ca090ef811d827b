//! The invariants of the books: each a query over the `assurance` views that returns what contradicts it, so that a
//! sound book returns no row. They read nothing but that schema, and run as `motlan_auditor` as well as by hand
//! (`psql -c "$(cat i01.sql)"`). What each number means stands in `docs/invariants.md`.
//!
//! They hold at every commit, not only when all work is done: a check that runs beside the traffic sees one snapshot.

use crate::error::StorageError;
use crate::pool::Db;
use crate::tx::Tx;

/// Rows that are named for one invariant; the first hundred tell as much as the rest.
pub const LIMIT: usize = 100;

/// A sentence that must always hold.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// As in `docs/invariants.md`: `I01`.
    pub number: &'static str,
    pub says: &'static str,
    sql: &'static str,
}

/// One contradiction: the id of what is wrong, and what is wrong about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Row {
    pub subject: String,
    pub detail: String,
}

macro_rules! invariant {
    ($number:literal, $file:literal, $says:literal) => {
        Invariant { number: $number, says: $says, sql: include_str!(concat!("invariants/", $file, ".sql")) }
    };
}

/// In the order of their numbers. I28 is more than a query: [`SEALED`] and the chain (`payments::verify_books`).
pub const INVARIANTS: &[Invariant] = &[
    invariant!("I01", "i01", "each journal sums to zero"),
    invariant!("I02", "i02", "each journal has at least two legs, none of zero"),
    invariant!("I03", "i03", "amounts are whole đồng within their range, on known accounts of the right kind"),
    invariant!("I04", "i04", "the allocations of a payment sum to its amount less what was reversed"),
    invariant!("I05", "i05", "each đồng is in one place, and the legs of the ledger say which"),
    invariant!("I06", "i06", "an obligation gets all that is due or nothing, and one live intent at most holds it"),
    invariant!("I07", "i07", "each transaction of a provider is one payment, seen, and captured once"),
    invariant!("I12", "i12", "each report is kept once"),
    invariant!("I13", "i13", "each transition that is told has its one event, and no event tells of anything else"),
    invariant!("I14", "i14", "events are numbered without a gap in their stream and in the feed"),
    invariant!("I15", "i15", "each event is delivered, waits in order, or was given up with a case, per endpoint"),
    invariant!("I19", "i19", "one idempotency key stands for one request and one resource"),
    invariant!("I21", "i21", "every step is an edge of the table"),
    invariant!("I22", "i22", "versions count from 1, and each step starts where the one before ended"),
    invariant!("I23", "i23", "a row says what its last transition says"),
    invariant!("I24", "i24", "obligation, intent and attempt states are what the allocations derive"),
    invariant!("I25", "i25", "refunds never take more of a payment than it has"),
    invariant!("I26", "i26", "a refund is paid out once, after a second person said yes"),
    invariant!("I27", "i27", "no refund is forgotten"),
    invariant!("I29", "i29", "a statement's bytes are imported once"),
    invariant!("I30", "i30", "opening and lines of a statement give its closing"),
    invariant!("I31", "i31", "each line is one movement, and each movement is claimed once or told of"),
    invariant!("I32", "i32", "nothing is stuck"),
    invariant!("I33", "i33", "each account stands at what the other side says"),
    invariant!("I34", "i34", "what a day was closed with stands as it was sealed, and is what the ledger has"),
    invariant!("I35", "i35", "where money goes was said by somebody, and a change approved by another"),
    invariant!("I36", "i36", "what a bank was told of a bill's money is what is in the books"),
    invariant!(
        "I37",
        "i37",
        "a drawer holds what was taken less what was undone and deposited, never less than nothing"
    ),
    invariant!("I38", "i38", "what was written off was said by two persons, of its own case"),
    invariant!("I45", "i45", "receipts are numbered without a gap, and no number is given twice"),
    invariant!("I46", "i46", "a paid fee or charge has one live receipt of its sum, and nothing else has one"),
    invariant!("I50", "i50", "each đồng of a fee is remitted once at most, and remittances are what they rest on"),
    invariant!("I55", "i55", "what stood on an account before its books was said by two persons, and is booked once"),
    invariant!("I56", "i56", "whose payer is told of a receipt has a mail that says so, once for each thing said"),
];

/// The part of I28 that needs no chain: nothing is without its seal.
pub const SEALED: Invariant = invariant!("I28", "i28", "every journal and audit row is sealed as it reads");

/// What contradicts `invariant`, at most [`LIMIT`] rows.
pub async fn violations(db: &Db, invariant: &Invariant) -> Result<Vec<Row>, StorageError> {
    let sql =
        format!("select subject, detail from (\n{}\n) found order by subject, detail limit {LIMIT}", invariant.sql);
    let rows = db.query(&sql, &[]).await?;
    rows.iter().map(|row| Ok(Row { subject: row.try_get("subject")?, detail: row.try_get("detail")? })).collect()
}

/// After this everything that `tx` reads is of one instant, and a statement may take as long as a large book needs.
const SNAPSHOT: &str =
    "set transaction isolation level repeatable read, read only; set local statement_timeout = '30min'";

/// Begins `tx` as a look at one instant of the books.
pub async fn snapshot(tx: &Tx) -> Result<(), StorageError> {
    tx.begin().await?;
    Ok(tx.batch_execute(SNAPSHOT).await?)
}
