//! `/v1/beneficiaries`: receiving accounts of agencies. Made with a first account; the account of one that is there stands.

use super::CodesQuery;
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::{Code, Problem};
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::beneficiary::{AccountKind, Beneficiary};
use domain::codes::{BeneficiaryCode, GivenCode};
use payments::administer::{self, parties};
use serde::{Deserialize, Serialize};
use storage::Tx;
use utoipa::ToSchema;

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// treasury | bank
    kind: String,
    /// 6 digits
    bank_bin: String,
    account_number: String,
    account_name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeneficiaryBody {
    agency_code: String,
    name: String,
    account: AccountBody,
}

#[derive(Serialize, ToSchema)]
pub struct BeneficiaryView {
    code: String,
    agency_code: String,
    name: String,
    /// In force now.
    account: AccountBody,
}

impl BeneficiaryView {
    fn new(b: &Beneficiary) -> Self {
        Self {
            code: b.code.to_string(),
            agency_code: b.agency_code.clone(),
            name: b.name.clone(),
            account: AccountBody {
                kind: b.account_kind.to_string(),
                bank_bin: b.bank_bin.clone(),
                account_number: b.account_number.clone(),
                account_name: b.account_name.clone(),
            },
        }
    }
}

fn parse(code: &str, sent: BeneficiaryBody) -> Result<Beneficiary, Problem> {
    let mut f = Fields::default();
    let code = f.code("", BeneficiaryCode::new(code));
    f.code("/agency_code", GivenCode::new(sent.agency_code.as_str()));
    f.text("/name", &sent.name, 1, 200);
    let kind = f.check("/account/kind", "value", sent.account.kind.parse::<AccountKind>());
    let bin = &sent.account.bank_bin;
    if bin.len() != 6 || !bin.bytes().all(|b| b.is_ascii_digit()) {
        f.wrong("/account/bank_bin", "format", "has 6 digits");
    }
    let number = &sent.account.account_number;
    if !(1..=32).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
        f.wrong("/account/account_number", "format", "has 1 to 32 letters and digits");
    }
    f.text("/account/account_name", &sent.account.account_name, 1, 100);
    f.end()?;
    let (code, account_kind) = code.zip(kind).ok_or_else(|| Problem::new(Code::ValidationFailed))?;
    Ok(Beneficiary {
        code,
        agency_code: sent.agency_code,
        name: sent.name,
        account_kind,
        bank_bin: sent.account.bank_bin,
        account_number: sent.account.account_number,
        account_name: sent.account.account_name,
    })
}

/// Beneficiaries by code, with the account in force.
#[utoipa::path(get, path = "/v1/beneficiaries", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<BeneficiaryView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let found = storage::beneficiaries::in_force(&db, None).await?;
    let seen = found.iter().filter(|b| by.sees(b.code.as_str()));
    let mut all: Vec<BeneficiaryView> = seen.map(BeneficiaryView::new).collect();
    all.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.code.clone())?))
}

/// Makes a beneficiary with its first account, or renames it.
#[utoipa::path(put, path = "/v1/beneficiaries/{code}", tag = "administration", request_body = BeneficiaryBody, params(("code" = String, Path)),
    responses((status = 200, body = BeneficiaryView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let new = parse(&code, body::json(&req, &raw.0)?)?;
    let work = async |tx: &Tx| parties::put_beneficiary(tx, &by, &new).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(BeneficiaryView::new(&stored)))
}
