//! `/v1/obligations`.

use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::problem::Problem;
use crate::views::{self, ObligationView, Page};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::BeneficiaryCode;
use domain::dossier_code::DossierCode;
use domain::obligation::{BadTerms, Budget, Notice, ObligationKind, Sector, Terms};
use domain::party::{IdentityKind, Party};
use domain::principal::Scope;
use domain::{ObligationId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use payments::register_obligation::{self, Cancellation, Registered, Registration};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyBody {
    name: String,
    /// citizen_id | tax_code | passport | none
    identity_kind: String,
    #[serde(default)]
    identity_number: Option<String>,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize, Serialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetBody {
    chapter: Option<String>,
    sub_item: Option<String>,
    area: Option<String>,
    unit: Option<String>,
    treasury: Option<String>,
    revenue_account: Option<String>,
}

#[derive(Deserialize, Serialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct NoticeBody {
    number: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<String>,
    payable_id: Option<String>,
    period: Option<String>,
}

/// What the portal says is owed.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObligationBody {
    #[serde(default)]
    dossier_code: Option<String>,
    #[serde(default)]
    customer_code: Option<String>,
    /// public_service | hospital | school | electricity | water | sanitation | post_telecom
    #[serde(default = "public_service")]
    sector: String,
    agency_code: String,
    beneficiary_code: String,
    #[serde(default)]
    procedure_code: Option<String>,
    #[serde(default)]
    procedure_name: Option<String>,
    #[serde(default)]
    service_code: Option<String>,
    /// fee | charge | tax_land | fine | service_price
    kind: String,
    fee_code: String,
    #[serde(default = "first")]
    instalment: i32,
    #[serde(default)]
    group_ref: Option<String>,
    description: String,
    /// Whole đồng, 0 to 999,999,999,999.
    gross_amount: i64,
    #[serde(default)]
    relief_amount: i64,
    #[serde(default)]
    relief_basis: Option<String>,
    /// VND
    #[serde(default = "vnd")]
    currency: String,
    payer: PartyBody,
    /// The dossier's owner, where another person pays.
    #[serde(default)]
    owner: Option<PartyBody>,
    #[serde(default)]
    budget: BudgetBody,
    #[serde(default)]
    notice: NoticeBody,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<String>,
}

fn public_service() -> String {
    Sector::PublicService.to_string()
}
fn first() -> i32 {
    1
}
fn vnd() -> String {
    views::CURRENCY.to_owned()
}

struct Parsed {
    terms: Terms,
    payer: Party,
    owner: Option<Party>,
}

