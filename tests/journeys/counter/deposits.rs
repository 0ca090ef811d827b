//! A drawer's deposit is never a payment: its credit is matched to it by the slip.

use super::{owes, receipt, status};
use crate::refunds::{proposes, second_person, whole};
use serde_json::{Value, json};
use tests::bank::{ACCOUNT, SEPAY};
use tests::counter::COUNTER;
use tests::files::{Line, account, mt940, today};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

const OPEN_CASES: &str = "select coalesce(string_agg(kind || ' ' || amount, ', ' order by kind, amount), '') from assurance.kase where status <> 'closed'";
const CLAIMS: &str =
    "select coalesce(string_agg(contra_account || ' ' || amount || ' ' || rule, ', ' order by amount), '')
    from assurance.match where deposit_id is not null";
/// Payments of a bank account that stand.
const CREDITS: &str = "select count(*) from payment where receiving_account is not null and reversed < amount";

async fn cash(house: &House, amount: i64) -> Value {
    let fee = owes(house, amount).await;
    house.takes_cash(&[&fee], amount, &receipt()).await.expect(201)
}

async fn statement(house: &House, opening: i64, lines: &[Line<'_>]) -> Value {
    let file = mt940(ACCOUNT, today(), opening, lines);
    let answer = house.sends_statement(&account(), "mt940", file).await.expect(201);
    house.drain().await;
    answer
}

async fn everything_is_at_the_bank(house: &House, amount: i64) {
    assert_eq!((house.stands_at("drawer:quay-1").await, house.drawer().await), (0, 0));
    assert_eq!(house.stands_at(&format!("in_transit:{}", account())).await, 0);
    assert_eq!(house.stands_at("suspense:unidentified").await, 0);
    assert_eq!(house.ask(CLAIMS).await, format!("deposit {amount} deposit_slip"));
    assert_eq!(house.ask(CREDITS).await, "0", "a deposit is never a payment");
    assert_eq!(house.ask(OPEN_CASES).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_takes_cash_out_of_the_drawer_once_and_no_more_than_it_holds() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    let refused = house.deposits(50_001, "PGN-000001").await;
    assert_eq!(refused.json["drawer"], 50_000, "{}", refused.text);
    assert_eq!(refused.refused(409), "drawer_short");
    for slip in ["12345", "NOPTIEN", ""] {
        let refused = house.deposits(1_000, slip).await;
        assert_eq!(refused.json["errors"][0]["pointer"], "/slip_ref", "{}", refused.text);
    }
    let first = house.deposits(20_000, "PGN-000001").await.expect(201);
    assert_eq!(
        (&first["drawer"], &first["account_code"], &first["movement_id"]),
        (&json!(30_000), &json!(account()), &Value::Null)
    );
    let again = house.deposits(20_000, "PGN 000001").await.expect(200);
    assert_eq!(again["id"], first["id"], "the same slip, typed otherwise");
    assert_eq!(house.deposits(30_000, "PGN-000001").await.refused(409), "slip_used");
    let elsewhere = json!({"amount": 20_000, "slip_ref": "PGN-000001"});
    assert_eq!(house.staff.post("/v1/counters/quay-2/deposits", elsewhere).await.refused(409), "slip_used");
    assert_eq!(house.drawer().await, 30_000);
    assert_eq!(house.stands_at(&format!("in_transit:{}", account())).await, 20_000);
    let shown = house.staff.get("/v1/counters/quay-1").await.expect(200);
    assert_eq!((&shown["today"]["deposited"], &shown["deposits"][0]["id"]), (&json!(20_000), &first["id"]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credit_of_a_deposit_is_known_by_its_slip_in_mt940() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    let deposit = house.deposits(50_000, "PGN-000002").await.expect(201);
    let answer = statement(&house, 0, &[(50_000, "FT1", "NOP TIEN MAT PGN\r\n-000002 QUAY MOT CUA")]).await;
    assert_eq!(answer["matched"], 1, "{answer}");
    everything_is_at_the_bank(&house, 50_000).await;
    let shown = house.staff.get("/v1/counters/quay-1").await.expect(200);
    assert_eq!(shown["deposits"][0]["id"], deposit["id"]);
    assert!(shown["deposits"][0]["movement_id"].as_str().is_some_and(|id| id.starts_with("mov_")), "{shown}");
    let close = format!("/v1/reconciliation/{}/close?account={}", today(), account());
    house.staff.post(&close, json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credit_of_a_deposit_is_known_by_its_slip_in_camt_and_nobody_who_tells_makes_it_a_payment() {
    let house = House::with_counters(true).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "PGN-000003").await.expect(201);
    house.transfers(50_000, "Nop tien mat PGN-000003 quay mot cua").await;
    assert_eq!(house.ask(CREDITS).await, "0", "tellers said it, and it is none");
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    everything_is_at_the_bank(&house, 50_000).await;
    // the same day in another format brings nothing new
    house.imports("mt940", &today().to_string()).await;
    house.drain().await;
    everything_is_at_the_bank(&house, 50_000).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_a_statement_showed_before_its_deposit_was_declared_is_no_payment_after_all() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    statement(&house, 0, &[(50_000, "FT1", "NOP TIEN MAT PGN-000004")]).await;
    assert_eq!((house.ask(CREDITS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("1", "unidentified 50000"));
    house.deposits(50_000, "PGN-000004").await.expect(201);
    house.drain().await;
    everything_is_at_the_bank(&house, 50_000).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_noted_of_a_deposits_credits_is_kept_until_it_has_its_own() {
    let house = House::with_counters(false).await;
    cash(&house, 90_000).await;
    let noted = "select coalesce(string_agg(d.amount::text, ' ' order by d.amount), '')
        from deposit_credit c join deposit d on d.id = c.deposit_id";
    house.deposits(50_000, "PGN-000031").await.expect(201);
    house.deposits(40_000, "PGN-000032").await.expect(201);
    // two credits with one slip are nobody's
    let lines = [(50_000, "FT1", "PGN-000031"), (40_000, "FT2", "PGN-000032"), (40_000, "FT3", "PGN-000032")];
    statement(&house, 0, &lines).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 50000 deposit_slip");
    assert_eq!(house.ask(noted).await, "40000 40000");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_somebody_told_of_before_its_deposit_was_declared_is_no_payment_after_all() {
    let house = House::with_counters(true).await;
    house.only_tells(SEPAY).await;
    cash(&house, 50_000).await;
    house.transfers(50_000, "Nop tien mat PGN-000005").await;
    assert_eq!((house.ask(CREDITS).await.as_str(), house.ask(OPEN_CASES).await.as_str()), ("1", "unidentified 50000"));
    house.deposits(50_000, "PGN-000005").await.expect(201);
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    everything_is_at_the_bank(&house, 50_000).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_people_have_placed_is_not_taken_for_a_deposit() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    let debt = owes(&house, 50_000).await;
    statement(&house, 0, &[(50_000, "FT1", "NOP TIEN MAT PGN-000006")]).await;
    let case = house.ask("select case_id from assurance.kase where kind = 'unidentified'").await;
    let body = json!({"action": "assign_to_obligations", "obligation_ids": [debt["id"]], "note": "đúng người nộp"});
    let proposed = house.staff.post(&format!("/v1/cases/{case}/resolutions"), body).await.expect(201);
    let second = crate::refunds::second_person(&house).await;
    crate::refunds::approves(&second, &proposed).await.expect(200);
    house.deposits(50_000, "PGN-000006").await.expect(201);
    house.drain().await;
    assert_eq!((status(&house, &debt).await.as_str(), house.ask(CREDITS).await.as_str()), ("paid", "1"));
    assert_eq!(house.ask(CLAIMS).await, "", "a person looks");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_with_the_slip_and_another_amount_is_the_deposit_and_a_case() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    let deposit = house.deposits(50_000, "PGN-000007").await.expect(201);
    statement(&house, 0, &[(49_000, "FT1", "NOP TIEN MAT PGN-000007")]).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 49000 slip_other_amount");
    assert_eq!(
        (house.ask(CREDITS).await.as_str(), house.ask(OPEN_CASES).await.as_str()),
        ("0", "amount_differs -1000")
    );
    assert_eq!(house.ask("select subject_id from assurance.kase").await, deposit["id"].as_str().unwrap());
    assert_eq!(house.stands_at(&format!("in_transit:{}", account())).await, 0, "no line will come for it");
    assert_eq!(house.stands_at("suspense:amount_differs").await, 1_000, "what the bank did not count");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bank_counted_otherwise_and_credits_later_comes_to_nothing_by_two_persons() {
    let house = House::with_counters(false).await;
    let second = crate::refunds::second_person(&house).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "PGN-000017").await.expect(201);
    statement(&house, 0, &[(49_000, "FT1", "NOP TIEN MAT PGN-000017")]).await;
    statement(&house, 49_000, &[(1_000, "FT2", "BO SUNG KIEM DEM PGN-000017")]).await;
    assert_eq!(house.ask(OPEN_CASES).await, "amount_differs -1000, unidentified 1000");
    let mut written_off = Vec::new();
    for kind in ["amount_differs", "unidentified"] {
        let case = house.staff.get(&format!("/v1/cases?status=open&kind={kind}")).await.expect(200)["data"][0].clone();
        let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
        let accept = json!({"action": "accept_difference", "note": "Kiểm đếm lại"});
        assert_eq!(house.staff.post(&path, accept).await.refused(409), "case_money_waits", "{kind}");
        let give_up = json!({"action": "write_off", "reason_code": "kiem_dem", "note": "Ngân hàng đã ghi có bổ sung"});
        let proposed = house.staff.post(&path, give_up).await.expect(201);
        crate::refunds::approves(&second, &proposed).await.expect(200);
        written_off.push(house.stands_at("written_off").await);
    }
    assert_eq!(written_off, [1_000, 0], "the loss, and then nothing");
    for account in ["suspense:amount_differs", "suspense:unidentified", &format!("in_transit:{}", account())] {
        assert_eq!(house.stands_at(account).await, 0, "{account}");
    }
    assert_eq!((house.ask(OPEN_CASES).await.as_str(), house.ask(CREDITS).await.as_str()), ("", "1"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_that_the_bank_counted_otherwise_is_no_payment_whoever_tells_of_it_and_when() {
    let house = House::with_counters(true).await;
    cash(&house, 150_000).await;
    let debt = owes(&house, 49_000).await;
    // first the statement, then a listing, with the slip and without
    house.tellers_are_lost().await;
    for (slip, text) in [("PGN-000020", "Nop tien mat PGN-000020"), ("PGN-000021", "PGN-000021")] {
        house.deposits(50_000, slip).await.expect(201);
        house.transfers(49_000, text).await;
    }
    house.imports("camt053_v8", &today().to_string()).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 49000 slip_other_amount, deposit 49000 slip_other_amount");
    house.bank_as_usual().await;
    house.listings_are_due().await;
    house.drain().await;
    let listed = "select count(*) from assurance.sighting where source like 'listing:%'";
    assert_eq!(
        (house.ask(CREDITS).await.as_str(), house.ask(listed).await.as_str()),
        ("0", "2"),
        "claimed before it was listed"
    );
    // first a teller, then the statement
    house.only_tells(SEPAY).await;
    house.deposits(50_000, "PGN-000022").await.expect(201);
    house.transfers(48_000, "Nop tien mat PGN-000022").await;
    assert_eq!(house.ask(CREDITS).await, "0", "told before its line came");
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    assert_eq!(house.ask(CREDITS).await, "0");
    assert_eq!(house.ask(OPEN_CASES).await, "amount_differs -2000, amount_differs -1000, amount_differs -1000");
    assert_eq!(status(&house, &debt).await, "due");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_drawers_cash_only_what_the_bank_credited_is_proven() {
    let house = House::with_counters(false).await;
    let (first, second) = (owes(&house, 20_000).await, owes(&house, 30_000).await);
    let older = house.takes_cash(&[&first], 20_000, &receipt()).await.expect(201);
    let newer = house.takes_cash(&[&second], 30_000, &receipt()).await.expect(201);
    house.deposits(50_000, "PGN-000011").await.expect(201);
    let refundable = async |taken: &Value, fee: &Value| {
        let payment = house.staff.get(&format!("/v1/payments/{}", taken["id"].as_str().unwrap())).await.expect(200);
        proposes(&house.staff, &payment, &[whole(fee)], "reopen").await
    };
    // the cash never came: somebody else's transfer names the slip
    statement(&house, 0, &[(1_000, "FT1", "CHUYEN TIEN PGN-000011")]).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 1000 slip_other_amount");
    assert_eq!(refundable(&older, &first).await.refused(409), "credit_not_proven");
    assert_eq!(refundable(&newer, &second).await.refused(409), "credit_not_proven");
    // of what comes later no more is proven than what came, the oldest first; too much at once is nobody's cash
    let third = owes(&house, 19_000).await;
    let last = house.takes_cash(&[&third], 19_000, &receipt()).await.expect(201);
    house.deposits(19_000, "PGN-000012").await.expect(201);
    statement(&house, 1_000, &[(60_000, "FT2", "NOP TIEN MAT PGN-000012")]).await;
    assert_eq!(refundable(&newer, &second).await.refused(409), "credit_not_proven");
    assert_eq!(refundable(&last, &third).await.refused(409), "credit_not_proven");
    refundable(&older, &first).await.expect(201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_of_another_amount_in_whose_text_the_slip_is_no_word_is_a_payers() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "123456").await.expect(201);
    let traces =
        [(7_000, "FT1", "TRACE 99123456 CHUYEN TIEN"), (8_000, "FT2", "GD 12-34/56"), (9_000, "FT3", "SO123456A")];
    let mut before = 0;
    for credit in traces {
        statement(&house, before, &[credit]).await;
        before += credit.0;
    }
    assert_eq!((house.ask(CLAIMS).await.as_str(), house.ask(CREDITS).await.as_str()), ("", "3"));
    assert_eq!(house.ask(OPEN_CASES).await, "unidentified 7000, unidentified 8000, unidentified 9000");
    // of the deposit's own amount it is known, run together with other words as banks do
    statement(&house, 24_000, &[(50_000, "FT4", "NOPTIENMAT123456QUAYMOT")]).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 50000 deposit_slip");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_names_a_reference_or_may_be_either_of_two_is_no_deposit_for_certain() {
    let house = House::with_counters(false).await;
    cash(&house, 150_000).await;
    let fee = owes(&house, 50_000).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.deposits(50_000, "PGN-000008").await.expect(201);
    house.deposits(20_000, "PGN-000009").await.expect(201);
    let named = format!("PGN-000008 {}", intent["reference"].as_str().unwrap());
    let lines = [(50_000, "FT1", named.as_str()), (20_000, "FT2", "PGN-000009"), (20_000, "FT3", "SO PGN-000009")];
    statement(&house, 0, &lines).await;
    assert_eq!(status(&house, &fee).await, "paid", "a payer's transfer, whatever else it says");
    assert_eq!((house.ask(CLAIMS).await.as_str(), house.ask(CREDITS).await.as_str()), ("", "3"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_whose_credit_never_comes_is_a_case_until_it_comes() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    let deposit = house.deposits(50_000, "PGN-000010").await.expect(201);
    // statements show ten days since
    house.ask("update deposit set business_date = business_date - 10").await;
    for back in (0..=10_i64).rev() {
        let day = today().saturating_sub(jiff::Span::new().days(back));
        house.sends_statement(&account(), "mt940", mt940(ACCOUNT, day, 0, &[])).await.expect(201);
    }
    house.drain().await;
    assert_eq!(house.ask(OPEN_CASES).await, "missing_at_provider 50000");
    assert_eq!(house.ask("select subject_id from assurance.kase").await, deposit["id"].as_str().unwrap());
    // told once, however often it is looked at
    house
        .sends_statement(&account(), "mt940", mt940(ACCOUNT, today(), 0, &[(1, "FT0", "x"), (-1, "FT00", "x")]))
        .await
        .expect(201);
    house.drain().await;
    let told = "select count(*) from assurance.kase where kind = 'missing_at_provider'";
    assert_eq!(house.ask(told).await, "1");
    let late = mt940(ACCOUNT, today(), 0, &[(50_000, "FT1", "NOP TIEN PGN-000010")]);
    house.sends_statement(&account(), "mt940", late).await.expect(201);
    house.drain().await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 50000 deposit_slip");
    assert_eq!(
        house
            .ask("select count(*) from assurance.kase where kind = 'missing_at_provider' and status <> 'closed'")
            .await,
        "0"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deposits_that_never_find_their_credit_hide_no_later_one() {
    let house = House::with_counters(false).await;
    cash(&house, 2_000_000).await;
    for n in 0..501 {
        house.deposits(1_000, &format!("PGN-1{n:05}")).await.expect(201);
    }
    house.drain().await;
    let last = house.deposits(40_000, "PGN-200000").await.expect(201);
    statement(&house, 0, &[(40_000, "FT1", "NOP TIEN PGN-200000")]).await;
    assert_eq!(house.ask(CLAIMS).await, "deposit 40000 deposit_slip", "{last}");
    // five hundred are of a day that no statement will ever show, the last of one that statements have covered
    house.ask("update deposit set business_date = business_date - 300 where amount = 1000").await;
    house.ask("update deposit set business_date = business_date + 290 where slip_ref = 'PGN-100500'").await;
    for back in (1..=10_i64).rev() {
        let day = today().saturating_sub(jiff::Span::new().days(back));
        house.sends_statement(&account(), "mt940", mt940(ACCOUNT, day, 0, &[])).await.expect(201);
    }
    house.drain().await;
    let told = "select coalesce(string_agg(d.slip_ref, ' '), '') from assurance.kase k
        join assurance.deposit d on d.deposit_id = k.subject_id where k.kind = 'missing_at_provider'";
    assert_eq!(house.ask(told).await, "PGN-100500");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_look_at_once_for_what_never_came_one_tells_of_it() {
    let house = House::with_counters(false).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "PGN-000030").await.expect(201);
    for back in (0..=10_i64).rev() {
        let day = today().saturating_sub(jiff::Span::new().days(back));
        house.sends_statement(&account(), "mt940", mt940(ACCOUNT, day, 0, &[])).await.expect(201);
    }
    let code = domain::codes::AccountCode::new(account()).unwrap();
    for round in 1..=10 {
        // statements show ten days since, from now on
        house.ask(&format!("update deposit set business_date = '{}'::date - 10", today())).await;
        let now = jiff::Timestamp::now();
        let looks = (0..8).map(|_| payments::match_movements::match_account(&house.gateway.ctx, &code, now));
        for looked in futures_util::future::join_all(looks).await {
            looked.unwrap();
        }
        let told = "select count(*) from assurance.kase where kind = 'missing_at_provider'";
        assert_eq!(house.ask(told).await, "1", "round {round}");
        house.ask("set session_replication_role = replica; delete from kase").await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_shared_drawer_lacks_at_the_bank_is_for_those_who_see_all_of_the_drawer() {
    let house = House::with_counters(false).await;
    house.sets_up(COUNTER, &[BENEFICIARY, OTHER_BENEFICIARY]).await;
    let of_account = house.person_of("ke-toan-1", BENEFICIARY).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "PGN-000031").await.expect(201);
    statement(&house, 0, &[(49_000, "FT1", "NOP TIEN MAT PGN-000031")]).await;
    let case = house.staff.get("/v1/cases?status=open&kind=amount_differs").await.expect(200)["data"][0].clone();
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let accept = json!({"action": "write_off", "reason_code": "kiem_dem", "note": "Kiem dem lai"});
    assert_eq!(of_account.get(&path).await.refused(404), "not_found");
    let listed = of_account.get("/v1/cases?status=open&kind=amount_differs").await.expect(200);
    assert_eq!(listed["data"], json!([]));
    assert_eq!(of_account.post(&format!("{path}/resolutions"), accept.clone()).await.refused(404), "not_found");
    house.staff.post(&format!("{path}/resolutions"), accept).await.expect(201);
    let decides = house.staff.get("/v1/approvals?status=pending").await.expect(200)["data"][0]["beneficiaries"].clone();
    assert_eq!(decides, json!([BENEFICIARY, OTHER_BENEFICIARY]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_decides_about_a_drawers_deposit_sees_all_whom_the_drawer_concerns_by_then() {
    let house = House::with_counters(false).await;
    house.sets_up(COUNTER, &[BENEFICIARY]).await;
    let accountant = house.person_of("ke-toan-1", BENEFICIARY).await;
    let approver = house.person_of("duyet-1", BENEFICIARY).await;
    let of_all = second_person(&house).await;
    cash(&house, 50_000).await;
    house.deposits(50_000, "PGN-000041").await.expect(201);
    statement(&house, 0, &[(49_000, "FT1", "NOP TIEN MAT PGN-000041")]).await;
    let case = house.staff.get("/v1/cases?status=open&kind=amount_differs").await.expect(200)["data"][0].clone();
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let give_up = json!({"action": "write_off", "reason_code": "kiem_dem", "note": "Kiểm đếm lại"});
    let proposal = accountant.post(&format!("{path}/resolutions"), give_up.clone()).await.expect(201);
    let decide = format!("/v1/approvals/{}", proposal["approval_id"].as_str().unwrap());
    // another beneficiary's cash may be in the drawer from now on
    house.sets_up(COUNTER, &[BENEFICIARY, OTHER_BENEFICIARY]).await;
    for word in ["approve", "reject"] {
        assert_eq!(approver.post(&format!("{decide}/{word}"), json!({})).await.refused(404), "not_found");
    }
    // nor is it shown to who may not decide it
    assert_eq!(approver.get(&decide).await.refused(404), "not_found");
    assert_eq!(approver.get("/v1/approvals?status=pending").await.expect(200)["data"], json!([]));
    assert_eq!(of_all.get(&decide).await.expect(200)["status"], "pending");
    assert_eq!(of_all.post(&format!("{decide}/approve"), json!({})).await.refused(409), "approval_stale");
    // what has been decided shows as little of the case as the case itself does
    assert_eq!(of_all.get(&decide).await.expect(200)["status"], "withdrawn");
    for narrow in [&approver, &accountant] {
        assert_eq!(narrow.get(&decide).await.refused(404), "not_found");
        assert_eq!(narrow.get("/v1/approvals").await.expect(200)["data"], json!([]));
    }
    assert_eq!(house.staff.get(&path).await.expect(200)["status"], "open");
    assert_eq!(accountant.post(&format!("{path}/resolutions"), give_up.clone()).await.refused(404), "not_found");

    // and the other way about: it is the first one's alone again while somebody's word of both waits
    let proposal = house.staff.post(&format!("{path}/resolutions"), give_up).await.expect(201);
    house.sets_up(COUNTER, &[BENEFICIARY]).await;
    let decide = format!("/v1/approvals/{}", proposal["approval_id"].as_str().unwrap());
    assert_eq!(approver.get(&decide).await.expect(200)["status"], "pending");
    let listed = approver.get("/v1/approvals?status=pending").await.expect(200)["data"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(of_all.post(&format!("{decide}/approve"), json!({})).await.refused(409), "approval_stale");
    assert_eq!(accountant.get(&path).await.expect(200)["status"], "open");
    house.close().await;
}
