//! What a JSON body of a wallet may be changed into, whatever it says.

use super::{Heard, Mutations, cut};
use serde_json::{Value, json};
use tests::wire::Call;

const FORM: &str = "application/x-www-form-urlencoded";

/// Bodies that HTTP carries and that are not the signed one.
pub fn of_body(all: &mut Mutations, body: &str) {
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
    all.forged("blanks and an empty object", all.with_body(format!("{}{}", " ".repeat(200_000), "{}")));
    all.forged("null", all.with_body("null"));
    let object: Value = serde_json::from_str(body).unwrap();
    let form =
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(
                object.as_object().unwrap().iter().map(|(name, value)| {
                    (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                }),
            )
            .finish();
    all.forged("as a form", all.with_body(form.clone()));
    let query = Call { target: format!("{}?{form}", all.good.target), ..all.with_body("") };
    all.forged("in the query", query);
}

/// Other methods, and other doors than the call's own.
pub fn of_doors(all: &mut Mutations, channel: &str, profile: &str) {
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post", "WALLET"] {
        all.forged(format!("by {method}"), Call { method: method.to_owned(), ..all.good.clone() });
    }
    for door in [
        format!("{channel}/nobody"),
        format!("{channel}/{}", profile.to_uppercase()),
        format!("{}/{profile}", channel.to_uppercase()),
        format!("vnpay/{profile}"),
        format!("{channel}/vnpay_main"),
        format!("{channel}/{profile}/"),
        format!("{channel}//{profile}"),
        format!("{channel}/{profile}/x"),
    ] {
        let call = Call { target: format!("/v1/webhooks/{door}"), ..all.good.clone() };
        all.add(Heard::Absent, format!("at {door}"), call);
    }
}

/// Ways to send the very same call.
pub fn the_same(all: &mut Mutations, body: &str) {
    for kind in ["text/plain", FORM, "multipart/form-data; boundary=x", "application/JSON", "x"] {
        all.same(format!("as {kind}"), all.with_header("Content-Type", kind));
    }
    all.same("of no kind", all.without_header("Content-Type"));
    all.same("with a query", Call { target: format!("{}?amount=1&resultCode=0", all.good.target), ..all.good.clone() });
    all.same("with other headers", all.good.clone().header("X-Amount", "1").header("Cookie", "resultCode=0"));
    let object: Value = serde_json::from_str(body).unwrap();
    all.same("with blanks between", all.with_body(serde_json::to_string_pretty(&object).unwrap()));
    let pairs: Vec<String> = object.as_object().unwrap().iter().map(|(n, v)| format!("{}:{v}", json!(n))).collect();
    let backwards: Vec<&str> = pairs.iter().rev().map(String::as_str).collect();
    all.same("backwards", all.with_body(format!("{{{}}}", backwards.join(","))));
    let escaped: String = body.chars().map(|c| if c.is_ascii() { c.to_string() } else { escape(c) }).collect();
    all.same("letters escaped", all.with_body(escaped));
}

fn escape(c: char) -> String {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}
