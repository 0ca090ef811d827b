//! The portal's network fails and it repeats its POSTs: nothing is made twice, and the answers are the same to the byte,
//! although much has happened since.

use serde_json::json;

use crate::story::gateway::REPLAYED;
use crate::story::paper::say;
use crate::story::stage::Story;
use crate::story::stop::{Stop, shown};

const INTENTS: &str = "/v1/payment-intents";

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    // an intent and an attempt: one phase and two
    let repeated = story.calls.len().min(2);
    if repeated == 0 {
        return Err(Stop::Premise("không có POST nào để lặp lại (no POST to repeat)".to_owned()));
    }
    for at in 0..repeated {
        repeat(story, at).await?;
    }
    refuse_other_body(story).await?;
    refuse_missing_key(story).await
}

async fn repeat(story: &mut Story, at: usize) -> Result<(), Stop> {
    let Some(first) = story.calls.get(at) else { return Ok(()) };
    let again = story.api.post(&first.path, &first.body, &first.key).await?;
    let path = first.path.clone();
    let header = again.replayed.clone().unwrap_or_else(|| "không có".to_owned());
    say(&format!("    POST {path}: HTTP {}, {} byte, {REPLAYED}: {header}", again.status, again.bytes.len()));
    let same = again.status == 201 && again.bytes == first.bytes;
    let marked = first.replayed.is_none() && again.replayed.as_deref() == Some("true");
    story.tally.check(same, "lặp lại cùng khoá: cùng từng byte", "repeated with the same key: the same bytes");
    story.tally.check(
        marked,
        format_args!("lần đầu không có {REPLAYED}, lần lặp có"),
        "only the repeat says that it is one",
    );
    Ok(())
}

async fn refuse_other_body(story: &mut Story) -> Result<(), Stop> {
    let Some(first) = story.calls.first() else { return Ok(()) };
    let mut other = first.body.clone();
    other["metadata"] = json!({"note": "khác"});
    let answer = story.api.post(&first.path, &other, &first.key).await?;
    story.tally.check(
        answer.is_problem(422, "idempotency_key_reused"),
        format_args!("cùng khoá, nội dung khác: HTTP {}", answer.status),
        "the same key with another body is refused",
    );
    say(&shown(&answer.body));
    Ok(())
}

async fn refuse_missing_key(story: &mut Story) -> Result<(), Stop> {
    let answer = story.api.post_without_key(INTENTS, &json!({"obligation_ids": story.cast.ids()})).await?;
    story.tally.check(
        answer.is_problem(400, "idempotency_key_missing"),
        format_args!("không có khoá: HTTP {}", answer.status),
        "without a key nothing is made",
    );
    say(&shown(&answer.body));
    Ok(())
}
