//! What lasts is asked of the books each time: a key that was revoked, or whose holder lost the right, decides, administers and
//! gives back nothing any more, though a process still remembers it.

use crate::people::second;
use crate::refunds::{paid, proposes, second_person, whole};
use domain::principal::Scope;
use serde_json::json;
use storage::principals;
use tests::House;
use tests::portal::{Answered, Portal};
use tests::rows::digest;
use tests::wire::key;

/// A portal's or a person's new key, and what its holder then asks: the gateway remembers it.
async fn remembered(house: &House, holder: &str, scopes: &[Scope], asks: &str) -> (domain::KeyId, Portal) {
    let (id, key) = key(house, holder, scopes).await;
    let portal = Portal { key, ..house.portal.clone() };
    portal.get(asks).await.expect(200);
    (id, portal)
}

async fn revoke(house: &House, id: domain::KeyId) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(principals::revoke_key(&db, id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_that_is_remembered_decides_administers_and_gives_back_nothing() {
    let house = House::new().await;
    second_person(&house).await;
    let (fee, _, payment) = paid(&house, 40_000).await;
    let proposed = proposes(&house.staff, &payment, &[whole(&fee)], "reopen").await.expect(201);
    let decide = |verdict: &str| format!("/v1/approvals/{}/{verdict}", proposed["approval_id"].as_str().unwrap());
    let (staff, portal) = ("/v1/payments", "/v1/obligations");
    let limits = json!({"min_amount": 1, "max_amount": null});
    let refunds = format!("/v1/payments/{}/refunds", payment["id"].as_str().unwrap());
    let refund = json!({"lines": [whole(&fee)], "then": "close", "reason_code": "x", "note": "x",
        "refundable_amount": 0});
    let endpoint = json!({"url": format!("{}/webhooks", house.dossier.url)});
    let calls = [
        ("nguoi-duyet", Scope::STAFF, staff, "POST", decide("approve"), json!({})),
        ("nguoi-duyet", Scope::STAFF, staff, "POST", decide("reject"), json!({})),
        ("ke-toan", Scope::STAFF, staff, "PUT", "/v1/profiles/vnpay_main".to_owned(), limits),
        ("ke-toan", Scope::STAFF, staff, "POST", "/v1/keys".to_owned(), json!({"holder": "cong-dvc"})),
        ("ke-toan", Scope::STAFF, staff, "POST", refunds.clone(), refund.clone()),
        ("cong-dvc", Scope::CLIENT, portal, "POST", refunds, refund),
        ("cong-dvc", Scope::CLIENT, portal, "POST", "/v1/event-endpoints".to_owned(), endpoint),
    ];
    for (holder, scopes, reads, method, path, body) in &calls {
        let (id, caller) = remembered(&house, holder, scopes, reads).await;
        revoke(&house, id).await;
        caller.get(reads).await.expect(200);
        let before = digest(&house.database).await;
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let call = house.http.request(method, format!("{}{path}", caller.base)).bearer_auth(&caller.key);
        let answer = Answered::of(call.header("idempotency-key", "k").json(body).send().await.unwrap()).await;
        assert_eq!(answer.refused(401), "unauthenticated", "{holder} {path}");
        assert_eq!(digest(&house.database).await, before, "{path}");
        assert_eq!(caller.get(reads).await.refused(401), "unauthenticated", "what was found out is remembered too");
    }
    // the key that its holder makes the next of is their own word, and no longer good
    let (id, caller) = remembered(&house, "ke-toan", Scope::STAFF, staff).await;
    revoke(&house, id).await;
    assert_eq!(caller.post(&format!("/v1/keys/{id}/rotate"), json!({})).await.refused(401), "unauthenticated");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_lost_a_role_administers_nothing_from_that_moment_on() {
    let house = House::new().await;
    second(&house).await;
    let (_, caller) = remembered(&house, "nguoi-thu-hai", Scope::STAFF, "/v1/payments").await;
    let limits = json!({"min_amount": 1, "max_amount": null});
    caller.put("/v1/profiles/vnpay_main", limits.clone()).await.expect(200);
    house.ask("update person set roles = '{viewer}' where code = 'nguoi-thu-hai'").await;
    assert_eq!(caller.put("/v1/profiles/vnpay_main", limits).await.refused(403), "scope_missing");
    caller.get("/v1/payments").await.expect(200);
    house.close().await;
}
