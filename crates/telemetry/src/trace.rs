//! One payment, one trace: the context in which it was opened is kept beside it as a W3C `traceparent`
//! (w3.org/TR/trace-context, version 00), and whatever later happens to it, in whatever process, joins that trace.
//! Where no traces are sent, everything here is nothing.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header, and the column, by which a context travels.
pub const HEADER: &str = "traceparent";

/// The present span as a `traceparent`: 55 characters; None where nothing is traced.
pub fn current() -> Option<String> {
    written(&context_of(&Span::current()))
}

/// Makes `span`, which was not entered yet, a part of the trace of `traceparent`, with a link to where we are now. Where
/// we are in that trace already, the span stays where it is.
pub fn join(span: Span, traceparent: Option<&str>) -> Span {
    let Some(origin) = traceparent.and_then(read) else { return span };
    let here = context_of(&Span::current());
    if here.is_valid() && here.trace_id() == origin.trace_id() {
        return span;
    }
    if span.set_parent(Context::new().with_remote_span_context(origin)).is_ok() {
        span.add_link(here);
    }
    span
}

fn context_of(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}

fn written(context: &SpanContext) -> Option<String> {
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    context.is_valid().then(|| format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id()))
}

/// None unless it is one, letter by letter: what is refused here starts a trace of its own. Whether it was recorded where
/// it comes from is not looked at: a caller cannot switch our part off.
fn read(text: &str) -> Option<SpanContext> {
    let lower_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed =
        version == "00" && lower_hex(trace, 32) && lower_hex(span, 16) && lower_hex(flags, 2) && parts.next().is_none();
    if !well_formed {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    Some(SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE)).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_span_joins_the_trace_that_is_named_and_a_part_of_that_trace_stays_in_its_place() {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(subscriber, || {
            let elsewhere = tracing::info_span!("elsewhere");
            let _inside = elsewhere.enter();
            let joined = join(tracing::info_span!("joined"), Some(GIVEN));
            let _inside = joined.enter();
            let now = current().unwrap();
            assert_eq!((now.len(), &now[..36]), (55, &GIVEN[..36]));
            let deeper = join(tracing::info_span!("deeper"), Some(GIVEN));
            assert_eq!(context_of(&deeper).trace_id(), context_of(&joined).trace_id());
            let own = join(tracing::info_span!(parent: None, "own"), Some("00-xyz"));
            assert_ne!(context_of(&own).trace_id(), context_of(&joined).trace_id());
        });
        assert_eq!(current(), None, "nothing is traced");
    }

    #[test]
    fn what_is_not_a_traceparent_letter_by_letter_is_none() {
        assert_eq!(written(&read(GIVEN).unwrap()).as_deref(), Some(GIVEN));
        assert_eq!(written(&read(&GIVEN.replace("-01", "-00")).unwrap()).as_deref(), Some(GIVEN));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e47-36-00f067aa0ba902b7-01",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
