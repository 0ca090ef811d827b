//! THE table: which state follows which state, for which cause, and what is told. `docs/states.md` is drawn from it,
//! `assurance.legal_transition` holds the same edges, and the database refuses any other.

use crate::attempt::AttemptStatus;
use crate::case::CaseStatus;
use crate::cause::Cause;
use crate::event::EventType;
use crate::intent::IntentStatus;
use crate::obligation::ObligationStatus;
use crate::receipt::ReceiptStatus;
use crate::refund::RefundStatus;
use crate::remittance::RemittanceStatus;
use crate::states::words;

words! {
    Entity {
        Obligation = "obligation", Intent = "intent", Attempt = "attempt", Refund = "refund", Case = "case",
        Receipt = "receipt", Remittance = "remittance",
    }
}

/// One edge. `from` is None at birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    pub entity: Entity,
    pub from: Option<&'static str>,
    pub cause: Cause,
    pub to: &'static str,
    pub event: Option<EventType>,
}

/// A change that no edge allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{entity}: nothing follows {from} for {cause}")]
pub struct NoSuchEdge {
    pub entity: Entity,
    pub from: &'static str,
    pub cause: Cause,
}

/// A kind of thing with states in the table.
pub trait Stateful: Copy + Eq + std::str::FromStr + 'static {
    const ENTITY: Entity;
    fn word(self) -> &'static str;

    /// The state that follows `self` for `cause`, with what is to be told.
    fn after(self, cause: Cause) -> Result<(Self, Option<EventType>), NoSuchEdge> {
        let missing = NoSuchEdge { entity: Self::ENTITY, from: self.word(), cause };
        let edge = TABLE
            .iter()
            .find(|e| e.entity == Self::ENTITY && e.from == Some(self.word()) && e.cause == cause)
            .ok_or(missing)?;
        edge.to.parse().map(|to| (to, edge.event)).map_err(|_| missing)
    }
}

macro_rules! stateful {
    ($($status:ty = $entity:ident),+ $(,)?) => {$(
        impl Stateful for $status {
            const ENTITY: Entity = Entity::$entity;
            fn word(self) -> &'static str { self.as_str() }
        }
    )+};
}
stateful! {
    ObligationStatus = Obligation, IntentStatus = Intent, AttemptStatus = Attempt, RefundStatus = Refund,
    CaseStatus = Case, ReceiptStatus = Receipt, RemittanceStatus = Remittance,
}

const fn edge(entity: Entity, from: Option<&'static str>, cause: Cause, to: &'static str) -> Edge {
    Edge { entity, from, cause, to, event: None }
}

const fn telling(entity: Entity, from: &'static str, cause: Cause, to: &'static str, event: EventType) -> Edge {
    Edge { entity, from: Some(from), cause, to, event: Some(event) }
}

use Cause as C;
use Entity::{Attempt as A, Case as K, Intent as I, Obligation as O, Receipt as B, Refund as R, Remittance as T};
use EventType as E;

