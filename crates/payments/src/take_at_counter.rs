//! An officer takes cash or a card for what is due: one payment, booked and settled in one commit with the answer. The table
//! stands in `domain::counter`.

use crate::context::{Caller, Context};
use crate::facts::{self, Facts, obligation_state};
use crate::learn;
use crate::proposal;
use crate::receive_report::ReportError;
use crate::record_money::{self, RecordError, Seen};
use crate::reply::{IdempotencyError, Reply};
use crate::retry::{Retryable, retrying};
use domain::booking::ObligationState;
use domain::codes::{ChannelCode, CounterCode, ProfileCode};
use domain::counter::{CHANNEL, Refusal, Tender, judge};
use domain::payment::{Identity, Payment, SightingState};
use domain::{ObligationId, PaymentId, SightingId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use storage::counters::{self, Counter, Taken};
use storage::ids::mint;
use storage::sightings::NewSighting;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, channels, idempotency, payments, sightings, unit};

#[derive(Debug, Clone)]
pub struct Command {
    pub counter: CounterCode,
    pub tender: Tender,
    /// Each once.
    pub obligation_ids: Vec<ObligationId>,
    pub amount: Vnd,
    /// Of cash the number of the receipt, of a card that of the terminal's slip.
    pub receipt_ref: String,
    /// What the officer sent, as it came.
    pub evidence: Vec<u8>,
    /// Whose money the officer sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum CounterError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such counter")]
    Absent,
    #[error("no such obligation")]
    ObligationAbsent(ObligationId),
    #[error("the counter has no card terminal for these beneficiaries")]
    NoTerminal,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the receipt is used")]
    ReceiptUsed,
    /// Somebody switched counters off, or announced that they are away, in these words.
    #[error("counters are closed: {0}")]
    Closed(String),
}

impl From<StorageError> for CounterError {
    fn from(error: StorageError) -> Self {
        Self::Report(error.into())
    }
}

impl From<RecordError> for CounterError {
    fn from(error: RecordError) -> Self {
        Self::Report(error.into())
    }
}

impl Retryable for CounterError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Report(e) if e.is_retryable())
    }
}

/// Gives the answer from what was taken.
pub type Render<'r> = &'r (dyn Fn(&Taken) -> String + Send + Sync);

/// Takes it; the same receipt with the same body is the same payment, answered 200.
#[tracing::instrument(skip_all, fields(counter = %command.counter))]
pub async fn take(ctx: &Context, command: &Command, render: Render<'_>) -> Result<Reply, CounterError> {
    let reply = retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = taken(&tx, command, render).await;
        tx.close(outcome).await
    })
    .await?;
    ctx.wake.notify_one();
    Ok(reply)
}

async fn taken(tx: &Tx, c: &Command, render: Render<'_>) -> Result<Reply, CounterError> {
    if let Some(reply) = proposal::begin::<CounterError>(tx, &c.idempotency).await? {
        return Ok(reply);
    }
    let counter =
        counters::lock(tx, &c.counter).await?.filter(|counter| sees_some(counter, c)).ok_or(CounterError::Absent)?;
    let identity = identity(&counter, c)?;
    if let Some(known) = counters::by_receipt(tx, &c.counter, &c.receipt_ref).await? {
        let theirs = counters::beneficiaries_of(tx, &known.obligation_ids).await?;
        let is_seen = c.beneficiaries.as_ref().is_none_or(|own| theirs.iter().all(|b| own.contains(b)));
        if !is_seen || !is_same(&known, c) {
            return Err(CounterError::ReceiptUsed);
        }
        return answer(tx, c, 200, &known, render).await;
    }
    // money that is not taken yet: the officer hears it before the payer gives any
    if let Some(closed) = channels::closed(tx, CHANNEL).await? {
        return Err(CounterError::Closed(closed.reason));
    }
    // a terminal's file may have shown a card's money first
    let booked = match &identity {
        Identity::Provider { profile, transaction } => payments::lock_by_txn(tx, profile.as_str(), transaction).await?,
        _ => None,
    };
    let facts = facts::lock_named(tx, &c.receipt_ref, c.obligation_ids.clone()).await?;
    let named = named(&counter, &facts, c)?;
    judge(&named, c.amount)?;
    let sighting: SightingId = mint(c.now);
    let (recorded, state) = match booked {
        Some(booked) => (placed(tx, c, &booked, &facts, sighting).await?, SightingState::Repeated),
        None => (recorded(tx, c, identity.clone(), &facts, sighting).await?, SightingState::Applied),
    };
    let (payment, unit) = recorded;
    keep_sighting(tx, c, &identity, sighting).await?;
    let taken = Taken {
        payment_id: payment,
        counter: c.counter.clone(),
        tender: c.tender,
        receipt_ref: c.receipt_ref.clone(),
        obligation_ids: c.obligation_ids.clone(),
        amount: c.amount,
        taken_by: c.caller.actor(),
        taken_at: c.now,
        voided_at: None,
    };
    counters::keep(tx, &taken).await?;
    let (written, noted) = join!(unit::write(tx, &unit), sightings::outcome(tx, sighting, state, Some(payment)));
    unit::first_error([written, noted])?;
    let reply = answer(tx, c, 201, &taken, render).await?;
    tracing::info!(payment = %payment, tender = %c.tender, "taken at a counter");
    Ok(reply)
}

