//! The way to an identity provider and back. A browser sends no `Strict` cookie with a page that another site led to, so its way
//! there has a cookie of its own, `Lax` and good for that alone, and it comes home by a page of ours which leads on. Leaving
//! happens by such a page too: a form may lead to no other site (`form-action` of the policy).

use crate::Console;
use crate::answer::{Answer, Refused, html};
use crate::cookie::{self, BEFORE, OUTSIDE, SESSION, Token};
use crate::form::Form;
use crate::staff::{Staff, now, request_id};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::mode::Mode;
use identity::outside::{IdentityProvider, Returned};
use payments::Context;
use payments::sign_in::SignInError;
use payments::sign_in::outside::{self, Arrival, ArriveError, Browser};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// Longer addresses are nobody's way back.
const LONGEST_NEXT: usize = 512;

#[derive(Template)]
#[template(path = "onward.html")]
struct Onward {
    title: &'static str,
    there: String,
    /// As the link reads.
    name: String,
    sandbox: bool,
}

#[derive(Template)]
#[template(path = "outside_code.html")]
struct CodePage {
    form: String,
    name: String,
    refused: bool,
    sandbox: bool,
}

#[derive(Template)]
#[template(path = "outside_refused.html")]
struct RefusedPage {
    text: &'static str,
    /// Issuer and subject, which an administrator has to know, for the person's own eyes.
    unlinked: Option<(String, String)>,
    sandbox: bool,
}

fn provider(console: &Console) -> Result<&dyn IdentityProvider, Refused> {
    console.outside.as_deref().ok_or(Refused::Absent)
}

fn browser(token: &Token) -> Browser<'_> {
    Browser { token: token.text(), token_hash: token.hash() }
}

/// A page that goes on by itself, and has a link for whom it does not.
fn onward(ctx: &Context, title: &'static str, name: &str, there: String) -> HttpResponse {
    let name = name.to_owned();
    html(StatusCode::OK, &Onward { title, there, name, sandbox: ctx.mode == Mode::Sandbox })
}

/// The page after signing out, where the provider has a place for that.
pub(crate) async fn signed_out(ctx: &Context, console: &Console) -> Option<HttpResponse> {
    let provider = console.outside.as_deref()?;
    let there = provider.way_out(now()).await?;
    Some(onward(ctx, "Đã đăng xuất ở đây", provider.name(), there))
}

async fn counted(request: &HttpRequest, console: &Console) -> Result<(), Refused> {
    let address = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    console.tries.take(address, Instant::now()).await.map_err(Refused::TooMany)
}

/// Off to sign in.
pub(crate) async fn set_out(request: HttpRequest, ctx: Data<Context>, console: Data<Console>, raw: Bytes) -> Answer {
    let before = Token::held(&request, BEFORE).ok_or(Refused::Form)?;
    Form::read(&raw, &before)?;
    counted(&request, &console).await?;
    off(&ctx, provider(&console)?, None, "/console").await
}

/// Off to show anew who one is.
pub(crate) async fn ask_anew(ctx: Data<Context>, console: Data<Console>, staff: Staff, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    let next = form.text("next");
    if !staff.is_outside || !is_own(next) {
        return Err(Refused::Form);
    }
    off(&ctx, provider(&console)?, Some(&staff.token), next).await
}

/// An address of the desk, whatever a browser makes of it.
fn is_own(next: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~?&=:%+,".contains(&b);
    let under = next == "/console" || next.starts_with("/console/") || next.starts_with("/console?");
    under && next.len() <= LONGEST_NEXT && next.bytes().all(letter) && !next.contains("//") && !next.contains("..")
}

async fn off(ctx: &Context, provider: &dyn IdentityProvider, session: Option<&Token>, next: &str) -> Answer {
    let token = Token::random();
    let session = session.map(Token::hash);
    match outside::set_out(ctx, provider, &browser(&token), (session.as_ref(), next), now()).await {
        Ok(there) => {
            let mut response = onward(ctx, "Đang chuyển trang", provider.name(), there);
            token.give_for_a_way(&mut response, OUTSIDE);
            Ok(response)
        }
        Err(error) => refused(ctx, provider, error),
    }
}

/// OpenID Connect Core 1.0, section 3.1.2.5 and 3.1.2.6, as the browser brings it.
#[derive(Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

