//! What VNPAY answers about payments and gives back, and what it settles.

use super::*;

#[tokio::test]
async fn querydr_codes_and_answers() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    assert_eq!(t.ask("1", &fields).await["vnp_ResponseCode"], "91", "never opened");
    t.open(&fields).await;
    let open = t.ask("2", &fields).await;
    assert_eq!((&open["vnp_ResponseCode"], &open["vnp_TransactionStatus"]), (&json!("00"), &json!("01")));
    t.press("confirm", "LT1").await;
    let paid = t.ask("3", &fields).await;
    assert_eq!((&paid["vnp_TransactionStatus"], &paid["vnp_Amount"]), (&json!("00"), &json!("2100000")));
    let value = |name: &str| paid[name].as_str().unwrap_or_default();
    let names = "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo \
                 TransactionType TransactionStatus OrderInfo PromotionCode PromotionAmount";
    let string: Vec<&str> = names.split_whitespace().map(|name| value(&format!("vnp_{name}"))).collect();
    assert_eq!(value("vnp_SecureHash"), hmac512(&string.join("|")));
    assert_eq!(t.ask("3", &fields).await["vnp_ResponseCode"], "94");
    let mut forged = querydr("4", &fields);
    forged["vnp_OrderInfo"] = json!("other");
    let api = "/merchant_webapi/api/transaction";
    assert_eq!(t.post(api, forged).await.1["vnp_ResponseCode"], "97");
    assert_eq!(t.ask("4", &fields).await["vnp_ResponseCode"], "00", "a bad hash uses no RequestId up");
    let mut stranger = querydr("5", &fields);
    stranger["vnp_TmnCode"] = json!("OTHER001");
    let answer = t.post(api, stranger).await.1;
    assert_eq!(answer["vnp_ResponseCode"], "02");
    assert!(answer.get("vnp_SecureHash").is_none());
    let mut unfit = querydr("6", &fields);
    unfit["vnp_TransactionDate"] = json!("2026");
    assert_eq!(t.post(api, unfit).await.1["vnp_ResponseCode"], "03");
    assert_eq!(t.post(api, json!([])).await.1["vnp_ResponseCode"], "03");
    let mut other_day = fields.clone();
    other_day.insert("vnp_CreateDate".to_owned(), "20260105093015".to_owned());
    assert_eq!(t.ask("7", &other_day).await["vnp_ResponseCode"], "91");
    t.end().await;
}

#[tokio::test]
async fn scripted_querydr() {
    let t = setup(|_| {}).await;
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    t.script(json!({"match": {"amount": 21000}, "do": [{"lie_unpaid": true}, {"hang": 150}], "times": 1})).await;
    t.script(json!({"match": {"amount": 5}, "do": [{"fail_after_accept": true}]})).await;
    let started = std::time::Instant::now();
    let lie = t.ask("1", &fields).await;
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!((&lie["vnp_TransactionStatus"], &lie["vnp_TransactionNo"]), (&json!("01"), &json!("0")));
    assert_eq!(t.ask("2", &fields).await["vnp_TransactionStatus"], "00");
    t.script(json!({"do": [{"fail_after_accept": true}], "times": 1})).await;
    let api = "/merchant_webapi/api/transaction";
    assert_eq!(t.post(api, querydr("3", &fields)).await.0, 500);
    assert_eq!(t.ask("3", &fields).await["vnp_ResponseCode"], "94", "it was accepted");
    t.end().await;
}

