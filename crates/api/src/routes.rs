//! Every path on one page. What is not here does not exist, and what is here stands in `openapi/motlan.yaml`.

use crate::problem::{Code, Problem};
use crate::{
    approvals, cases, days, endpoints, events, intents, obligations, operating, payments_of, refunds, reports,
    settlements, statements, webhooks,
};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, to};
use actix_web::{HttpResponse, Resource, ResponseError};

/// The public listener: portals and providers.
pub fn public(cfg: &mut ServiceConfig) {
    let query = QueryConfig::default().error_handler(|e, _| Problem::with(Code::QueryInvalid, e.to_string()).into());
    cfg.app_data(query)
        // -- what is owed
        .service(at("/v1/obligations", "GET").route(get().to(obligations::list)))
        .service(
            // one path, two names: PUT knows the portal's own reference, GET our id
            at("/v1/obligations/{id}", "PUT, GET")
                .route(put().to(obligations::register))
                .route(get().to(obligations::show)),
        )
        .service(at("/v1/obligations/{id}/cancel", "POST").route(post().to(obligations::cancel)))
        // -- paying it
        .service(at("/v1/payment-intents", "POST, GET").route(post().to(intents::open)).route(get().to(intents::list)))
        .service(at("/v1/payment-intents/{id}", "GET").route(get().to(intents::show)))
        .service(at("/v1/payment-intents/{id}/cancel", "POST").route(post().to(intents::cancel)))
        .service(at("/v1/payment-intents/{id}/renew", "POST").route(post().to(intents::renew)))
        .service(at("/v1/payment-intents/{id}/sync", "POST").route(post().to(intents::sync)))
        .service(at("/v1/payment-intents/{id}/attempts", "POST").route(post().to(intents::start_attempt)))
        // -- what was paid
        .service(at("/v1/payments", "GET").route(get().to(payments_of::list)))
        .service(at("/v1/payments/{id}", "GET").route(get().to(payments_of::show)))
        // -- money that goes back, and the second person
        .service(at("/v1/payments/{id}/refunds", "POST").route(post().to(refunds::propose)))
        .service(at("/v1/refunds", "GET").route(get().to(refunds::list)))
        .service(at("/v1/refunds/{id}", "GET").route(get().to(refunds::show)))
        .service(at("/v1/refunds/{id}/cancel", "POST").route(post().to(refunds::cancel)))
        .service(at("/v1/refunds/{id}/retry", "POST").route(post().to(refunds::retry)))
        .service(at("/v1/obligations/{id}/reductions", "POST").route(post().to(approvals::reduce)))
        .service(at("/v1/approvals", "GET").route(get().to(approvals::list)))
        .service(at("/v1/approvals/{id}", "GET").route(get().to(approvals::show)))
        .service(at("/v1/approvals/{id}/approve", "POST").route(post().to(approvals::approve)))
        .service(at("/v1/approvals/{id}/reject", "POST").route(post().to(approvals::reject)))
        // -- what banks and providers say in files
        .service(at("/v1/statements", "POST").route(post().to(statements::import)))
        .service(at("/v1/statements/{id}", "GET").route(get().to(statements::show)))
        .service(at("/v1/settlements", "POST").route(post().to(settlements::import)))
        .service(at("/v1/settlements/{id}", "GET").route(get().to(settlements::show)))
        // -- finance staff: what no rule explains, days, reports
        .service(at("/v1/cases", "GET").route(get().to(cases::list)))
        .service(at("/v1/cases/{id}", "GET").route(get().to(cases::show)))
        .service(at("/v1/reconciliation/{date}", "GET").route(get().to(days::show)))
        .service(at("/v1/reconciliation/{date}/close", "POST").route(post().to(days::close)))
        .service(at("/v1/reconciliation/{date}/reopen", "POST").route(post().to(approvals::reopen)))
        .service(at("/v1/reports/{report}", "GET").route(get().to(reports::show)))
        // -- what the dossier system hears
        .service(
            at("/v1/event-endpoints", "POST, GET").route(post().to(endpoints::create)).route(get().to(endpoints::list)),
        )
        .service(at("/v1/event-endpoints/{id}", "DELETE").route(delete().to(endpoints::remove)))
        .service(at("/v1/event-endpoints/{id}/rotate", "POST").route(post().to(endpoints::rotate)))
        .service(at("/v1/event-endpoints/{id}/retire-old-secret", "POST").route(post().to(endpoints::retire)))
        .service(at("/v1/events", "GET").route(get().to(events::feed)))
        .service(at("/v1/events/redeliver", "POST").route(post().to(events::redeliver_range)))
        .service(at("/v1/events/{id}/redeliver", "POST").route(post().to(events::redeliver)))
        // -- what providers say: any method, since each provider's document names its own
        .service(at("/v1/webhooks/{channel}/{profile}", "").route(to(webhooks::receive)))
        .service(at("/v1/webhooks/{channel}/{teller}/{profile}", "").route(to(webhooks::receive_of_account)))
        .default_service(to(absent));
}

/// The staff listener; the reference page is added beside it.
pub fn staff(cfg: &mut ServiceConfig) {
    cfg.default_service(to(absent));
}

/// The operations listener: never public.
pub fn ops(cfg: &mut ServiceConfig) {
    cfg.service(at("/livez", "GET").route(get().to(operating::livez)))
        .service(at("/readyz", "GET").route(get().to(operating::readyz)))
        .service(at("/metrics", "GET").route(get().to(operating::metrics)))
        .service(at("/backlog", "GET").route(get().to(operating::backlog)))
        .default_service(to(absent));
}

/// A path and the methods that it takes, as a refusal of any other names them (RFC 9110, section 15.5.6).
fn at(path: &str, allow: &'static str) -> Resource {
    resource(path).default_service(to(move || wrong_method(allow)))
}

async fn absent() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::NotFound))
}

async fn wrong_method(allow: &'static str) -> HttpResponse {
    let mut response = Problem::new(Code::MethodNotAllowed).error_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}
