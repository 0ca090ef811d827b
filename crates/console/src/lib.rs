//! The console of finance staff on the staff listener: HTML that works without JavaScript and asks no other host. Every read
//! goes through `storage` and every write through `payments`, with the rights that the person's roles give over the API: what
//! a person may not do there they may not do here, and what is not theirs is absent.

mod admin;
mod answer;
mod approvals;
mod cases;
mod considered;
mod cookie;
mod days;
mod effect;
mod exports;
mod files;
mod form;
mod frame;
mod guard;
mod join;
mod multipart;
mod openings;
mod outside;
mod receipts;
mod remittances;
mod reports;
mod said;
mod search;
mod shown;
mod sign_in;
mod staff;
mod statements;
mod today;
mod words;

use actix_web::Resource;
use actix_web::web::{self, ServiceConfig};
use identity::outside::IdentityProvider;
use payments::report::Turns;
use payments::sign_in::TokenHash;
use std::sync::Arc;
use volatile::{Limit, Volatile};

/// Tries to sign in from one address: an office shares one, and whoever stuffs credentials needs thousands.
const TRIES_PER_MINUTE: u32 = 10;
const TRIES_AT_ONCE: u32 = 20;
/// The longest form names fifty obligations.
const MAX_FORM_BYTES: usize = 16_384;

/// What the pages of one process share. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    pub(crate) tries: Arc<Limit>,
    /// Of reports, shared with the API of this process.
    pub(crate) turns: Turns,
    /// Where people sign in besides, if anywhere.
    pub(crate) outside: Option<Arc<dyn IdentityProvider>>,
}

impl Console {
    pub fn new(volatile: Volatile, turns: Turns, outside: Option<Arc<dyn IdentityProvider>>) -> Self {
        Self { tries: Arc::new(Limit::new(volatile, "sign-in", TRIES_PER_MINUTE, TRIES_AT_ONCE)), turns, outside }
    }
}

/// Where an identity provider sends a browser back to, and where it lands when it was signed out there; on the staff listener.
pub const RETURN_PATH: &str = "/console/outside/return";
pub const LEFT_PATH: &str = "/console/sign-in";

/// A link by which a person sets password and codes, once.
pub struct Link {
    /// On the staff listener.
    pub path: String,
    /// What is kept of it.
    pub token_hash: TokenHash,
}

impl Link {
    pub fn mint() -> Self {
        let token = cookie::Token::random();
        Self { path: format!("/console/invitations/{}", token.text()), token_hash: token.hash() }
    }
}

