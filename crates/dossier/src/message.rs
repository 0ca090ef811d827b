//! What the dossier system hears (contract, "The dossier system hears"): `{type, timestamp, data}`, with the whole
//! present obligation or intent in `data`. Payer and owner are never in it: personal data stays in its own encrypted
//! table, and the portal has it. Neither are page tokens.

use domain::Vnd;
use domain::codes::{BeneficiaryCode, ChannelCode};
use domain::ids::{IntentId, ObligationId, PaymentId, ReceiptId, RefundId};
use domain::intent::Intent;
use domain::obligation::{Budget, Notice, Obligation};
use domain::reference::Reference;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// "Under 20 kB" (contract; Standard Webhooks 1.0, "Payload size").
pub const MAX_BODY_BYTES: usize = 20_000;

/// What of a long text is left where a message would be too long, in characters.
const CUT_CHARS: usize = 200;

/// The payment that settled it. Counter and bill payments know no intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBy {
    pub channel: ChannelCode,
    pub provider_txn_id: String,
    pub reference: Option<Reference>,
    pub intent_id: Option<IntentId>,
    pub payment_id: PaymentId,
}

#[derive(Debug, Clone, Serialize)]
pub struct ObligationData {
    id: ObligationId,
    external_ref: String,
    dossier_code: Option<String>,
    customer_code: Option<String>,
    sector: &'static str,
    agency_code: String,
    beneficiary_code: BeneficiaryCode,
    procedure_code: Option<String>,
    procedure_name: Option<String>,
    service_code: Option<String>,
    kind: &'static str,
    fee_code: String,
    instalment: i32,
    group_ref: Option<String>,
    description: String,
    gross_amount: Vnd,
    relief_amount: Vnd,
    relief_basis: Option<String>,
    amount: Vnd,
    currency: &'static str,
    budget: BudgetData,
    notice: NoticeData,
    due_at: Option<Timestamp>,
    status: &'static str,
    paid_at: Option<Timestamp>,
    channel: Option<ChannelCode>,
    provider_txn_id: Option<String>,
    reference: Option<String>,
    intent_id: Option<IntentId>,
    payment_id: Option<PaymentId>,
}

impl ObligationData {
    pub fn new(obligation: &Obligation, paid: Option<PaidBy>) -> Self {
        let terms = obligation.terms.clone();
        Self {
            id: obligation.id,
            external_ref: obligation.external_ref.clone(),
            dossier_code: terms.dossier_code.map(|code| code.to_string()),
            customer_code: terms.customer_code,
            sector: terms.sector.as_str(),
            agency_code: terms.agency_code,
            beneficiary_code: terms.beneficiary_code,
            procedure_code: terms.procedure_code,
            procedure_name: terms.procedure_name,
            service_code: terms.service_code,
            kind: terms.kind.as_str(),
            fee_code: terms.fee_code,
            instalment: terms.instalment,
            group_ref: terms.group_ref,
            description: terms.description,
            gross_amount: terms.gross_amount,
            relief_amount: terms.relief_amount,
            relief_basis: terms.relief_basis,
            amount: obligation.amount(),
            currency: "VND",
            budget: terms.budget.into(),
            notice: terms.notice.into(),
            due_at: terms.due_at,
            status: obligation.status.as_str(),
            paid_at: obligation.paid_at,
            channel: paid.as_ref().map(|p| p.channel.clone()),
            provider_txn_id: paid.as_ref().map(|p| p.provider_txn_id.clone()),
            reference: paid.as_ref().and_then(|p| p.reference.as_ref()).map(Reference::to_string),
            intent_id: paid.as_ref().and_then(|p| p.intent_id),
            payment_id: paid.as_ref().map(|p| p.payment_id),
        }
    }

    pub fn into_value(self) -> Value {
        value(&self)
    }
}

/// A receipt as it is handed over: what it is named by, and where it is.
#[derive(Debug, Clone, Serialize)]
pub struct ReceiptLine {
    pub id: ReceiptId,
    pub obligation_id: ObligationId,
    pub template: &'static str,
    pub serial: String,
    pub number: i32,
    pub status: &'static str,
    pub issued_on: Date,
    pub amount: Vnd,
    pub url: String,
}

/// What is told of the payment behind an obligation, and of nothing else.
const PAID_BY: [&str; 5] = ["channel", "provider_txn_id", "reference", "intent_id", "payment_id"];

/// The obligation that a receipt is of, with the receipt.
pub struct ReceiptData(Value);

impl ReceiptData {
    /// `told`: what was said of its payment when it was.
    pub fn new(obligation: &Obligation, told: Option<Value>, receipt: ReceiptLine) -> Self {
        let mut data = ObligationData::new(obligation, None).into_value();
        for name in PAID_BY {
            if let Some(said) = told.as_ref().and_then(|told| told.get(name)) {
                data[name] = said.clone();
            }
        }
        data["receipts"] = value(&[receipt]);
        Self(data)
    }

