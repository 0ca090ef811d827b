//! What stands on the terminal of whoever started a demonstration: where everything is, and a dossier to pay by hand.

use super::database::Database;
use super::demo_config::BANK_BENEFICIARY;
use super::home::{Home, reset_line};
use super::neighbours::Neighbours;
use super::shared::Shared;
use super::unpaid::Unpaid;
use crate::sample;
use serde_json::{Value, json};

/// A payer's phone that belongs to nobody, and the code that their application shows.
const PHONE: (&str, &str) = ("0900000009", "+84900000009");
const CODE: &str = "482913";

pub fn text(
    run: &Value,
    (database, shared): (&Database, &Shared),
    home: &Home,
    neighbours: &Neighbours,
    unpaid: &Unpaid,
) -> String {
    let text = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let (base, ops) = (text("/base_url"), text("/ops_url"));
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("API", format!("{base}/v1")),
        row("  key of the portal", text("/client_key")),
        row("  key of staff", text("/staff_key")),
        row("  key of who approves", text("/approver_key")),
        row("  key of an officer", format!("{}, counter {}", text("/officer_key"), text("/counter"))),
        row("Console of staff", text("/console_url")),
        row("  accountant, approver", "their passwords and TOTP secrets are in run.json (console_logins)".to_owned()),
        row("API reference", text("/docs_url")),
        row("Simulators", "the other sides, each steered at".to_owned()),
    ];
    rows.extend(neighbours.rows());
    rows.extend([
        row("Metrics, backlog", format!("{ops}/metrics  {ops}/backlog")),
        row("Books, read-only", text("/database_url_readonly")),
        row("Database", database.place()),
        row("Redis", shared.place.clone()),
        row("All of this", home.run_file().display().to_string()),
        row("Start again", reset_line(home.dir())),
    ]);
    let by_hand = by_hand(run, unpaid);
    let width = rows.iter().chain(&by_hand).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = |rows: &[(String, String)]| -> String {
        rows.iter().map(|(name, value)| format!("  {name:width$}  {value}\n")).collect()
    };
    format!(
        "\nMotlan runs in sandbox mode with sample data. Ctrl-C ends it.\n\n{}\nA dossier that owes {}, to pay by hand:\n\n{}",
        lines(&rows),
        unpaid.amount,
        lines(&by_hand)
    )
}

/// What the payer opens, and what stands for a phone, a bank's application or an account at a bank.
fn by_hand(run: &Value, unpaid: &Unpaid) -> Vec<(String, String)> {
    let text = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    let simulator = |name: &str| text(&format!("/simulators/{name}"));
    let told = |to: String, body: Value| format!("curl -d '{body}' {to}");
    let Unpaid { dossier_code, obligation, checkout_url, reference, amount } = unpaid;
    let account = sample::beneficiary_of(BANK_BENEFICIARY).map(|holder| holder.account_number).unwrap_or_default();
    let customer = json!({"customer": dossier_code});
    let code = json!({"msisdn": PHONE.1, "code": CODE});
    let cash = json!({
        "obligation_ids": [obligation], "tender": "cash", "counter_code": text("/counter"), "amount": amount.dong(),
        "receipt_ref": format!("BL-{reference}"),
    });
    let transfer = json!({"account": account, "amount": amount.dong(), "content": reference});
    [
        ("The payer's page", checkout_url.clone()),
        ("What a code owes", format!("{}/pay?dossier={dossier_code}", text("/base_url"))),
        ("Transfer by its code", told(format!("{}/_sim/bank/transfer", simulator("bank")), transfer)),
        (
            "Mobile Money",
            format!(
                "type {} and {CODE} after {}",
                PHONE.0,
                told(format!("{}/_sim/code", simulator("mobile_money")), code)
            ),
        ),
        ("In a bank's application", told(format!("{}/_sim/pay", simulator("bank_bills")), customer.clone())),
        ("In a wallet's application", told(format!("{}/_sim/pay", simulator("mobile_money_bills")), customer)),
        ("At the counter", format!("POST /v1/counter-payments with the officer's key and Idempotency-Key: {cash}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
