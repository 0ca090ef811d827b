//! What is told of a code, and what is not.

use super::{house, owes, status};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::bills::{API_KEY, App, BANK, CHECKSUM, SERVICE, WALLET};
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
    // one person is named however many fees there are, each with a registration of its own
    for n in 1..=12 {
        let payer = json!({"payer": {"name": "Trần Thị Bích Ngọc", "identity_kind": "citizen_id",
            "identity_number": "010085000777"}, "fee_code": format!("PHI-{n}")});
        house.portal.owes(&code, 1_000 + n, payer).await;
    }
    let bank = house.bills_of(App::Bank, &code).await;
    assert_eq!(bank["body"]["customer_name"], "T*** T*** B*** Ngọc", "{bank}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallets_payment_that_cannot_be_read_is_refused_kept_and_a_person_looks() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Wallet, &code).await["bills"][0].clone();
    let bearer = format!("Bearer {}", house.bill_token(App::Wallet).await);
    let path = format!("accounts/accountid/{code}/bills/{}/payments", seen["bill"].as_str().unwrap());
    let twice = r#"{"amountPaid":"1","amountPaid":"21000","currency":"VND"}"#.to_owned();
    let call_id = "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a001";
    let mut kept = 0;
    let bodies = [
        json!({"amountPaid": 21_000, "currency": "VND"}),
        json!({"amountPaid": "21000.50", "currency": "VND"}),
        json!({"amountPaid": "0", "currency": "VND"}),
        json!({"amountPaid": "-21000", "currency": "VND"}),
        json!({"amountPaid": "021000", "currency": "VND"}),
        json!({"amountPaid": "99999999999999999", "currency": "VND"}),
        json!({"amountPaid": "21000", "currency": "USD"}),
        json!({"amountPaid": "21000", "currency": "vnd"}),
        json!({"amountPaid": "21000"}),
        json!({"currency": "VND"}),
        json!({"amountPaid": "21000", "currency": "VND", "paymentType": "partialpayment"}),
        json!({"amountPaid": "21000", "currency": "VND", "paymentType": "half"}),
        json!({"amountPaid": "21000", "currency": "VND", "requestingOrganisationTransactionReference": 7}),
        json!({"amountPaid": "21000", "currency": "VND", "requestingOrganisationTransactionReference": "a/b"}),
        json!([]),
        json!("21000"),
    ]
    .map(|body| body.to_string());
    for (body, call_id) in bodies.into_iter().map(|b| (b, call_id)).chain([(twice, call_id), ("{}".to_owned(), "1")]) {
        kept += 1;
        // told twice, kept once
        for _ in 0..2 {
            let call = Call::new("POST", format!("/v1/bills/{WALLET}/{path}"))
                .header("content-type", "application/json")
                .header("authorization", &bearer)
                .header("x-api-key", API_KEY)
                .header("x-correlationid", call_id)
                .header("x-content-hash", hex::encode(Sha256::digest(&body)))
                .body(body.as_str());
            let (status, _, text) = call.send(&house.gateway.base_url()).await;
            assert!(status == 400 && text.contains("errorCode"), "{body}: {status} {text}");
        }
        let parked = "select count(*) || ' ' || count(k.id) filter (where k.kind = 'poison' and k.status = 'open')
            from sighting s join sighting_outcome o on o.sighting_id = s.id left join kase k on k.sighting_id = s.id where o.state = 'parked'";
        assert_eq!(house.ask(parked).await, format!("{kept} {kept}"), "{body}");
        let raw = "select convert_from(raw, 'UTF8') from sighting_payload order by sighting_id desc limit 1";
        assert_eq!(house.ask(raw).await, format!("{path}\n\n{body}"), "where it was sent, and what, as it came");
    }
    // a stranger's is not kept
    let call = Call::new("POST", format!("/v1/bills/{WALLET}/{path}")).header("x-api-key", API_KEY).body("{}");
    assert_eq!(call.send(&house.gateway.base_url()).await.0, 401);
    assert_eq!(house.ask("select count(*) from sighting").await, kept.to_string());
    assert_eq!(status(&house, &fee).await, "due");
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_found_and_paid_whether_it_is_typed_in_capitals_or_not_at_a_bank_and_on_the_page() {
    let house = house().await;
    for (app, own, customer) in [
        (App::Bank, format!("h38.17-ab-{}", fresh()), false),
        (App::Wallet, format!("H38.17-Cd-{}", fresh()), false),
        (App::Bank, format!("kh-{}", fresh()), true),
    ] {
        let fee = if customer {
            house.portal.owes(&dossier(), 21_000, json!({"customer_code": own})).await
        } else {
            house.portal.owes(&own, 21_000, json!({})).await
        };
        let (large, small) = (own.to_uppercase(), own.to_lowercase());
        let mut names = std::collections::BTreeSet::new();
        for typed in [&own, &large, &small] {
            let seen = house.bills_of(app, typed).await;
            assert_eq!(seen["bills"][0]["amount"], 21_000, "{typed}: {seen}");
            names.insert(seen["bills"][0]["bill"].as_str().unwrap().to_owned());
            if !customer {
                let shown = house.http.get(format!("{}/pay?dossier={typed}", house.gateway.base_url())).send().await;
                assert!(shown.unwrap().text().await.unwrap().contains("21.000"), "{typed}");
            }
        }
        assert_eq!(names.len(), 1, "one bill, one name");
        // asked for in small letters, paid in capitals
        let seen = house.bills_of(app, &small).await["bills"][0].clone();
        assert_eq!(house.pays_seen(app, &large, &seen).await["state"], "paid", "{own}");
        assert_eq!(status(&house, &fee).await, "paid");
    }
    let uses = "set enable_seqscan = off; explain select from obligation o where upper(o.dossier_code collate \"C\") = upper('x' collate \"C\")
        or upper(o.customer_code collate \"C\") = upper('x' collate \"C\")";
    let db = house.database.connect("motlan_superuser").await;
    let plan = format!("{:?}", db.simple_query(uses).await.unwrap());
    assert!(
        plan.contains("obligation_by_dossier_in_capitals") && plan.contains("obligation_by_customer_in_capitals"),
        "{plan}"
    );
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_of_bills_that_is_switched_off_tells_nothing_says_so_and_takes_what_it_told_before() {
    let house = house().await;
    let admin = crate::people::administrator(&house).await;
    let (code, fee) = owes(&house, 21_000).await;
    let intent = house.portal.opens(&[&fee]).await;
    let page =
        async || house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    let token = house.bill_token(App::Wallet).await;
    let alive = async || {
        let call = Call::new("GET", format!("/v1/bills/{WALLET}/heartbeat"))
            .header("authorization", format!("Bearer {token}"))
            .header("x-api-key", API_KEY);
        call.send(&house.gateway.base_url()).await.2
    };
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    assert!(page().await.contains("Thu hộ qua ngân hàng"));
    assert!(alive().await.contains(r#""serviceStatus":"available""#));
    for channel in ["bank_bills", "mobile_money_bills"] {
        admin.post(&format!("/v1/channels/{channel}/off"), json!({"reason": "bảo trì"})).await.expect(200);
    }
    let bank = house.bills_of(App::Bank, &code).await;
    assert_eq!((&bank["status"], &bank["body"]["result_code"]), (&json!(503), &json!("031")), "{bank}");
    assert_eq!(bank["body"]["result_desc"], "Tam ngung thu ho");
    let wallet = house.bills_of(App::Wallet, &code).await;
    assert_eq!((&wallet["status"], &wallet["body"]["errorDescription"]), (&json!(503), &Value::Null), "{wallet}");
    assert_eq!(wallet["body"]["errordescription"], "closed for now", "{wallet}");
    assert!(alive().await.contains(r#""serviceStatus":"unavailable""#));
    let shown = page().await;
    assert!(shown.contains("Thu hộ qua ngân hàng") && shown.matches("Tạm ngừng: bảo trì").count() == 2, "{shown}");
    assert!(!shown.contains("class=\"card aside\""), "nobody is sent there: {shown}");
    // who was told before has perhaps taken its customer's money by now
    assert_eq!(house.pays_seen(App::Bank, &code, &seen).await["state"], "paid");
    for channel in ["bank_bills", "mobile_money_bills"] {
        admin.post(&format!("/v1/channels/{channel}/on"), json!({"reason": "xong"})).await.expect(200);
    }
    assert!(alive().await.contains(r#""serviceStatus":"available""#));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stated_time_from_before_the_fee_was_there_is_a_slip_and_the_books_take_ours() {
    let house = house().await;
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
    let bearer = format!("Bearer {}", house.bill_token(App::Wallet).await);
    let days = |n: i64| now - jiff::SignedDuration::from_hours(24 * n);
    let today = tests::files::today().to_string();
    for (n, stated) in [
        (0, "1970-01-01T00:00:00Z".parse().unwrap()),
        (1, days(2)),
        (2, now),
        (3, now + jiff::SignedDuration::from_hours(30)),
    ] {
        let (code, _) = owes(&house, 21_000 + n).await;
        let bill = house.bills_of(App::Wallet, &code).await["bills"][0]["bill"].as_str().unwrap().to_owned();
        let body = json!({"amountPaid": (21_000 + n).to_string(), "currency": "VND", "requestDate": stated.to_string(),
            "requestingOrganisationTransactionReference": format!("WHEN{n}")});
        let call = Call::new("POST", format!("/v1/bills/{WALLET}/accounts/accountid/{code}/bills/{bill}/payments"))
            .header("authorization", &bearer)
            .header("x-api-key", API_KEY)
            .header("content-type", "application/json")
            .body(body.to_string());
        let (status, _, text) = call.send(&house.gateway.base_url()).await;
        assert_eq!(status, 201, "{text}");
        let booked = format!(
            "select p.business_date || ' ' || (abs(extract(epoch from p.paid_at - now())) < 600) || ' ' || (s.stated_at = '{stated}')
             from payment p join sighting s on s.provider_txn_id = p.provider_txn_id where p.provider_txn_id = 'WHEN{n}'"
        );
        assert_eq!(
            house.ask(&booked).await,
            format!("{today} true true"),
            "{stated}: in the books, and as it was said"
        );
    }
    house.drain().await;
    house.holds().await;
    house.stop().await;
}
