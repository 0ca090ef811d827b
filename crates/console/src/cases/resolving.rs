//! What a person proposes to become of a case, and what it would change: seen first, sent then. Seeing keeps nothing, and what the
//! proposal would be refused for it is refused for too.

use super::found;
use crate::answer::{Answer, Refused, html, see_other};
use crate::effect::{Effect, PreviewPage};
use crate::form::Form;
use crate::frame::Frame;
use crate::said;
use crate::staff::{Staff, now};
use crate::words;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use domain::case::CaseKind;
use domain::principal::Scope;
use domain::refund::Closing;
use domain::{CaseId, Vnd, fee, intent};
use payments::preview::{self, Tried};
use payments::resolve_case::{self, Action};
use payments::{Context, refund};
use storage::case_list::Listed;

/// What a form asks for.
enum Wished {
    Resolution(resolve_case::Proposal),
    Refund(refund::Proposal),
}

pub(crate) async fn resolve(ctx: Data<Context>, staff: Staff, id: Path<String>, raw: Bytes) -> Answer {
    let form = Form::read(&raw, &staff.token)?;
    staff.needs(&[Scope::CasesWrite])?;
    let id: CaseId = id.parse().map_err(|_| Refused::Absent)?;
    let case = found(&*ctx.pool.get().await?, &staff, id).await?;
    let kind = case.kind.clone();
    let wrong = match wished(&staff, case, &form)? {
        Ok(wished) if !form.text("preview").is_empty() => match seen(&ctx, &wished).await? {
            Ok(effect) => return Ok(html(StatusCode::OK, &preview_page(&staff, (id, &kind), effect, &form))),
            Err(wrong) => wrong,
        },
        Ok(wished) => match propose(&ctx, &staff, id, &wished, &form).await? {
            Ok(()) => return Ok(see_other(&format!("/console/cases/{id}?done=1"))),
            Err(wrong) => wrong,
        },
        Err(wrong) => wrong,
    };
    super::page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &staff, id, Some(wrong), None).await
}

fn preview_page(staff: &Staff, (id, kind): (CaseId, &str), effect: Effect, form: &Form) -> PreviewPage {
    let back = (format!("/console/cases/{id}"), words::kind(kind).to_owned());
    let said = (words::action(form.text("action")), "Việc được đóng, không có bút toán nào.");
    let target = (format!("/console/cases/{id}/resolutions"), form);
    PreviewPage::new(Frame::of(staff, "/console/cases"), back, said, target, effect)
}

async fn seen(ctx: &Context, wished: &Wished) -> Result<Result<Effect, String>, Refused> {
    let tried = match wished {
        Wished::Resolution(p) => Tried::Resolution(p),
        Wished::Refund(p) => Tried::Refund(p),
    };
    match preview::preview(ctx, &tried).await {
        Ok(changes) => Ok(Ok(Effect::new(&changes))),
        Err(error) => Ok(Err(said::preview(error)?)),
    }
}

async fn propose(
    ctx: &Context,
    staff: &Staff,
    id: CaseId,
    wished: &Wished,
    form: &Form,
) -> Result<Result<(), String>, Refused> {
    let key = form.request(staff.person.uuid(), &format!("POST cases {id}"))?;
    match wished {
        Wished::Resolution(p) => match resolve_case::propose(ctx, p, &key, &|id| id.to_string()).await {
            Ok(_) => Ok(Ok(())),
            Err(error) => Ok(Err(said::resolution(error)?)),
        },
        Wished::Refund(p) => match refund::propose(ctx, p, &key, &|_, approval| approval.to_string()).await {
            Ok(_) => Ok(Ok(())),
            Err(error) => Ok(Err(said::refund(error)?)),
        },
    }
}

fn wished(staff: &Staff, case: Listed, form: &Form) -> Result<Result<Wished, String>, Refused> {
    if form.text("action") == "refund_to_payer" {
        return Ok(refund_to_payer(staff, &case, form)?.map(Wished::Refund));
    }
    let action = match action(&case, form) {
        Ok(action) => action,
        Err(wrong) => return Ok(Err(wrong.to_owned())),
    };
    let (note, beneficiaries, caller) = (form.note(), staff.sees(), staff.caller());
    Ok(Ok(Wished::Resolution(resolve_case::Proposal { case, action, note, beneficiaries, caller, now: now() })))
}

