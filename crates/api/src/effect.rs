//! What a decision would change, as a preview shows it: entries of the ledger, states, cases, and what would be told.

use domain::changes::Changes;
use domain::event::Notice;
use domain::ledger::{Journal, Leg};
use payments::preview::{self, Moved};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct EffectView {
    pub journals: Vec<EffectJournalView>,
    pub states: Vec<StateView>,
    pub cases_opened: Vec<OpenedView>,
    /// What clients would be told, e.g. `obligation.paid`, and of what.
    pub events: Vec<ToldView>,
}

#[derive(Serialize, ToSchema)]
pub struct EffectJournalView {
    pub kind: &'static str,
    /// Where that day is closed, the first open one.
    #[schema(value_type = String, format = Date)]
    pub business_date: jiff::civil::Date,
    pub entries: Vec<EffectEntryView>,
}

#[derive(Serialize, ToSchema)]
pub struct EffectEntryView {
    pub account: String,
    /// In đồng, debit plus, credit minus.
    pub amount: i64,
    pub payment_id: Option<String>,
    pub obligation_id: Option<String>,
    pub movement_id: Option<String>,
    pub settlement_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct StateView {
    /// obligation | intent | attempt | refund | receipt | remittance | case
    pub entity: &'static str,
    pub id: String,
    pub from: &'static str,
    pub to: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct OpenedView {
    pub kind: &'static str,
    pub amount: i64,
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ToldView {
    pub event: &'static str,
    pub id: String,
}

impl EffectView {
    pub fn new(c: &Changes) -> Self {
        let opened = |k: &domain::changes::NewCase| OpenedView {
            kind: k.kind.as_str(),
            amount: k.amount.dong(),
            payment_id: k.payment_id.map(|id| id.to_string()),
            movement_id: k.movement_id.map(|id| id.to_string()),
        };
        Self {
            journals: c.journals.iter().map(journal).collect(),
            states: preview::moved(c).iter().map(state).collect(),
            cases_opened: c.cases_opened.iter().map(opened).collect(),
            events: c.notices.iter().map(told).collect(),
        }
    }
}

fn state(moved: &Moved) -> StateView {
    StateView { entity: moved.entity.as_str(), id: moved.id.clone(), from: moved.from, to: moved.to }
}

fn journal(j: &Journal) -> EffectJournalView {
    let entry = |leg: &Leg| EffectEntryView {
        account: leg.account.to_string(),
        amount: leg.amount.dong(),
        payment_id: leg.payment_id.map(|id| id.to_string()),
        obligation_id: leg.obligation_id.map(|id| id.to_string()),
        movement_id: leg.movement_id.map(|id| id.to_string()),
        settlement_id: leg.settlement_id.map(|id| id.to_string()),
    };
    EffectJournalView {
        kind: j.kind().as_str(),
        business_date: j.business_date(),
        entries: j.legs().iter().map(entry).collect(),
    }
}

fn told(notice: &Notice) -> ToldView {
    let (event, id) = match notice {
        Notice::Obligation(id, event) => (event, id.to_string()),
        Notice::Intent(id, event) => (event, id.to_string()),
        Notice::Refund(id, event) => (event, id.to_string()),
    };
    ToldView { event: event.as_str(), id }
}
