//! What operators see of a running process: metrics, the backlog, traces over OTLP where an endpoint is set.

use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::child::{Env, Running};
use tests::{HASH_SECRET, TMN_CODE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A collector that takes whatever it is sent and says 200.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut chunk = [0; 16_384];
                while let Ok(n) = stream.read(&mut chunk).await {
                    if n == 0 {
                        break;
                    }
                    kept.lock().unwrap().extend_from_slice(&chunk[..n]);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                }
            });
        }
    });
    (url, taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_shows_its_metrics_its_backlog_and_its_traces() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = tests::database().await;
    let (otlp, taken) = collector().await;
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let env: Env = vec![
        set("MOTLAN_MODE", "sandbox"),
        set("MOTLAN_HTTP__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_STAFF__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_OPS__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_DATABASE__URL", &database.url("motlan_app")),
        set("MOTLAN_KEYS__PII", &"7e".repeat(32)),
        set("MOTLAN_OTLP__ENDPOINT", &otlp),
        set("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "vnpay"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", "http://127.0.0.1:9/paymentv2/vpcpay.html"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", "http://127.0.0.1:9/merchant_webapi/api/transaction"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", TMN_CODE),
        set("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET", HASH_SECRET),
    ];
    let serve = Running::start(&env, &["serve"]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let forged = format!("{}/v1/webhooks/vnpay/vnpay_main?vnp_TxnRef=1&vnp_SecureHash=00", serve.url("http"));
    let answer: Value = http.get(forged).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["RspCode"], "97");

    let ops = serve.url("ops");
    let get = |path: &str| {
        let call = http.get(format!("{ops}{path}"));
        async move { call.send().await.unwrap().text().await.unwrap() }
    };
    assert_eq!(get("/livez").await, "ok\n");
    assert_eq!(get("/readyz").await, "ready\n");
    let metrics = get("/metrics").await;
    assert!(metrics.contains(r#"motlan_webhooks_total{channel="vnpay",outcome="forged"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"http_server_request_duration_seconds_count{method="GET",route="/v1/webhooks/{channel}/{profile}",status="200"} 1"#), "{metrics}");
    let backlog: Value = serde_json::from_str(&get("/backlog").await).unwrap();
    for part in ["due", "waiting", "parked"] {
        for queue in ["inbox", "outbox", "polls", "refunds", "movements", "unsealed", "mail"] {
            assert_eq!(backlog[part][queue], 0, "{backlog}");
        }
    }
    assert_eq!(backlog["oldest_due_s"], 0);

    serve.end().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let sent = String::from_utf8_lossy(&taken.lock().unwrap()).into_owned();
    assert!(sent.starts_with("POST /v1/traces HTTP/1.1"), "{}", sent.chars().take(200).collect::<String>());
    for word in ["motlan", "request", "request_id", "/v1/webhooks/{channel}/{profile}"] {
        assert!(sent.contains(word), "no {word} in the trace");
    }
}
