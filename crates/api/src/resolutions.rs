//! `/v1/cases/{id}/resolutions`: what is proposed to become of a case, and what it would change.

use crate::State;
use crate::approvals::ProposedView;
use crate::auth;
use crate::body;
use crate::door::{RawBody, now};
use crate::effect::EffectView;
use crate::obligations::{absent, id_of};
use crate::problem::{Code, Problem};
use crate::refunds::PayerAccountBody;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::CaseId;
use domain::case::CaseKind;
use domain::fee;
use domain::principal::Scope;
use payments::preview::{self, Tried};
use payments::refund;
use payments::resolve_case::{self, Action};
use serde::Deserialize;
use storage::case_list::{self, Filter, Listed};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionBody {
    /// assign_to_obligations | refund_to_payer | same_movement | accept_difference | write_off | reopen_obligations | reinstate
    action: String,
    /// Of `assign_to_obligations`: what the waiting money pays, 1 to 50.
    #[serde(default)]
    obligation_ids: Vec<String>,
    /// Of `same_movement`: the payment that a line of the account brought.
    #[serde(default)]
    payment_id: Option<String>,
    /// Of `refund_to_payer`: what the payment shows now.
    #[serde(default)]
    refundable_amount: Option<i64>,
    /// Of `refund_to_payer`, where no provider pays the refund out.
    #[serde(default)]
    payer_account: Option<PayerAccountBody>,
    /// Of `refund_to_payer` and `write_off`.
    #[serde(default)]
    reason_code: Option<String>,
    /// Needed by `write_off` and `reinstate`, and where `accept_difference` is about the fee that a provider kept.
    #[serde(default)]
    note: String,
}

/// Proposes what becomes of a case; a second person decides. With `refund_to_payer` what is decided is the refund.
#[utoipa::path(post, path = "/v1/cases/{id}/resolutions", tag = "reconciliation", request_body = ResolutionBody,
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ProposedView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json")))]
pub async fn resolve(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, person) = auth::staff_person(&req, &state, &[Scope::CasesWrite]).await?;
    let id: CaseId = id_of(&id)?;
    let key = body::idempotency(&req, person.uuid(), &raw.0)?;
    let said: ResolutionBody = body::json(&req, &raw.0)?;
    let reply = match wished(&state, id, &said, auth::beneficiaries(&principal), caller).await? {
        Wished::Resolution(p) => resolve_case::propose(&state.ctx, &p, &key, &crate::approvals::proposed).await?,
        Wished::Refund(p) => {
            let render = |_: &storage::refunds::Stored, approval| crate::approvals::proposed(approval);
            refund::propose(&state.ctx, &p, &key, &render).await?
        }
    };
    Ok(body::reply(reply))
}

