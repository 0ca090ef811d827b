//! What the gateway refuses: each refusal is a problem document that names the field and why, and leaves every row of
//! the books as it was.

mod afresh;
mod authorization;
mod bodies;
mod fields;
mod listeners;
mod lists;
mod shapes;
mod wires;

use serde_json::Value;
use tests::House;
use tests::portal::{Answered, fresh};

/// Sends a body as it is.
async fn put(house: &House, path: &str, media: Option<&str>, body: impl Into<Vec<u8>>) -> Answered {
    let call = house.http.put(format!("{}{path}", house.portal.base)).bearer_auth(&house.portal.key);
    let call = media.into_iter().fold(call, |call, media| call.header("content-type", media));
    Answered::of(call.body(body.into()).send().await.unwrap()).await
}

async fn post(house: &House, path: &str, body: impl Into<Vec<u8>>) -> Answered {
    let call = house.http.post(format!("{}{path}", house.portal.base)).bearer_auth(&house.portal.key);
    let call = call.header("idempotency-key", format!("key-{}", fresh())).header("content-type", "application/json");
    Answered::of(call.body(body.into()).send().await.unwrap()).await
}

/// Where and how, of each field that the answer complains about.
#[track_caller]
fn complaints(what: &str, answer: &Answered) -> Vec<(String, String)> {
    assert_eq!(answer.clone().refused(422), answer.json["code"].as_str().unwrap(), "{what}");
    let errors = answer.json["errors"].as_array().unwrap_or_else(|| panic!("{what}: names no field: {}", answer.text));
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    assert!(errors.iter().all(|e| e["detail"].as_str().is_some_and(|d| d.len() > 5)), "{what}: {}", answer.text);
    errors.iter().map(|e| (text(&e["pointer"]), text(&e["code"]))).collect()
}

/// One field is wrong, and this is how.
#[track_caller]
fn complains(what: &str, answer: &Answered, pointer: &str, code: &str) {
    assert_eq!(complaints(what, answer), [(pointer.to_owned(), code.to_owned())], "{what}: {}", answer.text);
}

/// An answer without what differs at each call.
fn without_id(answer: &Answered) -> (u16, Value) {
    let mut body = answer.json.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status, body)
}
