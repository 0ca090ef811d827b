//! Files that can be read and say odd things.

use super::{CLEARING, UNIDENTIFIED, cases, day, lines, order_ref, pays, pays_with, plain, stands, txn};
use serde_json::json;
use testkit::proxy::Proxy;
use tests::files::{Row, vnpay_file};
use tests::{House, Plan, database};

/// VNPAY knows nothing of these payments, so the books are not compared with its word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_cannot_be_ours_is_money_without_a_home_and_stops_nothing() {
    let house = plain().await;
    let (long, (_, intent, order)) = ("X".repeat(200), pays_with(&house, 40_000, json!([{"drop": true}])).await);
    let odd = ["LT 7K2M/9Q", "đơn hàng 5", "\"=1+1\"", long.as_str(), ""];
    let txns = ["91 1", "92", "93", "94", "95/Ω"];
    let mut rows: Vec<Row<'_>> =
        odd.iter().zip(&txns).map(|(order, txn)| Row { order, ..Row::new("Thanh toán", txn, 1_000, 8) }).collect();
    rows.push(Row { order: order_ref(&order), ..Row::new("Thanh toán", txn(&order), 40_000, 320) });
    let file = house.sends_settlement(vnpay_file(&rows)).await.expect(201);
    assert_eq!((&file["lines"], &file["matched"]), (&json!(6), &json!(6)), "{file:#}");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!((stands(&house, CLEARING).await, stands(&house, UNIDENTIFIED).await), (0, -5_000));
    assert_eq!(cases(&house).await, ["unidentified 1000"; 5].join(", "));
    let named = "select count(distinct order_ref) from assurance.payment where amount = 1000";
    assert_eq!(house.ask(named).await, "5");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_no_provider_gives_and_days_that_have_not_come_are_refused() {
    let house = plain().await;
    let before = tests::rows::digest(&house.database).await;
    let long = "9".repeat(3_000);
    let next = tests::files::today().tomorrow().unwrap();
    for rows in [
        vec![Row::new("Thanh toán", &long, 1_000, 8)],
        vec![Row { order: &long, ..Row::new("Thanh toán", "1", 1_000, 8) }],
        vec![Row::new("Thanh toán", "1", 49_999_999_999_951, 0)],
        vec![Row::new("Điều chỉnh", "1", -9_000_000_000_000_000_000, 0)],
        vec![Row { day: next, ..Row::new("Thanh toán", "1", 1_000, 8) }],
        vec![],
    ] {
        assert_eq!(house.sends_settlement(vnpay_file(&rows)).await.refused(422), "file_refused");
    }
    assert_eq!(tests::rows::digest(&house.database).await, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_may_name_another_transaction_of_an_order_that_is_paid() {
    let house = plain().await;
    let order = pays(&house, 40_000).await;
    let row = |txn| Row { order: order_ref(&order), ..Row::new("Thanh toán", txn, 40_000, 320) };
    house.sends_settlement(vnpay_file(&[row(txn(&order)), row("1")])).await.expect(201);
    assert_eq!(lines(&house).await, "matched 2");
    assert_eq!(cases(&house).await, "duplicate_payment 40000");
    assert_eq!((stands(&house, CLEARING).await, stands(&house, "suspense:duplicate").await), (0, -40_000));
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_file_tells_of_and_then_its_own_report_is_one_payment() {
    let house = plain().await;
    let (_, intent, order) = pays_with(&house, 40_000, json!([{"drop": true}])).await;
    house.settles(&day()).await.expect(201);
    house.sim("resend", json!({"order_ref": order_ref(&order)})).await;
    house.drain().await;
    assert_eq!(house.ask("select count(*) from assurance.payment").await, "1");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(cases(&house).await, "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_which_only_the_file_tells_with_another_amount_settles_nothing() {
    let house = plain().await;
    let rule = json!([{"drop": true}, {"amount_delta": -1_000}]);
    let (fee, intent, _) = pays_with(&house, 40_000, rule).await;
    house.settles(&day()).await.expect(201);
    assert_eq!(cases(&house).await, "amount_differs 39000");
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    assert_ne!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(stands(&house, CLEARING).await, 0);
    house.close().await;
}

/// The file is in, its payments were not heard of yet, and then comes the report of one, which says another amount.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_contradicts_the_file_in_between_is_a_case_on_both_sides() {
    let database = database().await;
    let proxy = Proxy::start(&database.socket_dir);
    let database_url = Some(proxy.url(&database.name, "motlan_app"));
    let house = House::on(database, Plan { database_url, ..Plan::default() }).await;
    house.pays_out_to(&tests::files::account()).await;
    let rule = json!([{"drop": true}, {"settlement": {"amount_delta": 500}}]);
    let (_, intent, order) = pays_with(&house, 40_000, rule).await;
    let bytes = house.settlement(&day()).await;
    proxy.cut_after_commit(1);
    assert_eq!(house.sends_settlement(bytes.clone()).await.refused(503), "unavailable");
    house.sim("resend", json!({"order_ref": order_ref(&order)})).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    let again = house.sends_settlement(bytes).await.expect(200);
    assert_eq!((&again["matched"], &again["cases"]), (&json!(0), &json!(1)));
    assert_eq!((lines(&house).await.as_str(), cases(&house).await.as_str()), ("case 1", "amount_differs 40500"));
    assert_eq!(stands(&house, CLEARING).await, -500);
    house.close().await;
}
