//! What administrators set up: people and keys, agencies and beneficiaries, contracts, fees, days off, channels. One commit
//! for each change, with the line of the audit trail that says who made it. What an administrator does not administer does
//! not exist for them, and nobody changes their own rights.

pub mod accounts;
mod changes;
pub mod channels;
pub mod contract_fees;
pub mod counters;
pub mod credentials;
pub mod files;
pub mod keys;
pub mod parties;
pub mod persons;
pub mod receipt_series;
pub mod remittance_rules;
pub(crate) mod rights;
pub mod score;
pub mod tariff;

use crate::context::Context;
use crate::reply::{self, IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::PersonId;
use futures_util::join;
use jiff::Timestamp;
use storage::persons::Said;
use storage::unit::{Audit, Unit};
use storage::{Pool, StorageError, Tx, idempotency, unit};

/// Who makes a change, and of what they may.
#[derive(Debug, Clone)]
pub struct By {
    /// As it stands in the audit trail.
    pub actor: String,
    pub request_id: String,
    /// None: whoever has the command line.
    pub person: Option<PersonId>,
    /// Whose affairs they administer; empty: everybody's.
    pub beneficiaries: Vec<String>,
    pub now: Timestamp,
}

impl By {
    /// What concerns all beneficiaries is for those who administer all.
    ///
    /// # Errors
    /// [`AdminError::NotOfAll`].
    pub fn of_all(&self) -> Result<(), AdminError> {
        if self.beneficiaries.is_empty() { Ok(()) } else { Err(AdminError::NotOfAll) }
    }

    /// Whose one act is enough for rights and keys of people.
    pub(crate) fn is_command_line(&self) -> bool {
        self.person.is_none()
    }

    fn says(&self) -> Said<'_> {
        Said { by: &self.actor, at: self.now, approval: None }
    }

    /// Whether all of these are theirs to give away; no beneficiary at all stands for every one.
    fn may_give(&self, beneficiaries: &[String]) -> bool {
        self.beneficiaries.is_empty()
            || (!beneficiaries.is_empty() && beneficiaries.iter().all(|b| self.beneficiaries.contains(b)))
    }

    /// Whether a thing of this beneficiary is seen.
    pub fn sees(&self, beneficiary: &str) -> bool {
        self.beneficiaries.is_empty() || self.beneficiaries.iter().any(|b| b == beneficiary)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("there is no such thing")]
    Absent,
    #[error("this is for an administrator of all beneficiaries")]
    NotOfAll,
    #[error("nobody changes their own rights")]
    OwnRights,
    #[error("{0} is somebody's code already")]
    CodeTaken(String),
    #[error("there is no agency {0}")]
    NoAgency(String),
    #[error("there is no beneficiary {0}")]
    NoBeneficiary(String),
    #[error("whoever administers some beneficiaries gives no rights over all")]
    BeneficiariesMissing,
    #[error("there is no client and no person {0}")]
    NoHolder(String),
    #[error("{scope} is not a scope of {holder}")]
    ForeignScope { scope: String, holder: String },
    #[error("there is no active key {0}")]
    NoKey(String),
    #[error("{holder} has {most} active keys already: revoke one first", most = keys::ACTIVE_AT_MOST)]
    TwoActive { holder: String },
    #[error("the key lacks the scope admin")]
    NotTheirKey,
    #[error("{0} is disabled")]
    Disabled(String),
    #[error("the account of {0} stands: changing it takes two persons")]
    AccountStands(String),
    #[error("that is how it stands")]
    NothingChanges,
    #[error("another proposal about it waits")]
    Pending,
    #[error("there is no account {0}")]
    NoAccount(String),
    #[error("{0} is no account of those whom the counter collects for")]
    NotTheirAccount(String),
    #[error("that {0} is an account of ours was said by you alone: another administrator brings cash there")]
    AccountOfOne(String),
    #[error("{0} is no contract of a card terminal")]
    NoTerminal(String),
    #[error("two entries of the fee hold on one day")]
    ValidityOverlaps,
    #[error("{0} is a layout of the other kind")]
    OtherKind(String),
    #[error("{0}")]
    BadFile(String),
    #[error("{0}")]
    BadLayout(String),
    #[error("there is no layout {0} of statements")]
    NoLayout(String),
    #[error("this process has no configuration of {0}")]
    NotConfigured(String),
    #[error("{code} has no secret of this name; it has: {known}")]
    NoSecret { code: String, known: String },
    #[error("{0} stands: changing it takes two persons")]
    SecretStands(String),
    #[error("two secrets of {0} are accepted already: retire the one before first")]
    TwoSecrets(String),
    #[error("no other secret is accepted, or the configuration alone holds both")]
    NothingToRetire,
    #[error("it cannot be used: {0}")]
    BadSecret(String),
    #[error("there is no beneficiary {0}")]
    SeriesOfNobody(String),
    #[error("receipts of {0} were given: what they are named by stands")]
    SeriesUsed(String),
    #[error("a remittance names the rule of {0}: set another from a later day on")]
    RuleStands(String),
    #[error("another series of this collector has the letters {0}")]
    SerialTaken(String),
}

