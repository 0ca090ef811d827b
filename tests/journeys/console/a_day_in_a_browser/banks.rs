//! The two accounts of the day: at the treasury's bank, which sends MT940, and at a commercial one, whose page exports columns.

use serde_json::{Value, json};
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT, OTHER_BIN};
use tests::portal::dossier;
use tests::{House, OTHER_BENEFICIARY};

pub struct Account {
    pub number: &'static str,
    bin: &'static str,
    /// Of an obligation to whom it belongs.
    owner: Value,
    /// What its bank sends, and by which columns that is read.
    pub format: &'static str,
    pub layout: &'static str,
}

impl Account {
    /// As the books call it.
    pub fn code(&self) -> String {
        format!("{}.{}", self.bin, self.number)
    }
}

pub fn both() -> [Account; 2] {
    let owner = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    [
        Account { number: ACCOUNT, bin: BIN, owner: json!({}), format: "mt940", layout: "" },
        Account { number: OTHER_ACCOUNT, bin: OTHER_BIN, owner, format: "csv", layout: "synthetic-bank" },
    ]
}

pub async fn owed(house: &House, account: &Account, amount: i64) -> Value {
    house.portal.owes(&dossier(), amount, account.owner.clone()).await
}

/// The reference of a request for so much to this account.
pub async fn asked(house: &House, account: &Account, amount: i64) -> String {
    let fee = owed(house, account, amount).await;
    house.portal.opens(&[&fee]).await["reference"].as_str().unwrap().to_owned()
}
