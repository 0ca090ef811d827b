//! The operations listener: alive, ready, measured, and what is left to do.

use crate::State;
use crate::problem::{Code, Problem};
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use storage::backlog::{self, Counts};
use utoipa::ToSchema;

/// The process answers; nothing else is asked.
#[utoipa::path(get, path = "/livez", tag = "operating", responses((status = 200)))]
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The database answers.
#[utoipa::path(get, path = "/readyz", tag = "operating",
    responses((status = 200), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn readyz(state: Data<State>) -> Result<HttpResponse, Problem> {
    let db = state.ctx.pool.get().await?;
    db.simple_query("select 1").await.map_err(|_| Problem::new(Code::Unavailable))?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

/// Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "operating", responses((status = 200)))]
pub async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body((state.render_metrics)())
}

#[derive(Serialize, ToSchema)]
pub struct CountsView {
    inbox: i64,
    outbox: i64,
    polls: i64,
    refunds: i64,
    movements: i64,
    unsealed: i64,
    /// Mails to payers about their receipts.
    mail: i64,
}

#[derive(Serialize, ToSchema)]
pub struct BacklogView {
    /// Could be done now.
    due: CountsView,
    /// Has its time later.
    waiting: CountsView,
    /// Given up; a person decides.
    parked: CountsView,
    oldest_due_s: i64,
}

fn counts(c: &Counts) -> CountsView {
    CountsView {
        inbox: c.inbox,
        outbox: c.outbox,
        polls: c.polls,
        refunds: c.refunds,
        movements: c.movements,
        unsealed: c.unsealed,
        mail: c.mail,
    }
}

/// What is left to do; the same from every process.
#[utoipa::path(get, path = "/backlog", tag = "operating", responses((status = 200, body = BacklogView)))]
pub async fn backlog(state: Data<State>) -> Result<HttpResponse, Problem> {
    let db = state.ctx.pool.get().await?;
    let b = backlog::read(&db).await?;
    Ok(HttpResponse::Ok().json(BacklogView {
        due: counts(&b.due),
        waiting: counts(&b.waiting),
        parked: counts(&b.parked),
        oldest_due_s: b.oldest_due_s,
    }))
}
