//! One press opens an expired payment again, under the same reference. Refused, and said so, where a fee of it was paid or is
//! in another payment by now.

use crate::answer;
use crate::load::{Asked, load};
use crate::page::Page;
use crate::start::{back_to_page, sha256};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::intent::EXPIRES_IN_S_DEFAULT;
use jiff::{SignedDuration, Timestamp};
use payments::advance_intent::{self, Command, PlanError};
use payments::{Caller, Context};
use serde::Deserialize;
use std::error::Error;
use storage::idempotency;

#[derive(Deserialize)]
pub(crate) struct Press {
    /// Random, one per page that was served: a press that is sent twice is one renewal.
    form_id: String,
}

pub(crate) async fn renew(
    ctx: web::Data<Context>,
    request: HttpRequest,
    press: Result<web::Form<Press>, actix_web::Error>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let now = Timestamp::now();
    let w = asked.language.words();
    let press = match press {
        Ok(press) => press.into_inner(),
        Err(error) => {
            let page = Page::of(&ctx, &loaded, &asked, now).with_error(w.bad_form);
            return answer::html(error.as_response_error().status_code(), asked.language, &page);
        }
    };
    let intent = &loaded.view.intent;
    let command = Command {
        intent: intent.id,
        client: intent.client_id,
        caller: Caller::system(),
        idempotency: idempotency::Request {
            principal: intent.id.uuid(),
            scope: "POST /pay/renew".to_owned(),
            key_hash: sha256(&press.form_id),
            fingerprint: sha256("renew"),
        },
        now,
    };
    let life = SignedDuration::from_secs(EXPIRES_IN_S_DEFAULT);
    match advance_intent::renew(&ctx, &command, life, &|_| String::new()).await {
        // open already: somebody else pressed, or it never was over
        Ok(_) | Err(PlanError::WrongStatus(_)) => back_to_page(&asked),
        Err(error) => refused(&ctx, &asked, &error, now).await,
    }
}

async fn refused(ctx: &Context, asked: &Asked, error: &PlanError, now: Timestamp) -> HttpResponse {
    let w = asked.language.words();
    let (status, text) = match error {
        PlanError::ObligationPaid(_)
        | PlanError::ObligationNotPayable(_)
        | PlanError::ObligationInPayment(_)
        | PlanError::AttemptCommitted
        | PlanError::Edge(_)
        | PlanError::Idempotency(_) => (StatusCode::CONFLICT, w.renewed_not),
        PlanError::Storage(_) | PlanError::Absent | PlanError::WrongStatus(_) => {
            tracing::error!(error = error as &dyn Error, "a payment was not renewed");
            (StatusCode::SERVICE_UNAVAILABLE, w.out_of_order_text)
        }
    };
    match load(ctx, asked).await {
        Ok(loaded) => answer::html(status, asked.language, &Page::of(ctx, &loaded, asked, now).with_error(text)),
        Err(instead) => instead,
    }
}
