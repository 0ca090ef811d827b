//! Every path on one page. What is not here does not exist, and what is here stands in `openapi/motlan.yaml`.

use crate::problem::{Code, Problem};
use crate::{endpoints, events, intents, obligations, operating, payments_of, webhooks};
use actix_web::Resource;
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, to};

/// The public listener: portals and providers.
pub fn public(cfg: &mut ServiceConfig) {
    let query = QueryConfig::default().error_handler(|e, _| Problem::with(Code::QueryInvalid, e.to_string()).into());
    cfg.app_data(query)
        // -- what is owed
        .service(at("/v1/obligations").route(get().to(obligations::list)))
        .service(
            // one path, two names: PUT knows the portal's own reference, GET our id
            at("/v1/obligations/{id}").route(put().to(obligations::register)).route(get().to(obligations::show)),
        )
        .service(at("/v1/obligations/{id}/cancel").route(post().to(obligations::cancel)))
        // -- paying it
        .service(at("/v1/payment-intents").route(post().to(intents::open)).route(get().to(intents::list)))
        .service(at("/v1/payment-intents/{id}").route(get().to(intents::show)))
        .service(at("/v1/payment-intents/{id}/cancel").route(post().to(intents::cancel)))
        .service(at("/v1/payment-intents/{id}/renew").route(post().to(intents::renew)))
        .service(at("/v1/payment-intents/{id}/sync").route(post().to(intents::sync)))
        .service(at("/v1/payment-intents/{id}/attempts").route(post().to(intents::start_attempt)))
        // -- what was paid
        .service(at("/v1/payments").route(get().to(payments_of::list)))
        .service(at("/v1/payments/{id}").route(get().to(payments_of::show)))
        // -- what the dossier system hears
        .service(at("/v1/event-endpoints").route(post().to(endpoints::create)).route(get().to(endpoints::list)))
        .service(at("/v1/event-endpoints/{id}").route(delete().to(endpoints::remove)))
        .service(at("/v1/event-endpoints/{id}/rotate").route(post().to(endpoints::rotate)))
        .service(at("/v1/event-endpoints/{id}/retire-old-secret").route(post().to(endpoints::retire)))
        .service(at("/v1/events").route(get().to(events::feed)))
        .service(at("/v1/events/redeliver").route(post().to(events::redeliver_range)))
        .service(at("/v1/events/{id}/redeliver").route(post().to(events::redeliver)))
        // -- what providers say: any method, since each provider's document names its own
        .service(at("/v1/webhooks/{channel}/{profile}").route(to(webhooks::receive)))
        .default_service(to(absent));
}

/// The staff listener; the reference page is added beside it.
pub fn staff(cfg: &mut ServiceConfig) {
    cfg.default_service(to(absent));
}

/// The operations listener: never public.
pub fn ops(cfg: &mut ServiceConfig) {
    cfg.service(at("/livez").route(get().to(operating::livez)))
        .service(at("/readyz").route(get().to(operating::readyz)))
        .service(at("/metrics").route(get().to(operating::metrics)))
        .service(at("/backlog").route(get().to(operating::backlog)))
        .default_service(to(absent));
}

fn at(path: &str) -> Resource {
    resource(path).default_service(to(wrong_method))
}

async fn absent() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::NotFound))
}

async fn wrong_method() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed))
}
