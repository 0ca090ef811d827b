//! Money that waits unidentified, and whose intent is known after all.
//!
//! | the payment, locked | then |
//! |---|---|
//! | waits whole | it is placed as if it came now, and its case is closed by it |
//! | the bank has taken it back, in part or whole | nothing: no money is there to be placed |
//! | people gave it to a debt of that intent already | nothing |
//! | people gave some of it to other debts, or back to its payer | it stays where they put it; a case says what it names, once |

use crate::context::Caller;
use crate::facts::{self, Facts};
use crate::receive_account_report::terms;
use crate::receive_report::ReportError;
use crate::record_money::RecordError;
use domain::booking::{Named, NewMoney, place_orphan};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::changes::NewCase;
use domain::codes::ChannelCode;
use domain::payment::{Payment, SuspenseReason};
use domain::{SightingId, Vnd};
use dossier::PaidBy;
use jiff::Timestamp;
use storage::account_money::NamedIntent;
use storage::payments::Part;
use storage::unit::{Audit, Unit};
use storage::{Tx, cases, payments};

/// A transfer whose text names an intent in a later sight of it.
pub async fn place(
    tx: &Tx,
    payment: &Payment,
    intent: &NamedIntent,
    channel: &ChannelCode,
    sighting: SightingId,
    caller: &Caller,
    now: Timestamp,
) -> Result<Unit, ReportError> {
    let facts = facts::lock(tx, intent.id).await?;
    let named = facts.typed(terms(intent), channel);
    place_by(tx, payment, &facts, &named, sighting, caller, now).await
}

/// Moves the payment out of `unidentified` where all of it waits there, and says what to write. The payment must be locked
/// and without an intent.
pub async fn place_by(
    tx: &Tx,
    payment: &Payment,
    facts: &Facts,
    named: &Named,
    sighting: SightingId,
    caller: &Caller,
    now: Timestamp,
) -> Result<Unit, ReportError> {
    let parts = payments::parts(tx, &[payment.id.uuid()]).await?;
    if !waits_whole(payment.amount, &parts) {
        return decided_otherwise(tx, payment, &parts, facts, sighting, caller, now).await;
    }
    let case = cases::open_of_payment(tx, payment.id, CaseKind::Unidentified).await?;
    let intent = facts.own_intent();
    let money = NewMoney {
        payment_id: payment.id,
        sighting_id: sighting,
        from: payment.identity.source_account(),
        amount: payment.amount,
        business_date: business_date(now),
        // what it names says what its cases are about
        subject: String::new(),
    };
    let mut unit = Unit::new(caller.actor(), now);
    unit.changes = place_orphan(&money, case.as_ref(), named).map_err(RecordError::Booking)?;
    let by = PaidBy {
        channel: payment.channel.clone(),
        provider_txn_id: payment.identity.transaction().to_owned(),
        reference: intent.map(|i| i.reference.clone()),
        intent_id: intent.map(|i| i.id),
        payment_id: payment.id,
    };
    let paid = (payment.paid_at, by);
    unit.events = crate::events::of_changes(&unit.changes, &facts.obligations, &facts.intents, Some(&paid))?;
    unit.paid = Some((payment.paid_at, payment.channel.to_string()));
    unit.audit.push(Audit {
        action: "money_placed",
        subject: payment.id.to_string(),
        request_id: caller.request_id.clone(),
    });
    if let Some(intent) = intent {
        payments::set_intent(tx, payment.id, intent.id).await?;
    }
    Ok(unit)
}

/// Whether all of a payment of this amount waits unidentified.
pub fn waits_whole(amount: Vnd, parts: &[Part]) -> bool {
    let waits = |part: &&Part| part.suspense_reason.as_deref() == Some(SuspenseReason::Unidentified.as_str());
    let waiting: Vnd = parts.iter().filter(waits).map(|part| part.amount).sum();
    waiting == amount
}

/// Two persons have said where the money goes, and nothing moves it again but they.
async fn decided_otherwise(
    tx: &Tx,
    payment: &Payment,
    parts: &[Part],
    facts: &Facts,
    sighting: SightingId,
    caller: &Caller,
    now: Timestamp,
) -> Result<Unit, ReportError> {
    let mut unit = Unit::new(caller.actor(), now);
    // a bill says nothing that those did not know who decided
    let Some(intent) = facts.own_intent() else { return Ok(unit) };
    let of_it = |part: &Part| part.obligation_id.is_some_and(|id| intent.obligation_ids.contains(&id));
    let subject = intent.id.to_string();
    let is_taken_back = parts.iter().map(|part| part.amount).sum::<Vnd>() < payment.amount;
    if is_taken_back
        || parts.iter().any(of_it)
        || cases::was_told(tx, payment.id, CaseKind::StatusDiffers, &subject).await?
    {
        return Ok(unit);
    }
    unit.changes.cases_opened.push(NewCase {
        payment_id: Some(payment.id),
        sighting_id: Some(sighting),
        day: payment.identity.source_account().scope().map(|scope| (scope, business_date(now))),
        ..NewCase::new(CaseKind::StatusDiffers, payment.amount, subject)
    });
    Ok(unit)
}
