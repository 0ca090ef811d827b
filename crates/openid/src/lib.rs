//! An identity provider by OpenID Connect Core 1.0: the authorization code flow of a confidential client with PKCE, and what
//! RFC 9700 asks beyond that. What is refused, and by which module:
//!
//! | | |
//! |---|---|
//! | a description whose issuer is not the configured one, or that sends us to a host which is not listed | `discovery` |
//! | a redirect, an answer that is too long or too late; outside trials plain HTTP and addresses that are not public | `http` |
//! | a token signed by `none`, by a shared secret, by anything but RS256 or ES256 | `token` |
//! | a key that is not listed, that is of another kind or for another use, RSA below 2048 bits | `keys` |
//! | another issuer, another or a further audience, another `azp`, another nonce; a token that is over, or not of now | `token` |
//! | who was asked anew and shows no `auth_time` since | `token` |
//! | an answer in another provider's name (RFC 9207) | here |
//!
//! Nothing is believed but the ID token. No access token is used, and nobody's name or address is asked for or kept.

mod discovery;
mod http;
mod keys;
mod token;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use discovery::{Description, Rules};
use http::Http;
use identity::outside::{IdentityProvider, OutsideError, Returned, Shown, Way};
use jiff::{SignedDuration, Timestamp};
use keys::Keys;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// What the provider says of itself is asked for again after this: a key that it has withdrawn is good no longer.
const KNOWN_FOR: SignedDuration = SignedDuration::from_mins(10);
/// A token that names a key which nobody knows makes us ask this often at most.
const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// OpenID Connect Core 1.0, section 3.1.2.1; of claims we want none.
const SCOPE: &str = "openid";

/// Who the provider is, and who we are there.
#[derive(Debug, Clone)]
pub struct Settings {
    pub issuer: String,
    pub name: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Hosts of its endpoints beside the issuer's own.
    pub hosts: Vec<String>,
    /// Words of `acr` or `amr` that stand for two factors.
    pub two_factors: Vec<String>,
    /// Where the browser comes back to.
    pub return_url: String,
    /// Where it lands when it was signed out there.
    pub left_url: String,
    /// Trials: the provider may be on this machine, and speak plain HTTP.
    pub is_trial: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the issuer is not an address with https, and without a question or a fragment")]
    Issuer,
    #[error("not a host name: {0}")]
    Host(String),
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// A provider that is asked over HTTP.
pub struct Client {
    settings: Settings,
    rules: Rules,
    http: Http,
    known: Mutex<Option<Arc<Known>>>,
}

/// What the provider says of itself, and when it was asked.
struct Known {
    description: Description,
    keys: Keys,
    asked_at: Timestamp,
}

impl Client {
    /// # Errors
    /// When an address or a host is none, or no TLS provider is installed in the process.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let rules = Rules::new(&settings)?;
        let http = Http::new(&rules).map_err(SettingsError::Http)?;
        Ok(Self { settings, rules, http, known: Mutex::new(None) })
    }

    /// Nobody waits for another's question: a provider that hangs would make one of all of them.
    async fn known(&self, younger_than: SignedDuration, now: Timestamp) -> Result<Arc<Known>, OutsideError> {
        let held = self.held().clone();
        if let Some(known) = held.filter(|known| now.duration_since(known.asked_at) < younger_than) {
            return Ok(known);
        }
        let body = self.http.get(&self.rules.description_url()).await?;
        let description = Description::read(&body, &self.settings.issuer, &self.rules)?;
        let keys = Keys::read(&self.http.get(&description.jwks_uri).await?)?;
        let fresh = Arc::new(Known { description, keys, asked_at: now });
        let mut held = self.held();
        // who asked earlier may be answered later
        if held.as_ref().is_none_or(|held| held.asked_at <= now) {
            *held = Some(fresh.clone());
        }
        Ok(fresh)
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token for a code. The code is spent by this, whatever comes of it.
    async fn redeem(&self, known: &Known, code: &str, verifier: &str) -> Result<String, OutsideError> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        let (form, basic) = self.question(known.description.takes_basic, code, verifier);
        let body = self.http.post(&known.description.token_endpoint, form, basic).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| OutsideError::Malformed)?;
        Ok(answer.id_token)
    }

    /// The form, and the header where the secret does not stand in it.
    fn question(&self, takes_basic: bool, code: &str, verifier: &str) -> (String, Option<String>) {
        let Settings { client_id, client_secret, return_url, .. } = &self.settings;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", return_url).append_pair("code_verifier", verifier);
        if takes_basic {
            return (form.finish(), Some(basic(client_id, client_secret.expose_secret())));
        }
        form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.expose_secret());
        (form.finish(), None)
    }

    /// Keys change: whoever is signed by one that we have not heard of is looked for once more, if that was not just done.
    async fn verified(&self, text: &str, known: Arc<Known>, now: Timestamp) -> Result<Vec<u8>, OutsideError> {
        match token::verified(text, &known.keys) {
            Err(OutsideError::Key) => {
                let newer = self.known(ASKED_AGAIN_AFTER, now).await?;
                token::verified(text, &newer.keys)
            }
            other => other,
        }
    }
}

/// RFC 6749, section 2.3.1: both are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> String {
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", part(id), part(secret))))
}

#[async_trait]
impl IdentityProvider for Client {
    fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn way_in(&self, way: &Way, anew: bool, now: Timestamp) -> Result<String, OutsideError> {
        let known = self.known(KNOWN_FOR, now).await?;
        let mut url = known.description.authorization_endpoint.clone();
        let mut asked = url.query_pairs_mut();
        asked.append_pair("response_type", "code").append_pair("scope", SCOPE);
        asked.append_pair("client_id", &self.settings.client_id);
        asked.append_pair("redirect_uri", &self.settings.return_url);
        asked.append_pair("state", &way.state).append_pair("nonce", &way.nonce);
        asked.append_pair("code_challenge", &way.challenge()).append_pair("code_challenge_method", "S256");
        if anew {
            // `max_age` makes the provider say when (OpenID Connect Core 1.0, section 3.1.2.1)
            asked.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        drop(asked);
        Ok(url.into())
    }

    async fn arrived(
        &self,
        way: &Way,
        returned: &Returned,
        asked_anew_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Shown, OutsideError> {
        let known = self.known(KNOWN_FOR, now).await?;
        let is_own = match &returned.issuer {
            Some(issuer) => *issuer == self.settings.issuer,
            None => !known.description.names_itself,
        };
        if !is_own {
            return Err(OutsideError::Issuer);
        }
        if let Some(error) = &returned.error {
            // whoever made the address wrote this
            return Err(OutsideError::Declined(error.chars().filter(char::is_ascii_graphic).take(64).collect()));
        }
        let code = returned.code.as_deref().ok_or(OutsideError::Code)?;
        let text = self.redeem(&known, code, &way.verifier).await?;
        let payload = self.verified(&text, known, now).await?;
        let asked = token::Asked {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &way.nonce,
            anew_at: asked_anew_at,
        };
        token::checked(&payload, &asked, &self.settings.two_factors, now)
    }

    async fn way_out(&self, now: Timestamp) -> Option<String> {
        let known = self.known(KNOWN_FOR, now).await.ok()?;
        // the token that it would be shown names its holder, and is therefore not kept: the provider asks them itself
        let mut url: Url = known.description.end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", &self.settings.left_url);
        Some(url.into())
    }
}
