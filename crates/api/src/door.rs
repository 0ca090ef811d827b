//! The door of every listener: a request id for each call, one span, headers that keep answers out of caches, and a
//! body that is bounded in size and time, and as it is. What is absent is said in JSON to whoever reads that, on every path.

use crate::State;
use crate::measures;
use crate::problem::{Code, Problem};
use crate::rate_limit::Left;
use crate::said;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use telemetry::trace;
use tracing::Instrument;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request that is being answered; empty outside one.
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Lets work that goes on beside its request name that request.
pub fn named<F: Future>(id: String, work: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(id, work)
}

/// The clock, as finely as the database keeps it: what is answered at once and what is read back later are the same.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps each call of a listener.
pub async fn door(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = taken(&req).unwrap_or_else(|| format!("req_{}", uuid::Uuid::now_v7().simple()));
    // whoever answers, and knows this crate or not, finds it where a caller's own would be
    if let Ok(value) = HeaderValue::from_str(&id) {
        req.headers_mut().insert(HEADER, value);
    }
    let method = req.method().as_str().to_owned();
    let span =
        tracing::info_span!("request", otel.kind = "server", request_id = %id, method, route = tracing::field::Empty);
    // a portal that traces finds our part in its own trace
    let span = trace::join(span, req.headers().get(trace::HEADER).and_then(|value| value.to_str().ok()));
    let started = Instant::now();
    let answered = REQUEST_ID.scope(id.clone(), answer(req, next)).instrument(span.clone()).await;
    let mut res = match answered {
        Ok(res) => res,
        Err(error) => return Err(error),
    };
    let route = res.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    span.record("route", &route);
    let status = res.status().as_u16();
    let took = started.elapsed();
    span.in_scope(|| tracing::info!(status, took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered"));
    measures::request(&method, &route, status, took);
    let left = res.request().extensions().get::<Left>().copied();
    // the rest of such a body may yet come, and nobody reads it (RFC 9110, section 15.5.9)
    if matches!(status, 408 | 413 | 415) {
        res.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = res.headers_mut();
    if let Some(left) = left {
        left.write(headers);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HEADER, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(res)
}

/// Whoever is behind the door answers, but for what nobody behind it reads.
async fn answer<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if said::is_compressed(req.headers()) {
        return Ok(req.into_response(Problem::new(Code::BodyCompressed).error_response()).map_into_right_body());
    }
    let wants_json = said::wants_json(req.headers());
    let res = next.call(req).await?;
    Ok(if wants_json { in_json(res) } else { res.map_into_left_body() })
}

/// A page's answer that there is no such thing, or not with this method, for whoever reads JSON; the headers of the page stay.
fn in_json<B: MessageBody>(res: ServiceResponse<B>) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let code = match res.status().as_u16() {
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        _ => return res.map_into_left_body(),
    };
    if res.headers().get(CONTENT_TYPE).is_some_and(|media| media == "application/problem+json") {
        return res.map_into_left_body();
    }
    let (request, page) = res.into_parts();
    let mut problem = Problem::new(code).error_response();
    let of_the_body = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_LANGUAGE];
    for (name, value) in page.headers().iter().filter(|(name, _)| !of_the_body.contains(name)) {
        problem.headers_mut().append(name.clone(), value.clone());
    }
    ServiceResponse::new(request, problem).map_into_right_body()
}

/// A caller's own id is kept when it is short and plain: it may end in a log.
fn taken(req: &ServiceRequest) -> Option<String> {
    let text = req.headers().get(HEADER)?.to_str().ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (plain && (8..=64).contains(&text.len())).then(|| text.to_owned())
}

/// The whole raw body, within the limits of this deployment.
pub struct RawBody(pub Bytes);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = req.app_data::<Data<State>>().map(|s| s.limits.clone()).unwrap_or_default();
        let announced = req.headers().get("content-length").and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let mut payload = payload.take();
        Box::pin(async move {
            if announced.is_some_and(|length| length > limits.max_body_bytes) {
                return Err(Problem::new(Code::BodyTooLarge));
            }
            let read = async {
                let mut body = BytesMut::new();
                while let Some(chunk) = payload.next().await {
                    let chunk = chunk.map_err(|_| Problem::with(Code::BodyMalformed, "the body broke off"))?;
                    if body.len() + chunk.len() > limits.max_body_bytes {
                        return Err(Problem::new(Code::BodyTooLarge));
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(Self(body.freeze()))
            };
            tokio::time::timeout(Duration::from_millis(limits.body_timeout_ms), read)
                .await
                .unwrap_or_else(|_| Err(Problem::new(Code::BodyTimeout)))
        })
    }
}
