//! The page as it is read. A provider's return parameters are neither believed nor shown, and do not stay in the address, which
//! somebody may pass on.

use crate::answer;
use crate::load::{Asked, load};
use crate::page::Page;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use payments::Context;

pub(crate) async fn show(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    if asked.is_told {
        let token = &loaded.view.intent.page_token;
        let clean = format!("/pay/{token}{}", asked.language.query(asked.returned));
        if let Ok(location) = HeaderValue::from_str(&clean) {
            return answer::see_other(location);
        }
    }
    let page = Page::of(&ctx, &loaded, &asked, Timestamp::now());
    answer::html(StatusCode::OK, asked.language, &page)
}
