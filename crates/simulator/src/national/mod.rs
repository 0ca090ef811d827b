//! The payment platform of the national public service portal as its partners meet it: INIT, the payer's page, CONFIRM,
//! QUERY, GET_BILL, version string 1.0.6. Refuses what the code bases that its shape is known from would not send; where they
//! are silent, and they are about much, the choice is named in the README.

mod api;
mod bill;
mod control;
mod settlement;
mod sign;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use actix_web::web;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::day_file::Form;
use crate::server::Running;
use crate::wallet::book::{Order, Outcome};
use crate::wallet::{self, Forgery, Times, Wire};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NationalConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    /// Where CONFIRM goes, which the platform keeps per partner; empty until `POST /_sim/notify` gives one.
    #[serde(default)]
    pub notify_url: String,
    /// Where the payer's browser goes afterwards, kept the same way; empty: it stays on the page.
    #[serde(default)]
    pub return_url: String,
    pub partner_code: String,
    pub secret_key: String,
    /// The bearer token of calls; empty: none is asked for.
    #[serde(default)]
    pub access_token: String,
    /// Whether INIT is answered without the envelope of `error_code` and `message`.
    #[serde(default)]
    pub bare_answers: bool,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Between two tries of a CONFIRM; not published.
    #[serde(default = "one_minute")]
    pub confirm_retry_ms: u64,
    /// Not published.
    #[serde(default = "ten_seconds")]
    pub confirm_timeout_ms: u64,
    /// How long a payer may take; not published.
    #[serde(default = "fifteen_minutes")]
    pub window_s: u64,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

fn one_minute() -> u64 {
    60_000
}

fn ten_seconds() -> u64 {
    10_000
}

fn fifteen_minutes() -> u64 {
    900
}

impl NationalConfig {
    /// Any port of the loopback, no address for CONFIRM yet.
    pub fn new(
        partner_code: impl Into<String>,
        secret_key: impl Into<String>,
        access_token: impl Into<String>,
    ) -> Self {
        Self {
            listen: any_port(),
            notify_url: String::new(),
            return_url: String::new(),
            partner_code: partner_code.into(),
            secret_key: secret_key.into(),
            access_token: access_token.into(),
            bare_answers: false,
            log: None,
            confirm_retry_ms: one_minute(),
            confirm_timeout_ms: ten_seconds(),
            window_s: fifteen_minutes(),
        }
    }
}

impl fmt::Debug for NationalConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NationalConfig")
            .field("listen", &self.listen)
            .field("notify_url", &self.notify_url)
            .field("return_url", &self.return_url)
            .field("partner_code", &self.partner_code)
            .field("bare_answers", &self.bare_answers)
            .field("log", &self.log)
            .field("confirm_retry_ms", &self.confirm_retry_ms)
            .field("confirm_timeout_ms", &self.confirm_timeout_ms)
            .field("window_s", &self.window_s)
            .finish_non_exhaustive()
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: NationalConfig) -> io::Result<Running> {
    let (listen, log) = (config.listen.clone(), config.log.clone());
    let times = Times { retry_ms: config.confirm_retry_ms, timeout_ms: config.confirm_timeout_ms, refund_ms: 0 };
    let (notify_url, return_url) = (Mutex::new(config.notify_url.clone()), Mutex::new(config.return_url.clone()));
    wallet::start(National { config, notify_url, return_url }, &listen, times, log.as_deref(), |routes| {
        routes
            .route("/init", web::post().to(api::init))
            .route("/query", web::post().to(api::query))
            .route("/bill", web::post().to(bill::get_bill))
            .route("/_sim/notify", web::post().to(control::notify));
    })
}

pub(crate) struct National {
    config: NationalConfig,
    notify_url: Mutex<String>,
    return_url: Mutex<String>,
}

/// What the payer's bank is called.
const BANK: &str = "VCB";

