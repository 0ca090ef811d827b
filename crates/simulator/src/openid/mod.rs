//! An identity provider, written from OpenID Connect Core 1.0, Discovery 1.0 and RP-Initiated Logout 1.0, RFC 6749, RFC 7636
//! and RFC 9207, never from the client. Refuses what these refuse: another `redirect_uri`, a code twice, a verifier that is
//! not the challenge's. A person is always signed in there; who it is, and how it misbehaves, is said through `/_sim/…`.

mod signing;

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use self::signing::{Signing, by_nothing, by_secret};
use crate::server::{self, Answer, Running, Tasks, refused, strict};

/// RFC 6749, section 4.1.2: ten minutes at most.
const CODE_LIFE_S: i64 = 60;
const TOKEN_LIFE_S: i64 = 300;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenidConfig {
    #[serde(default = "any_port")]
    pub listen: String,
    pub client_id: String,
    pub client_secret: String,
}

fn any_port() -> String {
    "127.0.0.1:0".to_owned()
}

impl OpenidConfig {
    pub fn new(client_id: &str, client_secret: &str) -> Self {
        Self { listen: any_port(), client_id: client_id.to_owned(), client_secret: client_secret.to_owned() }
    }
}

/// Who is signed in there, and how they showed it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    subject: String,
    #[serde(default)]
    amr: Vec<String>,
    acr: Option<String>,
    /// They press a button on a page of its own before they are sent back, as real ones have it.
    #[serde(default)]
    presses: bool,
}

/// What it does wrong, until it is told otherwise.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Wrong {
    Nothing,
    Nonce,
    NoNonce,
    Audience,
    SecondAudience,
    Azp,
    Expired,
    Future,
    NoSignature,
    SharedSecret,
    /// Under the name of the listed one.
    OtherKey,
    UnknownKey,
    TokenIssuer,
    /// In the address that the browser comes back by.
    AnswerIssuer,
    NoAnswerIssuer,
    /// Nobody is asked anew, whatever was asked for.
    NotAnew,
    NoAuthTime,
    /// Takes any verifier.
    Verifier,
    /// The token endpoint sends on to elsewhere.
    Redirect,
    Failing,
    Hangs,
    Declines,
}

struct Code {
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    person: Person,
    auth_time: i64,
    made_at: i64,
}

struct State {
    redirect_uri: String,
    left_uri: String,
    person: Option<Person>,
    signed_in_at: i64,
    wrong: Wrong,
    codes: HashMap<String, Code>,
    keys: Vec<Signing>,
    other_key: Signing,
    /// Of each endpoint.
    calls: HashMap<&'static str, u32>,
}

struct Sim {
    config: OpenidConfig,
    state: Mutex<State>,
}

impl Sim {
    fn state(&self, endpoint: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state.calls.entry(endpoint).or_default() += 1;
        state
    }
}

/// # Errors
/// When the address is taken, or no key can be made.
pub async fn start(config: OpenidConfig) -> io::Result<Running> {
    let listen = config.listen.clone();
    let state = State {
        redirect_uri: String::new(),
        left_uri: String::new(),
        person: None,
        signed_in_at: now(),
        wrong: Wrong::Nothing,
        codes: HashMap::new(),
        keys: vec![Signing::rsa()?],
        other_key: Signing::p256("unlisted")?,
        calls: HashMap::new(),
    };
    let sim = web::Data::new(Sim { config, state: Mutex::new(state) });
    let routes = move |cfg: &mut web::ServiceConfig| {
        cfg.app_data(sim.clone())
            .route("/.well-known/openid-configuration", web::get().to(describe))
            .route("/jwks", web::get().to(jwks))
            .route("/authorize", web::get().to(authorize))
            .route("/token", web::post().to(token))
            .route("/end-session", web::get().to(end_session))
            .route("/_sim/client", web::post().to(register))
            .route("/_sim/person", web::post().to(sit_down))
            .route("/_sim/wrong", web::post().to(misbehave))
            .route("/_sim/keys", web::post().to(turn_keys))
            .route("/_sim/calls", web::get().to(calls));
    };
    server::run(&listen, Tasks::new(), routes)
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// As the caller knows it: what listens on a free port learns its own address from its callers.
fn issuer(request: &HttpRequest) -> String {
    format!("http://{}", request.connection_info().host())
}

async fn describe(request: HttpRequest, sim: web::Data<Sim>) -> HttpResponse {
    drop(sim.state("description"));
    let issuer = issuer(&request);
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/end-session"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(sim: web::Data<Sim>) -> HttpResponse {
    let state = sim.state("jwks");
    let keys: Vec<Value> = state.keys.iter().map(Signing::jwk).collect();
    HttpResponse::Ok().json(json!({ "keys": keys }))
}

#[derive(Deserialize)]
struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    prompt: Option<String>,
    max_age: Option<i64>,
    /// The button of the page here.
    pressed: Option<String>,
}

