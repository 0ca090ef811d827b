//! Logs to stderr, metrics for `/metrics`, traces where the configuration names a collector. Stdout stays the command's.

mod gauges;
mod line;

use crate::config::{Log, LogFormat};
use crate::wiring::Gateway;
use line::Line;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::{Registry, TextEncoder};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use storage::Pool;
use storage::backlog::{self, Backlog};
use tokio::task::JoinHandle;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

const SERVICE: &str = "motlan";
/// The one says at each start and end what our own lines say, the other calls it an error when bytes that somebody sends
/// are no HTTP; log.filter may ask for them again.
const QUIET: &str = "actix_server=warn,actix_http::h1::dispatcher=off";
const REFRESH: Duration = Duration::from_secs(5);
/// The process has 10 s to end; the last spans get this much of it.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.filter is not understood")]
    Filter(#[source] ParseError),
    #[error("metrics cannot be set up")]
    Metrics(#[source] opentelemetry_sdk::error::OTelSdkError),
    #[error("otlp.endpoint cannot be used")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
}

/// What one process tells of itself.
pub struct Telemetry {
    registry: Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Takes over logging and metering of the process. A second call in one process (tests) keeps the first one's logs.
    ///
    /// # Errors
    /// When a setting is not understood.
    pub fn start(log: &Log, otlp_endpoint: Option<&str>) -> Result<Self, TelemetryError> {
        let registry = Registry::new();
        let meters = meters(&registry)?;
        global::set_meter_provider(meters.clone());
        let tracers = otlp_endpoint.map(tracers).transpose()?;
        // of its own: fewer lines in the log are not fewer traces
        let spans = tracers
            .as_ref()
            .map(|t| tracing_opentelemetry::layer().with_tracer(t.tracer(SERVICE)).with_filter(LevelFilter::INFO));
        let filter = EnvFilter::try_new(format!("{QUIET},{}", log.filter)).map_err(TelemetryError::Filter)?;
        let to_stderr = fmt::layer().with_writer(std::io::stderr);
        let lines = match log.format {
            LogFormat::Json => to_stderr.fmt_fields(JsonFields::new()).event_format(Line).boxed(),
            LogFormat::Text => to_stderr.with_ansi(false).with_target(false).boxed(),
        };
        // refused when there is a subscriber already, whose lines then serve as well
        let _ = tracing_subscriber::registry().with(spans).with(lines.with_filter(filter)).try_init();
        Ok(Self { registry, meters, tracers })
    }

    /// Answers `/metrics`.
    pub fn render(&self) -> api::RenderMetrics {
        let registry = self.registry.clone();
        Arc::new(move || {
            TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_else(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "metrics cannot be written");
                String::new()
            })
        })
    }

    /// Shows what this process uses: its pool, and Redis where it has one.
    pub fn watch_process(&self, gateway: &Gateway) {
        gauges::pool(gateway.ctx.pool.clone());
        if gateway.volatile.is_up().is_some() {
            gauges::redis(gateway.volatile.clone());
        }
    }

    /// Shows the backlog as gauges, refreshed until the handle is aborted.
    pub fn watch_backlog(&self, pool: Pool) -> JoinHandle<()> {
        let seen = Arc::new(Mutex::new(Backlog::default()));
        gauges::backlog(Arc::clone(&seen));
        tokio::spawn(async move {
            loop {
                // a database that is away is said by those who need it
                if let Ok(now) = read(&pool).await {
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
                }
                tokio::time::sleep(REFRESH).await;
            }
        })
    }

    /// Sends the last spans. Blocks for a moment.
    pub fn stop(self) {
        if let Some(tracers) = self.tracers {
            let _ = tracers.shutdown_with_timeout(LAST_WORDS);
        }
        let _ = self.meters.shutdown_with_timeout(LAST_WORDS);
    }
}

async fn read(pool: &Pool) -> Result<Backlog, storage::StorageError> {
    backlog::read(&*pool.get().await?).await
}

fn resource() -> Resource {
    let instance = KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string());
    Resource::builder().with_service_name(SERVICE).with_attribute(instance).build()
}

fn meters(registry: &Registry) -> Result<SdkMeterProvider, TelemetryError> {
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .without_target_info()
        .build()
        .map_err(TelemetryError::Metrics)?;
    Ok(SdkMeterProvider::builder().with_reader(exporter).with_resource(resource()).build())
}

/// A collector's address alone means its usual path for traces (OTLP 1.x, "OTLP/HTTP Request").
fn traces_of(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if has_path { base.to_owned() } else { format!("{base}/v1/traces") }
}

fn tracers(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(traces_of(endpoint))
        .build()
        .map_err(TelemetryError::Traces)?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build())
}
