//! Reports: their rows as the database sends them, one after the other. Nobody holds them all.

use crate::error::StorageError;
use crate::pool::Db;
use domain::report::{Per, Period, Report};
use domain::score::Hundredths;
use futures_util::{Stream, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, RowStream};

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    /// Đồng, or a count.
    Number(i64),
    Date(Date),
    At(Timestamp),
    /// Points, or percent.
    Hundredths(Hundredths),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Query {
    pub report: Report,
    pub period: Period,
    pub agency: Option<String>,
    pub channel: Option<String>,
    /// Whose money the asker sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    /// Of `collections` only.
    pub per: Per,
}

const TRANSACTIONS: &str = include_str!("reports/transactions.sql");
const RECONCILIATION: &str = include_str!("reports/reconciliation.sql");
const SUSPENSE: &str = include_str!("reports/suspense.sql");
const COLLECTIONS: &str = include_str!("reports/collections.sql");
const CASH_FLOW: &str = include_str!("reports/cash_flow.sql");
const REMITTANCES: &str = include_str!("reports/remittances.sql");
const TREASURY_SLIPS: &str = include_str!("reports/treasury_slips.sql");

/// None where the rows are reckoned from more than one question.
const fn sql(report: Report) -> Option<&'static str> {
    let sql = match report {
        Report::Transactions => TRANSACTIONS,
        Report::Reconciliation => RECONCILIATION,
        Report::Suspense => SUSPENSE,
        Report::Collections => COLLECTIONS,
        Report::CashFlow => CASH_FLOW,
        Report::Remittances => REMITTANCES,
        Report::TreasurySlips => TREASURY_SLIPS,
        Report::OnlinePaymentScore => return None,
    };
    Some(sql)
}

const PATIENT: &str = "set local idle_in_transaction_session_timeout = '30min'";

/// Lets the transaction wait for its reader: the database may have sent its last row long before the reader took it.
pub async fn patient(db: &Db) -> Result<(), StorageError> {
    Ok(db.batch_execute(PATIENT).await?)
}

/// The rows, in a transaction that the caller has made a snapshot (`assurance::snapshot`). A reader that is slow makes
/// the database wait: no more than a few rows are on their way.
pub async fn rows(
    db: &Db,
    q: &Query,
) -> Result<impl Stream<Item = Result<Vec<Cell>, StorageError>> + use<>, StorageError> {
    let sql = sql(q.report).ok_or_else(|| StorageError::Unreadable(format!("{} has no rows of its own", q.report)))?;
    let statement = db.prepare_cached(sql).await?;
    let (from, to) = (q.period.from(), q.period.to());
    let by_day = q.per == Per::Day;
    let params: [&(dyn ToSql + Sync); 6] = [&from, &to, &q.agency, &q.channel, &q.beneficiaries, &by_day];
    // all ask by the first five, of days only some
    let taken = params.into_iter().take(statement.params().len());
    let rows: RowStream = db.query_raw(&statement, taken).await?;
    Ok(rows.map_err(StorageError::from).and_then(|row| std::future::ready(cells(&row))))
}

/// The names of a report's columns, as its SQL gives them; None where it has none.
pub async fn columns(db: &Db, report: Report) -> Result<Option<Vec<String>>, StorageError> {
    let Some(sql) = sql(report) else { return Ok(None) };
    let statement = db.prepare_cached(sql).await?;
    Ok(Some(statement.columns().iter().map(|c| c.name().to_owned()).collect()))
}

fn cells(row: &Row) -> Result<Vec<Cell>, StorageError> {
    row.columns().iter().enumerate().map(|(at, column)| cell(row, at, column.type_())).collect()
}

fn cell(row: &Row, at: usize, kind: &Type) -> Result<Cell, StorageError> {
    let cell = match *kind {
        Type::TEXT => row.try_get::<_, Option<String>>(at)?.map(Cell::Text),
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Cell::Number),
        Type::DATE => row.try_get::<_, Option<Date>>(at)?.map(Cell::Date),
        Type::TIMESTAMPTZ => row.try_get::<_, Option<Timestamp>>(at)?.map(Cell::At),
        _ => return Err(StorageError::Unreadable(format!("a report's column of type {kind}"))),
    };
    Ok(cell.unwrap_or(Cell::Empty))
}
