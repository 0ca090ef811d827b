//! What the API counts. Names and units by OpenTelemetry's conventions; no label holds an id or a person.

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};

#[derive(Clone)]
pub struct Measures {
    pub requests: Histogram<f64>,
    webhooks: Counter<u64>,
}

impl Measures {
    pub fn new() -> Self {
        let meter = global::meter("motlan");
        Self {
            requests: meter
                .f64_histogram("http_server_request_duration")
                .with_unit("s")
                .with_boundaries(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
                .build(),
            webhooks: meter.u64_counter("motlan_webhooks").with_description("calls of providers, by outcome").build(),
        }
    }

    pub fn webhook(&self, channel: &str, outcome: &'static str) {
        self.webhooks.add(1, &[KeyValue::new("channel", channel.to_owned()), KeyValue::new("outcome", outcome)]);
    }
}
