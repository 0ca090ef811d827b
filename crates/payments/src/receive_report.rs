//! One report of a provider, from whatever source, in one transaction: kept verbatim once, then concluded from.
//! Money goes to `record_money`, anything else to `advance_intent`. At most three round trips and one commit.

use crate::advance_intent::{self, PlanError};
use crate::answer_bill;
use crate::context::{Caller, Context};
use crate::drive_parked::{Call, Calling};
use crate::facts::{self, Facts};
use crate::record_money::{self, RecordError, Recording, Seen};
use crate::refund::RefundError;
use crate::remit::RemitError;
use crate::retry::{Retryable, retrying};
use domain::attempt::AttemptStatus;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::{ChannelCode, ProfileCode};
use domain::payment::{Capture, Identity, News, Payment, Report, SightingState};
use domain::plan::AttemptNews;
use domain::{AttemptId, PaymentId, SightingId, Vnd};
use futures_util::join;
use jiff::{SignedDuration, Timestamp};
use provider::Failure;
use sha2::{Digest, Sha256};
use storage::attempts::Stored;
use storage::ids::mint;
use storage::sightings::NewSighting;
use storage::unit::Unit;
use storage::{StorageError, Tx, attempts, parked, payments, sightings, unit};
use telemetry::trace;
use tracing::Instrument;

/// How the source of a report begins that its provider called in; what we asked for is concluded from where it was asked.
const CALLED_IN: &str = "webhook:";

/// A verified report with the bytes that it stands in.
#[derive(Debug, Clone)]
pub struct Sighted<'a> {
    /// `webhook:<channel>`, `poll:<channel>`.
    pub source: String,
    pub channel: &'a ChannelCode,
    pub profile: &'a ProfileCode,
    pub report: &'a Report,
    pub evidence: &'a [u8],
    pub now: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Recorded,
    Known,
    /// Recorded or known; its amount is not that of the order.
    AmountDiffers,
    /// Recorded or known; its order is not ours.
    UnknownOrder,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl From<RefundError> for ReportError {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::Storage(error) => Self::Storage(error),
            // what a person may have asked for wrongly, nobody asks for here
            other => Self::Storage(StorageError::Unreadable(other.to_string())),
        }
    }
}

impl From<RemitError> for ReportError {
    fn from(error: RemitError) -> Self {
        match error {
            RemitError::Storage(error) => Self::Storage(error),
            other => Self::Storage(StorageError::Unreadable(other.to_string())),
        }
    }
}

impl Retryable for ReportError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(e) | Self::Record(RecordError::Storage(e)) => Retryable::is_retryable(e),
            Self::Plan(e) => Retryable::is_retryable(e),
            Self::Record(RecordError::Booking(_)) => false,
        }
    }
}

impl ReportError {
    /// Whether the same report would fail in the same way whenever it is told.
    pub(crate) fn comes_again(&self) -> bool {
        let refused = |e: &StorageError| matches!(e, StorageError::Conflict { .. } | StorageError::Unreadable(_));
        match self {
            Self::Storage(e) | Self::Record(RecordError::Storage(e)) | Self::Plan(PlanError::Storage(e)) => {
                refused(e) && !Retryable::is_retryable(e)
            }
            Self::Record(RecordError::Booking(_)) | Self::Plan(_) => true,
        }
    }
}

/// Keeps the report and concludes from it.
#[tracing::instrument(skip_all, fields(source = sighted.source, order_ref = %sighted.report.order_ref, intent_id))]
pub async fn receive(ctx: &Context, sighted: &Sighted<'_>, caller: &Caller) -> Result<Outcome, ReportError> {
    let outcome = retrying(|| receive_once(ctx, sighted, caller)).await?;
    tracing::info!(?outcome, "report received");
    ctx.wake.notify_one();
    Ok(outcome)
}

async fn receive_once(ctx: &Context, sighted: &Sighted<'_>, caller: &Caller) -> Result<Outcome, ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = conclude(ctx, &tx, sighted, caller).await;
    tx.close(outcome).await
}

