//! CONFIRM of the payment platform of the national portal (DVCQG 1.0.6): a JSON body, a plain hash inside.

use super::wallets::{of_body, of_doors, the_same};
use super::{Heard, Mutations, Words, flipped};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use tests::House;
use tests::portal::dossier;
use tests::wallets::{MOMO_SECRET, NATIONAL_PARTNER, NATIONAL_SECRET, NATIONAL_TOKEN, door};
use tests::wire::Call;

/// What is hashed before the secret, in this order; made from the code bases and not by the adapter.
const SIGNED: [&str; 10] = [
    "LoaiBanTin",
    "MaLoi",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "MaTienTe",
    "MaGiaoDich",
    "MaNganHang",
    "ThoiGianGD",
    "ThongTinGiaoDich",
];

/// What is absent is empty.
fn plain(value: &Value) -> String {
    if value.is_null() {
        return String::new();
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text_of(call: &Value) -> String {
    SIGNED.map(|name| plain(&call[name])).join("|")
}

fn hash(secret: &str, text: &str) -> String {
    hex::encode(Sha256::digest(format!("{text}|{secret}")))
}

fn with_hash(call: &Value, hash: &str) -> String {
    let mut call = call.clone();
    call["MaXacThuc"] = hash.into();
    call.to_string()
}

/// The call, rightly hashed with this secret.
pub(crate) fn signed(call: &Value, secret: &str) -> String {
    with_hash(call, &hash(secret, &text_of(call)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_of_the_national_platform_that_was_changed_has_no_effect() {
    let house = House::with_wallets().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_wallet("national", &intent).await;
    // the money is there, and the call about it is lost: this test makes it
    house.wallet_rule("national", &attempt, json!({"drop": true})).await;
    let order = house.pays_wallet("national", &attempt, json!({})).await;
    let mut call: Value = serde_json::from_str(order["calls"][0]["sent"].as_str().unwrap()).unwrap();
    call.as_object_mut().unwrap().remove("MaXacThuc");
    let body = signed(&call, NATIONAL_SECRET);
    assert_eq!(body, order["calls"][0]["sent"], "the formula is the simulator's");
    let good = hash(NATIONAL_SECRET, &text_of(&call));
    let mut all = Mutations::of(
        Call::new("POST", door("national")).header("Content-Type", "application/json").body(body.clone()),
    );
    for (what, other) in flipped(&body, 110) {
        // hex of either case is the same hash
        let same = serde_json::from_str::<Value>(&other).is_ok_and(|other| {
            let claimed = other["MaXacThuc"].as_str().unwrap_or_default();
            text_of(&other) == text_of(&call) && claimed.eq_ignore_ascii_case(&good)
        });
        all.add(if same { Heard::Same } else { Heard::Forged }, what, all.with_body(other));
    }
    of_body(&mut all, &body);
    of_fields(&mut all, &call, &good);
    of_hashes(&mut all, &call, &good);
    of_doors(&mut all, "national", "national_main");
    the_same(&mut all, &body);
    others_the_same(&mut all, &call, &good);
    let answer = json!({
        "MaLoi": "00", "MoTaLoi": "Thành công", "MaDoiTac": call["MaDoiTac"], "MaThamChieu": call["MaThamChieu"],
        "ThoiGianGD": call["ThoiGianGD"], "MaXacThuc": good,
    });
    // of one test, to its end
    let answer: &'static str = answer.to_string().leak();
    let forged = (200, r#"{"MaLoi":"99","MoTaLoi":"Sai mã xác thực"}"#);
    all.play(&house, Words { forged, first: (200, answer), again: (200, answer) }).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    house.close().await;
}

fn of_fields(all: &mut Mutations, call: &Value, good: &str) {
    for name in SIGNED {
        let mut forged = |what: &str, change: &dyn Fn(&mut Value)| {
            let mut other = call.clone();
            change(&mut other);
            all.forged(format!("{name} {what}"), all.with_body(with_hash(&other, good)));
        };
        forged("is left out", &|c| {
            c.as_object_mut().unwrap().remove(name);
        });
        forged("is longer", &|c| c[name] = format!("{}0", plain(&c[name])).into());
        forged("with a blank", &|c| c[name] = format!("{} ", plain(&c[name])).into());
        forged("is another", &|c| c[name] = json!("1"));
        forged("as a list", &|c| c[name] = json!([c[name]]));
        forged("as null", &|c| c[name] = Value::Null);
        let body = with_hash(call, good);
        all.forged(format!("{name} twice"), all.with_body(body.replacen('{', &format!("{{\"{name}\":\"1\","), 1)));
        let capitals = body.replacen(&format!("\"{name}\""), &format!("\"{}\"", name.to_uppercase()), 1);
        all.forged(format!("{name} in capitals"), all.with_body(capitals));
    }
    for sum in ["040000", "40000.0", "4e4", "-40000", "40001", "4", "400000", "99999999999999999999"] {
        let mut other = call.clone();
        other["SoTien"] = sum.into();
        all.forged(format!("the sum as {sum}"), all.with_body(with_hash(&other, good)));
    }
    // the same hashed text, cut up elsewhere: what was no part of the sum becomes one, and the other way round
    for (first, second) in SIGNED.iter().zip(&SIGNED[1..]) {
        let mut joined = call.clone();
        joined[*first] = format!("{}|{}", plain(&call[*first]), plain(&call[*second])).into();
        let rest = SIGNED.iter().skip_while(|name| *name != second);
        for (place, next) in rest.clone().zip(rest.skip(1)) {
            joined[*place] = plain(&call[*next]).into();
        }
        joined["ThongTinGiaoDich"] = json!("");
        all.forged(format!("{first} with {second} inside"), all.with_body(signed(&joined, NATIONAL_SECRET)));
    }
}

fn of_hashes(all: &mut Mutations, call: &Value, good: &str) {
    let text = text_of(call);
    let plainly = |text: &str| hex::encode(Sha256::digest(text));
    let mut mac = Hmac::<Sha256>::new_from_slice(NATIONAL_SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    all.forged("no hash", all.with_body(call.to_string()));
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
        ("another hash family", hex::encode(Sha512::digest(format!("{text}|{NATIONAL_SECRET}")))),
        ("as an HMAC", hex::encode(mac.finalize().into_bytes())),
        ("without the secret", plainly(&text)),
        ("with an empty secret", plainly(&format!("{text}|"))),
        ("without the last bar", plainly(&format!("{text}{NATIONAL_SECRET}"))),
        ("the secret first", plainly(&format!("{NATIONAL_SECRET}|{text}"))),
        ("of nothing", hash(NATIONAL_SECRET, "")),
        ("of the body", hash(NATIONAL_SECRET, &call.to_string())),
    ] {
        all.forged(format!("hash: {what}"), all.with_body(with_hash(call, &hash)));
    }
    // the order of the code base that does not verify
    let mut swapped = SIGNED;
    swapped.swap(8, 9);
    let other = hash(NATIONAL_SECRET, &swapped.map(|name| plain(&call[name])).join("|"));
    all.forged("hash: the last two the other way round", all.with_body(with_hash(call, &other)));
    for (what, value) in [("null", Value::Null), ("true", json!(true)), ("a list", json!([good])), ("0", json!(0))] {
        let mut other = call.clone();
        other["MaXacThuc"] = value;
        all.forged(format!("hash: {what}"), all.with_body(other.to_string()));
    }
    for secret in ["another-partners-secret", "", NATIONAL_PARTNER, NATIONAL_TOKEN, MOMO_SECRET, tests::HASH_SECRET] {
        all.forged(format!("hashed with {secret:?}"), all.with_body(signed(call, secret)));
    }
    for partner in ["OTHER", "laocai", "", "LAOCAI "] {
        let mut other = call.clone();
        other["MaDoiTac"] = partner.into();
        all.forged(format!("hashed for {partner:?}"), all.with_body(signed(&other, NATIONAL_SECRET)));
    }
}

fn others_the_same(all: &mut Mutations, call: &Value, good: &str) {
    all.same("the hash in capitals", all.with_body(with_hash(call, &good.to_uppercase())));
    let mut number = call.clone();
    number["SoTien"] = plain(&call["SoTien"]).parse::<i64>().unwrap().into();
    all.same("the sum as a number", all.with_body(with_hash(&number, good)));
    let mut more = call.clone();
    more["Token"] = json!("x");
    more["ThongTinBienLai"] = json!({"PhiLePhi": [{"SoTien": "1"}]});
    all.same("fields that nobody signs, a bill of another sum among them", all.with_body(with_hash(&more, good)));
}
