//! Who may do what: every operation of the description, by every kind of key.

use super::without_id;
use domain::mode::Mode;
use domain::principal::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use storage::principals;
use tests::House;
use tests::bank::ACCOUNT;
use tests::files;
use tests::portal::{Answered, Portal, dossier, fresh, obligation};
use tests::rows::digest;
use tests::wire::{key, key_of};

/// An operation as somebody calls it, on things that are there and are `house.portal`'s.
struct Operation {
    method: &'static str,
    /// As the description writes it.
    path: &'static str,
    at: String,
    body: Value,
    /// A client with this scope may; None: no client.
    client: Option<Scope>,
    /// Staff with any of these scopes may.
    staff: &'static [Scope],
}

/// What there is for the operations to be about.
struct Things {
    fee: String,
    intent: String,
    payment: String,
    endpoint: String,
    event: String,
    case: String,
    statement: String,
    settlement: String,
    /// Somebody else, and a key of theirs.
    person: String,
    key: String,
    /// An endpoint that nobody listens at, and what was given up for it.
    deaf: String,
    given_up: String,
    downtime: String,
    paid: String,
    refund: String,
    /// Of somebody else's.
    proposals: [String; 2],
}

async fn things(house: &House) -> Things {
    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();
    let endpoint = house.hear_events().await;
    let deaf = json!({"url": "http://127.0.0.1:9/events", "streams": ["intent"]});
    let deaf = house.portal.post("/v1/event-endpoints", deaf).await.expect(201);
    let paid = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&paid]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let payment = house.portal.intent(&intent).await["payments"][0].clone();
    let event = house.portal.get("/v1/events").await.expect(200)["data"][0].clone();
    let wrong = house.portal.owes(&dossier(), 24_000, json!({})).await;
    let wrong = house.at_vnpay(&house.portal.opens(&[&wrong]).await).await;
    let rule = json!({"match": {"order_ref": wrong["order_ref"]}, "do": [{"amount_delta": 1}]});
    house.sim("script", rule).await;
    house.pays(&wrong, json!({})).await;
    let case = house.ask("select case_id from assurance.kase").await;
    let lines = [(21_000, "FT1", "chuyen tien")];
    let statement = files::mt940(ACCOUNT, files::today(), 0, &lines);
    let statement = house.sends_statement(&files::account(), "mt940", statement).await.expect(201);
    house.pays_out_to(&files::account()).await;
    let settlement = house.settles(&files::today().to_string()).await.expect(201);
    let held = house.portal.owes(&dossier(), 22_000, json!({})).await;
    let open = house.portal.opens(&[&held]).await;
    let body = json!({"code": "nguoi-khac", "name": "Người khác (mẫu)", "roles": ["viewer"]});
    let person = house.staff.post("/v1/persons", body).await.expect(201);
    let key = house.staff.post("/v1/keys", json!({"holder": "nguoi-khac"})).await.expect(201);
    let given_up = house.staff.get("/v1/parked?kind=deliveries").await.expect(200)["data"][0].clone();
    let body = json!({"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "reason": "bảo trì"});
    let downtime = house.staff.post("/v1/channels/vnpay/downtimes", body).await.expect(201);
    let lines = json!([{"obligation_id": paid["id"], "amount": 21_000}]);
    let body = json!({"lines": lines, "then": "reopen", "reason_code": "mistake", "refundable_amount": 21_000});
    let refund = house.portal.post(&format!("/v1/payments/{}/refunds", id(&payment)), body).await.expect(201);
    let other = house.staff.post("/v1/persons", json!({"code": "qtv", "name": "x", "roles": ["administrator"]})).await;
    let other = house.staff.post("/v1/keys", json!({"holder": other.expect(201)["id"]})).await.expect(201);
    let other = Portal { key: other["key"].as_str().unwrap().to_owned(), ..house.staff.clone() };
    let account = json!({"kind": "bank", "bank_bin": "970436", "account_number": "77", "account_name": "A"});
    let mut proposals = Vec::new();
    for code in [tests::BENEFICIARY, tests::OTHER_BENEFICIARY] {
        let proposed = other.post(&format!("/v1/beneficiaries/{code}/accounts"), json!({"account": account})).await;
        proposals.push(proposed.expect(201)["approval_id"].as_str().unwrap().to_owned());
    }
    Things {
        paid: id(&paid),
        refund: id(&refund),
        proposals: proposals.try_into().unwrap(),
        fee: id(&house.portal.owes(&dossier(), 23_000, json!({})).await),
        intent: id(&open),
        payment: id(&payment),
        endpoint: id(&endpoint),
        event: id(&event),
        case,
        statement: id(&statement),
        settlement: id(&settlement),
        person: id(&person),
        key: id(&key),
        deaf: id(&deaf),
        given_up: id(&given_up),
        downtime: id(&downtime),
    }
}

/// Money that goes back, and what a second person decides.
fn two_persons(of: &Things) -> Vec<Operation> {
    use Scope::{ApprovalsDecide, PaymentsRead, RefundsPropose, ReportsRead};
    let op = |method, path: &'static str, id: &str, body, client, staff| Operation {
        method,
        path,
        at: path.replace("{id}", id),
        body,
        client,
        staff,
    };
    let none = Value::Null;
    let lines = json!([{"obligation_id": of.paid, "amount": 21_000}]);
    let refund = json!({"lines": lines, "then": "reopen", "reason_code": "mistake", "refundable_amount": 21_000});
    let reduction = json!({"amount": 1_000, "reason_code": "mistake"});
    let resolution = json!({"action": "accept_difference"});
    let [first, second] = &of.proposals;
    let see = &[ApprovalsDecide, ReportsRead, RefundsPropose];
    let propose = Some(RefundsPropose);
    let read = Some(PaymentsRead);
    vec![
        op("post", "/v1/payments/{id}/refunds", &of.payment, refund, propose, &[RefundsPropose]),
        op("get", "/v1/refunds", "", none.clone(), read, &[ReportsRead]),
        op("get", "/v1/refunds/{id}", &of.refund, none.clone(), read, &[ReportsRead]),
        op("post", "/v1/refunds/{id}/cancel", &of.refund, json!({}), propose, &[RefundsPropose]),
        op("post", "/v1/refunds/{id}/retry", &of.refund, json!({}), None, &[RefundsPropose, Scope::Admin]),
        op("post", "/v1/obligations/{id}/reductions", &of.paid, reduction, propose, &[RefundsPropose]),
        op("post", "/v1/cases/{id}/resolutions", &of.case, resolution, None, &[Scope::CasesWrite]),
        op("get", "/v1/approvals", "", none.clone(), None, see),
        op("get", "/v1/approvals/{id}", first, none, None, see),
        op("post", "/v1/approvals/{id}/approve", first, json!({}), None, &[ApprovalsDecide]),
        op("post", "/v1/approvals/{id}/reject", second, json!({}), None, &[ApprovalsDecide]),
    ]
}

