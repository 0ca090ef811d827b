//! Where people say which line is whose, or hold it.

use super::*;

/// Two payers' money without a line, and two lines of nobody, when the days are over: the open cases of each.
async fn two_of_each(house: &House) -> (Vec<Value>, Vec<Value>) {
    for _ in 0..2 {
        let (_, code) = asked(house, AMOUNT).await;
        told(house, day(1), AMOUNT, "", &code).await;
    }
    stated(house, day(1), 0, &[(AMOUNT, "FT1", STRANGER), (AMOUNT, "FT2", STRANGER)]).await;
    stated(house, day(8), 2 * AMOUNT, &[]).await;
    let cases_of = async |kind: &str| {
        let path = format!("/v1/cases?status=open&kind={kind}");
        house.staff.get(&path).await.expect(200)["data"].as_array().unwrap().clone()
    };
    (cases_of("missing_at_provider").await, cases_of("unidentified").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_payers_and_two_lines_that_name_neither_people_say_which_is_whose() {
    let house = house().await;
    let approver = second_person(&house).await;
    for _ in 0..2 {
        let (_, code) = asked(&house, AMOUNT).await;
        told(&house, day(1), AMOUNT, "", &code).await;
    }
    stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER), (AMOUNT, "FT2", STRANGER)]).await;
    stated(&house, day(9), 2 * AMOUNT, &[]).await;
    let open = "missing_at_provider missing_at_provider unidentified unidentified";
    assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("4", open));
    let of_kind = async |kind: &str| {
        let path = format!("/v1/cases?status=open&kind={kind}");
        house.staff.get(&path).await.expect(200)["data"][0].clone()
    };
    let (missing, line) = (of_kind("missing_at_provider").await, of_kind("unidentified").await);
    let path = |case: &Value| format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
    let accept = json!({"action": "accept_difference", "note": "x"});
    assert_eq!(house.staff.post(&path(&missing), accept).await.refused(409), "case_money_waits");
    let same =
        |payment: &Value| json!({"action": "same_movement", "payment_id": payment, "note": "Ngân hàng xác nhận"});
    for (case, payment) in [(&missing, &missing["payment_id"]), (&line, &line["payment_id"]), (&missing, &json!("x"))] {
        assert_eq!(house.staff.post(&path(case), same(payment)).await.refused(422), "validation_failed");
    }
    // nobody knows yet whose the line is: who sees one of those on the account does not say that it is theirs
    house.had_account_of(OWN, tests::OTHER_BENEFICIARY).await;
    let of_17 = staff_of(&house, "ke-toan-17", tests::BENEFICIARY).await;
    assert_eq!(of_17.post(&path(&missing), same(&line["payment_id"])).await.refused(403), "scope_missing");
    let proposed = house.staff.post(&path(&missing), same(&line["payment_id"])).await.expect(201);
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    assert_eq!(house.staff.post(&approve, json!({})).await.refused(403), "same_person");
    approver.post(&approve, json!({})).await.expect(200);
    let missing_of = "select p.amount - p.reversed || ' ' || k.rule from assurance.payment p join assurance.match k using (payment_id)";
    let told = missing["payment_id"].as_str().unwrap();
    assert_eq!(house.ask(&format!("{missing_of} where payment_id = '{told}'")).await, format!("{AMOUNT} only_one"));
    // the other pair is the last one
    stated(&house, day(10), 2 * AMOUNT, &[]).await;
    assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("2", ""));
    assert_eq!(
        (standing(&house, "in_transit").await, standing(&house, "suspense").await),
        (String::new(), String::new())
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_which_somebody_wants_to_give_money_back_is_nobody_elses_until_that_is_decided() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (missing, lines) = two_of_each(&house).await;
    let path = |case: &Value| format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
    let same = |line: &Value| json!({"action": "same_movement", "payment_id": line["payment_id"], "note": "Ngân hàng xác nhận"});
    let approves = async |proposed: &Value| {
        approver.post(&format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap()), json!({})).await
    };
    let wants_back = async |line: &Value, amount: i64| {
        let body = json!({
            "lines": [{"amount": amount}], "then": "close", "reason_code": "nop_hai_lan", "refundable_amount": AMOUNT,
            "payer_account": {"bank_bin": "970436", "account_number": "0071001104999", "account_name": "NGUYEN THI KIN"}
        });
        house
            .staff
            .post(&format!("/v1/payments/{}/refunds", line["payment_id"].as_str().unwrap()), body)
            .await
            .expect(201)
    };
    // proposed before, and between the proposal and its approval
    let first = wants_back(&lines[0], 1_000).await;
    assert_eq!(house.staff.post(&path(&missing[0]), same(&lines[0])).await.refused(422), "validation_failed");
    let between = house.staff.post(&path(&missing[0]), same(&lines[1])).await.expect(201);
    let second = wants_back(&lines[1], AMOUNT).await;
    assert_eq!(approves(&between).await.refused(409), "approval_stale");
    // nor does a file decide it: of the other pair the line is the only one
    let reject = |refund: &Value| format!("/v1/approvals/{}/reject", refund["approval_id"].as_str().unwrap());
    approver.post(&reject(&second), json!({"note": "x"})).await.expect(200);
    let between = house.staff.post(&path(&missing[0]), same(&lines[1])).await.expect(201);
    approves(&between).await.expect(200);
    stated(&house, day(9), 2 * AMOUNT, &[]).await;
    assert_eq!(cases(&house).await, "missing_at_provider unidentified");
    approver.post(&reject(&first), json!({"note": "x"})).await.expect(200);
    stated(&house, day(10), 2 * AMOUNT, &[]).await;
    assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("2", ""));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_closes_the_case_of_a_report_that_waits_ends_its_waiting() {
    let house = house().await;
    let (intent, code) = asked(&house, AMOUNT).await;
    stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER), (AMOUNT, "FT2", STRANGER)]).await;
    told(&house, day(1), AMOUNT, "", &code).await;
    let case = house.staff.get("/v1/cases?kind=possible_same_movement").await.expect(200)["data"][0].clone();
    let path = format!("/v1/cases/{}/resolutions", case["id"].as_str().unwrap());
    let accepted = json!({"action": "accept_difference", "note": "Đã hỏi ngân hàng"});
    let proposed = house.staff.post(&path, accepted).await.expect(201);
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    second_person(&house).await.post(&approve, json!({})).await.expect(200);
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("2", "unidentified unidentified"));
    assert_eq!((house.ask(WAITING).await.as_str(), status(&house, &intent).await.as_str()), ("0", "open"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_teller_that_is_found_to_number_for_itself_has_told_of_the_line_once_two_persons_say_so() {
    let house = house().await;
    let (_, code) = asked(&house, AMOUNT).await;
    told(&house, day(1), AMOUNT, "SP770001", &code).await;
    stated(&house, day(1), 0, &[(AMOUNT, "FT1", STRANGER)]).await;
    stated(&house, day(9), AMOUNT, &[]).await;
    assert_eq!(cases(&house).await, "missing_at_provider unidentified");
    let of_kind = async |kind: &str| {
        house.staff.get(&format!("/v1/cases?status=open&kind={kind}")).await.expect(200)["data"][0].clone()
    };
    let (missing, line) = (of_kind("missing_at_provider").await, of_kind("unidentified").await);
    let path = format!("/v1/cases/{}/resolutions", missing["id"].as_str().unwrap());
    let same = json!({"action": "same_movement", "payment_id": line["payment_id"], "note": "SePay tự đánh số"});
    assert_eq!(
        house.staff.post(&path, same.clone()).await.refused(422),
        "validation_failed",
        "the bank's own numbers differ"
    );
    house
        .ask(&format!("update receiving_account set own_numbering = array['sepay'] where account_number = '{OWN}'"))
        .await;
    let proposed = house.staff.post(&path, same).await.expect(201);
    let approve = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
    second_person(&house).await.post(&approve, json!({})).await.expect(200);
    assert_eq!((house.ask(STANDING).await.as_str(), cases(&house).await.as_str()), ("1", ""));
    assert_eq!(
        (standing(&house, "in_transit").await, standing(&house, "suspense").await),
        (String::new(), String::new())
    );
    house.close().await;
}

/// The transfer of a refund that was given up may have been made all the same: its debit would be of a payment that is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_which_money_may_have_left_is_no_payment_that_could_be_given_back_whole() {
    let house = house().await;
    let approver = second_person(&house).await;
    let (missing, lines) = two_of_each(&house).await;
    let approves = async |proposed: &Value| {
        let path = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        approver.post(&path, json!({})).await.expect(200)
    };
    let body = json!({
        "lines": [{"amount": 1_000}], "then": "close", "reason_code": "nop_hai_lan", "refundable_amount": AMOUNT,
        "payer_account": {"bank_bin": "970436", "account_number": "0071001104999", "account_name": "NGUYEN THI KIN"}
    });
    let path = format!("/v1/payments/{}/refunds", lines[0]["payment_id"].as_str().unwrap());
    let refund = house.staff.post(&path, body).await.expect(201);
    approves(&refund).await;
    house.drain().await;
    house.staff.post(&format!("/v1/refunds/{}/cancel", refund["id"].as_str().unwrap()), json!({})).await.expect(200);
    let path = format!("/v1/cases/{}/resolutions", missing[0]["id"].as_str().unwrap());
    let same = |line: &Value| json!({"action": "same_movement", "payment_id": line["payment_id"], "note": "x"});
    assert_eq!(house.staff.post(&path, same(&lines[0])).await.refused(422), "validation_failed");
    approves(&house.staff.post(&path, same(&lines[1])).await.expect(201)).await;
    stated(&house, day(9), 2 * AMOUNT, &[]).await;
    assert_eq!(cases(&house).await, "missing_at_provider unidentified", "nor does a file say so");
    house.close().await;
}
