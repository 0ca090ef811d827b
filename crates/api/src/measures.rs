//! What the API counts. No label holds an id or a person.

use std::time::Duration;
use telemetry::metrics::REQUESTS;

/// Anybody may send a method of any name, and each new label would stay for ever (OpenTelemetry, "HTTP metrics").
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const OTHER: &str = "_OTHER";

/// A call answered. `route`: the template, never the path.
pub fn request(method: &str, route: &str, status: u16, took: Duration) {
    let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or(OTHER);
    REQUESTS.took(took, &[("method", method), ("route", route), ("status", &status.to_string())]);
}