/// Section 3.1.2. Who is not sent back is told here (RFC 6749, section 4.1.2.1).
async fn authorize(request: HttpRequest, sim: web::Data<Sim>, asked: web::Query<Authorize>) -> Answer {
    let mut state = sim.state("authorize");
    if asked.client_id != sim.config.client_id || asked.redirect_uri != state.redirect_uri {
        return Err(refused(StatusCode::BAD_REQUEST, "client_id or redirect_uri is not registered"));
    }
    if asked.pressed.is_none() && state.person.as_ref().is_some_and(|person| person.presses) {
        return Ok(page_of_its_own(&request));
    }
    let mut back = Url::parse(&asked.redirect_uri).map_err(|e| refused(StatusCode::BAD_REQUEST, e))?;
    back.query_pairs_mut().extend_pairs(asked.state.iter().map(|state| ("state", state)));
    let named = match state.wrong {
        Wrong::NoAnswerIssuer => None,
        Wrong::AnswerIssuer => Some("https://other.example".to_owned()),
        _ => Some(issuer(&request)),
    };
    back.query_pairs_mut().extend_pairs(named.iter().map(|issuer| ("iss", issuer)));
    let is_whole = asked.response_type == "code"
        && asked.scope.split(' ').any(|scope| scope == "openid")
        && asked.code_challenge_method.as_deref() == Some("S256");
    let person = state.person.clone().filter(|_| state.wrong != Wrong::Declines);
    match (is_whole, asked.code_challenge.clone(), person) {
        (true, Some(challenge), Some(person)) => {
            let anew = asked.prompt.as_deref() == Some("login") || asked.max_age == Some(0);
            if anew && state.wrong != Wrong::NotAnew {
                state.signed_in_at = now();
            }
            let mut bytes = [0_u8; 24];
            rand::rng().fill_bytes(&mut bytes);
            let code = URL_SAFE_NO_PAD.encode(bytes);
            back.query_pairs_mut().append_pair("code", &code);
            let redirect_uri = asked.redirect_uri.clone();
            let (nonce, auth_time) = (asked.nonce.clone(), state.signed_in_at);
            state.codes.insert(code, Code { redirect_uri, challenge, nonce, person, auth_time, made_at: now() });
        }
        (true, Some(_), None) => {
            back.query_pairs_mut().append_pair("error", "access_denied");
        }
        _ => {
            back.query_pairs_mut().append_pair("error", "invalid_request");
        }
    }
    Ok(HttpResponse::Found().insert_header((header::LOCATION, back.as_str())).finish())
}

fn page_of_its_own(request: &HttpRequest) -> HttpResponse {
    let again = request.uri().to_string().replace('&', "&amp;").replace('"', "&quot;");
    let page = format!("<!doctype html><title>A provider</title><a href=\"{again}&amp;pressed=yes\">It is me</a>");
    HttpResponse::Ok().content_type(header::ContentType::html()).body(page)
}

#[derive(Deserialize)]
struct TokenAsked {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: Option<String>,
}

/// Section 3.1.3, with RFC 7636, section 4.6.
async fn token(request: HttpRequest, sim: web::Data<Sim>, asked: web::Form<TokenAsked>) -> Answer {
    let no = |word: &str| Err(refused(StatusCode::BAD_REQUEST, word));
    let wrong = sim.state("token").wrong;
    match wrong {
        Wrong::Redirect => {
            let elsewhere = format!("{}/elsewhere", issuer(&request));
            return Ok(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, elsewhere)).finish());
        }
        Wrong::Failing => return Err(refused(StatusCode::BAD_GATEWAY, "out of order")),
        Wrong::Hangs => actix_web::rt::time::sleep(Duration::from_secs(60)).await,
        _ => {}
    }
    if !is_client(&request, &sim.config) {
        return Err(refused(StatusCode::UNAUTHORIZED, "invalid_client"));
    }
    let mut state = sim.state("token answered");
    // whatever is wrong with the rest, the code is spent
    let Some(code) = state.codes.remove(&asked.code) else { return no("invalid_grant") };
    let verified = asked.code_verifier.as_deref().is_some_and(|verifier| {
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == code.challenge || wrong == Wrong::Verifier
    });
    let is_whole = asked.grant_type == "authorization_code" && asked.redirect_uri == code.redirect_uri && verified;
    if !is_whole || now() - code.made_at > CODE_LIFE_S {
        return no("invalid_grant");
    }
    let claims = claims(&issuer(&request), &sim.config.client_id, code, wrong);
    let id_token = signed(&state, &sim.config, wrong, &claims)?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "access_token": "of-no-use", "token_type": "Bearer", "expires_in": TOKEN_LIFE_S, "id_token": id_token,
    })))
}

