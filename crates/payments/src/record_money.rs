//! `record_money`: finds or creates the one payment behind a report of money, books it and derives the states, inside
//! the caller's transaction. The table of cases stands in `domain::booking`.

use crate::context::Caller;
use crate::facts::Facts;
use domain::booking::{BookingError, NewMoney, book_capture};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::{ChannelCode, ProfileCode};
use domain::payment::{Capture, Payment};
use domain::{AttemptId, IntentId, PaymentId, SightingId};
use dossier::PaidBy;
use jiff::{SignedDuration, Timestamp};
use storage::StorageError;
use storage::ids::mint;
use storage::unit::{Audit, Unit};

/// How far a provider's clock may be ahead of ours.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// A report of money that has just been kept.
pub struct Seen<'a> {
    pub sighting_id: SightingId,
    pub channel: &'a ChannelCode,
    pub profile: &'a ProfileCode,
    pub order_ref: &'a str,
    pub capture: &'a Capture,
    pub now: Timestamp,
}

/// What to write for it.
pub struct Recording {
    pub payment: Payment,
    pub business_date: jiff::civil::Date,
    pub unit: Unit,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Booking(#[from] BookingError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Money that no payment of ours is yet. `named`: the attempt that its order is, with the facts behind it.
pub fn record(seen: &Seen<'_>, named: Option<(&Facts, AttemptId)>, caller: &Caller) -> Result<Recording, RecordError> {
    let payment_id: PaymentId = mint(seen.now);
    // a time that has not come yet is a slip of theirs: it stands in the sighting, the books take ours
    let paid_at = seen.capture.paid_at.filter(|stated| *stated <= seen.now + CLOCKS_DIFFER).unwrap_or(seen.now);
    let business_date = business_date(paid_at);
    let money = NewMoney {
        payment_id,
        sighting_id: seen.sighting_id,
        profile: seen.profile.clone(),
        amount: seen.capture.amount,
        business_date,
        order_ref: seen.order_ref.to_owned(),
    };
    let mut unit = Unit::new(caller.actor(), seen.now);
    let mut intent_id = None;
    match named {
        None => unit.changes = book_capture(&money, None)?,
        Some((facts, attempt)) => {
            let intent = facts.intent()?;
            intent_id = Some(intent.id);
            unit.changes = book_capture(&money, Some(&facts.named(attempt)?))?;
            let by = PaidBy {
                channel: seen.channel.clone(),
                provider_txn_id: seen.capture.provider_txn_id.clone(),
                reference: Some(intent.reference.clone()),
                intent_id,
                payment_id,
            };
            let paid = (paid_at, by);
            unit.events = crate::events::of_changes(&unit.changes, &facts.obligations, &facts.intents, Some(&paid))?;
            unit.paid = Some((paid_at, seen.channel.to_string()));
        }
    }
    unit.audit.push(Audit {
        action: "money_recorded",
        subject: payment_id.to_string(),
        request_id: caller.request_id.clone(),
    });
    let payment = Payment {
        id: payment_id,
        channel: seen.channel.clone(),
        profile: seen.profile.clone(),
        provider_txn_id: seen.capture.provider_txn_id.clone(),
        intent_id,
        amount: seen.capture.amount,
        paid_at,
    };
    Ok(Recording { payment, business_date, unit })
}

/// Another sight of a payment that we have. Its amount and its order are compared: a difference is a case, never a second
/// payment. `intent`: the one that this report's order belongs to.
pub fn repeat(seen: &Seen<'_>, payment: &Payment, intent: Option<IntentId>, caller: &Caller) -> Unit {
    let mut unit = Unit::new(caller.actor(), seen.now);
    let other_order = intent.is_some() && payment.intent_id.is_some() && intent != payment.intent_id;
    let kind = match (seen.capture.amount != payment.amount, other_order) {
        (true, _) => CaseKind::AmountDiffers,
        (false, true) => CaseKind::StatusDiffers,
        (false, false) => return unit,
    };
    unit.changes.cases_opened.push(NewCase {
        kind,
        amount: seen.capture.amount,
        payment_id: Some(payment.id),
        sighting_id: Some(seen.sighting_id),
        subject: payment.id.to_string(),
    });
    unit
}
