//! Who is signed in, as a page is asked for: found by the cookie, alive, not disabled, with the roles they have now.

use crate::answer::Refused;
use crate::cookie::{SESSION, Token};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::PersonId;
use domain::mode::Mode;
use domain::principal::{Scope, Who};
use domain::role::{self, Role};
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use payments::sign_in::TokenHash;
use payments::sign_in::outside::FRESH_FOR;
use payments::{Caller, Context, sign_in};

/// The clock, as finely as the database keeps it.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// As the door gave it to this request, for the audit trail.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    let header = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    header.unwrap_or_default().chars().take(64).collect()
}

/// A person who is signed in.
pub(crate) struct Staff {
    pub person: PersonId,
    pub name: String,
    pub roles: Vec<Role>,
    pub beneficiaries: Vec<String>,
    pub token: Token,
    pub token_hash: TokenHash,
    pub request_id: String,
    pub sandbox: bool,
    /// Signed in by way of an identity provider.
    pub is_outside: bool,
    /// They have shown anew there who they are: the next decision asks for no code.
    pub is_fresh: bool,
    /// The page that is looked at, for coming back to it.
    pub address: String,
}

impl Staff {
    pub fn may(&self, scope: Scope) -> bool {
        role::allow(&self.roles, scope)
    }

    /// # Errors
    /// When none of their roles allows it.
    pub fn needs(&self, scopes: &[Scope]) -> Result<(), Refused> {
        if scopes.iter().any(|scope| self.may(*scope)) { Ok(()) } else { Err(Refused::NotAllowed) }
    }

    /// Whose money they see; None: all.
    pub fn sees(&self) -> Option<Vec<String>> {
        (!self.beneficiaries.is_empty()).then(|| self.beneficiaries.clone())
    }

    /// Who decides, and in which session.
    pub fn shows(&self) -> (PersonId, &TokenHash) {
        (self.person, &self.token_hash)
    }

    pub fn caller(&self) -> Caller {
        Caller { who: Who::Person(self.person), request_id: self.request_id.clone() }
    }
}

impl FromRequest for Staff {
    type Error = Refused;
    type Future = LocalBoxFuture<'static, Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ctx = request.app_data::<Data<Context>>().cloned();
        let token = Token::held(request, SESSION);
        let request_id = request_id(request);
        let address = if request.method().is_safe() { request.uri().to_string() } else { "/console".to_owned() };
        Box::pin(async move {
            let (Some(ctx), Some(token)) = (ctx, token) else { return Err(Refused::SignIn) };
            let (token_hash, now) = (token.hash(), now());
            let found = sign_in::signed_in(&ctx, &token_hash, now).await?.ok_or(Refused::SignIn)?;
            Ok(Self {
                person: found.person,
                name: found.name,
                roles: found.roles,
                beneficiaries: found.beneficiaries,
                token,
                token_hash,
                request_id,
                sandbox: ctx.mode == Mode::Sandbox,
                is_outside: found.issuer.is_some(),
                is_fresh: found.fresh_at.is_some_and(|at| now.duration_since(at) < FRESH_FOR),
                address,
            })
        })
    }
}
