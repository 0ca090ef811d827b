use crate::discovery::{Description, Rules};
use crate::keys::Keys;
use crate::token::{Asked, checked, verified};
use crate::{Settings, basic};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::outside::{OutsideError, Shown};
use jiff::Timestamp;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.vn";

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn keys(all: Value) -> Keys {
    Keys::read(&serde_json::to_vec(&json!({ "keys": all })).unwrap()).unwrap()
}

/// RFC 7515, appendix A.2 and A.3: their keys, and what they signed.
const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

fn rsa() -> Value {
    json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"})
}

fn p256() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

fn word<T>(outcome: Result<T, OutsideError>) -> &'static str {
    outcome.err().map_or("taken", |error| error.word())
}

#[test]
fn signatures_are_those_of_rfc_7515_appendix_a_and_none_with_a_byte_changed_is() {
    let keys = keys(json!([rsa(), p256()]));
    for text in [RS256, ES256] {
        let payload = verified(text, &keys).unwrap();
        assert!(payload.starts_with(b"{\"iss\":\"joe\""));
        let (said, signature) = text.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let forged = format!("{said}.{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(word(verified(&forged, &keys)), "signature", "byte {at}");
            bytes[at] ^= 1;
        }
        let forged = text.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb3Ui", 1);
        assert_eq!(word(verified(&forged, &keys)), "signature", "what was said");
    }
}

#[test]
fn what_is_signed_by_nothing_by_a_shared_secret_or_by_a_key_of_another_kind_is_refused() {
    let keys_of_both = keys(json!([rsa(), p256()]));
    let with = |header: Value, rest: &str| {
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap());
        format!("{header}.{}", rest.split_once('.').unwrap().1)
    };
    for alg in ["none", "None", "HS256", "HS512", "PS256", "RS384", "ES384", "EdDSA", ""] {
        assert_eq!(word(verified(&with(json!({"alg": alg}), RS256), &keys_of_both)), "algorithm", "{alg}");
    }
    let unsigned = with(json!({"alg": "none"}), RS256);
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    assert_eq!(word(verified(&unsigned, &keys_of_both)), "algorithm");
    assert_eq!(word(verified(&with(json!({"alg": "ES256"}), RS256), &keys_of_both)), "signature");
    assert_eq!(word(verified(&with(json!({"alg": "RS256", "kid": "other"}), RS256), &keys_of_both)), "key");
    for header in [json!({"alg": "RS256", "crit": ["b64"]}), json!({"alg": "RS256", "typ": "at+jwt"}), json!({})] {
        assert_eq!(word(verified(&with(header.clone(), RS256), &keys_of_both)), "malformed", "{header}");
    }
    for text in ["", ".", "..", "a.b.c", "é.é.é", &RS256[..40]] {
        assert_eq!(word(verified(text, &keys_of_both)), "malformed", "{text}");
    }

    let changed = |name: &str, value: Value| {
        let mut key = rsa();
        key[name] = value;
        keys(json!([key, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": 7}]))
    };
    assert_eq!(word(verified(RS256, &changed("use", json!("sig")))), "taken");
    assert_eq!(word(verified(RS256, &changed("alg", json!("RS256")))), "taken");
    assert_eq!(word(verified(RS256, &changed("use", json!("enc")))), "key");
    assert_eq!(word(verified(RS256, &changed("alg", json!("PS256")))), "key");
    assert_eq!(word(verified(RS256, &changed("n", json!(&RSA_N[..172])))), "signature", "1032 bits");
    assert_eq!(word(verified(RS256, &keys(json!([rsa(), rsa()])))), "key", "which of two is not said");
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "s-1", "aud": "desk", "exp": NOW + 300, "iat": NOW, "nonce": "n", "auth_time": NOW - 2})
}

fn judged(claims: &Value, anew_at: Option<i64>) -> Result<Shown, OutsideError> {
    let anew_at = anew_at.map(|second| Timestamp::from_second(second).unwrap());
    let asked = Asked { issuer: ISSUER, client_id: "desk", nonce: "n", anew_at };
    let two_factors = ["mfa".to_owned(), "loa-3".to_owned()];
    checked(&serde_json::to_vec(claims).unwrap(), &asked, &two_factors, now())
}

