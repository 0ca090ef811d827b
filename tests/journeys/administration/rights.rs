//! Rights and keys of people take two persons: an administrator alone moves no money, neither under another name nor with a
//! portal's key; what takes something away is one person's, and so is a holder's own key.

use crate::people::{administrator, agrees, equips, hires, second};
use domain::principal::Scope;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::barrier::{Request, at_once};
use tests::portal::{Portal, dossier};
use tests::wire::key;
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn decision(proposed: &Value, verdict: &str) -> String {
    format!("/v1/approvals/{}/{verdict}", text(&proposed["approval_id"]))
}

/// A key of somebody who is there, as the command line makes it, and its id.
async fn with(house: &House, holder: &str, scopes: &[Scope]) -> (String, Portal) {
    let (id, key) = key(house, holder, scopes).await;
    (id.to_string(), Portal { key, ..house.staff.clone() })
}

async fn paid(house: &House) -> (Value, String) {
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    (fee, text(&house.portal.intent(&intent).await["payments"][0]["id"]))
}

fn gives_back(fee: &Value) -> Value {
    json!({"lines": [{"obligation_id": fee["id"], "amount": 21_000}], "then": "close", "reason_code": "withdrawn", "note": "",
        "refundable_amount": 21_000})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_alone_moves_no_money_under_any_other_name() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    let (fee, payment) = paid(&house).await;
    let refund = format!("/v1/payments/{payment}/refunds");
    for (code, role) in [("thu-ngan", "accountant"), ("nguoi-duyet", "approver")] {
        hires(two, code, &[role], &[]).await;
    }
    let (clerk_key, _) = with(&house, "thu-ngan", Scope::STAFF).await;
    let (approver_key, _) = with(&house, "nguoi-duyet", Scope::STAFF).await;
    // an office too small: who administers decides as well
    hires(two, "ca-hai", &["administrator", "approver"], &[]).await;
    let (_, both) = with(&house, "ca-hai", Scope::STAFF).await;

    let keys_before = house.ask("select string_agg(id::text, ' ' order by id) from api_key").await;
    let mut proposals = Vec::new();
    for (holder, path) in [
        ("thu-ngan", "/v1/keys".to_owned()),
        ("nguoi-duyet", format!("/v1/keys/{approver_key}/rotate")),
        ("ca-hai", "/v1/keys".to_owned()),
    ] {
        let body = if path.ends_with("rotate") { json!({}) } else { json!({"holder": holder}) };
        let proposed = both.post(&path, body).await.expect(202);
        assert_eq!(proposed["key"], Value::Null);
        let half = Portal { key: text(&proposed["first_part"]), ..both.clone() };
        assert_eq!(half.post(&refund, gives_back(&fee)).await.refused(401), "unauthenticated");
        // not even with the scope to decide, and no other proposal about the same keys
        assert_eq!(both.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "same_person");
        let other = both.post("/v1/keys", json!({"holder": holder})).await;
        assert_eq!(other.refused(409), "approval_pending");
        proposals.push(proposed);
    }
    assert_eq!(admin.post(&decision(&proposals[0], "approve"), json!({})).await.refused(403), "scope_missing");
    assert_eq!(admin.post(&format!("/v1/keys/{clerk_key}/rotate"), json!({})).await.refused(409), "approval_pending");
    assert_eq!(house.ask("select string_agg(id::text, ' ' order by id) from api_key").await, keys_before);

    // somebody new, or somebody who is lifted, is nobody's to make alone either
    let body = json!({"code": "gia-danh", "name": "x", "roles": ["accountant", "approver"]});
    let invented = both.post("/v1/persons", body).await.expect(202);
    assert_eq!((&invented["roles"], &invented["scopes"]), (&json!([]), &json!([])));
    assert_eq!(both.post(&decision(&invented, "approve"), json!({})).await.refused(403), "same_person");

    // the approver and the portal in one: whoever was shown a portal's key does not decide what the portal proposes
    let portal = both.post("/v1/keys", json!({"holder": "cong-dvc"})).await.expect(201);
    let as_portal = Portal { key: text(&portal["key"]), ..house.portal.clone() };
    for scope in ["approvals:decide", "admin"] {
        let wider = both.post("/v1/keys", json!({"holder": "cong-dvc", "scopes": [scope]})).await;
        assert_eq!(wider.refused(422), "validation_failed", "{scope}");
    }
    let proposed = as_portal.post(&refund, gives_back(&fee)).await.expect(201);
    assert_eq!(as_portal.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "scope_missing");
    both.post(&format!("/v1/keys/{}/revoke", text(&portal["id"])), json!({})).await.expect(200);
    assert_eq!(both.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "same_person");
    assert_eq!(house.ask("select status from refund").await, "pending_approval");
    // somebody else may
    second.post(&decision(&proposed, "reject"), json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wider_rights_are_in_force_when_another_approves_and_narrower_ones_at_once() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    let id = hires(two, "nhan-vien", &["clerk"], &[BENEFICIARY]).await;
    let path = format!("/v1/persons/{id}");
    let put = async |name: &str, roles: Value, beneficiaries: Value| {
        admin.put(&path, json!({"name": name, "roles": roles, "beneficiaries": beneficiaries})).await
    };
    let stands = async || {
        let p = admin.get(&path).await.expect(200);
        json!([p["name"], p["roles"], p["beneficiaries"], p["active"]])
    };
    // a name alone is no right, and a role less takes nobody else
    put("B", json!(["clerk"]), json!([BENEFICIARY])).await.expect(200);
    assert_eq!(stands().await, json!(["B", ["clerk"], [BENEFICIARY], true]));
    for wider in [
        (json!(["clerk", "approver"]), json!([BENEFICIARY])),
        (json!(["clerk"]), json!([BENEFICIARY, OTHER_BENEFICIARY])),
        (json!(["clerk"]), json!([])),
        // one role less and another one more: proposed as a whole
        (json!(["viewer"]), json!([BENEFICIARY])),
    ] {
        let proposed = put("C", wider.0.clone(), wider.1.clone()).await.expect(202);
        assert_eq!((&proposed["roles"], &proposed["name"]), (&json!(["clerk"]), &json!("C")), "a name at once");
        // made again, it is the same; another one waits for it
        let again = put("C", wider.0.clone(), wider.1.clone()).await.expect(202);
        assert_eq!(again["approval_id"], proposed["approval_id"]);
        let other = put("C", json!(["administrator"]), json!([BENEFICIARY])).await;
        assert_eq!(other.refused(409), "approval_pending");
        assert_eq!(house.staff.post(&decision(&proposed, "approve"), json!({})).await.refused(403), "same_person");
        let shown = second.get(&format!("/v1/approvals/{}", text(&proposed["approval_id"]))).await.expect(200);
        assert_eq!(
            (&shown["kind"], &shown["subject"], &shown["payload"]["person"]),
            (&json!("person_rights"), &json!(id), &json!("nhan-vien"))
        );
        assert_eq!(
            (&shown["payload"]["new"]["roles"], &shown["payload"]["standing"]["roles"]),
            (&wider.0, &json!(["clerk"]))
        );
        assert!(!shown.to_string().contains("Nhân viên") && !shown.to_string().contains("\"C\""), "{shown}");
        second.post(&decision(&proposed, "reject"), json!({})).await.expect(200);
        assert_eq!(stands().await, json!(["C", ["clerk"], [BENEFICIARY], true]));
    }
    let proposed = put("C", json!(["viewer", "accountant"]), json!([])).await.expect(202);
    agrees(&second, &proposed).await;
    assert_eq!(stands().await, json!(["C", ["viewer", "accountant"], [], true]));
    put("C", json!(["viewer"]), json!([OTHER_BENEFICIARY])).await.expect(200);
    assert_eq!(stands().await, json!(["C", ["viewer"], [OTHER_BENEFICIARY], true]));

    admin.post(&format!("{path}/disable"), json!({})).await.expect(200);
    // a disabled person is lifted by two as well, and enabled by two
    let lifted = put("C", json!(["viewer", "clerk"]), json!([OTHER_BENEFICIARY])).await.expect(202);
    agrees(&second, &lifted).await;
    let enabled = admin.post(&format!("{path}/enable"), json!({})).await.expect(202);
    assert_eq!((&enabled["active"], stands().await[3].clone()), (&json!(false), json!(false)));
    agrees(&second, &enabled).await;
    assert_eq!(stands().await, json!(["C", ["viewer", "clerk"], [OTHER_BENEFICIARY], true]));
    admin.post(&format!("{path}/enable"), json!({})).await.expect(200);

    // whoever it is about does not decide it, and of others' beneficiaries nobody hears
    let (_, themselves) = with(&house, "nhan-vien", Scope::STAFF).await;
    put("C", json!(["approver"]), json!([OTHER_BENEFICIARY])).await.expect(202);
    let waiting = second.get("/v1/approvals?status=pending").await.expect(200)["data"][0].clone();
    let waiting = json!({"approval_id": waiting["id"]});
    agrees(&second, &waiting).await;
    let more = put("C", json!(["approver", "clerk"]), json!([OTHER_BENEFICIARY])).await.expect(202);
    for verdict in ["approve", "reject"] {
        assert_eq!(themselves.post(&decision(&more, verdict), json!({})).await.refused(403), "own_rights");
    }
    hires(two, "duyet-17", &["approver"], &[BENEFICIARY]).await;
    let (_, elsewhere) = equips(two, "duyet-17").await;
    assert_eq!(elsewhere.post(&decision(&more, "approve"), json!({})).await.refused(404), "not_found");
    let of_both = put("C", json!([]), json!([BENEFICIARY, OTHER_BENEFICIARY])).await;
    assert_eq!(of_both.refused(409), "approval_pending");
    second.post(&decision(&more, "reject"), json!({})).await.expect(200);
    let of_both = put("C", json!([]), json!([BENEFICIARY])).await.expect(202);
    assert_eq!(elsewhere.post(&decision(&of_both, "approve"), json!({})).await.refused(404), "not_found");
    second.post(&decision(&of_both, "reject"), json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_proposed_about_something_that_has_changed_is_not_given() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    let id = hires(two, "nhan-vien", &["clerk"], &[]).await;
    let path = format!("/v1/persons/{id}");
    let (old, _) = with(&house, "nhan-vien", &[Scope::ReportsRead]).await;
    let wider = json!({"name": "x", "roles": ["clerk", "viewer"], "beneficiaries": []});
    let stale = async |proposed: &Value| {
        assert_eq!(second.post(&decision(proposed, "approve"), json!({})).await.refused(409), "approval_stale");
        let id = text(&proposed["approval_id"]);
        let left = format!("select count(*) from proposed_key where assurance.text_id('apr', approval_id) = '{id}'");
        let waiting = house.ask(&left).await;
        second.post(&decision(proposed, "reject"), json!({})).await.expect(200);
        assert_eq!(house.ask(&left).await, "0");
        waiting
    };
    let proposed = admin.put(&path, wider.clone()).await.expect(202);
    admin.put(&path, json!({"name": "x", "roles": [], "beneficiaries": []})).await.expect(200);
    stale(&proposed).await;
    assert_eq!(admin.get(&path).await.expect(200)["roles"], json!([]));
    let proposed = admin.put(&path, wider.clone()).await.expect(202);
    admin.post(&format!("{path}/disable"), json!({})).await.expect(200);
    stale(&proposed).await;
    agrees(&second, &admin.post(&format!("{path}/enable"), json!({})).await.expect(202)).await;

    // a key: its holder is disabled; the one that it follows is revoked; a second one came meanwhile
    let keys = async || house.ask("select count(*) from api_key where revoked_at is null").await;
    let rotate = format!("/v1/keys/{old}/rotate");
    let proposed = admin.post(&rotate, json!({})).await.expect(202);
    let before = keys().await;
    admin.post(&format!("{path}/disable"), json!({})).await.expect(200);
    assert_eq!(stale(&proposed).await, "1", "it waits until it is rejected");
    agrees(&second, &admin.post(&format!("{path}/enable"), json!({})).await.expect(202)).await;
    let proposed = admin.post(&rotate, json!({})).await.expect(202);
    with(&house, "nhan-vien", &[Scope::ReportsRead]).await;
    stale(&proposed).await;
    let (third, _) = with(&house, "nhan-vien", &[Scope::ReportsRead]).await;
    house.ask(&format!("update api_key set revoked_at = now() where assurance.text_id('key', id) not in ('{third}') and person_id = (select id from person where code = 'nhan-vien')")).await;
    let proposed = admin.post(&format!("/v1/keys/{third}/rotate"), json!({})).await.expect(202);
    admin.post(&format!("/v1/keys/{third}/revoke"), json!({})).await.expect(200);
    stale(&proposed).await;
    assert_ne!(keys().await, before, "none is left");

    // its holder may do more, or less, than whoever proposed it saw
    for rights in [
        json!({"name": "x", "roles": ["clerk", "viewer"], "beneficiaries": []}),
        json!({"name": "x", "roles": ["viewer"], "beneficiaries": [tests::BENEFICIARY]}),
    ] {
        let proposed = admin.post("/v1/keys", json!({"holder": "nhan-vien"})).await.expect(202);
        let changed = admin.put(&path, rights).await;
        if changed.status == 202 {
            agrees(&second, &changed.json).await;
        }
        assert_eq!(stale(&proposed).await, "1");
    }
    let shown = admin.post("/v1/keys", json!({"holder": "nhan-vien"})).await.expect(202);
    let payload =
        second.get(&format!("/v1/approvals/{}", text(&shown["approval_id"]))).await.expect(200)["payload"].clone();
    let standing = json!({"roles": ["viewer"], "beneficiaries": [tests::BENEFICIARY], "active": true});
    assert_eq!(payload["standing"], standing);
    second.post(&decision(&shown, "reject"), json!({})).await.expect(200);

    // who proposed it is no administrator any more
    let boss = hires(two, "quan-tri", &["administrator"], &[]).await;
    let (_, scoped) = equips(two, "quan-tri").await;
    let rights = scoped.put(&path, wider).await.expect(202);
    let key = scoped.post("/v1/keys", json!({"holder": "nhan-vien"})).await.expect(202);
    admin.post(&format!("/v1/persons/{boss}/disable"), json!({})).await.expect(200);
    for proposed in [&rights, &key] {
        stale(proposed).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_money_goes_is_not_changed_on_the_word_of_somebody_who_has_left() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let boss = hires((&admin, &second), "quan-tri", &["administrator"], &[]).await;
    let (_, leaving) = equips((&admin, &second), "quan-tri").await;
    let account = json!({"kind": "bank", "bank_bin": "970436", "account_number": "777", "account_name": "X"});
    let path = format!("/v1/beneficiaries/{BENEFICIARY}/accounts");
    let proposed = leaving.post(&path, json!({"account": account})).await.expect(201);
    let role = |roles: Value| json!({"name": "x", "roles": roles, "beneficiaries": []});
    admin.put(&format!("/v1/persons/{boss}"), role(json!([]))).await.expect(200);
    assert_eq!(second.post(&decision(&proposed, "approve"), json!({})).await.refused(409), "approval_stale");
    let back = admin.put(&format!("/v1/persons/{boss}"), role(json!(["administrator"]))).await.expect(202);
    agrees(&second, &back).await;
    second.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_of_one_holder_and_no_code_is_an_id() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let id = text(&admin.post("/v1/persons", json!({"code": "a", "name": "x", "roles": []})).await.expect(201)["id"]);
    for code in [&id, "cong-dvc", "a", "usr_0123456789abcdef0123456789abcdef"] {
        let made = admin.post("/v1/persons", json!({"code": code, "name": "x", "roles": []})).await;
        assert_eq!(made.refused(409), "code_taken", "{code}");
    }
    for code in [&id, "a", &house.client] {
        assert_eq!(admin.put(&format!("/v1/clients/{code}"), json!({"name": "x"})).await.refused(409), "code_taken");
    }
    // both at once: one has it
    let (person, client) = tokio::join!(
        admin.post("/v1/persons", json!({"code": "cung-ma", "name": "x", "roles": []})),
        admin.put("/v1/clients/cung-ma", json!({"name": "x"})),
    );
    let mut told = [person.status, client.status];
    told.sort_unstable();
    assert!(told == [200, 409] || told == [201, 409], "{told:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_key_is_told_in_two_parts_and_shown_nowhere_else() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    hires(two, "nhan-vien", &["viewer"], &[]).await;
    let proposed = admin.post("/v1/keys", json!({"holder": "nhan-vien"})).await.expect(202);
    let first = text(&proposed["first_part"]);
    let approval = format!("/v1/approvals/{}", text(&proposed["approval_id"]));
    let seen = async |secrets: &[&str]| {
        let shown = [
            second.get(&approval).await.text,
            second.get("/v1/approvals").await.text,
            admin.get("/v1/keys").await.text,
            house.ask("select string_agg(to_jsonb(a)::text, '') from approval a").await,
            house.ask("select string_agg(to_jsonb(a)::text, '') from audit a").await,
        ];
        secrets.iter().any(|secret| shown.iter().any(|text| text.contains(secret)))
    };
    let first_secret = first.rsplit('_').next().unwrap();
    assert!(!seen(&[first_secret]).await);
    let approved = second.post_with(&format!("{approval}/approve"), "yes", json!({})).await.expect(200);
    let rest = text(&approved["second_part"]);
    assert!(!seen(&[first_secret, &rest]).await);
    assert_eq!(second.get(&approval).await.expect(200)["second_part"], Value::Null);
    let head = first.trim_end_matches(first_secret);
    for half in [first.clone(), rest.clone(), format!("{head}{rest}"), format!("{first}{}", "0".repeat(rest.len()))] {
        let half = Portal { key: half, ..admin.clone() };
        assert_eq!(half.get("/v1/payments").await.refused(401), "unauthenticated");
    }
    Portal { key: format!("{first}{rest}"), ..admin.clone() }.get("/v1/payments").await.expect(200);
    assert_eq!(house.ask("select count(*) from proposed_key").await, "0");

    // the same key again is the same proposal, and once rejected nothing of it is left
    hires(two, "nguoi-khac", &["viewer"], &[]).await;
    let body = json!({"holder": "nguoi-khac"});
    let rejected = admin.post_with("/v1/keys", "k", body.clone()).await;
    let again = admin.post_with("/v1/keys", "k", body).await;
    assert_eq!((again.replayed, &again.text), (true, &rejected.text));
    let rejected = rejected.expect(202);
    let answer = second.post(&decision(&rejected, "reject"), json!({})).await.expect(200);
    assert_eq!(answer["second_part"], Value::Null);
    assert_eq!(second.post(&decision(&rejected, "approve"), json!({})).await.refused(409), "approval_decided");
    assert_eq!(admin.get("/v1/keys?holder=nguoi-khac").await.expect(200)["data"], json!([]));
    // with a role they may do nothing without a key, and their holder decides about none
    hires(two, "duyet", &["approver"], &[]).await;
    let (_, themselves) = with(&house, "duyet", Scope::STAFF).await;
    let own = admin.post("/v1/keys", json!({"holder": "duyet"})).await.expect(202);
    assert_eq!(themselves.post(&decision(&own, "approve"), json!({})).await.refused(403), "own_rights");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_approve_a_key_at_once_one_decides_and_there_is_one_key() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    hires(two, "nhan-vien", &["viewer"], &[]).await;
    hires(two, "duyet", &["approver"], &[]).await;
    let (_, third) = equips(two, "duyet").await;
    for (verdicts, refused) in [(["approve", "approve"], 1), (["approve", "reject"], 1)] {
        let proposed = admin.post("/v1/keys", json!({"holder": "nhan-vien"})).await.expect(202);
        let count = "select count(*) from api_key where person_id = (select id from person where code = 'nhan-vien')";
        let before: usize = house.ask(count).await.parse().unwrap();
        let calls = [(&second, verdicts[0]), (&third, verdicts[1]), (&second, verdicts[0]), (&third, verdicts[1])];
        let paths = calls.map(|(who, verdict)| (who, decision(&proposed, verdict)));
        let answers = join_all(paths.iter().map(|(who, path)| who.post(path, json!({})))).await;
        let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 200);
        assert_eq!((good.len(), bad.len()), (1, 2 + refused));
        assert!(bad.into_iter().all(|a| a.refused(409) == "approval_decided"));
        let approved = good[0].json["status"] == "approved";
        assert_eq!(good[0].json["second_part"].is_string(), approved);
        assert_eq!(house.ask(count).await.parse::<usize>().unwrap(), before + usize::from(approved));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_rotated_and_revoked_at_one_moment_is_one_before_the_other() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    for round in 0..20 {
        let code = format!("nhan-vien-{round}");
        hires((&admin, &second), &code, &["viewer"], &[]).await;
        let (id, holder) = with(&house, &code, &[Scope::ReportsRead]).await;
        let calls = vec![
            Request::post(&holder, &format!("/v1/keys/{id}/rotate"), &format!("r-{round}"), &json!({})),
            Request::post(&admin, &format!("/v1/keys/{id}/revoke"), &format!("v-{round}"), &json!({})),
        ];
        let answers = at_once(calls).await;
        let heard = (answers[0].status, answers[1].status);
        assert!(matches!(heard, (201 | 401 | 403 | 404, 200)), "{heard:?} {} {}", answers[0].text, answers[1].text);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_rotates_the_key_they_call_with_and_revokes_their_own_and_nobody_elses() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    for code in ["nhan-vien", "nguoi-khac"] {
        hires(two, code, &["viewer", "accountant"], &[BENEFICIARY]).await;
    }
    let (narrow, narrowly) = with(&house, "nhan-vien", &[Scope::ReportsRead]).await;
    let (foreign, _) = with(&house, "nguoi-khac", Scope::STAFF).await;
    let absent = format!("key_{:032x}", 7);
    let rotated = narrowly.post(&format!("/v1/keys/{narrow}/rotate"), json!({})).await.expect(201);
    assert_eq!((&rotated["scopes"], &rotated["holder"]), (&json!(["reports:read"]), &json!("nhan-vien")));
    let next = Portal { key: text(&rotated["key"]), ..admin.clone() };
    next.get("/v1/payments").await.expect(200);
    assert_eq!(next.post("/v1/statements?account=x", json!({})).await.refused(403), "scope_missing");
    // two are active
    assert_eq!(
        next.post(&format!("/v1/keys/{}/rotate", text(&rotated["id"])), json!({})).await.refused(409),
        "keys_active"
    );
    next.post(&format!("/v1/keys/{narrow}/revoke"), json!({})).await.expect(200);

    // a wider key of the same person is not to be had with a narrow one
    let (wide, widely) = with(&house, "nhan-vien", Scope::STAFF).await;
    for key in [&wide, &foreign, &absent] {
        assert_eq!(next.post(&format!("/v1/keys/{key}/rotate"), json!({})).await.refused(403), "scope_missing");
    }
    let refusals = join_all([&foreign, &absent, &narrow].map(async |key| {
        let answer = next.post(&format!("/v1/keys/{key}/revoke"), json!({})).await;
        (answer.json["detail"].clone(), answer.refused(403))
    }))
    .await;
    assert!(
        refusals.iter().all(|r| *r == (json!("the key lacks the scope admin"), "scope_missing".to_owned())),
        "{refusals:?}"
    );
    // an administrator's own other key is somebody else's to agree to, as anybody's
    let (powerful, _) = with(&house, "ke-toan", Scope::STAFF).await;
    house
        .ask(&format!(
            "update api_key set revoked_at = now() where person_id = (select id from person where code = 'ke-toan')
        and assurance.text_id('key', id) <> '{powerful}'"
        ))
        .await;
    let me = administrator(&house).await;
    assert_eq!(me.post(&format!("/v1/keys/{powerful}/rotate"), json!({})).await.refused(409), "keys_active");
    let mine = me.post("/v1/keys", json!({"holder": "ke-toan"})).await.expect(202);
    second.post(&decision(&mine, "reject"), json!({})).await.expect(200);

    widely.post(&format!("/v1/keys/{wide}/revoke"), json!({})).await.expect(200);
    assert_eq!(
        house
            .ask(&format!("select revoked_at is not null from api_key where assurance.text_id('key', id) = '{wide}'"))
            .await,
        "t"
    );
    assert_eq!(
        house
            .ask(&format!("select revoked_at is null from api_key where assurance.text_id('key', id) = '{foreign}'"))
            .await,
        "t"
    );
    let sql = format!(
        "select action || ' ' || split_part(subject, ' ', 1) from audit where subject like '{}%'",
        text(&rotated["id"])
    );
    assert_eq!(house.ask(&sql).await, format!("key_rotated {}", text(&rotated["id"])));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_takes_no_key_and_no_wider_rights_of_one_person() {
    let house = House::new().await;
    let (admin, second) = (administrator(&house).await, second(&house).await);
    let two = (&admin, &second);
    let id = hires(two, "nhan-vien", &["viewer"], &[BENEFICIARY]).await;
    let (key, _) = equips(two, "nhan-vien").await;
    let me = house.ask("select assurance.text_id('usr', id) from person where code = 'ke-toan'").await;
    let beside = house.database.connect("motlan_app").await;
    let person = format!("(select p.id from person p where assurance.text_id('usr', p.id) = '{id}')");
    let approval = format!("(select a.id from approval a where a.kind = 'person_key' and a.subject = '{id}')");
    let old = format!("(select k.id from api_key k where assurance.text_id('key', k.id) = '{key}')");
    let new_key = |made_by: &str, approval: &str, from: &str, scopes: &str| {
        format!(
            "insert into api_key (id, person_id, secret_hash, scopes, made_by, approval_id, rotated_from)
            values (gen_random_uuid(), {person}, 'x', {scopes}, '{made_by}', {approval}, {from})"
        )
    };
    let set = |what: &str| format!("update person set {what} where id = {person}");
    let again = "(select decided_at from approval where kind = 'person_rights' limit 1)";
    for sql in [
        new_key(&me, "null", "null", "'{admin}'"),
        // an approval is for one key
        new_key(&me, &approval, "null", "'{admin}'"),
        // somebody else's rotation, and one that is wider than what it follows
        new_key(&me, "null", &old, "'{reports:read}'"),
        new_key(&id, "null", &old, "'{payments:write}'"),
        new_key("clinic", "null", "null", "'{admin}'"),
        format!("update api_key set scopes = '{{admin}}' where id = {old}"),
        format!("update api_key set person_id = null where id = {old}"),
        format!(
            "insert into person (id, code, name, roles, rights_by) values (gen_random_uuid(), 'x', 'x', '{{viewer}}', '{me}')"
        ),
        set("roles = '{viewer,approver}'"),
        set("roles = '{viewer,approver}', rights_at = now(), rights_by = 'usr_1'"),
        set("beneficiaries = '{}', rights_at = now()"),
        set(&format!("roles = '{{viewer,approver}}', rights_at = {again}")),
        "update approval set status = 'approved', decider = subject, decided_at = now() where kind = 'person_key'"
            .to_owned(),
    ] {
        assert!(beside.execute(&sql, &[]).await.is_err(), "{sql}");
    }
    // what takes away needs nobody, and a key that was revoked stays so
    for sql in [
        set("roles = '{}'"),
        set("disabled_at = now()"),
        format!("update api_key set revoked_at = now() where id = {old}"),
    ] {
        beside.execute(&sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }
    for sql in [set("disabled_at = null"), format!("update api_key set revoked_at = null where id = {old}")] {
        assert!(beside.execute(&sql, &[]).await.is_err(), "{sql}");
    }
    beside.execute(&new_key("cli:van-hanh", "null", "null", "'{reports:read}'"), &[]).await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_made_the_keys_of_before_is_read_from_the_audit_trail() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let made = admin.post("/v1/keys", json!({"holder": "cong-dvc"})).await.expect(201);
    let next = admin.post(&format!("/v1/keys/{}/rotate", text(&made["id"])), json!({})).await;
    // the house's own key of the portal is active as well
    assert_eq!(next.refused(409), "keys_active");
    let makers = "select string_agg(distinct coalesce(made_by, 'nobody'), ' ' order by coalesce(made_by, 'nobody')) from api_key";
    let before = house.ask(makers).await;
    house.ask("update api_key set made_by = null where client_id is not null").await;
    assert!(house.ask(makers).await.starts_with("cli:test nobody"));
    house.ask(include_str!("../../../crates/storage/migrations/0061_key_makers.sql")).await;
    let me = house.ask("select assurance.text_id('usr', id) from person where code = 'ke-toan'").await;
    let of_key = format!("select made_by from api_key where assurance.text_id('key', id) = '{}'", text(&made["id"]));
    assert_eq!(house.ask(&of_key).await, me, "{before}");
    house.close().await;
}
