//! One delivery to a portal's endpoint, and what became of it. It refuses (reliability, F43): plain HTTP and hosts
//! outside the list where production says so, addresses that are not public, names that resolve to such, redirects,
//! proxies from the environment. Success is 2xx and nothing else.

use crate::signature;
use jiff::Timestamp;
use outgoing::PublicOnly;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::SecretString;
use serde::Deserialize;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

#[cfg(test)]
mod tests;

/// The answer's body proves nothing; this much is read so that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 4096;
const MAX_URL_LEN: usize = 2048;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default)]
    pub allow_http: bool,
    /// Host names without port; may be empty only where private addresses are allowed, which is for tests and trials.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    #[serde(default)]
    pub allow_private: bool,
    /// Standard Webhooks 1.0 advises 15 to 30 s.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Accepted {
        status: u16,
    },
    /// Any other answer, redirects included. `retry_after` is the receiver's wish; how far to follow it is the caller's.
    Refused {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// 410: the receiver wants no more (Standard Webhooks 1.0).
    Gone,
    /// Surely not received.
    NotSent {
        reason: String,
    },
    /// Perhaps received; it is sent again with the same id and bytes.
    Unknown {
        reason: String,
    },
}

/// Why an endpoint's address is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("not an absolute web address of at most {MAX_URL_LEN} characters")]
    Malformed,
    #[error("only https is allowed")]
    Scheme,
    #[error("a user name or password in the address is not allowed")]
    Credentials,
    #[error("the host is not on the list")]
    HostNotAllowed,
    #[error("the host is not a public address")]
    NotPublic,
}

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("without private addresses the list of allowed hosts must not be empty")]
    NoAllowedHosts,
    #[error("timeout_ms is above zero")]
    NoTimeout,
    #[error("an allowed host is not a host name: {0:?}")]
    BadHost(String),
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_http: bool,
    allow_private: bool,
    allowed_hosts: Arc<[Host]>,
}

impl Client {
    /// # Errors
    /// When the list of hosts is empty or ill-formed, the time limit zero, or no TLS provider is installed in the process.
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        if settings.allowed_hosts.is_empty() && !settings.allow_private {
            return Err(ClientError::NoAllowedHosts);
        }
        if settings.timeout_ms == 0 {
            return Err(ClientError::NoTimeout);
        }
        let host = |text: &String| Host::parse(text).map_err(|_| ClientError::BadHost(text.clone()));
        let allowed_hosts: Arc<[Host]> = settings.allowed_hosts.iter().map(host).collect::<Result<_, _>>()?;
        Ok(Self {
            http: http(settings, &allowed_hosts).map_err(ClientError::Http)?,
            allow_http: settings.allow_http,
            allow_private: settings.allow_private,
            allowed_hosts,
        })
    }

    /// For registration, and again before each delivery: the settings may have become stricter since.
    ///
    /// # Errors
    /// The first rule that the address breaks.
    pub fn check_url(&self, url: &str) -> Result<(), UrlError> {
        self.parse_url(url).map(drop)
    }

    /// Sends once. `timestamp` is the moment of this attempt; id and body are the same at each.
    pub async fn send(
        &self,
        url: &str,
        secrets: &[SecretString],
        id: &str,
        timestamp: Timestamp,
        body: &[u8],
    ) -> Delivery {
        let url = match self.parse_url(url) {
            Ok(url) => url,
            Err(error) => return Delivery::NotSent { reason: error.to_string() },
        };
        let signature = match signature::sign(secrets, id, timestamp, body) {
            Ok(signature) => signature,
            Err(error) => return Delivery::NotSent { reason: error.to_string() },
        };
        let mut request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.as_second())
            .header("webhook-signature", signature);
        // a receiver that traces finds its part in the payment's trace
        if let Some(traceparent) = telemetry::trace::current() {
            request = request.header(telemetry::trace::HEADER, traceparent);
        }
        match request.body(body.to_vec()).send().await {
            Ok(response) => conclude(response, timestamp).await,
            Err(error) => failed(error),
        }
    }

    fn parse_url(&self, text: &str) -> Result<Url, UrlError> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_URL_LEN).ok_or(UrlError::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            _ => return Err(UrlError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        self.check_host(url.host().ok_or(UrlError::Malformed)?.to_owned())?;
        Ok(url)
    }

    fn check_host(&self, host: Host) -> Result<(), UrlError> {
        if !self.allowed_hosts.is_empty() && !self.allowed_hosts.contains(&host) {
            return Err(UrlError::HostNotAllowed);
        }
        if outgoing::may_be_public(&host) || self.allow_private { Ok(()) } else { Err(UrlError::NotPublic) }
    }
}

fn default_timeout_ms() -> u64 {
    15_000
}

fn http(settings: &Settings, allowed_hosts: &[Host]) -> Result<reqwest::Client, reqwest::Error> {
    let timeout = Duration::from_millis(settings.timeout_ms);
    let builder = outgoing::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .https_only(!settings.allow_http);
    // a name that was public at registration may be rebound since: it is looked at again when it is connected to
    if settings.allow_private { builder.build() } else { builder.dns_resolver(PublicOnly::new(allowed_hosts)).build() }
}

async fn conclude(response: reqwest::Response, now: Timestamp) -> Delivery {
    let status = response.status();
    let retry_after = retry_after(response.headers(), now);
    drop_body(response).await;
    match status.as_u16() {
        status @ 200..=299 => Delivery::Accepted { status },
        410 => Delivery::Gone,
        status => Delivery::Refused { status, retry_after },
    }
}

/// The status is known by now, so a body that breaks off changes nothing.
async fn drop_body(mut response: reqwest::Response) {
    let mut read = 0;
    while let (true, Ok(Some(chunk))) = (read < MAX_ANSWER_BYTES, response.chunk().await) {
        read += chunk.len();
    }
}

fn failed(error: reqwest::Error) -> Delivery {
    let not_sent = error.is_connect() || error.is_builder();
    // The address may hold a token of the receiver's: it stays out of logs.
    let reason = chain(&error.without_url());
    if not_sent { Delivery::NotSent { reason } } else { Delivery::Unknown { reason } }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Seconds, or an HTTP date as all senders of today write it (RFC 9110, section 10.2.3); anything else is no wish.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<u32>().ok().map(|s| Duration::from_secs(s.into()));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}
