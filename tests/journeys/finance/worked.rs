//! Cases as people work them: what a resolution would do, whose a case is, and who did what.

use super::staff_of;
use crate::refunds::{approves, id, second_person};
use serde_json::{Value, json};
use tests::House;
use tests::portal::{Answered, Portal, dossier};
use tests::rows::digest;

async fn strays(house: &House, amounts: &[i64]) {
    for amount in amounts {
        house.transfers(*amount, &format!("ung ho {amount}")).await;
    }
    house.imports("mt940", &tests::files::today().to_string()).await;
}

async fn listed(who: &Portal, query: &str) -> Vec<Value> {
    who.get(&format!("/v1/cases?{query}")).await.expect(200)["data"].as_array().unwrap().clone()
}

fn amounts(cases: &[Value]) -> Vec<i64> {
    cases.iter().map(|case| case["amount"].as_i64().unwrap()).collect()
}

async fn previews(who: &Portal, case: &Value, body: &Value) -> Answered {
    who.post(&format!("/v1/cases/{}/resolutions/preview", id(case)), body.clone()).await
}

fn steps(effect: &Value) -> Vec<String> {
    let one = |s: &Value| format!("{} {}", s["entity"].as_str().unwrap(), s["to"].as_str().unwrap());
    effect["states"].as_array().unwrap().iter().map(one).collect()
}

fn entries(effect: &Value) -> Vec<(String, i64)> {
    let journals = effect["journals"].as_array().unwrap().iter();
    let all = journals.flat_map(|journal| journal["entries"].as_array().unwrap());
    all.map(|e| (e["account"].as_str().unwrap().to_owned(), e["amount"].as_i64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_what_the_approval_will_write_and_writes_nothing() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    strays(&house, &[25_000]).await;
    let case = listed(&house.staff, "status=open").await.remove(0);
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]});
    let give_up = json!({"action": "write_off", "reason_code": "khong_ro_chu", "note": "Quá hạn truy tìm"});
    let back = json!({"action": "refund_to_payer", "refundable_amount": 25_000, "reason_code": "nop_nham",
        "payer_account": {"bank_bin": "970422", "account_number": "0001234567", "account_name": "NGUYEN VAN A"}});

    let before = digest(&house.database).await;
    let assigned = previews(&house.staff, &case, &assign).await.expect(200);
    let suspense = |reason: &str| format!("suspense:{reason}");
    let of_fee = format!("obligation:{}", tests::BENEFICIARY);
    assert_eq!(
        entries(&assigned),
        [(suspense("unidentified"), 25_000), (of_fee, -21_000), (suspense("overpaid"), -4_000)]
    );
    assert_eq!(steps(&assigned), ["obligation paid", "intent paid", "case closed"]);
    assert_eq!(
        (&assigned["cases_opened"][0]["kind"], &assigned["cases_opened"][0]["amount"]),
        (&json!("overpaid"), &json!(4_000))
    );
    assert_eq!(assigned["events"][0], json!({"event": "obligation.paid", "id": fee["id"]}));
    let given_up = previews(&house.staff, &case, &give_up).await.expect(200);
    assert_eq!(entries(&given_up), [(suspense("unidentified"), 25_000), ("written_off".to_owned(), -25_000)]);
    let returned = previews(&house.staff, &case, &back).await.expect(200);
    assert_eq!(entries(&returned), [(suspense("unidentified"), 25_000), ("refund_payable".to_owned(), -25_000)]);
    assert_eq!(steps(&returned), ["refund approved", "case closed"]);
    // what may not be proposed is not shown either
    let wrong = json!({"action": "accept_difference"});
    assert_eq!(previews(&house.staff, &case, &wrong).await.refused(409), "case_money_waits");
    let seen_wrong = json!({"action": "refund_to_payer", "refundable_amount": 1, "reason_code": "nop_nham"});
    assert_eq!(previews(&house.staff, &case, &seen_wrong).await.refused(412), "refundable_amount_mismatch");
    assert_eq!(previews(&house.staff, &case, &json!({"action": "write_off"})).await.refused(422), "validation_failed");
    assert_eq!(digest(&house.database).await, before, "nothing of it is kept");
    assert_eq!(house.portal.intent(&intent).await["status"], "open");

    let path = format!("/v1/cases/{}/resolutions", id(&case));
    let proposed = house.staff.post(&path, assign.clone()).await.expect(201);
    assert_eq!(previews(&house.staff, &case, &assign).await.refused(409), "case_not_open");
    approves(&approver, &proposed).await.expect(200);
    let written = house
        .ask(
            "select string_agg(account_code || ' ' || amount, ', ' order by entry_id) from assurance.ledger_entry
             where journal_kind = 'reassignment'",
        )
        .await;
    let shown: Vec<String> = entries(&assigned).iter().map(|(account, amount)| format!("{account} {amount}")).collect();
    assert_eq!(written, shown.join(", "));
    house.close().await;
}

