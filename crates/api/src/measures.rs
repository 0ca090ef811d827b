//! What the API counts. Names and labels stand in the table of `telemetry`; no label holds an id or a person.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use std::time::Duration;
use telemetry::metrics::{REQUESTS, WEBHOOKS};

/// Anybody may send a method of any name, and each new label would stay for ever (OpenTelemetry, "HTTP metrics").
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const OTHER: &str = "_OTHER";

#[derive(Clone)]
pub struct Measures {
    requests: Histogram<f64>,
    webhooks: Counter<u64>,
}

impl Measures {
    pub fn new() -> Self {
        Self { requests: REQUESTS.histogram(), webhooks: WEBHOOKS.counter() }
    }

    /// `route`: the template, never the path.
    pub fn request(&self, method: &str, route: String, status: u16, took: Duration) {
        let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or(OTHER);
        let labels = [
            KeyValue::new("method", method),
            KeyValue::new("route", route),
            KeyValue::new("status", i64::from(status)),
        ];
        self.requests.record(took.as_secs_f64(), &labels);
    }

    pub fn webhook(&self, channel: &str, outcome: &'static str) {
        self.webhooks.add(1, &[KeyValue::new("channel", channel.to_owned()), KeyValue::new("outcome", outcome)]);
    }
}
