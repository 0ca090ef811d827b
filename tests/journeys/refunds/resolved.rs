//! What becomes of a case: one person proposes, another decides.

use super::transfers::{pays_back, statement};
use super::*;
use crate::transfers::words;
use tests::bank::{ACCOUNT, SEPAY_SECRET, webhook};
use tests::portal::fresh;

/// Money that names nothing of ours: its payment, and its case.
async fn stray(house: &House, amount: i64) -> (Value, Value) {
    house.transfers(amount, "ung ho quy khuyen hoc").await;
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let payment = house.staff.get(&format!("/v1/payments/{}", case["payment_id"].as_str().unwrap())).await.expect(200);
    (payment, case)
}

async fn resolves(who: &Portal, case: &Value, body: Value) -> Answered {
    who.post(&format!("/v1/cases/{}/resolutions", id(case)), body).await
}

fn case_status(house: &House, case: &Value) -> impl Future<Output = String> {
    let (staff, path) = (house.staff.clone(), format!("/v1/cases/{}", id(case)));
    async move { staff.get(&path).await.expect(200)["status"].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn stray_money_pays_the_fees_that_two_persons_say_and_the_rest_waits() {
    let house = House::with_bank().await;
    house.hear_events().await;
    let approver = second_person(&house).await;
    let (_, case) = stray(&house, 25_000).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let wanted =
        json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]], "note": "Theo giấy nộp tiền"});
    let proposed = resolves(&house.staff, &case, wanted.clone()).await.expect(201);
    assert_eq!(case_status(&house, &case).await, "proposed");
    assert_eq!(resolves(&house.staff, &case, wanted).await.refused(409), "case_not_open");
    assert_eq!(approves(&house.staff, &proposed).await.refused(403), "same_person");
    approves(&approver, &proposed).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "closed");
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    let open = house.staff.get("/v1/cases?status=open").await.expect(200);
    assert_eq!((&open["data"][0]["kind"], &open["data"][0]["amount"]), (&json!("overpaid"), &json!(4_000)));
    house.drain().await;
    assert!(house.heard().await.iter().any(|e| e["type"] == "obligation.paid"));
    house.close().await;
}

#[tokio::test]
async fn a_rejected_resolution_opens_the_case_again_and_a_fee_paid_meanwhile_makes_it_stale() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (_, case) = stray(&house, 25_000).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let wanted = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    let first = resolves(&house.staff, &case, wanted.clone()).await.expect(201);
    approver
        .post(&format!("/v1/approvals/{}/reject", first["approval_id"].as_str().unwrap()), json!({}))
        .await
        .expect(200);
    assert_eq!(case_status(&house, &case).await, "open");
    let second = resolves(&house.staff, &case, wanted).await.expect(201);
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(approves(&approver, &second).await.refused(409), "approval_stale");
    house.close().await;
}

#[tokio::test]
async fn what_cannot_be_carried_out_any_more_is_withdrawn_when_somebody_would_approve_it_and_another_may_propose() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (_, case) = stray(&house, 25_000).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let other = house.portal.owes(&dossier(), 25_000, json!({})).await;
    let assign = |fee: &Value| json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    let proposed = resolves(&house.staff, &case, assign(&fee)).await.expect(201);
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;

    assert_eq!(approves(&approver, &proposed).await.refused(409), "approval_stale");
    let path = format!("/v1/approvals/{}", proposed["approval_id"].as_str().unwrap());
    let shown = house.staff.get(&path).await.expect(200);
    assert_eq!((&shown["status"], &shown["stale"]), (&json!("withdrawn"), &json!(true)));
    assert_eq!(shown["decider"], Value::Null);
    assert_eq!(case_status(&house, &case).await, "open");
    assert_eq!(approves(&approver, &proposed).await.refused(409), "approval_stale", "whoever asks again");
    approver.post(&format!("{path}/reject"), json!({})).await.refused(409);

    let again = resolves(&house.staff, &case, assign(&other)).await.expect(201);
    approves(&approver, &again).await.expect(200);
    assert_eq!(obligation_status(&house, &other).await, "paid");
    let told = "select string_agg(action, ' ' order by id) from audit where action in ('approved', 'rejected', 'approval_stale')";
    assert_eq!(house.ask(told).await, "approval_stale approved");
    house.close().await;
}

#[tokio::test]
async fn a_case_whose_money_cannot_be_sent_back_any_more_is_open_again_and_its_refund_is_over() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let proposed = sends_back(&house, &case, &payment["refundable_amount"]).await.expect(201);
    // somebody makes the transfer before it is approved
    let code = house.ask("select reference from refund").await;
    pays_back(&house, 25_000, &code).await;
    statement(&house).await;
    assert_eq!(approves(&approver, &proposed).await.refused(409), "approval_stale");
    assert_eq!(house.ask("select status from refund").await, "cancelled");
    assert_eq!(case_status(&house, &case).await, "open");
    house.close().await;
}

