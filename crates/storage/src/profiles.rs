//! Merchant profiles: one contract with one provider each. Its secrets lie in `credentials`.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::unreadable;
use domain::Vnd;
use domain::fee::ProviderFee;
use jiff::Timestamp;
use tokio_postgres::Row;

const PUT: &str = "with p as (
        insert into merchant_profile (code, channel) values ($1, $2)
        on conflict (code) do update set updated_at = now() where merchant_profile.channel <> excluded.channel returning code)
    insert into account (code, kind) values ('clearing:' || $1, 'clearing'), ('fee:' || $1, 'fee') on conflict do nothing";
const LINK: &str = "insert into profile_beneficiary (profile_code, beneficiary_code)
    select $1, code from unnest($2::text[]) as b(code) on conflict do nothing";
const UNLINK: &str = "delete from profile_beneficiary where profile_code = $1 and beneficiary_code <> all($2)";

/// Brings a configured profile into the books: its row, its clearing account, whom it collects for.
///
/// # Errors
/// A conflict when a beneficiary does not exist.
pub async fn put(db: &Db, code: &str, channel: &str, beneficiaries: &[String]) -> Result<(), StorageError> {
    db.execute(PUT, &[&code, &channel]).await?;
    db.execute(LINK, &[&code, &beneficiaries]).await?;
    db.execute(UNLINK, &[&code, &beneficiaries]).await?;
    Ok(())
}

/// A profile as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub code: String,
    pub channel: String,
    pub beneficiaries: Vec<String>,
    pub payout_account: Option<String>,
    pub payout_text: Option<String>,
    pub limits: Limits,
    pub updated_at: Timestamp,
}

/// Which amounts a contract takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub min_amount: Vnd,
    /// None: the provider's own limit alone.
    pub max_amount: Option<Vnd>,
}

const LIST: &str = "select p.*, coalesce(array_agg(b.beneficiary_code order by b.beneficiary_code)
        filter (where b.beneficiary_code is not null), '{}') as beneficiaries
    from merchant_profile p left join profile_beneficiary b on b.profile_code = p.code
    where $1::text is null or p.code = $1 group by p.code order by p.code";

pub async fn list(db: &Db) -> Result<Vec<Listed>, StorageError> {
    Ok(db.query(LIST, &[&None::<&str>]).await?.iter().map(listed).collect())
}

pub async fn by_code(db: &Db, code: &str) -> Result<Option<Listed>, StorageError> {
    Ok(db.query_opt(LIST, &[&Some(code)]).await?.map(|row| listed(&row)))
}

const HOLD: &str = "select 1 from merchant_profile where code = $1 for no key update";

/// The same, held until the transaction ends.
pub async fn lock(db: &Db, code: &str) -> Result<Option<Listed>, StorageError> {
    db.query_opt(HOLD, &[&code]).await?;
    by_code(db, code).await
}

fn listed(row: &Row) -> Listed {
    Listed {
        code: row.get("code"),
        channel: row.get("channel"),
        beneficiaries: row.get("beneficiaries"),
        payout_account: row.get("payout_account"),
        payout_text: row.get("payout_text"),
        limits: Limits {
            min_amount: Vnd::new(row.get("min_amount")),
            max_amount: row.get::<_, Option<i64>>("max_amount").map(Vnd::new),
        },
        updated_at: row.get("updated_at"),
    }
}

const PUT_LIMITS: &str =
    "update merchant_profile set min_amount = $2, max_amount = $3, updated_at = now() where code = $1";

/// False where there is no such profile.
pub async fn put_limits(db: &Db, code: &str, limits: &Limits) -> Result<bool, StorageError> {
    let max = limits.max_amount.map(Vnd::dong);
    Ok(db.execute(PUT_LIMITS, &[&code, &limits.min_amount.dong(), &max]).await? == 1)
}

const PUT_FEE: &str =
    "insert into contract_fee (profile_code, starts_on, rate_ppm, rounding, fixed) values ($1, $2, $3, $4, $5)
    on conflict (profile_code, starts_on) do update set rate_ppm = excluded.rate_ppm, rounding = excluded.rounding,
        fixed = excluded.fixed";

/// Says what a contract's provider keeps from a day on; the same day again replaces it.
pub async fn put_fee(db: &Db, code: &str, fee: &ProviderFee) -> Result<(), StorageError> {
    let (rounding, fixed) = (fee.rounding.as_str(), fee.fixed.dong());
    db.execute(PUT_FEE, &[&code, &fee.from, &fee.rate_ppm, &rounding, &fixed]).await?;
    Ok(())
}

const FEES: &str = "select * from contract_fee where profile_code = $1 order by starts_on";

/// All that a contract says, or has said, of its provider's fee, by day.
pub async fn fees(db: &Db, code: &str) -> Result<Vec<ProviderFee>, StorageError> {
    let statement = db.prepare_cached(FEES).await?;
    let fee = |row: &Row| {
        Ok(ProviderFee {
            from: row.get("starts_on"),
            rate_ppm: row.get("rate_ppm"),
            rounding: row.get::<_, String>("rounding").parse().map_err(unreadable)?,
            fixed: Vnd::new(row.get("fixed")),
        })
    };
    db.query(&statement, &[&code]).await?.iter().map(fee).collect()
}

/// By what a provider's payouts are known on an account of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payouts {
    pub profile: String,
    pub account: String,
    pub text: String,
}

const PAYOUTS: &str = "select code, payout_account, payout_text from merchant_profile
    where payout_account is not null and payout_text is not null and ($2::text is null or code = $2)
      and ($1::text is null or payout_account = $1
           or exists (select from settlement s where s.profile = code and s.payout_account = $1)) order by code";

/// The payouts that come to an account, or once did, or that a contract makes.
pub async fn payouts(db: &Db, account: Option<&str>, profile: Option<&str>) -> Result<Vec<Payouts>, StorageError> {
    let rows = db.query(PAYOUTS, &[&account, &profile]).await?;
    Ok(rows.iter().map(|row| Payouts { profile: row.get(0), account: row.get(1), text: row.get(2) }).collect())
}

const PUT_PAYOUTS: &str =
    "update merchant_profile set payout_account = $2, payout_text = $3, updated_at = now() where code = $1";

/// Says where a contract's payouts come to, and how they read there. False where there is no such profile.
pub async fn put_payouts(db: &Db, profile: &str, account: &str, text: &str) -> Result<bool, StorageError> {
    Ok(db.execute(PUT_PAYOUTS, &[&profile, &account, &text]).await? == 1)
}
