//! VNPAY's reports to the merchant. Refuses to take anything but HTTP 200 with exactly `RspCode` and `Message` as an
//! answer, and to call more than ten times.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::book::{Call, Outcome, Status};
use super::{Action, Forgery, Shop, clock, sign, with_query};
use crate::script::HowMany;

/// VNPAY 2.1.0, IPN: at most 10 calls in all.
const MOST_CALLS: u32 = 10;

#[derive(Default)]
pub(super) struct Plan {
    delay_ms: u64,
    repeats: u32,
    all_lost: bool,
    first_lost: u32,
    forgeries: Vec<Forgery>,
    stale: bool,
}

impl From<Vec<Action>> for Plan {
    fn from(actions: Vec<Action>) -> Self {
        let mut plan = Self::default();
        for action in actions {
            match action {
                Action::DelayMs(ms) => plan.delay_ms = plan.delay_ms.saturating_add(ms),
                Action::Repeat(n) => plan.repeats = plan.repeats.saturating_add(n),
                Action::Drop(HowMany::All(_)) => plan.all_lost = true,
                Action::Drop(HowMany::First(n)) => plan.first_lost = plan.first_lost.max(n),
                Action::Forge(forgery) => plan.forgeries.push(forgery),
                Action::Reorder(_) => plan.stale = true,
                Action::AmountDelta(_)
                | Action::Late(_)
                | Action::Hang(_)
                | Action::FailAfterAccept(_)
                | Action::LieUnpaid(_)
                | Action::RefundCode(_)
                | Action::RefundMs(_)
                | Action::RefundRefused(_)
                | Action::RefundFlap(_)
                | Action::RefundRepeated(_)
                | Action::Settlement(_) => {}
            }
        }
        plan
    }
}

pub(super) async fn deliver(shop: Arc<Shop>, at: usize, plan: Plan) {
    tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    let Some(query) = true_report(&shop, at) else { return };
    for forgery in plan.forgeries {
        if let Some((kind, query)) = forged(&shop, at, forgery) {
            call(&shop, at, kind, 1, &query).await;
        }
    }
    if plan.all_lost {
        lose(&shop, at, 1, &query).await;
    } else {
        call_until_confirmed(&shop, at, &query, plan.first_lost, plan.repeats).await;
    }
    if plan.stale
        && let Some(query) = stale(&shop, at)
    {
        call(&shop, at, "stale", 1, &query).await;
    }
}

async fn call_until_confirmed(shop: &Arc<Shop>, at: usize, query: &str, first_lost: u32, repeats: u32) {
    let mut copies = repeats;
    for number in 1..=MOST_CALLS {
        if number <= first_lost {
            lose(shop, at, number, query).await;
        } else {
            for copy in 1..=std::mem::take(&mut copies) {
                let (shop, query) = (Arc::clone(shop), query.to_owned());
                shop.clone().tasks.spawn(async move {
                    call(&shop, at, "repeat", copy, &query).await;
                });
            }
            if call(shop, at, "ipn", number, query).await.is_none_or(|call| call.verdict == "confirmed") {
                return;
            }
        }
        if number < MOST_CALLS {
            tokio::time::sleep(Duration::from_millis(shop.config.ipn_retry_ms)).await;
        }
    }
}

/// One call more, beside the schedule. None when the order has no outcome to report, or the log fails.
pub(super) async fn resend(shop: &Arc<Shop>, at: usize) -> Option<Call> {
    let query = true_report(shop, at)?;
    let sent = shop.book().orders.get(at)?.calls.iter().filter(|call| call.kind == "resend").count();
    call(shop, at, "resend", u32::try_from(sent).ok()?.saturating_add(1), &query).await
}

fn true_report(shop: &Shop, at: usize) -> Option<String> {
    let book = shop.book();
    let order = book.orders.get(at)?;
    let report = order.report(order.outcome.as_ref()?, &shop.config.tmn_code);
    Some(sign::signed_query(&report, &shop.hash_secret()))
}

fn forged(shop: &Shop, at: usize, forgery: Forgery) -> Option<(&'static str, String)> {
    let book = shop.book();
    let order = book.orders.get(at)?;
    let outcome = order.outcome.as_ref()?;
    let report = order.report(outcome, &shop.config.tmn_code);
    let secret = &shop.hash_secret();
    Some(match forgery {
        Forgery::Signature => ("forged_signature", sign::signed_query(&report, &format!("{secret}?"))),
        Forgery::Terminal => {
            let other = if shop.config.tmn_code == "FORGED01" { "FORGED02" } else { "FORGED01" };
            ("forged_terminal", sign::signed_query(&order.report(outcome, other), secret))
        }
        Forgery::Amount => {
            let signed = sign::signed_query(&report, secret);
            let amount = super::book::wire(outcome.amount);
            let more = super::book::wire(outcome.amount.saturating_add(1));
            let forged = signed.replacen(&format!("vnp_Amount={amount}&"), &format!("vnp_Amount={more}&"), 1);
            ("forged_amount", forged)
        }
    })
}

