//! Calls of the API (GSMA 1.2, sections 4.1 to 4.4): JSON both ways, under a bearer token. An answer comes over TLS from the
//! configured host, which is all that the document proves it by; what it says is checked against what was asked.

use crate::object::{ErrorObject, Link, RequestState, Transaction, ill};
use crate::token::sensitive;
use crate::{Gateway, wire};
use jiff::Timestamp;
use provider::ProviderError;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A real answer is below 4 kB; more is not theirs.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// An answer, whatever it says.
#[derive(Debug, Clone)]
pub struct Heard {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Heard {
    /// 401 is also what a payer who declined is told by (category `authorisation`): only one of the codes is about us.
    fn refuses_the_client(&self) -> bool {
        let about_us = |e: &ErrorObject| e.code() == "clientAuthorisationError";
        self.status == 401 && ErrorObject::read(&self.body).as_ref().is_none_or(about_us)
    }
}

/// No answer.
#[derive(Debug)]
pub struct Lost {
    error: Option<reqwest::Error>,
    /// Nothing can have been done: it was never sent.
    unsent: bool,
}

impl From<Lost> for ProviderError {
    fn from(lost: Lost) -> Self {
        if lost.unsent { Self::Unavailable(lost.error) } else { Self::Unknown(lost.error) }
    }
}

/// What a request is sent with.
pub struct Call<'a> {
    pub method: Method,
    pub path: &'a str,
    pub correlation_id: Option<Uuid>,
    pub callback: Option<&'a str>,
    pub body: Option<&'a Value>,
    pub now: Option<Timestamp>,
}

impl<'a> Call<'a> {
    pub fn get(path: &'a str, now: Option<Timestamp>) -> Self {
        Self { method: Method::GET, path, correlation_id: None, callback: None, body: None, now }
    }
}

/// What an answer leads to in the end: with the bytes that say so.
#[derive(Debug, Clone)]
pub enum Found {
    Transaction(Transaction, Vec<u8>),
    Pending(RequestState, Vec<u8>),
    Failed(Option<ErrorObject>, Vec<u8>),
    /// The provider knows of no such request.
    Absent(Vec<u8>),
}

