//! The payer presses a channel's button: an attempt is started, the browser goes to the provider's page, or back to ours
//! where that shows what to do. What goes wrong is said on the page itself, never on an empty one.

use crate::answer;
use crate::language::Language;
use crate::load::{Asked, Returned, load};
use crate::page::Page;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::codes::ChannelCode;
use domain::intent::IntentStatus;
use jiff::Timestamp;
use payments::payer_page::PayerPage;
use payments::start_attempt::{self, Start, StartError};
use payments::{Caller, Context, IdempotencyError, Reply};
use provider::checkout::NotGiven;
use provider::{Given, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use storage::attempts::Stored;
use storage::idempotency;
use tokio::time::Instant;

/// Beside the addresses of providers: our page shows the attempt's action.
const OUR_PAGE: &str = "page";

#[derive(Deserialize)]
pub(crate) struct Choice {
    channel: String,
    /// Random, one per button of a page that was served: a press that is sent twice is one attempt.
    form_id: String,
    /// Where the channel asks for them; neither is kept.
    #[serde(default)]
    payer_phone: Option<SecretString>,
    #[serde(default)]
    one_time_code: Option<SecretString>,
}

/// How long a press that is sent twice waits for what the first one hears, and how often it looks. A browser shows the answer
/// to the last press alone.
const AT_MOST: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(250);

/// More than any number or code has.
const MAX_GIVEN: usize = 32;

/// What was typed; a field that was left empty was not.
fn typed(field: Option<&SecretString>) -> Option<SecretString> {
    let text = field?.expose_secret().trim();
    (!text.is_empty() && text.len() <= MAX_GIVEN).then(|| SecretString::from(text))
}

pub(crate) async fn start(
    ctx: web::Data<Context>,
    request: HttpRequest,
    choice: Result<web::Form<Choice>, actix_web::Error>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let page = Shown { ctx: &ctx, asked: &asked, now: Timestamp::now() };
    let w = asked.language.words();
    let choice = match choice {
        Ok(choice) => choice.into_inner(),
        Err(error) => {
            let status = error.as_response_error().status_code();
            return page.refused(&loaded, &Refusal::new(status, w.bad_form));
        }
    };
    let Ok(channel) = ChannelCode::new(choice.channel.as_str()) else {
        return page.refused(&loaded, &Refusal::new(StatusCode::CONFLICT, w.channel_unavailable));
    };
    // without an address (a socket of this machine) the payer is at this machine
    let payer_ip = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |addr| addr.ip());
    let start = wish(&loaded, &page, channel, &choice, payer_ip);
    match begun(&ctx, &start).await {
        Ok(reply) => page.follow(&loaded, &start, &reply),
        Err(StartError::Idempotency(IdempotencyError::InProgress)) => back_to_page(&asked),
        Err(error) => page.explain(&loaded, &start, &choice, &error).await,
    }
}

/// Begins it, or waits for what the same press has begun already.
async fn begun(ctx: &Context, start: &Start) -> Result<Reply, StartError> {
    let until = Instant::now() + AT_MOST;
    loop {
        let outcome = start_attempt::start(ctx, start, Arc::new(|stored| next_place(stored).to_owned())).await;
        let is_under_way = matches!(outcome, Err(StartError::Idempotency(IdempotencyError::InProgress)));
        if !is_under_way || Instant::now() >= until {
            return outcome;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn wish(loaded: &PayerPage, page: &Shown<'_>, channel: ChannelCode, choice: &Choice, payer_ip: IpAddr) -> Start {
    let intent = loaded.view.intent.id;
    Start {
        intent,
        client: None,
        channel,
        return_url: None,
        payer_ip,
        locale: page.asked.language.locale(),
        given: Given {
            phone: typed(choice.payer_phone.as_ref()),
            one_time_code: typed(choice.one_time_code.as_ref()),
            again: false,
        },
        caller: Caller::system(),
        idempotency: idempotency::Request {
            principal: intent.uuid(),
            scope: "POST /pay/attempts".to_owned(),
            key_hash: sha256(&choice.form_id),
            fingerprint: sha256(&pressed(choice)),
        },
        now: page.now,
    }
}

/// What makes one press another press.
fn pressed(choice: &Choice) -> String {
    let given = [&choice.payer_phone, &choice.one_time_code].map(|field| typed(field.as_ref()));
    // a channel that asks for nothing keeps the fingerprint that it always had
    given.iter().flatten().fold(choice.channel.clone(), |text, field| format!("{text}\n{}", field.expose_secret()))
}

/// What the answer to a press is made of.
struct Shown<'a> {
    ctx: &'a Context,
    asked: &'a Asked,
    now: Timestamp,
}

impl Shown<'_> {
    /// To the provider's page, or to ours.
    fn follow(&self, loaded: &PayerPage, start: &Start, reply: &Reply) -> HttpResponse {
        if reply.body == OUR_PAGE {
            return back_to_page(self.asked);
        }
        // a page kept by the browser was sent again, and its order at the provider is over: show how things stand
        if reply.replayed && is_over(loaded, &reply.body, self.now) {
            return back_to_page(self.asked);
        }
        let Some(location) = location(&reply.body) else {
            tracing::error!(intent = %start.intent, channel = %start.channel, "an attempt without an address to go to");
            let text = self.asked.language.words().try_other;
            return self.refused(loaded, &Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text));
        };
        answer::see_other(location)
    }

    async fn explain(&self, loaded: &PayerPage, start: &Start, choice: &Choice, error: &StartError) -> HttpResponse {
        let refusal = refusal(error, self.asked.language, choice);
        if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
            let (reference, error) = (&loaded.view.intent.reference, error as &dyn Error);
            tracing::error!(intent = %start.intent, %reference, channel = %start.channel, error, "attempt not started");
        }
        // the state may have moved while we tried: what is shown is read anew
        match load(self.ctx, self.asked).await {
            Ok(loaded) => self.refused(&loaded, &refusal),
            Err(instead) => instead,
        }
    }

    fn refused(&self, loaded: &PayerPage, refusal: &Refusal) -> HttpResponse {
        let page = Page::of(self.ctx, loaded, self.asked, self.now);
        let w = self.asked.language.words();
        let may_press_again = refusal.keeps.as_ref().is_none_or(|(channel, _)| page.offers(channel));
        let mut page = match refusal.text == w.provider_away && !may_press_again {
            true => page.with_error(w.provider_silent),
            false => page.with_error(refusal.text.clone()),
        };
        if let Some((channel, phone)) = &refusal.typed {
            page.keep_phone(channel, phone.expose_secret());
        }
        if let Some((channel, form_id)) = &refusal.keeps {
            page.keep_form(channel, form_id);
        }
        let mut response = answer::html(refusal.status, self.asked.language, &page);
        if let Some(again_at) = refusal.again_at {
            let wait_s = again_at.duration_since(self.now).as_secs().max(0) + 1;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        response
    }
}

