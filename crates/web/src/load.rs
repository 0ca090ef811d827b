//! What the request asks for, and the intent behind its token.

use crate::answer;
use crate::language::Language;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use payments::Context;
use payments::view::{self, IntentView};
use std::error::Error;
use storage::{StorageError, beneficiaries};

/// Far above what is minted; what is longer names nothing.
const MAX_TOKEN_LEN: usize = 128;
/// Parameters with which providers' pages send the browser back. They tell that it came back, and nothing else.
const RETURN_PREFIXES: &[&str] = &["vnp_"];

/// Our own word for the same, in links that drop theirs.
pub(crate) const RETURNED: &str = "returned";

/// A request, as far as its address says.
pub(crate) struct Asked {
    /// None when no token could look so: answered like one that names nothing.
    pub token: Option<String>,
    pub language: Language,
    /// The browser comes back from a provider's page.
    pub returned: bool,
}

impl Asked {
    pub fn of(request: &HttpRequest) -> Self {
        let token = request.match_info().get("token").filter(|token| is_plausible(token)).map(str::to_owned);
        let names = || request.query_string().split('&');
        let language = if names().any(|pair| pair == "lang=en") { Language::En } else { Language::Vi };
        let returned =
            names().any(|pair| pair == RETURNED || RETURN_PREFIXES.iter().any(|prefix| pair.starts_with(prefix)));
        Self { token, language, returned }
    }
}

fn is_plausible(token: &str) -> bool {
    (1..=MAX_TOKEN_LEN).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// An intent with the name of whom it is paid to.
pub(crate) struct Loaded {
    pub view: IntentView,
    pub beneficiary: String,
}

/// The intent behind the request's token, or the answer to give instead.
pub(crate) async fn load(ctx: &Context, asked: &Asked) -> Result<Loaded, HttpResponse> {
    let absent = || answer::absent(asked.language);
    let token = asked.token.as_deref().ok_or_else(absent)?;
    match by_token(ctx, token).await {
        Ok(loaded) => loaded.ok_or_else(absent),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "payment page not read");
            let status = match error {
                StorageError::Unavailable(_) | StorageError::Retry(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            Err(answer::out_of_order(status, asked.language))
        }
    }
}

async fn by_token(ctx: &Context, token: &str) -> Result<Option<Loaded>, StorageError> {
    let db = ctx.pool.get().await?;
    let Some(view) = view::by_token(ctx, &db, token).await? else { return Ok(None) };
    let code = view.intent.beneficiary_code.as_str();
    let known = beneficiaries::in_force(&db, Some(code)).await?;
    let beneficiary = known.into_iter().next().map_or_else(|| code.to_owned(), |b| b.name);
    Ok(Some(Loaded { view, beneficiary }))
}
