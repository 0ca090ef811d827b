//! An account number of the intent's own: who pays into it need not type anything.

use super::{OPEN_CASES, PAYMENTS, held, offered, reference, status};
use crate::refunds::{payment_of, whole};
use serde_json::{Value, json};
use tests::bank::{ACCOUNT, BIN, CASSO, OTHER_ACCOUNT, SEPAY};
use tests::files::today;
use tests::portal::dossier;
use tests::{House, OTHER_BENEFICIARY, Plan};

const PREFIX: &str = "VQR1";

async fn house() -> House {
    let settings = vec![("MOTLAN_PROFILES__VIETQR_KB__VIRTUAL_ACCOUNT_PREFIX", PREFIX.to_owned())];
    let house = House::planned(Plan { with_bank: true, settings, ..Plan::default() }).await;
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "virtual_accounts": [PREFIX]})).await;
    house
}

async fn pays_into(house: &House, attempt: &Value, amount: i64, content: &str) {
    let number = attempt["action"]["account_number"].clone();
    let booked = house.transfers_how(json!({"account": number, "amount": amount, "content": content})).await;
    assert_eq!((&booked["account"], &booked["virtual_account"]), (&json!(ACCOUNT), &number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_names_the_intent_whatever_was_typed_and_whoever_tells() {
    for teller in [SEPAY, CASSO, "listing"] {
        let house = house().await;
        let (fee, intent, attempt) = offered(&house, 150_000).await;
        let number = format!("{PREFIX}{}", reference(&intent));
        assert_eq!(
            (&attempt["action"]["account_number"], &attempt["action"]["bank_bin"]),
            (&json!(number), &json!(BIN))
        );
        if teller == "listing" {
            house.only_tells("nobody").await;
        } else {
            house.only_tells(teller).await;
        }
        pays_into(&house, &attempt, 150_000, "nop le phi").await;
        house.drain().await;
        assert_eq!(status(&house, &intent).await, "paid", "{teller}");
        assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
        // the statement has the account's own number and the text as it was typed
        house.imports("camt053_v8", &today().to_string()).await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("1", ""), "{teller}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_outweighs_the_code_of_another_intent_in_the_text() {
    let house = house().await;
    let (_, meant, attempt) = offered(&house, 40_000).await;
    let (_, typed, _) = offered(&house, 40_000).await;
    pays_into(&house, &attempt, 40_000, &reference(&typed)).await;
    assert_eq!((status(&house, &meant).await.as_str(), status(&house, &typed).await.as_str()), ("paid", "open"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sum_that_is_short_is_completed_under_the_same_number_and_one_too_much_waits() {
    let house = house().await;
    let (_, intent, attempt) = offered(&house, 40_000).await;
    pays_into(&house, &attempt, 39_999, "").await;
    assert_eq!((status(&house, &intent).await.as_str(), held(&house).await.as_str()), ("open", "underpaid 39999"));
    pays_into(&house, &attempt, 1, "").await;
    assert_eq!((status(&house, &intent).await.as_str(), held(&house).await.as_str()), ("paid", ""));
    pays_into(&house, &attempt, 40_000, "").await;
    assert_eq!(held(&house).await, "duplicate 40000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_beneficiarys_money_is_asked_for_on_its_own_account() {
    let house = House::with_bank().await;
    let mut offers = Vec::new();
    for (agency, beneficiary) in [("H38.17", tests::BENEFICIARY), ("H38.18", OTHER_BENEFICIARY)] {
        let fee = house
            .portal
            .owes(&dossier(), 40_000, json!({"beneficiary_code": beneficiary, "agency_code": agency}))
            .await;
        let intent = house.portal.opens(&[&fee]).await;
        offers.push((house.at_the_bank(&intent).await, intent));
    }
    let numbers: Vec<_> = offers.iter().map(|(attempt, _)| attempt["action"]["account_number"].clone()).collect();
    assert_eq!(numbers, [json!(ACCOUNT), json!(OTHER_ACCOUNT)]);
    let (_, ours) = &offers[0];
    // the code of one beneficiary's intent on the account of another settles nothing
    house.transfers_how(json!({"account": OTHER_ACCOUNT, "amount": 40_000, "content": ours["reference"]})).await;
    assert_eq!((status(&house, ours).await.as_str(), held(&house).await.as_str()), ("open", "wrong_account 40000"));
    for ((attempt, intent), number) in offers.iter().zip(numbers) {
        let content = attempt["action"]["transfer_content"].clone();
        house.transfers_how(json!({"account": number, "amount": 40_000, "content": content})).await;
        assert_eq!(status(&house, intent).await, "paid");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_account_of_ours_is_a_payers_to_be_paid_back_at_nor_is_a_virtual_number_of_one() {
    let house = house().await;
    let (fee, intent, attempt) = offered(&house, 40_000).await;
    pays_into(&house, &attempt, 40_000, "nop le phi").await;
    house.imports("mt940", &today().to_string()).await;
    let path = format!("/v1/payments/{}/refunds", payment_of(&house, &intent).await["id"].as_str().unwrap());
    let to = |bin: &str, number: &str| {
        json!({"lines": [whole(&fee)], "then": "close", "reason_code": "nop_nham", "refundable_amount": 40_000,
            "payer_account": {"bank_bin": bin, "account_number": number, "account_name": "NGUYEN VAN A"}})
    };
    let own = format!("{PREFIX}{}", reference(&intent));
    let never_given = format!("{}0001", PREFIX.to_lowercase());
    for number in [ACCOUNT, OTHER_ACCOUNT, &own, &never_given] {
        let refused = house.staff.post(&path, to(BIN, number)).await;
        assert_eq!(refused.refused(422), "payer_account_missing", "{number}");
    }
    // at another bank the same number is anybody's
    house.staff.post(&path, to("970422", &own)).await.expect(201);
    house.close().await;
}
