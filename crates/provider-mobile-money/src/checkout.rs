//! Merchant payment (GSMA 1.2, sections 4.1 and 4.2): the provider asks the payer on the phone, or looks at the code that
//! the payer's application made. A request whose answer was lost is asked about before it is sent again, and is never sent
//! under another correlation id.

use crate::api::{Call, Found, Heard, not_good};
use crate::object::{ErrorObject, RequestState, State, Transaction, ill};
use crate::{Gateway, codes, wire};
use async_trait::async_trait;
use domain::Vnd;
use jiff::{SignedDuration, Timestamp};
use provider::checkout::{Locale, NotGiven};
use provider::{Action, Asks, Checkout, Failure, Given, Need, Offer, Order, ProviderError, Started};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

#[async_trait]
impl Checkout for Gateway {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.settings.window_s).unwrap_or(i64::MAX))
    }

    /// GSMA 1.2 names no least amount; a contract's own is its gate.
    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        self.limits.youngest()
    }

    fn limit_at(&self, now: Timestamp) -> Option<Vnd> {
        self.limits.at(now)
    }

    fn asks(&self) -> Asks {
        Asks { phone: Need::Required, one_time_code: self.settings.one_time_code.need() }
    }

    fn takes(&self, given: &Given) -> Result<(), NotGiven> {
        self.payer(given).map(|_| ())
    }

    /// With a code too: wrong ones are tried on somebody's account.
    fn rings(&self, given: &Given) -> Option<SecretString> {
        given.phone.as_ref().and_then(|phone| wire::msisdn(phone.expose_secret())).map(SecretString::from)
    }

    fn why(&self, code: &str) -> Failure {
        codes::why(code)
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        self.start_with(order, &Given::default()).await.map(|started| started.offer)
    }

    async fn start_with(&self, order: &Order, given: &Given) -> Result<Started, ProviderError> {
        let payer = self.payer(given).map_err(|e| ProviderError::NotSent(e.to_string()))?;
        let body = self.body(order, &payer)?;
        let handle = self.told(order, &body, given.again).await?;
        let offer = Offer { action: action(order, payer.code.is_some()) };
        Ok(Started { offer, handle })
    }
}

/// What of the payer goes to the provider.
struct Payer {
    msisdn: String,
    code: Option<String>,
}

impl Gateway {
    fn payer(&self, given: &Given) -> Result<Payer, NotGiven> {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        let msisdn = given.phone.as_ref().and_then(|p| wire::msisdn(p.expose_secret())).ok_or(NotGiven::Phone)?;
        let code = match (given.one_time_code.as_ref().map(text), self.settings.one_time_code.need()) {
            (None, Need::Required) | (Some(_), Need::Never) => return Err(NotGiven::OneTimeCode),
            (None, _) => None,
            (Some(code), _) => Some(wire::one_time_code(&code).ok_or(NotGiven::OneTimeCode)?),
        };
        Ok(Payer { msisdn, code })
    }

    /// `requestTransactionType`.
    fn body(&self, order: &Order, payer: &Payer) -> Result<Value, ProviderError> {
        let amount =
            wire::amount_to_wire(order.amount).ok_or_else(|| ProviderError::NotSent("no amount".to_owned()))?;
        let mut body = json!({
            "amount": amount,
            "currency": wire::VND,
            "debitParty": [{"key": "msisdn", "value": payer.msisdn}],
            "creditParty": [{"key": self.settings.credit_party_key, "value": self.settings.credit_party}],
            "requestingOrganisationTransactionReference": order.order_ref.as_str(),
            "descriptionText": wire::description(&order.description),
            "requestDate": wire::date(order.ordered_at),
        });
        if let Some(code) = &payer.code {
            body["oneTimeCode"] = json!(code);
        }
        Ok(body)
    }

