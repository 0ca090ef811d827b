//! Who works on a case: a person takes it, gives it to another, or lets it go. It moves no money and decides nothing; whoever may
//! resolve the case may do so whosever it is.

use crate::context::{Caller, Context};
use crate::proposal::{self, reaches};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::case::CaseStatus;
use domain::principal::Scope;
use domain::{CaseId, PersonId, role};
use jiff::Timestamp;
use storage::persons::{self, Filter};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, case_list, case_work, cases, idempotency, unit};

#[derive(Debug, Clone)]
pub struct Command {
    pub case: CaseId,
    /// None: nobody.
    pub owner: Option<PersonId>,
    /// Whose it was when the caller looked: a case that somebody else has taken meanwhile is theirs.
    pub instead_of: Option<PersonId>,
    pub note: String,
    pub caller: Caller,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such case")]
    Absent,
    #[error("the case is {0}")]
    NotOpen(CaseStatus),
    #[error("somebody else has the case")]
    Others(Option<PersonId>),
    #[error("nobody may work on it who is not there, may not resolve cases, or does not see all whom it concerns")]
    MayNot,
}

impl Retryable for OwnError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// `answer`: what the caller hears.
pub async fn give(
    ctx: &Context,
    command: &Command,
    key: &idempotency::Request,
    answer: &str,
) -> Result<Reply, OwnError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = given(&tx, command, key, answer).await;
        tx.close(outcome).await
    })
    .await
}

async fn given(tx: &Tx, c: &Command, key: &idempotency::Request, answer: &str) -> Result<Reply, OwnError> {
    if let Some(reply) = proposal::begin::<OwnError>(tx, key).await? {
        return Ok(reply);
    }
    let decided = cases::lock(tx, c.case).await?.ok_or(OwnError::Absent)?;
    if decided.case.status == CaseStatus::Closed {
        return Err(OwnError::NotOpen(decided.case.status));
    }
    let has = case_work::owner(tx, c.case).await?;
    if has != c.instead_of {
        return Err(OwnError::Others(has));
    }
    if let Some(person) = c.owner {
        may_work_on(tx, person, c.case).await?;
    }
    let actor = c.caller.actor();
    case_work::give(tx, c.case, c.owner, (&actor, &c.note), c.now).await?;
    let mut unit = Unit::new(actor, c.now);
    let to = c.owner.map_or_else(|| "nobody".to_owned(), |person| person.to_string());
    let (action, subject) = ("case_given", format!("{} {to}", c.case));
    unit.audit.push(Audit { action, subject, request_id: c.caller.request_id.clone() });
    unit::write(tx, &unit).await?;
    idempotency::keep(tx, key, &c.case.to_string(), Some((200, answer)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(200, answer.to_owned()))
}

async fn may_work_on(tx: &Tx, id: PersonId, case: CaseId) -> Result<(), OwnError> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    let person = persons::page(tx, &filter, None, 1).await?.pop().ok_or(OwnError::MayNot)?;
    let own = Some(person.beneficiaries.as_slice()).filter(|own| !own.is_empty());
    let may = person.disabled_at.is_none() && role::allow(&person.roles, Scope::CasesWrite);
    let concerned = case_list::beneficiaries(tx, case).await?;
    if may && reaches(own, &concerned) { Ok(()) } else { Err(OwnError::MayNot) }
}
