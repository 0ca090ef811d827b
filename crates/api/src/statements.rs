//! `/v1/statements`: what banks say of our accounts.

use crate::State;
use crate::approvals::{self, ProposedView, proposed};
use crate::auth;
use crate::body;
use crate::door::now;
use crate::files;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::views;
use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::StatementId;
use domain::codes::AccountCode;
use domain::principal::{Principal, Scope, Who};
use jiff::Timestamp;
use jiff::civil::Date;
use payments::import_statement::{self, FileFormat, Import, ImportError};
use payments::supersede_statement::{self, Proposal, SupersedeError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use storage::receiving_accounts;
use storage::statements::Shown;
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The account of ours that the file is about.
    #[param(required = true)]
    account: Option<String>,
    /// auto | camt053 | camt054 | mt940 | csv:<layout>; auto unless told. A layout reads a CSV and a workbook (.xlsx) alike.
    format: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct StatementView {
    id: String,
    /// imported | superseded
    status: &'static str,
    /// The same bytes were here before; nothing was done again.
    duplicate: bool,
    account: String,
    format: String,
    sha256: String,
    #[schema(value_type = String, format = Date)]
    first_date: Date,
    /// The day of its closing balance, or of its last line.
    #[schema(value_type = String, format = Date)]
    closing_date: Date,
    lines: i32,
    /// Movements that no earlier file had.
    new_movements: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening_balance: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closing_balance: Option<i64>,
    /// Movements of its lines that are claimed.
    matched: i64,
    /// Cases about its movements and their money.
    cases: i64,
    /// Of a file in whose place a corrected one has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded: Option<SupersededView>,
}

/// Which file is in force instead, and whose word that was.
#[derive(Serialize, ToSchema)]
pub struct SupersededView {
    by: String,
    approval_id: String,
    proposed_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl StatementView {
    fn new(s: &Shown, duplicate: bool) -> Self {
        Self {
            id: s.id.to_string(),
            status: if s.superseded.is_some() { "superseded" } else { "imported" },
            duplicate,
            account: s.account.clone(),
            format: s.format.clone(),
            sha256: s.sha256.clone(),
            first_date: s.first_date,
            closing_date: s.closing_date,
            lines: s.lines,
            new_movements: s.new_movements,
            opening_balance: s.opening,
            closing_balance: s.closing,
            matched: s.matched,
            cases: s.cases,
            superseded: s.superseded.as_ref().map(|x| SupersededView {
                by: x.statement.to_string(),
                approval_id: x.approval.to_string(),
                proposed_by: x.proposed_by.clone(),
                approved_by: x.approved_by.clone(),
                at: x.at,
            }),
        }
    }
}

/// Imports a statement: the whole file or nothing. The same bytes again answer 200 with `duplicate`.
#[utoipa::path(post, path = "/v1/statements", tag = "statements", params(ImportQuery, ("Idempotency-Key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = StatementView), (status = 200, body = StatementView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn import(
    req: HttpRequest,
    state: Data<State>,
    query: Query<ImportQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::StatementsWrite]).await?;
    body::idempotency_key(&req)?;
    let account = AccountCode::new(body::needed("account", &query.account)?).map_err(|_| absent())?;
    may_see(&state, &principal, &account).await?;
    let format = format_of(query.format.as_deref())?;
    let bytes = files::read(&req, &state, payload).await?;
    let holder = holder(&principal);
    let idempotency = body::idempotency(&req, holder, &bytes)?;
    let wanted = Import { account, format, bytes, caller, idempotency, now: now() };
    let ctx = state.ctx.clone();
    let work = async move {
        let render = Arc::new(|s: &Shown, duplicate| views::json(&StatementView::new(s, duplicate)));
        Ok(body::reply(import_statement::import(&ctx, &wanted, render).await?))
    };
    files::detached(work.in_current_span()).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupersedeQuery {
    /// auto | camt053 | camt054 | mt940 | csv:<layout>; auto unless told.
    format: Option<String>,
    /// Why; for whoever decides.
    note: Option<String>,
}

