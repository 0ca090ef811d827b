//! Payments of bills: the bank's shape is proven by token and checksum, the wallet's by token, key and content hash. What none
//! of these covers (`customer_id`, `trans_date`, the path) is judged and not believed: `journeys/bills/repeats.rs`.

use super::{Heard, Mutation, Mutations, cut, flipped};
use crate::bills::{house, owes};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::House;
use tests::bills::{API_KEY, App, BANK, CHECKSUM, SERVICE, WALLET};
use tests::rows::Watch;
use tests::wire::Call;

/// Sends all that is changed: none has an effect or hears "paid", before the true call and after it. What says the same is
/// one payment.
async fn play(house: &House, all: Mutations, paid: fn(&(u16, String, String)) -> bool) {
    println!("{} mutations of {}", all.all.len(), all.good.target);
    assert!(all.all.len() >= 150, "{} mutations", all.all.len());
    let watch = Watch::over(&house.database).await;
    let untouched = watch.digest().await;
    refused(house, &all, &watch, &untouched, paid).await;
    let base = house.gateway.base_url();
    let mut after = None;
    let same: Vec<&Mutation> = all.all.iter().filter(|m| m.heard == Heard::Same).collect();
    assert!(same.len() >= 4, "nothing is the same message");
    for mutation in same {
        let heard = mutation.call.send(&base).await;
        assert!(paid(&heard), "{}: {heard:?}", mutation.what);
        let now = watch.digest().await;
        assert_ne!(now, untouched, "{}: heard, and had no effect", mutation.what);
        assert_eq!(*after.get_or_insert_with(|| now.clone()), now, "{}: a second effect", mutation.what);
    }
    refused(house, &all, &watch, &after.unwrap(), paid).await;
    assert!(paid(&all.good.send(&base).await), "the true call");
    assert_eq!(house.ask("select count(*) || ' ' || sum(amount) from payment").await, "1 21000");
    house.drain().await;
    house.holds().await;
}

async fn refused(
    house: &House,
    all: &Mutations,
    watch: &Watch,
    before: &str,
    paid: fn(&(u16, String, String)) -> bool,
) {
    for mutation in all.all.iter().filter(|m| m.heard != Heard::Same) {
        let heard = mutation.call.send(&house.gateway.base_url()).await;
        assert!(heard.0 >= 400 && heard.0 < 500 && !paid(&heard), "{}: {heard:?}", mutation.what);
        assert_eq!(watch.digest().await, before, "{}: it had an effect", mutation.what);
    }
}

/// What proves the caller, changed.
fn of_header(all: &mut Mutations, name: &str, value: &str, count: usize) {
    for (what, other) in flipped(value, count) {
        all.forged(format!("{name}: {what}"), all.with_header(name, &other));
    }
    for (what, other) in cut(value, 8) {
        all.forged(format!("{name}: {what}"), all.with_header(name, &other));
    }
    all.forged(format!("no {name}"), all.without_header(name));
    let twice = all.good.clone().header(name, value);
    all.forged(format!("{name} twice"), twice);
}

