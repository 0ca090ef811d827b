//! Remittances to the treasury: from money that stood on a bank account, each đồng once, by two persons' word, and known to have
//! left only when a statement shows the debit.

use crate::refunds::{approves, becomes, id, payment_of, proposes, second_person, whole};
use serde_json::{Value, json};
use tests::bank::ACCOUNT;
use tests::barrier::{Request, at_once};
use tests::files::{account, today};
use tests::portal::{Answered, dossier, fresh};
use tests::{BENEFICIARY, House};

pub const FEE: &str = "CT-BANSAO";
pub const CHARGE: &str = "HT-KHAISINH";
const LINES: &str =
    "select coalesce(string_agg(amount::text, ' ' order by allocation_id), '') from assurance.remittance_line
    where live";
const REMITTED: &str =
    "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code = 'remitted:H38.17-KB'";
const CASES: &str = "select coalesce(string_agg(kind || ' ' || amount, ', ' order by kind), '') from assurance.kase where status = 'open'";

fn rule(change: Value) -> Value {
    let mut body = json!({
        "valid_from": "2026-01-01", "retained_ppm": 0, "rounding": "down", "period": "monthly", "due_by": "day", "due_n": 5,
        "chapter": "805", "sub_item": "2716", "area": "15001", "unit": "1051720", "account_code": account(),
        "treasury": "Kho bạc Nhà nước khu vực VIII (mẫu)", "treasury_bank_bin": "970409",
        "treasury_account": "3511.0.1051720", "treasury_account_name": "Tài khoản phí chờ nộp ngân sách (mẫu)",
        "legal_basis": "Thông tư mẫu",
    });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

pub async fn sets(house: &House, fee: &str, change: Value) -> Answered {
    house.staff.put(&format!("/v1/remittance-rules/{BENEFICIARY}/{fee}"), rule(change)).await
}

fn asks(period: &str) -> Value {
    json!({"beneficiary_code": BENEFICIARY, "period": period, "day": today()})
}

async fn prepares(house: &House, period: &str) -> Answered {
    house.staff.post("/v1/remittances", asks(period)).await
}

/// Of what was prepared, the only one.
fn only(answer: Answered) -> Value {
    let all = answer.expect(201)["data"].as_array().unwrap().clone();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

async fn approval(house: &House, remittance: &Value) -> Value {
    let path = "/v1/approvals?kind=remittance";
    let all = house.staff.get(path).await.expect(200);
    let of = |a: &&Value| a["subject"] == remittance["id"];
    json!({"approval_id": all["data"].as_array().unwrap().iter().find(of).expect("it waits")["id"]})
}

async fn shown(house: &House, remittance: &Value) -> Value {
    house.staff.get(&format!("/v1/remittances/{}", id(remittance))).await.expect(200)
}

pub async fn leaves(house: &House, amount: i64, text: &str) {
    let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
    house.bank_sim("bank/transfer", how).await;
}

/// A fee that is paid by transfer: the fee and its payment.
pub async fn pays(house: &House, fee: &str, amount: i64) -> (Value, Value) {
    let owed = house.portal.owes(&dossier(), amount, json!({"fee_code": fee})).await;
    let intent = house.portal.opens(&[&owed]).await;
    let qr = house.at_the_bank(&intent).await;
    house.transfers(amount, qr["action"]["transfer_content"].as_str().unwrap()).await;
    let payment = payment_of(house, &intent).await;
    (owed, payment)
}

pub async fn statement(house: &House) {
    house.imports("mt940", &today().to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_months_fees_are_remitted_less_what_is_kept_once_and_end_with_their_debit() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    sets(&house, FEE, json!({"retained_ppm": 400_000})).await.expect(200);
    sets(&house, CHARGE, json!({"sub_item": "2771"})).await.expect(200);
    pays(&house, FEE, 21_001).await;
    pays(&house, FEE, 10_000).await;
    pays(&house, CHARGE, 8_000).await;
    // a provider holds this one still, and nobody says what becomes of that fee
    let held = house.portal.owes(&dossier(), 50_000, json!({"fee_code": FEE})).await;
    let at_vnpay = house.at_vnpay(&house.portal.opens(&[&held]).await).await;
    house.pays(&at_vnpay, json!({})).await;
    pays(&house, "CT-KHAC", 5_000).await;
    assert_eq!(prepares(&house, "monthly").await.refused(409), "nothing_to_remit", "no statement shows any of it");
    statement(&house).await;
    assert_eq!(prepares(&house, "weekly").await.refused(409), "nothing_to_remit", "they are remitted by month");

    let prepared = only(prepares(&house, "monthly").await);
    // 31,001 less 40 %, of which the budget has the rest of a đồng
    assert_eq!(
        (&prepared["amount"], &prepared["status"]),
        (&json!(18_601 + 8_000), &json!("prepared")),
        "{prepared:#}"
    );
    let says = |i: usize, name: &str| prepared["items"][i][name].clone();
    let names = ["sub_item", "collected", "retained", "carried", "amount"];
    assert_eq!(names.map(|n| says(0, n)), [json!("2716"), json!(31_001), json!(12_400), json!(0), json!(18_601)]);
    assert_eq!(names.map(|n| says(1, n)), [json!("2771"), json!(8_000), json!(0), json!(0), json!(8_000)]);
    assert_eq!(house.ask(LINES).await, "21001 10000 8000");
    assert_eq!(prepares(&house, "monthly").await.refused(409), "period_prepared");
    assert_eq!(sets(&house, FEE, json!({})).await.refused(409), "rule_stands");

    let waits = approval(&house, &prepared).await;
    assert_eq!(approves(&house.staff, &waits).await.refused(403), "same_person");
    approves(&approver, &waits).await.expect(200);
    assert_eq!(shown(&house, &prepared).await["status"], "instructed");
    let text = prepared["transfer_text"].as_str().unwrap();
    for amount in [18_601, 26_601, 26_601] {
        leaves(&house, amount, text).await;
    }
    statement(&house).await;
    let paid = shown(&house, &prepared).await;
    assert_eq!((&paid["status"], paid["movement_id"].is_string()), (&json!("paid"), true));
    assert_eq!(house.ask(REMITTED).await, "26601");
    assert_eq!(house.ask(CASES).await, "amount_differs -18601, duplicate_payment -26601");
    let cancel = format!("/v1/remittances/{}/cancel", id(&prepared));
    assert_eq!(house.staff.post(&cancel, json!({})).await.refused(409), "remittance_not_cancellable");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_after_its_remittance_makes_the_next_one_less_and_none_is_below_zero() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    sets(&house, FEE, json!({"retained_ppm": 500_000})).await.expect(200);
    let (fee, payment) = pays(&house, FEE, 21_000).await;
    statement(&house).await;
    let first = only(prepares(&house, "monthly").await);
    approves(&approver, &approval(&house, &first).await).await.expect(200);
    leaves(&house, 10_500, first["transfer_text"].as_str().unwrap()).await;
    statement(&house).await;
    assert_eq!(shown(&house, &first).await["status"], "paid");

    // by week from now on, and nothing of it is kept
    sets(&house, FEE, json!({"valid_from": today(), "period": "weekly", "due_n": 4})).await.expect(200);
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &refund).await.expect(200);
    becomes(&house, &refund, "awaiting_statement").await;
    pays(&house, FEE, 8_000).await;
    statement(&house).await;
    assert_eq!(prepares(&house, "weekly").await.refused(409), "nothing_to_remit", "2,500 too much were remitted");
    pays(&house, FEE, 6_000).await;
    statement(&house).await;
    let next = only(prepares(&house, "weekly").await);
    assert_eq!(next["amount"], 3_500, "{next:#}");
    let items = next["items"].as_array().unwrap();
    let carried: Vec<i64> = items.iter().map(|i| i["carried"].as_i64().unwrap()).collect();
    let retained: Vec<i64> = items.iter().map(|i| i["retained"].as_i64().unwrap()).collect();
    assert_eq!((carried, retained), (vec![10_500, -10_500], vec![-10_500, 0]));
    // given up, all of it may be remitted again
    house.staff.post(&format!("/v1/remittances/{}/cancel", id(&next)), json!({})).await.expect(200);
    assert_eq!(house.ask(LINES).await, "21000");
    assert_eq!(only(prepares(&house, "weekly").await)["amount"], 3_500);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_instructed_of_what_goes_back_meanwhile_and_a_debit_that_nobody_instructed_is_a_case() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    sets(&house, CHARGE, json!({})).await.expect(200);
    let (fee, payment) = pays(&house, CHARGE, 8_000).await;
    pays(&house, CHARGE, 9_000).await;
    statement(&house).await;
    let first = only(prepares(&house, "monthly").await);
    assert_eq!(first["amount"], 17_000);
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &refund).await.expect(200);
    let waits = approval(&house, &first).await;
    assert_eq!(approves(&approver, &waits).await.refused(409), "approval_stale");
    assert_eq!(shown(&house, &first).await["status"], "cancelled");
    let second = only(prepares(&house, "monthly").await);
    assert_eq!(second["amount"], 9_000);
    // somebody transfers both before anybody said yes
    leaves(&house, 17_000, first["transfer_text"].as_str().unwrap()).await;
    leaves(&house, 9_000, second["transfer_text"].as_str().unwrap()).await;
    statement(&house).await;
    assert_eq!(shown(&house, &second).await["status"], "prepared");
    assert_eq!(house.ask(CASES).await, "status_differs -17000, status_differs -9000");
    assert_eq!(house.ask(REMITTED).await, "0");
    // what has left already nobody is sent to transfer: not by a yes that came too late, nor by another remittance
    let waits = approval(&house, &second).await;
    assert_eq!(approves(&approver, &waits).await.refused(409), "approval_stale");
    assert_eq!(shown(&house, &second).await["status"], "cancelled");
    assert_eq!(prepares(&house, "monthly").await.refused(409), "period_in_matching");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_that_prepare_a_period_at_once_one_does_and_it_waits_for_a_booking_under_way() {
    let house = House::with_bank().await;
    sets(&house, CHARGE, json!({})).await.expect(200);
    pays(&house, CHARGE, 8_000).await;
    statement(&house).await;
    // somebody books on a day of the account, and has not committed
    let booking = house.database.connect("motlan_superuser").await;
    let scope = format!("bank:{}", account());
    booking.batch_execute(&format!("begin; select open_day('{scope}', '{}')", today())).await.unwrap();
    let send = || Request::post(&house.staff, "/v1/remittances", &format!("key-{}", fresh()), &asks("monthly"));
    let ten = tokio::spawn(at_once((0..10).map(|_| send()).collect()));
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while house.ask(waiting).await == "0" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(house.ask("select count(*) from assurance.remittance").await, "0");
    booking.batch_execute("commit").await.unwrap();
    let answers = ten.await.unwrap();
    let made = answers.iter().filter(|a| a.status == 201).count();
    assert_eq!((made, answers.iter().filter(|a| a.json["code"] == "period_prepared").count()), (1, 9), "{answers:?}");
    assert_eq!(house.ask(LINES).await, "8000");
    house.close().await;
}
