//! The walk that every payment takes: an intent is opened, an attempt gives a page, the payer opens it and pays, and the
//! portal asks until it sees what came of it. A browser's return is never used: it proves nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::cast::Fee;
use super::gateway::{Answer, amount, id_of, list, text};
use super::neighbours::Ipn;
use super::paper::{Table, dong, say};
use super::stage::{Created, Story, until};
use super::stop::Stop;

/// How long the portal waits for what is told at once: how fast a machine is decides nothing here, and what was waited is
/// shown.
pub const SOON: Duration = Duration::from_secs(60);

pub struct Intent {
    pub id: String,
    pub reference: String,
    pub amount: i64,
    pub fees: Vec<Fee>,
}

pub struct Attempt {
    pub id: String,
    pub order_ref: String,
    /// Empty where the payer is asked otherwise.
    pub url: String,
}

/// What the other side says that it took, in đồng, under which number, and when the payer was done.
pub struct Taken {
    pub amount: i64,
    pub transaction_no: String,
    pub at: Instant,
}

/// Opens an intent that holds `fees`; what it asks for must be what they owe.
pub async fn open(story: &mut Story, fees: &[Fee], expires_in_s: Option<i64>) -> Result<usize, Stop> {
    let mut ids = Vec::new();
    let mut owed = 0;
    for fee in fees {
        let obligation = story.cast.get(*fee)?;
        ids.push(obligation.id()?.to_owned());
        owed += obligation.amount();
    }
    let mut body = json!({"obligation_ids": ids});
    if let Some(seconds) = expires_in_s {
        body["expires_in_s"] = seconds.into();
    }
    let answer = create(story, "/v1/payment-intents".to_owned(), body).await?;
    let seen = answer.body;
    let (id, reference) = (text(&seen, "id")?, text(&seen, "reference")?);
    let intent = Intent { id, reference, amount: amount(&seen, "amount")?, fees: fees.to_vec() };
    say(&format!(
        "    Ý định thanh toán (intent) {}, mã tham chiếu (reference) {}, {}",
        intent.id,
        intent.reference,
        dong(intent.amount)
    ));
    say(&format!("    Trang thanh toán (checkout): {}", seen["checkout_url"].as_str().unwrap_or("?")));
    story.tally.check(
        intent.amount == owed && seen["status"].as_str() == Some("open"),
        format_args!("ý định mở với đúng số phải nộp {}", dong(owed)),
        "the intent is open for exactly what is owed",
    );
    story.intents.push(intent);
    Ok(story.intents.len() - 1)
}

/// Starts an attempt at VNPAY.
pub async fn attempt(story: &mut Story, intent: usize) -> Result<Attempt, Stop> {
    attempt_by(story, intent, json!({"channel": "vnpay"}), "redirect").await
}

/// Starts an attempt, expects such an action, and remembers the order that it made.
pub async fn attempt_by(story: &mut Story, intent: usize, body: Value, action: &str) -> Result<Attempt, Stop> {
    let intent_id = known(story, intent)?.id.clone();
    let channel = body["channel"].as_str().unwrap_or("?").to_owned();
    let path = format!("/v1/payment-intents/{intent_id}/attempts");
    let seen = create(story, path, body).await?.body;
    let given = seen["action"]["type"].as_str().unwrap_or("?");
    story.tally.check(
        given == action,
        format_args!("lần thử qua {channel}: {given}"),
        if action == "redirect" { "the attempt gives a page to redirect to" } else { "the attempt asks the payer" },
    );
    let url = seen["action"]["url"].as_str().unwrap_or_default().to_owned();
    let attempt = Attempt { id: text(&seen, "id")?, order_ref: text(&seen, "order_ref")?, url };
    say(&format!("    Lần thử (attempt) {}, đơn (order) {}", attempt.id, attempt.order_ref));
    story.order_refs.push(attempt.order_ref.clone());
    Ok(attempt)
}

/// The payer's browser opens the page; VNPAY then knows the order and what it costs.
pub async fn browse(story: &mut Story, intent: usize, attempt: &Attempt) -> Result<(), Stop> {
    let owed = known(story, intent)?.amount;
    open_page(story, attempt, "VNPAY").await?;
    let order = story.vnpay.order(&attempt.order_ref).await?.unwrap_or_default();
    let asked = order["amount"].as_i64();
    story.tally.check(
        asked == Some(owed),
        format_args!("VNPAY đòi đúng {} cho đơn {}", dong(owed), attempt.order_ref),
        format_args!("vnp_Amount was {}", order["wire_amount"].as_str().unwrap_or("?")),
    );
    Ok(())
}

/// What the payer's browser does first.
pub async fn open_page(story: &mut Story, attempt: &Attempt, whose: &str) -> Result<(), Stop> {
    let page = story.browser.open(&attempt.url).await?;
    story.tally.check(
        page.status == 200 && page.kind.starts_with("text/html"),
        format_args!("trang {whose} mở được: HTTP {}, {}", page.status, page.kind),
        "the pay page opens",
    );
    Ok(())
}

/// The payer decides.
pub async fn pay(story: &Story, attempt: &Attempt, outcome: &str) -> Result<Taken, Stop> {
    let told = story.vnpay.pay(&attempt.order_ref, outcome).await?;
    let at = Instant::now();
    let transaction_no = told["transaction_no"].as_str().unwrap_or("0").to_owned();
    let amount = if outcome == "paid" { amount(&told, "amount")? } else { 0 };
    say(&format!(
        "    VNPAY: {}, mã giao dịch (transaction) {transaction_no}, đã thu (taken) {}",
        told["status"].as_str().unwrap_or("?"),
        dong(amount)
    ));
    Ok(Taken { amount, transaction_no, at })
}

