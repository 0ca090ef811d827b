//! The description of this API: generated from the handlers, written to `openapi/motlan.yaml`, shown on the reference
//! page. The page and its scripts come from this binary; no outside host is asked.

use crate::problem::Code;
use crate::{endpoints, events, intents, obligations, operating, payments_of, webhooks};
use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, resource};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Motlan", description = "Payment gateway for the fees of a province's online public services.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        obligations::register, obligations::show, obligations::list, obligations::cancel,
        intents::open, intents::show, intents::list, intents::cancel, intents::renew, intents::sync, intents::start_attempt,
        payments_of::list, payments_of::show,
        endpoints::create, endpoints::list, endpoints::rotate, endpoints::retire, endpoints::remove,
        events::feed, events::redeliver, events::redeliver_range,
        webhooks::receive,
        operating::livez, operating::readyz, operating::metrics, operating::backlog,
    ),
    components(schemas(crate::problem::Problem, crate::problem::FieldError)),
    security(("key" = [])),
    modifiers(&Finish)
)]
pub struct Described;

struct Finish;

impl Modify for Finish {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("mtl_<mode>_<id>_<secret>")
            .description(Some("A key of a client or a person."))
            .build();
        if let Some(components) = api.components.as_mut() {
            components.add_security_scheme("key", SecurityScheme::Http(key));
        }
        let codes: Vec<String> =
            Code::ALL.iter().map(|c| format!("- `{}` ({}): {}", c.as_str(), c.status(), c.title())).collect();
        let text = "Payment gateway for the fees of a province's online public services.\n\nError codes:\n\n";
        api.info.description = Some(format!("{text}{}", codes.join("\n")));
    }
}

/// The description as YAML, as it lies in `openapi/motlan.yaml`.
///
/// # Errors
/// When the description cannot be written as YAML.
pub fn yaml() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Described::openapi().to_yaml()?)
}

/// `/docs` and `/openapi.json`: on the staff listener, and in sandbox mode on the public one too.
pub fn reference(cfg: &mut ServiceConfig) {
    let page = SwaggerUi::new("/docs/{_:.*}")
        .url("/openapi.json", Described::openapi())
        // without it the page asks an outside validator about every description that it shows
        .config(Config::default().validator_url("none"));
    cfg.service(page).service(resource("/docs").route(get().to(to_page)));
}

async fn to_page() -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", "/docs/")).finish()
}
