//! People, their roles and keys: what a role allows, what is taken away at once and from every process, and what an
//! administrator of some beneficiaries does not see.

use domain::principal::Scope;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::child::Running;
use tests::portal::{Answered, Portal, fresh};
use tests::rows::dump;
use tests::wire::key;
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan, env, files};

/// The harness' first person has every role; this key of theirs may administer and nothing else.
pub(crate) async fn administrator(house: &House) -> Portal {
    let (_, key) = key(house, "ke-toan", &[Scope::Admin]).await;
    Portal { key, ..house.staff.clone() }
}

/// Somebody who decides what administrators propose, and does nothing else.
pub(crate) async fn second(house: &House) -> Portal {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(jiff::Timestamp::now());
    storage::principals::put_person(&db, id, "nguoi-thu-hai", "Người thứ hai (mẫu)", &[]).await.unwrap();
    drop(db);
    let (_, key) = key(house, "nguoi-thu-hai", &[Scope::ApprovalsDecide]).await;
    Portal { key, ..house.staff.clone() }
}

/// Somebody new, as two persons want it: their id.
pub(crate) async fn hires(
    (admin, second): (&Portal, &Portal),
    code: &str,
    roles: &[&str],
    beneficiaries: &[&str],
) -> String {
    let body = json!({"code": code, "name": "Nhân viên (mẫu)", "roles": roles, "beneficiaries": beneficiaries});
    let made = admin.post("/v1/persons", body).await;
    if roles.is_empty() {
        return text(&made.expect(201)["id"]);
    }
    let made = made.expect(202);
    assert_eq!(made["roles"], json!([]), "nothing before it is approved");
    agrees(second, &made).await;
    text(&made["id"])
}

/// A key of somebody with all that staff may have, as two persons want it: its id, and whoever holds it.
pub(crate) async fn equips((admin, second): (&Portal, &Portal), holder: &str) -> (String, Portal) {
    key_for((admin, second), json!({"holder": holder})).await
}

async fn key_for((admin, second): (&Portal, &Portal), body: Value) -> (String, Portal) {
    let proposed = admin.post("/v1/keys", body).await.expect(202);
    let approved = agrees(second, &proposed).await;
    let key = text(&proposed["first_part"]) + &text(&approved["second_part"]);
    (text(&proposed["key_id"]), Portal { key, ..admin.clone() })
}

