//! Callers' way to the gateways: a request is repeated under its key until its outcome is known, sometimes at both
//! gateways at once, and every answer is in the diary before its caller goes on.

use crate::deck::Deck;
use crate::diary::Diary;
use crate::seat::Seat;
use crate::tally::{self, Tally};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::interruption::Dice;

/// `sync` answers within 10 s, everything else sooner; a file may take longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);
const FILE_LIMIT: Duration = Duration::from_secs(60);
/// Who is told that the same request is being worked on asks so long: longer than a killed attempt's mark stands.
const PATIENCE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(100);
/// Refusals that say what is so, and no more.
const DEFINITE: [&str; 19] = [
    "amount_not_exact",
    "approval_stale",
    "attempt_committed",
    "channel_unavailable",
    "drawer_deposited",
    "drawer_short",
    "intent_cancelled",
    "intent_expired",
    "intent_paid",
    "intent_wrong_status",
    "nothing_due",
    "obligation_in_payment",
    "obligation_locked",
    "obligation_not_payable",
    "obligation_paid",
    "file_refused",
    "does_not_tie_out",
    "provider_refused",
    "provider_unavailable",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Portal,
    /// At the desk.
    Officer,
    /// Who decides about what others propose, and sends files.
    Staff,
}

/// The keys of all three.
#[derive(Clone)]
pub struct Keys {
    pub portal: String,
    pub officer: String,
    pub staff: String,
}

#[derive(Clone)]
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    /// None where the path is the key.
    pub key: Option<String>,
    pub body: Arc<[u8]>,
    /// Whose key it bears.
    pub by: Who,
    pub is_file: bool,
}

impl Asked {
    pub fn put(path: String, body: &Value) -> Self {
        Self { method: "PUT", body: body.to_string().into_bytes().into(), ..Self::get(path) }
    }

    pub fn post(path: String, key: String, body: &Value) -> Self {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Self { method: "POST", key: Some(key), body: body.into(), ..Self::get(path) }
    }

    pub fn file(path: String, key: String, bytes: Vec<u8>) -> Self {
        Self { method: "POST", key: Some(key), body: bytes.into(), by: Who::Staff, is_file: true, ..Self::get(path) }
    }

    /// A person's request.
    pub fn by_staff(path: String, key: String, body: &Value) -> Self {
        Self { by: Who::Staff, ..Self::post(path, key, body) }
    }

    pub fn by_officer(path: String, key: String, body: &Value) -> Self {
        Self { by: Who::Officer, ..Self::post(path, key, body) }
    }

    pub fn get(path: String) -> Self {
        Self { method: "GET", path, key: None, body: Vec::new().into(), by: Who::Portal, is_file: false }
    }
}

/// How a request ended.
pub enum Told {
    Done(Value),
    Refused(String),
    /// Its outcome is not known; it is asked again when all is well.
    Open,
}

impl Told {
    pub fn done(self) -> Option<Value> {
        if let Self::Done(answer) = self { Some(answer) } else { None }
    }
}

struct Answer {
    status: u16,
    text: String,
    says_when: bool,
}

/// What callers do to their own requests.
pub struct Odds {
    /// Sent twice at once.
    pub twice: Deck<bool>,
    /// Hung up on, before an answer.
    pub hung_up: Deck<bool>,
    pub dice: Dice,
}

pub struct Gate {
    http: reqwest::Client,
    pub gateways: Vec<(String, Arc<Seat>)>,
    keys: Keys,
    pub diary: Diary,
    pub tally: Arc<Tally>,
    odds: Mutex<Odds>,
    turn: AtomicUsize,
    /// So long whoever is told to come again comes again.
    until: Mutex<Instant>,
    unfinished: Mutex<Vec<Asked>>,
    told: Mutex<Vec<Asked>>,
}

impl Gate {
    pub fn new(
        http: &reqwest::Client,
        gateways: Vec<(String, Arc<Seat>)>,
        keys: Keys,
        (diary, tally): (Diary, Arc<Tally>),
        odds: Odds,
        until: Instant,
    ) -> Self {
        let (odds, turn) = (Mutex::new(odds), AtomicUsize::new(0));
        let (unfinished, told) = (Mutex::default(), Mutex::default());
        let (http, until) = (http.clone(), Mutex::new(until));
        Self { http, gateways, keys, diary, tally, odds, turn, until, unfinished, told }
    }

    /// Another time begins: callers go on until then.
    pub fn go_on(&self, until: Instant) {
        *self.until.lock().unwrap() = until;
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= *self.until.lock().unwrap()
    }

