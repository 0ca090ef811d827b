//! The client for calls to providers: time limits, no redirects, no proxy from the environment.

use std::time::Duration;

/// Providers are asked to answer within this; a payer or a poll waits no longer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// # Errors
/// When no TLS provider is installed in the process.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(Duration::from_secs(3))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("motlan")
        .build()
}
