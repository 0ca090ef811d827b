//! The conformance of a provider's adapter, told by its simulator: good, forged, repeated, late, lost, wrong amount,
//! another terminal, before the attempt's commit. (Good, late and lost are lines of the story.)

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use tests::portal::dossier;
use tests::{HASH_SECRET, House, TMN_CODE};

/// A rightly signed IPN query, made from the document and not by the adapter (VNPAY 2.1.0, checksum).
pub(crate) fn signed(fields: &[(&str, &str)], secret: &str) -> String {
    let mut fields = fields.to_vec();
    fields.sort();
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(query.as_bytes());
    format!("{query}&vnp_SecureHash={}", hex::encode(mac.finalize().into_bytes()))
}

pub(crate) fn report<'a>(order: &'a str, wire_amount: &'a str, txn: &'a str, tmn: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("vnp_Amount", wire_amount),
        ("vnp_BankCode", "NCB"),
        ("vnp_BankTranNo", "VNP1"),
        ("vnp_CardType", "ATM"),
        ("vnp_OrderInfo", "Thanh toan"),
        ("vnp_PayDate", "20261125093412"),
        ("vnp_ResponseCode", "00"),
        ("vnp_TmnCode", tmn),
        ("vnp_TransactionNo", txn),
        ("vnp_TransactionStatus", "00"),
        ("vnp_TxnRef", order),
    ]
}

/// The query of a report that VNPAY took so much for an order.
pub(crate) fn captured(order: &str, amount: i64, txn: u64) -> String {
    signed(&report(order, &format!("{}", amount * 100), &txn.to_string(), TMN_CODE), HASH_SECRET)
}

pub(crate) async fn call(house: &House, query: &str) -> Value {
    let url = format!("{}/v1/webhooks/vnpay/vnpay_main?{query}", house.gateway.base_url());
    let answer = house.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2, "exactly RspCode and Message: {body}");
    body["RspCode"].clone()
}