/// The report of a try before the one that counts: balance too low (51), no bank transaction.
fn stale(shop: &Shop, at: usize) -> Option<String> {
    let book = shop.book();
    let order = book.orders.get(at)?;
    let outcome = order.outcome.as_ref()?;
    let before = clock::parse_wire_time(&outcome.pay_date)? - jiff::SignedDuration::from_secs(30);
    let failed = Outcome {
        status: Status::Failed,
        response_code: "51".to_owned(),
        amount: order.request.amount,
        transaction_no: None,
        pay_date: clock::wire_time(before),
        bank_code: outcome.bank_code.clone(),
        card_type: outcome.card_type,
    };
    Some(sign::signed_query(&order.report(&failed, &shop.config.tmn_code), &shop.hash_secret()))
}

fn address(shop: &Shop, query: &str) -> Result<Url, String> {
    let to = shop.notify_url().clone();
    let url = Url::parse(&to).map_err(|error| format!("no IPN address: {error}"))?;
    Ok(with_query(url, query))
}

async fn lose(shop: &Arc<Shop>, at: usize, number: u32, query: &str) {
    let url = address(shop, query).map_or_else(|why| why, String::from);
    record(
        shop,
        at,
        Call {
            kind: "ipn",
            call: number,
            at: clock::now(),
            url,
            http_status: None,
            body: None,
            rsp_code: None,
            verdict: "dropped",
            why: Some("lost on its way, as scripted".to_owned()),
        },
    )
    .await;
}

/// None when the line in the log, and so the call, could not be made.
async fn call(shop: &Arc<Shop>, at: usize, kind: &'static str, number: u32, query: &str) -> Option<Call> {
    let started = clock::now();
    let mut made = Call {
        kind,
        call: number,
        at: started,
        url: String::new(),
        http_status: None,
        body: None,
        rsp_code: None,
        verdict: "no_answer",
        why: None,
    };
    match address(shop, query) {
        Err(why) => made.why = Some(why),
        Ok(url) => {
            made.url = url.to_string();
            let line =
                json!({"what": "ipn", "ipn": kind, "call": number, "order_ref": order_ref(shop, at), "url": made.url});
            if let Err(error) = shop.log.write("sent", line).await {
                tracing::error!(%error, "no IPN is sent: the simulator's log cannot be written");
                return None;
            }
            match answer(shop, url).await {
                Err(error) => made.why = Some(error),
                Ok((status, body)) => {
                    made.http_status = Some(status);
                    match read_answer(status, &body) {
                        Ok(code) => {
                            made.verdict = if matches!(code.as_str(), "00" | "02") { "confirmed" } else { "refused" };
                            made.rsp_code = Some(code);
                        }
                        Err(why) => {
                            made.verdict = "bad_answer";
                            made.why = Some(why);
                        }
                    }
                    made.body = Some(body);
                }
            }
        }
    }
    record(shop, at, made.clone()).await;
    Some(made)
}

async fn answer(shop: &Shop, url: Url) -> Result<(u16, String), String> {
    let explain = |error: reqwest::Error| {
        if error.is_timeout() { "timed out".to_owned() } else { format!("no answer: {}", error.without_url()) }
    };
    let answer = shop.client.get(url).send().await.map_err(explain)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(explain)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// VNPAY 2.1.0, IPN, merchant's answer: HTTP 200, JSON, the two string keys `RspCode` and `Message`. Codes that the
/// document does not name (npm `vnpay` has 03) are read as refusals.
fn read_answer(status: u16, body: &str) -> Result<String, String> {
    if status != 200 {
        return Err(format!("HTTP {status} instead of 200"));
    }
    let answer: Value = serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
    let keys = answer.as_object().map_or(0, serde_json::Map::len);
    match (answer.get("RspCode").and_then(Value::as_str), answer.get("Message").and_then(Value::as_str), keys) {
        (Some(code), Some(_), 2) => Ok(code.to_owned()),
        _ => Err("not exactly the two strings RspCode and Message".to_owned()),
    }
}

fn order_ref(shop: &Shop, at: usize) -> String {
    shop.book().orders.get(at).map_or_else(String::new, |order| order.request.order_ref.clone())
}

async fn record(shop: &Arc<Shop>, at: usize, call: Call) {
    let line = json!({"what": "ipn_answer", "order_ref": order_ref(shop, at), "ipn": call});
    if let Err(error) = shop.log.write("received", line).await {
        tracing::error!(%error, "an answer to an IPN is missing in the simulator's log");
    }
    if let Some(order) = shop.book().orders.get_mut(at) {
        order.calls.push(call);
    }
}

#[cfg(test)]
mod tests {
    use super::read_answer;

    #[test]
    fn only_the_documented_answer_counts() {
        assert_eq!(read_answer(200, r#"{"RspCode":"00","Message":"Confirm Success"}"#).as_deref(), Ok("00"));
        for (status, body) in [
            (500, r#"{"RspCode":"00","Message":""}"#),
            (201, r#"{"RspCode":"00","Message":""}"#),
            (200, r#"{"RspCode":0,"Message":""}"#),
            (200, r#"{"RspCode":"00"}"#),
            (200, r#"{"RspCode":"00","Message":"","more":""}"#),
            (200, "RspCode=00"),
            (200, ""),
            (200, r#""RspCode""#),
        ] {
            assert!(read_answer(status, body).is_err(), "{status} {body}");
        }
    }
}
