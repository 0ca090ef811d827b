//! VNPAY 2.1.0 as its merchants meet it: pay page, return, IPN, querydr, refund. Refuses what the document refuses;
//! where the document is silent, the choice is named beside the code.

mod api;
mod book;
mod control;
mod ipn;
mod page;
mod refund;
mod request;
mod settlement;
mod sign;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use self::book::{Book, Outcome, Status};
use self::refund::RefundCode;
use self::settlement::FileAction;
use crate::clock;
use crate::log::Log;
use crate::script::{HowMany, On, Rules};
use crate::server::{self, Refused, Running, Tasks, refused, to_its_end};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VnpayConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    /// The merchant's IPN address, which VNPAY keeps per TmnCode; empty until `POST /_sim/notify` gives one.
    #[serde(default)]
    pub notify_url: String,
    pub tmn_code: String,
    pub hash_secret: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// VNPAY 2.1.0, IPN: at most 10 calls, 5 minutes apart.
    #[serde(default = "five_minutes")]
    pub ipn_retry_ms: u64,
    /// VNPAY does not publish how long it waits.
    #[serde(default = "ten_seconds")]
    pub ipn_timeout_ms: u64,
    /// How long an accepted refund is in hand (status 05) before it counts as sent to the bank (06) or refused (09); not
    /// published.
    #[serde(default = "two_seconds")]
    pub refund_ms: u64,
    /// Of a payment, in millionths; the contract says how much. Rounded half up to whole đồng.
    #[serde(default = "eight_thousand")]
    pub fee_rate_ppm: u32,
    /// Of each payment, in đồng.
    #[serde(default)]
    pub fee_fixed: i64,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

fn five_minutes() -> u64 {
    300_000
}

fn ten_seconds() -> u64 {
    10_000
}

fn two_seconds() -> u64 {
    2_000
}

fn eight_thousand() -> u32 {
    8_000
}

impl VnpayConfig {
    /// Any port of the loopback, no IPN address yet, times as VNPAY's.
    pub fn new(tmn_code: impl Into<String>, hash_secret: impl Into<String>) -> Self {
        Self {
            listen: any_port(),
            notify_url: String::new(),
            tmn_code: tmn_code.into(),
            hash_secret: hash_secret.into(),
            log: None,
            ipn_retry_ms: five_minutes(),
            ipn_timeout_ms: ten_seconds(),
            refund_ms: two_seconds(),
            fee_rate_ppm: eight_thousand(),
            fee_fixed: 0,
        }
    }
}

impl fmt::Debug for VnpayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VnpayConfig")
            .field("listen", &self.listen)
            .field("notify_url", &self.notify_url)
            .field("tmn_code", &self.tmn_code)
            .field("log", &self.log)
            .field("ipn_retry_ms", &self.ipn_retry_ms)
            .field("ipn_timeout_ms", &self.ipn_timeout_ms)
            .field("refund_ms", &self.refund_ms)
            .field("fee_rate_ppm", &self.fee_rate_ppm)
            .field("fee_fixed", &self.fee_fixed)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    order_ref: Option<String>,
    /// What was ordered, in đồng.
    amount: Option<i64>,
}

impl Match {
    /// A rule about an amount does not match where there is no order.
    fn is(&self, order_ref: &str, amount: Option<i64>) -> bool {
        self.order_ref.as_deref().is_none_or(|wanted| wanted == order_ref)
            && self.amount.is_none_or(|wanted| Some(wanted) == amount)
    }
}

/// The first seven are about what follows a payment, the next three about calls of the API, the next four about refunds that
/// are in order, the last about the settlement file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// The first IPN call comes later.
    DelayMs(u64),
    /// As many more copies of the IPN, at the same time as the first call.
    Repeat(u32),
    /// Calls are lost on their way; each counts as one of the ten. All lost: no call is made.
    Drop(HowMany),
    /// VNPAY books, reports and answers so many đồng more (or less) than were ordered.
    AmountDelta(i64),
    /// A forged report comes before the true one; with `drop` it comes alone.
    Forge(Forgery),
    /// A stale report of a failed try comes after the true one.
    Reorder(On),
    /// The payer may pay after vnp_ExpireDate.
    Late(On),
    /// The answer comes so many ms later.
    Hang(u64),
    /// HTTP 500; a refund is booked all the same.
    FailAfterAccept(On),
    /// A finished order is said to be unfinished (01).
    LieUnpaid(On),
    /// Not taken up, with this code.
    RefundCode(RefundCode),
    /// In hand for so many ms, instead of the configured ones.
    RefundMs(u64),
    /// Taken up, and refused (09) when its time has come.
    RefundRefused(On),
    /// querydr lags: it still says 05 once it is decided, then once that there is no refund (type 01, status 00).
    RefundFlap(On),
    /// Taken up, and answered 94.
    RefundRepeated(On),
    Settlement(FileAction),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Forgery {
    /// Signed with another secret.
    Signature,
    /// Well signed, of another TmnCode.
    Terminal,
    /// The amount changed after signing.
    Amount,
}

