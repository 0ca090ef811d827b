//! What the bank's notifiers tell their customer, and their tries. Refuses to count anything but the documented answer
//! as heard, and to try more often than the schedule says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::config::{NotifierConfig, NotifierKind};
use super::wire::{self, Message, Reference, Told};
use super::{Action, Bank, Forgery};
use crate::clock;
use crate::script::HowMany;

/// How long `reorder` waits for a later movement to overtake.
const OVERTAKE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Plan {
    delay_ms: u64,
    repeats: u32,
    all_lost: bool,
    first_lost: u32,
    answers_lost: u32,
    forgeries: Vec<Forgery>,
    overtaken: bool,
    amount_delta: i64,
    reference: Reference,
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
                Action::AmountDelta(delta) => plan.amount_delta = plan.amount_delta.saturating_add(delta),
                Action::Forge(forgery) => plan.forgeries.push(forgery),
                Action::Reorder(_) => plan.overtaken = true,
                Action::FailAfterAccept(_) => plan.answers_lost += 1,
                Action::WithoutReference(_) => plan.reference = Reference::Absent,
                Action::OtherReference(_) => plan.reference = Reference::Other,
                Action::Hang(_) | Action::Unlisted(_) => {}
            }
        }
        plan
    }
}

/// One notifier of one account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub(super) account: String,
    pub(super) notifier: String,
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Confirmed,
    Unconfirmed,
    /// The notifier is gone or the log fails: no more tries.
    Over,
}

pub(super) async fn deliver(bank: Arc<Bank>, line: Line, id: u64, plan: Plan) {
    let told = {
        let book = bank.book();
        let Some(account) = book.accounts.get(&line.account) else { return };
        let Some(transaction) = book.entries.iter().rfind(|entry| entry.id == id) else { return };
        Told::new(account, transaction, plan.amount_delta, plan.reference)
    };
    tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    if plan.overtaken {
        let mut latest = bank.latest.subscribe();
        let overtaken = latest.wait_for(|latest| latest.get(&line).is_some_and(|latest| *latest > id));
        let _ = tokio::time::timeout(OVERTAKE, overtaken).await;
    }
    for forgery in &plan.forgeries {
        call(&bank, &line, &told, forgery.name(), 1, Some(*forgery)).await;
    }
    let Some(schedule) = notifier(&bank, &line).map(|notifier| notifier.schedule_ms) else { return };
    let schedule = schedule.unwrap_or_else(|| bank.config.schedule_ms.clone());
    let (mut copies, mut answers_lost) = (plan.repeats, plan.answers_lost);
    for (number, wait) in (1_u32..).zip(schedule) {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if plan.all_lost || number <= plan.first_lost {
            let why = "lost on its way, as scripted";
            record(
                &bank,
                &line,
                &told,
                json!({"notification": "true", "try": number, "verdict": "dropped", "why": why}),
            )
            .await;
            if plan.all_lost {
                return;
            }
            continue;
        }
        for copy in 1..=std::mem::take(&mut copies) {
            let (bank, line, told) = (Arc::clone(&bank), line.clone(), told.clone());
            bank.tasks.clone().spawn(async move {
                call(&bank, &line, &told, "repeat", copy, None).await;
            });
        }
        let verdict = call(&bank, &line, &told, "true", number, None).await;
        bank.latest.send_modify(|latest| {
            let latest = latest.entry(line.clone()).or_insert(0);
            *latest = id.max(*latest);
        });
        match verdict {
            Verdict::Over => return,
            Verdict::Confirmed if answers_lost == 0 => return,
            Verdict::Confirmed => answers_lost -= 1,
            Verdict::Unconfirmed => {}
        }
    }
}

/// As it is now: its address may have changed since the last try.
fn notifier(bank: &Bank, line: &Line) -> Option<NotifierConfig> {
    let book = bank.book();
    book.accounts.get(&line.account)?.notifiers.iter().find(|notifier| notifier.name() == line.notifier).cloned()
}

