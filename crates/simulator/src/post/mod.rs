//! A mail server that letters are submitted to, written from RFC 5321, RFC 4954 and RFC 6152, never from the client. Refuses
//! what these refuse: commands out of order, a line that is too long, one that ends in a bare LF. Each letter is in the log
//! before it is taken, and goes no further: what it says is read through `/_sim/…`.

mod letter;
mod session;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock;
use crate::log::Log;
use crate::script::{On, Rule, Rules};
use crate::server::{self, Answer, Running, Tasks, html, json_lines, refused, strict};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostConfig {
    /// Of what it shows.
    #[serde(default = "any_port")]
    pub listen: String,
    /// Of SMTP.
    #[serde(default = "any_port")]
    pub smtp_listen: String,
    /// Who may submit; absent: anybody.
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub secret: Option<String>,
    #[serde(default)]
    pub log: Option<PathBuf>,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

impl Default for PostConfig {
    fn default() -> Self {
        Self { listen: any_port(), smtp_listen: any_port(), user: None, secret: None, log: None }
    }
}

/// A mail server that is listening.
pub struct Office {
    pub running: Running,
    pub smtp: SocketAddr,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    to: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// This code in the place of the greeting.
    Greeting(u16),
    /// This code in answer to `MAIL`.
    Mail(u16),
    /// This code in answer to `RCPT`.
    Rcpt(u16),
    /// This code in answer to the letter, which is not taken.
    Letter(u16),
    /// Takes the letter, then waits with the answer.
    Hang(u64),
    /// Takes the letter, and closes the connection without an answer.
    LoseAnswer(On),
    /// Closes the connection in the place of the answer to `DATA`: nothing is taken.
    Drop(On),
}

impl Action {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Greeting(code) | Self::Mail(code) | Self::Rcpt(code) | Self::Letter(code) => Some(*code),
            Self::Hang(_) | Self::LoseAnswer(_) | Self::Drop(_) => None,
        }
    }
}

/// One letter that was taken.
#[derive(Clone, Debug, Serialize)]
struct Taken {
    n: usize,
    at: Timestamp,
    /// Of the envelope.
    from: String,
    to: String,
    message_id: Option<String>,
    subject: Option<String>,
    text: String,
    headers: Vec<(String, String)>,
    /// How often a letter of this `Message-ID` was taken, this one included.
    times_seen: usize,
    raw: String,
}

struct Desk {
    user: Option<String>,
    secret: Option<String>,
    taken: Mutex<Vec<Taken>>,
    rules: Rules<Match, Action>,
    log: Log,
}

impl Desk {
    fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of rules about this recipient; of all where none is known yet.
    fn told(&self, to: Option<&str>, applies: impl Fn(&Action) -> bool) -> Vec<Action> {
        let is_about = |rule: &Match| rule.to.is_none() || rule.to.as_deref() == to;
        self.rules.take(is_about, applies)
    }

    /// It is in the log when this returns.
    async fn take(&self, from: &str, to: &str, raw: Vec<u8>) -> io::Result<()> {
        let raw = String::from_utf8_lossy(&raw).into_owned();
        let read = letter::read(&raw);
        let message_id = read.header("message-id").map(str::to_owned);
        let line = json!({"what": "letter", "from": from, "to": to, "message_id": message_id, "raw": raw});
        self.log.write("received", line).await?;
        let mut taken = self.taken();
        let before = taken.iter().filter(|t| t.message_id.is_some() && t.message_id == message_id).count();
        let n = taken.len() + 1;
        taken.push(Taken {
            n,
            at: clock::now(),
            from: from.to_owned(),
            to: to.to_owned(),
            message_id,
            subject: read.header("subject").map(letter::decoded_words),
            text: read.text,
            headers: read.headers,
            times_seen: before + 1,
            raw,
        });
        Ok(())
    }
}

/// # Errors
/// When an address is taken, or the log cannot be opened.
pub async fn start(config: PostConfig) -> io::Result<Office> {
    let log = Log::open(config.log.as_deref())?;
    let (user, secret) = (config.user, config.secret);
    let desk = Arc::new(Desk { user, secret, taken: Mutex::default(), rules: Rules::default(), log });
    let listener = TcpListener::bind(&config.smtp_listen).await?;
    let smtp = listener.local_addr()?;
    let tasks = Tasks::new();
    let (serving, sessions) = (desk.clone(), tasks.clone());
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let desk = serving.clone();
            sessions.spawn(async move {
                if let Err(error) = session::serve(&desk, stream).await {
                    tracing::debug!(%error, "a session broke off");
                }
            });
        }
    });
    let desk = web::Data::from(desk);
    let running = server::run(&config.listen, tasks, move |routes| {
        routes
            .app_data(desk.clone())
            .route("/", web::get().to(overview))
            .route("/_sim", web::get().to(overview))
            .route("/_sim/script", web::post().to(add_rule))
            .route("/_sim/script", web::delete().to(clear_rules))
            .route("/_sim/letters", web::get().to(letters))
            .route("/_sim/log", web::get().to(log_lines));
    })?;
    Ok(Office { running, smtp })
}

async fn add_rule(desk: web::Data<Desk>, body: web::Bytes) -> Answer {
    let rule: Rule<Match, Action> = strict(&body)?;
    let codes = rule.actions().iter().filter_map(Action::code);
    if codes.into_iter().any(|code| !(400..600).contains(&code)) {
        return Err(refused(StatusCode::BAD_REQUEST, "a code is not 400 to 599"));
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

async fn letters(desk: web::Data<Desk>) -> Answer {
    Ok(HttpResponse::Ok().json(&*desk.taken()))
}

async fn log_lines(desk: web::Data<Desk>) -> Answer {
    json_lines(&desk.log).await
}

#[derive(Template)]
#[template(path = "letters.html")]
struct Overview {
    rows: Vec<Row>,
}

struct Row {
    at: String,
    to: String,
    subject: String,
    text: String,
}

async fn overview(desk: web::Data<Desk>) -> Answer {
    let row = |taken: &Taken| Row {
        at: clock::readable(&clock::wire_time(taken.at)),
        to: taken.to.clone(),
        subject: taken.subject.clone().unwrap_or_default(),
        text: taken.text.clone(),
    };
    let rows = desk.taken().iter().rev().map(row).collect();
    html(StatusCode::OK, &Overview { rows })
}
