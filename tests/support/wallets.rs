//! The wallets beside the gateway, and what a payer does there; the payment platform of the national portal among them, whose
//! page and calls are of the same shape.

use crate::{BENEFICIARY, House, OTHER_BENEFICIARY};
use serde_json::{Value, json};
use simulator::{MomoConfig, NationalConfig, Running, ZalopayConfig};
use std::time::Duration;

pub const MOMO_PARTNER: &str = "MOMOLAOCAI";
pub const MOMO_ACCESS_KEY: &str = "accesskeyofthejourneys";
pub const MOMO_SECRET: &str = "momo-secret-of-the-journeys";

pub const ZALOPAY_APP: u64 = 2554;
pub const ZALOPAY_KEY1: &str = "zalopay-key1-of-the-journeys";
pub const ZALOPAY_KEY2: &str = "zalopay-key2-of-the-journeys";

pub const NATIONAL_PARTNER: &str = "LAOCAI";
pub const NATIONAL_SECRET: &str = "national-secret-of-the-journeys";
pub const NATIONAL_TOKEN: &str = "national-token-of-the-journeys";
/// What the platform calls the bank of the beneficiaries.
pub const NATIONAL_BANK: &str = "VTB";

pub struct Wallets {
    pub momo: Running,
    pub zalopay: Running,
    pub national: Running,
}

impl Wallets {
    pub async fn start() -> Self {
        let momo = MomoConfig { ipn_retry_ms: 200, ..MomoConfig::new(MOMO_PARTNER, MOMO_ACCESS_KEY, MOMO_SECRET) };
        let zalopay = ZalopayConfig {
            callback_retry_ms: 200,
            refund_ms: 300,
            ..ZalopayConfig::new(ZALOPAY_APP, ZALOPAY_KEY1, ZALOPAY_KEY2)
        };
        let national = NationalConfig {
            confirm_retry_ms: 200,
            ..NationalConfig::new(NATIONAL_PARTNER, NATIONAL_SECRET, NATIONAL_TOKEN)
        };
        Self {
            momo: simulator::momo::start(momo).await.unwrap(),
            zalopay: simulator::zalopay::start(zalopay).await.unwrap(),
            national: simulator::national::start(national).await.unwrap(),
        }
    }

    pub fn url(&self, channel: &str) -> &str {
        match channel {
            "momo" => &self.momo.url,
            "zalopay" => &self.zalopay.url,
            "national" => &self.national.url,
            other => panic!("there is no wallet {other}"),
        }
    }

    /// Their profiles.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        settings(&self.momo.url, &self.zalopay.url, &self.national.url)
    }

    /// A second contract with MoMo, over the first one's beneficiaries.
    pub(crate) fn second_momo(&self) -> Vec<(&'static str, String)> {
        [
            ("MOTLAN_PROFILES__MOMO_MAIN__BENEFICIARIES", BENEFICIARY),
            ("MOTLAN_PROFILES__MOMO_NH__CHANNEL", "momo"),
            ("MOTLAN_PROFILES__MOMO_NH__BENEFICIARIES", OTHER_BENEFICIARY),
            ("MOTLAN_PROFILES__MOMO_NH__API_URL", &self.momo.url),
            ("MOTLAN_PROFILES__MOMO_NH__PARTNER_CODE", MOMO_PARTNER),
            ("MOTLAN_PROFILES__MOMO_NH__ACCESS_KEY", MOMO_ACCESS_KEY),
            ("MOTLAN_PROFILES__MOMO_NH__SECRET_KEY", MOMO_SECRET),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    pub async fn stop(self) {
        self.momo.stop().await;
        self.zalopay.stop().await;
        self.national.stop().await;
    }
}

/// The profiles of wallets that are there.
pub fn settings(momo: &str, zalopay: &str, national: &str) -> Vec<(&'static str, String)> {
    let beneficiaries = format!("{BENEFICIARY},{OTHER_BENEFICIARY}");
    [
        ("MOTLAN_PROFILES__MOMO_MAIN__CHANNEL", "momo".to_owned()),
        ("MOTLAN_PROFILES__MOMO_MAIN__BENEFICIARIES", beneficiaries.clone()),
        ("MOTLAN_PROFILES__MOMO_MAIN__API_URL", momo.to_owned()),
        ("MOTLAN_PROFILES__MOMO_MAIN__PARTNER_CODE", MOMO_PARTNER.to_owned()),
        ("MOTLAN_PROFILES__MOMO_MAIN__ACCESS_KEY", MOMO_ACCESS_KEY.to_owned()),
        ("MOTLAN_PROFILES__MOMO_MAIN__SECRET_KEY", MOMO_SECRET.to_owned()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__CHANNEL", "zalopay".to_owned()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__BENEFICIARIES", beneficiaries.clone()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__API_URL", zalopay.to_owned()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__APP_ID", ZALOPAY_APP.to_string()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__KEY1", ZALOPAY_KEY1.to_owned()),
        ("MOTLAN_PROFILES__ZALOPAY_MAIN__KEY2", ZALOPAY_KEY2.to_owned()),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__CHANNEL", "national".to_owned()),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__BENEFICIARIES", beneficiaries),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__INIT_URL", format!("{national}/init")),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__QUERY_URL", format!("{national}/query")),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__BILL_URL", format!("{national}/bill")),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__PARTNER_CODE", NATIONAL_PARTNER.to_owned()),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__SECRET_KEY", NATIONAL_SECRET.to_owned()),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__ACCESS_TOKEN", NATIONAL_TOKEN.to_owned()),
        ("MOTLAN_PROFILES__NATIONAL_MAIN__BANK_CODES", format!("{}:{NATIONAL_BANK}", crate::bank::BIN)),
    ]
    .to_vec()
}

