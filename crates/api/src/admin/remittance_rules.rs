//! `/v1/remittance-rules`: what an agency keeps of a fee, and when, where and under which budget codes the rest is remitted.

use super::{CodesQuery, code_of, date_of};
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::door::{RawBody, now};
use crate::obligations::absent;
use crate::problem::Problem;
use crate::views::Page;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::{AccountCode, BeneficiaryCode};
use domain::fee::Rounding;
use domain::remittance::{DueBy, Period, Retention, WHOLE_PPM};
use payments::administer::{self, remittance_rules};
use serde::{Deserialize, Serialize};
use storage::Tx;
use storage::remittances::Way;
use storage::remittances::rules::{self, Rule};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemittanceRuleBody {
    /// Payments of this day and later ones, until the fee's next rule.
    #[schema(value_type = String, format = Date)]
    valid_from: String,
    /// What the agency keeps, in millionths: 0 of a charge, 960000 of a fee of which 4 % are remitted.
    #[schema(minimum = 0, maximum = 1_000_000)]
    retained_ppm: i32,
    /// How what is kept becomes whole đồng: `down` leaves the rest to the budget, `half_up` | `up`.
    #[schema(example = "down")]
    rounding: String,
    /// weekly | monthly
    period: String,
    /// `day`: that day after the period's end, or the next that is worked; `worked_day`: that worked day after it.
    due_by: String,
    /// With `day`, 5 is the 5th of the next month, or of a week 4 the Thursday after.
    #[schema(minimum = 1, maximum = 28)]
    due_n: u8,
    /// Chương: 3 digits
    chapter: String,
    /// Tiểu mục: 4 digits
    sub_item: String,
    /// Mã địa bàn hành chính: 2 to 10 digits
    area: String,
    /// Mã đơn vị có quan hệ với ngân sách: 7 digits
    unit: String,
    /// The beneficiary's account that it leaves.
    account_code: String,
    /// The office of the treasury.
    treasury: String,
    /// 6 digits
    treasury_bank_bin: String,
    treasury_account: String,
    treasury_account_name: String,
    legal_basis: String,
}

#[derive(Serialize, ToSchema)]
pub struct RemittanceRuleView {
    id: String,
    beneficiary_code: String,
    fee_code: String,
    #[schema(value_type = String, format = Date)]
    valid_from: String,
    retained_ppm: i32,
    rounding: String,
    period: String,
    due_by: String,
    due_n: u8,
    chapter: String,
    sub_item: String,
    area: String,
    unit: String,
    account_code: String,
    treasury: String,
    treasury_bank_bin: String,
    treasury_account: String,
    treasury_account_name: String,
    legal_basis: String,
}

impl RemittanceRuleView {
    fn new(r: &Rule) -> Self {
        Self {
            id: r.id.to_string(),
            beneficiary_code: r.beneficiary.to_string(),
            fee_code: r.fee_code.clone(),
            valid_from: r.valid_from.to_string(),
            retained_ppm: r.retention.rate_ppm,
            rounding: r.retention.rounding.to_string(),
            period: r.period.to_string(),
            due_by: r.due_by.to_string(),
            due_n: r.due_n,
            chapter: r.chapter.clone(),
            sub_item: r.sub_item.clone(),
            area: r.area.clone(),
            unit: r.way.unit.clone(),
            account_code: r.way.account.to_string(),
            treasury: r.way.treasury.clone(),
            treasury_bank_bin: r.way.bank_bin.clone(),
            treasury_account: r.way.account_number.clone(),
            treasury_account_name: r.way.account_name.clone(),
            legal_basis: r.legal_basis.clone(),
        }
    }

    fn cursor(&self) -> String {
        format!("{}/{}/{}", self.beneficiary_code, self.fee_code, self.valid_from)
    }
}

fn digits(f: &mut Fields, pointer: &str, text: &str, (min, max): (usize, usize)) {
    if !(min..=max).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
        let detail = if min == max { format!("has {min} digits") } else { format!("has {min} to {max} digits") };
        f.wrong(pointer, "format", detail);
    }
}