pub const TABLE: &[Edge] = &[
    edge(O, None, C::Registered, "due"),
    edge(O, None, C::RegisteredExempt, "exempt"),
    edge(O, Some("due"), C::ReliefGranted, "exempt"),
    edge(O, Some("exempt"), C::ReliefWithdrawn, "due"),
    telling(O, "due", C::Settled, "paid", E::ObligationPaid),
    telling(O, "due", C::CancelledByClient, "cancelled", E::ObligationCancelled),
    edge(O, Some("paid"), C::RefundApproved, "refunding"),
    telling(O, "paid", C::TakenBack, "due", E::ObligationReopened),
    telling(O, "paid", C::Voided, "due", E::ObligationReopened),
    telling(O, "refunding", C::RefundReopened, "due", E::ObligationReopened),
    telling(O, "refunding", C::RefundClosed, "refunded", E::ObligationRefunded),
    edge(O, Some("refunding"), C::RefundFailed, "paid"),
    telling(O, "refunding", C::RefundUncovered, "due", E::ObligationReopened),
    telling(O, "refunding", C::TakenBack, "due", E::ObligationReopened),
    //
    edge(I, None, C::Opened, "open"),
    edge(I, Some("open"), C::AttemptCommitted, "processing"),
    edge(I, Some("processing"), C::AttemptFailed, "open"),
    edge(I, Some("processing"), C::AttemptUnresolved, "open"),
    edge(I, Some("processing"), C::AttemptUnsettled, "open"),
    telling(I, "open", C::Settled, "paid", E::IntentPaid),
    telling(I, "processing", C::Settled, "paid", E::IntentPaid),
    telling(I, "open", C::Lapsed, "expired", E::IntentExpired),
    telling(I, "open", C::CancelledByClient, "cancelled", E::IntentCancelled),
    edge(I, Some("expired"), C::Renewed, "open"),
    telling(I, "expired", C::Settled, "paid", E::IntentPaid),
    telling(I, "cancelled", C::Settled, "paid", E::IntentPaid),
    telling(I, "paid", C::TakenBack, "open", E::IntentReopened),
    telling(I, "paid", C::TakenBackAfterExpiry, "expired", E::IntentReopened),
    telling(I, "paid", C::Voided, "open", E::IntentReopened),
    telling(I, "paid", C::VoidedAfterExpiry, "expired", E::IntentReopened),
    telling(I, "paid", C::RefundReopened, "open", E::IntentReopened),
    telling(I, "paid", C::RefundReopenedAfterExpiry, "expired", E::IntentReopened),
    //
    edge(A, None, C::Started, "started"),
    edge(A, Some("started"), C::ProviderOffered, "offered"),
    edge(A, Some("started"), C::ProviderRefused, "failed"),
    edge(A, Some("started"), C::ProviderCommitted, "committed"),
    edge(A, Some("started"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("started"), C::ProviderFailed, "failed"),
    edge(A, Some("started"), C::WindowClosed, "expired"),
    edge(A, Some("started"), C::OutcomeUnknown, "unknown"),
    edge(A, Some("offered"), C::ProviderCommitted, "committed"),
    edge(A, Some("offered"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("offered"), C::ProviderFailed, "failed"),
    edge(A, Some("offered"), C::WindowClosed, "expired"),
    edge(A, Some("offered"), C::OutcomeUnknown, "unknown"),
    edge(A, Some("committed"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("committed"), C::ProviderFailed, "failed"),
    edge(A, Some("committed"), C::WindowClosed, "expired"),
    edge(A, Some("committed"), C::OutcomeUnknown, "unknown"),
    edge(A, Some("failed"), C::ProviderCommitted, "committed"),
    edge(A, Some("failed"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("expired"), C::ProviderCommitted, "committed"),
    edge(A, Some("expired"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("unknown"), C::ProviderCommitted, "committed"),
    edge(A, Some("unknown"), C::ProviderCaptured, "succeeded"),
    edge(A, Some("unknown"), C::ProviderFailed, "failed"),
    edge(A, Some("unknown"), C::WindowClosed, "expired"),
    //
    edge(R, None, C::Proposed, "pending_approval"),
    edge(R, Some("pending_approval"), C::Approved, "approved"),
    edge(R, Some("pending_approval"), C::Rejected, "rejected"),
    edge(R, Some("pending_approval"), C::Withdrawn, "cancelled"),
    edge(R, Some("pending_approval"), C::PaymentTakenBack, "cancelled"),
    edge(R, Some("approved"), C::Submitted, "submitted"),
    edge(R, Some("approved"), C::WorkItemGiven, "awaiting_statement"),
    edge(R, Some("approved"), C::Withdrawn, "cancelled"),
    edge(R, Some("approved"), C::PaymentTakenBack, "cancelled"),
    telling(R, "submitted", C::ProviderSent, "succeeded", E::RefundSucceeded),
    telling(R, "submitted", C::ProviderFailed, "failed", E::RefundFailed),
    telling(R, "submitted", C::Withdrawn, "failed", E::RefundFailed),
    edge(R, Some("submitted"), C::OutcomeUnknown, "unknown"),
    edge(R, Some("unknown"), C::AskedAgain, "submitted"),
    telling(R, "unknown", C::ProviderSent, "succeeded", E::RefundSucceeded),
    telling(R, "unknown", C::ProviderFailed, "failed", E::RefundFailed),
    telling(R, "awaiting_statement", C::StatementDebit, "succeeded", E::RefundSucceeded),
    telling(R, "awaiting_statement", C::Withdrawn, "failed", E::RefundFailed),
    telling(R, "awaiting_statement", C::PaymentTakenBack, "failed", E::RefundFailed),
    telling(R, "succeeded", C::CameBack, "failed", E::RefundFailed),
    //
    edge(K, None, C::Found, "open"),
    edge(K, Some("open"), C::ResolutionProposed, "proposed"),
    edge(K, Some("proposed"), C::ResolutionRejected, "open"),
    edge(K, Some("proposed"), C::Withdrawn, "open"),
    edge(K, Some("proposed"), C::ObligationsReopened, "open"),
    edge(K, Some("proposed"), C::Resolved, "closed"),
    edge(K, Some("open"), C::Explained, "closed"),
    edge(K, Some("proposed"), C::Explained, "closed"),
    //
    edge(B, None, C::NumberTaken, "numbered"),
    telling(B, "numbered", C::Signed, "issued", E::ReceiptIssued),
    edge(B, Some("numbered"), C::MoneyLeft, "cancelled"),
    edge(B, Some("numbered"), C::Corrected, "cancelled"),
    edge(B, Some("issued"), C::MoneyLeft, "cancelled"),
    edge(B, Some("issued"), C::Corrected, "replaced"),
    //
    edge(T, None, C::Proposed, "prepared"),
    edge(T, Some("prepared"), C::Approved, "instructed"),
    edge(T, Some("prepared"), C::Rejected, "cancelled"),
    edge(T, Some("prepared"), C::Withdrawn, "cancelled"),
    edge(T, Some("instructed"), C::Withdrawn, "cancelled"),
    edge(T, Some("instructed"), C::StatementDebit, "paid"),
];

/// The drawing in `docs/states.md`: one Mermaid diagram per entity, each edge with its cause and event.
pub fn drawing() -> String {
    let mut out = String::from(
        "# States\n\nDrawn from `crates/domain/src/transition.rs` by a test; `UPDATE_DOCS=1 cargo test -p domain` draws it \
         anew.\nAn edge names its cause, and after the slash the event that is told. The database holds the same edges \
         (`assurance.legal_transition`) and refuses any other.\n",
    );
    for &entity in Entity::ALL {
        out.push_str(&format!("\n## {entity}\n\n```mermaid\nstateDiagram-v2\n"));
        for e in TABLE.iter().filter(|e| e.entity == entity) {
            let from = e.from.unwrap_or("[*]");
            let event = e.event.map(|event| format!(" / {event}")).unwrap_or_default();
            out.push_str(&format!("    {from} --> {} : {}{event}\n", e.to, e.cause));
        }
        out.push_str("```\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn words_of(entity: Entity) -> Vec<&'static str> {
        match entity {
            Entity::Obligation => ObligationStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Intent => IntentStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Attempt => AttemptStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Refund => RefundStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Case => CaseStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Receipt => ReceiptStatus::ALL.iter().map(|s| s.as_str()).collect(),
            Entity::Remittance => RemittanceStatus::ALL.iter().map(|s| s.as_str()).collect(),
        }
    }

    #[test]
    fn one_state_and_one_cause_lead_to_one_state() {
        let mut seen = BTreeMap::new();
        for e in TABLE {
            let before = seen.insert((e.entity.as_str(), e.from, e.cause.as_str()), e.to);
            assert_eq!(before, None, "{e:?}");
        }
    }

    #[test]
    fn every_edge_names_states_of_its_entity_and_every_state_can_be_reached() {
        for &entity in Entity::ALL {
            let words: BTreeSet<_> = words_of(entity).into_iter().collect();
            let edges: Vec<_> = TABLE.iter().filter(|e| e.entity == entity).collect();
            let reached: BTreeSet<_> = edges.iter().map(|e| e.to).collect();
            assert_eq!(reached, words, "{entity}");
            assert!(edges.iter().filter_map(|e| e.from).all(|from| words.contains(from)), "{entity}");
        }
    }

    /// The edges that the contract lists, written down again by hand from its text.
    #[test]
    fn the_edges_are_those_of_the_contract() {
        let pairs = |entity: Entity| -> BTreeSet<(&str, &str)> {
            TABLE.iter().filter(|e| e.entity == entity).filter_map(|e| e.from.map(|from| (from, e.to))).collect()
        };
        let obligation = [
            ("due", "paid"),
            ("due", "cancelled"),
            ("due", "exempt"),
            ("exempt", "due"),
            ("paid", "refunding"),
            ("refunding", "due"),
            ("refunding", "refunded"),
            ("refunding", "paid"),
            ("paid", "due"),
        ];
        assert_eq!(pairs(Entity::Obligation), obligation.into_iter().collect());
        let intent = [
            ("open", "processing"),
            ("processing", "open"),
            ("open", "paid"),
            ("processing", "paid"),
            ("open", "expired"),
            ("open", "cancelled"),
            ("expired", "open"),
            ("expired", "paid"),
            ("cancelled", "paid"),
            ("paid", "open"),
            ("paid", "expired"),
        ];
        assert_eq!(pairs(Entity::Intent), intent.into_iter().collect());
        let mut attempt: BTreeSet<(&str, &str)> =
            [("started", "offered"), ("started", "committed"), ("offered", "committed")].into_iter().collect();
        for early in ["started", "offered", "committed"] {
            attempt.insert((early, "succeeded"));
            attempt.extend(["failed", "expired", "unknown"].map(|end| (early, end)));
        }
        for end in ["failed", "expired", "unknown"] {
            attempt.extend([(end, "committed"), (end, "succeeded")]);
        }
        attempt.extend([("unknown", "failed"), ("unknown", "expired")]);
        assert_eq!(pairs(Entity::Attempt), attempt);
        let refund = [
            ("pending_approval", "approved"),
            ("pending_approval", "rejected"),
            ("pending_approval", "cancelled"),
            ("approved", "submitted"),
            ("approved", "awaiting_statement"),
            ("approved", "cancelled"),
            ("submitted", "succeeded"),
            ("submitted", "failed"),
            ("submitted", "unknown"),
            ("unknown", "submitted"),
            ("unknown", "succeeded"),
            ("unknown", "failed"),
            ("awaiting_statement", "succeeded"),
            ("awaiting_statement", "failed"),
            ("succeeded", "failed"),
        ];
        assert_eq!(pairs(Entity::Refund), refund.into_iter().collect());
    }

    #[test]
    fn the_drawing_in_the_docs_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, drawing()).expect("docs/ can be written");
        }
        let drawn = std::fs::read_to_string(path).expect("docs/states.md is there");
        assert!(drawn == drawing(), "docs/states.md is not the table: run UPDATE_DOCS=1 cargo test -p domain");
    }
}
