//! A Mobile Money callback (GSMA Mobile Money API 1.2): its address alone says whether it is heard, and its body says nothing.

use super::{Heard, Mutation, Mutations, absent, cut, flipped, said};
use serde_json::{Value, json};
use tests::mobile_money::PHONE;
use tests::portal::dossier;
use tests::rows::Watch;
use tests::wire::Call;
use tests::{House, Plan};

const DOOR: &str = "/v1/webhooks/mobile_money/mm_main";
const FORGED: (u16, &str) = (401, r#"{"errorCategory":"authorisation","errorCode":"clientAuthorisationError"}"#);

fn sent(query: &str, body: &Value) -> Call {
    Call::new("PUT", format!("{DOOR}?{query}")).header("content-type", "application/json").body(body.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_at_another_address_has_no_effect_and_at_the_true_one_its_body_has_none() {
    let house = House::planned(Plan { with_mobile_money: true, ..Plan::default() }).await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    let body = json!({"channel": "mobile_money", "payer_phone": PHONE});
    let attempt = house.portal.post(&path, body).await.expect(201);
    let order = attempt["order_ref"].as_str().unwrap();
    let query = house.mm_callback_url(order).split_once('?').unwrap().1.to_owned();
    let lie = json!({"transactionReference": "MM1", "transactionStatus": "completed", "type": "merchantpay",
        "amount": "40000", "currency": "VND", "requestingOrganisationTransactionReference": order});
    let mut all = Mutations::of(sent(&query, &lie));
    of_addresses(&mut all, &query, &lie, order);
    assert!(all.all.len() >= 150, "{} mutations", all.all.len());
    let watch = Watch::over(&house.database).await;
    let untouched = watch.digest().await;
    for mutation in &all.all {
        match mutation.heard {
            Heard::Absent => absent(&house, mutation).await,
            _ => said(&house, mutation, FORGED).await,
        }
        assert_eq!(watch.digest().await, untouched, "{}: it had an effect", mutation.what);
    }
    // nobody has paid: whatever stands in the body, the provider is asked and says so
    let failed = json!({"errorCategory": "businessRule", "errorCode": "insufficientFunds"});
    for body in [lie, failed, json!({}), json!([]), json!("completed")] {
        assert_eq!(sent(&query, &body).send(&house.gateway.base_url()).await.0, 204, "{body}");
        house.drain().await;
        let seen = house.portal.intent(&intent).await;
        assert_eq!((&seen["status"], &seen["attempts"][0]["status"]), (&json!("open"), &json!("offered")), "{body}");
    }
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    house.close().await;
}

fn of_addresses(all: &mut Mutations, query: &str, lie: &Value, order: &str) {
    let key_at = query.find("key=").unwrap() + "key=".len();
    for (what, other) in flipped(query, 120) {
        // hex of either case is the same key
        if other[..key_at] != query[..key_at] || !other.eq_ignore_ascii_case(query) {
            all.forged(what, sent(&other, lie));
        }
    }
    for (what, other) in cut(query, 30) {
        all.forged(what, sent(&other, lie));
    }
    let (name, key) = query.split_once('&').unwrap();
    for (what, other) in [
        ("the key first", format!("{key}&{name}")),
        ("the order twice", format!("{name}&{query}")),
        ("the key twice", format!("{query}&{key}")),
        ("one parameter more", format!("{query}&a=b")),
        ("a refund of this name", query.replacen("order=", "refund=", 1)),
        ("another attempt of the intent", query.replacen(order, &format!("{order}0"), 1)),
        ("no key", name.to_owned()),
        ("an empty key", format!("{name}&key=")),
        ("a key of zeros", format!("{name}&key={}", "0".repeat(64))),
        ("in capitals", query.to_uppercase()),
        ("nothing", String::new()),
    ] {
        all.forged(what, sent(&other, lie));
    }
    for method in ["GET", "POST", "DELETE", "PATCH", "HEAD"] {
        let call = Call::new(method, format!("{DOOR}?{query}"));
        all.forged(method, if method == "GET" || method == "HEAD" { call } else { call.body(lie.to_string()) });
    }
    for door in ["/v1/webhooks/mobile_money/mm_two", "/v1/webhooks/mobile_money/MM_MAIN", "/v1/webhooks/vnpayx/mm_main"]
    {
        let call = Call::new("PUT", format!("{door}?{query}")).body(lie.to_string());
        all.all.push(Mutation { what: door.to_owned(), call, heard: Heard::Absent });
    }
}
