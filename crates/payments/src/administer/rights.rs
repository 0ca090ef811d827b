//! Wider rights of a person: one administrator proposes, somebody else decides, who is not the person either.
//!
//! | proposed rights, when they are decided | |
//! |---|---|
//! | the person is as when it was proposed, its proposer still administers them | in force with the decision |
//! | the person was changed, disabled or enabled since; or its proposer was disabled, or lost the role or the beneficiaries | `approval_stale` |
//! | its proposer decides | `same_person` |
//! | the person decides about themselves | `own_rights` |
//! | rejected | as it was |
//!
//! The proposal holds no name: only the code and the id.

use super::changes::{kept, noted, person, read};
use super::{AdminError, By};
use crate::approve::{DecideError, Deciding};
use domain::ApprovalId;
use domain::approval::ApprovalKind;
use domain::rights::Rights;
use serde::{Deserialize, Serialize};
use storage::approvals::{self, Approval};
use storage::persons::{self, Filter, Person, Said};
use storage::unit::Unit;
use storage::{StorageError, Tx};

/// Rights as a proposal shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown {
    roles: Vec<String>,
    beneficiaries: Vec<String>,
    active: bool,
}

/// What is wished for, of whom, and what stands.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Proposed {
    /// Their code.
    person: String,
    new: Shown,
    standing: Shown,
}

impl From<&Rights> for Shown {
    fn from(r: &Rights) -> Self {
        let roles = r.roles.iter().map(ToString::to_string).collect();
        Self { roles, beneficiaries: r.beneficiaries.clone(), active: r.active }
    }
}

impl Shown {
    fn rights(&self) -> Result<Rights, StorageError> {
        let role =
            |word: &String| word.parse().map_err(|_| StorageError::Unreadable("a role of a proposal".to_owned()));
        let roles = self.roles.iter().map(role).collect::<Result<_, _>>()?;
        Ok(Rights { roles, beneficiaries: self.beneficiaries.clone(), active: self.active })
    }
}

/// As the audit trail says it.
pub(super) fn told(rights: &Rights) -> String {
    let roles: Vec<&str> = rights.roles.iter().map(|role| role.as_str()).collect();
    let of = if rights.beneficiaries.is_empty() { "all".to_owned() } else { rights.beneficiaries.join(",") };
    format!("roles={} beneficiaries={of}", roles.join(","))
}

/// What waits about this person. It is locked before the person is, as whoever decides does.
pub(super) async fn waiting(tx: &Tx, id: domain::PersonId) -> Result<Option<Approval>, AdminError> {
    Ok(approvals::lock_pending(tx, ApprovalKind::PersonRights, &id.to_string()).await?)
}

/// Proposes these rights for who is there. The same proposal, made again by the same person while it waits, is that one.
///
/// # Errors
/// When another proposal waits.
pub(super) async fn propose(
    tx: &Tx,
    by: &By,
    before: &Person,
    new: &Rights,
    waiting: Option<&Approval>,
) -> Result<ApprovalId, AdminError> {
    let standing = before.rights();
    let payload = Proposed { person: before.code.clone(), new: new.into(), standing: (&standing).into() };
    let subject = before.id.to_string();
    // the person is locked by now: of several who propose at one time, the others see the first
    let beside = match waiting {
        None => approvals::pending(tx, ApprovalKind::PersonRights, &subject).await?,
        Some(_) => None,
    };
    if let Some(waits) = waiting.or(beside.as_ref()) {
        let same = waits.proposer == by.actor && read::<Proposed>(waits)? == payload;
        return if same { Ok(waits.id) } else { Err(AdminError::Pending) };
    }
    let about = (ApprovalKind::PersonRights, subject.as_str(), new.reach_with(&standing));
    kept(tx, by, about, &payload, "").await
}

/// A second person says yes.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let proposed: Proposed = read(approval)?;
    let filter = Filter { id: Some(person(approval)?), ..Filter::default() };
    let before = persons::lock(tx, &filter).await?.ok_or(DecideError::Stale)?;
    if before.rights() != proposed.standing.rights()? {
        return Err(DecideError::Stale);
    }
    let rights = proposed.new.rights()?;
    let action = if rights.active && before.disabled_at.is_some() { "person_enabled" } else { "person_changed" };
    let detail = format!("{} {}", before.id, told(&rights));
    // what is proposed never disables anybody: that takes one person
    let disabled_at = before.disabled_at.filter(|_| !rights.active);
    let after = Person { roles: rights.roles, beneficiaries: rights.beneficiaries, disabled_at, ..before };
    let said = Said { by: &d.caller.actor(), at: d.now, approval: Some(approval.id) };
    persons::update(tx, &after, &said).await?;
    Ok(noted(d, action, detail))
}
