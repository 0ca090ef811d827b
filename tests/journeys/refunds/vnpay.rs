//! VNPAY pays the refund out: accepted is not sent, and no word is no answer.

use super::*;
use std::time::Duration;
use tests::interruption::a_day_that_lasts;

async fn script(house: &House, intent: &Value, what: Value) {
    let attempt = house.portal.intent(intent).await["attempts"][0].clone();
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": what})).await;
}

/// A refund that a second person has approved.
async fn approved(house: &House, then: &str, rule: Value) -> (Value, Value, Value) {
    let approver = second_person(house).await;
    let (fee, intent, payment) = paid(house, 21_000).await;
    if !rule.is_null() {
        script(house, &intent, rule).await;
    }
    let proposal = proposes(&house.staff, &payment, &[whole(&fee)], then).await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    (fee, intent, proposal)
}

/// How many refunds VNPAY has made that it has not refused, and their sum.
async fn at_vnpay(house: &House) -> (usize, i64) {
    let orders = house.orders().await;
    let refunds: Vec<&Value> = orders.iter().flat_map(|o| o["refunds"].as_array().unwrap()).collect();
    let kept = refunds.iter().filter(|r| r["transaction_status"] != "09");
    (kept.clone().count(), kept.map(|r| r["amount"].as_i64().unwrap()).sum())
}

#[tokio::test]
async fn a_refund_that_closes_ends_the_obligation_and_the_dossier_hears() {
    let house = House::new().await;
    house.hear_events().await;
    let (fee, intent, proposal) = approved(&house, "close", Value::Null).await;
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    house.drain().await;
    let heard = house.heard().await;
    let types: Vec<&str> = heard.iter().filter_map(|e| e["type"].as_str()).collect();
    assert!(types.contains(&"obligation.refunded") && types.contains(&"refund.succeeded"), "{types:?}");
    assert_eq!(at_vnpay(&house).await, (1, 21_000));
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_reopens_makes_the_fee_due_and_payable_again() {
    let house = House::new().await;
    let (fee, intent, proposal) = approved(&house, "reopen", Value::Null).await;
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "due");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_vnpay_takes_up_and_refuses_later_leaves_the_fee_paid() {
    let house = House::new().await;
    let (fee, _, proposal) = approved(&house, "reopen", json!([{"refund_refused": true}])).await;
    becomes(&house, &proposal, "failed").await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    assert_eq!(at_vnpay(&house).await.0, 0);
    house.close().await;
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_made_once() {
    a_day_that_lasts(Duration::from_secs(30)).await;
    let house = House::new().await;
    let rule = json!([{"fail_after_accept": true}]);
    let (fee, intent, proposal) = approved(&house, "close", Value::Null).await;
    let attempt = house.portal.intent(&intent).await["attempts"][0].clone();
    let once = json!({"match": {"order_ref": attempt["order_ref"]}, "do": rule, "times": 1});
    house.sim("script", once).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &proposal).await, "unknown");
    let payment = payment_of(&house, &intent).await;
    assert_eq!(payment["refundable_amount"], 0, "what nobody knows of counts as taken");
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(at_vnpay(&house).await, (1, 21_000));
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    house.close().await;
}

