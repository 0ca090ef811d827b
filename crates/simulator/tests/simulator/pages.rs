//! What a payer and a merchant see of VNPAY: pages, the window, and calls until one is confirmed.

use super::*;

#[tokio::test]
async fn page_payment_return_and_ipn_until_confirmed() {
    let log = std::env::temp_dir().join(format!("simulator-vnpay-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let t = setup(|config| config.log = Some(log.clone())).await;
    let bad = [(500, String::new()), (200, "no".to_owned()), (200, rsp("97")), (200, rsp("99")), (200, rsp("00"))];
    t.merchant.will_answer(&bad);
    let fields = order("LT1", 21_000, 900);
    let (status, page) = t.open(&fields).await;
    assert_eq!(status, 200);
    assert!(page.contains("21.000 ₫") && page.contains("Thanh toán") && page.contains("Huỷ giao dịch"), "{page}");
    assert!(!page.contains("http"), "no outside hosts: {page}");
    assert_eq!(t.open(&fields).await.0, 200, "the same request again");
    let answer = t.press("confirm", "LT1").await;
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let back = location.strip_prefix("https://dvc.example.vn/return?lang=vi&").unwrap();
    assert!(signed(back));
    let calls = t.calls("LT1", 5).await;
    let verdicts: Vec<&str> = calls.iter().map(|call| call["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["bad_answer", "bad_answer", "refused", "refused", "confirmed"]);
    let heard = t.merchant.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|query| query == back), "IPN and return say the same");
    let said = &t.merchant.heard()[0];
    assert_eq!(said["vnp_Amount"], "2100000");
    assert_eq!((said["vnp_ResponseCode"].as_str(), said["vnp_TransactionStatus"].as_str()), ("00", "00"));
    let done = &t.get("/_sim/transactions").await[0];
    assert_eq!(done["transaction_no"], said["vnp_TransactionNo"]);
    assert_eq!((&done["amount"], &done["status"]), (&json!(21_000), &json!("paid")));
    assert_eq!(t.press("confirm", "LT1").await.status(), 400, "paid once");
    let (status, page) = t.open(&fields).await;
    assert!(status == 400 && page.contains(">01<"), "{page}");
    let kept = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = |kind: &str, what: &str| lines.iter().position(|l| l["kind"] == kind && l["what"] == what).unwrap();
    let decided = lines.iter().position(|line| line["kind"] == "decided").unwrap();
    assert!(first("received", "confirm") < decided && decided < first("sent", "ipn"));
    assert_eq!((&lines[decided]["amount"], &lines[decided]["wire_amount"]), (&json!(21_000), &json!("2100000")));
    assert_eq!(t.http.get(format!("{}/_sim/log", t.sim.url)).send().await.unwrap().text().await.unwrap(), kept);
    let overview = t.http.get(format!("{}/_sim/", t.sim.url)).send().await.unwrap().text().await.unwrap();
    assert!(overview.contains("Đã thanh toán") && overview.contains("LT1"));
    t.end().await;
    std::fs::remove_file(&log).unwrap();
}

#[tokio::test]
async fn bad_requests_get_an_error_page() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    let expect = async |fields: &BTreeMap<String, String>, code: &str| {
        let (status, page) = t.open(fields).await;
        assert!(status == 400 && page.contains(&format!(">{code}<")), "{code}: {page}");
    };
    let with = |name: &str, value: &str| {
        let mut fields = fields.clone();
        fields.insert(name.to_owned(), value.to_owned());
        fields
    };
    expect(&with("vnp_TmnCode", "OTHER001"), "02").await;
    expect(&with("vnp_Amount", "2100001"), "03").await;
    expect(&with("vnp_OrderInfo", "Phí"), "03").await;
    let forged = query(&fields).replace("2100000", "2100100");
    let url = format!("{}/paymentv2/vpcpay.html?{forged}", t.sim.url);
    assert!(t.http.get(url).send().await.unwrap().text().await.unwrap().contains(">70<"));
    t.end().await;
}

#[tokio::test]
async fn a_txn_ref_serves_one_request_a_day() {
    let t = setup(|_| {}).await;
    assert_eq!(t.open(&order("LT1", 21_000, 900)).await.0, 200);
    let (status, page) = t.open(&order("LT1", 22_000, 900)).await;
    assert!(status == 400 && page.contains(">01<"), "{page}");
    assert_eq!(t.open(&order("LT2", 22_000, 900)).await.0, 200);
    t.end().await;
}

#[tokio::test]
async fn the_ipn_stops_at_ten_calls() {
    let t = setup(|config| config.ipn_retry_ms = 5).await;
    t.merchant.will_answer(&[(200, rsp("04"))]);
    t.open(&order("LT1", 21_000, 900)).await;
    t.press("confirm", "LT1").await;
    let calls = t.calls("LT1", 10).await;
    assert!(calls.iter().all(|call| call["rsp_code"] == "04"));
    assert_eq!(t.merchant.heard().len(), 10);
    t.end().await;
}

#[tokio::test]
async fn no_answer_and_redirects_are_tried_again() {
    let t = setup(|config| config.notify_url = String::new()).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let (status, _) = t.post("/_sim/pay", json!({"order_ref": "LT1"})).await;
    assert_eq!(status, 200);
    for _ in 0..200 {
        if !t.order("LT1").await["ipn"].as_array().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    t.merchant.will_answer(&[(302, rsp("00")), (200, rsp("02"))]);
    assert_eq!(t.post("/_sim/notify", json!({"url": t.merchant_url})).await.0, 200);
    for _ in 0..200 {
        let calls = t.order("LT1").await["ipn"].as_array().cloned().unwrap();
        if calls.last().is_some_and(|call| call["verdict"] == "confirmed") {
            assert_eq!(calls[0]["verdict"], "no_answer");
            assert_eq!(calls[calls.len() - 2]["http_status"], 302);
            t.end().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never confirmed: {}", t.order("LT1").await);
}

#[tokio::test]
async fn cancelling_and_failing() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let answer = t.press("cancel", "LT1").await;
    assert!(answer.headers()["location"].to_str().unwrap().contains("vnp_ResponseCode=24"));
    t.calls("LT1", 1).await;
    let said = &t.merchant.heard()[0];
    assert_eq!((said["vnp_TransactionStatus"].as_str(), said["vnp_TransactionNo"].as_str()), ("02", "0"));
    assert!(!said.contains_key("vnp_BankTranNo"));
    t.open(&order("LT2", 21_000, 900)).await;
    let failed = json!({"order_ref": "LT2", "outcome": "failed", "response_code": "65"});
    let (status, shown) = t.post("/_sim/pay", failed).await;
    assert_eq!((status, &shown["status"], &shown["response_code"]), (StatusCode::OK, &json!("failed"), &json!("65")));
    t.open(&order("LT3", 21_000, 900)).await;
    let held = json!({"order_ref": "LT3", "response_code": "07"});
    assert_eq!(t.post("/_sim/pay", held).await.1["transaction_status"], "07");
    for (body, expected) in [
        (json!({"order_ref": "LT9"}), 404),
        (json!({"order_ref": "LT1"}), 409),
        (json!({"order_ref": "LT1", "outcome": "failed", "response_code": "00"}), 400),
        (json!({"order_ref": "LT1", "more": 1}), 400),
    ] {
        let (status, answer) = t.post("/_sim/pay", body).await;
        assert!(status.as_u16() == expected && answer["error"].is_string(), "{status} {answer}");
    }
    t.end().await;
}

#[tokio::test]
async fn the_payment_window() {
    let t = setup(|_| {}).await;
    t.script(json!({"match": {"order_ref": "LT2"}, "do": [{"late": true}], "times": 1})).await;
    let (first, second) = (order("LT1", 1, 4), order("LT2", 2, 4));
    t.open(&first).await;
    assert_eq!(t.ask("A", &first).await["vnp_TransactionStatus"], "01");
    tokio::time::sleep(Duration::from_millis(4100)).await;
    let answer = t.press("confirm", "LT1").await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains(">11<"));
    let (status, answer) = t.post("/_sim/pay", json!({"order_ref": "LT1"})).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("11")));
    assert!(t.open(&first).await.1.contains(">11<"));
    assert_eq!(t.ask("B", &first).await["vnp_TransactionStatus"], "02");
    assert_eq!(t.open(&second).await.0, 200, "late was scripted");
    assert_eq!(t.press("confirm", "LT2").await.status(), 302);
    t.calls("LT2", 1).await;
    assert!(t.order("LT1").await["ipn"].as_array().unwrap().is_empty());
    t.end().await;
}