#[tokio::test]
async fn refunds() {
    let t = setup(|config| config.refund_ms = 600_000).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    let code = async |id: &str, kind: &str, amount: i64| {
        t.post(api, refund(id, &fields, kind, amount)).await.1["vnp_ResponseCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(code("1", "02", 21_000).await, "95");
    t.press("confirm", "LT1").await;
    assert_eq!(code("2", "02", 20_000).await, "99");
    assert_eq!(code("3", "03", 21_001).await, "99");
    t.script(json!({"do": [{"fail_after_accept": true}], "times": 1})).await;
    assert_eq!(t.post(api, refund("4", &fields, "03", 1_000)).await.0, 500);
    assert_eq!(code("5", "03", 1_000).await, "94", "the one before was booked and is in hand");
    assert_eq!(t.ask("6", &fields).await["vnp_TransactionStatus"], "05");
    let sent = json!({"order_ref": "LT1", "outcome": "sent"});
    assert_eq!(t.post("/_sim/refund", sent.clone()).await.1["transaction_status"], "06");
    assert_eq!(t.post("/_sim/refund", sent).await.0, 409);
    let asked = t.ask("7", &fields).await;
    assert_eq!((&asked["vnp_TransactionStatus"], &asked["vnp_TransactionType"]), (&json!("06"), &json!("03")));
    assert_eq!(code("8", "03", 20_000).await, "00");
    let refused = json!({"order_ref": "LT1", "outcome": "refused"});
    assert_eq!(t.post("/_sim/refund", refused).await.1["transaction_status"], "09");
    assert_eq!(code("9", "03", 20_000).await, "00", "what was refused can be asked for again");
    assert_eq!(t.order("LT1").await["refunds"].as_array().unwrap().len(), 3);
    t.end().await;
}

#[tokio::test]
async fn rules_decide_what_becomes_of_a_refund() {
    let log = std::env::temp_dir().join(format!("simulator-refunds-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let t = setup(|config| (config.refund_ms, config.log) = (600_000, Some(log.clone()))).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let said = async |id: &str, amount: i64| t.post(api, refund(id, &fields, "03", amount)).await.1;
    let heard = async |id: &str| {
        let asked = t.ask(id, &fields).await;
        ["vnp_TransactionType", "vnp_TransactionStatus"].map(|name| asked[name].as_str().unwrap().to_owned())
    };

    t.script(json!({"do": [{"refund_code": "99"}], "times": 1})).await;
    assert_eq!(said("1", 1_000).await["vnp_ResponseCode"], "99");
    assert_eq!(said("1", 1_000).await["vnp_ResponseCode"], "94", "the request id was used");
    assert_eq!(heard("2").await, ["01", "00"], "and nothing was booked");
    for bad in [json!("00"), json!("5"), json!(99)] {
        assert_eq!(t.post("/_sim/script", json!({"do": [{"refund_code": bad}]})).await.0, 400, "{bad}");
    }

    t.script(json!({"match": {"order_ref": "LT1"}, "do": [{"refund_refused": true}, {"refund_ms": 300}], "times": 1}))
        .await;
    assert_eq!(said("3", 21_001).await["vnp_ResponseCode"], "99", "uses no rule up");
    let taken_up = said("4", 1_000).await;
    assert_eq!((&taken_up["vnp_ResponseCode"], &taken_up["vnp_TransactionStatus"]), (&json!("00"), &json!("05")));
    assert_eq!(heard("5").await, ["03", "05"]);
    tokio::time::sleep(Duration::from_millis(320)).await;
    assert_eq!(heard("6").await, ["03", "09"]);

    t.script(json!({"do": [{"refund_flap": true}, {"refund_ms": 0}], "times": 1})).await;
    let taken_up = said("7", 2_000).await;
    assert_eq!(taken_up["vnp_ResponseCode"], "00");
    for (id, expected) in [("8", ["03", "05"]), ("9", ["01", "00"]), ("10", ["03", "06"]), ("11", ["03", "06"])] {
        assert_eq!(heard(id).await, expected, "{id}");
    }
    assert_eq!(said("12", 1_000).await["vnp_ResponseCode"], "00");
    assert_eq!(heard("13").await, ["03", "05"], "the configured time");
    let sent = t.post("/_sim/refund", json!({"order_ref": "LT1", "outcome": "sent"})).await.1;
    assert_eq!((&sent["request_id"], &sent["transaction_status"]), (&json!("12"), &json!("06")));

    let kept = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "refund").collect();
    let ids: Vec<&str> = told.iter().map(|line| line["request_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["4", "7", "12", "12"]);
    let paid = t.order("LT1").await;
    for line in &told {
        assert_eq!((&line["order_ref"], &line["original"]), (&json!("LT1"), &paid["transaction_no"]));
    }
    assert_eq!((&told[0]["refused"], &told[0]["sent_at"]), (&json!(true), &Value::Null));
    assert_eq!((&told[1]["amount"], &told[1]["transaction_no"]), (&json!(2_000), &taken_up["vnp_TransactionNo"]));
    assert!(told[1]["sent_at"].is_string() && told[2]["sent_at"].as_str() > told[3]["sent_at"].as_str());
    let position = |kind: &str, id: &str| {
        lines.iter().position(|line| line["kind"] == kind && line.to_string().contains(id)).unwrap()
    };
    let number = taken_up["vnp_TransactionNo"].as_str().unwrap();
    assert!(position("refund", number) < position("answered", number), "written before it is told");
    std::fs::remove_file(&log).unwrap();
    t.end().await;
}

#[tokio::test]
async fn a_refund_that_came_back_is_refused_after_all_and_settled_as_an_adjustment() {
    let t = setup(|config| (config.refund_ms, config.fee_rate_ppm) = (0, 0)).await;
    let api = "/merchant_webapi/api/transaction";
    let fields = order("LT1", 21_000, 900);
    t.open(&fields).await;
    t.press("confirm", "LT1").await;
    let came_back = json!({"order_ref": "LT1"});
    assert_eq!(t.post("/_sim/refund_came_back", came_back.clone()).await.0, 404);
    let number = t.post(api, refund("1", &fields, "02", 21_000)).await.1["vnp_TransactionNo"].clone();
    let number = number.as_str().unwrap();
    let cut = t.post("/_sim/settlement/cut", json!({})).await.1;
    assert_eq!((&cut["rows"], &cut["refunds"], &cut["net"]), (&json!(2), &json!(21_000), &json!(0)));
    assert!(cut.get("returned").is_none(), "{cut}");
    let back = t.post("/_sim/refund_came_back", came_back.clone()).await.1;
    assert_eq!((&back["transaction_status"], back["came_back_at"].is_string()), (&json!("09"), true));
    assert_eq!(t.post("/_sim/refund_came_back", came_back).await.0, 409);
    let asked = t.ask("2", &fields).await;
    assert_eq!((&asked["vnp_TransactionType"], &asked["vnp_TransactionStatus"]), (&json!("02"), &json!("09")));
    let file = async |of: &str| {
        let answer = t.http.get(format!("{}/_sim/settlement?{of}", t.sim.url)).send().await.unwrap();
        String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
    };
    let cut = t.post("/_sim/settlement/cut", json!({})).await.1;
    assert_eq!(
        ["rows", "gross", "refunds", "returned", "net"].map(|name| cut[name].as_i64().unwrap()),
        [1, 0, 0, 21_000, 21_000]
    );
    assert!(file("session=1").await.contains(&format!("{number},LT1,{TMN},Hoàn tiền,Thành công,\"-21,000\",")));
    let second = file("session=2").await;
    let row = second.lines().nth(1).unwrap();
    assert!(row.contains(&format!(",LT1,{TMN},Điều chỉnh,Thành công,\"21,000\",0,\"21,000\",")), "{row}");
    assert!(row.ends_with(&format!(",{number}")) && row.matches(number).count() == 1, "a number of its own: {row}");
    assert!(second.ends_with("Tổng cộng,,,,,,\"21,000\",0,\"21,000\",,,\r\n"), "{second}");
    assert_eq!(
        t.post(api, refund("3", &fields, "02", 21_000)).await.1["vnp_ResponseCode"],
        "00",
        "to be given back again"
    );
    t.end().await;
}

#[tokio::test]
async fn the_settlement_file_and_its_payout() {
    let t = setup(|config| config.refund_ms = 0).await;
    let first = order("LT1", 21_063, 900);
    t.open(&first).await;
    for (order_ref, amount) in [("LT2", 1_000_000), ("LT3", 50_000), ("LT4", 60_000), ("LT5", 70_000)] {
        t.open(&order(order_ref, amount, 900)).await;
    }
    for order_ref in ["LT1", "LT2", "LT3", "LT4"] {
        t.press("confirm", order_ref).await;
    }
    t.press("cancel", "LT5").await;
    let code = t.post("/merchant_webapi/api/transaction", refund("1", &first, "03", 1_000)).await.1;
    assert_eq!(code["vnp_ResponseCode"], "00", "{code}");
    let paid = t.order("LT1").await;
    let pay_date = paid["pay_date"].as_str().unwrap();
    let date = format!("{}-{}-{}", &pay_date[..4], &pay_date[4..6], &pay_date[6..8]);
    let next = date.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap();
    let file = async |date: &str| {
        let answer = t.http.get(format!("{}/_sim/settlement?date={date}", t.sim.url)).send().await.unwrap();
        String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
    };
    let text = file(&date).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "\u{feff}STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,\
         Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc"
    );
    let no = paid["transaction_no"].as_str().unwrap();
    let time = format!("{}/{}/{} ", &pay_date[6..8], &pay_date[4..6], &pay_date[..4])
        + &format!("{}:{}:{}", &pay_date[8..10], &pay_date[10..12], &pay_date[12..14]);
    let settled = next.strftime("%d/%m/%Y");
    assert_eq!(lines[1], format!("1,{no},LT1,{TMN},Thanh toán,Thành công,\"21,063\",169,\"20,894\",{time},{settled},"));
    assert!(lines[2].contains("\"1,000,000\",\"8,000\",\"992,000\""), "{}", lines[2]);
    let back = lines.iter().find(|line| line.contains("Hoàn tiền")).unwrap();
    assert!(back.contains(",\"-1,000\",0,\"-1,000\",") && back.ends_with(&format!(",{no}")), "{back}");
    assert_eq!(*lines.last().unwrap(), "Tổng cộng,,,,,,\"1,130,063\",\"9,049\",\"1,121,014\",,,");
    let payout = t.get(&format!("/_sim/settlement/payout?date={date}")).await;
    let content = format!("VNPAY TT {TMN} NGAY {}{}{}", &pay_date[6..8], &pay_date[4..6], &pay_date[..4]);
    let expected = json!({
        "date": date, "gross": 1_131_063, "fee": 9_049, "refunds": 1_000, "net": 1_121_014, "content": content,
    });
    assert_eq!(payout, expected);

    for rule in [
        json!({"match": {"order_ref": "LT1"}, "do": [{"settlement": "omit"}]}),
        json!({"match": {"order_ref": "LT2"}, "do": [{"settlement": {"amount_delta": -500}}]}),
        json!({"match": {"amount": 50_000}, "do": [{"settlement": {"repeat": 1}}, {"settlement": {"status": "Thất bại"}}]}),
        json!({"match": {"order_ref": "LT4"}, "do": [{"settlement": "settle_late"}], "times": 1}),
    ] {
        t.script(rule).await;
    }
    let text = file(&date).await;
    assert_eq!(text, file(&date).await, "a rule about the file is not used up");
    assert!(!text.contains("LT1,LAOCAI01,Thanh toán") && !text.contains("LT4"), "{text}");
    assert_eq!(text.matches("Thất bại").count(), 2);
    assert!(text.contains("\"999,500\",\"7,996\",\"991,504\""), "{text}");
    assert!(text.ends_with("Tổng cộng,,,,,,\"1,098,500\",\"8,796\",\"1,089,704\",,,\r\n"), "{text}");
    assert!(file(&next.to_string()).await.contains(",LT4,"));
    assert_eq!(t.get(&format!("/_sim/settlement/payout?date={next}")).await["net"], 59_520);

    let pending = json!({"settlement": {"pending": "Đang xử lý"}});
    t.script(json!({"match": {"order_ref": "LT2"}, "do": [pending]})).await;
    let text = file(&date).await;
    assert!(text.contains("LT2,LAOCAI01,Thanh toán,Đang xử lý,\"999,500\""), "{text}");
    assert!(text.ends_with("Tổng cộng,,,,,,\"99,000\",800,\"98,200\",,,\r\n"), "{text}");
    assert!(file(&next.to_string()).await.contains("LT2,LAOCAI01,Thanh toán,Thành công,\"999,500\""));
    assert_eq!(t.get(&format!("/_sim/settlement/payout?date={next}")).await["net"], 59_520 + 991_504);
    let text = file(&format!("{date}&damage=wrong_total")).await;
    assert!(text.ends_with("Tổng cộng,,,,,,\"100,000\",800,\"99,200\",,,\r\n"), "{text}");
    t.end().await;
}

#[tokio::test]
async fn dropped_repeated_forged_and_stale_reports() {
    let t = setup(|_| {}).await;
    let run = async |order_ref: &str, rule: Value, count: usize| {
        t.merchant.heard.lock().unwrap().clear();
        t.script(json!({"match": {"order_ref": order_ref}, "do": rule, "times": 1})).await;
        assert_eq!(t.open(&order(order_ref, 21_000, 900)).await.0, 200);
        assert_eq!(t.press("confirm", order_ref).await.status(), 302);
        let kinds: Vec<String> = t
            .calls(order_ref, count)
            .await
            .iter()
            .map(|call| format!("{} {}", call["kind"].as_str().unwrap(), call["verdict"].as_str().unwrap()))
            .collect();
        (kinds, t.merchant.heard(), t.merchant.heard.lock().unwrap().iter().map(|q| signed(q)).collect::<Vec<_>>())
    };
    let (kinds, heard, _) = run("D1", json!([{"drop": true}]), 1).await;
    assert_eq!((kinds, heard.len()), (vec!["ipn dropped".to_owned()], 0));
    let (kinds, heard, _) = run("D2", json!([{"drop": 2}]), 3).await;
    assert_eq!((kinds.join(","), heard.len()), ("ipn dropped,ipn dropped,ipn confirmed".to_owned(), 1));
    let (kinds, heard, _) = run("R1", json!([{"repeat": 3}]), 4).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "repeat confirmed").count(), 3);
    assert!(heard.len() == 4 && heard.iter().all(|said| *said == heard[0]));
    let (_, heard, ok) = run("A1", json!([{"amount_delta": -1000}]), 1).await;
    assert_eq!((heard[0]["vnp_Amount"].as_str(), ok), ("2000000", vec![true]));
    assert_eq!(t.order("A1").await["amount"], 20_000);
    assert_eq!(t.order("A1").await["ordered_amount"], 21_000);
    let (kinds, _, ok) = run("F1", json!([{"forge": "signature"}]), 2).await;
    assert_eq!((kinds[0].as_str(), ok), ("forged_signature confirmed", vec![false, true]));
    let (_, heard, ok) = run("F2", json!([{"forge": "terminal"}]), 2).await;
    assert_eq!((ok, heard[0]["vnp_TmnCode"] == TMN, heard[1]["vnp_TmnCode"] == TMN), (vec![true, true], false, true));
    let (_, heard, ok) = run("F3", json!([{"forge": "amount"}, {"drop": true}]), 2).await;
    assert_eq!((heard[0]["vnp_Amount"].as_str(), ok), ("2100100", vec![false]));
    let (kinds, heard, ok) = run("O1", json!([{"reorder": true}, {"delay_ms": 30}]), 2).await;
    assert_eq!((kinds[1].as_str(), ok), ("stale confirmed", vec![true, true]));
    assert_eq!((heard[0]["vnp_ResponseCode"].as_str(), heard[1]["vnp_ResponseCode"].as_str()), ("00", "51"));
    let (status, call) = t.post("/_sim/resend", json!({"order_ref": "D1"})).await;
    assert_eq!((status, &call["kind"], &call["verdict"]), (StatusCode::OK, &json!("resend"), &json!("confirmed")));
    assert_eq!(t.post("/_sim/script", json!({"do": [{"dorp": true}]})).await.0, 400);
    assert_eq!(t.post("/_sim/script", json!({"match": {"ref": "x"}, "do": [{"drop": true}]})).await.0, 400);
    t.end().await;
}
