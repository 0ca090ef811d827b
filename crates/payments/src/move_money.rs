//! `move_money`: booked money goes to another home by a decision or on a neighbour's word. Reads the scene under lock and
//! makes the unit of work from what `domain::moving` concludes; the caller's transaction holds both.

use crate::context::Caller;
use crate::events;
use crate::facts::{intent_state, obligation_state};
use domain::allocation::Home;
use domain::business_day::business_date;
use domain::changes::Changes;
use domain::intent::{Intent, IntentStatus};
use domain::moving::{Holder, MoveError, Part, Scene};
use domain::obligation::Obligation;
use domain::payment::Payment;
use domain::{ObligationId, PaymentId};
use dossier::PaidBy;
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::refunds::{self, Stored};
use storage::unit::{Audit, NewEvent, Unit};
use storage::{StorageError, Tx, payments, scenes};

/// A payment with all that a move of its money rests on.
pub(crate) struct Locked {
    pub payment: Payment,
    pub scene: Scene,
    pub obligations: Vec<Obligation>,
    pub intents: Vec<Intent>,
}

/// Locks the payment, then its obligations and `more`, then the intents that hold them, then the cases. None: no such
/// payment.
pub(crate) async fn lock(
    tx: &Tx,
    id: PaymentId,
    more: &[ObligationId],
    now: Timestamp,
) -> Result<Option<Locked>, StorageError> {
    let Some(payment) = payments::lock_one(tx, id).await? else { return Ok(None) };
    let obligations = scenes::lock_obligations(tx, id, more).await?;
    let ids: Vec<ObligationId> = obligations.iter().map(|o| o.id).collect();
    let intents = scenes::lock_holders(tx, &ids).await?;
    let live_or_paid: Vec<_> = intents.iter().map(|i| i.id).collect();
    let outdated = scenes::outdated(tx, &live_or_paid).await?;
    let paid_late = scenes::paid_late(tx, &live_or_paid).await?;
    let parts = scenes::parts(tx, id, &ids).await?;
    // what else the intents hold is read, not locked: it is told of, and nothing here moves it
    let held: Vec<_> = live_or_paid.iter().map(|i| i.uuid()).collect();
    tx.concerns(held.iter().copied().chain(payment.intent_id.map(|i| i.uuid())));
    let known: BTreeSet<ObligationId> = ids.iter().copied().collect();
    let mut obligations = obligations;
    obligations.extend(storage::intents::obligations(tx, &held).await?.into_iter().filter(|o| !known.contains(&o.id)));
    let paying: BTreeSet<PaymentId> = parts.iter().map(|p| p.payment_id).collect();
    let cases = scenes::lock_cases(tx, &paying.into_iter().collect::<Vec<_>>()).await?;
    let is_over = |i: &Intent| i.status == IntentStatus::Paid && (i.expires_at <= now || outdated.contains(&i.id));
    let waits = |p: &&Part| matches!(p.home, Home::Suspense(_));
    let waiting: BTreeSet<PaymentId> = parts.iter().filter(waits).map(|p| p.payment_id).collect();
    let gone = refunds::unexplained_of(tx, &waiting.into_iter().collect::<Vec<_>>()).await?;
    let scene = Scene {
        payment_id: id,
        source: payment.identity.source_account(),
        intent_id: payment.intent_id,
        obligations: obligations.iter().map(obligation_state).collect(),
        parts,
        gone,
        holders: intents
            .iter()
            .map(|i| Holder { intent: intent_state(i), is_over: is_over(i), was_over: paid_late.contains(&i.id) })
            .collect(),
        cases,
        day: business_date(now),
    };
    Ok(Some(Locked { payment, scene, obligations, intents }))
}

impl Locked {
    /// What to write for `changes`. `refund`: the one that moves.
    /// `paid`: by what obligations are settled here.
    pub(crate) fn paying_unit(
        &self,
        changes: Changes,
        paid: &(Timestamp, PaidBy),
        caller: &Caller,
        action: &'static str,
        now: Timestamp,
    ) -> Result<Unit, StorageError> {
        let mut unit = self.unit(Changes::default(), None, caller, action, now)?;
        unit.events = events::of_changes(&changes, &self.obligations, &self.intents, Some(paid))?;
        unit.paid = Some((paid.0, paid.1.channel.to_string()));
        unit.changes = changes;
        Ok(unit)
    }

    pub(crate) fn unit(
        &self,
        changes: Changes,
        refund: Option<&Stored>,
        caller: &Caller,
        action: &'static str,
        now: Timestamp,
    ) -> Result<Unit, StorageError> {
        let mut unit = Unit::new(caller.actor(), now);
        let intents = over_since(&self.intents, &changes, now);
        unit.events = events::of_changes(&changes, &self.obligations, &intents, None)?;
        unit.events.extend(refund.iter().flat_map(|refund| self.told_of(refund, &changes)));
        let subject = refund.map_or_else(|| self.payment.id.to_string(), |r| r.state.id.to_string());
        unit.audit.push(Audit { action, subject, request_id: caller.request_id.clone() });
        unit.changes = changes;
        Ok(unit)
    }

    /// What `changes` tell of a refund.
    pub(crate) fn told_of(&self, refund: &Stored, changes: &Changes) -> Vec<NewEvent> {
        let intent = self.intents.iter().find(|i| Some(i.id) == self.payment.intent_id);
        events::of_refund(changes, refund, &self.payment, &self.obligations, intent)
    }
}

/// With the deadlines that those have which are over from now on.
fn over_since(intents: &[Intent], changes: &Changes, now: Timestamp) -> Vec<Intent> {
    let ends = |i: &Intent| changes.intents.iter().any(|s| s.id == i.id && s.to == IntentStatus::Expired);
    let mut intents = intents.to_vec();
    for intent in intents.iter_mut().filter(|i| ends(i)) {
        intent.expires_at = intent.expires_at.min(now);
    }
    intents
}

/// What a move could not do is our mistake unless it says that the money is elsewhere.
pub(crate) fn unreadable(error: &MoveError) -> StorageError {
    StorageError::Unreadable(error.to_string())
}