/// A reader who reloads the address of the form is led back to the page.
pub(crate) async fn back(request: HttpRequest) -> HttpResponse {
    back_to_page(&Asked::of(&request))
}

pub(crate) fn back_to_page(asked: &Asked) -> HttpResponse {
    let page = asked.token.as_ref().map(|token| format!("/pay/{token}{}", asked.language.query(Returned::No)));
    match page.and_then(|page| HeaderValue::try_from(page).ok()) {
        Some(page) => answer::see_other(page),
        None => answer::absent(asked.language),
    }
}

pub(crate) fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Where the browser goes with the attempt's action.
fn next_place(stored: &Stored) -> &str {
    let kind = stored.action.as_ref().and_then(|action| action["type"].as_str());
    let shown_here = matches!(kind, Some("qr" | "phone_prompt" | "otp_prompt"));
    if shown_here { OUR_PAGE } else { redirect_url(stored) }
}

/// Where the attempt sends the browser; empty when its action is of another kind.
fn redirect_url(stored: &Stored) -> &str {
    let action = stored.action.as_ref().filter(|action| action["type"] == "redirect");
    action.and_then(|action| action["url"].as_str()).unwrap_or_default()
}

/// Whether the attempt that was answered with this address can no longer be paid.
fn is_over(loaded: &PayerPage, url: &str, now: Timestamp) -> bool {
    let open = loaded.view.intent.status == IntentStatus::Open;
    let attempt = loaded.view.attempts.iter().find(|stored| redirect_url(stored) == url).map(|stored| &stored.attempt);
    !open || attempt.is_some_and(|a| !a.status.is_undecided() || a.expires_at <= now)
}

/// The provider's address as a header, if it is one of the web.
fn location(url: &str) -> Option<HeaderValue> {
    // the text itself goes out, not what a parser makes of it: providers sign their addresses byte by byte
    url::Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"))?;
    HeaderValue::from_str(url).ok()
}

/// Why the press led nowhere, in words for the payer.
struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
    /// From when on it may be pressed again, where that is known.
    again_at: Option<Timestamp>,
    /// The press to go on with: the attempt is there, and the same button must not make another.
    keeps: Option<(String, String)>,
    /// The number that was typed, and for which channel: shown to who typed it, and kept nowhere.
    typed: Option<(String, SecretString)>,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into(), again_at: None, keeps: None, typed: None }
    }
}

fn refusal(error: &StartError, language: Language, choice: &Choice) -> Refusal {
    let typed = typed(choice.payer_phone.as_ref()).map(|phone| (choice.channel.clone(), phone));
    Refusal { typed, ..refusal_of(error, language, choice) }
}

fn refusal_of(error: &StartError, language: Language, choice: &Choice) -> Refusal {
    let w = language.words();
    let conflict = |text| Refusal::new(StatusCode::CONFLICT, text);
    let unavailable = |text| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text);
    let kept = |refusal| Refusal { keeps: Some((choice.channel.clone(), choice.form_id.clone())), ..refusal };
    match error {
        StartError::IntentPaid | StartError::NothingDue => conflict(w.paid_already),
        StartError::IntentExpired => conflict(w.expired_already),
        StartError::IntentCancelled => conflict(w.cancelled_already),
        StartError::AttemptCommitted => conflict(w.committed_already),
        StartError::NotGiven(NotGiven::Phone) => Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, w.bad_phone),
        StartError::NotGiven(NotGiven::OneTimeCode) => Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, w.bad_code),
        StartError::TooOften { again_at } => Refusal {
            again_at: Some(*again_at),
            ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, language.too_often(*again_at))
        },
        StartError::ChannelUnavailable(_) => conflict(w.channel_unavailable),
        StartError::Idempotency(_) => conflict(w.press_again),
        StartError::Provider(ProviderError::Refused(_)) => unavailable(w.try_other),
        StartError::Provider(_) => kept(unavailable(w.provider_away)),
        StartError::Interrupted => kept(unavailable(w.out_of_order_text)),
        StartError::Storage(_) | StartError::Plan(_) | StartError::Absent => kept(unavailable(w.out_of_order_text)),
    }
}
