//! Single fields that are not valid.

use super::{complains, complaints, post, put};
use serde_json::{Value, json};
use tests::House;
use tests::portal::{dossier, obligation};
use tests::rows::digest;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_that_is_no_whole_number_of_dong_is_refused() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let body = obligation(&dossier(), 21_000, json!({"relief_amount": 21_000, "relief_basis": "TT 64"})).to_string();
    for field in ["gross_amount", "relief_amount"] {
        for (token, code) in [
            ("1.5", "type"),
            ("1.0", "type"),
            ("1e3", "type"),
            ("\"21000\"", "type"),
            ("true", "type"),
            ("null", "type"),
            ("[21000]", "type"),
            ("{}", "type"),
            ("9223372036854775808", "type"),
            ("-9223372036854775809", "type"),
            ("-1", "range"),
            ("1000000000000", "range"),
            ("9223372036854775807", "range"),
        ] {
            let told = format!("\"{field}\":{token}");
            let sent = body.replace(&format!("\"{field}\":21000"), &told);
            assert_ne!(sent, body);
            let answer = put(&house, "/v1/obligations/amount", Some("application/json"), sent).await;
            complains(&told, &answer, &format!("/{field}"), code);
            assert_eq!(answer.refused(422), "validation_failed");
        }
        for token in ["01", "+1", "0x10", "NaN", "1e400", "1_000", "١"] {
            let sent = body.replace(&format!("\"{field}\":21000"), &format!("\"{field}\":{token}"));
            let answer = put(&house, "/v1/obligations/amount", Some("application/json"), sent).await;
            assert_eq!(answer.refused(400), "body_malformed", "{token}");
        }
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

/// What is changed in a body that is else in order, the field that is to be named, and the kind of mistake.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    let long = |n: usize| "ă".repeat(n);
    let payer = |change: Value| {
        let mut payer = obligation("x", 1, json!({}))["payer"].clone();
        payer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        payer
    };
    let hospital = json!({"sector": "hospital", "dossier_code": null});
    vec![
        (json!({"surprise": 1}), "/surprise", "unknown"),
        (json!({"payer": payer(json!({"surprise": 1}))}), "/payer/surprise", "unknown"),
        (json!({"budget": {"surprise": 1}}), "/budget/surprise", "unknown"),
        (json!({"notice": {"surprise": 1}}), "/notice/surprise", "unknown"),
        (json!({"a/b~c": 1}), "/a~1b~0c", "unknown"),
        (json!({"kind": "tip"}), "/kind", "value"),
        (json!({"kind": "FEE"}), "/kind", "value"),
        (json!({"kind": null}), "/kind", "type"),
        (json!({"sector": "casino"}), "/sector", "value"),
        (json!({"payer": payer(json!({"identity_kind": "library_card"}))}), "/payer/identity_kind", "value"),
        (json!({"payer": "Nguyễn Văn Mẫu"}), "/payer", "type"),
        (json!({"payer": payer(json!({"identity_number": 10_085_000_123_i64}))}), "/payer/identity_number", "type"),
        (json!({"payer": payer(json!({"identity_number": null}))}), "/payer/identity_number", "required"),
        (json!({"payer": payer(json!({"identity_number": long(33)}))}), "/payer/identity_number", "length"),
        (json!({"payer": payer(json!({"name": ""}))}), "/payer/name", "length"),
        (json!({"payer": payer(json!({"name": long(201)}))}), "/payer/name", "length"),
        (json!({"payer": payer(json!({"name": "a\u{0}b"}))}), "/payer/name", "format"),
        (json!({"owner": payer(json!({"email": long(255)}))}), "/owner/email", "length"),
        (json!({"owner": payer(json!({"phone": "09\n1"}))}), "/owner/phone", "format"),
        (json!({"description": "bell \u{7}"}), "/description", "format"),
        (json!({"description": "nothing \u{0}"}), "/description", "format"),
        (json!({"description": "line\r\nX-Injected: 1"}), "/description", "format"),
        (json!({"description": ""}), "/description", "length"),
        (json!({"description": long(501)}), "/description", "length"),
        (json!({"dossier_code": "H38 17"}), "/dossier_code", "format"),
        (json!({"dossier_code": "H".repeat(51)}), "/dossier_code", "format"),
        (json!({"dossier_code": "H38';drop table obligation--"}), "/dossier_code", "format"),
        (json!({"agency_code": ""}), "/agency_code", "length"),
        (json!({"beneficiary_code": "a b"}), "/beneficiary_code", "format"),
        (json!({"fee_code": long(65)}), "/fee_code", "length"),
        (json!({"currency": "USD"}), "/currency", "value"),
        (json!({"currency": "vnd"}), "/currency", "value"),
        (json!({"instalment": 0}), "/instalment", "range"),
        (json!({"instalment": 1_000}), "/instalment", "range"),
        (json!({"instalment": 2_147_483_648_i64}), "/instalment", "type"),
        (json!({"relief_amount": 21_001, "relief_basis": "TT 64"}), "/relief_amount", "range"),
        (json!({"relief_amount": 1_000}), "/relief_basis", "required"),
        (json!({"dossier_code": null}), "/dossier_code", "required"),
        (hospital, "/customer_code", "required"),
        (json!({"due_at": "tomorrow"}), "/due_at", "format"),
        (json!({"due_at": "2026-11-24 09:30:00"}), "/due_at", "format"),
        (json!({"notice": {"date": "24/11/2026"}}), "/notice/date", "format"),
        (json!({"notice": {"date": "2026-02-30"}}), "/notice/date", "format"),
        (json!({"agency_code": "H99.99"}), "/agency_code", "value"),
        (json!({"beneficiary_code": "NOBODY"}), "/beneficiary_code", "value"),
        // another agency's account
        (json!({"beneficiary_code": tests::OTHER_BENEFICIARY}), "/beneficiary_code", "value"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_of_an_obligation_that_is_not_valid_is_named_with_what_is_wrong() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    for (change, pointer, code) in mistakes() {
        let body = obligation(&dossier(), 21_000, change.clone());
        let answer = house.portal.put("/v1/obligations/field", body).await;
        complains(&change.to_string(), &answer, pointer, code);
    }
    for field in ["agency_code", "beneficiary_code", "kind", "fee_code", "description", "gross_amount", "payer"] {
        let mut body = obligation(&dossier(), 21_000, json!({}));
        body.as_object_mut().unwrap().remove(field);
        let answer = house.portal.put("/v1/obligations/field", body).await;
        complains(field, &answer, &format!("/{field}"), "required");
    }
    for field in ["name", "identity_kind"] {
        let mut body = obligation(&dossier(), 21_000, json!({}));
        body["payer"].as_object_mut().unwrap().remove(field);
        let answer = house.portal.put("/v1/obligations/field", body).await;
        complains(field, &answer, &format!("/payer/{field}"), "required");
    }
    for external_ref in ["r".repeat(129), "a%00b".to_owned(), "a%0Ab".to_owned()] {
        let body = obligation(&dossier(), 21_000, json!({}));
        let answer = house.portal.put(&format!("/v1/obligations/{external_ref}"), body).await;
        assert_eq!(answer.refused(422), "validation_failed", "{external_ref}");
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_wrong_with_a_body_is_told_at_once() {
    let house = House::new().await;
    let change = json!({"kind": "tip", "currency": "USD", "gross_amount": -5, "instalment": 0, "description": ""});
    let answer = house.portal.put("/v1/obligations/many", obligation(&dossier(), 1, change)).await;
    let named: Vec<String> = complaints("many", &answer).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/kind", "/description", "/instalment", "/gross_amount", "/currency"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_of_an_intent_that_is_not_valid_is_named_with_what_is_wrong() {
    let settings = vec![("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "300".to_owned())];
    let house = House::planned(tests::Plan { settings, ..tests::Plan::default() }).await;
    let fee = house.portal.owes(&dossier(), 20_000, json!({})).await;
    let id = fee["id"].as_str().unwrap();
    let made_up = |n: usize| -> Vec<String> { (0..n).map(|i| format!("obl_{i:032x}")).collect() };
    let with = |change: Value| {
        let mut body = json!({"obligation_ids": [id]});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let deep: Value = serde_json::from_str(&deep).unwrap();
    let before = digest(&house.database).await;
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!({"obligation_ids": []}), "/obligation_ids", "length"),
        (json!({"obligation_ids": made_up(51)}), "/obligation_ids", "length"),
        (json!({"obligation_ids": [id, id]}), "/obligation_ids/1", "conflict"),
        (json!({"obligation_ids": [id, "pi_1"]}), "/obligation_ids/1", "format"),
        (json!({"obligation_ids": [id.to_uppercase()]}), "/obligation_ids/0", "format"),
        (json!({"obligation_ids": id}), "/obligation_ids", "type"),
        (json!({"obligation_ids": [1]}), "/obligation_ids/0", "type"),
        (json!({}), "/obligation_ids", "required"),
        (with(json!({"amount": 1})), "/amount", "unknown"),
        (with(json!({"expires_in_s": 299})), "/expires_in_s", "range"),
        (with(json!({"expires_in_s": 2_592_001})), "/expires_in_s", "range"),
        (with(json!({"expires_in_s": -1})), "/expires_in_s", "range"),
        (with(json!({"expires_in_s": i64::MAX})), "/expires_in_s", "range"),
        (with(json!({"expires_in_s": "600"})), "/expires_in_s", "type"),
        (with(json!({"return_url": "javascript:alert(1)"})), "/return_url", "format"),
        (with(json!({"return_url": "data:text/html,x"})), "/return_url", "format"),
        (with(json!({"return_url": "https://user:secret@dvc.example.vn/"})), "/return_url", "format"),
        (with(json!({"return_url": "https://user@dvc.example.vn/"})), "/return_url", "format"),
        (with(json!({"return_url": "file:///etc/passwd"})), "/return_url", "format"),
        (with(json!({"return_url": "//dvc.example.vn/"})), "/return_url", "format"),
        (with(json!({"return_url": "/xong"})), "/return_url", "format"),
        (with(json!({"return_url": ""})), "/return_url", "format"),
        (with(json!({"return_url": "https://dvc.example.vn/\r\nSet-Cookie: a=b"})), "/return_url", "format"),
        (with(json!({"return_url": "https://dvc.example.vn/\u{0}"})), "/return_url", "format"),
        (with(json!({"return_url": " https://dvc.example.vn/"})), "/return_url", "format"),
        (with(json!({"return_url": format!("https://dvc.example.vn/{}", "x".repeat(2_000))})), "/return_url", "format"),
        (with(json!({"allowed_channels": []})), "/allowed_channels", "length"),
        (with(json!({"allowed_channels": ["vn pay"]})), "/allowed_channels/0", "format"),
        (with(json!({"allowed_channels": ["vnpay", "counter", "abc"]})), "/allowed_channels/2", "value"),
        (with(json!({"metadata": []})), "/metadata", "value"),
        (with(json!({"metadata": {"a": "x".repeat(4_096)}})), "/metadata", "value"),
        (with(json!({"metadata": {"a": "nothing \u{0}"}})), "/metadata", "value"),
        (with(json!({"metadata": {"a": {"no\u{0}thing": 1}}})), "/metadata", "value"),
    ];
    for (body, pointer, code) in cases {
        let answer = house.portal.post("/v1/payment-intents", body.clone()).await;
        complains(&body.to_string(), &answer, pointer, code);
    }
    assert_eq!(digest(&house.database).await, before);
    // what is odd and still JSON is kept as it is
    let odd = json!({"nested": deep, "text": "\\u0000 🏛", "number": 1});
    let intent = house.portal.post("/v1/payment-intents", with(json!({"metadata": odd}))).await.expect(201);
    assert_eq!(intent["metadata"], odd);

    let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
    let before = digest(&house.database).await;
    let attempts = format!("{path}/attempts");
    for (body, pointer, code) in [
        (json!({}), "/channel", "required"),
        (json!({"channel": "vn pay"}), "/channel", "format"),
        (json!({"channel": ""}), "/channel", "format"),
        (json!({"channel": null}), "/channel", "type"),
        (json!({"channel": "vnpay", "amount": 1}), "/amount", "unknown"),
        (json!({"channel": "vnpay", "return_url": "javascript:alert(1)"}), "/return_url", "format"),
        (json!({"channel": "vnpay", "payer_phone": "0".repeat(21)}), "/payer_phone", "length"),
        (json!({"channel": "vnpay", "one_time_code": "1\u{0}2"}), "/one_time_code", "format"),
    ] {
        let answer = house.portal.post(&attempts, body.clone()).await;
        complains(&body.to_string(), &answer, pointer, code);
    }
    let elsewhere = house.portal.post(&attempts, json!({"channel": "momo"})).await;
    assert_eq!(elsewhere.refused(409), "channel_unavailable");
    let renewed = house.portal.post(&format!("{path}/renew"), json!({"expires_in_s": 299})).await;
    complains("renew", &renewed, "/expires_in_s", "range");
    for what in ["cancel", "renew", "sync"] {
        let answer = house.portal.post(&format!("{path}/{what}"), json!({"surprise": 1})).await;
        complains(what, &answer, "/surprise", "unknown");
        let answer = post(&house, &format!("{path}/{what}"), "nonsense").await;
        assert_eq!(answer.refused(400), "body_malformed", "{what}");
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_and_a_range_of_events_that_are_not_valid_are_refused() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    for (body, pointer, code) in [
        (json!({}), "/url", "required"),
        (json!({"url": ""}), "/url", "length"),
        (json!({"url": "https://dvc.example.vn/\u{0}"}), "/url", "format"),
        (json!({"url": "https://dvc.example.vn/", "streams": ["everything"]}), "/streams/0", "value"),
        (json!({"url": "https://dvc.example.vn/", "secret": "whsec_x"}), "/secret", "unknown"),
    ] {
        let answer = house.portal.post("/v1/event-endpoints", body.clone()).await;
        complains(&body.to_string(), &answer, pointer, code);
    }
    for url in
        ["dvc", "ftp://dvc.example.vn/", "javascript:alert(1)", "https://user:secret@dvc.example.vn/", "https://"]
    {
        let answer = house.portal.post("/v1/event-endpoints", json!({"url": url})).await;
        assert_eq!(answer.refused(422), "event_url_refused", "{url}");
    }
    for (body, pointer, code) in [
        (json!({"from": 0, "to": 5}), "/to", "range"),
        (json!({"from": 5, "to": 4}), "/to", "range"),
        (json!({"from": 1, "to": 10_002}), "/to", "range"),
        (json!({"from": 1, "to": i64::MAX}), "/to", "range"),
        (json!({"from": i64::MIN, "to": i64::MAX}), "/to", "range"),
        (json!({"from": 1}), "/to", "required"),
        (json!({"from": "1", "to": 2}), "/from", "type"),
    ] {
        let answer = house.portal.post("/v1/events/redeliver", body.clone()).await;
        complains(&body.to_string(), &answer, pointer, code);
    }
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn obligations_that_one_intent_cannot_hold_are_refused_and_none_of_them_is_held() {
    let house = House::new().await;
    let mine = house.portal.owes(&dossier(), 10_000, json!({})).await;
    let elsewhere = json!({"agency_code": "H38.18", "beneficiary_code": tests::OTHER_BENEFICIARY});
    let other = house.portal.owes(&dossier(), 20_000, elsewhere).await;
    let theirs = house.other_portal.owes(&dossier(), 30_000, json!({})).await;
    let before = digest(&house.database).await;

    let answer = house.portal.post("/v1/payment-intents", json!({"obligation_ids": [mine["id"], other["id"]]})).await;
    let groups = json!([
        {"beneficiary_code": tests::BENEFICIARY, "obligation_ids": [mine["id"]]},
        {"beneficiary_code": tests::OTHER_BENEFICIARY, "obligation_ids": [other["id"]]},
    ]);
    assert_eq!(answer.json["groups"], groups);
    assert_eq!(answer.refused(422), "mixed_beneficiaries");

    let absent = json!(format!("obl_{}", "0".repeat(31) + "7"));
    let asked = async |id: &Value| {
        let answer = house.portal.post("/v1/payment-intents", json!({"obligation_ids": [mine["id"], id]})).await;
        let text = answer.text.replace(answer.json["request_id"].as_str().unwrap(), "");
        (answer.status, text.replace(id.as_str().unwrap(), ""))
    };
    let foreign = asked(&theirs["id"]).await;
    assert_eq!(foreign, asked(&absent).await, "another's is as absent");
    assert_eq!(foreign.0, 404);
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}
