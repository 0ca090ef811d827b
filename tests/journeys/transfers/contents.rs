//! What banks make of a transfer's content (F10): the right intent, or a person. Never the wrong one.

use super::words::{call, now_s, sepay, sepay_row};
use super::{OPEN_CASES, PAYMENTS, held, offered, reference, status};
use serde_json::json;
use tests::House;
use tests::bank::{ACCOUNT, CASSO, OTHER_ACCOUNT, SEPAY_SECRET};
use tests::portal::dossier;

/// Every shape of the simulator that keeps the content.
const KEEPING: [&str; 23] = [
    "vcb_app",
    "vcb_short",
    "ibvcb",
    "ct_nhanh_247",
    "ct_den",
    "napas_prefix",
    "vcb_napas_trace",
    "blank_inside",
    "momo",
    "momo_direct_debit",
    "zalopay",
    "acb",
    "acb_gd",
    "mb",
    "mb_trace",
    "mbbiz",
    "sepay_prefix",
    "sevqr",
    "upper_no_accents",
    "accents_kept",
    "payer_name_before",
    "punctuation_removed",
    "blanks_removed",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_shape_that_keeps_the_code_settles_its_intent() {
    let house = House::with_bank().await;
    for (shape, amount) in KEEPING.iter().zip(20_000..) {
        let (fee, intent, _) = offered(&house, amount).await;
        let how = json!({"account": ACCOUNT, "amount": amount, "content": reference(&intent), "mangle": shape});
        let booked = house.transfers_how(how).await;
        assert_eq!(status(&house, &intent).await, "paid", "{shape}: {}", booked["content"]);
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    }
    assert_eq!(house.ask(PAYMENTS).await, KEEPING.len().to_string());
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_codes_or_none_are_for_a_person() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    let (_, other, _) = offered(&house, 40_000).await;
    let two = json!({"account": ACCOUNT, "amount": 40_000, "content": reference(&intent), "mangle": "two_codes",
        "second_content": reference(&other)});
    house.transfers_how(two).await;
    let none = json!({"account": ACCOUNT, "amount": 40_001, "content": reference(&intent), "mangle": "none"});
    house.transfers_how(none).await;
    let cut = json!({"account": ACCOUNT, "amount": 40_002, "content": reference(&intent),
        "payer_name": "NGUYEN THI HONG NHUNG", "mangle": "truncated_right_35"});
    house.transfers_how(cut).await;
    house.drain().await;
    assert_eq!((status(&house, &intent).await, status(&house, &other).await), ("open".into(), "open".into()));
    assert_eq!(house.ask(PAYMENTS).await, "3");
    assert_eq!(held(&house).await, "unidentified 120003");
    assert_eq!(house.ask(OPEN_CASES).await, "unidentified unidentified unidentified");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_never_given_out_does_not_stand_beside_one_that_was() {
    let house = House::with_bank().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    // valid by its check characters, and no intent of this house
    let elsewhere = House::with_bank().await;
    let (_, stranger, _) = offered(&elsewhere, 40_000).await;
    let both = format!("{} {}", reference(&stranger), reference(&intent));
    house.transfers(40_000, &both).await;
    assert_eq!(status(&house, &intent).await, "paid");
    house.transfers(40_000, &reference(&stranger)).await;
    assert_eq!(held(&house).await, "unidentified 40000");
    elsewhere.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_sight_that_says_more_places_the_money() {
    let house = House::with_bank().await;
    house.only_tells(CASSO).await;
    let (fee, intent, _) = offered(&house, 40_000).await;
    let cut = sepay_row(7, 40_000, "NGUYEN THI HONG NHUNG chuyen tien").to_string();
    assert_eq!(call(&house, "sepay", &sepay(SEPAY_SECRET, now_s(), &cut), &cut).await.0, 200);
    assert_eq!(
        (held(&house).await.as_str(), house.ask(OPEN_CASES).await.as_str()),
        ("unidentified 40000", "unidentified")
    );
    let whole = json!({"account": ACCOUNT, "amount": 40_000, "content": reference(&intent), "reference": "FT7"});
    house.transfers_how(whole).await;
    assert_eq!(status(&house, &intent).await, "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!((held(&house).await, house.ask(OPEN_CASES).await), (String::new(), String::new()));
    assert_eq!(house.ask(PAYMENTS).await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_on_the_account_of_another_beneficiary_settles_nothing() {
    let house = House::with_bank().await;
    let (fee, intent, _) = offered(&house, 40_000).await;
    let wrong = json!({"account": OTHER_ACCOUNT, "amount": 40_000, "content": reference(&intent)});
    house.transfers_how(wrong).await;
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    assert_eq!(status(&house, &intent).await, "open");
    assert_eq!(held(&house).await, "wrong_account 40000");
    assert_eq!(house.ask(OPEN_CASES).await, "wrong_account");
    // the payer still owes it where it is owed
    house.transfers(40_000, &reference(&intent)).await;
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_beneficiary_is_paid_on_its_own_account() {
    let house = House::with_bank().await;
    let change = json!({"agency_code": "H38.18", "beneficiary_code": "H38.18-NH"});
    let fee = house.portal.owes(&dossier(), 9_000, change).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_the_bank(&intent).await;
    assert_eq!(attempt["action"]["account_number"], OTHER_ACCOUNT);
    let how = json!({"account": OTHER_ACCOUNT, "amount": 9_000, "content": reference(&intent)});
    house.transfers_how(how).await;
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}
