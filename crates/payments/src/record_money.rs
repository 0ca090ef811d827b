//! `record_money`: books money that was seen for the first time and derives the states, inside the caller's transaction.
//! The table of cases stands in `domain::booking`.

use crate::context::Caller;
use crate::facts::Facts;
use domain::booking::{BookingError, Named, NewMoney, book_money};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::ChannelCode;
use domain::payment::{Identity, Payment};
use domain::{IntentId, PaymentId, SightingId, Vnd};
use dossier::PaidBy;
use jiff::{SignedDuration, Timestamp};
use storage::StorageError;
use storage::ids::mint;
use storage::payments::NewPayment;
use storage::unit::{Audit, Unit};

/// How far a provider's clock may be ahead of ours.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);
/// How old money may be of which a provider tells and that names nothing of ours.
const OLDEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A report of money that has just been kept.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    pub sighting_id: SightingId,
    pub channel: &'a ChannelCode,
    pub identity: Identity,
    /// The provider's order that it names; none for a transfer.
    pub order_ref: Option<&'a str>,
    pub amount: Vnd,
    /// As stated; absent where nothing is said.
    pub paid_at: Option<Timestamp>,
    pub now: Timestamp,
}

/// What to write for it.
pub struct Recording {
    pub new: NewPayment,
    pub unit: Unit,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Booking(#[from] BookingError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Money that no payment of ours is yet. `named`: what of ours it names, with the facts behind it.
pub fn record(seen: &Seen<'_>, named: Option<(&Facts, Named)>, caller: &Caller) -> Result<Recording, RecordError> {
    let payment_id: PaymentId = mint(seen.now);
    // a time that has not come yet, or from before anybody could pay, is a slip of theirs: it stands in the sighting, the books
    // take ours
    let facts = named.as_ref().map(|(facts, _)| *facts);
    let can_be = |stated: &Timestamp| *stated <= seen.now + CLOCKS_DIFFER && !is_too_early(*stated, seen, facts);
    let paid_at = seen.paid_at.filter(can_be).unwrap_or(seen.now);
    let business_date = business_date(paid_at);
    let from = seen.identity.source_account();
    let subject = seen.order_ref.map_or_else(|| from.scope().unwrap_or_default(), str::to_owned);
    let money =
        NewMoney { payment_id, sighting_id: seen.sighting_id, from, amount: seen.amount, business_date, subject };
    let mut unit = Unit::new(caller.actor(), seen.now);
    let mut intent_id = None;
    match named {
        None => unit.changes = book_money(&money, None)?,
        Some((facts, named)) => {
            let intent = facts.own_intent();
            intent_id = intent.map(|i| i.id);
            unit.changes = book_money(&money, Some(&named))?;
            let by = PaidBy {
                channel: seen.channel.clone(),
                provider_txn_id: seen.identity.transaction().to_owned(),
                reference: intent.map(|i| i.reference.clone()),
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
        identity: seen.identity.clone(),
        intent_id,
        amount: seen.amount,
        paid_at,
    };
    let order_ref = seen.order_ref.map(str::to_owned);
    Ok(Recording { new: NewPayment { payment, order_ref, business_date }, unit })
}

/// Whether a provider states a day before the payment, or the last of the fees, was there. Days, because files have no more; and of
/// money on an account the bank's books decide.
fn is_too_early(stated: Timestamp, seen: &Seen<'_>, facts: Option<&Facts>) -> bool {
    if !matches!(seen.identity, Identity::Provider { .. }) {
        return false;
    }
    let begun = facts.and_then(|facts| {
        let own = facts.own_intent().map(|intent| intent.created_at);
        own.or_else(|| facts.obligations.iter().map(|obligation| obligation.created_at).max())
    });
    let begun = begun.map_or(seen.now - OLDEST, |begun| begun - CLOCKS_DIFFER);
    business_date(stated) < business_date(begun)
}

/// Another sight of a payment that we have. Its amount and what it names are compared: a difference is a case, never a
/// second payment. `intent`: the one that this report names.
pub fn repeat(seen: &Seen<'_>, payment: &Payment, intent: Option<IntentId>, caller: &Caller) -> Unit {
    let mut unit = Unit::new(caller.actor(), seen.now);
    let other_order = intent.is_some() && payment.intent_id.is_some() && intent != payment.intent_id;
    let kind = match (seen.amount != payment.amount, other_order) {
        (true, _) => CaseKind::AmountDiffers,
        (false, true) => CaseKind::StatusDiffers,
        (false, false) => return unit,
    };
    unit.changes.cases_opened.push(NewCase {
        payment_id: Some(payment.id),
        sighting_id: Some(seen.sighting_id),
        day: payment.identity.source_account().scope().map(|scope| (scope, business_date(payment.paid_at))),
        ..NewCase::new(kind, seen.amount, payment.id.to_string())
    });
    unit
}
