//! Whose money may be asked back by whom: a client's own, and money that names nobody by those whom it concerns.

use super::*;
use crate::conformance::{call, report, signed};
use crate::finance::staff_of;
use tests::files::today;
use tests::{BENEFICIARY, HASH_SECRET, OTHER_BENEFICIARY, TMN_CODE};

/// The other portal.
async fn other_portal(house: &House) -> Portal {
    let (_, key) = key(house, "cong-khac", Scope::CLIENT).await;
    Portal { key, ..house.portal.clone() }
}

#[tokio::test]
async fn a_client_asks_back_what_was_paid_for_its_own_and_who_decides_sees_whose_it_is() {
    let house = House::with_bank().await;
    let approver = second_person(&house).await;
    let other = other_portal(&house).await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = house.at_the_bank(&intent).await["action"]["transfer_content"].as_str().unwrap().to_owned();
    house.transfers(46_000, &content).await;
    house.imports("mt940", &today().to_string()).await;
    // a part of it pays what the other portal is owed, by the word of two persons
    let theirs = other.owes(&dossier(), 15_000, json!({})).await;
    let case = house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200)["data"][0].clone();
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [theirs["id"]]});
    let assigned = house.staff.post(&format!("/v1/cases/{}/resolutions", id(&case)), assign).await.expect(201);
    approves(&approver, &assigned).await.expect(200);
    let payment = payment_of(&house, &intent).await;
    assert_eq!(payment["refundable_amount"], 46_000);
    let left = house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200)["data"][0]["amount"].clone();
    assert_eq!(left, 10_000, "what was not assigned waits under a case of its own");

    let rest = json!({"amount": 10_000});
    for lines in [vec![whole(&fee)], vec![rest.clone()], vec![whole(&theirs), rest.clone()]] {
        assert_eq!(proposes(&other, &payment, &lines, "close").await.refused(404), "not_found", "{lines:?}");
    }
    assert_eq!(proposes(&house.portal, &payment, &[whole(&theirs)], "close").await.refused(404), "not_found");
    let of_other = proposes(&other, &payment, &[whole(&theirs)], "close").await.expect(201);
    assert_eq!(other.get(&format!("/v1/refunds/{}", id(&of_other))).await.expect(200)["amount"], 15_000);
    let approval = format!("/v1/approvals/{}", of_other["approval_id"].as_str().unwrap());
    let line = approver.get(&approval).await.expect(200)["payload"]["lines"][0].clone();
    assert_eq!((&line["obligation_id"], &line["dossier_code"]), (&theirs["id"], &theirs["dossier_code"]));
    assert_eq!((&line["amount"], &line["beneficiary_code"]), (&json!(15_000), &json!(BENEFICIARY)));
    let holder = house.ask("select assurance.text_id('cli', id) from client where code = 'cong-khac'").await;
    assert_eq!(line["client_id"], holder.as_str());

    let payment = payment_of(&house, &intent).await;
    let own = proposes(&house.portal, &payment, &[whole(&fee), rest], "close").await.expect(201);
    let approval = format!("/v1/approvals/{}", own["approval_id"].as_str().unwrap());
    let lines = approver.get(&approval).await.expect(200)["payload"]["lines"].clone();
    assert_eq!((&lines[1]["obligation_id"], &lines[1]["amount"]), (&Value::Null, &json!(10_000)));
    assert_ne!(lines[1]["client_id"], holder.as_str());
    house.close().await;
}

#[tokio::test]
async fn providers_money_that_names_nobody_is_seen_by_those_whom_the_contract_concerns() {
    let house = House::new().await;
    house.ask(&format!("delete from profile_beneficiary where beneficiary_code = '{OTHER_BENEFICIARY}'")).await;
    let of_17 = staff_of(&house, "ke-toan-17", BENEFICIARY).await;
    let of_18 = staff_of(&house, "ke-toan-18", OTHER_BENEFICIARY).await;
    let query = signed(&report("KHONGBIET1", "4000000", "99000008", TMN_CODE), HASH_SECRET);
    assert_eq!(call(&house, &query).await, "01");
    let payment = house.staff.get("/v1/payments").await.expect(200)["data"][0].clone();
    let path = format!("/v1/payments/{}", id(&payment));
    let rest = json!({"amount": 40_000});
    assert_eq!(of_18.get("/v1/payments").await.expect(200)["data"], json!([]));
    assert_eq!(of_18.get(&path).await.refused(404), "not_found");
    assert_eq!(of_18.get("/v1/cases").await.expect(200)["data"], json!([]));
    assert_eq!(proposes(&of_18, &payment, std::slice::from_ref(&rest), "close").await.refused(404), "not_found");
    assert_eq!(of_17.get(&path).await.expect(200)["amount"], 40_000);
    assert_eq!(of_17.get("/v1/cases").await.expect(200)["data"].as_array().unwrap().len(), 1);
    let proposal = proposes(&of_17, &payment, &[rest], "close").await.expect(201);
    assert_eq!(of_17.get("/v1/refunds").await.expect(200)["data"][0]["id"], proposal["id"]);
    assert_eq!(of_18.get("/v1/refunds").await.expect(200)["data"], json!([]));
    let approval = format!("/v1/approvals/{}", proposal["approval_id"].as_str().unwrap());
    assert_eq!(of_17.get(&approval).await.expect(200)["beneficiaries"], json!([BENEFICIARY]));
    house.stop().await;
}
