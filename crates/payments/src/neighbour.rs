//! A call to a provider: timed, counted by what came of it, and a span of the payment's trace.

use provider::{Provider, ProviderError};
use std::time::Instant;
use telemetry::metrics::PROVIDER_CALLS;
use tracing::Instrument;

/// `operation`: the capability that is used.
pub async fn called<T>(
    provider: &Provider,
    operation: &'static str,
    call: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let channel = provider.channel.as_str();
    let span =
        tracing::info_span!("provider_call", otel.kind = "client", channel, operation, outcome = tracing::field::Empty);
    let begun = Instant::now();
    let result = call.instrument(span.clone()).await;
    let outcome = outcome(&result);
    span.record("outcome", outcome);
    PROVIDER_CALLS.took(begun.elapsed(), &[("channel", channel), ("operation", operation), ("outcome", outcome)]);
    result
}

fn outcome<T>(result: &Result<T, ProviderError>) -> &'static str {
    match result {
        Ok(_) => "answered",
        Err(ProviderError::NotSent(_)) => "not_sent",
        Err(ProviderError::Refused(_)) => "refused",
        Err(ProviderError::Unavailable(_)) => "unavailable",
        Err(ProviderError::TooOften(_)) => "too_often",
        Err(ProviderError::Malformed(_)) => "malformed",
        Err(ProviderError::Unknown(_)) => "unknown",
    }
}
