//! Every path on one page. What is not here does not exist, and what is here stands in `openapi/motlan.yaml`.

use crate::admin::counters::put as counters_put;
use crate::admin::{
    accounts, agencies, beneficiaries, calendar, channels, clients, contract_fees, credentials, fees, keys, layouts,
    parked, persons, profiles, receipt_series, remittance_rules, score,
};
use crate::problem::{Code, Problem};
use crate::{
    approvals, bills, body, cases, closing_report, considered, counters, days, endpoints, events, intents, obligations,
    openings, operating, payments_of, receipt_days, receipts, refunds, rehearsals, remittances, reports, resolutions,
    settlements, statements, webhooks,
};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, to};
use actix_web::{HttpResponse, Resource, ResponseError};

/// The public listener: portals and providers.
pub fn public(cfg: &mut ServiceConfig) {
    let query = QueryConfig::default().error_handler(|e, _| body::query_mistake(&e).into());
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
        .service(at("/v1/payments/{id}/receipt", "GET").route(get().to(payments_of::receipt)))
        // -- what officers take at desks
        .service(at("/v1/counter-payments", "POST").route(post().to(counters::take)))
        .service(at("/v1/counter-payments/{id}/void", "POST").route(post().to(counters::void)))
        .service(at("/v1/counters", "GET").route(get().to(counters::list)))
        .service(at("/v1/counters/{code}", "GET, PUT").route(get().to(counters::show)).route(put().to(counters_put)))
        .service(at("/v1/counters/{code}/deposits", "POST").route(post().to(counters::deposit)))
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
        // -- receipts of fees and charges
        .service(at("/v1/receipts", "GET").route(get().to(receipts::list)))
        .service(at("/v1/receipts/{id}", "GET").route(get().to(receipts::show)))
        .service(
            at("/v1/remittances", "POST, GET")
                .route(post().to(remittances::prepare))
                .route(get().to(remittances::list)),
        )
        .service(at("/v1/remittances/{id}", "GET").route(get().to(remittances::show)))
        .service(at("/v1/remittances/{id}/cancel", "POST").route(post().to(remittances::cancel)))
        .service(at("/v1/receipts/{id}/replacements", "POST").route(post().to(receipts::replace)))
        .service(at("/v1/receipt-days/{date}", "GET").route(get().to(receipt_days::show)))
        // -- what banks and providers say in files
        .service(at("/v1/statements", "POST").route(post().to(statements::import)))
        .service(at("/v1/statements/{id}", "GET").route(get().to(statements::show)))
        .service(at("/v1/statements/{id}/supersessions", "POST").route(post().to(statements::supersede)))
        .service(at("/v1/statements/{id}/lines/{n}", "GET").route(get().to(considered::show)))
        .service(at("/v1/matching/dry-runs", "POST").route(post().to(rehearsals::dry_run)))
        .service(at("/v1/settlements", "POST").route(post().to(settlements::import)))
        .service(at("/v1/settlements/{id}", "GET").route(get().to(settlements::show)))
        // -- finance staff: what no rule explains, days, reports
        .service(at("/v1/cases", "GET").route(get().to(cases::list)))
        .service(at("/v1/cases/{id}", "GET").route(get().to(cases::show)))
        .service(at("/v1/cases/{id}/owner", "POST").route(post().to(cases::own)))
        .service(at("/v1/cases/{id}/resolutions", "POST").route(post().to(resolutions::resolve)))
        .service(at("/v1/cases/{id}/resolutions/preview", "POST").route(post().to(resolutions::preview)))
        .service(at("/v1/reconciliation/{date}", "GET").route(get().to(days::show)))
        .service(at("/v1/reconciliation/{date}/closings", "GET").route(get().to(days::closings)))
        .service(at("/v1/reconciliation/{date}/report", "GET").route(get().to(closing_report::show)))
        .service(at("/v1/reconciliation/{date}/close", "POST").route(post().to(days::close)))
        .service(at("/v1/reconciliation/{date}/reopen", "POST").route(post().to(approvals::reopen)))
        .service(
            at("/v1/accounts/{code}/openings", "GET, POST")
                .route(get().to(openings::list))
                .route(post().to(openings::propose)),
        )
        .service(at("/v1/accounts/{code}/openings/take-back", "POST").route(post().to(openings::take_back)))
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
        // -- administrators: people and keys
        .service(at("/v1/persons", "POST, GET").route(post().to(persons::create)).route(get().to(persons::list)))
        .service(at("/v1/persons/{id}", "PUT, GET").route(put().to(persons::set)).route(get().to(persons::show)))
        .service(at("/v1/persons/{id}/disable", "POST").route(post().to(persons::disable)))
        .service(at("/v1/persons/{id}/enable", "POST").route(post().to(persons::enable)))
        .service(at("/v1/keys", "POST, GET").route(post().to(keys::create)).route(get().to(keys::list)))
        .service(at("/v1/keys/{id}/rotate", "POST").route(post().to(keys::rotate)))
        .service(at("/v1/keys/{id}/revoke", "POST").route(post().to(keys::revoke)))
        // -- portals, agencies, contracts, lists
        .service(at("/v1/clients", "GET").route(get().to(clients::list)))
        .service(at("/v1/clients/{code}", "PUT").route(put().to(clients::put)))
        .service(at("/v1/clients/{code}/event-endpoints", "GET").route(get().to(clients::endpoints)))
        .service(
            at("/v1/clients/{code}/event-endpoints/{id}/disable", "POST").route(post().to(clients::disable_endpoint)),
        )
        .service(at("/v1/agencies", "GET").route(get().to(agencies::list)))
        .service(at("/v1/agencies/{code}", "PUT").route(put().to(agencies::put)))
        .service(at("/v1/beneficiaries", "GET").route(get().to(beneficiaries::list)))
        .service(at("/v1/beneficiaries/{code}", "PUT").route(put().to(beneficiaries::put)))
        .service(at("/v1/beneficiaries/{code}/accounts", "POST").route(post().to(beneficiaries::propose)))
        .service(at("/v1/profiles", "GET").route(get().to(profiles::list)))
        .service(at("/v1/profiles/{code}", "PUT").route(put().to(profiles::put)))
        .service(
            at("/v1/profiles/{code}/fees", "GET, POST")
                .route(get().to(contract_fees::list))
                .route(post().to(contract_fees::propose)),
        )
        .service(at("/v1/profiles/{code}/payouts", "POST").route(post().to(profiles::propose_payouts)))
        .service(
            at("/v1/profiles/{code}/credentials", "GET, POST")
                .route(get().to(credentials::list))
                .route(post().to(credentials::propose)),
        )
        .service(
            at("/v1/profiles/{code}/credentials/{name}/retire-previous", "POST")
                .route(post().to(credentials::retire_previous)),
        )
        .service(
            at("/v1/profiles/{code}/credentials/{name}/retire-newest", "POST")
                .route(post().to(credentials::retire_newest)),
        )
        .service(at("/v1/receipt-series", "GET").route(get().to(receipt_series::list)))
        .service(at("/v1/receipt-series/{code}", "PUT").route(put().to(receipt_series::put)))
        .service(at("/v1/remittance-rules", "GET").route(get().to(remittance_rules::list)))
        .service(at("/v1/remittance-rules/{beneficiary}/{fee}", "PUT").route(put().to(remittance_rules::put)))
        .service(at("/v1/fees", "GET").route(get().to(fees::list)))
        .service(at("/v1/fees/{code}", "PUT").route(put().to(fees::put)))
        .service(at("/v1/calendar", "GET").route(get().to(calendar::list)))
        .service(
            at("/v1/calendar/{date}", "PUT, DELETE")
                .route(put().to(calendar::put))
                .route(delete().to(calendar::remove)),
        )
        .service(at("/v1/accounts", "GET").route(get().to(accounts::list)))
        .service(at("/v1/accounts/{code}", "PUT").route(put().to(accounts::put)))
        .service(at("/v1/score-rules", "GET, POST").route(get().to(score::rules)).route(post().to(score::set_rule)))
        .service(at("/v1/score-imports", "GET, POST").route(get().to(score::imports)).route(post().to(score::import)))
        .service(at("/v1/score-imports/{id}/file", "GET").route(get().to(score::file)))
        .service(at("/v1/layouts", "GET").route(get().to(layouts::list)))
        .service(at("/v1/layouts/{code}", "PUT").route(put().to(layouts::put)))
        // -- channels, and what is parked
        .service(at("/v1/channels", "GET").route(get().to(channels::list)))
        .service(at("/v1/channels/{code}/off", "POST").route(post().to(channels::off)))
        .service(at("/v1/channels/{code}/on", "POST").route(post().to(channels::on)))
        .service(at("/v1/channels/{code}/downtimes", "POST").route(post().to(channels::announce)))
        .service(at("/v1/channels/{code}/downtimes/{id}/withdraw", "POST").route(post().to(channels::withdraw)))
        .service(at("/v1/parked", "GET").route(get().to(parked::list)))
        .service(at("/v1/parked/{id}/retry", "POST").route(post().to(parked::retry)))
        // -- what providers say: any method, since each provider's document names its own
        .service(at("/v1/webhooks/{channel}/{profile}", "").route(to(webhooks::receive)))
        .service(at("/v1/webhooks/{channel}/{teller}/{profile}", "").route(to(webhooks::receive_of_account)))
        // -- what banks and wallets ask and pay: paths and methods of their own documents
        .service(at("/v1/bills/{profile}/{path:.*}", "").route(to(bills::answer)))
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
pub(crate) fn at(path: &str, allow: &'static str) -> Resource {
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