#[tokio::test]
async fn a_session_that_is_cut_takes_each_payment_once() {
    let t = setup(|_| {}).await;
    let pay = async |order_ref: &str, amount| {
        t.open(&order(order_ref, amount, 900)).await;
        t.press("confirm", order_ref).await;
    };
    pay("LT1", 100_000).await;
    t.open(&order("LT2", 50_000, 900)).await;
    let first = t.post("/_sim/settlement/cut", json!({})).await.1;
    let figures = |cut: &Value| ["session", "rows", "gross", "fee", "net"].map(|name| cut[name].as_i64().unwrap());
    assert_eq!(figures(&first), [1, 1, 100_000, 800, 99_200]);
    t.press("confirm", "LT2").await;
    pay("LT3", 25_000).await;
    assert_eq!(figures(&t.post("/_sim/settlement/cut", json!({})).await.1), [2, 2, 75_000, 600, 74_400]);
    assert_eq!(figures(&t.post("/_sim/settlement/cut", json!({})).await.1), [3, 0, 0, 0, 0]);
    let answer = t.http.get(format!("{}/_sim/settlement?session=2", t.sim.url)).send().await.unwrap();
    let file = answer.text().await.unwrap();
    assert!(file.contains(",LT2,") && file.contains(",LT3,") && !file.contains(",LT1,"), "{file}");
    assert_eq!(figures(&t.get("/_sim/settlement/payout?session=1").await), figures(&first));
    for (query, status) in [("session=4", 404), ("session=0", 404), ("", 400), ("session=1&date=2026-11-24", 400)] {
        let answer = t.http.get(format!("{}/_sim/settlement?{query}", t.sim.url)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
    }
    t.end().await;
}

#[tokio::test]
async fn pressing_twice_at_once_pays_once() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let (one, two, three) =
        tokio::join!(t.press("confirm", "LT1"), t.press("confirm", "LT1"), t.press("cancel", "LT1"));
    let paid = [one, two, three].iter().filter(|answer| answer.status() == 302).count();
    assert_eq!(paid, 1);
    t.calls("LT1", 1).await;
    t.end().await;
}

