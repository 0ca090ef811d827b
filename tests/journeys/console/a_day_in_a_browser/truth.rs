//! What was planted, by the simulators' own logs, in the words that the console has for it. No word of the product's books is
//! asked.

use serde_json::{Value, json};
use tests::House;

/// A kind of case as people read it, and its đồng.
type Named = (&'static str, i64);

fn of_bank(line: &Value) -> Named {
    let (asked, came) = (dong(&line["asked"]), dong(&line["came"]));
    match line["what"].as_str().unwrap_or("by how much") {
        "unnamed" => ("Chưa xác định", came),
        "twice" => ("Nộp trùng", came),
        "elsewhere" => ("Sai tài khoản", came),
        "too_late" => ("Nộp muộn", came),
        // what leaves is below zero
        "taken_back" => ("Ngân hàng đòi lại tiền", -came),
        "by how much" if came > asked => ("Nộp thừa", came - asked),
        "by how much" => ("Nộp thiếu", came),
        other => panic!("{other} is planted and has no name"),
    }
}

fn of_provider(line: &Value) -> Named {
    let (what, amount) = (&line["what"], dong(&line["amount"]));
    let delta = |name: &str| what[name].as_i64();
    match what.as_str() {
        Some("omit") => ("Hệ thống có, cổng không có", amount),
        Some("invented") if line["order_ref"] == "" => ("Hoàn không có khoản thu", amount),
        Some("invented") => ("Cổng có, hệ thống không có", amount),
        Some(other) => panic!("{other} is planted and has no name"),
        None => {
            let again = delta("repeat").map(|n| n * (amount - dong(&line["fee"])));
            let differs = delta("amount_delta").or(delta("fee_delta")).or(again);
            ("Lệch số tiền", differs.unwrap_or_else(|| panic!("{what} is planted and has no name")))
        }
    }
}

fn dong(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no amount"))
}

async fn log(house: &House, url: &str) -> Vec<Value> {
    let text = house.http.get(format!("{url}/_sim/log")).send().await.unwrap().text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// All that is to be found, and nothing else is.
pub async fn told(house: &House) -> Vec<Value> {
    let mut named: Vec<Named> = house.bank_log().await.iter().filter(|l| l["kind"] == "planted").map(of_bank).collect();
    for url in [house.vnpay.url.as_str(), house.wallets.as_ref().unwrap().url("momo")] {
        let lines = log(house, url).await;
        let file = lines.iter().rfind(|line| line["kind"] == "settlement").expect("a file was made");
        named.extend(file["planted"].as_array().unwrap().iter().map(of_provider));
    }
    for (kind, _) in &named {
        let of_kind = named.iter().filter(|(other, _)| other == kind).count();
        assert!(of_kind >= 2, "{kind} is planted {of_kind} times");
    }
    named.iter().map(|(kind, amount)| json!({"kind": kind, "amount": domain::Vnd::new(*amount).to_string()})).collect()
}
