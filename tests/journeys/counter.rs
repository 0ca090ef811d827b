//! The counter: an officer takes cash or a card, undoes it the same day with a second person, and brings the drawer's cash to
//! the bank (`domain::counter`).

mod cards;
mod deposits;
mod races;
mod voids;

use serde_json::{Value, json};
use tests::child::run;
use tests::counter::{COUNTER, OTHER_COUNTER, entry, settings};
use tests::files::{account, today};
use tests::portal::{dossier, fresh};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan};

pub(crate) async fn owes(house: &House, amount: i64) -> Value {
    house.portal.owes(&dossier(), amount, json!({})).await
}

pub(crate) async fn status(house: &House, fee: &Value) -> String {
    house.portal.obligation(fee).await["status"].as_str().unwrap().to_owned()
}

/// Of cash, a number that no other receipt has.
pub(crate) fn receipt() -> String {
    format!("BL-{:06}", fresh())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cash_at_a_counter_pays_what_is_due_and_the_dossier_system_hears_of_it() {
    let house = House::with_counters(false).await;
    house.hear_events().await;
    let code = dossier();
    let fee = house.portal.owes(&code, 21_000, json!({})).await;
    let other = house.portal.owes(&code, 5_000, json!({"fee_code": "CT-KHAC"})).await;
    let number = receipt();
    let taken = house.takes_cash(&[&fee, &other], 26_000, &number).await.expect(201);
    assert_eq!(
        (&taken["tender"], &taken["amount"], &taken["receipt_ref"]),
        (&json!("cash"), &json!(26_000), &json!(number))
    );
    for fee in [&fee, &other] {
        assert_eq!(status(&house, fee).await, "paid");
    }
    let payment = house.staff.get(&format!("/v1/payments/{}", taken["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(payment["channel"], "counter");
    assert_eq!((&payment["counter_code"], &payment["receipt_ref"]), (&json!(COUNTER), &json!(number)));
    assert_eq!(
        (&payment["provider_txn_id"], &payment["sightings"][0]["source"]),
        (&Value::Null, &json!("counter:quay-1"))
    );
    let legs = format!(
        "select string_agg(account_code || ' ' || amount, ', ' order by amount desc) from assurance.ledger_entry
         where payment_id = '{}' and journal_kind = 'cash_taken'",
        taken["id"].as_str().unwrap()
    );
    assert_eq!(house.ask(&legs).await, "drawer:quay-1 26000, obligation:H38.17-KB -5000, obligation:H38.17-KB -21000");
    let shown = house.staff.get("/v1/counters/quay-1").await.expect(200);
    assert_eq!(
        (&shown["drawer"], &shown["today"]["cash"], &shown["today"]["card"]),
        (&json!(26_000), &json!(26_000), &json!(0))
    );
    house.drain().await;
    let told = house.heard().await;
    assert_eq!(told.len(), 2, "{told:?}");
    for event in &told {
        let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["channel"]),
            (&json!("obligation.paid"), &json!("counter")),
            "{event}"
        );
        assert_eq!((&body["data"]["provider_txn_id"], &body["data"]["reference"]), (&json!(number), &Value::Null));
    }
    let path = format!("/v1/reports/transactions?from={0}&to={0}&channel=counter", today());
    let report = house.staff.get(&path).await.expect(200);
    let rows: Vec<_> = report["rows"].as_array().unwrap().iter().map(|r| r["amount_paid"].clone()).collect();
    assert_eq!(rows, [json!(21_000), json!(5_000)], "{report}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_takes_the_exact_amount_of_what_is_due_and_nothing_else() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    for amount in [20_999, 21_001, 42_000] {
        let refused = house.takes_cash(&[&fee], amount, &receipt()).await;
        assert_eq!(refused.json["amount_due"], 21_000, "{}", refused.text);
        assert_eq!(refused.refused(422), "amount_not_exact");
    }
    for (body, pointer) in [
        (entry(COUNTER, "cash", &[&fee, &fee], 42_000, "BL-1"), "/obligation_ids/1"),
        (entry(COUNTER, "cash", &[], 1, "BL-1"), "/obligation_ids"),
        (entry(COUNTER, "cheque", &[&fee], 21_000, "BL-1"), "/tender"),
        (entry(COUNTER, "cash", &[&fee], 0, "BL-1"), "/amount"),
        (entry(COUNTER, "cash", &[&fee], 21_000, " BL-1"), "/receipt_ref"),
        (entry(COUNTER, "card", &[&fee], 21_000, "4111 1111 1111 1111"), "/receipt_ref"),
    ] {
        let refused = house.staff.post("/v1/counter-payments", body).await;
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{}", refused.text);
        assert_eq!(refused.refused(422), "validation_failed");
    }
    assert_eq!(house.takes_cash(&[&fee], 21_000, &receipt()).await.status, 201);
    assert_eq!(house.takes_cash(&[&fee], 21_000, &receipt()).await.refused(409), "obligation_paid");
    let gone = owes(&house, 5_000).await;
    let cancel = format!("/v1/obligations/{}/cancel", gone["id"].as_str().unwrap());
    house.portal.post(&cancel, json!({})).await.expect(200);
    assert_eq!(house.takes_cash(&[&gone], 5_000, &receipt()).await.refused(409), "obligation_not_payable");
    assert_eq!(house.drawer().await, 21_000);
    assert_eq!(house.ask("select count(*) from sighting").await, "1", "what is refused leaves nothing");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_counter_does_not_collect_or_its_officer_does_not_see_is_absent() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    let other = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    let other = house.portal.owes(&dossier(), 7_000, other).await;
    assert_eq!(house.takes_cash(&[&other], 7_000, &receipt()).await.refused(404), "not_found");
    house.sets_up(COUNTER, &[BENEFICIARY, OTHER_BENEFICIARY]).await;
    let own = house.person_of("can-bo-1", BENEFICIARY).await;
    let stranger = house.person_of("can-bo-2", OTHER_BENEFICIARY).await;
    // both work at this counter, each for their own
    let said = own.post("/v1/counter-payments", entry(COUNTER, "cash", &[&other], 7_000, "BL-A")).await;
    assert_eq!(said.refused(404), "not_found");
    let said = stranger.post("/v1/counter-payments", entry(COUNTER, "cash", &[&other], 7_000, "BL-A")).await;
    let taken = said.expect(201);
    // the other counter does not exist for one of them, nor does the other's receipt
    let said = stranger.post("/v1/counter-payments", entry(OTHER_COUNTER, "cash", &[&other], 7_000, "BL-A")).await;
    assert_eq!(said.refused(404), "not_found");
    let said = own.post("/v1/counter-payments", entry(COUNTER, "cash", &[&other], 7_000, "BL-A")).await;
    assert_eq!(said.refused(409), "receipt_used");
    let path = format!("/v1/payments/{}", taken["id"].as_str().unwrap());
    assert_eq!((own.get(&path).await.status, stranger.get(&path).await.status), (404, 200));
    let void = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    assert_eq!(own.post(&void, json!({})).await.refused(404), "not_found");
    // a drawer is seen whole or not at all
    assert_eq!(own.get("/v1/counters/quay-1").await.refused(404), "not_found");
    assert_eq!(own.post("/v1/counters/quay-1/deposits", json!({"amount": 1, "slip_ref": "PGN0001"})).await.status, 404);
    let listed = stranger.get("/v1/counters").await.expect(200);
    assert_eq!(listed["data"][0]["beneficiaries"], json!([OTHER_BENEFICIARY]), "{listed}");
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(own.post("/v1/counter-payments", entry(COUNTER, "cash", &[&fee], 21_000, "BL-B")).await.status, 201);
    // a terminal takes money for those of its contract
    let third = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    let third = house.portal.owes(&dossier(), 7_000, third).await;
    let refused = house.takes_card(&[&third], 7_000, "000123").await;
    assert_eq!(refused.json["errors"][0]["pointer"], "/tender", "{}", refused.text);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_one_payment_however_often_it_is_sent() {
    let house = House::with_counters(false).await;
    let (fee, other) = (owes(&house, 21_000).await, owes(&house, 21_000).await);
    let body = entry(COUNTER, "cash", &[&fee], 21_000, "BL-TWICE");
    let first = house.staff.post_with("/v1/counter-payments", "one-key", body.clone()).await;
    assert_eq!((first.status, first.replayed), (201, false), "{}", first.text);
    let replayed = house.staff.post_with("/v1/counter-payments", "one-key", body.clone()).await;
    assert_eq!((replayed.status, replayed.replayed, &replayed.text), (201, true, &first.text));
    let again = house.staff.post("/v1/counter-payments", body).await;
    assert_eq!((again.status, &again.text), (200, &first.text), "another key, the same receipt");
    for changed in [
        entry(COUNTER, "cash", &[&other], 21_000, "BL-TWICE"),
        entry(COUNTER, "cash", &[&fee, &other], 42_000, "BL-TWICE"),
        entry(COUNTER, "card", &[&fee], 21_000, "BL-TWICE"),
    ] {
        assert_eq!(house.staff.post("/v1/counter-payments", changed).await.refused(409), "receipt_used");
    }
    // another counter has numbers of its own
    let elsewhere = entry(OTHER_COUNTER, "cash", &[&other], 21_000, "BL-TWICE");
    assert_eq!(house.staff.post("/v1/counter-payments", elsewhere).await.status, 201);
    assert_eq!(house.drawer().await, 21_000);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_payments_that_hold_what_a_counter_took_follow_it() {
    let house = House::with_counters(false).await;
    let (fee, other) = (owes(&house, 21_000).await, owes(&house, 5_000).await);
    let alone = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&alone).await;
    house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    let shown = house.portal.intent(&alone).await;
    assert_eq!((&shown["status"], &shown["paid_channel"]), (&json!("paid"), &json!("counter")), "{shown}");
    // the payer had the page open: what comes by it is a duplicate, with a case
    assert_eq!(house.pays(&attempt, json!({})).await["ipn"][0]["rsp_code"], "00");
    assert_eq!(house.ask("select kind from kase where status = 'open'").await, "duplicate_payment");
    let third = owes(&house, 7_000).await;
    let both = house.portal.opens(&[&other, &third]).await;
    house.takes_cash(&[&other], 5_000, &receipt()).await.expect(201);
    let shown = house.portal.intent(&both).await;
    assert_eq!((&shown["status"], &shown["amount_due"]), (&json!("open"), &json!(7_000)), "{shown}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_counter_took_is_shown_with_the_payment_and_on_the_page_with_three_proofs() {
    let house = House::with_counters(false).await;
    house.hear_events().await;
    let fee = owes(&house, 21_000).await;
    let intent = house.portal.opens(&[&fee]).await;
    let number = receipt();
    house.takes_cash(&[&fee], 21_000, &number).await.expect(201);
    let shown = house.portal.intent(&intent).await;
    let payments = shown["payments"].as_array().unwrap();
    assert_eq!((payments.len(), &payments[0]["channel"]), (1, &json!("counter")), "{shown}");
    let page = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    for text in ["Giao dịch của quầy thu", number.as_str(), "Mã tham chiếu của chúng tôi", "Hệ thống xử lý hồ sơ"]
    {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_that_are_switched_off_take_nothing_and_say_why_to_the_officer_and_on_the_page() {
    let house = House::with_counters(false).await;
    let (fee, other) = (owes(&house, 21_000).await, owes(&house, 5_000).await);
    let intent = house.portal.opens(&[&other]).await;
    let page =
        async || house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(page().await.contains("Nộp tại quầy"));
    let number = receipt();
    house.takes_cash(&[&fee], 21_000, &number).await.expect(201);
    house.staff.post("/v1/channels/counter/off", json!({"reason": "mất điện"})).await.expect(200);
    let refused = house.takes_cash(&[&other], 5_000, &receipt()).await;
    assert_eq!(refused.json["detail"], "mất điện");
    assert_eq!(refused.refused(409), "channel_unavailable");
    let shown = page().await;
    assert!(shown.contains("Nộp tại quầy") && shown.contains("Tạm ngừng: mất điện"), "{shown}");
    assert!(!shown.contains("class=\"card aside\""), "nobody is sent there: {shown}");
    // what was taken is taken, however often it is entered
    house.takes_cash(&[&fee], 21_000, &number).await.expect(200);
    let listed = house.staff.get("/v1/channels").await.expect(200);
    let counter = listed["data"].as_array().unwrap().iter().find(|c| c["code"] == "counter").unwrap().clone();
    assert_eq!((&counter["available"], &counter["reason"]), (&json!(false), &json!("mất điện")), "{counter}");
    house.staff.post("/v1/channels/counter/on", json!({"reason": "xong"})).await.expect(200);
    house.takes_cash(&[&other], 5_000, &receipt()).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_set_up_by_who_administers_those_for_whom_it_collects() {
    let house = House::with_counters(false).await;
    let body = |account: &str, terminal: &str, of: &[&str]| json!({"name": "Quầy", "account_code": account, "terminal_profile": terminal, "beneficiaries": of});
    let put = async |who: &tests::portal::Portal, body| who.put("/v1/counters/quay-9", body).await;
    let ours = account();
    for (said, pointer) in [
        (put(&house.staff, body("970436.0000000000", "pos_main", &[BENEFICIARY])).await, "/account_code"),
        (put(&house.staff, body(&ours, "vnpay_main", &[BENEFICIARY])).await, "/terminal_profile"),
        (put(&house.staff, body(&ours, "pos_main", &["H00-KB", BENEFICIARY])).await, "/beneficiaries"),
        (put(&house.staff, body(&ours, "pos_main", &[])).await, "/beneficiaries"),
        // another's account is none that cash of these is brought to
        (put(&house.staff, body(&ours, "pos_main", &[OTHER_BENEFICIARY])).await, "/account_code"),
    ] {
        assert_eq!((said.status, &said.json["errors"][0]["pointer"]), (422, &json!(pointer)), "{}", said.text);
    }
    let scoped = house.person_of("quan-tri-1", BENEFICIARY).await;
    assert_eq!(put(&scoped, body(&ours, "pos_main", &[BENEFICIARY, OTHER_BENEFICIARY])).await.status, 403);
    assert_eq!(put(&scoped, body(&ours, "pos_main", &[BENEFICIARY])).await.status, 200);
    let stranger = house.person_of("quan-tri-2", OTHER_BENEFICIARY).await;
    let theirs = format!("{}.{}", tests::bank::BIN, tests::bank::OTHER_ACCOUNT);
    assert_eq!(put(&stranger, body(&theirs, "pos_main", &[OTHER_BENEFICIARY])).await.refused(404), "not_found");
    assert_eq!(
        house.ask("select count(*) from audit where action = 'counter_put' and subject like 'quay-9 %'").await,
        "1"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_set_up_from_the_command_line_and_keeps_what_its_drawer_holds() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    house.takes_cash(&[&fee], 21_000, &receipt()).await.expect(201);
    let plan = Plan { settings: settings(), ..Plan::default() };
    let env = tests::env(&house.database, &house.vnpay.url, &plan);
    let ours = account();
    let put = ["counter", "put", "--code", COUNTER, "--name", "Quầy 1", "--account", &ours, "--beneficiaries"];
    let said = run(&env, &[&put[..], &[BENEFICIARY, "--json"]].concat()).await;
    assert!(said.success, "{}", said.stderr);
    let made: Value = serde_json::from_str(&said.stdout).unwrap();
    let (terminal, drawer) = (&made["terminal"], &made["drawer"]);
    assert_eq!((&made["name"], terminal, drawer), (&json!("Quầy 1"), &Value::Null, &json!(21_000)), "{made}");
    let listed = run(&env, &["counter", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]), (2, &made), "{listed}");
    let wrong = run(&env, &[&put[..], &["H99-KB"]].concat()).await;
    assert!(!wrong.success && wrong.stdout.is_empty());
    house.close().await;
}
