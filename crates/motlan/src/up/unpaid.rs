//! A dossier that nobody has paid, so that whoever started a demonstration can pay it by hand, as a citizen would, by any
//! channel. It is registered over the API, as a portal does it; while its payment is open it is the same at each start.

use super::home::Home;
use crate::failed::Failed;
use crate::up::demo_config::BANK_BENEFICIARY;
use domain::Vnd;
use jiff::{Timestamp, tz};
use rand::RngExt;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// Circular 226/2016, Art. 4(1): the first two pages of an original, so many copies.
const FEE: i64 = 2_000 * 2 * 5;
/// The longest that an intent stays open.
const MONTH_S: i64 = 2_592_000;
const MOST_DRAWS: usize = 20;

/// What the payer needs to know.
pub struct Unpaid {
    pub dossier_code: String,
    /// Its id.
    pub obligation: String,
    pub checkout_url: String,
    pub reference: String,
    pub amount: Vnd,
}

/// A portal as far as this needs one.
struct Portal<'a> {
    http: Client,
    base_url: &'a str,
    key: &'a str,
}

/// # Errors
/// When the gateway does not take it.
pub async fn dossier(home: &Home, base_url: &str, key: &str) -> Result<Unpaid, Failed> {
    let portal = Portal { http: Client::builder().no_proxy().build()?, base_url, key };
    let known = match still_open(home, &portal).await? {
        Some(known) => known,
        None => {
            let code = unused_code(&portal).await?;
            let obligation =
                portal.call(Method::PUT, &format!("/v1/obligations/THU-{code}"), Some(&owed(&code))).await?;
            let body = json!({"obligation_ids": [obligation["id"]], "expires_in_s": MONTH_S});
            let intent = portal.call(Method::POST, "/v1/payment-intents", Some(&body)).await?;
            let known = json!({"id": intent["id"], "dossier_code": code, "obligation": obligation["id"]});
            home.remember_unpaid(&known)?;
            known
        }
    };
    let intent = portal.call(Method::GET, &path_of(&known), None).await?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let read = || {
        Some(Unpaid {
            dossier_code: text(&known["dossier_code"])?,
            obligation: text(&known["obligation"])?,
            checkout_url: text(&intent["checkout_url"])?,
            reference: text(&intent["reference"])?,
            amount: Vnd::new(intent["amount_due"].as_i64()?),
        })
    };
    read().ok_or_else(|| "the API shows a payment in another form".into())
}

fn path_of(intent: &Value) -> String {
    format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap_or_default())
}

async fn still_open(home: &Home, portal: &Portal<'_>) -> Result<Option<Value>, Failed> {
    let Some(known) = home.unpaid() else { return Ok(None) };
    // other books, or another portal's
    let Ok(intent) = portal.call(Method::GET, &path_of(&known), None).await else { return Ok(None) };
    Ok((intent["status"] == "open").then_some(known))
}

/// Dossier codes have four digits a day.
async fn unused_code(portal: &Portal<'_>) -> Result<String, Failed> {
    // Viet Nam has one time zone and no summer time
    let day = tz::offset(7).to_datetime(Timestamp::now()).strftime("%y%m%d").to_string();
    for _ in 0..MOST_DRAWS {
        let number: u32 = rand::rng().random_range(1..=9_999);
        let code = format!("H38.17-{day}-{number:04}");
        let known = portal.call(Method::GET, &format!("/v1/obligations?dossier_code={code}"), None).await?;
        if known["data"].as_array().is_some_and(Vec::is_empty) {
            return Ok(code);
        }
    }
    Err("there is no dossier code left today".into())
}

/// As a portal would register it. The person is invented.
fn owed(dossier_code: &str) -> Value {
    json!({
        "dossier_code": dossier_code, "sector": "public_service", "agency_code": "H38.17",
        "beneficiary_code": BANK_BENEFICIARY, "procedure_code": "2.000815",
        "procedure_name": "Chứng thực bản sao từ bản chính", "kind": "fee", "fee_code": "CT-BANSAO", "instalment": 1,
        "description": "Bản sao giấy khai sinh, 2 trang × 5 bản", "gross_amount": FEE, "relief_amount": 0,
        "currency": "VND",
        "payer": {
            "name": "Má A Pao", "identity_kind": "citizen_id", "identity_number": "010092000009",
            "address": "Tổ 5, phường Lào Cai, tỉnh Lào Cai",
        },
        "budget": {"chapter": "805", "sub_item": "2716"},
    })
}

impl Portal<'_> {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
        let mut request: RequestBuilder = self.http.request(method, format!("{}{path}", self.base_url));
        request = request.bearer_auth(self.key);
        if let Some(body) = body {
            let once = format!("up-{:x}", rand::rng().random::<u128>());
            request = request.header("Idempotency-Key", once).json(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{path}: HTTP {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }
}
