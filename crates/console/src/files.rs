//! Bringing a bank's statement or a provider's settlement file. Who brings it is known before it is read; it is imported whole
//! or not at all, and goes on when the browser hangs up.

use crate::answer::{Answer, Refused, see_other};
use crate::form::Form;
use crate::multipart::{Part, boundary, parts};
use crate::staff::{Staff, now};
use crate::statements;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Payload};
use domain::codes::{AccountCode, ProfileCode};
use domain::principal::Scope;
use futures_util::StreamExt;
use payments::import_settlement::{self, SettleError};
use payments::import_statement::{self, FileFormat, ImportError};
use payments::{Context, IdempotencyError};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use storage::desk;

const FILE: &str = "file";
/// A month of a province's largest account; longer ones come over the API.
const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
const READ_WITHIN: Duration = Duration::from_secs(120);

pub(crate) async fn bring(request: HttpRequest, ctx: Data<Context>, staff: Staff, payload: Payload) -> Answer {
    staff.needs(&[Scope::StatementsWrite])?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let boundary = boundary(content_type).ok_or(Refused::Form)?;
    let body = read(payload).await?;
    let fields = parts(&body, boundary).ok_or(Refused::Form)?;
    let form = Form::of(fields.iter().map(field).collect(), &staff.token)?;
    let file: Arc<[u8]> = fields.iter().find(|p| p.name == FILE).map(|p| Arc::from(p.content)).ok_or(Refused::Form)?;
    let first = statements::Onward::default();
    let again = |wrong| statements::page(StatusCode::UNPROCESSABLE_ENTITY, (&ctx, &staff), &first, Some(wrong));
    if file.is_empty() {
        return again("Hãy chọn một tệp.".to_owned()).await;
    }
    let scope = form.text("scope").to_owned();
    let own = staff.sees();
    let seen = desk::scopes(&*ctx.pool.get().await?, own.as_deref()).await?;
    if !seen.iter().any(|s| s.scope == scope) {
        return Err(Refused::Absent);
    }
    let imported = match scope.split_once(':') {
        Some(("bank", account)) => statement(&ctx, &staff, (account, form.text("layout")), file, &form).await?,
        Some(("clearing", profile)) => settlement(&ctx, &staff, profile, file, &form).await?,
        _ => return Err(Refused::Absent),
    };
    match imported {
        Ok(path) => Ok(see_other(&path)),
        Err(wrong) => again(wrong).await,
    }
}

/// Of the file its digest: another file under the same key is another request.
fn field(part: &Part<'_>) -> (String, String) {
    let text = match part.name {
        FILE => format!("{:?}", Sha256::digest(part.content)),
        _ => String::from_utf8_lossy(part.content).into_owned(),
    };
    (part.name.to_owned(), text)
}

async fn read(mut payload: Payload) -> Result<Vec<u8>, Refused> {
    let read = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Refused::Form)?;
            if body.len() + chunk.len() > MAX_FILE_BYTES {
                return Err(Refused::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    tokio::time::timeout(READ_WITHIN, read).await.unwrap_or(Err(Refused::Form))
}

/// Where it is shown; or why it was refused.
type Imported = Result<String, String>;

async fn statement(
    ctx: &Data<Context>,
    staff: &Staff,
    (account, layout): (&str, &str),
    bytes: Arc<[u8]>,
    form: &Form,
) -> Result<Imported, Refused> {
    let wanted = import_statement::Import {
        account: AccountCode::new(account).map_err(|_| Refused::Absent)?,
        format: if layout.is_empty() { FileFormat::Auto } else { FileFormat::Csv(layout.to_owned()) },
        bytes,
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), "POST statements")?,
        now: now(),
    };
    let ctx = ctx.clone();
    let work = async move {
        let render = Arc::new(|s: &storage::statements::Shown, _: bool| s.id.to_string());
        import_statement::import(&ctx, &wanted, render).await
    };
    match actix_web::rt::spawn(work).await.map_err(Refused::broken)? {
        Ok(reply) => Ok(Ok(format!("/console/statements/{}", reply.body))),
        Err(error) => refused_statement(error).map(Err),
    }
}

async fn settlement(
    ctx: &Data<Context>,
    staff: &Staff,
    profile: &str,
    bytes: Arc<[u8]>,
    form: &Form,
) -> Result<Imported, Refused> {
    let wanted = import_settlement::Import {
        profile: ProfileCode::new(profile).map_err(|_| Refused::Absent)?,
        layout: None,
        bytes,
        caller: staff.caller(),
        idempotency: form.request(staff.person.uuid(), "POST settlements")?,
        now: now(),
    };
    let ctx = ctx.clone();
    let day = format!("/console/day?scope=clearing:{profile}&date=");
    let work = async move {
        let render = Arc::new(|s: &storage::settlements::Shown, _: bool| s.date.to_string());
        import_settlement::import(&ctx, &wanted, render).await
    };
    match actix_web::rt::spawn(work).await.map_err(Refused::broken)? {
        Ok(reply) => Ok(Ok(format!("{day}{}", reply.body))),
        Err(error) => refused_settlement(error).map(Err),
    }
}

const INTERRUPTED: &str = "Việc nhập bị gián đoạn; gửi lại cùng tệp để tiếp tục.";

fn refused_statement(error: ImportError) -> Result<String, Refused> {
    Ok(match error {
        ImportError::Storage(error) => return Err(error.into()),
        ImportError::Idempotency(error) => repeated(&error),
        ImportError::Matching(_) | ImportError::Interrupted => INTERRUPTED.to_owned(),
        ImportError::AccountAbsent => return Err(Refused::Absent),
        ImportError::ProfileAbsent => "Không có mẫu cột nào tên như vậy.".to_owned(),
        ImportError::Profile(why) => format!("Mẫu cột không dùng được: {why}"),
        ImportError::OtherAccount => "Tệp này là của tài khoản khác.".to_owned(),
        ImportError::Refused(e) => format!("Tệp bị từ chối ở dòng {}: {}", e.at.line, e.reason),
        ImportError::Unfit(why, at) => format!("Tệp bị từ chối ở dòng {}: {why}", at.map_or(1, |at| at.line)),
    })
}

fn refused_settlement(error: SettleError) -> Result<String, Refused> {
    Ok(match error {
        SettleError::Storage(error) => return Err(error.into()),
        SettleError::Idempotency(error) => repeated(&error),
        SettleError::Matching(_) | SettleError::Interrupted => INTERRUPTED.to_owned(),
        SettleError::ProfileAbsent => return Err(Refused::Absent),
        SettleError::LayoutAbsent => "Kênh này chưa có mẫu cột cho tệp quyết toán.".to_owned(),
        SettleError::Layout(why) => format!("Mẫu cột không dùng được: {why}"),
        SettleError::OtherMerchant => "Tệp này là của hợp đồng khác.".to_owned(),
        SettleError::NoPayoutAccount => "Hợp đồng chưa có tài khoản nhận tiền chuyển về.".to_owned(),
        SettleError::Refused(e) => format!("Tệp bị từ chối ở dòng {}: {}", e.at.line, e.reason),
        SettleError::Unfit(why) => format!("Tệp bị từ chối: {why}"),
    })
}

fn repeated(error: &IdempotencyError) -> String {
    match error {
        IdempotencyError::Reused => "Biểu mẫu này đã được gửi với nội dung khác. Hãy tải lại trang.".to_owned(),
        IdempotencyError::InProgress => "Tệp đang được nhập. Hãy đợi một lát.".to_owned(),
    }
}
