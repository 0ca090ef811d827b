//! Who a line of a statement is: each rule end to end, what waits for a statement, and many at once.

mod considered;
mod covered;
mod crowds;
mod line_first;
mod rules;
mod waiting;

use super::OWN;
use crate::transfers::words::{call, now_s, sepay};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::bank::{BIN, SEPAY_SECRET};
use tests::files::{Line, mt940, today};
use tests::portal::{dossier, fresh};

const CLAIMS: &str = "select coalesce(string_agg(p.amount || ' ' || m.rule, ', ' order by p.amount), '')
    from assurance.match m join assurance.payment p using (payment_id)";
const WAITING: &str = "select count(*) from assurance.sighting where state = 'waiting'";

async fn house() -> House {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    house
}

fn own() -> String {
    format!("{BIN}.{OWN}")
}

/// The n-th of ten days that end yesterday.
fn day(n: i64) -> Date {
    today().checked_sub(10.days()).unwrap().checked_add(n.days()).unwrap()
}

/// A fee and its intent: the intent, and the reference that a payer types.
async fn asked(house: &House, amount: i64) -> (Value, String) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let reference = intent["reference"].as_str().unwrap().to_owned();
    (intent, reference)
}

/// SePay tells of a credit; an empty reference is none.
pub(crate) async fn told(house: &House, on: Date, amount: i64, reference: &str, content: &str) {
    let reference = if reference.is_empty() { Value::Null } else { json!(reference) };
    let row = json!({"id": fresh(), "gateway": "Vietcombank", "transactionDate": format!("{on} 09:00:00"),
        "accountNumber": OWN, "subAccount": null, "code": null, "content": content, "transferType": "in",
        "description": "", "transferAmount": amount, "accumulated": 0, "referenceCode": reference});
    let body = row.to_string();
    let (status, said) = call(house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
    assert_eq!(status, 200, "{said}");
}

async fn stated(house: &House, on: Date, opening: i64, lines: &[Line<'_>]) -> Value {
    house.sends_statement(&own(), "auto", mt940(OWN, on, opening, lines)).await.expect(201)
}

async fn status(house: &House, intent: &Value) -> String {
    house.portal.intent(intent).await["status"].as_str().unwrap().to_owned()
}