impl Gateway {
    /// One call; once more with a new token where the kept one is no longer taken.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Heard, ProviderError> {
        self.called(call, |error| error).await
    }

    /// The same, of a call that gives money back: who is not let in has sent nothing, whatever else is said to it.
    pub(crate) async fn call_for_money(&self, call: &Call<'_>) -> Result<Heard, ProviderError> {
        let nothing = |_| ProviderError::Unavailable(None);
        let heard = self.called(call, nothing).await?;
        if heard.refuses_the_client() { Err(ProviderError::Unavailable(None)) } else { Ok(heard) }
    }

    async fn called(
        &self,
        call: &Call<'_>,
        not_let_in: fn(ProviderError) -> ProviderError,
    ) -> Result<Heard, ProviderError> {
        let token = self.token(None).await.map_err(not_let_in)?;
        let heard = send(self.request(call, &token)?).await?;
        if !heard.refuses_the_client() {
            return Ok(heard);
        }
        // a token that was refused did nothing
        let token = self.token(Some(&token)).await.map_err(not_let_in)?;
        Ok(send(self.request(call, &token)?).await?)
    }

    fn request(&self, call: &Call<'_>, token: &SecretString) -> Result<RequestBuilder, ProviderError> {
        let url = format!("{}{}", self.settings.api_url.trim_end_matches('/'), call.path);
        let mut request = self.surroundings.http.request(call.method.clone(), url);
        request = request
            .header("authorization", sensitive(format!("Bearer {}", token.expose_secret()))?)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("x-client-id", &self.settings.client_id);
        if let Some(now) = call.now {
            request = request.header("x-date", wire::date(now));
        }
        if let Some(key) = &self.settings.api_key {
            request = request.header("x-api-key", sensitive(key.expose_secret().to_owned())?);
        }
        if let Some(id) = call.correlation_id {
            request = request.header("x-correlationid", id.hyphenated().to_string());
        }
        if let Some(url) = call.callback {
            request = request.header("x-callback-url", url);
        }
        if let Some(body) = call.body {
            let bytes = body.to_string().into_bytes();
            // SHA-256 over the body, in hex (section 4.1)
            request = request.header("x-content-hash", hex::encode(Sha256::digest(&bytes))).body(bytes);
        }
        Ok(request)
    }

    /// Asks what became of a request of ours, by its correlation id: the way back after a lost answer (section 4.2).
    pub(crate) async fn find(&self, correlation_id: Uuid, now: Option<Timestamp>) -> Result<Found, ProviderError> {
        let path = format!("/responses/{}", correlation_id.hyphenated());
        let heard = self.call(&Call::get(&path, now)).await?;
        match heard.status {
            200 => match Link::read(&heard.body)? {
                Link::Transaction(reference) => self.transaction(&reference, now).await,
                Link::RequestState(id) => self.request_state(&id, now).await,
            },
            404 if ErrorObject::read(&heard.body).is_some() => Ok(Found::Absent(heard.body)),
            _ => Err(not_good(&heard)),
        }
    }

    /// Where an asynchronous request stands, and what came of it.
    pub(crate) async fn request_state(&self, id: &str, now: Option<Timestamp>) -> Result<Found, ProviderError> {
        let path = format!("/requeststates/{id}");
        let heard = self.call(&Call::get(&path, now)).await?;
        match heard.status {
            200 => {}
            404 if ErrorObject::read(&heard.body).is_some() => return Ok(Found::Absent(heard.body)),
            _ => return Err(not_good(&heard)),
        }
        let state = RequestState::read(&heard.body)?;
        if state.server_correlation_id != id {
            return Err(ill("another request's state"));
        }
        match state.status {
            crate::object::State::Pending => Ok(Found::Pending(state, heard.body)),
            crate::object::State::Failed => Ok(Found::Failed(state.error, heard.body)),
            crate::object::State::Completed => {
                let reference = state.object_reference.ok_or_else(|| ill("completed without objectReference"))?;
                self.transaction(&reference, now).await
            }
        }
    }

    pub(crate) async fn transaction(&self, reference: &str, now: Option<Timestamp>) -> Result<Found, ProviderError> {
        let path = format!("/transactions/{reference}");
        let heard = self.call(&Call::get(&path, now)).await?;
        match heard.status {
            200 => {}
            404 if ErrorObject::read(&heard.body).is_some() => return Ok(Found::Absent(heard.body)),
            _ => return Err(not_good(&heard)),
        }
        let transaction = Transaction::read(&heard.body)?;
        if transaction.reference != reference {
            return Err(ill("another transaction"));
        }
        Ok(Found::Transaction(transaction, heard.body))
    }

    /// The address at which we hear of this order or refund.
    pub(crate) fn callback(&self, what: &str, name: &str) -> Option<String> {
        let keys = self.callbacks.as_ref()?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(what, name)
            .append_pair("key", &keys.sign(what, name))
            .finish();
        Some(format!("{}?{query}", self.surroundings.webhook_url))
    }
}

/// Sends, and reads no more than an answer can be.
pub async fn send(request: RequestBuilder) -> Result<Heard, Lost> {
    let lost = |error: reqwest::Error| {
        let unsent = error.is_connect() || error.is_builder();
        // the address has a reference in it, and the log shall not
        Lost { error: Some(error.without_url()), unsent }
    };
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(Lost { error: None, unsent: false });
        }
    }
    Ok(Heard { status, body })
}

/// An answer to a question that is none.
pub fn not_good(heard: &Heard) -> ProviderError {
    match heard.status {
        429 | 503 => ProviderError::Unavailable(None),
        500..=599 => ProviderError::Unknown(None),
        401 | 403 => ProviderError::Refused("the provider does not take this client".to_owned()),
        status => match ErrorObject::read(&heard.body) {
            Some(error) => ProviderError::Malformed(format!("HTTP {status}: {}", error.code())),
            None => ProviderError::Malformed(format!("HTTP {status}")),
        },
    }
}