fn action(case: &Listed, form: &Form) -> Result<Action, &'static str> {
    let noted = !form.note().is_empty();
    match form.text("action") {
        "assign_to_obligations" => {
            let typed = form.text("others").split([',', ' ', '\n']).map(|id| id.trim().to_owned());
            let chosen = form.all("obligation").map(str::to_owned).chain(typed).filter(|id| !id.is_empty());
            let obligation_ids: Vec<String> = chosen.collect();
            if (1..=intent::MAX_OBLIGATIONS).contains(&obligation_ids.len()) {
                Ok(Action::AssignToObligations { obligation_ids })
            } else {
                Err("Hãy chọn từ 1 đến 50 nghĩa vụ.")
            }
        }
        "same_movement" => Ok(Action::SameMovement { payment_id: form.text("payment").trim().to_owned() }),
        "write_off" => match (form.code("reason_code"), noted) {
            (Some(reason_code), true) => Ok(Action::WriteOff { reason_code, given: Vec::new() }),
            _ => Err("Hãy ghi lý do xoá sổ (1–64 ký tự), và vì sao không tìm được chủ của khoản tiền."),
        },
        "reopen_obligations" => Ok(Action::ReopenObligations { reopens: Vec::new() }),
        "reinstate" if noted => Ok(Action::Reinstate { given: Vec::new() }),
        "reinstate" => Err("Hãy ghi rõ vì sao khôi phục: ai là chủ của khoản tiền, hoặc vì sao có khoản chi."),
        "accept_difference" if !noted && fee::is_of_fee(&case.subject) => {
            Err("Hãy ghi rõ vì sao nhà cung cấp được giữ mức phí khác với hợp đồng.")
        }
        "accept_difference" => Ok(Action::AcceptDifference),
        _ => Err("Hãy chọn một cách xử lý."),
    }
}

/// All of the payment's money that waits for the case's reason goes back.
fn refund_to_payer(staff: &Staff, case: &Listed, form: &Form) -> Result<Result<refund::Proposal, String>, Refused> {
    let waits = case.kind.parse::<CaseKind>().ok().and_then(resolve_case::reason_of).filter(|_| case.waits);
    let (Some(payment), Some(_)) = (case.payment_id, waits) else {
        return Ok(Err("Không còn tiền nào của việc này chờ xử lý.".to_owned()));
    };
    let Ok(payer_account) = payer_account(form) else {
        return Ok(Err(
            "Tài khoản người nộp: mã ngân hàng 6 chữ số, số tài khoản 6–19 ký tự, và tên chủ tài khoản.".to_owned()
        ));
    };
    let Some(reason_code) = form.code("reason_code") else {
        return Ok(Err("Hãy ghi lý do hoàn trả (1–64 ký tự).".to_owned()));
    };
    let refundable = form.text("refundable").parse::<i64>().ok().map(Vnd::new);
    let Some(refundable) = refundable else { return Err(Refused::Form) };
    Ok(Ok(refund::Proposal {
        payment,
        case: Some(case.id),
        lines: Vec::new(),
        closing: Closing::Close,
        reason_code,
        note: form.note(),
        refundable,
        payer_account,
        beneficiaries: staff.sees(),
        caller: staff.caller(),
        now: now(),
    }))
}

/// None where nothing is filled in: the channel gives back by itself.
fn payer_account(form: &Form) -> Result<Option<refund::PayerAccount>, ()> {
    let [bank_bin, account_number, account_name] =
        ["bank_bin", "account_number", "account_name"].map(|name| form.text(name).trim().to_owned());
    if bank_bin.is_empty() && account_number.is_empty() && account_name.is_empty() {
        return Ok(None);
    }
    let bank = bank_bin.len() == 6 && bank_bin.bytes().all(|b| b.is_ascii_digit());
    let name = (1..=140).contains(&account_name.chars().count()) && !account_name.chars().any(char::is_control);
    if bank && name && refund::PayerAccount::is_number(&account_number) {
        Ok(Some(refund::PayerAccount { bank_bin, account_number, account_name }))
    } else {
        Err(())
    }
}
