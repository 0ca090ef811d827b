//! Every metric on one page: name, unit, labels. Whoever knows a fact tells it to its row here, and the dashboards and
//! alerts under `deploy/` are checked against the rows. Names by OpenTelemetry's conventions, as Prometheus shows them.

use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::{KeyValue, global};
use std::sync::OnceLock;
use std::time::Duration;

const SCOPE: &str = "motlan";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// What is so now.
    Gauge,
    /// Seconds.
    Histogram,
}

pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Each with few values, none of them an id or a person.
    pub labels: &'static [&'static str],
    pub meaning: &'static str,
    counter: OnceLock<Counter<u64>>,
    histogram: OnceLock<Histogram<f64>>,
}

const fn metric(name: &'static str, kind: Kind, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind, labels, meaning, counter: OnceLock::new(), histogram: OnceLock::new() }
}

use Kind::{Counter as Count, Gauge, Histogram as Seconds};

pub static REQUESTS: Metric = metric(
    "http_server_request_duration",
    Seconds,
    &["method", "route", "status"],
    "calls answered, by route template and status; of unknown paths the route is `none`",
);
pub static RATE_LIMITED: Metric = metric(
    "motlan_rate_limited",
    Count,
    &["counted"],
    "calls refused by the rate limit, `shared` or in this `process`",
);
pub static WEBHOOKS: Metric =
    metric("motlan_webhooks", Count, &["channel", "outcome"], "calls of providers, by what became of them");
pub static PROVIDER_CALLS: Metric = metric(
    "motlan_provider_call_duration",
    Seconds,
    &["channel", "operation", "outcome"],
    "our calls to providers: `checkout`, `status`, `movements`",
);
pub static DELIVERIES: Metric = metric(
    "motlan_delivery_duration",
    Seconds,
    &["outcome"],
    "sendings of an event: `delivered`, `again` (comes by schedule), `dead` (given up, with a case)",
);
pub static TASKS: Metric =
    metric("motlan_task_duration", Seconds, &["task", "outcome"], "passes of the worker: `done` or `failed`");
pub static BACKLOG: Metric = metric("motlan_backlog", Gauge, &["state", "queue"], "what is left to do");
pub static BACKLOG_OLDEST: Metric =
    metric("motlan_backlog_oldest_due_seconds", Gauge, &[], "how long the oldest of what could be done now has waited");
pub static DATABASE_CONNECTIONS: Metric = metric(
    "motlan_database_connections",
    Gauge,
    &["state"],
    "connections of this process: `used`, `idle`; `waiting`: calls without one",
);
pub static DATABASE_CONNECTIONS_MAX: Metric =
    metric("motlan_database_connections_max", Gauge, &[], "connections that this process may have");
pub static REDIS_UP: Metric =
    metric("motlan_redis_up", Gauge, &[], "1: Redis answered when last asked; 0: each process counts for itself");
pub static REDIS_FAILURES: Metric =
    metric("motlan_redis_failures", Count, &["operation"], "calls that Redis did not answer in time");

/// All of them.
pub static ALL: &[&Metric] = &[
    &REQUESTS,
    &RATE_LIMITED,
    &WEBHOOKS,
    &PROVIDER_CALLS,
    &DELIVERIES,
    &TASKS,
    &BACKLOG,
    &BACKLOG_OLDEST,
    &DATABASE_CONNECTIONS,
    &DATABASE_CONNECTIONS_MAX,
    &REDIS_UP,
    &REDIS_FAILURES,
];

/// From under a millisecond to the longest that a provider or a receiver may take.
const BOUNDARIES_S: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

impl Metric {
    /// One more. In a process whose meters are not set up by then, it and all that follow are not counted.
    pub fn count(&self, labels: &[(&'static str, &str)]) {
        let make = || meter().u64_counter(self.name).with_description(self.meaning).build();
        self.counter.get_or_init(make).add(1, &self.labelled(Kind::Counter, labels));
    }

    /// One that took so long. Likewise.
    pub fn took(&self, time: Duration, labels: &[(&'static str, &str)]) {
        let make = || {
            let meter = meter();
            let builder = meter.f64_histogram(self.name).with_unit("s").with_description(self.meaning);
            builder.with_boundaries(BOUNDARIES_S.to_vec()).build()
        };
        self.histogram.get_or_init(make).record(time.as_secs_f64(), &self.labelled(Kind::Histogram, labels));
    }

    fn labelled(&self, kind: Kind, labels: &[(&'static str, &str)]) -> Vec<KeyValue> {
        debug_assert!(
            self.kind == kind && self.labels.iter().eq(labels.iter().map(|(name, _)| name)),
            "{} is a {:?} of {:?}",
            self.name,
            self.kind,
            self.labels
        );
        labels.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned())).collect()
    }

    /// As Prometheus calls its series (prometheus.io, "Metric and label naming"; the exporter adds unit and `_total`).
    pub fn series(&self) -> Vec<String> {
        match self.kind {
            Kind::Counter => vec![format!("{}_total", self.name)],
            Kind::Gauge => vec![self.name.to_owned()],
            Kind::Histogram => ["bucket", "sum", "count"].map(|part| format!("{}_seconds_{part}", self.name)).to_vec(),
        }
    }
}

/// For instruments that are read when they are asked for.
pub fn meter() -> Meter {
    global::meter(SCOPE)
}
