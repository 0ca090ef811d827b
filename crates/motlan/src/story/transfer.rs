//! The walk of a transfer: an attempt gives a code, the payer scans it, the bank books what arrives, and the portal asks
//! until it sees what came of it.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::bank::Booked;
use super::cast::Fee;
use super::checkout::{SOON, create, intent_until, known, obligation_status};
use super::gateway::{amount, id_of, list, text};
use super::paper::{dong, say, say_wrapped};
use super::stage::{Story, until};
use super::stop::Stop;

/// What the payer's bank reads from the code.
pub struct Scanned {
    pub bank_bin: String,
    pub number: String,
    pub content: String,
    pub amount: i64,
}

impl Scanned {
    /// As the books name the account.
    pub fn account(&self) -> String {
        format!("{}.{}", self.bank_bin, self.number)
    }
}

/// Starts an attempt by transfer: what is due now, on one account, under the intent's reference.
pub async fn scan(story: &mut Story, intent: usize, due: i64) -> Result<Scanned, Stop> {
    let scanned = scan_any(story, intent, due).await?;
    story.account = Some((scanned.account(), scanned.number.clone()));
    Ok(scanned)
}

/// The same, where the number may be of no account that has statements.
pub async fn scan_any(story: &mut Story, intent: usize, due: i64) -> Result<Scanned, Stop> {
    let (id, reference) = (known(story, intent)?.id.clone(), known(story, intent)?.reference.clone());
    let path = format!("/v1/payment-intents/{id}/attempts");
    let seen = create(story, path, json!({"channel": "vietqr"})).await?.body;
    let action = &seen["action"];
    let code = text(action, "qr_data")?;
    let scanned = Scanned {
        bank_bin: text(action, "bank_bin")?,
        number: text(action, "account_number")?,
        content: text(action, "transfer_content")?,
        amount: amount(action, "amount")?,
    };
    say_wrapped("Mã QR (code):", &code);
    let complete =
        [&scanned.number, &scanned.content, &due.to_string()].iter().all(|part| code.contains(part.as_str()));
    story.tally.check(
        complete && scanned.amount == due && scanned.content == reference,
        format_args!("mã có {}, {}, {}", scanned.account(), dong(due), scanned.content),
        "account, amount, reference",
    );
    Ok(scanned)
}

/// The payer transfers so much under the code's text; `mangle` is what the banks on the way do to it.
pub async fn transfer(story: &mut Story, to: &Scanned, amount: i64, mangle: Option<&str>) -> Result<Booked, Stop> {
    let mut order = json!({"account": to.number, "amount": amount, "content": to.content});
    if let Some(shape) = mangle {
        order["mangle"] = shape.into();
    }
    let booked = story.bank.transfer(order).await?;
    say(&format!(
        "    Ngân hàng ghi có (the bank credits) {}, số tham chiếu {}",
        dong(booked.amount),
        booked.reference
    ));
    story.transfers.push(booked.clone());
    Ok(booked)
}

/// The payment that the gateway made of a transfer, once it is there.
pub async fn payment_of(story: &mut Story, booked: &Booked) -> Result<String, Stop> {
    let began = Instant::now();
    let references = [booked.reference.clone()];
    let found = until(SOON, async || {
        let payments = story.books()?.payments(&[], &[], &references).await?;
        Ok(payments.into_iter().next())
    })
    .await?;
    let waited = began.elapsed().as_millis();
    let recorded = found.as_ref().map_or(0, |payment| payment.amount);
    story.tally.check(
        recorded == booked.amount,
        format_args!("ghi nhận {} sau {waited} ms", dong(recorded)),
        "recorded, so long after the bank booked it",
    );
    let lost = || Stop::Premise(format!("{} chưa được ghi nhận (is not recorded)", booked.reference));
    found.map(|payment| payment.id).ok_or_else(lost)
}

/// What an intent that transfers paid must show: itself, its obligation, and so many payments.
pub async fn expect_settled(story: &mut Story, intent: usize, fee: Fee, payments: usize) -> Result<(), Stop> {
    let seen = intent_until(story, intent, "paid", SOON).await?;
    let (status, owed) = (seen["status"].as_str().unwrap_or("?"), obligation_status(story, fee).await?);
    let count = list(&seen, "payments").iter().filter_map(id_of).count();
    let name = story.cast.get(fee)?.name;
    story.tally.check(
        status == "paid" && owed == "paid" && count == payments,
        format_args!("ý định {status}, «{name}» {owed}, {count} khoản tiền"),
        "paid, by so many payments",
    );
    Ok(())
}

/// Where a payment was seen, as the books name it.
pub async fn sources(story: &Story, payment: &str) -> Result<Vec<String>, Stop> {
    Ok(story.books()?.sightings(payment).await?.into_iter().map(|sighting| sighting.source).collect())
}

/// The case about a payment, open or not.
pub async fn case_of(story: &Story, payment: &str, kind: &str) -> Result<Value, Stop> {
    let all = story.staff.get(&format!("/v1/cases?kind={kind}&limit=200")).await?.must_be(200)?.body;
    let about = |case: &&Value| case["payment_id"].as_str() == Some(payment);
    Ok(list(&all, "data").iter().find(about).cloned().unwrap_or_default())
}

/// Asserts that the payment is held for `reason`, whole, and that an open case says so; the case's id.
pub async fn expect_held(story: &mut Story, payment: &str, reason: &str, kind: &str, sum: i64) -> Result<String, Stop> {
    let held = story.books()?.held(payment).await?;
    story.tally.check(
        held == [(reason.to_owned(), sum)],
        format_args!("{} chờ ở suspense:{reason}", dong(held.iter().map(|part| part.1).sum())),
        "the payment waits in suspense, whole",
    );
    let case = case_of(story, payment, kind).await?;
    let (status, about) = (case["status"].as_str().unwrap_or("?"), case["amount"].as_i64().unwrap_or(0));
    story.tally.check(
        status == "open" && about == sum,
        format_args!("vụ việc {kind}: {status}, {}", dong(about)),
        "a case for a person is open about it",
    );
    text(&case, "id")
}
