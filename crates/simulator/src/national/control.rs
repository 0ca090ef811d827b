//! The test's own door beside the wallets'. Refuses what is no address.

use std::sync::PoisonError;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::National;
use crate::server::{Answer, refused, strict};
use crate::wallet::Shop;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notify {
    url: String,
}

/// Where CONFIRM goes for orders that are made from now on.
pub(super) async fn notify(shop: web::Data<Shop<National>>, body: web::Bytes) -> Answer {
    let Notify { url } = strict(&body)?;
    url::Url::parse(&url).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    shop.log.write("control", json!({"what": "notify", "url": url})).await?;
    shop.wire.notify_url.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&url);
    Ok(HttpResponse::Ok().json(json!({"notify_url": url})))
}
