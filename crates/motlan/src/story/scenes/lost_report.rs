//! VNPAY's report is lost for good; the gateway finds the money by asking. The portal only waits.

use serde_json::json;

use crate::story::cast::Fee;
use crate::story::checkout::{SOON, attempt, browse, expect_paid, expect_sighted, intent_until, known, open, pay};
use crate::story::paper::say;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::LeaseCopies], None).await?;
    let tried = attempt(story, intent).await?;
    story.vnpay.script(&tried.order_ref, json!({"drop": true})).await?;
    say("    Kịch bản VNPAY (script): mọi IPN của đơn này bị mất (every IPN of this order is lost)");
    browse(story, intent, &tried).await?;
    let taken = pay(story, &tried, "paid").await?;
    wait_or_ask(story, intent).await?;
    expect_paid(story, intent, &tried, taken).await?;
    let sent = story.vnpay.ipns(&tried.order_ref).await?.iter().filter(|ipn| !ipn.dropped).count();
    story.tally.check(sent == 0, format_args!("VNPAY đã gửi {sent} IPN"), "VNPAY sent no IPN");
    let gloss = "the money was sighted by asking only: poll:vnpay";
    expect_sighted(story, Fee::LeaseCopies, "poll:vnpay", gloss).await
}

/// An instance that asks more rarely than a reader waits can be told to ask now.
async fn wait_or_ask(story: &mut Story, intent: usize) -> Result<(), Stop> {
    if intent_until(story, intent, "paid", SOON).await?["status"].as_str() == Some("paid") {
        return Ok(());
    }
    say("    Lịch hỏi của hệ thống thưa hơn 15 giây, nên yêu cầu hỏi ngay (asked now by …/sync)");
    let path = format!("/v1/payment-intents/{}/sync", known(story, intent)?.id);
    let key = story.key();
    story.api.post_nothing(&path, &key).await?.must_be(200).map(drop)
}