/// Proposes that the file of the body, as the bank has corrected it, takes the place of an imported statement. A second person
/// decides; what would follow stands in the approval.
#[utoipa::path(post, path = "/v1/statements/{id}/supersessions", tag = "statements",
    params(("id" = String, Path), SupersedeQuery, ("Idempotency-Key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = ProposedView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn supersede(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    query: Query<SupersedeQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (principal, caller) = auth::staff(&req, &state, &[Scope::StatementsWrite]).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::new(Code::ScopeMissing)) };
    body::idempotency_key(&req)?;
    let statement: StatementId = id_of(&id)?;
    let shown = import_statement::shown(&state.ctx, statement).await?.ok_or_else(absent)?;
    may_see(&state, &principal, &AccountCode::new(shown.account.as_str()).map_err(|_| absent())?).await?;
    let format = format_of(query.format.as_deref())?;
    let note = approvals::note(query.note.as_deref().unwrap_or_default())?;
    let bytes = files::read(&req, &state, payload).await?;
    let idempotency = body::idempotency(&req, person.uuid(), &bytes)?;
    let proposal = Proposal { statement, format, bytes, note, caller, idempotency, now: now() };
    let ctx = state.ctx.clone();
    let work = async move { Ok(body::reply(supersede_statement::propose(&ctx, &proposal, &proposed).await?)) };
    files::detached(work.in_current_span()).await
}

/// One statement.
#[utoipa::path(get, path = "/v1/statements/{id}", tag = "statements", params(("id" = String, Path)),
    responses((status = 200, body = StatementView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (principal, _) = auth::staff(&req, &state, &[Scope::ReportsRead]).await?;
    let id: StatementId = id_of(&id)?;
    let shown = import_statement::shown(&state.ctx, id).await?.ok_or_else(absent)?;
    let account = AccountCode::new(shown.account.as_str()).map_err(|_| absent())?;
    may_see(&state, &principal, &account).await?;
    Ok(HttpResponse::Ok().json(StatementView::new(&shown, false)))
}

/// A statement is about its account as a whole: a person sees it, and brings it, where all that have a part in the account are
/// theirs. No other exists for them.
pub(crate) async fn may_see(state: &State, principal: &Principal, account: &AccountCode) -> Result<(), Problem> {
    let db = state.ctx.pool.get().await?;
    if receiving_accounts::all(&db, Some(account.as_str())).await?.is_empty() {
        return Err(absent());
    }
    let own = auth::beneficiaries(principal);
    let owners = receiving_accounts::beneficiaries_of(&db, account).await?;
    let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
    if payments::reaches(own.as_deref(), &owners) { Ok(()) } else { Err(absent()) }
}

pub(crate) fn holder(principal: &Principal) -> uuid::Uuid {
    match principal.who {
        Who::Client(id) => id.uuid(),
        Who::Person(id) => id.uuid(),
        Who::System => uuid::Uuid::nil(),
    }
}

fn format_of(asked: Option<&str>) -> Result<FileFormat, Problem> {
    Ok(match asked.unwrap_or("auto") {
        "auto" => FileFormat::Auto,
        "camt053" => FileFormat::Camt053,
        "camt054" => FileFormat::Camt054,
        "mt940" => FileFormat::Mt940,
        other => {
            match other.strip_prefix("csv:").filter(|code| !code.is_empty() && !code.chars().any(char::is_control)) {
                Some(code) => FileFormat::Csv(code.to_owned()),
                None => {
                    return Err(Problem::with(
                        Code::QueryInvalid,
                        "format is auto, camt053, camt054, mt940 or csv:<layout>",
                    ));
                }
            }
        }
    })
}

impl From<ImportError> for Problem {
    fn from(e: ImportError) -> Self {
        match e {
            ImportError::Storage(e) => e.into(),
            ImportError::Idempotency(e) => e.into(),
            ImportError::Matching(e) => Self::after_import(&e),
            ImportError::AccountAbsent => Self::new(Code::NotFound),
            ImportError::ProfileAbsent => Self::new(Code::LayoutUnknown),
            ImportError::Profile(why) => Self::with(Code::LayoutUnknown, why),
            ImportError::OtherAccount => Self::new(Code::OtherAccount),
            ImportError::Refused(e) => files::refused(&e),
            ImportError::Unfit(why, at) => files::unfit(why, at),
            ImportError::Interrupted => Self::new(Code::Unavailable),
        }
    }
}

impl From<SupersedeError> for Problem {
    fn from(e: SupersedeError) -> Self {
        match e {
            SupersedeError::Storage(e) => e.into(),
            SupersedeError::Idempotency(e) => e.into(),
            SupersedeError::Import(e) => e.into(),
            SupersedeError::Absent => Self::new(Code::NotFound),
            SupersedeError::Superseded => Self::new(Code::StatementSuperseded),
            SupersedeError::Known(id) => Self::new(Code::StatementKnown).and("statement_id", id.to_string()),
            SupersedeError::OtherFormat => files::unfit("a corrected file is of the format of the first", None),
            SupersedeError::DayClosed => Self::new(Code::DayClosed),
            SupersedeError::Pending => Self::new(Code::ApprovalPending),
        }
    }
}