/// What would follow if a second person approved it now: entries of the ledger, states and cases. Nothing is kept, and what the
/// proposal would be refused for this is refused for too.
#[utoipa::path(post, path = "/v1/cases/{id}/resolutions/preview", tag = "reconciliation", request_body = ResolutionBody,
    params(("id" = String, Path)),
    responses((status = 200, body = EffectView), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json")))]
pub async fn preview(
    req: HttpRequest,
    state: Data<State>,
    id: Path<String>,
    raw: RawBody,
) -> Result<HttpResponse, Problem> {
    let (principal, caller, _) = auth::staff_person(&req, &state, &[Scope::CasesWrite]).await?;
    let id: CaseId = id_of(&id)?;
    let said: ResolutionBody = body::json(&req, &raw.0)?;
    let wished = wished(&state, id, &said, auth::beneficiaries(&principal), caller).await?;
    let tried = match &wished {
        Wished::Resolution(p) => Tried::Resolution(p),
        Wished::Refund(p) => Tried::Refund(p),
    };
    let changes = preview::preview(&state.ctx, &tried).await?;
    Ok(HttpResponse::Ok().json(EffectView::new(&changes)))
}

/// What a body asks for.
enum Wished {
    Resolution(resolve_case::Proposal),
    Refund(refund::Proposal),
}

async fn wished(
    state: &State,
    id: CaseId,
    said: &ResolutionBody,
    beneficiaries: Option<Vec<String>>,
    caller: payments::Caller,
) -> Result<Wished, Problem> {
    let note = crate::approvals::note(&said.note)?;
    let case = {
        let db = state.ctx.pool.get().await?;
        let filter = Filter { id: Some(id), beneficiaries: beneficiaries.clone(), ..Filter::default() };
        case_list::page(&db, &filter, None, 1).await?.pop().ok_or_else(absent)?
    };
    if said.action == "refund_to_payer" {
        return Ok(Wished::Refund(refund_to_payer(&case, said, note, beneficiaries, caller)?));
    }
    let action = action(said, &note, &case)?;
    Ok(Wished::Resolution(resolve_case::Proposal { case, action, note, beneficiaries, caller, now: now() }))
}

fn action(said: &ResolutionBody, note: &str, case: &Listed) -> Result<Action, Problem> {
    let some = (1..=domain::intent::MAX_OBLIGATIONS).contains(&said.obligation_ids.len());
    let unsaid = note.is_empty() && fee::is_of_fee(&case.subject);
    let (pointer, code, detail) = match said.action.as_str() {
        "assign_to_obligations" if some => {
            return Ok(Action::AssignToObligations { obligation_ids: said.obligation_ids.clone() });
        }
        "accept_difference" if !unsaid => return Ok(Action::AcceptDifference),
        "reopen_obligations" => return Ok(Action::ReopenObligations { reopens: Vec::new() }),
        "same_movement" => {
            return Ok(Action::SameMovement { payment_id: said.payment_id.clone().unwrap_or_default() });
        }
        "write_off" | "reinstate" => return given_up(said, note),
        "assign_to_obligations" => ("/obligation_ids", "value", "1 to 50"),
        "accept_difference" => ("/note", "required", "says why the provider may keep another fee than its contract's"),
        _ => ("/action", "value", "is not one"),
    };
    let mut f = body::Fields::default();
    f.wrong(pointer, code, detail);
    f.end()?;
    Err(Problem::new(Code::ValidationFailed))
}

/// Who gives money up, or takes that back, says why.
fn given_up(said: &ResolutionBody, note: &str) -> Result<Action, Problem> {
    let mut f = body::Fields::default();
    if note.is_empty() {
        f.wrong("/note", "required", "says why");
    }
    let action = if said.action == "write_off" {
        let reason_code = f.text("/reason_code", said.reason_code.as_deref().unwrap_or_default(), 1, 64);
        Action::WriteOff { reason_code: reason_code.unwrap_or_default(), given: Vec::new() }
    } else {
        Action::Reinstate { given: Vec::new() }
    };
    f.end().map(|()| action)
}

/// All of the payment's money that waits for the case's reason goes back.
fn refund_to_payer(
    case: &Listed,
    said: &ResolutionBody,
    note: String,
    beneficiaries: Option<Vec<String>>,
    caller: payments::Caller,
) -> Result<refund::Proposal, Problem> {
    let mut f = body::Fields::default();
    let reason_code = f.text("/reason_code", said.reason_code.as_deref().unwrap_or_default(), 1, 64);
    if said.refundable_amount.is_none() {
        f.wrong("/refundable_amount", "required", "is missing");
    }
    let payer_account = said.payer_account.as_ref().and_then(|a| crate::refunds::account(&mut f, a));
    f.end()?;
    let kind = case.kind.parse::<CaseKind>().ok().and_then(resolve_case::reason_of).filter(|_| case.waits);
    let (Some(payment), Some(_), Some(reason_code)) = (case.payment_id, kind, reason_code) else {
        return Err(Problem::new(Code::CaseHasNoMoney));
    };
    Ok(refund::Proposal {
        payment,
        case: Some(case.id),
        lines: Vec::new(),
        closing: domain::refund::Closing::Close,
        reason_code,
        note,
        refundable: domain::Vnd::new(said.refundable_amount.unwrap_or_default()),
        payer_account,
        beneficiaries,
        caller,
        now: now(),
    })
}
