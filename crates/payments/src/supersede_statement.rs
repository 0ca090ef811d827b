//! A corrected file of the bank in the place of the first: proposed by one person, decided by another. Both times it is imported by
//! the same function as any other file, the first time in a part of the transaction that is undone, so the proposal shows what would
//! follow and is refused for what the import would be refused for. The decision books what was shown or nothing.
//!
//! | a line | its money | what rested on it |
//! |---|---|---|
//! | stands in both, to the letter | stays | stays |
//! | stands in the corrected file only | as any line of a new file | |
//! | stood in the first only (gone, or of another sum, day or text): a credit of a payment | taken back | the payment is reversed as by a reversal of the bank's (`take_back`): debts due again, receipt cancelled, refunds that nobody has made withdrawn, a case `chargeback`; where some of it has gone to the payer, the debit waits in suspense with that case |
//! | the same, of a settlement, a deposit, a refund that came back | taken back | stays; the debit waits in suspense with a case `chargeback` |
//! | a debit that sent a refund | brought back | the refund came back: `failed`, its money waits as `refund_returned` |
//! | a debit that nobody explained | brought back | its case is closed |
//! | a debit of anything else | brought back | stays; the credit is money of nobody, with a case |
//! | a line that nobody had claimed | comes to nothing | |
//!
//! A line that another file in force has stays too: that one is to be superseded for itself.

use crate::approve::{DecideError, Deciding};
use crate::context::{Caller, Context};
use crate::import_statement::{self, FileFormat, ImportError, Incoming};
use crate::match_movements;
use crate::proposal::{self, Draft, Render};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::approval::ApprovalKind;
use domain::cause::Cause;
use domain::changes::{Changes, step};
use domain::codes::AccountCode;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::payment::SuspenseReason;
use domain::{ApprovalId, MovementId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use storage::approvals::Approval;
use storage::receiving_accounts;
use storage::statements::superseded::{self, InForce, Undone, Withdrawn};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, movements, statements};

/// Lines that a proposal shows; it counts all of them.
const SHOWN: usize = 100;

#[derive(Debug, Clone)]
pub struct Proposal {
    /// The file that is wrong.
    pub statement: StatementId,
    pub format: FileFormat,
    pub bytes: Arc<[u8]>,
    pub note: String,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum SupersedeError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Import(ImportError),
    #[error("no such statement")]
    Absent,
    #[error("another file has taken its place already")]
    Superseded,
    #[error("the corrected file was imported already, as {0}")]
    Known(StatementId),
    #[error("the corrected file is of another format than the first")]
    OtherFormat,
    #[error("a day of the files is closed")]
    DayClosed,
    #[error("a corrected file of it waits for approval")]
    Pending,
}

impl From<ImportError> for SupersedeError {
    fn from(e: ImportError) -> Self {
        match e {
            ImportError::Storage(e) => Self::Storage(e),
            other => Self::Import(other),
        }
    }
}

impl Retryable for SupersedeError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// As whoever decides sees it, and held against what it comes to then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Payload {
    account: String,
    supersedes: String,
    format: Option<String>,
    sha256: String,
    opening_balance: Option<i64>,
    closing_balance: Option<i64>,
    lines_kept: i64,
    lines_new: i64,
    new_sum: i64,
    lines_withdrawn: usize,
    withdrawn_sum: i64,
    /// The first of them.
    withdrawn: Vec<Line>,
    /// All of them, with how what rests on them stood.
    rests_sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    movement_id: String,
    day: Date,
    /// đồng, credit +.
    amount: i64,
    rests_on: Option<String>,
}

/// Keeps the proposal and the file; `render` gives the answer from the approval's id.
pub async fn propose(ctx: &Context, proposal: &Proposal, render: Render<'_>) -> Result<Reply, SupersedeError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = proposed(ctx, &tx, proposal, render).await;
        tx.close(outcome).await
    })
    .await
}

