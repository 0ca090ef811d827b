//! Books that begin in the middle of a year: what stands on a bank account before its first line, said by one person and decided by
//! another. Without it the books begin with what the earliest statement opens with, whatever that is.
//!
//! | the account | stating an opening | taking it back |
//! |---|---|---|
//! | has no statement, no closed day, and no money told of before the day | booked on that day | |
//! | has a statement, or money of a day before | refused: what it begins with is known (`BooksBegun`) | |
//! | has an opening in force | refused (`Exists`) | taken off again; the books begin as the statements say |
//! | has a closed day | refused (`DayClosed`) | refused: a closed day rests on it (`DayClosed`) |
//!
//! While it is in force no statement moves the beginning, one of a day before is refused (`import_statement`), and one that opens
//! with another balance keeps its day from closing.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::import_statement::{self, ImportError};
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::approval::ApprovalKind;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::codes::AccountCode;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::reconciliation::DayScope;
use domain::{ApprovalId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::openings::{self, Opening};
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, days, idempotency};

/// What is proposed of an account's opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// This stands on the account before the first line of the day.
    State { day: Date, amount: Vnd },
    /// What was said is wrong.
    TakeBack,
}

#[derive(Debug, Clone)]
pub struct Proposal {
    pub account: AccountCode,
    pub wish: Wish,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub note: String,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    #[error(transparent)]
    Storage(StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such account, or others have a part in it")]
    Absent,
    #[error("no opening of it is in force")]
    NoneInForce,
    #[error("an opening of it is in force")]
    Exists,
    #[error("its books have begun")]
    BooksBegun,
    #[error("a day of it is closed")]
    DayClosed,
    #[error("an opening of it waits for approval")]
    Pending,
}

impl From<StorageError> for OpeningError {
    fn from(e: StorageError) -> Self {
        if e.is_conflict("approval_pending_once") { Self::Pending } else { Self::Storage(e) }
    }
}

impl Retryable for OpeningError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    State,
    TakeBack,
}

/// As whoever decides sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    does: Does,
    account: String,
    day: Date,
    amount: i64,
}

/// Keeps the proposal; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, OpeningError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(&tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, OpeningError> {
    if let Some(reply) = proposal::begin::<OpeningError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let draft = drafted(tx, p).await?;
    let by = proposal::By { caller: &p.caller, idempotency: &p.idempotency, note: &p.note, now: p.now };
    Ok(proposal::keep(tx, &by, draft, render).await?)
}

/// What is put forward, where it may be.
pub(crate) async fn drafted(tx: &Tx, p: &Proposal) -> Result<Draft<Payload>, OpeningError> {
    let scope = scope(&p.account);
    if !days::seen(tx, &scope, p.beneficiaries.as_deref()).await? {
        return Err(OpeningError::Absent);
    }
    held(tx, &p.account).await?;
    let (does, day, amount) = match p.wish {
        Wish::State { day, amount } => {
            may_be_stated(tx, &p.account, day).await?;
            (Does::State, day, amount)
        }
        Wish::TakeBack => {
            let wrong = may_be_taken_back(tx, &p.account).await?;
            (Does::TakeBack, wrong.day, wrong.amount)
        }
    };
    Ok(Draft {
        kind: ApprovalKind::OpeningBalance,
        action: "opening_proposed",
        subject: p.account.to_string(),
        beneficiaries: days::beneficiaries(tx, &scope).await?,
        payload: Payload { does, account: p.account.to_string(), day, amount: amount.dong() },
        changes: Changes::default(),
    })
}

fn scope(account: &AccountCode) -> String {
    DayScope::Account(account.clone()).to_string()
}

/// Whoever imports holds the account, whoever books or closes its days. So does this, in the same order.
async fn held(tx: &Tx, account: &AccountCode) -> Result<ReceivingAccount, OpeningError> {
    let found = receiving_accounts::lock(tx, account).await?.ok_or(OpeningError::Absent)?;
    days::hold(tx, &scope(account)).await?;
    Ok(found)
}

