//! Mobile Money by the GSMA's API: the payer gives a one-time code of the phone's application, or confirms what the
//! provider asks on the phone. A callback proves nothing here: it makes the gateway ask.

use serde_json::json;
use tokio::time::Instant;

use crate::story::cast::Fee;
use crate::story::checkout::{Attempt, SOON, Taken, attempt_by, expect_paid, expect_sighted, open};
use crate::story::gateway::{amount, text};
use crate::story::paper::{dong, say};
use crate::story::partners::Partner::MobileMoney;
use crate::story::stage::{Story, until};
use crate::story::stop::Stop;

/// As the payer types it, and as the provider knows it. It belongs to nobody.
const PHONE: &str = "0900000007";
const MSISDN: &str = "+84900000007";

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    with_a_code(story).await?;
    on_the_phone(story).await
}

async fn with_a_code(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::LandCopies], None).await?;
    let code = format!("{:06}", rand::random_range(0..1_000_000));
    story.partners.told(MobileMoney, "code", &json!({"msisdn": MSISDN, "code": code})).await?;
    say("    Ứng dụng của người nộp tạo mã một lần (the payer's application makes a one-time code)");
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE, "one_time_code": code});
    let tried = attempt_by(story, intent, body, "otp_prompt").await?;
    let taken = taken(story, &tried).await?;
    expect_paid(story, intent, &tried, taken).await?;
    expect_asked(story, Fee::LandCopies).await
}

async fn on_the_phone(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::FourthSignature], None).await?;
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    let tried = attempt_by(story, intent, body, "phone_prompt").await?;
    story.partners.told(MobileMoney, "pay", &json!({"order_ref": tried.order_ref})).await?;
    say("    Người nộp xác nhận trên điện thoại (the payer confirms on the phone)");
    let taken = taken(story, &tried).await?;
    expect_paid(story, intent, &tried, taken).await?;
    expect_asked(story, Fee::FourthSignature).await
}

/// What the provider took, once it has.
async fn taken(story: &Story, tried: &Attempt) -> Result<Taken, Stop> {
    let done = until(SOON, async || {
        let request = story.partners.order(MobileMoney, &tried.order_ref).await?;
        Ok((request["status"].as_str() == Some("completed")).then_some(request))
    })
    .await?;
    let premise = || Stop::Premise(format!("{} chưa xong tại nhà cung cấp (not completed there)", tried.order_ref));
    let request = done.ok_or_else(premise)?;
    let taken = Taken {
        amount: amount(&request, "amount")?,
        transaction_no: text(&request, "transaction_reference")?,
        at: Instant::now(),
    };
    say(&format!("    Tiền di động: mã giao dịch {}, đã thu (taken) {}", taken.transaction_no, dong(taken.amount)));
    Ok(taken)
}

async fn expect_asked(story: &mut Story, fee: Fee) -> Result<(), Stop> {
    let gloss = "the callback proves nothing, the answer to our question does: poll:mobile_money";
    expect_sighted(story, fee, "poll:mobile_money", gloss).await
}
