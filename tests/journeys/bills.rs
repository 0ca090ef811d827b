//! Bill collection: the application of a bank or wallet asks what a code owes, and pays it (`domain::bill`).

mod asked;
mod called_back;
mod files;
mod official;
pub(crate) mod races;
mod repeats;

use serde_json::{Value, json};
use tests::bills::App;
use tests::files::Row;
use tests::portal::dossier;
use tests::{House, Plan};

pub(crate) async fn house() -> House {
    House::planned(Plan { with_bills: true, ..Plan::default() }).await
}

/// A dossier that owes so much: its code, and the fee.
pub(crate) async fn owes(house: &House, amount: i64) -> (String, Value) {
    let code = dossier();
    let fee = house.portal.owes(&code, amount, json!({})).await;
    (code, fee)
}

async fn status(house: &House, fee: &Value) -> String {
    house.portal.obligation(fee).await["status"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_types_a_code_and_pays_and_the_dossier_system_hears_of_it() {
    let house = house().await;
    house.hear_events().await;
    for (app, amount) in [(App::Bank, 21_000), (App::Wallet, 22_000)] {
        let (code, fee) = owes(&house, amount).await;
        let seen = house.bills_of(app, &code).await;
        assert_eq!(seen["bills"][0]["amount"], amount, "{seen}");
        assert_eq!(status(&house, &fee).await, "due", "a question moves nothing");
        let paid = house.pays_seen(app, &code, &seen["bills"][0]).await;
        assert_eq!((&paid["state"], paid["answers"].as_array().unwrap().len()), (&json!("paid"), 1), "{paid}");
        let shown = house.portal.obligation(&fee).await;
        assert_eq!(shown["status"], "paid");
        let payment =
            house.portal.get(&format!("/v1/payments/{}", shown["payments"][0]["payment_id"].as_str().unwrap())).await;
        let payment = payment.expect(200);
        assert_eq!((&payment["amount"], &payment["provider_txn_id"]), (&json!(amount), &paid["transaction"]));
        let books = format!(
            "select string_agg(account_code || ' ' || amount, ', ' order by amount desc) from assurance.ledger_entry
             where payment_id = '{}'",
            payment["id"].as_str().unwrap()
        );
        let legs = format!("clearing:{} {amount}, obligation:H38.17-KB -{amount}", app.profile());
        assert_eq!(house.ask(&books).await, legs);
        // what is paid is not asked for again
        let again = house.bills_of(app, &code).await;
        assert_eq!(again["bills"], json!([]), "{again}");
        house.drain().await;
        let told = house.heard().await;
        let body = |e: &Value| serde_json::from_str::<Value>(e["body"].as_str().unwrap()).unwrap();
        let told: Vec<Value> = told.iter().map(body).filter(|b| b["data"]["dossier_code"] == code.as_str()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["type"], "obligation.paid");
        assert_eq!(told[0]["data"]["provider_txn_id"], paid["transaction"]);
        assert_eq!(told[0]["data"]["reference"], Value::Null, "no intent was opened");
    }
    assert_eq!(house.ask("select count(*) from intent").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_is_paid_ends_the_live_payments_that_hold_it() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let other = house.portal.owes(&code, 5_000, json!({})).await;
    let both = house.portal.opens(&[&fee, &other]).await;
    house.at_vnpay(&both).await;
    let seen = house.bills_of(App::Bank, &code).await;
    assert_eq!(seen["bills"][0]["amount"], 26_000, "one bill for one beneficiary: {seen}");
    let paid = house.pays_seen(App::Bank, &code, &seen["bills"][0]).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    let shown = house.portal.intent(&both).await;
    assert_eq!((&shown["status"], &shown["paid_channel"]), (&json!("paid"), &json!("bank_bills")), "{shown}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bill_paid_is_shown_with_the_payment_and_on_the_page_with_three_proofs() {
    let house = house().await;
    house.hear_events().await;
    for (app, who) in [(App::Bank, "Giao dịch của ngân hàng"), (App::Wallet, "Giao dịch của nhà mạng")] {
        let (code, fee) = owes(&house, 21_000).await;
        // the bill is for a fee of another payment too
        let other = house.portal.owes(&code, 5_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let paid = house.pays_bill(app, &code).await;
        assert_eq!(paid["state"], "paid", "{paid}");
        let number = paid["transaction"].as_str().unwrap();
        let shown = house.portal.intent(&intent).await;
        let payments = shown["payments"].as_array().unwrap();
        assert_eq!((payments.len(), &payments[0]["provider_txn_id"]), (1, &json!(number)), "{shown}");
        assert_eq!(payments[0]["amount"], 26_000, "the whole of what came, for both fees");
        let page = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
        for text in [who, number, "21.000", "Mã tham chiếu của chúng tôi", "Hệ thống xử lý hồ sơ"] {
            assert!(page.contains(text), "{text} is missing: {page}");
        }
        assert_eq!(
            page.matches("<li class=\"there\">").count() + page.matches("<li class=\"awaited\">").count(),
            3,
            "{page}"
        );
        assert!(!page.contains("26.000") && !page.contains("Tiền nộp thừa"), "nothing of others' fees: {page}");
        assert_eq!(status(&house, &other).await, "paid");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_fifty_long_fees_is_light_at_first_and_whole_when_asked_for() {
    let house = house().await;
    let code = dossier();
    let mut fees = Vec::new();
    for n in 0..50 {
        let long = format!("{n:02} {}", "ề".repeat(497));
        fees.push(
            house.portal.owes(&code, 1_000 + n, json!({"description": long, "fee_code": format!("F-{n}")})).await,
        );
    }
    let intent = house.portal.opens(&fees.iter().collect::<Vec<_>>()).await;
    let get = async |url: &str| house.http.get(url).send().await.unwrap().text().await.unwrap();
    let url = intent["checkout_url"].as_str().unwrap();
    let first = get(url).await;
    assert!(first.len() < 60 * 1024, "{} bytes", first.len());
    assert_eq!(first.matches("class=\"what\">").count(), 9, "eight fees and their sum");
    assert!(first.contains("Xem tất cả 50 khoản") && first.contains("items=all#items"), "{first}");
    let whole = get(&format!("{url}?items=all")).await;
    assert_eq!(whole.matches("class=\"what\">").count(), 51);
    assert!(
        !whole.contains("Xem tất cả") && whole.contains("?items=all\" data-live"),
        "it stays whole when it comes anew"
    );
    let english = get(&format!("{url}?lang=en")).await;
    assert!(english.contains("Show all 50 fees") && english.contains("?lang=en&#38;items=all#items"), "{english}");
    let looked_up = format!("{}/pay?dossier={code}", house.gateway.base_url());
    let found = get(&looked_up).await;
    assert!(found.len() < 60 * 1024 && found.contains("Xem tất cả 50 khoản"), "{} bytes", found.len());
    assert_eq!(get(&format!("{looked_up}&items=all")).await.matches("class=\"what\">").count(), 50);
    println!("first view {} bytes, whole {}, looked up {}", first.len(), whole.len(), found.len());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_on_at_a_payment_is_told_at_once_that_a_bill_paid_it() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let intent = house.portal.opens(&[&fee]).await;
    let mut told = house.gateway.ctx.pool.committed();
    house.pays_bill(App::Bank, &code).await;
    let id = house
        .ask(&format!("select id from intent where reference = '{}'", intent["reference"].as_str().unwrap()))
        .await;
    let ours = async { while told.recv().await.unwrap().to_string() != id {} };
    tokio::time::timeout(std::time::Duration::from_secs(5), ours).await.expect("nobody told of the intent");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_holds_more_than_the_bill_stays_open_for_the_rest() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let (_, elsewhere) = owes(&house, 5_000).await;
    let both = house.portal.opens(&[&fee, &elsewhere]).await;
    assert_eq!(house.pays_bill(App::Wallet, &code).await["state"], "paid");
    let shown = house.portal.intent(&both).await;
    assert_eq!((&shown["status"], &shown["amount_due"]), (&json!("open"), &json!(5_000)), "{shown}");
    // the payer who had the page open pays what is left
    let attempt = house.at_vnpay(&both).await;
    assert_eq!(house.pays(&attempt, json!({})).await["ipn"][0]["rsp_code"], "00");
    assert_eq!(house.portal.intent(&both).await["status"], "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_payment_can_be_asked_back_like_any_other_money() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let paid = house.pays_bill(App::Bank, &code).await;
    assert_eq!(paid["state"], "paid");
    let payments = house.staff.get("/v1/payments").await.expect(200);
    let payment = &payments["data"][0];
    assert_eq!(payment["refundable_amount"], 21_000, "{payment}");
    let body = json!({"lines": [{"obligation_id": fee["id"], "amount": 21_000}], "then": "reopen",
        "reason_code": "wrong_fee", "note": "thu nhầm", "refundable_amount": 21_000,
        "payer_account": {"bank_bin": "970436", "account_number": "0123456789", "account_name": "NGUYEN VAN MAU"}});
    let path = format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap());
    // no call gives it back: it goes by transfer, and no transfer goes before a file has shown the money
    assert_eq!(house.staff.post(&path, body.clone()).await.refused(409), "credit_not_proven");
    files::pays_out(&house).await;
    files::bank_file(&house, &[Row::new("Thanh toán", paid["transaction"].as_str().unwrap(), 21_000, 0)]).await;
    let refund = house.staff.post(&path, body).await;
    assert_eq!(refund.status, 201, "{}", refund.text);
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_bill_payments_of_their_own_beneficiaries_only() {
    let house = house().await;
    let (code, _) = owes(&house, 21_000).await;
    let other = json!({"agency_code": "H38.18", "beneficiary_code": "H38.18-NH"});
    house.portal.owes(&code, 7_000, other).await;
    assert_eq!(house.pays_bill(App::Bank, &code).await["amount"], 21_000);
    assert_eq!(house.pays_bill(App::Bank, &code).await["amount"], 7_000, "the next is told when the first is paid");
    let scoped = crate::bills::person_of(&house, "H38.18-NH").await;
    let seen = scoped.get("/v1/payments").await.expect(200);
    let amounts: Vec<_> = seen["data"].as_array().unwrap().iter().map(|p| p["amount"].clone()).collect();
    assert_eq!(amounts, [json!(7_000)], "{seen}");
    let all = house.staff.get("/v1/payments").await.expect(200);
    for payment in all["data"].as_array().unwrap() {
        let shown = scoped.get(&format!("/v1/payments/{}", payment["id"].as_str().unwrap())).await;
        assert_eq!(shown.status, if payment["amount"] == 7_000 { 200 } else { 404 }, "{}", shown.text);
    }
    house.close().await;
}

async fn person_of(house: &House, beneficiary: &str) -> tests::portal::Portal {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let person = storage::ids::mint(jiff::Timestamp::now());
    let beneficiaries = [beneficiary.to_owned()];
    storage::principals::put_person(&db, person, "mot-don-vi", "Kế toán (mẫu)", &beneficiaries).await.unwrap();
    drop(db);
    let (_, key) = tests::wire::key(house, "mot-don-vi", domain::principal::Scope::STAFF).await;
    tests::portal::Portal { key, ..house.staff.clone() }
}
