//! The wallets' own side, as far as it is the same for each: orders, what a payer decides, reports and their repeats,
//! refunds. What a wallet says and believes on its wire is its own module's. Refuses to decide an order twice.

pub(crate) mod api;
pub(crate) mod book;
pub(crate) mod control;
pub(crate) mod page;
mod settle_day;
pub(crate) mod tell;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use self::book::{Book, Order, Outcome, Status};
use crate::clock;
use crate::day_file::{FileAction, Form};
use crate::log::Log;
use crate::script::{HowMany, On, Rules};
use crate::server::{Refused, Running, Tasks, refused, to_its_end};

/// What one wallet says in its own words.
pub(crate) trait Wire: Send + Sync + Sized + 'static {
    /// As people call it.
    const NAME: &'static str;
    /// The code of a payer who cancels, of a try without money, of an order that ran out.
    const CANCELLED: i64;
    const FAILED: i64;
    const EXPIRED: i64;
    /// How many calls a report is worth.
    const MOST_CALLS: u32;

    /// The body of the report; None where this wallet does not tell of such an outcome.
    fn report(&self, order: &Order, outcome: &Outcome) -> Option<String>;

    /// The same, forged.
    fn forged(&self, order: &Order, outcome: &Outcome, forgery: Forgery) -> Option<String>;

    /// Whether the merchant's answer ends the calls; else why not.
    fn is_taken(status: u16, body: &str) -> Result<(), String>;

    /// Where the payer's browser goes afterwards.
    fn way_back(&self, order: &Order, outcome: &Outcome) -> String;

    /// The merchant's own name of an order, of which the wire's may be longer.
    fn own_name(wire_ref: &str) -> &str;

    /// How its settlement files are laid out.
    fn form() -> &'static Form;

    /// The merchant, as its files name it.
    fn merchant(&self) -> String;

    /// Whether money of this order waits for the merchant's word.
    fn waits_for_word(order: &Order) -> bool;
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    order_ref: Option<String>,
    /// What was ordered, in đồng.
    amount: Option<i64>,
}

impl Match {
    fn is<W: Wire>(&self, wire_ref: &str, amount: Option<i64>) -> bool {
        self.order_ref.as_deref().is_none_or(|wanted| wanted == wire_ref || wanted == W::own_name(wire_ref))
            && self.amount.is_none_or(|wanted| Some(wanted) == amount)
    }
}

/// The first seven are about what follows a payment, the next three about calls of the API, three about refunds that are in
/// order, the last about the settlement file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// The first call comes later.
    DelayMs(u64),
    /// As many more copies, at the same time as the first call.
    Repeat(u32),
    /// Calls are lost on their way. All lost: no call is made.
    Drop(HowMany),
    /// The wallet takes, reports and answers so many đồng more (or less) than were ordered.
    AmountDelta(i64),
    /// A forged report comes before the true one; with `drop` it comes alone.
    Forge(Forgery),
    /// A stale report of a failed try comes after the true one, from a wallet that tells of failures.
    Reorder(On),
    /// The payer may pay after the order ran out.
    Late(On),
    /// The answer comes so many ms later.
    Hang(u64),
    /// HTTP 500; what was asked for is done all the same.
    FailAfterAccept(On),
    /// A finished order is said to wait for its payer.
    LieUnpaid(On),
    /// Not taken up, with this code.
    RefundCode(i64),
    /// In hand for so many ms, instead of the configured ones.
    RefundMs(u64),
    /// Taken up, and refused when its time has come.
    RefundRefused(On),
    Settlement(FileAction),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forgery {
    /// Signed with another secret.
    Signature,
    /// Well signed, of another merchant.
    Merchant,
    /// The amount changed after signing.
    Amount,
}

impl Action {
    fn is_about_payment(&self) -> bool {
        !self.is_about_api() && !self.is_about_refund() && !matches!(self, Self::Settlement(_))
    }

    pub(crate) fn is_about_refund(&self) -> bool {
        matches!(self, Self::RefundCode(_) | Self::RefundMs(_) | Self::RefundRefused(_))
    }

    fn is_about_api(&self) -> bool {
        matches!(self, Self::Hang(_) | Self::FailAfterAccept(_) | Self::LieUnpaid(_))
    }
}

/// Times that tests shorten.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) retry_ms: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) refund_ms: u64,
}

pub(crate) struct Shop<W> {
    pub(crate) wire: W,
    pub(crate) times: Times,
    /// Where this server is reached, once it is.
    base: Mutex<String>,
    book: Mutex<Book>,
    rules: Rules<Match, Action>,
    client: reqwest::Client,
    pub(crate) log: Log,
    tasks: Tasks,
}

impl<W: Wire> Shop<W> {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rules make of an occasion.
    pub(crate) fn takes(&self, order: &Order, applies: impl Fn(&Action) -> bool) -> Vec<Action> {
        self.rules.take(|rule| rule.is::<W>(&order.wire_ref, Some(order.amount)), applies)
    }

    fn looks(&self, order: &Order, applies: impl Fn(&Action) -> bool) -> Vec<Action> {
        self.rules.peek(|rule| rule.is::<W>(&order.wire_ref, Some(order.amount)), applies)
    }

