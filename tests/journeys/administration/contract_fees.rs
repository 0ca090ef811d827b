//! What a provider keeps is said by two persons: whoever says it alone would let a provider that keeps more pass unseen.

use crate::people::{administrator, equips, hires, second};
use crate::refunds::approves;
use serde_json::{Value, json};
use tests::portal::{Answered, Portal};
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

const PATH: &str = "/v1/profiles/vnpay_main/fees";

fn fee(from: &str, rate_ppm: i64, rounding: &str, fixed: i64) -> Value {
    json!({"from": from, "rate_ppm": rate_ppm, "rounding": rounding, "fixed": fixed})
}

async fn rejects(who: &Portal, proposed: &Value) -> Answered {
    who.post(&format!("/v1/approvals/{}/reject", proposed["approval_id"].as_str().unwrap()), json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_keeps_is_said_by_day_and_by_two_persons() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let fees = async || admin.get(PATH).await.expect(200)["fees"].clone();
    assert_eq!(fees().await, json!([]));
    let later = fee("2026-07-01", 11_000, "half_up", 1_650);
    let proposed = admin.post(PATH, later.clone()).await.expect(201);
    assert_eq!(fees().await, json!([]), "nothing holds before a second person has said so");
    assert_eq!(admin.post(PATH, later.clone()).await.refused(409), "approval_pending");
    let waiting = second.get("/v1/approvals?status=pending").await.expect(200)["data"][0].clone();
    assert_eq!((&waiting["kind"], &waiting["subject"]), (&json!("contract_fee"), &json!("vnpay_main")));
    assert_eq!(waiting["payload"], json!({"new": later, "standing": null}));
    assert_eq!(approves(&house.staff, &proposed).await.refused(403), "same_person");
    approves(&second, &proposed).await.expect(200);
    assert_eq!(fees().await, json!([later]));
    assert_eq!(admin.post(PATH, later.clone()).await.refused(422), "validation_failed");

    let first = fee("2026-01-01", 8_000, "up", 0);
    let proposed = admin.post(PATH, first.clone()).await.expect(201);
    rejects(&second, &proposed).await.expect(200);
    assert_eq!(fees().await, json!([later]));
    approves(&second, &admin.post(PATH, first.clone()).await.expect(201)).await.expect(200);
    let corrected = fee("2026-01-01", 8_000, "down", 500);
    let proposed = admin.post(PATH, corrected.clone()).await.expect(201);
    // the command line says another one meanwhile
    house.ask("update contract_fee set fixed = 1 where starts_on = '2026-01-01'").await;
    assert_eq!(approves(&second, &proposed).await.refused(409), "approval_stale");
    rejects(&second, &proposed).await.expect(200);
    approves(&second, &admin.post(PATH, corrected.clone()).await.expect(201)).await.expect(200);
    assert_eq!(fees().await, json!([corrected, later]));
    let said = "select string_agg(split_part(subject, ' ', 1) || ' ' || (actor like 'usr_%'), ', ') from audit
        where action = 'profile_fee_put'";
    assert_eq!(house.ask(said).await, "vnpay_main true, vnpay_main true, vnpay_main true");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_that_cannot_be_or_of_no_contract_is_not_proposed() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    for wrong in [
        fee("2026-07-01", 1_000_000, "half_up", 0),
        fee("2026-07-01", -1, "half_up", 0),
        fee("2026-07-01", 0, "half_even", 0),
        fee("2026-07-01", 0, "half_up", -1),
        fee("2026-02-30", 0, "half_up", 0),
        json!({"from": "2026-07-01", "rate_ppm": 0, "rounding": "half_up"}),
    ] {
        assert_eq!(admin.post(PATH, wrong.clone()).await.refused(422), "validation_failed", "{wrong}");
    }
    let good = fee("2026-07-01", 0, "half_up", 0);
    assert_eq!(admin.post("/v1/profiles/khong_co/fees", good).await.refused(404), "not_found");
    assert_eq!(admin.get("/v1/profiles/khong_co/fees").await.refused(404), "not_found");
    assert_eq!(house.ask("select count(*) from approval").await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_some_beneficiaries_reads_the_contracts_that_collect_for_theirs_and_no_other() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    hires((&admin, &second), "qtv-17", &["administrator"], &[BENEFICIARY]).await;
    let (_, of_17) = equips((&admin, &second), "qtv-17").await;
    house
        .ask(&format!(
            "with made as (insert into merchant_profile (code, channel) values ('ca_tinh', 'momo'), ('cua_18', 'momo')
                 returning code)
             insert into profile_beneficiary (profile_code, beneficiary_code) select 'cua_18', '{OTHER_BENEFICIARY}'
             from made where code = 'cua_18'"
        ))
        .await;
    let codes = async |who: &Portal| {
        let listed = who.get("/v1/profiles").await.expect(200)["data"].clone();
        listed.as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&admin).await, ["ca_tinh", "cua_18", "vnpay_main"]);
    assert_eq!(codes(&of_17).await, ["vnpay_main"]);
    of_17.get(PATH).await.expect(200);
    for code in ["ca_tinh", "cua_18"] {
        admin.get(&format!("/v1/profiles/{code}/fees")).await.expect(200);
        assert_eq!(of_17.get(&format!("/v1/profiles/{code}/fees")).await.refused(404), "not_found", "{code}");
    }
    house.close().await;
}