/// Asks the API until the intent has that status; what it looked like last.
pub async fn intent_until(story: &Story, intent: usize, status: &str, limit: Duration) -> Result<Value, Stop> {
    let path = format!("/v1/payment-intents/{}", known(story, intent)?.id);
    let mut last = Value::Null;
    until(limit, async || {
        last = story.api.get(&path).await?.must_be(200)?.body;
        Ok((last["status"].as_str() == Some(status)).then_some(()))
    })
    .await?;
    Ok(last)
}

/// What every paid intent must show, however the money was heard of: intent, attempt, obligations, one payment.
pub async fn expect_paid(story: &mut Story, intent: usize, attempt: &Attempt, taken: Taken) -> Result<(), Stop> {
    let seen = intent_until(story, intent, "paid", SOON).await?;
    let waited = taken.at.elapsed().as_millis();
    let status = seen["status"].as_str().unwrap_or("?").to_owned();
    story.tally.check(
        status == "paid",
        format_args!("ý định ở trạng thái {status}, {waited} ms sau khi trả"),
        "the intent is paid, so long after the payer was done",
    );
    let attempt_status = attempt_status(&seen, attempt);
    story.tally.check(
        attempt_status == "succeeded",
        format_args!("lần thử ở trạng thái {attempt_status}"),
        "the attempt has succeeded",
    );
    for fee in known(story, intent)?.fees.clone() {
        let now = obligation_status(story, fee).await?;
        let name = story.cast.get(fee)?.name;
        story.tally.check(now == "paid", format_args!("«{name}» ở trạng thái {now}"), "the obligation is paid");
    }
    expect_one_payment(story, &seen, &taken).await
}

async fn expect_one_payment(story: &mut Story, seen: &Value, taken: &Taken) -> Result<(), Stop> {
    let payments: Vec<String> = list(seen, "payments").iter().filter_map(id_of).map(str::to_owned).collect();
    story.tally.check(
        payments.len() == 1,
        format_args!("có {} khoản tiền đã nhận", payments.len()),
        "there is exactly one payment",
    );
    let Some(id) = payments.first() else { return Ok(()) };
    let payment = story.api.get(&format!("/v1/payments/{id}")).await?.must_be(200)?.body;
    let recorded = amount(&payment, "amount")?;
    let number = payment["provider_txn_id"].as_str().unwrap_or("?");
    story.tally.check(
        recorded == taken.amount && number == taken.transaction_no,
        format_args!("{id}: ghi nhận {}, giao dịch {number}", dong(recorded)),
        "the payment is what was taken, under the number of who took it",
    );
    Ok(())
}

/// The status of one obligation, asked now.
pub async fn obligation_status(story: &Story, fee: Fee) -> Result<String, Stop> {
    let id = story.cast.get(fee)?.id()?;
    let seen = story.api.get(&format!("/v1/obligations/{id}")).await?.must_be(200)?.body;
    text(&seen, "status")
}

/// The status of one attempt as an intent shows it.
pub fn attempt_status(intent: &Value, attempt: &Attempt) -> String {
    let shown = list(intent, "attempts").iter().find(|shown| id_of(shown) == Some(attempt.id.as_str()));
    shown.and_then(|shown| shown["status"].as_str()).unwrap_or("?").to_owned()
}

/// VNPAY's calls to the gateway, once the first of them has been answered.
pub async fn ipns(story: &Story, attempt: &Attempt) -> Result<Vec<Ipn>, Stop> {
    let calls = until(SOON, async || {
        let calls = story.vnpay.ipns(&attempt.order_ref).await?;
        Ok((!calls.is_empty()).then_some(calls))
    });
    Ok(calls.await?.unwrap_or_default())
}

pub fn known(story: &Story, intent: usize) -> Result<&Intent, Stop> {
    story.intents.get(intent).ok_or_else(|| Stop::Premise("chưa có ý định thanh toán (there is no intent)".to_owned()))
}

/// A POST that creates, kept with its key and its answer to the byte.
pub async fn create(story: &mut Story, path: String, body: Value) -> Result<Answer, Stop> {
    let key = story.key();
    let answer = story.api.post(&path, &body, &key).await?.must_be(201)?;
    let (bytes, replayed) = (answer.bytes.clone(), answer.replayed.clone());
    story.calls.push(Created { path, body, key, bytes, replayed });
    Ok(answer)
}

/// Asserts from where the books know of the money that this fee was paid with.
pub async fn expect_sighted(story: &mut Story, fee: Fee, source: &str, gloss: &str) -> Result<(), Stop> {
    let owed = [story.cast.get(fee)?.id()?.to_owned()];
    let mut table = Table::new(&["Khoản tiền (payment)", "Nguồn (source)", "Khoá (source key)", "Trạng thái"]);
    let mut sources = Vec::new();
    for payment in story.books()?.payments(&[], &owed, &[]).await? {
        for sighting in story.books()?.sightings(&payment.id).await? {
            sources.push(sighting.source.clone());
            table.row([payment.id.clone(), sighting.source, sighting.source_key, sighting.state]);
        }
    }
    table.show();
    story.tally.check(
        !sources.is_empty() && sources.iter().all(|seen| seen == source),
        format_args!("tiền được thấy từ: {}", sources.join(", ")),
        gloss,
    );
    Ok(())
}
