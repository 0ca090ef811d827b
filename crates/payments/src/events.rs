//! The bodies of events: what a notice says, made from the whole subject as it stands after the change.

use domain::changes::Changes;
use domain::event::{Notice, Stream, StreamKind};
use domain::intent::{Intent, IntentStatus};
use domain::obligation::{Obligation, ObligationStatus};
use dossier::{IntentData, ObligationData, PaidBy};
use jiff::Timestamp;
use storage::StorageError;
use storage::unit::NewEvent;

/// The events of `changes`. The subjects are as they stood before; they are brought up to date here.
pub fn of_changes(
    changes: &Changes,
    obligations: &[Obligation],
    intents: &[Intent],
    paid: Option<&(Timestamp, PaidBy)>,
) -> Result<Vec<NewEvent>, StorageError> {
    let obligations: Vec<Obligation> = obligations.iter().map(|o| after_obligation(o, changes, paid)).collect();
    let intents: Vec<Intent> = intents.iter().map(|i| after_intent(i, changes, paid)).collect();
    changes.notices.iter().map(|notice| event(*notice, &obligations, &intents, paid)).collect()
}

fn event(
    notice: Notice,
    obligations: &[Obligation],
    intents: &[Intent],
    paid: Option<&(Timestamp, PaidBy)>,
) -> Result<NewEvent, StorageError> {
    let by = || paid.map(|(_, by)| by.clone());
    match notice {
        Notice::Obligation(id, event_type) => {
            let o = obligations.iter().find(|o| o.id == id).ok_or_else(|| lost("obligation"))?;
            let (stream_kind, stream) = stream_of(o);
            let data = ObligationData::new(o, by()).into_value();
            Ok(NewEvent { client_id: o.client_id, stream_kind, stream, event_type, subject: id.uuid(), data })
        }
        Notice::Intent(id, event_type) => {
            let i = intents.iter().find(|i| i.id == id).ok_or_else(|| lost("intent"))?;
            let held: Vec<Obligation> =
                i.obligation_ids.iter().filter_map(|id| obligations.iter().find(|o| o.id == *id).cloned()).collect();
            let data = IntentData::new(i, &held, by()).into_value();
            let stream = Stream::of_intent(id);
            let stream_kind = StreamKind::Intent;
            Ok(NewEvent { client_id: i.client_id, stream_kind, stream, event_type, subject: id.uuid(), data })
        }
    }
}

/// A client's dossier, or its customer where there is no dossier.
pub fn stream_of(o: &Obligation) -> (StreamKind, Stream) {
    match (&o.terms.dossier_code, &o.terms.customer_code) {
        (Some(code), _) => (StreamKind::Dossier, Stream::of_dossier(code.as_str())),
        (None, code) => (StreamKind::Customer, Stream::of_customer(code.as_deref().unwrap_or_default())),
    }
}

fn after_obligation(o: &Obligation, changes: &Changes, paid: Option<&(Timestamp, PaidBy)>) -> Obligation {
    let mut o = o.clone();
    for step in changes.obligations.iter().filter(|s| s.id == o.id) {
        o.status = step.to;
        o.version = step.version;
        match step.to {
            ObligationStatus::Paid => o.paid_at = o.paid_at.or(paid.map(|(at, _)| *at)),
            ObligationStatus::Due => o.paid_at = None,
            _ => {}
        }
    }
    o
}

fn after_intent(i: &Intent, changes: &Changes, paid: Option<&(Timestamp, PaidBy)>) -> Intent {
    let mut i = i.clone();
    for step in changes.intents.iter().filter(|s| s.id == i.id) {
        i.status = step.to;
        i.version = step.version;
        let is_paid = step.to == IntentStatus::Paid;
        i.paid_at = paid.filter(|_| is_paid).map(|(at, _)| *at);
        i.paid_channel = paid.filter(|_| is_paid).map(|(_, by)| by.channel.to_string());
    }
    i
}

fn lost(what: &str) -> StorageError {
    StorageError::Unreadable(format!("a notice of an {what} that was not read"))
}