    pub fn into_value(self) -> Value {
        self.0
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct IntentData {
    id: IntentId,
    reference: String,
    status: &'static str,
    amount: Vnd,
    currency: &'static str,
    beneficiary_code: BeneficiaryCode,
    obligations: Vec<ObligationLine>,
    paid_at: Option<Timestamp>,
    channel: Option<String>,
    provider_txn_id: Option<String>,
    expires_at: Timestamp,
    created_at: Timestamp,
    metadata: Value,
}

impl IntentData {
    /// `paid` is the payment that completed it; an intent itself knows only the channel.
    pub fn new(intent: &Intent, obligations: &[Obligation], paid: Option<PaidBy>) -> Self {
        Self {
            id: intent.id,
            reference: intent.reference.to_string(),
            status: intent.status.as_str(),
            amount: intent.amount,
            currency: "VND",
            beneficiary_code: intent.beneficiary_code.clone(),
            obligations: obligations.iter().map(ObligationLine::from).collect(),
            paid_at: intent.paid_at,
            channel: paid.as_ref().map(|p| p.channel.to_string()).or_else(|| intent.paid_channel.clone()),
            provider_txn_id: paid.map(|p| p.provider_txn_id),
            expires_at: intent.expires_at,
            created_at: intent.created_at,
            metadata: intent.metadata.clone(),
        }
    }

    pub fn into_value(self) -> Value {
        value(&self)
    }
}

/// A refund as one stream hears of it: with those of its lines that touch the stream.
#[derive(Debug, Clone, Serialize)]
pub struct RefundData {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub status: &'static str,
    /// Of the lines below.
    pub amount: Vnd,
    pub currency: &'static str,
    /// `reopen` or `close`.
    pub then: &'static str,
    pub reason_code: String,
    pub dossier_code: Option<String>,
    pub external_ref: Option<String>,
    pub channel: ChannelCode,
    pub provider_txn_id: String,
    pub reference: Option<String>,
    pub paid_at: Timestamp,
    pub lines: Vec<RefundLineData>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RefundLineData {
    pub obligation_id: Option<ObligationId>,
    pub external_ref: Option<String>,
    pub dossier_code: Option<String>,
    pub customer_code: Option<String>,
    pub amount: Vnd,
}

impl RefundData {
    pub fn into_value(self) -> Value {
        value(&self)
    }
}

/// The final bytes of a message, signed and sent as they are at each attempt. `data` is an object; it gets `stream`,
/// `sequence`, and `gap_before` where sequences were given up. What would reach 20 kB is cut, least needed first, and
/// then says `"truncated": true`: amounts, codes and states are never cut, and the whole is at the API.
pub fn envelope(
    event_type: &str,
    at: Timestamp,
    data: &Value,
    stream: &str,
    sequence: i64,
    gap_before: &[i64],
) -> Vec<u8> {
    let mut data = data.as_object().cloned().unwrap_or_else(|| Map::from_iter([("value".to_owned(), data.clone())]));
    data.insert("stream".to_owned(), stream.into());
    data.insert("sequence".to_owned(), sequence.into());
    if !gap_before.is_empty() {
        data.insert("gap_before".to_owned(), gap_before.into());
    }
    let mut body = written(event_type, at, &data);
    for cut in [cut_metadata, cut_long_texts, cut_lines] {
        if body.len() < MAX_BODY_BYTES {
            break;
        }
        cut(&mut data);
        data.insert("truncated".to_owned(), true.into());
        body = written(event_type, at, &data);
    }
    body
}

#[derive(Debug, Clone, Serialize)]
struct ObligationLine {
    id: ObligationId,
    external_ref: String,
    dossier_code: Option<String>,
    amount: Vnd,
    status: &'static str,
}

impl From<&Obligation> for ObligationLine {
    fn from(obligation: &Obligation) -> Self {
        Self {
            id: obligation.id,
            external_ref: obligation.external_ref.clone(),
            dossier_code: obligation.terms.dossier_code.as_ref().map(ToString::to_string),
            amount: obligation.amount(),
            status: obligation.status.as_str(),
        }
    }
}

#[derive(Debug, Clone, Serialize)]
struct BudgetData {
    chapter: Option<String>,
    sub_item: Option<String>,
    area: Option<String>,
    unit: Option<String>,
    treasury: Option<String>,
    revenue_account: Option<String>,
}

impl From<Budget> for BudgetData {
    fn from(b: Budget) -> Self {
        let Budget { chapter, sub_item, area, unit, treasury, revenue_account } = b;
        Self { chapter, sub_item, area, unit, treasury, revenue_account }
    }
}

#[derive(Debug, Clone, Serialize)]
struct NoticeData {
    number: Option<String>,
    date: Option<Date>,
    payable_id: Option<String>,
    period: Option<String>,
}

impl From<Notice> for NoticeData {
    fn from(n: Notice) -> Self {
        let Notice { number, date, payable_id, period } = n;
        Self { number, date, payable_id, period }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: &'a Map<String, Value>,
}

fn written(event_type: &str, timestamp: Timestamp, data: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(&Envelope { r#type: event_type, timestamp, data }).expect("text keys and plain values are JSON")
}

fn value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).expect("text keys and plain values are JSON")
}

fn cut_metadata(data: &mut Map<String, Value>) {
    if data.contains_key("metadata") {
        data.insert("metadata".to_owned(), Map::new().into());
    }
}

/// The texts that people write at length; everything else is bounded where it comes in.
fn cut_long_texts(data: &mut Map<String, Value>) {
    for name in ["description", "relief_basis", "procedure_name"] {
        if let Some(Value::String(text)) = data.get_mut(name) {
            *text = text.chars().take(CUT_CHARS).collect();
        }
    }
}

/// Fifty obligations with long references of the portal's own: their ids, amounts and states still fit.
fn cut_lines(data: &mut Map<String, Value>) {
    let Some(Value::Array(lines)) = data.get_mut("obligations") else { return };
    for line in lines.iter_mut().filter_map(Value::as_object_mut) {
        line.remove("external_ref");
        line.remove("dossier_code");
    }
}
