//! People: made, changed, disabled. What they may do follows from their roles and holds for each key of theirs.
//!
//! | an administrator, over the API | |
//! |---|---|
//! | makes somebody without roles | in force |
//! | makes somebody with roles | they are there without any; the roles are proposed |
//! | takes away, disables, renames | in force |
//! | gives a role or a beneficiary, or gives and takes | proposed as a whole; a name is in force |
//! | enables who is disabled | proposed |
//! | changes themselves | `own_rights` |
//!
//! Whoever has the command line does each of these at once: that is how the first people come to be.

use super::{AdminError, By, Made, rights};
use domain::rights::Rights;
use domain::role::Role;
use domain::{ApprovalId, PersonId};
use storage::Tx;
use storage::approvals::Approval;
use storage::beneficiaries;
use storage::ids::mint;
use storage::persons::{self, Filter, Person};
use storage::principals;

/// A person as an administrator names them.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    /// None: as they are; every role for somebody new.
    pub roles: Option<Vec<Role>>,
    /// Whose money they see; empty: all.
    pub beneficiaries: Vec<String>,
}

/// A person as they are now, and what waits for a second person.
#[derive(Debug, Clone)]
pub struct Stands {
    pub person: Person,
    pub waits: Option<ApprovalId>,
}

/// Somebody new.
///
/// # Errors
/// When the code is somebody's.
pub async fn create(tx: &Tx, by: &By, code: &str, named: &Named) -> Result<Made<Stands>, AdminError> {
    may_have(tx, by, &named.beneficiaries).await?;
    let roles = sorted(named.roles.clone().unwrap_or_else(|| Role::ALL.to_vec()));
    let person = Person {
        id: mint(by.now),
        code: code.to_owned(),
        name: named.name.clone(),
        roles: if by.is_command_line() { roles.clone() } else { Vec::new() },
        beneficiaries: sorted(named.beneficiaries.clone()),
        created_at: by.now,
        disabled_at: None,
    };
    match persons::insert(tx, &person, &by.says()).await {
        Err(e) if principals::is_code_taken(&e) => return Err(AdminError::CodeTaken(code.to_owned())),
        other => other?,
    }
    let wished = Rights { roles, ..person.rights() };
    let waits =
        if wished == person.rights() { None } else { Some(rights::propose(tx, by, &person, &wished, None).await?) };
    Ok(made("person_created", person, waits, &wished))
}

/// Makes a person of this code, or changes the one who is there.
pub async fn put(tx: &Tx, by: &By, code: &str, named: &Named) -> Result<Made<Stands>, AdminError> {
    let filter = Filter { code: Some(code.to_owned()), within: by.beneficiaries.clone(), id: None };
    match persons::page(tx, &filter, None, 1).await?.pop() {
        Some(person) => set(tx, by, person.id, named).await,
        None => create(tx, by, code, named).await,
    }
}

/// Changes name, roles and beneficiaries.
pub async fn set(tx: &Tx, by: &By, id: PersonId, named: &Named) -> Result<Made<Stands>, AdminError> {
    let waiting = rights::waiting(tx, id).await?;
    let person = held(tx, by, id).await?;
    not_oneself(by, &person)?;
    may_have(tx, by, &named.beneficiaries).await?;
    let roles = sorted(named.roles.clone().unwrap_or_else(|| person.roles.clone()));
    let wished = Rights { roles, beneficiaries: sorted(named.beneficiaries.clone()), ..person.rights() };
    persons::rename(tx, id, &named.name).await?;
    let person = Person { name: named.name.clone(), ..person };
    come_to(tx, by, person, wished, waiting.as_ref(), "person_changed").await
}

/// Their keys are refused from now on, or good again.
pub async fn disable(tx: &Tx, by: &By, id: PersonId, disabled: bool) -> Result<Made<Stands>, AdminError> {
    let waiting = rights::waiting(tx, id).await?;
    let person = held(tx, by, id).await?;
    not_oneself(by, &person)?;
    let wished = Rights { active: !disabled, ..person.rights() };
    let action = if disabled { "person_disabled" } else { "person_enabled" };
    come_to(tx, by, person, wished, waiting.as_ref(), action).await
}

/// In force, where that takes one person; or proposed.
async fn come_to(
    tx: &Tx,
    by: &By,
    before: Person,
    wished: Rights,
    waiting: Option<&Approval>,
    action: &'static str,
) -> Result<Made<Stands>, AdminError> {
    if !by.is_command_line() && wished.widen(&before.rights()) {
        let waits = rights::propose(tx, by, &before, &wished, waiting).await?;
        return Ok(made("person_changed", before, Some(waits), &wished));
    }
    // whoever is disabled already has been so since then
    let disabled_at = (!wished.active).then(|| before.disabled_at.unwrap_or(by.now));
    let (roles, beneficiaries) = (wished.roles.clone(), wished.beneficiaries.clone());
    let after = Person { roles, beneficiaries, disabled_at, ..before };
    persons::update(tx, &after, &by.says()).await?;
    Ok(made(action, after, None, &wished))
}

/// What was done, and what was proposed with it.
fn made(action: &'static str, person: Person, waits: Option<ApprovalId>, wished: &Rights) -> Made<Stands> {
    let (id, stand) = (person.id, rights::told(&person.rights()));
    let made = Made::of(Stands { person, waits }, action, id);
    let made = if matches!(action, "person_disabled" | "person_enabled") { made } else { made.to(stand) };
    match waits {
        Some(approval) => made.and("person_rights_proposed", format!("{approval} {id} {}", rights::told(wished))),
        None => made,
    }
}

async fn held(tx: &Tx, by: &By, id: PersonId) -> Result<Person, AdminError> {
    let filter = Filter { id: Some(id), within: by.beneficiaries.clone(), code: None };
    persons::lock(tx, &filter).await?.ok_or(AdminError::Absent)
}

fn not_oneself(by: &By, person: &Person) -> Result<(), AdminError> {
    if by.person == Some(person.id) { Err(AdminError::OwnRights) } else { Ok(()) }
}

async fn may_have(tx: &Tx, by: &By, beneficiaries: &[String]) -> Result<(), AdminError> {
    for code in beneficiaries {
        // one that is not theirs is as absent as one that is not there
        if !by.sees(code) || beneficiaries::in_force(tx, Some(code)).await?.is_empty() {
            return Err(AdminError::NoBeneficiary(code.clone()));
        }
    }
    if by.may_give(beneficiaries) { Ok(()) } else { Err(AdminError::BeneficiariesMissing) }
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}
