//! VNPAY's IPN (VNPAY 2.1.0): all stands in the query.

use super::{Heard, Mutations, Words, cut, flipped};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};
use tests::bank::{CASSO_KEY, PROFILE};
use tests::portal::dossier;
use tests::wire::Call;
use tests::{HASH_SECRET, House, TMN_CODE};

const DOOR: &str = "/v1/webhooks/vnpay/vnpay_main";

const WORDS: Words = Words {
    forged: (200, r#"{"RspCode":"97","Message":"Invalid signature"}"#),
    first: (200, r#"{"RspCode":"00","Message":"Confirm Success"}"#),
    again: (200, r#"{"RspCode":"02","Message":"Order already confirmed"}"#),
};

type Fields = Vec<(String, String)>;

fn form(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn mac<M: Mac + KeyInit>(secret: &str, text: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn signed(fields: &Fields, secret: &str) -> String {
    let text = form(fields);
    format!("{text}&vnp_SecureHash={}", mac::<Hmac<Sha512>>(secret, &text))
}

fn fields(order: &str) -> Fields {
    let fields = [
        ("vnp_Amount", "4000000"),
        ("vnp_BankCode", "NCB"),
        ("vnp_BankTranNo", "VNP14226112"),
        ("vnp_CardType", "ATM"),
        ("vnp_OrderInfo", "Thanh toan: phi, le phi"),
        ("vnp_PayDate", "20261125093412"),
        ("vnp_ResponseCode", "00"),
        ("vnp_TmnCode", TMN_CODE),
        ("vnp_TransactionNo", "99000001"),
        ("vnp_TransactionStatus", "00"),
        ("vnp_TxnRef", order),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn asked(query: &str) -> Call {
    Call::new("GET", format!("{DOOR}?{query}"))
}

fn changed(fields: &Fields, name: &str, value: &str) -> Fields {
    let change = |(n, v): &(String, String)| (n.clone(), if n == name { value.to_owned() } else { v.clone() });
    fields.iter().map(change).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ipn_that_was_changed_has_no_effect() {
    let house = House::with_bank().await;
    let fee = house.portal.owes(&dossier(), 40_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    // the money is there, and the call about it is lost: this test makes it
    house.sim("script", json!({"match": {}, "do": [{"drop": true}]})).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    let order = attempt["order_ref"].as_str().unwrap();
    let txn = house.order(&attempt).await["transaction_no"].to_string().replace('"', "");
    let fields = changed(&fields(order), "vnp_TransactionNo", &txn);
    let query = signed(&fields, HASH_SECRET);
    let mut all = Mutations::of(asked(&query));
    of_bytes(&mut all, &query);
    of_fields(&mut all, &fields, &query);
    of_signatures(&mut all, &fields, &query);
    of_doors(&mut all, &query);
    the_same(&mut all, &fields, &query);
    let pay_link = attempt["action"]["url"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    all.forged("our own pay link", asked(&pay_link));
    all.play(&house, WORDS).await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 40000");
    house.close().await;
}

fn of_bytes(all: &mut Mutations, query: &str) {
    let hash_at = query.find("vnp_SecureHash=").unwrap() + "vnp_SecureHash=".len();
    for (what, other) in flipped(query, 80) {
        // hex of either case is the same hash
        let same = other[..hash_at] == query[..hash_at] && other.eq_ignore_ascii_case(query);
        all.add(if same { Heard::Same } else { Heard::Forged }, what, asked(&other));
    }
    for (what, other) in cut(query, 20) {
        all.forged(what, asked(&other));
    }
    all.forged("a question mark too much", asked(&format!("?{query}")));
    all.forged("semicolons", asked(&query.replace('&', ";")));
    all.forged("encoded as a whole", asked(&query.replace('&', "%26").replace('=', "%3D")));
    all.forged("encoded twice", asked(&query.replace('%', "%25")));
}

fn of_fields(all: &mut Mutations, fields: &Fields, query: &str) {
    for (at, (name, value)) in fields.iter().enumerate() {
        let pair = form(&vec![fields[at].clone()]);
        let without = query.replacen(&format!("{pair}&"), "", 1);
        all.forged(format!("{name} is left out"), asked(&without));
        all.forged(format!("{name} is empty"), asked(&query.replacen(&pair, &format!("{name}="), 1)));
        all.forged(format!("{name} twice"), asked(&format!("{query}&{pair}")));
        all.forged(format!("{name} twice, the other first"), asked(&format!("{name}=1&{query}")));
        all.forged(format!("{name} in small letters"), asked(&query.replacen(name, &name.to_lowercase(), 1)));
        all.forged(format!("{name} as a list"), asked(&query.replacen(&format!("{name}="), &format!("{name}[]="), 1)));
        let longer = changed(fields, name, &format!("{value} "));
        all.forged(format!("{name} with a blank"), asked(&query.replacen(&form(fields), &form(&longer), 1)));
    }
    for amount in ["04000000", "4000000.00", "4e6", "-4000000", "4000001", "40000", "400000000", "9999999999999"] {
        let other = changed(fields, "vnp_Amount", amount);
        all.forged(format!("the amount as {amount}"), asked(&query.replacen(&form(fields), &form(&other), 1)));
    }
    all.forged(
        "two values change places",
        asked(&query.replacen("vnp_ResponseCode=00", "vnp_ResponseCode=NCB", 1).replacen(
            "vnp_BankCode=NCB",
            "vnp_BankCode=00",
            1,
        )),
    );
    all.forged("a field that is not signed", asked(&format!("vnp_Fee=1&{query}")));
    all.forged("a name that ends in NUL", asked(&format!("vnp_Amount%00=1&{query}")));
}

fn of_signatures(all: &mut Mutations, fields: &Fields, query: &str) {
    let text = form(fields);
    let with = |hash: &str| asked(&format!("{text}&vnp_SecureHash={hash}"));
    let good = mac::<Hmac<Sha512>>(HASH_SECRET, &text);
    all.forged("no signature", asked(&text));
    all.forged("a signature without a value", asked(&format!("{text}&vnp_SecureHash")));
    all.forged("the signature under another name", asked(&query.replace("vnp_SecureHash", "vnp_Securehash")));
    all.forged("the signature twice", asked(&format!("{query}&vnp_SecureHash={good}")));
    all.forged("the signature in a header", asked(&text).header("vnp_SecureHash", good.clone()));
    all.forged("another hash family", with(&mac::<Hmac<Sha256>>(HASH_SECRET, &text)));
    all.forged("an unkeyed hash of version 2.0", with(&hex::encode(Sha256::digest(format!("{HASH_SECRET}{text}")))));
    all.forged("an unkeyed hash", with(&hex::encode(Sha512::digest(format!("{HASH_SECRET}{text}")))));
    for (what, hash) in [
        ("empty", String::new()),
        ("zeros", "0".repeat(128)),
        ("half", good[..64].to_owned()),
        ("all but a digit", good[..127].to_owned()),
        ("and a digit more", format!("{good}0")),
        ("and a zero byte more", format!("{good}%00")),
        ("twice over", format!("{good}{good}")),
        ("with 0x", format!("0x{good}")),
        ("with blanks", format!("+{good}+")),
        ("backwards", good.chars().rev().collect()),
        ("true", "true".to_owned()),
        ("null", "null".to_owned()),
    ] {
        all.forged(format!("signature: {what}"), with(&hash));
    }
    let swapped = mac::<Hmac<Sha256>>(HASH_SECRET, &text);
    for kind in ["SHA256", "MD5", "none", "HMACSHA256"] {
        all.forged(
            format!("the kind {kind} is claimed"),
            asked(&format!("{text}&vnp_SecureHashType={kind}&vnp_SecureHash={swapped}")),
        );
    }
    for (what, secret) in [
        ("another merchant", "ANOTHERMERCHANTSSECRET0123456789"),
        ("another provider", CASSO_KEY),
        ("nobody", ""),
        ("the terminal's name", TMN_CODE),
    ] {
        all.forged(format!("signed by {what}"), asked(&signed(fields, secret)));
    }
    for terminal in ["LAOCAI02", "laocai01", "", "LAOCAI01 "] {
        all.forged(
            format!("signed for the terminal {terminal:?}"),
            asked(&signed(&changed(fields, "vnp_TmnCode", terminal), HASH_SECRET)),
        );
    }
    let raw = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    all.forged("signed unencoded", with(&mac::<Hmac<Sha512>>(HASH_SECRET, &raw)));
    let piped = fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("|");
    all.forged("signed as an answer is", with(&mac::<Hmac<Sha512>>(HASH_SECRET, &piped)));
    let mut unsorted = fields.clone();
    unsorted.reverse();
    all.forged("signed in another order", asked(&signed(&unsorted, HASH_SECRET)));
}

fn of_doors(all: &mut Mutations, query: &str) {
    for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "VNPAY"] {
        all.forged(format!("by {method}"), Call::new(method, format!("{DOOR}?{query}")));
    }
    all.forged(
        "as a form",
        Call::new("POST", DOOR).header("Content-Type", "application/x-www-form-urlencoded").body(query),
    );
    all.forged(
        "in the body of a GET",
        Call::new("GET", DOOR).header("Content-Type", "application/x-www-form-urlencoded").body(query),
    );
    for door in [
        "vnpay/nobody",
        "vnpay/VNPAY_MAIN",
        "VNPAY/vnpay_main",
        "momo/vnpay_main",
        "vietqr/vnpay_main",
        "vnpay/vnpay_main/",
        "vnpay//vnpay_main",
        "vnpay/vnpay_main/x",
        &format!("vnpay/{PROFILE}"),
        &format!("vietqr/vnpay/{PROFILE}"),
    ] {
        all.add(Heard::Absent, format!("at {door}"), Call::new("GET", format!("/v1/webhooks/{door}?{query}")));
    }
}

fn the_same(all: &mut Mutations, fields: &Fields, query: &str) {
    let good = query.rsplit_once('=').unwrap().1;
    all.same("the hash in capitals", asked(&query.replace(good, &good.to_uppercase())));
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    all.same("backwards", asked(&pairs.join("&")));
    pairs.rotate_left(5);
    all.same("turned round", asked(&pairs.join("&")));
    all.same("blanks as %20", asked(&query.replace('+', "%20")));
    all.same("percent signs in small letters", asked(&query.replace("%3A", "%3a").replace("%2C", "%2c")));
    all.same("a colon and a comma bare", asked(&query.replace("%3A", ":").replace("%2C", ",")));
    all.same("letters encoded", asked(&query.replace("NCB", "%4E%43%42")));
    all.same("a name encoded", asked(&query.replace("vnp_Amount", "%76np_Amount")));
    all.same("an empty field more", asked(&format!("{query}&vnp_Promotion=")));
    all.same("fields of somebody else's", asked(&format!("lang=vi&{query}&utm_source=vnp_mail")));
    all.same("the kind of hash named", asked(&format!("{query}&vnp_SecureHashType=HMACSHA512")));
    all.same("empty pairs", asked(&format!("&&{}&", query.replace('&', "&&"))));
    all.same("with a body", asked(query).header("Content-Type", "text/plain").body("vnp_Amount=1"));
    all.same(
        "with headers of a browser",
        asked(query)
            .header("Accept", "text/html")
            .header("Cookie", "vnp_Amount=1")
            .header("X-Forwarded-Host", "evil.example"),
    );
    assert_eq!(fields.len(), 11);
}
