//! What production refuses: settings that are right for trials only, and would let test money or a test system pass for
//! a real one.

use super::{Config, profile::Profile};
use mail::smtp::Tls;
use reqwest::Url;

/// Providers' published test systems, and this machine.
const TEST_HOSTS: &[&str] = &[
    "sandbox.mobilemoneyapi.io",
    "test-payment.momo.vn",
    "sandbox.vnpayment.vn",
    "sb-openapi.zalopay.vn",
    "userapi-sandbox.sepay.vn",
    "127.0.0.1",
    "localhost",
    "[::1]",
];
/// Contract, "Payment intents": `expires_in_s`.
const SHORTEST_LIFE_S: i64 = 300;

/// Every rule that is broken, each as a sentence that names its key.
pub fn broken_rules(config: &Config) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rule = |holds: bool, says: String| {
        if !holds {
            broken.push(says);
        }
    };
    let life = config.payments.intents.min_expires_in_s;
    rule(life >= SHORTEST_LIFE_S, format!("intents.min_expires_in_s is {life}, below {SHORTEST_LIFE_S}"));
    let cooling_off = config.payments.approvals.cooling_off_h;
    rule(cooling_off >= 1, format!("approvals.cooling_off_h is {cooling_off}, below 1"));
    let https = config.http.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    rule(https, "http.public_url is not an https address".to_owned());
    rule(!config.dossier.allow_http, "dossier.allow_http is set".to_owned());
    rule(!config.dossier.allow_private, "dossier.allow_private is set".to_owned());
    if let Some(issuer) = &config.oidc.issuer {
        rule(issuer.starts_with("https://"), "oidc.issuer is not an https address".to_owned());
        let https = config.oidc.console_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        rule(https, "oidc.console_url is not an https address".to_owned());
    }
    if let Some(host) = &config.mail.host {
        rule(config.mail.tls != Tls::None, "mail.tls is none".to_owned());
        let name = host.trim_end_matches('.');
        let url = Url::parse(&format!("https://{name}")).ok();
        let public = url.as_ref().and_then(Url::host).is_some_and(|host| outgoing::may_be_public(&host));
        rule(public && !TEST_HOSTS.contains(&name), format!("mail.host is at an address that is not public ({host})"));
    }
    for profile in &config.profiles {
        of_profile(profile, &mut rule);
    }
    broken
}

fn of_profile(profile: &Profile, rule: &mut impl FnMut(bool, String)) {
    // who calls is proven by a checksum of MD5 or by a token alone: where from is a second proof
    if let Some(from) = profile.channel.callers() {
        rule(!from.is_empty(), format!("profiles.{}.allowed_from is empty", profile.code));
    }
    for (key, address) in profile.channel.addresses() {
        let url = Url::parse(address).ok();
        let path = format!("profiles.{}.{key}", profile.code);
        rule(url.as_ref().is_some_and(|u| u.scheme() == "https"), format!("{path} is not an https address"));
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().trim_end_matches('.');
        rule(!TEST_HOSTS.contains(&host), format!("{path} is at a test host ({host})"));
        let public = url.as_ref().and_then(Url::host).is_none_or(|host| outgoing::may_be_public(&host));
        rule(public, format!("{path} is at an address that is not public ({host})"));
    }
}
