//! A day of payments, its file, and the transfer by which it is paid out.

use super::{CLEARING, FEE, cases, day, in_transit, pays, pays_out, pays_with, stands, with_payouts};
use serde_json::{Value, json};
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT};
use tests::files::{Row, vnpay_file};

const CLAIMS: &str = "select coalesce(string_agg(rule || ' ' || amount, ', ' order by amount), '') from assurance.match
     where settlement_id is not null";
const PAYMENTS_AT_BANK: &str = "select count(*) from assurance.payment where receiving_account is not null";

/// Three payments, their file as VNPAY's own word has it, and the payout; nothing is left over.
async fn a_day_is_paid_out(statement_first: bool, format: &str) {
    let house = with_payouts().await;
    for amount in [21_000, 40_001, 8_000] {
        pays(&house, amount).await;
    }
    let payout = pays_out(&house, &day()).await;
    if statement_first {
        house.imports(format, &day()).await;
        assert_eq!(house.ask(CLAIMS).await, "", "nobody says yet what the payout pays");
    }
    let file = house.settles(&day()).await.expect(201);
    for sum in ["gross", "fee", "refunds", "net"] {
        assert_eq!(file[sum], payout[sum], "{sum}: {file:#}");
    }
    let counts = ["lines", "matched", "cases"].map(|name| file[name].as_i64().unwrap());
    assert_eq!((counts, &file["date"]), ([3, 3, 0], &json!(day())));
    assert_eq!(file["paid_out"], statement_first);
    if !statement_first {
        assert_eq!(in_transit(&house).await, payout["net"].as_i64().unwrap());
        house.imports(format, &day()).await;
    }
    assert_eq!(house.ask(CLAIMS).await, format!("settlement {}", payout["net"]));
    assert_eq!((stands(&house, CLEARING).await, in_transit(&house).await), (0, 0));
    assert_eq!(stands(&house, FEE).await, payout["fee"].as_i64().unwrap());
    assert_eq!(house.ask(PAYMENTS_AT_BANK).await, "0", "a payout is never a payment");
    let shown = house.staff.get(&format!("/v1/settlements/{}", file["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(shown["paid_out"], true);
    assert_eq!(cases(&house).await, "");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_settled_by_its_file_and_then_seen_on_the_statement() {
    a_day_is_paid_out(false, "mt940").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_on_a_statement_waits_for_its_file() {
    a_day_is_paid_out(true, "camt053_v8").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_tells_of_a_payout_is_kept_and_is_no_payment() {
    let house = with_payouts().await;
    pays(&house, 21_000).await;
    pays_out(&house, &day()).await;
    house.drain().await;
    assert_eq!(house.ask(PAYMENTS_AT_BANK).await, "0");
    let kept = "select string_agg(distinct state, ' ') || ' ' || (count(*) >= 2) from assurance.sighting
        where channel = 'vietqr'";
    assert_eq!(house.ask(kept).await, "applied true", "both tellers are kept as evidence");
    // a payer whose bank writes the same words beside our reference has paid
    let fee = house.portal.owes(&tests::portal::dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = format!("VNPAY TT {}", intent["reference"].as_str().unwrap());
    let how = json!({"account": OTHER_ACCOUNT, "amount": 1_000, "content": "VNPAY TT GI DO"});
    house.transfers_how(how).await;
    assert_eq!(house.ask(PAYMENTS_AT_BANK).await, "1", "VNPAY does not pay out to that account");
    house.transfers(30_000, &content).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.imports("csv", &day()).await;
    let claims = "select string_agg(rule, ' ') from assurance.match where payment_id is not null";
    assert_ne!(house.ask(claims).await, "", "its line is the payment's");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_account_is_paid_its_own_settlements_after_the_payout_account_has_changed() {
    let house = with_payouts().await;
    let other = format!("{BIN}.{OTHER_ACCOUNT}");
    let first = pays(&house, 40_000).await;
    let row = |order: &Value| {
        let (txn, order) = (super::txn(order).to_owned(), super::order_ref(order).to_owned());
        vnpay_file(&[Row { order: &order, ..Row::new("Thanh toán", &txn, 40_000, 320) }])
    };
    house.sends_settlement(row(&first)).await.expect(201);
    house.pays_out_to(&other).await;
    let second = pays(&house, 40_000).await;
    house.sends_settlement(row(&second)).await.expect(201);
    // the later settlement is paid first, to the new account; the earlier one to the old
    for number in [OTHER_ACCOUNT, ACCOUNT] {
        let how = json!({"account": number, "amount": 39_680, "content": "VNPAY TT LAOCAI01 NGAY NAO DO"});
        house.transfers_how(how).await;
    }
    let bytes = house.bank_statement(OTHER_ACCOUNT, "mt940", &day()).await;
    house.sends_statement(&other, "mt940", bytes).await.expect(201);
    assert_eq!(stands(&house, &format!("in_transit:{other}")).await, 0);
    assert_eq!(in_transit(&house).await, 39_680, "the old account still waits for its own");
    house.imports("mt940", &day()).await;
    assert_eq!(in_transit(&house).await, 0);
    assert_eq!(house.ask(CLAIMS).await, "settlement 39680, settlement 39680");
    assert_eq!(house.ask(PAYMENTS_AT_BANK).await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_says_again_what_another_said_takes_no_payout() {
    let house = with_payouts().await;
    let order = pays(&house, 40_000).await;
    let row = Row { order: super::order_ref(&order), ..Row::new("Thanh toán", super::txn(&order), 40_000, 320) };
    let failed = Row { status: "Thất bại", ..Row::new("Thanh toán", "99", 5_000, 0) };
    house.sends_settlement(vnpay_file(std::slice::from_ref(&row))).await.expect(201);
    house.sends_settlement(vnpay_file(&[row, failed])).await.expect(201);
    for _ in 0..2 {
        house.transfers(39_680, "VNPAY TT LAOCAI01 NGAY NAO DO").await;
    }
    house.imports("camt053_v2", &day()).await;
    assert_eq!(house.ask(CLAIMS).await, "settlement 39680", "the second payout pays nothing that we know");
    assert_eq!(cases(&house).await, "amount_differs 39680", "the second file pays out again what the first did");
    assert_eq!(in_transit(&house).await, -39_680);
    let open = "select count(*) from assurance.movement where fate is null and payout_of = 'vnpay_main'";
    assert_eq!(house.ask(open).await, "1");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_out_again_waits_in_suspense_when_it_comes() {
    // what the second file has beside the row that was paid out already: a payment, or a fee that is above it
    for payment in [true, false] {
        let house = with_payouts().await;
        let first = pays(&house, 40_000).await;
        let row = Row { order: super::order_ref(&first), ..Row::new("Thanh toán", super::txn(&first), 40_000, 320) };
        house.sends_settlement(vnpay_file(std::slice::from_ref(&row))).await.expect(201);
        let content = "VNPAY TT LAOCAI01 NGAY NAO DO";
        house.transfers(39_680, content).await;
        house.imports("camt053_v2", &day()).await;
        assert_eq!(in_transit(&house).await, 0);
        let second = if payment { pays(&house, 20_000).await } else { Value::Null };
        let (other, amount, direction) = if payment {
            let (order, txn) = (super::order_ref(&second), super::txn(&second));
            (Row { order, ..Row::new("Thanh toán", txn, 20_000, 160) }, 39_680 + 19_840, "in")
        } else {
            (Row::new("Phí", "14", -50_000, 0), 50_000 - 39_680, "out")
        };
        house.sends_settlement(vnpay_file(&[row, other])).await.expect(201);
        let how = json!({"account": ACCOUNT, "amount": amount, "content": content, "direction": direction});
        house.bank_sim("bank/transfer", how).await;
        house.imports("camt053_v2", &day()).await;
        assert_eq!(house.ask("select count(*) from assurance.match where settlement_id is not null").await, "2");
        assert_eq!((in_transit(&house).await, stands(&house, "suspense:amount_differs").await), (0, -39_680));
        let report = house.staff.get("/v1/reports/suspense").await.expect(200);
        let case = house.ask("select case_id from assurance.kase where kind = 'amount_differs'").await;
        let found = ["amount", "channel", "case_kind", "case_id"].map(|name| report["rows"][0][name].clone());
        let expected = [json!(39_680), json!("vnpay"), json!("amount_differs"), json!(case)];
        assert_eq!((found, &report["totals"]["rows"]), (expected, &json!(1)), "{report:#}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_on_which_more_went_back_than_came_pays_nothing_out() {
    let house = with_payouts().await;
    let order = pays(&house, 10_000).await;
    let rows = [
        Row { order: super::order_ref(&order), ..Row::new("Thanh toán", super::txn(&order), 10_000, 80) },
        Row { original: "77", ..Row::new("Hoàn tiền", "78", -50_000, 0) },
    ];
    let file = house.sends_settlement(vnpay_file(&rows)).await.expect(201);
    assert_eq!((&file["net"], &file["refunds"], &file["paid_out"]), (&json!(-40_080), &json!(50_000), &json!(false)));
    assert_eq!((stands(&house, CLEARING).await, in_transit(&house).await), (0, -40_080));
    assert_eq!(cases(&house).await, "refund_without_payment -50000");
    house.close().await;
}

/// The rows of a payment that is being reported must not wait for a file that is being imported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_under_way_holds_up_no_payment() {
    let house = super::plain().await;
    pays(&house, 21_000).await;
    let blocker = house.database.connect("motlan_superuser").await;
    blocker.batch_execute("begin; lock table settlement_line in share mode").await.unwrap();
    let bytes = house.settlement(&day()).await;
    let mut import = Box::pin(house.sends_settlement(bytes));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(700), &mut import).await;
    assert!(waited.is_err(), "it did not wait for the lock");
    let (_, intent, _) = pays_with(&house, 8_000, Value::Null).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    blocker.batch_execute("commit").await.unwrap();
    import.await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_under_way_holds_up_no_transfer() {
    let house = with_payouts().await;
    house.transfers(21_000, "truoc").await;
    let bytes = house.bank_statement(ACCOUNT, "mt940", &day()).await;
    let blocker = house.database.connect("motlan_superuser").await;
    blocker.batch_execute("begin; lock table movement in share mode").await.unwrap();
    let of = tests::files::account();
    let mut import = Box::pin(house.sends_statement(&of, "mt940", bytes));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(700), &mut import).await;
    assert!(waited.is_err(), "it did not wait for the lock");
    let fee = house.portal.owes(&tests::portal::dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.transfers(30_000, intent["reference"].as_str().unwrap()).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    blocker.batch_execute("commit").await.unwrap();
    import.await.expect(201);
    house.imports("mt940", &day()).await;
    assert_eq!(in_transit(&house).await, 0);
    house.close().await;
}

/// A day on which the provider keeps more than it took is owed to it; the bank's debit clears it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_below_zero_is_cleared_by_the_banks_debit() {
    let house = with_payouts().await;
    house.sends_settlement(vnpay_file(&[Row::new("Phí", "14", -15_000, 0)])).await.expect(201);
    assert_eq!(in_transit(&house).await, -15_000);
    let text = house.payout(&day()).await["content"].clone();
    for amount in [15_001, 15_000] {
        let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
        house.bank_sim("bank/transfer", how).await;
    }
    house.imports("camt053_v8", &day()).await;
    assert_eq!(house.ask(CLAIMS).await, "settlement -15000");
    assert_eq!((stands(&house, CLEARING).await, in_transit(&house).await, stands(&house, FEE).await), (0, 0, 15_000));
    assert_eq!(cases(&house).await, "unidentified -15001", "one of another amount is nobody's");
    house.close().await;
}