/// What administrators alone may do.
fn administration(of: &Things) -> Vec<Operation> {
    let op = |method, path: &'static str, id: &str, body| Operation {
        method,
        path,
        at: path.replace("{id}", id),
        body,
        client: None,
        staff: &[Scope::Admin],
    };
    let coded = |method, path: &'static str, code: &str, id: &str, body| Operation {
        at: path.replace("{code}", code).replace("{date}", code).replace("{id}", id),
        ..op(method, path, "", body)
    };
    let none = Value::Null;
    let new = json!({"code": "nguoi-moi", "name": "x", "roles": ["viewer"]});
    let account = json!({"kind": "bank", "bank_bin": "970436", "account_number": "1", "account_name": "A"});
    let beneficiary = json!({"agency_code": "H38.19", "name": "x", "account": account});
    let other = json!({"kind": "bank", "bank_bin": "970436", "account_number": "2", "account_name": "A"});
    let payouts = json!({"payout_account": files::account(), "payout_text": "VNPAY CHI"});
    let terms = json!({"fee_rate_ppm": 0, "fee_fixed": 0, "min_amount": 1, "max_amount": null});
    let away = json!({"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "reason": "x"});
    let layout = json!({"kind": "statement", "layout": ""});
    vec![
        op("get", "/v1/persons", "", none.clone()),
        op("post", "/v1/persons", "", new),
        op("get", "/v1/persons/{id}", &of.person, none.clone()),
        op("put", "/v1/persons/{id}", &of.person, json!({"name": "x", "roles": ["viewer"], "beneficiaries": []})),
        op("get", "/v1/keys", "", none.clone()),
        op("post", "/v1/keys", "", json!({"holder": "cong-khac"})),
        op("post", "/v1/keys/{id}/rotate", &of.key, json!({})),
        op("post", "/v1/keys/{id}/revoke", &of.key, json!({})),
        op("post", "/v1/persons/{id}/disable", &of.person, json!({})),
        op("post", "/v1/persons/{id}/enable", &of.person, json!({})),
        op("get", "/v1/clients", "", none.clone()),
        coded("put", "/v1/clients/{code}", "cong-moi", "", json!({"name": "x"})),
        coded("get", "/v1/clients/{code}/event-endpoints", "cong-dvc", "", none.clone()),
        op("get", "/v1/agencies", "", none.clone()),
        coded("put", "/v1/agencies/{code}", "H38.19", "", json!({"name": "x"})),
        op("get", "/v1/beneficiaries", "", none.clone()),
        coded("put", "/v1/beneficiaries/{code}", "H38.19-NH", "", beneficiary),
        coded("post", "/v1/beneficiaries/{code}/accounts", "H38.19-NH", "", json!({"account": other})),
        op("get", "/v1/profiles", "", none.clone()),
        coded("put", "/v1/profiles/{code}", "vnpay_main", "", terms),
        coded("post", "/v1/profiles/{code}/payouts", "vnpay_main", "", payouts),
        op("get", "/v1/fees", "", none.clone()),
        coded("put", "/v1/fees/{code}", "LE-PHI", "", json!({"entries": []})),
        op("get", "/v1/calendar", "", none.clone()),
        coded("put", "/v1/calendar/{date}", "2099-01-01", "", json!({"worked": false, "name": "x"})),
        coded("delete", "/v1/calendar/{date}", "2099-01-01", "", none.clone()),
        op("get", "/v1/accounts", "", none.clone()),
        coded("put", "/v1/accounts/{code}", &files::account(), "", json!({})),
        op("get", "/v1/layouts", "", none.clone()),
        coded("put", "/v1/layouts/{code}", "x", "", layout),
        Operation { staff: &[Scope::ReportsRead, Scope::Admin], ..op("get", "/v1/channels", "", none.clone()) },
        coded("post", "/v1/channels/{code}/off", "vnpay", "", json!({"reason": "x"})),
        coded("post", "/v1/channels/{code}/on", "vnpay", "", json!({"reason": "x"})),
        coded("post", "/v1/channels/{code}/downtimes", "vnpay", "", away),
        coded("post", "/v1/channels/{code}/downtimes/{id}/withdraw", "vnpay", &of.downtime, json!({})),
        Operation { at: "/v1/parked?kind=inbox".to_owned(), ..op("get", "/v1/parked", "", none) },
        op("post", "/v1/parked/{id}/retry", &of.given_up, json!({})),
        coded("post", "/v1/clients/{code}/event-endpoints/{id}/disable", "cong-dvc", &of.deaf, json!({})),
    ]
}

fn operations(of: &Things, house: &House) -> Vec<Operation> {
    use Scope::{EventsRead, EventsWrite, ObligationsWrite, PaymentsRead, PaymentsWrite};
    let Things { fee, intent, payment, endpoint, event, case, statement, settlement, .. } = of;
    let url = format!("{}/events", house.dossier.url);
    let op =
        |method, path, at: String, body, scope| Operation { method, path, at, body, client: Some(scope), staff: &[] };
    let plain = |method, path: &'static str, body, scope| op(method, path, path.to_owned(), body, scope);
    let on = |method, path: &'static str, id: &str, body, scope| {
        let at = path.replace("{id}", id);
        op(method, path, at, body, scope)
    };
    let staff = |operation: Operation| Operation { staff: &[Scope::ReportsRead], ..operation };
    let of_staff = |method, path, at: String, body, staff| Operation { method, path, at, body, client: None, staff };
    let today = domain::business_day::business_date(jiff::Timestamp::now());
    let none = Value::Null;
    // first: what was given up is sent again by a client's redelivery too
    let mut all = administration(of);
    all.extend(two_persons(of));
    all.extend([
        plain("get", "/v1/obligations", none.clone(), PaymentsRead),
        on("put", "/v1/obligations/{id}", "matrix", obligation(&dossier(), 1_000, json!({})), ObligationsWrite),
        on("get", "/v1/obligations/{id}", fee, none.clone(), PaymentsRead),
        on("post", "/v1/obligations/{id}/cancel", fee, json!({}), ObligationsWrite),
        plain("post", "/v1/payment-intents", json!({"obligation_ids": [fee]}), PaymentsWrite),
        plain("get", "/v1/payment-intents", none.clone(), PaymentsRead),
        on("get", "/v1/payment-intents/{id}", intent, none.clone(), PaymentsRead),
        on("post", "/v1/payment-intents/{id}/attempts", intent, json!({"channel": "vnpay"}), PaymentsWrite),
        on("post", "/v1/payment-intents/{id}/sync", intent, json!({}), PaymentsWrite),
        on("post", "/v1/payment-intents/{id}/renew", intent, json!({}), PaymentsWrite),
        on("post", "/v1/payment-intents/{id}/cancel", intent, json!({}), PaymentsWrite),
        staff(plain("get", "/v1/payments", none.clone(), PaymentsRead)),
        staff(on("get", "/v1/payments/{id}", payment, none.clone(), PaymentsRead)),
        of_staff("get", "/v1/cases", "/v1/cases".to_owned(), none.clone(), &[Scope::ReportsRead, Scope::CasesWrite]),
        of_staff(
            "get",
            "/v1/cases/{id}",
            format!("/v1/cases/{case}"),
            none.clone(),
            &[Scope::ReportsRead, Scope::CasesWrite],
        ),
        of_staff(
            "post",
            "/v1/statements",
            format!("/v1/statements?account={}", files::account()),
            json!({}),
            &[Scope::StatementsWrite],
        ),
        of_staff(
            "get",
            "/v1/statements/{id}",
            format!("/v1/statements/{statement}"),
            none.clone(),
            &[Scope::ReportsRead],
        ),
        of_staff(
            "post",
            "/v1/settlements",
            "/v1/settlements?profile=vnpay_main".to_owned(),
            json!({}),
            &[Scope::StatementsWrite],
        ),
        of_staff(
            "get",
            "/v1/settlements/{id}",
            format!("/v1/settlements/{settlement}"),
            none.clone(),
            &[Scope::ReportsRead],
        ),
        of_staff(
            "get",
            "/v1/reconciliation/{date}",
            format!("/v1/reconciliation/{today}?profile=vnpay_main"),
            none.clone(),
            &[Scope::ReportsRead],
        ),
        of_staff(
            "post",
            "/v1/reconciliation/{date}/close",
            format!("/v1/reconciliation/{today}/close?profile=vnpay_main"),
            json!({}),
            &[Scope::DaysClose],
        ),
        of_staff(
            "post",
            "/v1/reconciliation/{date}/reopen",
            format!("/v1/reconciliation/{today}/reopen?profile=vnpay_main"),
            json!({}),
            &[Scope::DaysClose],
        ),
        of_staff(
            "get",
            "/v1/reports/{report}",
            format!("/v1/reports/transactions?from={today}&to={today}"),
            none.clone(),
            &[Scope::ReportsRead],
        ),
        plain("post", "/v1/event-endpoints", json!({"url": url}), EventsWrite),
        plain("get", "/v1/event-endpoints", none.clone(), EventsRead),
        on("post", "/v1/event-endpoints/{id}/rotate", endpoint, json!({}), EventsWrite),
        on("post", "/v1/event-endpoints/{id}/retire-old-secret", endpoint, json!({}), EventsWrite),
        plain("get", "/v1/events", none, EventsRead),
        on("post", "/v1/events/{id}/redeliver", event, json!({}), EventsWrite),
        plain("post", "/v1/events/redeliver", json!({"from": 1, "to": 2}), EventsWrite),
        on("delete", "/v1/event-endpoints/{id}", endpoint, json!({}), EventsWrite),
    ]);
    all
}