async fn conclude(ctx: &Context, tx: &Tx, sighted: &Sighted<'_>, caller: &Caller) -> Result<Outcome, ReportError> {
    let id: SightingId = mint(sighted.now);
    let capture = match &sighted.report.news {
        News::Captured(capture) => Some(capture),
        _ => None,
    };
    let (fresh, stored, payment) = keep(tx, id, sighted, capture).await?;
    if !fresh {
        return Ok(said(Outcome::Known, sighted, stored.as_ref()));
    }
    let Some(stored) = stored else {
        without_order(tx, id, sighted, capture, payment.as_ref(), caller).await?;
        return Ok(said(Outcome::Recorded, sighted, None));
    };
    tracing::Span::current().record("intent_id", tracing::field::display(stored.attempt.intent_id));
    // a provider calls without a trace: what it says joins the one in which the intent was opened
    let span = trace::join(tracing::info_span!("report", source = sighted.source), stored.traceparent.as_deref());
    apply(ctx, tx, (id, sighted, capture), payment, &stored, caller).instrument(span).await
}

async fn apply(
    ctx: &Context,
    tx: &Tx,
    (id, sighted, capture): (SightingId, &Sighted<'_>, Option<&Capture>),
    payment: Option<Payment>,
    stored: &Stored,
    caller: &Caller,
) -> Result<Outcome, ReportError> {
    let mut outcome = said(Outcome::Recorded, sighted, Some(stored));
    let attempt = stored.attempt.id;
    let facts = facts::lock(tx, stored.attempt.intent_id).await?;
    match (capture, payment) {
        (Some(capture), Some(payment)) => {
            let intent = Some(stored.attempt.intent_id);
            let unit = record_money::repeat(&seen(id, sighted, capture), &payment, intent, caller);
            finish(tx, id, SightingState::Repeated, Some(payment.id), &unit).await?;
            // the money was known by another sight of it
            outcome = said(Outcome::Known, sighted, Some(stored));
        }
        (Some(capture), None) => {
            let recording =
                record_money::record(&seen(id, sighted, capture), Some((&facts, facts.told(attempt)?)), caller)?;
            write_recording(tx, id, &recording, Some(attempt)).await?;
        }
        (None, _) => {
            let unit = not_money(&facts, attempt, id, sighted, caller)?;
            if sighted.report.news == News::Committed {
                // a late word may come after the last asking: now there is something to ask about again
                let poll = &ctx.settings.poll;
                let provider = ctx.providers.by_profile(sighted.profile);
                if provider.is_some_and(|provider| provider.holds.is_some()) && sighted.source.starts_with(CALLED_IN) {
                    // money that waits for our word hears it when it is asked about: now, not when the schedule comes to it
                    let order = &stored.attempt.order_ref;
                    attempts::hint(tx, sighted.profile, order, poll.give_up_after_s).await?;
                } else {
                    let next = sighted.now + SignedDuration::from_secs(poll.wait_s(0));
                    let until = sighted.now + SignedDuration::from_secs(poll.give_up_after_s);
                    attempts::watch(tx, attempt, next, until).await?;
                }
            }
            if let News::Failed { code } = &sighted.report.news
                && unit.changes.attempts.iter().any(|step| step.id == attempt && step.to == AttemptStatus::Failed)
            {
                let provider = ctx.providers.by_profile(sighted.profile);
                let checkout = provider.as_ref().and_then(|provider| provider.checkout.as_ref());
                let why = checkout.map_or(Failure::Unsaid, |checkout| checkout.why(code));
                attempts::set_failure(tx, attempt, why.as_str()).await?;
            }
            finish(tx, id, SightingState::Applied, None, &unit).await?;
        }
    }
    Ok(outcome)
}

/// First round trip: keeps the report, finds the attempt and the payment that it may be. The same report told again is
/// not kept again; the same transaction told with another amount or order is another report, and kept beside the first.
async fn keep(
    tx: &Tx,
    id: SightingId,
    sighted: &Sighted<'_>,
    capture: Option<&Capture>,
) -> Result<(bool, Option<Stored>, Option<Payment>), StorageError> {
    let digest = hex::encode(Sha256::digest(sighted.evidence));
    // two contracts with one provider may meet in a number: the key is the contract's
    let source_key = format!("{}:{}", sighted.profile, sighted.report.source_key);
    let row = NewSighting {
        id,
        source: &sighted.source,
        source_key: &source_key,
        channel: sighted.channel.as_str(),
        profile: Some(sighted.profile.as_str()),
        order_ref: Some(sighted.report.order_ref.as_str()),
        provider_txn_id: capture.map(|c| c.provider_txn_id.as_str()),
        amount: capture.map(|c| c.amount.dong()),
        stated_at: capture.and_then(|c| c.paid_at),
        payload_sha256: &digest,
        raw: sighted.evidence,
        received_at: sighted.now,
        account: None,
        bank_ref: capture.and_then(|c| c.bank_txn_id.as_deref()),
        intent: None,
    };
    let txn = capture.map_or("", |c| c.provider_txn_id.as_str());
    let (begun, fresh, known, attempt, payment) = join!(
        tx.begin(),
        sightings::insert(tx, &row),
        sightings::latest(tx, &sighted.source, &source_key),
        attempts::by_order(tx, sighted.profile.as_str(), sighted.report.order_ref.as_str()),
        payments::lock_by_txn(tx, sighted.profile.as_str(), txn),
    );
    begun?;
    let mut fresh = fresh?;
    if let Some(known) = known?.filter(|_| !fresh) {
        let same = known.order_ref.as_deref() == row.order_ref && known.amount == row.amount;
        if !same {
            let beside = format!("{source_key}#{}", &digest[..16]);
            fresh = sightings::insert(tx, &NewSighting { source_key: &beside, ..row }).await?;
        }
    }
    Ok((fresh, attempt?, payment?.filter(|_| capture.is_some())))
}

fn seen<'a>(id: SightingId, sighted: &'a Sighted<'_>, capture: &'a Capture) -> Seen<'a> {
    Seen {
        sighting_id: id,
        channel: sighted.channel,
        identity: Identity::Provider { profile: sighted.profile.clone(), transaction: capture.provider_txn_id.clone() },
        order_ref: Some(sighted.report.order_ref.as_str()),
        amount: capture.amount,
        paid_at: capture.paid_at,
        now: sighted.now,
    }
}

