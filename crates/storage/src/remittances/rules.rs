//! Rules of remittance: what is kept of a fee, when the rest is due, where it goes and under which budget codes.

use super::{Way, way};
use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::RemittanceRuleId;
use domain::codes::BeneficiaryCode;
use domain::remittance::{DueBy, Period, Retention};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// Of one fee of one beneficiary, for what was paid from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: RemittanceRuleId,
    pub beneficiary: BeneficiaryCode,
    pub fee_code: String,
    pub valid_from: Date,
    pub retention: Retention,
    pub period: Period,
    pub due_by: DueBy,
    pub due_n: u8,
    pub chapter: String,
    pub sub_item: String,
    pub area: String,
    pub way: Way,
    pub legal_basis: String,
}

fn from_row(row: &Row) -> Result<Rule, StorageError> {
    Ok(Rule {
        id: row.get::<_, Uuid>("id").into(),
        beneficiary: BeneficiaryCode::new(row.get::<_, &str>("beneficiary_code")).map_err(unreadable)?,
        fee_code: row.get("fee_code"),
        valid_from: row.get("valid_from"),
        retention: Retention { rate_ppm: row.get("retained_ppm"), rounding: word(row, "rounding")? },
        period: word(row, "period")?,
        due_by: word(row, "due_by")?,
        due_n: u8::try_from(row.get::<_, i32>("due_n")).map_err(unreadable)?,
        chapter: row.get("chapter"),
        sub_item: row.get("sub_item"),
        area: row.get("area"),
        way: way(row)?,
        legal_basis: row.get("legal_basis"),
    })
}

const PUT: &str = "insert into remittance_rule (id, beneficiary_code, fee_code, valid_from, retained_ppm, rounding, period, due_by,
        due_n, chapter, sub_item, area, unit, account_code, treasury, treasury_bank_bin, treasury_account,
        treasury_account_name, legal_basis, set_by, set_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
    on conflict (beneficiary_code, fee_code, valid_from) do update set retained_ppm = excluded.retained_ppm,
        rounding = excluded.rounding, period = excluded.period, due_by = excluded.due_by, due_n = excluded.due_n,
        chapter = excluded.chapter, sub_item = excluded.sub_item, area = excluded.area, unit = excluded.unit,
        account_code = excluded.account_code, treasury = excluded.treasury, treasury_bank_bin = excluded.treasury_bank_bin,
        treasury_account = excluded.treasury_account, treasury_account_name = excluded.treasury_account_name,
        legal_basis = excluded.legal_basis, set_by = excluded.set_by, set_at = excluded.set_at";

/// In place of the one of the same day.
///
/// # Errors
/// Conflict `remittance_rule_stands` where a remittance names that one.
pub async fn put(db: &Db, rule: &Rule, by: &str, at: Timestamp) -> Result<(), StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 21] = [
        &rule.id.uuid(),
        &rule.beneficiary.as_str(),
        &rule.fee_code,
        &rule.valid_from,
        &rule.retention.rate_ppm,
        &rule.retention.rounding.as_str(),
        &rule.period.as_str(),
        &rule.due_by.as_str(),
        &i32::from(rule.due_n),
        &rule.chapter,
        &rule.sub_item,
        &rule.area,
        &rule.way.unit,
        &rule.way.account.as_str(),
        &rule.way.treasury,
        &rule.way.bank_bin,
        &rule.way.account_number,
        &rule.way.account_name,
        &rule.legal_basis,
        &by,
        &at,
    ];
    db.execute(PUT, &params).await?;
    Ok(())
}

const LIST: &str = "select * from remittance_rule where ($1::text is null or beneficiary_code = $1)
    order by beneficiary_code, fee_code, valid_from";

/// By beneficiary, fee and day; of one beneficiary, or of all.
pub async fn list(db: &Db, beneficiary: Option<&str>) -> Result<Vec<Rule>, StorageError> {
    db.query(LIST, &[&beneficiary]).await?.iter().map(from_row).collect()
}
