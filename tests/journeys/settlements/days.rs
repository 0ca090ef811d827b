//! Days after real imports: what they show is what VNPAY and the bank say, and they close when all of it agrees.

use super::{cases, day, pays, pays_out, pays_with, plain, with_payouts};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::House;
use tests::child;
use tests::files::{Row, account, today, vnpay_file};
use tests::portal::{Answered, dossier};

fn of_profile(day: Date, what: &str) -> String {
    format!("/v1/reconciliation/{day}{what}?profile=vnpay_main")
}

fn of_account(day: Date, what: &str) -> String {
    format!("/v1/reconciliation/{day}{what}?account={}", account())
}

fn tomorrow() -> Date {
    today().checked_add(1.day()).unwrap()
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

fn gap(kind: &str, difference: i64) -> (String, i64) {
    (kind.to_owned(), difference)
}

/// A day of a report of days, as the day itself has it.
async fn reported(house: &House, scope: &str, shown: &Value) {
    let path = format!("/v1/reports/reconciliation?from={0}&to={0}", shown["date"].as_str().unwrap());
    let report = house.staff.get(&path).await.expect(200);
    let row = report["rows"].as_array().unwrap().iter().find(|r| r["scope"] == scope).unwrap();
    for key in ["opening", "in", "out", "closing", "statement_closing", "status"] {
        assert_eq!(row[key], shown[key], "{key} of {scope}: {row:#} {shown:#}");
    }
    assert_eq!(
        (&row["matched"], &row["cases"]),
        (&shown["counts"]["matched"], &json!(shown["differences"].as_array().unwrap().len()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_a_provider_and_of_a_bank_says_what_they_say_and_closes() {
    let house = with_payouts().await;
    for amount in [21_000, 40_000] {
        pays(&house, amount).await;
    }
    let fee = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.transfers(30_000, intent["reference"].as_str().unwrap()).await;
    let payout = pays_out(&house, &day()).await;
    let net = payout["net"].as_i64().unwrap();

    // nothing has come in yet
    let refused = house.staff.post(&of_profile(today(), "/close"), json!({})).await;
    assert_eq!(gaps(&refused), [gap("settlement_missing", -61_000)]);
    let shown = house.staff.get(&of_profile(today(), "")).await.expect(200);
    assert_eq!(figures(&shown), [0, 61_000, 0, 61_000]);
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let worked = storage::beneficiaries::calendar(&db).await.unwrap().is_worked(today());
    drop(db);
    if worked {
        let refused = house.staff.post(&of_account(today(), "/close"), json!({})).await;
        assert_eq!(gaps(&refused), [gap("statement_missing", 0)]);
    }

    // the statement is there and the payout on it is nobody's yet
    house.imports("camt053_v8", &day()).await;
    let refused = house.staff.post(&of_account(today(), "/close"), json!({})).await;
    assert_eq!(gaps(&refused), [gap("movements_open", -net)]);
    house.settles(&day()).await.expect(201);
    let bank = house.staff.post(&of_account(today(), "/close"), json!({})).await.expect(200);
    assert_eq!(figures(&bank), [1_000_000, 30_000 + net, 0, 1_030_000 + net]);
    assert_eq!((&bank["statement_closing"], &bank["counts"]["matched"]), (&bank["closing"], &json!(2)));
    let provider = house.staff.post(&of_profile(today(), "/close"), json!({})).await.expect(200);
    assert_eq!(figures(&provider), [0, 61_000, 61_000, 0]);
    for sum in ["gross", "fee", "refunds", "net"] {
        assert_eq!(provider["settlement"][sum], payout[sum], "{sum}");
    }
    reported(&house, &account(), &bank).await;
    reported(&house, "vnpay_main", &provider).await;

    let report = house.staff.get(&format!("/v1/reports/transactions?from={0}&to={0}", day())).await.expect(200);
    assert_eq!((&report["totals"]["amount_paid"], &report["totals"]["provider_fee"]), (&json!(91_000), &payout["fee"]));
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["match_state"] == "matched" && r["credited_on"] == json!(day())), "{report:#}");
    assert_eq!(house.staff.get("/v1/reports/suspense").await.expect(200)["rows"], json!([]));
    let at = ["--url", &house.staff.base, "--key", &house.staff.key];
    for (args, said) in [
        (&["report", "day", &day(), "--profile", "vnpay_main"][..], "61.000"),
        (&["report", "transactions", "--from", &day()], "40.000"),
        (&["report", "reconciliation", "--from", &day()], "vnpay_main"),
    ] {
        let printed = child::run(&Vec::new(), &[args, &at].concat()).await;
        assert!(printed.success && printed.stdout.contains(said), "{args:?}: {} {}", printed.stdout, printed.stderr);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_comes_after_its_days_file_keeps_the_day_open_until_a_file_names_it() {
    let house = plain().await;
    pays(&house, 21_000).await;
    house.settles(&day()).await.expect(201);
    pays(&house, 8_000).await;
    let refused = house.staff.post(&of_profile(today(), "/close"), json!({})).await;
    assert_eq!(gaps(&refused), [gap("payments_not_settled", -8_000)]);
    house.settles(&day()).await.expect(201);
    let closed = house.staff.post(&of_profile(today(), "/close"), json!({})).await.expect(200);
    assert_eq!(figures(&closed), [0, 29_000, 29_000, 0]);
    assert_eq!((&closed["counts"]["matched"], &closed["counts"]["duplicate"]), (&json!(2), &json!(1)));
    assert_eq!(cases(&house).await, "amount_differs 20832", "the file has the first payment once more");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whose_file_is_short_closes_with_the_case_that_says_so() {
    let house = plain().await;
    pays(&house, 21_000).await;
    pays_with(&house, 40_000, json!([{"settlement": "omit"}])).await;
    let refused = house.staff.post(&of_profile(today(), "/close"), json!({})).await;
    assert_eq!(gaps(&refused), [gap("settlement_missing", -61_000)]);
    house.settles(&day()).await.expect(201);
    let closed = house.staff.post(&of_profile(today(), "/close"), json!({})).await.expect(200);
    assert_eq!(figures(&closed), [0, 61_000, 21_000, 40_000]);
    let difference = &closed["differences"][0];
    assert_eq!((&difference["kind"], &difference["amount"]), (&json!("missing_at_provider"), &json!(40_000)));
    reported(&house, "vnpay_main", &closed).await;
    // what the provider is about to pay out has not come to the account yet
    let bank = house.staff.get(&of_account(today(), "")).await.expect(200);
    assert_eq!((figures(&bank), &bank["gaps"]), ([0; 4], &json!([])));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_for_a_closed_day_is_of_the_next_open_one_and_keeps_its_own() {
    let house = plain().await;
    pays(&house, 21_000).await;
    house.settles(&day()).await.expect(201);
    let closed = house.staff.post(&of_profile(today(), "/close"), json!({})).await.expect(200);
    let late = pays(&house, 8_000).await;
    let moved = "select string_agg(kind || ' ' || business_date || ' ' || original_business_date, ', ' order by kind)
        from assurance.journal where original_business_date is not null";
    assert_eq!(house.ask(moved).await, format!("capture {} {}", tomorrow(), today()));
    assert_eq!(house.staff.get(&of_profile(today(), "")).await.expect(200)["closing"], 0, "the closed day stands");
    let next = house.staff.get(&of_profile(tomorrow(), "")).await.expect(200);
    assert_eq!((figures(&next), &next["gaps"][0]["kind"]), ([0, 8_000, 0, 8_000], &json!("settlement_missing")));

    // its file settles on the next day too, and that day ties out
    let (txn, order) = (super::txn(&late).to_owned(), super::order_ref(&late).to_owned());
    let rows = [
        Row { order: &order, ..Row::new("Thanh toán", &txn, 8_000, 64) },
        Row { original: "404", ..Row::new("Hoàn tiền", "405", -1_000, 0) },
    ];
    house.sends_settlement(vnpay_file(&rows)).await.expect(201);
    let kinds = "select string_agg(kind, ' ' order by kind) from assurance.journal
        where business_date > original_business_date";
    assert_eq!(house.ask(kinds).await, "capture settlement unexplained_refund");
    let next = house.staff.get(&of_profile(tomorrow(), "")).await.expect(200);
    assert_eq!((figures(&next)[3], &next["gaps"]), (0, &json!([])), "{next:#}");
    let again = house.staff.get(&of_profile(today(), "")).await.expect(200);
    assert_eq!((figures(&again), &again["status"]), (figures(&closed), &json!("closed")), "{again:#}");
    assert_eq!(again["gaps"], json!([]), "what is closed ties out");
    house.close().await;
}
