//! A bank as its customer meets it: transfers whose content arrives mangled, notifications through SePay, Casso and
//! payOS, listings, statements. Where a document is silent, the choice is named in the README.

mod book;
mod config;
mod control;
mod letters;
mod listing;
mod mangle;
mod notify;
mod plant;
mod seeded;
mod sign;
mod statement;
mod wire;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use serde::Deserialize;
use serde_json::json;

use self::book::{Book, Direction, Order, Transaction};
pub use self::config::{
    AccountConfig, BankConfig, ListingConfig, ListingKind, Mt940Reference, NotifierConfig, NotifierKind, PaymentCode,
};
use self::notify::{Line, Plan};
use crate::log::Log;
use crate::script::{HowMany, On, Rules};
use crate::server::{self, Refused, Running, Tasks, to_its_end};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    amount: Option<i64>,
    account: Option<String>,
    /// In the content as typed or as booked.
    content_contains: Option<String>,
    /// A notifier's name, or `sepay_listing`, `casso_listing`.
    notifier: Option<String>,
}

impl Match {
    fn is(&self, notifier: &str, transaction: &Transaction) -> bool {
        let contains = |part: &str| transaction.typed.contains(part) || transaction.content.contains(part);
        self.amount.is_none_or(|amount| amount == transaction.amount)
            && self.account.as_ref().is_none_or(|account| *account == transaction.account)
            && self.content_contains.as_deref().is_none_or(contains)
            && self.is_call(notifier)
    }

    fn is_call(&self, notifier: &str) -> bool {
        self.notifier.as_deref().is_none_or(|wanted| wanted == notifier)
    }

    fn names_a_transaction(&self) -> bool {
        self.amount.is_some() || self.account.is_some() || self.content_contains.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// The notification comes so many ms later.
    DelayMs(u64),
    /// As many more copies at the same time as the first try that is not lost.
    Repeat(u32),
    /// Tries are lost on their way; each counts. All lost: none is made.
    Drop(HowMany),
    /// The notification or the row tells so many đồng more (or less) than was booked.
    AmountDelta(i64),
    /// A forged notification first; the true one follows (unless dropped).
    Forge(Forgery),
    /// The notification waits until a later one of the same notifier has come, at most 5 s.
    Reorder(On),
    /// The listing's answer comes so many ms later.
    Hang(u64),
    /// Notification: the first good answer is lost on its way back. Listing: HTTP 500.
    FailAfterAccept(On),
    /// The notification or the row has no reference.
    WithoutReference(On),
    /// The notification or the row has a reference of another numbering than the statement's.
    OtherReference(On),
    /// The row is missing from the listing.
    Unlisted(On),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Forgery {
    /// A broken signature; with an API key, none.
    Signature,
    /// Another secret.
    Key,
    /// The amount changed after signing; with an API key, under another key.
    Amount,
}

impl Forgery {
    fn name(self) -> &'static str {
        match self {
            Self::Signature => "forged_signature",
            Self::Key => "forged_key",
            Self::Amount => "forged_amount",
        }
    }
}

impl Action {
    fn is_about_notification(&self) -> bool {
        !matches!(self, Self::Hang(_) | Self::Unlisted(_))
    }

    fn is_about_row(&self) -> bool {
        matches!(self, Self::AmountDelta(_) | Self::WithoutReference(_) | Self::OtherReference(_) | Self::Unlisted(_))
    }

