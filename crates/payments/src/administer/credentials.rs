//! The secrets that a contract shares with its provider. One person proposes, another decides; then the new one is in force
//! in every process within seconds, and the one before is accepted beside it until one of the two is retired, which narrows
//! and takes one person. A secret that the adapter cannot use is refused when it is proposed. No answer, log or audit line
//! shows one.

use super::{AdminError, By, Made};
use crate::approve::{DecideError, Deciding, Verdict};
use crate::context::Context;
use crate::renew_providers::held;
use domain::ApprovalId;
use domain::approval::ApprovalKind;
use jiff::Timestamp;
use provider::{Before, Contract, Held};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use storage::approvals::{self, Approval, NewApproval};
use storage::credentials::{self, Credential, NewCredential};
use storage::ids::mint;
use storage::unit::{Audit, Unit};
use storage::{Db, StorageError, Tx, Vault, profiles};
use uuid::Uuid;

/// A shorter one is guessed, or was cut when it was copied.
const LEAST_CHARACTERS: usize = 8;
/// The newest, and the one before it.
const ACCEPTED_AT_MOST: usize = 2;

/// One secret of a contract, by name, with those that are accepted.
#[derive(Debug, Clone)]
pub struct Shown {
    pub name: &'static str,
    pub meaning: &'static str,
    /// The newest first; of one that we alone show, that one.
    pub accepted: Vec<Accepted>,
    /// What waits for a second person.
    pub proposed: Option<Credential>,
}

/// A secret that is accepted, by what may be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub fingerprint: String,
    /// None: it is the configuration's.
    pub held: Option<Credential>,
}

/// What is proposed, and the fingerprints of what was accepted then, the oldest first: a decision about something that has
/// changed since is none.
#[derive(Serialize, Deserialize)]
struct Change {
    secret: String,
    fingerprint: String,
    credential: Uuid,
    standing: Vec<String>,
}

/// Every secret that the contract's adapter knows.
///
/// # Errors
/// When there is no such contract, or the administrator is not one of all.
pub async fn list(ctx: &Context, db: &Db, by: &By, code: &str) -> Result<Vec<Shown>, AdminError> {
    by.of_all()?;
    profiles::by_code(db, code).await?.ok_or(AdminError::Absent)?;
    let Some(contract) = ctx.providers.contract(code) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for credential in contract.credentials() {
        all.push(Place { ctx, contract, code, credential }.shown(db).await?);
    }
    Ok(all)
}

/// Proposes another secret of this name.
///
/// # Errors
/// When the name is unknown, the adapter cannot use it, it is accepted already, two are, or another proposal waits.
pub async fn propose(
    ctx: &Context,
    tx: &Tx,
    by: &By,
    (code, name): (&str, &str),
    secret: &SecretString,
    note: &str,
) -> Result<Made<ApprovalId>, AdminError> {
    by.of_all()?;
    let profile = profiles::lock(tx, code).await?.ok_or(AdminError::Absent)?;
    let place = Place::of(ctx, code, name)?;
    let accepted = place.fitting(tx, secret).await?;
    let credential = place.enter(tx, by, secret, false).await?;
    let fingerprint = fingerprint(&ctx.vault, code, name, secret);
    let standing = accepted.into_iter().map(|a| a.fingerprint).collect();
    let change = Change { secret: name.to_owned(), fingerprint: fingerprint.clone(), credential, standing };
    let id = mint(by.now);
    let new = NewApproval {
        id,
        kind: ApprovalKind::ProfileCredentials,
        subject: place.subject(),
        beneficiaries: profile.beneficiaries,
        payload: serde_json::to_value(change).map_err(|e| StorageError::Unreadable(e.to_string()))?,
        note: note.to_owned(),
        proposer: by.actor.clone(),
        at: by.now,
    };
    approvals::insert(tx, &new).await?;
    Ok(Made::of(id, "profile_secret_proposed", id).to(format!("{} fingerprint={fingerprint}", place.subject())))
}

/// The first secret of this name, from the command line; later, two persons change it.
///
/// # Errors
/// As of a proposal, and when there is or was one.
pub async fn put(
    ctx: &Context,
    tx: &Tx,
    by: &By,
    (code, name): (&str, &str),
    secret: &SecretString,
) -> Result<Made<Shown>, AdminError> {
    by.of_all()?;
    profiles::lock(tx, code).await?.ok_or(AdminError::Absent)?;
    let place = Place::of(ctx, code, name)?;
    if !place.fitting(tx, secret).await?.is_empty() {
        return Err(AdminError::SecretStands(place.subject()));
    }
    match place.enter(tx, by, secret, true).await {
        Err(AdminError::Storage(e)) if e.is_conflict("profile_credential_two_persons") => {
            return Err(AdminError::SecretStands(place.subject()));
        }
        entered => entered?,
    };
    let detail = format!("fingerprint={}", fingerprint(&ctx.vault, code, name, secret));
    Ok(Made::of(place.shown(tx).await?, "profile_secret_put", place.subject()).to(detail))
}

