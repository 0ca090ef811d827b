//! The facts behind an intent, a bill or a counter's receipt, read under lock in the order of the house: obligations by id, then intents by id.

use domain::allocation::Waiting;
use domain::attempt::AttemptStatus;
use domain::bill::Quote;
use domain::booking::{AttemptState, IntentState, Named, ObligationState, OpenCase, Purpose, Terms};
use domain::codes::ChannelCode;
use domain::intent::Intent;
use domain::obligation::{Obligation, ObligationStatus};
use domain::{AttemptId, IntentId, ObligationId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use std::collections::BTreeSet;
use storage::attempts::Stored;
use storage::{StorageError, Tx, attempts, intents, obligations, references};
use uuid::Uuid;

/// An intent with all that money for its reference can touch, or a bill with all that its money can.
pub struct Facts {
    pub obligations: Vec<Obligation>,
    pub intents: Vec<Intent>,
    pub attempts: Vec<Stored>,
    pub waiting: Vec<Waiting>,
    pub open_cases: Vec<OpenCase>,
    purpose: Purpose,
}

/// Locks and reads, one round trip. The obligations of other live intents are read after those intents are locked, so
/// that two payments that meet in one intent see each other.
pub async fn lock(tx: &Tx, intent: IntentId) -> Result<Facts, StorageError> {
    lock_many(tx, &[intent])
        .await?
        .pop()
        .ok_or_else(|| StorageError::Unreadable("an intent that is not there".to_owned()))
}

/// The same for several at once, in the order given; still one round trip. Where two of them share an obligation, what
/// is concluded from one changes the facts of the other.
pub async fn lock_many(tx: &Tx, wanted: &[IntentId]) -> Result<Vec<Facts>, StorageError> {
    let ids: Vec<Uuid> = wanted.iter().map(|id| id.uuid()).collect();
    tx.concerns(ids.iter().copied());
    let (own, intents, attempts, others, waiting, open_cases) = join!(
        obligations::lock_of_intents(tx, &ids),
        intents::lock_related(tx, &ids),
        attempts::of_intents(tx, &ids),
        obligations::of_related_intents(tx, &ids),
        references::waiting(tx, &ids),
        references::open_cases(tx, &ids),
    );
    // in the order in which they were sent: what fails after the first failure says only that there was one
    let (mut obligations, intents, attempts) = (own?, intents?, attempts?);
    let known: BTreeSet<_> = obligations.iter().map(|o| o.id).collect();
    obligations.extend(others?.into_iter().filter(|o| !known.contains(&o.id)));
    let all = Facts {
        obligations,
        intents,
        attempts,
        waiting: Vec::new(),
        open_cases: Vec::new(),
        purpose: Purpose::Intent(IntentId::from(Uuid::nil())),
    };
    let (waiting, open_cases) = (waiting?, open_cases?);
    let of = |id: IntentId| Facts {
        waiting: waiting.iter().filter(|(of, _)| *of == id).map(|(_, w)| w.clone()).collect(),
        open_cases: open_cases.iter().filter(|(of, _)| *of == id).map(|(_, c)| c.clone()).collect(),
        ..all.around(id)
    };
    Ok(wanted.iter().map(|id| of(*id)).collect())
}

/// The same for a bill: its obligations, the live intents that hold any of them, and what else those hold.
pub async fn lock_bill(tx: &Tx, quote: &Quote) -> Result<Facts, StorageError> {
    lock_named(tx, &quote.reference, quote.lines.iter().map(|l| l.obligation_id).collect()).await
}

/// The same for obligations that are named themselves, by a bill or a counter's receipt of this reference.
pub async fn lock_named(tx: &Tx, reference: &str, obligation_ids: Vec<ObligationId>) -> Result<Facts, StorageError> {
    let ids: Vec<Uuid> = obligation_ids.iter().map(|id| id.uuid()).collect();
    let (own, intents) = join!(obligations::lock_by_ids(tx, &ids), intents::lock_live_holders(tx, &ids));
    let (mut obligations, intents) = (own?, intents?);
    let held: Vec<Uuid> = intents.iter().map(|i| i.id.uuid()).collect();
    let others = intents::obligations(tx, &held).await?;
    obligations.extend(others.into_iter().filter(|o| !obligation_ids.contains(&o.id)));
    Ok(Facts {
        obligations,
        intents,
        attempts: Vec::new(),
        waiting: Vec::new(),
        open_cases: Vec::new(),
        purpose: Purpose::Bill { reference: reference.to_owned(), obligation_ids },
    })
}

impl Facts {
    /// The part that concerns one intent: itself, the live ones that share an obligation with it, what they hold.
    fn around(&self, id: IntentId) -> Self {
        let held: &[_] = self.intents.iter().find(|i| i.id == id).map_or(&[], |i| &i.obligation_ids);
        let shares = |i: &&Intent| i.status.is_live() && i.obligation_ids.iter().any(|o| held.contains(o));
        let intents: Vec<Intent> = self.intents.iter().filter(|i| i.id == id || shares(i)).cloned().collect();
        let touched: BTreeSet<_> = intents.iter().flat_map(|i| &i.obligation_ids).collect();
        Self {
            obligations: self.obligations.iter().filter(|o| touched.contains(&o.id)).cloned().collect(),
            attempts: self.attempts.iter().filter(|a| a.attempt.intent_id == id).cloned().collect(),
            intents,
            waiting: Vec::new(),
            open_cases: Vec::new(),
            purpose: Purpose::Intent(id),
        }
    }

    /// The intent that the money is for; None for a bill's.
    pub fn own_intent(&self) -> Option<&Intent> {
        self.intents.iter().find(|i| self.purpose.is(i.id))
    }

    pub fn intent(&self) -> Result<&Intent, StorageError> {
        self.own_intent().ok_or_else(|| StorageError::Unreadable("an attempt without its intent".to_owned()))
    }

    /// The intent's deadline as it stands after the unit.
    pub fn set_deadline(&mut self, deadline: Timestamp) {
        for intent in self.intents.iter_mut().filter(|i| self.purpose.is(i.id)) {
            intent.expires_at = deadline;
        }
    }

    /// The intent asks for what its obligations owe.
    pub fn ask_anew(&mut self) {
        for intent in self.intents.iter_mut().filter(|i| self.purpose.is(i.id)) {
            let own = self.obligations.iter().filter(|o| intent.obligation_ids.contains(&o.id));
            intent.amount = own.map(Obligation::amount).sum();
        }
    }

    pub fn attempt(&self, id: AttemptId) -> Result<&Stored, StorageError> {
        self.attempts
            .iter()
            .find(|a| a.attempt.id == id)
            .ok_or_else(|| StorageError::Unreadable("an attempt that is not its intent's".to_owned()))
    }

    /// Another attempt of the intent is committed at its provider.
    pub fn other_committed(&self, than: AttemptId) -> bool {
        self.attempts.iter().any(|a| a.attempt.id != than && a.attempt.status == AttemptStatus::Committed)
    }

    /// What an intent still owes under its reference.
    pub fn amount_due(&self, intent: &Intent) -> Vnd {
        let due = self
            .obligations
            .iter()
            .filter(|o| intent.obligation_ids.contains(&o.id) && o.status == ObligationStatus::Due)
            .map(Obligation::amount);
        domain::intent::amount_due(due, self.waiting.iter().map(|w| w.amount))
    }

    /// For the booking of money that names the order of `attempt`, of which its provider was told the amount.
    pub fn told(&self, attempt: AttemptId) -> Result<Named, StorageError> {
        let attempt = attempt_state(self.attempt(attempt)?);
        let (terms, other_committed) = (Terms::Told(attempt.amount), self.other_committed(attempt.id));
        Ok(self.named(terms, Some(attempt), other_committed))
    }

    /// For the booking of money that names the bill, of which the bank was told this amount, or the receipt, which is for
    /// what is due.
    pub fn billed(&self, told: Vnd) -> Named {
        self.named(Terms::Told(told), None, false)
    }

    /// For the booking of a transfer whose text names the intent's reference. It serves the newest attempt that gave the
    /// payer this account's details, if there was one.
    pub fn typed(&self, terms: Terms, channel: &ChannelCode) -> Named {
        let open = |a: &&Stored| a.attempt.channel == *channel && a.attempt.status != AttemptStatus::Succeeded;
        let attempt = self.attempts.iter().rev().find(open).map(attempt_state);
        let other_committed = self.attempts.iter().any(|a| a.attempt.status == AttemptStatus::Committed);
        self.named(terms, attempt, other_committed)
    }

    fn named(&self, terms: Terms, attempt: Option<AttemptState>, other_committed: bool) -> Named {
        Named {
            purpose: self.purpose.clone(),
            terms,
            attempt,
            other_committed,
            obligations: self.obligations.iter().map(obligation_state).collect(),
            intents: self.intents.iter().map(intent_state).collect(),
            waiting: self.waiting.clone(),
            open_cases: self.open_cases.clone(),
        }
    }
}

pub fn obligation_state(o: &Obligation) -> ObligationState {
    ObligationState {
        id: o.id,
        beneficiary: o.terms.beneficiary_code.clone(),
        amount: o.amount(),
        status: o.status,
        version: o.version,
    }
}

pub fn intent_state(i: &Intent) -> IntentState {
    IntentState { id: i.id, status: i.status, version: i.version, obligation_ids: i.obligation_ids.clone() }
}

pub fn attempt_state(stored: &Stored) -> AttemptState {
    let a = &stored.attempt;
    AttemptState { id: a.id, intent_id: a.intent_id, amount: a.amount, status: a.status, version: a.version }
}
