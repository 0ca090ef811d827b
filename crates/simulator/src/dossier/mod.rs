//! The agency's dossier system, a stub that receives the gateway's events. Refuses what is not signed, too old, too
//! big or without a stream and a sequence, and applies each event once and in order.

mod webhook;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::webhook::{Headers, Secret};
use crate::clock;
use crate::log::Log;
use crate::script::{On, Rule, Rules};
use crate::server::{self, Answer, Running, Tasks, cut, dong, html, json_lines, refused, strict, to_its_end};

/// The contract of the gateway, events: a body is under 20 kB.
const LARGEST_BODY: usize = 20_000;
const DEFAULT: &str = "default";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DossierConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

impl Default for DossierConfig {
    fn default() -> Self {
        Self { listen: any_port(), log: None }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    r#type: Option<String>,
    stream: Option<String>,
    dossier_code: Option<String>,
    name: Option<String>,
}

impl Match {
    fn is(&self, name: &str, event: &Event) -> bool {
        let same = |wanted: &Option<String>, got: Option<&str>| wanted.is_none() || wanted.as_deref() == got;
        same(&self.name, Some(name))
            && same(&self.r#type, event.r#type.as_deref())
            && same(&self.stream, event.stream.as_deref())
            && same(&self.dossier_code, event.dossier_code.as_deref())
    }
}

/// What happens to an event that is well signed. Except with `fail_after_accept` and `hang`, it is not applied then.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Status(u16),
    /// Applied, and answered with 500.
    FailAfterAccept(On),
    /// Waits, then looks at the event.
    DelayMs(u64),
    /// Applies the event, then waits with the answer.
    Hang(u64),
    /// 503 with `Retry-After`, or the scripted status with it.
    RetryAfterS(u64),
    /// Closes the connection without an answer.
    Drop(On),
    /// 307 to that address: a client that follows would send the same POST there.
    Redirect(String),
}

#[derive(Default)]
struct Event {
    r#type: Option<String>,
    stream: Option<String>,
    sequence: Option<u64>,
    dossier_code: Option<String>,
    amount: Option<i64>,
    gap_before: Vec<u64>,
}

impl Event {
    /// Reads what it can, so that a refused body is still recorded with what it says of itself.
    fn read(body: &[u8]) -> (Self, Result<(), String>) {
        let body: Value = match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(error) => return (Self::default(), Err(format!("the body is not JSON: {error}"))),
        };
        let data = &body["data"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let gap = match &data["gap_before"] {
            Value::Null => Some(Vec::new()),
            Value::Array(gap) => gap.iter().map(Value::as_u64).collect(),
            _ => None,
        };
        let event = Self {
            r#type: text(&body["type"]),
            stream: text(&data["stream"]),
            sequence: data["sequence"].as_u64().filter(|sequence| *sequence > 0),
            dossier_code: text(&data["dossier_code"]),
            amount: data["amount"].as_i64(),
            gap_before: gap.clone().unwrap_or_default(),
        };
        let problem = if event.r#type.is_none() {
            Some("type is not a string")
        } else if body["timestamp"].as_str().is_none_or(|at| at.parse::<Timestamp>().is_err()) {
            Some("timestamp is not RFC 3339")
        } else if event.stream.is_none() {
            Some("data.stream is not a string")
        } else if event.sequence.is_none() {
            Some("data.sequence is not a positive integer")
        } else if gap.is_none() {
            Some("data.gap_before is not an array of sequences")
        } else {
            None
        };
        (event, problem.map_or(Ok(()), |why| Err(why.to_owned())))
    }
}

/// One arrival.
#[derive(Clone, Debug, Serialize)]
struct Record {
    n: usize,
    name: String,
    received_at: Timestamp,
    id: Option<String>,
    timestamp: Option<String>,
    r#type: Option<String>,
    stream: Option<String>,
    sequence: Option<u64>,
    dossier_code: Option<String>,
    amount: Option<i64>,
    gap_before: Vec<u64>,
    body: String,
    /// How often this id came here well signed, this time included; 0 for what was refused.
    times_seen: u32,
    /// False when the same id came before with other bytes.
    same_bytes: bool,
    applied: bool,
    /// The sequence jumped further than `gap_before` explains.
    gap: bool,
    /// Why it was not taken: 400, 401 or 413.
    refused: Option<String>,
    /// None while no answer is decided, and when the connection is cut.
    answered: Option<u16>,
}

