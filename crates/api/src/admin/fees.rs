//! `/v1/fees`: the dated fee catalogue. Of one fee, one entry holds on a day.

use super::{CodesQuery, code_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::problem::{Code, Problem};
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::Vnd;
use domain::catalogue::CatalogueFee;
use jiff::civil::Date;
use payments::administer::{self, tariff};
use serde::{Deserialize, Serialize};
use storage::Tx;
use utoipa::ToSchema;

const ENTRIES_AT_MOST: usize = 100;
const AMOUNTS_AT_MOST: usize = 100;

/// One fee as published, with the days on which it holds, both included.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeEntryBody {
    name: String,
    /// What one case may cost, in đồng.
    #[serde(default)]
    amounts: Vec<i64>,
    /// Counted by page, copy or person: any multiple of it may be owed.
    #[serde(default)]
    unit: Option<i64>,
    legal_basis: String,
    /// 4 digits
    #[serde(default)]
    budget_sub_item: Option<String>,
    /// Null: since ever.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_from: Option<String>,
    /// Null: until further notice.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_to: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeBody {
    /// In place of those before; none takes the fee out of the catalogue.
    entries: Vec<FeeEntryBody>,
}

#[derive(Serialize, ToSchema)]
pub struct FeeView {
    fee_code: String,
    /// By the days on which they hold.
    entries: Vec<FeeEntryBody>,
}

impl FeeView {
    fn new(fee_code: String, entries: &[CatalogueFee]) -> Self {
        let view = |f: &CatalogueFee| FeeEntryBody {
            name: f.name.clone(),
            amounts: f.amounts.iter().map(|a| a.dong()).collect(),
            unit: f.unit.map(Vnd::dong),
            legal_basis: f.legal_basis.clone(),
            budget_sub_item: f.budget_sub_item.clone(),
            valid_from: f.valid_from.map(|day| day.to_string()),
            valid_to: f.valid_to.map(|day| day.to_string()),
        };
        Self { fee_code, entries: entries.iter().map(view).collect() }
    }
}

fn day(f: &mut Fields, pointer: &str, text: Option<&str>) -> Option<Date> {
    text.and_then(|text| f.check(pointer, "format", body::civil_date(text).ok_or("is a date, e.g. 2026-11-24")))
}

fn entry(f: &mut Fields, fee_code: &str, i: usize, sent: &FeeEntryBody) -> CatalogueFee {
    let at = |field: &str| format!("/entries/{i}/{field}");
    f.text(&at("name"), &sent.name, 1, 300);
    f.text(&at("legal_basis"), &sent.legal_basis, 1, 300);
    let amounts = sent.amounts.iter().enumerate();
    let amounts: Vec<Vnd> =
        amounts.filter_map(|(n, a)| f.check(&format!("{}/{n}", at("amounts")), "range", Vnd::amount(*a))).collect();
    let unit = sent.unit.and_then(|unit| f.check(&at("unit"), "range", Vnd::amount(unit)));
    if sent.unit == Some(0) {
        f.wrong(&at("unit"), "range", "is 1 or more");
    }
    if sent.amounts.len() > AMOUNTS_AT_MOST {
        f.wrong(&at("amounts"), "length", format!("has at most {AMOUNTS_AT_MOST}"));
    }
    if sent.amounts.is_empty() && sent.unit.is_none() {
        f.wrong(&at("amounts"), "required", "an entry has amounts or a unit");
    }
    if sent.budget_sub_item.as_ref().is_some_and(|s| s.len() != 4 || !s.bytes().all(|b| b.is_ascii_digit())) {
        f.wrong(&at("budget_sub_item"), "format", "has 4 digits");
    }
    let valid_from = day(f, &at("valid_from"), sent.valid_from.as_deref());
    let valid_to = day(f, &at("valid_to"), sent.valid_to.as_deref());
    if valid_from.zip(valid_to).is_some_and(|(from, to)| to < from) {
        f.wrong(&at("valid_to"), "range", "is not before valid_from");
    }
    CatalogueFee {
        fee_code: fee_code.to_owned(),
        name: sent.name.clone(),
        amounts,
        unit,
        legal_basis: sent.legal_basis.clone(),
        budget_sub_item: sent.budget_sub_item.clone(),
        valid_from,
        valid_to,
    }
}

/// The catalogue, by fee code.
#[utoipa::path(get, path = "/v1/fees", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<FeeView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    auth::administrator(&req, &state).await?;
    let db = state.ctx.pool.get().await?;
    let mut found = storage::beneficiaries::fees(&db, None).await?;
    found.sort_by(|a, b| (&a.fee_code, a.valid_from).cmp(&(&b.fee_code, b.valid_from)));
    let each = found.chunk_by(|a, b| a.fee_code == b.fee_code);
    let all = each.filter_map(|entries| Some(FeeView::new(entries.first()?.fee_code.clone(), entries))).collect();
    Ok(HttpResponse::Ok().json(query.page(all, |v| v.fee_code.clone())?))
}

/// Puts the entries of one fee in place of those before.
#[utoipa::path(put, path = "/v1/fees/{code}", tag = "administration", request_body = FeeBody, params(("code" = String, Path)),
    responses((status = 200, body = FeeView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: FeeBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).ok_or_else(|| Problem::new(Code::NotFound))?;
    if sent.entries.len() > ENTRIES_AT_MOST {
        f.wrong("/entries", "length", format!("has at most {ENTRIES_AT_MOST}"));
    }
    let entries: Vec<CatalogueFee> =
        sent.entries.iter().enumerate().map(|(i, sent)| entry(&mut f, &code, i, sent)).collect();
    f.end()?;
    let work = async |tx: &Tx| tariff::put_fee(tx, &by, &code, &entries).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(FeeView::new(code, &stored)))
}
