//! `/v1/webhooks/{channel}/{profile}`: providers call, each in its own words, and hear its own answer.

use crate::State;
use crate::door::{RawBody, now, request_id};
use crate::obligations::absent;
use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use payments::receive_webhook;
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
    let headers: Vec<(String, String)> = req
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let (method, query) = (req.method().as_str().to_owned(), req.query_string().to_owned());
    let (ctx, id, now) = (state.ctx.clone(), request_id(), now());
    let named = channel.clone();
    // detached: a provider that hangs up after sending has still told us
    let hearing = async move {
        let request = Request { method: &method, query: &query, headers: &headers, body: &raw.0 };
        receive_webhook::receive(&ctx, &channel, &profile, &request, &id, now).await
    };
    let heard = tokio::spawn(hearing.in_current_span()).await;
    let Ok(heard) = heard else { return Err(Problem::new(crate::problem::Code::Internal)) };
    let (answer, verdict) = heard.ok_or_else(absent)?;
    WEBHOOKS.count(&[("channel", &named), ("outcome", verdict.as_str())]);
    Ok(on_the_wire(answer))
}

fn on_the_wire(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    HttpResponse::build(status).content_type(answer.content_type).body(answer.body)
}
