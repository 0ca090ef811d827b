//! `/v1/accounts`: bank accounts of ours, and how what is told of them is read. They come with their beneficiaries.

use super::{CodesQuery, seen_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::obligations::absent;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::{AccountCode, GivenCode};
use payments::administer::{self, files};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::receiving_accounts::{self, ReceivingAccount};
use utoipa::ToSchema;

/// Tellers and formats whose references may be of a numbering of their own.
pub(crate) const TELLERS: [&str; 6] = ["sepay", "casso", "payos", "camt", "mt940", "csv"];

/// Everything that may change; what is left out is reset.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSettingsBody {
    /// Tellers and formats with references of their own: sepay, casso, payos, camt, mt940, csv.
    #[serde(default)]
    own_numbering: Vec<String>,
    /// The layout of the bank's CSV exports.
    #[serde(default)]
    csv_layout: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct AccountView {
    code: String,
    bank_bin: String,
    account_number: String,
    account_name: String,
    own_numbering: Vec<String>,
    csv_layout: Option<String>,
    /// Those that whoever asks administers.
    beneficiaries: Vec<String>,
}

impl AccountView {
    fn new(a: ReceivingAccount, owners: Vec<String>) -> Self {
        Self {
            code: a.code.to_string(),
            bank_bin: a.bank_bin,
            account_number: a.account_number,
            account_name: a.account_name,
            own_numbering: a.own_numbering,
            csv_layout: a.csv_profile,
            beneficiaries: owners,
        }
    }
}

/// Accounts by code, and whose they are or were.
#[utoipa::path(get, path = "/v1/accounts", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<AccountView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let mut owners = receiving_accounts::owners(&db).await?;
    let all = receiving_accounts::all(&db, None).await?.into_iter();
    let all = all.map(|a| {
        let of = owners.remove(a.code.as_str()).unwrap_or_default();
        AccountView::new(a, of)
    });
    let seen = all.filter(|a| by.of_all().is_ok() || a.beneficiaries.iter().any(|owner| by.sees(owner)));
    let mut seen: Vec<AccountView> =
        seen.map(|a| AccountView { beneficiaries: seen_of(&by, a.beneficiaries), ..a }).collect();
    seen.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(HttpResponse::Ok().json(query.page(seen, |v| v.code.clone())?))
}

/// Says how an account's reports and statements are read.
#[utoipa::path(put, path = "/v1/accounts/{code}", tag = "administration", request_body = AccountSettingsBody, params(("code" = String, Path)),
    responses((status = 200, body = AccountView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let code = AccountCode::new(code.as_str()).map_err(|_| absent())?;
    let sent: AccountSettingsBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    for (i, teller) in sent.own_numbering.iter().enumerate() {
        if !TELLERS.contains(&teller.as_str()) {
            f.wrong(&format!("/own_numbering/{i}"), "value", format!("is one of {}", TELLERS.join(", ")));
        }
    }
    let layout = sent.csv_layout.as_deref();
    if let Some(layout) = layout {
        f.code("/csv_layout", GivenCode::new(layout));
    }
    f.end()?;
    let work = async |tx: &Tx| files::put_account(tx, &by, &code, &sent.own_numbering, layout).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    let db = state.ctx.pool.get().await?;
    let owners = receiving_accounts::beneficiaries_of(&db, &code).await?;
    let owners = owners.iter().map(ToString::to_string).collect();
    Ok(HttpResponse::Ok().json(AccountView::new(stored, owners)))
}