#[derive(Default)]
struct Endpoint {
    secrets: Vec<Secret>,
    from_start: bool,
    last: HashMap<String, u64>,
    applied_ids: HashSet<String>,
    seen: HashMap<String, (u32, String)>,
}

impl Endpoint {
    /// Whether the event takes effect, and whether something is missing before it. Without `from_start` the first
    /// sequence of a stream is taken as it comes: a new endpoint gets only what was sequenced after it was made.
    fn apply(&mut self, id: &str, stream: &str, sequence: u64, gap_before: &[u64]) -> (bool, bool) {
        let last = match self.last.get(stream) {
            Some(last) => *last,
            None if self.from_start => 0,
            None => sequence.saturating_sub(1),
        };
        if sequence <= last || !self.applied_ids.insert(id.to_owned()) {
            return (false, false);
        }
        let given_up: HashSet<u64> = gap_before.iter().copied().filter(|n| (last + 1..sequence).contains(n)).collect();
        let explained = u64::try_from(given_up.len()).unwrap_or(u64::MAX);
        self.last.insert(stream.to_owned(), sequence);
        (true, sequence - last - 1 > explained)
    }
}

#[derive(Default)]
struct Office {
    endpoints: BTreeMap<String, Endpoint>,
    records: Vec<Record>,
}

struct Desk {
    office: Mutex<Office>,
    rules: Rules<Match, Action>,
    log: Log,
}

impl Desk {
    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: DossierConfig) -> io::Result<Running> {
    let desk = web::Data::new(Desk {
        office: Mutex::new(Office::default()),
        rules: Rules::default(),
        log: Log::open(config.log.as_deref())?,
    });
    server::run(&config.listen, Tasks::new(), move |routes| {
        routes
            .app_data(desk.clone())
            .route("/events", web::post().to(receive))
            .route("/events/{name}", web::post().to(receive_at))
            .route("/", web::get().to(overview))
            .route("/_sim", web::get().to(overview))
            .route("/_sim/", web::get().to(overview))
            .route("/_sim/endpoint", web::post().to(register))
            .route("/_sim/script", web::post().to(add_rule))
            .route("/_sim/script", web::delete().to(clear_rules))
            .route("/_sim/received", web::get().to(received))
            .route("/_sim/log", web::get().to(log));
    })
}

async fn receive(desk: web::Data<Desk>, http: HttpRequest, body: web::Bytes) -> Answer {
    to_its_end(async move { take(&desk, DEFAULT, &http, &body).await }).await
}

async fn receive_at(desk: web::Data<Desk>, name: web::Path<String>, http: HttpRequest, body: web::Bytes) -> Answer {
    to_its_end(async move { take(&desk, &name, &http, &body).await }).await
}

async fn take(desk: &Desk, name: &str, http: &HttpRequest, body: &[u8]) -> Answer {
    let header = |name: &str| http.headers().get(name).and_then(|value| value.to_str().ok());
    let headers = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let text = String::from_utf8_lossy(body).into_owned();
    desk.log
        .write(
            "received",
            json!({
                "what": "event", "name": name, "webhook_id": headers.id, "webhook_timestamp": headers.timestamp,
                "webhook_signature": headers.signature, "body": text,
            }),
        )
        .await?;
    let now = clock::now();
    let (event, readable) = Event::read(body);
    let secrets = desk.office().endpoints.get(name).map(|endpoint| endpoint.secrets.clone()).unwrap_or_default();
    let refusal = if body.len() >= LARGEST_BODY {
        Some((413, "the body is not under 20 kB".to_owned()))
    } else if let Err(why) = webhook::verify(&secrets, &headers, body, now.as_second()) {
        Some((401, why.to_owned()))
    } else {
        readable.err().map(|why| (400, why))
    };
    let mut record = Record {
        n: 0,
        name: name.to_owned(),
        received_at: now,
        id: headers.id.map(str::to_owned),
        timestamp: headers.timestamp.map(str::to_owned),
        r#type: event.r#type.clone(),
        stream: event.stream.clone(),
        sequence: event.sequence,
        dossier_code: event.dossier_code.clone(),
        amount: event.amount,
        gap_before: event.gap_before.clone(),
        body: text,
        times_seen: 0,
        same_bytes: true,
        applied: false,
        gap: false,
        refused: None,
        answered: None,
    };
    if let Some((status, why)) = refusal {
        record.refused = Some(why.clone());
        let n = enter(desk, record);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return say(desk, n, HttpResponse::build(status).json(json!({"error": why}))).await;
    }
    let script = Script::from(desk.rules.take(|rule| rule.is(name, &event), |_| true));
    tokio::time::sleep(Duration::from_millis(script.delay_ms)).await;
    let (Some(id), Some(stream), Some(sequence)) = (&record.id, &event.stream, event.sequence) else {
        return Err(refused(StatusCode::BAD_REQUEST, "without id, stream or sequence"));
    };
    let mut line = {
        let mut office = desk.office();
        let endpoint = office.endpoints.entry(name.to_owned()).or_default();
        let (times, first) = endpoint.seen.entry(id.clone()).or_insert_with(|| (0, record.body.clone()));
        *times += 1;
        record.times_seen = *times;
        record.same_bytes = *first == record.body;
        if script.applies() {
            (record.applied, record.gap) = endpoint.apply(id, stream, sequence, &event.gap_before);
        }
        json!({
            "what": "event", "name": name, "webhook_id": id, "stream": stream, "sequence": sequence,
            "applied": record.applied, "gap": record.gap, "times_seen": record.times_seen,
            "same_bytes": record.same_bytes,
        })
    };
    let n = enter(desk, record);
    // by this number the answer to it is found
    line["n"] = n.into();
    desk.log.write("decided", line).await?;
    tokio::time::sleep(Duration::from_millis(script.hang_ms)).await;
    if script.cut {
        desk.log.write("answered", json!({"what": "event", "n": n, "cut": true})).await?;
        return Ok(cut(http));
    }
    say(desk, n, script.answer()).await
}

