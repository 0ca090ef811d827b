//! What the demonstration has agreed beside its configuration: where VNPAY pays out to, and how the bank's CSV is laid out.

use super::home::{BANK_BENEFICIARY, PROFILE};
use crate::failed::Failed;
use crate::sample;
use domain::codes::AccountCode;
use storage::{Db, profiles, receiving_accounts};

/// As VNPAY's payouts read on a statement.
const PAYOUT_TEXT: &str = "VNPAY TT";
/// The simulated bank's own.
const CSV_LAYOUT: &str = "synthetic-bank";

/// Settings that somebody has made since are left alone.
pub async fn put(db: &Db) -> Result<(), Failed> {
    let holder = sample::beneficiary_of(BANK_BENEFICIARY)?;
    let code = AccountCode::new(format!("{}.{}", holder.bank_bin, holder.account_number))?;
    let known = receiving_accounts::all(db, Some(code.as_str())).await?;
    let Some(account) = known.first() else { return Err(format!("there is no account {code}").into()) };
    if account.csv_profile.is_none() {
        receiving_accounts::put_settings(db, &code, &account.own_numbering, Some(CSV_LAYOUT)).await?;
    }
    if profiles::payouts(db, None, Some(PROFILE)).await?.is_empty() {
        profiles::put_payouts(db, PROFILE, code.as_str(), PAYOUT_TEXT).await?;
    }
    Ok(())
}