/// The second person says yes to what waits.
pub(crate) async fn agrees(second: &Portal, proposed: &Value) -> Value {
    second.post(&format!("/v1/approvals/{}/approve", text(&proposed["approval_id"])), json!({})).await.expect(200)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A second process of the same deployment.
pub(crate) async fn next_door(house: &House, plan: &Plan) -> (Running, String) {
    let running = Running::start(&env(&house.database, &house.vnpay.url, plan), &["serve"]).await;
    let url = running.url("http");
    (running, url)
}

/// One call for each scope that this release uses, and whether it got past the door.
async fn doors(staff: &Portal) -> Vec<&'static str> {
    let today = files::today();
    let calls = [
        ("reports:read", staff.get(&format!("/v1/reports/transactions?from={today}&to={today}")).await),
        ("statements:write", staff.post("/v1/statements?account=970436.1029384756", json!({})).await),
        ("days:close", staff.post("/v1/reconciliation/2026-01-05/close?profile=vnpay_main", json!({})).await),
        ("admin", staff.get("/v1/persons").await),
    ];
    let open = |(scope, answer): (&'static str, Answered)| match answer.status {
        403 => {
            assert_eq!(answer.refused(403), "scope_missing");
            None
        }
        _ => Some(scope),
    };
    calls.into_iter().filter_map(open).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_may_do_what_its_scopes_and_its_holders_roles_both_allow() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    for (role, may) in [
        ("viewer", &["reports:read"][..]),
        ("clerk", &["reports:read"]),
        ("accountant", &["reports:read", "statements:write", "days:close"]),
        ("approver", &["reports:read"]),
        ("administrator", &["reports:read", "admin"]),
    ] {
        hires(two, role, &[role], &[]).await;
        let (_, staff) = equips(two, role).await;
        assert_eq!(doors(&staff).await, may, "{role}");
    }
    hires(two, "ca-hai", &["accountant", "administrator"], &[]).await;
    let (_, both) = equips(two, "ca-hai").await;
    assert_eq!(doors(&both).await, ["reports:read", "statements:write", "days:close", "admin"]);
    hires(two, "chua-phan-cong", &[], &[]).await;
    let (_, nothing) = equips(two, "chua-phan-cong").await;
    assert!(doors(&nothing).await.is_empty());
    // the key's own scopes limit it as well
    let (_, narrow) = key_for(two, json!({"holder": "ca-hai", "scopes": ["reports:read"]})).await;
    assert_eq!(doors(&narrow).await, ["reports:read"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_a_person_and_a_key_that_are_taken_away_are_refused_within_a_minute_in_every_process() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    let (beside, url) = next_door(&house, &Plan::default()).await;
    let mut losers = Vec::new();
    for code in ["mat-vai-tro", "bi-khoa", "mat-khoa"] {
        let id = hires(two, code, &["accountant", "administrator"], &[]).await;
        let (key, here) = equips(two, code).await;
        let there = Portal::new(&house.http, &url, here.key.clone());
        for at in [&here, &there] {
            at.get("/v1/persons").await.expect(200);
        }
        losers.push((id, key, here, there));
    }
    let demoted = json!({"name": "Nhân viên (mẫu)", "roles": ["accountant"], "beneficiaries": []});
    admin.put(&format!("/v1/persons/{}", losers[0].0), demoted).await.expect(200);
    admin.post(&format!("/v1/persons/{}/disable", losers[1].0), json!({})).await.expect(200);
    admin.post(&format!("/v1/keys/{}/revoke", losers[2].1), json!({})).await.expect(200);
    let taken = Instant::now();
    for (nth, (_, _, here, there)) in losers.iter().enumerate() {
        for at in [here, there] {
            // in use all the time: what is remembered must not be remembered anew by being used
            while at.get("/v1/persons").await.status == 200 {
                assert!(taken.elapsed() < Duration::from_secs(60), "still good after a minute");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            let answer = at.get("/v1/persons").await;
            let expected = if nth == 0 { (403, "scope_missing") } else { (401, "unauthenticated") };
            assert_eq!((answer.status, answer.refused(expected.0).as_str()), expected);
        }
    }
    // what the person may still do, they may
    losers[0].3.get("/v1/cases").await.expect(200);
    let enabling = admin.post(&format!("/v1/persons/{}/enable", losers[1].0), json!({})).await.expect(202);
    assert_eq!(losers[1].2.get("/v1/persons").await.refused(401), "unauthenticated");
    agrees(&second, &enabling).await;
    losers[1].2.get("/v1/persons").await.expect(200);
    beside.end().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_changes_their_own_rights() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let me = admin.get("/v1/persons?code=ke-toan").await.expect(200)["data"][0].clone();
    let path = format!("/v1/persons/{}", text(&me["id"]));
    let body = json!({"name": me["name"], "roles": ["administrator"], "beneficiaries": []});
    assert_eq!(admin.put(&path, body).await.refused(403), "own_rights");
    assert_eq!(admin.post(&format!("{path}/disable"), json!({})).await.refused(403), "own_rights");
    assert_eq!(admin.get(&path).await.expect(200), me);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_of_some_beneficiaries_sees_and_gives_nothing_of_others() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    hires(two, "qtv-17", &["administrator"], &[BENEFICIARY]).await;
    let (_, scoped) = equips(two, "qtv-17").await;
    let (theirs, everybodys) = (
        hires(two, "ke-toan-18", &["accountant"], &[OTHER_BENEFICIARY]).await,
        hires(two, "giam-doc", &["viewer"], &[]).await,
    );
    let (foreign_key, _) = equips(two, "ke-toan-18").await;
    let own = hires((&scoped, &second), "ke-toan-17", &["accountant"], &[BENEFICIARY]).await;
    let seen = scoped.get("/v1/persons").await.expect(200);
    let mut seen: Vec<&str> = seen["data"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["ke-toan-17", "qtv-17"]);

    let absent = format!("usr_{:032x}", 7);
    let body = json!({"name": "x", "roles": ["viewer"], "beneficiaries": [BENEFICIARY]});
    for id in [&theirs, &everybodys, &absent] {
        for answer in [
            scoped.get(&format!("/v1/persons/{id}")).await,
            scoped.put(&format!("/v1/persons/{id}"), body.clone()).await,
            scoped.post(&format!("/v1/persons/{id}/disable"), json!({})).await,
        ] {
            assert_eq!(answer.refused(404), "not_found", "{id}");
        }
    }
    for key in [foreign_key, format!("key_{:032x}", 7)] {
        assert_eq!(scoped.post(&format!("/v1/keys/{key}/revoke"), json!({})).await.refused(404), "not_found");
        assert_eq!(scoped.post(&format!("/v1/keys/{key}/rotate"), json!({})).await.refused(404), "not_found");
    }
    // a foreign holder reads like one that is not there
    let refusals: Vec<Value> = join_all(["ke-toan-18", "giam-doc", "cong-dvc", "khong-co"].map(async |holder| {
        let answer = scoped.post("/v1/keys", json!({"holder": holder})).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        json!(answer.json["errors"].to_string().replace(holder, "…"))
    }))
    .await;
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "{refusals:?}");

    // rights over more than their own are not theirs to give
    for (beneficiaries, code) in [
        (json!([OTHER_BENEFICIARY]), "beneficiary_unknown"),
        (json!([BENEFICIARY, OTHER_BENEFICIARY]), "beneficiary_unknown"),
        (json!(["H99-KB"]), "beneficiary_unknown"),
        (json!([]), "validation_failed"),
    ] {
        let body =
            json!({"code": format!("p-{}", fresh()), "name": "x", "roles": ["viewer"], "beneficiaries": beneficiaries});
        assert_eq!(scoped.post("/v1/persons", body).await.refused(422), code, "{beneficiaries}");
        let body = json!({"name": "x", "roles": ["viewer"], "beneficiaries": beneficiaries});
        assert_eq!(scoped.put(&format!("/v1/persons/{own}"), body).await.refused(422), code, "{beneficiaries}");
    }
    // what concerns everybody is for an administrator of all
    let account = json!({"kind": "bank", "bank_bin": "970436", "account_number": "1", "account_name": "A"});
    for answer in [
        scoped.get("/v1/clients").await,
        scoped.put("/v1/clients/cong-moi", json!({"name": "x"})).await,
        scoped.get("/v1/clients/cong-dvc/event-endpoints").await,
        scoped.put("/v1/agencies/H38.17", json!({"name": "x"})).await,
        scoped.put("/v1/fees/LE-PHI", json!({"entries": []})).await,
        scoped.put("/v1/calendar/2027-01-01", json!({"worked": false, "name": "x"})).await,
        scoped.put("/v1/layouts/x", json!({"kind": "statement", "layout": ""})).await,
        scoped.post("/v1/channels/vnpay/off", json!({"reason": "x"})).await,
        scoped.get("/v1/parked?kind=inbox").await,
    ] {
        assert_eq!(answer.refused(403), "scope_missing");
    }
    let other = json!({"agency_code": "H38.18", "name": "x", "account": account});
    assert_eq!(scoped.put(&format!("/v1/beneficiaries/{OTHER_BENEFICIARY}"), other).await.refused(404), "not_found");
    let beneficiaries = scoped.get("/v1/beneficiaries").await.expect(200);
    assert_eq!(beneficiaries["data"].as_array().unwrap().len(), 1, "{beneficiaries}");
    // nor whose a contract and an account are beside theirs
    let shared = admin.get("/v1/profiles").await.expect(200)["data"][0]["beneficiaries"].clone();
    assert_eq!(shared, json!([BENEFICIARY, OTHER_BENEFICIARY]));
    for list in ["/v1/profiles", "/v1/accounts"] {
        let seen = scoped.get(list).await.expect(200);
        assert_eq!(seen["data"][0]["beneficiaries"], json!([BENEFICIARY]), "{list}");
        assert!(!seen.to_string().contains(OTHER_BENEFICIARY), "{list}: {seen}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keys_text_is_shown_once_and_a_repeat_shows_the_same_bytes() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    hires(two, "thu-ngan", &["clerk"], &[]).await;
    let body = json!({"holder": "thu-ngan", "scopes": ["reports:read"]});
    let first = admin.post_with("/v1/keys", "one-key", body.clone()).await;
    assert!(!first.replayed);
    let again = admin.post_with("/v1/keys", "one-key", body).await;
    assert_eq!((again.replayed, &again.text), (true, &first.text));
    let proposed = first.expect(202);
    let path = format!("/v1/approvals/{}/approve", text(&proposed["approval_id"]));
    let approved = second.post_with(&path, "one-yes", json!({})).await;
    let again = second.post_with(&path, "one-yes", json!({})).await;
    assert_eq!((approved.replayed, again.replayed, &again.text), (false, true, &approved.text));
    let parts = [text(&proposed["first_part"]), text(&approved.expect(200)["second_part"])];
    let whole = parts.concat();
    let secrets = [parts[0].rsplit('_').next().unwrap(), &parts[1], whole.rsplit('_').next().unwrap()];
    for (table, row) in dump(&house.database).await {
        let seen = |secret: &&str| row.contains(secret) || row.contains(&hex::encode(secret));
        assert!(!secrets.iter().any(seen), "a secret lies in {table}");
    }
    let listed = admin.get("/v1/keys?holder=thu-ngan").await.expect(200);
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["key"]), (1, &Value::Null));
    let staff = Portal { key: whole, ..admin.clone() };
    staff.get("/v1/cases").await.expect(200);

    // of two who rotate at once, one makes the second key and no third is made
    let path = format!("/v1/keys/{}/rotate", text(&proposed["key_id"]));
    let rotated = join_all((0..4).map(|_| staff.post(&path, json!({})))).await;
    let (good, refused): (Vec<_>, Vec<_>) = rotated.into_iter().partition(|a| a.status == 201);
    assert_eq!(good.len(), 1);
    assert!(refused.into_iter().all(|a| a.refused(409) == "keys_active"));
    assert_eq!(admin.post(&path, json!({})).await.refused(409), "keys_active");
    assert_eq!(good[0].json["scopes"], json!(["reports:read"]));
    let next = Portal { key: text(&good[0].json["key"]), ..admin.clone() };
    for both in [&staff, &next] {
        both.get("/v1/cases").await.expect(200);
    }
    admin.post(&format!("/v1/keys/{}/revoke", text(&proposed["key_id"])), json!({})).await.expect(200);
    assert_eq!(admin.post(&path, json!({})).await.refused(404), "not_found");

    // a client's key gets a client's scopes
    let portal = admin.post("/v1/keys", json!({"holder": "cong-khac"})).await.expect(201);
    assert_eq!(portal["scopes"].as_array().unwrap().len(), Scope::CLIENT.len());
    for (holder, scopes) in
        [("cong-khac", json!(["admin"])), ("thu-ngan", json!(["payments:write"])), ("khong-co", json!([]))]
    {
        let answer = admin.post("/v1/keys", json!({"holder": holder, "scopes": scopes})).await;
        assert_eq!(answer.refused(422), "validation_failed", "{holder}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_of_rights_is_in_the_audit_trail_with_who_made_it() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let second = second(&house).await;
    let two = (&admin, &second);
    let id = hires(two, "nguoi-moi", &["viewer"], &[BENEFICIARY]).await;
    let body = json!({"name": "Người mới", "roles": ["clerk", "viewer"], "beneficiaries": []});
    let wider = admin.put(&format!("/v1/persons/{id}"), body).await.expect(202);
    agrees(&second, &wider).await;
    let (key, _) = equips(two, "nguoi-moi").await;
    admin.post(&format!("/v1/keys/{key}/revoke"), json!({})).await.expect(200);
    admin.post(&format!("/v1/persons/{id}/disable"), json!({})).await.expect(200);
    let me = text(&admin.get("/v1/persons?code=ke-toan").await.expect(200)["data"][0]["id"]);
    let sql =
        format!("select string_agg(action || ' ' || subject, E'\\n' order by id) from audit where actor = '{me}'");
    let all = Scope::STAFF.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(",");
    let asked = house.ask(&sql).await;
    // which proposal it was is in the approvals
    let without = |line: &str| line.split(' ').filter(|word| !word.starts_with("apr_")).collect::<Vec<_>>().join(" ");
    assert_eq!(
        asked.lines().map(without).collect::<Vec<_>>(),
        [
            format!("person_created {id} roles= beneficiaries={BENEFICIARY}"),
            format!("person_rights_proposed {id} roles=viewer beneficiaries={BENEFICIARY}"),
            format!("person_changed {id} roles=viewer beneficiaries={BENEFICIARY}"),
            format!("person_rights_proposed {id} roles=viewer,clerk beneficiaries=all"),
            format!("key_proposed {key} holder={id} scopes={all}"),
            format!("key_revoked {key}"),
            format!("person_disabled {id}"),
        ]
    );
    let sql = sql
        .replace(&me, &house.ask("select assurance.text_id('usr', id) from person where code = 'nguoi-thu-hai'").await);
    assert_eq!(
        house.ask(&sql).await.lines().map(without).collect::<Vec<_>>(),
        [
            &format!("person_changed {id} roles=viewer beneficiaries={BENEFICIARY}"),
            "approved",
            &format!("person_changed {id} roles=viewer,clerk beneficiaries=all"),
            "approved",
            &format!("key_created {key} holder={id} scopes={all}"),
            "approved",
        ]
    );
    // refused, nothing is changed and nothing noted
    let before = house.ask("select count(*) from audit").await;
    let taken = json!({"code": "nguoi-moi", "name": "x", "roles": []});
    assert_eq!(admin.post("/v1/persons", taken).await.refused(409), "code_taken");
    assert_eq!(admin.post("/v1/keys", json!({"holder": "nguoi-moi"})).await.refused(409), "holder_disabled");
    let wrong = json!({"code": "a b", "name": "", "roles": ["boss"], "beneficiaries": ["\u{0}"]});
    let answer = admin.post("/v1/persons", wrong).await;
    let pointers: Vec<&str> =
        answer.json["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/code", "/name", "/roles/0", "/beneficiaries/0"]);
    assert_eq!(house.ask("select count(*) from audit").await, before);
    house.close().await;
}
