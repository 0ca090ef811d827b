//! The citizen's page: what is owed, the ways to pay it, what became of it. Plain HTML that an old phone shows without
//! JavaScript, cookies or any other host. It shows what `payments` says and starts attempts through `payments`; reading
//! it changes nothing, and nothing of a payer's personal data stands on it.

mod answer;
mod banks;
mod guard;
mod language;
mod load;
mod page;
mod prompt;
mod show;
mod start;
mod transfer;

use actix_web::web::{self, ServiceConfig};

/// The form has two short fields.
const MAX_FORM_BYTES: usize = 4096;

/// All under `/pay`. Wants `web::Data<payments::Context>`.
pub fn pages(cfg: &mut ServiceConfig) {
    cfg.service(
        web::scope("/pay")
            .wrap(actix_web::middleware::from_fn(guard::guard))
            .route("/assets/pay.css", web::get().to(answer::stylesheet))
            .service(web::resource("/{token}").route(web::get().to(show::show)).route(web::head().to(show::show)))
            .service(
                web::resource("/{token}/attempts")
                    .app_data(web::FormConfig::default().limit(MAX_FORM_BYTES))
                    .route(web::post().to(start::start))
                    .route(web::get().to(start::back)),
            )
            .default_service(web::to(answer::elsewhere)),
    );
}