/// `methods`: those that the document does not have there.
fn of_doors(all: &mut Mutations, profile: &str, methods: &[&str]) {
    let rest = all.good.target.clone();
    for method in methods {
        let mut call = all.good.clone();
        (*method).clone_into(&mut call.method);
        all.forged(*method, call);
    }
    for other in ["mm_other", "MM_BILL", "vnpay_main", ""] {
        let mut call = all.good.clone();
        call.target = rest.replacen(profile, other, 1);
        all.forged(format!("at {}", call.target), call);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_paybill_has_no_effect_and_the_true_one_has_one() {
    let house = house().await;
    let (code, _) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Bank, &code).await["bills"][0].clone();
    let bill = seen["bill"].as_str().unwrap();
    let checksum = house.ask(&format!("select md5('{CHECKSUM}TX1{bill}21000')")).await;
    let body = json!({"trans_id": "TX1", "trans_date": "20261126090000", "customer_id": code, "service_id": SERVICE,
        "bill_id": bill, "amount": "21000", "checksum": checksum});
    let text = body.to_string();
    let bearer = format!("Bearer {}", house.bill_token(App::Bank).await);
    let good = Call::new("POST", format!("/v1/bills/{BANK}/paybill"))
        .header("content-type", "application/json")
        .header("authorization", &bearer)
        .body(text.as_str());
    let mut all = Mutations::of(good);
    of_header(&mut all, "authorization", &bearer, 50);
    of_doors(&mut all, BANK, &["GET", "PUT", "DELETE", "PATCH", "HEAD"]);
    let with = |name: &str, value: Value| {
        let mut other = body.clone();
        other[name] = value;
        other.to_string()
    };
    for name in ["trans_id", "bill_id", "amount", "checksum", "service_id"] {
        let value = body[name].as_str().unwrap();
        for (what, other) in flipped(value, 14) {
            // hex of either case is the same checksum
            if !(name == "checksum" && other.eq_ignore_ascii_case(value)) {
                all.forged(format!("{name}: {what}"), all.with_body(with(name, json!(other))));
            }
        }
        for other in
            [json!(""), json!(null), json!([value]), json!({"a": value}), json!(true), json!(format!("{value} "))]
        {
            all.forged(format!("{name}: {other}"), all.with_body(with(name, other)));
        }
        let mut without = body.clone();
        without.as_object_mut().unwrap().remove(name);
        all.forged(format!("no {name}"), all.with_body(without.to_string()));
        let twice = format!("{{\"{name}\":\"x\",{}", &text[1..]);
        all.forged(format!("{name} twice"), all.with_body(twice));
    }
    for (what, other) in cut(&text, 20) {
        all.forged(what, all.with_body(other));
    }
    for other in ["{}", "[]", "null", "\u{feff}{}", "[[[[[[[[[[[[", "trans_id=TX1"] {
        all.forged(other, all.with_body(other));
    }
    all.forged("a list of it", all.with_body(format!("[{text}]")));
    // rightly signed with nothing, with another key, and over other fields
    for (what, over) in [
        ("no secret", format!("TX1{bill}21000")),
        ("another secret", format!("OTHERCHECKSUMKEY1TX1{bill}21000")),
        ("another order", format!("{CHECKSUM}{bill}TX121000")),
        ("no amount", format!("{CHECKSUM}TX1{bill}")),
    ] {
        let checksum = house.ask(&format!("select md5('{over}')")).await;
        all.forged(what, all.with_body(with("checksum", json!(checksum))));
    }
    all.same("blanks between", all.with_body(text.replace(':', " : ").replace(',', " ,\n")));
    all.same("a field more", all.with_body(with("note", json!("x"))));
    all.same("the amount as a number", all.with_body(with("amount", json!(21_000))));
    all.same("the checksum in capitals", all.with_body(with("checksum", json!(checksum.to_uppercase()))));
    all.same("told an hour later", all.with_body(with("trans_date", json!("20261126100000"))));
    play(&house, all, |heard| heard.0 == 200 && heard.2.contains(r#""result_code":"000""#)).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_payment_of_a_wallets_bill_has_no_effect_and_the_true_one_has_one() {
    let house = house().await;
    let (code, _) = owes(&house, 21_000).await;
    let seen = house.bills_of(App::Wallet, &code).await["bills"][0].clone();
    let text = json!({"amountPaid": "21000", "currency": "VND", "paymentType": "fullpayment",
        "requestingOrganisationTransactionReference": "MM1"})
    .to_string();
    let bearer = format!("Bearer {}", house.bill_token(App::Wallet).await);
    let hash = |body: &str| hex::encode(Sha256::digest(body));
    let path =
        format!("/v1/bills/{WALLET}/accounts/accountid/{code}/bills/{}/payments", seen["bill"].as_str().unwrap());
    let good = Call::new("POST", path)
        .header("content-type", "application/json")
        .header("x-correlationid", "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a001")
        .header("x-content-hash", hash(&text))
        .header("authorization", &bearer)
        .header("x-api-key", API_KEY)
        .body(text.as_str());
    let mut all = Mutations::of(good);
    of_header(&mut all, "authorization", &bearer, 40);
    of_header(&mut all, "x-api-key", API_KEY, 20);
    of_doors(&mut all, WALLET, &["PUT", "DELETE", "PATCH", "HEAD"]);
    for (what, other) in flipped(&text, 60) {
        all.forged(what, all.with_body(other));
    }
    for (what, other) in cut(&text, 25) {
        all.forged(what, all.with_body(other));
    }
    let same = |body: String, all: &Mutations| {
        let mut call = all.with_header("x-content-hash", &hash(&body));
        call.body = body.into_bytes();
        call
    };
    let blanks = same(text.replace(':', " : "), &all);
    all.same("blanks between", blanks);
    let more = same(text.replacen('{', r#"{"metadata":[{"key":"a","value":"b"}],"#, 1), &all);
    all.same("a field more", more);
    let fraction = same(text.replacen("21000", "21000.00", 1), &all);
    all.same("with a fraction of nothing", fraction);
    all.same("without a hash", all.without_header("x-content-hash"));
    all.same(
        "another call of the same payment",
        all.with_header("x-correlationid", "0b7c1f5e-6a0f-4a1e-9a5b-7c2f4de1a002"),
    );
    play(&house, all, |heard| heard.0 == 201 && heard.2.contains(r#""billPaymentStatus":"paid""#)).await;
    house.stop().await;
}