async fn answer(tx: &Tx, c: &Command, status: u16, taken: &Taken, render: Render<'_>) -> Result<Reply, CounterError> {
    let body = render(taken);
    let subject = taken.payment_id.to_string();
    let (kept, committed) =
        join!(idempotency::keep(tx, &c.idempotency, &subject, Some((status, &body)), None), tx.commit());
    unit::first_error([kept, committed])?;
    Ok(Reply::fresh(status, body))
}

/// Whether the officer sees any of those that the counter collects for.
fn sees_some(counter: &Counter, c: &Command) -> bool {
    let own = c.beneficiaries.as_deref();
    own.is_none_or(|own| counter.beneficiaries.iter().any(|b| own.contains(b)))
}

fn identity(counter: &Counter, c: &Command) -> Result<Identity, CounterError> {
    let terminal = || counter.terminal.clone().ok_or(CounterError::NoTerminal);
    Ok(match c.tender {
        Tender::Cash => Identity::Counter { counter: c.counter.clone(), receipt: c.receipt_ref.clone() },
        Tender::Card => Identity::Provider { profile: terminal()?, transaction: c.receipt_ref.clone() },
    })
}

/// The receipt again with what was said before. One that was voided stands for nothing any more.
fn is_same(known: &Taken, c: &Command) -> bool {
    let mut obligations = (known.obligation_ids.clone(), c.obligation_ids.clone());
    obligations.0.sort_unstable();
    obligations.1.sort_unstable();
    known.tender == c.tender && known.amount == c.amount && known.voided_at.is_none() && obligations.0 == obligations.1
}

/// The obligations as they stand, all of beneficiaries that the counter collects for and the officer sees.
fn named(counter: &Counter, facts: &Facts, c: &Command) -> Result<Vec<ObligationState>, CounterError> {
    let is_theirs = |beneficiary: &str| {
        counter.beneficiaries.iter().any(|b| b == beneficiary)
            && c.beneficiaries.as_ref().is_none_or(|own| own.iter().any(|b| b == beneficiary))
    };
    let of = |id: &ObligationId| {
        let found = facts.obligations.iter().find(|o| o.id == *id);
        let found = found.filter(|o| is_theirs(o.terms.beneficiary_code.as_str()));
        found.map(obligation_state).ok_or(CounterError::ObligationAbsent(*id))
    };
    let named: Vec<_> = c.obligation_ids.iter().map(of).collect::<Result<_, _>>()?;
    let by_terminal = |o: &ObligationState| counter.terminal_for.iter().any(|b| b == o.beneficiary.as_str());
    if c.tender == Tender::Card && !named.iter().all(by_terminal) {
        return Err(CounterError::NoTerminal);
    }
    Ok(named)
}

fn seen<'a>(c: &Command, channel: &'a ChannelCode, identity: Identity, sighting_id: SightingId) -> Seen<'a> {
    let paid_at = Some(c.now);
    Seen { sighting_id, channel, identity, order_ref: None, amount: c.amount, paid_at, now: c.now }
}

async fn recorded(
    tx: &Tx,
    c: &Command,
    identity: Identity,
    facts: &Facts,
    sighting: SightingId,
) -> Result<(PaymentId, Unit), CounterError> {
    let channel = channel()?;
    let seen = seen(c, &channel, identity, sighting);
    let recording = record_money::record(&seen, Some((facts, facts.billed(c.amount))), &c.caller)?;
    payments::insert(tx, std::slice::from_ref(&recording.new), recording.unit.at).await?;
    Ok((recording.new.payment.id, recording.unit))
}

/// The card's money is a payment already: it finds what it is for, unless people were first or another receipt has it.
async fn placed(
    tx: &Tx,
    c: &Command,
    booked: &Payment,
    facts: &Facts,
    sighting: SightingId,
) -> Result<(PaymentId, Unit), CounterError> {
    if booked.amount != c.amount || booked.intent_id.is_some() || counters::by_payment(tx, booked.id).await?.is_some() {
        return Err(CounterError::ReceiptUsed);
    }
    let named = facts.billed(c.amount);
    let mut unit = learn::place_by(tx, booked, facts, &named, sighting, &c.caller, c.now).await?;
    if unit.changes.obligations.is_empty() {
        return Err(CounterError::ReceiptUsed);
    }
    unit.audit.push(Audit {
        action: "card_entered",
        subject: booked.id.to_string(),
        request_id: c.caller.request_id.clone(),
    });
    Ok((booked.id, unit))
}

async fn keep_sighting(tx: &Tx, c: &Command, identity: &Identity, id: SightingId) -> Result<(), StorageError> {
    let digest = hex::encode(Sha256::digest(&c.evidence));
    let source = format!("counter:{}", c.counter);
    let transaction = identity.profile().map(|_| c.receipt_ref.as_str());
    let row = NewSighting {
        id,
        source: &source,
        source_key: &c.receipt_ref,
        channel: CHANNEL,
        profile: identity.profile().map(ProfileCode::as_str),
        order_ref: None,
        provider_txn_id: transaction,
        amount: Some(c.amount.dong()),
        stated_at: Some(c.now),
        payload_sha256: &digest,
        raw: &c.evidence,
        received_at: c.now,
        account: None,
        bank_ref: None,
        intent: None,
    };
    // the counter is held and its receipt is new: so is this
    if sightings::insert(tx, &row).await? { Ok(()) } else { Err(StorageError::Retry(None)) }
}

fn channel() -> Result<ChannelCode, StorageError> {
    ChannelCode::new(CHANNEL).map_err(|e| StorageError::Unreadable(e.to_string()))
}