#[tokio::test]
async fn a_payer_who_hangs_up_has_paid_all_the_same() {
    let t = setup(|_| {}).await;
    t.open(&order("LT1", 21_000, 900)).await;
    let address = t.sim.url.strip_prefix("http://").unwrap().to_owned();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let request = "POST /paymentv2/confirm HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                   Content-Length: 13\r\n\r\norder_ref=LT1";
    std::io::Write::write_all(&mut socket, request.as_bytes()).unwrap();
    drop(socket);
    assert_eq!(t.calls("LT1", 1).await[0]["verdict"], "confirmed");
    t.end().await;
}

#[tokio::test]
async fn stop_waits_for_nobody() {
    let t = setup(|config| config.ipn_retry_ms = 50).await;
    t.merchant.will_answer(&[(200, rsp("99"))]);
    t.script(json!({"do": [{"hang": 60000}]})).await;
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let url = format!("{}/merchant_webapi/api/transaction", t.sim.url);
    let hanging = tokio::spawn(t.http.post(url).json(&querydr("1", &fields)).send());
    tokio::time::sleep(Duration::from_millis(120)).await;
    let Test { sim, merchant, merchant_server, .. } = t;
    let started = std::time::Instant::now();
    sim.stop().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let heard = merchant.heard().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!((1..10).contains(&heard) && merchant.heard().len() == heard, "no call after the end");
    assert!(hanging.await.unwrap().is_err());
    merchant_server.stop(false).await;
}
