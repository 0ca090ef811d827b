//! A Mobile Money provider that speaks the GSMA Mobile Money API 1.2 as merchants meet it: token, merchant payment,
//! request states, missing responses, reversal and adjustment, authorisation codes, heartbeat, callbacks. Refuses what the
//! document refuses, in its error objects; where the document is silent, the choice is named beside the code.

mod api;
mod book;
mod callback;
mod control;
mod errors;
mod reversal;
mod settlement;
mod token;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use actix_web::web;
use serde::Deserialize;

use self::book::Book;
use self::errors::{Category, Fault, fault};
use crate::day_file::FileAction;
use crate::log::Log;
use crate::script::{On, Rules};
use crate::server::{self, Running, Tasks};

/// Where the API hangs; the document's own simulator has `/simulator/v1.2/passthrough/mm`.
const BASE: &str = "/v1.2/mm";

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MobileMoneyConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    pub client_id: String,
    pub client_secret: String,
    /// Key and value of the merchant's account.
    #[serde(default = "organisation")]
    pub credit_party_key: String,
    pub credit_party: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// How long a payer may take to confirm; then the request fails.
    #[serde(default = "five_minutes")]
    pub payer_ms: u64,
    /// How long a one-time code is looked at.
    #[serde(default = "a_moment")]
    pub code_ms: u64,
    /// How long a reversal takes.
    #[serde(default = "a_moment")]
    pub reversal_ms: u64,
    /// How long a token is taken.
    #[serde(default = "an_hour")]
    pub token_s: u64,
    /// What a customer may pay in a month (Decree 368/2025/NĐ-CP, Article 15.1).
    #[serde(default = "hundred_million")]
    pub monthly_limit: i64,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

fn organisation() -> String {
    "organisationid".to_owned()
}

fn five_minutes() -> u64 {
    300_000
}

fn a_moment() -> u64 {
    200
}

fn an_hour() -> u64 {
    3_600
}

fn hundred_million() -> i64 {
    100_000_000
}

impl MobileMoneyConfig {
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        credit_party: impl Into<String>,
    ) -> Self {
        Self {
            listen: any_port(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            credit_party_key: organisation(),
            credit_party: credit_party.into(),
            log: None,
            payer_ms: five_minutes(),
            code_ms: a_moment(),
            reversal_ms: a_moment(),
            token_s: an_hour(),
            monthly_limit: hundred_million(),
        }
    }
}

impl fmt::Debug for MobileMoneyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MobileMoneyConfig")
            .field("listen", &self.listen)
            .field("client_id", &self.client_id)
            .field("credit_party", &self.credit_party)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    /// `requestingOrganisationTransactionReference`; of a reversal that of its payment.
    order_ref: Option<String>,
    amount: Option<i64>,
}

impl Match {
    fn is(&self, order_ref: Option<&str>, amount: Option<i64>) -> bool {
        self.order_ref.as_deref().is_none_or(|wanted| Some(wanted) == order_ref)
            && self.amount.is_none_or(|wanted| Some(wanted) == amount)
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// 201 with the finished transaction.
    Sync(On),
    /// Not taken up: the error is the acknowledgement.
    Refuse(Fault),
    /// Taken up, and ends in this error.
    Fail(Fault),
    /// The payer confirms by themselves after so many ms.
    ApproveMs(u64),
    /// Not taken up, and no answer.
    LoseRequest(On),
    /// Taken up, and no answer.
    LoseAnswer(On),
    /// Taken up, and HTTP 500.
    FailAfterAccept(On),
    /// The answer comes so many ms later.
    Hang(u64),
    /// So many đồng more (or less) are taken and told.
    AmountDelta(i64),
    /// The payer may confirm after the request has expired.
    Late(On),
    /// The free text of a finished transaction's status.
    StatusWord(String),
    /// `/responses` knows a request only once its transaction is there: the document leaves open what it says before.
    QuietResponses(On),
    /// The callback comes so many ms later.
    DelayMs(u64),
    /// So many more copies of the callback.
    Repeat(u32),
    /// No callback.
    Drop(On),
    /// A callback that says it is paid comes at once, to an address with another key.
    Forge(On),
    /// A callback about a failure comes after the true one, to the true address.
    Reorder(On),
    /// The row of the payment in the settlement file.
    Settlement(FileAction),
}

impl Action {
    /// Of what follows the end of a request.
    fn is_about_callback(&self) -> bool {
        matches!(self, Self::DelayMs(_) | Self::Repeat(_) | Self::Drop(_) | Self::Forge(_) | Self::Reorder(_))
    }

