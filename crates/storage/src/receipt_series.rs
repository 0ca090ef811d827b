//! Series of receipts: who collects, under which template and letters, and the next number of each year.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, word, words};
use domain::obligation::ObligationKind;
use domain::receipt::{Letters, Template};
use jiff::civil::Date;
use tokio_postgres::Row;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub code: String,
    pub beneficiary_code: String,
    /// Of which obligations: fee, charge.
    pub kinds: Vec<ObligationKind>,
    pub template: Template,
    pub letters: Letters,
    pub collector_name: String,
    pub collector_tax_code: String,
    pub collector_address: String,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
}

impl Series {
    /// What a receipt of it is named by, and whose it is: stands from the first number on.
    pub fn names_alike(&self, other: &Self) -> bool {
        let name = |s: &Self| (s.beneficiary_code.clone(), s.template, s.letters, s.collector_tax_code.clone());
        name(self) == name(other)
    }
}

fn from_row(row: &Row) -> Result<Series, StorageError> {
    Ok(Series {
        code: row.get("code"),
        beneficiary_code: row.get("beneficiary_code"),
        kinds: words(row, "kinds")?,
        template: word(row, "template")?,
        letters: row.get::<_, &str>("letters").parse().map_err(unreadable)?,
        collector_name: row.get("collector_name"),
        collector_tax_code: row.get("collector_tax_code"),
        collector_address: row.get("collector_address"),
        valid_from: row.get("valid_from"),
        valid_to: row.get("valid_to"),
    })
}

const HOLD: &str = "select pg_advisory_xact_lock(hashtextextended('receipt_series:' || $1, 0))";
const LOCK: &str = "select s.*, exists (select from receipt_counter c where c.series_code = s.code) as is_used
    from receipt_series s where s.code = $1 for update of s";

/// The series of this code, if there is one, and whether a number of it was taken; nobody else changes it until the
/// transaction ends.
pub async fn hold(db: &Db, code: &str) -> Result<Option<(Series, bool)>, StorageError> {
    db.execute(HOLD, &[&code]).await?;
    let row = db.query_opt(LOCK, &[&code]).await?;
    row.map(|row| Ok((from_row(&row)?, row.get("is_used")))).transpose()
}

const PUT: &str = "insert into receipt_series (code, beneficiary_code, kinds, template, letters, collector_name,
        collector_tax_code, collector_address, valid_from, valid_to)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (code) do update set beneficiary_code = excluded.beneficiary_code, kinds = excluded.kinds,
        template = excluded.template, letters = excluded.letters, collector_name = excluded.collector_name,
        collector_tax_code = excluded.collector_tax_code, collector_address = excluded.collector_address,
        valid_from = excluded.valid_from, valid_to = excluded.valid_to";

/// # Errors
/// Conflict `receipt_serial_unique` where another series of the collector has these letters.
pub async fn put(db: &Db, s: &Series) -> Result<(), StorageError> {
    let kinds: Vec<&str> = s.kinds.iter().map(|kind| kind.as_str()).collect();
    let letters = s.letters.to_string();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 10] = [
        &s.code,
        &s.beneficiary_code,
        &kinds,
        &s.template.as_str(),
        &letters,
        &s.collector_name,
        &s.collector_tax_code,
        &s.collector_address,
        &s.valid_from,
        &s.valid_to,
    ];
    db.execute(PUT, &params).await?;
    Ok(())
}

const ALL: &str = "select * from receipt_series order by code";

pub async fn all(db: &Db) -> Result<Vec<Series>, StorageError> {
    db.query(ALL, &[]).await?.iter().map(from_row).collect()
}

const IN_FORCE: &str = "select * from receipt_series
    where beneficiary_code = $1 and $2 = any(kinds) and valid_from <= $3 and (valid_to is null or valid_to >= $3)
    order by valid_from desc, code limit 1";

/// The series of which a receipt of this day takes its number: of several the one that began last.
pub async fn in_force(
    db: &Db,
    beneficiary: &str,
    kind: ObligationKind,
    day: Date,
) -> Result<Option<Series>, StorageError> {
    let statement = db.prepare_cached(IN_FORCE).await?;
    let row = db.query_opt(&statement, &[&beneficiary, &kind.as_str(), &day]).await?;
    row.map(|row| from_row(&row)).transpose()
}

const TAKE: &str = "insert into receipt_counter (series_code, year, last_number) values ($1, $2, 1)
    on conflict (series_code, year) do update set last_number = receipt_counter.last_number + 1
    returning last_number";

/// The next number; whoever else wants one of this series waits until the transaction ends.
///
/// # Errors
/// Conflict `receipt_number_in_range` after the last number of the year.
pub async fn take_number(db: &Db, code: &str, year: i16) -> Result<i32, StorageError> {
    let statement = db.prepare_cached(TAKE).await?;
    Ok(db.query_one(&statement, &[&code, &i32::from(year)]).await?.get(0))
}
