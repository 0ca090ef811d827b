//! What was planted, by the simulators' own logs, in the words that the console has for it. No word of the product's books is
//! asked.

use super::banks::Account;
use domain::Vnd;
use domain::business_day::business_date;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::House;

/// As `docs/console.md` counts them.
const KINDS: usize = 17;

/// How often the gateway of the journeys sends an event before it gives it up.
const SENDINGS: usize = 4;

/// The most that a transfer can have (NAPAS, and the bank's own books).
const MOST: i64 = 999_999_999_999;

/// A kind of case as people read it, its đồng, and what stands on its page, where several have the same đồng.
struct Named(&'static str, i64, Option<String>);

fn of_bank(line: &Value) -> Named {
    let (asked, came) = (dong(&line["asked"]), dong(&line["came"]));
    let (kind, amount) = match line["what"].as_str().unwrap_or("by how much") {
        "unnamed" => ("Chưa xác định", came),
        "twice" => ("Nộp trùng", came),
        "elsewhere" => ("Sai tài khoản", came),
        "too_late" => ("Nộp muộn", came),
        // what leaves is below zero
        "taken_back" => ("Ngân hàng đòi lại tiền", -came),
        "by how much" if came > asked => ("Nộp thừa", came - asked),
        "by how much" => ("Nộp thiếu", came),
        other => panic!("{other} is planted and has no name"),
    };
    Named(kind, amount, None)
}

fn of_provider(line: &Value) -> Named {
    let (what, amount) = (&line["what"], dong(&line["amount"]));
    let delta = |name: &str| what[name].as_i64();
    let (kind, amount) = match what.as_str() {
        Some("omit") => ("Hệ thống có, cổng không có", amount),
        Some("invented") if line["order_ref"] == "" => ("Hoàn không có khoản thu", amount),
        Some("invented") => ("Cổng có, hệ thống không có", amount),
        Some(other) => panic!("{other} is planted and has no name"),
        None if what["pending"].is_string() => ("Lệch trạng thái", amount),
        None => {
            let again = delta("repeat").map(|n| n * (amount - dong(&line["fee"])));
            let differs = delta("amount_delta").or(delta("fee_delta")).or(again);
            ("Lệch số tiền", differs.unwrap_or_else(|| panic!("{what} is planted and has no name")))
        }
    };
    Named(kind, amount, None)
}

fn dong(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no amount"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn date(value: &Value) -> Date {
    text(value).parse().unwrap()
}

async fn log(house: &House, url: &str) -> Vec<Value> {
    let text = house.http.get(format!("{url}/_sim/log")).send().await.unwrap().text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The day on which the bank booked a movement.
fn booked_on(transfer: &Value) -> Date {
    business_date(text(&transfer["booked_at"]).parse::<Timestamp>().unwrap())
}

fn of_kind<'l>(log: &'l [Value], kind: &'l str) -> impl Iterator<Item = &'l Value> {
    log.iter().filter(move |line| line["kind"] == kind)
}

/// What a bank moved between two statements of an account that it has given, on days of which it has given none.
fn not_stated(log: &[Value]) -> Vec<Named> {
    let mut given: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
    for line in of_kind(log, "statement") {
        assert_eq!(line["from"], line["to"], "a file of several days");
        given.entry(text(&line["account"])).or_default().insert(date(&line["from"]));
    }
    let mut gaps = Vec::new();
    for (account, days) in &given {
        for (before, after) in days.iter().zip(days.iter().skip(1)).filter(|(a, b)| a.tomorrow().unwrap() != **b) {
            let between = |t: &&Value| t["account"] == **account && (*before < booked_on(t) && booked_on(t) < *after);
            let signed = |t: &Value| if t["direction"] == "in" { dong(&t["amount"]) } else { -dong(&t["amount"]) };
            let moved = of_kind(log, "transfer").filter(between).map(signed).sum();
            gaps.push(Named("Sao kê không liền mạch", moved, None));
        }
    }
    gaps
}

/// The đồng and the bank's reference, as a notification told them.
fn told(sent: &Value) -> (i64, bool) {
    let body: Value = serde_json::from_str(&text(&sent["body"])).unwrap();
    let (amount, reference) = match body["transferAmount"].as_i64() {
        Some(amount) => (amount, body["referenceCode"].clone()),
        None => (dong(&body["data"]["amount"]), body["data"]["reference"].clone()),
    };
    (amount.abs(), reference.as_str().is_some_and(|reference| !reference.is_empty()))
}

/// Movements that one of two tellers told of otherwise than the bank booked them.
fn told_otherwise(log: &[Value]) -> Vec<Named> {
    let notifications = of_kind(log, "sent").filter(|line| line["what"] == "notification");
    let mut tellings: BTreeMap<(u64, String), (i64, bool)> = BTreeMap::new();
    for sent in notifications {
        let key = (sent["id"].as_u64().unwrap(), text(&sent["notifier"]));
        assert!(tellings.insert(key, told(sent)).is_none_or(|before| before == told(sent)), "{sent} is told anew");
    }
    let mut named = Vec::new();
    for transfer in of_kind(log, "transfer") {
        let booked = dong(&transfer["amount"]);
        for (_, (amount, has_reference)) in tellings.iter().filter(|((id, _), _)| transfer["id"] == *id) {
            match (*amount, *has_reference) {
                (amount, true) if amount == booked => {}
                (amount, false) if amount == booked => named.push(Named("Có thể là cùng một biến động", booked, None)),
                (amount, _) if amount > MOST => named.push(Named("Thông báo không đọc được", 0, None)),
                other => panic!("{other:?} is told of {transfer} and has no name"),
            }
        }
    }
    named
}

/// What came for these references, of debts of which nobody may make a receipt.
fn without_receipt(log: &[Value], references: &[String]) -> Vec<Named> {
    let is_one = |t: &&Value| references.contains(&text(&t["typed"]));
    let named = |t: &Value| Named("Chưa có biên lai", dong(&t["amount"]), None);
    of_kind(log, "transfer").filter(is_one).map(named).collect()
}

/// How often the dossier system has turned away each event that it has never taken.
fn turned_away(log: &[Value]) -> BTreeMap<String, usize> {
    let ids: BTreeMap<u64, String> =
        of_kind(log, "decided").map(|line| (line["n"].as_u64().unwrap(), text(&line["webhook_id"]))).collect();
    let mut turned: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for line in of_kind(log, "answered") {
        let id = &ids[&line["n"].as_u64().unwrap()];
        match line["status"].as_u64() {
            Some(200..300) => _ = taken.insert(id.clone()),
            _ => *turned.entry(id.clone()).or_default() += 1,
        }
    }
    turned.retain(|id, _| !taken.contains(id));
    turned
}

/// Events that nobody sends any more and that the dossier system has never taken.
async fn unheard(house: &House) -> Vec<Named> {
    for _ in 0..400 {
        let turned = turned_away(&log(house, &house.dossier.url).await);
        if turned.len() > 1 && turned.values().all(|times| *times == SENDINGS) {
            return turned.into_keys().map(|id| Named("Sự kiện không gửi được", 0, Some(id))).collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the dossier system turns nothing away");
}

fn providers(house: &House) -> [&str; 2] {
    [&house.vnpay.url, house.wallets.as_ref().unwrap().url("momo")]
}

/// How many files do not add up.
pub async fn damaged(house: &House) -> usize {
    let is_damaged = |line: &&Value| !line["damage"].is_null();
    let mut damaged = of_kind(&house.bank_log().await, "statement").filter(is_damaged).count();
    for url in providers(house) {
        damaged += of_kind(&log(house, url).await, "settlement").filter(is_damaged).count();
    }
    damaged
}

/// All that is to be found, and nothing else is.
pub async fn planted(house: &House, without_series: &[String]) -> Vec<Value> {
    let bank = house.bank_log().await;
    let mut named: Vec<Named> = of_kind(&bank, "planted").map(of_bank).collect();
    named.extend(not_stated(&bank));
    named.extend(told_otherwise(&bank));
    named.extend(without_receipt(&bank, without_series));
    for url in providers(house) {
        let lines = log(house, url).await;
        let file = lines.iter().rfind(|line| line["kind"] == "settlement").expect("a file was made");
        named.extend(file["planted"].as_array().unwrap().iter().map(of_provider));
    }
    named.extend(unheard(house).await);
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    named.iter().for_each(|Named(kind, ..)| *counted.entry(*kind).or_default() += 1);
    assert!(counted.values().all(|count| *count >= 2), "planted once only: {counted:?}");
    assert_eq!(counted.len(), KINDS, "{counted:?}");
    let shown = |Named(kind, amount, about): &Named| json!({"kind": kind, "amount": Vnd::new(*amount).to_string(), "about": about});
    named.iter().map(shown).collect()
}

/// What a bank booked on a day after it had given the day's statement.
pub async fn late(house: &House, accounts: &[Account; 2]) -> Vec<Value> {
    let log = house.bank_log().await;
    let mut late = Vec::new();
    for (at, line) in log.iter().enumerate().filter(|(_, line)| line["kind"] == "transfer") {
        let (account, day) = (&line["account"], booked_on(line));
        let is_given = |s: &Value| s["account"] == *account && date(&s["from"]) <= day && day <= date(&s["to"]);
        if of_kind(&log[..at], "statement").any(is_given) {
            let account = accounts.iter().find(|a| *account == a.number).unwrap();
            let amount = Vnd::new(dong(&line["amount"])).to_string();
            late.push(json!({"scope": account.scope(), "day": day.to_string(), "amount": amount}));
        }
    }
    assert!(late.len() >= 2, "{late:?}");
    late
}
