//! The bodies of events: what a notice says, made from the whole subject as it stands after the change.

use domain::ClientId;
use domain::changes::Changes;
use domain::event::{Notice, Stream, StreamKind};
use domain::intent::{Intent, IntentStatus};
use domain::obligation::{Obligation, ObligationStatus};
use domain::payment::Payment;
use dossier::{IntentData, ObligationData, PaidBy, RefundData, RefundLineData};
use jiff::Timestamp;
use std::collections::BTreeMap;
use storage::StorageError;
use storage::refunds::Stored;
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
    let ours = changes.notices.iter().filter(|notice| !matches!(notice, Notice::Refund(..)));
    ours.map(|notice| event(*notice, &obligations, &intents, paid)).collect()
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
        // told apart by stream: `of_refund`
        Notice::Refund(..) => Err(lost("refund")),
    }
}

/// A refund tells each stream that its lines touch; one of suspense alone the intent that its money named, else nobody.
pub fn of_refund(
    changes: &Changes,
    refund: &Stored,
    payment: &Payment,
    obligations: &[Obligation],
    intent: Option<&Intent>,
) -> Vec<NewEvent> {
    let told = changes.notices.iter().find_map(|notice| match notice {
        Notice::Refund(id, event_type) if *id == refund.state.id => Some(*event_type),
        _ => None,
    });
    let Some(event_type) = told else { return Vec::new() };
    let status = changes.refunds.iter().find(|s| s.id == refund.state.id).map_or(refund.state.status, |s| s.to);
    let data = |lines: Vec<RefundLineData>, named: Option<&Obligation>| RefundData {
        id: refund.state.id,
        payment_id: payment.id,
        status: status.as_str(),
        amount: lines.iter().map(|l| l.amount).sum(),
        currency: "VND",
        then: refund.state.closing.as_str(),
        reason_code: refund.reason_code.clone(),
        dossier_code: named.and_then(|o| o.terms.dossier_code.as_ref()).map(ToString::to_string),
        external_ref: named.map(|o| o.external_ref.clone()),
        channel: payment.channel.clone(),
        provider_txn_id: payment.identity.transaction().to_owned(),
        reference: intent.map(|i| i.reference.to_string()),
        paid_at: payment.paid_at,
        lines,
    };
    let subject = refund.state.id.uuid();
    let mut streams: BTreeMap<(ClientId, Stream), (StreamKind, &Obligation, Vec<RefundLineData>)> = BTreeMap::new();
    for line in &refund.state.lines {
        let Some(o) = obligations.iter().find(|o| Some(o.id) == line.obligation_id) else { continue };
        let (kind, stream) = stream_of(o);
        streams.entry((o.client_id, stream)).or_insert_with(|| (kind, o, Vec::new())).2.push(RefundLineData {
            obligation_id: Some(o.id),
            external_ref: Some(o.external_ref.clone()),
            dossier_code: o.terms.dossier_code.as_ref().map(ToString::to_string),
            customer_code: o.terms.customer_code.clone(),
            amount: line.amount,
        });
    }
    if streams.is_empty() {
        let Some(i) = intent else { return Vec::new() };
        let line = RefundLineData {
            obligation_id: None,
            external_ref: None,
            dossier_code: None,
            customer_code: None,
            amount: refund.state.amount(),
        };
        let data = data(vec![line], None).into_value();
        let (stream_kind, stream) = (StreamKind::Intent, Stream::of_intent(i.id));
        return vec![NewEvent { client_id: i.client_id, stream_kind, stream, event_type, subject, data }];
    }
    let event = |((client_id, stream), (stream_kind, o, lines))| {
        let data = data(lines, Some(o)).into_value();
        NewEvent { client_id, stream_kind, stream, event_type, subject, data }
    };
    streams.into_iter().map(event).collect()
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
