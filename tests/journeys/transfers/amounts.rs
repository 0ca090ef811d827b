//! The payer types the amount: too little waits, too much is kept apart, twice is twice (F09, F11).

use super::{OPEN_CASES, PAYMENTS, held, offered, reference, status};
use futures_util::join;
use serde_json::json;
use tests::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dong_short_waits_and_a_second_transfer_completes_it() {
    let house = House::with_bank().await;
    let (fee, intent, _) = offered(&house, 40_000).await;
    house.transfers(39_999, &reference(&intent)).await;
    let short = house.portal.intent(&intent).await;
    assert_eq!((&short["status"], &short["amount_due"]), (&json!("open"), &json!(1)));
    assert_eq!(held(&house).await, "underpaid 39999");
    assert_eq!(house.ask(OPEN_CASES).await, "underpaid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    // the page offers what is still due
    let again = house.at_the_bank(&intent).await;
    assert_eq!(again["action"]["amount"], 1);
    house.transfers(1, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!((held(&house).await, house.ask(OPEN_CASES).await), (String::new(), String::new()));
    assert_eq!(house.ask(PAYMENTS).await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_settles_and_the_rest_is_kept() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_001, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid");
    assert_eq!(held(&house).await, "overpaid 1");
    assert_eq!(house.ask(OPEN_CASES).await, "overpaid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_at_vnpay_and_by_transfer_one_settles_and_one_is_held() {
    let house = House::with_bank().await;
    for round in 0..4_i64 {
        let (fee, intent, _) = offered(&house, 40_000 + round).await;
        let attempt = house.at_vnpay(&intent).await;
        let content = reference(&intent);
        match round {
            0 => {
                house.pays(&attempt, json!({})).await;
                house.transfers(40_000 + round, &content).await;
            }
            1 => {
                house.transfers(40_000 + round, &content).await;
                house.pays(&attempt, json!({})).await;
            }
            _ => {
                let _ = join!(house.pays(&attempt, json!({})), house.transfers(40_000 + round, &content));
            }
        }
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        assert_eq!(status(&house, &intent).await, "paid");
    }
    assert_eq!(house.ask(PAYMENTS).await, "8");
    assert_eq!(held(&house).await, "duplicate 160006");
    assert_eq!(house.ask(OPEN_CASES).await, ["duplicate_payment"; 4].join(" "));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_fast_transfer_does_not_hold_is_not_offered() {
    let house = House::with_bank().await;
    let fee = house.portal.owes(&tests::portal::dossier(), 500_000_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let channels = intent["channels"].as_array().unwrap();
    let vietqr = channels.iter().find(|c| c["code"] == "vietqr").unwrap();
    assert_eq!((&vietqr["available"], &vietqr["reason"]), (&json!(false), &json!("amount_above_limit")));
    let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
    assert_eq!(house.portal.post(&path, json!({"channel": "vietqr"})).await.refused(409), "channel_unavailable");
    house.close().await;
}
