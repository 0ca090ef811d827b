//! What covers a day: statements whose balances follow each other, from one that begins by then. Nothing else lets a
//! stranger's credit take what its payer's own line has not been seen of.

use super::{CLAIMS, asked, day, house, own, stated, status, told};
use crate::refunds::second_person;
use crate::statements::{IN_TRANSIT, OWN, PAYMENTS, cases, standing};
use domain::codes::AccountCode;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::files::camt;

/// The last day on which the line of what came on `day(1)` may stand.
fn last() -> Date {
    day(3)
}

/// What no statement covers stays open; the payer's own line then claims the payment, and the stranger's money is a case.
async fn each_has_its_own(house: &House, intent: &Value, code: &str) {
    assert_eq!((house.ask(CLAIMS).await.as_str(), cases(house).await.as_str()), ("", ""), "it waits");
    stated(house, day(1), 0, &[(21_000, "FT2", code)]).await;
    let known = "select string_agg(m.rule || ' ' || coalesce(p.bank_ref, ''), ', ' order by m.rule)
        from assurance.match m join assurance.payment p using (payment_id)";
    assert!(house.ask(known).await.starts_with("line FT9, reference "), "{}", house.ask(known).await);
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(house).await.as_str()), ("2", "unidentified"));
    assert_eq!(standing(house, "suspense").await, "suspense:unidentified -21000");
    assert_eq!((status(house, intent).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("paid", "0"));
}

async fn notice(house: &House, on: Date, amount: i64, reference: &str) {
    let file = camt(OWN, on, None, &[(amount, reference, &[(amount, "nop phi")])]);
    house.sends_statement(&own(), "auto", file).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_balances_lets_no_stranger_take_a_payment() {
    let house = house().await;
    let (intent, code) = asked(&house, 21_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    notice(&house, last(), 21_000, "FT9").await;
    each_has_its_own(&house, &intent, &code).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_statement_that_begins_after_the_day_lets_no_stranger_take_a_payment() {
    let house = house().await;
    let (intent, code) = asked(&house, 21_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    stated(&house, last(), 21_000, &[(21_000, "FT9", "nop phi")]).await;
    each_has_its_own(&house, &intent, &code).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_came_before_its_day_was_over_covers_the_days_before() {
    let house = house().await;
    stated(&house, day(1), 0, &[(1_000, "FT1", "nop")]).await;
    stated(&house, day(3), 1_000, &[]).await;
    let until = async || {
        let db = house.gateway.ctx.pool.get().await.unwrap();
        storage::statements::covered_until(&db, &AccountCode::new(own()).unwrap(), day(1)).await.unwrap()
    };
    assert_eq!(until().await, Some(day(3)));
    house
        .ask(&format!(
            "update statement set imported_at = ('{0} 12:00'::timestamp at time zone 'Asia/Ho_Chi_Minh')
             where closing_date = '{0}'",
            day(3)
        ))
        .await;
    assert_eq!(until().await, Some(day(2)), "a half of it may have been all that there was");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_no_statement_covers_is_decided_after_a_week_and_a_case_tells_of_each() {
    let house = house().await;
    let (intent, code) = asked(&house, 21_000).await;
    let (_, other) = asked(&house, 30_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    told(&house, day(1), 30_000, "", &other).await;
    notice(&house, day(1), 21_000, "FT1").await;
    notice(&house, day(8), 44, "FT2").await;
    house.drain().await;
    assert_eq!((house.ask(CLAIMS).await.as_str(), cases(&house).await.as_str()), ("44 line", "unidentified"));
    house.ask("update statement set imported_at = imported_at - interval '8 days'").await;
    house.drain().await;
    assert_eq!(house.ask(CLAIMS).await, "44 line, 21000 only_one");
    assert_eq!(cases(&house).await, "missing_at_provider possible_same_movement unidentified");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), status(&house, &intent).await.as_str()), ("3", "paid"));
    let case = house.staff.get("/v1/cases?kind=possible_same_movement").await.expect(200)["data"][0].clone();
    assert_eq!((&case["amount"], case["payment_id"].is_null()), (&json!(21_000), false));
    let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
    let accepted = json!({"action": "accept_difference", "note": "Cùng một khoản"});
    // nothing closes it by itself, and no one person
    house.drain().await;
    let proposed = house.staff.post(&path, accepted).await.expect(201);
    assert_eq!(cases(&house).await, "missing_at_provider possible_same_movement unidentified");
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    second_person(&house).await.post(&approve, json!({})).await.expect(200);
    assert_eq!(cases(&house).await, "missing_at_provider unidentified");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_decides_nothing_over_a_day_that_is_missing() {
    let house = house().await;
    let (_, code) = asked(&house, 21_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    stated(&house, day(1), 0, &[]).await;
    stated(&house, day(1).checked_add(7.days()).unwrap(), 21_000, &[(21_000, "FT9", "nop phi")]).await;
    house.ask("update statement set imported_at = imported_at - interval '8 days'").await;
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "statement_gap unidentified"));
    house.close().await;
}
