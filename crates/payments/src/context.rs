//! What every use case works with, and who calls it.

use crate::breaker::Breakers;
use crate::settings::Settings;
use crate::slots::Slots;
use domain::codes::{ChannelCode, ProfileCode};
use domain::mode::Mode;
use domain::principal::Who;
use mail::Post;
use provider::Registry;
use receipt::signing::Signer;
use std::sync::Arc;
use storage::{Pool, Vault};
use tokio::sync::Notify;

/// The parts of one process. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub pool: Pool,
    pub providers: Arc<Registry>,
    /// Which of them have been answering this process.
    pub breakers: Breakers,
    pub vault: Arc<Vault>,
    pub dossier: Arc<dossier::Client>,
    pub settings: Arc<Settings>,
    pub mode: Mode,
    /// Where payers reach us, without a slash at the end.
    pub public_url: Arc<str>,
    /// Rings when there may be work for the worker of this process; it never carries the work itself.
    pub wake: Arc<Notify>,
    /// Signs receipts in the collectors' name; where there is none, no number is taken.
    pub signer: Option<Arc<dyn Signer>>,
    /// By whom payers are told of their receipts; where there is none, nobody is.
    pub post: Option<Arc<dyn Post>>,
    /// What may be under way to neighbours at once.
    pub slots: Slots,
}

impl Context {
    pub fn checkout_url(&self, token: &str) -> String {
        format!("{}/pay/{token}", self.public_url)
    }

    /// Where anybody sees whether a receipt stands.
    pub fn receipt_url(&self, token: &str) -> String {
        format!("{}/receipts/{token}", self.public_url)
    }

    /// The host of that address, as what we send names us; a process that nobody reaches has none.
    pub(crate) fn public_host(&self) -> &str {
        let after_scheme = self.public_url.split_once("://").map_or(&*self.public_url, |(_, rest)| rest);
        let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
        // an address of IPv6 has colons of its own
        let host = authority.strip_prefix('[').and_then(|rest| rest.split(']').next());
        let host = host.or_else(|| authority.split(':').next()).unwrap_or_default();
        let is_plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && !b"<>@".contains(&b));
        if is_plain { host } else { "localhost" }
    }

    /// Where the provider of this contract reports.
    pub fn webhook_url(&self, channel: &ChannelCode, profile: &ProfileCode) -> String {
        format!("{}/v1/webhooks/{channel}/{profile}", self.public_url)
    }
}

/// Who asks, and under which request id.
#[derive(Debug, Clone)]
pub struct Caller {
    pub who: Who,
    pub request_id: String,
}

impl Caller {
    pub fn system() -> Self {
        Self { who: Who::System, request_id: String::new() }
    }

    /// As it stands in transitions, journals and audit.
    pub fn actor(&self) -> String {
        self.who.to_string()
    }
}
