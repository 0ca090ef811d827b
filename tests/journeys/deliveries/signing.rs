//! Signatures and their secrets.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_of_standard_webhooks_accepts_what_we_send_and_nothing_that_was_changed() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let code = dossier();
    paid(&house, &code).await;
    house.drain().await;
    let sent = wire(&house).await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    let secret = json!({"secret": endpoint["secret"]});
    let good: Vec<Value> = sent.iter().map(|m| with(m, &secret)).collect();
    assert!(judged(&good).await.iter().all(Value::is_null), "{good:?}");

    let one = &good[0];
    let body = text(&one["body"]);
    assert!(body.contains("8000"), "{body}");
    let later = text(&one["timestamp"]).parse::<i64>().unwrap() + 1;
    let changed = [
        with(one, &json!({"body": body.replacen("8000", "9000", 1)})),
        with(one, &json!({"body": format!("{body} ")})),
        with(one, &json!({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})),
        with(one, &json!({"id": good[1]["id"]})),
        with(one, &json!({"timestamp": later.to_string()})),
        with(one, &json!({"signature": good[1]["signature"]})),
    ];
    let refused = judged(&changed).await;
    assert!(refused.iter().all(|r| *r == "No matching signature found"), "{refused:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_rotates_either_verifies_and_afterwards_only_the_new_one() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let path = format!("/v1/event-endpoints/{}", text(&endpoint["id"]));
    let rotated = house.portal.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    let (old, new) = (endpoint["secret"].clone(), rotated["secret"].clone());
    assert_ne!(old, new);
    assert_eq!(rotated["rotating"], true);
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await; // the stub still knows the old secret only
    let both = wire(&house).await.pop().unwrap();
    assert_eq!(text(&both["signature"]).split(' ').count(), 2);
    let verdicts = judged(&[with(&both, &json!({"secret": old})), with(&both, &json!({"secret": new}))]).await;
    assert_eq!(verdicts, [Value::Null, Value::Null]);

    let retired = house.portal.post(&format!("{path}/retire-old-secret"), json!({})).await.expect(200);
    assert_eq!((&retired["rotating"], &retired["secret"]), (&json!(false), &Value::Null));
    house.dossier_sim("endpoint", json!({"secret": new, "from_start": true})).await;
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let one = wire(&house).await.pop().unwrap();
    assert_eq!(text(&one["signature"]).split(' ').count(), 1);
    let verdicts = judged(&[with(&one, &json!({"secret": old})), with(&one, &json!({"secret": new}))]).await;
    assert_eq!(verdicts, [json!("No matching signature found"), Value::Null]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_two_secrets_sign_no_third_takes_the_place_of_the_one_that_the_receiver_has() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let path = format!("/v1/event-endpoints/{}", text(&endpoint["id"]));
    let rotated = house.portal.post_with(&format!("{path}/rotate"), "first", json!({})).await;
    assert_eq!(house.portal.post(&format!("{path}/rotate"), json!({})).await.refused(409), "two_active");
    let again = house.portal.post_with(&format!("{path}/rotate"), "first", json!({})).await;
    assert_eq!((again.replayed, &again.text), (true, &rotated.text), "whoever lost the answer asks as before");
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let sent = wire(&house).await.pop().unwrap();
    let secrets = [&endpoint["secret"], &rotated.json["secret"]].map(|secret| with(&sent, &json!({"secret": secret})));
    assert_eq!(judged(&secrets).await, [Value::Null, Value::Null]);

    house.portal.post(&format!("{path}/retire-old-secret"), json!({})).await.expect(200);
    let third = house.portal.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let sent = wire(&house).await.pop().unwrap();
    let secrets = [&endpoint["secret"], &rotated.json["secret"], &third["secret"]];
    let verdicts = judged(&secrets.map(|secret| with(&sent, &json!({"secret": secret})))).await;
    assert_eq!(verdicts, [json!("No matching signature found"), Value::Null, Value::Null]);
    house.dossier_sim("endpoint", json!({"secret": third["secret"], "from_start": true})).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_again_to_a_repeat_and_lies_nowhere_in_clear() {
    let house = House::new().await;
    let body = json!({"url": format!("{}/events", house.dossier.url)});
    let first = house.portal.post_with("/v1/event-endpoints", "endpoint", body.clone()).await;
    let again = house.portal.post_with("/v1/event-endpoints", "endpoint", body).await;
    assert_eq!((first.status, again.status, again.replayed), (201, 201, true));
    assert_eq!(first.text, again.text);
    let path = format!("/v1/event-endpoints/{}/rotate", text(&first.json["id"]));
    let rotated = house.portal.post_with(&path, "rotation", json!({})).await;
    let repeated = house.portal.post_with(&path, "rotation", json!({})).await;
    assert_eq!((repeated.replayed, &rotated.text), (true, &repeated.text));
    assert_eq!(house.ask("select count(*) from event_endpoint").await, "1");
    let listed = house.portal.get("/v1/event-endpoints").await;
    assert!(!listed.text.contains("whsec_"), "{}", listed.text);

    // a bytea reads as hex, so a row's text shows every column
    let tables = "select string_agg(format('%I', table_name), ',') from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE'";
    let tables = house.ask(tables).await;
    assert!(tables.contains("event_endpoint") && tables.contains("idempotency"), "{tables}");
    for secret in [&first.json["secret"], &rotated.json["secret"]] {
        let encoded = text(secret).strip_prefix("whsec_").unwrap().to_owned();
        let key = house.ask(&format!("select encode(decode('{encoded}', 'base64'), 'hex')")).await;
        for needle in [encoded.clone(), hex::encode(&encoded), key] {
            for table in tables.split(',') {
                let count = format!("select count(*) from {table} t where strpos(t::text, '{needle}') > 0");
                assert_eq!(house.ask(&count).await, "0", "{needle} in {table}");
            }
        }
    }
    house.dossier_sim("endpoint", json!({"secret": rotated.json["secret"], "from_start": true})).await;
    house.close().await;
}
