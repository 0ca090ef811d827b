//! Bill collection: what a code owes, what was told of it, and what became of what was paid.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::bill::{BillLine, BillOutcome, Quote};
use domain::codes::BeneficiaryCode;
use domain::obligation::Obligation;
use domain::{ObligationId, PaymentId, SightingId, Vnd};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

/// An obligation that a code owes, and who pays it.
#[derive(Debug, Clone)]
pub struct Due {
    pub obligation: Obligation,
    pub payer: Option<Uuid>,
}

const TURN: &str = "select pg_advisory_xact_lock(hashtextextended('bill:' || $1::text || ':' || $2::text, 0))";

/// Takes turns with whoever else decides about this number of the bank's for the first time: its call, and its file.
pub async fn take_turn(db: &Db, profile: &str, transaction: &str) -> Result<(), StorageError> {
    let statement = db.prepare_cached(TURN).await?;
    db.query(&statement, &[&profile, &transaction]).await?;
    Ok(())
}

const DUE: &str = "select o.* from obligation o
    where (upper(o.dossier_code collate \"C\") = upper($1 collate \"C\")
        or upper(o.customer_code collate \"C\") = upper($1 collate \"C\")) and o.beneficiary_code = any($2) and o.status = 'due'
    order by o.id limit $3";

/// What is due under a dossier or customer code, in capitals or not, to these beneficiaries, the oldest first.
pub async fn due(db: &Db, key: &str, beneficiaries: &[&str], limit: i64) -> Result<Vec<Due>, StorageError> {
    let statement = db.prepare_cached(DUE).await?;
    let rows = db.query(&statement, &[&key, &beneficiaries, &limit]).await?;
    let due = |row: &Row| Ok(Due { obligation: crate::obligations::from_row(row)?, payer: row.get("payer_id") });
    rows.iter().map(due).collect()
}

const IS_KNOWN: &str = "select exists (select from obligation o
    where (upper(o.dossier_code collate \"C\") = upper($1 collate \"C\")
        or upper(o.customer_code collate \"C\") = upper($1 collate \"C\")) and o.beneficiary_code = any($2))";

/// Whether anything was ever owed under this code to these beneficiaries.
pub async fn is_known(db: &Db, key: &str, beneficiaries: &[&str]) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(IS_KNOWN).await?;
    Ok(db.query_one(&statement, &[&key, &beneficiaries]).await?.get(0))
}

const KEEP: &str = "with kept as (
        insert into bill_quote (profile, reference, customer_key, beneficiary_code, amount, expires_at)
        values ($1, $2, $3, $4, $5, $6) on conflict on constraint bill_quote_reference_unique do nothing returning reference)
    insert into bill_quote_line (profile, reference, position, obligation_id, version, amount)
    select $1, kept.reference, position, obligation, version, amount
    from kept, unnest($7::int[], $8::uuid[], $9::int[], $10::bigint[]) as l(position, obligation, version, amount)";

/// Keeps what is about to be told; the same told again is the same row.
pub async fn keep(db: &Db, profile: &str, quote: &Quote) -> Result<(), StorageError> {
    let positions: Vec<i32> = (0..).take(quote.lines.len()).collect();
    let obligations: Vec<Uuid> = quote.lines.iter().map(|l| l.obligation_id.uuid()).collect();
    let versions: Vec<i32> = quote.lines.iter().map(|l| l.version).collect();
    let amounts: Vec<i64> = quote.lines.iter().map(|l| l.amount.dong()).collect();
    let statement = db.prepare_cached(KEEP).await?;
    db.execute(
        &statement,
        &[
            &profile,
            &quote.reference,
            &quote.customer_key,
            &quote.beneficiary.as_str(),
            &quote.amount.dong(),
            &quote.expires_at,
            &positions,
            &obligations,
            &versions,
            &amounts,
        ],
    )
    .await?;
    Ok(())
}

const QUOTE: &str = "select q.customer_key, q.beneficiary_code, q.amount, q.expires_at,
        array_agg(l.obligation_id order by l.position) as obligations,
        array_agg(l.version order by l.position) as versions, array_agg(l.amount order by l.position) as amounts
    from bill_quote q join bill_quote_line l on l.profile = q.profile and l.reference = q.reference
    where q.profile = $1 and q.reference = $2 group by q.profile, q.reference";

pub async fn quote(db: &Db, profile: &str, reference: &str) -> Result<Option<Quote>, StorageError> {
    let statement = db.prepare_cached(QUOTE).await?;
    let Some(row) = db.query_opt(&statement, &[&profile, &reference]).await? else { return Ok(None) };
    let (ids, versions): (Vec<Uuid>, Vec<i32>) = (row.get("obligations"), row.get("versions"));
    let amounts: Vec<i64> = row.get("amounts");
    let line = |((id, version), amount): ((Uuid, i32), i64)| BillLine {
        obligation_id: ObligationId::from(id),
        version,
        amount: Vnd::new(amount),
    };
    Ok(Some(Quote {
        reference: reference.to_owned(),
        customer_key: row.get("customer_key"),
        beneficiary: BeneficiaryCode::new(row.get::<_, String>("beneficiary_code")).map_err(unreadable)?,
        amount: Vnd::new(row.get("amount")),
        expires_at: row.get("expires_at"),
        lines: ids.into_iter().zip(versions).zip(amounts).map(line).collect(),
    }))
}

/// A bill payment that was decided.
#[derive(Debug, Clone)]
pub struct BillPaid {
    pub sighting_id: SightingId,
    pub bank_txn_id: String,
    pub call_id: Option<String>,
    pub customer_key: String,
    pub reference: String,
    pub amount: Vnd,
    /// What was told of the bill; absent where it is unknown.
    pub told: Option<Vnd>,
    /// What was said first, for ever.
    pub outcome: BillOutcome,
    pub payment_id: Option<PaymentId>,
    pub decided_at: Timestamp,
    /// The payment that the bank's number is in the books by now, whatever was said of it: a file may have shown the money
    /// after it was refused.
    pub booked: Option<PaymentId>,
}

const DECIDED: &str =
    "insert into bill_payment (sighting_id, profile, bank_txn_id, call_id, customer_key, reference, amount,
        told_amount, outcome, payment_id, decided_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Keeps what the bank is told, in the commit that makes it true.
pub async fn decided(db: &Db, profile: &str, paid: &BillPaid) -> Result<(), StorageError> {
    let statement = db.prepare_cached(DECIDED).await?;
    db.execute(
        &statement,
        &[
            &paid.sighting_id.uuid(),
            &profile,
            &paid.bank_txn_id,
            &paid.call_id,
            &paid.customer_key,
            &paid.reference,
            &paid.amount.dong(),
            &paid.told.map(Vnd::dong),
            &paid.outcome.as_str(),
            &paid.payment_id.map(PaymentId::uuid),
            &paid.decided_at,
        ],
    )
    .await?;
    Ok(())
}

fn paid(row: &Row) -> Result<BillPaid, StorageError> {
    Ok(BillPaid {
        sighting_id: row.get::<_, Uuid>("sighting_id").into(),
        bank_txn_id: row.get("bank_txn_id"),
        call_id: row.get("call_id"),
        customer_key: row.get("customer_key"),
        reference: row.get("reference"),
        amount: Vnd::new(row.get("amount")),
        told: row.get::<_, Option<i64>>("told_amount").map(Vnd::new),
        outcome: word(row, "outcome")?,
        payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
        decided_at: row.get("decided_at"),
        booked: row.get::<_, Option<Uuid>>("booked").map(Into::into),
    })
}

/// What was decided, and what is in the books under the same number; SQL constants are joined where they are compiled.
macro_rules! select_paid {
    ($rest:literal) => {
        concat!(
            "select b.*, p.id as booked from bill_payment b ",
            "left join payment p on p.profile = b.profile and p.provider_txn_id = b.bank_txn_id ",
            $rest
        )
    };
}

const BY_TRANSACTION: &str = select_paid!("where b.profile = $1 and b.bank_txn_id = $2");

pub async fn by_transaction(db: &Db, profile: &str, transaction: &str) -> Result<Option<BillPaid>, StorageError> {
    let statement = db.prepare_cached(BY_TRANSACTION).await?;
    db.query_opt(&statement, &[&profile, &transaction]).await?.map(|row| paid(&row)).transpose()
}

const BY_HANDLE: &str = select_paid!("where b.profile = $1 and b.sighting_id = $2");

pub async fn by_handle(db: &Db, profile: &str, handle: Uuid) -> Result<Option<BillPaid>, StorageError> {
    let statement = db.prepare_cached(BY_HANDLE).await?;
    db.query_opt(&statement, &[&profile, &handle]).await?.map(|row| paid(&row)).transpose()
}

const BY_CALL: &str =
    select_paid!("where b.profile = $1 and (b.call_id = $2 or b.bank_txn_id = $2) order by b.decided_at limit 1");

pub async fn by_call(db: &Db, profile: &str, call_id: &str) -> Result<Option<BillPaid>, StorageError> {
    let statement = db.prepare_cached(BY_CALL).await?;
    db.query_opt(&statement, &[&profile, &call_id]).await?.map(|row| paid(&row)).transpose()
}

const PAID_OF_BILL: &str = select_paid!(
    "where b.profile = $1 and b.reference = $2 and upper(b.customer_key) = upper($3) and p.id is not null
    order by b.decided_at desc limit $4"
);

/// What is in the books of what was paid of one bill under one code; the newest first.
pub async fn paid_of_bill(
    db: &Db,
    profile: &str,
    reference: &str,
    customer_key: &str,
    limit: i64,
) -> Result<Vec<BillPaid>, StorageError> {
    let statement = db.prepare_cached(PAID_OF_BILL).await?;
    db.query(&statement, &[&profile, &reference, &customer_key, &limit]).await?.iter().map(paid).collect()
}