/// Both have read it as approved, one of them past its lease, when the first of them may go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_is_counted_also_of_a_worker_whose_lease_has_ended() {
    a_day_that_lasts(Duration::from_secs(30)).await;
    let house = House::new().await;
    let (_, intent, proposal) = approved(&house, "close", Value::Null).await;
    script(&house, &intent, json!([{"hang": 300}, {"hang": 300}])).await;
    let mut holder = testkit::connect(&house.database.superuser_url()).await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute("select from payment for update").await.unwrap();
    let drives = || {
        let ctx = house.gateway.ctx.clone();
        tokio::spawn(async move { payments::refund::drive(&ctx, true, Timestamp::now()).await.unwrap() })
    };
    let mut passes = Vec::new();
    for _ in 0..2 {
        passes.push(drives());
        let waiting =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let reads = passes.len().to_string();
        for _ in 0..100 {
            if house.ask(waiting).await == reads {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(house.ask(waiting).await, reads, "each has read the refund and waits for its payment");
        house.ask("update refund_watch set lease_until = now() - interval '1 second'").await;
    }
    held.commit().await.unwrap();
    for pass in passes {
        assert_eq!(pass.await.unwrap(), 1);
    }
    assert_eq!(house.ask("select calls from refund").await, "2");
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(at_vnpay(&house).await, (1, 21_000));
    house.close().await;
}

#[tokio::test]
async fn a_refund_that_takes_hours_waits_and_a_settlement_file_ends_it() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let (fee, _, proposal) = approved(&house, "close", json!([{"refund_ms": 2_000}])).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &proposal).await, "submitted");
    assert_eq!(obligation_status(&house, &fee).await, "refunding");
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let day = tests::files::today().to_string();
    house.settles(&day).await.expect(201);
    assert_eq!(status(&house, &proposal).await, "succeeded");
    let lines = "select string_agg(kind || ' ' || disposition, ', ' order by kind) from assurance.settlement_line";
    assert_eq!(house.ask(lines).await, "payment matched, refund matched");
    house.close().await;
}

#[tokio::test]
async fn an_overpaid_rest_goes_back_and_the_fee_stays_paid() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let (fee, _, first) = paid(&house, 21_000).await;
    let reduce = format!("/v1/obligations/{}/reductions", id(&fee));
    let wanted = json!({"amount": 5_000, "reason_code": "tinh_sai", "note": "Tính nhầm số trang"});
    let proposed = house.staff.post(&reduce, wanted).await.expect(201);
    approver
        .post(&format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap()), json!({}))
        .await
        .expect(200);
    let payment = house.staff.get(&format!("/v1/payments/{}", id(&first))).await.expect(200);
    assert_eq!(payment["refundable_amount"], 21_000);
    let proposal = proposes(&house.staff, &payment, &[json!({"amount": 5_000})], "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(house.portal.obligation(&fee).await["amount"], 16_000);
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    assert_eq!(at_vnpay(&house).await, (1, 5_000));
    house.close().await;
}

#[tokio::test]
async fn a_duplicate_goes_back_only_when_both_credits_are_proven() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let approver = second_person(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let (first, second) = (house.at_vnpay(&intent).await, house.at_vnpay(&intent).await);
    house.pays(&first, json!({})).await;
    house.pays(&second, json!({})).await;
    let duplicate = payment_of(&house, &intent).await;
    assert_eq!(duplicate["allocations"][0]["suspense_reason"], "duplicate");
    let lines = [json!({"amount": 21_000})];
    assert_eq!(proposes(&house.staff, &duplicate, &lines, "close").await.refused(409), "credit_not_proven");
    house.settles(&tests::files::today().to_string()).await.expect(201);
    let proposal = proposes(&house.staff, &duplicate, &lines, "close").await.expect(201);
    approves(&approver, &proposal).await.expect(200);
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "paid");
    let open = house.staff.get("/v1/cases?status=open&kind=duplicate_payment").await.expect(200);
    assert_eq!(open["data"], json!([]), "the case closes with its money");
    house.close().await;
}

