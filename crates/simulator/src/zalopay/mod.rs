//! ZaloPay v2 as its merchants meet it: create, callback, query, refund, query_refund. Refuses what the document refuses;
//! where the document is silent, the choice is named in the README.

mod api;
mod give_back;
mod settlement;
mod sign;

use std::path::PathBuf;
use std::{fmt, io};

use actix_web::web;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::day_file::Form;
use crate::server::Running;
use crate::wallet::book::{Order, Outcome, Status};
use crate::wallet::{self, Forgery, Times, Wire};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZalopayConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    pub app_id: u64,
    /// Signs what the merchant sends.
    pub key1: String,
    /// Signs what ZaloPay sends.
    pub key2: String,
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Between two tries of a callback; not published.
    #[serde(default = "one_minute")]
    pub callback_retry_ms: u64,
    /// Not published.
    #[serde(default = "ten_seconds")]
    pub callback_timeout_ms: u64,
    /// How long a refund is in hand; not published.
    #[serde(default = "two_seconds")]
    pub refund_ms: u64,
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

fn two_seconds() -> u64 {
    2_000
}

impl ZalopayConfig {
    /// Any port of the loopback.
    pub fn new(app_id: u64, key1: impl Into<String>, key2: impl Into<String>) -> Self {
        Self {
            listen: any_port(),
            app_id,
            key1: key1.into(),
            key2: key2.into(),
            log: None,
            callback_retry_ms: one_minute(),
            callback_timeout_ms: ten_seconds(),
            refund_ms: two_seconds(),
        }
    }
}

impl fmt::Debug for ZalopayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZalopayConfig")
            .field("listen", &self.listen)
            .field("app_id", &self.app_id)
            .field("log", &self.log)
            .field("callback_retry_ms", &self.callback_retry_ms)
            .field("callback_timeout_ms", &self.callback_timeout_ms)
            .field("refund_ms", &self.refund_ms)
            .finish_non_exhaustive()
    }
}

/// Starts on the present tokio runtime. Refuses an address that it cannot bind and a log that it cannot open.
pub async fn start(config: ZalopayConfig) -> io::Result<Running> {
    let (listen, log) = (config.listen.clone(), config.log.clone());
    let times = Times {
        retry_ms: config.callback_retry_ms,
        timeout_ms: config.callback_timeout_ms,
        refund_ms: config.refund_ms,
    };
    wallet::start(Zalopay { config }, &listen, times, log.as_deref(), |routes| {
        routes
            .route("/v2/create", web::post().to(api::create))
            .route("/v2/query", web::post().to(api::query))
            .route("/v2/refund", web::post().to(give_back::refund))
            .route("/v2/query_refund", web::post().to(give_back::query));
    })
}

pub(crate) struct Zalopay {
    config: ZalopayConfig,
}

impl Zalopay {
    /// ZaloPay v2, callback: the text that is signed, and its place in the body.
    fn told(&self, order: &Order, outcome: &Outcome, app_id: u64, key2: &str) -> Value {
        let request = |name: &str| order.request.get(name).cloned().unwrap_or_default();
        let data = json!({
            "app_id": app_id, "app_trans_id": order.wire_ref, "app_time": request("app_time"),
            "app_user": request("app_user"), "amount": outcome.amount, "embed_data": request("embed_data"),
            "item": request("item"), "zp_trans_id": outcome.transaction_no,
            "server_time": outcome.at.as_millisecond(), "channel": 38, "merchant_user_id": "simulated",
            "user_fee_amount": 0, "discount_amount": 0,
        })
        .to_string();
        let mac = sign::hmac_hex(key2, &data);
        json!({"data": data, "mac": mac, "type": 1})
    }
}

impl Wire for Zalopay {
    const NAME: &'static str = "Ví ZaloPay";
    /// ZaloPay v2 publishes no code for a payer who cancels: -217, of the bank, stands for any try without money.
    const CANCELLED: i64 = -217;
    const FAILED: i64 = -63;
    const EXPIRED: i64 = -54;
    /// By the comment of ZaloPay's own sample.
    const MOST_CALLS: u32 = 3;

