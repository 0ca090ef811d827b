//! Money that was refused, or never told of, and that a file shows all the same.

use super::{owes, status};
use serde_json::json;
use tests::bills::{App, BANK};
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::portal::fresh;
use tests::{House, Plan, bank};

async fn house() -> House {
    let house = House::on(bank::database().await, Plan { with_bills: true, ..Plan::default() }).await;
    pays_out(&house).await;
    house
}

/// The bank pays out to the first beneficiary's account.
pub(super) async fn pays_out(house: &House) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(storage::profiles::put_payouts(&db, BANK, &account(), "THU HO TT").await.unwrap());
}

/// The bank's file of the day, in a layout that the house knows.
pub(super) async fn bank_file(house: &House, rows: &[Row<'_>]) -> serde_json::Value {
    let layout = "insert into file_profile (code, kind, layout)
        select 'bank_bills-settlement', kind, layout from file_profile where code = 'vnpay-settlement'
        on conflict do nothing";
    house.ask(layout).await;
    let path = format!("/v1/settlements?profile={BANK}");
    house.sends_file(&path, &format!("file-{}", fresh()), vnpay_file(rows)).await.expect(201)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_payment_that_a_settlement_file_shows_is_a_payment_of_its_bill() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    house.pays(&house.at_vnpay(&house.portal.opens(&[&fee]).await).await, json!({})).await;
    let refused = house.pays_seen(App::Bank, &code, &seen).await;
    assert_eq!(refused["code"], "023", "{refused}");
    let number = refused["transaction"].as_str().unwrap();
    bank_file(&house, &[Row::new("Thanh toán", number, 21_000, 0)]).await;
    let held = format!(
        "select p.amount || ' ' || a.suspense_reason || ' ' || k.kind || ' ' || (k.subject = '{}')
         from assurance.payment p join assurance.allocation a using (payment_id) join kase k on k.amount = p.amount
         where p.profile = '{BANK}' and p.provider_txn_id = '{number}'",
        seen["bill"].as_str().unwrap()
    );
    assert_eq!(house.ask(&held).await, "21000 duplicate duplicate_payment true");
    // the sighting that was refused stays what it was, and the file's is beside it
    let sightings = format!(
        "select string_agg(source || ' ' || state, ', ' order by source) from assurance.sighting
         where source in ('bill:{BANK}', 'settlement:{BANK}')"
    );
    assert_eq!(house.ask(&sightings).await, format!("bill:{BANK} refused, settlement:{BANK} applied"));
    house.drain().await;
    house.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bank_refused_by_the_hour_and_paid_out_all_the_same_settles_what_is_due() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    house.ask("update bill_quote set expires_at = now() - interval '1 second'").await;
    let refused = house.pays_seen(App::Bank, &code, &seen).await;
    assert_eq!(refused["state"], "returned");
    bank_file(&house, &[Row::new("Thanh toán", refused["transaction"].as_str().unwrap(), 21_000, 0)]).await;
    assert_eq!(status(&house, &fee).await, "paid");
    // told once more, the bank hears what it heard: its money is a payment by the file, and a person sees both
    let again = house.bill_sim(App::Bank, "again", json!({"transaction": refused["transaction"]})).await;
    assert_eq!(again["code"], "021");
    house.drain().await;
    house.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_call_never_came_is_known_by_the_file_and_the_late_call_hears_paid() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    // the file names neither bill nor order of ours
    bank_file(&house, &[Row::new("Thanh toán", "LATECALL1", 21_000, 0)]).await;
    assert_eq!(status(&house, &fee).await, "due");
    assert_eq!(house.ask("select kind from kase where status = 'open'").await, "unidentified");
    let body = json!({"customer": code, "bill": seen["bill"], "amount": 21_000, "transaction": "LATECALL1"});
    let late = house.bill_sim(App::Bank, "pay", body).await;
    assert_eq!((&late["state"], &late["code"]), (&json!("paid"), &json!("000")), "{late}");
    assert_eq!(status(&house, &fee).await, "paid");
    assert_eq!(house.ask("select count(*) from kase where status = 'open'").await, "0");
    assert_eq!(house.ask("select count(*) from payment").await, "1");
    // one that names the bill finds it by itself
    let (code, fee) = owes(&house, 5_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let row = Row { order: seen["bill"].as_str().unwrap(), ..Row::new("Thanh toán", "LATECALL2", 5_000, 0) };
    bank_file(&house, &[row]).await;
    assert_eq!(status(&house, &fee).await, "paid");
    house.drain().await;
    house.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_payment_that_a_statement_shows_is_a_payment_that_a_person_places() {
    let house = house().await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    house.pays(&house.at_vnpay(&house.portal.opens(&[&fee]).await).await, json!({})).await;
    let refused = house.pays_seen(App::Bank, &code, &seen).await;
    assert_eq!(refused["state"], "returned");
    let text = format!("THU HO {} {}", seen["bill"].as_str().unwrap(), refused["transaction"].as_str().unwrap());
    let statement = mt940(bank::ACCOUNT, today(), 0, &[(21_000, "FT26330001", &text)]);
    house.sends_statement(&account(), "mt940", statement).await.expect(201);
    house.drain().await;
    let held = "select p.amount || ' ' || a.suspense_reason from assurance.payment p
        join assurance.allocation a using (payment_id) where p.receiving_account is not null";
    assert_eq!(house.ask(held).await, "21000 unidentified");
    assert_eq!(
        house.ask("select kind from kase where status = 'open' and kind = 'unidentified'").await,
        "unidentified"
    );
    house.holds().await;
}
