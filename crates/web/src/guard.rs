//! The headers of every answer under `/pay`: no foreign code, no framing, no copies kept, no address given away. A press that
//! another site's page sent is refused before anything is read.
//!
//! The page's address is the right to see it, so no other site hears it (`no-referrer`) and no index lists it.

use crate::answer;
use crate::load::Asked;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;
use domain::mode::Mode;
use payments::Context;

/// Browsers hold a redirect after a form against `form-action` too (CSP 3, section 6.4.2.1 leaves it open), so the
/// providers' scheme is in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
    base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:";
/// Simulated providers have no certificates.
const POLICY_SANDBOX: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
    img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: http:";

pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let sandbox = request.app_data::<web::Data<Context>>().is_some_and(|ctx| ctx.mode == Mode::Sandbox);
    let mut response = if request.method() == Method::POST && is_foreign(&request) {
        let language = Asked::of(request.request()).language;
        request.into_response(answer::foreign(language)).map_into_right_body()
    } else {
        next.call(request).await?.map_into_left_body()
    };
    let headers = response.headers_mut();
    let policy = if sandbox { POLICY_SANDBOX } else { POLICY };
    set(headers, header::CONTENT_SECURITY_POLICY, policy);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    // for browsers from before `frame-ancestors`
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    if !headers.contains_key(header::CACHE_CONTROL) {
        set(headers, header::CACHE_CONTROL, "no-store");
    }
    Ok(response)
}

/// What browsers of today say of where a request comes from (Fetch Metadata); of older ones the origin, which is `null` from
/// our own pages too, because they give no referrer away. Whoever says neither is no browser, and has the token at least.
fn is_foreign(request: &ServiceRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header("origin").filter(|origin| *origin != "null") else { return false };
    let host = request.connection_info().host().to_owned();
    let public = request.app_data::<web::Data<Context>>().map(|ctx| ctx.public_url.to_string()).unwrap_or_default();
    let is_own = url::Url::parse(&public).is_ok_and(|url| url.origin().ascii_serialization() == origin);
    !is_own && origin.split_once("://").is_none_or(|(_, own)| own != host)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
