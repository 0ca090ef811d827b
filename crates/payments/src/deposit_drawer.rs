//! Cash leaves a drawer for the bank: declared by the slip, in transit until a statement shows its credit, which is never a
//! payment (`match_movements::deposits`).

use crate::context::{Caller, Context};
use crate::proposal;
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::Vnd;
use domain::business_day::business_date;
use domain::cause::Cause;
use domain::codes::CounterCode;
use domain::counter::Slip;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use futures_util::join;
use jiff::Timestamp;
use storage::counters::{self, Deposit};
use storage::ids::mint;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, unit};

#[derive(Debug, Clone)]
pub struct Command {
    pub counter: CounterCode,
    /// At least one đồng.
    pub amount: Vnd,
    pub slip_ref: String,
    pub slip: Slip,
    /// Whose money the person sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such counter")]
    Absent,
    #[error("the drawer holds {0}")]
    Short(Vnd),
    #[error("the slip is another deposit's")]
    SlipUsed,
}

impl Retryable for DepositError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// Gives the answer from the deposit and what the drawer holds after it.
pub type Render<'r> = &'r (dyn Fn(&Deposit, Vnd) -> String + Send + Sync);

/// Declares it; the same slip with the same amount is the same deposit, answered 200.
#[tracing::instrument(skip_all, fields(counter = %command.counter))]
pub async fn declare(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, DepositError> {
    let reply = retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = declared(&tx, command, render).await;
        tx.close(outcome).await
    })
    .await?;
    // its credit may be on a statement already
    ctx.wake.notify_one();
    Ok(reply)
}

async fn declared(tx: &Tx, c: &Command, render: Render<'_>) -> Result<Reply, DepositError> {
    if let Some(reply) = proposal::begin::<DepositError>(tx, &c.idempotency).await? {
        return Ok(reply);
    }
    let counter = counters::lock(tx, &c.counter).await?.ok_or(DepositError::Absent)?;
    if c.beneficiaries.as_ref().is_some_and(|own| !counter.beneficiaries.iter().all(|b| own.contains(b))) {
        return Err(DepositError::Absent);
    }
    if let Some(known) = counters::by_slip(tx, &counter.account, &c.slip).await? {
        if known.counter != c.counter || known.amount != c.amount {
            return Err(DepositError::SlipUsed);
        }
        return answer(tx, c, 200, &render(&known, counter.drawer), &known).await;
    }
    if counter.drawer < c.amount {
        return Err(DepositError::Short(counter.drawer));
    }
    let deposit = Deposit {
        id: mint(c.now),
        counter: c.counter.clone(),
        account: counter.account.clone(),
        amount: c.amount,
        slip_ref: c.slip_ref.clone(),
        declared_by: c.caller.actor(),
        declared_at: c.now,
        movement: None,
    };
    let day = business_date(c.now);
    let legs = vec![
        Leg::new(Account::InTransit(counter.account), c.amount),
        Leg::new(Account::Drawer(c.counter.clone()), -c.amount),
    ];
    let journal = Journal::new(JournalKind::DepositDeclared, Cause::Deposited, day, legs);
    let mut unit = Unit::new(c.caller.actor(), c.now);
    unit.changes.journals.push(journal.map_err(|e| StorageError::Unreadable(e.to_string()))?);
    unit.audit.push(Audit {
        action: "deposit_declared",
        subject: format!("{} {} amount={}", deposit.id, deposit.counter, deposit.amount.dong()),
        request_id: c.caller.request_id.clone(),
    });
    counters::declare(tx, &deposit, &c.slip, day).await.map_err(|e| match e {
        // another counter brought cash to the same account under it at this moment
        e if e.is_conflict("deposit_slip_once") => DepositError::SlipUsed,
        e => e.into(),
    })?;
    unit::write(tx, &unit).await?;
    let reply = answer(tx, c, 201, &render(&deposit, counter.drawer - c.amount), &deposit).await?;
    tracing::info!(deposit = %deposit.id, "deposit declared");
    Ok(reply)
}

async fn answer(tx: &Tx, c: &Command, status: u16, body: &str, deposit: &Deposit) -> Result<Reply, DepositError> {
    let subject = deposit.id.to_string();
    let (kept, committed) =
        join!(idempotency::keep(tx, &c.idempotency, &subject, Some((status, body)), None), tx.commit());
    unit::first_error([kept, committed])?;
    Ok(Reply::fresh(status, body.to_owned()))
}
