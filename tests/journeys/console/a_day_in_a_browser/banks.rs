//! The two accounts of the day: at the treasury's bank, which sends MT940, and at a commercial one, whose page exports columns.

use domain::business_day::{HANOI, business_date};
use jiff::Timestamp;
use jiff::civil::Date;
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

    /// What its day is the day of.
    pub fn scope(&self) -> String {
        format!("bank:{}", self.code())
    }
}

pub fn both() -> [Account; 2] {
    let owner = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    [
        Account { number: ACCOUNT, bin: BIN, owner: json!({}), format: "mt940", layout: "" },
        Account { number: OTHER_ACCOUNT, bin: OTHER_BIN, owner, format: "csv", layout: "synthetic-bank" },
    ]
}

/// The days that the banks send files of.
#[derive(Clone, Copy)]
pub struct Days {
    pub first: Date,
    /// Its file comes when it is asked for.
    pub missing: Date,
    pub last: Date,
    pub today: Date,
}

pub fn days() -> Days {
    let today = business_date(Timestamp::now());
    let ago = |days: i64| today.checked_sub(jiff::Span::new().days(days)).unwrap();
    Days { first: ago(3), missing: ago(2), last: ago(1), today }
}

pub fn at(day: Date, hour: i8) -> String {
    HANOI.to_timestamp(day.at(hour, 0, 0, 0)).unwrap().to_string()
}

pub async fn owed(house: &House, account: &Account, amount: i64) -> Value {
    owed_as(house, account, amount, json!({})).await
}

/// With other fields than a fee's.
pub async fn owed_as(house: &House, account: &Account, amount: i64, change: Value) -> Value {
    let mut fields = account.owner.clone();
    fields.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    house.portal.owes(&dossier(), amount, fields).await
}

/// The reference of a request for so much to this account.
pub async fn asked(house: &House, account: &Account, amount: i64) -> String {
    let fee = owed(house, account, amount).await;
    house.portal.opens(&[&fee]).await["reference"].as_str().unwrap().to_owned()
}
