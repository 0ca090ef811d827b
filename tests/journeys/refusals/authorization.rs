//! Who may do what: every operation of the description, by every kind of key, about what is one's own, another's, and
//! not there. The rows stand in `authorization/table.rs`.

mod row;
mod table;

use super::without_id;
use domain::mode::Mode;
use domain::principal::Scope;
use row::{Row, Stranger};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use storage::principals;
use table::{WITHOUT_KEY, rows, things};
use tests::portal::Answered;
use tests::rows::digest;
use tests::wire::{key, key_of};
use tests::{House, Plan};

/// A person who sees the second beneficiary's money only.
const ELSEWHERE: &str = "ke-toan-18";

async fn person(house: &House, code: &str, beneficiary: &str) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let id = storage::ids::mint(jiff::Timestamp::now());
    principals::put_person(&db, id, code, "Kế toán (mẫu)", &[beneficiary.to_owned()]).await.unwrap();
}

/// Every operation that `openapi/motlan.yaml` describes.
async fn described(house: &House) -> BTreeSet<(String, String)> {
    let description = house.http.get(format!("{}/openapi.json", house.gateway.staff_url())).send().await.unwrap();
    let description: Value = description.json().await.unwrap();
    let mut out = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        out.extend(item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    out
}

/// What is no key of an active holder in this mode, each as a header.
async fn no_keys(house: &House) -> Vec<String> {
    let good = &house.portal.key;
    let (head, secret) = good.rsplit_once('_').unwrap();
    let (_, production) = key_of(house, Mode::Production, "cong-dvc", Scope::CLIENT).await;
    let strangers = house.database.connect("motlan_superuser").await;
    strangers
        .execute("delete from api_key where created_at = (select max(created_at) from api_key)", &[])
        .await
        .unwrap();
    let unknown = api::keys::mint(Mode::Sandbox, &"other".to_owned().into(), uuid::Uuid::now_v7().into());
    let unknown = secrecy::ExposeSecret::expose_secret(&unknown.text).to_owned();
    let mut out = vec![
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {good}"),
        format!("bearer{good}"),
        good.clone(),
        format!("Bearer {}", &good[..good.len() - 1]),
        format!("Bearer {good}0"),
        format!("Bearer {head}_{}", secret.chars().rev().collect::<String>()),
        format!("Bearer {production}"),
        format!("Bearer {}", good.replace("sandbox", "production")),
        format!("Bearer {unknown}"),
        format!("Bearer {}", "x".repeat(4_000)),
    ];
    for (holder, scopes) in [("cong-dvc", Scope::CLIENT), ("ke-toan", Scope::STAFF)] {
        let (id, text) = key(house, holder, scopes).await;
        let db = house.gateway.ctx.pool.get().await.unwrap();
        assert!(principals::revoke_key(&db, id).await.unwrap());
        out.push(format!("Bearer {text}"));
    }
    person(house, "nghi-viec", tests::BENEFICIARY).await;
    let (_, text) = key(house, "nghi-viec", Scope::STAFF).await;
    house.ask("update person set disabled_at = now() where code = 'nghi-viec'").await;
    out.push(format!("Bearer {text}"));
    out
}

/// An answer without what differs at each call, and without the id that the caller named.
fn apart_from_ids(answer: &Answered) -> (u16, String) {
    let (status, body) = without_id(answer);
    let mut text = body.to_string();
    while let Some(at) = text.find("obl_") {
        text.replace_range(at..(at + "obl_".len() + 32).min(text.len()), "what was asked for");
    }
    (status, text)
}

/// A row's path, about something that nobody can have.
fn nonsense(row: &Row) -> String {
    row.path.split('/').map(|part| if part.starts_with('{') { "nonsense" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_open_to_the_keys_that_may_and_to_no_other() {
    let house = table::house().await;
    let rows = rows(&things(&house).await, &house);
    let known = rows.iter().map(Row::operation).chain(WITHOUT_KEY.iter().copied());
    let known = known.map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(described(&house).await, known, "the table and the description differ");

    let no_keys = no_keys(&house).await;
    let before = digest(&house.database).await;
    for row in &rows {
        let named = row.named_as();
        assert_eq!(row.call(&house, None).await.refused(401), "unauthenticated", "{named}");
        for text in &no_keys {
            let answer = row.call(&house, Some(text)).await;
            assert_eq!(answer.status, 401, "{named} with {text}: {}", answer.text);
            assert_eq!(answer.refused(401), "unauthenticated");
        }
        // who is not known is told nothing about ids either
        let nowhere = row.call_at(&house, &nonsense(row), None).await;
        assert_eq!(nowhere.status, 401, "{named}: {}", nowhere.text);
        if let Some(absent) = row.call_absent(&house, None).await {
            assert_eq!(absent.refused(401), "unauthenticated", "{named}");
        }
    }
    assert_eq!(digest(&house.database).await, before);

    let mut keys = Vec::new();
    for &scope in Scope::CLIENT {
        keys.push(("client", scope, key(&house, "cong-dvc", &[scope]).await.1));
    }
    for &scope in Scope::STAFF {
        keys.push(("staff", scope, key(&house, "ke-toan", &[scope]).await.1));
    }
    // even if somebody stored a client's scopes for a person, or a person's for a client: each keeps to their own
    let (_, person) = key(&house, "ke-toan", Scope::CLIENT).await;
    let (_, client) = key(&house, "cong-dvc", Scope::STAFF).await;
    let before = digest(&house.database).await;
    let mut allowed = Vec::new();
    for row in &rows {
        let named = row.named_as();
        for (kind, scope, key) in &keys {
            let staff = *kind == "staff";
            let may = if staff { row.staff.contains(scope) } else { row.client == Some(*scope) };
            if may {
                allowed.push((row, scope, key));
                continue;
            }
            let answer = row.by(&house, key).await;
            assert_eq!(answer.status, 403, "{named} by {kind} with {scope}: {}", answer.text);
            assert_eq!(answer.refused(403), "scope_missing");
            if let Some(absent) = row.call_absent(&house, Some(&format!("Bearer {key}"))).await {
                assert_eq!(absent.refused(403), "scope_missing", "{named} by {kind} with {scope}");
            }
        }
        let both = |scope: &Scope| Scope::CLIENT.contains(scope) && Scope::STAFF.contains(scope);
        if !row.staff.iter().any(both) {
            assert_eq!(row.by(&house, &person).await.refused(403), "scope_missing", "{named}");
        }
        if !row.client.as_ref().is_some_and(both) {
            assert_eq!(row.by(&house, &client).await.refused(403), "scope_missing", "{named}");
        }
    }
    assert_eq!(digest(&house.database).await, before);
    for (row, scope, key) in allowed {
        row.is_answered(scope.as_str(), row.by(&house, key).await);
    }
    house.drain().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_anothers_answers_exactly_as_what_is_not_there() {
    let house = table::house().await;
    let things = things(&house).await;
    let rows = rows(&things, &house);
    person(&house, ELSEWHERE, tests::OTHER_BENEFICIARY).await;
    let elsewhere = key(&house, ELSEWHERE, Scope::STAFF).await.1;
    let before = digest(&house.database).await;
    for query in [
        format!("/v1/payments?intent_id={}", things.intent),
        format!("/v1/payments?obligation_id={}", things.fee),
        format!("/v1/payment-intents?after={}", things.intent),
        format!("/v1/obligations?after={}", things.fee),
    ] {
        assert_eq!(house.other_portal.get(&query).await.expect(200)["data"], json!([]), "{query}");
    }
    let mut compared = 0;
    // what they make of their own comes last, so that until then nothing is theirs
    let theirs = rows.iter().filter(|row| !matches!(row.stranger, Stranger::Same));
    let (own, others): (Vec<_>, Vec<_>) = theirs.partition(|row| matches!(row.stranger, Stranger::Own));
    for row in others.into_iter().chain(own) {
        let strangers = [
            row.client.map(|_| ("another client", &house.other_portal.key)),
            (!row.staff.is_empty()).then_some(("a person of another beneficiary", &elsewhere)),
        ];
        for (who, key) in strangers.into_iter().flatten() {
            let answer = row.by(&house, key).await;
            let named = format!("{} by {who}", row.named_as());
            match &row.stranger {
                Stranger::Own | Stranger::Same => row.is_answered(who, answer),
                Stranger::Empty(member) => assert_eq!(answer.expect(200)[*member], json!([]), "{named}"),
                Stranger::Without(id) => {
                    let shown = answer.expect(200);
                    // a report's rows have no id of their own: of whom they are is its agency
                    let list = shown.get("data").or(shown.get("rows")).and_then(Value::as_array).unwrap();
                    assert!(list.iter().all(|one| one["id"] != **id && one["agency"] != **id), "{named}: {list:?}");
                }
                Stranger::Absent => {
                    let theirs = format!("Bearer {key}");
                    let absent = row.call_absent(&house, Some(&theirs)).await;
                    let absent = absent.unwrap_or_else(|| panic!("{named}: the row does not say what is absent"));
                    assert_eq!(answer.status, 404, "{named}: {}", answer.text);
                    assert_eq!(apart_from_ids(&answer), apart_from_ids(&absent), "{named}");
                    if row.path.contains("{id}") {
                        let nonsense = row.call_at(&house, &nonsense(row), Some(&theirs)).await;
                        assert_eq!(without_id(&nonsense), without_id(&absent), "{named}");
                    }
                    answer.refused(404);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 20, "{compared}");
    // what is not there is not there for its owner's key either
    for row in &rows {
        let owners = [row.client.map(|_| &house.portal.key), (!row.staff.is_empty()).then_some(&house.staff.key)];
        for key in owners.into_iter().flatten() {
            if let Some(absent) = row.call_absent(&house, Some(&format!("Bearer {key}"))).await {
                assert_eq!(absent.refused(404), "not_found", "{}", row.named_as());
            }
        }
    }
    // sending everything again sends nothing of anybody else's
    let again = house.other_portal.post("/v1/events/redeliver", json!({"from": 1, "to": 1_000})).await.expect(202);
    assert_eq!(again["deliveries"], 0);
    // and the strangers made what is their own, and nothing else
    let after = digest(&house.database).await;
    let changed: Vec<&String> = before.keys().filter(|t| before[*t] != after[*t]).collect();
    let own = ["audit", "idempotency", "unsealed", "obligation", "party", "transition", "event_endpoint"];
    assert!(changed.iter().all(|t| own.contains(&t.trim_start_matches("public."))), "{changed:?}");
    house.close().await;
}

/// The operators' listener and what providers call: no key opens more there, and none is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_no_key_is_the_same_with_any_and_without() {
    let house = House::planned(Plan { with_bank: true, with_bills: true, ..Plan::default() }).await;
    let keys = [None, Some(&house.portal.key), Some(&house.staff.key), Some(&house.other_portal.key)];
    let call = async |method: &str, url: String, key: Option<&String>| {
        let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let call = house.http.request(method, url);
        let call = key.into_iter().fold(call, |call, key| call.bearer_auth(key));
        Answered::of(call.send().await.unwrap()).await
    };
    let ops = house.gateway.ops_url();
    for (method, path) in WITHOUT_KEY {
        for key in keys {
            if !path.starts_with("/v1") {
                assert_eq!(call(method, format!("{ops}{path}"), key).await.status, 200, "{path}");
                for public in [&house.portal.base, &house.gateway.staff_url()] {
                    assert_eq!(call(method, format!("{public}{path}"), key).await.refused(404), "not_found", "{path}");
                }
                continue;
            }
            let of = |channel: &str, teller: &str, profile: &str| {
                let path = path.replace("{channel}", channel).replace("{teller}", teller).replace("{path}", "paybill");
                format!("{}{}", house.portal.base, path.replace("{profile}", profile))
            };
            // unsigned, and so without effect, in the words of each provider's document
            let (unsigned, absent) = if path.contains("{teller}") {
                (call(method, of("vietqr", "sepay", "vietqr_kb"), key).await, of("vietqr", "sepay", "none"))
            } else if path.contains("/bills/") {
                (call(method, of("", "", "bank_bill"), key).await, of("", "", "vnpay_main"))
            } else {
                (call(method, of("vnpay", "", "vnpay_main"), key).await, of("vnpay", "", "none"))
            };
            let by_status = path.contains("{teller}") || path.contains("/bills/");
            let refused = if by_status { unsigned.status == 401 } else { unsigned.json["RspCode"] == "97" };
            assert!(refused, "{path}: {} {}", unsigned.status, unsigned.text);
            assert_eq!(call(method, absent, key).await.refused(404), "not_found", "{path}");
        }
    }
    house.close().await;
}

/// F53: neither the answer nor its time tells an id that is somebody's from one that is nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_ids_and_links_is_no_oracle() {
    let house = House::new().await;
    let things = things(&house).await;
    for (path, id) in
        [("/v1/obligations", &things.fee), ("/v1/payment-intents", &things.intent), ("/v1/payments", &things.payment)]
    {
        let prefix = id.split_once('_').unwrap().0;
        let absent = format!("{prefix}_{:032x}", 7);
        let mut took = [Vec::new(), Vec::new()];
        let mut answers = BTreeSet::new();
        for _ in 0..300 {
            for (times, id) in took.iter_mut().zip([id, &absent]) {
                let started = Instant::now();
                let answer = house.other_portal.get(&format!("{path}/{id}")).await;
                times.push(started.elapsed());
                answers.insert(format!("{:?}", without_id(&answer)));
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        let [foreign, absent] = took.map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        let apart = foreign.abs_diff(absent);
        assert!(apart < foreign / 2 + Duration::from_micros(500), "{path}: {foreign:?} and {absent:?}");
    }
    let intent = house.portal.get(&format!("/v1/payment-intents/{}", things.intent)).await.expect(200);
    let link = intent["checkout_url"].as_str().unwrap();
    let (pages, token) = link.rsplit_once('/').unwrap();
    assert!(token.len() >= 32 && token.bytes().all(|b| b.is_ascii_hexdigit()), "128 bits or more: {token}");
    let mut answers = BTreeSet::new();
    for n in 0..300_usize {
        let at = n % token.len();
        let other = if token.as_bytes()[at] == b'0' { "1" } else { "0" };
        let guess = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        let answer = house.http.get(format!("{pages}/{guess}")).send().await.unwrap();
        let answer = Answered::of(answer).await;
        assert_eq!(answer.status, 404);
        answers.insert(answer.text.replace(answer.json["request_id"].as_str().unwrap_or("\0"), ""));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(house.http.get(link).send().await.unwrap().status(), 200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_the_payments_of_their_beneficiaries_only() {
    let house = House::new().await;
    let things = things(&house).await;
    let db = house.gateway.ctx.pool.get().await.unwrap();
    for (code, beneficiary) in [("ke-toan-17", tests::BENEFICIARY), ("ke-toan-18", tests::OTHER_BENEFICIARY)] {
        let id = storage::ids::mint(jiff::Timestamp::now());
        principals::put_person(&db, id, code, "Kế toán (mẫu)", &[beneficiary.to_owned()]).await.unwrap();
    }
    drop(db);
    let seen = async |holder: &str| {
        let (_, key) = key(&house, holder, &[Scope::ReportsRead]).await;
        let staff = tests::portal::Portal { key, ..house.staff.clone() };
        let one = staff.get(&format!("/v1/payments/{}", things.payment)).await;
        (staff.get("/v1/payments").await.expect(200)["data"].as_array().unwrap().len(), one)
    };
    let (listed, one) = seen("ke-toan-17").await;
    assert_eq!((listed, one.status), (5, 200));
    let (listed, one) = seen("ke-toan-18").await;
    // money on an account that both have and that names nobody is seen by both
    assert_eq!((listed, one.refused(404).as_str()), (1, "not_found"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_and_the_key_of_a_disabled_person_are_refused() {
    let house = House::new().await;
    let (id, text) = key(&house, "cong-dvc", Scope::CLIENT).await;
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(principals::revoke_key(&db, id).await.unwrap());
    drop(db);
    let revoked = tests::portal::Portal { key: text, ..house.portal.clone() };
    assert_eq!(revoked.get("/v1/obligations").await.refused(401), "unauthenticated");
    let (_, text) = key(&house, "ke-toan", Scope::STAFF).await;
    house.ask("update person set disabled_at = now() where code = 'ke-toan'").await;
    let disabled = tests::portal::Portal { key: text, ..house.staff.clone() };
    assert_eq!(disabled.get("/v1/payments").await.refused(401), "unauthenticated");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_use_is_refused_within_a_minute_of_being_revoked() {
    let house = House::new().await;
    let (id, text) = key(&house, "cong-dvc", Scope::CLIENT).await;
    let portal = tests::portal::Portal { key: text, ..house.portal.clone() };
    portal.get("/v1/obligations").await.expect(200);
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(principals::revoke_key(&db, id).await.unwrap());
    drop(db);
    let revoked = Instant::now();
    while portal.get("/v1/obligations").await.status == 200 {
        assert!(revoked.elapsed() < Duration::from_secs(60), "still good after a minute");
        // in use all the time: what is remembered must not be remembered anew by being used
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(portal.get("/v1/obligations").await.refused(401), "unauthenticated");
    house.portal.get("/v1/obligations").await.expect(200);
    house.close().await;
}
