//! OAuth2 client credentials (RFC 6749, section 4.4), and whether a call comes with a token that is taken.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use rand::Rng;
use serde_json::json;

use super::errors::{Category, Fault, fault};
use super::{Shop, held};
use crate::clock;
use crate::server::Answer;

pub(super) async fn grant(shop: web::Data<Shop>, request: HttpRequest, body: web::Bytes) -> Answer {
    let basic = header(&request, "authorization").and_then(|text| text.strip_prefix("Basic ").map(str::to_owned));
    let pair = basic.and_then(|b| BASE64_STANDARD.decode(b).ok()).and_then(|b| String::from_utf8(b).ok());
    let known = held(&shop.secrets).iter().any(|s| pair.as_deref() == Some(&format!("{}:{s}", shop.config.client_id)));
    let asked = form_urlencoded::parse(&body).any(|(n, v)| n == "grant_type" && v == "client_credentials");
    shop.log.write("token", json!({"granted": known && asked})).await?;
    if !known {
        return Ok(HttpResponse::Unauthorized().json(json!({"error": "invalid_client"})));
    }
    if !asked {
        return Ok(HttpResponse::BadRequest().json(json!({"error": "unsupported_grant_type"})));
    }
    let token: String = format!("{:032x}", rand::rng().next_u64());
    let lasts = SignedDuration::from_secs(i64::try_from(shop.config.token_s).unwrap_or(3_600));
    held(&shop.tokens).insert(token.clone(), clock::now() + lasts);
    let granted = json!({"access_token": token, "token_type": "Bearer", "expires_in": shop.config.token_s});
    Ok(HttpResponse::Ok().json(granted))
}

/// Every call of the API needs a token.
pub(super) fn admit(shop: &Shop, request: &HttpRequest) -> Result<(), Fault> {
    let token = header(request, "authorization").and_then(|text| text.strip_prefix("Bearer ").map(str::to_owned));
    let until = token.and_then(|token| held(&shop.tokens).get(&token).copied());
    if until.is_some_and(|until| clock::now() < until) {
        return Ok(());
    }
    Err(fault(Category::Authorisation, "clientAuthorisationError"))
}

pub(super) fn header(request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}