/// Which of two accepted secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The newest alone goes on.
    Previous,
    /// It was wrong: the one before it goes on alone, and signs again.
    Newest,
}

/// One of the two secrets of this name is accepted no longer.
///
/// # Errors
/// When the name is unknown, or only one is accepted.
pub async fn retire(
    ctx: &Context,
    tx: &Tx,
    by: &By,
    (code, name): (&str, &str),
    which: Which,
) -> Result<Made<Shown>, AdminError> {
    by.of_all()?;
    profiles::lock(tx, code).await?.ok_or(AdminError::Absent)?;
    let place = Place::of(ctx, code, name)?;
    let accepted = place.accepted(tx).await?;
    // of two of the configuration, the configuration retires one
    let [previous, newest @ Accepted { held: Some(_), .. }] = accepted.as_slice() else {
        return Err(AdminError::NothingToRetire);
    };
    let retired = if which == Which::Previous { previous } else { newest };
    place.retire(tx, retired, &by.actor, by.now).await?;
    let detail = format!("fingerprint={}", retired.fingerprint);
    Ok(Made::of(place.shown(tx).await?, "profile_secret_retired", place.subject()).to(detail))
}

/// Whether a proposal about a contract is one of these.
pub(crate) fn is_about_secret(approval: &Approval) -> bool {
    approval.payload.get("credential").is_some()
}

/// A second person says yes or no to a secret.
pub(crate) async fn decided(
    tx: &Tx,
    approval: &Approval,
    verdict: Verdict,
    d: &Deciding<'_>,
) -> Result<Unit, DecideError> {
    let change: Change =
        serde_json::from_value(approval.payload.clone()).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    let (code, name) = approval.subject.rsplit_once(BETWEEN).ok_or(DecideError::Stale)?;
    profiles::lock(tx, code).await?.ok_or(DecideError::Stale)?;
    let actor = d.caller.actor();
    if verdict == Verdict::Reject {
        credentials::decide(tx, change.credential, false, &actor, d.now).await?;
        return Ok(Unit::new(actor, d.now));
    }
    let place = Place::of(d.ctx, code, name).map_err(|_| DecideError::Stale)?;
    let accepted = place.accepted(tx).await?;
    if !accepted.iter().map(|a| &a.fingerprint).eq(&change.standing) {
        return Err(DecideError::Stale);
    }
    let sealed = credentials::sealed(tx, Some(code)).await?;
    let proposed = sealed.iter().find(|s| s.id == change.credential).ok_or(DecideError::Stale)?;
    // another secret of the contract may have come into force meanwhile, with which this one cannot be used
    place.makes(tx, &proposed.open(&d.ctx.vault)?).await.map_err(|e| match e {
        AdminError::Storage(e) => DecideError::Storage(e),
        _ => DecideError::Stale,
    })?;
    if !place.credential.proves {
        for before in &accepted {
            place.retire(tx, before, &actor, d.now).await?;
        }
    }
    if !credentials::decide(tx, change.credential, true, &actor, d.now).await? {
        return Err(DecideError::Stale);
    }
    let mut unit = Unit::new(actor, d.now);
    unit.audit.push(Audit {
        action: "profile_secret_in_force",
        subject: format!("{} fingerprint={}", approval.subject, change.fingerprint),
        request_id: d.caller.request_id.clone(),
    });
    Ok(unit)
}

/// No code has it.
const BETWEEN: char = '/';
/// Of its digits, in hex.
const FINGERPRINT_BYTES: usize = 4;

fn fingerprint(vault: &Vault, code: &str, name: &str, secret: &SecretString) -> String {
    let purpose = format!("profile credential|{code}|{name}");
    hex::encode(&vault.fingerprint(&purpose, secret.expose_secret().as_bytes())[..FINGERPRINT_BYTES])
}

/// One name of one contract.
struct Place<'c> {
    ctx: &'c Context,
    contract: &'c Arc<dyn Contract>,
    code: &'c str,
    credential: &'c provider::Credential,
}