    /// The page on which the payer decides.
    pub(crate) fn page_url(&self, token: &str) -> String {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
        format!("{base}/pay?t={token}")
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub(crate) fn start<W: Wire>(
    wire: W,
    listen: &str,
    times: Times,
    log: Option<&Path>,
    routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Running> {
    // Fails when the process has a provider already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_millis(times.timeout_ms))
        .build()
        .map_err(io::Error::other)?;
    let tasks = Tasks::new();
    let shop = web::Data::new(Shop {
        wire,
        times,
        base: Mutex::default(),
        book: Mutex::new(Book::new()),
        rules: Rules::default(),
        client,
        log: Log::open(log)?,
        tasks: tasks.clone(),
    });
    let served = shop.clone();
    let running = crate::server::run(listen, tasks, move |config| {
        config
            .app_data(served.clone())
            .route("/pay", web::get().to(page::open::<W>))
            .route("/pay", web::post().to(page::press::<W>))
            .route("/_sim/script", web::post().to(control::add_rule::<W>))
            .route("/_sim/script", web::delete().to(control::clear_rules::<W>))
            .route("/_sim/pay", web::post().to(control::pay::<W>))
            .route("/_sim/expire", web::post().to(control::expire::<W>))
            .route("/_sim/resend", web::post().to(control::resend::<W>))
            .route("/_sim/refund", web::post().to(control::decide_refund::<W>))
            .route("/_sim/orders", web::get().to(control::orders::<W>))
            .route("/_sim/transactions", web::get().to(control::transactions::<W>))
            .route("/_sim/settlement", web::get().to(settle_day::file::<W>))
            .route("/_sim/settlement/payout", web::get().to(settle_day::payout::<W>))
            .route("/_sim/settlement/invent", web::post().to(settle_day::invent::<W>))
            .route("/_sim/log", web::get().to(control::log::<W>));
        routes(config);
    })?;
    shop.base.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&running.url);
    Ok(running)
}

/// What the payer does, by hand or by a test.
pub(crate) struct Wish {
    pub(crate) status: Status,
    pub(crate) code: i64,
    pub(crate) amount: Option<i64>,
    /// The merchant's word about money that waits for it, not the payer's.
    pub(crate) by_merchant: bool,
}

/// Decides an order once: writes it down, then lets everybody know. The report goes its own way, whatever becomes of the
/// browser; its address is what is given back.
pub(crate) async fn settle<W: Wire>(shop: &web::Data<Shop<W>>, at: usize, wish: Wish) -> Result<String, Refused> {
    let shop = shop.clone();
    to_its_end(async move { decide(&shop, at, wish).await }).await
}

async fn decide<W: Wire>(shop: &web::Data<Shop<W>>, at: usize, wish: Wish) -> Result<String, Refused> {
    let now = clock::now();
    let (actions, outcome, own_name) = {
        let mut book = shop.book();
        let number = book.next_no();
        let order = book.orders.get_mut(at).ok_or_else(no_such)?;
        let outcome = outcome(shop, order, &wish, number, now)?;
        order.deciding = true;
        (shop.takes(order, Action::is_about_payment), outcome, W::own_name(&order.wire_ref).to_owned())
    };
    let mut line = json!({"order_ref": own_name});
    line["outcome"] = json!({
        "status": outcome.status, "amount": outcome.amount, "code": outcome.code,
        "transaction_no": outcome.transaction_no.to_string(), "at": outcome.at,
    });
    let written = shop.log.write("decided", line).await;
    let way_back = {
        let mut book = shop.book();
        let order = book.orders.get_mut(at).ok_or_else(no_such)?;
        order.deciding = false;
        written?;
        let way_back = shop.wire.way_back(order, &outcome);
        order.outcome = Some(outcome);
        way_back
    };
    shop.tasks.spawn(tell::deliver(Arc::clone(shop), at, tell::Plan::from(actions)));
    Ok(way_back)
}

/// A held order becomes what its merchant says; any other becomes what its payer says, once.
fn outcome<W: Wire>(
    shop: &Shop<W>,
    order: &Order,
    wish: &Wish,
    number: u64,
    now: Timestamp,
) -> Result<Outcome, Refused> {
    let held = order.outcome.as_ref().filter(|outcome| outcome.status == Status::Held);
    if order.deciding || order.outcome.is_some() != held.is_some() || held.is_some() != wish.by_merchant {
        return Err(refused(StatusCode::CONFLICT, "the order is finished"));
    }
    if let Some(held) = held {
        return Ok(Outcome { status: wish.status, code: wish.code, at: now, ..held.clone() });
    }
    let takes = wish.status == Status::Paid;
    let late = !shop.looks(order, |action| matches!(action, Action::Late(_))).is_empty();
    if takes && order.has_run_out(now) && !late {
        return Err(refused(StatusCode::CONFLICT, "the order ran out"));
    }
    let deltas = shop.looks(order, |action| matches!(action, Action::AmountDelta(_)));
    let delta = deltas.iter().try_fold(0_i64, |sum, action| match action {
        Action::AmountDelta(delta) => sum.checked_add(*delta),
        _ => Some(sum),
    });
    let taken = delta.and_then(|delta| wish.amount.unwrap_or(order.amount).checked_add(delta));
    let taken = taken.filter(|amount| *amount > 0);
    let taken = taken.ok_or_else(|| refused(StatusCode::CONFLICT, "the amount does not fit the wire"))?;
    let waits = takes && W::waits_for_word(order);
    Ok(Outcome {
        status: if waits { Status::Held } else { wish.status },
        code: if waits { book::HELD } else { wish.code },
        amount: if takes { taken } else { order.amount },
        transaction_no: number,
        at: now,
    })
}

pub(crate) fn no_such() -> Refused {
    refused(StatusCode::NOT_FOUND, "no such order")
}

pub(crate) fn later(now: Timestamp, ms: u64) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))).unwrap_or(Timestamp::MAX)
}