async fn proposed(ctx: &Context, tx: &Tx, p: &Proposal, render: Render<'_>) -> Result<Reply, SupersedeError> {
    if let Some(reply) = proposal::begin::<SupersedeError>(tx, &p.idempotency).await? {
        return Ok(reply);
    }
    let old = may_be_superseded(tx, p.statement, &p.bytes).await?;
    tx.mark().await?;
    let incoming = incoming(p.statement, (&p.format, &p.bytes), &p.caller, p.now);
    let tried = Box::pin(superseded(ctx, tx, &old, &incoming)).await?;
    tx.back_to_mark().await?;
    let owners = receiving_accounts::beneficiaries_of(tx, &old.account).await?;
    let draft = Draft {
        kind: ApprovalKind::StatementSupersession,
        action: "supersession_proposed",
        subject: p.statement.to_string(),
        beneficiaries: owners.iter().map(ToString::to_string).collect(),
        payload: tried.payload,
        changes: Changes::default(),
    };
    let id = proposal::put(tx, &p.caller, (&p.note, p.now), draft).await.map_err(|e| match e {
        e if e.is_conflict("approval_pending_once") => SupersedeError::Pending,
        e => e.into(),
    })?;
    superseded::keep_proposed(tx, id, &p.bytes).await?;
    let body = render(id);
    idempotency::keep(tx, &p.idempotency, &id.to_string(), Some((201, &body)), None).await?;
    tx.commit().await?;
    Ok(Reply::fresh(201, body))
}

fn incoming<'i>(
    supersedes: StatementId,
    (format, bytes): (&'i FileFormat, &'i Arc<[u8]>),
    caller: &'i Caller,
    now: Timestamp,
) -> Incoming<'i> {
    Incoming { format, bytes, caller, now, supersedes: Some(supersedes) }
}

/// The statement, with its account held as an import holds it.
async fn may_be_superseded(tx: &Tx, id: StatementId, bytes: &[u8]) -> Result<InForce, SupersedeError> {
    let found = superseded::in_force(tx, id).await?.ok_or(SupersedeError::Absent)?;
    receiving_accounts::lock(tx, &found.account).await?.ok_or(SupersedeError::Absent)?;
    // another decision may have been made while this waited
    let old = superseded::in_force(tx, id).await?.ok_or(SupersedeError::Absent)?;
    if old.is_superseded {
        return Err(SupersedeError::Superseded);
    }
    match statements::by_digest(tx, &old.account, &import_statement::digest(bytes)).await? {
        Some(known) => Err(SupersedeError::Known(known)),
        None => Ok(old),
    }
}

struct Tried {
    new: StatementId,
    payload: Payload,
    changes: Changes,
}

/// The corrected file is imported in the place of the first, and what only that one had is withdrawn.
async fn superseded(ctx: &Context, tx: &Tx, old: &InForce, incoming: &Incoming<'_>) -> Result<Tried, SupersedeError> {
    let Some(id) = incoming.supersedes else { return Err(SupersedeError::Absent) };
    let account = receiving_accounts::lock(tx, &old.account).await?.ok_or(SupersedeError::Absent)?;
    if statements::is_closed(tx, &old.account, old.first_date).await? {
        return Err(SupersedeError::DayClosed);
    }
    // nobody finds out meanwhile who a movement is that comes to nothing here
    movements::match_alone(tx, &old.account).await?;
    if !superseded::lay_down(tx, id).await? {
        return Err(SupersedeError::Superseded);
    }
    let new = import_statement::imported(ctx, tx, incoming, &account).await?;
    let shown = statements::by_id(tx, new).await?.ok_or(SupersedeError::Absent)?;
    if shown.format != old.format {
        return Err(SupersedeError::OtherFormat);
    }
    let difference = superseded::difference(tx).await?;
    let days = difference.withdrawn.iter().map(|w| w.day);
    let first = days.chain([old.first_date, shown.first_date]).min().unwrap_or(old.first_date);
    if statements::is_closed(tx, &old.account, first).await? {
        return Err(SupersedeError::DayClosed);
    }
    let withdrawn = &difference.withdrawn;
    let payload = Payload {
        account: old.account.to_string(),
        supersedes: id.to_string(),
        format: said(incoming.format),
        sha256: shown.sha256.clone(),
        opening_balance: shown.opening,
        closing_balance: shown.closing,
        lines_kept: difference.kept,
        lines_new: difference.new,
        new_sum: difference.new_sum.dong(),
        lines_withdrawn: withdrawn.len(),
        withdrawn_sum: withdrawn.iter().map(|w| w.amount).sum(),
        withdrawn: withdrawn.iter().take(SHOWN).map(line).collect(),
        rests_sha256: rests(withdrawn),
    };
    Ok(Tried { new, payload, changes: taken_back(tx, &old.account, id).await? })
}

fn line(w: &Withdrawn) -> Line {
    Line { movement_id: w.movement_id.clone(), day: w.day, amount: w.amount, rests_on: w.rests_on.clone() }
}

fn rests(withdrawn: &[Withdrawn]) -> String {
    let mut all = Sha256::new();
    for w in withdrawn {
        all.update(format!("{} {}\n", w.movement_id, w.stood));
    }
    hex::encode(all.finalize())
}

