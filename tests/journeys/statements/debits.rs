//! What goes out, what comes back, and what a provider pays out: none of it is a payment.

use super::{IN_TRANSIT, MOVEMENTS, OWN, PAYMENTS, cases, count, standing};
use crate::refunds::{approves, second_person};
use jiff::ToSpan;
use serde_json::json;
use tests::House;
use tests::bank::{ACCOUNT, BIN};
use tests::files::{Row, account, mt940, today, vnpay_file};
use tests::portal::dossier;

const FATES: &str = "select coalesce(string_agg(amount || ' ' || coalesce(fate, 'open'), ', ' order by amount), '')
    from assurance.movement";

pub(super) async fn house() -> House {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debit_that_nobody_explains_is_a_case_and_told_once() {
    let house = house().await;
    let lines = [(-2_000, "FT1", "PHI DICH VU"), (-2_000, "", "PHI"), (-2_000, "", "PHI")];
    for part in [1, 3] {
        let file = mt940(OWN, today(), 100_000, &lines[..part]);
        house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
    }
    assert_eq!(cases(&house).await, "unidentified unidentified unidentified");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified 6000");
    assert_eq!(standing(&house, "bank").await, format!("bank:{BIN}.{OWN} 94000"));
    assert_eq!(house.ask(FATES).await, "-2000 case, -2000 case, -2000 case");
    assert_eq!(house.ask(PAYMENTS).await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_the_bank_takes_back_is_due_again_and_a_case_in_every_format_that_says_so() {
    for format in ["camt053_v2", "camt053_v8", "mt940"] {
        let house = House::with_bank().await;
        let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        let booked = house.transfers(50_000, intent["reference"].as_str().unwrap()).await;
        let reversal = json!({"account": ACCOUNT, "reference": booked["reference"]});
        house.bank_sim("bank/reverse", reversal).await;
        let statement = house.imports(format, &today().to_string()).await;
        assert_eq!((count(&statement, "new_movements"), count(&statement, "matched")), (2, 2), "{format}: {statement}");
        assert_eq!(cases(&house).await, "chargeback", "{format}");
        assert_eq!(standing(&house, "bank").await, format!("bank:{} 1000000", account()), "{format}");
        assert_eq!(house.ask(IN_TRANSIT).await, "0", "{format}");
        // its fee is due again, and a person hears of it
        assert_eq!(house.portal.intent(&intent).await["status"], "open");
        for other in ["camt053_v8", "mt940", "csv"] {
            house.imports(other, &today().to_string()).await;
        }
        assert_eq!(
            (house.ask(MOVEMENTS).await.as_str(), cases(&house).await.as_str()),
            ("2", "chargeback"),
            "{format}"
        );
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversal_that_may_mean_two_payments_takes_neither_back_and_names_both_to_a_person() {
    let house = house().await;
    let mut intents = Vec::new();
    for _ in 0..2 {
        let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
        intents.push(house.portal.opens(&[&fee]).await);
    }
    let texts: Vec<&str> = intents.iter().map(|i| i["reference"].as_str().unwrap()).collect();
    // parts of a batch have one reference
    let lines =
        [(50_000, "FT2633099901", texts[0]), (50_000, "FT2633099901", texts[1]), (-50_000, "", "HUY GD FT2633099901")];
    for part in [2, 3] {
        let text =
            String::from_utf8(mt940(OWN, today(), 100_000, &lines[..part])).unwrap().replace("D50000,", "RC50000,");
        house.sends_statement(&format!("{BIN}.{OWN}"), "auto", text.into_bytes()).await.expect(201);
    }
    for intent in &intents {
        assert_eq!(house.portal.intent(intent).await["status"], "paid");
    }
    assert_eq!(cases(&house).await, "chargeback");
    assert_eq!(house.ask(FATES).await, "-50000 case, 50000 matched, 50000 matched");
    let case = house.staff.get("/v1/cases?kind=chargeback").await.expect(200)["data"][0]["id"].clone();
    let case = house.staff.get(&format!("/v1/cases/{}", case.as_str().unwrap())).await.expect(200);
    let suggested: Vec<_> = case["suggestions"].as_array().unwrap().iter().map(|s| s["intent_id"].clone()).collect();
    assert_eq!(suggested.len(), 2, "{case}");
    assert!(intents.iter().all(|i| suggested.contains(&i["id"])), "{case}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reversed_credit_goes_out_and_a_reversed_debit_comes_in_and_pays_nothing() {
    let house = house().await;
    let fee = house.portal.owes(&dossier(), 3_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let named = format!("HOAN TRA {}", intent["reference"].as_str().unwrap());
    let lines = [(-2_000, "FT1", "HUY GD"), (3_000, "FT2", named.as_str())];
    let text = String::from_utf8(mt940(OWN, today(), 100_000, &lines)).unwrap();
    let text = text.replace("D2000,", "RC2000,").replace("C3000,", "RD3000,");
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", text.into_bytes()).await.expect(201);
    assert_eq!(house.ask(FATES).await, "-2000 case, 3000 matched");
    assert_eq!(cases(&house).await, "chargeback unidentified");
    assert_eq!(standing(&house, "bank").await, format!("bank:{BIN}.{OWN} 101000"));
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified -1000");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_without_its_settlement_stays_open_and_is_no_payment() {
    let house = house().await;
    house.pays_out_to(&format!("{BIN}.{OWN}")).await;
    let file = mt940(OWN, today(), 0, &[(98_900, "FT1", "VNPAY TT ngay 251126"), (-1_000, "FT2", "VNPAY TT")]);
    let statement = house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
    assert_eq!((count(&statement, "new_movements"), count(&statement, "matched")), (2, 0));
    house.drain().await;
    assert_eq!(house.ask(FATES).await, "-1000 case, 98900 open");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("0", "-98900"));
    assert_eq!(standing(&house, "bank").await, format!("bank:{BIN}.{OWN} 97900"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_reads_like_a_payout_is_a_strangers_money_when_its_days_are_over() {
    let house = house().await;
    house.pays_out_to(&format!("{BIN}.{OWN}")).await;
    let account = format!("{BIN}.{OWN}");
    let day = |ago: i64| today().checked_sub(ago.days()).unwrap();
    let file = mt940(OWN, day(9), 0, &[(98_900, "FT1", "VNPAY TT GUI NHAM"), (5_000, "FT2", "VNPAY TT")]);
    house.sends_statement(&account, "auto", file).await.expect(201);
    assert_eq!(house.ask(FATES).await, "5000 open, 98900 open");
    house.sends_statement(&account, "auto", mt940(OWN, day(1), 103_900, &[])).await.expect(201);
    house.drain().await;
    assert_eq!(house.ask(FATES).await, "5000 open, 98900 open", "a backlog's statements may come before its files");
    house.ask("update statement set imported_at = imported_at - interval '8 days'").await;
    house.drain().await;
    assert_eq!(house.ask(FATES).await, "5000 matched, 98900 matched");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("2", "0"));
    assert_eq!(cases(&house).await, "unidentified unidentified");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified -103900");
    let shown = house.staff.get(&format!("/v1/reconciliation/{}?account={account}", day(9))).await.expect(200);
    assert_eq!(shown["gaps"], json!([]));
    house.close().await;
}

/// A payout of 98,900 that was given up, and booked as a payment; the file of what it pays, which is late.
pub(super) async fn given_up(house: &House) -> Vec<u8> {
    house.pays_out_to(&format!("{BIN}.{OWN}")).await;
    let day = |ago: i64| today().checked_sub(ago.days()).unwrap();
    let account = format!("{BIN}.{OWN}");
    let file = mt940(OWN, day(9), 0, &[(98_900, "FT1", "VNPAY TT GUI NHAM")]);
    house.sends_statement(&account, "auto", file).await.expect(201);
    house.sends_statement(&account, "auto", mt940(OWN, day(1), 98_900, &[])).await.expect(201);
    house.ask("update statement set imported_at = imported_at - interval '8 days'").await;
    house.drain().await;
    assert_eq!((house.ask(FATES).await.as_str(), cases(house).await.as_str()), ("98900 matched", "unidentified"));
    let fee = house.portal.owes(&dossier(), 99_700, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    let order = house.pays(&attempt, json!({})).await;
    let (txn, order) = (order["transaction_no"].as_str().unwrap(), order["order_ref"].as_str().unwrap());
    vnpay_file(&[Row { order, day: day(9), ..Row::new("Thanh toán", txn, 99_700, 800) }])
}

pub(super) async fn gaps(house: &House) -> serde_json::Value {
    let day = today().checked_sub(9.days()).unwrap();
    let path = format!("/v1/reconciliation/{day}?account={BIN}.{OWN}");
    house.staff.get(&path).await.expect(200)["gaps"].clone()
}

pub(super) async fn is_paid_out(house: &House, file: &serde_json::Value) -> bool {
    let path = format!("/v1/settlements/{}", file["id"].as_str().unwrap());
    house.staff.get(&path).await.expect(200)["paid_out"] == true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_was_given_up_is_its_settlements_when_the_file_comes_after_all() {
    let house = house().await;
    let file = given_up(&house).await;
    let file = house.sends_settlement(file).await.expect(201);
    assert!(is_paid_out(&house, &file).await);
    assert_eq!((cases(&house).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("", "0"));
    assert_eq!((standing(&house, "suspense").await.as_str(), gaps(&house).await), ("", json!([])));
    let claims = "select string_agg(rule || ' ' || (settlement_id is not null), ', ') from assurance.match";
    assert_eq!(
        (house.ask(claims).await.as_str(), house.ask(FATES).await.as_str()),
        ("settlement true", "98900 matched")
    );
    // that of another day pays another
    house.drain().await;
    assert_eq!(house.ask("select coalesce(sum(amount - reversed), 0) from assurance.payment").await, "99700");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_people_have_given_away_is_a_case_when_its_file_comes_and_counts_once() {
    for assigned in [98_900, 50_000] {
        let house = house().await;
        let file = given_up(&house).await;
        let fee = house.portal.owes(&dossier(), assigned, json!({})).await;
        let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
        let body = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "x"});
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let proposed = house.staff.post(&path, body).await.expect(201);
        let approver = second_person(&house).await;
        approves(&approver, &proposed).await.expect(200);
        let file = house.sends_settlement(file).await.expect(201);
        assert!(is_paid_out(&house, &file).await, "{assigned}");
        assert_eq!(house.ask(IN_TRANSIT).await, "0", "{assigned}");
        let (told, held) = if assigned == 98_900 {
            ("amount_differs", "suspense:amount_differs 98900".to_owned())
        } else {
            ("amount_differs overpaid", "suspense:amount_differs 98900, suspense:overpaid -48900".to_owned())
        };
        assert_eq!((cases(&house).await.as_str(), standing(&house, "suspense").await), (told, held));
        assert_eq!(
            (house.portal.obligation(&fee).await["status"].clone(), gaps(&house).await),
            (json!("paid"), json!([]))
        );
        let case = house.staff.get("/v1/cases?status=open&kind=amount_differs").await.expect(200)["data"][0].clone();
        assert_eq!((&case["subject"], &case["amount"]), (&file["id"], &json!(-98_900)), "{case}");
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let accepted = house.staff.post(&path, json!({"action": "accept_difference", "note": "x"})).await;
        assert_eq!(accepted.status / 100, 4, "{}", accepted.text);
        // it is told of once, and takes no later payout
        house.drain().await;
        let later = mt940(OWN, today(), 98_900, &[(98_900, "FT2", "VNPAY TT LAN NUA")]);
        house.sends_statement(&format!("{BIN}.{OWN}"), "auto", later).await.expect(201);
        assert_eq!(
            (cases(&house).await.as_str(), house.ask(FATES).await.as_str()),
            (told, "98900 matched, 98900 open")
        );
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_somebody_is_giving_back_waits_for_the_decision_when_its_file_comes() {
    for approved in [true, false] {
        let house = house().await;
        let approver = second_person(&house).await;
        let file = given_up(&house).await;
        let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
        let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
        let back = json!({"action": "refund_to_payer", "refundable_amount": 98_900, "reason_code": "nop_nham",
            "payer_account": account});
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let proposed = house.staff.post(&path, back).await.expect(201);
        let file = house.sends_settlement(file).await.expect(201);
        house.drain().await;
        assert!(!is_paid_out(&house, &file).await, "what is proposed is decided first");
        let verdict = if approved { "approve" } else { "reject" };
        let path = format!("/v1/approvals/{}/{verdict}", proposed["approval_id"].as_str().unwrap());
        approver.post(&path, json!({})).await.expect(200);
        house.drain().await;
        assert!(is_paid_out(&house, &file).await, "{verdict}");
        assert_eq!((house.ask(IN_TRANSIT).await.as_str(), gaps(&house).await), ("0", json!([])), "{verdict}");
        assert_eq!(cases(&house).await, if approved { "amount_differs" } else { "" });
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payouts_without_their_settlements_hold_up_no_debit() {
    let house = house().await;
    house.pays_out_to(&format!("{BIN}.{OWN}")).await;
    let mut lines: Vec<(i64, String, &str)> = (0..500).map(|n| (1_000 + n, format!("FT{n}"), "VNPAY TT")).collect();
    lines.push((-700, "FTD".to_owned(), "PHI"));
    let lines: Vec<_> = lines.iter().map(|(amount, reference, text)| (*amount, reference.as_str(), *text)).collect();
    house.sends_statement(&format!("{BIN}.{OWN}"), "auto", mt940(OWN, today(), 0, &lines)).await.expect(201);
    assert_eq!(cases(&house).await, "unidentified");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_was_taken_back_before_its_file_came_is_due_again_all_the_same() {
    let house = house().await;
    let account = format!("{BIN}.{OWN}");
    let fee = house.portal.owes(&dossier(), 50_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let day = |ago: i64| today().checked_sub(ago.days()).unwrap();
    let back = String::from_utf8(mt940(OWN, day(1), 150_000, &[(-50_000, "FT2633000000001", "HUY GD")])).unwrap();
    let back = back.replace("D50000,NTRF", "RC50000,NTRF").into_bytes();
    house.sends_statement(&account, "auto", back).await.expect(201);
    assert_eq!(cases(&house).await, "chargeback");
    assert_eq!(standing(&house, "suspense").await, "suspense:unidentified 50000");
    // a process may die between the import of that file and its matching: the worker goes on with it
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert_eq!(storage::movements::accounts_with_open(&db).await.unwrap().join(" "), account);
    drop(db);
    let content = intent["reference"].as_str().unwrap();
    let credit = mt940(OWN, day(2), 100_000, &[(50_000, "FT2633000000001", content)]);
    house.sends_statement(&account, "auto", credit).await.expect(201);
    assert_eq!(house.portal.obligation(&fee).await["status"], "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    assert_eq!(house.ask(FATES).await, "-50000 matched, 50000 matched");
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert_eq!(storage::movements::accounts_with_open(&db).await.unwrap(), Vec::<String>::new());
    drop(db);
    let told = "select string_agg(status || ' ' || (payment_id is not null), ', ' order by status) from assurance.kase
        where kind = 'chargeback'";
    assert_eq!(house.ask(told).await, "closed false, open true");
    assert_eq!((standing(&house, "suspense").await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("", "0"));
    assert_eq!(standing(&house, "bank").await, format!("bank:{account} 100000"));
    house.close().await;
}
