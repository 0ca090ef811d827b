//! Counters: who sets them up says for whom they collect, where their cash is brought to, and which terminal they have.

use super::{AdminError, By, Made};
use domain::codes::{AccountCode, CounterCode, ProfileCode};
use domain::counter::CHANNEL;
use storage::counters::{self, Counter};
use storage::{Tx, beneficiaries, profiles, receiving_accounts};

/// A counter as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCounter {
    pub code: CounterCode,
    pub name: String,
    pub account: AccountCode,
    pub terminal: Option<ProfileCode>,
    /// One at least.
    pub beneficiaries: Vec<String>,
}

/// Makes a counter of this code, or changes it. What its drawer holds stays; deposits under way stay where they were brought.
///
/// # Errors
/// When one of its beneficiaries is not theirs, the account is none of its beneficiaries' or was named by the same person
/// alone, or the terminal is none.
pub async fn put(tx: &Tx, by: &By, new: &NewCounter) -> Result<Made<Counter>, AdminError> {
    if !by.may_give(&new.beneficiaries) {
        return Err(AdminError::NotOfAll);
    }
    let standing = counters::lock(tx, &new.code).await?;
    if standing.as_ref().is_some_and(|c| !by.may_give(&c.beneficiaries)) {
        return Err(AdminError::Absent);
    }
    for code in &new.beneficiaries {
        if beneficiaries::in_force(tx, Some(code)).await?.is_empty() {
            return Err(AdminError::NoBeneficiary(code.clone()));
        }
    }
    if !receiving_accounts::is_had_by(tx, &new.account, &new.beneficiaries).await? {
        return Err(AdminError::NotTheirAccount(new.account.to_string()));
    }
    let moves = standing.is_none_or(|c| c.account != new.account);
    // the command line has the database behind it
    if moves && by.person.is_some() && receiving_accounts::is_said_by_one(tx, &new.account, &by.actor).await? {
        return Err(AdminError::AccountOfOne(new.account.to_string()));
    }
    if let Some(terminal) = &new.terminal {
        let contract = profiles::by_code(tx, terminal.as_str()).await?;
        if contract.is_none_or(|p| p.channel != CHANNEL) {
            return Err(AdminError::NoTerminal(terminal.to_string()));
        }
    }
    let counter = Counter {
        code: new.code.clone(),
        name: new.name.clone(),
        account: new.account.clone(),
        terminal: new.terminal.clone(),
        terminal_for: Vec::new(),
        beneficiaries: new.beneficiaries.clone(),
        drawer: domain::Vnd::ZERO,
    };
    counters::put(tx, &counter).await?;
    let stored = counters::all(tx, Some(new.code.as_str())).await?.pop().ok_or(AdminError::Absent)?;
    let terminal = stored.terminal.as_ref().map_or("none", ProfileCode::as_str);
    let detail =
        format!("account={} terminal={terminal} beneficiaries={}", stored.account, stored.beneficiaries.join(","));
    Ok(Made::of(stored, "counter_put", &new.code).to(detail))
}
