//! The answers that are not a page of the desk: absent, not allowed, out of order, the style sheet.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use storage::StorageError;

const STYLESHEET: &str = include_str!("../templates/console.css");
const MARK: &str = include_str!("../templates/mark.svg");
const RETRY_AFTER_S: u32 = 30;

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    title: &'static str,
    text: String,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Nobody is signed in: the way there.
    #[error("nobody is signed in")]
    SignIn,
    #[error("no such thing, or not theirs")]
    Absent,
    #[error("their roles do not allow it")]
    NotAllowed,
    /// The form is not one that this session was shown.
    #[error("the form is not of this session")]
    Form,
    #[error("the file is too large")]
    TooLarge,
    #[error("too many tries: again after {0} s")]
    TooMany(u64),
    #[error("something does not work")]
    Storage(#[from] StorageError),
    #[error("something does not work")]
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl Refused {
    pub fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Broken(Box::new(error))
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::SEE_OTHER,
            Self::Absent => StatusCode::NOT_FOUND,
            Self::NotAllowed | Self::Form => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Storage(e) if e.is_unavailable() || e.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Storage(_) | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let say = |title, text: &str| message(status, title, text.to_owned());
        match self {
            Self::SignIn => see_other("/console/sign-in"),
            Self::Absent => {
                say("Không tìm thấy trang này", "Địa chỉ không đúng, hoặc nội dung không thuộc đơn vị của bạn.")
            }
            Self::NotAllowed => say(
                "Bạn không có quyền này",
                "Vai trò của bạn không cho phép. Người quản trị có thể xem và thay đổi vai trò.",
            ),
            Self::Form => {
                say("Biểu mẫu đã hết hạn", "Hãy quay lại trang trước, tải lại và gửi lần nữa. Chưa có gì thay đổi.")
            }
            Self::TooLarge => say("Tệp quá lớn", "Tệp lớn hơn 64 MiB cần được gửi qua API."),
            Self::TooMany(seconds) => {
                let mut response = message(status, "Quá nhiều lần thử", format!("Hãy thử lại sau {seconds} giây."));
                response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(*seconds));
                response
            }
            Self::Storage(_) | Self::Broken(_) => {
                tracing::error!(error = self as &dyn std::error::Error, "page not answered");
                let mut response = say("Hệ thống đang gián đoạn", "Hãy thử lại sau ít phút. Chưa có gì thay đổi.");
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(RETRY_AFTER_S));
                }
                response
            }
        }
    }
}

pub(crate) type Answer = Result<HttpResponse, Refused>;

pub(crate) fn html(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(body) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_LANGUAGE, "vi"))
            .body(body),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "page not rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn message(status: StatusCode, title: &'static str, text: String) -> HttpResponse {
    html(status, &Message { title, text })
}

pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// Under `/console`, and nothing of ours.
pub(crate) async fn elsewhere() -> Answer {
    Err(Refused::Absent)
}

pub(crate) async fn wrong_method(allow: &'static str) -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allow)).finish()
}

/// A press that another site's page sent.
pub(crate) fn foreign() -> HttpResponse {
    Refused::Form.error_response()
}

pub(crate) async fn stylesheet() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLESHEET)
}

pub(crate) async fn mark() -> HttpResponse {
    asset("image/svg+xml", MARK)
}

fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=600"))
        .body(body)
}
