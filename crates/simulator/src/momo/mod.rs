//! MoMo AIO v2 as its merchants meet it: create, IPN, query, confirm, refund and its query. Refuses what the document
//! refuses; where the document is silent, the choice is named in the README.

mod api;
mod codes;
mod give_back;
mod settlement;
mod sign;

use std::path::PathBuf;
use std::{fmt, io};

use actix_web::web;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::day_file::Form;
use crate::server::Running;
use crate::wallet::book::{Order, Outcome, Status};
use crate::wallet::{self, Forgery, Times, Wire};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomoConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    pub partner_code: String,
    pub access_key: String,
    pub secret_key: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Between two tries of an IPN; neither their number nor their spacing is published.
    #[serde(default = "one_minute")]
    pub ipn_retry_ms: u64,
    /// MoMo AIO v2, IPN: the merchant answers within 15 s.
    #[serde(default = "fifteen_seconds")]
    pub ipn_timeout_ms: u64,
    /// How long a refund is in hand; 0: it is made while the merchant waits.
    #[serde(default)]
    pub refund_ms: u64,
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

fn fifteen_seconds() -> u64 {
    15_000
}

fn fifteen_minutes() -> u64 {
    900
}

impl MomoConfig {
    /// Any port of the loopback, times as far as MoMo's are known.
    pub fn new(partner_code: impl Into<String>, access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            listen: any_port(),
            partner_code: partner_code.into(),
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            log: None,
            ipn_retry_ms: one_minute(),
            ipn_timeout_ms: fifteen_seconds(),
            refund_ms: 0,
            window_s: fifteen_minutes(),
        }
    }
}

impl fmt::Debug for MomoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MomoConfig")
            .field("listen", &self.listen)
            .field("partner_code", &self.partner_code)
            .field("log", &self.log)
            .field("ipn_retry_ms", &self.ipn_retry_ms)
            .field("ipn_timeout_ms", &self.ipn_timeout_ms)
            .field("refund_ms", &self.refund_ms)
            .field("window_s", &self.window_s)
            .finish_non_exhaustive()
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: MomoConfig) -> io::Result<Running> {
    let (listen, log) = (config.listen.clone(), config.log.clone());
    let times = Times { retry_ms: config.ipn_retry_ms, timeout_ms: config.ipn_timeout_ms, refund_ms: config.refund_ms };
    wallet::start(Momo { config }, &listen, times, log.as_deref(), |routes| {
        routes
            .route("/v2/gateway/api/create", web::post().to(api::create))
            .route("/v2/gateway/api/query", web::post().to(api::query))
            .route("/v2/gateway/api/confirm", web::post().to(api::confirm))
            .route("/v2/gateway/api/refund", web::post().to(give_back::refund))
            .route("/v2/gateway/api/refund/query", web::post().to(give_back::query));
    })
}

pub(crate) struct Momo {
    config: MomoConfig,
}

impl Momo {
    /// MoMo AIO v2, IPN: fields and their signature.
    fn told(&self, order: &Order, outcome: &Outcome, partner_code: &str, secret: &str) -> Value {
        let request = |name: &str| order.request.get(name).cloned().unwrap_or_else(|| json!(""));
        let mut body = json!({
            "partnerCode": partner_code, "orderId": order.wire_ref, "requestId": request("requestId"),
            "amount": outcome.amount, "orderInfo": order.info, "orderType": "momo_wallet",
            "transId": outcome.transaction_no, "resultCode": outcome.code, "message": codes::message(outcome.code),
            "payType": "qr", "responseTime": outcome.at.as_millisecond(), "extraData": request("extraData"),
        });
        let signature = sign::of(secret, &self.config.access_key, &sign::IPN, &body);
        body["signature"] = signature.into();
        body
    }
}

impl Wire for Momo {
    const NAME: &'static str = "Ví MoMo";
    const CANCELLED: i64 = codes::PAYER_REFUSED;
    const FAILED: i64 = codes::BALANCE;
    const EXPIRED: i64 = codes::RAN_OUT;
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
                body["amount"] = outcome.amount.saturating_add(1).into();
                body
            }
        };
        Some(body.to_string())
    }

    /// MoMo AIO v2, IPN: HTTP 204 and no body.
    fn is_taken(status: u16, body: &str) -> Result<(), String> {
        match (status, body.is_empty()) {
            (204, true) => Ok(()),
            (204, false) => Err("a body under 204".to_owned()),
            _ => Err(format!("HTTP {status} instead of 204")),
        }
    }

    /// The redirect carries what the IPN says (MoMo AIO v2, redirect).
    fn way_back(&self, order: &Order, outcome: &Outcome) -> String {
        let told = self.told(order, outcome, &self.config.partner_code, &self.config.secret_key);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = told.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value)));
        match url::Url::parse(&order.return_url) {
            Ok(mut url) => {
                url.query_pairs_mut().extend_pairs(pairs);
                url.into()
            }
            Err(_) => order.return_url.clone(),
        }
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

    fn waits_for_word(order: &Order) -> bool {
        order.request.get("autoCapture") == Some(&Value::Bool(false))
    }
}

/// The code of an order as a question about it is answered.
fn code_of(order: &Order) -> i64 {
    match &order.outcome {
        Some(outcome) if outcome.status == Status::Paid => codes::PAID,
        Some(outcome) => outcome.code,
        None if order.has_run_out(clock::now()) => Momo::EXPIRED,
        None => codes::WAITS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_204_without_a_body_is_an_answer() {
        assert!(Momo::is_taken(204, "").is_ok());
        for (status, body) in [(200, ""), (204, "{}"), (202, ""), (500, ""), (301, "")] {
            assert!(Momo::is_taken(status, body).is_err(), "{status} {body}");
        }
    }
}
