//! The offer: a QR and the same words for a payer who types. Nobody is called, so the same order always gives the same
//! offer. It refuses amounts beyond a fast transfer and receivers that a QR does not hold.

use crate::qr;
use crate::settings::Settings;
use async_trait::async_trait;
use domain::Vnd;
use jiff::SignedDuration;
use provider::{Action, Checkout, Offer, Order, ProviderError, Receiver};

/// A transfer may come at any time, so the intent's own deadline is what ends an attempt.
const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

pub struct Transfer {
    max_amount: Vnd,
    virtual_account_prefix: Option<String>,
}

impl Transfer {
    pub fn new(settings: &Settings) -> Self {
        Self {
            max_amount: Vnd::new(settings.max_amount),
            virtual_account_prefix: settings.virtual_account_prefix.clone(),
        }
    }

    fn offer(&self, order: &Order) -> Result<Offer, ProviderError> {
        if !order.amount.is_positive() || order.amount > self.max_amount {
            return Err(ProviderError::NotSent(format!("a transfer is from 1 to {} đồng", self.max_amount.dong())));
        }
        let receiver = self.receiver(order);
        // The reference alone: it fits every bank's field, and no punctuation or name of a person is lost on the way.
        let transfer_content = order.reference.as_str().to_owned();
        let transfer = qr::Transfer {
            bank_bin: &receiver.bank_bin,
            number: &receiver.account_number,
            service: qr::Service::Account,
            amount: Some(order.amount),
            purpose: Some(&transfer_content),
        };
        let qr_data = transfer.encode().map_err(|e| ProviderError::NotSent(e.to_string()))?;
        Ok(Offer { action: Action::Qr { qr_data, receiver, transfer_content, amount: order.amount } })
    }

    /// With a prefix, an account number of the intent's own (Bank transfer, section 1.3).
    fn receiver(&self, order: &Order) -> Receiver {
        let mut receiver = order.receiver.clone();
        if let Some(prefix) = &self.virtual_account_prefix {
            receiver.account_number = format!("{prefix}{}", order.reference);
        }
        receiver
    }
}

#[async_trait]
impl Checkout for Transfer {
    fn window(&self) -> SignedDuration {
        WINDOW
    }

    fn least(&self) -> Option<Vnd> {
        None
    }

    fn limit(&self) -> Option<Vnd> {
        Some(self.max_amount)
    }

    async fn start(&self, order: &Order) -> Result<Offer, ProviderError> {
        self.offer(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::least;
    use domain::codes::OrderRef;
    use domain::reference::Reference;
    use provider::checkout::Locale;

    fn order(amount: i64) -> Order {
        Order {
            order_ref: OrderRef::new("LC7K2M9QX4T1").expect("code"),
            reference: Reference::parse("LC7K2M9QX4T").expect("a reference"),
            receiver: Receiver {
                bank_bin: "970418".to_owned(),
                account_number: "8630123456789".to_owned(),
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

    fn transfer(prefix: Option<&str>) -> Transfer {
        Transfer::new(&Settings { virtual_account_prefix: prefix.map(Into::into), ..least() })
    }

    #[tokio::test]
    async fn the_same_order_gives_the_same_offer_of_the_vectors() {
        let (ours, order) = (transfer(None), order(150_000));
        let offer = ours.start(&order).await.expect("offer");
        assert_eq!(offer, ours.start(&order).await.expect("offer"));
        let expected = Action::Qr {
            // `bidv-lc-ref`
            qr_data: "00020101021238570010A00000072701270006970418011386301234567890208QRIBFTTA5303704540615000058\
                      02VN62150811LC7K2M9QX4T6304D475"
                .to_owned(),
            receiver: order.receiver.clone(),
            transfer_content: "LC7K2M9QX4T".to_owned(),
            amount: Vnd::new(150_000),
        };
        assert_eq!(offer.action, expected);
        assert_eq!((ours.window(), ours.limit()), (SignedDuration::from_hours(720), Some(Vnd::new(499_999_999))));
    }

    #[test]
    fn with_a_prefix_the_number_names_the_intent() {
        let Action::Qr { qr_data, receiver, transfer_content, .. } =
            transfer(Some("8888LAOC")).offer(&order(1)).expect("offer").action
        else {
            panic!("not a QR")
        };
        assert_eq!(receiver.account_number, "8888LAOCLC7K2M9QX4T");
        assert_eq!(receiver.account_name, "UBND PHUONG LAO CAI");
        let read = qr::decode(&qr_data).expect("a VietQR");
        assert_eq!((read.number.as_str(), read.purpose()), ("8888LAOCLC7K2M9QX4T", Some("LC7K2M9QX4T")));
        assert_eq!(transfer_content, "LC7K2M9QX4T");
    }

    #[test]
    fn what_a_transfer_or_a_qr_does_not_hold_is_refused() {
        for amount in [0, -1, 500_000_000] {
            assert!(matches!(transfer(None).offer(&order(amount)), Err(ProviderError::NotSent(_))), "{amount}");
        }
        for (bin, number) in [("97041", "1"), ("97041A", "1"), ("970418", ""), ("970418", "12345678901234567890")] {
            let receiver = Receiver {
                bank_bin: bin.to_owned(),
                account_number: number.to_owned(),
                account_name: "UBND PHUONG LAO CAI".to_owned(),
            };
            let order = Order { receiver, ..order(1) };
            assert!(matches!(transfer(None).offer(&order), Err(ProviderError::NotSent(_))), "{bin} {number}");
        }
    }
}
