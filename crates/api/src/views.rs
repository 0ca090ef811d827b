//! What the API shows: our contract with callers, written out, apart from the types inside.

use crate::receipts::ReceiptLinkView;
use domain::obligation::Obligation;
use domain::payment::Identity;
use payments::view::{IntentView, Paid, Unavailable};
use serde::Serialize;
use storage::attempts::Stored;
use storage::obligations::SettledBy;
use storage::payments::{Booked, Part, Shown};
use storage::sightings::Seen;
use utoipa::ToSchema;

pub const CURRENCY: &str = "VND";

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Send it as `after` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of a list that is short enough to be read whole, in the order of its cursors.
    pub fn of_all(all: Vec<T>, limit: i64, after: Option<&str>, cursor: impl Fn(&T) -> String) -> Self {
        let rest = all.into_iter().filter(|item| after.is_none_or(|after| cursor(item).as_str() > after));
        let data = rest.take(usize::try_from(limit).unwrap_or(0)).collect();
        Self::new(data, limit, cursor)
    }

    /// A page that was read with a limit: when it is full there may be another.
    pub fn new(data: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let full = usize::try_from(limit).is_ok_and(|limit| data.len() >= limit);
        let next_cursor = data.last().filter(|_| full).map(cursor);
        Self { data, next_cursor }
    }
}