    /// The provider's handle, once it has the order.
    async fn told(&self, order: &Order, body: &Value, again: bool) -> Result<Option<String>, ProviderError> {
        let id = wire::correlation_id(&self.profile, &order.order_ref);
        if again {
            // a question that is refused says nothing of the order: some answer 401 for an id that they do not know
            match self.find(id, None).await.map_err(|_| ProviderError::Unavailable(None))? {
                Found::Absent(_) => {}
                found => return self.known(order, found),
            }
        }
        let callback = self.callback("order", order.order_ref.as_str());
        let call = Call {
            method: Method::POST,
            path: "/transactions/type/merchantpay",
            correlation_id: Some(id),
            callback: callback.as_deref(),
            body: Some(body),
            // on a repeat the order's own moment is long past, and dates are compared
            now: (!again).then_some(order.ordered_at),
        };
        let taken = match self.call(&call).await {
            Ok(heard) => self.taken(order, &heard),
            Err(error) => Taken::Not(error),
        };
        let error = match taken {
            Taken::Known(handle) => return Ok(handle),
            // it has this very request, or may have it: what it made of it is asked
            Taken::Before => ProviderError::Unknown(None),
            Taken::Not(error @ ProviderError::Unknown(_)) => error,
            Taken::Not(error) => return Err(error),
        };
        match self.find(id, None).await {
            Ok(found) if !matches!(found, Found::Absent(_)) => self.known(order, found),
            _ => Err(error),
        }
    }

    fn taken(&self, order: &Order, heard: &Heard) -> Taken {
        let read = match heard.status {
            201 => Transaction::read(&heard.body).map(|t| Found::Transaction(t, Vec::new())),
            202 => RequestState::read(&heard.body).map(|state| match state.status {
                State::Failed => Found::Failed(state.error, Vec::new()),
                State::Pending | State::Completed => Found::Pending(state, Vec::new()),
            }),
            400..=404 => match ErrorObject::read(&heard.body) {
                Some(error) if error.is_duplicate() => return Taken::Before,
                Some(error) => {
                    error.tell("order");
                    Err(ProviderError::Refused(error.code().to_owned()))
                }
                None => Err(not_good(heard)),
            },
            _ => Err(not_good(heard)),
        };
        match read.and_then(|found| self.known(order, found)) {
            Ok(handle) => Taken::Known(handle),
            Err(error) => Taken::Not(error),
        }
    }

    /// The handle of an order that the provider has; a refusal where it has ended without money.
    fn known(&self, order: &Order, found: Found) -> Result<Option<String>, ProviderError> {
        match found {
            Found::Transaction(transaction, _) => {
                self.must_be_ours(&transaction, &order.order_ref)?;
                Ok(None)
            }
            Found::Pending(state, _) => Ok(Some(state.server_correlation_id)),
            Found::Failed(error, _) => {
                error.iter().for_each(|error| error.tell("order"));
                Err(ProviderError::Refused(error.map_or_else(|| "failed".to_owned(), |e| e.code().to_owned())))
            }
            Found::Absent(_) => Err(ill("nothing")),
        }
    }
}

enum Taken {
    Known(Option<String>),
    /// The same request had come before.
    Before,
    Not(ProviderError),
}

fn action(order: &Order, with_code: bool) -> Action {
    let amount = order.amount;
    let message = match (order.locale, with_code) {
        (Locale::Vi, false) => format!(
            "Nhà cung cấp đã gửi yêu cầu đến điện thoại của bạn. Xin kiểm tra số tiền {amount} và xác nhận bằng mã PIN ngay \
             trên điện thoại."
        ),
        (Locale::En, false) => format!(
            "The provider has sent a request to your phone. Check the amount of {amount} there and confirm it with your PIN, \
             on the phone only."
        ),
        (Locale::Vi, true) => format!("Nhà cung cấp đang kiểm tra mã thanh toán cho số tiền {amount}."),
        (Locale::En, true) => format!("The provider is checking your payment code for {amount}."),
    };
    if with_code { Action::OtpPrompt { message } } else { Action::PhonePrompt { message } }
}
