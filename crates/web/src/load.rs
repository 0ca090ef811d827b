//! What the request asks for, and the intent behind its token.

use crate::answer;
use crate::language::Language;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use payments::Context;
use payments::payer_page::{self, PayerPage};
use std::error::Error;

/// Far above what is minted; what is longer names nothing.
const MAX_TOKEN_LEN: usize = 128;
/// Parameters with which providers' pages send the browser back. They tell that it came back, and nothing else.
const RETURN_PREFIXES: &[&str] = &["vnp_"];

/// Our own word for the same: in the address that providers send browsers back to, and in links that drop their words.
pub(crate) const RETURNED: &str = "returned";
const RETURNED_1: &str = "returned=1";
/// That the list of fees is shown whole.
pub(crate) const WHOLE_1: &str = "items=all";

/// Beside it, from the page of which attempt.
pub(crate) const ATTEMPT: &str = "attempt";

/// Whether the browser comes back from a provider's page: its own word, for which nothing more is done than to say whom we ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    No,
    /// It does not say from which.
    Yes,
    /// From the page of the attempt with this number.
    From(i32),
}

/// What may stand in an address that we write.
const OURS: [&str; 4] = ["lang", RETURNED, ATTEMPT, "items"];

/// A request, as far as its address says.
pub(crate) struct Asked {
    /// None when no token could look so: answered like one that names nothing.
    pub token: Option<String>,
    pub language: Language,
    pub returned: Returned,
    /// All fees are to be shown, however many there are.
    pub whole: bool,
    /// A provider's words stand in the address: the payer's bank, a transaction.
    pub is_told: bool,
}

impl Asked {
    pub fn of(request: &HttpRequest) -> Self {
        let token = request.match_info().get("token").filter(|token| is_plausible(token)).map(str::to_owned);
        let names = || request.query_string().split('&');
        let language = if names().any(|pair| pair == "lang=en") { Language::En } else { Language::Vi };
        let is_back =
            names().any(|pair| pair == RETURNED_1 || RETURN_PREFIXES.iter().any(|prefix| pair.starts_with(prefix)));
        let number = names().find_map(|pair| pair.strip_prefix(ATTEMPT)?.strip_prefix('=')?.parse().ok());
        let is_named = names().any(|pair| pair.strip_prefix(ATTEMPT).is_some_and(|rest| rest.starts_with('=')));
        let returned = match number {
            Some(number) => Returned::From(number),
            None if is_back || is_named => Returned::Yes,
            None => Returned::No,
        };
        let is_ours = |pair: &str| OURS.contains(&pair.split('=').next().unwrap_or_default());
        let is_told = is_back && !names().all(is_ours);
        Self { token, language, returned, whole: names().any(|pair| pair == WHOLE_1), is_told }
    }
}

fn is_plausible(token: &str) -> bool {
    (1..=MAX_TOKEN_LEN).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The intent behind the request's token, or the answer to give instead.
pub(crate) async fn load(ctx: &Context, asked: &Asked) -> Result<PayerPage, HttpResponse> {
    let absent = || answer::absent(asked.language);
    let token = asked.token.as_deref().ok_or_else(absent)?;
    match payer_page::by_token(ctx, token, Timestamp::now()).await {
        Ok(loaded) => loaded.ok_or_else(absent),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "payment page not read");
            Err(answer::out_of_order(answer::status_of(&error), asked.language))
        }
    }
}
