//! The payment link (VNPAY 2.1.0, section 1.2): made here and signed, no call is needed, so the same order always gives
//! the same link. It refuses amounts and return addresses that VNPAY's fields do not hold.

use crate::{Gateway, signature, wire};
use async_trait::async_trait;
use domain::Vnd;
use jiff::SignedDuration;
use provider::checkout::Locale;
use provider::{Action, Checkout, Failure, Offer, Order, ProviderError};

#[async_trait]
impl Checkout for Gateway {
    fn window(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.settings.window_s).unwrap_or(i64::MAX))
    }

    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        Some(wire::MAX_AMOUNT)
    }

    fn why(&self, code: &str) -> Failure {
        why(code)
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        Ok(Offer { action: Action::Redirect { url: self.pay_link(order)? } })
    }
}

/// `vnp_ResponseCode` of an IPN (VNPAY 2.1.0, section 1.6).
fn why(code: &str) -> Failure {
    match code {
        "24" => Failure::Cancelled,
        "51" => Failure::NotEnoughMoney,
        "65" => Failure::OverLimit,
        "09" | "12" => Failure::AccountNotUsable,
        "10" | "13" | "79" => Failure::WrongCode,
        "11" => Failure::TooLate,
        "75" => Failure::Maintenance,
        _ => Failure::Unsaid,
    }
}

impl Gateway {
    fn pay_link(&self, order: &Order) -> Result<String, ProviderError> {
        let amount = wire::amount_to_wire(order.amount).map_err(|e| ProviderError::NotSent(e.to_string()))?;
        let return_url = wire::return_url(&order.return_url)
            .ok_or_else(|| ProviderError::NotSent("the return address is 10 to 255 characters".to_owned()))?;
        // vnp_BankCode is left out: VNPAY then shows its chooser. "other" is the widely used vnp_OrderType.
        let query = signature::form([
            ("vnp_Amount", amount.as_str()),
            ("vnp_Command", "pay"),
            // The later vnp_TransactionDate of querydr: both are made from `ordered_at`.
            ("vnp_CreateDate", &wire::time_to_wire(order.ordered_at)),
            ("vnp_CurrCode", "VND"),
            ("vnp_ExpireDate", &wire::time_to_wire(order.expires_at)),
            ("vnp_IpAddr", &wire::ip_address(order.payer_ip)),
            ("vnp_Locale", locale(order.locale)),
            ("vnp_OrderInfo", &wire::order_info(&order.description)),
            ("vnp_OrderType", "other"),
            ("vnp_ReturnUrl", &return_url),
            ("vnp_TmnCode", &self.settings.tmn_code),
            ("vnp_TxnRef", order.order_ref.as_str()),
            ("vnp_Version", wire::VERSION),
        ]);
        // The query sent is the same string that was signed (section 1.3).
        Ok(format!("{}?{query}&vnp_SecureHash={}", self.settings.pay_url, self.keys.sign(&query)))
    }
}

fn locale(locale: Locale) -> &'static str {
    match locale {
        Locale::Vi => "vn",
        Locale::En => "en",
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::tests::gateway;
    use domain::codes::OrderRef;
    use domain::reference::Reference;
    use provider::Receiver;

    pub fn order(order_ref: &str, amount: i64) -> Order {
        Order {
            order_ref: OrderRef::new(order_ref).expect("code"),
            reference: Reference::parse("LC7K2M9QX4T").expect("a reference"),
            receiver: Receiver {
                bank_bin: "970418".to_owned(),
                account_number: "12010000123456".to_owned(),
                account_name: "UBND PHUONG LAO CAI".to_owned(),
            },
            amount: Vnd::new(amount),
            description: "Phí chứng thực".to_owned(),
            return_url: "https://dvc.example.vn/return".to_owned(),
            bill: None,
            notify_url: String::new(),
            payer_ip: "127.0.0.1".parse().expect("address"),
            locale: Locale::Vi,
            ordered_at: "2026-01-05T02:30:15Z".parse().expect("instant"),
            expires_at: "2026-01-05T02:45:15Z".parse().expect("instant"),
        }
    }

    #[tokio::test]
    async fn the_same_order_gives_the_same_link() {
        let (order, gateway) = (order("LC1", 21_000), gateway());
        assert_eq!(gateway.start(&order).await.expect("offer"), gateway.start(&order).await.expect("offer"));
        assert_eq!(gateway.window(), SignedDuration::from_mins(15));
    }

    #[test]
    fn what_the_fields_do_not_hold_is_refused() {
        for amount in [0, -1, 10_000_000_000] {
            assert!(matches!(gateway().pay_link(&order("LC1", amount)), Err(ProviderError::NotSent(_))));
        }
        let long = Order { return_url: format!("https://a.vn/{}", "x".repeat(250)), ..order("LC1", 1) };
        assert!(matches!(gateway().pay_link(&long), Err(ProviderError::NotSent(_))));
    }

    #[test]
    fn a_code_says_what_the_payer_can_do_and_an_unknown_one_nothing() {
        for (code, said) in [
            ("24", Failure::Cancelled),
            ("51", Failure::NotEnoughMoney),
            ("65", Failure::OverLimit),
            ("09", Failure::AccountNotUsable),
            ("12", Failure::AccountNotUsable),
            ("10", Failure::WrongCode),
            ("13", Failure::WrongCode),
            ("79", Failure::WrongCode),
            ("11", Failure::TooLate),
            ("75", Failure::Maintenance),
            ("99", Failure::Unsaid),
            ("02", Failure::Unsaid),
            ("", Failure::Unsaid),
        ] {
            assert_eq!(why(code), said, "{code}");
        }
    }
}