#[derive(Serialize, ToSchema)]
pub struct BudgetView {
    pub chapter: Option<String>,
    pub sub_item: Option<String>,
    pub area: Option<String>,
    pub unit: Option<String>,
    pub treasury: Option<String>,
    pub revenue_account: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct NoticeView {
    pub number: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    pub date: Option<jiff::civil::Date>,
    pub payable_id: Option<String>,
    pub period: Option<String>,
}

/// A payment that gave an obligation its money.
#[derive(Serialize, ToSchema)]
pub struct SettledByView {
    pub payment_id: String,
    pub channel: String,
    pub provider_txn_id: Option<String>,
    pub reference: Option<String>,
}

/// What somebody owes for a dossier. The payer's data is not shown again: the portal has it.
#[derive(Serialize, ToSchema)]
pub struct ObligationView {
    pub id: String,
    pub external_ref: String,
    pub dossier_code: Option<String>,
    pub customer_code: Option<String>,
    pub sector: &'static str,
    pub agency_code: String,
    pub beneficiary_code: String,
    pub procedure_code: Option<String>,
    pub procedure_name: Option<String>,
    pub service_code: Option<String>,
    pub kind: &'static str,
    pub fee_code: String,
    pub instalment: i32,
    pub group_ref: Option<String>,
    pub description: String,
    pub gross_amount: i64,
    pub relief_amount: i64,
    pub relief_basis: Option<String>,
    /// Gross less relief, in đồng.
    pub amount: i64,
    pub currency: &'static str,
    pub budget: BudgetView,
    pub notice: NoticeView,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<jiff::Timestamp>,
    /// due | exempt | paid | refunding | refunded | cancelled
    pub status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paid_at: Option<jiff::Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: jiff::Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: jiff::Timestamp,
    pub payments: Vec<SettledByView>,
    /// Where the amount contradicts the dated catalogue; filled on registration.
    pub warnings: Vec<String>,
}

impl ObligationView {
    pub fn new(o: &Obligation, settled: &[SettledBy], warnings: Vec<String>) -> Self {
        let t = o.terms.clone();
        Self {
            id: o.id.to_string(),
            external_ref: o.external_ref.clone(),
            dossier_code: t.dossier_code.map(|c| c.to_string()),
            customer_code: t.customer_code,
            sector: t.sector.as_str(),
            agency_code: t.agency_code,
            beneficiary_code: t.beneficiary_code.to_string(),
            procedure_code: t.procedure_code,
            procedure_name: t.procedure_name,
            service_code: t.service_code,
            kind: t.kind.as_str(),
            fee_code: t.fee_code,
            instalment: t.instalment,
            group_ref: t.group_ref,
            description: t.description,
            gross_amount: t.gross_amount.dong(),
            relief_amount: t.relief_amount.dong(),
            relief_basis: t.relief_basis,
            amount: o.amount().dong(),
            currency: CURRENCY,
            budget: BudgetView {
                chapter: t.budget.chapter,
                sub_item: t.budget.sub_item,
                area: t.budget.area,
                unit: t.budget.unit,
                treasury: t.budget.treasury,
                revenue_account: t.budget.revenue_account,
            },
            notice: NoticeView {
                number: t.notice.number,
                date: t.notice.date,
                payable_id: t.notice.payable_id,
                period: t.notice.period,
            },
            due_at: t.due_at,
            status: o.status.as_str(),
            paid_at: o.paid_at,
            created_at: o.created_at,
            updated_at: o.updated_at,
            payments: settled.iter().filter(|s| s.obligation_id == o.id).map(settled_by).collect(),
            warnings,
        }
    }
}

fn settled_by(s: &SettledBy) -> SettledByView {
    SettledByView {
        payment_id: s.payment_id.to_string(),
        channel: s.channel.clone(),
        provider_txn_id: s.provider_txn_id.clone(),
        reference: s.reference.clone(),
    }
}

#[derive(Serialize, ToSchema)]
pub struct IntentObligationView {
    pub id: String,
    pub external_ref: String,
    pub dossier_code: Option<String>,
    pub description: String,
    pub amount: i64,
    pub status: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct ChannelView {
    pub code: String,
    pub name: &'static str,
    /// gateway | bank | wallet | mobile_money | national
    pub kind: &'static str,
    pub available: bool,
    /// Why it is not: `not_billable`, `payer_not_identified`, `whole_only`, `amount_above_limit`, `amount_below_limit`,
    /// `not_answering`, or the words of who closed it.
    pub reason: Option<String>,
    /// Until when it is closed, where that was announced.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_until: Option<jiff::Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct AttemptView {
    pub id: String,
    pub channel: String,
    pub order_ref: String,
    pub amount: i64,
    pub currency: &'static str,
    /// started | offered | committed | succeeded | failed | expired | unknown
    pub status: &'static str,
    /// What the payer acts on: `{"type":"redirect","url"}`, or `{"type":"qr","qr_data","bank_bin","account_number",
    /// "account_name","transfer_content","amount"}`, or `{"type":"phone_prompt","message"}` or `{"type":"otp_prompt",
    /// "message"}`: the payer goes on, or waits, with the phone in hand.
    #[schema(value_type = Option<Object>)]
    pub action: Option<serde_json::Value>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: jiff::Timestamp,
}

impl AttemptView {
    pub fn new(stored: &Stored) -> Self {
        let a = &stored.attempt;
        Self {
            id: a.id.to_string(),
            channel: a.channel.to_string(),
            order_ref: a.order_ref.to_string(),
            amount: a.amount.dong(),
            currency: CURRENCY,
            status: a.status.as_str(),
            action: stored.action.clone(),
            expires_at: a.expires_at,
        }
    }
}

/// Where a part of a payment's money is.
#[derive(Serialize, ToSchema)]
pub struct AllocationView {
    pub obligation_id: Option<String>,
    pub suspense_reason: Option<String>,
    pub refund_id: Option<String>,
    /// Two persons gave up looking for its owner.
    pub written_off: bool,
    pub amount: i64,
}

fn allocation(part: &Part) -> AllocationView {
    AllocationView {
        obligation_id: part.obligation_id.map(|id| id.to_string()),
        suspense_reason: part.suspense_reason.clone(),
        refund_id: part.refund_id.map(|id| id.to_string()),
        written_off: part.obligation_id.is_none() && part.suspense_reason.is_none() && part.refund_id.is_none(),
        amount: part.amount.dong(),
    }
}

#[derive(Serialize, ToSchema)]
pub struct PaymentView {
    pub id: String,
    pub channel: String,
    /// The provider's number; absent for a bank transfer.
    pub provider_txn_id: Option<String>,
    /// The account of ours that a bank transfer came to, and the bank's reference of it.
    pub receiving_account: Option<String>,
    pub bank_ref: Option<String>,
    /// The counter at which cash was taken, and the receipt of it.
    pub counter_code: Option<String>,
    pub receipt_ref: Option<String>,
    pub reference: Option<String>,
    pub intent_id: Option<String>,
    pub amount: i64,
    pub reversed: i64,
    pub refundable_amount: i64,
    pub currency: &'static str,
    #[schema(value_type = String, format = DateTime)]
    pub paid_at: jiff::Timestamp,
    #[schema(value_type = String, format = Date)]
    pub business_date: jiff::civil::Date,
    pub allocations: Vec<AllocationView>,
}

impl PaymentView {
    pub fn new(shown: &Shown, parts: &[Part]) -> Self {
        let p = &shown.payment;
        let [transaction, account, bank_ref, counter, receipt] = match p.identity.clone() {
            Identity::Provider { transaction, .. } => [Some(transaction), None, None, None, None],
            Identity::Account { account, reference } => [None, Some(account.to_string()), Some(reference), None, None],
            Identity::Counter { counter, receipt } => [None, None, None, Some(counter.to_string()), Some(receipt)],
        };
        Self {
            id: p.id.to_string(),
            channel: p.channel.to_string(),
            provider_txn_id: transaction,
            receiving_account: account,
            bank_ref,
            counter_code: counter,
            receipt_ref: receipt,
            reference: shown.reference.clone(),
            intent_id: p.intent_id.map(|id| id.to_string()),
            amount: p.amount.dong(),
            reversed: shown.reversed.dong(),
            refundable_amount: shown.refundable().dong(),
            currency: CURRENCY,
            paid_at: p.paid_at,
            business_date: shown.business_date,
            allocations: parts.iter().filter(|part| part.payment_id == p.id).map(allocation).collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct SightingView {
    pub id: String,
    pub source: String,
    pub state: String,
    pub payload_sha256: String,
    #[schema(value_type = String, format = DateTime)]
    pub received_at: jiff::Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct LegView {
    pub account_code: String,
    /// Debit plus, credit minus.
    pub amount: i64,
    pub obligation_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct JournalView {
    pub id: String,
    pub kind: String,
    #[schema(value_type = String, format = Date)]
    pub business_date: jiff::civil::Date,
    #[schema(value_type = String, format = DateTime)]
    pub booked_at: jiff::Timestamp,
    pub legs: Vec<LegView>,
}

/// A payment with its evidence and its bookings, for staff and for the client whose obligations it settled.
#[derive(Serialize, ToSchema)]
pub struct PaymentWholeView {
    #[serde(flatten)]
    pub payment: PaymentView,
    pub sightings: Vec<SightingView>,
    pub journals: Vec<JournalView>,
    pub refunds: Vec<crate::refunds::RefundView>,
}

pub fn sighting(seen: &Seen) -> SightingView {
    SightingView {
        id: seen.id.to_string(),
        source: seen.source.clone(),
        state: seen.state.clone(),
        payload_sha256: seen.payload_sha256.clone(),
        received_at: seen.received_at,
    }
}

/// Groups legs by journal, in the order in which they were booked.
pub fn journals(booked: &[Booked]) -> Vec<JournalView> {
    let mut out: Vec<JournalView> = Vec::new();
    for b in booked {
        let id = b.journal_id.to_string();
        let leg = LegView {
            account_code: b.account_code.clone(),
            amount: b.amount.dong(),
            obligation_id: b.obligation_id.map(|id| id.to_string()),
        };
        match out.iter_mut().find(|j| j.id == id) {
            Some(journal) => journal.legs.push(leg),
            None => out.push(JournalView {
                id,
                kind: b.kind.clone(),
                business_date: b.business_date,
                booked_at: b.booked_at,
                legs: vec![leg],
            }),
        }
    }
    out
}

#[derive(Serialize, ToSchema)]
pub struct PaymentIntentView {
    pub id: String,
    pub reference: String,
    /// open | processing | paid | expired | cancelled
    pub status: &'static str,
    /// What the obligations owed when it was opened; fixed.
    pub amount: i64,
    /// What its due obligations owe now, less what waits for its reference.
    pub amount_due: i64,
    pub currency: &'static str,
    pub beneficiary_code: String,
    pub obligations: Vec<IntentObligationView>,
    pub checkout_url: String,
    pub channels: Vec<ChannelView>,
    pub attempts: Vec<AttemptView>,
    pub payments: Vec<PaymentView>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: jiff::Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: jiff::Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paid_at: Option<jiff::Timestamp>,
    pub paid_channel: Option<String>,
    pub return_url: Option<String>,
    /// Of its fees and charges, each by itself, as soon as it is issued; one that was cancelled or replaced says so.
    pub receipts: Vec<ReceiptLinkView>,
    #[schema(value_type = Object)]
    pub metadata: serde_json::Value,
}

impl PaymentIntentView {
    pub fn new(view: &IntentView) -> Self {
        let i = &view.intent;
        Self {
            id: i.id.to_string(),
            reference: i.reference.to_string(),
            status: i.status.as_str(),
            amount: i.amount.dong(),
            amount_due: view.amount_due.dong(),
            currency: CURRENCY,
            beneficiary_code: i.beneficiary_code.to_string(),
            obligations: view.obligations.iter().map(held).collect(),
            checkout_url: view.checkout_url.clone(),
            channels: view
                .channels
                .iter()
                .map(|c| ChannelView {
                    code: c.code.clone(),
                    name: c.name,
                    kind: c.kind,
                    available: c.unavailable.is_none(),
                    reason: c.unavailable.as_ref().map(|why| why.reason().to_owned()),
                    closed_until: match &c.unavailable {
                        Some(Unavailable::Closed(closed)) => closed.until,
                        _ => None,
                    },
                })
                .collect(),
            attempts: view.attempts.iter().map(AttemptView::new).collect(),
            payments: view.payments.iter().map(|Paid { shown, parts }| PaymentView::new(shown, parts)).collect(),
            expires_at: i.expires_at,
            created_at: i.created_at,
            paid_at: i.paid_at,
            paid_channel: i.paid_channel.clone(),
            return_url: i.return_url.clone(),
            receipts: view.receipts.iter().map(|h| ReceiptLinkView::new(&h.receipt, h.url.clone())).collect(),
            metadata: i.metadata.clone(),
        }
    }
}

fn held(o: &Obligation) -> IntentObligationView {
    IntentObligationView {
        id: o.id.to_string(),
        external_ref: o.external_ref.clone(),
        dossier_code: o.terms.dossier_code.as_ref().map(ToString::to_string),
        description: o.terms.description.clone(),
        amount: o.amount().dong(),
        status: o.status.as_str(),
    }
}

/// JSON of a view; a view holds nothing that JSON cannot say.
pub fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}