impl Action {
    fn is_about_payment(&self) -> bool {
        !self.is_about_api() && !self.is_about_refund() && !matches!(self, Self::Settlement(_))
    }

    fn is_about_refund(&self) -> bool {
        matches!(
            self,
            Self::RefundCode(_)
                | Self::RefundMs(_)
                | Self::RefundRefused(_)
                | Self::RefundFlap(_)
                | Self::RefundRepeated(_)
        )
    }

    fn is_about_api(&self) -> bool {
        matches!(self, Self::Hang(_) | Self::FailAfterAccept(_) | Self::LieUnpaid(_))
    }
}

struct Shop {
    config: VnpayConfig,
    notify_url: Mutex<String>,
    /// The document gives a terminal one HashSecret and no way to change it: here another takes its place at once, and
    /// nothing is signed or believed by the one before.
    hash_secret: Mutex<String>,
    book: Mutex<Book>,
    rules: Rules<Match, Action>,
    client: reqwest::Client,
    log: Log,
    tasks: Tasks,
}

impl Shop {
    fn hash_secret(&self) -> String {
        self.hash_secret.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify_url(&self) -> MutexGuard<'_, String> {
        self.notify_url.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: VnpayConfig) -> io::Result<Running> {
    // Fails when the process has a provider already, which is then as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_millis(config.ipn_timeout_ms))
        .build()
        .map_err(io::Error::other)?;
    let tasks = Tasks::new();
    let listen = config.listen.clone();
    let shop = web::Data::new(Shop {
        notify_url: Mutex::new(config.notify_url.clone()),
        hash_secret: Mutex::new(config.hash_secret.clone()),
        book: Mutex::new(Book::new()),
        rules: Rules::default(),
        client,
        log: Log::open(config.log.as_deref())?,
        tasks: tasks.clone(),
        config,
    });
    server::run(&listen, tasks, move |routes| {
        routes
            .app_data(shop.clone())
            .route("/paymentv2/vpcpay.html", web::get().to(page::open))
            .route("/paymentv2/confirm", web::post().to(page::confirm))
            .route("/paymentv2/cancel", web::post().to(page::cancel))
            .route("/merchant_webapi/api/transaction", web::post().to(api::transaction))
            .route("/", web::get().to(control::overview))
            .route("/_sim", web::get().to(control::overview))
            .route("/_sim/", web::get().to(control::overview))
            .route("/_sim/script", web::post().to(control::add_rule))
            .route("/_sim/script", web::delete().to(control::clear_rules))
            .route("/_sim/notify", web::post().to(control::notify))
            .route("/_sim/hash_secret", web::post().to(control::change_secret))
            .route("/_sim/pay", web::post().to(control::pay))
            .route("/_sim/resend", web::post().to(control::resend))
            .route("/_sim/refund", web::post().to(refund::decide))
            .route("/_sim/refund_came_back", web::post().to(refund::came_back))
            .route("/_sim/orders", web::get().to(control::orders))
            .route("/_sim/transactions", web::get().to(control::transactions))
            .route("/_sim/settlement", web::get().to(settlement::file))
            .route("/_sim/settlement/cut", web::post().to(settlement::cut))
            .route("/_sim/settlement/payout", web::get().to(settlement::payout))
            .route("/_sim/log", web::get().to(control::log));
    })
}

/// What the payer does, by hand or by a test.
struct Wish {
    status: Status,
    response_code: String,
    amount: Option<i64>,
}

struct Settled {
    at: usize,
    return_to: Url,
}

fn too_late() -> Refused {
    refused(StatusCode::CONFLICT, "the payment window is closed (vnp_ExpireDate)").with("code", request::WINDOW_CLOSED)
}

/// Decides an order once: writes it down, then lets everybody know. The IPN goes its own way, whatever becomes of the
/// browser.
async fn settle(
    shop: &web::Data<Shop>,
    order_ref: &str,
    create_date: Option<&str>,
    wish: Wish,
) -> Result<Settled, Refused> {
    let (shop, order_ref, create_date) = (shop.clone(), order_ref.to_owned(), create_date.map(str::to_owned));
    to_its_end(async move { decide(&shop, &order_ref, create_date.as_deref(), wish).await }).await
}

async fn decide(
    shop: &web::Data<Shop>,
    order_ref: &str,
    create_date: Option<&str>,
    wish: Wish,
) -> Result<Settled, Refused> {
    let now = clock::now();
    let paid = matches!(wish.status, Status::Paid | Status::Suspected);
    let (at, actions, outcome) = {
        let mut book = shop.book();
        let at = book
            .find(order_ref, create_date)
            .ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such order was opened on the pay page"))?;
        let no = if paid { Some(book.next_no()) } else { None };
        let Some(order) = book.orders.get_mut(at) else {
            return Err(refused(StatusCode::NOT_FOUND, "no such order"));
        };
        if order.outcome.is_some() || order.deciding {
            return Err(refused(StatusCode::CONFLICT, "the order is finished").with("code", request::TXN_REF_USED));
        }
        let ordered = order.request.amount;
        let matches = |rule: &Match| rule.is(order_ref, Some(ordered));
        let late = !shop.rules.peek(matches, |action| matches!(action, Action::Late(_))).is_empty();
        if paid && order.expired(now) && !late {
            return Err(too_late());
        }
        let deltas = shop.rules.peek(matches, |action| matches!(action, Action::AmountDelta(_)));
        let amount = if paid {
            let delta = deltas.iter().try_fold(0_i64, |sum, action| match action {
                Action::AmountDelta(delta) => sum.checked_add(*delta),
                _ => Some(sum),
            });
            delta
                .and_then(|delta| wish.amount.unwrap_or(ordered).checked_add(delta))
                .filter(|amount| request::wire_amount(&book::wire(*amount)).is_ok())
                .ok_or_else(|| refused(StatusCode::CONFLICT, "the amount does not fit the wire"))?
        } else {
            ordered
        };
        order.deciding = true;
        let (bank_code, card_type) = card(order.request.bank_code.as_deref(), paid);
        let outcome = Outcome {
            status: wish.status,
            response_code: wish.response_code,
            amount,
            transaction_no: no,
            pay_date: clock::wire_time(now),
            bank_code,
            card_type,
        };
        (at, shop.rules.take(matches, Action::is_about_payment), outcome)
    };
    let line = json!({
        "order_ref": order_ref, "status": outcome.status, "amount": outcome.amount,
        "wire_amount": book::wire(outcome.amount), "response_code": outcome.response_code,
        "transaction_no": outcome.transaction_no(), "pay_date": outcome.pay_date,
    });
    let written = shop.log.write("decided", line).await;
    let return_to = {
        let mut book = shop.book();
        let Some(order) = book.orders.get_mut(at) else {
            return Err(refused(StatusCode::NOT_FOUND, "no such order"));
        };
        order.deciding = false;
        written?;
        let query = sign::signed_query(&order.report(&outcome, &shop.config.tmn_code), &shop.hash_secret());
        order.outcome = Some(outcome);
        with_query(order.request.return_url.clone(), &query)
    };
    shop.tasks.spawn(ipn::deliver(Arc::clone(shop), at, ipn::Plan::from(actions)));
    Ok(Settled { at, return_to })
}

/// Which bank and card the payer would have used. NCB is the bank of VNPAY's published test card; a try without money
/// is reported as `VNPAY`, `QRCODE`.
fn card(asked: Option<&str>, paid: bool) -> (String, &'static str) {
    match asked {
        _ if !paid => ("VNPAY".to_owned(), "QRCODE"),
        Some("VNPAYQR") => ("NCB".to_owned(), "QRCODE"),
        Some("INTCARD") => ("VISA".to_owned(), "VISA"),
        None | Some("VNBANK") => ("NCB".to_owned(), "ATM"),
        Some(bank) => (bank.to_owned(), "ATM"),
    }
}

fn with_query(mut url: Url, signed: &str) -> Url {
    let query = match url.query() {
        Some(own) if !own.is_empty() => format!("{own}&{signed}"),
        _ => signed.to_owned(),
    };
    url.set_query(Some(&query));
    url
}
