//! `/v1/beneficiaries`: receiving accounts of agencies. Made with a first account; another one is proposed, decided by a second
//! person, and in force after a cooling-off.

use super::CodesQuery;
use crate::State;
use crate::approvals::{ProposedView, proposed};
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::obligations::absent;
use crate::problem::{Code, Problem};
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::ApprovalId;
use domain::beneficiary::{AccountKind, Beneficiary};
use domain::codes::{BeneficiaryCode, GivenCode};
use jiff::Timestamp;
use payments::administer::accounts::{self, NewAccount};
use payments::administer::{self, Kept, parties};
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
    /// Approved, each in force from its time on, the next first.
    coming: Vec<ComingView>,
}

#[derive(Serialize, ToSchema)]
pub struct ComingView {
    account: AccountBody,
    #[schema(value_type = String, format = DateTime)]
    in_force_from: Timestamp,
}

impl BeneficiaryView {
    fn new(b: &Beneficiary, coming: &[(Beneficiary, Timestamp)]) -> Self {
        let own = coming.iter().filter(|(next, _)| next.code == b.code);
        let view =
            |(next, at): &(Beneficiary, Timestamp)| ComingView { account: AccountBody::new(next), in_force_from: *at };
        Self {
            code: b.code.to_string(),
            agency_code: b.agency_code.clone(),
            name: b.name.clone(),
            account: AccountBody::new(b),
            coming: own.map(view).collect(),
        }
    }
}

impl AccountBody {
    fn new(b: &Beneficiary) -> Self {
        Self {
            kind: b.account_kind.to_string(),
            bank_bin: b.bank_bin.clone(),
            account_number: b.account_number.clone(),
            account_name: b.account_name.clone(),
        }
    }

    /// Notes what is wrong with it, under a pointer.
    fn check(&self, f: &mut Fields, at: &str) -> Option<AccountKind> {
        let kind = f.check(&format!("{at}/kind"), "value", self.kind.parse::<AccountKind>());
        if self.bank_bin.len() != 6 || !self.bank_bin.bytes().all(|b| b.is_ascii_digit()) {
            f.wrong(&format!("{at}/bank_bin"), "format", "has 6 digits");
        }
        let number = &self.account_number;
        // a payer reaches it by QR: NAPAS, field 38-01-01
        if !(1..=19).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
            f.wrong(&format!("{at}/account_number"), "format", "has 1 to 19 letters and digits");
        }
        f.text(&format!("{at}/account_name"), &self.account_name, 1, 100);
        kind
    }
}

fn parse(code: &str, sent: BeneficiaryBody) -> Result<Beneficiary, Problem> {
    let mut f = Fields::default();
    let code = f.code("", BeneficiaryCode::new(code));
    f.code("/agency_code", GivenCode::new(sent.agency_code.as_str()));
    f.text("/name", &sent.name, 1, 200);
    let kind = sent.account.check(&mut f, "/account");
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
    let coming = storage::beneficiaries::coming(&db).await?;
    let seen = found.iter().filter(|b| by.sees(b.code.as_str()));
    let mut all: Vec<BeneficiaryView> = seen.map(|b| BeneficiaryView::new(b, &coming)).collect();
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
    let coming = storage::beneficiaries::coming(&*state.ctx.pool.get().await?).await?;
    Ok(HttpResponse::Ok().json(BeneficiaryView::new(&stored, &coming)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChangeBody {
    account: AccountBody,
    #[serde(default)]
    note: String,
}

/// Proposes another account. A second person decides (`/v1/approvals`); it is in force after the cooling-off.
#[utoipa::path(post, path = "/v1/beneficiaries/{code}/accounts", tag = "administration", request_body = AccountChangeBody,
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn propose(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, who) = auth::administrator(&req, &state).await?;
    let request = body::idempotency(&req, who, &raw.0)?;
    let sent: AccountChangeBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    sent.account.check(&mut f, "/account");
    f.optional_text("/note", Some(sent.note.as_str()).filter(|note| !note.is_empty()), 500);
    f.end()?;
    let code = BeneficiaryCode::new(code.as_str()).map_err(|_| absent())?;
    let AccountBody { kind, bank_bin, account_number, account_name } = sent.account;
    let new = NewAccount { kind, bank_bin, account_number, account_name };
    let render = |id: &ApprovalId| (201, proposed(*id));
    let work = async |tx: &Tx| accounts::propose(tx, &by, &code, &new, &sent.note).await;
    Ok(body::reply(administer::answered(&state.ctx, &by, &request, Kept::Plain, render, work).await?))
}
