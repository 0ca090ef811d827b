//! Money that was refused, or never told of, and that a file shows all the same.

use super::{owes, status};
use crate::erased::{NAME, NUMBER, payer, payer_command};
use serde_json::json;
use tests::bills::{App, BANK};
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::portal::{dossier, fresh};
use tests::wire::Call;
use tests::{House, Plan, bank};

async fn house() -> House {
    let house = House::on(bank::database().await, Plan { with_bills: true, ..Plan::default() }).await;
    pays_out(&house).await;
    house
}

/// The bank pays out to the first beneficiary's account.
pub(super) async fn pays_out(house: &House) {
    pays_out_of(house, App::Bank).await;
}

async fn pays_out_of(house: &House, app: App) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let text = if app == App::Bank { "THU HO TT" } else { "THU HO MM" };
    assert!(storage::profiles::put_payouts(&db, app.profile(), &account(), text).await.unwrap());
}

/// The bank's file of the day, in a layout that the house knows.
pub(super) async fn bank_file(house: &House, rows: &[Row<'_>]) -> serde_json::Value {
    file_of(house, App::Bank, rows).await
}

async fn file_of(house: &House, app: App, rows: &[Row<'_>]) -> serde_json::Value {
    let channel = match app {
        App::Bank => "bank_bills",
        App::Wallet => "mobile_money_bills",
    };
    let layout = format!(
        "insert into file_profile (code, kind, layout)
         select '{channel}-settlement', kind, layout from file_profile where code = 'vnpay-settlement'
         on conflict do nothing"
    );
    house.ask(&layout).await;
    let path = format!("/v1/settlements?profile={}", app.profile());
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
         from assurance.payment p join assurance.allocation a using (payment_id) join kase k on k.amount = p.amount and k.waits
         where p.profile = '{BANK}' and p.provider_txn_id = '{number}'",
        seen["bill"].as_str().unwrap()
    );
    assert_eq!(house.ask(&held).await, "21000 duplicate duplicate_payment true");
    // the bank was told that it gives this money back: who looks after the duplicate must know of that
    assert_eq!(house.ask(&told_both(number)).await, "21000 status_differs open refused");
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
async fn a_payer_whose_bank_was_to_give_money_back_and_paid_it_out_is_not_erased() {
    let house = house().await;
    let code = dossier();
    let fee = house.portal.owes(&code, 21_000, payer(NAME, NUMBER)).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    house.pays(&house.at_vnpay(&house.portal.opens(&[&fee]).await).await, json!({})).await;
    let refused = house.pays_seen(App::Bank, &code, &seen).await;
    let number = refused["transaction"].as_str().unwrap();
    bank_file(&house, &[Row::new("Thanh toán", number, 21_000, 0)]).await;
    let of_bill = format!("select payment_id from assurance.payment where provider_txn_id = '{number}'");
    let waits = house.ask(&of_bill).await;
    let said = payer_command(&house, "erase", NUMBER).await;
    assert!(!said.success && said.stderr.contains(&waits), "{waits}: {}", said.stderr);
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
    let number = refused["transaction"].as_str().unwrap();
    bank_file(&house, &[Row::new("Thanh toán", number, 21_000, 0)]).await;
    assert_eq!(status(&house, &fee).await, "paid");
    // the bank may have given it back on our word before its file said that it came: a person sees both at once
    assert_eq!(house.ask(&told_both(number)).await, "21000 status_differs open refused");
    // told once more, the bank hears that its money is here, and does not give back what has settled
    for _ in 0..2 {
        let again = house.bill_sim(App::Bank, "again", json!({"transaction": number})).await;
        assert_eq!(again["code"], "000", "{again}");
    }
    assert_eq!(house.ask("select count(*) from kase").await, "1", "one case, however often it is told");
    assert_eq!(house.ask("select outcome from bill_payment").await, "expired", "what was said first stays written");
    house.drain().await;
    house.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_whose_answer_was_lost_is_never_heard_once_a_file_has_booked_the_money() {
    for app in App::BOTH {
        let house = house().await;
        pays_out_of(&house, app).await;
        let (code, fee) = owes(&house, 21_000).await;
        let seen = house.bills_of(app, &code).await["bills"][0].clone();
        house.ask("update bill_quote set expires_at = now() - interval '1 second'").await;
        house.bill_rule(app, json!({}), json!([{"lose_answer": 1}, {"give_up": true}])).await;
        let lost = house.pays_seen(app, &code, &seen).await;
        assert_eq!(lost["state"], "unknown", "{lost}");
        let number = lost["transaction"].as_str().unwrap();
        file_of(&house, app, &[Row::new("Thanh toán", number, 21_000, 0)]).await;
        assert_eq!(status(&house, &fee).await, "paid");
        let again = house.bill_sim(app, "again", json!({"transaction": number})).await;
        assert_eq!(again["state"], "paid", "{app:?}: {again}");
        assert_eq!(house.ask(&told_both(number)).await, "21000 status_differs open refused");
        house.drain().await;
        house.holds().await;
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_what_became_of_a_refused_payment_hears_that_a_file_has_booked_it() {
    let house = house().await;
    pays_out_of(&house, App::Wallet).await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Wallet, &code).await["bills"][0].clone();
    house.ask("update bill_quote set expires_at = now() - interval '1 second'").await;
    let refused = house.pays_seen(App::Wallet, &code, &seen).await;
    assert_eq!(refused["state"], "returned", "{refused}");
    let handle = house.ask("select sighting_id from bill_payment").await;
    let call = house.ask("select call_id from bill_payment").await;
    let token = house.bill_token(App::Wallet).await;
    let asks = async |path: &str| {
        let call = Call::new("GET", format!("/v1/bills/{}/{path}", App::Wallet.profile()))
            .header("authorization", format!("Bearer {token}"))
            .header("x-api-key", tests::bills::API_KEY);
        let (_, _, text) = call.send(&house.gateway.base_url()).await;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let payments = format!("accounts/accountid/{code}/bills/{}/payments", seen["bill"].as_str().unwrap());
    assert_eq!(asks(&format!("requeststates/{handle}")).await["status"], "failed");
    assert_eq!(asks(&payments).await, json!([]));
    file_of(&house, App::Wallet, &[Row::new("Thanh toán", refused["transaction"].as_str().unwrap(), 21_000, 0)]).await;
    assert_eq!(status(&house, &fee).await, "paid");
    let state = asks(&format!("requeststates/{handle}")).await;
    assert_eq!((&state["status"], &state["error"]), (&json!("completed"), &serde_json::Value::Null), "{state}");
    let link = asks(&format!("responses/{call}")).await;
    assert_eq!(asks(link["link"].as_str().unwrap().trim_start_matches('/')).await, state, "{link}");
    let all = asks(&payments).await;
    assert_eq!(all[0]["requestingOrganisationTransactionReference"], refused["transaction"], "{all}");
    house.drain().await;
    house.holds().await;
}

/// The case of money that is in the books and was refused, and what its evidence says.
fn told_both(number: &str) -> String {
    format!(
        "select k.amount || ' ' || k.kind || ' ' || k.status || ' ' || o.state from kase k
         join payment p on p.id = k.payment_id join sighting_outcome o on o.sighting_id = k.sighting_id
         where p.provider_txn_id = '{number}' and not k.waits"
    )
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
async fn a_call_about_no_bill_of_ours_and_the_file_of_its_money_at_one_moment_have_the_case_of_both() {
    let house = house().await;
    let (code, _) = owes(&house, 21_000).await;
    let token = house.bill_token(App::Bank).await;
    // the call stands before the row that says what the bank heard, and the file comes
    let other = house.database.connect("motlan_superuser").await;
    other.batch_execute("begin; lock table bill_payment in exclusive mode").await.unwrap();
    let call = super::races::paybill(&house, &token, &code, "HD0000000000000000", 21_000, "ATONCE1").await;
    let calling = tests::barrier::at_once(vec![call]);
    let filing = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        bank_file(&house, &[Row::new("Thanh toán", "ATONCE1", 21_000, 0)]).await
    };
    let letting_go = async {
        tokio::time::sleep(std::time::Duration::from_millis(2_000)).await;
        other.batch_execute("rollback").await.unwrap();
    };
    let (answers, _, ()) = futures_util::join!(calling, filing, letting_go);
    assert_eq!(answers[0].json["result_code"], "021", "{}", answers[0].text);
    house.drain().await;
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 21000");
    assert_eq!(house.ask(&told_both("ATONCE1")).await, "21000 status_differs open refused");
    house.holds().await;
    house.stop().await;
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
