//! `/v1/webhooks/…`: providers call, each in its own words, and hear its own answer.

use crate::State;
use crate::door::{RawBody, now, request_id};
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use payments::receive_account_webhook;
use payments::receive_webhook::{self, Verdict};
use provider::{Answer, Request};
use telemetry::metrics::WEBHOOKS;
use tracing::Instrument;

/// A provider reports. Fields, signature and answer are those of the provider's own document.
#[utoipa::path(get, path = "/v1/webhooks/{channel}/{profile}", tag = "providers",
    params(("channel" = String, Path), ("profile" = String, Path)),
    responses((status = 200, description = "the provider's own answer"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn receive(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (channel, profile) = path.into_inner();
    let (call, ctx, id, now) = (Call::of(&req, raw), state.ctx.clone(), request_id(), now());
    let named = channel.clone();
    let hearing = async move { receive_webhook::receive(&ctx, &channel, &profile, &call.request(), &id, now).await };
    answered(&named, hearing).await
}

/// Somebody tells of a bank account. Fields, signature and answer are those of the teller's own document.
#[utoipa::path(post, path = "/v1/webhooks/{channel}/{teller}/{profile}", tag = "providers",
    params(("channel" = String, Path), ("teller" = String, Path), ("profile" = String, Path)),
    responses((status = 200, description = "the teller's own answer: recorded, or known"),
        (status = 401, description = "the teller's own answer: not believed"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn receive_of_account(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (channel, teller, profile) = path.into_inner();
    let (call, ctx, id, now) = (Call::of(&req, raw), state.ctx.clone(), request_id(), now());
    let named = channel.clone();
    let hearing = async move {
        let path = receive_account_webhook::Path { channel: &channel, teller: &teller, profile: &profile };
        receive_account_webhook::receive(&ctx, path, &call.request(), &id, now).await
    };
    answered(&named, hearing).await
}

/// The call as it came, in our hands.
pub(crate) struct Call {
    method: String,
    query: String,
    headers: Vec<(String, String)>,
    raw: RawBody,
}

impl Call {
    pub(crate) fn of(req: &HttpRequest, raw: RawBody) -> Self {
        let headers = req.headers().iter();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        Self {
            method: req.method().as_str().to_owned(),
            query: req.query_string().to_owned(),
            headers: headers.filter_map(text).collect(),
            raw,
        }
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request { method: &self.method, query: &self.query, headers: &self.headers, body: &self.raw.0 }
    }
}

/// Detached: a provider that hangs up after sending has still told us.
async fn answered(
    channel: &str,
    hearing: impl Future<Output = Option<(Answer, Verdict)>> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let heard = tokio::spawn(hearing.in_current_span()).await;
    let Ok(heard) = heard else { return Err(Problem::new(Code::Internal)) };
    let (answer, verdict) = heard.ok_or_else(absent)?;
    WEBHOOKS.count(&[("channel", channel), ("outcome", verdict.as_str())]);
    Ok(on_the_wire(answer))
}

pub(crate) fn on_the_wire(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    HttpResponse::build(status).content_type(answer.content_type).body(answer.body)
}
