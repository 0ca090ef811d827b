//! What the demonstration has agreed beside its configuration: where VNPAY pays out to, how the bank's CSV is laid out, and
//! the counter of the one-stop desk.

use super::demo_config::{BANK_BENEFICIARY, TERMINAL, VNPAY};
use crate::admin::by;
use crate::failed::Failed;
use crate::sample;
use domain::codes::{AccountCode, CounterCode, ProfileCode};
use payments::administer::counters::NewCounter;
use payments::administer::once;
use storage::{Pool, Tx, counters, profiles, receiving_accounts};

/// As VNPAY's payouts read on a statement.
const PAYOUT_TEXT: &str = "VNPAY TT";
/// The simulated bank's own.
const CSV_LAYOUT: &str = "synthetic-bank";
pub const COUNTER: &str = "quay-1";

/// Settings that somebody has made since are left alone.
pub async fn put(pool: &Pool) -> Result<(), Failed> {
    let db = pool.get().await?;
    let holder = sample::beneficiary_of(BANK_BENEFICIARY)?;
    let code = AccountCode::new(format!("{}.{}", holder.bank_bin, holder.account_number))?;
    let known = receiving_accounts::all(&db, Some(code.as_str())).await?;
    let Some(account) = known.first() else { return Err(format!("there is no account {code}").into()) };
    if account.csv_profile.is_none() {
        receiving_accounts::put_settings(&db, &code, &account.own_numbering, Some(CSV_LAYOUT)).await?;
    }
    if profiles::payouts(&db, None, Some(VNPAY)).await?.is_empty() {
        profiles::put_payouts(&db, VNPAY, code.as_str(), PAYOUT_TEXT).await?;
    }
    if counters::all(&db, Some(COUNTER)).await?.is_empty() {
        drop(db);
        let new = NewCounter {
            code: CounterCode::new(COUNTER)?,
            name: "Quầy một cửa phường Lào Cai (mẫu)".to_owned(),
            account: code,
            terminal: Some(ProfileCode::new(TERMINAL)?),
            beneficiaries: vec![BANK_BENEFICIARY.to_owned()],
        };
        let by = by();
        once(pool, &by, async |tx: &Tx| payments::administer::counters::put(tx, &by, &new).await).await?;
    }
    Ok(())
}