impl Retryable for AdminError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// What a change made, and what the books say of it.
pub struct Made<T> {
    pub thing: T,
    pub action: &'static str,
    /// What was changed: an id or a code.
    pub subject: String,
    /// To what, after the subject in the audit trail; never personal data.
    pub detail: String,
    /// What was done with it: further lines of the audit trail.
    pub also: Vec<(&'static str, String)>,
}

impl<T> Made<T> {
    pub(crate) fn of(thing: T, action: &'static str, subject: impl ToString) -> Self {
        Self { thing, action, subject: subject.to_string(), detail: String::new(), also: Vec::new() }
    }

    fn and(mut self, action: &'static str, subject: String) -> Self {
        self.also.push((action, subject));
        self
    }

    fn named(self, action: &'static str) -> Self {
        Self { action, ..self }
    }

    fn map<U>(self, other: impl FnOnce(T) -> U) -> Made<U> {
        let Self { thing, action, subject, detail, also } = self;
        Made { thing: other(thing), action, subject, detail, also }
    }

    fn to(self, detail: impl ToString) -> Self {
        Self { detail: detail.to_string(), ..self }
    }
}

fn unit_of<T>(by: &By, made: &Made<T>) -> Unit {
    let subject =
        if made.detail.is_empty() { made.subject.clone() } else { format!("{} {}", made.subject, made.detail) };
    let mut unit = Unit::new(by.actor.clone(), by.now);
    let lines = std::iter::once((made.action, subject)).chain(made.also.iter().cloned());
    unit.audit.extend(lines.map(|(action, subject)| Audit { action, subject, request_id: by.request_id.clone() }));
    unit
}

/// Makes a change that is the same when it is made again.
///
/// # Errors
/// When it is refused; nothing is changed.
pub async fn once<T>(
    pool: &Pool,
    by: &By,
    work: impl AsyncFn(&Tx) -> Result<Made<T>, AdminError>,
) -> Result<T, AdminError> {
    retrying(|| tried(pool, by, &work)).await
}

async fn tried<T>(
    pool: &Pool,
    by: &By,
    work: &impl AsyncFn(&Tx) -> Result<Made<T>, AdminError>,
) -> Result<T, AdminError> {
    let tx = pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let made = work(&tx).await?;
        let unit = unit_of(by, &made);
        let (written, committed) = join!(unit::write(&tx, &unit), tx.commit());
        unit::first_error([written, committed])?;
        Ok(made.thing)
    }
    .await;
    tx.close(outcome).await
}

/// How the answer to a change is kept beside its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Plain,
    /// It shows a secret (docs/adr/0007).
    Sealed,
}

/// Makes a change once for its key; a repeat is answered as the first.
///
/// # Errors
/// When it is refused; nothing is changed.
pub async fn answered<T>(
    ctx: &Context,
    by: &By,
    request: &idempotency::Request,
    kept: Kept,
    render: impl Fn(&T) -> (u16, String),
    work: impl AsyncFn(&Tx) -> Result<Made<T>, AdminError>,
) -> Result<Reply, AdminError> {
    retrying(|| answered_once(ctx, by, (request, kept), &render, &work)).await
}

/// What an earlier request of this key was answered.
pub(crate) async fn earlier(ctx: &Context, request: &idempotency::Request) -> Result<Option<Reply>, AdminError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, earlier) = join!(tx.begin(), idempotency::claim(&tx, request));
        begun?;
        Ok(match earlier?.map(repeat_of).transpose()? {
            Some(Repeat::Answered(reply)) => Some(reply),
            _ => None,
        })
    }
    .await;
    tx.close(outcome).await
}

async fn answered_once<T>(
    ctx: &Context,
    by: &By,
    (request, kept): (&idempotency::Request, Kept),
    render: &impl Fn(&T) -> (u16, String),
    work: &impl AsyncFn(&Tx) -> Result<Made<T>, AdminError>,
) -> Result<Reply, AdminError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, earlier) = join!(tx.begin(), idempotency::claim(&tx, request));
        begun?;
        if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
            let body = reply::opened(&ctx.vault, &request.key_hash, reply.body)?;
            return Ok(Reply { body, ..reply });
        }
        let made = work(&tx).await?;
        let unit = unit_of(by, &made);
        let (status, body) = render(&made.thing);
        let kept_body = match kept {
            Kept::Plain => body.clone(),
            Kept::Sealed => reply::sealed(&ctx.vault, &request.key_hash, &body)?,
        };
        let (written, kept, committed) = join!(
            unit::write(&tx, &unit),
            idempotency::keep(&tx, request, &made.subject, Some((status, &kept_body)), None),
            tx.commit(),
        );
        unit::first_error([written, kept, committed])?;
        Ok(Reply::fresh(status, body))
    }
    .await;
    tx.close(outcome).await
}