/// People who may not have a case that concerns both beneficiaries, each for a reason of their own.
async fn nobody_may(house: &House) -> [(&'static str, &'static str); 3] {
    let all = [tests::BENEFICIARY, tests::OTHER_BENEFICIARY];
    staff_of(house, "ke-toan-18", tests::OTHER_BENEFICIARY).await;
    for code in ["nguoi-xem", "da-nghi"] {
        super::staff_of_each(house, code, &all).await;
    }
    house
        .ask(
            "update person set roles = '{viewer}' where code = 'nguoi-xem';
             update person set disabled_at = now() where code = 'da-nghi'",
        )
        .await;
    [
        ("it concerns others too", "ke-toan-18"),
        ("who may only look resolves nothing", "nguoi-xem"),
        ("whose account is disabled works no more", "da-nghi"),
    ]
}

async fn takes(who: &Portal, case: &Value, body: Value) -> Answered {
    who.post(&format!("/v1/cases/{}/owner", id(case)), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_are_taken_and_given_and_their_history_says_who_did_what() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    strays(&house, &[25_000, 40_000, 10_000]).await;
    assert_eq!(amounts(&listed(&house.staff, "sort=amount").await), [40_000, 25_000, 10_000]);
    let first = house.staff.get("/v1/cases?sort=amount&limit=2").await.expect(200);
    let next = format!("sort=amount&limit=2&after={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(amounts(&listed(&house.staff, &next).await), [10_000]);
    let mut newest = listed(&house.staff, "sort=newest").await;
    let ids = |cases: &[Value]| cases.iter().map(|case| id(case).to_owned()).collect::<Vec<_>>();
    newest.reverse();
    assert_eq!(ids(&listed(&house.staff, "sort=age").await), ids(&newest));
    for query in ["sort=weight", "owner=x"] {
        assert_eq!(house.staff.get(&format!("/v1/cases?{query}")).await.refused(400), "query_invalid", "{query}");
    }

    let case = listed(&house.staff, "sort=amount").await.remove(0);
    assert_eq!((&case["owner"], &case["age_days"]), (&Value::Null, &json!(0)));
    let mine = takes(&house.staff, &case, json!({"owner": "me", "note": "Đang hỏi ngân hàng"})).await.expect(200);
    assert_eq!(ids(&listed(&house.staff, "owner=me").await), [id(&case)]);
    assert_eq!(listed(&house.staff, "owner=nobody").await.len(), 2);
    assert_eq!(listed(&approver, "owner=me").await, Vec::<Value>::new());
    // nobody takes what somebody else has by mistake
    let refused = takes(&approver, &case, json!({"owner": "me"})).await;
    assert_eq!((refused.status, &refused.json["owner"]), (409, &mine["owner"]), "{}", refused.text);
    let theirs = takes(&approver, &case, json!({"owner": "me", "instead_of": mine["owner"]})).await.expect(200);
    assert_eq!(house.staff.get(&format!("/v1/cases/{}", id(&case))).await.expect(200)["owner"], theirs["owner"]);
    house.share_account().await;
    for (why, code) in nobody_may(&house).await {
        let person = house.ask(&format!("select assurance.text_id('usr', id) from person where code = '{code}'")).await;
        let to = json!({"owner": person, "instead_of": theirs["owner"]});
        let refused = takes(&approver, &case, to).await;
        assert_eq!(refused.json["errors"][0]["code"], "value", "{why}: {}", refused.text);
        let said = refused.json["errors"][0]["detail"].as_str().unwrap();
        assert!(said.starts_with("nobody may work on it who"), "{why}: {said}");
        assert_eq!(refused.refused(422), "validation_failed");
    }

    let give_up = json!({"action": "write_off", "reason_code": "khong_ro_chu", "note": "Quá hạn truy tìm"});
    let path = format!("/v1/cases/{}/resolutions", id(&case));
    let proposed = house.staff.post(&path, give_up).await.expect(201);
    approves(&approver, &proposed).await.expect(200);
    assert_eq!(takes(&approver, &case, json!({"owner": null})).await.refused(409), "case_not_open");
    let whole = house.staff.get(&format!("/v1/cases/{}", id(&case))).await.expect(200);
    let told: Vec<(&str, &Value, &Value)> = whole["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["what"].as_str().unwrap(), &d["who"], &d["action"]))
        .collect();
    let (me, they, system) = (&mine["owner"], &theirs["owner"], &json!("system"));
    assert_eq!(
        told,
        [
            ("found", system, &Value::Null),
            ("assigned", me, &Value::Null),
            ("assigned", they, &Value::Null),
            ("proposed", me, &json!("write_off")),
            ("approved", they, &json!("write_off")),
        ]
    );
    assert_eq!(whole["history"][1]["note"], "Đang hỏi ngân hàng");
    house.close().await;
}