async fn may_be_stated(tx: &Tx, account: &AccountCode, day: Date) -> Result<(), OpeningError> {
    if openings::in_force(tx, account).await?.is_some() {
        return Err(OpeningError::Exists);
    }
    nothing_is_closed(tx, account).await?;
    if openings::has_books(tx, account, day).await? { Err(OpeningError::BooksBegun) } else { Ok(()) }
}

async fn may_be_taken_back(tx: &Tx, account: &AccountCode) -> Result<Opening, OpeningError> {
    let wrong = openings::in_force(tx, account).await?.ok_or(OpeningError::NoneInForce)?;
    nothing_is_closed(tx, account).await?;
    Ok(wrong)
}

async fn nothing_is_closed(tx: &Tx, account: &AccountCode) -> Result<(), OpeningError> {
    let closed = days::last_closed(tx, &scope(account)).await?;
    if closed.is_some() { Err(OpeningError::DayClosed) } else { Ok(()) }
}

/// A second person says yes: what stands is booked, or taken off again.
pub(crate) async fn approved(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    let seen: Payload = serde_json::from_value(approval.payload.clone()).map_err(unreadable)?;
    let account = AccountCode::new(seen.account.as_str()).map_err(unreadable)?;
    let receiving = held(tx, &account).await.map_err(stale)?;
    let mut unit = Unit::new(d.caller.actor(), d.now);
    let (action, subject) = match seen.does {
        Does::State => ("opening_stated", stated(tx, &mut unit, &account, &seen, approval.id).await?),
        Does::TakeBack => ("opening_taken_back", taken_back(tx, &mut unit, &receiving, &seen, approval.id).await?),
    };
    unit.audit.push(Audit { action, subject, request_id: d.caller.request_id.clone() });
    Ok(unit)
}

async fn stated(
    tx: &Tx,
    unit: &mut Unit,
    account: &AccountCode,
    seen: &Payload,
    approval: ApprovalId,
) -> Result<String, DecideError> {
    may_be_stated(tx, account, seen.day).await.map_err(stale)?;
    let amount = Vnd::new(seen.amount);
    unit.changes.journals.extend(booked(account, amount, seen.day, Cause::Approved)?);
    Ok(openings::state(tx, approval, account, (seen.day, amount), unit.at).await?)
}

/// The books begin as the statements say that have come meanwhile, if any.
async fn taken_back(
    tx: &Tx,
    unit: &mut Unit,
    account: &ReceivingAccount,
    seen: &Payload,
    approval: ApprovalId,
) -> Result<String, DecideError> {
    let wrong = may_be_taken_back(tx, &account.code).await.map_err(stale)?;
    if (wrong.day, wrong.amount.dong()) != (seen.day, seen.amount) {
        return Err(DecideError::Stale);
    }
    let text = openings::take_back(tx, wrong.approval, approval, unit.at).await?;
    unit.changes.journals.extend(booked(&account.code, -wrong.amount, wrong.day, Cause::TakenBack)?);
    import_statement::begin_as_statements_say(tx, account, unit).await.map_err(|e| match e {
        ImportError::Storage(e) => DecideError::Storage(e),
        _ => DecideError::Stale,
    })?;
    Ok(text)
}

/// Nothing is booked of an account that was empty.
fn booked(account: &AccountCode, amount: Vnd, day: Date, cause: Cause) -> Result<Option<Journal>, StorageError> {
    if amount.is_zero() {
        return Ok(None);
    }
    let legs = vec![Leg::new(Account::Bank(account.clone()), amount), Leg::new(Account::Opening, -amount)];
    Journal::new(JournalKind::StatedOpening, cause, day, legs).map(Some).map_err(unreadable)
}

fn unreadable(error: impl ToString) -> StorageError {
    StorageError::Unreadable(error.to_string())
}

fn stale(error: OpeningError) -> DecideError {
    match error {
        OpeningError::Storage(e) => DecideError::Storage(e),
        _ => DecideError::Stale,
    }
}
