//! REST: parses at the door, calls one use case, renders its outcome. Decides nothing about money.

mod admin;
mod approvals;
pub mod auth;
mod bills;
mod body;
mod cases;
mod closing_report;
mod considered;
mod counters;
mod days;
pub mod door;
mod effect;
mod endpoints;
mod events;
mod files;
mod intents;
pub mod keys;
mod measures;
mod named;
mod obligations;
pub mod openapi;
mod openings;
mod operating;
mod payments_of;
pub mod problem;
mod rate_limit;
mod receipt_days;
mod receipts;
mod refunds;
mod rehearsals;
mod remittances;
mod reports;
mod resolutions;
mod routes;
mod said;
mod settlements;
mod statements;
mod views;
mod webhooks;

use payments::report::Turns;
use rate_limit::RateLimit;
use secrecy::SecretString;
use std::sync::Arc;
use volatile::Volatile;

pub use openapi::reference;
pub use routes::{ops, public, staff};

/// What a body may be.
#[derive(Debug, Clone)]
pub struct Limits {
    pub max_body_bytes: usize,
    pub body_timeout_ms: u64,
    /// Of a statement or a settlement file.
    pub max_file_bytes: usize,
    pub file_timeout_ms: u64,
    /// Calls of one key in a minute; 0 limits nothing.
    pub calls_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 262_144,
            body_timeout_ms: 10_000,
            max_file_bytes: 268_435_456,
            file_timeout_ms: 300_000,
            calls_per_minute: 0,
        }
    }
}

pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the binary hands over.
pub struct Parts {
    pub ctx: payments::Context,
    /// Keys are stored as HMAC-SHA-256 under it.
    pub api_key_pepper: SecretString,
    pub limits: Limits,
    /// What this process shares with the others.
    pub volatile: Volatile,
    /// Of reports, shared with the console.
    pub turns: Turns,
    pub render_metrics: RenderMetrics,
}

/// Shared by all listeners and their threads; cheap to clone.
#[derive(Clone)]
pub struct State {
    pub(crate) ctx: payments::Context,
    pub(crate) api_key_pepper: Arc<SecretString>,
    pub(crate) limits: Limits,
    pub(crate) render_metrics: RenderMetrics,
    pub(crate) remembered: Arc<auth::Remembered>,
    pub(crate) rate_limit: Arc<RateLimit>,
    pub(crate) turns: Turns,
}

impl State {
    pub fn new(parts: Parts) -> Self {
        Self {
            rate_limit: Arc::new(RateLimit::new(parts.limits.calls_per_minute, parts.volatile)),
            ctx: parts.ctx,
            api_key_pepper: Arc::new(parts.api_key_pepper),
            limits: parts.limits,
            render_metrics: parts.render_metrics,
            remembered: Arc::default(),
            turns: parts.turns,
        }
    }
}
