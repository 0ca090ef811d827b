//! What the request asks for, and the intent behind its token.

use crate::answer;
use crate::language::Language;
use actix_web::{HttpRequest, HttpResponse};
use domain::PaymentId;
use domain::intent::IntentStatus;
use jiff::Timestamp;
use payments::Context;
use payments::view::{self, IntentView};
use std::collections::BTreeMap;
use std::error::Error;
use storage::payer_page::Wish;
use storage::{StorageError, beneficiaries, payer_page};

/// Far above what is minted; what is longer names nothing.
const MAX_TOKEN_LEN: usize = 128;
/// Parameters with which providers' pages send the browser back. They tell that it came back, and nothing else.
const RETURN_PREFIXES: &[&str] = &["vnp_"];

/// Our own word for the same: in the address that providers send browsers back to, and in links that drop their words.
pub(crate) const RETURNED: &str = "returned";
const RETURNED_1: &str = "returned=1";

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
            names().any(|pair| pair == RETURNED_1 || RETURN_PREFIXES.iter().any(|prefix| pair.starts_with(prefix)));
        Self { token, language, returned }
    }
}

fn is_plausible(token: &str) -> bool {
    (1..=MAX_TOKEN_LEN).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// An intent with what is shown beside it.
pub(crate) struct Loaded {
    pub view: IntentView,
    /// The name of whom it is paid to.
    pub beneficiary: String,
    /// Names of agencies, by code.
    pub agencies: BTreeMap<String, String>,
    /// When the dossier systems had acknowledged all that is paid.
    pub acknowledged: Option<Timestamp>,
    /// When a provider last answered a question of ours.
    pub asked_at: Option<Timestamp>,
    /// Where payers want money back, without the accounts themselves.
    pub wishes: Vec<Wish>,
}

/// The intent behind the request's token, or the answer to give instead.
pub(crate) async fn load(ctx: &Context, asked: &Asked) -> Result<Loaded, HttpResponse> {
    let absent = || answer::absent(asked.language);
    let token = asked.token.as_deref().ok_or_else(absent)?;
    match by_token(ctx, token).await {
        Ok(loaded) => loaded.ok_or_else(absent),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "payment page not read");
            Err(answer::out_of_order(answer::status_of(&error), asked.language))
        }
    }
}

/// None for a token that names nothing.
pub(crate) async fn by_token(ctx: &Context, token: &str) -> Result<Option<Loaded>, StorageError> {
    let db = ctx.pool.get().await?;
    let Some(view) = view::by_token(ctx, &db, token).await? else { return Ok(None) };
    let code = view.intent.beneficiary_code.as_str();
    let known = beneficiaries::in_force(&db, Some(code)).await?;
    let beneficiary = known.into_iter().next().map_or_else(|| code.to_owned(), |b| b.name);
    let codes: Vec<&str> = view.obligations.iter().map(|o| o.terms.agency_code.as_str()).collect();
    let agencies = payer_page::agencies(&db, &codes).await?;
    let acknowledged = match view.intent.status {
        IntentStatus::Paid => payer_page::acknowledged(&db, &view.intent.obligation_ids).await?,
        _ => None,
    };
    let asked_at = match asked_about(&view) {
        true => payer_page::asked_at(&db, view.intent.id).await?,
        false => None,
    };
    let paid: Vec<PaymentId> = view.payments.iter().map(|paid| paid.shown.payment.id).collect();
    let wishes = if paid.is_empty() { Vec::new() } else { payer_page::wishes(&db, &paid).await? };
    Ok(Some(Loaded { view, beneficiary, agencies, acknowledged, asked_at, wishes }))
}

/// Whether a provider may still be asked about one of the attempts.
fn asked_about(view: &IntentView) -> bool {
    view.attempts.iter().any(|stored| stored.attempt.status.is_undecided())
}