/// What the provider hears: another amount and an unknown order are said each time, whatever was recorded.
fn said(outcome: Outcome, sighted: &Sighted<'_>, stored: Option<&Stored>) -> Outcome {
    match (stored, &sighted.report.news) {
        (None, _) => Outcome::UnknownOrder,
        (Some(s), News::Captured(c)) if c.amount != s.attempt.amount => Outcome::AmountDiffers,
        _ => outcome,
    }
}

async fn without_order(
    tx: &Tx,
    id: SightingId,
    sighted: &Sighted<'_>,
    capture: Option<&Capture>,
    payment: Option<&Payment>,
    caller: &Caller,
) -> Result<(), ReportError> {
    match (capture, payment) {
        (Some(capture), None) => {
            let (txn, order) = (&capture.provider_txn_id, sighted.report.order_ref.as_str());
            let told = answer_bill::told_of(tx, sighted.profile.as_str(), txn, order).await?;
            let facts = match &told.bill {
                Some(quote) => Some((facts::lock_bill(tx, quote).await?, quote.amount)),
                None => None,
            };
            let named = facts.as_ref().map(|(facts, told)| (facts, facts.billed(*told)));
            let mut recording = record_money::record(&seen(id, sighted, capture), named, caller)?;
            recording.unit.changes.cases_opened.extend(told.case(&recording.new.payment));
            write_recording(tx, id, &recording, None).await
        }
        (Some(capture), Some(payment)) => {
            let unit = record_money::repeat(&seen(id, sighted, capture), payment, None, caller);
            finish(tx, id, SightingState::Repeated, Some(payment.id), &unit).await
        }
        // a report of no money about no order of ours: kept as evidence
        (None, _) => finish(tx, id, SightingState::Refused, None, &Unit::new(caller.actor(), sighted.now)).await,
    }
}