impl<'c> Place<'c> {
    fn of(ctx: &'c Context, code: &'c str, name: &str) -> Result<Self, AdminError> {
        let contract = ctx.providers.contract(code).ok_or_else(|| AdminError::NotConfigured(code.to_owned()))?;
        let known = contract.credentials();
        let credential = known.iter().find(|c| c.name == name).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|c| c.name).collect();
            AdminError::NoSecret { code: code.to_owned(), known: names.join(", ") }
        })?;
        Ok(Self { ctx, contract, code, credential })
    }

    fn subject(&self) -> String {
        format!("{}{BETWEEN}{}", self.code, self.credential.name)
    }

    async fn live(&self, db: &Db) -> Result<Vec<Credential>, StorageError> {
        let live = credentials::live(db, self.code).await?;
        Ok(live.into_iter().filter(|c| c.name == self.credential.name).collect())
    }

    /// What is accepted, the oldest first. The books' first stands over what signs of the configuration; a second secret of
    /// the configuration counts only where the books have none.
    async fn accepted(&self, db: &Db) -> Result<Vec<Accepted>, StorageError> {
        let mut in_force = self.live(db).await?;
        in_force.retain(|c| c.in_force_at.is_some());
        let retired = credentials::configured_retired(db, Some(self.code)).await?;
        let mut configured = self.contract.configured(self.credential.name);
        if retired.iter().any(|(_, name)| name == self.credential.name) || in_force.len() >= ACCEPTED_AT_MOST {
            configured.clear();
        } else if !in_force.is_empty() {
            configured.truncate(1);
        }
        if !self.credential.proves {
            // one at a time: whatever else there is, it is not used
            configured.truncate(usize::from(in_force.is_empty()));
        }
        let print = |secret: &SecretString| fingerprint(&self.ctx.vault, self.code, self.credential.name, secret);
        let configured = configured.iter().map(|secret| Accepted { fingerprint: print(secret), held: None });
        let held = in_force.into_iter().map(|c| Accepted { fingerprint: c.fingerprint.clone(), held: Some(c) });
        Ok(configured.chain(held).collect())
    }

    async fn shown(&self, db: &Db) -> Result<Shown, StorageError> {
        let mut accepted = self.accepted(db).await?;
        accepted.reverse();
        let proposed = self.live(db).await?.into_iter().find(|c| c.in_force_at.is_none());
        Ok(Shown { name: self.credential.name, meaning: self.credential.meaning, accepted, proposed })
    }

    /// What is accepted now, where this secret may come after it.
    async fn fitting(&self, db: &Db, secret: &SecretString) -> Result<Vec<Accepted>, AdminError> {
        if self.credential.proves && secret.expose_secret().chars().count() < LEAST_CHARACTERS {
            return Err(AdminError::BadSecret(format!(
                "{} has fewer than {LEAST_CHARACTERS} characters",
                self.credential.name
            )));
        }
        let accepted = self.accepted(db).await?;
        let own = fingerprint(&self.ctx.vault, self.code, self.credential.name, secret);
        if accepted.iter().any(|a| a.fingerprint == own) {
            return Err(AdminError::NothingChanges);
        }
        if self.credential.proves && accepted.len() >= ACCEPTED_AT_MOST {
            return Err(AdminError::TwoSecrets(self.subject()));
        }
        self.makes(db, secret).await?;
        Ok(accepted)
    }

    /// That the adapter can be made with this secret over those in force.
    async fn makes(&self, db: &Db, secret: &SecretString) -> Result<(), AdminError> {
        let mut all = held(db, &self.ctx.vault, self.code).await?;
        all.retain(|held| held.name != self.credential.name);
        let (name, newest) = (self.credential.name.to_owned(), secret.clone());
        all.push(Held { name, newest, before: Before::Configured });
        self.contract.provider(&all).map(drop).map_err(|e| AdminError::BadSecret(e.to_string()))
    }

    async fn enter(&self, tx: &Tx, by: &By, secret: &SecretString, in_force: bool) -> Result<Uuid, AdminError> {
        let (id, name) = (mint(by.now), self.credential.name);
        let fingerprint = fingerprint(&self.ctx.vault, self.code, name, secret);
        let new = NewCredential {
            id,
            profile: self.code,
            name,
            secret,
            fingerprint: &fingerprint,
            in_force,
            by: &by.actor,
            at: by.now,
        };
        match credentials::insert(tx, &self.ctx.vault, &new).await {
            Err(e) if e.is_conflict("profile_credential_proposed_once") => Err(AdminError::Pending),
            Err(e) => Err(e.into()),
            Ok(()) => Ok(id),
        }
    }

    async fn retire(&self, tx: &Tx, one: &Accepted, by: &str, at: Timestamp) -> Result<(), StorageError> {
        match &one.held {
            Some(held) => credentials::retire(tx, held.id, by, at).await.map(drop),
            None => credentials::retire_configured(tx, self.code, self.credential.name, by, at).await,
        }
    }
}
