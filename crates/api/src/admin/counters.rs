//! Counters, as administrators set them up.

use super::code_of;
use crate::State;
use crate::auth;
use crate::body::{self, Fields};
use crate::counters::CounterView;
use crate::door::RawBody;
use crate::problem::{Code, Problem};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::codes::{AccountCode, BeneficiaryCode, CounterCode, ProfileCode};
use payments::administer;
use payments::administer::counters::{NewCounter, put as put_counter};
use serde::Deserialize;
use storage::Tx;
use utoipa::ToSchema;

/// Of a counter, at most.
const MOST_BENEFICIARIES: usize = 200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterBody {
    name: String,
    /// Code of the account of ours that its cash is brought to.
    account_code: String,
    /// The contract of its card terminal; null: no cards.
    #[serde(default)]
    terminal_profile: Option<String>,
    /// For whom it collects, one at least.
    #[schema(min_items = 1)]
    beneficiaries: Vec<String>,
}

/// Makes a counter with its drawer, or changes it; what the drawer holds stays.
#[utoipa::path(put, path = "/v1/counters/{code}", tag = "administration", request_body = CounterBody,
    params(("code" = String, Path)),
    responses((status = 200, body = CounterView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    req: HttpRequest,
    state: Data<State>,
    code: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (by, _) = auth::administrator(&req, &state).await?;
    let sent: CounterBody = body::json(&req, &raw.0)?;
    let mut f = Fields::default();
    let code = code_of(&mut f, &code).and_then(|code| f.code("/code", CounterCode::new(code)));
    let name = f.text("/name", &sent.name, 1, 200);
    let account = f.code("/account_code", AccountCode::new(sent.account_code));
    let terminal = sent.terminal_profile.and_then(|code| f.code("/terminal_profile", ProfileCode::new(code)));
    if !(1..=MOST_BENEFICIARIES).contains(&sent.beneficiaries.len()) {
        f.wrong("/beneficiaries", "length", format!("has 1 to {MOST_BENEFICIARIES} codes"));
    }
    for (at, code) in sent.beneficiaries.iter().enumerate() {
        f.code(&format!("/beneficiaries/{at}"), BeneficiaryCode::new(code.as_str()));
    }
    f.end()?;
    let (Some(code), Some(name), Some(account)) = (code, name, account) else {
        return Err(Problem::new(Code::BodyMalformed));
    };
    let new = NewCounter { code, name, account, terminal, beneficiaries: sent.beneficiaries };
    let work = async |tx: &Tx| put_counter(tx, &by, &new).await;
    let counter = administer::once(&state.ctx.pool, &by, work).await?;
    let own = (!by.beneficiaries.is_empty()).then_some(by.beneficiaries.as_slice());
    Ok(HttpResponse::Ok().json(CounterView::new(&counter, own)))
}