    fn is_about_listing(&self) -> bool {
        matches!(self, Self::Hang(_) | Self::FailAfterAccept(_))
    }
}

struct Bank {
    config: BankConfig,
    book: Mutex<Book>,
    /// Held while a movement is on its way into log and book, so that ids and balances are told in one order.
    till: tokio::sync::Mutex<()>,
    /// The highest id that each notifier has told.
    latest: tokio::sync::watch::Sender<HashMap<Line, u64>>,
    /// When each token last listed.
    listed: Mutex<HashMap<String, Vec<Instant>>>,
    rules: Rules<Match, Action>,
    client: reqwest::Client,
    log: Log,
    tasks: Tasks,
}

impl Bank {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind, a log that it cannot open, and accounts
/// that contradict each other.
pub async fn start(mut config: BankConfig) -> io::Result<Running> {
    // Fails when the process has a provider already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    if config.schedule_ms.is_empty() {
        return Err(wrong("a schedule without a try".to_owned()));
    }
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_millis(config.notify_timeout_ms))
        .build()
        .map_err(io::Error::other)?;
    let mut book = Book::new(config.seed.unwrap_or_else(rand::random));
    for account in std::mem::take(&mut config.accounts) {
        account.check().map_err(|why| wrong(format!("account {}: {why}", account.number)))?;
        if let Some(twin) = book.accounts.insert(account.number.clone(), account) {
            return Err(wrong(format!("account {} is there twice", twin.number)));
        }
    }
    if config.remembers
        && let Some(path) = config.log.as_deref()
    {
        for line in Log::earlier(path, "transfer")? {
            let transaction = serde_json::from_value(line).map_err(io::Error::other)?;
            book.enter(transaction);
        }
    }
    let tasks = Tasks::new();
    let listen = config.listen.clone();
    let bank = web::Data::new(Bank {
        book: Mutex::new(book),
        till: tokio::sync::Mutex::new(()),
        latest: tokio::sync::watch::Sender::new(HashMap::new()),
        listed: Mutex::new(HashMap::new()),
        rules: Rules::default(),
        client,
        log: Log::open(config.log.as_deref())?,
        tasks: tasks.clone(),
        config,
    });
    server::run(&listen, tasks, move |routes| {
        routes
            .app_data(bank.clone())
            .route("/userapi/transactions/list", web::get().to(listing::sepay))
            .route("/v2/transactions", web::get().to(listing::casso))
            .route("/v2/sync", web::post().to(listing::casso_sync))
            .route("/_sim/script", web::post().to(control::add_rule))
            .route("/_sim/script", web::delete().to(control::clear_rules))
            .route("/_sim/bank/accounts", web::get().to(control::accounts))
            .route("/_sim/bank/accounts", web::post().to(control::set_account))
            .route("/_sim/bank/transfer", web::post().to(control::transfer))
            .route("/_sim/bank/reverse", web::post().to(control::reverse))
            .route("/_sim/bank/plant", web::post().to(plant::plant))
            .route("/_sim/bank/statement", web::get().to(statement::statement))
            .route("/_sim/bank/transactions", web::get().to(control::transactions))
            .route("/_sim/log", web::get().to(control::log));
    })
}

/// Writes a movement down, then lets the notifiers know, whatever becomes of the caller.
async fn book_order(bank: &web::Data<Bank>, order: Order) -> Result<Transaction, Refused> {
    let bank = bank.clone();
    to_its_end(async move {
        let transaction = {
            let _till = bank.till.lock().await;
            let transaction = bank.book().prepare(order)?;
            bank.log.write("transfer", json!(transaction)).await?;
            bank.book().enter(transaction.clone());
            transaction
        };
        notify_all(&bank, &transaction);
        Ok(transaction)
    })
    .await
}

fn notify_all(bank: &Arc<Bank>, transaction: &Transaction) {
    let notifiers = bank.book().accounts.get(&transaction.account).map(|account| account.notifiers.clone());
    for notifier in notifiers.unwrap_or_default() {
        if notifier.kind == NotifierKind::Payos && transaction.direction == Direction::Out {
            continue;
        }
        let line = Line { account: transaction.account.clone(), notifier: notifier.name().to_owned() };
        let actions = bank.rules.take(|rule| rule.is(notifier.name(), transaction), Action::is_about_notification);
        bank.tasks.spawn(notify::deliver(Arc::clone(bank), line, transaction.id, Plan::from(actions)));
    }
}
