//! SePay in both its forms, Casso V2 and payOS: a body, and a proof in the headers or in the body.

use super::{Heard, Mutations, Words, cut, flipped};
use crate::transfers::words::{casso, now_s, payos_body, sepay, sepay_row};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use tests::bank::{ACCOUNT, CASSO_KEY, PAYOS_KEY, PROFILE, SEPAY_SECRET};
use tests::portal::dossier;
use tests::wire::Call;
use tests::{BENEFICIARY, HASH_SECRET, House, Plan};

const WORDS: Words = Words {
    forged: (401, r#"{"success": false}"#),
    first: (200, r#"{"success": true}"#),
    again: (200, r#"{"success": true}"#),
};

const KEY: &str = "sepay-key-of-the-mutations";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn mac<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn post(teller: &str, headers: &[(&str, String)], body: &str) -> Call {
    let call = Call::new("POST", format!("/v1/webhooks/vietqr/{teller}/{PROFILE}")).header("Content-Type", JSON);
    headers.iter().fold(call, |call, (name, value)| call.header(name, value.clone())).body(body)
}

/// An intent that waits for its transfer, and the words that name it.
async fn awaited(house: &House) -> (Value, String) {
    house.tellers_are_lost().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.at_the_bank(&intent).await;
    let text = intent["reference"].as_str().unwrap().to_owned();
    (intent, text)
}

async fn paid_once(house: House, intent: &Value) {
    assert_eq!(house.portal.intent(intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    assert_eq!(house.ask("select count(*) from sighting").await, "1");
    assert_eq!(house.ask("select count(*) from kase").await, "0");
    house.drain().await;
    house.holds().await;
    house.stop().await;
}

// -- what all have in common

/// Bodies that HTTP carries and that are not the signed one.
fn of_body(all: &mut Mutations, body: &str) {
    for (what, other) in flipped(body, 70) {
        all.forged(what, all.with_body(other));
    }
    for (what, other) in cut(body, 25) {
        all.forged(what, all.with_body(other));
    }
    all.forged("no body", all.with_body(""));
    all.forged("an empty object", all.with_body("{}"));
    all.forged("a list of it", all.with_body(format!("[{body}]")));
    all.forged("twice", all.with_body(format!("{body}{body}")));
    all.forged("a text of it", all.with_body(json!(body).to_string()));
    all.forged("a byte order mark", all.with_body(format!("\u{feff}{body}")));
    all.forged("UTF-16", all.with_body(body.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()));
    all.forged("no UTF-8", all.with_body([&body.as_bytes()[..body.len() - 2], b"\xff\"}"].concat()));
    all.forged("deep brackets", all.with_body("[".repeat(50_000)));
    all.forged("a megabyte of blanks before the end", all.with_body(format!("{}{}", " ".repeat(200_000), "{}")));
    all.forged("null", all.with_body("null"));
}

fn of_amounts(all: &mut Mutations, body: &str) {
    for amount in [
        "40001",
        "400000",
        "4",
        "-40000",
        "4e4",
        "40000.01",
        "\"40001\"",
        "null",
        "true",
        "[40000]",
        "999999999999999999999",
    ] {
        all.forged(format!("the amount as {amount}"), all.with_body(body.replacen("40000", amount, 1)));
    }
    let (before, after) = body.split_once("40000").unwrap();
    let name = before.rsplit('"').nth(1).unwrap();
    all.forged("another amount first", all.with_body(format!("{before}1,\"{name}\":40000{after}")));
    all.forged("another amount last", all.with_body(format!("{before}40000,\"{name}\":1{after}")));
}

/// Other methods, and other doors than the call's own.
fn of_doors(all: &mut Mutations, own: &str) {
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post", "SEPAY"] {
        all.forged(format!("by {method}"), Call { method: method.to_owned(), ..all.good.clone() });
    }
    let at = |all: &Mutations, door: &str| Call { target: format!("/v1/webhooks/{door}"), ..all.good.clone() };
    for teller in ["sepay", "casso", "payos"].into_iter().filter(|teller| *teller != own) {
        all.forged(format!("at {teller}'s door"), at(all, &format!("vietqr/{teller}/{PROFILE}")));
    }
    for door in [
        "vietqr/nobody/vietqr_kb",
        "vietqr/vietqr_kb",
        "vnpay/sepay/vnpay_main",
        "vietqr/sepay/nobody",
        "vietqr/sepay/VIETQR_KB",
        "vietqr/casso/vietqr_kb/",
        "VietQR/sepay/vietqr_kb",
        "vietqr//sepay/vietqr_kb",
    ] {
        all.add(Heard::Absent, format!("at {door}"), at(all, door));
    }
}

/// Ways to send the very same call.
fn the_same(all: &mut Mutations) {
    for kind in [
        "text/plain",
        FORM,
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/JSON",
        "x",
    ] {
        all.same(format!("as {kind}"), all.with_header("Content-Type", kind));
    }
    all.same("of no kind", all.without_header("Content-Type"));
    all.same("with a query", Call { target: format!("{}?amount=1&data=", all.good.target), ..all.good.clone() });
    all.same("with other headers", all.good.clone().header("X-Amount", "1").header("X-HTTP-Method-Override", "GET"));
    let mut turned = all.good.clone();
    turned.headers.reverse();
    turned.headers.iter_mut().for_each(|(name, _)| *name = name.to_uppercase());
    all.same("headers in capitals, backwards", turned);
}

/// Values of a hex signature that are not it.
fn ill_hashes(good: &str) -> Vec<String> {
    let mut ill = vec![
        String::new(),
        "0".repeat(good.len()),
        good[..good.len() / 2].to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        format!("{good}00"),
        format!("{good}{good}"),
        format!("0x{good}"),
        format!("{good},{good}"),
        good.chars().rev().collect(),
        "null".to_owned(),
    ];
    ill.extend(flipped(good, 20).into_iter().map(|(_, other)| other).filter(|other| !other.eq_ignore_ascii_case(good)));
    ill
}

// -- SePay, signed

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_call_of_sepay_that_was_changed_has_no_effect() {
    let house = House::with_bank().await;
    let (intent, text) = awaited(&house).await;
    let (body, now) = (sepay_row(92_704, 40_000, &text).to_string(), now_s());
    let mut all = Mutations::of(post("sepay", &sepay(SEPAY_SECRET, now, &body), &body));
    of_body(&mut all, &body);
    of_amounts(&mut all, &body);
    of_doors(&mut all, "sepay");
    the_same(&mut all);
    // over the raw bytes: also what JSON does not tell apart
    all.forged("a blank more", all.with_body(body.replacen(':', ": ", 1)));
    all.forged("a line end", all.with_body(format!("{body}\n")));
    all.forged("a letter escaped", all.with_body(body.replacen("Vietcombank", "\\u0056ietcombank", 1)));
    let good = mac::<Hmac<Sha256>>(SEPAY_SECRET, &format!("{now}.{body}"));
    for hash in ill_hashes(&good) {
        all.forged(format!("signature {hash}"), all.with_header("X-SePay-Signature", &format!("sha256={hash}")));
    }
    for (what, value) in [
        ("without its kind", good.clone()),
        ("of another kind", format!("sha1={good}")),
        ("of a kind in capitals", format!("SHA256={good}")),
        ("SHA-512", format!("sha256={}", mac::<Hmac<Sha512>>(SEPAY_SECRET, &format!("{now}.{body}")))),
        ("unkeyed", format!("sha256={}", hex::encode(Sha256::digest(format!("{SEPAY_SECRET}{now}.{body}"))))),
        ("without the time", format!("sha256={}", mac::<Hmac<Sha256>>(SEPAY_SECRET, &body))),
        ("without the dot", format!("sha256={}", mac::<Hmac<Sha256>>(SEPAY_SECRET, &format!("{now}{body}")))),
        ("time last", format!("sha256={}", mac::<Hmac<Sha256>>(SEPAY_SECRET, &format!("{body}.{now}")))),
        ("by Casso's key", format!("sha256={}", mac::<Hmac<Sha256>>(CASSO_KEY, &format!("{now}.{body}")))),
        ("by no key", format!("sha256={}", mac::<Hmac<Sha256>>("", &format!("{now}.{body}")))),
        ("by VNPAY's key", format!("sha256={}", mac::<Hmac<Sha256>>(HASH_SECRET, &format!("{now}.{body}")))),
    ] {
        all.forged(format!("signature {what}"), all.with_header("X-SePay-Signature", &value));
    }
    for time in [
        format!("{}", now + 1),
        format!("{}", now - 1),
        format!("0{now}"),
        format!("+{now}"),
        format!("{now}.0"),
        format!("{now}000"),
        String::new(),
        "now".to_owned(),
    ] {
        all.forged(format!("time {time}"), all.with_header("X-SePay-Timestamp", &time));
    }
    for at in [now - 400, now + 400, 0] {
        all.forged(format!("signed at {at}"), post("sepay", &sepay(SEPAY_SECRET, at, &body), &body));
    }
    for name in ["X-SePay-Timestamp", "X-SePay-Signature"] {
        all.forged(format!("without {name}"), all.without_header(name));
        let twice = all.good.headers.iter().find(|(n, _)| n == name).unwrap().clone();
        all.forged(format!("{name} twice"), all.good.clone().header(name, twice.1));
    }
    all.forged(
        "the key form in place of the signed one",
        post("sepay", &[("Authorization", format!("Apikey {SEPAY_SECRET}"))], &body),
    );
    all.same("the hash in capitals", all.with_header("X-SePay-Signature", &format!("sha256={}", good.to_uppercase())));
    all.same("blanks around the hash", all.with_header("X-SePay-Signature", &format!("  sha256={good}  ")));
    all.play(&house, WORDS).await;
    paid_once(house, &intent).await;
}

// -- SePay, by key

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_sepay_without_its_key_has_no_effect() {
    let settings = vec![
        ("MOTLAN_PROFILES__VIETQR_TWO__CHANNEL", "vietqr".to_owned()),
        ("MOTLAN_PROFILES__VIETQR_TWO__BENEFICIARIES", BENEFICIARY.to_owned()),
        ("MOTLAN_PROFILES__VIETQR_TWO__SEPAY_API_KEY", KEY.to_owned()),
    ];
    let house = House::planned(Plan { with_bank: true, settings, ..Plan::default() }).await;
    let (intent, text) = awaited(&house).await;
    let row = sepay_row(92_705, 40_000, &text);
    let body = row.to_string();
    let call = |headers: &[(&str, String)], body: &str| Call {
        target: "/v1/webhooks/vietqr/sepay/vietqr_two".to_owned(),
        ..post("sepay", headers, body)
    };
    let keyed = |value: String| call(&[("Authorization", value)], &body);
    let mut all = Mutations::of(keyed(format!("Apikey {KEY}")));
    for (what, other) in flipped(KEY, 110) {
        all.forged(what, keyed(format!("Apikey {other}")));
    }
    for (what, other) in cut(KEY, KEY.len()) {
        all.forged(what, keyed(format!("Apikey {other}")));
    }
    for value in [
        "",
        "Apikey",
        "Apikey ",
        KEY,
        "Apikey null",
        "Apikey undefined",
        "Apikey *",
        "Apikey %",
        "Apikey ' or 1=1 --",
        "Basic YTpi",
        "Bearer mtl_sandbox_x",
        &format!("Bearer {KEY}"),
        &format!("Apikey={KEY}"),
        &format!("Apikey: {KEY}"),
        &format!("Apikey {KEY}{KEY}"),
        &format!("Apikey {KEY} x"),
        &format!("x Apikey {KEY}"),
        &format!("Apikey \"{KEY}\""),
        &format!("Apikey {}", KEY.to_uppercase()),
        &format!("Apikey {SEPAY_SECRET}"),
        &format!("Apikey {KEY},"),
        &format!("Api key {KEY}"),
    ] {
        all.forged(format!("Authorization {value:?}"), keyed(value.to_owned()));
    }
    all.forged("no key", all.without_header("Authorization"));
    all.forged("the key twice", all.good.clone().header("Authorization", format!("Apikey {KEY}")));
    all.forged("the key in another header", call(&[("X-Api-Key", KEY.to_owned())], &body));
    all.forged(
        "the key in the query",
        Call { target: format!("{}?Authorization=Apikey+{KEY}", all.good.target), ..call(&[], &body) },
    );
    all.forged("the key in the body", call(&[], &json!({"Authorization": KEY}).to_string()));
    all.forged("signed in place of the key", call(&sepay(KEY, now_s(), &body), &body));
    of_doors(&mut all, "sepay");
    the_same(&mut all);
    for value in [format!("apikey {KEY}"), format!("APIKEY   {KEY}"), format!("Apikey {KEY}  ")] {
        all.same(format!("Authorization {value:?}"), keyed(value));
    }
    let pairs = row.as_object().unwrap().iter().filter(|(_, v)| !v.is_null());
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.map(|(n, v)| (n, text(v)))).finish();
    let as_form = all.with_body(form);
    all.same("a form", as_form);
    all.same("written with blanks", all.with_body(serde_json::to_string_pretty(&row).unwrap()));
    all.play(&house, WORDS).await;
    paid_once(house, &intent).await;
}

// -- Casso

/// Names sorted at every level, as it is signed.
fn casso_body(text: &str) -> String {
    json!({"data": {"accountNumber": ACCOUNT, "amount": 40_000, "description": text, "id": 987_654, "reference": "FT26330000001",
        "transactionDateTime": "2026-11-25 09:00:00", "virtualAccountNumber": ""}, "error": 0})
    .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_casso_that_was_changed_has_no_effect() {
    let house = House::with_bank().await;
    let (intent, text) = awaited(&house).await;
    let (body, now) = (casso_body(&text), now_s() * 1_000);
    let mut all = Mutations::of(post("casso", &casso(CASSO_KEY, now, &body), &body));
    of_body(&mut all, &body);
    of_amounts(&mut all, &body);
    of_doors(&mut all, "casso");
    the_same(&mut all);
    let good = mac::<Hmac<Sha512>>(CASSO_KEY, &format!("{now}.{body}"));
    let proof = |all: &Mutations, value: &str| all.with_header("X-Casso-Signature", value);
    for hash in ill_hashes(&good) {
        let call = proof(&all, &format!("t={now},v1={hash}"));
        // what comes after a comma is another scheme's
        let heard = if hash.starts_with(&format!("{good},")) { Heard::Same } else { Heard::Forged };
        all.add(heard, format!("signature {hash}"), call);
    }
    for (what, value) in [
        ("empty", String::new()),
        ("no time", format!("v1={good}")),
        ("no hash", format!("t={now}")),
        ("time twice", format!("t={now},t={now},v1={good}")),
        ("hash twice", format!("t={now},v1={good},v1={good}")),
        ("another version", format!("t={now},v0={good}")),
        ("version in capitals", format!("t={now},V1={good}")),
        ("another time", format!("t={},v1={good}", now + 1)),
        ("seconds", format!("t={},v1={good}", now / 1_000)),
        ("a signed time", format!("t=+{now},v1={good}")),
        ("semicolons", format!("t={now};v1={good}")),
        ("SHA-256", format!("t={now},v1={}", mac::<Hmac<Sha256>>(CASSO_KEY, &format!("{now}.{body}")))),
        ("unkeyed", format!("t={now},v1={}", hex::encode(Sha512::digest(format!("{CASSO_KEY}{now}.{body}"))))),
        ("without the time", format!("t={now},v1={}", mac::<Hmac<Sha512>>(CASSO_KEY, &body))),
        ("by SePay's secret", format!("t={now},v1={}", mac::<Hmac<Sha512>>(SEPAY_SECRET, &format!("{now}.{body}")))),
        ("by no key", format!("t={now},v1={}", mac::<Hmac<Sha512>>("", &format!("{now}.{body}")))),
    ] {
        all.forged(format!("proof: {what}"), proof(&all, &value));
    }
    for at in [now - 73 * 3_600_000, now + 400_000, 0] {
        all.forged(format!("signed at {at}"), post("casso", &casso(CASSO_KEY, at, &body), &body));
    }
    all.forged("no proof", all.without_header("X-Casso-Signature"));
    all.forged("the proof twice", all.good.clone().header("X-Casso-Signature", format!("t={now},v1={good}")));
    all.forged("the old token in place of it", post("casso", &[("secure-token", CASSO_KEY.to_owned())], &body));
    all.forged("a number in another spelling", all.with_body(body.replacen("40000", "40000.0", 1)));
    all.forged("a field more", all.with_body(body.replacen("\"error\"", "\"fee\":1,\"error\"", 1)));
    all.same("the hash in capitals", proof(&all, &format!("t={now},v1={}", good.to_uppercase())));
    all.same("the hash first", proof(&all, &format!("v1={good}, t={now}")));
    all.same("another scheme beside it", proof(&all, &format!("t={now},v0=abc,v1={good},v2=")));
    let read: Value = serde_json::from_str(&body).unwrap();
    all.same("written with blanks", all.with_body(serde_json::to_string_pretty(&read).unwrap()));
    all.same("a letter escaped", all.with_body(body.replacen("FT2633", "\\u0046T2633", 1)));
    let (data, error) = (read["data"].to_string(), read["error"].to_string());
    all.same("names in another order", all.with_body(format!("{{\"error\":{error},\"data\":{data}}}")));
    all.play(&house, WORDS).await;
    paid_once(house, &intent).await;
}

// -- payOS

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_payos_that_was_changed_has_no_effect() {
    let house = House::with_bank().await;
    let (intent, text) = awaited(&house).await;
    let body = payos_body(40_000, &text, PAYOS_KEY);
    let read: Value = serde_json::from_str(&body).unwrap();
    let mut all = Mutations::of(post("payos", &[], &body));
    // what stands beside `data` is not signed, and not read
    let unsigned = |other: &str| {
        let other: Option<Value> = serde_json::from_str(other).ok();
        other.is_some_and(|other| {
            let hash = |v: &Value| v["signature"].as_str().map(str::to_lowercase);
            other["data"] == read["data"] && hash(&other) == hash(&read)
        })
    };
    for (what, other) in flipped(&body, 120) {
        let heard = if unsigned(&other) { Heard::Same } else { Heard::Forged };
        all.add(heard, what, all.with_body(other));
    }
    of_amounts(&mut all, &body);
    of_doors(&mut all, "payos");
    the_same(&mut all);
    for (what, other) in cut(&body, 25) {
        all.forged(what, all.with_body(other));
    }
    let good = read["signature"].as_str().unwrap();
    for hash in ill_hashes(good) {
        all.forged(format!("signature {hash}"), all.with_body(body.replace(good, &hash)));
    }
    for (what, key) in [("SePay's secret", SEPAY_SECRET), ("Casso's key", CASSO_KEY), ("no key", "")] {
        all.forged(format!("signed by {what}"), all.with_body(payos_body(40_000, &text, key)));
    }
    let with = |change: &dyn Fn(&mut Value)| {
        let mut other = read.clone();
        change(&mut other);
        other.to_string()
    };
    for name in read["data"].as_object().unwrap().keys() {
        let dropped = with(&|v| drop(v["data"].as_object_mut().unwrap().remove(name)));
        all.forged(format!("{name} is left out"), all.with_body(dropped));
        all.forged(format!("{name} is empty"), all.with_body(with(&|v| v["data"][name] = json!(""))));
        all.forged(format!("{name} is a list"), all.with_body(with(&|v| v["data"][name] = json!([v["data"][name]]))));
    }
    all.forged("no signature", all.with_body(with(&|v| drop(v.as_object_mut().unwrap().remove("signature")))));
    all.forged("no data", all.with_body(with(&|v| drop(v.as_object_mut().unwrap().remove("data")))));
    all.forged("a field more", all.with_body(with(&|v| v["data"]["fee"] = json!(1))));
    all.forged(
        "the signature in a header",
        all.with_body(with(&|v| drop(v.as_object_mut().unwrap().remove("signature")))).header("X-Signature", good),
    );
    all.forged(
        "the signature twice",
        all.with_body(body.replacen("\"signature\"", &format!("\"signature\":\"{good}\",\"signature\""), 1)),
    );
    all.forged(
        "two fields in one",
        all.with_body(with(&|v| {
            let reference = format!("link7&reference={}", v["data"]["reference"].as_str().unwrap());
            v["data"]["paymentLinkId"] = json!(reference);
            v["data"].as_object_mut().unwrap().remove("orderCode");
        })),
    );
    all.same("a number as a text", all.with_body(body.replacen("40000", "\"40000\"", 1)));
    all.same("the hash in capitals", all.with_body(body.replace(good, &good.to_uppercase())));
    all.same("written with blanks", all.with_body(serde_json::to_string_pretty(&read).unwrap()));
    all.same("another word beside the data", all.with_body(body.replacen("\"success\":true", "\"success\":false", 1)));
    all.same("a field beside the data", all.with_body(format!("{}{}", "{\"amount\":1,", &body[1..])));
    all.play(&house, WORDS).await;
    paid_once(house, &intent).await;
}