async fn call(
    bank: &Arc<Bank>,
    line: &Line,
    told: &Told,
    what: &'static str,
    number: u32,
    forgery: Option<Forgery>,
) -> Verdict {
    let Some(notifier) = notifier(bank, line) else { return Verdict::Over };
    let message = match wire::message(notifier.kind, &notifier.secret, told, forgery, clock::now()) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(%error, "a notification cannot be written");
            return Verdict::Over;
        }
    };
    let headers: Value = message
        .headers
        .iter()
        .filter(|(name, _)| *name != "Authorization")
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let sent = json!({
        "what": "notification", "notification": what, "try": number, "account": line.account,
        "notifier": line.notifier, "id": told.transaction.id, "url": notifier.url, "headers": headers,
        "body": message.body,
    });
    if let Err(error) = bank.log.write("sent", sent).await {
        tracing::error!(%error, "no notification is sent: the simulator's log cannot be written");
        return Verdict::Over;
    }
    let answer = answer(bank, &notifier.url, message).await;
    let (status, body, heard) = match answer {
        Err(why) => (None, None, Err(why)),
        Ok((status, body)) => {
            let heard = read_answer(notifier.kind, status, &body);
            (Some(status), Some(body), heard)
        }
    };
    let verdict = match (&heard, status) {
        (Ok(()), _) => "confirmed",
        (Err(_), Some(_)) => "refused",
        (Err(_), None) => "no_answer",
    };
    let confirmed = heard.is_ok();
    let line_of_log = json!({
        "notification": what, "try": number, "http_status": status, "body": body, "verdict": verdict,
        "why": heard.err(),
    });
    record(bank, line, told, line_of_log).await;
    if confirmed { Verdict::Confirmed } else { Verdict::Unconfirmed }
}

async fn answer(bank: &Bank, url: &str, message: Message) -> Result<(u16, String), String> {
    if url.is_empty() {
        return Err("no address yet".to_owned());
    }
    let explain = |error: reqwest::Error| {
        if error.is_timeout() { "timed out".to_owned() } else { format!("no answer: {}", error.without_url()) }
    };
    let request = bank.client.post(url).header("Content-Type", "application/json").body(message.body);
    let request = message.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let answer = request.send().await.map_err(explain)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(explain)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// SePay: 2xx and `"success": true`. Casso and payOS publish no more than 2xx.
fn read_answer(kind: NotifierKind, status: u16, body: &str) -> Result<(), String> {
    if !(200..300).contains(&status) {
        return Err(format!("HTTP {status}"));
    }
    if matches!(kind, NotifierKind::Casso | NotifierKind::Payos) {
        return Ok(());
    }
    let answer: Value = serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
    if answer["success"] == true { Ok(()) } else { Err("not \"success\": true".to_owned()) }
}

async fn record(bank: &Bank, line: &Line, told: &Told, mut what: Value) {
    if let Some(fields) = what.as_object_mut() {
        fields.insert("what".to_owned(), "notification_answer".into());
        fields.insert("account".to_owned(), line.account.as_str().into());
        fields.insert("notifier".to_owned(), line.notifier.as_str().into());
        fields.insert("id".to_owned(), told.transaction.id.into());
    }
    if let Err(error) = bank.log.write("received", what).await {
        tracing::error!(%error, "an answer to a notification is missing in the simulator's log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_answer_counts() {
        let sepay = NotifierKind::SepayHmac;
        assert_eq!(read_answer(sepay, 201, r#"{"success": true, "more": 1}"#), Ok(()));
        for (status, body) in [(200, ""), (200, "{}"), (200, r#"{"success":"true"}"#), (500, r#"{"success":true}"#)] {
            assert!(read_answer(sepay, status, body).is_err(), "{status} {body}");
        }
        assert_eq!(read_answer(NotifierKind::Casso, 204, ""), Ok(()));
        assert!(read_answer(NotifierKind::Payos, 302, "").is_err());
    }
}
