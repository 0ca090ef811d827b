//! The page on which people sign in. Every refusal reads the same, whoever it is about.

use crate::Console;
use crate::answer::{Answer, Refused, html, see_other};
use crate::cookie::{self, BEFORE, SESSION, Token};
use crate::form::Form;
use crate::outside;
use crate::staff::{Staff, now, request_id};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::mode::Mode;
use payments::Context;
use payments::sign_in::{self, SignInError, Typed};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    form: String,
    refused: bool,
    sandbox: bool,
    person: String,
    /// The name of the identity provider, if there is one.
    outside: Option<String>,
}

pub(crate) async fn show(
    request: HttpRequest,
    ctx: Data<Context>,
    console: Data<Console>,
    staff: Result<Staff, Refused>,
) -> HttpResponse {
    if staff.is_ok() {
        return see_other("/console");
    }
    let before = before(&request);
    page(StatusCode::OK, &before, (&ctx, &console), false, String::new())
}

fn page(
    status: StatusCode,
    before: &Token,
    (ctx, console): (&Context, &Console),
    refused: bool,
    person: String,
) -> HttpResponse {
    let sandbox = ctx.mode == Mode::Sandbox;
    let outside = console.outside.as_ref().map(|provider| provider.name().to_owned());
    let mut response = html(status, &Page { form: before.of_forms(), refused, sandbox, person, outside });
    before.give(&mut response, BEFORE);
    response
}

/// What this browser was given with the form, or what it is given now.
fn before(request: &HttpRequest) -> Token {
    Token::held(request, BEFORE).unwrap_or_else(Token::random)
}

pub(crate) async fn sign_in(request: HttpRequest, ctx: Data<Context>, console: Data<Console>, raw: Bytes) -> Answer {
    let before = before(&request);
    let form = Form::read(&raw, &before)?;
    let address = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    console.tries.take(address, Instant::now()).await.map_err(Refused::TooMany)?;
    let person: String = form.text("person").trim().chars().take(64).collect();
    let typed = Typed {
        person: person.clone(),
        password: form.text("password").chars().take(512).collect(),
        code: form.text("code").chars().take(16).collect(),
    };
    // never one that the browser brought along
    let token = Token::random();
    match sign_in::sign_in(&ctx, typed, &token.hash(), &request_id(&request), now()).await {
        Ok(_) => {
            let mut response = see_other("/console");
            token.give(&mut response, SESSION);
            cookie::take(&mut response, BEFORE);
            Ok(response)
        }
        Err(SignInError::Refused) => Ok(page(StatusCode::FORBIDDEN, &before, (&ctx, &console), true, person)),
        Err(SignInError::Storage(error)) => Err(error.into()),
        Err(error) => Err(Refused::broken(error)),
    }
}

pub(crate) async fn sign_out(ctx: Data<Context>, console: Data<Console>, staff: Staff, raw: Bytes) -> Answer {
    Form::read(&raw, &staff.token)?;
    sign_in::sign_out(&ctx, &staff.token.hash(), staff.person, &staff.request_id, now()).await?;
    let there = if staff.is_outside { outside::signed_out(&ctx, &console).await } else { None };
    let mut response = there.unwrap_or_else(|| see_other("/console/sign-in"));
    cookie::take(&mut response, SESSION);
    Ok(response)
}
