//! The citizen's page: what is owed, the ways to pay it, what became of it. Plain HTML that an old phone shows without
//! JavaScript, cookies or any other host; one small script of ours makes it better. It shows what `payments` says and starts
//! attempts through `payments`; reading it changes nothing, and nothing of a payer's personal data stands on it.

mod account;
mod answer;
mod aside;
mod banks;
mod guard;
mod language;
mod limit;
mod load;
mod lookup;
mod money;
mod news;
mod notice;
mod page;
mod picture;
mod prompt;
mod renew;
mod show;
mod stage;
mod start;
mod transfer;
mod ways;

use actix_web::web::{self, ServiceConfig};
use limit::Limit;
use std::sync::Arc;
use volatile::Volatile;

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
        Self { lookups: Arc::new(Limit::new(volatile.clone())), places: Arc::default(), volatile }
    }
}

/// All under `/pay`. Wants `web::Data<payments::Context>` and `web::Data<Page>`.
pub fn pages(cfg: &mut ServiceConfig) {
    let form = || web::FormConfig::default().limit(MAX_FORM_BYTES);
    cfg.service(
        web::scope("/pay")
            .wrap(actix_web::middleware::from_fn(guard::guard))
            .service(web::resource("").route(web::get().to(lookup::lookup)).route(web::head().to(lookup::lookup)))
            .route("/assets/pay.css", web::get().to(answer::stylesheet))
            .route("/assets/pay.js", web::get().to(answer::script))
            .route("/assets/mark.svg", web::get().to(answer::mark))
            .service(web::resource("/{token}").route(web::get().to(show::show)).route(web::head().to(show::show)))
            .route("/{token}/news", web::get().to(news::news))
            .route("/{token}/qr.png", web::get().to(picture::picture))
            .route("/{token}/notice.pdf", web::get().to(notice::notice))
            .service(
                web::resource("/{token}/attempts")
                    .app_data(form())
                    .route(web::post().to(start::start))
                    .route(web::get().to(start::back)),
            )
            .service(
                web::resource("/{token}/renew")
                    .app_data(form())
                    .route(web::post().to(renew::renew))
                    .route(web::get().to(start::back)),
            )
            .service(
                web::resource("/{token}/refund-account")
                    .app_data(form())
                    .route(web::post().to(account::tell))
                    .route(web::get().to(start::back)),
            )
            .default_service(web::to(answer::elsewhere)),
    );
}
