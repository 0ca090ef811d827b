//! The bank beside the gateway: accounts of both beneficiaries, of which SePay and Casso tell, and which SePay lists.

use crate::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan};
use serde_json::{Value, json};
use simulator::Running;
use simulator::bank::{AccountConfig, BankConfig, ListingConfig, ListingKind, NotifierConfig, NotifierKind};
use std::time::Duration;
use testkit::TestDatabase;

pub const PROFILE: &str = "vietqr_kb";
pub const ACCOUNT: &str = "1029384756";
pub const OTHER_ACCOUNT: &str = "2029384756";
/// Of the bank, as VietQR names it.
pub const BIN: &str = "970436";
/// Of another bank.
pub const OTHER_BIN: &str = "970418";
pub const SEPAY_SECRET: &str = "sepay-secret-of-the-journeys";
pub const CASSO_KEY: &str = "casso-key-of-the-journeys";
pub const PAYOS_KEY: &str = "payos-key-of-the-journeys";
pub const LISTING_TOKEN: &str = "token-of-the-journeys";

/// The notifiers' names in scripts and in the log, and how the gateway calls who tells.
pub const SEPAY: &str = "sepay_hmac";
pub const CASSO: &str = "casso";

pub async fn start(listings_per_second: u32) -> Running {
    let accounts = vec![account(ACCOUNT), account(OTHER_ACCOUNT)];
    let config = BankConfig {
        schedule_ms: vec![0, 200, 200, 500],
        listing_per_second: listings_per_second,
        notify_timeout_ms: 10_000,
        ..BankConfig::new(accounts)
    };
    simulator::bank::start(config).await.unwrap()
}

/// The house of journeys; here each beneficiary has an account of its own.
pub async fn database() -> TestDatabase {
    crate::furnished("journeys at the bank", (BIN, OTHER_ACCOUNT)).await
}

/// The second beneficiary's account is at another bank.
pub async fn database_of_two() -> TestDatabase {
    crate::furnished("journeys at two banks", (OTHER_BIN, OTHER_ACCOUNT)).await
}

fn account(number: &str) -> AccountConfig {
    let notifier = |kind, secret: &str| NotifierConfig {
        kind,
        name: None,
        url: String::new(),
        secret: secret.to_owned(),
        schedule_ms: None,
    };
    AccountConfig {
        number: number.to_owned(),
        bin: BIN.to_owned(),
        bank: "Vietcombank".to_owned(),
        name: "DON VI THU HUONG MAU".to_owned(),
        opening_balance: 1_000_000,
        bic: None,
        virtual_accounts: Vec::new(),
        notifiers: vec![notifier(NotifierKind::SepayHmac, SEPAY_SECRET), notifier(NotifierKind::Casso, CASSO_KEY)],
        listing: Some(ListingConfig { kind: ListingKind::Sepay, token: LISTING_TOKEN.to_owned() }),
        mt940_reference: simulator::bank::Mt940Reference::Same,
        payment_code: None,
    }
}

