//! Applications of a bank and of a Mobile Money provider whose customers pay bills at our gateway.

use crate::House;
use crate::wire::Call;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use simulator::bills::Dialect;
use std::collections::{BTreeMap, BTreeSet};

pub const BANK: &str = "bank_bill";
pub const WALLET: &str = "mm_bill";
pub const BANK_CLIENT: &str = "the-bank";
pub const BANK_SECRET: &str = "BANKBILLTESTSECRET01";
pub const CHECKSUM: &str = "BANKBILLCHECKSUMKEY1";
pub const SERVICE: &str = "LAOCAIDVC";
pub const WALLET_CLIENT: &str = "the-wallet";
pub const WALLET_SECRET: &str = "MMBILLTESTSECRET0001";
pub const API_KEY: &str = "MMBILLTESTAPIKEY0001";

pub struct Applications {
    pub bank: simulator::Running,
    pub wallet: simulator::Running,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Bank,
    Wallet,
}

impl App {
    pub const BOTH: [Self; 2] = [Self::Bank, Self::Wallet];

    pub const fn profile(self) -> &'static str {
        match self {
            Self::Bank => BANK,
            Self::Wallet => WALLET,
        }
    }
}

impl Applications {
    pub async fn start() -> Self {
        let mut bank = simulator::BillsConfig::new(Dialect::Bank, BANK_CLIENT, BANK_SECRET);
        (bank.service_id, bank.checksum_secret) = (SERVICE.to_owned(), CHECKSUM.to_owned());
        let mut wallet = simulator::BillsConfig::new(Dialect::MobileMoney, WALLET_CLIENT, WALLET_SECRET);
        (wallet.api_key, wallet.callbacks) = (API_KEY.to_owned(), true);
        let start = async |config| simulator::bills::start(config).await.unwrap();
        Self { bank: start(bank).await, wallet: start(wallet).await }
    }

    /// Their profiles.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let callbacks = format!("{}/callbacks", self.wallet.url);
        settings().into_iter().chain([("MOTLAN_PROFILES__MM_BILL__CALLBACK_URL", callbacks)]).collect()
    }

    pub async fn stop(self) {
        self.bank.stop().await;
        self.wallet.stop().await;
    }
}

