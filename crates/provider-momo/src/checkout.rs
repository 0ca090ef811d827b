//! create (MoMo AIO v2, section 2.2): MoMo is told an order and gives the page's address. The order reference is the request
//! id too, so the same order told again is answered as before (section 2.5). It refuses amounts outside MoMo's limits.

use crate::api::{Answer, Call, malformed, not_sent};
use crate::{Wallet, codes, signature, wire};
use async_trait::async_trait;
use domain::Vnd;
use jiff::SignedDuration;
use provider::checkout::Locale;
use provider::{Action, Checkout, Failure, Offer, Order, ProviderError};
use reqwest::Url;
use serde_json::Value;

#[async_trait]
impl Checkout for Wallet {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.settings.window_s).unwrap_or(i64::MAX))
    }

    fn least(&self) -> Option<Vnd> {
        Some(wire::LEAST)
    }

    fn limit(&self) -> Option<Vnd> {
        Some(wire::MOST)
    }

    fn why(&self, code: &str) -> Failure {
        code.parse().map_or(Failure::Unsaid, codes::why)
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        let body = self.order(order)?;
        let answer = self.answer(&body, &self.post(Call::Create, &body).await?)?;
        Ok(Offer { action: Action::Redirect { url: self.offered(order, &answer)? } })
    }
}

impl Wallet {
    /// An error here is before any call.
    pub fn order(&self, order: &Order) -> Result<Value, ProviderError> {
        if !wire::within_limits(order.amount) {
            return Err(not_sent("an amount is from 1,000 to 50,000,000 đồng"));
        }
        let order_id = wire::order_id(&order.order_ref).ok_or_else(|| not_sent("the order reference is no orderId"))?;
        for address in [&order.return_url, &order.notify_url] {
            if signature::is_ambiguous(signature::CREATE, address) {
                return Err(not_sent("an address reads like another signed field"));
            }
        }
        let lang = match order.locale {
            Locale::Vi => "vi",
            Locale::En => "en",
        };
        Ok(self.request(
            Call::Create,
            &[
                ("requestId", order_id.into()),
                ("amount", order.amount.dong().into()),
                ("orderId", order_id.into()),
                ("orderInfo", wire::order_info(&order.description).into()),
                ("redirectUrl", order.return_url.clone().into()),
                ("ipnUrl", order.notify_url.clone().into()),
                ("requestType", self.settings.request_type.as_str().into()),
                ("extraData", "".into()),
                ("autoCapture", self.settings.auto_capture.into()),
                ("lang", lang.into()),
            ],
        ))
    }

    fn offered(&self, order: &Order, answer: &Answer) -> Result<String, ProviderError> {
        match answer.code {
            codes::PAID => {}
            // taken up by an earlier call that is not answered yet
            code if codes::is_in_hand(code) => return Err(ProviderError::Unknown(None)),
            codes::UNKNOWN => return Err(ProviderError::Unknown(None)),
            codes::MAINTENANCE | codes::LIKE_ONE_RUNS => return Err(ProviderError::Unavailable(None)),
            codes::REQUEST_USED | codes::ORDER_USED | codes::ORDER_UNKNOWN => return Err(answer.refused("create")),
            code if codes::is_about_call(code) || codes::is_final_failure(code) => return Err(answer.refused("create")),
            _ => return Err(answer.not_understood()),
        }
        answer.must_be("amount", &order.amount.dong().to_string())?;
        let hash = answer.get("signature");
        let signed = self.keys.text(signature::CREATED, |name| answer.get(name));
        if !hash.is_empty() && !self.keys.verify(&signed, hash) {
            return Err(malformed("the signature does not fit".to_owned()));
        }
        self.page(answer.get("payUrl")).ok_or_else(|| malformed("payUrl is no address of a page".to_owned()))
    }

    /// A page that is less guarded than the API is not MoMo's.
    fn page(&self, pay_url: &str) -> Option<String> {
        let url = Url::parse(pay_url).ok().filter(Url::has_host)?;
        let guarded = self.settings.api_url.starts_with("https://");
        let fits = url.scheme() == "https" || (url.scheme() == "http" && !guarded);
        (fits && pay_url.len() <= 2_048).then(|| url.into())
    }
}

#[cfg(test)]
pub mod tests;