    /// Payments that succeeded only (ZaloPay v2, callback).
    fn report(&self, order: &Order, outcome: &Outcome) -> Option<String> {
        let told = || self.told(order, outcome, self.config.app_id, &self.config.key2).to_string();
        (outcome.status == Status::Paid).then(told)
    }

    fn forged(&self, order: &Order, outcome: &Outcome, forgery: Forgery) -> Option<String> {
        let (app_id, key2) = (self.config.app_id, &self.config.key2);
        let body = match forgery {
            // key1 is what a merchant's own system might leak
            Forgery::Signature => self.told(order, outcome, app_id, &self.config.key1),
            Forgery::Merchant => self.told(order, outcome, app_id.wrapping_add(1), key2),
            Forgery::Amount => {
                let mut body = self.told(order, outcome, app_id, key2);
                let more = Outcome { amount: outcome.amount.saturating_add(1), ..outcome.clone() };
                body["data"] = self.told(order, &more, app_id, key2)["data"].clone();
                body
            }
        };
        Some(body.to_string())
    }

    /// ZaloPay v2, callback: HTTP 200 with return_code 1, or 2 for one that was known.
    fn is_taken(status: u16, body: &str) -> Result<(), String> {
        if status != 200 {
            return Err(format!("HTTP {status} instead of 200"));
        }
        let answer: Value = serde_json::from_str(body).map_err(|error| format!("not JSON: {error}"))?;
        match (answer["return_code"].as_i64(), answer["return_message"].as_str()) {
            (Some(1 | 2), Some(_)) => Ok(()),
            (Some(code), Some(_)) => Err(format!("return_code {code}")),
            _ => Err("not return_code and return_message".to_owned()),
        }
    }

    /// ZaloPay v2, redirect.
    fn way_back(&self, order: &Order, outcome: &Outcome) -> String {
        let status = if outcome.status == Status::Paid { "1".to_owned() } else { outcome.code.to_string() };
        let (app_id, amount) = (self.config.app_id.to_string(), order.amount.to_string());
        let signed = [&app_id, &order.wire_ref, "38", "", &amount, "0", &status];
        let checksum = sign::hmac_hex(&self.config.key2, &signed.join("|"));
        let names = ["appid", "apptransid", "pmcid", "bankcode", "amount", "discountamount", "status"];
        match url::Url::parse(&order.return_url) {
            Ok(mut url) => {
                url.query_pairs_mut().extend_pairs(names.iter().zip(signed)).append_pair("checksum", &checksum);
                url.into()
            }
            Err(_) => order.return_url.clone(),
        }
    }

    /// What stands behind `yymmdd_`.
    fn own_name(wire_ref: &str) -> &str {
        wire_ref.split_once('_').map_or(wire_ref, |(_, own)| own)
    }

    fn form() -> &'static Form {
        &settlement::FORM
    }

    fn merchant(&self) -> String {
        self.config.app_id.to_string()
    }

    fn waits_for_word(_: &Order) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_answers_end_the_calls() {
        for good in [r#"{"return_code":1,"return_message":"success"}"#, r#"{"return_code":2,"return_message":""}"#] {
            assert!(Zalopay::is_taken(200, good).is_ok());
        }
        for (status, body) in [
            (204, ""),
            (500, r#"{"return_code":1,"return_message":"success"}"#),
            (200, r#"{"return_code":-1,"return_message":"mac not equal"}"#),
            (200, r#"{"return_code":0,"return_message":"exception"}"#),
            (200, r#"{"return_code":"1","return_message":"success"}"#),
            (200, r#"{"return_code":1}"#),
            (200, "1"),
        ] {
            assert!(Zalopay::is_taken(status, body).is_err(), "{status} {body}");
        }
    }
}