pub(crate) async fn come_back(
    request: HttpRequest,
    ctx: Data<Context>,
    console: Data<Console>,
    brought: Query<Brought>,
) -> Answer {
    let provider = provider(&console)?;
    counted(&request, &console).await?;
    let held = Token::held(&request, OUTSIDE);
    let held = held.as_ref().map(browser);
    let begins = Token::random();
    let Brought { state, code, iss, error } = brought.into_inner();
    let returned = Returned { code, issuer: iss, error };
    let (asked, told) = ((held.as_ref(), &begins.hash()), (&*request_id(&request), now()));
    match outside::arrive(&ctx, provider, asked, (&state, &returned), told).await {
        Ok(Arrival::SignedIn) => Ok(home(&ctx, "/console".to_owned(), Some(&begins))),
        Ok(Arrival::ShownAnew { next }) => Ok(home(&ctx, next, None)),
        Ok(Arrival::CodeWanted) => {
            let token = Token::held(&request, OUTSIDE).ok_or(Refused::Form)?;
            Ok(code_page(StatusCode::OK, &ctx, provider, &token, false))
        }
        Err(error) => refused(&ctx, provider, error),
    }
}

/// Back at the desk: from a page of ours, so that the browser sends its `Strict` cookie along.
fn home(ctx: &Context, next: String, session: Option<&Token>) -> HttpResponse {
    let mut response = onward(ctx, "Đã xác thực", "bàn tài chính", next);
    if let Some(session) = session {
        session.give(&mut response, SESSION);
        cookie::take(&mut response, BEFORE);
    }
    cookie::take(&mut response, OUTSIDE);
    response
}

fn code_page(
    status: StatusCode,
    ctx: &Context,
    provider: &dyn IdentityProvider,
    token: &Token,
    refused: bool,
) -> HttpResponse {
    let (form, name, sandbox) = (token.of_forms(), provider.name().to_owned(), ctx.mode == Mode::Sandbox);
    html(status, &CodePage { form, name, refused, sandbox })
}

/// Our own code of whoever has shown one factor there.
pub(crate) async fn code(request: HttpRequest, ctx: Data<Context>, console: Data<Console>, raw: Bytes) -> Answer {
    let provider = provider(&console)?;
    let token = Token::held(&request, OUTSIDE).ok_or(Refused::Form)?;
    let form = Form::read(&raw, &token)?;
    counted(&request, &console).await?;
    let typed: String = form.text("code").chars().take(16).collect();
    let begins = Token::random();
    let told = (&*request_id(&request), now());
    match outside::with_code(&ctx, &browser(&token), &typed, &begins.hash(), told).await {
        Ok(_) => Ok(home(&ctx, "/console".to_owned(), Some(&begins))),
        Err(SignInError::Refused) => Ok(code_page(StatusCode::FORBIDDEN, &ctx, provider, &token, true)),
        Err(SignInError::Storage(error)) => Err(error.into()),
        Err(error) => Err(Refused::broken(error)),
    }
}

fn refused(ctx: &Context, provider: &dyn IdentityProvider, error: ArriveError) -> Answer {
    let (cause, subject) = match error {
        ArriveError::Storage(error) => return Err(error.into()),
        ArriveError::Refused { cause, subject } => (cause, subject),
    };
    let unlinked = subject.map(|subject| (provider.issuer().to_owned(), subject));
    let sandbox = ctx.mode == Mode::Sandbox;
    Ok(html(StatusCode::FORBIDDEN, &RefusedPage { text: said(cause), unlinked, sandbox }))
}

/// What somebody may do about it; which check it was, the trail says.
fn said(cause: &str) -> &'static str {
    match cause {
        "unlinked" => "Tài khoản này chưa được liên kết với người nào ở đây. Hãy gửi hai dòng dưới cho người quản trị.",
        "no_code" => {
            "Bạn cần mã xác thực của hệ thống này mà chưa cài đặt. Người quản trị gửi cho bạn một đường dẫn mời."
        }
        "not_reached" => "Hiện không liên lạc được với nơi xác thực. Hãy thử lại sau ít phút.",
        "declined" => "Bạn chưa đăng nhập ở nơi xác thực.",
        "other_person" => "Người vừa xác thực không phải là người đang đăng nhập ở đây.",
        "one_factor" => "Nơi xác thực mới kiểm tra một yếu tố. Hãy nhập mã xác thực khi quyết định.",
        _ => "Kết quả xác thực không dùng được. Hãy bắt đầu lại từ trang đăng nhập.",
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn nobody_is_led_away_from_the_desk() {
        for own in ["/console", "/console/approvals/apr_01", "/console/day?scope=bank:x&date=2026-07-01"] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "",
            "/",
            "/consoles",
            "//evil.example",
            "https://evil.example/console",
            "/console//evil.example",
            "/console/../v1",
            "/console/\\evil.example",
            "/console/a;url=https:b",
            "/console/\"x",
            "/console/\r\nx",
        ] {
            assert!(!is_own(other), "{other}");
        }
        assert!(!is_own(&format!("/console/{}", "a".repeat(512))));
    }
}
