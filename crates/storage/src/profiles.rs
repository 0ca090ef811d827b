//! Merchant profiles: one contract with one provider each. Credentials are the configuration's.

use crate::error::StorageError;
use crate::pool::Db;

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
#[derive(Debug, Clone)]
pub struct Listed {
    pub code: String,
    pub channel: String,
    pub beneficiaries: Vec<String>,
}

const LIST: &str = "select p.code, p.channel, coalesce(array_agg(b.beneficiary_code order by b.beneficiary_code)
        filter (where b.beneficiary_code is not null), '{}') as beneficiaries
    from merchant_profile p left join profile_beneficiary b on b.profile_code = p.code group by p.code order by p.code";

pub async fn list(db: &Db) -> Result<Vec<Listed>, StorageError> {
    let rows = db.query(LIST, &[]).await?;
    Ok(rows.iter().map(|row| Listed { code: row.get(0), channel: row.get(1), beneficiaries: row.get(2) }).collect())
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
