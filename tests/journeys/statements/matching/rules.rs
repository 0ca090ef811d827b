//! One line, one reason.

use super::{CLAIMS, asked, day, house, own, stated, status, told};
use crate::statements::{IN_TRANSIT, PAYMENTS, cases, standing};
use serde_json::json;
use tests::House;
use tests::bank::BIN;
use tests::files::mt940;

const LONG: &str = "FT26330123456789ABCD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rule_claims_what_it_says_and_says_what_agreed() {
    let house = house().await;
    let mut intents = Vec::new();
    for amount in 10_001..=10_006 {
        intents.push(asked(&house, amount).await);
    }
    let code = |nth: usize| intents[nth].1.as_str();
    told(&house, day(1), 10_001, "FT1", code(0)).await;
    told(&house, day(1), 10_002, LONG, code(1)).await;
    told(&house, day(1), 10_003, "", code(2)).await;
    told(&house, day(1), 10_004, "", "nop phi").await;
    told(&house, day(1), 10_005, "", code(4)).await;
    let lines = [
        (10_001, "FT1", "ai cung duoc"),
        (10_002, &LONG[..16], code(1)),
        (10_003, "FT3", code(2)),
        (10_004, "FT4", "nop phi"),
        (10_005, "FT5", "da mat noi dung"),
        (10_006, "FT6", code(5)),
    ];
    stated(&house, day(1), 0, &lines).await;
    let rules = "10001 bank_reference, 10002 bank_reference, 10003 reference, 10004 amount_day, 10006 line";
    assert_eq!(house.ask(CLAIMS).await, rules, "the own line of the fifth may come yet");
    stated(&house, day(8), 60_021, &[]).await;
    let rules =
        "10001 bank_reference, 10002 bank_reference, 10003 reference, 10004 amount_day, 10005 only_one, 10006 line";
    assert_eq!(house.ask(CLAIMS).await, rules);
    let agreed = "select string_agg(distinct rule || ' ' || array_to_string(fields, '+'), ', ') from assurance.match";
    let fields = "amount_day account+amount+day, bank_reference account+bank_ref+amount, line account, \
        only_one account+amount+day, reference account+amount+reference+day";
    assert_eq!(house.ask(agreed).await, fields);
    for (nth, (intent, _)) in intents.iter().enumerate() {
        let expected = if nth == 3 { "open" } else { "paid" };
        assert_eq!(status(&house, intent).await, expected, "{nth}");
    }
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("6", "0"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unidentified_money_is_placed_by_the_line_that_has_its_reference() {
    let house = house().await;
    let (intent, code) = asked(&house, 150_000).await;
    told(&house, day(1), 150_000, "FT1", "nop phi").await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("unidentified", "open"));
    stated(&house, day(1), 0, &[(150_000, "FT1", &code)]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("", "paid"));
    assert_eq!((house.ask(PAYMENTS).await.as_str(), standing(&house, "suspense").await.as_str()), ("1", ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unidentified_money_is_placed_by_the_file_that_keeps_what_another_has_lost() {
    let house = house().await;
    let (intent, code) = asked(&house, 150_000).await;
    stated(&house, day(1), 0, &[(150_000, "FT1", "da mat noi dung")]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("unidentified", "open"));
    stated(&house, day(1), 0, &[(150_000, "FT1", &code)]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("", "paid"));
    assert_eq!((house.ask(PAYMENTS).await.as_str(), standing(&house, "suspense").await.as_str()), ("1", ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unidentified_money_without_a_reference_is_the_one_line_that_names_somebody() {
    let house = house().await;
    let (intent, code) = asked(&house, 150_000).await;
    told(&house, day(1), 150_000, "", "nop phi").await;
    stated(&house, day(1), 0, &[(150_000, "FT1", &code)]).await;
    assert_eq!((house.ask(CLAIMS).await.as_str(), cases(&house).await.as_str()), ("150000 only_one", ""));
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_another_amount_under_a_known_reference_is_a_case_and_no_second_payment() {
    let house = house().await;
    let (intent, code) = asked(&house, 150_000).await;
    told(&house, day(1), 150_000, "FT1", &code).await;
    stated(&house, day(1), 0, &[(150_001, "FT1", &code)]).await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("1", "amount_differs"));
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_line_shows_beyond_what_was_told_or_lacks_waits_in_suspense_and_nothing_stays_in_transit() {
    for (stated_amount, refundable) in [(11_000, 10_000), (9_000, 9_000)] {
        let (house, over) = (house().await, stated_amount - 10_000);
        let (intent, code) = asked(&house, 10_000).await;
        told(&house, day(1), 10_000, "FT1", &code).await;
        stated(&house, day(1), 0, &[(stated_amount, "FT1", &code)]).await;
        assert_eq!((status(&house, &intent).await.as_str(), cases(&house).await.as_str()), ("paid", "amount_differs"));
        assert_eq!(standing(&house, "in_transit").await, "");
        assert_eq!(standing(&house, "suspense").await, format!("suspense:amount_differs {}", -over));
        let waiting = house.staff.get("/v1/reports/suspense").await.expect(200);
        let case = house.staff.get("/v1/cases").await.expect(200)["data"][0].clone();
        let row = &waiting["rows"][0];
        let found = ["reason", "amount", "scope", "bank_ref", "case_id", "case_kind"].map(|name| row[name].clone());
        let expected = [
            json!("amount_differs"),
            json!(over),
            json!(format!("bank:{}", own())),
            json!("FT1"),
            case["id"].clone(),
            json!("amount_differs"),
        ];
        assert_eq!((found, &waiting["totals"]["rows"]), (expected, &json!(1)), "{waiting:#}");
        // no more goes back to the payer than was told of, and no more than came
        let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
        assert_eq!((&payment["amount"], &payment["refundable_amount"]), (&json!(10_000), &json!(refundable)));
        // the difference is somebody's: a word does not make it go away
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let accepted = house.staff.post(&path, json!({"action": "accept_difference", "note": "x"})).await;
        assert_eq!(accepted.status / 100, 4, "{}", accepted.text);
        let path = format!("/v1/reconciliation/{}/close?account={}", day(1), own());
        let closed = house.staff.post(&path, json!({})).await.expect(200);
        assert_eq!((&closed["gaps"], &closed["closing"]), (&json!([]), &json!(stated_amount)));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_line_that_an_account_may_have_leaves_the_books_sound() {
    let house = house().await;
    stated(&house, day(1), 0, &[(999_999_999_999_999, "FT1", "nop")]).await;
    stated(&house, day(2), 999_999_999_999_999, &[(-999_999_999_999_999, "FT2", "CHI")]).await;
    assert_eq!(cases(&house).await, "unidentified unidentified");
    // asks every invariant
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_underpaid_is_completed_by_a_line() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    told(&house, day(1), 60_000, "FT1", &code).await;
    assert_eq!(cases(&house).await, "underpaid");
    stated(&house, day(1), 0, &[(60_000, "FT1", &code), (40_000, "FT2", &code)]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("", "paid"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_lines_for_one_reference_settle_it_once_in_one_file() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    stated(&house, day(1), 0, &[(60_000, "FT1", &code), (40_000, "FT2", &code), (100_000, "FT3", &code)]).await;
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("duplicate_payment", "paid"));
    assert_eq!(standing(&house, "suspense").await, "suspense:duplicate -100000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_names_two_or_one_that_nobody_gave_out_is_nobodys() {
    let house = house().await;
    let (first, one) = asked(&house, 100_000).await;
    let (second, other) = asked(&house, 100_000).await;
    let elsewhere = House::with_bank().await;
    let (_, unknown) = asked(&elsewhere, 100_000).await;
    elsewhere.close().await;
    let both = format!("{one} {other}");
    stated(&house, day(1), 0, &[(100_000, "FT1", &both), (100_000, "FT2", &unknown)]).await;
    assert_eq!(cases(&house).await, "unidentified unidentified");
    for intent in [&first, &second] {
        assert_eq!(status(&house, intent).await, "open");
    }
    // one that nobody gave out beside one that is ours is no second one
    let mixed = format!("{unknown} {one}");
    stated(&house, day(2), 200_000, &[(100_000, "FT3", &mixed)]).await;
    assert_eq!(status(&house, &first).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_on_an_account_of_another_settles_nothing() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    house.had_account_of("7700000002", tests::OTHER_BENEFICIARY).await;
    let file = mt940("7700000002", day(1), 0, &[(100_000, "FT1", &code)]);
    house.sends_statement(&format!("{BIN}.7700000002"), "auto", file).await.expect(201);
    assert_eq!((cases(&house).await.as_str(), status(&house, &intent).await.as_str()), ("wrong_account", "open"));
    assert_eq!(standing(&house, "suspense").await, "suspense:wrong_account -100000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_a_closed_day_is_booked_on_the_next() {
    let house = house().await;
    let (intent, code) = asked(&house, 100_000).await;
    let closed = format!(
        "insert into closed_day (scope, day, opening, moved_in, moved_out, closing, closed_by)
         values ('bank:{}', '{}', 0, 0, 0, 0, 'test');
         with line as (
             insert into audit (actor, action, subject) select 'test', 'day_sums', sums from assurance.closing returning id)
         insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from line",
        own(),
        day(1)
    );
    house.ask(&closed).await;
    stated(&house, day(1), 0, &[(100_000, "FT1", &code), (-1_000, "FT2", "PHI")]).await;
    assert_eq!(status(&house, &intent).await, "paid");
    let booked = "select string_agg(distinct business_date || ' for ' || original_business_date, ', ') from journal";
    assert_eq!(house.ask(booked).await, format!("{} for {}", day(2), day(1)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_a_batch_under_one_reference_are_each_a_payment() {
    let house = house().await;
    let mut intents = Vec::new();
    for amount in [30_000, 20_000, 20_000] {
        intents.push(asked(&house, amount).await);
    }
    let line = |nth: usize, amount| (amount, "FTBATCH", intents[nth].1.as_str());
    told(&house, day(1), 30_000, "FTBATCH", &intents[0].1).await;
    let lines = [line(0, 30_000), line(1, 20_000), line(2, 20_000)];
    stated(&house, day(1), 0, &lines[..1]).await;
    stated(&house, day(1), 0, &lines).await;
    for (intent, _) in &intents {
        assert_eq!(status(&house, intent).await, "paid");
    }
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("3", ""));
    assert_eq!(json!(standing(&house, "bank").await), json!(format!("bank:{} 70000", own())));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_reference_is_found_among_a_thousand_lines() {
    let house = house().await;
    let (intent, code) = asked(&house, 77_777).await;
    told(&house, day(1), 77_777, "", &code).await;
    let mut lines: Vec<(i64, String, &str)> = (0..1_000).map(|n| (1_000 + n, format!("FT{n}"), "nop phi")).collect();
    lines[3] = (77_777, "FT3".to_owned(), "da mat noi dung");
    let lines: Vec<_> = lines.iter().map(|(amount, reference, text)| (*amount, reference.as_str(), *text)).collect();
    stated(&house, day(1), 0, &lines).await;
    assert_eq!((status(&house, &intent).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("paid", "1000"));
    stated(&house, day(8), 1_576_274, &[]).await;
    assert_eq!((cases(&house).await.matches("missing").count(), house.ask(PAYMENTS).await.as_str()), (0, "1000"));
    let rules = "select rule || ' ' || count(*) from assurance.match group by rule order by rule desc limit 1";
    assert_eq!(house.ask(rules).await, "only_one 1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_one_amount_of_a_request_may_stand_on_an_account_and_come_in() {
    const TREASURY: i64 = 2_000_000_000_000;
    let house = house().await;
    let (large, named) = asked(&house, 999_999_999_999).await;
    let (small, code) = asked(&house, 10_000).await;
    let lines =
        [(1_500_000_000_000, "FT1", named.as_str()), (10_000, "FT2", &code), (-1_200_000_000_000, "FT3", "CHI")];
    let statement = stated(&house, day(1), TREASURY, &lines).await;
    assert_eq!(statement["closing_balance"], json!(2_300_000_010_000_i64));
    assert_eq!((status(&house, &small).await.as_str(), status(&house, &large).await.as_str()), ("paid", "open"));
    assert_eq!(cases(&house).await, "unidentified unidentified");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified -300000000000");
    assert_eq!(standing(&house, "bank").await, format!("bank:{} 2300000010000", own()));
    let over = mt940(super::OWN, day(2), 1_000_000_000_000_000, &[]);
    let refused = house.sends_statement(&own(), "auto", over).await;
    assert!(refused.text.contains("999,999,999,999,999"), "{}", refused.text);
    assert_eq!(refused.refused(422), "file_refused");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_takes_no_payment_whose_own_line_may_come_yet() {
    let house = house().await;
    let (intent, code) = asked(&house, 21_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    stated(&house, day(1), 0, &[(21_000, "FT1", "nop phi")]).await;
    assert_eq!((house.ask(CLAIMS).await.as_str(), cases(&house).await.as_str()), ("", ""), "it waits");
    stated(&house, day(2), 21_000, &[(21_000, "FT2", &code)]).await;
    let known = "select string_agg(m.rule || ' ' || p.bank_ref, ', ' order by m.rule) from assurance.match m
        join assurance.payment p using (payment_id)";
    assert!(house.ask(known).await.starts_with("line FT1, reference "), "{}", house.ask(known).await);
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "unidentified"));
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified -21000");
    assert_eq!((status(&house, &intent).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("paid", "0"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_lost_its_name_is_booked_once_though_others_pay_the_same_amount() {
    let house = house().await;
    let (first, code) = asked(&house, 21_000).await;
    told(&house, day(1), 21_000, "", &code).await;
    stated(&house, day(1), 0, &[(21_000, "FT1", "nop phi")]).await;
    let (second, other) = asked(&house, 21_000).await;
    told(&house, day(2), 21_000, "", &other).await;
    house.drain().await;
    assert_eq!((house.ask(CLAIMS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("", "2"), "it waits");
    // of nobody, and as little to be told from the first
    stated(&house, day(2), 21_000, &[(21_000, "FT2", &other), (21_000, "FT3", "nop tien")]).await;
    assert_eq!((house.ask(CLAIMS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("21000 reference", "2"));
    stated(&house, day(8), 63_000, &[]).await;
    // two lines that may be the first payment: nobody guesses
    assert_eq!(house.ask(CLAIMS).await, "21000 reference, 21000 line, 21000 line");
    assert_eq!(cases(&house).await, "missing_at_provider unidentified unidentified");
    for intent in [&first, &second] {
        assert_eq!(status(&house, intent).await, "paid");
    }
    house.close().await;
}
