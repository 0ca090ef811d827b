//! The application of a bank or wallet whose customers pay bills: it asks a biller what a code owes, takes its customer's
//! money, and tells the biller. Two dialects: `bank` is the BIDV-shaped getbill and paybill, as independent public
//! integrations that cite that bank's document have it; `mobile_money` is bill payments of the GSMA Mobile Money API 1.2.
//! An answer that says no gives the customer the money back; one that says neither is asked for again, with the same number.

mod bank;
mod book;
mod callback;
mod control;
mod pay;
mod wallet;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use actix_web::web;
use serde::Deserialize;

use self::book::Book;
use self::callback::Waiting;
use crate::log::Log;
use crate::script::{On, Rules};
use crate::server::{self, Running, Tasks};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Bank,
    MobileMoney,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillsConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    pub dialect: Dialect,
    /// Where the biller serves this contract, without a slash at the end; `/_sim/biller` may say it later.
    #[serde(default)]
    pub notify_url: String,
    pub client_id: String,
    pub client_secret: String,
    /// `bank` only: which service is paid, and what stands before the fields of a checksum.
    #[serde(default)]
    pub service_id: String,
    #[serde(default)]
    pub checksum_secret: String,
    /// `mobile_money` only, where the contract has one.
    #[serde(default)]
    pub api_key: String,
    /// `mobile_money` only: a payment names an address of ours as `X-Callback-URL`.
    #[serde(default)]
    pub callbacks: bool,
    /// How long it waits there before it asks what became of the payment.
    #[serde(default = "five_seconds")]
    pub callback_wait_ms: u64,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Before it asks again what became of a payment, and how often it does.
    #[serde(default = "a_moment")]
    pub again_ms: u64,
    #[serde(default = "some")]
    pub again: u32,
    #[serde(default = "ten_seconds")]
    pub timeout_ms: u64,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

fn a_moment() -> u64 {
    100
}

fn some() -> u32 {
    5
}

fn five_seconds() -> u64 {
    5_000
}

fn ten_seconds() -> u64 {
    10_000
}

impl BillsConfig {
    pub fn new(dialect: Dialect, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            listen: any_port(),
            dialect,
            notify_url: String::new(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            service_id: String::new(),
            checksum_secret: String::new(),
            api_key: String::new(),
            callbacks: false,
            callback_wait_ms: five_seconds(),
            log: None,
            again_ms: a_moment(),
            again: some(),
            timeout_ms: ten_seconds(),
        }
    }
}

impl fmt::Debug for BillsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillsConfig")
            .field("listen", &self.listen)
            .field("dialect", &self.dialect)
            .field("client_id", &self.client_id)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    customer: Option<String>,
    transaction: Option<String>,
    amount: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Forgery {
    /// `bank`: a digit of the checksum; `mobile_money`: of the content's hash.
    Checksum,
    /// A token that nobody gave.
    Token,
    /// `bank`: another service; `mobile_money`: another key.
    Service,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// The first call comes so many ms later.
    DelayMs(u64),
    /// The answers to the first n calls are lost on their way.
    LoseAnswer(u32),
    /// n more copies of the call at the same moment.
    Repeat(u32),
    /// So many đồng more (or less) than was asked.
    AmountDelta(i64),
    /// A forged call about this payment comes first.
    Forge(Forgery),
    /// Nobody asks again when the first answer was lost: `/_sim/again` does.
    GiveUp(On),
}

struct Application {
    config: BillsConfig,
    /// Known once it listens.
    own_url: OnceLock<String>,
    waiting: Mutex<Waiting>,
    /// Where the biller is.
    biller: Mutex<String>,
    token: Mutex<String>,
    book: Mutex<Book>,
    rules: Rules<Match, Action>,
    client: reqwest::Client,
    log: Log,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Application {
    fn book(&self) -> MutexGuard<'_, Book> {
        held(&self.book)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", held(&self.biller))
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: BillsConfig) -> io::Result<Running> {
    // Fails when the process has a provider already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_millis(config.timeout_ms))
        .build()
        .map_err(io::Error::other)?;
    let listen = config.listen.clone();
    let application = web::Data::from(Arc::new(Application {
        biller: Mutex::new(config.notify_url.trim_end_matches('/').to_owned()),
        own_url: OnceLock::new(),
        waiting: Mutex::default(),
        token: Mutex::default(),
        book: Mutex::default(),
        rules: Rules::default(),
        client,
        log: Log::open(config.log.as_deref())?,
        config,
    }));
    let served = application.clone();
    let running = server::run(&listen, Tasks::new(), move |routes| {
        routes
            .app_data(served.clone())
            .route("/callbacks/{correlation}", web::put().to(callback::take))
            .route("/_sim/biller", web::post().to(control::biller))
            .route("/_sim/script", web::post().to(control::add_rule))
            .route("/_sim/script", web::delete().to(control::clear_rules))
            .route("/_sim/ask", web::post().to(control::ask))
            .route("/_sim/pay", web::post().to(control::pay))
            .route("/_sim/again", web::post().to(control::again))
            .route("/_sim/transactions", web::get().to(control::transactions))
            .route("/_sim/log", web::get().to(control::log));
    })?;
    application.own_url.get_or_init(|| running.url.clone());
    Ok(running)
}
