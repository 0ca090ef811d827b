//! What a contract's provider keeps: settlement files are held against it, so whoever says it alone could let a provider that
//! keeps more pass unseen. One person proposes, another decides; the command line says it at once.

use super::changes::{Change, kept, noted, read};
use super::{AdminError, By, Made};
use crate::approve::{DecideError, Deciding};
use domain::approval::ApprovalKind;
use domain::fee::ProviderFee;
use domain::{ApprovalId, Vnd};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::unit::Unit;
use storage::{StorageError, Tx, profiles};

/// A fee as it is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NewFee {
    from: Date,
    rate_ppm: i32,
    rounding: String,
    fixed: i64,
}

impl From<&ProviderFee> for NewFee {
    fn from(fee: &ProviderFee) -> Self {
        let (rounding, fixed) = (fee.rounding.to_string(), fee.fixed.dong());
        Self { from: fee.from, rate_ppm: fee.rate_ppm, rounding, fixed }
    }
}

impl NewFee {
    fn read(&self) -> Result<ProviderFee, StorageError> {
        let rounding = self.rounding.parse().map_err(|_| StorageError::Unreadable("a rounding".to_owned()))?;
        Ok(ProviderFee { from: self.from, rate_ppm: self.rate_ppm, rounding, fixed: Vnd::new(self.fixed) })
    }
}

/// Says it at once, for whoever has the command line. Files that were imported before keep what was expected of them then.
pub async fn put(tx: &Tx, by: &By, code: &str, fee: &ProviderFee) -> Result<Made<Vec<ProviderFee>>, AdminError> {
    by.of_all()?;
    profiles::lock(tx, code).await?.ok_or(AdminError::Absent)?;
    profiles::put_fee(tx, code, fee).await?;
    Ok(Made::of(profiles::fees(tx, code).await?, "profile_fee_put", code).to(detail(fee)))
}

/// Proposes what the provider keeps from a day on, in place of what was said of that day.
///
/// # Errors
/// When that is what was said, or another proposal about the contract's fees waits.
pub async fn propose(
    tx: &Tx,
    by: &By,
    code: &str,
    fee: &ProviderFee,
    note: &str,
) -> Result<Made<ApprovalId>, AdminError> {
    by.of_all()?;
    let profile = profiles::by_code(tx, code).await?.ok_or(AdminError::Absent)?;
    let change = Change { new: NewFee::from(fee), standing: standing(tx, code, fee.from).await? };
    if change.standing.as_ref() == Some(&change.new) {
        return Err(AdminError::NothingChanges);
    }
    let about = (ApprovalKind::ContractFee, code, profile.beneficiaries);
    let id = kept(tx, by, about, &change, note).await?;
    Ok(Made::of(id, "profile_fee_proposed", id).to(format!("{code} {}", detail(fee))))
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let change: Change<NewFee> = read(approval)?;
    let code = approval.subject.as_str();
    profiles::lock(tx, code).await?.ok_or(DecideError::Stale)?;
    if standing(tx, code, change.new.from).await? != change.standing {
        return Err(DecideError::Stale);
    }
    let fee = change.new.read()?;
    profiles::put_fee(tx, code, &fee).await?;
    Ok(noted(d, "profile_fee_put", format!("{code} {}", detail(&fee))))
}

/// What was said of this very day.
async fn standing(tx: &Tx, code: &str, from: Date) -> Result<Option<NewFee>, StorageError> {
    Ok(profiles::fees(tx, code).await?.iter().find(|fee| fee.from == from).map(NewFee::from))
}

fn detail(fee: &ProviderFee) -> String {
    let (rate, fixed) = (fee.rate_ppm, fee.fixed.dong());
    format!("from={} rate_ppm={rate} rounding={} fixed={fixed}", fee.from, fee.rounding)
}
