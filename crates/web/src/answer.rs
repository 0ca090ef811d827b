//! The answers that are not the page itself: absent, out of order, the way back, the style sheet.

use crate::language::{Language, Words};
use crate::load::Asked;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use storage::StorageError;

const STYLESHEET: &str = include_str!("../templates/pay.css");
const SCRIPT: &str = include_str!("../templates/pay.js");
const MARK: &str = include_str!("../templates/mark.svg");
/// Seconds after which a browser is asked to come again when we are out of order.
const RETRY_AFTER_S: u32 = 30;

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    w: &'static Words,
    title: &'static str,
    text: &'static str,
}

pub(crate) fn html(status: StatusCode, language: Language, template: &impl Template) -> HttpResponse {
    let body = match template.render() {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "page not rendered");
            return HttpResponse::InternalServerError().finish();
        }
    };
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    response.insert_header((header::CONTENT_LANGUAGE, language.words().lang));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
    }
    response.body(body)
}

/// The same for every token that names nothing, well-formed or not.
pub(crate) fn absent(language: Language) -> HttpResponse {
    let w = language.words();
    html(StatusCode::NOT_FOUND, language, &Message { w, title: w.absent_title, text: w.absent_text })
}

pub(crate) fn out_of_order(status: StatusCode, language: Language) -> HttpResponse {
    let w = language.words();
    html(status, language, &Message { w, title: w.out_of_order_title, text: w.out_of_order_text })
}

/// Under `/pay`, and nothing of ours.
pub(crate) async fn elsewhere(request: HttpRequest) -> HttpResponse {
    absent(Asked::of(&request).language)
}

pub(crate) async fn wrong_method(allow: &'static str) -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allow)).finish()
}

pub(crate) fn see_other(location: header::HeaderValue) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// A press that another site's page sent.
pub(crate) fn foreign(language: Language) -> HttpResponse {
    let w = language.words();
    html(StatusCode::FORBIDDEN, language, &Message { w, title: w.foreign_title, text: w.foreign_text })
}

/// What a caller may do about it: come again, or nothing.
pub(crate) fn status_of(error: &StorageError) -> StatusCode {
    match error {
        StorageError::Unavailable(_) | StorageError::Retry(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(crate) async fn stylesheet() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLESHEET)
}

pub(crate) async fn script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

pub(crate) async fn mark() -> HttpResponse {
    asset("image/svg+xml", MARK)
}

fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        // long enough for the way to the bank and back, short enough for a new release
        .insert_header((header::CACHE_CONTROL, "public, max-age=600"))
        .body(body)
}
