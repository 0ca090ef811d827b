//! Whose money waits is not erased, and what says whose it is stays until it has gone back or found its home.

use super::{NAME, NUMBER, goes_back, payer, payer_command, tables_with};
use crate::refunds::{approves, id, payment_of, proposes, second_person, whole};
use crate::settlements::with_payouts;
use crate::statements::OWN;
use crate::transfers::words::{call, now_s, sepay};
use jiff::ToSpan;
use serde_json::{Value, json};
use tests::House;
use tests::bank::{ACCOUNT, BIN, SEPAY_SECRET};
use tests::files::{Row, mt940, today, vnpay_file};
use tests::portal::{dossier, fresh};

/// The person transfers so much with the intent's reference.
async fn transfers(house: &House, intent: &Value, amount: i64) {
    let content = format!("{NAME} nop {}", intent["reference"].as_str().unwrap());
    let how = json!({"account": ACCOUNT, "amount": amount, "content": content, "payer_name": NAME,
        "payer_account": NUMBER});
    house.transfers_how(how).await;
    house.drain().await;
}

async fn statement(house: &House) {
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
}

/// A fee of 33,000 of the person, of whose money 33,000 or 7,000 wait for this reason: the payment that waits.
async fn waits(house: &House, reason: &str) -> Value {
    let fee = house.portal.owes(&dossier(), 33_000, payer(NAME, NUMBER)).await;
    let intent = house.portal.opens(&[&fee]).await;
    match reason {
        "duplicate" => {
            transfers(house, &intent, 33_000).await;
            transfers(house, &intent, 33_000).await;
        }
        "overpaid" => transfers(house, &intent, 40_000).await,
        _ => {
            let path = format!("/v1/payment-intents/{}/cancel", id(&intent));
            house.portal.post(&path, json!({})).await.expect(200);
            house.portal.post(&format!("/v1/obligations/{}/cancel", id(&fee)), json!({})).await.expect(200);
            transfers(house, &intent, 33_000).await;
        }
    }
    statement(house).await;
    let payment = payment_of(house, &intent).await;
    assert!(payment["allocations"].to_string().contains(reason), "{payment:#}");
    payment
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_whose_money_waits_is_not_erased_before_it_has_gone_back() {
    for (reason, amount) in [("duplicate", 33_000), ("overpaid", 7_000), ("late", 33_000)] {
        let house = House::with_bank().await;
        let approver = second_person(&house).await;
        let payment = waits(&house, reason).await;
        let refused = payer_command(&house, "erase", NUMBER).await;
        assert!(!refused.success && refused.stderr.contains(id(&payment)), "{reason}: {}", refused.stderr);
        let app = house.database.connect("motlan_app").await;
        let refused = app.batch_execute("select erase_parties(array(select id from party))").await.unwrap_err();
        assert!(format!("{refused:?}").contains("party_needed_for_money"), "{reason}: {refused:?}");
        assert_eq!(house.ask("select count(*) from party where erased_at is not null").await, "0", "{reason}");
        goes_back(&house, &approver, &payment, amount).await;
        let erased = payer_command(&house, "erase", NUMBER).await;
        assert!(erased.success, "{reason}: {}", erased.stderr);
        assert!(!tables_with(&house, NAME).await.contains("public.statement_line"), "{reason}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_of_whose_money_something_is_still_to_be_said_is_not_erased() {
    for of in ["a line that shows more", "a reduction"] {
        let house = House::with_bank().await;
        let fee = house.portal.owes(&dossier(), 33_000, payer(NAME, NUMBER)).await;
        let intent = house.portal.opens(&[&fee]).await;
        let sent = if of == "a reduction" { 33_000 } else { 40_000 };
        house.bank_script(json!({}), json!({"amount_delta": 33_000 - sent})).await;
        transfers(&house, &intent, sent).await;
        statement(&house).await;
        let payment = payment_of(&house, &intent).await;
        assert_eq!(payment["amount"], 33_000, "as it was told");
        if of == "a reduction" {
            let path = format!("/v1/obligations/{}/reductions", id(&fee));
            let body = json!({"amount": 3_000, "reason_code": "tinh_sai"});
            house.staff.post(&path, body).await.expect(201);
        }
        let refused = payer_command(&house, "erase", NUMBER).await;
        assert!(!refused.success && refused.stderr.contains(id(&payment)), "{of}: {}", refused.stderr);
        assert_eq!(house.ask("select count(*) from party where erased_at is not null").await, "0", "{of}");
        // a bank that says two amounts of one transfer is no truth to compare with
        if of == "a reduction" {
            house.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sent_what_an_erased_payer_did_not_owe_is_told_by_its_line_until_it_has_gone_back() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 33_000, payer(NAME, NUMBER)).await;
    let intent = house.portal.opens(&[&fee]).await;
    transfers(&house, &intent, 33_000).await;
    statement(&house).await;
    let erased = payer_command(&house, "erase", NUMBER).await;
    assert!(erased.success, "{}", erased.stderr);
    transfers(&house, &intent, 33_000).await;
    statement(&house).await;
    let named = "select count(*) from statement_line where counterparty_account is not null and amount > 0";
    assert_eq!(house.ask(named).await, "1", "nobody could say whose it is");
    let second = payment_of(&house, &intent).await;
    goes_back(&house, &approver, &second, 33_000).await;
    assert_eq!(house.ask(named).await, "0");
    assert!(!tables_with(&house, NAME).await.contains("public.statement_line"));
    assert_eq!(house.ask("select count(*) from refund where payer_account_sealed is not null").await, "0");
    house.close().await;
}

/// A payment of a fee of the person, about which a case is open that is no money in suspense of theirs.
async fn spoken_about(house: &House, kind: &str) -> Value {
    let fee = house.portal.owes(&dossier(), 33_000, payer(NAME, NUMBER)).await;
    let intent = house.portal.opens(&[&fee]).await;
    match kind {
        "missing_in_books" => {
            let attempt = house.at_vnpay(&intent).await;
            let order = house.pays(&attempt, json!({})).await;
            let original = order["transaction_no"].as_str().unwrap();
            let row = Row { original, ..Row::new("Hoàn tiền", "4711", -33_000, 0) };
            house.sends_settlement(vnpay_file(&[row])).await.expect(201);
        }
        "duplicate_payment" => {
            transfers(house, &intent, 33_000).await;
            statement(house).await;
            let approver = second_person(house).await;
            let payment = payment_of(house, &intent).await;
            let proposal = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
            approves(&approver, &proposal).await.expect(200);
            let text = house.ask("select 'HOAN TRA ' || reference from refund").await;
            for _ in 0..2 {
                let how = json!({"account": ACCOUNT, "amount": 33_000, "content": text, "direction": "out"});
                house.bank_sim("bank/transfer", how).await;
            }
            statement(house).await;
        }
        _ => {
            let day = |ago: i64| today().checked_sub(ago.days()).unwrap();
            let row = json!({"id": fresh(), "gateway": "Vietcombank", "transactionDate": format!("{} 09:00:00", day(14)),
                "accountNumber": OWN, "subAccount": null, "code": null, "content": intent["reference"], "description": "",
                "transferType": "in", "transferAmount": 33_000, "accumulated": 0, "referenceCode": ""});
            let body = row.to_string();
            call(house, "sepay", &sepay(SEPAY_SECRET, now_s(), &body), &body).await;
            for ago in [15, 14, 1] {
                house.sends_statement(&format!("{BIN}.{OWN}"), "auto", mt940(OWN, day(ago), 0, &[])).await.expect(201);
            }
            house.drain().await;
        }
    }
    payment_of(house, &intent).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payer_is_not_erased_while_a_case_about_a_payment_of_theirs_is_open() {
    for kind in ["missing_in_books", "duplicate_payment", "missing_at_provider"] {
        let house = if kind == "missing_in_books" { with_payouts().await } else { House::with_bank().await };
        if kind == "missing_at_provider" {
            house.had_account(OWN).await;
        }
        let payment = spoken_about(&house, kind).await;
        let open = format!(
            "select string_agg(kind, ' ') from assurance.kase where status <> 'closed' and payment_id = '{}'",
            id(&payment)
        );
        assert!(house.ask(&open).await.split(' ').any(|open| open == kind), "{kind}");
        let refused = payer_command(&house, "erase", NUMBER).await;
        assert!(!refused.success && refused.stderr.contains(id(&payment)), "{kind}: {}", refused.stderr);
        let app = house.database.connect("motlan_app").await;
        let all = "select erase_parties(array(select payer_id from obligation where amount = 33000))";
        let refused = app.batch_execute(all).await.unwrap_err();
        assert!(format!("{refused:?}").contains("party_needed_for_money"), "{kind}: {refused:?}");
        assert_eq!(house.ask("select count(*) from party where erased_at is not null").await, "0", "{kind}");
        house.ask("update kase set status = 'closed', version = version + 1").await;
        let erased = payer_command(&house, "erase", NUMBER).await;
        assert!(erased.success, "{kind}: {}", erased.stderr);
        house.stop().await;
    }
}
