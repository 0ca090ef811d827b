//! Listing the account at SePay or Casso: how one page is asked for and read. Whatever is not a whole list is an error, for
//! what a list leaves out must not be there; a row that is not to be read is given as it stands. Asking changes nothing at
//! the teller.

mod casso;
mod sepay;

#[cfg(test)]
mod tests;

use crate::settings::{Lister, Settings};
use domain::account_report::AccountReport;
use provider::json::{Json, Object};
use provider::{Listed, Movements, ProviderError, Turns};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

/// Five thousand rows of SePay are below 4 MB; more is not a listing.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// How long a 429 is heeded: as its header says within these bounds; SePay's, then the common one.
const RETRY_AFTER: [&str; 2] = ["x-sepay-userapi-retry-after", "retry-after"];
const RETRY_AFTER_S: std::ops::RangeInclusive<u64> = 1..=600;
const RETRY_UNTOLD: Duration = Duration::from_secs(5);

/// None where no listing is configured.
pub fn lister(settings: &Settings, http: reqwest::Client) -> Option<Arc<dyn Movements>> {
    let (Some(kind), Some(url), Some(token)) = (settings.listing, &settings.listing_url, &settings.listing_token)
    else {
        return None;
    };
    let pace = Duration::from_millis(settings.listing_pace_ms.into());
    let host = Host { url: url.trim_end_matches('/').to_owned(), token: token.clone(), http, pace };
    Some(match kind {
        Lister::Sepay => Arc::new(sepay::Listing::new(host)),
        Lister::Casso => Arc::new(casso::Listing::new(host)),
    })
}

/// Where one teller's listing is.
struct Host {
    url: String,
    token: SecretString,
    http: reqwest::Client,
    /// From one call to the next, at least.
    pace: Duration,
}

impl Host {
    /// One page's bytes, in its turn.
    async fn get(
        &self,
        path: &str,
        scheme: &str,
        query: &[(&str, String)],
        turns: &dyn Turns,
    ) -> Result<Vec<u8>, ProviderError> {
        let mut authorization = HeaderValue::from_str(&format!("{scheme} {}", self.token.expose_secret()))
            .map_err(|_| ProviderError::Refused("the token is not for a header".to_owned()))?;
        authorization.set_sensitive(true);
        let request = self.http.get(format!("{}{path}", self.url)).query(query).header(AUTHORIZATION, authorization);
        turns.next().await?;
        let response = request.send().await.map_err(not_reached)?;
        expect_ok(response.status(), response.headers())?;
        read(response).await
    }
}

fn row(raw: &RawValue) -> Result<Object, String> {
    Json::object(raw.get()).map_err(|e| format!("a row: {e}"))
}

/// A row with the bytes that it stands in.
fn listed(raw: &RawValue, report: Result<AccountReport, String>) -> Listed {
    Listed { report, evidence: raw.get().as_bytes().to_vec() }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|_| malformed("not the JSON of a listing".to_owned()))
}

/// A question moves nothing; still a time-out after sending keeps its name, as for every call.
fn not_reached(error: reqwest::Error) -> ProviderError {
    if error.is_connect() || error.is_builder() {
        ProviderError::Unavailable(Some(error))
    } else {
        ProviderError::Unknown(Some(error))
    }
}

fn expect_ok(status: reqwest::StatusCode, headers: &HeaderMap) -> Result<(), ProviderError> {
    match status.as_u16() {
        200 => Ok(()),
        code @ (401 | 403) => Err(ProviderError::Refused(format!("HTTP {code}: the token is not accepted"))),
        429 => Err(ProviderError::TooOften(retry_after(headers))),
        500..=599 => Err(ProviderError::Unknown(None)),
        other => Err(malformed(format!("HTTP {other}"))),
    }
}

/// A time in place of seconds is not read.
fn retry_after(headers: &HeaderMap) -> Duration {
    let said = RETRY_AFTER.iter().filter_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse::<u64>().ok());
    said.max().map_or(RETRY_UNTOLD, |s| Duration::from_secs(s.clamp(*RETRY_AFTER_S.start(), *RETRY_AFTER_S.end())))
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| ProviderError::Unknown(Some(e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(malformed("the answer is too long".to_owned()));
        }
    }
    Ok(body)
}

fn malformed(what: String) -> ProviderError {
    ProviderError::Malformed(what)
}

fn ill(what: &'static str) -> String {
    format!("{what} of a row is missing or ill-formed")
}
