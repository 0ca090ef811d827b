//! A bank's number is one payment for ever, whatever the bank heard of our answers.

use super::{house, owes, status};
use serde_json::{Value, json};
use tests::bills::{App, BANK};
use tests::portal::{dossier, fresh, obligation};
use tests::{House, Plan};

/// Definite answers, by their codes.
fn codes(paid: &Value) -> Vec<&str> {
    paid["answers"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_answer_was_lost_is_told_again_and_hears_the_same() {
    let house = house().await;
    for app in App::BOTH {
        let (code, fee) = owes(&house, 21_000).await;
        house.bill_rule(app, json!({"customer": code}), json!([{"lose_answer": 3}, {"repeat": 2}])).await;
        let paid = house.pays_bill(app, &code).await;
        assert_eq!((&paid["state"], codes(&paid).len()), (&json!("paid"), 3), "{paid}");
        assert_eq!(status(&house, &fee).await, "paid");
        // a day later too
        let again = house.bill_sim(app, "again", json!({"transaction": paid["transaction"]})).await;
        assert_eq!(codes(&again).len(), 4);
        assert_eq!(again["state"], "paid");
        let all = again["answers"].as_array().unwrap();
        assert!(all.iter().all(|a| a == &all[0]), "{again}");
    }
    assert_eq!(house.ask("select count(*) from payment").await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_stays_refused_when_the_debt_is_due_again() {
    let house = house().await;
    for (app, code_of_refusal) in [(App::Bank, "023"), (App::Wallet, "incorrectState")] {
        let (code, fee) = owes(&house, 21_000).await;
        let seen = house.bills_of(app, &code).await["bills"][0].clone();
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        house.pays(&attempt, json!({})).await;
        let refused = house.pays_seen(app, &code, &seen).await;
        assert_eq!((&refused["state"], &refused["code"]), (&json!("returned"), &json!(code_of_refusal)), "{refused}");
        // the bank has given the money back: whatever becomes of the debt, that number is over
        house
            .ask(&format!("update bill_quote set expires_at = now() + interval '1 day' where customer_key = '{code}'"))
            .await;
        let again = house.bill_sim(app, "again", json!({"transaction": refused["transaction"]})).await;
        assert_eq!(codes(&again), [code_of_refusal, code_of_refusal], "{again}");
    }
    assert_eq!(house.ask("select count(*) from assurance.sighting where state = 'refused'").await, "2");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_books_nothing_and_gives_the_money_back() {
    let house = house().await;
    for (app, cancelled, wrong, unknown) in [
        (App::Bank, "012", ["022", "022"], "021"),
        (App::Wallet, "incorrectState", ["underPaymentNotAllowed", "overPaymentNotAllowed"], "identifierError"),
    ] {
        let refused = async |code: &str, bill: &Value| {
            let paid = house.pays_seen(app, code, bill).await;
            assert_eq!(paid["state"], "returned", "{paid}");
            paid["code"].as_str().unwrap().to_owned()
        };
        let (code, path) = (dossier(), format!("/v1/obligations/ref-{}", fresh()));
        let body = obligation(&code, 21_000, json!({}));
        let fee = house.portal.put(&path, body.clone()).await.expect(201);
        let seen = house.bills_of(app, &code).await["bills"][0].clone();
        for (delta, word) in [(-1, wrong[0]), (1, wrong[1])] {
            let mut other = seen.clone();
            other["amount"] = json!(21_000 + delta);
            assert_eq!(refused(&code, &other).await, word);
        }
        // another dossier's bill under this code, and a bill of nobody
        let (other_code, _) = owes(&house, 21_000).await;
        assert_eq!(refused(&other_code, &seen).await, unknown);
        let mut nobodys = seen.clone();
        nobodys["bill"] = json!("HD0000000000000000");
        assert_eq!(refused(&code, &nobodys).await, unknown);
        // the portal changes what is owed
        let mut changed = body;
        changed["gross_amount"] = json!(20_000);
        let put = house.portal.put(&path, changed).await;
        assert_eq!(put.status, 200, "{}", put.text);
        let word = refused(&code, &seen).await;
        assert_eq!(word, if app == App::Bank { "021" } else { "incorrectState" });
        house
            .portal
            .post(&format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap()), json!({}))
            .await
            .expect(200);
        assert_eq!(refused(&code, &seen).await, cancelled);
    }
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    assert_eq!(house.ask("select count(*) from assurance.ledger_entry").await, "0");
    assert_eq!(
        house.ask("select count(distinct state) || ' ' || min(state) from assurance.sighting").await,
        "1 refused"
    );
    let outcomes = "select string_agg(outcome, ' ' order by outcome) from
        (select distinct outcome from bill_payment) o";
    assert_eq!(house.ask(outcomes).await, "cancelled changed unknown_bill wrong_amount");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_means_another_amount_or_bill_later_is_refused_and_a_person_looks() {
    for app in App::BOTH {
        let house = house().await;
        let (code, fee) = owes(&house, 21_000).await;
        let (_, other) = owes(&house, 21_000).await;
        let paid = house.pays_bill(app, &code).await;
        let number = &paid["transaction"];
        let told = async |body: Value| {
            let mut whole = json!({"transaction": number});
            whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            let again = house.bill_sim(app, "again", whole).await;
            again["code"].as_str().unwrap().to_owned()
        };
        let word = if app == App::Bank { "022" } else { "duplicateRequest" };
        for _ in 0..2 {
            assert_eq!(told(json!({"amount": 20_999})).await, word);
            assert_eq!(told(json!({"bill": "HD0000000000000000"})).await, word);
        }
        let kinds = "select string_agg(kind, ' ' order by kind) from kase where status = 'open'";
        assert_eq!(house.ask(kinds).await, "amount_differs status_differs", "each once");
        assert_eq!((status(&house, &fee).await, status(&house, &other).await), ("paid".to_owned(), "due".to_owned()));
        // the true one is as it was
        let again = house.bill_sim(app, "again", json!({"transaction": number})).await;
        assert_eq!(again["answers"].as_array().unwrap().last().unwrap()["state"], "paid");
        assert_eq!(house.ask("select count(*) from payment").await, "1");
        // the application's own book has answers that differ, as they must: it is not compared
        house.drain().await;
        house.holds().await;
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_calls_have_no_effect_and_the_true_one_after_them_has() {
    let house = house().await;
    for app in App::BOTH {
        for how in ["checksum", "token", "service"] {
            let (code, fee) = owes(&house, 21_000).await;
            house.bill_rule(app, json!({"customer": code}), json!([{"forge": how}])).await;
            let paid = house.pays_bill(app, &code).await;
            assert_eq!(paid["state"], "paid", "{app:?} {how}: {paid}");
            assert_eq!(status(&house, &fee).await, "paid");
        }
    }
    let sightings = "select count(*) || ' ' || count(*) filter (where state = 'applied') from assurance.sighting";
    assert_eq!(house.ask(sightings).await, "6 6", "of the forged ones nothing is kept");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_nothing_is_decided_and_the_bank_asks_again() {
    let house = House::planned(Plan { with_bills: true, ..Plan::default() }).await;
    let (code, fee) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    // nobody may keep a sighting for a while
    house.ask("revoke insert on bill_payment from motlan_app").await;
    house.bill_rule(App::Bank, json!({}), json!([{"give_up": true}])).await;
    let unknown = house.pays_seen(App::Bank, &code, &seen).await;
    assert_eq!((&unknown["state"], &unknown["code"]), (&json!("unknown"), &json!("031")), "{unknown}");
    assert_eq!(house.ask("select count(*) from payment").await, "0");
    assert_eq!(status(&house, &fee).await, "due");
    house.ask("grant insert on bill_payment to motlan_app").await;
    let paid = house.bill_sim(App::Bank, "again", json!({"transaction": unknown["transaction"]})).await;
    assert_eq!((&paid["state"], &paid["code"]), (&json!("paid"), &json!("000")), "{paid}");
    assert_eq!(status(&house, &fee).await, "paid");
    assert_eq!(house.ask(&format!("select count(*) from bill_payment where profile = '{BANK}'")).await, "1");
    house.close().await;
}