#[tokio::test]
async fn stray_money_goes_back_to_its_payer_once_its_credit_is_proven_and_the_case_closes() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": payment["refundable_amount"],
        "reason_code": "khong_ro", "payer_account": account});
    let proposed = resolves(&house.staff, &case, back).await.expect(201);
    approves(&approver, &proposed).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "closed");
    assert_eq!(house.ask("select status from refund").await, "approved");
    house.close().await;
}

/// Proposes that what waits under the case goes back to its payer.
async fn sends_back(house: &House, case: &Value, refundable: &Value) -> Answered {
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": refundable, "reason_code": "khong_ro",
        "payer_account": account});
    resolves(&house.staff, case, back).await
}

#[tokio::test]
async fn a_case_whose_money_is_to_go_back_is_proposed_until_that_is_decided_and_open_again_when_nobody_wants_it() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    let all = &payment["refundable_amount"];

    let first = sends_back(&house, &case, all).await.expect(201);
    assert_eq!(case_status(&house, &case).await, "proposed");
    assert_eq!(resolves(&house.staff, &case, assign.clone()).await.refused(409), "case_not_open");
    assert_eq!(sends_back(&house, &case, &json!(0)).await.refused(409), "case_not_open");
    let path = format!("/v1/approvals/{}/reject", first["approval_id"].as_str().unwrap());
    approver.post(&path, json!({})).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "open");

    sends_back(&house, &case, all).await.expect(201);
    let refund = house.ask("select assurance.text_id('rfd', id) from refund where status = 'pending_approval'").await;
    house.staff.post(&format!("/v1/refunds/{refund}/cancel"), json!({})).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "open");

    let third = resolves(&house.staff, &case, assign).await.expect(201);
    assert_eq!(sends_back(&house, &case, all).await.refused(409), "case_not_open", "somebody wants something else");
    approves(&approver, &third).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "closed");
    house.close().await;
}

#[tokio::test]
async fn a_repeated_wish_to_send_a_cases_money_back_hears_what_it_heard_after_it_was_approved() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": payment["refundable_amount"],
        "reason_code": "khong_ro", "payer_account": account});
    let (path, key) = (format!("/v1/cases/{}/resolutions", id(&case)), format!("back-{}", fresh()));
    let first = house.staff.post_with(&path, &key, back.clone()).await.expect(201);
    approves(&approver, &first).await.expect(200);
    let again = house.staff.post_with(&path, &key, back).await.expect(201);
    assert_eq!(again, first);
    assert_eq!(house.ask("select count(*)::text from refund").await, "1");
    house.close().await;
}

#[tokio::test]
async fn a_difference_is_accepted_only_where_no_money_waits() {
    let house = House::with_bank().await;
    let (_, case) = stray(&house, 25_000).await;
    let accept = json!({"action": "accept_difference"});
    assert_eq!(resolves(&house.staff, &case, accept).await.refused(409), "case_money_waits");
    assert_eq!(resolves(&house.staff, &case, json!({"action": "forget"})).await.refused(422), "validation_failed");
    assert_eq!(
        resolves(&house.portal, &case, json!({"action": "accept_difference"})).await.refused(403),
        "scope_missing"
    );
    house.close().await;
}

/// SePay tells of a booked transfer once more, under an id of its own and with another text.
async fn told_again(house: &House, booked: &Value, content: &str) {
    let mut row = words::sepay_row_of(booked);
    (row["id"], row["content"]) = (json!(fresh()), json!(content));
    let body = row.to_string();
    let call = house.http.post(webhook(&house.gateway.base_url(), "sepay")).header("Content-Type", "application/json");
    let headers = words::sepay(SEPAY_SECRET, words::now_s(), &body);
    let call = headers.iter().fold(call, |call, (name, value)| call.header(*name, value));
    assert_eq!(call.body(body).send().await.unwrap().status(), 200);
}

async fn open_kinds(house: &House) -> String {
    house
        .ask("select coalesce(string_agg(kind, ' ' order by kind), '') from assurance.kase where status = 'open'")
        .await
}

