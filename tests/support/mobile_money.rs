//! A Mobile Money provider on the other side, and what a payer does with the phone.

use crate::House;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::time::Duration;

pub const PROFILE: &str = "mm_main";
pub const CLIENT: &str = "laocai-dvc";
pub const SECRET: &str = "MOBILEMONEYTESTSECRET01";
pub const CALLBACK_KEY: &str = "MOBILEMONEYCALLBACKKEY01";
pub const PARTY: &str = "LAOCAI-DVC";
pub const PHONE: &str = "0912345678";
pub const MSISDN: &str = "+84912345678";

pub async fn start() -> simulator::Running {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut simulator::MobileMoneyConfig)) -> simulator::Running {
    let mut config = simulator::MobileMoneyConfig::new(CLIENT, SECRET, PARTY);
    change(&mut config);
    simulator::mobile_money::start(config).await.unwrap()
}

pub fn settings(url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("MOTLAN_PROFILES__MM_MAIN__CHANNEL", "mobile_money".to_owned()),
        ("MOTLAN_PROFILES__MM_MAIN__BENEFICIARIES", crate::BENEFICIARY.to_owned()),
        ("MOTLAN_PROFILES__MM_MAIN__API_URL", format!("{url}/v1.2/mm")),
        ("MOTLAN_PROFILES__MM_MAIN__TOKEN_URL", format!("{url}/token")),
        ("MOTLAN_PROFILES__MM_MAIN__CLIENT_ID", CLIENT.to_owned()),
        ("MOTLAN_PROFILES__MM_MAIN__CLIENT_SECRET", SECRET.to_owned()),
        ("MOTLAN_PROFILES__MM_MAIN__CREDIT_PARTY", PARTY.to_owned()),
        ("MOTLAN_PROFILES__MM_MAIN__CALLBACK_KEY", CALLBACK_KEY.to_owned()),
    ]
}

impl House {
    fn mm_url(&self) -> &str {
        &self.mobile_money.as_ref().expect("a plan with Mobile Money").url
    }

    /// A control call to the Mobile Money simulator.
    pub async fn mm(&self, what: &str, body: Value) -> Value {
        self.control(self.mm_url(), what, body).await
    }

    /// A rule about payments there; `do` and what it matches.
    pub async fn mm_rule(&self, matches: Value, actions: &[Value]) {
        let actions: Vec<Value> = actions.iter().map(|a| json!({"payment": a})).collect();
        self.mm("script", json!({"match": matches, "do": actions})).await;
    }

    pub async fn mm_requests(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sim/transactions", self.mm_url())).send().await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }

    pub async fn mm_log(&self) -> Vec<Value> {
        let text = self.http.get(format!("{}/_sim/log", self.mm_url())).send().await.unwrap().text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The address that was given out for the order, made from what docs/channels says of it and not by the adapter.
    pub fn mm_callback_url(&self, order: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(CALLBACK_KEY.as_bytes()).unwrap();
        mac.update(format!("order:{order}").as_bytes());
        let key = hex::encode(mac.finalize().into_bytes());
        format!("{}/v1/webhooks/mobile_money/{PROFILE}?order={order}&key={key}", self.gateway.base_url())
    }

    /// Waits until the provider has called about the order, and answers its request.
    pub async fn mm_called(&self, order_ref: &Value) -> Value {
        for _ in 0..200 {
            let all = self.mm_requests().await;
            let known = all.into_iter().find(|r| r["order_ref"] == *order_ref).unwrap_or_default();
            if known["calls"].as_array().is_some_and(|calls| !calls.is_empty()) {
                return known;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the provider never called about {order_ref}");
    }
}

/// Every payment that the provider finished is booked once with the same amount, and nothing that it does not know; each
/// refund of ours that has succeeded is one reversal there, and what is left lies on the clearing account.
pub async fn compare(house: &House) {
    let requests = house.mm_requests().await;
    let finished = |kind: &str| {
        let of_kind = requests.iter().filter(move |r| r["status"] == "completed" && r["kind"] == kind);
        of_kind.map(|r| (r, r["amount"].as_i64().unwrap())).collect::<Vec<_>>()
    };
    let theirs: BTreeMap<String, i64> = finished("merchantpay")
        .iter()
        .map(|(r, amount)| (r["transaction_reference"].as_str().unwrap().to_owned(), *amount))
        .collect();
    let ours =
        numbers(house, "select provider_txn_id, amount from assurance.payment where channel = 'mobile_money'").await;
    assert_eq!(ours, theirs, "our payments against the provider's transactions");
    let sent: BTreeMap<String, i64> = finished("reversal")
        .iter()
        .map(|(r, amount)| (r["client_correlation_id"].as_str().unwrap().replace('-', ""), *amount))
        .collect();
    let succeeded = "select r.provider_request_id, r.amount from assurance.refund r
        join assurance.payment p on p.payment_id = r.payment_id
        where r.status = 'succeeded' and r.route = 'provider' and p.channel = 'mobile_money'";
    assert_eq!(numbers(house, succeeded).await, sent, "our refunds against the provider's reversals");
    let clearing = "select 'clearing', coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'clearing:mm_main'";
    let left = theirs.values().sum::<i64>() - sent.values().sum::<i64>();
    assert_eq!(numbers(house, clearing).await["clearing"], left, "the clearing account");
}

async fn numbers(house: &House, sql: &str) -> BTreeMap<String, i64> {
    let whole = format!("select coalesce(json_object_agg(name, amount), '{{}}') from ({sql}) t (name, amount)");
    serde_json::from_str(&house.ask(&whole).await).unwrap()
}
