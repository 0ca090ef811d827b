//! The citizen's page: what is owed, the ways to pay it, what became of it. Plain HTML that an old phone shows without
//! JavaScript, cookies or any other host; one small script of ours makes it better. It shows what `payments` says and starts
//! attempts through `payments`; reading it changes nothing, and nothing of a payer's personal data stands on it.

mod account;
mod answer;
mod aside;
mod guard;
mod language;
mod load;
mod lookup;
mod money;
mod news;
mod notice;
mod page;
mod picture;
mod prompt;
mod receipt;
mod renew;
mod said;
mod show;
mod stage;
mod start;
mod transfer;
mod ways;

use actix_web::Resource;
use actix_web::web::{self, ServiceConfig};
use std::sync::Arc;
use volatile::{Limit, Volatile};

/// Look-ups of one address: enough for the counter of a commune behind it, too little to read a province's dossiers.
const LOOKUPS_PER_MINUTE: u32 = 20;
const LOOKUPS_AT_ONCE: u32 = 10;
/// The longest form has five short fields.
const MAX_FORM_BYTES: usize = 4096;

/// What the pages of one process share. Cheap to clone.
#[derive(Clone)]
pub struct Page {
    pub(crate) volatile: Volatile,
    pub(crate) places: Arc<news::Places>,
    pub(crate) lookups: Arc<Limit>,
}

impl Page {
    /// `volatile`: through which other processes tell what changed.
    pub fn new(volatile: Volatile) -> Self {
        let lookups = Limit::new(volatile.clone(), "lookup", LOOKUPS_PER_MINUTE, LOOKUPS_AT_ONCE);
        Self { lookups: Arc::new(lookups), places: Arc::default(), volatile }
    }
}

/// All under `/pay` and `/receipts`. Wants `web::Data<payments::Context>` and `web::Data<Page>`.
pub fn pages(cfg: &mut ServiceConfig) {
    let form = || web::FormConfig::default().limit(MAX_FORM_BYTES);
    cfg.service(
        web::scope("/pay")
            .wrap(actix_web::middleware::from_fn(guard::guard))
            .service(at("", "GET, HEAD").route(web::get().to(lookup::lookup)).route(web::head().to(lookup::lookup)))
            .service(
                at("/", "GET, HEAD")
                    .route(web::get().to(lookup::without_slash))
                    .route(web::head().to(lookup::without_slash)),
            )
            .service(at("/assets/pay.css", "GET").route(web::get().to(answer::stylesheet)))
            .service(at("/assets/pay.js", "GET").route(web::get().to(answer::script)))
            .service(at("/assets/mark.svg", "GET").route(web::get().to(answer::mark)))
            .service(at("/{token}", "GET, HEAD").route(web::get().to(show::show)).route(web::head().to(show::show)))
            .service(at("/{token}/news", "GET").route(web::get().to(news::news)))
            .service(at("/{token}/qr.png", "GET").route(web::get().to(picture::picture)))
            .service(at("/{token}/notice.pdf", "GET").route(web::get().to(notice::notice)))
            .service(
                at("/{token}/attempts", "GET, POST")
                    .app_data(form())
                    .route(web::post().to(start::start))
                    .route(web::get().to(start::back)),
            )
            .service(
                at("/{token}/renew", "GET, POST")
                    .app_data(form())
                    .route(web::post().to(renew::renew))
                    .route(web::get().to(start::back)),
            )
            .service(
                at("/{token}/refund-account", "GET, POST")
                    .app_data(form())
                    .route(web::post().to(account::tell))
                    .route(web::get().to(start::back)),
            )
            .default_service(web::to(answer::elsewhere)),
    );
    cfg.service(
        web::scope("/receipts")
            .wrap(actix_web::middleware::from_fn(guard::guard))
            .service(
                at("/{token}", "GET, HEAD").route(web::get().to(receipt::show)).route(web::head().to(receipt::show)),
            )
            .service(at("/{token}/receipt.pdf", "GET").route(web::get().to(receipt::pdf)))
            .service(at("/{token}/receipt.xml", "GET").route(web::get().to(receipt::xml)))
            .default_service(web::to(answer::elsewhere)),
    );
}

/// A path and the methods that it takes, as a refusal of any other names them (RFC 9110, section 15.5.6).
fn at(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || answer::wrong_method(allow)))
}
