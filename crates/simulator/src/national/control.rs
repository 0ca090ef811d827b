//! The test's own door beside the wallets'. Refuses what is no address.

use std::sync::{Mutex, PoisonError};

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
    #[serde(default)]
    return_url: Option<String>,
}

/// Where CONFIRM goes, and the payer's browser, for orders that are made from now on.
pub(super) async fn notify(shop: web::Data<Shop<National>>, body: web::Bytes) -> Answer {
    let Notify { url, return_url } = strict(&body)?;
    for given in [Some(&url), return_url.as_ref()].into_iter().flatten() {
        url::Url::parse(given).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    }
    shop.log.write("control", json!({"what": "notify", "url": url, "return_url": return_url})).await?;
    let keep = |at: &Mutex<String>, given: &String| at.lock().unwrap_or_else(PoisonError::into_inner).clone_from(given);
    keep(&shop.wire.notify_url, &url);
    if let Some(return_url) = &return_url {
        keep(&shop.wire.return_url, return_url);
    }
    Ok(HttpResponse::Ok().json(json!({"notify_url": url, "return_url": shop.wire.return_url()})))
}
