//! `X-Callback-URL`: where a provider that heard 202 is told the outcome, by PUT, as the body of a synchronous answer or as the
//! error object (OpenAPI 1.2.0, `billsPaymentsSuccessEvent`, `billsPaymentsFailureEvent`). Whoever has a token could make us
//! call any address, so the contract says where: one scheme, host and port, and what the path begins with.

use super::{Wallet, fault_of, wire};
use async_trait::async_trait;
use jiff::Timestamp;
use provider::http::answer;
use provider::{BillCallbacks, Decided, ProviderError};
use sha2::{Digest, Sha256};
use url::Url;

const MAX_URL_LEN: usize = 2048;

/// Where the provider takes callbacks.
#[derive(Debug, Clone)]
pub struct Place(Url);

impl Place {
    /// None when it is no address of the web, or says more than where.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
        (is_plain(&url) && url.query().is_none()).then_some(Self(url))
    }

    /// The address as it is called, where it is within this place.
    pub fn admits(&self, text: &str) -> Option<Url> {
        // as it is kept: what had to be escaped has grown
        let url = Url::parse(text).ok().filter(|url| url.as_str().len() <= MAX_URL_LEN && is_plain(url))?;
        // `url` has resolved dots in the path by now
        let (own, path) = (self.0.path().trim_end_matches('/'), url.path());
        let is_under = path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (url.origin() == self.0.origin() && is_under).then_some(url)
    }
}

/// Without a name, a password or a part of the page.
fn is_plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

#[async_trait]
impl BillCallbacks for Wallet {
    async fn tell(
        &self,
        url: &str,
        call_id: Option<&str>,
        decided: &Decided,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        let url = self.callbacks_at.as_ref().and_then(|place| place.admits(url));
        let url = url.ok_or_else(|| ProviderError::Refused("not the contract's address".to_owned()))?;
        let body = match fault_of(decided, decided.amount) {
            None => wire::paid(decided),
            Some(fault) => fault.body(decided.at),
        }
        .to_string();
        let mut call = self
            .http
            .put(url)
            .header("content-type", "application/json")
            .header("x-date", now.to_string())
            .header("x-content-hash", hex::encode(Sha256::digest(&body)));
        if let Some(id) = call_id {
            call = call.header("x-correlationid", id);
        }
        match answer(call.body(body)).await? {
            (200..=299, _) => Ok(()),
            (status, _) => Err(ProviderError::Refused(status.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_within_the_contracts_place_are_called() {
        let place = Place::read("https://mm.example/back").expect("a place");
        for good in ["https://mm.example/back", "https://mm.example:443/back/7?id=1", "https://MM.example/back/"] {
            assert!(place.admits(good).is_some(), "{good}");
        }
        for bad in [
            "http://mm.example/back",
            "https://mm.example/backdoor",
            "https://mm.example/back/../admin",
            "https://mm.example/back/%2e%2e/admin",
            "https://mm.example:8443/back",
            "https://mm.example.evil.example/back",
            "https://mm.example@evil.example/back",
            "https://me:secret@mm.example/back",
            "https://mm.example/back#x",
            "https://169.254.169.254/back",
            "//mm.example/back",
            "file:///back",
            "",
        ] {
            assert!(place.admits(bad).is_none(), "{bad}");
        }
        assert!(place.admits(&format!("https://mm.example/back/{}", "x".repeat(MAX_URL_LEN))).is_none());
        assert!(Place::read("https://mm.example").is_some_and(|p| p.admits("https://mm.example/any/where").is_some()));
        for bad in ["mm.example", "ftp://mm.example", "https://mm.example/?a=b", "https://a:b@mm.example/"] {
            assert!(Place::read(bad).is_none(), "{bad}");
        }
    }
}
