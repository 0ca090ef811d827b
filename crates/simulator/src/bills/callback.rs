//! Where the `mobile_money` dialect is called back (OpenAPI 1.2.0, `billsPaymentsSuccessEvent`, `billsPaymentsFailureEvent`): at
//! `/callbacks/<X-CorrelationID>`, the address that a payment named. Refuses what is about no payment of ours (404) and what is no
//! body of the document, or not about what was paid (400); nothing of that is believed.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::book::{Transaction, Word};
use super::{Application, held, pay, wallet};
use crate::server::{Answer, Refused, refused};

/// Calls that wait for theirs, by correlation id.
pub(super) type Waiting = BTreeMap<String, Vec<oneshot::Sender<Word>>>;

/// What a call says of being called back.
pub(super) struct Ear(oneshot::Receiver<Word>);

/// Before the call is made: the callback may be here before the answer.
pub(super) fn listen(app: &Application, correlation: &str) -> Ear {
    let (tells, hears) = oneshot::channel();
    let mut waiting = held(&app.waiting);
    let of_call = waiting.entry(correlation.to_owned()).or_default();
    of_call.retain(|other| !other.is_closed());
    of_call.push(tells);
    Ear(hears)
}

impl Ear {
    /// None when it did not come in time.
    pub(super) async fn hears(self, app: &Application) -> Option<Word> {
        tokio::time::timeout(Duration::from_millis(app.config.callback_wait_ms), self.0).await.ok()?.ok()
    }
}

/// The address that a payment names; none where the contract has no callbacks.
pub(super) fn address(app: &Application, correlation: &str) -> Option<String> {
    let own = app.own_url.get().filter(|_| app.config.callbacks)?;
    Some(format!("{own}/callbacks/{correlation}"))
}

pub(super) async fn take(app: web::Data<Application>, request: HttpRequest, body: web::Bytes) -> Answer {
    let correlation = request.match_info().query("correlation").to_owned();
    let checked = check(&app, &request, &correlation, &body);
    let (transaction, verdict) = match &checked {
        Ok((known, word)) => (json!(known.number), json!({"state": word.state.as_str(), "code": word.code})),
        Err(why) => (Value::Null, json!({"refused": why.field("error")})),
    };
    let line = json!({"transaction": transaction, "correlation": correlation, "body": String::from_utf8_lossy(&body),
        "verdict": verdict});
    app.log.write("callback", line).await?;
    let (known, word) = checked?;
    let waiting = held(&app.waiting).remove(&correlation).unwrap_or_default();
    let mut told = 0;
    for call in waiting {
        told += usize::from(call.send(word.clone()).is_ok());
    }
    if told == 0 {
        pay::hear(&app, &known, word).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

fn check(
    app: &Application,
    request: &HttpRequest,
    correlation: &str,
    body: &[u8],
) -> Result<(Transaction, Word), Refused> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let no = |why: &str| refused(StatusCode::BAD_REQUEST, why);
    let known = app.book().transactions.values().find(|t| wallet::correlation(&t.number) == correlation).cloned();
    let known = known.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such call"))?;
    if header("X-CorrelationID") != Some(correlation) {
        return Err(no("X-CorrelationID is not that of the call"));
    }
    if header("X-Content-Hash") != Some(hex::encode(Sha256::digest(body)).as_str()) {
        return Err(no("X-Content-Hash is not that of the body"));
    }
    if header("X-Date").and_then(|at| at.parse::<Timestamp>().ok()).is_none() {
        return Err(no("X-Date is no time"));
    }
    let said: Value = serde_json::from_slice(body).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    let word = wallet::word_of_callback(&said, &known).ok_or_else(|| no("not what was paid, and no error"))?;
    Ok((known, word))
}