fn parse(beneficiary: &str, fee: &str, sent: &RemittanceRuleBody) -> Result<Rule, Problem> {
    let mut f = Fields::default();
    let beneficiary = f.code("", BeneficiaryCode::new(beneficiary)).ok_or_else(absent)?;
    let fee_code = code_of(&mut f, fee).ok_or_else(absent)?;
    let valid_from =
        f.check("/valid_from", "format", date_of(&sent.valid_from).map_err(|_| "is a day, written as 2026-07-01"));
    if !(0..=WHOLE_PPM).contains(&sent.retained_ppm) {
        f.wrong("/retained_ppm", "range", "is 0 to 1000000");
    }
    let rounding = f.check("/rounding", "value", sent.rounding.parse::<Rounding>());
    let period = f.check("/period", "value", sent.period.parse::<Period>());
    let due_by = f.check("/due_by", "value", sent.due_by.parse::<DueBy>());
    if !(1..=28).contains(&sent.due_n) {
        f.wrong("/due_n", "range", "is 1 to 28");
    }
    digits(&mut f, "/chapter", &sent.chapter, (3, 3));
    digits(&mut f, "/sub_item", &sent.sub_item, (4, 4));
    digits(&mut f, "/area", &sent.area, (2, 10));
    digits(&mut f, "/unit", &sent.unit, (7, 7));
    digits(&mut f, "/treasury_bank_bin", &sent.treasury_bank_bin, (6, 6));
    let account = f.code("/account_code", AccountCode::new(sent.account_code.as_str()));
    let number = &sent.treasury_account;
    let is_number = number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'.');
    if !(1..=32).contains(&number.len()) || !is_number {
        f.wrong("/treasury_account", "format", "has 1 to 32 digits, capital letters and dots");
    }
    f.text("/treasury", &sent.treasury, 1, 300);
    f.text("/treasury_account_name", &sent.treasury_account_name, 1, 300);
    f.text("/legal_basis", &sent.legal_basis, 1, 300);
    f.end()?;
    let (Some(valid_from), Some(rounding), Some(period)) = (valid_from, rounding, period) else { return Err(absent()) };
    let (Some(due_by), Some(account)) = (due_by, account) else { return Err(absent()) };
    Ok(Rule {
        id: storage::ids::mint(now()),
        beneficiary,
        fee_code,
        valid_from,
        retention: Retention { rate_ppm: sent.retained_ppm, rounding },
        period,
        due_by,
        due_n: sent.due_n,
        chapter: sent.chapter.clone(),
        sub_item: sent.sub_item.clone(),
        area: sent.area.clone(),
        way: Way {
            account,
            unit: sent.unit.clone(),
            treasury: sent.treasury.clone(),
            bank_bin: sent.treasury_bank_bin.clone(),
            account_number: sent.treasury_account.clone(),
            account_name: sent.treasury_account_name.clone(),
        },
        legal_basis: sent.legal_basis.clone(),
    })
}

/// Rules by beneficiary, fee and day.
#[utoipa::path(get, path = "/v1/remittance-rules", tag = "administration", params(CodesQuery),
    responses((status = 200, body = Page<RemittanceRuleView>)))]
pub async fn list(req: HttpRequest, state: Data<State>, query: Query<CodesQuery>) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let found = rules::list(&*state.ctx.pool.get().await?, None).await?;
    let seen = found.iter().filter(|r| by.sees(r.beneficiary.as_str()));
    Ok(HttpResponse::Ok().json(query.page(seen.map(RemittanceRuleView::new).collect(), RemittanceRuleView::cursor)?))
}

/// Sets the rule of a fee from a day on, in place of the one of that day. One that a remittance names stands.
#[utoipa::path(put, path = "/v1/remittance-rules/{beneficiary}/{fee}", tag = "administration",
    request_body = RemittanceRuleBody, params(("beneficiary" = String, Path), ("fee" = String, Path)),
    responses((status = 200, body = RemittanceRuleView), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    path: Path<(String, String)>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let (beneficiary, fee) = path.into_inner();
    let rule = parse(&beneficiary, &fee, &body::json(&req, &raw.0)?)?;
    let work = async |tx: &Tx| remittance_rules::put(tx, &by, &rule).await;
    let stored = administer::once(&state.ctx.pool, &by, work).await?;
    Ok(HttpResponse::Ok().json(RemittanceRuleView::new(&stored)))
}
