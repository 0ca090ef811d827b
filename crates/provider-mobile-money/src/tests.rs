use super::*;
use crate::settings::tests::settings;
use provider::{Hint, Refusal, Request, Webhook};
use std::sync::LazyLock;

/// One client for all tests, for making one is slow. The process needs its TLS provider first.
pub fn http() -> reqwest::Client {
    static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        provider::http::client().expect("a client")
    });
    HTTP.clone()
}

pub fn gateway_with(settings: Settings) -> Gateway {
    let surroundings = Surroundings {
        http: http(),
        volatile: Volatile::new(None).expect("no address"),
        webhook_url: "https://pay.example/v1/webhooks/mobile_money/mm_main".to_owned(),
    };
    Gateway::new(ProfileCode::new("mm_main").expect("code"), settings, surroundings).expect("good settings")
}

fn heard(gateway: &Gateway, method: &str, query: &str) -> Refusal {
    let request = Request { method, query, headers: &[], body: b"{\"transactionStatus\":\"completed\"}" };
    gateway.verify(&request).expect_err("no callback is a report")
}

#[test]
fn a_callback_is_a_hint_at_the_address_that_was_given_out_and_nothing_elsewhere() {
    let gateway = gateway_with(settings());
    let url = gateway.callback("order", "LC7K2M9QX4T1").expect("a key");
    let query = url.split_once('?').expect("a query").1;
    let order = domain::codes::OrderRef::new("LC7K2M9QX4T1").expect("code");
    assert_eq!(heard(&gateway, "PUT", query), Refusal::Hint(Hint::Order(order)));
    assert_eq!(heard(&gateway, "POST", query), Refusal::Forged("method"));
    let other = query.replace("LC7K2M9QX4T1", "LC7K2M9QX4T2");
    for forged in [
        "",
        "order=LC7K2M9QX4T1",
        &other,
        &query.replace("order=", "refund="),
        &format!("{query}&key=1"),
        &format!("{query}&a=b"),
        &query.to_uppercase(),
    ] {
        assert_eq!(heard(&gateway, "PUT", forged), Refusal::Forged("address"), "{forged}");
    }
    let refund = gateway.callback("refund", "0000000000000000000000000000000a").expect("a key");
    let refund = refund.split_once('?').expect("a query").1;
    let id = "0000000000000000000000000000000a".to_owned();
    assert_eq!(heard(&gateway, "PUT", refund), Refusal::Hint(Hint::Refund(id)));
}

#[test]
fn while_the_key_is_changed_both_addresses_are_ours() {
    let old = gateway_with(settings());
    let url = old.callback("order", "LC1").expect("a key");
    let mut changed = settings();
    changed.callback_key_next = changed.callback_key.replace("ANOTHERCALLBACKKEY".into());
    let both = gateway_with(changed.clone());
    assert!(matches!(heard(&both, "PUT", url.split_once('?').expect("a query").1), Refusal::Hint(_)));
    assert_ne!(both.callback("order", "LC1"), Some(url.clone()));
    changed.callback_key_next = None;
    let after = gateway_with(changed);
    assert!(matches!(heard(&after, "PUT", url.split_once('?').expect("a query").1), Refusal::Forged(_)));
}

#[test]
fn without_a_key_no_callback_is_asked_for_and_none_is_heard() {
    let mut silent = settings();
    silent.callback_key = None;
    let surroundings = gateway_with(silent.clone()).surroundings;
    let ours =
        provider(ProfileCode::new("mm_main").expect("code"), vec![], silent, surroundings).expect("good settings");
    assert!(ours.webhook.is_none() && ours.status.is_some() && ours.refunds.is_some() && ours.checkout.is_some());
    assert_eq!(ours.kind.as_str(), "mobile_money");
}
