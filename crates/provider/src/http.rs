//! The client for calls to providers: time limits, no redirects, no proxy from the environment; outside trials only the
//! hosts of the configuration, over https, at public addresses.

use crate::error::ProviderError;
use outgoing::PublicOnly;
use reqwest::{ClientBuilder, RequestBuilder};
use std::time::Duration;
use url::Host;

/// Providers are asked to answer within this; a payer or a poll waits no longer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// For trials: the other side may be a simulator on this machine.
///
/// # Errors
/// When no TLS provider is installed in the process.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    builder().build()
}

/// For production: calls these hosts and no other.
///
/// # Errors
/// When no TLS provider is installed in the process.
pub fn client_to(hosts: &[Host]) -> Result<reqwest::Client, reqwest::Error> {
    builder().https_only(true).dns_resolver(PublicOnly::new(hosts)).build()
}

/// A real answer of any provider is below 4 kB; more is not its.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Sends, and reads an answer that the provider made for us: 200, or a refusal below 500 with a body that its document
/// describes. Nothing of it is believed yet.
///
/// # Errors
/// `Unavailable` where nothing can have been done, `Unknown` where it may have, `Malformed` for what is too long.
pub async fn answer(call: RequestBuilder) -> Result<(u16, Vec<u8>), ProviderError> {
    answer_within(call, MAX_ANSWER_BYTES).await
}

/// The same, of a document that may be this long.
///
/// # Errors
/// As [`answer`].
pub async fn answer_within(call: RequestBuilder, max_bytes: usize) -> Result<(u16, Vec<u8>), ProviderError> {
    let mut response = call.send().await.map_err(not_reached)?;
    let status = response.status().as_u16();
    match status {
        429 => return Err(ProviderError::Unavailable(None)),
        500.. => return Err(ProviderError::Unknown(None)),
        _ => {}
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| ProviderError::Unknown(Some(e)))? {
        body.extend_from_slice(&chunk);
        if body.len() > max_bytes {
            return Err(ProviderError::Malformed("the answer is too long".to_owned()));
        }
    }
    Ok((status, body))
}

/// Only what was never sent is known to have done nothing.
fn not_reached(error: reqwest::Error) -> ProviderError {
    if error.is_connect() || error.is_builder() {
        ProviderError::Unavailable(Some(error))
    } else {
        ProviderError::Unknown(Some(error))
    }
}

fn builder() -> ClientBuilder {
    outgoing::builder().timeout(TIMEOUT).connect_timeout(Duration::from_secs(3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use tokio::net::TcpListener;

    fn why(error: &dyn Error) -> String {
        error.source().map_or_else(|| error.to_string(), why)
    }

    #[tokio::test]
    async fn in_production_a_listener_on_loopback_sees_no_connection() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("address").port();
        // on the list on purpose: the address itself must be what stops it
        let listed = Host::parse("localhost").expect("a host");
        let client = client_to(&[listed]).expect("a client");
        for (url, said) in [
            (format!("https://localhost:{port}/"), "the host has no public address"),
            (format!("https://elsewhere.example.vn:{port}/"), "the host is not on the list"),
            (format!("http://localhost:{port}/"), "URL scheme is not allowed"),
        ] {
            let error = client.post(&url).body("order").send().await.expect_err("it was sent");
            assert_eq!(why(&error), said, "{url}");
        }
        let nobody = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(nobody.is_err(), "somebody connected");
    }
}
