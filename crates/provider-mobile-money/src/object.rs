//! What the provider's JSON says, read strictly where money hangs on it and not at all elsewhere: unknown fields are
//! ignored, as the document lets providers add some; parties are looked at for ourselves only.

use crate::wire;
use domain::Vnd;
use jiff::Timestamp;
use provider::ProviderError;
use serde::Deserialize;

/// A transaction or a reversal, as answers and callbacks have it (`responseTransactionType`, `responseReversal`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub reference: String,
    pub kind: String,
    /// Free text; compared without case.
    pub status: String,
    /// None where the document lets it be absent: of a reversal.
    pub amount: Option<Vnd>,
    pub our_reference: Option<String>,
    pub original: Option<String>,
    pub credited: Vec<(String, String)>,
    pub changed_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTransaction {
    transaction_reference: String,
    #[serde(rename = "type")]
    kind: String,
    transaction_status: String,
    amount: Option<String>,
    currency: Option<String>,
    requesting_organisation_transaction_reference: Option<String>,
    original_transaction_reference: Option<String>,
    #[serde(default)]
    credit_party: Vec<Party>,
    modification_date: Option<String>,
    creation_date: Option<String>,
}

#[derive(Deserialize)]
struct Party {
    key: String,
    value: String,
}

impl Transaction {
    /// # Errors
    /// When it is not to be read, or is of another currency.
    pub fn read(bytes: &[u8]) -> Result<Self, ProviderError> {
        let raw: RawTransaction = serde_json::from_slice(bytes).map_err(|_| ill("not a transaction"))?;
        let reference = wire::reference(&raw.transaction_reference).ok_or_else(|| ill("transactionReference"))?;
        if raw.currency.as_deref().is_some_and(|currency| currency != wire::VND) {
            return Err(ill("another currency"));
        }
        // an amount is one of our money, said to be so
        let amount = match (&raw.amount, &raw.currency) {
            (None, _) => None,
            (Some(text), Some(_)) => Some(wire::amount_from_wire(text).ok_or_else(|| ill("amount"))?),
            (Some(_), None) => return Err(ill("an amount without its currency")),
        };
        let changed = raw.modification_date.or(raw.creation_date);
        let changed_at = changed.map(|text| wire::instant(&text).ok_or_else(|| ill("a date"))).transpose()?;
        Ok(Self {
            reference: reference.to_owned(),
            kind: raw.kind,
            status: raw.transaction_status.to_ascii_lowercase(),
            amount,
            our_reference: raw.requesting_organisation_transaction_reference.filter(|r| !r.is_empty()),
            original: raw.original_transaction_reference.filter(|r| !r.is_empty()),
            credited: raw.credit_party.into_iter().map(|p| (p.key, p.value)).collect(),
            changed_at,
        })
    }
}

/// Where an asynchronous request stands (`requestStateObject`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestState {
    pub server_correlation_id: String,
    pub status: State,
    pub object_reference: Option<String>,
    pub error: Option<ErrorObject>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    Pending,
    Completed,
    Failed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRequestState {
    server_correlation_id: String,
    status: State,
    object_reference: Option<String>,
    /// The guideline calls it `errorReference`; the OpenAPI wins (GSMA 1.2, section 4.2).
    error: Option<serde_json::Value>,
}

impl RequestState {
    /// # Errors
    /// When it is not to be read.
    pub fn read(bytes: &[u8]) -> Result<Self, ProviderError> {
        let raw: RawRequestState = serde_json::from_slice(bytes).map_err(|_| ill("not a request state"))?;
        let id = wire::reference(&raw.server_correlation_id).ok_or_else(|| ill("serverCorrelationId"))?;
        let object = raw.object_reference.filter(|r| !r.is_empty());
        let object = object.map(|r| wire::reference(&r).map(str::to_owned).ok_or_else(|| ill("objectReference")));
        Ok(Self {
            server_correlation_id: id.to_owned(),
            status: raw.status,
            object_reference: object.transpose()?,
            error: raw.error.and_then(|e| serde_json::from_value(e).ok()),
        })
    }
}

/// `errorObject`. The description has a lower-case d in the document, and is never shown: it may name a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorObject {
    #[serde(rename = "errorCategory")]
    pub category: Category,
    error_code: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    BusinessRule,
    Validation,
    Authorisation,
    Identification,
    Internal,
    ServiceUnavailable,
}

impl ErrorObject {
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// A word of the document's list, or at least of its form: foreign text goes nowhere else.
    pub fn code(&self) -> &str {
        let plain = (1..=64).contains(&self.error_code.len()) && self.error_code.bytes().all(|b| b.is_ascii_alphanumeric());
        if plain { &self.error_code } else { "ill-formed" }
    }

    pub fn is_duplicate(&self) -> bool {
        self.error_code == "duplicateRequest"
    }
}

/// `responseResponse`: where the answer to an earlier request of ours is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Transaction(String),
    RequestState(String),
}

#[derive(Deserialize)]
struct RawLink {
    link: String,
}

impl Link {
    /// Only the last two parts of the path count: a link never leads us to another host.
    ///
    /// # Errors
    /// When it names neither a transaction nor a request state.
    pub fn read(bytes: &[u8]) -> Result<Self, ProviderError> {
        let raw: RawLink = serde_json::from_slice(bytes).map_err(|_| ill("not a link"))?;
        let path = raw.link.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.trim_end_matches('/').rsplit('/');
        let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let name = wire::reference(name).ok_or_else(|| ill("link"))?.to_owned();
        match kind {
            // a reversal is a transaction too
            "transactions" | "reversals" => Ok(Self::Transaction(name)),
            "requeststates" => Ok(Self::RequestState(name)),
            _ => Err(ill("a link to something else")),
        }
    }
}

/// Names the field, never its value: it is foreign text.
pub fn ill(what: &str) -> ProviderError {
    ProviderError::Malformed(what.to_owned())
}