impl National {
    fn notify_url(&self) -> String {
        self.notify_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn return_url(&self) -> String {
        self.return_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// CONFIRM: values and their hash, all texts.
    fn told(&self, order: &Order, outcome: &Outcome, partner_code: &str, secret: &str) -> Value {
        let mut body = json!({
            "LoaiBanTin": "CONFIRM", "MaLoi": code(outcome.code), "MaDoiTac": partner_code,
            "MaThamChieu": order.wire_ref, "SoTien": outcome.amount.to_string(), "MaTienTe": "VND",
            "MaGiaoDich": outcome.transaction_no.to_string(), "MaNganHang": BANK,
            "ThoiGianGD": clock::wire_time(outcome.at), "ThongTinGiaoDich": order.info,
        });
        body["MaXacThuc"] = sign::of(secret, &sign::CONFIRM, &body).into();
        body
    }
}

/// `MaLoi`: two digits at least.
fn code(number: i64) -> String {
    format!("{number:02}")
}

impl Wire for National {
    const NAME: &'static str = "Nền tảng thanh toán, Cổng Dịch vụ công Quốc gia";
    /// No list of codes is published: 99, "other mistakes", is the only one that a code base has beside 00.
    const CANCELLED: i64 = 99;
    const FAILED: i64 = 99;
    const EXPIRED: i64 = 99;
    const MOST_CALLS: u32 = 3;

    fn report(&self, order: &Order, outcome: &Outcome) -> Option<String> {
        Some(self.told(order, outcome, &self.config.partner_code, &self.config.secret_key).to_string())
    }

    fn forged(&self, order: &Order, outcome: &Outcome, forgery: Forgery) -> Option<String> {
        let (ours, secret) = (&self.config.partner_code, &self.config.secret_key);
        let body = match forgery {
            Forgery::Signature => self.told(order, outcome, ours, &format!("{secret}?")),
            Forgery::Merchant => self.told(order, outcome, "FORGED", secret),
            Forgery::Amount => {
                let mut body = self.told(order, outcome, ours, secret);
                body["SoTien"] = outcome.amount.saturating_add(1).to_string().into();
                body
            }
        };
        Some(body.to_string())
    }

    /// The answer to CONFIRM: HTTP 200, the good code, and the call's own values again.
    fn is_taken(status: u16, body: &str) -> Result<(), String> {
        if status != 200 {
            return Err(format!("HTTP {status} instead of 200"));
        }
        let answer: Value = serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
        let text = |name: &str| answer[name].as_str().ok_or_else(|| format!("{name} is no text"));
        let code = text("MaLoi")?;
        if code != "00" {
            return Err(format!("MaLoi {code}"));
        }
        for name in ["MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD", "MaXacThuc"] {
            text(name)?;
        }
        Ok(())
    }

    /// The message of an order names no address to return to; the one that was agreed says nothing.
    fn way_back(&self, order: &Order, _: &Outcome) -> String {
        order.return_url.clone()
    }

    fn own_name(wire_ref: &str) -> &str {
        wire_ref
    }

    fn form() -> &'static Form {
        &settlement::FORM
    }

    fn merchant(&self) -> String {
        self.config.partner_code.clone()
    }

    fn waits_for_word(_: &Order) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_answer_ends_the_calls() {
        let good = json!({
            "MaLoi": "00", "MoTaLoi": "", "MaDoiTac": "P", "MaThamChieu": "R", "ThoiGianGD": "1", "MaXacThuc": "h",
        });
        assert!(National::is_taken(200, &good.to_string()).is_ok());
        for name in ["MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD", "MaXacThuc"] {
            let mut less = good.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(National::is_taken(200, &less.to_string()).is_err(), "{name}");
        }
        assert!(National::is_taken(500, &good.to_string()).is_err() && National::is_taken(200, "").is_err());
        assert!(National::is_taken(200, r#"{"MaLoi":"99"}"#).is_err());
    }
}
