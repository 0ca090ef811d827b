//! The access token (OAuth2 client credentials, RFC 6749 section 4.4): one process asks for it, all use it. A Redis that is
//! away costs each process a request of its own.

use crate::Gateway;
use crate::api::{self, Lost};
use crate::object::ill;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use provider::ProviderError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// Less than the provider says: a call that is under way when it ends would be refused.
const MARGIN: Duration = Duration::from_secs(30);
/// Where the provider does not say how long (RFC 6749, section 5.1: `expires_in` is recommended, not required).
const UNSAID: Duration = Duration::from_secs(300);
/// No token is believed for longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    token_type: Option<String>,
    expires_in: Option<u64>,
}

impl Gateway {
    /// The present token, or a new one. `refused`: the provider would not take this one any more.
    pub(crate) async fn token(&self, refused: Option<&SecretString>) -> Result<SecretString, ProviderError> {
        let name = self.token_name();
        if let Some(kept) = self.surroundings.volatile.token(&name).await {
            // another process may have asked anew already
            if refused.is_none_or(|r| r.expose_secret() != kept.expose_secret()) {
                return Ok(kept);
            }
        }
        let (token, lasts) = self.granted().await?;
        if !lasts.is_zero() {
            self.surroundings.volatile.keep_token(&name, &token, lasts).await;
        }
        Ok(token)
    }

    /// Two clients of one provider share nothing.
    fn token_name(&self) -> String {
        format!("mobile_money:{}", self.profile)
    }

    /// With the present secret, then with the one that follows it.
    async fn granted(&self) -> Result<(SecretString, Duration), ProviderError> {
        let settings = &self.settings;
        match (self.grant(&settings.client_secret).await, &settings.client_secret_next) {
            (Err(ProviderError::Refused(_)), Some(next)) => self.grant(next).await,
            (outcome, _) => outcome,
        }
    }

    async fn grant(&self, secret: &SecretString) -> Result<(SecretString, Duration), ProviderError> {
        let both = format!("{}:{}", self.settings.client_id, secret.expose_secret());
        let mut request = self
            .surroundings
            .http
            .post(&self.settings.token_url)
            .header("authorization", sensitive(format!("Basic {}", BASE64_STANDARD.encode(both)))?)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        if let Some(key) = &self.settings.api_key {
            request = request.header("x-api-key", sensitive(key.expose_secret().to_owned())?);
        }
        // whatever went wrong here, nothing was asked of the provider yet
        let lost = |_| ProviderError::Unavailable(None);
        let answer = api::send(request).await.map_err(|e: Lost| lost(e))?;
        match answer.status {
            200 => granted(&answer.body),
            400 | 401 | 403 => Err(ProviderError::Refused("the provider gives this client no token".to_owned())),
            _ => Err(ProviderError::Unavailable(None)),
        }
    }
}

fn granted(body: &[u8]) -> Result<(SecretString, Duration), ProviderError> {
    let granted: Granted = serde_json::from_slice(body).map_err(|_| ill("not a token"))?;
    let token = granted.access_token.expose_secret();
    let usable = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if !usable || granted.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(ill("not a bearer token"));
    }
    let lasts = granted.expires_in.map_or(UNSAID, Duration::from_secs).min(LONGEST).saturating_sub(MARGIN);
    Ok((granted.access_token, lasts))
}

/// A header that is not shown where requests are.
pub(crate) fn sensitive(text: String) -> Result<reqwest::header::HeaderValue, ProviderError> {
    let mut value = reqwest::header::HeaderValue::try_from(text).map_err(|_| ill("a secret that no header holds"))?;
    value.set_sensitive(true);
    Ok(value)
}