async fn offered(house: &House, amount: i64) -> (Value, Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    (fee, intent, attempt)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_report_a_hundred_times_at_once_is_booked_once() {
    let house = House::new().await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    house.sim("script", json!({"match": {}, "do": [{"drop": true}]})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    let order = house.order(&attempt).await;
    let txn = order["transaction_no"].as_str().map_or_else(|| order["transaction_no"].to_string(), str::to_owned);
    let query = signed(&report(attempt["order_ref"].as_str().unwrap(), "4000000", &txn, TMN_CODE), HASH_SECRET);
    let answers = join_all((0..100).map(|_| call(&house, &query))).await;
    assert_eq!(answers.iter().filter(|a| **a == "00").count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|a| **a == "02").count(), 99);
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    assert_eq!(house.ask("select count(*) from sighting").await, "1");
    // the same money by asking is another sight of it, never a second payment
    house.drain().await;
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_vnpays_word_changes_nothing() {
    let house = House::new().await;
    let (fee, intent, attempt) = offered(&house, 40_000).await;
    let order = attempt["order_ref"].as_str().unwrap();
    let good = report(order, "4000000", "99000001", TMN_CODE);
    let mut forged = vec![
        signed(&good, "ANOTHERMERCHANTSSECRET0123456789"),
        signed(&report(order, "4000000", "99000001", "LAOCAI02"), HASH_SECRET),
        signed(&good, HASH_SECRET).replace("4000000", "4000100"),
        signed(&good, HASH_SECRET).replace("vnp_SecureHash", "vnp_Securehash"),
        format!("{}&vnp_Amount=4000000", signed(&good, HASH_SECRET)),
        signed(&good, HASH_SECRET).split("&vnp_SecureHash").next().unwrap().to_owned(),
        String::new(),
        "vnp_SecureHash=".to_owned(),
        // the browser's return and our own pay link are no reports
        attempt["action"]["url"].as_str().unwrap().split_once('?').unwrap().1.to_owned(),
    ];
    let whole = signed(&good, HASH_SECRET);
    forged.extend((0..whole.len()).step_by(7).filter_map(|at| {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        let other = String::from_utf8(bytes).unwrap();
        (other.to_lowercase() != whole.to_lowercase()).then_some(other)
    }));
    for query in &forged {
        assert_eq!(call(&house, query).await, "97", "{query}");
    }
    let posted = house.http.post(format!("{}/v1/webhooks/vnpay/vnpay_main?{whole}", house.gateway.base_url()));
    assert_eq!(posted.send().await.unwrap().json::<Value>().await.unwrap()["RspCode"], "97");
    assert_eq!(house.ask("select count(*) from sighting").await, "0");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_settles_nothing_and_has_a_home_and_a_case() {
    for delta in [-1_i64, 1, 40_000 * 99] {
        let house = House::new().await;
        let (fee, intent, attempt) = offered(&house, 40_000).await;
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": delta}]});
        house.sim("script", rule).await;
        let order = house.pays(&attempt, json!({})).await;
        assert_eq!(order["ipn"][0]["rsp_code"], "04", "{order}");
        assert_eq!(house.portal.obligation(&fee).await["status"], "due");
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        let held = house.ask("select suspense_reason || ' ' || amount from assurance.allocation").await;
        assert_eq!(held, format!("amount_differs {}", 40_000 + delta));
        assert_eq!(house.ask("select kind || ' ' || status from assurance.kase").await, "amount_differs open");
        // VNPAY calls again until it stops; each time it hears 04 and nothing more is booked
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(house.order(&attempt).await["ipn"].as_array().unwrap().iter().all(|c| c["rsp_code"] == "04"));
        assert_eq!(house.ask("select count(*) from payment").await, "1");
        // the payer can still pay what is due
        let again = house.at_vnpay(&intent).await;
        house.pays(&again, json!({})).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_an_unknown_order_is_kept_and_finds_its_order_when_that_is_known() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    // the report overtakes the attempt's commit: its order id is the reference and the attempt's number
    let order = format!("{}1", intent["reference"].as_str().unwrap());
    let query = signed(&report(&order, "4000000", "99000007", TMN_CODE), HASH_SECRET);
    assert_eq!(call(&house, &query).await, "01");
    assert_eq!(call(&house, &query).await, "01");
    assert_eq!(house.ask("select suspense_reason from assurance.allocation").await, "unidentified");
    assert_eq!(house.ask("select kind from assurance.kase where status = 'open'").await, "unidentified");
    let attempt = house.at_vnpay(&intent).await;
    assert_eq!(attempt["order_ref"], order);
    assert_eq!(call(&house, &query).await, "02");
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from assurance.kase where status = 'open'").await, "0");
    assert_eq!(house.ask("select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'suspense:unidentified'").await, "0");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_failure_after_the_money_is_evidence_only() {
    let house = House::new().await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"reorder": true}]});
    house.sim("script", rule).await;
    house.pays(&attempt, json!({})).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let paid = house.portal.intent(&intent).await;
    assert_eq!((&paid["status"], &paid["attempts"][0]["status"]), (&json!("paid"), &json!("succeeded")));
    assert_eq!(house.ask("select count(*) from assurance.sighting").await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_attempts_that_both_take_money_leave_one_settled_and_one_held() {
    let house = House::new().await;
    let (fee, intent, first) = offered(&house, 40_000).await;
    let second = house.at_vnpay(&intent).await;
    let (a, b) = tokio::join!(house.pays(&first, json!({})), house.pays(&second, json!({})));
    assert_eq!((&a["ipn"][0]["rsp_code"], &b["ipn"][0]["rsp_code"]), (&json!("00"), &json!("00")));
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(
        house.ask("select suspense_reason || amount from assurance.allocation where suspense_reason is not null").await,
        "duplicate40000"
    );
    assert_eq!(house.ask("select kind from assurance.kase").await, "duplicate_payment");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspected_payment_is_never_failed_by_itself() {
    let house = House::new().await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    house.pays(&attempt, json!({"outcome": "paid", "response_code": "07"})).await;
    let after = house.portal.intent(&intent).await;
    assert_eq!((&after["status"], &after["attempts"][0]["status"]), (&json!("open"), &json!("unknown")));
    assert_eq!(house.ask("select kind || ' ' || status from assurance.kase").await, "status_differs open");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_transaction_told_with_another_amount_or_order_is_kept_and_a_case() {
    let house = House::new().await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    let (_, other_intent, other) = offered(&house, 40_000).await;
    house.pays(&attempt, json!({})).await;
    let txn = house.ask("select provider_txn_id from payment").await;
    let order = attempt["order_ref"].as_str().unwrap();
    let other_order = other["order_ref"].as_str().unwrap();
    let more = signed(&report(order, "4000100", &txn, TMN_CODE), HASH_SECRET);
    let elsewhere = signed(&report(other_order, "4000000", &txn, TMN_CODE), HASH_SECRET);
    for _ in 0..2 {
        assert_eq!(call(&house, &more).await, "04");
        assert_eq!(call(&house, &elsewhere).await, "02");
    }
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    assert_eq!(house.ask("select count(*) from sighting").await, "3", "each report once, word for word");
    let kinds = "select string_agg(kind, ' ' order by kind) from assurance.kase where status = 'open'";
    assert_eq!(house.ask(kinds).await, "amount_differs status_differs");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.portal.intent(&other_intent).await["status"], "open");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_contracts_with_one_provider_may_meet_in_a_transaction_number() {
    let second = |key: &'static str, value: &str| (key, value.to_owned());
    let settings = vec![
        second("MOTLAN_PROFILES__VNPAY_TWO__CHANNEL", "vnpay"),
        second("MOTLAN_PROFILES__VNPAY_TWO__BENEFICIARIES", "H38.18-NH"),
        second("MOTLAN_PROFILES__VNPAY_TWO__PAY_URL", "http://127.0.0.1:9/paymentv2/vpcpay.html"),
        second("MOTLAN_PROFILES__VNPAY_TWO__API_URL", "http://127.0.0.1:9/merchant_webapi/api/transaction"),
        second("MOTLAN_PROFILES__VNPAY_TWO__TMN_CODE", "LAOCAI02"),
        second("MOTLAN_PROFILES__VNPAY_TWO__HASH_SECRET", HASH_SECRET),
        second("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB"),
    ];
    let house = House::planned(tests::Plan { settings, ..tests::Plan::default() }).await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    house.pays(&attempt, json!({})).await;
    let txn = house.ask("select provider_txn_id from payment").await;
    let change = json!({"agency_code": "H38.18", "beneficiary_code": "H38.18-NH"});
    let fee = house.portal.owes(&dossier(), 9_000, change).await;
    let theirs = house.portal.opens(&[&fee]).await;
    let path = format!("/v1/payment-intents/{}/attempts", theirs["id"].as_str().unwrap());
    let started = house.portal.post(&path, json!({"channel": "vnpay"})).await.expect(201);
    let query = signed(&report(started["order_ref"].as_str().unwrap(), "900000", &txn, "LAOCAI02"), HASH_SECRET);
    let url = format!("{}/v1/webhooks/vnpay/vnpay_two?{query}", house.gateway.base_url());
    let answer: Value = house.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["RspCode"], "00");
    assert_eq!(house.portal.intent(&theirs).await["status"], "paid");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) from payment").await, "2");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}