fn enter(desk: &Desk, mut record: Record) -> usize {
    let mut office = desk.office();
    let n = office.records.len() + 1;
    record.n = n;
    office.records.push(record);
    n
}

async fn say(desk: &Desk, n: usize, answer: HttpResponse) -> Answer {
    let status = answer.status().as_u16();
    desk.log.write("answered", json!({"what": "event", "n": n, "status": status})).await?;
    if let Some(record) = desk.office().records.get_mut(n - 1) {
        record.answered = Some(status);
    }
    Ok(answer)
}

#[derive(Default)]
struct Script {
    delay_ms: u64,
    hang_ms: u64,
    status: Option<StatusCode>,
    retry_after_s: Option<u64>,
    redirect: Option<String>,
    accepts: bool,
    cut: bool,
}

impl From<Vec<Action>> for Script {
    fn from(actions: Vec<Action>) -> Self {
        let mut script = Self::default();
        for action in actions {
            match action {
                Action::Status(status) => script.status = StatusCode::from_u16(status).ok(),
                Action::FailAfterAccept(_) => script.accepts = true,
                Action::DelayMs(ms) => script.delay_ms = script.delay_ms.saturating_add(ms),
                Action::Hang(ms) => script.hang_ms = script.hang_ms.saturating_add(ms),
                Action::RetryAfterS(s) => script.retry_after_s = Some(s),
                Action::Drop(_) => script.cut = true,
                Action::Redirect(to) => script.redirect = Some(to),
            }
        }
        script
    }
}

impl Script {
    fn applies(&self) -> bool {
        let turned_away = self.status.is_some_and(|status| !status.is_success())
            || self.retry_after_s.is_some()
            || self.redirect.is_some()
            || self.cut;
        self.accepts || !turned_away
    }