    fn is_about_request(&self) -> bool {
        !self.is_about_callback() && !matches!(self, Self::QuietResponses(_) | Self::Late(_) | Self::Settlement(_))
    }
}

/// A rule of a reversal is one of a payment with this word before it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scripted {
    Payment(Action),
    Reversal(Action),
}

struct Shop {
    config: MobileMoneyConfig,
    book: Mutex<Book>,
    /// Those that are taken now.
    secrets: Mutex<Vec<String>>,
    tokens: Mutex<BTreeMap<String, jiff::Timestamp>>,
    /// What `/heartbeat` says.
    service: Mutex<serde_json::Value>,
    /// What `/responses` says of an id that it does not know: the document has it 404, the official scenario 401.
    unknown: Mutex<Fault>,
    rules: Rules<Match, Scripted>,
    client: reqwest::Client,
    log: Log,
    tasks: Tasks,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shop {
    fn book(&self) -> MutexGuard<'_, Book> {
        held(&self.book)
    }

    /// The actions of this occasion; a rule is used up by it.
    fn actions(&self, what: book::Kind, order: Option<&str>, amount: i64, applies: fn(&Action) -> bool) -> Vec<Action> {
        let matches = |rule: &Match| rule.is(order, Some(amount));
        let found = self.rules.take(matches, |s| Self::of(what, s).is_some_and(applies));
        found.iter().filter_map(|s| Self::of(what, s).cloned()).collect()
    }

    /// The same, using nothing up.
    fn holds(&self, what: book::Kind, order: Option<&str>, amount: i64, applies: fn(&Action) -> bool) -> bool {
        let matches = |rule: &Match| rule.is(order, Some(amount));
        !self.rules.peek(matches, |s| Self::of(what, s).is_some_and(applies)).is_empty()
    }

    fn of(what: book::Kind, scripted: &Scripted) -> Option<&Action> {
        match (what, scripted) {
            (book::Kind::Merchantpay, Scripted::Payment(action)) => Some(action),
            (book::Kind::Reversal | book::Kind::Adjustment, Scripted::Reversal(action)) => Some(action),
            _ => None,
        }
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: MobileMoneyConfig) -> io::Result<Running> {
    // Fails when the process has a provider already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(io::Error::other)?;
    let tasks = Tasks::new();
    let listen = config.listen.clone();
    let shop = web::Data::from(Arc::new(Shop {
        book: Mutex::new(Book::default()),
        secrets: Mutex::new(vec![config.client_secret.clone()]),
        tokens: Mutex::default(),
        service: Mutex::new(serde_json::json!({"serviceStatus": "available"})),
        unknown: Mutex::new(fault(Category::Identification, "identifierError")),
        rules: Rules::default(),
        client,
        log: Log::open(config.log.as_deref())?,
        tasks: tasks.clone(),
        config,
    }));
    server::run(&listen, tasks, move |routes| {
        let at = |path: &str| format!("{BASE}{path}");
        routes
            .app_data(shop.clone())
            .route("/token", web::post().to(token::grant))
            .route(&at("/transactions/type/{kind}"), web::post().to(api::create))
            .route(&at("/transactions/{reference}/reversals"), web::post().to(reversal::create))
            .route(&at("/transactions/{reference}"), web::get().to(api::transaction))
            .route(&at("/requeststates/{id}"), web::get().to(api::request_state))
            .route(&at("/responses/{id}"), web::get().to(api::response))
            .route(&at("/heartbeat"), web::get().to(api::heartbeat))
            .route(&at("/accounts/{key}/{value}/authorisationcodes"), web::post().to(api::authorisation_code))
            .route("/_sim/script", web::post().to(control::add_rule))
            .route("/_sim/script", web::delete().to(control::clear_rules))
            .route("/_sim/pay", web::post().to(control::pay))
            .route("/_sim/code", web::post().to(control::code))
            .route("/_sim/account", web::post().to(control::account))
            .route("/_sim/secret", web::post().to(control::secret))
            .route("/_sim/service", web::post().to(control::service))
            .route("/_sim/unknown", web::post().to(control::unknown))
            .route("/_sim/transaction", web::post().to(control::transaction))
            .route("/_sim/transactions", web::get().to(control::requests))
            .route("/_sim/settlement", web::get().to(settlement::file))
            .route("/_sim/settlement/payout", web::get().to(settlement::payout))
            .route("/_sim/settlement/invent", web::post().to(settlement::invent))
            .route("/_sim/log", web::get().to(control::log));
    })
}
