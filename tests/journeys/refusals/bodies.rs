//! Bodies that are no JSON document of ours, and idempotency keys that are none.

use super::{complains, post, put};
use serde_json::json;
use tests::House;
use tests::portal::{Answered, dossier, obligation};
use tests::rows::digest;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_no_document_of_ours_is_refused() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let good = obligation(&dossier(), 21_000, json!({})).to_string();
    let json = Some("application/json");
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let in_name = |bytes: &[u8]| {
        let (head, tail) = good.split_once("Nguyễn").unwrap();
        [head.as_bytes(), bytes, tail.as_bytes()].concat()
    };
    let malformed: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("a blank", b" ".to_vec()),
        ("half of it", good.as_bytes()[..good.len() / 2].to_vec()),
        ("twice", format!("{good}{good}").into_bytes()),
        ("something after it", format!("{good}x").into_bytes()),
        ("a byte order mark before it", format!("\u{feff}{good}").into_bytes()),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("invalid UTF-8", in_name(b"\xff\xfe")),
        ("an overlong encoding", in_name(b"\xc0\xaf")),
        ("half a surrogate pair", in_name(b"\\ud800")),
        ("a raw NUL", in_name(b"\x00")),
        ("a raw line break", in_name(b"\n")),
        ("single quotes", b"{'a': 1}".to_vec()),
        ("a comment", format!("/* */{good}").into_bytes()),
        ("a comma too much", good.replacen('}', ",}", 1).into_bytes()),
        ("deep brackets in a field", good.replace("21000", &deep("[", "]")).into_bytes()),
        ("deep braces in a field", good.replace("\"VND\"", &deep("{\"a\":", "}")).into_bytes()),
    ];
    for (what, body) in malformed {
        let answer = put(&house, "/v1/obligations/body", json, body).await;
        assert!((400..=422).contains(&answer.status), "{what}: {}", answer.text);
        let status = answer.status;
        let code = answer.refused(status);
        let wrong_type = what.starts_with("deep") && code == "validation_failed";
        assert!(code == "body_malformed" || wrong_type, "{what}: {code}");
    }
    for body in ["null", "[]", "\"text\"", "1", "true", &deep("[", "]"), &"[".repeat(10_000), &deep("{\"a\":", "}")] {
        let answer = put(&house, "/v1/obligations/body", json, body).await;
        let what: String = body.chars().take(20).collect();
        assert!(matches!(answer.status, 400 | 422), "{what}: {}", answer.text);
        let status = answer.status;
        answer.refused(status);
    }
    let metadata = format!("{{\"obligation_ids\":[\"obl_{:032x}\"],\"metadata\":{}}}", 1, deep("[", "]"));
    assert_eq!(post(&house, "/v1/payment-intents", metadata).await.refused(400), "body_malformed");
    for media in
        [None, Some(""), Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
    {
        let answer = put(&house, "/v1/obligations/body", media, good.clone()).await;
        assert_eq!(answer.refused(415), "unsupported_media_type", "{media:?}");
    }
    assert_eq!(digest(&house.database).await, before);
    let answer = put(&house, "/v1/obligations/body", Some("Application/JSON; charset=utf-8"), good).await;
    answer.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_compressed_is_refused_wherever_it_is_sent_and_the_answer_says_how_to_send_it() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let good = obligation(&dossier(), 21_000, json!({})).to_string();
    let public = &house.portal.base;
    for (method, url, media) in [
        ("PUT", format!("{public}/v1/obligations/packed"), "application/json"),
        ("POST", format!("{public}/v1/payment-intents"), "application/json"),
        ("POST", format!("{public}/v1/statements?account=x"), "application/octet-stream"),
        ("POST", format!("{public}/v1/webhooks/vietqr/sepay/vietqr_kb"), "application/json"),
        ("POST", format!("{public}/v1/bills/khong_co/x"), "application/json"),
        ("POST", format!("{public}/pay/x/attempts"), "application/x-www-form-urlencoded"),
        ("POST", format!("{}/livez", house.gateway.ops_url()), "application/json"),
    ] {
        for coding in ["gzip", "GZIP", "br", "identity, gzip", "x"] {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let call = house.http.request(method, &url).bearer_auth(&house.portal.key).header("content-type", media);
            let answer = call.header("content-encoding", coding).body(good.clone()).send().await.unwrap();
            assert_eq!(answer.headers().get("accept-encoding").map(|v| v.as_bytes()), Some(b"identity".as_slice()));
            assert_eq!(Answered::of(answer).await.refused(415), "body_compressed", "{url} {coding}");
        }
    }
    assert_eq!(digest(&house.database).await, before);
    let call = house.http.put(format!("{public}/v1/obligations/plain")).bearer_auth(&house.portal.key);
    let call = call.header("content-type", "application/json").header("content-encoding", "identity");
    Answered::of(call.body(good).send().await.unwrap()).await.expect(201);
    // without a body there is nothing to unpack
    let call = house.http.get(format!("{public}/v1/obligations")).bearer_auth(&house.portal.key);
    Answered::of(call.header("content-encoding", "gzip").send().await.unwrap()).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_given_twice_is_refused_and_neither_value_is_taken() {
    let house = House::new().await;
    let before = digest(&house.database).await;
    let good = obligation(&dossier(), 21_000, json!({})).to_string();
    let twice = good.replacen("\"gross_amount\":21000", "\"gross_amount\":21000,\"gross_amount\":1", 1);
    let answer = put(&house, "/v1/obligations/twice", Some("application/json"), twice).await;
    complains("gross_amount", &answer, "/gross_amount", "conflict");
    let twice = good.replacen("\"identity_kind\":", "\"identity_kind\":\"none\",\"identity_kind\":", 1);
    let answer = put(&house, "/v1/obligations/twice", Some("application/json"), twice).await;
    complains("identity_kind", &answer, "/payer/identity_kind", "conflict");
    assert_eq!(digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_that_is_none_is_refused_on_every_post_that_moves_something() {
    let house = House::new().await;
    house.hear_events().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let held = house.portal.owes(&dossier(), 22_000, json!({})).await;
    let intent = house.portal.opens(&[&held]).await;
    let endpoint = house.portal.get("/v1/event-endpoints").await.expect(200)["data"][0].clone();
    let (intent, endpoint) = (intent["id"].as_str().unwrap(), endpoint["id"].as_str().unwrap());
    let event = format!("evt_{:032x}", 1);
    let fee_id = fee["id"].as_str().unwrap();
    let posts = [
        ("POST", "/v1/payment-intents".to_owned(), json!({"obligation_ids": [fee_id]})),
        ("POST", format!("/v1/payment-intents/{intent}/attempts"), json!({"channel": "vnpay"})),
        ("POST", format!("/v1/payment-intents/{intent}/cancel"), json!({})),
        ("POST", format!("/v1/payment-intents/{intent}/renew"), json!({})),
        ("POST", format!("/v1/obligations/{fee_id}/cancel"), json!({})),
        ("POST", "/v1/event-endpoints".to_owned(), json!({"url": format!("{}/events", house.dossier.url)})),
        ("POST", format!("/v1/event-endpoints/{endpoint}/rotate"), json!({})),
        ("POST", format!("/v1/event-endpoints/{endpoint}/retire-old-secret"), json!({})),
        ("DELETE", format!("/v1/event-endpoints/{endpoint}"), json!({})),
        ("POST", format!("/v1/events/{event}/redeliver"), json!({})),
        ("POST", "/v1/events/redeliver".to_owned(), json!({"from": 1, "to": 2})),
    ];
    let before = digest(&house.database).await;
    for (method, path, body) in &posts {
        let call = || {
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            house.http.request(method, format!("{}{path}", house.portal.base)).bearer_auth(&house.portal.key).json(body)
        };
        // a removal needs none, and one that it has is a key all the same
        if *method == "POST" {
            let answer = Answered::of(call().send().await.unwrap()).await;
            assert_eq!(answer.refused(400), "idempotency_key_missing", "{path}");
        }
        let long = "k".repeat(256);
        for key in [b"".as_slice(), long.as_bytes(), "khoá".as_bytes(), b"\xff", b"a\tb"] {
            let key = reqwest::header::HeaderValue::from_bytes(key).unwrap();
            let answer = Answered::of(call().header("idempotency-key", key).send().await.unwrap()).await;
            assert_eq!(answer.refused(400), "idempotency_key_malformed", "{path}");
        }
        let twice = call().header("idempotency-key", "a").header("idempotency-key", "b").send().await.unwrap();
        assert_eq!(Answered::of(twice).await.refused(400), "idempotency_key_malformed", "{path}");
    }
    assert_eq!(digest(&house.database).await, before);
    let longest = "k".repeat(255);
    house.portal.post_with(&posts[0].1, &longest, posts[0].2.clone()).await.expect(201);
    house.close().await;
}
