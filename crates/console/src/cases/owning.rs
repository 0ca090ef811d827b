//! Taking a case, and letting it go. It decides nothing: whoever may resolve cases resolves this one whosever it is.

use crate::answer::{Answer, Refused, see_other};
use crate::form::Form;
use crate::said;
use crate::staff::{Staff, now};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use domain::principal::Scope;
use domain::{CaseId, PersonId};
use payments::{Context, own_case};

pub(crate) async fn own(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::CasesWrite])?;
    let case: CaseId = id.parse().map_err(|_| Refused::Absent)?;
    super::found(&*ctx.pool.get().await?, &staff, case).await?;
    let had = Some(form.text("instead_of")).filter(|had| !had.is_empty());
    let instead_of: Option<PersonId> = had.map(|id| id.parse().map_err(|_| Refused::Form)).transpose()?;
    let owner = match form.text("take") {
        "me" => Some(staff.person),
        "" => None,
        _ => return Err(Refused::Form),
    };
    let key = form.request(staff.person.uuid(), &format!("POST cases {case} owner"))?;
    let command = own_case::Command { case, owner, instead_of, note: form.note(), caller: staff.caller(), now: now() };
    match own_case::give(&ctx, &command, &key, "").await {
        Ok(_) => Ok(see_other(&format!("/console/cases/{case}"))),
        Err(error) => {
            let wrong = said::owning(error)?;
            super::page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, case, Some(wrong), None).await
        }
    }
}
