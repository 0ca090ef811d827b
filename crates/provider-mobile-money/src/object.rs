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

/// `errorObject`. What may name a person goes no further: the description, which has a lower-case d in the document, and the
/// values of the parameters. They stand in the bytes of the answer, where these are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorObject {
    #[serde(rename = "errorCategory")]
    pub category: Category,
    error_code: String,
    /// As it stood: an error with an ill time is an error all the same.
    #[serde(default)]
    error_date_time: serde_json::Value,
    #[serde(default)]
    error_parameters: serde_json::Value,
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
        if is_plain(&self.error_code) { &self.error_code } else { "ill-formed" }
    }

    pub fn is_duplicate(&self) -> bool {
        self.error_code == "duplicateRequest"
    }

    /// When it happened there; None where nothing is said that can be read.
    pub fn at(&self) -> Option<Timestamp> {
        self.error_date_time.as_str().and_then(wire::instant)
    }

    /// What it is about: the keys of its parameters that are plain words.
    pub fn about(&self) -> Vec<&str> {
        let all = self.error_parameters.as_array().map(Vec::as_slice).unwrap_or_default();
        // a key of digits may be somebody's number
        let is_word = |key: &&str| is_plain(key) && key.bytes().all(|b| b.is_ascii_alphabetic());
        all.iter().filter_map(|pair| pair["key"].as_str()).filter(is_word).collect()
    }

    /// For people who ask the provider why: once, where it ends an order or a refund.
    pub fn tell(&self, of: &'static str) {
        let at = self.at().map(|at| at.to_string());
        tracing::info!(of, category = ?self.category, code = self.code(), at, about = ?self.about(), "the provider says no");
    }
}

fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn transaction(change: fn(&mut Value)) -> Result<Transaction, ProviderError> {
        let mut body = json!({
            "transactionReference": "MM26112400000123", "transactionStatus": "Completed", "type": "merchantpay",
            "amount": "150000", "currency": "VND", "creditParty": [{"key": "organisationid", "value": "LAOCAI-DVC"}],
            "requestingOrganisationTransactionReference": "LC7K2M9QX4T1", "creationDate": "2026-11-24T14:02:38+07:00",
            "modificationDate": "2026-11-24T14:03:02+07:00", "somethingNew": {"a": [1]},
        });
        change(&mut body);
        Transaction::read(body.to_string().as_bytes())
    }

    #[test]
    fn a_transaction_is_read_by_the_fields_that_money_hangs_on() {
        let read = transaction(|_| {}).expect("a transaction");
        assert_eq!((read.status.as_str(), read.amount), ("completed", Some(Vnd::new(150_000))));
        assert_eq!(read.changed_at, "2026-11-24T07:03:02Z".parse().ok());
        assert_eq!(transaction(|b| b["amount"] = json!("150000.00")).expect("zeros").amount, Some(Vnd::new(150_000)));
        for ill in [
            |b: &mut Value| b["amount"] = json!(150_000),
            |b: &mut Value| b["amount"] = json!("150000.5"),
            |b: &mut Value| b["currency"] = json!("USD"),
            |b: &mut Value| b["currency"] = json!(null),
            |b: &mut Value| b["transactionReference"] = json!("../1"),
            |b: &mut Value| b["transactionStatus"] = json!(null),
            |b: &mut Value| b["modificationDate"] = json!("yesterday"),
        ] {
            assert!(matches!(transaction(ill), Err(ProviderError::Malformed(_))));
        }
    }

    #[test]
    fn a_link_names_a_resource_and_no_host() {
        let read = |link: &str| Link::read(json!({"link": link}).to_string().as_bytes()).ok();
        let known = Some(Link::Transaction("MM1".to_owned()));
        for link in
            ["/transactions/MM1", "transactions/MM1/", "https://elsewhere.example/v1.2/mm/transactions/MM1?a=b#c"]
        {
            assert_eq!(read(link), known, "{link}");
        }
        assert_eq!(read("/requeststates/0b7c"), Some(Link::RequestState("0b7c".to_owned())));
        for link in ["", "MM1", "/accounts/MM1", "/transactions/", "/transactions/..", "/transactions/a%2fb"] {
            assert_eq!(read(link), None, "{link}");
        }
    }

    #[test]
    fn an_error_is_known_by_its_category_and_foreign_text_goes_no_further() {
        let read = |category: &str, code: &str| {
            let body = json!({"errorCategory": category, "errorCode": code, "errordescription": "0912345678"});
            ErrorObject::read(body.to_string().as_bytes())
        };
        let declined = read("authorisation", "requestDeclined").expect("an error");
        assert_eq!((declined.category, declined.code()), (Category::Authorisation, "requestDeclined"));
        assert!(!format!("{declined:?}").contains("0912345678"), "the description is not even read");
        assert_eq!(read("internal", "<b>").expect("an error").code(), "ill-formed");
        assert!(read("businessRule", "duplicateRequest").expect("an error").is_duplicate());
        assert!(read("unheardOf", "genericError").is_none());
    }

    #[test]
    fn an_error_is_read_whole_and_an_ill_part_of_it_hides_nothing() {
        let read = |body: Value| ErrorObject::read(body.to_string().as_bytes()).expect("an error");
        let mut body = json!({"errorCategory": "businessRule", "errorCode": "insufficientFunds",
            "errordescription": "NGUYEN VAN MAU", "errorDateTime": "2026-11-24T14:02:38+07:00",
            "errorParameters": [{"key": "account", "value": "+84912345678"}, {"key": "+84912345678", "value": "x"}]});
        let whole = read(body.clone());
        assert_eq!(whole.at(), "2026-11-24T07:02:38Z".parse().ok());
        assert_eq!(whole.about(), ["account"]);
        for (name, ill) in
            [("errorDateTime", json!(7)), ("errorDateTime", json!("now")), ("errorParameters", json!("x"))]
        {
            body[name] = ill;
            assert_eq!(read(body.clone()).code(), "insufficientFunds");
        }
        assert_eq!((read(body.clone()).at(), read(body).about().len()), (None, 0));
    }

    #[test]
    fn a_request_state_has_one_of_three_words() {
        let read = |status: &str| {
            let body = json!({"serverCorrelationId": "0b7c", "notificationMethod": "polling", "status": status});
            RequestState::read(body.to_string().as_bytes())
        };
        assert_eq!(read("pending").expect("a state").status, State::Pending);
        for status in ["success", "Pending", ""] {
            assert!(read(status).is_err(), "{status}");
        }
    }
}
