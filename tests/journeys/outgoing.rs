//! Where a gateway connects to (F43): in production to no private address, whatever name leads there, and never through a
//! proxy that its environment names.

use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::child::{Env, Running, run};
use tests::portal::{Portal, dossier, fresh, obligation};
use tests::{Plan, database, env};
use tokio::net::TcpListener;

/// Counts who connects to it on loopback.
async fn listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = seen.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, seen)
}

/// Every way in which an environment names a proxy.
fn proxied(env: &mut Env, port: u16) {
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        env.push((name.to_owned(), format!("http://127.0.0.1:{port}")));
        env.push((name.to_lowercase(), format!("http://127.0.0.1:{port}")));
    }
}

async fn portal(env: &Env, serve: &Running) -> Portal {
    let made = run(env, &["key", "create", "--for", "cong-dvc", "--json"]).await;
    assert!(made.success, "{}", made.stderr);
    let key = serde_json::from_str::<Value>(&made.stdout).unwrap()["key"].as_str().unwrap().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Portal::new(&http, &serve.url("http"), key)
}

/// One event: a fee that is taken back.
async fn something_happens(portal: &Portal) {
    let fee = portal.put(&format!("/v1/obligations/out-{}", fresh()), obligation(&dossier(), 21_000, json!({}))).await;
    let fee = fee.expect(201);
    portal.post(&format!("/v1/obligations/{}/cancel", fee["id"].as_str().unwrap()), json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_no_private_address_is_ever_connected_to() {
    let database = database().await;
    let (port, seen) = listener().await;
    let (proxy, through) = listener().await;
    let settings = [
        ("MOTLAN_MODE", "production".to_owned()),
        ("MOTLAN_HTTP__PUBLIC_URL", "https://pay.example.vn".to_owned()),
        ("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "300".to_owned()),
        ("MOTLAN_DOSSIER__ALLOW_HTTP", "false".to_owned()),
        ("MOTLAN_DOSSIER__ALLOW_PRIVATE", "false".to_owned()),
        // on the list on purpose: the address itself must be what stops it
        ("MOTLAN_DOSSIER__ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],[::ffff:7f00:1],169.254.169.254".to_owned()),
        ("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", "https://pay.vnpay.example.vn/pay".to_owned()),
        ("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", "https://api.vnpay.example.vn/api".to_owned()),
    ];
    let plan = Plan { settings: settings.to_vec(), ..Plan::default() };
    let mut env = env(&database, "https://vnpay.example.vn", &plan);
    proxied(&mut env, proxy);
    let serve = Running::start(&env, &["serve"]).await;
    let portal = portal(&env, &serve).await;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "elsewhere.example.vn",
    ] {
        let url = format!("https://{host}:{port}/events");
        let answer = portal.post("/v1/event-endpoints", json!({"url": url})).await;
        assert_eq!(answer.refused(422), "event_url_refused", "{host}");
    }
    let plain = json!({"url": format!("http://localhost:{port}/events")});
    assert_eq!(portal.post("/v1/event-endpoints", plain).await.refused(422), "event_url_refused");
    // a name of the list, which leads to loopback by now
    let url = format!("https://localhost:{port}/events");
    portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
    something_happens(&portal).await;
    let drained = run(&env, &["work", "--drain", "--json"]).await;
    assert!(drained.success, "{}", drained.stderr);
    let db = database.connect("motlan_superuser").await;
    let row = db.query_one("select attempts, last_result from delivery", &[]).await.unwrap();
    let said: String = row.get(1);
    assert!(row.get::<_, i32>(0) > 0 && said.contains("no public address"), "{said}");
    assert_eq!((seen.load(Ordering::SeqCst), through.load(Ordering::SeqCst)), (0, 0));
    serve.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_does_not_start_with_a_provider_at_a_private_address() {
    let database = database().await;
    for (url, said) in [
        ("http://pay.vnpay.example.vn/api", "not an https address"),
        ("https://localhost/api", "test host"),
        ("https://localhost./api", "test host"),
        ("https://10.1.2.3/api", "not public"),
        ("https://3232235777/api", "not public"),
        ("https://[fd00::1]/api", "not public"),
        ("https://[::ffff:10.0.0.1]/api", "not public"),
    ] {
        let settings = [
            ("MOTLAN_MODE", "production".to_owned()),
            ("MOTLAN_HTTP__PUBLIC_URL", "https://pay.example.vn".to_owned()),
            ("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", url.to_owned()),
        ];
        let plan = Plan { settings: settings.to_vec(), ..Plan::default() };
        let ended = run(&env(&database, "https://vnpay.example.vn", &plan), &["serve"]).await;
        assert!(!ended.success, "{url}");
        let named = ended.stderr.lines().chain(ended.stdout.lines()).any(|l| l.contains("api_url") && l.contains(said));
        assert!(named, "{url}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_proxy_of_the_environment_is_asked() {
    let house = tests::House::new().await;
    house.hear_events().await;
    let (proxy, through) = listener().await;
    let mut env = env(&house.database, &house.vnpay.url, &Plan::default());
    proxied(&mut env, proxy);
    // the provider has something to be asked, and the dossier system something to hear
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    something_happens(&house.portal).await;
    let drained = run(&env, &["work", "--drain", "--json"]).await;
    assert!(drained.success, "{}", drained.stderr);
    assert!(!house.heard().await.is_empty(), "nothing was sent, so nothing is shown");
    let sent = house.http.get(format!("{}/_sim/log", house.vnpay.url)).send().await.unwrap().text().await.unwrap();
    assert!(sent.contains("querydr"), "nobody asked the provider");
    assert_eq!(through.load(Ordering::SeqCst), 0);
    house.close().await;
}