#[tokio::test]
async fn refunds_of_one_payment_are_made_one_after_the_other_and_each_once() {
    let house = House::new().await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for amount in [4_001, 4_002, 4_003] {
        fees.push(house.portal.owes(&dossier(), amount, json!({})).await);
    }
    let intent = house.portal.opens(&fees.iter().collect::<Vec<_>>()).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    let mut proposals = Vec::new();
    for fee in &fees {
        let payment = payment_of(&house, &intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        approves(&approver, &proposal).await.expect(200);
        proposals.push(proposal);
    }
    for proposal in &proposals {
        becomes(&house, proposal, "succeeded").await;
    }
    assert_eq!(at_vnpay(&house).await, (3, 12_006));
    house.close().await;
}

#[tokio::test]
async fn a_refusal_ends_a_refund_only_where_it_answers_the_only_call() {
    a_day_that_lasts(Duration::from_secs(30)).await;
    let house = House::new().await;
    let (fee, _, first) = approved(&house, "close", json!([{"refund_code": "95"}])).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &first).await, "failed");
    assert_eq!(obligation_status(&house, &fee).await, "paid");

    // a worker that was killed after its call went out, and before it heard what became of it
    let approver = Portal { key: key(&house, "nguoi-duyet", Scope::STAFF).await.1, ..house.staff.clone() };
    let (fee, intent, payment) = paid(&house, 34_000).await;
    script(&house, &intent, json!([{"refund_code": "95"}])).await;
    let second = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    approves(&approver, &second).await.expect(200);
    house
        .ask(
            "set session_replication_role = replica; update refund set status = 'submitted', version = version + 1,
             submitted_at = now(), calls = 1 where status = 'approved'; reset session_replication_role",
        )
        .await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &second).await, "unknown");
    assert_eq!(payment_of(&house, &intent).await["refundable_amount"], 0, "what may have left is not given out again");
    // rows that were written by hand have no history to be held against
    house.stop().await;
}

#[tokio::test]
async fn a_refund_is_never_asked_for_again_on_another_day() {
    let house = House::new().await;
    let (_, intent, proposal) = approved(&house, "close", json!([{"refund_code": "99"}])).await;
    let now = Timestamp::now();
    payments::refund::drive(&house.gateway.ctx, true, now).await.unwrap();
    assert_eq!(status(&house, &proposal).await, "unknown");
    script(&house, &intent, json!([{"refund_ms": 0}])).await;
    payments::refund::drive(&house.gateway.ctx, true, now + jiff::SignedDuration::from_hours(24)).await.unwrap();
    assert_eq!((status(&house, &proposal).await, at_vnpay(&house).await), ("unknown".to_owned(), (0, 0)));
    assert_eq!(house.ask("select calls from refund").await, "1");
    house.stop().await;
}

#[tokio::test]
async fn a_refund_of_which_no_answer_can_be_read_for_three_days_is_a_case_once() {
    let house = House::new().await;
    let (_, intent, proposal) = approved(&house, "close", json!([{"refund_ms": 600_000}])).await;
    let begun = Timestamp::now();
    let later = async |hours| {
        let now = begun + jiff::SignedDuration::from_hours(hours) + jiff::SignedDuration::from_mins(1);
        payments::refund::drive(&house.gateway.ctx, true, now).await.unwrap();
        house.ask("select count(*) || ' ' || coalesce(min(subject), '') from kase where kind = 'status_differs'").await
    };
    payments::refund::drive(&house.gateway.ctx, true, begun).await.unwrap();
    assert_eq!(status(&house, &proposal).await, "submitted");
    // from now on no answer is signed with the secret that we know
    house.sim("hash_secret", json!({"hash_secret": "ANOTHERSECRETOFTHESAMETERMINAL01"})).await;
    assert_eq!(later(71).await, "0 ");
    for hours in [72, 96] {
        assert_eq!(later(hours).await, format!("1 {}", id(&proposal)));
    }
    assert_eq!(status(&house, &proposal).await, "submitted");
    // its provider's word ends it all the same
    house.sim("hash_secret", json!({"hash_secret": tests::HASH_SECRET})).await;
    let attempt = house.portal.intent(&intent).await["attempts"][0].clone();
    house.sim("refund", json!({"order_ref": attempt["order_ref"], "outcome": "sent"})).await;
    becomes(&house, &proposal, "succeeded").await;
    house.close().await;
}

