//! A portal backend: a key and the gateway's address, and the calls that it makes.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that no other call of this test process got.
pub fn fresh() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[derive(Clone)]
pub struct Portal {
    pub http: reqwest::Client,
    pub base: String,
    pub key: String,
}

/// What a parser of ours says to us, and no refusal to whoever calls.
const INTERNALS: [&str; 6] = ["eserialize", ", expected ", "invalid type", "invalid value", "struct ", "trailing "];

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub replayed: bool,
    pub content_type: String,
    pub text: String,
    pub json: Value,
}

impl Answered {
    pub async fn of(answer: reqwest::Response) -> Self {
        let status = answer.status().as_u16();
        let replayed = answer.headers().get("idempotency-replayed").is_some_and(|v| v == "true");
        let content_type =
            answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let text = answer.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, replayed, content_type, text, json }
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// The refusal's code, if it is a problem document of this status.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.content_type, "application/problem+json", "{}", self.text);
        assert!(self.json["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{}", self.text);
        // a layout is a document of its own, in whose words its reader tells where it breaks
        let layout = self.json["errors"][0]["pointer"] == "/layout";
        assert!(layout || !INTERNALS.iter().any(|word| self.text.contains(word)), "{}", self.text);
        self.json["code"].as_str().unwrap().to_owned()
    }
}

impl Portal {
    pub fn new(http: &reqwest::Client, base: &str, key: String) -> Self {
        Self { http: http.clone(), base: base.to_owned(), key }
    }

    pub async fn get(&self, path: &str) -> Answered {
        let call = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        Answered::of(call.send().await.unwrap()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answered {
        let call = self.http.put(format!("{}{path}", self.base)).bearer_auth(&self.key).json(&body);
        Answered::of(call.send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answered {
        self.post_with(path, &format!("key-{}", fresh()), body).await
    }

    pub async fn post_with(&self, path: &str, key: &str, body: Value) -> Answered {
        let call = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        Answered::of(call.header("Idempotency-Key", key).json(&body).send().await.unwrap()).await
    }

    /// Registers a fee of a dossier; `change` overwrites fields.
    pub async fn owes(&self, dossier: &str, amount: i64, change: Value) -> Value {
        let body = obligation(dossier, amount, change);
        self.put(&format!("/v1/obligations/ref-{}", fresh()), body).await.expect(201)
    }

    pub async fn opens(&self, obligations: &[&Value]) -> Value {
        self.opens_for(obligations, 3_600).await
    }

    pub async fn opens_for(&self, obligations: &[&Value], seconds: i64) -> Value {
        let ids: Vec<&Value> = obligations.iter().map(|o| &o["id"]).collect();
        let body = json!({"obligation_ids": ids, "expires_in_s": seconds, "return_url": "https://dvc.example.vn/xong"});
        self.post("/v1/payment-intents", body).await.expect(201)
    }

    pub async fn intent(&self, intent: &Value) -> Value {
        self.get(&format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap())).await.expect(200)
    }

    pub async fn obligation(&self, obligation: &Value) -> Value {
        self.get(&format!("/v1/obligations/{}", obligation["id"].as_str().unwrap())).await.expect(200)
    }
}

/// The body of a certified-copy fee.
pub fn obligation(dossier: &str, amount: i64, change: Value) -> Value {
    let mut body = json!({
        "dossier_code": dossier, "agency_code": "H38.17", "beneficiary_code": "H38.17-KB",
        "procedure_code": "2.000815", "procedure_name": "Chứng thực bản sao từ bản chính",
        "kind": "fee", "fee_code": format!("CT-{}", fresh()), "description": "Phí chứng thực bản sao",
        "gross_amount": amount, "currency": "VND",
        "payer": {"name": "Nguyễn Văn Mẫu", "identity_kind": "citizen_id", "identity_number": "010085000123"},
        "budget": {"chapter": "820", "sub_item": "2716"},
    });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

/// A dossier code that no other test of this process uses.
pub fn dossier() -> String {
    format!("H38.17-261125-{:04}", fresh())
}
