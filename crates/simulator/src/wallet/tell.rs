//! A wallet's reports to its merchant: POST, JSON. Refuses to take any answer for an end of it but its own document's.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::book::{Call, Outcome, Status};
use super::{Action, Forgery, Shop, Wire};
use crate::clock;
use crate::script::HowMany;

#[derive(Default)]
pub(crate) struct Plan {
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
                _ => {}
            }
        }
        plan
    }
}

pub(crate) async fn deliver<W: Wire>(shop: Arc<Shop<W>>, at: usize, plan: Plan) {
    tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    let Some(body) = true_report(&shop, at) else { return };
    for forgery in plan.forgeries {
        if let Some((kind, body)) = forged(&shop, at, forgery) {
            call(&shop, at, kind, 1, &body).await;
        }
    }
    if plan.all_lost {
        lose(&shop, at, 1, &body).await;
    } else {
        call_until_taken(&shop, at, &body, plan.first_lost, plan.repeats).await;
    }
    if plan.stale
        && let Some(body) = stale(&shop, at)
    {
        call(&shop, at, "stale", 1, &body).await;
    }
}

async fn call_until_taken<W: Wire>(shop: &Arc<Shop<W>>, at: usize, body: &str, first_lost: u32, repeats: u32) {
    let mut copies = repeats;
    for number in 1..=W::MOST_CALLS {
        if number <= first_lost {
            lose(shop, at, number, body).await;
        } else {
            for copy in 1..=std::mem::take(&mut copies) {
                let (shop, body) = (Arc::clone(shop), body.to_owned());
                shop.clone().tasks.spawn(async move {
                    call(&shop, at, "repeat", copy, &body).await;
                });
            }
            if call(shop, at, "report", number, body).await.is_none_or(|call| call.verdict == "confirmed") {
                return;
            }
        }
        if number < W::MOST_CALLS {
            tokio::time::sleep(Duration::from_millis(shop.times.retry_ms)).await;
        }
    }
}

/// One call more, beside the schedule. None when there is nothing to report, or the log fails.
pub(crate) async fn resend<W: Wire>(shop: &Arc<Shop<W>>, at: usize) -> Option<Call> {
    let body = true_report(shop, at)?;
    let sent = shop.book().orders.get(at)?.calls.iter().filter(|call| call.kind == "resend").count();
    call(shop, at, "resend", u32::try_from(sent).ok()?.saturating_add(1), &body).await
}

fn true_report<W: Wire>(shop: &Shop<W>, at: usize) -> Option<String> {
    let book = shop.book();
    let order = book.orders.get(at)?;
    shop.wire.report(order, order.outcome.as_ref()?)
}

fn forged<W: Wire>(shop: &Shop<W>, at: usize, forgery: Forgery) -> Option<(&'static str, String)> {
    let book = shop.book();
    let order = book.orders.get(at)?;
    let kind = match forgery {
        Forgery::Signature => "forged_signature",
        Forgery::Merchant => "forged_merchant",
        Forgery::Amount => "forged_amount",
    };
    Some((kind, shop.wire.forged(order, order.outcome.as_ref()?, forgery)?))
}

/// The report of a try before the one that counts.
fn stale<W: Wire>(shop: &Shop<W>, at: usize) -> Option<String> {
    let mut book = shop.book();
    let transaction_no = book.next_no();
    let order = book.orders.get(at)?;
    let outcome = order.outcome.as_ref()?;
    let failed = Outcome {
        status: Status::Failed,
        code: W::FAILED,
        amount: order.amount,
        transaction_no,
        at: outcome.at.checked_sub(jiff::SignedDuration::from_secs(30)).ok()?,
    };
    shop.wire.report(order, &failed)
}

fn made(kind: &'static str, number: u32, body: &str) -> Call {
    Call {
        kind,
        call: number,
        at: clock::now(),
        sent: body.to_owned(),
        http_status: None,
        answer: None,
        verdict: "no_answer",
        why: None,
    }
}

async fn lose<W: Wire>(shop: &Arc<Shop<W>>, at: usize, number: u32, body: &str) {
    let why = Some("lost on its way, as scripted".to_owned());
    record(shop, at, Call { verdict: "dropped", why, ..made("report", number, body) }).await;
}

/// None when the line in the log, and so the call, could not be made.
async fn call<W: Wire>(shop: &Arc<Shop<W>>, at: usize, kind: &'static str, number: u32, body: &str) -> Option<Call> {
    let mut made = made(kind, number, body);
    let (order_ref, to) = {
        let book = shop.book();
        let order = book.orders.get(at)?;
        (W::own_name(&order.wire_ref).to_owned(), order.notify_url.clone())
    };
    let line = json!({"what": kind, "call": number, "order_ref": order_ref, "url": to, "body": body});
    if let Err(error) = shop.log.write("sent", line).await {
        tracing::error!(%error, "no report is sent: the simulator's log cannot be written");
        return None;
    }
    match answer(shop, &to, body).await {
        Err(why) => made.why = Some(why),
        Ok((status, body)) => {
            made.http_status = Some(status);
            match W::is_taken(status, &body) {
                Ok(()) => made.verdict = "confirmed",
                Err(why) => (made.verdict, made.why) = ("refused", Some(why)),
            }
            made.answer = Some(body);
        }
    }
    record(shop, at, made.clone()).await;
    Some(made)
}

async fn answer<W: Wire>(shop: &Shop<W>, to: &str, body: &str) -> Result<(u16, String), String> {
    let explain = |error: reqwest::Error| {
        if error.is_timeout() { "timed out".to_owned() } else { format!("no answer: {}", error.without_url()) }
    };
    let url = Url::parse(to).map_err(|error| format!("no address: {error}"))?;
    let call = shop.client.post(url).header("content-type", "application/json; charset=UTF-8");
    let answer = call.body(body.to_owned()).send().await.map_err(explain)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(explain)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

async fn record<W: Wire>(shop: &Arc<Shop<W>>, at: usize, call: Call) {
    let order_ref = {
        let book = shop.book();
        book.orders.get(at).map_or_else(String::new, |order| W::own_name(&order.wire_ref).to_owned())
    };
    let line = json!({"what": "answer_to_report", "order_ref": order_ref, "report": call});
    if let Err(error) = shop.log.write("received", line).await {
        tracing::error!(%error, "an answer to a report is missing in the simulator's log");
    }
    if let Some(order) = shop.book().orders.get_mut(at) {
        order.calls.push(call);
    }
}
