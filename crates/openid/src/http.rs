//! Calls to the provider: to listed hosts, in time, no longer than its answers are, and never on to somewhere else.

use crate::discovery::Rules;
use identity::outside::OutsideError;
use outgoing::PublicOnly;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, StatusCode};
use std::time::Duration;
use url::Url;

/// A person looks at an empty page meanwhile.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_ANSWER_BYTES: usize = 128 * 1024;

pub(crate) struct Http(reqwest::Client);

impl Http {
    pub fn new(rules: &Rules) -> Result<Self, reqwest::Error> {
        let builder = outgoing::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        let builder =
            if rules.is_trial { builder } else { builder.https_only(true).dns_resolver(PublicOnly::new(&rules.hosts)) };
        Ok(Self(builder.build()?))
    }

    /// # Errors
    /// When it is not reached, or answers anything but 200.
    pub async fn get(&self, url: &Url) -> Result<Vec<u8>, OutsideError> {
        let (status, body) = answer(self.0.get(url.clone())).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(OutsideError::NotReached(format!("it answers {status}"))) }
    }

    /// # Errors
    /// As [`Http::get`]; `Code` where the provider refuses what was sent.
    pub async fn post(&self, url: &Url, form: String, authorization: Option<String>) -> Result<Vec<u8>, OutsideError> {
        let mut request = self.0.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        match answer(request).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) if status.is_client_error() => Err(OutsideError::Code),
            (status, _) => Err(OutsideError::NotReached(format!("it answers {status}"))),
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), OutsideError> {
    // an address may hold what is secret: the error is told without it
    let not_reached = |error: reqwest::Error| OutsideError::NotReached(error.without_url().to_string());
    let mut response = request.header(ACCEPT, "application/json").send().await.map_err(not_reached)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(not_reached)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(OutsideError::NotReached("its answer is too long".to_owned()));
        }
    }
    Ok((response.status(), body))
}