    fn answer(&self) -> HttpResponse {
        let status = match (self.status, self.retry_after_s, &self.redirect) {
            (Some(status), ..) => status,
            (None, Some(_), _) => StatusCode::SERVICE_UNAVAILABLE,
            (None, None, Some(_)) => StatusCode::TEMPORARY_REDIRECT,
            (None, None, None) if self.accepts => StatusCode::INTERNAL_SERVER_ERROR,
            (None, None, None) => StatusCode::OK,
        };
        let mut answer = HttpResponse::build(status);
        if let Some(s) = self.retry_after_s {
            answer.insert_header((header::RETRY_AFTER, s.to_string()));
        }
        if let Some(to) = &self.redirect {
            answer.insert_header((header::LOCATION, to.as_str()));
        }
        if status.is_success() { answer.json(json!({"ok": true})) } else { answer.json(json!({"error": "scripted"})) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    #[serde(default = "default_name")]
    name: String,
    secret: String,
    next_secret: Option<String>,
    /// Every stream is to begin at sequence 1.
    #[serde(default)]
    from_start: bool,
}

fn default_name() -> String {
    DEFAULT.to_owned()
}

/// Registered again, an endpoint gets other secrets and keeps what it has applied: that is how secrets rotate.
async fn register(desk: web::Data<Desk>, body: web::Bytes) -> Answer {
    let register: Register = strict(&body)?;
    let secrets = std::iter::once(&register.secret)
        .chain(&register.next_secret)
        .map(|secret| Secret::parse(secret))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    let count = secrets.len();
    desk.log.write("control", json!({"what": "endpoint", "name": register.name, "secrets": count})).await?;
    let mut office = desk.office();
    let endpoint = office.endpoints.entry(register.name.clone()).or_default();
    endpoint.secrets = secrets;
    endpoint.from_start = register.from_start;
    Ok(HttpResponse::Ok().json(json!({"name": register.name, "secrets": count})))
}

async fn add_rule(desk: web::Data<Desk>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    let unfit = rule.actions().iter().find_map(|action| match action {
        Action::Status(status) if !(200..600).contains(status) => Some("status is not 200 to 599"),
        Action::Redirect(to) if header::HeaderValue::from_str(to).is_err() => Some("redirect is not an address"),
        _ => None,
    });
    if let Some(why) = unfit {
        return Err(refused(StatusCode::BAD_REQUEST, why));
    }
    desk.log.write("control", json!({"what": "script", "body": serde_json::from_slice::<Value>(&body).ok()})).await?;
    let rules = desk.rules.add(rule).map_err(|why| refused(StatusCode::BAD_REQUEST, why))?;
    Ok(HttpResponse::Ok().json(json!({"rules": rules})))
}

async fn clear_rules(desk: web::Data<Desk>) -> Answer {
    desk.log.write("control", json!({"what": "script", "body": null})).await?;
    desk.rules.clear();
    Ok(HttpResponse::Ok().json(json!({"rules": 0})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    name: Option<String>,
}

async fn received(desk: web::Data<Desk>, which: web::Query<Which>) -> Answer {
    let wanted = which.name.as_deref().filter(|name| !name.is_empty());
    let office = desk.office();
    let records: Vec<&Record> =
        office.records.iter().filter(|record| wanted.is_none_or(|name| name == record.name)).collect();
    Ok(HttpResponse::Ok().json(records))
}

async fn log(desk: web::Data<Desk>) -> Answer {
    json_lines(&desk.log).await
}

#[derive(Template)]
#[template(path = "received.html")]
struct Overview {
    rows: Vec<Row>,
}

struct Row {
    at: String,
    name: String,
    stream: String,
    sequence: String,
    kind: String,
    dossier_code: String,
    amount: String,
    state: String,
}

async fn overview(desk: web::Data<Desk>) -> Answer {
    let rows = desk
        .office()
        .records
        .iter()
        .rev()
        .map(|record| Row {
            at: clock::readable(&clock::wire_time(record.received_at)),
            name: record.name.clone(),
            stream: record.stream.clone().unwrap_or_default(),
            sequence: record.sequence.map_or_else(String::new, |sequence| sequence.to_string()),
            kind: record.r#type.clone().unwrap_or_default(),
            dossier_code: record.dossier_code.clone().unwrap_or_default(),
            amount: record.amount.map_or_else(String::new, dong),
            state: match (&record.refused, record.applied, record.gap) {
                (Some(_), ..) => "Từ chối".to_owned(),
                (None, true, true) => "Đã ghi nhận, thiếu sự kiện trước đó".to_owned(),
                (None, true, false) => "Đã ghi nhận".to_owned(),
                (None, false, _) => format!("Không ghi nhận (lần {})", record.times_seen),
            },
        })
        .collect();
    html(StatusCode::OK, &Overview { rows })
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn once_in_order_and_gaps_are_seen() {
        let mut endpoint = Endpoint::default();
        assert_eq!(endpoint.apply("a", "s", 4, &[]), (true, false), "a new endpoint may begin anywhere");
        assert_eq!(endpoint.apply("a", "s", 4, &[]), (false, false));
        assert_eq!(endpoint.apply("a", "s", 5, &[]), (false, false), "the same id twice");
        assert_eq!(endpoint.apply("b", "s", 3, &[]), (false, false), "a sequence not above the last");
        assert_eq!(endpoint.apply("c", "s", 7, &[]), (true, true));
        assert_eq!(endpoint.apply("d", "s", 10, &[8, 9, 9, 1]), (true, false));
        assert_eq!(endpoint.apply("e", "s", 13, &[11]), (true, true));
        assert_eq!(endpoint.apply("f", "t", 1, &[]), (true, false), "streams are apart");
        let mut endpoint = Endpoint { from_start: true, ..Endpoint::default() };
        assert_eq!(endpoint.apply("a", "s", 2, &[]), (true, true));
    }
}
