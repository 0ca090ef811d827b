//! Bank accounts of ours: whose they are, and how their statements are read.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::unreadable;
use domain::codes::{AccountCode, BeneficiaryCode};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio_postgres::Row;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingAccount {
    pub code: AccountCode,
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
    /// Tellers and formats whose references are of a numbering of their own.
    pub own_numbering: Vec<String>,
    pub csv_profile: Option<String>,
}

impl ReceivingAccount {
    /// Whose numbering the references of this teller or format are; None: the bank's.
    pub fn numbering<'t>(&self, teller: &'t str) -> Option<&'t str> {
        self.own_numbering.iter().any(|own| own == teller).then_some(teller)
    }
}

pub(crate) fn from_row(row: &Row) -> Result<ReceivingAccount, StorageError> {
    Ok(ReceivingAccount {
        code: AccountCode::new(row.get::<_, String>("code")).map_err(unreadable)?,
        bank_bin: row.get("bank_bin"),
        account_number: row.get("account_number"),
        account_name: row.get("account_name"),
        own_numbering: row.get("own_numbering"),
        csv_profile: row.get("csv_profile"),
    })
}

const ALL: &str = "select r.* from receiving_account r where $1::text is null or r.code = $1 order by r.code";

/// All, or the one of `code`.
pub async fn all(db: &Db, code: Option<&str>) -> Result<Vec<ReceivingAccount>, StorageError> {
    let statement = db.prepare_cached(ALL).await?;
    db.query(&statement, &[&code]).await?.iter().map(from_row).collect()
}

const AT_BANK: &str = "select r.* from receiving_account r where r.bank_bin = $1 order by r.code";

/// All at one bank, whosever.
pub async fn at_bank(db: &Db, bin: &str) -> Result<Vec<ReceivingAccount>, StorageError> {
    let statement = db.prepare_cached(AT_BANK).await?;
    db.query(&statement, &[&bin]).await?.iter().map(from_row).collect()
}

const OF_BENEFICIARIES: &str = "select r.* from receiving_account r
    where ($2::text is null or r.account_number = $2) and exists (
        select from beneficiary_account b where b.bank_bin = r.bank_bin and b.account_number = r.account_number
          and b.beneficiary_code = any($1))
    order by r.code";

/// The accounts that these beneficiaries have or had, or those of them with this number: it may be one at each bank.
pub async fn of_beneficiaries(
    db: &Db,
    beneficiaries: &[BeneficiaryCode],
    number: Option<&str>,
) -> Result<Vec<ReceivingAccount>, StorageError> {
    let codes: Vec<&str> = beneficiaries.iter().map(BeneficiaryCode::as_str).collect();
    let statement = db.prepare_cached(OF_BENEFICIARIES).await?;
    db.query(&statement, &[&codes, &number]).await?.iter().map(from_row).collect()
}

const IN_FORCE: &str = "select r.code from receiving_account r
    where r.account_number = $2 and exists (
        select from beneficiary_account b where b.bank_bin = r.bank_bin and b.account_number = r.account_number
          and b.beneficiary_code = any($1) and b.in_force_from <= $3 and not exists (
              select from beneficiary_account later where later.beneficiary_code = b.beneficiary_code
                and later.in_force_from > b.in_force_from and later.in_force_from <= $3))";

/// Those with this number that one of these beneficiaries collected on at this time.
pub async fn in_force(
    db: &Db,
    beneficiaries: &[BeneficiaryCode],
    number: &str,
    at: Timestamp,
) -> Result<Vec<String>, StorageError> {
    let codes: Vec<&str> = beneficiaries.iter().map(BeneficiaryCode::as_str).collect();
    let statement = db.prepare_cached(IN_FORCE).await?;
    Ok(db.query(&statement, &[&codes, &number, &at]).await?.iter().map(|row| row.get(0)).collect())
}

const LOCK: &str = "select r.* from receiving_account r where r.code = $1 for no key update";

/// One import at a time for an account. Rows that name it, which is every report of its money, do not wait.
pub async fn lock(db: &Db, code: &AccountCode) -> Result<Option<ReceivingAccount>, StorageError> {
    let statement = db.prepare_cached(LOCK).await?;
    db.query_opt(&statement, &[&code.as_str()]).await?.map(|row| from_row(&row)).transpose()
}

const PUT_SETTINGS: &str = "update receiving_account set own_numbering = $2, csv_profile = $3 where code = $1";

/// False where there is no such account.
pub async fn put_settings(
    db: &Db,
    code: &AccountCode,
    own_numbering: &[String],
    csv_profile: Option<&str>,
) -> Result<bool, StorageError> {
    Ok(db.execute(PUT_SETTINGS, &[&code.as_str(), &own_numbering, &csv_profile]).await? == 1)
}

const BENEFICIARIES_OF: &str = "select distinct b.beneficiary_code from beneficiary_account b
    join receiving_account r on r.bank_bin = b.bank_bin and r.account_number = b.account_number where r.code = $1";

/// Whose account it is or was.
pub async fn beneficiaries_of(db: &Db, code: &AccountCode) -> Result<Vec<BeneficiaryCode>, StorageError> {
    let statement = db.prepare_cached(BENEFICIARIES_OF).await?;
    let rows = db.query(&statement, &[&code.as_str()]).await?;
    rows.iter().map(|row| BeneficiaryCode::new(row.get::<_, String>(0)).map_err(unreadable)).collect()
}

// a first account is in force from the clock of whoever made it
const HAD_BY: &str = "select exists (select from beneficiary_account b
    join receiving_account r on r.bank_bin = b.bank_bin and r.account_number = b.account_number
    where r.code = $1 and b.beneficiary_code = any($2) and (b.in_force_from <= now() or b.approved_by is null))";

/// Whether one of these beneficiaries has or had the account: one that is only to be theirs is not.
pub async fn is_had_by(db: &Db, code: &AccountCode, beneficiaries: &[String]) -> Result<bool, StorageError> {
    Ok(db.query_one(HAD_BY, &[&code.as_str(), &beneficiaries]).await?.get(0))
}

const IS_SAID_BY_ONE: &str = "select coalesce(bool_and(b.proposed_by = $2 and b.approved_by is null), false)
    from beneficiary_account b
    join receiving_account r on r.bank_bin = b.bank_bin and r.account_number = b.account_number where r.code = $1";

/// Whether only `actor` has said that the account is a beneficiary's.
pub async fn is_said_by_one(db: &Db, code: &AccountCode, actor: &str) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_SAID_BY_ONE, &[&code.as_str(), &actor]).await?.get(0))
}

const OWNERS: &str =
    "select account_code, array_agg(beneficiary_code order by beneficiary_code) from account_beneficiary
    group by account_code";

/// Whose each account is or was.
pub async fn owners(db: &Db) -> Result<BTreeMap<String, Vec<String>>, StorageError> {
    Ok(db.query(OWNERS, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}
