//! The payer changes their mind at VNPAY, and pays on a second attempt under the same reference.

use crate::story::cast::Fee;
use crate::story::checkout::{
    Attempt, SOON, attempt, attempt_status, browse, expect_paid, ipns, known, obligation_status, open, pay,
};
use crate::story::stage::{Story, until};
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::Signature], None).await?;
    let first = attempt(story, intent).await?;
    browse(story, intent, &first).await?;
    pay(story, &first, "cancelled").await?;
    expect_open_again(story, intent, &first).await?;
    let second = attempt(story, intent).await?;
    story.tally.check(
        second.order_ref != first.order_ref,
        format_args!("lần thử thứ hai là đơn khác: {} ≠ {}", second.order_ref, first.order_ref),
        "the second attempt is another order",
    );
    browse(story, intent, &second).await?;
    let taken = pay(story, &second, "paid").await?;
    expect_paid(story, intent, &second, taken).await
}

async fn expect_open_again(story: &mut Story, intent: usize, first: &Attempt) -> Result<(), Stop> {
    let path = format!("/v1/payment-intents/{}", known(story, intent)?.id);
    let mut last = (String::new(), String::new());
    until(SOON, async || {
        let seen = story.api.get(&path).await?.must_be(200)?.body;
        last = (attempt_status(&seen, first), seen["status"].as_str().unwrap_or("?").to_owned());
        Ok((last.0 == "failed").then_some(()))
    })
    .await?;
    let (tried, now) = last;
    story.tally.check(
        tried == "failed" && now == "open",
        format_args!("lần thử: {tried}, ý định: {now}"),
        "the attempt has failed, the intent is open",
    );
    let owed = obligation_status(story, Fee::Signature).await?;
    story.tally.check(owed == "due", format_args!("khoản thu vẫn {owed}"), "the obligation is still due");
    let calls = ipns(story, first).await?;
    let confirmed = calls.iter().any(|ipn| ipn.verdict == "confirmed");
    story.tally.check(confirmed, "VNPAY báo huỷ và được xác nhận", "VNPAY's report of it was confirmed");
    Ok(())
}
