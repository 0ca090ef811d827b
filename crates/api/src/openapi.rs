//! The description of this API: generated from the handlers, written to `openapi/motlan.yaml`, shown on the reference
//! page. The page and its scripts come from this binary; no outside host is asked.

use crate::admin::{
    accounts, agencies, beneficiaries, calendar, channels, clients, contract_fees, credentials, fees, keys, layouts,
    parked, persons, profiles, receipt_series, remittance_rules, score,
};
use crate::problem::Code;
use crate::routes::at;
use crate::{
    approvals, bills, cases, closing_report, considered, counters, days, endpoints, events, intents, obligations,
    openings, operating, payments_of, receipt_days, receipts, refunds, rehearsals, remittances, reports, resolutions,
    settlements, statements, webhooks,
};
use actix_web::HttpResponse;
use actix_web::guard::{Get, Not};
use actix_web::web::{ServiceConfig, get};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Motlan", description = "Payment gateway for the fees of a province's online public services.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        obligations::register, obligations::show, obligations::list, obligations::cancel,
        intents::open, intents::show, intents::list, intents::cancel, intents::renew, intents::sync, intents::start_attempt,
        payments_of::list, payments_of::show, payments_of::receipt,
        counters::take, counters::void, counters::deposit, counters::list, counters::show,
        receipts::list, receipts::show, receipts::replace, receipt_days::show, receipt_series::list, receipt_series::put,
        remittances::prepare, remittances::list, remittances::show, remittances::cancel,
        remittance_rules::list, remittance_rules::put,
        refunds::propose, refunds::list, refunds::show, refunds::cancel, refunds::retry,
        approvals::list, approvals::show, approvals::approve, approvals::reject, approvals::reduce, approvals::reopen,
        cases::list, cases::show, cases::own, resolutions::resolve, resolutions::preview, days::show, days::closings, days::close,
        closing_report::show, reports::show,
        endpoints::create, endpoints::list, endpoints::rotate, endpoints::retire, endpoints::remove,
        statements::import, statements::show, statements::supersede, openings::list, openings::propose, openings::take_back, considered::show, rehearsals::dry_run, settlements::import, settlements::show,
        events::feed, events::redeliver, events::redeliver_range,
        persons::list, persons::show, persons::create, persons::set, persons::disable, persons::enable,
        keys::list, keys::create, keys::rotate, keys::revoke,
        clients::list, clients::put, clients::endpoints, clients::disable_endpoint, agencies::list, agencies::put,
        beneficiaries::list, beneficiaries::put, beneficiaries::propose, profiles::list, profiles::put,
        contract_fees::list, contract_fees::propose,
        profiles::propose_payouts, credentials::list, credentials::propose, credentials::retire_previous, credentials::retire_newest,
        fees::list, fees::put, crate::admin::counters::put,
        calendar::list, calendar::put, calendar::remove, accounts::list, accounts::put, layouts::list, layouts::put,
        score::rules, score::set_rule, score::imports, score::import, score::file,
        channels::list, channels::off, channels::on, channels::announce, channels::withdraw,
        parked::list, parked::retry,
        webhooks::receive, webhooks::receive_of_account, bills::answer,
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
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in operations(item) {
                finish(path, method, operation);
            }
        }
        let codes: Vec<String> =
            Code::ALL.iter().map(|c| format!("- `{}` ({}): {}", c.as_str(), c.status(), c.title())).collect();
        let text = "Payment gateway for the fees of a province's online public services.\n\nError codes:\n\n";
        api.info.description = Some(format!("{text}{}", codes.join("\n")));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post), ("delete", &mut item.delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What holds for every operation of its kind, said once: a name of its own, what each status means, every refusal.
fn finish(path: &str, method: &'static str, operation: &mut Operation) {
    let words: Vec<&str> = path.split(['/', '-', '{', '}']).filter(|w| !w.is_empty() && *w != "v1").collect();
    operation.operation_id = Some(format!("{method}_{}", words.join("_")));
    // a provider proves itself in its own way, and operators by where they call
    if !path.starts_with("/v1/") || is_for_providers(path) {
        operation.security = Some(Vec::new());
    }
    let has_key = takes_key(operation);
    for status in refusals(path, method, has_key, operation.request_body.is_some()) {
        let told = operation.responses.responses.entry(status.to_string());
        told.or_insert_with(|| RefOr::T(problem()));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = meaning(status).to_owned();
        }
    }
}

/// Whether the operation takes an idempotency key; its limits are written where it does.
fn takes_key(operation: &mut Operation) -> bool {
    let mut parameters = operation.parameters.iter_mut().flatten().filter_map(|p| match p {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let Some(key) = parameters.find(|p| p.name == "Idempotency-Key") else { return false };
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    key.schema = Some(text.pattern(Some("^[\\x20-\\x7e]+$")).build().into());
    true
}

/// Where the other side proves itself in its own document's way.
fn is_for_providers(path: &str) -> bool {
    path.starts_with("/v1/webhooks/") || path.starts_with("/v1/bills/")
}

fn refusals(path: &str, method: &str, has_key: bool, has_body: bool) -> Vec<u16> {
    if !path.starts_with("/v1/") {
        return Vec::new();
    }
    let body = method == "post" || method == "put" || has_body;
    let mut statuses = vec![500, 503];
    if is_for_providers(path) {
        statuses.extend([404, 408, 413, 415]);
        return statuses;
    }
    statuses.extend([400, 401, 403, 429]);
    if path.contains('{') {
        statuses.push(404);
    }
    if body {
        statuses.extend([408, 413, 415, 422]);
    }
    if has_key {
        statuses.extend([404, 409, 422]);
    }
    if path.ends_with("/attempts") {
        statuses.push(502);
    }
    statuses
}

fn problem() -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new().content("application/problem+json", Content::new(Some(schema))).build()
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "as it is now",
        "201" => "made",
        "202" => "will be done",
        "204" => "done",
        "400" => "the request cannot be read, or a header or parameter is not valid",
        "401" => "no valid key",
        "403" => "the key may not do this",
        "404" => "there is no such thing, or it is not yours",
        "408" => "the body came too slowly",
        "409" => "its present state does not allow this; `code` says which",
        "412" => "the present state is another than the request says",
        "413" => "the body is too large",
        "415" => "not JSON, or compressed",
        "422" => "fields are not valid; `errors` names each",
        "429" => "too many requests; `Retry-After` says when",
        "502" => "the provider refused the order",
        "503" => "not available now; `Retry-After` says when",
        _ => "our mistake",
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
    // the page itself does not say which methods it takes
    cfg.service(at("/docs/{_:.*}", "GET").guard(Not(Get())))
        .service(page)
        .service(at("/docs", "GET").route(get().to(to_page)));
}

async fn to_page() -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", "/docs/")).finish()
}
