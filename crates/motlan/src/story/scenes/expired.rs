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

/// Short, so that nobody waits; longer where the payer does not reach the page in that time.
const LIVES_S: [i64; 3] = [3, 12, 48];
/// The deadline, then the provider is asked once more, then the clock's next pass.
const PATIENCE: Duration = Duration::from_secs(90);

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let Some((intent, tried, life)) = begun(story).await? else {
        return Err(Stop::Premise("máy quá chậm cho mọi hạn (no life was long enough)".to_owned()));
    };
    story.vnpay.script(&tried.order_ref, json!({"late": true})).await?;
    say("    Kịch bản VNPAY (script): trang vẫn nhận tiền sau vnp_ExpireDate (the page takes money late)");
    browse(story, intent, &tried).await?;
    expect_expired(story, intent, &tried, life).await?;
    let taken = pay(story, &tried, "paid").await?;
    expect_paid(story, intent, &tried, taken).await?;
    expect_late_edge(story, intent).await
}

/// An intent with an attempt, and how many seconds it lives; None where each was over before its attempt began.
async fn begun(story: &mut Story) -> Result<Option<(usize, Attempt, i64)>, Stop> {
    for life in LIVES_S {
        let intent = match open(story, &[Fee::IdentityCard], Some(life)).await {
            Err(refused @ Stop::Refused { status: 422, .. }) => {
                say(&format!("    Hệ thống này không cho hạn {life} giây (this instance refuses so short a life)"));
                return Err(refused);
            }
            opened => opened?,
        };
        match attempt(story, intent).await {
            Err(Stop::Refused { status: 409, .. }) => {
                say("    Hết hạn trước khi bắt đầu, thử hạn dài hơn (over too soon)")
            }
            tried => return Ok(Some((intent, tried?, life))),
        }
    }
    Ok(None)
}

async fn expect_expired(story: &mut Story, intent: usize, tried: &Attempt, life: i64) -> Result<(), Stop> {
    let seen = intent_until(story, intent, "expired", PATIENCE).await?;
    let status = seen["status"].as_str().unwrap_or("?").to_owned();
    story.tally.check(
        status == "expired",
        format_args!("quá hạn {life} giây: ý định {status}, lần thử {}", attempt_status(&seen, tried)),
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