    /// Repeats until the outcome is known, or the time is over, or patience is.
    pub async fn tell(&self, asked: Asked) -> Told {
        let begun = Instant::now();
        let (twice, hangs_up, patience) = {
            let mut odds = self.odds.lock().unwrap();
            let plain = asked.key.is_some() && !asked.is_file;
            (plain && odds.twice.draw(), odds.hung_up.draw(), odds.dice.millis(1, 60))
        };
        if hangs_up {
            // the connection goes with the future
            let _ = tokio::time::timeout(patience, self.ask(&asked, self.turn.load(Ordering::Relaxed))).await;
            self.tally.count(tally::HUNG_UP);
        }
        if twice {
            self.tally.count(tally::SENT_TWICE);
            let (one, other) = tokio::join!(self.ask(&asked, 0), self.ask(&asked, 1));
            let (one, other) = (self.note(&asked, one).await, self.note(&asked, other).await);
            if let Some(told) = one.or(other) {
                return told;
            }
        }
        while !self.is_over() && begun.elapsed() < PATIENCE {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let answer = self.ask(&asked, turn).await;
            if let Some(told) = self.note(&asked, answer).await {
                return told;
            }
            tokio::time::sleep(PAUSE).await;
        }
        if asked.key.is_some() {
            self.unfinished.lock().unwrap().push(asked);
        }
        Told::Open
    }

    /// One try at one gateway; None without a whole answer.
    async fn ask(&self, asked: &Asked, turn: usize) -> Option<Answer> {
        let (base, seat) = &self.gateways[turn % self.gateways.len()];
        let limit = if asked.is_file { FILE_LIMIT } else { ANSWER_LIMIT };
        let method = reqwest::Method::from_bytes(asked.method.as_bytes()).unwrap();
        let key = match asked.by {
            Who::Portal => &self.keys.portal,
            Who::Officer => &self.keys.officer,
            Who::Staff => &self.keys.staff,
        };
        let mut call = self.http.request(method, format!("{base}{}", asked.path)).bearer_auth(key).timeout(limit);
        if let Some(key) = &asked.key {
            call = call.header("Idempotency-Key", key);
        }
        if !asked.body.is_empty() {
            let form = if asked.is_file { "application/octet-stream" } else { "application/json" };
            call = call.header("Content-Type", form).body(asked.body.to_vec());
        }
        let sent = Instant::now();
        let open = Open::one(seat);
        let answer = whole(call).await;
        drop(open);
        let what = if asked.is_file { "a file's answer" } else { "a caller's answer" };
        match answer {
            Ok(answer) => {
                self.tally.took(what, sent.elapsed(), limit);
                Some(answer)
            }
            Err(error) if error.is_timeout() => {
                self.tally.wrong(format!("no answer within {limit:?}: {} {}", asked.method, asked.path));
                None
            }
            Err(_) => {
                self.tally.count(tally::BROKEN_OFF);
                None
            }
        }
    }

    /// Writes an answer down; Some when it is an outcome.
    async fn note(&self, asked: &Asked, answer: Option<Answer>) -> Option<Told> {
        let Answer { status, text, says_when } = answer?;
        let json: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            if asked.method != "GET" {
                self.diary.write(line(asked, status, &text, &json)).await;
                self.tally.count(tally::ANSWERS);
                self.told.lock().unwrap().push(asked.clone());
            }
            return Some(Told::Done(json));
        }
        let code = json["code"].as_str().unwrap_or_default().to_owned();
        if (status == 503 && says_when) || status == 429 || code == "idempotency_in_progress" {
            self.tally.count(tally::REFUSED);
            return None;
        }
        if DEFINITE.contains(&code.as_str()) {
            return Some(Told::Refused(code));
        }
        self.tally.wrong(format!("neither done nor \"come again\": {} {}: {status} {text}", asked.method, asked.path));
        Some(Told::Refused(code))
    }

    /// With all well again: what was broken off gets its outcome, and whatever was told is asked once more.
    pub async fn ask_again(&self) {
        let unfinished = std::mem::take(&mut *self.unfinished.lock().unwrap());
        println!("{} requests whose outcome their callers do not know are sent again", unfinished.len());
        for asked in unfinished {
            if matches!(self.tell(asked.clone()).await, Told::Open) {
                self.tally.wrong(format!("no outcome with all well: {} {}", asked.method, asked.path));
            }
        }
        let mut told = std::mem::take(&mut *self.told.lock().unwrap());
        told.retain(|asked| asked.key.is_some());
        told.sort_by(|a, b| a.key.cmp(&b.key));
        told.dedup_by(|a, b| a.key == b.key);
        println!("{} requests that were answered are sent again under their keys", told.len());
        for some in told.chunks(8) {
            futures_util::future::join_all(some.iter().map(|asked| self.tell(asked.clone()))).await;
        }
    }
}

/// A request that is open at a process, until it is dropped.
struct Open<'a>(&'a Seat);

impl<'a> Open<'a> {
    fn one(seat: &'a Seat) -> Self {
        seat.open.fetch_add(1, Ordering::SeqCst);
        Self(seat)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn whole(call: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = call.send().await?;
    let status = answer.status().as_u16();
    let says_when = answer.headers().contains_key("retry-after");
    Ok(Answer { status, says_when, text: answer.text().await? })
}

/// What a 2xx said, with the request.
fn line(asked: &Asked, status: u16, text: &str, answer: &Value) -> Value {
    json!({"kind": "answer", "method": asked.method, "path": asked.path, "key": asked.key, "status": status,
        "answer": answer, "text": text})
}
