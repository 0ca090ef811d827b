//! What SePay and Casso list of an account.

use crate::account_webhooks::assert_row;
use crate::host::{Host, PerThread};
use domain::codes::ProfileCode;
use jiff::Timestamp;
use provider::movements::{AtOnce, Listing, Movements, Wanted};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

const ACCOUNT: &str = "1029384756";

thread_local! {
    static LISTERS: PerThread<[Arc<dyn Movements>; 2]> = const { PerThread::new() };
}

fn lister(host: &Host, kind: &str) -> Arc<dyn Movements> {
    let settings = json!({"listing": kind, "listing_url": host.url, "listing_token": "a-token-of-the-fuzzer"});
    let (profile, settings) =
        (ProfileCode::new("fuzzed").expect("a code"), serde_json::from_value(settings).expect("settings"));
    let provider = provider_vietqr::provider(profile, Vec::new(), settings, host.http.clone()).expect("a provider");
    provider.movements.expect("a listing is configured")
}

/// The first byte says whose answer the rest is.
pub fn check(bytes: &[u8]) -> bool {
    let Some((who, body)) = bytes.split_first() else { return false };
    LISTERS.with(|slot| {
        slot.with(
            |host| [lister(host, "sepay"), lister(host, "casso")],
            |host, listers| listed(host, &*listers[usize::from(who % 2)], body),
        )
    })
}

fn listed(host: &Host, lister: &dyn Movements, body: &[u8]) -> bool {
    let (since, now) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(1_795_586_400).expect("a time"));
    let wanted = Wanted { account_number: ACCOUNT, since, now, not_before: now };
    let Ok(Listing { rows, .. }) = host.answering(body, lister.list(wanted, &AtOnce)) else { return false };
    let told = || rows.iter().filter_map(|row| row.report.as_ref().ok());
    let keys: BTreeSet<_> = told().map(|report| &report.source_key).collect();
    assert_eq!(keys.len(), told().count(), "a row twice");
    for report in told() {
        assert_row(report);
        assert_eq!((report.account_number.as_str(), report.teller), (ACCOUNT, lister.teller()));
    }
    for row in &rows {
        let stands = body.windows(row.evidence.len().max(1)).any(|part| part == row.evidence);
        assert!(stands, "evidence that was not sent");
    }
    !rows.is_empty()
}