#[test]
fn a_token_that_answers_another_question_is_refused_by_whichever_word_of_it() {
    assert_eq!(word(judged(&claims(), None)), "taken");
    for (name, value, refused) in [
        ("iss", json!("https://id.example.vn/"), "issuer"),
        ("aud", json!("other"), "audience"),
        ("aud", json!(["desk", "other"]), "audience"),
        ("aud", json!([]), "audience"),
        ("aud", json!(["desk"]), "taken"),
        ("azp", json!("other"), "audience"),
        ("azp", json!("desk"), "taken"),
        ("exp", json!(NOW - 59), "taken"),
        ("exp", json!(NOW - 60), "expired"),
        ("exp", json!("soon"), "malformed"),
        ("exp", json!(i64::MAX), "malformed"),
        ("iat", json!(NOW + 60), "taken"),
        ("iat", json!(NOW + 61), "issued"),
        ("iat", json!(NOW - 601), "issued"),
        ("nonce", json!("m"), "nonce"),
        ("nonce", json!(""), "nonce"),
        ("nonce", Value::Null, "nonce"),
        ("sub", json!(""), "malformed"),
        ("sub", json!("s".repeat(256)), "malformed"),
        ("sub", json!("s\n1"), "malformed"),
    ] {
        let mut changed = claims();
        changed[name] = value.clone();
        assert_eq!(word(judged(&changed, None)), refused, "{name} {value}");
    }
    for name in ["iss", "sub", "aud", "exp", "iat", "nonce"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        assert!(judged(&without, None).is_err(), "{name}");
    }
    let asked = Asked { issuer: ISSUER, client_id: "desk", nonce: "n", anew_at: None };
    let twice = claims().to_string().replacen('{', "{\"sub\":\"s-2\",", 1);
    assert_eq!(word(checked(twice.as_bytes(), &asked, &[], now())), "malformed", "a name twice");
}

#[test]
fn who_was_asked_anew_showed_it_since_then() {
    let at = |auth_time: Value| {
        let mut changed = claims();
        changed["auth_time"] = auth_time;
        word(judged(&changed, Some(NOW - 20)))
    };
    assert_eq!(at(json!(NOW - 2)), "taken");
    assert_eq!(at(json!(NOW - 25)), "taken", "clocks differ");
    assert_eq!(at(json!(NOW - 26)), "stale");
    assert_eq!(at(json!(NOW + 61)), "stale");
    assert_eq!(at(Value::Null), "stale", "the provider does not say when");
}

#[test]
fn two_factors_are_what_the_configuration_takes_for_them_and_nothing_else() {
    let two = |name: &str, value: Value| {
        let mut changed = claims();
        changed[name] = value;
        judged(&changed, None).unwrap().two_factors
    };
    assert!(two("amr", json!(["pwd", "mfa"])) && two("acr", json!("loa-3")));
    assert!(!two("amr", json!(["pwd", "otp"])) && !two("acr", json!("loa-2")) && !two("amr", json!([])));
}

fn settings(issuer: &str, is_trial: bool) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        name: "Tỉnh".to_owned(),
        client_id: "desk".to_owned(),
        client_secret: "secret".to_owned().into(),
        hosts: vec!["keys.example.vn".to_owned()],
        two_factors: Vec::new(),
        return_url: "https://desk.example.vn/console/outside/return".to_owned(),
        left_url: "https://desk.example.vn/console/sign-in".to_owned(),
        is_trial,
    }
}

#[test]
fn a_description_is_the_issuers_own_and_sends_us_to_listed_hosts_over_tls_only() {
    let rules = Rules::new(&settings(ISSUER, false)).unwrap();
    let whole = json!({"issuer": ISSUER, "authorization_endpoint": "https://id.example.vn/authorize",
        "token_endpoint": "https://id.example.vn/token", "jwks_uri": "https://keys.example.vn/jwks"});
    let read = |name: &str, value: Value| {
        let mut changed = whole.clone();
        changed[name] = value;
        Description::read(changed.to_string().as_bytes(), ISSUER, &rules)
    };
    assert!(read("x", json!(1)).unwrap().takes_basic);
    assert!(!read("token_endpoint_auth_methods_supported", json!(["client_secret_post"])).unwrap().takes_basic);
    for (name, value) in [
        ("issuer", json!("https://id.example.vn/")),
        ("token_endpoint", json!("http://id.example.vn/token")),
        ("token_endpoint", json!("https://id.example.vn.evil.example/token")),
        ("token_endpoint", json!("https://user@id.example.vn/token")),
        ("token_endpoint", json!("https://169.254.169.254/token")),
        ("jwks_uri", json!("https://elsewhere.example.vn/jwks")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("end_session_endpoint", json!("https://evil.example/")),
        ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
    ] {
        assert_eq!(word(read(name, value.clone())), "description", "{name} {value}");
    }
}

#[test]
fn an_issuer_without_tls_or_at_a_private_address_is_for_trials() {
    for bad in ["http://id.example.vn", "https://127.0.0.1", "https://10.1.2.3", "https://id.example.vn?x", "id"] {
        assert!(Rules::new(&settings(bad, false)).is_err(), "{bad}");
    }
    let local = Rules::new(&settings("http://127.0.0.1:8443/realms/tinh", true)).unwrap();
    let asked = local.description_url();
    assert_eq!(asked.as_str(), "http://127.0.0.1:8443/realms/tinh/.well-known/openid-configuration");
}

#[test]
fn a_client_shows_itself_as_rfc_6749_has_it() {
    assert_eq!(basic("a:b", "c d"), "Basic YSUzQWI6Yytk");
}