#[tokio::test]
async fn a_refund_whose_contract_is_gone_is_a_case_after_three_days() {
    let house = House::new().await;
    let (_, _, proposal) = approved(&house, "close", Value::Null).await;
    let begun = Timestamp::now();
    house.ask("set session_replication_role = replica; update payment set profile = 'vnpay_gone'; reset session_replication_role").await;
    for (hours, expected) in [(0, "0"), (73, "1")] {
        let now = begun + jiff::SignedDuration::from_hours(hours);
        payments::refund::drive(&house.gateway.ctx, true, now).await.unwrap();
        let told = format!("select count(*) from kase where kind = 'status_differs' and subject = '{}'", id(&proposal));
        assert_eq!(house.ask(&told).await, expected, "after {hours} hours");
    }
    assert_eq!(house.ask("select status || ' ' || calls from refund").await, "submitted 0", "nobody was called");
    house.stop().await;
}

#[tokio::test]
async fn a_file_that_calls_a_failed_refund_sent_is_a_case_once() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let (_, _, proposal) = approved(&house, "close", json!([{"refund_ms": 0}])).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    house.settles(&tests::files::today().to_string()).await.expect(201);
    assert_eq!(status(&house, &proposal).await, "succeeded");
    // as if its provider's word had come between the reading of the file and its commit
    house
        .ask("set session_replication_role = replica; update refund set status = 'failed';
              delete from transition where to_state = 'succeeded' and entity_id in (select id from refund); reset session_replication_role")
        .await;
    for _ in 0..2 {
        house.drain().await;
        let cases = "select string_agg(kind || ' ' || (subject like 'rfd_%'), ', ') from kase where status = 'open'";
        assert_eq!(house.ask(cases).await, "status_differs true");
    }
    house.stop().await;
}

#[tokio::test]
async fn a_first_call_that_vnpay_calls_a_repetition_is_followed_to_its_end() {
    let house = House::new().await;
    let (fee, _, proposal) = approved(&house, "close", json!([{"refund_repeated": true}])).await;
    payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    assert_eq!(status(&house, &proposal).await, "submitted", "it says nothing of money");
    becomes(&house, &proposal, "succeeded").await;
    assert_eq!(obligation_status(&house, &fee).await, "refunded");
    assert_eq!(at_vnpay(&house).await, (1, 21_000));
    house.close().await;
}

#[tokio::test]
async fn a_call_that_vnpay_calls_a_repetition_after_another_refund_waits_for_a_settlement_file() {
    let house = House::new().await;
    house.pays_out_to(&tests::files::account()).await;
    let approver = second_person(&house).await;
    let mut fees = Vec::new();
    for _ in 0..2 {
        fees.push(house.portal.owes(&dossier(), 8_000, json!({})).await);
    }
    let intent = house.portal.opens(&[&fees[0], &fees[1]]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    let mut proposals = Vec::new();
    for (fee, rule) in fees.iter().zip([Value::Null, json!([{"refund_repeated": true}])]) {
        let payment = payment_of(&house, &intent).await;
        let proposal = proposes(&house.staff, &payment, &[whole(fee)], "close").await.expect(201);
        if !rule.is_null() {
            script(&house, &intent, rule).await;
        }
        approves(&approver, &proposal).await.expect(200);
        proposals.push(proposal);
        if proposals.len() == 1 {
            becomes(&house, &proposals[0], "succeeded").await;
        }
    }
    becomes(&house, &proposals[1], "submitted").await;
    let sent = async || house.order(&attempt).await["refunds"][1]["transaction_status"] == "06";
    while !sent().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..3 {
        payments::refund::drive(&house.gateway.ctx, true, Timestamp::now()).await.unwrap();
    }
    assert_eq!(status(&house, &proposals[1]).await, "submitted", "VNPAY's word may be about the first");
    house.settles(&tests::files::today().to_string()).await.expect(201);
    assert_eq!(status(&house, &proposals[1]).await, "succeeded");
    house.close().await;
}