/// Where a wallet reports.
pub fn door(channel: &str) -> String {
    format!("/v1/webhooks/{channel}/{channel}_main")
}

impl House {
    pub async fn with_wallets() -> Self {
        Self::planned(crate::Plan { with_wallets: true, ..crate::Plan::default() }).await
    }

    /// The platform's calls go where it was told to send them, which no order says.
    pub(crate) async fn tell_the_platform(&self) {
        let url = format!("{}{}", self.gateway.base_url(), door("national"));
        self.wallet_sim("national", "notify", json!({"url": url})).await;
    }

    fn wallets(&self) -> &Wallets {
        self.wallets.as_ref().unwrap()
    }

    /// A control call to a wallet's simulator.
    pub async fn wallet_sim(&self, channel: &str, what: &str, body: Value) -> Value {
        self.control(self.wallets().url(channel), what, body).await
    }

    /// What happens to this attempt's order there.
    pub async fn wallet_rule(&self, channel: &str, attempt: &Value, what: Value) {
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [what]});
        self.wallet_sim(channel, "script", rule).await;
    }

    /// Starts an attempt and opens its page, as a payer's browser would.
    pub async fn at_wallet(&self, channel: &str, intent: &Value) -> Value {
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let attempt = self.portal.post(&path, json!({"channel": channel})).await.expect(201);
        assert_eq!(attempt["action"]["type"], "redirect", "{attempt}");
        let page = self.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200, "{}", page.text().await.unwrap());
        attempt
    }

    /// The payer decides; returns once the wallet's first call was answered or is known to be lost, or at once where the
    /// wallet tells nobody.
    pub async fn pays_wallet(&self, channel: &str, attempt: &Value, how: Value) -> Value {
        let mut body = json!({"order_ref": attempt["order_ref"]});
        body.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        self.wallet_sim(channel, "pay", body).await;
        let tells = channel != "zalopay" || how["outcome"].is_null() || how["outcome"] == "paid";
        if tells { self.wallet_called(channel, attempt).await } else { self.wallet_order(channel, attempt).await }
    }

    /// The order at the wallet, after a call about it was answered, refused or lost.
    pub async fn wallet_called(&self, channel: &str, attempt: &Value) -> Value {
        for _ in 0..200 {
            let order = self.wallet_order(channel, attempt).await;
            if order["calls"].as_array().is_some_and(|calls| calls.iter().any(|c| c["kind"] == "report")) {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{channel} never called about {}", attempt["order_ref"]);
    }

    pub async fn wallet_order(&self, channel: &str, attempt: &Value) -> Value {
        let all = self.wallet_orders(channel).await;
        all.into_iter().find(|o| o["order_ref"] == attempt["order_ref"]).unwrap_or(Value::Null)
    }

    pub async fn wallet_orders(&self, channel: &str) -> Vec<Value> {
        let url = format!("{}/_sim/orders", self.wallets().url(channel));
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Asks the provider about an intent's attempts now.
    pub async fn sync(&self, intent: &Value) -> Value {
        let path = format!("/v1/payment-intents/{}/sync", intent["id"].as_str().unwrap());
        self.portal.post(&path, json!({})).await.expect(200)
    }
}