/// The profile that collects on these accounts.
pub fn settings(bank_url: &str) -> Vec<(&'static str, String)> {
    [
        ("MOTLAN_PROFILES__VIETQR_KB__CHANNEL", "vietqr".to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__BENEFICIARIES", format!("{BENEFICIARY},{OTHER_BENEFICIARY}")),
        ("MOTLAN_PROFILES__VIETQR_KB__SEPAY_HMAC_SECRET", SEPAY_SECRET.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__CASSO_CHECKSUM_KEY", CASSO_KEY.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__PAYOS_CHECKSUM_KEY", PAYOS_KEY.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING", "sepay".to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_URL", bank_url.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_TOKEN", LISTING_TOKEN.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_PACE_MS", "0".to_owned()),
        ("MOTLAN_POLL__LIST_EVERY_S", "1".to_owned()),
    ]
    .to_vec()
}

/// Where a teller of the profile calls.
pub fn webhook(base: &str, teller: &str) -> String {
    format!("{base}/v1/webhooks/vietqr/{teller}/{PROFILE}")
}

impl House {
    /// With the bank and its profile.
    pub async fn with_bank() -> Self {
        Self::planned(Plan { with_bank: true, ..Plan::default() }).await
    }

    fn bank(&self) -> &Running {
        self.bank.as_ref().expect("a house with a bank")
    }

    /// Tells the bank where those who tell of its accounts call.
    pub(crate) async fn tell_the_bank(&self) {
        let base = self.gateway.base_url();
        let notifiers = json!([
            {"kind": "sepay_hmac", "url": webhook(&base, "sepay"), "secret": SEPAY_SECRET},
            {"kind": "casso", "url": webhook(&base, "casso"), "secret": CASSO_KEY},
        ]);
        for number in [ACCOUNT, OTHER_ACCOUNT] {
            self.bank_sim("bank/accounts", json!({"number": number, "notifiers": notifiers})).await;
        }
    }

    /// A control call to the bank.
    pub async fn bank_sim(&self, what: &str, body: Value) -> Value {
        self.control(&self.bank().url, what, body).await
    }

    /// The second account is at another bank, as in [`database_of_two`].
    pub async fn has_two_banks(&self) {
        let moved = json!({"number": OTHER_ACCOUNT, "bin": OTHER_BIN, "bank": "BIDV"});
        self.bank_sim("bank/accounts", moved).await;
    }

    /// The bank books what a desk will have to find, and writes down that it did; every teller was heard.
    pub async fn plants(&self, what: Value) -> Value {
        let booked = self.bank_sim("bank/plant", what).await["transactions"].clone();
        for transaction in booked.as_array().expect("what was booked") {
            self.tellers_are_through(transaction).await;
        }
        booked
    }

    /// The bank opens another account, of which nobody tells, and the first beneficiary collects on it: from now on, which no
    /// approval says, so that a house where this was done stops without being held against it; or only `once`.
    pub async fn opens_account(&self, number: &str, once: bool) {
        let mut opened = serde_json::to_value(account(number)).unwrap();
        opened["notifiers"] = json!([]);
        // what is secret is not written
        opened["listing"]["token"] = json!(LISTING_TOKEN);
        self.bank_sim("bank/accounts", opened).await;
        if once {
            return self.had_account(number).await;
        }
        self.ask(&format!(
            "insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
                 account_name, proposed_by, approved_by)
             values ('{BENEFICIARY}', now(), 'bank', '{BIN}', '{number}', 'DON VI THU HUONG MAU', 'test', 'nobody')",
        ))
        .await;
    }

    /// What the bank does to notifications and listings from now on.
    pub async fn bank_script(&self, matching: Value, what: Value) {
        self.bank_sim("script", json!({"match": matching, "do": [what]})).await;
    }

    pub async fn bank_as_usual(&self) {
        let script = format!("{}/_sim/script", self.bank().url);
        assert!(self.http.delete(script).send().await.unwrap().status().is_success());
    }

    /// Nobody tells of any account; a listing shows it.
    pub async fn tellers_are_lost(&self) {
        self.bank_script(json!({}), json!({"drop": true})).await;
    }

    /// One teller alone tells of the accounts.
    pub async fn only_tells(&self, notifier: &str) {
        for other in [SEPAY, CASSO].iter().filter(|n| **n != notifier) {
            self.bank_script(json!({"notifier": other}), json!({"drop": true})).await;
        }
    }

    /// All that the bank booked: the truth.
    pub async fn bank_transactions(&self) -> Vec<Value> {
        let url = format!("{}/_sim/bank/transactions", self.bank().url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The numbers of the bank's accounts.
    pub async fn bank_accounts(&self) -> Vec<String> {
        let accounts = self.accounts().await;
        accounts.iter().map(|a| a["number"].as_str().unwrap().to_owned()).collect()
    }

    async fn accounts(&self) -> Vec<Value> {
        let url = format!("{}/_sim/bank/accounts", self.bank().url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Each line of the bank's log.
    pub async fn bank_log(&self) -> Vec<Value> {
        let url = format!("{}/_sim/log", self.bank().url);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Starts a transfer's attempt: what the payer scans.
    pub async fn at_the_bank(&self, intent: &Value) -> Value {
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        self.portal.post(&path, json!({"channel": "vietqr"})).await.expect(201)
    }

    /// A payer transfers so much with this content to the first beneficiary's account.
    pub async fn transfers(&self, amount: i64, content: &str) -> Value {
        self.transfers_how(json!({"account": ACCOUNT, "amount": amount, "content": content})).await
    }

    /// A transfer by all its fields; returns once each teller was heard or is known to be lost.
    pub async fn transfers_how(&self, how: Value) -> Value {
        let booked = self.bank_sim("bank/transfer", how).await["transaction"].clone();
        self.tellers_are_through(&booked).await;
        booked
    }

    /// Waits until the last word of each teller about a movement was heard or lost.
    pub async fn tellers_are_through(&self, booked: &Value) {
        let notifiers = self.notifiers(&booked["account"]).await;
        for _ in 0..400 {
            let log = self.bank_log().await;
            let through = |notifier: &String| {
                log.iter().any(|l| {
                    let over = l["verdict"] == "confirmed" || l["verdict"] == "dropped";
                    l["kind"] == "received" && l["notifier"] == *notifier && l["id"] == booked["id"] && over
                })
            };
            if notifiers.iter().all(through) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("nobody told of {booked}");
    }

    async fn notifiers(&self, account: &Value) -> Vec<String> {
        let accounts = self.accounts().await;
        let account = accounts.iter().find(|a| a["number"] == *account).unwrap();
        let name = |n: &Value| n["name"].as_str().or(n["kind"].as_str()).unwrap().to_owned();
        account["notifiers"].as_array().unwrap().iter().map(name).collect()
    }

    /// The next listing of each account is due at once.
    pub async fn listings_are_due(&self) {
        self.ask("update account_sweep set next_at = now() - interval '1 second'").await;
    }
}
