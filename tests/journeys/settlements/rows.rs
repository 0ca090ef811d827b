//! What becomes of each row of a file, by the table at the head of `import_settlement`.

use super::{CLEARING, FEE, UNIDENTIFIED, cases, day, in_transit, lines, order_ref, pays, pays_out, pays_with, plain};
use super::{stands, txn, with_payouts};
use crate::people::{administrator, second};
use crate::refunds::{approves, becomes, proposes, second_person, status};
use hmac::{Hmac, KeyInit, Mac};
use jiff::ToSpan;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::files::{Row, today, vnpay_file};
use tests::interruption::reports;
use tests::{HASH_SECRET, House, TMN_CODE};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_is_a_case_and_the_difference_stays_in_clearing() {
    let house = plain().await;
    pays(&house, 8_000).await;
    pays_with(&house, 40_000, json!([{"settlement": {"amount_delta": 500}}])).await;
    let file = house.settles(&day()).await.expect(201);
    assert_eq!((&file["matched"], &file["cases"], &file["gross"]), (&json!(1), &json!(1), &json!(48_500)));
    assert_eq!(cases(&house).await, "amount_differs 500");
    assert_eq!(stands(&house, CLEARING).await, -500);
    let shown = house.staff.get(&format!("/v1/reconciliation/{}?profile=vnpay_main", day())).await.expect(200);
    assert_eq!((&shown["gaps"], &shown["counts"]["case"]), (&json!([]), &json!(1)), "{shown:#}");
    assert_eq!(shown["differences"][0]["kind"], "amount_differs");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_only_the_file_tells_settles_its_debt_and_the_dossier_hears() {
    let house = plain().await;
    house.hear_events().await;
    let (fee, intent, _) = pays_with(&house, 40_000, json!([{"drop": true}])).await;
    let (_, omitted, _) = pays_with(&house, 8_000, json!([{"drop": true}, {"settlement": "omit"}])).await;
    assert_ne!(house.portal.intent(&intent).await["status"], "paid");
    let file = house.settles(&day()).await.expect(201);
    assert_eq!((&file["lines"], &file["matched"], &file["cases"]), (&json!(1), &json!(1), &json!(0)));
    let sighted =
        "select s.source || ' ' || s.state from assurance.sighting s join assurance.payment p using (payment_id)
        where p.amount = 40000";
    assert_eq!(house.ask(sighted).await, "settlement:vnpay_main applied");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    assert_ne!(house.portal.intent(&omitted).await["status"], "paid");
    assert_eq!(stands(&house, CLEARING).await, 0);
    house.drain().await;
    let heard = house.heard().await;
    let told = heard.iter().any(|h| h.to_string().contains("obligation.paid"));
    assert!(told, "{heard:#?}");
    // asking finds the other, and no file has named it
    house.settles(&day()).await.expect(200);
    assert_eq!(house.portal.intent(&omitted).await["status"], "paid");
    house.close().await;
}

/// Staff give money back at VNPAY's own portal: we hear of it by the file alone.
async fn gives_back(house: &House, order: &Value, amount: i64) {
    let (id, now) = (uuid::Uuid::now_v7().simple().to_string(), order["pay_date"].as_str().unwrap());
    let (name, date) = (order_ref(order), order["create_date"].as_str().unwrap());
    let text = format!("{id}|2.1.0|refund|{TMN_CODE}|03|{name}|{amount}00||{date}|kt|{now}|10.0.0.5|Hoan tien");
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(HASH_SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let body = json!({
        "vnp_RequestId": id, "vnp_Version": "2.1.0", "vnp_Command": "refund", "vnp_TmnCode": TMN_CODE,
        "vnp_TransactionType": "03", "vnp_TxnRef": name, "vnp_Amount": format!("{amount}00"),
        "vnp_OrderInfo": "Hoan tien", "vnp_TransactionDate": date, "vnp_CreateBy": "kt", "vnp_CreateDate": now,
        "vnp_IpAddr": "10.0.0.5", "vnp_SecureHash": hex::encode(mac.finalize().into_bytes()),
    });
    let url = format!("{}/merchant_webapi/api/transaction", house.vnpay.url);
    let said: Value = house.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(said["vnp_ResponseCode"], "00", "{said}");
    house.sim("refund", json!({"order_ref": name, "outcome": "sent"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_we_do_not_know_waits_in_suspense_with_a_case() {
    let house = with_payouts().await;
    let order = pays(&house, 40_000).await;
    pays(&house, 21_000).await;
    gives_back(&house, &order, 15_000).await;
    let file = house.settles(&day()).await.expect(201);
    let payout = pays_out(&house, &day()).await;
    for sum in ["gross", "fee", "refunds", "net"] {
        assert_eq!(file[sum], payout[sum], "{sum}");
    }
    assert_eq!(file["refunds"], 15_000);
    assert_eq!(cases(&house).await, "missing_in_books -15000");
    assert_eq!((stands(&house, CLEARING).await, stands(&house, UNIDENTIFIED).await), (0, 15_000));
    let whose = "select p.amount from assurance.kase k join assurance.payment p using (payment_id)";
    assert_eq!(house.ask(whose).await, "40000");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    let left: Vec<_> =
        paid["data"].as_array().unwrap().iter().map(|p| (&p["amount"], &p["refundable_amount"])).collect();
    assert!(left.contains(&(&json!(40_000), &json!(25_000))), "the payer has the rest already: {left:?}");
    assert!(left.contains(&(&json!(21_000), &json!(21_000))), "{left:?}");
    house.imports("mt940", &day()).await;
    assert_eq!(in_transit(&house).await, 0);
    // the report of what waits says where it comes from
    let waiting = house.staff.get("/v1/reports/suspense").await.expect(200);
    let row = &waiting["rows"][0];
    assert_eq!((waiting["rows"].as_array().unwrap().len(), &row["amount"]), (1, &json!(-15_000)), "{waiting:#}");
    assert_eq!((&row["scope"], &row["channel"]), (&json!(CLEARING), &json!("vnpay")));
    assert_eq!(row["case_kind"], "missing_in_books");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_past_us_of_a_payment_that_nobody_told_of_is_not_to_be_had_of_it_again() {
    let house = with_payouts().await;
    let (_, _, order) = pays_with(&house, 50_000, json!([{"drop": true}])).await;
    gives_back(&house, &order, 20_000).await;
    // the file is the first word of the payment, and names its refund
    house.settles(&day()).await.expect(201);
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!((&paid["data"][0]["amount"], &paid["data"][0]["refundable_amount"]), (&json!(50_000), &json!(30_000)));
    assert_eq!(cases(&house).await, "missing_in_books -20000");
    let history = house.staff.get("/v1/cases?kind=refund_without_payment&status=closed").await.expect(200);
    assert_eq!(history["data"].as_array().unwrap().len(), 1, "it had named no payment before: {history:#}");
    assert_eq!((stands(&house, CLEARING).await, stands(&house, UNIDENTIFIED).await), (0, 20_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_past_us_finds_its_payment_when_that_is_heard_of_after_the_file() {
    let house = plain().await;
    let (_, _, order) = pays_with(&house, 50_000, json!([{"drop": true}])).await;
    gives_back(&house, &order, 20_000).await;
    let refund = Row { original: txn(&order), ..Row::new("Hoàn tiền", "404", -20_000, 0) };
    house.sends_settlement(vnpay_file(&[refund])).await.expect(201);
    assert_eq!(cases(&house).await, "refund_without_payment -20000");
    // from the moment on at which it is told of, before its case has found it
    let told = order["ipn"][0]["url"].as_str().unwrap();
    assert_eq!(reports(&house, told).await, "00");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!((&paid["data"][0]["amount"], &paid["data"][0]["refundable_amount"]), (&json!(50_000), &json!(30_000)));
    assert_eq!(cases(&house).await, "refund_without_payment -20000");
    let charged = Row { order: order_ref(&order), ..Row::new("Thanh toán", txn(&order), 50_000, 400) };
    house.sends_settlement(vnpay_file(&[charged])).await.expect(201);
    assert_eq!(cases(&house).await, "missing_in_books -20000");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!((&paid["data"][0]["amount"], &paid["data"][0]["refundable_amount"]), (&json!(50_000), &json!(30_000)));
    house.close().await;
}

/// A row of 20,000 that were given back past us, which names the order alone.
fn of_order(order: &Value) -> Row<'_> {
    Row { order: order_ref(order), ..Row::new("Hoàn tiền", "404", -20_000, 0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_past_us_is_of_the_one_payment_of_its_order_where_the_file_names_no_other() {
    let house = plain().await;
    let order = pays(&house, 50_000).await;
    house.sends_settlement(vnpay_file(&[of_order(&order)])).await.expect(201);
    assert_eq!(cases(&house).await, "missing_at_provider 50000, missing_in_books -20000");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!(paid["data"][0]["refundable_amount"], 30_000);
    // a refund of ours is known by it too
    let (ours, other) = (pays(&house, 30_000).await, second_person(&house).await);
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200)["data"][0].clone();
    let line = json!({"obligation_id": paid["allocations"][0]["obligation_id"], "amount": 30_000});
    let proposal = proposes(&house.staff, &paid, &[line], "close").await.expect(201);
    approves(&other, &proposal).await.expect(200);
    becomes(&house, &proposal, "submitted").await;
    house.sim("refund", json!({"order_ref": order_ref(&ours), "outcome": "sent"})).await;
    // one whose number nobody has told us
    house.ask("update refund set provider_refund_id = null").await;
    let row = Row { order: order_ref(&ours), ..Row::new("Hoàn tiền", "405", -30_000, 0) };
    let file = house.sends_settlement(vnpay_file(&[row])).await.expect(201);
    assert_eq!((&file["matched"], status(&house, &proposal).await), (&json!(1), "succeeded".to_owned()));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_names_an_order_that_we_hear_of_later_finds_its_payment_and_of_two_payments_neither() {
    let house = plain().await;
    let (_, _, order) = pays_with(&house, 50_000, json!([{"drop": true}])).await;
    house.sends_settlement(vnpay_file(&[of_order(&order)])).await.expect(201);
    assert_eq!(cases(&house).await, "refund_without_payment -20000");
    assert_eq!(reports(&house, order["ipn"][0]["url"].as_str().unwrap()).await, "00");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!(paid["data"][0]["refundable_amount"], 30_000, "from the moment on at which it is told of");
    house.drain().await;
    let told =
        "select string_agg(kind, ' ' order by kind) from assurance.kase where amount = -20000 and status = 'open'";
    assert_eq!(house.ask(told).await, "missing_in_books");
    // two captures of one order: a row may be of either, whether the other is told of beside it or before
    let order = pays(&house, 40_000).await;
    let twice = Row { order: order_ref(&order), ..Row::new("Thanh toán", "777", 40_000, 320) };
    let row = |txn| Row { txn, ..of_order(&order) };
    for rows in [vec![twice, row("406")], vec![row("407")]] {
        house.sends_settlement(vnpay_file(&rows)).await.expect(201);
        house.drain().await;
    }
    assert_eq!(house.ask(told).await, "missing_in_books refund_without_payment refund_without_payment");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    let left: Vec<_> = paid["data"].as_array().unwrap().iter().filter(|p| p["amount"] == 40_000).collect();
    assert_eq!(left.len(), 2, "{paid:#}");
    let cases = house.staff.get("/v1/cases?kind=refund_without_payment&status=open").await.expect(200);
    let both: BTreeSet<&str> = left.iter().map(|payment| payment["id"].as_str().unwrap()).collect();
    for case in cases["data"].as_array().unwrap() {
        let whole = house.staff.get(&format!("/v1/cases/{}", case["id"].as_str().unwrap())).await.expect(200);
        let named = whole["candidates"].as_array().unwrap();
        let named: BTreeSet<&str> = named.iter().map(|c| c["payment_id"].as_str().unwrap()).collect();
        assert_eq!((&named, &whole["payment_id"]), (&both, &Value::Null), "{whole:#}");
    }
    for payment in left {
        assert_eq!(payment["refundable_amount"], 0, "its payer may have both of them back already: {payment:#}");
    }
    // its second capture is in the file alone, which the provider's own log does not know
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_past_us_is_not_accepted_away_while_it_stands_in_suspense() {
    let house = with_payouts().await;
    let order = pays(&house, 40_000).await;
    gives_back(&house, &order, 15_000).await;
    house.settles(&day()).await.expect(201);
    let case = house.staff.get("/v1/cases?kind=missing_in_books").await.expect(200)["data"][0].clone();
    let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
    let accept = json!({"action": "accept_difference", "note": "đã đối chiếu"});
    assert_eq!(house.staff.post(&path, accept).await.refused(409), "case_money_waits");
    let paid = house.staff.get("/v1/payments?channel=vnpay").await.expect(200);
    assert_eq!(paid["data"][0]["refundable_amount"], 25_000, "the payer has the rest already");
    assert_eq!(stands(&house, UNIDENTIFIED).await, 15_000);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_of_nothing_that_we_know_a_correction_and_a_fee_are_booked_apart() {
    let house = plain().await;
    let rows = [
        Row { original: "404", ..Row::new("Hoàn tiền", "11", -7_000, 0) },
        Row::new("Điều chỉnh", "12", 1_200, 0),
        Row::new("Điều chỉnh", "13", -200, 50),
        Row::new("Phí", "14", -3_300, 0),
        Row::new("Phí", "15", 0, 110),
    ];
    let file = house.sends_settlement(vnpay_file(&rows)).await.expect(201);
    let sums = ["gross", "fee", "refunds", "net", "lines", "matched", "cases"].map(|name| file[name].as_i64().unwrap());
    assert_eq!(sums, [0, 3_460, 7_000, -9_460, 5, 2, 3], "{file:#}");
    assert_eq!(cases(&house).await, "amount_differs -200, amount_differs 1200, refund_without_payment -7000");
    assert_eq!((stands(&house, CLEARING).await, stands(&house, FEE).await), (0, 3_460));
    assert_eq!((stands(&house, UNIDENTIFIED).await, in_transit(&house).await), (6_000, -9_460));
    let shown = house.staff.get(&format!("/v1/reconciliation/{}?profile=vnpay_main", day())).await.expect(200);
    assert_eq!((&shown["gaps"], &shown["settlement"]["fee"]), (&json!([]), &json!(3_460)), "{shown:#}");
    assert_eq!(shown["differences"].as_array().unwrap().len(), 3);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_failed_for_money_that_we_have_is_one_case_until_a_file_says_done() {
    let house = plain().await;
    let order = pays(&house, 40_000).await;
    let row = |status| Row { status, order: order_ref(&order), ..Row::new("Thanh toán", txn(&order), 40_000, 320) };
    let strange = Row { status: "Thất bại", ..Row::new("Thanh toán", "404", 9_000, 0) };
    house.sends_settlement(vnpay_file(&[row("Thất bại"), strange])).await.expect(201);
    assert_eq!((cases(&house).await, lines(&house).await), ("status_differs 40000".into(), "ignored 2".into()));
    assert_eq!((stands(&house, CLEARING).await, in_transit(&house).await), (40_000, 0));
    let shown = house.staff.get(&format!("/v1/reconciliation/{}?profile=vnpay_main", day())).await.expect(200);
    assert_eq!(shown["differences"][0]["kind"], "status_differs", "{shown:#}");
    house.sends_settlement(vnpay_file(&[row("Đang xử lý")])).await.expect(201);
    assert_eq!(cases(&house).await, "status_differs 40000", "told once");
    house.sends_settlement(vnpay_file(&[row("Thành công")])).await.expect(201);
    assert_eq!(cases(&house).await, "", "the provider came round");
    assert_eq!(stands(&house, CLEARING).await, 0);
    // one that had succeeded and is called failed later is a case again, and no success of before ends it
    house.sends_settlement(vnpay_file(&[row("Thất bại")])).await.expect(201);
    pays(&house, 8_000).await;
    house.settles(&day()).await.expect(201);
    assert!(cases(&house).await.contains("status_differs 40000"), "{}", cases(&house).await);
    // a try that failed before the one that was done is of no account
    let next = pays(&house, 5_000).await;
    let tried = |status| Row { status, order: order_ref(&next), ..Row::new("Thanh toán", txn(&next), 5_000, 40) };
    house.sends_settlement(vnpay_file(&[tried("Thất bại"), tried("Thành công")])).await.expect(201);
    assert!(!cases(&house).await.contains("status_differs 5000"), "{}", cases(&house).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_twice_in_one_file_is_booked_once_and_the_surplus_is_told() {
    let house = with_payouts().await;
    pays_with(&house, 40_000, json!([{"settlement": {"repeat": 2}}])).await;
    let file = house.settles(&day()).await.expect(201);
    assert_eq!(lines(&house).await, "duplicate 2, matched 1");
    assert_eq!((&file["net"], stands(&house, CLEARING).await), (&json!(119_040), 0));
    assert_eq!(in_transit(&house).await, 39_680);
    assert_eq!(cases(&house).await, "amount_differs 79360");
    pays_out(&house, &day()).await;
    house.imports("mt940", &day()).await;
    let suspense = stands(&house, "suspense:amount_differs").await;
    assert_eq!((in_transit(&house).await, suspense), (0, -79_360), "paid out and of nobody: the case says so");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_yesterdays_file_are_not_booked_again() {
    let house = plain().await;
    let (first, second) = (pays(&house, 40_000).await, pays(&house, 21_000).await);
    let row = |order, gross, fee| Row { order: order_ref(order), ..Row::new("Thanh toán", txn(order), gross, fee) };
    let one = row(&first, 40_000, 320);
    house.sends_settlement(vnpay_file(std::slice::from_ref(&one))).await.expect(201);
    house.sends_settlement(vnpay_file(&[one, row(&second, 21_000, 168)])).await.expect(201);
    assert_eq!(lines(&house).await, "duplicate 1, matched 2");
    assert_eq!((stands(&house, CLEARING).await, in_transit(&house).await), (0, 60_512));
    assert_eq!(stands(&house, FEE).await, 488);
    assert_eq!(cases(&house).await, "amount_differs 39680", "that of the second payment has closed with its file");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_its_file_leaves_out_is_a_case_until_a_later_file_names_it() {
    let house = plain().await;
    pays(&house, 8_000).await;
    pays_with(&house, 40_000, json!([{"settlement": "settle_late"}])).await;
    pays_with(&house, 21_000, json!([{"settlement": "settle_late"}, {"settlement": {"amount_delta": -1_000}}])).await;
    pays_with(&house, 5_000, json!([{"settlement": "omit"}])).await;
    let file = house.settles(&day()).await.expect(201);
    assert_eq!((&file["matched"], &file["cases"]), (&json!(1), &json!(3)));
    let missing = "missing_at_provider 5000, missing_at_provider 21000, missing_at_provider 40000";
    assert_eq!(cases(&house).await, missing);
    let shown = house.staff.get(&format!("/v1/reconciliation/{}?profile=vnpay_main", day())).await.expect(200);
    assert_eq!((&shown["gaps"], shown["differences"].as_array().unwrap().len()), (&json!([]), 3), "{shown:#}");
    let tomorrow = today().checked_add(1.day()).unwrap().to_string();
    house.settles(&tomorrow).await.expect(201);
    // named with another amount is named
    assert_eq!(cases(&house).await, "amount_differs -1000, missing_at_provider 5000");
    assert_eq!(stands(&house, CLEARING).await, 5_000 + 1_000);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_file_of_a_contract_asks_for_nothing_before_its_day() {
    let house = plain().await;
    for _ in 0..3 {
        pays(&house, 8_000).await;
    }
    house.ask("update payment set business_date = business_date - 3").await;
    let late = pays_with(&house, 40_000, json!([{"settlement": "omit"}])).await.2;
    let other = Row::new("Phí", "1", -100, 0);
    house.sends_settlement(vnpay_file(&[other])).await.expect(201);
    assert_eq!(cases(&house).await, "missing_at_provider 40000");
    let whose =
        "select p.order_ref from assurance.kase k join payment p on assurance.text_id('pay', p.id) = k.payment_id";
    assert_eq!(house.ask(whose).await, order_ref(&late));
    house.stop().await;
}

/// A contract may want a fixed sum of each payment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_above_its_payment_is_booked_as_the_file_says() {
    let house = plain().await;
    let order = pays(&house, 1_000).await;
    let row = Row { order: order_ref(&order), ..Row::new("Thanh toán", txn(&order), 1_000, 1_650) };
    let file = house.sends_settlement(vnpay_file(&[row])).await.expect(201);
    assert_eq!((&file["fee"], &file["net"], &file["matched"]), (&json!(1_650), &json!(-650), &json!(1)));
    assert_eq!((stands(&house, CLEARING).await, stands(&house, FEE).await), (0, 1_650));
    assert_eq!(in_transit(&house).await, -650);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_keeps_another_fee_than_its_contract_says_is_a_case() {
    let house = with_payouts().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let says = async |fee: Value| {
        let proposed = admin.post("/v1/profiles/vnpay_main/fees", fee).await.expect(201);
        approves(&second, &proposed).await.expect(200);
    };
    // 40,056 × 0.8 % is 320.448, 8,063 × 0.8 % is 64.504: each payment is rounded, not their sum
    pays(&house, 40_056).await;
    pays(&house, 8_063).await;
    says(json!({"from": "2026-01-01", "rate_ppm": 8_000, "rounding": "half_up", "fixed": 0})).await;
    let file = house.settles(&day()).await.expect(201);
    assert_eq!((&file["fee"], &file["expected_fee"], &file["cases"]), (&json!(385), &json!(385), &json!(0)));
    // from now on by the contract 1.1 %, rounded up: a row of a file that came before is not held against it
    says(json!({"from": "2026-01-01", "rate_ppm": 11_000, "rounding": "up", "fixed": 100})).await;
    pays(&house, 50_050).await;
    let file = house.settles(&day()).await.expect(201);
    let expected = 551 + 100;
    assert_eq!((&file["fee"], &file["expected_fee"]), (&json!(385 + 400), &json!(expected)), "{file:#}");
    let told = "select kind || ' ' || amount || ' ' || subject_id from assurance.kase where subject_id like '%fee'";
    let id = file["id"].as_str().unwrap();
    assert_eq!(house.ask(told).await, format!("amount_differs {} {id} fee", 400 - expected));
    // what the file says is booked, whatever the contract
    assert_eq!((stands(&house, FEE).await, stands(&house, CLEARING).await), (785, 0));
    // so no money waits, and two persons accept it
    let listed = house.staff.get("/v1/cases?kind=amount_differs").await.expect(200);
    let case = listed["data"].as_array().unwrap().iter().find(|case| case["subject"] == format!("{id} fee")).unwrap();
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let why = |note: &str| json!({"action": "accept_difference", "note": note});
    let silent = house.staff.post(&format!("{path}/resolutions"), why("")).await;
    assert_eq!(silent.json["errors"][0]["pointer"], "/note", "{}", silent.text);
    assert_eq!(silent.refused(422), "validation_failed");
    let accept = why("phụ lục hợp đồng chưa ký");
    let proposed = house.staff.post(&format!("{path}/resolutions"), accept).await.expect(201);
    approves(&second, &proposed).await.expect(200);
    assert_eq!(house.staff.get(&path).await.expect(200)["status"], "closed");
    assert_eq!((stands(&house, FEE).await, stands(&house, CLEARING).await), (785, 0));
    house.close().await;
}
