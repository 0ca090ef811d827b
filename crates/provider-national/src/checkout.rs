//! INIT (DVCQG 1.0.6, section 3.1): the platform is told an order with its bill and gives the page's address. The message
//! names neither where we hear of it nor where the browser returns: both are agreed beforehand.

use crate::api::{Message, malformed, not_sent, object, refused, shown};
use crate::{Platform, signature, wire};
use async_trait::async_trait;
use domain::Vnd;
use domain::obligation::Terms;
use jiff::SignedDuration;
use provider::json::{Json, Object};
use provider::{Action, Checkout, Offer, Order, ProviderError};
use reqwest::Url;

#[async_trait]
impl Checkout for Platform {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.settings.window_s).unwrap_or(i64::MAX))
    }

    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        None
    }

    fn asks_for_bill(&self) -> bool {
        true
    }

    fn can_bill(&self, items: &[&Terms]) -> bool {
        self.procedure(items).is_ok() && self.fees(items).is_ok()
    }

    /// The platform's receipt has a place for the number, which may not be empty.
    fn names_payer(&self) -> bool {
        true
    }

    /// The platform's receipt is of its items, and of nothing less.
    fn takes_a_rest(&self) -> bool {
        false
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        let message = self.order(order)?;
        let bytes = self.post(&self.settings.init_url, &message).await?;
        let url = self.offered(order.order_ref.as_str(), &bytes)?;
        Ok(Offer { action: Action::Redirect { url } })
    }
}

impl Platform {
    /// An error here is before any call.
    pub fn order(&self, order: &Order) -> Result<Message, ProviderError> {
        if !order.amount.is_positive() {
            return Err(not_sent("an order has an amount"));
        }
        let info = self.receipt_info(order)?;
        let own = [
            ("MaThamChieu", order.order_ref.to_string()),
            ("SoTien", wire::amount_to_wire(order.amount)),
            ("LoaiHinhThanhToan", "PAY".to_owned()),
            ("MaKenhThanhToan", "1".to_owned()),
            ("MaThietBi", "1".to_owned()),
            // whether there is another language, no document says
            ("NgonNgu", "vi-VN".to_owned()),
            ("MaTienTe", wire::CURRENCY.to_owned()),
            ("MaNganHang", "PAYMENT".to_owned()),
            ("ThongTinGiaoDich", wire::line(&order.description)),
            ("ThoiGianGD", wire::time_to_wire(order.ordered_at)),
            ("Ip", order.payer_ip.to_string()),
        ];
        let mut message = self.message("INIT", signature::INIT, &own);
        message.insert("ThongTinBienLai".to_owned(), info);
        Ok(message)
    }

    /// Seen in two forms: an envelope of `error_code` and `message`, in which the platform's own answer is a text, and the
    /// platform's own answer by itself.
    fn offered(&self, order: &str, bytes: &[u8]) -> Result<String, ProviderError> {
        let outer = object(bytes)?;
        let answer = match outer.literal("error_code") {
            Some("0") => opened(&outer)?,
            Some(code) => return Err(refused(&format!("INIT answered error_code {}", shown(code)))),
            None if outer.text("MaLoi").is_none() => return Err(malformed("neither error_code nor MaLoi")),
            None => outer,
        };
        match answer.text("MaLoi") {
            None | Some(wire::GOOD) => {}
            Some(code) => return Err(refused(&format!("INIT answered MaLoi {}", shown(code)))),
        }
        self.must_be_about(&answer, order)?;
        let url = answer.text("UrlThanhToan").and_then(|url| self.page(url));
        url.ok_or_else(|| malformed("UrlThanhToan is no address of a page"))
    }

    /// A page that is less guarded than the API is not the platform's.
    fn page(&self, text: &str) -> Option<String> {
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        let guarded = self.settings.init_url.starts_with("https://");
        let fits = url.scheme() == "https" || (url.scheme() == "http" && !guarded);
        (fits && text.len() <= 2_048).then(|| url.into())
    }
}

fn opened(envelope: &Object) -> Result<Object, ProviderError> {
    let inner = envelope.literal("message").ok_or_else(|| malformed("no message"))?;
    Json::object(inner).map_err(|_| malformed("message is no JSON object"))
}

#[cfg(test)]
pub mod tests;
