//! The dossier system says where it wants to hear of payments, and is given the secret to check each message with. Its
//! removal at the end is courtesy: the next run's events need not go to an address of this one.

use serde_json::json;

use crate::story::gateway::text;
use crate::story::paper::say;
use crate::story::stage::{Endpoint, Story};
use crate::story::stop::Stop;

pub async fn register(story: &mut Story) -> Result<(), Stop> {
    let name = format!("story-{}", story.run.name);
    let url = story.dossier.address(&name);
    let key = story.key();
    let answer = story.api.post("/v1/event-endpoints", &json!({"url": url}), &key).await?.must_be(201)?;
    let (id, secret) = (text(&answer.body, "id")?, text(&answer.body, "secret")?);
    say(&format!("    Địa chỉ nhận sự kiện (event endpoint): {url}"));
    story.tally.check(
        secret.starts_with("whsec_"),
        format_args!("điểm nhận {id} được tạo, bí mật chỉ hiện một lần"),
        "the endpoint is made and its secret shown once",
    );
    story.dossier.trust(&name, &secret).await?;
    story.endpoint = Some(Endpoint { id, name });
    Ok(())
}

/// Says so when it worked; an instance without this call keeps the endpoint, and nothing is wrong.
pub async fn remove(story: &mut Story) {
    let Some(endpoint) = story.endpoint.take() else { return };
    let key = story.key();
    let removed = story.api.delete(&format!("/v1/event-endpoints/{}", endpoint.id), &key).await;
    if removed.is_ok_and(|answer| answer.status < 300) {
        say(&format!("\n    Đã gỡ điểm nhận (endpoint removed): {}", endpoint.id));
    }
}