/// Without a key by design: the operators' listener, and providers, who sign.
const WITHOUT_KEY: &[(&str, &str)] = &[
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/backlog"),
    ("get", "/v1/webhooks/{channel}/{profile}"),
    ("post", "/v1/webhooks/{channel}/{teller}/{profile}"),
];

impl Operation {
    async fn call(&self, house: &House, authorization: Option<&str>) -> Answered {
        self.call_at(house, &self.at, authorization).await
    }

    async fn call_at(&self, house: &House, at: &str, authorization: Option<&str>) -> Answered {
        let method = reqwest::Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let mut call = house.http.request(method, format!("{}{at}", house.portal.base));
        if let Some(text) = authorization {
            call = call.header("authorization", text);
        }
        if !self.body.is_null() {
            call = call.header("idempotency-key", format!("matrix-{}", fresh())).json(&self.body);
        }
        Answered::of(call.send().await.unwrap()).await
    }

    async fn by(&self, house: &House, key: &str) -> Answered {
        self.call(house, Some(&format!("Bearer {key}"))).await
    }

    fn named(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_open_to_the_keys_that_may_and_to_no_other() {
    let house = House::new().await;
    let operations = operations(&things(&house).await, &house);
    let description = house.http.get(format!("{}/openapi.json", house.gateway.staff_url())).send().await.unwrap();
    let description: Value = description.json().await.unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        described.extend(item.as_object().unwrap().keys().map(|method| (method.as_str(), path.as_str())));
    }
    let known = operations.iter().map(|o| (o.method, o.path)).chain(WITHOUT_KEY.iter().copied());
    assert_eq!(described, known.collect(), "an operation that this matrix does not know");

    let before = digest(&house.database).await;
    let good = &house.portal.key;
    let (head, secret) = good.rsplit_once('_').unwrap();
    let (_, production) = key_of(&house, Mode::Production, "cong-dvc", Scope::CLIENT).await;
    let strangers = house.database.connect("motlan_superuser").await;
    strangers
        .execute("delete from api_key where created_at = (select max(created_at) from api_key)", &[])
        .await
        .unwrap();
    let unknown = api::keys::mint(Mode::Sandbox, &"other".to_owned().into(), uuid::Uuid::now_v7().into());
    let unknown = secrecy::ExposeSecret::expose_secret(&unknown.text).to_owned();
    let malformed = [
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
    for operation in &operations {
        let named = operation.named();
        assert_eq!(operation.call(&house, None).await.refused(401), "unauthenticated", "{named}");
        for text in &malformed {
            let answer = operation.call(&house, Some(text)).await;
            assert_eq!(answer.status, 401, "{named} with {text}: {}", answer.text);
            assert_eq!(answer.refused(401), "unauthenticated");
        }
        // who is not known is told nothing about ids either
        let nowhere = ["{id}", "{code}", "{date}", "{report}"]
            .iter()
            .fold(operation.path.to_owned(), |p, of| p.replace(of, "nonsense"));
        let nowhere = operation.call_at(&house, &nowhere, None).await;
        assert_eq!(nowhere.status, 401, "{named}: {}", nowhere.text);
    }
    assert_eq!(digest(&house.database).await, before);

    let mut keys = Vec::new();
    for &scope in Scope::CLIENT {
        keys.push(("client", scope, key(&house, "cong-dvc", &[scope]).await.1));
    }
    for &scope in Scope::STAFF {
        keys.push(("staff", scope, key(&house, "ke-toan", &[scope]).await.1));
    }
    // even if somebody stored a client's scopes for a person: what is a client's is a client's
    let (_, wrong) = key(&house, "ke-toan", Scope::CLIENT).await;
    let before = digest(&house.database).await;
    let mut allowed = Vec::new();
    for operation in &operations {
        let named = operation.named();
        for (kind, scope, key) in &keys {
            let staff = *kind == "staff";
            let may = if staff { operation.staff.contains(scope) } else { operation.client == Some(*scope) };
            if may {
                allowed.push((operation, scope, key));
                continue;
            }
            let answer = operation.by(&house, key).await;
            assert_eq!(answer.status, 403, "{named} by {kind} with {scope}: {}", answer.text);
            assert_eq!(answer.refused(403), "scope_missing");
        }
        if operation.staff.is_empty() {
            assert_eq!(operation.by(&house, &wrong).await.refused(403), "scope_missing", "{named}");
        }
    }
    assert_eq!(digest(&house.database).await, before);
    for (operation, scope, key) in allowed {
        let answer = operation.by(&house, key).await;
        let refused = answer.status >= 500 || matches!(answer.status, 401 | 403 | 404 | 405);
        assert!(!refused, "{} with {scope}: {}", operation.named(), answer.text);
    }
    house.drain().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_anothers_answers_exactly_as_what_is_not_there() {
    let house = House::new().await;
    let things = things(&house).await;
    let operations = operations(&things, &house);
    let before = digest(&house.database).await;
    let theirs = format!("Bearer {}", house.other_portal.key);
    let mut compared = 0;
    let by_id = |o: &&Operation| o.client.is_some() && o.path.contains("{id}") && o.method != "put";
    for operation in operations.iter().filter(by_id) {
        let prefix = operation.at.rsplit('/').find_map(|part| part.split_once('_')).unwrap().0;
        let absent = operation.path.replace("{id}", &format!("{prefix}_{:032x}", 7));
        let foreign = operation.call(&house, Some(&theirs)).await;
        let absent = operation.call_at(&house, &absent, Some(&theirs)).await;
        assert_eq!(foreign.status, 404, "{}: {}", operation.named(), foreign.text);
        assert_eq!(without_id(&foreign), without_id(&absent), "{}", operation.named());
        let nonsense = operation.path.replace("{id}", "nonsense");
        let nonsense = operation.call_at(&house, &nonsense, Some(&theirs)).await;
        assert_eq!(without_id(&nonsense), without_id(&absent), "{}", operation.named());
        foreign.refused(404);
        compared += 1;
    }
    assert!(compared > 10);
    for list in ["/v1/obligations", "/v1/payment-intents", "/v1/payments", "/v1/events", "/v1/event-endpoints"] {
        let answer = house.other_portal.get(list).await.expect(200);
        assert_eq!(answer["data"], json!([]), "{list}");
    }
    for query in [
        format!("/v1/payments?intent_id={}", things.intent),
        format!("/v1/payments?obligation_id={}", things.fee),
        format!("/v1/payment-intents?after={}", things.intent),
        format!("/v1/obligations?after={}", things.fee),
    ] {
        assert_eq!(house.other_portal.get(&query).await.expect(200)["data"], json!([]), "{query}");
    }
    // sending everything again sends nothing of anybody else's
    let again = house.other_portal.post("/v1/events/redeliver", json!({"from": 1, "to": 1_000})).await.expect(202);
    assert_eq!(again["deliveries"], 0);
    let after = digest(&house.database).await;
    let changed: Vec<&String> = before.keys().filter(|t| before[*t] != after[*t]).collect();
    assert!(changed.iter().all(|t| matches!(t.as_str(), "public.audit" | "public.idempotency" | "public.unsealed")));
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
    assert_eq!((listed, one.status), (3, 200));
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
