//! `/v1/receipt-series`: who collects, and how the receipts of a beneficiary are numbered. Receipts are made here from the moment
//! a beneficiary has a series.

use super::{CodesQuery, code_of, date_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::RawBody;
use crate::obligations::absent;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::obligation::ObligationKind;
use domain::receipt::{Letters, Template};
use jiff::civil::Date;
use payments::administer::{self, receipt_series};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::receipt_series::Series;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptSeriesBody {
    beneficiary_code: String,
    /// Of which obligations: `fee`, `charge`, or both.
    kinds: Vec<String>,
    /// EBL01 | EBL02
    template: String,
    /// Two of ABCDEGHKLMNPQRSTUVXY; with the year they are the serial, `26TAB`.
    letters: String,
    collector_name: String,
    collector_tax_code: String,
    collector_address: String,
    #[schema(value_type = String, format = Date)]
    valid_from: String,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_to: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ReceiptSeriesView {
    code: String,
    beneficiary_code: String,
    kinds: Vec<&'static str>,
    template: &'static str,
    letters: String,
    collector_name: String,
    collector_tax_code: String,
    collector_address: String,
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    #[schema(value_type = Option<String>, format = Date)]
    valid_to: Option<Date>,
}

impl ReceiptSeriesView {
    fn new(s: &Series) -> Self {
        Self {
            code: s.code.clone(),
            beneficiary_code: s.beneficiary_code.clone(),
            kinds: s.kinds.iter().map(|kind| kind.as_str()).collect(),
            template: s.template.as_str(),
            letters: s.letters.to_string(),
            collector_name: s.collector_name.clone(),
            collector_tax_code: s.collector_tax_code.clone(),
            collector_address: s.collector_address.clone(),
            valid_from: s.valid_from,
            valid_to: s.valid_to,
        }
    }
}

fn parse(code: &str, sent: &ReceiptSeriesBody) -> Result<Series, Problem> {
    let mut f = Fields::default();
    let code = code_of(&mut f, code).unwrap_or_default();
    let kinds: Vec<ObligationKind> = sent.kinds.iter().filter_map(|kind| kind.parse().ok()).collect();
    if kinds.len() != sent.kinds.len() || !receipt_series::are_kinds(&kinds) {
        f.wrong("/kinds", "value", "are fee, charge, or both");
    }
    let template = f.check("/template", "value", sent.template.parse::<Template>());
    let letters = f.check("/letters", "format", sent.letters.parse::<Letters>());
    f.text("/collector_name", &sent.collector_name, 1, 400);
    f.text("/collector_address", &sent.collector_address, 1, 400);
    if !receipt_series::is_tax_code(&sent.collector_tax_code) {
        f.wrong("/collector_tax_code", "format", "has 10 digits, 10 and 3 after a hyphen, or 12");
    }
    let valid_from = date_of(&sent.valid_from).ok();
    let valid_to = sent.valid_to.as_deref().map(|day| date_of(day).ok());
    if valid_from.is_none() {
        f.wrong("/valid_from", "format", "is a day, written as 2026-07-01");
    }
    if valid_to.is_some_and(|to| to.is_none() || to < valid_from) {
        f.wrong("/valid_to", "range", "is a day, and not before valid_from");
    }
    f.end()?;
    let (Some(template), Some(letters), Some(valid_from)) = (template, letters, valid_from) else {
        return Err(absent());
    };
    Ok(Series {
        code,
        beneficiary_code: sent.beneficiary_code.clone(),
        kinds,
        template,
        letters,
        collector_name: sent.collector_name.clone(),
        collector_tax_code: sent.collector_tax_code.clone(),
        collector_address: sent.collector_address.clone(),
        valid_from,
        valid_to: valid_to.flatten(),
    })
}

/// Series by code.
#[utoipa::path(get, path = "/v1/receipt-series", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<ReceiptSeriesView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let found = storage::receipt_series::all(&*state.ctx.pool.get().await?).await?;
    let seen = found.iter().filter(|s| by.sees(&s.beneficiary_code));
    Ok(HttpResponse::Ok().json(query.page(seen.map(ReceiptSeriesView::new).collect(), |v| v.code.clone())?))
}

/// Makes a series, or changes it: what its receipts are named by stands from the first number on.
#[utoipa::path(put, path = "/v1/receipt-series/{code}", tag = "administration", request_body = ReceiptSeriesBody,
    params(("code" = String, Path)),
    responses((status = 200, body = ReceiptSeriesView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let new = parse(&code, &body::json(&req, &raw.0)?)?;
    let work = async |tx: &Tx| receipt_series::put(tx, &by, &new).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(ReceiptSeriesView::new(&stored)))
}
