//! `/v1/bills/…`: banks and wallets ask what a code owes and pay it, each in the words of its own document, and prove
//! themselves as it says. No key of ours opens this door, and no idempotency key is taken: the bank's own number is one.

use crate::State;
use crate::door::{RawBody, now, request_id};
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use crate::webhooks::{Call, on_the_wire};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use payments::answer_bill;
use provider::BillCall;
use telemetry::metrics::WEBHOOKS;
use tracing::Instrument;

/// A bank or wallet asks for a token, asks what a code owes, pays a bill, or asks what became of a payment. Paths, methods,
/// fields, proofs and answers are those of its own document, under the contract's name.
#[utoipa::path(post, path = "/v1/bills/{profile}/{path}", tag = "providers",
    params(("profile" = String, Path), ("path" = String, Path, description = "the document's own")),
    responses((status = 200, description = "the document's own answer"),
        (status = 201, description = "the document's own answer: paid"),
        (status = 202, description = "the document's own answer: decided, and told when asked"),
        (status = 400, description = "the document's own answer: not understood, or refused and to be given back"),
        (status = 401, description = "the document's own answer: not believed"),
        (status = 404, description = "no such contract, or the document's own answer: not known here",
            body = Problem, content_type = "application/problem+json")))]
pub async fn answer(req: HttpRequest, state: Data<State>, raw: RawBody) -> Result<HttpResponse, Problem> {
    // as it came: what the signs in it mean, the document says
    let mut parts = req.uri().path().splitn(5, '/').skip(3);
    let (Some(profile), Some(path)) = (parts.next(), parts.next()) else { return Err(absent()) };
    let (profile, path) = (profile.to_owned(), path.to_owned());
    let from = req.peer_addr().map(|peer| peer.ip());
    let (call, ctx, id, now) = (Call::of(&req, raw), state.ctx.clone(), request_id(), now());
    // detached: a bank that hangs up after sending has still paid
    let answering = async move {
        let call = BillCall { path: &path, request: call.request(), from };
        answer_bill::answer(&ctx, &profile, &call, &id, now).await
    };
    let answered = tokio::spawn(answering.in_current_span()).await;
    let Ok(answered) = answered else { return Err(Problem::new(Code::Internal)) };
    let answered = answered.ok_or_else(absent)?;
    WEBHOOKS.count(&[("channel", &answered.channel), ("outcome", answered.verdict.as_str())]);
    Ok(on_the_wire(answered.answer))
}