fn not_money(
    facts: &Facts,
    attempt: AttemptId,
    id: SightingId,
    sighted: &Sighted<'_>,
    caller: &Caller,
) -> Result<Unit, ReportError> {
    let news = match sighted.report.news {
        News::Committed => AttemptNews::Committed,
        News::Failed { .. } => AttemptNews::Failed,
        News::Unclear { .. } => AttemptNews::Unclear,
        // told only after the order's window has closed (see `poll_attempts`)
        News::NotFound => AttemptNews::WindowClosed,
        // nothing to conclude: the worker's clock decides what an unanswered order becomes
        News::Captured(_) | News::Pending => return Ok(Unit::new(caller.actor(), sighted.now)),
    };
    Ok(advance_intent::follow(facts, attempt, news, Some(id), sighted.now, caller)?)
}

/// Last round trip: payment, everything that follows from it, what became of the report, commit.
async fn write_recording(
    tx: &Tx,
    id: SightingId,
    recording: &Recording,
    attempt: Option<AttemptId>,
) -> Result<(), ReportError> {
    let (inserted, written, unwatched, noted, committed) = join!(
        payments::insert(tx, std::slice::from_ref(&recording.new), recording.unit.at),
        unit::write(tx, &recording.unit),
        unwatch(tx, attempt),
        sightings::outcome(tx, id, SightingState::Applied, Some(recording.new.payment.id)),
        tx.commit(),
    );
    unit::first_error([inserted, written, unwatched, noted, committed])?;
    Ok(())
}

async fn unwatch(tx: &Tx, attempt: Option<AttemptId>) -> Result<(), StorageError> {
    match attempt {
        Some(attempt) => attempts::unwatch(tx, attempt).await,
        None => Ok(()),
    }
}

async fn finish(
    tx: &Tx,
    id: SightingId,
    state: SightingState,
    payment: Option<PaymentId>,
    unit: &Unit,
) -> Result<(), ReportError> {
    let (written, noted, committed) =
        join!(unit::write(tx, unit), sightings::outcome(tx, id, state, payment), tx.commit());
    unit::first_error([written, noted, committed])?;
    Ok(())
}

/// Rightly signed and not to be read: kept, parked, a case; the provider hears that we have it.
pub async fn park(ctx: &Context, told: &Parked<'_>, now: Timestamp) -> Result<Outcome, ReportError> {
    let outcome = retrying(|| park_once(ctx, told, now)).await?;
    Ok(outcome)
}

/// A report that nobody could read.
#[derive(Debug, Clone)]
pub struct Parked<'a> {
    pub channel: &'a ChannelCode,
    pub profile: &'a ProfileCode,
    pub evidence: &'a [u8],
    /// What it came with, where it was called in: by it, it can be verified once more.
    pub call: Option<Calling<'a>>,
    pub reason: &'a str,
}

async fn park_once(ctx: &Context, told: &Parked<'_>, now: Timestamp) -> Result<Outcome, ReportError> {
    let Parked { channel, profile, evidence, call, reason } = told;
    let digest = hex::encode(Sha256::digest(evidence));
    let id: SightingId = mint(now);
    let row = NewSighting {
        id,
        source: &format!("webhook:{channel}"),
        source_key: &format!("unreadable:{digest}"),
        channel: channel.as_str(),
        profile: Some(profile.as_str()),
        order_ref: None,
        provider_txn_id: None,
        amount: None,
        stated_at: None,
        payload_sha256: &digest,
        raw: evidence,
        received_at: now,
        account: None,
        bank_ref: None,
        intent: None,
    };
    let mut unit = Unit::new(Caller::system().actor(), now);
    unit.changes
        .cases_opened
        .push(NewCase { sighting_id: Some(id), ..NewCase::new(CaseKind::Poison, Vnd::ZERO, *reason) });
    let call = call.map(|call| serde_json::to_vec(&Call::of(call))).transpose();
    let call = call.map_err(|e| StorageError::Unreadable(e.to_string()))?;
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, fresh) = join!(tx.begin(), sightings::insert(&tx, &row));
        begun?;
        if !fresh? {
            return Ok(Outcome::Known);
        }
        if let Some(call) = &call {
            parked::keep_call(&tx, &ctx.vault, id, call).await?;
        }
        finish(&tx, id, SightingState::Parked, None, &unit).await?;
        Ok(Outcome::Recorded)
    }
    .await;
    tx.close(outcome).await
}
