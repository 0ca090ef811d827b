use serde_json::json;

use crate::support::{ACCOUNT, Bank, account, customer, hmac_at};

#[actix_web::test]
async fn a_transfer_is_booked_told_and_listed() {
    let (customer, url) = customer();
    let bank = Bank::with(hmac_at(&url)).await;
    let more = json!({"mangle": "vcb_short", "at": "2026-11-24T07:02:37Z", "virtual_account": "96247LC01"});
    let booked = bank.transfer(150_000, "LC7K2M9QX4T nop phi", more).await;
    assert_eq!(booked["balance"], 10_150_000);
    assert!(booked["content"].as_str().unwrap().starts_with("MBVCB."));
    let reference = booked["reference"].as_str().unwrap();
    assert!(reference.starts_with("FT26328") && reference.len() == 15, "{reference}");

    let heard = customer.hears(1).await.remove(0);
    assert!(heard.sepay_signature_is_good());
    let expected = json!({
        "id": booked["id"], "gateway": "BIDV", "transactionDate": "2026-11-24 14:02:37", "accountNumber": ACCOUNT,
        "subAccount": "96247LC01", "code": "LC7K2M9QX4T", "content": booked["content"], "transferType": "in",
        "description": format!("BankAPINotify {}", booked["content"].as_str().unwrap()),
        "transferAmount": 150_000, "accumulated": 10_150_000, "referenceCode": reference,
    });
    assert_eq!(heard.json(), expected);

    let list = bank.json("/userapi/transactions/list?account_number=8630123456789", "Bearer list").await;
    let row = json!({
        "id": booked["id"].to_string(), "bank_brand_name": "BIDV", "account_number": ACCOUNT,
        "transaction_date": "2026-11-24 14:02:37", "amount_out": "0.00", "amount_in": "150000.00",
        "accumulated": "10150000.00", "transaction_content": booked["content"], "reference_number": reference,
        "code": "LC7K2M9QX4T", "sub_account": "96247LC01", "bank_account_id": "1",
    });
    let expected = json!({"status": 200, "error": null, "messages": {"success": true}, "transactions": [row]});
    assert_eq!(list, expected);

    let kinds: Vec<String> = bank.log().await.iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["transfer", "sent", "received", "listing"]);
    bank.running.stop().await;
}

#[actix_web::test]
async fn nothing_impossible_is_booked() {
    let bank = Bank::with(json!([])).await;
    let paid = bank.transfer(1000, "x", json!({"reference": "R1"})).await;
    assert_eq!(paid["reference"], "R1");
    let base = json!({"account": ACCOUNT, "amount": 1000, "content": "x"});
    for (more, expected) in [
        (json!({"amount": 0}), 400),
        (json!({"amount": 1.5}), 400),
        (json!({"amout": 5}), 400),
        (json!({"mangle": "shaken"}), 400),
        (json!({"mangle": "two_codes"}), 400),
        (json!({"second_content": "y"}), 400),
        (json!({"content": "a\nb"}), 400),
        (json!({"reference": "has blank"}), 400),
        (json!({"direction": "out", "mangle": "momo"}), 400),
        (json!({"account": "1"}), 404),
        (json!({"virtual_account": "1"}), 404),
        (json!({"reference": "R1"}), 409),
        (json!({"direction": "out", "amount": 99_000_000}), 409),
        (json!({"amount": 999_999_999_999_i64}), 409),
    ] {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(bank.post("/_sim/bank/transfer", body).await.0, expected, "{more}");
    }
    assert_eq!(bank.transfer(500, "x", json!({"account": "96247LC77"})).await["virtual_account"], "96247LC77");
    assert_eq!(bank.json("/_sim/bank/transactions", "").await.as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn every_shape_has_the_name_that_the_readme_gives() {
    let bank = Bank::with(json!([])).await;
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let shapes = readme.split("## Shapes").nth(1).unwrap().split("\n## ").next().unwrap();
    let names: Vec<&str> = shapes.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(names.len(), 26, "{names:?}");
    for name in names {
        let more =
            if name == "two_codes" { json!({"mangle": name, "second_content": "y"}) } else { json!({"mangle": name}) };
        assert_eq!(bank.transfer(1000, "LC7K2M9QX4T", more).await["shape"], name);
    }
}

#[actix_web::test]
async fn the_same_seed_books_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bank = Bank::with(json!([])).await;
        for amount in 1..30 {
            let more = json!({"mangle": "random", "at": "2026-11-24T07:02:37Z"});
            bank.transfer(amount, "LC7K2M9QX4T", more).await;
        }
        runs.push(bank.json("/_sim/bank/transactions?account=8630123456789", "").await);
    }
    assert_eq!(runs[0], runs[1]);
}

#[actix_web::test]
async fn an_account_and_its_notifiers_can_come_later() {
    let (customer, url) = customer();
    let bank = Bank::open(json!({})).await;
    let (status, _) = bank.post("/_sim/bank/accounts", json!({"number": ACCOUNT})).await;
    assert_eq!(status, 400);
    let unaddressed = json!([{"kind": "sepay_api_key", "url": "", "secret": "key"}]);
    bank.done("/_sim/bank/accounts", account(unaddressed)).await;
    bank.script(json!({"do": [{"delay_ms": 60}]})).await;
    bank.transfer(1000, "early", json!({})).await;
    let key = json!([{"kind": "sepay_api_key", "url": format!("{url}/key"), "secret": "key"}]);
    let known = bank.done("/_sim/bank/accounts", json!({"number": ACCOUNT, "notifiers": key})).await;
    assert_eq!(known["opening_balance"], 10_000_000);
    assert!(!known.to_string().contains("secret"), "{known}");
    let heard = customer.hears(1).await.remove(0);
    assert_eq!((heard.path.as_str(), heard.header("authorization")), ("/key", "Apikey key"));
    let (status, _) = bank.post("/_sim/bank/accounts", json!({"number": ACCOUNT, "opening_balance": 1})).await;
    assert_eq!(status, 409);
}

#[actix_web::test]
async fn a_bank_that_remembers_goes_on_where_it_was_killed() {
    let log = std::env::temp_dir().join(format!("simulator-bank-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let config = |remembers: bool| json!({"accounts": [account(json!([]))], "log": log, "remembers": remembers});
    let bank = Bank::open(config(true)).await;
    let first = bank.transfer(150_000, "LC7K2M9QX4T", json!({"mangle": "vcb_app"})).await;
    bank.running.stop().await;
    // half a line of a killed process
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"kind\":\"transfer\",\"amo");
    std::fs::write(&log, text).unwrap();
    let bank = Bank::open(config(true)).await;
    assert_eq!(bank.json("/_sim/bank/transactions", "").await, json!([first]));
    let second = bank.transfer(1, "x", json!({})).await;
    assert_eq!(second["balance"], 10_150_001);
    assert!(second["id"].as_u64() > first["id"].as_u64() && second["reference"] != first["reference"]);
    bank.running.stop().await;
    let bank = Bank::open(config(true)).await;
    assert_eq!(bank.json("/_sim/bank/transactions", "").await, json!([first, second]));
    bank.running.stop().await;
    let bank = Bank::open(config(false)).await;
    assert_eq!(bank.json("/_sim/bank/transactions", "").await, json!([]));
    bank.running.stop().await;
    std::fs::remove_file(&log).unwrap();
}
