//! The payer pays after the deadline. Money is a fact: the obligation is settled, and the expired intent becomes paid.

use std::time::Duration;

use serde_json::json;

use super::paid::show_states;
use crate::story::cast::Fee;
use crate::story::checkout::{
    Attempt, attempt, attempt_status, browse, expect_paid, intent_until, known, obligation_status, open, pay,
};
use crate::story::paper::say;
use crate::story::stage::Story;
use crate::story::stop::Stop;

const LIFE_S: i64 = 3;
/// The deadline, then the provider is asked once more, then the clock's next pass.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let intent = match open(story, &[Fee::IdentityCard], Some(LIFE_S)).await {
        Err(refused @ Stop::Refused { status: 422, .. }) => {
            say(&format!("    Hệ thống này không cho hạn {LIFE_S} giây (this instance refuses so short a life)"));
            return Err(refused);
        }
        opened => opened?,
    };
    let tried = attempt(story, intent).await?;
    story.vnpay.script(&tried.order_ref, json!({"late": true})).await?;
    say("    Kịch bản VNPAY (script): trang vẫn nhận tiền sau vnp_ExpireDate (the page takes money late)");
    browse(story, intent, &tried).await?;
    expect_expired(story, intent, &tried).await?;
    let taken = pay(story, &tried, "paid").await?;
    expect_paid(story, intent, &tried, taken).await?;
    expect_late_edge(story, intent).await
}

async fn expect_expired(story: &mut Story, intent: usize, tried: &Attempt) -> Result<(), Stop> {
    let seen = intent_until(story, intent, "expired", PATIENCE).await?;
    let status = seen["status"].as_str().unwrap_or("?").to_owned();
    story.tally.check(
        status == "expired",
        format_args!("quá hạn {LIFE_S} giây: ý định {status}, lần thử {}", attempt_status(&seen, tried)),
        "past its deadline the intent has expired",
    );
    let owed = obligation_status(story, Fee::IdentityCard).await?;
    story.tally.check(owed == "due", format_args!("khoản thu vẫn {owed}"), "the obligation is still due");
    Ok(())
}

async fn expect_late_edge(story: &mut Story, intent: usize) -> Result<(), Stop> {
    let id = known(story, intent)?.id.clone();
    let steps = story.books()?.transitions(&id).await?;
    let late = steps.iter().any(|step| step.from == "expired" && step.to == "paid");
    story.tally.check(late, "sổ ghi bước expired → paid", "the books hold the edge from expired to paid");
    show_states(story, intent).await
}