fn parse(b: &ObligationBody) -> Result<Parsed, Problem> {
    let mut f = Fields::default();
    let dossier = b.dossier_code.clone().and_then(|c| f.check("/dossier_code", "format", DossierCode::new(c)));
    let customer_code = f.optional_text("/customer_code", b.customer_code.as_deref(), 64);
    let sector = f.check("/sector", "value", b.sector.parse::<Sector>());
    let agency_code = f.text("/agency_code", &b.agency_code, 1, 64);
    let beneficiary = f.code("/beneficiary_code", BeneficiaryCode::new(b.beneficiary_code.clone()));
    let kind = f.check("/kind", "value", b.kind.parse::<ObligationKind>());
    let fee_code = f.text("/fee_code", &b.fee_code, 1, 64);
    let description = f.text("/description", &b.description, 1, 500);
    if !(1..=999).contains(&b.instalment) {
        f.wrong("/instalment", "range", "is 1 to 999");
    }
    let gross = f.check("/gross_amount", "range", Vnd::amount(b.gross_amount));
    let relief = f.check("/relief_amount", "range", Vnd::amount(b.relief_amount));
    if b.currency != views::CURRENCY {
        f.wrong("/currency", "value", "only VND is collected");
    }
    let due_at = b.due_at.as_deref().and_then(|t| f.check("/due_at", "format", instant(t)));
    let date = b.notice.date.as_deref().and_then(|d| f.check("/notice/date", "format", day(d)));
    let mut short = |pointer: &str, value: &Option<String>, max| f.optional_text(pointer, value.as_deref(), max);
    let procedure_code = short("/procedure_code", &b.procedure_code, 64);
    let procedure_name = short("/procedure_name", &b.procedure_name, 500);
    let service_code = short("/service_code", &b.service_code, 64);
    let group_ref = short("/group_ref", &b.group_ref, 64);
    let relief_basis = short("/relief_basis", &b.relief_basis, 300);
    let budget = Budget {
        chapter: short("/budget/chapter", &b.budget.chapter, 16),
        sub_item: short("/budget/sub_item", &b.budget.sub_item, 16),
        area: short("/budget/area", &b.budget.area, 32),
        unit: short("/budget/unit", &b.budget.unit, 32),
        treasury: short("/budget/treasury", &b.budget.treasury, 64),
        revenue_account: short("/budget/revenue_account", &b.budget.revenue_account, 64),
    };
    let notice = Notice {
        number: short("/notice/number", &b.notice.number, 64),
        date,
        payable_id: short("/notice/payable_id", &b.notice.payable_id, 64),
        period: short("/notice/period", &b.notice.period, 32),
    };
    let payer = party(&mut f, "/payer", &b.payer);
    let owner = b.owner.as_ref().map(|o| party(&mut f, "/owner", o));
    let whole = (|| {
        Some(Terms {
            dossier_code: dossier,
            customer_code,
            sector: sector?,
            agency_code: agency_code?,
            beneficiary_code: beneficiary?,
            procedure_code,
            procedure_name,
            service_code,
            kind: kind?,
            fee_code: fee_code?,
            instalment: b.instalment,
            group_ref,
            description: description?,
            gross_amount: gross?,
            relief_amount: relief?,
            relief_basis,
            budget,
            notice,
            due_at,
        })
    })();
    let checked = whole.and_then(|terms| match terms.check() {
        Ok(()) => Some(terms),
        Err(bad) => {
            let (pointer, code) = match bad {
                BadTerms::ReliefAboveGross => ("/relief_amount", "range"),
                BadTerms::ReliefWithoutBasis => ("/relief_basis", "required"),
                BadTerms::DossierMissing => ("/dossier_code", "required"),
                BadTerms::CustomerMissing => ("/customer_code", "required"),
            };
            // a value that is no good was sent, so it is not missing as well
            if !f.names(pointer) {
                f.wrong(pointer, code, bad);
            }
            None
        }
    });
    f.end()?;
    match (checked, payer, owner) {
        (Some(terms), Some(payer), None) => Ok(Parsed { terms, payer, owner: None }),
        (Some(terms), Some(payer), Some(Some(owner))) => Ok(Parsed { terms, payer, owner: Some(owner) }),
        _ => Err(Problem::fields(Vec::new())),
    }
}

fn party(f: &mut Fields, at: &str, b: &PartyBody) -> Option<Party> {
    let name = f.text(&format!("{at}/name"), &b.name, 1, 200);
    let kind = f.check(&format!("{at}/identity_kind"), "value", b.identity_kind.parse::<IdentityKind>());
    let number = f.optional_text(&format!("{at}/identity_number"), b.identity_number.as_deref(), 32);
    if kind.is_some_and(|k| k != IdentityKind::None) && b.identity_number.is_none() {
        f.wrong(&format!("{at}/identity_number"), "required", "the kind of identity needs its number");
    }
    Some(Party {
        name: name?,
        identity_kind: kind?,
        identity_number: number,
        address: f.optional_text(&format!("{at}/address"), b.address.as_deref(), 300),
        phone: f.optional_text(&format!("{at}/phone"), b.phone.as_deref(), 20),
        email: f.optional_text(&format!("{at}/email"), b.email.as_deref(), 254),
    })
}

pub(crate) fn instant(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "is an RFC 3339 instant, e.g. 2026-11-24T09:30:00Z")
}

fn day(text: &str) -> Result<Date, &'static str> {
    let iso = text.len() == 10;
    text.parse().ok().filter(|_| iso).ok_or("is a date, e.g. 2026-11-24")
}

