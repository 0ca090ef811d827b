//! Days: what they show, when they close, and that nothing slips into a closed one.

use super::{days_ago, staff_of, today};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::time::Duration;
use tests::House;
use tests::ledger_rows::{ACCOUNT, Bank, Leg, PROFILE};
use tests::portal::{Answered, dossier};

fn of_account(day: Date) -> String {
    format!("/v1/reconciliation/{day}?account={ACCOUNT}")
}

async fn close(house: &House, day: Date, key: &str) -> Answered {
    house.staff.post_with(&format!("/v1/reconciliation/{day}/close?account={ACCOUNT}"), key, json!({})).await
}

fn figures(day: &Value) -> [i64; 4] {
    ["opening", "in", "out", "closing"].map(|name| day[name].as_i64().unwrap())
}

#[track_caller]
fn gaps(refusal: &Answered) -> Vec<(String, i64)> {
    assert_eq!(refusal.clone().refused(409), "does_not_tie_out");
    let gaps = refusal.json["gaps"].as_array().unwrap();
    gaps.iter().map(|g| (g["kind"].as_str().unwrap().to_owned(), g["difference"].as_i64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_that_tie_out_close_in_their_order_and_once() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let (first, second, third) = (days_ago(4), days_ago(3), days_ago(2));
    bank.stood(first, 1_000_000).await;
    bank.statement(first, 1_000_000, &[(21_000, "a"), (-5_000, "b")]).await;
    bank.statement(first, 1_016_000, &[(4_000, "c")]).await;
    bank.statement(second, 1_020_000, &[(30_000, "d")]).await;
    let shown = house.staff.get(&of_account(first)).await.expect(200);
    assert_eq!(figures(&shown), [1_000_000, 25_000, 5_000, 1_020_000], "{shown}");
    assert_eq!((&shown["statement_closing"], &shown["status"]), (&json!(1_020_000), &json!("open")));
    assert_eq!((&shown["counts"]["matched"], &shown["gaps"]), (&json!(3), &json!([])));
    assert_eq!((&shown["account"], &shown["profile"]), (&json!(ACCOUNT), &Value::Null));

    let early = close(&house, second, "early").await;
    assert_eq!(early.json["day"], json!(first));
    assert_eq!(early.refused(409), "day_open_before");
    let closed = close(&house, first, "first").await;
    assert_eq!((closed.status, closed.json["status"].as_str()), (200, Some("closed")), "{}", closed.text);
    assert!(closed.json["closed_by"].as_str().unwrap().starts_with("usr_"));
    let repeated = close(&house, first, "first").await;
    assert!(repeated.replayed && repeated.text == closed.text);
    assert_eq!(close(&house, first, "again").await.refused(409), "day_closed");
    assert_eq!(
        house.ask("select scope || ' ' || opening || ' ' || closing from assurance.closed_day").await,
        format!("bank:{ACCOUNT} 1000000 1020000")
    );
    let audited = house.ask("select subject from assurance.audit where action = 'day_closed'").await;
    assert_eq!(audited, format!("bank:{ACCOUNT}/{first}"));

    // a booking for a closed day, or for a day before it, is of the first open day
    let scope = format!("bank:{ACCOUNT}");
    let transit = format!("in_transit:{ACCOUNT}");
    let legs = || [Leg::new(&scope, 700), Leg::new(&transit, -700)];
    assert_eq!(bank.book("statement_line", &scope, first, &legs()).await, second);
    assert_eq!(bank.book("statement_line", &scope, days_ago(9), &legs()).await, second);
    let shown = house.staff.get(&of_account(second)).await.expect(200);
    assert_eq!(figures(&shown), [1_020_000, 31_400, 0, 1_051_400]);
    // 1,400 are on no statement that there is: the second day opened 1,400 lower than our books say
    let refused = close(&house, second, "moved").await;
    assert_eq!(
        gaps(&refused),
        [
            ("opening_differs".to_owned(), -1_400),
            ("closing_differs".to_owned(), -1_400),
            ("statement_gap".to_owned(), -1_400)
        ]
    );
    let legs = [Leg::new(&scope, -1_400), Leg::new(&transit, 1_400)];
    assert_eq!(bank.book("statement_line", &scope, first, &legs).await, second);
    assert_eq!(close(&house, second, "moved").await.status, 200);
    // a quiet day has nothing to tie out, and closes without a statement
    assert_eq!(close(&house, third, "third").await.status, 200);
    let shown = house.staff.get(&of_account(third)).await.expect(200);
    assert_eq!(figures(&shown), [1_050_000, 0, 0, 1_050_000]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_amount_that_nobody_explains_keeps_the_day_open() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let (day, next) = (days_ago(2), days_ago(1));
    bank.stood(day, 500_000).await;
    let movements = bank.statement(day, 500_000, &[(21_000, "a"), (9_000, "b")]).await;
    bank.run(&format!("update movement set fate = null where id = '{}'", movements[0])).await;
    let refused = close(&house, day, "open").await;
    assert_eq!(gaps(&refused), [("movements_open".to_owned(), -21_000)]);
    // with a case it has a place, and the day lists it
    bank.run(&format!(
        "update movement set fate = 'case' where id = '{0}';
         insert into kase (id, kind, status, amount, movement_id, subject)
         values ('{0}', 'unidentified', 'open', 21000, '{0}', 'line 1')",
        movements[0]
    ))
    .await;
    let shown = house.staff.get(&of_account(day)).await.expect(200);
    assert_eq!(shown["counts"]["case"], 1);
    let differences = shown["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!((&differences[0]["kind"], &differences[0]["amount"]), (&json!("unidentified"), &json!(21_000)));
    assert_eq!(differences[0]["movement_id"], format!("mov_{}", movements[0].simple()));
    assert!(differences[0]["case_id"].as_str().unwrap().starts_with("cas_"));
    // a statement that does not follow: the bank's of the next day opens elsewhere
    bank.statement(next, 530_001, &[(1_000, "c")]).await;
    assert_eq!(close(&house, day, "open").await.status, 200);
    let refused = close(&house, next, "next").await;
    let named = gaps(&refused);
    assert_eq!(named[0], ("opening_differs".to_owned(), 1), "{named:?}");
    assert_eq!(named[1], ("closing_differs".to_owned(), 1), "{named:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_a_provider_closes_when_its_file_names_every_payment() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    for amount in [40_000, 25_000] {
        let fee = house.portal.owes(&dossier(), amount, json!({})).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        house.pays(&attempt, json!({})).await;
    }
    // what a provider says was paid at 23:59 belongs to that day
    let day: Date = house.ask("select business_date from payment limit 1").await.parse().unwrap();
    let path = format!("/v1/reconciliation/{day}?profile={PROFILE}");
    let closing = format!("/v1/reconciliation/{day}/close?profile={PROFILE}");
    let shown = house.staff.get(&path).await.expect(200);
    assert_eq!(figures(&shown), [0, 65_000, 0, 65_000]);
    assert_eq!((&shown["settlement"], &shown["profile"]), (&Value::Null, &json!(PROFILE)));
    let refused = house.staff.post(&closing, json!({})).await;
    assert_eq!(gaps(&refused), [("settlement_missing".to_owned(), -65_000)]);

    let settlement = bank.settlement(day, 1_100).await;
    let shown = house.staff.get(&path).await.expect(200);
    assert_eq!(figures(&shown), [0, 65_000, 65_000, 0], "{shown}");
    assert_eq!(shown["settlement"], json!({"gross": 65_000, "fee": 2_200, "refunds": 0, "net": 62_800}));
    assert_eq!(shown["gaps"], json!([]));
    // the same rows in another file are paid out once
    bank.run(&format!(
        "insert into settlement
         select (jsonb_populate_record(s, '{{\"id\": \"{again}\", \"sha256\": \"again\"}}')).* from settlement s;
         insert into settlement_line
         select (jsonb_populate_record(l, '{{\"settlement_id\": \"{again}\", \"disposition\": \"duplicate\"}}')).*
         from settlement_line l",
        again = uuid::Uuid::now_v7()
    ))
    .await;
    let shown = house.staff.get(&path).await.expect(200);
    assert_eq!((&shown["gaps"], &shown["counts"]["duplicate"]), (&json!([]), &json!(2)));
    // a payment that the file does not name, and a line that is nobody's
    let lost = format!("where settlement_id = '{settlement}' and line_no = 1");
    bank.run(&format!("update settlement_line set payment_id = null, disposition = 'unmatched' {lost}")).await;
    let refused = house.staff.post(&closing, json!({})).await;
    let named: Vec<String> = gaps(&refused).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(named, ["payments_not_settled", "lines_unknown"]);
    bank.run(&format!(
        "update settlement_line set disposition = 'case' {lost};
         insert into kase (id, kind, status, amount, payment_id, subject)
         select gen_random_uuid(), 'missing_at_provider', 'open', amount, id, 'x' from payment p
         where not exists (select from settlement_line l where l.payment_id = p.id and l.disposition = 'matched')"
    ))
    .await;
    let closed = house.staff.post(&closing, json!({})).await;
    let closed = closed.expect(200);
    assert_eq!(
        (&closed["status"], &closed["differences"][0]["kind"]),
        (&json!("closed"), &json!("missing_at_provider"))
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_day_is_refused() {
    let house = House::new().await;
    let day = days_ago(1);
    let get = async |path: String| house.staff.get(&path).await;
    for query in ["", &format!("?account={ACCOUNT}&profile={PROFILE}"), &format!("?account={ACCOUNT}&x=1")] {
        assert_eq!(get(format!("/v1/reconciliation/{day}{query}")).await.refused(400), "query_invalid", "{query}");
    }
    for path in [
        format!("/v1/reconciliation/nonsense?account={ACCOUNT}"),
        format!("/v1/reconciliation/2026-02-30?account={ACCOUNT}"),
        format!("/v1/reconciliation/{day}T00?account={ACCOUNT}"),
        format!("/v1/reconciliation/-009999-01-01?account={ACCOUNT}"),
        format!("/v1/reconciliation/{day}?account=970436.1"),
        format!("/v1/reconciliation/{day}?account=%27"),
        format!("/v1/reconciliation/{day}?profile={ACCOUNT}"),
        format!("/v1/reconciliation/{day}?profile="),
    ] {
        assert_eq!(get(path.clone()).await.refused(404), "not_found", "{path}");
    }
    let tomorrow = today().checked_add(1.day()).unwrap();
    assert_eq!(close(&house, tomorrow, "tomorrow").await.refused(409), "day_not_over");
    let no_key = house.http.post(format!("{}/v1/reconciliation/{day}/close?account={ACCOUNT}", house.staff.base));
    let no_key = Answered::of(no_key.bearer_auth(&house.staff.key).send().await.unwrap()).await;
    assert_eq!(no_key.refused(400), "idempotency_key_missing");
    // one key, two accounts: two requests
    assert_eq!(close(&house, day, "same").await.status, 200);
    let other = format!("/v1/reconciliation/{day}/close?profile={PROFILE}");
    let other = house.staff.post_with(&other, "same", json!({})).await;
    assert_eq!((other.replayed, &other.json["profile"]), (false, &json!(PROFILE)));
    house.share_account().await;
    // both beneficiaries have a part in the account: who sees one of them sees no whole
    let one = staff_of(&house, "ke-toan-17", tests::BENEFICIARY).await;
    assert_eq!(one.get(&of_account(day)).await.refused(404), "not_found");
    let theirs = one.post(&format!("/v1/reconciliation/{}/close?account={ACCOUNT}", today()), json!({})).await;
    assert_eq!(theirs.refused(404), "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closing_waits_for_a_booking_that_is_under_way_and_sees_it() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let day = days_ago(1);
    let (scope, transit) = (format!("bank:{ACCOUNT}"), format!("in_transit:{ACCOUNT}"));
    bank.run("begin").await;
    let legs = [Leg::new(&scope, 21_000), Leg::new(&transit, -21_000)];
    assert_eq!(bank.book_within("statement_line", &scope, day, &legs).await, day);
    let mut closing = Box::pin(close(&house, day, "waits"));
    assert!(tokio::time::timeout(Duration::from_millis(400), &mut closing).await.is_err(), "it did not wait");
    bank.run("commit").await;
    let refused = closing.as_mut().await;
    drop(closing);
    assert!(gaps(&refused).contains(&("statement_missing".to_owned(), -21_000)), "{}", refused.text);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_meets_a_closing_is_before_it_or_on_the_next_open_day() {
    let house = House::new().await;
    let (scope, transit) = (format!("bank:{ACCOUNT}"), format!("in_transit:{ACCOUNT}"));
    let mut moved = 0;
    for round in 0..12_i64 {
        let day = days_ago(40 - 2 * round);
        let bank = Bank::of(&house).await;
        let legs = [Leg::new(&scope, 1_000), Leg::new(&transit, -1_000)];
        let key = format!("round-{round}");
        let ((), booked, closed) = tokio::join!(
            tokio::time::sleep(Duration::from_millis(0)),
            async {
                tokio::time::sleep(Duration::from_micros(700 * u64::try_from(round).unwrap())).await;
                bank.book("statement_line", &scope, day, &legs).await
            },
            close(&house, day, &key)
        );
        if closed.status == 200 {
            assert!(booked > day, "{day} was closed, and then booked on");
            moved += 1;
        } else {
            assert!(!gaps(&closed).is_empty());
            assert_eq!(booked, day);
        }
        // the other side of the booking, so that the next round begins even
        let legs = [Leg::new(&scope, -1_000), Leg::new(&transit, 1_000)];
        bank.book("statement_line", &scope, day, &legs).await;
        let even = "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code like 'bank:%'";
        assert_eq!(house.ask(even).await, "0");
        bank.run("delete from closed_day; set session_replication_role = replica; delete from ledger_entry; delete from journal")
            .await;
    }
    assert!(moved > 0, "no booking met a closing: the race was not run");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_day_is_opened_again_by_two_persons_and_all_after_it_with_it() {
    let house = House::new().await;
    let bank = Bank::of(&house).await;
    let (first, second) = (days_ago(4), days_ago(3));
    bank.stood(first, 1_000_000).await;
    bank.statement(first, 1_000_000, &[(21_000, "a")]).await;
    bank.statement(second, 1_021_000, &[(30_000, "b")]).await;
    let reopen = format!("/v1/reconciliation/{first}/reopen?account={ACCOUNT}");
    assert_eq!(house.staff.post(&reopen, json!({})).await.refused(409), "day_open");
    for (day, key) in [(first, "first"), (second, "second")] {
        assert_eq!(close(&house, day, key).await.status, 200);
    }
    let proposed = house.staff.post(&reopen, json!({"note": "Sao kê thiếu dòng"})).await.expect(201);
    assert_eq!(house.staff.post(&reopen, json!({})).await.refused(409), "approval_pending");
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    assert_eq!(house.staff.post(&approve, json!({})).await.refused(403), "same_person");
    let elsewhere = staff_of(&house, "duyet-noi-khac", "H38.99-KB").await;
    assert_eq!(elsewhere.post(&approve, json!({})).await.refused(404), "not_found");
    let approver = staff_of(&house, "nguoi-duyet", tests::BENEFICIARY).await;
    let both = [tests::BENEFICIARY.to_owned(), tests::OTHER_BENEFICIARY.to_owned()];
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(jiff::Timestamp::now());
    storage::principals::put_person(&db, id, "nguoi-duyet", "Người duyệt (mẫu)", &both).await.unwrap();
    drop(db);
    approver.post(&approve, json!({})).await.expect(200);
    for day in [first, second] {
        assert_eq!(house.staff.get(&of_account(day)).await.expect(200)["status"], "open");
    }
    // what was closed stays on record, and it closes again
    assert_eq!(house.ask("select count(*) from closed_day where reopened_at is not null").await, "2");
    assert_eq!(close(&house, first, "once more").await.status, 200);
    house.stop().await;
}
