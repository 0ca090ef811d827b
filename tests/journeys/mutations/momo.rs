//! MoMo's IPN (MoMo AIO v2, section 2.3): a JSON body, its signature inside.

use super::wallets::{of_body, of_doors, the_same};
use super::{Heard, Mutations, Words, flipped};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use tests::House;
use tests::portal::dossier;
use tests::wallets::{MOMO_ACCESS_KEY, MOMO_PARTNER, MOMO_SECRET, door};
use tests::wire::Call;

const WORDS: Words = Words { forged: (401, r#"{"message":"Invalid signature"}"#), first: (204, ""), again: (204, "") };

/// What is signed after the access key, in this order; made from the document and not by the adapter.
const SIGNED: [&str; 12] = [
    "amount",
    "extraData",
    "message",
    "orderId",
    "orderInfo",
    "orderType",
    "partnerCode",
    "payType",
    "requestId",
    "responseTime",
    "resultCode",
    "transId",
];

fn mac<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn text_of(report: &Value) -> String {
    let pairs = SIGNED.map(|name| format!("{name}={}", plain(&report[name])));
    format!("accessKey={MOMO_ACCESS_KEY}&{}", pairs.join("&"))
}

fn with_signature(report: &Value, signature: &str) -> String {
    let mut report = report.clone();
    report["signature"] = signature.into();
    report.to_string()
}

/// The report, rightly signed with this secret.
pub(crate) fn signed(report: &Value, secret: &str) -> String {
    with_signature(report, &mac::<Hmac<Sha256>>(secret, &text_of(report)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ipn_of_momo_that_was_changed_has_no_effect() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet("momo", &intent).await;
    // the money is there, and the call about it is lost: this test makes it
    house.wallet_rule("momo", &attempt, json!({"drop": true})).await;
    let order = house.pays_wallet("momo", &attempt, json!({})).await;
    let mut report: Value = serde_json::from_str(order["calls"][0]["sent"].as_str().unwrap()).unwrap();
    report.as_object_mut().unwrap().remove("signature");
    let body = signed(&report, MOMO_SECRET);
    assert_eq!(body, order["calls"][0]["sent"], "the document's formula is the simulator's");
    let mut all =
        Mutations::of(Call::new("POST", door("momo")).header("Content-Type", "application/json").body(body.clone()));
    let hash = mac::<Hmac<Sha256>>(MOMO_SECRET, &text_of(&report));
    for (what, other) in flipped(&body, 90) {
        // hex of either case is the same hash, and a field that is empty may be left out
        let same = serde_json::from_str::<Value>(&other).is_ok_and(|other| {
            let claimed = other["signature"].as_str().unwrap_or_default();
            text_of(&other) == text_of(&report) && claimed.eq_ignore_ascii_case(&hash)
        });
        all.add(if same { Heard::Same } else { Heard::Forged }, what, all.with_body(other));
    }
    of_body(&mut all, &body);
    of_fields(&mut all, &report, &hash);
    of_signatures(&mut all, &report, &hash);
    of_doors(&mut all, "momo", "momo_main");
    the_same(&mut all, &body);
    others_the_same(&mut all, &report, &hash);
    all.play(&house, WORDS).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    house.close().await;
}

fn of_fields(all: &mut Mutations, report: &Value, hash: &str) {
    for name in SIGNED {
        let mut forged = |what: String, change: &dyn Fn(&mut Value)| {
            let mut other = report.clone();
            change(&mut other);
            // what is empty says as much as what is left out
            if text_of(&other) != text_of(report) {
                all.forged(what, all.with_body(with_signature(&other, hash)));
            }
        };
        forged(format!("{name} is left out"), &|r| {
            r.as_object_mut().unwrap().remove(name);
            r[name] = json!("");
        });
        forged(format!("{name} is longer"), &|r| r[name] = format!("{}0", plain(&r[name])).into());
        forged(format!("{name} with a blank"), &|r| r[name] = format!("{} ", plain(&r[name])).into());
        forged(format!("{name} is another"), &|r| r[name] = json!("1"));
        let body = with_signature(report, hash);
        all.forged(format!("{name} twice"), all.with_body(body.replacen('{', &format!("{{\"{name}\":1,"), 1)));
        let is_empty = plain(&report[name]).is_empty();
        let other = body.replacen(&format!("\"{name}\""), &format!("\"{}\"", name.to_uppercase()), 1);
        all.add(
            if is_empty { Heard::Same } else { Heard::Forged },
            format!("{name} in capitals"),
            all.with_body(other),
        );
        let mut listed = report.clone();
        listed[name] = json!([report[name]]);
        all.forged(format!("{name} as a list"), all.with_body(with_signature(&listed, hash)));
        let mut nothing = report.clone();
        nothing[name] = Value::Null;
        all.forged(format!("{name} as null"), all.with_body(with_signature(&nothing, hash)));
    }
    for amount in ["040000", "40000.0", "4e4", "-40000", "40001", "4", "400000", "99999999999999999999"] {
        let body = with_signature(report, hash);
        all.forged(
            format!("the amount as {amount}"),
            all.with_body(body.replacen(":40000,", &format!(":{amount},"), 1)),
        );
    }
    // the same signed text, cut up elsewhere
    let mut moved = report.clone();
    moved["extraData"] = format!("&message={}", report["message"].as_str().unwrap()).into();
    moved["message"] = json!("");
    all.forged("a field inside another", all.with_body(with_signature(&moved, hash)));
    let mut joined = report.clone();
    joined["message"] =
        format!("{}&orderId={}", report["message"].as_str().unwrap(), report["orderId"].as_str().unwrap()).into();
    joined.as_object_mut().unwrap().remove("orderId");
    all.forged("two fields in one, signed so", all.with_body(signed(&joined, MOMO_SECRET)));
}

/// What is absent is empty.
fn plain(value: &Value) -> String {
    if value.is_null() {
        return String::new();
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn of_signatures(all: &mut Mutations, report: &Value, good: &str) {
    let text = text_of(report);
    all.forged("no signature", all.with_body(report.to_string()));
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
        ("another hash family", mac::<Hmac<Sha512>>(MOMO_SECRET, &text)),
        ("half of another hash family", mac::<Hmac<Sha512>>(MOMO_SECRET, &text)[..64].to_owned()),
        ("unkeyed", hex::encode(Sha256::digest(format!("{MOMO_SECRET}{text}")))),
        ("unkeyed, the secret behind", hex::encode(Sha256::digest(format!("{text}{MOMO_SECRET}")))),
        ("of nothing", mac::<Hmac<Sha256>>(MOMO_SECRET, "")),
        ("without the access key", mac::<Hmac<Sha256>>(MOMO_SECRET, text.split_once('&').unwrap().1)),
        ("of another access key", mac::<Hmac<Sha256>>(MOMO_SECRET, &text.replace(MOMO_ACCESS_KEY, "another"))),
        ("of the body", mac::<Hmac<Sha256>>(MOMO_SECRET, &report.to_string())),
    ] {
        all.forged(format!("signature: {what}"), all.with_body(with_signature(report, &hash)));
    }
    for (what, value) in [("null", Value::Null), ("true", json!(true)), ("a list", json!([good])), ("0", json!(0))] {
        let mut other = report.clone();
        other["signature"] = value;
        all.forged(format!("signature: {what}"), all.with_body(other.to_string()));
    }
    for secret in ["another-partners-secret", "", MOMO_ACCESS_KEY, MOMO_PARTNER, tests::HASH_SECRET] {
        all.forged(format!("signed by {secret:?}"), all.with_body(signed(report, secret)));
    }
    for partner in ["MOMO", "momolaocai", "", "MOMOLAOCAI "] {
        let mut other = report.clone();
        other["partnerCode"] = partner.into();
        all.forged(format!("signed for {partner:?}"), all.with_body(signed(&other, MOMO_SECRET)));
    }
}

fn others_the_same(all: &mut Mutations, report: &Value, hash: &str) {
    all.same("the signature in capitals", all.with_body(with_signature(report, &hash.to_uppercase())));
    let mut texts = report.clone();
    for name in ["amount", "transId", "resultCode", "responseTime"] {
        texts[name] = plain(&report[name]).into();
    }
    all.same("numbers as texts", all.with_body(with_signature(&texts, hash)));
    let mut more = report.clone();
    more["partnerUserId"] = json!("u1");
    more["promotionInfo"] = json!([{"amount": 5000, "voucherId": "v"}]);
    more["userFee"] = json!(0);
    all.same("fields that nobody signs", all.with_body(with_signature(&more, hash)));
    let mut without = report.clone();
    without.as_object_mut().unwrap().remove("extraData");
    all.same("an empty field left out", all.with_body(with_signature(&without, hash)));
}