/// Says what a dossier owes, under the portal's own reference.
#[utoipa::path(put, path = "/v1/obligations/{id}", tag = "obligations", request_body = ObligationBody,
    params(("id" = String, Path, description = "external_ref: the portal's own key, 1 to 128 characters")),
    responses((status = 201, body = ObligationView), (status = 200, description = "equal, or changed while nothing rests on it", body = ObligationView),
        (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn register(
    req: HttpRequest,
    state: Data<State>,
    external_ref: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (client, caller) = auth::client(&req, &state, Scope::ObligationsWrite).await?;
    let sent: ObligationBody = body::json(&req, &raw.0)?;
    let parsed = parse(&sent)?;
    let mut fields = Fields::default();
    let external_ref = fields.text("", &external_ref, 1, 128);
    fields.end()?;
    let registration = Registration {
        client,
        external_ref: external_ref.unwrap_or_default(),
        terms: parsed.terms,
        payer: parsed.payer,
        owner: parsed.owner,
        fingerprint: Sha256::digest(views::json(&sent)).to_vec(),
        caller,
        now: now(),
    };
    let standing = register_obligation::register(&state.ctx, &registration).await?;
    let view = ObligationView::new(&standing.obligation, &[], standing.warnings);
    Ok(match standing.registered {
        Registered::Created => HttpResponse::Created().json(view),
        Registered::Equal => HttpResponse::Ok().json(whole(&state, &standing.obligation, view.warnings).await?),
        Registered::Changed => HttpResponse::Ok().json(view),
    })
}

async fn whole(
    state: &State,
    o: &domain::obligation::Obligation,
    warnings: Vec<String>,
) -> Result<ObligationView, Problem> {
    let db = state.ctx.pool.get().await?;
    let settled = storage::obligations::settled_by(&db, &[o.id.uuid()]).await?;
    Ok(ObligationView::new(o, &settled, warnings))
}

/// One obligation, by our id.
#[utoipa::path(get, path = "/v1/obligations/{id}", tag = "obligations", params(("id" = String, Path)),
    responses((status = 200, body = ObligationView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(req: HttpRequest, state: Data<State>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsRead).await?;
    let id: ObligationId = id_of(&id)?;
    let found = {
        let db = state.ctx.pool.get().await?;
        storage::obligations::by_id(&db, client, id).await?
    };
    let o = found.ok_or_else(absent)?;
    Ok(HttpResponse::Ok().json(whole(&state, &o, Vec::new()).await?))
}

/// An id that cannot be one is as absent as one that is not there.
pub(crate) fn id_of<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| absent())
}

pub(crate) fn absent() -> Problem {
    Problem::new(crate::problem::Code::NotFound)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    dossier_code: Option<String>,
    /// 1 to 200, 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    after: Option<String>,
}

/// The caller's obligations, newest first.
#[utoipa::path(get, path = "/v1/obligations", tag = "obligations", params(ListQuery),
    responses((status = 200, body = Page<ObligationView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let (client, _) = auth::client(&req, &state, Scope::PaymentsRead).await?;
    let limit = body::limit(query.limit)?;
    let after: Option<ObligationId> = body::after(query.after.as_deref())?;
    let dossier_code = body::filter(&query.dossier_code)?;
    let db = state.ctx.pool.get().await?;
    let found = storage::obligations::page(&db, client, dossier_code.as_deref(), after, limit).await?;
    let ids: Vec<_> = found.iter().map(|o| o.id.uuid()).collect();
    let settled = storage::obligations::settled_by(&db, &ids).await?;
    let views = found.iter().map(|o| ObligationView::new(o, &settled, Vec::new())).collect();
    Ok(HttpResponse::Ok().json(Page::new(views, limit, |v: &ObligationView| v.id.clone())))
}

/// Takes an obligation back: `due` only, not in a live intent, no money waiting for it.
#[utoipa::path(post, path = "/v1/obligations/{id}/cancel", tag = "obligations",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ObligationView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (client, caller) = auth::client(&req, &state, Scope::ObligationsWrite).await?;
    let idempotency = body::idempotency(&req, client.uuid(), &raw.0)?;
    body::nothing(&req, &raw.0)?;
    let cancellation = Cancellation { client, id: id_of(&id)?, caller, idempotency, now: now() };
    let render = |o: &domain::obligation::Obligation| views::json(&ObligationView::new(o, &[], Vec::new()));
    let reply = register_obligation::cancel(&state.ctx, &cancellation, &render).await?;
    Ok(body::reply(reply))
}
