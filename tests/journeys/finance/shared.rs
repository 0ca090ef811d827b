//! What concerns several beneficiaries: a part sees money that names nobody, and only who sees all of them acts on it or
//! sees what is about the account or the contract as a whole.

use super::{staff_of, staff_of_each};
use crate::conformance::{report, signed};
use crate::people::{administrator, second};
use crate::refunds::{approves, id, proposes};
use crate::settlements::{day, pays, with_payouts};
use crate::statements::OWN;
use crate::transfers::words::{call, now_s, sepay};
use serde_json::{Value, json};
use tests::bank::{BIN, SEPAY_SECRET};
use tests::files::mt940;
use tests::files::{Row, vnpay_file};
use tests::portal::Portal;
use tests::{BENEFICIARY, HASH_SECRET, House, OTHER_BENEFICIARY, TMN_CODE};

async fn listed(who: &Portal, path: &str) -> Vec<Value> {
    who.get(path).await.expect(200)["data"].as_array().unwrap().clone()
}

/// Somebody of the first beneficiary, somebody of the second, and somebody of both, each of whom may do all else.
async fn people(house: &House) -> [Portal; 3] {
    [
        staff_of(house, "ke-toan-17", BENEFICIARY).await,
        staff_of(house, "ke-toan-18", OTHER_BENEFICIARY).await,
        staff_of_each(house, "ke-toan-chung", &[BENEFICIARY, OTHER_BENEFICIARY]).await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_about_a_contract_of_several_is_for_whoever_sees_all_of_them() {
    let house = with_payouts().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let fee = json!({"from": "2026-01-01", "rate_ppm": 11_000, "rounding": "up", "fixed": 100});
    approves(&second, &admin.post("/v1/profiles/vnpay_main/fees", fee).await.expect(201)).await.expect(200);
    pays(&house, 50_050).await;
    let file = house.settles(&day()).await.expect(201);
    let case = listed(&house.staff, "/v1/cases?kind=amount_differs").await.remove(0);
    assert_eq!(case["subject"], format!("{} fee", id(&file)));

    let path = format!("/v1/cases/{}", id(&case));
    let accept = json!({"action": "accept_difference", "note": "phụ lục hợp đồng chưa ký"});
    let [of_17, of_18, of_both] = people(&house).await;
    for one in [&of_17, &of_18] {
        assert_eq!(one.get(&format!("/v1/settlements/{}", id(&file))).await.refused(404), "not_found");
        assert_eq!(listed(one, "/v1/cases").await, Vec::<Value>::new());
        assert_eq!(one.get(&path).await.refused(404), "not_found");
        assert_eq!(one.post(&format!("{path}/resolutions"), accept.clone()).await.refused(404), "not_found");
    }
    assert_eq!(listed(&of_both, "/v1/cases").await.len(), 1);
    let proposed = of_both.post(&format!("{path}/resolutions"), accept).await.expect(201);
    for one in [&of_17, &of_18] {
        assert_eq!(listed(one, "/v1/approvals").await, Vec::<Value>::new());
        assert_eq!(approves(one, &proposed).await.refused(404), "not_found");
    }
    approves(&second, &proposed).await.expect(200);
    assert_eq!(of_both.get(&path).await.expect(200)["status"], "closed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_file_that_is_no_payment_is_for_whoever_sees_the_file() {
    let house = with_payouts().await;
    let row = Row { original: "404", ..Row::new("Hoàn tiền", "11", -7_000, 0) };
    house.sends_settlement(vnpay_file(&[row])).await.expect(201);
    let case = listed(&house.staff, "/v1/cases?kind=refund_without_payment").await.remove(0);
    let suspense = format!("/v1/reports/suspense?to={}", day());
    let rows = async |who: &Portal| who.get(&suspense).await.expect(200)["rows"].as_array().unwrap().len();
    let [of_17, of_18, of_both] = people(&house).await;
    for one in [&of_17, &of_18] {
        assert_eq!(one.get(&format!("/v1/cases/{}", id(&case))).await.refused(404), "not_found");
        assert_eq!((listed(one, "/v1/cases").await, rows(one).await), (Vec::new(), 0));
    }
    assert_eq!((listed(&of_both, "/v1/cases").await.len(), rows(&of_both).await), (1, 1));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_names_nobody_is_seen_by_each_who_has_a_part_and_given_away_by_whoever_sees_all() {
    let house = House::new().await;
    let query = signed(&report("KHONGBIET1", "4000000", "99000008", TMN_CODE), HASH_SECRET);
    assert_eq!(crate::conformance::call(&house, &query).await, "01");
    let payment = listed(&house.staff, "/v1/payments").await.remove(0);
    let case = listed(&house.staff, "/v1/cases").await.remove(0);
    let [of_17, of_18, of_both] = people(&house).await;
    let resolutions = format!("/v1/cases/{}/resolutions", id(&case));
    let fee = house.portal.owes(&tests::portal::dossier(), 15_000, json!({})).await;
    let back = json!({"action": "refund_to_payer", "refundable_amount": 40_000, "reason_code": "nop_nham"});
    let lines = [json!({"amount": 40_000})];
    for one in [&of_17, &of_18] {
        assert_eq!(one.get(&format!("/v1/payments/{}", id(&payment))).await.expect(200)["amount"], 40_000);
        assert_eq!(one.get(&format!("/v1/cases/{}", id(&case))).await.expect(200)["waiting"], 40_000);
        for action in [
            json!({"action": "assign_to_obligations", "obligation_ids": [fee["id"]]}),
            json!({"action": "accept_difference"}),
            back.clone(),
        ] {
            assert_eq!(one.post(&resolutions, action.clone()).await.refused(403), "scope_missing", "{action}");
        }
        assert_eq!(proposes(one, &payment, &lines, "close").await.refused(403), "scope_missing");
    }
    assert_eq!(house.ask("select count(*) from approval").await, "0");

    let refund = proposes(&of_both, &payment, &lines, "close").await.expect(201);
    let path = format!("/v1/refunds/{}", id(&refund));
    for one in [&of_17, &of_18] {
        let seen = one.get(&path).await.expect(200);
        assert_eq!((&seen["amount"], &seen["payer_account"]), (&json!(40_000), &Value::Null), "{seen}");
        assert_eq!(one.post(&format!("{path}/cancel"), json!({})).await.refused(403), "scope_missing");
        assert_eq!(one.post(&format!("{path}/retry"), json!({})).await.refused(403), "scope_missing");
    }
    assert_eq!(of_both.get(&path).await.expect(200)["payer_account"]["account_number"], "0001234567");
    of_both.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    of_both.post(&resolutions, back).await.expect(201);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_an_account_of_several_is_imported_and_read_by_whoever_sees_all_of_them() {
    let house = House::with_bank().await;
    for beneficiary in [BENEFICIARY, OTHER_BENEFICIARY] {
        house.had_account_of(OWN, beneficiary).await;
    }
    let account = format!("{BIN}.{OWN}");
    let today = tests::files::today().yesterday().unwrap();
    let file = mt940(OWN, today, 0, &[(21_000, "FT1", "nop phi")]);
    let statement = house.sends_statement(&account, "auto", file).await.expect(201);
    let path = format!("/v1/statements/{}", id(&statement));
    let [of_17, of_18, of_both] = people(&house).await;
    let import = format!("/v1/statements?account={account}&format=auto");
    let sends = async |who: &Portal, key: &str| {
        let next = mt940(OWN, today.tomorrow().unwrap(), 21_000, &[]);
        let request =
            house.http.post(format!("{}{import}", who.base)).bearer_auth(&who.key).header("idempotency-key", key);
        request.body(next).send().await.unwrap().status().as_u16()
    };
    for (who, key) in [(&of_17, "a"), (&of_18, "b")] {
        assert_eq!(who.get(&path).await.refused(404), "not_found");
        assert_eq!(sends(who, key).await, 404);
    }
    assert_eq!(of_both.get(&path).await.expect(200)["closing_balance"], 21_000);
    assert_eq!(sends(&of_both, "c").await, 201);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_to_a_contract_of_several_that_cannot_be_read_is_for_whoever_sees_all_of_them() {
    let house = House::with_bank().await;
    let nonsense = "{}";
    call(&house, "sepay", &sepay(SEPAY_SECRET, now_s(), nonsense), nonsense).await;
    let case = listed(&house.staff, "/v1/cases?kind=poison").await.remove(0);
    let path = format!("/v1/cases/{}", id(&case));
    let accept = json!({"action": "accept_difference", "note": "không đọc được"});
    let [of_17, of_18, of_both] = people(&house).await;
    for one in [&of_17, &of_18] {
        assert_eq!(listed(one, "/v1/cases").await, Vec::<Value>::new());
        assert_eq!(one.get(&path).await.refused(404), "not_found");
        assert_eq!(one.post(&format!("{path}/resolutions"), accept.clone()).await.refused(404), "not_found");
    }
    assert_eq!(listed(&of_both, "/v1/cases").await.len(), 1);
    of_both.post(&format!("{path}/resolutions"), accept).await.expect(201);
    house.stop().await;
}
