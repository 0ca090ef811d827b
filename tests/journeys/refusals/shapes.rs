//! Real answers have the shape that the served description gives them.

use serde_json::{Value, json};
use tests::House;
use tests::portal::{Answered, dossier, obligation};
use tests::shape::Described;

struct Asked<'a> {
    house: &'a House,
    described: Described,
    checked: usize,
}

impl Asked<'_> {
    /// The answer is the one that the description has for this operation and status.
    fn fits(&mut self, method: &str, path: &str, answer: &Answered) -> Value {
        let schema = if answer.status >= 400 {
            assert_eq!(answer.content_type, "application/problem+json", "{method} {path}: {}", answer.text);
            Some("Problem".to_owned())
        } else {
            assert_eq!(answer.content_type, "application/json", "{method} {path}");
            self.described.answer(method, path, answer.status)
        };
        let schema = schema.unwrap_or_else(|| panic!("{method} {path}: {} is not described", answer.status));
        let mistakes = self.described.mistakes(&schema, &answer.json);
        assert!(mistakes.is_empty(), "{method} {path}: {mistakes:#?} in {}", answer.text);
        self.checked += 1;
        answer.json.clone()
    }

    async fn get(&mut self, path: &str, at: &str) -> Value {
        let answer = self.house.portal.get(at).await;
        self.fits("get", path, &answer)
    }

    async fn post(&mut self, path: &str, id: &str, body: Value) -> Value {
        let answer = self.house.portal.post(&path.replace("{id}", id), body).await;
        self.fits("post", path, &answer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_the_description_says() {
    let house = House::new().await;
    let described = house.http.get(format!("{}/openapi.json", house.gateway.staff_url())).send().await.unwrap();
    let described = Described(described.json().await.unwrap());
    let mut asked = Asked { house: &house, described, checked: 0 };
    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();

    let whole = json!({
        "service_code": "DVC-1", "group_ref": "group", "due_at": "2026-12-31T10:00:00Z", "relief_amount": 1_000,
        "relief_basis": "TT 64", "notice": {"number": "1", "date": "2026-11-24", "payable_id": "p", "period": "2026"},
        "owner": {"name": "Chủ hồ sơ", "identity_kind": "none"},
    });
    let body = obligation(&dossier(), 21_000, whole);
    for status in [201, 200] {
        let answer = house.portal.put("/v1/obligations/shape", body.clone()).await;
        assert_eq!(answer.status, status);
        asked.fits("put", "/v1/obligations/{id}", &answer);
    }
    let changed = house.portal.put("/v1/obligations/shape", obligation("shape-1", 5_000, json!({}))).await;
    let fee = id(&asked.fits("put", "/v1/obligations/{id}", &changed));
    let other = id(&house.portal.owes(&dossier(), 6_000, json!({})).await);
    let endpoint = json!({"url": format!("{}/events", house.dossier.url)});
    let endpoint = id(&asked.post("/v1/event-endpoints", "", endpoint).await);

    let opening =
        json!({"obligation_ids": [fee], "return_url": "https://dvc.example.vn/", "metadata": {"a": [1, null]}});
    let intent = asked.post("/v1/payment-intents", "", opening.clone()).await;
    let intent_id = id(&intent);
    let attempt = asked.post("/v1/payment-intents/{id}/attempts", &intent_id, json!({"channel": "vnpay"})).await;
    asked.post("/v1/payment-intents/{id}/sync", &intent_id, json!({})).await;
    house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
    asked.post("/v1/payment-intents", "", opening).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    asked.get("/v1/obligations/{id}", &format!("/v1/obligations/{fee}")).await;
    let paid = asked.get("/v1/payment-intents/{id}", &format!("/v1/payment-intents/{intent_id}")).await;
    let payment = format!("/v1/payments/{}", id(&paid["payments"][0]));
    asked.get("/v1/payments/{id}", &payment).await;
    let by_staff = house.staff.get(&payment).await;
    asked.fits("get", "/v1/payments/{id}", &by_staff);

    let second = id(&asked.post("/v1/payment-intents", "", json!({"obligation_ids": [other]})).await);
    asked.post("/v1/payment-intents/{id}/renew", &second, json!({})).await;
    asked.post("/v1/payment-intents/{id}/cancel", &second, json!({})).await;
    asked.post("/v1/payment-intents/{id}/renew", &second, json!({"expires_in_s": 0})).await;
    asked.post("/v1/obligations/{id}/cancel", &other, json!({})).await;
    asked.post("/v1/obligations/{id}/cancel", &other, json!({})).await;
    house.drain().await;
    for list in ["/v1/obligations", "/v1/payment-intents", "/v1/payments", "/v1/events", "/v1/event-endpoints"] {
        let page = asked.get(list, list).await;
        assert!(!page["data"].as_array().unwrap().is_empty(), "{list}");
        asked.get(list, &format!("{list}?limit=1")).await;
        asked.get(list, &format!("{list}?limit=0")).await;
    }
    let event = id(&asked.get("/v1/events", "/v1/events?limit=1").await["data"][0]);
    asked.post("/v1/events/{id}/redeliver", &event, json!({})).await;
    asked.post("/v1/events/redeliver", "", json!({"from": 1, "to": 3})).await;
    asked.post("/v1/event-endpoints/{id}/rotate", &endpoint, json!({})).await;
    asked.post("/v1/event-endpoints/{id}/retire-old-secret", &endpoint, json!({})).await;
    let gone = house.http.delete(format!("{}/v1/event-endpoints/{endpoint}", house.portal.base));
    let gone = gone.bearer_auth(&house.portal.key).header("idempotency-key", "gone").send().await.unwrap();
    asked.fits("delete", "/v1/event-endpoints/{id}", &Answered::of(gone).await);
    let backlog = house.http.get(format!("{}/backlog", house.gateway.ops_url())).send().await.unwrap();
    asked.fits("get", "/backlog", &Answered::of(backlog).await);

    let refused = house.portal.put("/v1/obligations/x", json!({"gross_amount": 1.5})).await;
    asked.fits("put", "/v1/obligations/{id}", &refused);
    asked.get("/v1/payments/{id}", "/v1/payments/nonsense").await;
    let nowhere = house.http.get(format!("{}/nowhere", house.portal.base)).send().await.unwrap();
    asked.fits("get", "/nowhere", &Answered::of(nowhere).await);
    assert!(asked.checked > 40, "{}", asked.checked);
    house.drain().await;
    house.close().await;
}
