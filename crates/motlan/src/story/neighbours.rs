//! The other sides of the gateway, steered and read at their control addresses: VNPAY's simulator, whose log is the
//! truth about the money, and the stub of the dossier system, which says what it received.

use serde_json::{Value, json};

use super::gateway::list;
use super::stop::Stop;

/// A control interface: JSON in, JSON out, 200 or it is a failure.
pub(super) struct Control {
    http: reqwest::Client,
    url: String,
}

impl Control {
    pub(super) fn new(http: reqwest::Client, url: &str) -> Self {
        Self { http, url: url.trim_end_matches('/').to_owned() }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Stop> {
        let call = format!("GET {path}");
        read(&call, self.http.get(format!("{}{path}", self.url))).await
    }

    /// A file, to the byte.
    pub(super) async fn file(&self, path: &str) -> Result<Vec<u8>, Stop> {
        download(&format!("GET {path}"), self.http.get(format!("{}{path}", self.url))).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Stop> {
        let call = format!("POST {path}");
        read(&call, self.http.post(format!("{}{path}", self.url)).json(body)).await
    }
}

async fn read(call: &str, request: reqwest::RequestBuilder) -> Result<Value, Stop> {
    let bytes = download(call, request).await?;
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())))
}

async fn download(call: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Stop> {
    let unanswered = |error: reqwest::Error| Stop::Unanswered(call.to_owned(), error.without_url());
    let answer = request.send().await.map_err(unanswered)?;
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.map_err(unanswered)?.to_vec();
    if status == 200 {
        return Ok(bytes);
    }
    let body = Value::String(String::from_utf8_lossy(&bytes).into_owned());
    Err(Stop::Refused { call: call.to_owned(), status, wanted: 200, body })
}

/// The payer's browser: it follows nothing by itself, and what it returns to is never believed.
pub struct Browser {
    http: reqwest::Client,
    base: String,
}

/// What a browser is shown.
pub struct Shown {
    pub status: u16,
    pub kind: String,
    pub text: String,
}

impl Browser {
    /// `base`: the gateway's address.
    pub fn new(http: reqwest::Client, base: &str) -> Self {
        Self { http, base: base.trim_end_matches('/').to_owned() }
    }

    pub async fn open(&self, url: &str) -> Result<Shown, Stop> {
        let unanswered = |error: reqwest::Error| Stop::Unanswered("GET action.url".to_owned(), error.without_url());
        let page = self.http.get(url).send().await.map_err(unanswered)?;
        let kind = page.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Shown { status: page.status().as_u16(), kind, text: page.text().await.map_err(unanswered)? })
    }

    /// A page of the gateway's own.
    pub async fn open_here(&self, path: &str) -> Result<Shown, Stop> {
        self.open(&format!("{}{path}", self.base)).await
    }
}

pub struct Vnpay(Control);

/// One IPN call as VNPAY saw it.
pub struct Ipn {
    /// Lost on its way, as scripted: it was never sent.
    pub dropped: bool,
    pub rsp_code: Option<String>,
    pub verdict: String,
}

impl Vnpay {
    pub fn new(http: reqwest::Client, url: &str) -> Self {
        Self(Control::new(http, url))
    }

    /// `outcome`: `paid`, `cancelled` or `failed`. The transaction as VNPAY then shows it.
    pub async fn pay(&self, order_ref: &str, outcome: &str) -> Result<Value, Stop> {
        self.0.post("/_sim/pay", &json!({"order_ref": order_ref, "outcome": outcome})).await
    }

    /// A rule for one order, used once, so that the simulator stays as it was for whoever comes next.
    pub async fn script(&self, order_ref: &str, action: Value) -> Result<(), Stop> {
        let rule = json!({"match": {"order_ref": order_ref}, "do": [action], "times": 1});
        self.0.post("/_sim/script", &rule).await.map(drop)
    }

    /// An order that was opened on the pay page.
    pub async fn order(&self, order_ref: &str) -> Result<Option<Value>, Stop> {
        Ok(named(&self.0.get("/_sim/orders").await?, order_ref))
    }

    /// An order that was decided.
    pub async fn transaction(&self, order_ref: &str) -> Result<Option<Value>, Stop> {
        Ok(named(&self.0.get("/_sim/transactions").await?, order_ref))
    }

    /// Ends the settlement session that is running, and what it comes to.
    pub async fn cut_session(&self) -> Result<Value, Stop> {
        self.0.post("/_sim/settlement/cut", &json!({})).await
    }

    /// The settlement file of a session.
    pub async fn settlement(&self, session: i64) -> Result<Vec<u8>, Stop> {
        self.0.file(&format!("/_sim/settlement?session={session}")).await
    }

    /// What was paid and settled in that session; with None, what is in no session yet.
    pub async fn paid(&self, session: Option<i64>) -> Result<Vec<Value>, Stop> {
        let all = self.0.get("/_sim/transactions").await?;
        let is_of = |order: &&Value| order["status"].as_str() == Some("paid") && order["session"].as_i64() == session;
        Ok(all.as_array().into_iter().flatten().filter(is_of).cloned().collect())
    }

    pub async fn ipns(&self, order_ref: &str) -> Result<Vec<Ipn>, Stop> {
        let transaction = self.transaction(order_ref).await?.unwrap_or_default();
        Ok(list(&transaction, "ipn").iter().map(ipn).collect())
    }
}

fn named(all: &Value, order_ref: &str) -> Option<Value> {
    all.as_array()?.iter().rfind(|order| order["order_ref"].as_str() == Some(order_ref)).cloned()
}

fn ipn(call: &Value) -> Ipn {
    let verdict = call["verdict"].as_str().unwrap_or_default().to_owned();
    Ipn { dropped: verdict == "dropped", rsp_code: call["rsp_code"].as_str().map(str::to_owned), verdict }
}

pub struct DossierSystem(Control);

impl DossierSystem {
    pub fn new(http: reqwest::Client, url: &str) -> Self {
        Self(Control::new(http, url))
    }

    /// Where it takes the events of the endpoint of that name.
    pub fn address(&self, name: &str) -> String {
        format!("{}/events/{name}", self.0.url)
    }

    /// Gives it the secret to check signatures with; every stream is to begin at sequence 1.
    pub async fn trust(&self, name: &str, secret: &str) -> Result<(), Stop> {
        let endpoint = json!({"name": name, "secret": secret, "from_start": true});
        self.0.post("/_sim/endpoint", &endpoint).await.map(drop)
    }

    /// All arrivals at the endpoint of that name, in order, refused ones too.
    pub async fn received(&self, name: &str) -> Result<Vec<Value>, Stop> {
        let records = self.0.get(&format!("/_sim/received?name={name}")).await?;
        Ok(records.as_array().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_order_of_a_name_counts() {
        let orders = json!([{"order_ref": "A", "n": 1}, {"order_ref": "B", "n": 2}, {"order_ref": "A", "n": 3}]);
        assert_eq!(named(&orders, "A").map(|order| order["n"].clone()), Some(json!(3)));
        assert_eq!(named(&orders, "C"), None);
    }

    #[test]
    fn a_dropped_ipn_was_never_sent() {
        assert!(ipn(&json!({"verdict": "dropped", "rsp_code": null})).dropped);
        let answered = ipn(&json!({"verdict": "confirmed", "rsp_code": "00"}));
        assert_eq!((answered.dropped, answered.rsp_code.as_deref()), (false, Some("00")));
    }
}
