//! create (ZaloPay v2, section 3.2): ZaloPay is told an order and gives the page's address, once: told again, it only says
//! that it has the order. It refuses what ZaloPay's fields do not hold.

use crate::api::{Answer, Call, malformed, not_sent, refused};
use crate::{Wallet, codes, wire};
use async_trait::async_trait;
use domain::Vnd;
use jiff::SignedDuration;
use provider::{Action, Checkout, Failure, Offer, Order, ProviderError};
use reqwest::Url;
use serde_json::{Value, json};

#[cfg(test)]
pub mod tests;

/// The least of `expire_duration_seconds` (section 3.2).
const LEAST_LIFE_S: i64 = 300;
/// `embed_data` is "S2048".
const EMBED_LEN: usize = 2_048;

#[async_trait]
impl Checkout for Wallet {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.settings.window_s).unwrap_or(i64::MAX))
    }

    /// The document has none; the contract does.
    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        None
    }

    fn why(&self, code: &str) -> Failure {
        codes::why(code)
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        let body = self.order(order)?;
        let answer = Answer::read(&self.post(Call::Create, &body).await?)?;
        Ok(Offer { action: Action::Redirect { url: self.offered(&answer)? } })
    }
}

impl Wallet {
    /// An error here is before any call.
    pub fn order(&self, order: &Order) -> Result<Value, ProviderError> {
        if !order.amount.is_positive() {
            return Err(not_sent("an amount is positive"));
        }
        let app_trans_id = wire::app_trans_id(&order.order_ref, order.ordered_at);
        let app_trans_id = app_trans_id.ok_or_else(|| not_sent("the order reference is too long"))?;
        let embed_data = json!({"redirecturl": order.return_url}).to_string();
        if embed_data.chars().count() > EMBED_LEN {
            return Err(not_sent("the return address is too long"));
        }
        let life = order.expires_at.duration_since(order.ordered_at).as_secs().max(LEAST_LIFE_S);
        let mut body = json!({
            "app_id": self.settings.app_id,
            // who pays we neither know nor say: it is the payment's own reference
            "app_user": order.reference.to_string(),
            "app_trans_id": app_trans_id,
            "app_time": order.ordered_at.as_millisecond(),
            "amount": order.amount.dong(),
            "item": "[]",
            "embed_data": embed_data,
            "description": wire::order_text(&order.description),
            "expire_duration_seconds": life,
            "callback_url": order.notify_url,
        });
        body["mac"] = self.mac_of_order(&body).into();
        Ok(body)
    }

    /// Section 3.2: `app_id|app_trans_id|app_user|amount|app_time|embed_data|item`.
    pub fn mac_of_order(&self, body: &Value) -> String {
        let names = ["app_id", "app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"];
        let values = names.map(|name| body[name].as_str().map_or_else(|| body[name].to_string(), str::to_owned));
        self.keys.sign(&values.each_ref().map(String::as_str))
    }

    fn offered(&self, answer: &Answer) -> Result<String, ProviderError> {
        let said = answer.said;
        match said.code {
            codes::DONE => {}
            codes::OPEN => return Err(ProviderError::Unknown(None)),
            _ if said.reason() == codes::ORDER_USED => {
                return Err(refused("ZaloPay has this order from an earlier call, whose page is lost"));
            }
            _ => {
                let failed = || ProviderError::Refused(format!("create answered {}", said.both()));
                return Err(said.trouble("create").unwrap_or_else(failed));
            }
        }
        self.page(answer.get("order_url")).ok_or_else(|| malformed("order_url is no address of a page".to_owned()))
    }

    /// A page that is less guarded than the API is not ZaloPay's.
    fn page(&self, order_url: &str) -> Option<String> {
        let url = Url::parse(order_url).ok().filter(Url::has_host)?;
        let guarded = self.settings.api_url.starts_with("https://");
        let fits = url.scheme() == "https" || (url.scheme() == "http" && !guarded);
        (fits && order_url.len() <= 2_048).then(|| url.into())
    }
}
