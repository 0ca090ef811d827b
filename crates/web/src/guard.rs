//! The headers of every answer under `/pay`: no foreign code, no framing, no copies kept, no address given away.
//!
//! The page's address is the right to see it, so no other site hears it (`no-referrer`) and no index lists it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;
use domain::mode::Mode;
use payments::Context;

/// Browsers hold a redirect after a form against `form-action` too (CSP 3, section 6.4.2.1 leaves it open), so the
/// providers' scheme is in it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
    form-action 'self' https:";
/// Simulated providers have no certificates.
const POLICY_SANDBOX: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'self' https: http:";

pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let sandbox = request.app_data::<web::Data<Context>>().is_some_and(|ctx| ctx.mode == Mode::Sandbox);
    let mut response = next.call(request).await?;
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

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