/// All under `/console`. Wants `web::Data<payments::Context>` and `web::Data<Console>`.
pub fn pages(cfg: &mut ServiceConfig) {
    cfg.service(
        web::scope("/console")
            .wrap(actix_web::middleware::from_fn(guard::guard))
            .app_data(web::PayloadConfig::new(MAX_FORM_BYTES))
            // a question that no page asks
            .app_data(web::QueryConfig::default().error_handler(|_, _| answer::Refused::Absent.into()))
            .service(at("/assets/console.css", "GET").route(web::get().to(answer::stylesheet)))
            .service(at("/assets/mark.svg", "GET").route(web::get().to(answer::mark)))
            // -- who is there
            .service(
                at("/sign-in", "GET, POST").route(web::get().to(sign_in::show)).route(web::post().to(sign_in::sign_in)),
            )
            .service(at("/outside", "POST").route(web::post().to(outside::set_out)))
            .service(at("/outside/anew", "POST").route(web::post().to(outside::ask_anew)))
            .service(at("/outside/return", "GET").route(web::get().to(outside::come_back)))
            .service(at("/outside/code", "POST").route(web::post().to(outside::code)))
            .service(at("/sign-out", "POST").route(web::post().to(sign_in::sign_out)))
            .service(
                at("/invitations/{token}", "GET, POST")
                    .route(web::get().to(join::show))
                    .route(web::post().to(join::join)),
            )
            // -- the desk
            .service(at("", "GET").route(web::get().to(today::today)))
            .service(at("/search", "GET").route(web::get().to(search::search)))
            .service(at("/payments/{id}", "GET").route(web::get().to(search::payment)))
            .service(at("/cases", "GET").route(web::get().to(cases::list)))
            .service(at("/cases/{id}", "GET").route(web::get().to(cases::show)))
            .service(at("/cases/{id}/resolutions", "POST").route(web::post().to(cases::resolve)))
            .service(at("/cases/{id}/owner", "POST").route(web::post().to(cases::own)))
            .service(at("/approvals", "GET").route(web::get().to(approvals::list)))
            .service(at("/approvals/{id}", "GET").route(web::get().to(approvals::show)))
            .service(at("/approvals/{id}/decision", "POST").route(web::post().to(approvals::decide)))
            .service(at("/days", "GET").route(web::get().to(days::list)))
            .service(at("/day", "GET").route(web::get().to(days::show)))
            .service(at("/day/close", "POST").route(web::post().to(days::close)))
            .service(at("/day/reopen", "POST").route(web::post().to(days::reopen)))
            .service(at("/openings", "GET").route(web::get().to(openings::list)))
            .service(
                at("/openings/{account}", "GET, POST")
                    .route(web::get().to(openings::show))
                    .route(web::post().to(openings::state)),
            )
            .service(at("/openings/{account}/take-back", "POST").route(web::post().to(openings::take_back)))
            .service(
                at("/remittances", "GET, POST")
                    .route(web::get().to(remittances::list))
                    .route(web::post().to(remittances::prepare)),
            )
            .service(at("/remittances/{id}", "GET").route(web::get().to(remittances::show)))
            .service(at("/remittances/{id}/cancel", "POST").route(web::post().to(remittances::cancel)))
            .service(at("/receipts", "GET").route(web::get().to(receipts::list)))
            .service(at("/receipts/{id}", "GET").route(web::get().to(receipts::show)))
            .service(at("/receipts/{id}/replacements", "POST").route(web::post().to(receipts::replace)))
            .service(at("/reports", "GET").route(web::get().to(reports::list)))
            .service(at("/reports/{report}", "GET").route(web::get().to(reports::show)))
            .service(at("/reports/{report}/file", "GET").route(web::get().to(reports::file)))
            .service(
                at("/exports", "GET, POST").route(web::get().to(exports::list)).route(web::post().to(exports::ask)),
            )
            .service(at("/exports/{id}", "GET").route(web::get().to(exports::show)))
            .service(at("/exports/{id}/file", "GET").route(web::get().to(exports::file)))
            // -- administration
            .service(at("/admin", "GET").route(web::get().to(admin::index)))
            .service(at("/admin/channels", "GET").route(web::get().to(admin::channels)))
            .service(at("/admin/channels/{code}/switch", "POST").route(web::post().to(admin::switch)))
            .service(at("/admin/channels/{code}/downtimes", "POST").route(web::post().to(admin::announce)))
            .service(
                at("/admin/channels/{code}/downtimes/{id}/withdraw", "POST").route(web::post().to(admin::withdraw)),
            )
            .service(at("/admin/people", "GET").route(web::get().to(admin::people)))
            .service(at("/admin/keys/{id}/revoke", "POST").route(web::post().to(admin::revoke)))
            .service(at("/admin/setup", "GET").route(web::get().to(admin::setup)))
            .service(at("/admin/calendar", "POST").route(web::post().to(admin::put_day)))
            .service(at("/admin/calendar/{date}/remove", "POST").route(web::post().to(admin::remove_day)))
            .service(
                at("/admin/remittance-rules", "GET, POST")
                    .route(web::get().to(admin::remittance_rules))
                    .route(web::post().to(admin::put_remittance_rule)),
            )
            .service(at("/admin/parked", "GET").route(web::get().to(admin::parked)))
            .service(at("/admin/parked/{id}/retry", "POST").route(web::post().to(admin::drive)))
            // -- files
            .service(at("/statements", "GET").route(web::get().to(statements::list)))
            .service(at("/files", "POST").route(web::post().to(files::bring)))
            .service(at("/statements/{id}", "GET").route(web::get().to(statements::show)))
            .service(at("/statements/{id}/lines/{n}", "GET").route(web::get().to(considered::show)))
            .default_service(web::to(answer::elsewhere)),
    );
}

/// A path and the methods that it takes, as a refusal of any other names them (RFC 9110, section 15.5.6).
fn at(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || answer::wrong_method(allow)))
}
