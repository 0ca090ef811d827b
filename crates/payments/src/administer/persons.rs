//! People: made, changed, disabled. What they may do follows from their roles and holds for each key of theirs.

use super::{AdminError, By, Made};
use domain::PersonId;
use domain::role::Role;
use storage::Tx;
use storage::beneficiaries;
use storage::ids::mint;
use storage::persons::{self, Filter, Person};

/// A person as an administrator names them.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    /// None: as they are; every role for somebody new.
    pub roles: Option<Vec<Role>>,
    /// Whose money they see; empty: all.
    pub beneficiaries: Vec<String>,
}

/// Somebody new.
///
/// # Errors
/// When the code is somebody's.
pub async fn create(tx: &Tx, by: &By, code: &str, named: &Named) -> Result<Made<Person>, AdminError> {
    may_have(tx, by, &named.beneficiaries).await?;
    let person = Person {
        id: mint(by.now),
        code: code.to_owned(),
        name: named.name.clone(),
        roles: sorted(named.roles.clone().unwrap_or_else(|| Role::ALL.to_vec())),
        beneficiaries: named.beneficiaries.clone(),
        created_at: by.now,
        disabled_at: None,
    };
    match persons::insert(tx, &person).await {
        Err(e) if e.is_conflict("person_code_unique") => Err(AdminError::CodeTaken(code.to_owned())),
        Err(e) => Err(e.into()),
        Ok(()) => {
            let rights = rights(&person);
            Ok(Made::of(person.clone(), "person_created", person.id).to(rights))
        }
    }
}

/// Makes a person of this code, or changes the one who is there.
pub async fn put(tx: &Tx, by: &By, code: &str, named: &Named) -> Result<Made<Person>, AdminError> {
    let filter = Filter { code: Some(code.to_owned()), within: by.beneficiaries.clone(), id: None };
    match persons::lock(tx, &filter).await? {
        Some(person) => changed(tx, by, person, named).await,
        None => create(tx, by, code, named).await,
    }
}

/// Changes name, roles and beneficiaries.
pub async fn set(tx: &Tx, by: &By, id: PersonId, named: &Named) -> Result<Made<Person>, AdminError> {
    let person = held(tx, by, id).await?;
    changed(tx, by, person, named).await
}

async fn changed(tx: &Tx, by: &By, person: Person, named: &Named) -> Result<Made<Person>, AdminError> {
    not_oneself(by, &person)?;
    may_have(tx, by, &named.beneficiaries).await?;
    let roles = sorted(named.roles.clone().unwrap_or_else(|| person.roles.clone()));
    let after = Person { name: named.name.clone(), roles, beneficiaries: named.beneficiaries.clone(), ..person };
    persons::update(tx, &after).await?;
    let rights = rights(&after);
    Ok(Made::of(after.clone(), "person_changed", after.id).to(rights))
}

/// Their keys are refused from now on, or good again.
pub async fn disable(tx: &Tx, by: &By, id: PersonId, disabled: bool) -> Result<Made<Person>, AdminError> {
    let person = held(tx, by, id).await?;
    not_oneself(by, &person)?;
    // whoever is disabled already has been so since then
    let disabled_at = disabled.then(|| person.disabled_at.unwrap_or(by.now));
    let after = Person { disabled_at, ..person };
    persons::update(tx, &after).await?;
    let action = if disabled { "person_disabled" } else { "person_enabled" };
    Ok(Made::of(after.clone(), action, after.id))
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

fn sorted(mut roles: Vec<Role>) -> Vec<Role> {
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn rights(person: &Person) -> String {
    let roles: Vec<&str> = person.roles.iter().map(|role| role.as_str()).collect();
    let of = if person.beneficiaries.is_empty() { "all".to_owned() } else { person.beneficiaries.join(",") };
    format!("roles={} beneficiaries={of}", roles.join(","))
}
