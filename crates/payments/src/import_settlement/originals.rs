//! Refunds past us that a file named before anybody had told of their payment: as soon as it is known, the case says whose
//! they are, and what the payer has already is not to be had of the payment again.

use crate::context::{Caller, Context};
use crate::move_money;
use crate::receive_report::ReportError;
use crate::retry::retrying;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{Changes, NewCase, step};
use jiff::Timestamp;
use storage::settlements::{self, FoundOriginal};
use storage::{StorageError, Tx, movements, unit};

/// How many have found their payment.
pub(super) async fn find(ctx: &Context, now: Timestamp) -> Result<usize, ReportError> {
    let found = {
        let db = ctx.pool.get().await?;
        settlements::found_originals(&db).await?
    };
    for refund in &found {
        retrying(|| told(ctx, refund, now)).await?;
    }
    Ok(found.len())
}

async fn told(ctx: &Context, refund: &FoundOriginal, now: Timestamp) -> Result<(), ReportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = tell(&tx, refund, now).await;
    tx.close(outcome).await
}

async fn tell(tx: &Tx, refund: &FoundOriginal, now: Timestamp) -> Result<(), ReportError> {
    tx.begin().await?;
    let unreadable = |why: String| StorageError::Unreadable(why);
    let locked = move_money::lock(tx, refund.payment_id, &[], now).await?;
    let locked = locked.ok_or_else(|| unreadable(format!("{} is gone", refund.payment_id)))?;
    // another worker may have told of it meanwhile
    let Some(case) = movements::open_cases(tx, &[refund.case_id]).await?.pop() else { return Ok(()) };
    let closed = step(case.id, case.version, case.status, Cause::Explained).map_err(|e| unreadable(e.to_string()))?;
    let mut changes = Changes::default();
    changes.cases_closed.push(closed.0);
    changes.cases_opened.push(NewCase {
        payment_id: Some(refund.payment_id),
        day: Some((refund.scope.clone(), refund.day)),
        ..NewCase::new(CaseKind::MissingInBooks, refund.amount, refund.subject.clone())
    });
    let unit = locked.unit(changes, None, &Caller::system(), "refund_found_its_payment", now)?;
    unit::write(tx, &unit).await?;
    Ok(tx.commit().await?)
}
