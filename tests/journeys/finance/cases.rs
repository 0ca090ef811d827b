//! Cases: listed with whose day they are of, and with debts that their money may be for.

use super::{days_ago, staff_of, today};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::House;
use tests::ledger_rows::{ACCOUNT, Bank};
use tests::portal::{dossier, fresh};
use tests::rows::digest;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_are_listed_newest_first_with_whose_day_they_are_of() {
    let house = House::new().await;
    for delta in [1_i64, -1, 2] {
        let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": delta}]});
        house.sim("script", rule).await;
        house.pays(&attempt, json!({})).await;
    }
    let all = house.staff.get("/v1/cases").await.expect(200);
    let amounts: Vec<i64> = all["data"].as_array().unwrap().iter().map(|c| c["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [40_002, 39_999, 40_001]);
    let case = &all["data"][0];
    let day = house.ask("select business_date from payment order by id desc limit 1").await;
    assert_eq!((&case["kind"], &case["status"]), (&json!("amount_differs"), &json!("open")));
    assert_eq!((&case["scope"], &case["business_date"]), (&json!("clearing:vnpay_main"), &json!(day)));
    assert!(case["payment_id"].as_str().unwrap().starts_with("pay_") && case["age_s"].as_i64().unwrap() < 60);
    let day = house.staff.get(&format!("/v1/reconciliation/{day}?profile=vnpay_main")).await.expect(200);
    assert_eq!(day["differences"].as_array().unwrap().len(), 3, "the day lists them");

    let first = house.staff.get("/v1/cases?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = house.staff.get(&format!("/v1/cases?limit=2&after={cursor}")).await.expect(200);
    assert_eq!((&rest["data"][0], &rest["next_cursor"]), (&all["data"][2], &Value::Null));
    for (query, number) in [
        ("status=open", 3),
        ("status=closed", 0),
        ("kind=amount_differs", 3),
        ("kind=late", 0),
        ("kind=amount_differs&status=open", 3),
    ] {
        let found = house.staff.get(&format!("/v1/cases?{query}")).await.expect(200);
        assert_eq!(found["data"].as_array().unwrap().len(), number, "{query}");
    }
    for query in ["status=lost", "kind=lost", "limit=0", "after=x", "surprise=1", "kind=%00"] {
        assert_eq!(house.staff.get(&format!("/v1/cases?{query}")).await.refused(400), "query_invalid", "{query}");
    }
    assert_eq!(house.staff.get("/v1/cases/cas_00000000000000000000000000000007").await.refused(404), "not_found");
    // their intents are of the first beneficiary
    let of_18 = staff_of(&house, "ke-toan-18", tests::OTHER_BENEFICIARY).await;
    assert_eq!(of_18.get("/v1/cases").await.expect(200)["data"], json!([]));
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    assert_eq!(of_18.get(&path).await.refused(404), "not_found");
    let of_17 = staff_of(&house, "ke-toan-17", tests::BENEFICIARY).await;
    assert_eq!(of_17.get(&path).await.expect(200)["id"], case["id"]);
    house.close().await;
}

async fn suggested(house: &House, case: uuid::Uuid) -> Vec<Value> {
    let case = house.staff.get(&format!("/v1/cases/cas_{}", case.simple())).await.expect(200);
    case["suggestions"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_without_a_home_is_offered_the_debts_that_it_may_be_for() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let (right, other) = (dossier(), dossier());
    let fee = house.portal.owes(&right, 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.portal.opens(&[&house.portal.owes(&dossier(), 22_000, json!({})).await]).await;
    house.portal.owes(&other, 77_000, json!({})).await;
    let now = Timestamp::now().to_string();
    let day = today();
    let (_, case) = bank.stray(day, &now, 21_000, "FT1").await;
    let by_amount = suggested(&house, case).await;
    assert_eq!(
        by_amount,
        [json!({"intent_id": intent["id"], "reference": intent["reference"], "dossier_codes": [right],
            "amount_due": 21_000, "rule": "amount_account_time", "fields": ["account", "amount", "time"], "score": 35})]
    );
    // who tells of money tells the second: the one in which the debt was asked for will do
    let second = house
        .ask("select to_json(date_trunc('second', min(created_at))) #>> '{}' from intent where amount = 21000")
        .await;
    let (_, case) = bank.stray(day, &second, 21_000, "FT0").await;
    assert_eq!(suggested(&house, case).await.len(), 1, "{second}");
    // money that came before the debt was asked for, or long after it, is not for it
    for paid_at in [days_ago(1).to_string(), "2030-01-01".to_owned()] {
        let (_, case) = bank.stray(day, &paid_at, 21_000, &format!("FT{}", fresh())).await;
        assert_eq!(suggested(&house, case).await, Vec::<Value>::new(), "{paid_at}");
    }
    // the text of its line names the dossier
    let (payment, case) = bank.stray(day, &now, 21_000, "FT2").await;
    let typed = right.replace(['.', '-'], " ").to_lowercase();
    let line = format!("CK tu NGUYEN VAN MAU nop phi {typed} xin cam on");
    let movement = bank.statement(day, 0, &[(21_000, &line)]).await[0];
    bank.run(&format!(
        "insert into movement_match (movement_id, payment_id, amount, rule, fields)
         values ('{movement}', '{payment}', 21000, 'account_amount', '{{}}')"
    ))
    .await;
    let found = suggested(&house, case).await;
    assert_eq!(found.len(), 1, "one debt is suggested once: {found:?}");
    assert_eq!((&found[0]["rule"], &found[0]["intent_id"]), (&json!("dossier_code"), &intent["id"]));
    assert_eq!(found[0]["fields"], json!(["account", "amount", "dossier_code", "time"]));
    // a dossier that has no intent, named on a movement that is nobody's payment
    let line = format!("{}NOP", other.replace(['.', '-'], ""));
    let movement = bank.statement(day, 21_000, &[(5_000, &line)]).await[0];
    bank.run(&format!(
        "insert into kase (id, kind, status, amount, movement_id, subject)
         values ('{movement}', 'unidentified', 'open', 5000, '{movement}', 'line')"
    ))
    .await;
    let found = suggested(&house, movement).await;
    assert_eq!(
        found,
        [json!({"intent_id": null, "reference": null, "dossier_codes": [other], "amount_due": 77_000,
            "rule": "dossier_code", "fields": ["account", "dossier_code"], "score": 50})]
    );
    // suggestions book nothing and tell nothing of the payer
    let before = digest(&house.database).await;
    let whole = house.staff.get(&format!("/v1/cases/cas_{}", case.simple())).await;
    assert!(!whole.text.contains("NGUYEN") && !whole.text.contains("Nguyễn"), "{}", whole.text);
    assert_eq!(digest(&house.database).await, before);
    house.share_account().await;
    // whose debts one does not see are not suggested either
    let of_18 = staff_of(&house, "ke-toan-18", tests::OTHER_BENEFICIARY).await;
    let theirs = of_18.get(&format!("/v1/cases/cas_{}", case.simple())).await.expect(200);
    assert_eq!((&theirs["suggestions"], &theirs["scope"]), (&json!([]), &json!(format!("bank:{ACCOUNT}"))));
    house.stop().await;
}

/// The line of a payment that came by itself, from this account of somebody's.
async fn line_of(bank: &Bank, opening: i64, (payment, amount, text): (uuid::Uuid, i64, &str)) {
    let movement = bank.statement(today(), opening, &[(amount, text)]).await[0];
    bank.run(&format!(
        "insert into movement_match (movement_id, payment_id, amount, rule, fields)
         values ('{movement}', '{payment}', {amount}, 'line', '{{}}');
         update statement_line set counterparty_account = '0071000123' where movement_id = '{movement}'"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slips_sums_and_parts_are_suggested_with_what_agrees_and_book_nothing() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let now = Timestamp::now().to_string();
    let owed = async |amount| house.portal.owes(&dossier(), amount, json!({})).await;
    let [one, two, whole] = [owed(40_000).await, owed(50_000).await, owed(100_000).await];
    let slipped = house.portal.opens(&[&owed(21_000).await]).await;
    let in_parts = house.portal.opens(&[&whole]).await;
    // the last symbol is another one
    let reference = slipped["reference"].as_str().unwrap();
    let last = if reference.ends_with('X') { "K" } else { "X" };
    let typed = format!("nop {}{last}", &reference[..reference.len() - 1]);
    let (payment, case) = bank.stray(today(), &now, 20_000, "FT1").await;
    line_of(&bank, 0, (payment, 20_000, &typed)).await;
    let found = suggested(&house, case).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["intent_id"], &found[0]["rule"]), (&slipped["id"], &json!("near_reference")));
    assert!(found[0]["score"].as_u64().unwrap() >= 46, "{found:?}");
    // two debts of one payer
    let (_, case) = bank.stray(today(), &now, 90_000, "FT2").await;
    let found = suggested(&house, case).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["rule"], &found[0]["amount_due"]), (&json!("sum_of_debts"), &json!(90_000)));
    let mut debts: Vec<&str> =
        found[0]["obligation_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    debts.sort_unstable();
    let mut both = [one["id"].as_str().unwrap(), two["id"].as_str().unwrap()];
    both.sort_unstable();
    assert_eq!(debts, both);
    // one debt in two transfers from one account
    let (first, case) = bank.stray(today(), &now, 30_000, "FT3").await;
    let (second, _) = bank.stray(today(), &now, 70_000, "FT4").await;
    line_of(&bank, 20_000, (first, 30_000, "nop lan 1")).await;
    line_of(&bank, 50_000, (second, 70_000, "nop lan 2")).await;
    let found = suggested(&house, case).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["rule"], &found[0]["intent_id"]), (&json!("part_of_debt"), &in_parts["id"]));
    assert_eq!(found[0]["rest_payment_ids"], json!([format!("pay_{}", second.simple())]));
    assert_eq!(found[0]["fields"], json!(["account", "sender", "sum", "time"]));
    // nobody reads there from which account it came, and whose debts one does not see are not suggested
    let before = digest(&house.database).await;
    let path = format!("/v1/cases/cas_{}", case.simple());
    assert!(!house.staff.get(&path).await.text.contains("0071000123"));
    assert_eq!(digest(&house.database).await, before);
    house.share_account().await;
    let of_18 = staff_of(&house, "ke-toan-18", tests::OTHER_BENEFICIARY).await;
    assert_eq!(of_18.get(&path).await.expect(200)["suggestions"], json!([]));
    house.stop().await;
}