/// RFC 6749, section 2.3.1.
fn is_client(request: &HttpRequest, config: &OpenidConfig) -> bool {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&config.client_id), encoded(&config.client_secret));
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    shown == Some(&format!("Basic {}", STANDARD.encode(pair)))
}

/// Section 2.
fn claims(issuer: &str, client_id: &str, code: Code, wrong: Wrong) -> Value {
    let (now, other) = (now(), "another");
    let mut claims = json!({
        "iss": issuer, "sub": code.person.subject, "aud": client_id, "iat": now, "exp": now + TOKEN_LIFE_S,
        "nonce": code.nonce, "auth_time": code.auth_time, "amr": code.person.amr,
    });
    if let Some(acr) = code.person.acr {
        claims["acr"] = json!(acr);
    }
    let (name, value) = match wrong {
        Wrong::Nonce => ("nonce", json!(other)),
        Wrong::NoNonce => ("nonce", Value::Null),
        Wrong::Audience => ("aud", json!(other)),
        Wrong::SecondAudience => ("aud", json!([client_id, other])),
        Wrong::Azp => ("azp", json!(other)),
        Wrong::Expired => ("exp", json!(now - 3_600)),
        Wrong::Future => ("iat", json!(now + 3_600)),
        Wrong::TokenIssuer => ("iss", json!("https://other.example")),
        Wrong::NotAnew => ("auth_time", json!(now - 3_600)),
        Wrong::NoAuthTime => ("auth_time", Value::Null),
        _ => return claims,
    };
    claims[name] = value;
    claims
}

fn signed(state: &State, config: &OpenidConfig, wrong: Wrong, claims: &Value) -> Result<String, server::Refused> {
    let newest = state.keys.last().ok_or_else(|| refused(StatusCode::INTERNAL_SERVER_ERROR, "no key"))?;
    let signed = match wrong {
        Wrong::NoSignature => Ok(by_nothing(claims)),
        Wrong::SharedSecret => by_secret(&config.client_secret, claims),
        Wrong::OtherKey => newest.impersonated(claims),
        Wrong::UnknownKey => state.other_key.sign(claims),
        _ => newest.sign(claims),
    };
    signed.map_err(|error| refused(StatusCode::INTERNAL_SERVER_ERROR, error))
}

#[derive(Deserialize)]
struct EndSession {
    client_id: String,
    post_logout_redirect_uri: String,
}

/// RP-Initiated Logout 1.0, section 2; a real one asks the person first, where no token is shown.
async fn end_session(sim: web::Data<Sim>, asked: web::Query<EndSession>) -> Answer {
    let mut state = sim.state("end_session");
    if asked.client_id != sim.config.client_id || asked.post_logout_redirect_uri != state.left_uri {
        return Err(refused(StatusCode::BAD_REQUEST, "post_logout_redirect_uri is not registered"));
    }
    state.person = None;
    Ok(HttpResponse::Found().insert_header((header::LOCATION, state.left_uri.as_str())).finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    redirect_uri: String,
    left_uri: String,
}

async fn register(sim: web::Data<Sim>, body: web::Bytes) -> Answer {
    let Registered { redirect_uri, left_uri } = strict(&body)?;
    let mut state = sim.state("_sim");
    (state.redirect_uri, state.left_uri) = (redirect_uri, left_uri);
    Ok(HttpResponse::Ok().json(json!({})))
}

async fn sit_down(sim: web::Data<Sim>, body: web::Bytes) -> Answer {
    let person = strict(&body)?;
    let mut state = sim.state("_sim");
    (state.person, state.signed_in_at) = (Some(person), now());
    Ok(HttpResponse::Ok().json(json!({})))
}

async fn misbehave(sim: web::Data<Sim>, body: web::Bytes) -> Answer {
    sim.state("_sim").wrong = strict(&body)?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// A new key, and those before it listed no longer.
async fn turn_keys(sim: web::Data<Sim>) -> Answer {
    let key = Signing::p256(&format!("turned-{}", Timestamp::now().as_nanosecond()))?;
    sim.state("_sim").keys = vec![key];
    Ok(HttpResponse::Ok().json(json!({})))
}

async fn calls(sim: web::Data<Sim>) -> HttpResponse {
    HttpResponse::Ok().json(&sim.state("_sim").calls)
}
