//! What is told of a code, and what is not.

use super::{house, owes, status};
use serde_json::{Value, json};
use tests::bills::{App, BANK, CHECKSUM, SERVICE};
use tests::portal::{dossier, fresh};
use tests::wire::Call;
use tests::{House, Plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_unknown_or_owes_nothing_is_told_apart() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let unknown = dossier();
    let bank = house.bills_of(App::Bank, &unknown).await;
    assert_eq!((&bank["status"], &bank["body"]["result_code"]), (&json!(400), &json!("011")), "{bank}");
    let wallet = house.bills_of(App::Wallet, &unknown).await;
    assert_eq!((&wallet["status"], &wallet["body"]["errorCode"]), (&json!(404), &json!("identifierError")), "{wallet}");
    house.portal.post(&format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap()), json!({})).await.expect(200);
    let bank = house.bills_of(App::Bank, &code).await;
    assert_eq!((&bank["status"], &bank["body"]["result_code"]), (&json!(200), &json!("012")), "{bank}");
    let wallet = house.bills_of(App::Wallet, &code).await;
    assert_eq!((&wallet["status"], &wallet["body"]), (&json!(200), &json!([])), "{wallet}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_code_is_asked_about_like_a_dossier_code() {
    let house = house().await;
    let customer = format!("NUOC-{}", fresh());
    let change = json!({"dossier_code": null, "customer_code": customer, "sector": "water", "kind": "service_price"});
    let fee = house.portal.owes(&dossier(), 83_000, change).await;
    assert_eq!(house.pays_bill(App::Bank, &customer).await["state"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_told_of_its_own_beneficiaries_alone_a_bill_each() {
    let house = house().await;
    let (code, _) = owes(&house, 21_000).await;
    let other = json!({"agency_code": "H38.18", "beneficiary_code": "H38.18-NH"});
    house.portal.owes(&code, 7_000, other.clone()).await;
    // the wallet's contract is the first beneficiary's
    let wallet = house.bills_of(App::Wallet, &code).await;
    let amounts =
        |seen: &Value| seen["bills"].as_array().unwrap().iter().map(|b| b["amount"].clone()).collect::<Vec<_>>();
    assert_eq!(amounts(&wallet), [json!(21_000)], "{wallet}");
    let only_other = dossier();
    house.portal.owes(&only_other, 9_000, other).await;
    assert_eq!(house.bills_of(App::Wallet, &only_other).await["status"], 404);
    // the bank's document has one bill in an answer
    let bank = house.bills_of(App::Bank, &code).await;
    assert_eq!(amounts(&bank), [json!(21_000)], "{bank}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_code_asked_twice_is_one_bill_and_a_changed_debt_is_another() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    for app in App::BOTH {
        let first = house.bills_of(app, &code).await["bills"][0].clone();
        assert_eq!(house.bills_of(app, &code).await["bills"][0], first);
    }
    let quotes = "select count(*) from bill_quote";
    assert_eq!(house.ask(quotes).await, "2", "one for each contract");
    let first = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let more = house.portal.owes(&code, 1_000, json!({})).await;
    let second = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    assert_ne!(first["bill"], second["bill"]);
    assert_eq!(second["amount"], 22_000);
    // the bill that was seen before names what still stands: it is good
    assert_eq!(house.pays_seen(App::Bank, &code, &first).await["state"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_eq!(house.portal.obligation(&more).await["status"], "due");
    // and the one that names both is not any more
    let refused = house.pays_seen(App::Bank, &code, &second).await;
    assert_eq!((&refused["state"], &refused["code"]), (&json!("returned"), &json!("021")), "{refused}");
    assert_eq!(house.pays_bill(App::Bank, &code).await["amount"], 1_000);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_names_its_payer_masked_or_nobody_and_nothing_else_of_a_person() {
    let house = house().await;
    let code = dossier();
    let payer = json!({"payer": {"name": "Trần Thị Bích Ngọc", "identity_kind": "citizen_id",
        "identity_number": "010085000777", "address": "12 Hoàng Liên, Lào Cai", "phone": "0987654321",
        "email": "ngoc@example.vn"}});
    house.portal.owes(&code, 21_000, payer).await;
    let bank = house.bills_of(App::Bank, &code).await;
    assert_eq!(bank["body"]["customer_name"], "T*** T*** B*** Ngọc", "{bank}");
    assert_eq!(bank["body"]["customer_addr"], "");
    let wallet = house.bills_of(App::Wallet, &code).await;
    for said in [bank["body"].to_string(), wallet["body"].to_string()] {
        for private in ["Trần", "Bích", "010085000777", "Hoàng Liên", "0987654321", "ngoc@"] {
            assert!(!said.contains(private), "{private} in {said}");
        }
    }
    // of two people's fees nobody is named
    let other = json!({"payer": {"name": "Lê Văn Hai", "identity_kind": "none", "identity_number": null}});
    house.portal.owes(&code, 4_000, other).await;
    assert_eq!(house.bills_of(App::Bank, &code).await["body"]["customer_name"], "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_answers_to_getbill_that_are_in_the_wild_are_spoken_and_a_name_is_left_out_where_the_contract_says() {
    let settings = vec![
        ("MOTLAN_PROFILES__BANK_BILL__ANSWER", "periods".to_owned()),
        ("MOTLAN_PROFILES__BANK_BILL__SHOWS_PAYER", "false".to_owned()),
    ];
    let house = House::planned(Plan { with_bills: true, settings, ..Plan::default() }).await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await;
    let bill = &seen["bills"][0]["bill"];
    assert_eq!(
        seen["body"],
        json!({"result_code": "000", "result_desc": "Thanh cong", "service_id": SERVICE, "customer_id": code,
            "customer_name": "", "customer_addr": "", "bill_id": bill, "type": "1", "total_amount": "21000",
            "data": [{"period": "", "data": [{"bill_id": bill, "amount": "21000", "remark": "Phí chứng thực bản sao"}]}]})
    );
    assert_eq!(house.pays_bill(App::Bank, &code).await["state"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_switched_off_tells_of_no_bills_and_takes_what_it_told_before() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let off = house.staff.post("/v1/channels/bank_bills/off", json!({"reason": "bảo trì"})).await;
    assert_eq!(off.status, 200, "{}", off.text);
    let told = house.bills_of(App::Bank, &code).await;
    assert_eq!((&told["status"], &told["body"]["result_code"]), (&json!(503), &json!("031")), "{told}");
    assert_eq!(house.pays_seen(App::Bank, &code, &seen).await["state"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_is_good_to_the_end_of_the_banks_day() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let ends = "select (expires_at at time zone 'Asia/Ho_Chi_Minh')::time || ' ' ||
        (expires_at > now() and expires_at <= now() + interval '24 hours') from bill_quote";
    assert_eq!(house.ask(ends).await, "00:00:00 true");
    // the day passes
    house.ask("update bill_quote set expires_at = now() - interval '1 second'").await;
    let refused = house.pays_seen(App::Bank, &code, &seen).await;
    assert_eq!((&refused["state"], &refused["code"]), (&json!("returned"), &json!("021")), "{refused}");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    let kept = format!("select outcome from bill_payment where profile = '{BANK}'");
    assert_eq!(house.ask(&kept).await, "expired");
    assert_eq!(house.ask("select state from assurance.sighting").await, "refused");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rightly_summed_payment_with_a_field_that_cannot_be_read_is_kept_and_a_person_looks() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let bill = seen["bill"].as_str().unwrap();
    let bearer = format!("Bearer {}", house.bill_token(App::Bank).await);
    let mut kept = 0;
    for (number, bill, amount, says) in
        [("FT26/1", bill, "21000", "001"), ("FT262", "../x", "21000", "021"), ("FT263", bill, "21000.0", "022")]
    {
        let checksum = house.ask(&format!("select md5('{CHECKSUM}{number}{bill}{amount}')")).await;
        let body = json!({"trans_id": number, "trans_date": "20261126090000", "customer_id": code,
            "service_id": SERVICE, "bill_id": bill, "amount": amount, "checksum": checksum});
        kept += 1;
        // told twice, kept once
        for _ in 0..2 {
            let call = Call::new("POST", format!("/v1/bills/{BANK}/paybill"))
                .header("content-type", "application/json")
                .header("authorization", &bearer)
                .body(body.to_string());
            let (status, _, text) = call.send(&house.gateway.base_url()).await;
            assert_eq!((status, text.contains(&format!(r#""result_code":"{says}""#))), (400, true), "{text}");
        }
        let parked = "select count(*) || ' ' || count(k.id) filter (where k.kind = 'poison' and k.status = 'open')
            from sighting s join sighting_outcome o on o.sighting_id = s.id left join kase k on k.sighting_id = s.id where o.state = 'parked'";
        assert_eq!(house.ask(parked).await, format!("{kept} {kept}"), "{number}");
        let raw = "select convert_from(raw, 'UTF8') from sighting_payload order by sighting_id desc limit 1";
        assert_eq!(house.ask(raw).await, body.to_string(), "what the bank sent, as it came");
    }
    assert_eq!(status(&house, &fee).await, "due");
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}
