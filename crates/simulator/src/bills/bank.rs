//! The `bank` dialect: JSON over POST with a bearer token; a checksum is MD5 over a secret and the fields.

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::book::{State, Transaction, Word};
use super::{Application, Forgery};
use crate::clock;

fn checksum(secret: &str, fields: &[&str]) -> String {
    let mut digest = Md5::new();
    digest.update(secret);
    fields.iter().for_each(|f| digest.update(f));
    hex::encode(digest.finalize())
}

pub(super) fn question(app: &Application, customer: &str) -> (&'static str, Value) {
    let service = &app.config.service_id;
    let checksum = checksum(&app.config.checksum_secret, &[service, customer]);
    ("getbill", json!({"service_id": service, "customer_id": customer, "checksum": checksum}))
}

/// Bills of an answer, in either of the two shapes that are in the wild.
pub(super) fn bills(body: &Value) -> Vec<Value> {
    if body["result_code"] != "000" {
        return Vec::new();
    }
    let bill = |reference: &Value, amount: &Value| {
        let amount = amount.as_str().and_then(|a| a.parse::<i64>().ok());
        json!({"bill": reference, "amount": amount, "name": body["customer_name"]})
    };
    match &body["data"] {
        Value::Object(one) => vec![bill(&one["bill_id"], &one["amount"])],
        Value::Array(_) => vec![bill(&body["bill_id"], &body["total_amount"])],
        _ => Vec::new(),
    }
}

pub(super) fn payment(app: &Application, t: &Transaction, forge: Option<Forgery>) -> (&'static str, Value) {
    let amount = t.amount.to_string();
    let mut checksum = checksum(&app.config.checksum_secret, &[&t.number, &t.bill, &amount]);
    if forge == Some(Forgery::Checksum) {
        let first = if checksum.starts_with('0') { "1" } else { "0" };
        checksum.replace_range(..1, first);
    }
    let service = if forge == Some(Forgery::Service) { "OTHER" } else { &app.config.service_id };
    let body = json!({"trans_id": t.number, "trans_date": clock::wire_time(clock::now()), "customer_id": t.customer,
        "service_id": service, "bill_id": t.bill, "amount": amount, "checksum": checksum});
    ("paybill", body)
}

/// Which answers give the customer the money back: all that are one, but success and the system's own trouble.
pub(super) fn word(status: u16, body: &Value) -> Word {
    let code = body["result_code"].as_str().unwrap_or("none").to_owned();
    let state = match code.as_str() {
        "000" if status == 200 => State::Paid,
        "001" | "004" | "006" | "011" | "012" | "021" | "022" | "023" => State::Returned,
        _ => State::Unknown,
    };
    Word { state, code }
}
