//! A one-stop desk: two counters, an officer, and what the officer enters.

use crate::portal::{Answered, Portal};
use crate::{BENEFICIARY, House, Plan, bank, files};
use domain::principal::Scope;
use serde_json::{Value, json};

/// The contract of the card terminal.
pub const TERMINAL: &str = "pos_main";
pub const COUNTER: &str = "quay-1";
pub const OTHER_COUNTER: &str = "quay-2";

/// The terminal of both counters, of the first beneficiary alone.
pub fn settings() -> Vec<(&'static str, String)> {
    [
        ("MOTLAN_PROFILES__POS_MAIN__CHANNEL", "counter".to_owned()),
        ("MOTLAN_PROFILES__POS_MAIN__BENEFICIARIES", BENEFICIARY.to_owned()),
    ]
    .to_vec()
}

impl House {
    /// Beneficiaries with accounts of their own, and two counters of the first one.
    pub async fn with_counters(with_bank: bool) -> Self {
        let plan = Plan { settings: settings(), with_bank, ..Plan::default() };
        let house = Self::on(bank::database().await, plan).await;
        for code in [COUNTER, OTHER_COUNTER] {
            house.sets_up(code, &[BENEFICIARY]).await;
        }
        house
    }

    /// A counter with a terminal, whose cash goes to the first beneficiary's account.
    pub async fn sets_up(&self, code: &str, beneficiaries: &[&str]) -> Value {
        let body = json!({"name": "Quầy một cửa (mẫu)", "account_code": files::account(), "terminal_profile": TERMINAL,
            "beneficiaries": beneficiaries});
        self.staff.put(&format!("/v1/counters/{code}"), body).await.expect(200)
    }

    /// Cash for these at the first counter.
    pub async fn takes_cash(&self, fees: &[&Value], amount: i64, receipt: &str) -> Answered {
        self.staff.post("/v1/counter-payments", entry(COUNTER, "cash", fees, amount, receipt)).await
    }

    pub async fn takes_card(&self, fees: &[&Value], amount: i64, slip: &str) -> Answered {
        self.staff.post("/v1/counter-payments", entry(COUNTER, "card", fees, amount, slip)).await
    }

    /// The first counter's drawer goes to the bank.
    pub async fn deposits(&self, amount: i64, slip: &str) -> Answered {
        let body = json!({"amount": amount, "slip_ref": slip});
        self.staff.post(&format!("/v1/counters/{COUNTER}/deposits"), body).await
    }

    pub async fn drawer(&self) -> i64 {
        let shown = self.staff.get(&format!("/v1/counters/{COUNTER}")).await.expect(200);
        shown["drawer"].as_i64().unwrap()
    }

    /// What an account of the ledger stands at.
    pub async fn stands_at(&self, account: &str) -> i64 {
        let sql =
            format!("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = '{account}'");
        self.ask(&sql).await.parse().unwrap()
    }

    /// A person who sees one beneficiary only.
    pub async fn person_of(&self, code: &str, beneficiary: &str) -> Portal {
        let db = self.gateway.ctx.pool.get().await.unwrap();
        let person = storage::ids::mint(jiff::Timestamp::now());
        let beneficiaries = [beneficiary.to_owned()];
        storage::principals::put_person(&db, person, code, "Cán bộ (mẫu)", &beneficiaries).await.unwrap();
        drop(db);
        let (_, key) = crate::wire::key(self, code, Scope::STAFF).await;
        Portal { key, ..self.staff.clone() }
    }
}

/// What an officer sends.
pub fn entry(counter: &str, tender: &str, fees: &[&Value], amount: i64, receipt: &str) -> Value {
    let ids: Vec<&Value> = fees.iter().map(|fee| &fee["id"]).collect();
    json!({"obligation_ids": ids, "tender": tender, "counter_code": counter, "amount": amount, "receipt_ref": receipt})
}
