//! The payer types the amount and is one đồng short. The money waits with a case; the missing đồng completes it, and the
//! case closes by itself.

use crate::story::cast::Fee;
use crate::story::checkout::{known, obligation_status, open};
use crate::story::gateway::{amount, text};
use crate::story::paper::dong;
use crate::story::stage::Story;
use crate::story::stop::Stop;
use crate::story::transfer::{case_of, expect_held, expect_settled, payment_of, scan, transfer};

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = open(story, &[Fee::SecondHousehold], None).await?;
    let due = known(story, intent)?.amount;
    let code = scan(story, intent, due).await?;
    let booked = transfer(story, &code, due - 1, Some("acb")).await?;
    let payment = payment_of(story, &booked).await?;
    expect_held(story, &payment, "underpaid", "underpaid", due - 1).await?;
    expect_one_dong_due(story, intent).await?;
    let rest = scan(story, intent, 1).await?;
    let booked = transfer(story, &rest, 1, None).await?;
    payment_of(story, &booked).await?;
    expect_settled(story, intent, Fee::SecondHousehold, 2).await?;
    let held = story.books()?.held(&payment).await?;
    let case = case_of(story, &payment, "underpaid").await?;
    let status = text(&case, "status")?;
    story.tally.check(
        held.is_empty() && status == "closed",
        format_args!("không còn gì chờ, vụ việc underpaid tự đóng: {status}"),
        "the case has closed by itself",
    );
    Ok(())
}

async fn expect_one_dong_due(story: &mut Story, intent: usize) -> Result<(), Stop> {
    let path = format!("/v1/payment-intents/{}", known(story, intent)?.id);
    let seen = story.api.get(&path).await?.must_be(200)?.body;
    let (status, due) = (text(&seen, "status")?, amount(&seen, "amount_due")?);
    let owed = obligation_status(story, Fee::SecondHousehold).await?;
    story.tally.check(
        status == "open" && due == 1 && owed == "due",
        format_args!("ý định {status}, còn {}, khoản thu {owed}", dong(due)),
        "the intent is open for the last đồng",
    );
    Ok(())
}
