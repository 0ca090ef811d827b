//! ZaloPay's callback (ZaloPay v2, section 3.3): a signed text inside a JSON body.

use super::wallets::{of_body, of_doors, the_same};
use super::{Heard, Mutations, Words, flipped};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use tests::House;
use tests::portal::dossier;
use tests::wallets::{MOMO_SECRET, ZALOPAY_APP, ZALOPAY_KEY1, ZALOPAY_KEY2, door};
use tests::wire::Call;

const WORDS: Words = Words {
    forged: (200, r#"{"return_code":-1,"return_message":"mac not equal"}"#),
    first: (200, r#"{"return_code":1,"return_message":"success"}"#),
    again: (200, r#"{"return_code":1,"return_message":"success"}"#),
};

fn mac<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn body(data: &str, mac: &str) -> String {
    json!({"data": data, "mac": mac, "type": 1}).to_string()
}

/// The callback, rightly signed with this key2; made from the document and not by the adapter.
pub(crate) fn signed(report: &Value, key2: &str) -> String {
    of_data(report["data"].as_str().unwrap(), key2)
}

fn of_data(data: &str, key2: &str) -> String {
    body(data, &mac::<Hmac<Sha256>>(key2, data))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_of_zalopay_that_was_changed_has_no_effect() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet("zalopay", &intent).await;
    // the money is there, and the call about it is lost: this test makes it
    house.wallet_rule("zalopay", &attempt, json!({"drop": true})).await;
    let order = house.pays_wallet("zalopay", &attempt, json!({})).await;
    let report: Value = serde_json::from_str(order["calls"][0]["sent"].as_str().unwrap()).unwrap();
    let data = report["data"].as_str().unwrap().to_owned();
    let good = signed(&report, ZALOPAY_KEY2);
    assert_eq!(good, order["calls"][0]["sent"], "the document's formula is the simulator's");
    let hash = mac::<Hmac<Sha256>>(ZALOPAY_KEY2, &data);
    let mut all =
        Mutations::of(Call::new("POST", door("zalopay")).header("Content-Type", "application/json").body(good.clone()));
    for (what, other) in flipped(&good, 110) {
        // hex of either case is the same hash, and the type of the call is not signed
        let same = serde_json::from_str::<Value>(&other).is_ok_and(|other| {
            let claimed = other["mac"].as_str().unwrap_or_default();
            other["data"] == report["data"] && claimed.eq_ignore_ascii_case(&hash)
        });
        all.add(if same { Heard::Same } else { Heard::Forged }, what, all.with_body(other));
    }
    of_body(&mut all, &good);
    of_data_fields(&mut all, &data, &hash);
    of_macs(&mut all, &data, &hash);
    of_doors(&mut all, "zalopay", "zalopay_main");
    the_same(&mut all, &good);
    others_the_same(&mut all, &data, &hash);
    all.play(&house, WORDS).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    house.close().await;
}

fn of_data_fields(all: &mut Mutations, data: &str, hash: &str) {
    let fields: Value = serde_json::from_str(data).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        let mut forged = |what: &str, change: &dyn Fn(&mut Value)| {
            let mut other = fields.clone();
            change(&mut other);
            all.forged(format!("{name} {what}"), all.with_body(body(&other.to_string(), hash)));
        };
        forged("is left out", &|d| {
            d.as_object_mut().unwrap().remove(name);
        });
        forged("is another", &|d| d[name] = json!("1"));
        forged("is null", &|d| d[name] = Value::Null);
        forged("is a list", &|d| d[name] = json!([value]));
        if let Some(number) = value.as_i64() {
            forged("is one more", &|d| d[name] = (number + 1).into());
            forged("is a text", &|d| d[name] = number.to_string().into());
        }
        let twice = data.replacen('{', &format!("{{\"{name}\":1,"), 1);
        all.forged(format!("{name} twice"), all.with_body(body(&twice, hash)));
    }
    all.forged("written anew with blanks", all.with_body(body(&serde_json::to_string_pretty(&fields).unwrap(), hash)));
    all.forged("a blank behind", all.with_body(body(&format!("{data} "), hash)));
    all.forged("a blank before", all.with_body(body(&format!(" {data}"), hash)));
    all.forged("data as an object", all.with_body(json!({"data": fields, "mac": hash, "type": 1}).to_string()));
    all.forged("data and the other data", all.with_body(body(data, hash).replacen('{', "{\"data\":\"{}\",", 1)));
    all.forged("another mac first", all.with_body(body(data, hash).replacen('{', "{\"mac\":\"00\",", 1)));
    all.forged("fields beside", all.with_body(body(data, hash).replacen('{', "{\"type\":2,", 1)));
    for app in ["2553", "0", "02554", "\"\"", "null"] {
        let other = data.replacen(&format!("\"app_id\":{ZALOPAY_APP}"), &format!("\"app_id\":{app}"), 1);
        assert_ne!(other, data);
        all.forged(format!("rightly signed for the app {app}"), all.with_body(of_data(&other, ZALOPAY_KEY2)));
    }
    for text in ["", "1", "\"x\"", "[]", "null", "2554|261126_LT1|38||40000|0|1"] {
        all.forged(format!("rightly signed, and only {text:?}"), all.with_body(of_data(text, ZALOPAY_KEY2)));
    }
}

fn of_macs(all: &mut Mutations, data: &str, good: &str) {
    all.forged("no mac", all.with_body(json!({"data": data, "type": 1}).to_string()));
    all.forged("no data", all.with_body(json!({"mac": good, "type": 1}).to_string()));
    for (what, hash) in [
        ("empty", String::new()),
        ("zeros", "0".repeat(64)),
        ("half", good[..32].to_owned()),
        ("all but a digit", good[..63].to_owned()),
        ("and a digit more", format!("{good}0")),
        ("twice over", format!("{good}{good}")),
        ("with 0x", format!("0x{good}")),
        ("with blanks", format!(" {good} ")),
        ("backwards", good.chars().rev().collect()),
        ("another hash family", mac::<Hmac<Sha512>>(ZALOPAY_KEY2, data)),
        ("unkeyed", hex::encode(Sha256::digest(format!("{ZALOPAY_KEY2}{data}")))),
        ("of nothing", mac::<Hmac<Sha256>>(ZALOPAY_KEY2, "")),
    ] {
        all.forged(format!("mac: {what}"), all.with_body(body(data, &hash)));
    }
    for (what, value) in [("null", Value::Null), ("true", json!(true)), ("a list", json!([good])), ("0", json!(0))] {
        all.forged(format!("mac: {what}"), all.with_body(json!({"data": data, "mac": value, "type": 1}).to_string()));
    }
    // key1 is ours, and never verifies
    for secret in [ZALOPAY_KEY1, "another-key2", "", MOMO_SECRET, "2554", tests::HASH_SECRET] {
        all.forged(format!("signed by {secret:?}"), all.with_body(of_data(data, secret)));
    }
}

fn others_the_same(all: &mut Mutations, data: &str, hash: &str) {
    all.same("the mac in capitals", all.with_body(body(data, &hash.to_uppercase())));
    all.same("without a type", all.with_body(json!({"data": data, "mac": hash}).to_string()));
    all.same("of another type", all.with_body(json!({"data": data, "mac": hash, "type": 2}).to_string()));
    all.same("fields of somebody else's", all.with_body(body(data, hash).replacen('{', "{\"more\":{\"a\":[1]},", 1)));
    all.same("slashes escaped otherwise", all.with_body(body(data, hash).replace('/', "\\/")));
}
