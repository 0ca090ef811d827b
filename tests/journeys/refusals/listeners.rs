//! What is on which listener, and what every answer carries.

use serde_json::json;
use tests::portal::{Answered, Portal, dossier};
use tests::{House, Plan, wire};

async fn get(house: &House, base: &str, path: &str) -> Answered {
    Answered::of(house.http.get(format!("{base}{path}")).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_listener_answers_what_is_its_own_and_nothing_else() {
    let house = House::new().await;
    let (public, staff, ops) = (house.portal.base.clone(), house.gateway.staff_url(), house.gateway.ops_url());
    for path in ["/livez", "/readyz", "/metrics", "/backlog"] {
        assert_eq!(get(&house, &ops, path).await.status, 200, "{path}");
        assert_eq!(get(&house, &public, path).await.refused(404), "not_found", "{path}");
        assert_eq!(get(&house, &staff, path).await.refused(404), "not_found", "{path}");
    }
    for path in ["/v1/obligations", "/v1/webhooks/vnpay/vnpay_main", "/pay/x", "/receipts/x"] {
        assert_eq!(get(&house, &ops, path).await.refused(404), "not_found", "{path}");
        assert_eq!(get(&house, &staff, path).await.refused(404), "not_found", "{path}");
    }
    for path in ["/docs/", "/openapi.json", "/console"] {
        assert_eq!(get(&house, &ops, path).await.refused(404), "not_found", "{path}");
    }
    assert_eq!(get(&house, &public, "/console").await.refused(404), "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_page_asks_no_outside_host() {
    let house = House::new().await;
    let staff = house.gateway.staff_url();
    let moved = house.http.get(format!("{staff}/docs")).send().await.unwrap();
    assert_eq!((moved.status().as_u16(), &moved.headers()["location"]), (303, &"/docs/".parse().unwrap()));
    let page = get(&house, &staff, "/docs/").await;
    assert!(page.status == 200 && page.content_type.starts_with("text/html"), "{}", page.text);
    let loads: Vec<&str> = page
        .text
        .split(['"', '\''])
        .filter(|t| [".js", ".css", ".png"].iter().any(|e| t.ends_with(e)) && !t.contains(char::is_whitespace))
        .collect();
    assert!(loads.iter().any(|l| l.ends_with("swagger-initializer.js")), "{loads:?}");
    let mut texts = vec![("page".to_owned(), page.text.clone())];
    for load in loads {
        let file = get(&house, &staff, &format!("/docs/{}", load.trim_start_matches("./"))).await;
        assert_eq!(file.status, 200, "{load} does not come from here");
        if load.ends_with("initializer.js") || load.ends_with("index.css") {
            assert!(!load.ends_with(".js") || file.text.contains("/openapi.json"), "{}", file.text);
            texts.push((load.to_owned(), file.text));
        }
    }
    for (what, text) in texts {
        for (at, _) in text.match_indices("://") {
            let rest = &text[at + 3..];
            let host = rest.split(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c)).next().unwrap();
            assert!(host == "www.w3.org", "{what} names {host}");
        }
        assert!(!text.contains("\"//") && !text.contains("'//"), "{what}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_the_public_listener_shows_no_reference_and_takes_production_keys_only() {
    let set = |name, value: &str| (name, value.to_owned());
    let settings = vec![
        set("MOTLAN_MODE", "production"),
        set("MOTLAN_HTTP__PUBLIC_URL", "https://thanhtoan.example.vn"),
        set("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "300"),
        set("MOTLAN_DOSSIER__ALLOW_HTTP", "false"),
        set("MOTLAN_DOSSIER__ALLOW_PRIVATE", "false"),
        set("MOTLAN_DOSSIER__ALLOWED_HOSTS", "dvc.example.vn"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", "https://pay.example.vn/vpcpay.html"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", "https://pay.example.vn/api"),
    ];
    let house = House::planned(Plan { settings, ..Plan::default() }).await;
    let (public, staff) = (house.portal.base.clone(), house.gateway.staff_url());
    for path in ["/docs", "/docs/", "/docs/index.html", "/openapi.json", "/metrics", "/backlog", "/readyz", "/console"]
    {
        assert_eq!(get(&house, &public, path).await.refused(404), "not_found", "{path}");
    }
    assert_eq!(get(&house, &staff, "/docs/").await.status, 200);
    assert_eq!(get(&house, &staff, "/openapi.json").await.status, 200);

    // the keys of the harness are sandbox keys
    assert_eq!(house.portal.get("/v1/obligations").await.refused(401), "unauthenticated");
    let production = domain::mode::Mode::Production;
    let (_, key) = wire::key_of(&house, production, "cong-dvc", domain::principal::Scope::CLIENT).await;
    let portal = Portal { key, ..house.portal.clone() };
    let fee = portal.owes(&dossier(), 1_000, json!({})).await;
    let intent = portal.opens(&[&fee]).await;
    let begins = |field: &str, with: &str| assert!(intent[field].as_str().unwrap().starts_with(with), "{intent}");
    begins("reference", "LC");
    begins("checkout_url", "https://thanhtoan.example.vn/pay/");
    for url in [
        "http://dvc.example.vn/su-kien",
        "https://127.0.0.1/su-kien",
        "https://other.example.vn/su-kien",
        "https://dvc.example.vn.evil.example/su-kien",
        "https://[::1]/su-kien",
    ] {
        let answer = portal.post("/v1/event-endpoints", json!({"url": url})).await;
        assert_eq!(answer.refused(422), "event_url_refused", "{url}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_and_an_unknown_path_are_told_apart() {
    let house = House::new().await;
    let call = async |method: &str, path: &str| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let call = house.http.request(method, format!("{}{path}", house.portal.base)).bearer_auth(&house.portal.key);
        Answered::of(call.header("idempotency-key", "k").json(&json!({})).send().await.unwrap()).await
    };
    for (method, path) in [
        ("POST", "/v1/obligations"),
        ("DELETE", "/v1/obligations"),
        ("POST", "/v1/obligations/x"),
        ("DELETE", "/v1/obligations/x"),
        ("PATCH", "/v1/obligations/x"),
        ("GET", "/v1/obligations/x/cancel"),
        ("PUT", "/v1/payment-intents"),
        ("POST", "/v1/payment-intents/x"),
        ("GET", "/v1/payment-intents/x/attempts"),
        ("PUT", "/v1/payment-intents/x/sync"),
        ("POST", "/v1/payments"),
        ("PUT", "/v1/payments/x"),
        ("PUT", "/v1/event-endpoints/x"),
        ("GET", "/v1/events/redeliver"),
        ("TRACE", "/v1/obligations"),
        ("OPTIONS", "/v1/obligations"),
        ("BREW", "/v1/obligations"),
    ] {
        let answer = call(method, path).await;
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        assert_eq!(answer.refused(405), "method_not_allowed");
    }
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/obligations",
        "/v1/obligations/",
        "/v1//obligations",
        "/V1/obligations",
        "/v1/obligations/x/y/z",
        "/v1/obligations/%FF",
        "/v1/obligations/%2e%2e",
        "/v1/obligations/%00",
        "/v1/payment-intents/%FF",
        "/v1/webhooks/vnpay",
        "/v1/webhooks/vnpay/nobody",
        "/v1/webhooks/nobody/vnpay_main",
        "/v1/webhooks/vnpay/%00",
        "/v1/refund",
        "/.git/config",
        "/v1/obligations/../../etc/passwd",
    ] {
        let answer = call("GET", path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert_eq!(answer.refused(404), "not_found", "{path}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_json_hears_a_problem_document_under_the_pages_too() {
    let house = House::new().await;
    let call = async |method: &str, path: &str, accept: &str| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let call = house.http.request(method, format!("{}{path}", house.portal.base)).header("accept", accept);
        call.send().await.unwrap()
    };
    for accept in ["application/json", "application/problem+json", "application/json;q=0.9, text/html;q=0.1"] {
        for path in ["/docs/nowhere.js", "/pay/nowhere", "/pay/x/y/z", "/pay/assets/none.css"] {
            assert_eq!(
                Answered::of(call("GET", path, accept).await).await.refused(404),
                "not_found",
                "{path} {accept}"
            );
        }
        for (method, path) in
            [("POST", "/docs/"), ("DELETE", "/docs"), ("PUT", "/pay"), ("DELETE", "/pay/x"), ("PUT", "/pay/x/attempts")]
        {
            let answer = call(method, path, accept).await;
            assert!(answer.headers().contains_key("allow"), "{method} {path}: RFC 9110, section 15.5.6");
            let guarded = answer.headers().contains_key("content-security-policy");
            assert_eq!(guarded, path.starts_with("/pay"), "{method} {path}: what a page's answers carry stays");
            assert_eq!(Answered::of(answer).await.refused(405), "method_not_allowed", "{method} {path} {accept}");
        }
    }
    // a browser gets the page
    let page = Answered::of(call("GET", "/pay/nowhere", "text/html,application/xhtml+xml,*/*;q=0.8").await).await;
    assert_eq!((page.status, page.content_type.as_str()), (404, "text/html; charset=utf-8"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_an_id_and_stays_out_of_caches() {
    let house = House::new().await;
    let (public, staff, ops) = (&house.portal.base, house.gateway.staff_url(), house.gateway.ops_url());
    for url in [
        format!("{public}/v1/obligations"),
        format!("{public}/v1/nowhere"),
        format!("{public}/v1/obligations?limit=0"),
        format!("{public}/v1/webhooks/vnpay/vnpay_main"),
        format!("{public}/pay/nowhere"),
        format!("{ops}/metrics"),
        format!("{ops}/livez"),
        format!("{ops}/nowhere"),
        format!("{staff}/nowhere"),
        format!("{staff}/openapi.json"),
    ] {
        let ask = |sent: Option<&str>| {
            let call = house.http.get(&url).bearer_auth(&house.portal.key);
            sent.into_iter().fold(call, |call, id| call.header("x-request-id", id))
        };
        for (sent, kept) in [
            (None, false),
            (Some("portal-0001"), true),
            (Some("A.b_c-12345678"), true),
            (Some("short"), false),
            (Some("with a blank"), false),
            (Some("<script>alert(1)</script>"), false),
            (Some("quote\"quote\"quote"), false),
            (Some(&*"x".repeat(65)), false),
        ] {
            let answer = ask(sent).send().await.unwrap();
            let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
            let id = header("x-request-id").unwrap_or_else(|| panic!("{url}: no id"));
            assert_eq!(Some(&*id) == sent, kept, "{url}: {sent:?} became {id}");
            assert!((8..=64).contains(&id.len()));
            assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{url}");
            assert!(header("cache-control").is_some_and(|c| c.contains("no-store")), "{url}");
            assert_eq!(header("server"), None, "{url}");
            let answer = Answered::of(answer).await;
            if answer.content_type == "application/problem+json" {
                assert_eq!(answer.json["request_id"], id);
            }
        }
    }
    let refused = house.http.get(format!("{public}/v1/obligations")).send().await.unwrap();
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    house.close().await;
}
