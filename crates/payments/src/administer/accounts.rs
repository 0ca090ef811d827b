//! Where money goes: the account of a beneficiary, and where a contract pays out to. One person proposes, another decides.
//! A new account of a beneficiary is in force after a cooling-off, so that whoever is surprised by it can still act: the
//! account in force, proposed and approved again, withdraws what was to follow it.

use super::changes::{Change, kept, noted, read};
use super::{AdminError, By, Made};
use crate::approve::{DecideError, Deciding};
use domain::ApprovalId;
use domain::approval::ApprovalKind;
use domain::beneficiary::{AccountKind, Beneficiary};
use domain::codes::BeneficiaryCode;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::unit::Unit;
use storage::{StorageError, Tx, beneficiaries, profiles, receiving_accounts};

/// An account as it is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// `treasury` or `bank`.
    pub kind: String,
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}

impl NewAccount {
    fn of(b: &Beneficiary) -> Self {
        Self {
            kind: b.account_kind.to_string(),
            bank_bin: b.bank_bin.clone(),
            account_number: b.account_number.clone(),
            account_name: b.account_name.clone(),
        }
    }
}

/// Where a contract pays out to, and how its payouts read there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPayouts {
    pub payout_account: String,
    pub payout_text: String,
}

/// Proposes another account for a beneficiary.
///
/// # Errors
/// When it has that one, or another proposal waits.
pub async fn propose(
    tx: &Tx,
    by: &By,
    code: &BeneficiaryCode,
    new: &NewAccount,
    note: &str,
) -> Result<Made<ApprovalId>, AdminError> {
    let newest = if by.sees(code.as_str()) { beneficiaries::newest(tx, code.as_str()).await? } else { None };
    let standing = NewAccount::of(&newest.ok_or(AdminError::Absent)?);
    if standing == *new {
        return Err(AdminError::NothingChanges);
    }
    let change = Change { new: new.clone(), standing: Some(standing) };
    let about = (ApprovalKind::BeneficiaryAccount, code.as_str(), vec![code.to_string()]);
    let id = kept(tx, by, about, &change, note).await?;
    Ok(Made::of(id, "account_change_proposed", id).to(format!("{code} {}.{}", new.bank_bin, new.account_number)))
}

/// Proposes where a contract's payouts come to.
///
/// # Errors
/// When they come there already, no account of ours is named, or another proposal waits.
pub async fn propose_payouts(
    tx: &Tx,
    by: &By,
    code: &str,
    new: &NewPayouts,
    note: &str,
) -> Result<Made<ApprovalId>, AdminError> {
    by.of_all()?;
    let profile = profiles::by_code(tx, code).await?.ok_or(AdminError::Absent)?;
    if receiving_accounts::all(tx, Some(&new.payout_account)).await?.is_empty() {
        return Err(AdminError::NoAccount(new.payout_account.clone()));
    }
    let standing = payouts_of(&profile);
    if standing.as_ref() == Some(new) {
        return Err(AdminError::NothingChanges);
    }
    let change = Change { new: new.clone(), standing };
    let about = (ApprovalKind::ProfileCredentials, code, profile.beneficiaries);
    let id = kept(tx, by, about, &change, note).await?;
    Ok(Made::of(id, "payouts_change_proposed", id).to(format!("{code} account={}", new.payout_account)))
}

fn payouts_of(profile: &profiles::Listed) -> Option<NewPayouts> {
    let (payout_account, payout_text) = profile.payout_account.clone().zip(profile.payout_text.clone())?;
    Some(NewPayouts { payout_account, payout_text })
}

/// A second person says yes to an account.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let change: Change<NewAccount> = read(approval)?;
    let newest = beneficiaries::newest(tx, &approval.subject).await?.ok_or(DecideError::Stale)?;
    if Some(NewAccount::of(&newest)) != change.standing {
        return Err(DecideError::Stale);
    }
    let persons = (approval.proposer.as_str(), &*d.caller.actor());
    let in_force = beneficiaries::in_force(tx, Some(&approval.subject)).await?.pop();
    if in_force.as_ref().map(NewAccount::of).as_ref() == Some(&change.new) {
        // it stays: what was to follow it is withdrawn, and there is nothing to wait for
        beneficiaries::withdraw_coming(tx, &approval.subject, persons).await?;
        let detail = format!("{} {}.{}", approval.subject, change.new.bank_bin, change.new.account_number);
        return Ok(noted(d, "account_change_withdrawn", detail));
    }
    let account_kind: AccountKind =
        change.new.kind.parse().map_err(|_| StorageError::Unreadable("a kind of account".to_owned()))?;
    let NewAccount { bank_bin, account_number, account_name, .. } = change.new;
    let detail = format!("{bank_bin}.{account_number}");
    let next = Beneficiary { account_kind, bank_bin, account_number, account_name, ..newest };
    let in_force_from = d.now + d.cooling_off;
    beneficiaries::add_account(tx, &next, in_force_from, persons).await?;
    Ok(noted(d, "account_changed", format!("{} {detail} from {in_force_from}", approval.subject)))
}

/// A second person says yes to where payouts come to.
pub(crate) async fn payouts_approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let change: Change<NewPayouts> = read(approval)?;
    let profile = profiles::lock(tx, &approval.subject).await?.ok_or(DecideError::Stale)?;
    if payouts_of(&profile) != change.standing {
        return Err(DecideError::Stale);
    }
    let NewPayouts { payout_account, payout_text } = change.new;
    profiles::put_payouts(tx, &approval.subject, &payout_account, &payout_text).await?;
    Ok(noted(d, "profile_payouts_put", format!("{} account={payout_account}", approval.subject)))
}