pub fn settings() -> Vec<(&'static str, String)> {
    let both = format!("{},{}", crate::BENEFICIARY, crate::OTHER_BENEFICIARY);
    [
        ("MOTLAN_PROFILES__BANK_BILL__CHANNEL", "bank_bills"),
        ("MOTLAN_PROFILES__BANK_BILL__BENEFICIARIES", &both),
        ("MOTLAN_PROFILES__BANK_BILL__SERVICE_ID", SERVICE),
        ("MOTLAN_PROFILES__BANK_BILL__CLIENT_ID", BANK_CLIENT),
        ("MOTLAN_PROFILES__BANK_BILL__CLIENT_SECRET", BANK_SECRET),
        ("MOTLAN_PROFILES__BANK_BILL__CHECKSUM_SECRET", CHECKSUM),
        ("MOTLAN_PROFILES__BANK_BILL__ALLOWED_FROM", "127.0.0.0/8"),
        ("MOTLAN_PROFILES__MM_BILL__CHANNEL", "mobile_money_bills"),
        ("MOTLAN_PROFILES__MM_BILL__BENEFICIARIES", crate::BENEFICIARY),
        ("MOTLAN_PROFILES__MM_BILL__CLIENT_ID", WALLET_CLIENT),
        ("MOTLAN_PROFILES__MM_BILL__CLIENT_SECRET", WALLET_SECRET),
        ("MOTLAN_PROFILES__MM_BILL__API_KEY", API_KEY),
        ("MOTLAN_PROFILES__MM_BILL__ALLOWED_FROM", "127.0.0.0/8"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

impl House {
    fn application(&self, app: App) -> &str {
        let both = self.bills.as_ref().expect("a plan with bills");
        match app {
            App::Bank => &both.bank.url,
            App::Wallet => &both.wallet.url,
        }
    }

    pub async fn bill_sim(&self, app: App, what: &str, body: Value) -> Value {
        self.control(self.application(app), what, body).await
    }

    /// Tells the applications where this gateway is.
    pub(crate) async fn tell_the_applications(&self) {
        for app in App::BOTH {
            let url = format!("{}/v1/bills/{}", self.gateway.base_url(), app.profile());
            self.bill_sim(app, "biller", json!({"url": url})).await;
        }
    }

    /// What a customer who types this code sees.
    pub async fn bills_of(&self, app: App, code: &str) -> Value {
        self.bill_sim(app, "ask", json!({"customer": code})).await
    }

    /// A customer pays what is asked under this code.
    pub async fn pays_bill(&self, app: App, code: &str) -> Value {
        self.bill_sim(app, "pay", json!({"customer": code})).await
    }

    /// A customer pays a bill that was seen before.
    pub async fn pays_seen(&self, app: App, code: &str, bill: &Value) -> Value {
        let body = json!({"customer": code, "bill": bill["bill"], "amount": bill["amount"]});
        self.bill_sim(app, "pay", body).await
    }

    pub async fn bill_rule(&self, app: App, matches: Value, actions: Value) {
        self.bill_sim(app, "script", json!({"match": matches, "do": actions, "times": 1})).await;
    }

    pub async fn bill_payments(&self, app: App) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sim/transactions", self.application(app))).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// A token, as the application takes one.
    pub async fn bill_token(&self, app: App) -> String {
        let (client, secret) = match app {
            App::Bank => (BANK_CLIENT, BANK_SECRET),
            App::Wallet => (WALLET_CLIENT, WALLET_SECRET),
        };
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{client}:{secret}")));
        let call = Call::new("POST", format!("/v1/bills/{}/token", app.profile()))
            .header("authorization", &basic)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let (status, _, text) = call.send(&self.gateway.base_url()).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["access_token"].as_str().unwrap().to_owned()
    }
}

/// What a customer paid and has not got back is booked once with its amount, and nothing else is; every answer that was one
/// says the same.
pub async fn compare(house: &House) {
    for app in App::BOTH {
        let theirs = house.bill_payments(app).await;
        let mut paid = BTreeMap::new();
        for t in &theirs {
            let definite = |a: &&Value| a["state"] != "unknown";
            let answers = t["answers"].as_array().unwrap();
            assert!(answers.iter().filter(definite).all(|a| a["state"] == t["state"]), "it was told both: {t}");
            assert_ne!(t["state"], "unknown", "a customer's money is nowhere: {t}");
            if t["state"] == "paid" {
                paid.insert(t["transaction"].as_str().unwrap().to_owned(), t["amount"].as_i64().unwrap());
            }
        }
        let sql = format!(
            "select coalesce(json_object_agg(p.provider_txn_id, p.amount), '{{}}') from payment p
             where p.profile = '{}' and exists (select from bill_payment b where b.payment_id = p.id)",
            app.profile()
        );
        let ours: BTreeMap<String, i64> = serde_json::from_str(&house.ask(&sql).await).unwrap();
        assert_eq!(ours, paid, "{app:?}: our payments against the application's");
        let refused =
            format!("select count(*) from bill_payment where profile = '{}' and payment_id is null", app.profile());
        let returned = theirs.iter().filter(|t| t["state"] == "returned").count();
        assert_eq!(house.ask(&refused).await, returned.to_string(), "{app:?}: refusals against what was given back");
        calls(house, app).await;
    }
}

/// Of each payment that was decided a call is kept byte for byte, and what was forged decided nothing.
async fn calls(house: &House, app: App) {
    let sql = format!(
        "select coalesce(json_agg(payload_sha256), '[]') from assurance.sighting where source = 'bill:{}'",
        app.profile()
    );
    let kept: BTreeSet<String> = serde_json::from_str(&house.ask(&sql).await).unwrap();
    let log =
        house.http.get(format!("{}/_sim/log", house.application(app))).send().await.unwrap().text().await.unwrap();
    let log = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // by number: whether it was decided, and whether a call about it is kept; that one may have had no answer
    let mut payments: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for told in log.filter(|line| line["kind"] == "told") {
        if told["forged"] == true {
            assert_ne!(told["state"], "paid", "{app:?}: {told}");
            continue;
        }
        let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(told["body"].as_str().unwrap()));
        let (decided, is_kept) = payments.entry(told["transaction"].as_str().unwrap().to_owned()).or_default();
        *decided |= told["state"] != "unknown";
        *is_kept |= kept.contains(&digest);
    }
    for (transaction, (decided, is_kept)) in payments {
        assert!(is_kept || !decided, "{app:?}: {transaction} was decided and no call about it is kept");
    }
}