/// The format as it was said, to be read the same way again; None where the file tells.
fn said(format: &FileFormat) -> Option<String> {
    match format {
        FileFormat::Csv(layout) => Some(layout.clone()),
        FileFormat::Auto | FileFormat::Camt053 | FileFormat::Camt054 | FileFormat::Mt940 => None,
    }
}

/// The books of what comes to nothing at once, and of what is brought back. A debit that takes a payment's credit back is booked
/// when that payment is (`match_movements`).
async fn taken_back(tx: &Tx, account: &AccountCode, old: StatementId) -> Result<Changes, SupersedeError> {
    let mut changes = Changes::default();
    let mut cases = superseded::gap_cases(tx, old).await?;
    for undone in superseded::undone(tx).await? {
        changes.journals.extend(to_nothing(account, &undone).transpose()?);
        cases.extend(undone.cases);
    }
    for (counter, amount, day) in superseded::brought_back(tx).await? {
        let (bank, transit) = (Account::Bank(account.clone()), Account::InTransit(account.clone()));
        changes.journals.push(booked((bank, transit), (counter, amount), day)?);
    }
    for case in movements::open_cases(tx, &cases).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        changes.cases_closed.push(closed.map_err(unreadable)?.0);
    }
    Ok(changes)
}

/// A credit that nobody had claimed leaves in transit alone, a debit that nobody explained leaves suspense; one that was not booked
/// yet needs no booking.
fn to_nothing(account: &AccountCode, undone: &Undone) -> Option<Result<Journal, StorageError>> {
    let from = match (undone.amount.is_positive(), undone.was_case) {
        (true, _) => Account::InTransit(account.clone()),
        (false, true) => Account::Suspense(SuspenseReason::Unidentified),
        (false, false) => return None,
    };
    Some(booked((Account::Bank(account.clone()), from), (undone.counter, -undone.amount), undone.day))
}

fn booked(
    (to, from): (Account, Account),
    (movement, amount): (MovementId, Vnd),
    day: Date,
) -> Result<Journal, StorageError> {
    let legs = vec![Leg::new(to, amount).of_movement(movement), Leg::new(from, -amount).of_movement(movement)];
    Journal::new(JournalKind::StatementLine, Cause::StatementSays, day, legs).map_err(unreadable)
}

fn unreadable(error: impl ToString) -> StorageError {
    StorageError::Unreadable(error.to_string())
}

/// A second person says yes to what the first one saw.
pub(crate) async fn approved(
    ctx: &Context,
    tx: &Tx,
    approval: &Approval,
    d: &Deciding<'_>,
) -> Result<Unit, DecideError> {
    let seen: Payload = serde_json::from_value(approval.payload.clone()).map_err(unreadable)?;
    let statement: StatementId = approval.subject.parse().map_err(|_| unreadable("an approval of no statement"))?;
    let bytes: Arc<[u8]> = superseded::proposed(tx, approval.id).await?.into();
    let old = may_be_superseded(tx, statement, &bytes).await.map_err(stale)?;
    let format = seen.format.clone().map_or(FileFormat::Auto, FileFormat::Csv);
    let incoming = incoming(statement, (&format, &bytes), d.caller, d.now);
    let done = Box::pin(superseded(ctx, tx, &old, &incoming)).await.map_err(stale)?;
    if done.payload != seen {
        return Err(DecideError::Stale);
    }
    superseded::record(tx, statement, done.new, approval.id, d.now).await?;
    superseded::forget_proposed(tx, approval.id).await?;
    let mut unit = Unit::new(d.caller.actor(), d.now);
    let request_id = d.caller.request_id.clone();
    unit.audit.push(Audit { action: "statement_superseded", subject: format!("{statement} {}", done.new), request_id });
    unit.changes = done.changes;
    Ok(unit)
}

/// A second person says no: the file is not kept.
pub(crate) async fn rejected(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    superseded::forget_proposed(tx, approval.id).await?;
    Ok(Unit::new(d.caller.actor(), d.now))
}

fn stale(error: SupersedeError) -> DecideError {
    match error {
        SupersedeError::Storage(e) => DecideError::Storage(e),
        _ => DecideError::Stale,
    }
}

/// What was decided is committed: its lines find who they are. Where this breaks off the worker goes on with it.
pub(crate) async fn follow(ctx: &Context, approval: ApprovalId, now: Timestamp) -> Result<(), StorageError> {
    let account = {
        let db = ctx.pool.get().await?;
        superseded::account_of(&db, approval).await?
    };
    if let Some(account) = account
        && let Err(error) = Box::pin(match_movements::match_account(ctx, &account, now)).await
    {
        tracing::warn!(%error, account = %account, "matching is left to the worker");
    }
    Ok(())
}
