//! Calls to the biller: a token, a question, a payment that is told until an answer is one.

use std::time::Duration;

use actix_web::http::StatusCode;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::book::{State, Transaction, Word};
use super::callback::{self, Ear};
use super::{Action, Application, Dialect, Forgery, Match, bank, held, wallet};
use crate::server::{Refused, refused};

/// Status and body; else why no answer came.
type Said = Result<(u16, Value), &'static str>;

async fn read(answer: Result<reqwest::Response, reqwest::Error>) -> Said {
    let why = |error: reqwest::Error| if error.is_timeout() { "timed out" } else { "no answer" };
    let answer = answer.map_err(why)?;
    let status = answer.status().as_u16();
    // half an answer is none
    let body = answer.bytes().await.map_err(why)?;
    Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

async fn fresh_token(app: &Application) -> String {
    let asked = app.client.post(app.at("token")).basic_auth(&app.config.client_id, Some(&app.config.client_secret));
    let answer = read(asked.form(&[("grant_type", "client_credentials")]).send().await).await;
    let token = answer.ok().and_then(|(_, body)| body["access_token"].as_str().map(str::to_owned)).unwrap_or_default();
    held(&app.token).clone_from(&token);
    token
}

/// One call with the token that we have; with a fresh one where it is no longer taken.
async fn call(app: &Application, make: impl Fn() -> reqwest::RequestBuilder) -> Said {
    let mut token = held(&app.token).clone();
    if token.is_empty() {
        token = fresh_token(app).await;
    }
    let bearer = |token: &str| make().header(AUTHORIZATION, format!("Bearer {token}"));
    let said = read(bearer(&token).send().await).await;
    if !matches!(said, Ok((401, _))) {
        return said;
    }
    let token = fresh_token(app).await;
    read(bearer(&token).send().await).await
}

fn with_key(app: &Application, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    if app.config.api_key.is_empty() { request } else { request.header("X-API-Key", &app.config.api_key) }
}

/// What the customer sees: the biller's answer, and the bills in it.
pub(super) async fn ask(app: &Application, customer: &str) -> Result<Value, Refused> {
    let said = match app.config.dialect {
        Dialect::Bank => {
            let (path, body) = bank::question(app, customer);
            call(app, || app.client.post(app.at(path)).json(&body)).await
        }
        Dialect::MobileMoney => {
            call(app, || with_key(app, app.client.get(app.at(&wallet::bills_path(customer))))).await
        }
    };
    let (status, body) = said.unwrap_or((0, Value::Null));
    let bills = match app.config.dialect {
        Dialect::Bank => bank::bills(&body),
        Dialect::MobileMoney => wallet::bills(&body),
    };
    let shown = json!({"customer": customer, "status": status, "body": body, "bills": bills});
    app.log.write("asked", shown.clone()).await?;
    Ok(shown)
}

/// The customer's money is taken, and the biller told until it says yes or no, or we give up for now.
pub(super) async fn pay(app: &Application, t: Transaction) -> Result<Value, Refused> {
    let is = |m: &Match| {
        m.customer.as_ref().is_none_or(|c| *c == t.customer)
            && m.transaction.as_ref().is_none_or(|n| *n == t.number)
            && m.amount.is_none_or(|a| a == t.amount)
    };
    let actions = app.rules.take(is, |_| true);
    for action in &actions {
        match action {
            Action::DelayMs(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Action::Forge(how) => forge(app, &t, *how).await?,
            _ => {}
        }
    }
    let of = |pick: fn(&Action) -> Option<u32>| actions.iter().filter_map(pick).sum::<u32>();
    let lost = of(|a| if let Action::LoseAnswer(n) = a { Some(*n) } else { None });
    let copies = of(|a| if let Action::Repeat(n) = a { Some(*n) } else { None });
    let gives_up = actions.iter().any(|a| matches!(a, Action::GiveUp(_)));
    let others = async {
        for word in futures_join((0..copies).map(|_| tell(app, &t, None))).await {
            hear(app, &t, word?).await?;
        }
        Ok::<_, Refused>(())
    };
    let (told, others) =
        tokio::join!(until_decided(app, &t, lost, if gives_up { 1 } else { app.config.again }), others);
    told?;
    others?;
    shown(app, &t.number)
}

/// All at the same moment; the answers in their order.
async fn futures_join<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in pending.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Asks again with the same number while the answer is none. The first `lost` answers are taken for none.
pub(super) async fn until_decided(app: &Application, t: &Transaction, lost: u32, tries: u32) -> Result<(), Refused> {
    for n in 0..tries.max(1) {
        if n > 0 {
            tokio::time::sleep(Duration::from_millis(app.config.again_ms)).await;
        }
        let word = tell(app, t, None).await?;
        if n < lost {
            app.log.write("lost", json!({"transaction": t.number, "code": word.code})).await?;
            continue;
        }
        if hear(app, t, word).await? != Some(State::Unknown) {
            break;
        }
    }
    Ok(())
}

pub(super) fn shown(app: &Application, number: &str) -> Result<Value, Refused> {
    let book = app.book();
    let known = book.transactions.get(number);
    known.map(Transaction::shown).ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such transaction"))
}

pub(super) async fn hear(app: &Application, t: &Transaction, word: Word) -> Result<Option<State>, Refused> {
    let line = json!({"transaction": t.number, "state": word.state.as_str(), "code": word.code});
    app.log.write("heard", line).await?;
    Ok(app.book().hear(&t.number, word))
}

/// One call about a payment. What was sent and what came of it is written down before anybody draws a conclusion.
async fn tell(app: &Application, t: &Transaction, forged: Option<Forgery>) -> Result<Word, Refused> {
    let (body, word) = match app.config.dialect {
        Dialect::Bank => {
            let (path, body) = bank::payment(app, t, forged);
            let body = body.to_string();
            let make = || app.client.post(app.at(path)).header("Content-Type", "application/json").body(body.clone());
            let word = word(call(app, make).await, bank::word);
            (body, word)
        }
        Dialect::MobileMoney => tell_wallet(app, t, forged).await,
    };
    written(app, t, forged.is_some(), &body, word).await
}

async fn tell_wallet(app: &Application, t: &Transaction, forged: Option<Forgery>) -> (String, Word) {
    let body = wallet::payment(t).to_string();
    let (path, correlation) = (wallet::payment_path(t), wallet::correlation(&t.number));
    let mut hash = hex::encode(Sha256::digest(&body));
    if forged == Some(Forgery::Checksum) {
        hash.replace_range(..1, if hash.starts_with('0') { "1" } else { "0" });
    }
    let back = callback::address(app, &correlation);
    let ear = callback::listen(app, &correlation);
    let said = call(app, || {
        let request = with_key(app, app.client.post(app.at(&path))).header("X-CorrelationID", &correlation);
        let request = back.iter().fold(request, |request, url| request.header("X-Callback-URL", url));
        request.header("X-Content-Hash", &hash).header("Content-Type", "application/json").body(body.clone())
    })
    .await;
    let word = match said {
        Ok((202, said)) => called_back(app, ear, &said).await,
        said => word(said, wallet::word),
    };
    (body, word)
}

/// The outcome of what was answered 202. Whoever is called back asks too when nobody calls.
async fn called_back(app: &Application, ear: Ear, said: &Value) -> Word {
    let told = if said["notificationMethod"] == "callback" { ear.hears(app).await } else { None };
    match told {
        Some(word) => word,
        None => ask_state(app, said["serverCorrelationId"].as_str().unwrap_or_default()).await,
    }
}

async fn written(app: &Application, t: &Transaction, forged: bool, body: &str, word: Word) -> Result<Word, Refused> {
    let line = json!({"transaction": t.number, "amount": t.amount, "forged": forged, "body": body,
        "state": word.state.as_str(), "code": word.code});
    app.log.write("told", line).await?;
    Ok(word)
}

fn word(said: Said, read: fn(u16, &Value) -> Word) -> Word {
    match said {
        Ok((status, body)) => read(status, &body),
        Err(why) => Word { state: State::Unknown, code: why.to_owned() },
    }
}

async fn ask_state(app: &Application, id: &str) -> Word {
    let path = format!("requeststates/{id}");
    match call(app, || with_key(app, app.client.get(app.at(&path)))).await {
        Ok((200, body)) => wallet::word_of_state(&body),
        said => word(said, wallet::word),
    }
}

/// Somebody who is not us tells of the payment. What they hear decides nothing.
async fn forge(app: &Application, t: &Transaction, how: Forgery) -> Result<(), Refused> {
    let as_json = |path: &str, body: &str| {
        let call = app.client.post(app.at(path)).bearer_auth("e30.e30.e30");
        call.header("Content-Type", "application/json").body(body.to_owned()).send()
    };
    let word = match (how, app.config.dialect) {
        (Forgery::Token, Dialect::Bank) => {
            let (path, body) = bank::payment(app, t, None);
            let body = body.to_string();
            let word = word(read(as_json(path, &body).await).await, bank::word);
            written(app, t, true, &body, word).await?
        }
        (Forgery::Token | Forgery::Service, Dialect::MobileMoney) => {
            let body = wallet::payment(t).to_string();
            let word = word(read(as_json(&wallet::payment_path(t), &body).await).await, wallet::word);
            written(app, t, true, &body, word).await?
        }
        _ => tell(app, t, Some(how)).await?,
    };
    app.log.write("forged", json!({"transaction": t.number, "code": word.code})).await?;
    Ok(())
}