#[tokio::test]
async fn what_two_persons_gave_to_one_debt_pays_no_other_whatever_is_told_later() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let booked = house.transfers(21_000, "ung ho quy khuyen hoc").await;
    let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
    let (fee, other) = (
        house.portal.owes(&dossier(), 21_000, json!({})).await,
        house.portal.owes(&dossier(), 21_000, json!({})).await,
    );
    let (intent, named) = (house.portal.opens(&[&fee]).await, house.portal.opens(&[&other]).await);
    let wanted = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    let proposed = resolves(&house.staff, &case, wanted).await.expect(201);
    approves(&approver, &proposed).await.expect(200);

    told_again(&house, &booked, intent["reference"].as_str().unwrap()).await;
    assert_eq!(open_kinds(&house).await, "", "it names what it was given to");
    for _ in 0..2 {
        told_again(&house, &booked, named["reference"].as_str().unwrap()).await;
        assert_eq!(
            (obligation_status(&house, &fee).await, obligation_status(&house, &other).await),
            ("paid".into(), "due".into())
        );
        assert_eq!(open_kinds(&house).await, "status_differs");
    }
    assert_eq!(house.portal.intent(&named).await["status"], "open");
    house.close().await;
}

#[tokio::test]
async fn what_goes_back_to_its_payer_or_was_taken_back_pays_no_debt_that_is_named_later() {
    for taken_back in [false, true] {
        let house = House::with_bank().await;
        let approver = second_person(&house).await;
        let booked = house.transfers(21_000, "ung ho quy khuyen hoc").await;
        let day = tests::files::today().to_string();
        house.imports("camt053_v8", &day).await;
        let case = house.staff.get("/v1/cases?status=open&kind=unidentified").await.expect(200)["data"][0].clone();
        if taken_back {
            house.bank_sim("bank/reverse", json!({"account": ACCOUNT, "reference": booked["reference"]})).await;
            house.imports("camt053_v8", &day).await;
        } else {
            let account = json!({"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"});
            let back = json!({"action": "refund_to_payer", "refundable_amount": 21_000, "reason_code": "khong_ro",
                "payer_account": account});
            let proposed = resolves(&house.staff, &case, back).await.expect(201);
            approves(&approver, &proposed).await.expect(200);
        }
        let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        told_again(&house, &booked, intent["reference"].as_str().unwrap()).await;
        assert_eq!(obligation_status(&house, &fee).await, "due");
        assert_eq!(open_kinds(&house).await, if taken_back { "chargeback" } else { "status_differs" });
        house.close().await;
    }
}

#[tokio::test]
async fn a_closed_case_waits_for_nothing_when_another_one_tells_of_what_is_left() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (_, first) = stray(&house, 25_000).await;
    let mut cases = vec![first];
    for amount in [21_000, 1_000] {
        let fee = house.portal.owes(&dossier(), amount, json!({})).await;
        let wanted = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
        let proposed = resolves(&house.staff, cases.last().unwrap(), wanted).await.expect(201);
        approves(&approver, &proposed).await.expect(200);
        cases.push(house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200)["data"][0].clone());
    }
    let all = house.staff.get("/v1/cases").await.expect(200)["data"].clone();
    let all = all.as_array().unwrap().iter();
    let mut told: Vec<_> =
        all.map(|c| (c["status"].as_str().unwrap(), c["amount"].as_i64(), c["waiting"].as_i64())).collect();
    told.sort_unstable();
    let of = |status, amount, waiting| (status, Some(amount), Some(waiting));
    assert_eq!(told, [of("closed", 4_000, 0), of("closed", 25_000, 0), of("open", 3_000, 3_000)]);
    house.close().await;
}

/// As a release decides that knows nothing of the case of a refund.
async fn rejected_by_an_older_release(house: &House, approval: &Value) {
    let sql = format!(
        "with decided as (
             update approval set status = 'rejected', decider = 'usr_older', decided_at = now()
             where 'apr_' || replace(id::text, '-', '') = '{}' returning subject),
         rejected as (
             update refund r set status = 'rejected', version = version + 1 from decided d
             where assurance.text_id('rfd', r.id) = d.subject returning r.id, r.version)
         insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
         select 'refund', id, version, 'pending_approval', 'rejected', 'rejected', 'usr_older' from rejected",
        approval["approval_id"].as_str().unwrap()
    );
    house.ask(&sql).await;
}

#[tokio::test]
async fn a_case_whose_refund_was_rejected_by_an_older_release_is_open_again() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let (payment, case) = stray(&house, 25_000).await;
    house.imports("mt940", &tests::files::today().to_string()).await;
    let all = &payment["refundable_amount"];
    let first = sends_back(&house, &case, all).await.expect(201);
    rejected_by_an_older_release(&house, &first).await;
    assert_eq!(case_status(&house, &case).await, "open");
    let second = sends_back(&house, &case, all).await.expect(201);
    approves(&approver, &second).await.expect(200);
    assert_eq!(case_status(&house, &case).await, "closed");
    house.close().await;
}
