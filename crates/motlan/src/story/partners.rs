//! The others that collect, steered and read at their control addresses: two wallets, the national platform, a Mobile Money
//! provider, and two applications that pay bills. What each says that it took is the truth about the money.

use reqwest::Client;
use serde_json::{Value, json};

use super::gateway::{amount, text};
use super::neighbours::Control;
use super::run_file::PartnersAt;
use super::stop::Stop;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partner {
    Momo,
    Zalopay,
    National,
    MobileMoney,
    BankBills,
    MobileMoneyBills,
}

impl Partner {
    pub const ALL: [Self; 6] =
        [Self::Momo, Self::Zalopay, Self::National, Self::MobileMoney, Self::BankBills, Self::MobileMoneyBills];

    /// As the API calls it.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::Momo => "momo",
            Self::Zalopay => "zalopay",
            Self::National => "national",
            Self::MobileMoney => "mobile_money",
            Self::BankBills => "bank_bills",
            Self::MobileMoneyBills => "mobile_money_bills",
        }
    }

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Momo => "MoMo",
            Self::Zalopay => "ZaloPay",
            Self::National => "Nền tảng quốc gia",
            Self::MobileMoney => "Tiền di động",
            Self::BankBills => "Ứng dụng ngân hàng",
            Self::MobileMoneyBills => "Ứng dụng ví",
        }
    }
}

/// What a partner says that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// The order, or the code that its customer typed.
    pub about: String,
    /// The partner's own.
    pub number: String,
    pub amount: i64,
}

pub struct Partners {
    momo: Control,
    zalopay: Control,
    national: Control,
    mobile_money: Control,
    bank_bills: Control,
    mobile_money_bills: Control,
}

impl Partners {
    pub fn new(http: &Client, at: &PartnersAt) -> Self {
        let control = |url: &str| Control::new(http.clone(), url);
        Self {
            momo: control(&at.momo),
            zalopay: control(&at.zalopay),
            national: control(&at.national),
            mobile_money: control(&at.mobile_money),
            bank_bills: control(&at.bank_bills),
            mobile_money_bills: control(&at.mobile_money_bills),
        }
    }

    fn at(&self, partner: Partner) -> &Control {
        match partner {
            Partner::Momo => &self.momo,
            Partner::Zalopay => &self.zalopay,
            Partner::National => &self.national,
            Partner::MobileMoney => &self.mobile_money,
            Partner::BankBills => &self.bank_bills,
            Partner::MobileMoneyBills => &self.mobile_money_bills,
        }
    }

    /// A control call, and its answer.
    pub async fn told(&self, partner: Partner, what: &str, body: &Value) -> Result<Value, Stop> {
        self.at(partner).post(&format!("/_sim/{what}"), body).await
    }

    /// Every report about this order is lost on its way.
    pub async fn lose(&self, partner: Partner, order_ref: &str) -> Result<(), Stop> {
        let rule = json!({"match": {"order_ref": order_ref}, "do": [{"drop": true}], "times": 1});
        self.told(partner, "script", &rule).await.map(drop)
    }

    /// An order that is known there; null where none is.
    pub async fn order(&self, partner: Partner, order_ref: &str) -> Result<Value, Stop> {
        let list = if partner == Partner::MobileMoney { "/_sim/transactions" } else { "/_sim/orders" };
        let all = self.at(partner).get(list).await?;
        let named = |order: &&Value| order["order_ref"].as_str() == Some(order_ref);
        Ok(all.as_array().into_iter().flatten().rev().find(named).cloned().unwrap_or_default())
    }

    /// All that the partner took and did not give back to its customer at once, since it was started.
    pub async fn collected(&self, partner: Partner) -> Result<Vec<Collected>, Stop> {
        let all = self.at(partner).get("/_sim/transactions").await?;
        all.as_array().into_iter().flatten().filter_map(|one| collected(partner, one).transpose()).collect()
    }
}

/// None: no money was taken.
fn collected(partner: Partner, one: &Value) -> Result<Option<Collected>, Stop> {
    let (taken, about, number) = match partner {
        Partner::Momo | Partner::Zalopay | Partner::National => {
            (one["status"].as_str() == Some("paid"), "order_ref", "transaction_no")
        }
        Partner::MobileMoney => {
            let is_payment = one["kind"].as_str() == Some("merchantpay");
            (is_payment && one["status"].as_str() == Some("completed"), "order_ref", "transaction_reference")
        }
        Partner::BankBills | Partner::MobileMoneyBills => {
            (one["state"].as_str() == Some("paid"), "customer", "transaction")
        }
    };
    if !taken {
        return Ok(None);
    }
    Ok(Some(Collected { about: text(one, about)?, number: text(one, number)?, amount: amount(one, "amount")? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_money_that_was_taken_counts_in_each_ones_words() {
        let read = |partner, one: Value| collected(partner, &one).expect("the documented form");
        let order = |status: &str| json!({"order_ref": "A1", "transaction_no": "7", "amount": 5, "status": status});
        let taken = Collected { about: "A1".to_owned(), number: "7".to_owned(), amount: 5 };
        assert_eq!(read(Partner::Momo, order("paid")), Some(taken));
        assert_eq!(read(Partner::Zalopay, order("cancelled")), None);
        let request = |kind: &str| json!({"kind": kind, "status": "completed", "order_ref": "A1", "transaction_reference": "7", "amount": 5});
        assert!(read(Partner::MobileMoney, request("merchantpay")).is_some());
        assert_eq!(read(Partner::MobileMoney, request("reversal")), None);
        let bill = |state: &str| json!({"customer": "H1", "transaction": "7", "amount": 5, "state": state});
        assert!(read(Partner::BankBills, bill("paid")).is_some());
        assert_eq!(read(Partner::MobileMoneyBills, bill("returned")), None);
        assert!(collected(Partner::Momo, &json!({"status": "paid"})).is_err());
    }
}
