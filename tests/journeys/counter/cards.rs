//! A card at the desk is money at the terminal's provider, never in the drawer.

use super::{owes, status};
use serde_json::{Value, json};
use tests::House;
use tests::counter::TERMINAL;
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::portal::fresh;

/// The terminal's files come in a layout that the house knows, and it pays out to the first beneficiary.
pub(super) async fn known_layout(house: &House) {
    let layout = "insert into file_profile (code, kind, layout)
        select 'counter-settlement', kind, layout from file_profile where code = 'vnpay-settlement' on conflict do nothing";
    house.ask(layout).await;
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(storage::profiles::put_payouts(&db, TERMINAL, &account(), "POS TT").await.unwrap());
}

/// The terminal's file of the day.
pub(super) async fn terminal_file(house: &House, rows: &[Row<'_>]) -> Value {
    known_layout(house).await;
    let path = format!("/v1/settlements?profile={TERMINAL}");
    house.sends_file(&path, &format!("file-{}", fresh()), vnpay_file(rows)).await.expect(201)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_pays_what_is_due_is_settled_by_the_terminals_file_and_paid_out() {
    let house = House::with_counters(false).await;
    let fee = owes(&house, 21_000).await;
    let taken = house.takes_card(&[&fee], 21_000, "612345000001").await.expect(201);
    assert_eq!(status(&house, &fee).await, "paid");
    let payment = house.staff.get(&format!("/v1/payments/{}", taken["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&payment["provider_txn_id"], &payment["counter_code"]), (&json!("612345000001"), &Value::Null));
    assert_eq!((house.drawer().await, house.stands_at("clearing:pos_main").await), (0, 21_000));
    let settled = terminal_file(&house, &[Row::new("Thanh toán", "612345000001", 21_000, 231)]).await;
    assert_eq!((&settled["matched"], &settled["cases"]), (&json!(1), &json!(0)), "{settled}");
    assert_eq!(house.stands_at("clearing:pos_main").await, 0);
    let statement = mt940(tests::bank::ACCOUNT, today(), 0, &[(20_769, "FT1", "POS TT 26/11")]);
    house.sends_statement(&account(), "mt940", statement).await.expect(201);
    house.drain().await;
    assert_eq!(house.stands_at(&format!("in_transit:{}", account())).await, 0);
    let shown = house.staff.get("/v1/counters/quay-1").await.expect(200);
    assert_eq!((&shown["today"]["card"], &shown["today"]["cash"]), (&json!(21_000), &json!(0)));
    // what is settled is refunded, not undone
    let void = format!("/v1/counter-payments/{}/void", taken["id"].as_str().unwrap());
    assert_eq!(house.staff.post(&void, json!({})).await.refused(409), "payment_settled");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_the_terminals_file_showed_first_finds_what_it_is_for() {
    let house = House::with_counters(false).await;
    let (fee, other) = (owes(&house, 21_000).await, owes(&house, 5_000).await);
    let rows = [Row::new("Thanh toán", "612345000002", 21_000, 0), Row::new("Thanh toán", "612345000003", 7_000, 0)];
    terminal_file(&house, &rows).await;
    assert_eq!(house.ask("select count(*) from kase where status = 'open' and kind = 'unidentified'").await, "2");
    // of another amount than the file says: the officer looks again
    assert_eq!(house.takes_card(&[&other], 5_000, "612345000003").await.refused(409), "receipt_used");
    house.takes_card(&[&fee], 21_000, "612345000002").await.expect(201);
    assert_eq!(status(&house, &fee).await, "paid");
    assert_eq!(house.ask("select count(*) from payment").await, "2", "one money, one payment");
    assert_eq!(house.ask("select count(*) from kase where status = 'open'").await, "1");
    // the slip is used, whatever counter asks
    let body = tests::counter::entry(tests::counter::OTHER_COUNTER, "card", &[&other], 5_000, "612345000002");
    assert_eq!(house.staff.post("/v1/counter-payments", body).await.refused(409), "receipt_used");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_without_a_terminal_takes_no_card() {
    let house = House::with_counters(false).await;
    let body = json!({"name": "Quầy", "account_code": account(), "beneficiaries": [tests::BENEFICIARY]});
    house.staff.put("/v1/counters/quay-1", body).await.expect(200);
    let fee = owes(&house, 21_000).await;
    let refused = house.takes_card(&[&fee], 21_000, "612345000004").await;
    assert_eq!(refused.json["errors"][0]["pointer"], "/tender", "{}", refused.text);
    assert_eq!(status(&house, &fee).await, "due");
    house.close().await;
}
