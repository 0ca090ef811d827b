//! Which payment a refund of a file is of: that whose transaction it names, else the one payment of the order that it names.
//! Of one that a file named before anybody had told of its payment, the case says whose it is as soon as that is known, and
//! what the payer has already is not to be had of the payment again.

use crate::context::{Caller, Context};
use crate::move_money;
use crate::receive_report::ReportError;
use crate::retry::retrying;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{Changes, NewCase, step};
use jiff::Timestamp;
use statement::settlement::{Kind, Row};
use std::collections::BTreeMap;
use storage::settlements::{self, FoundOriginal};
use storage::{StorageError, Tx, movements, unit};

/// Refunds that name an order of one payment, and no transaction, are of that payment.
pub(super) async fn by_order(tx: &Tx, profile: &str, rows: &mut [Row]) -> Result<(), StorageError> {
    let is_lost = |row: &Row| row.kind == Kind::Refund && row.original.is_none() && row.order_ref.is_some();
    let orders: Vec<&str> = rows.iter().filter(|row| is_lost(row)).filter_map(|row| row.order_ref.as_deref()).collect();
    if orders.is_empty() {
        return Ok(());
    }
    let mut only: BTreeMap<String, String> =
        settlements::only_of_orders(tx, profile, &orders).await?.into_iter().collect();
    // the file itself may be the first to tell of another one
    for row in rows.iter().filter(|row| row.kind == Kind::Payment) {
        if let Some(order) = row.order_ref.as_deref().filter(|order| only.get(*order) != Some(&row.provider_txn)) {
            only.remove(order);
        }
    }
    for row in rows.iter_mut().filter(|row| is_lost(row)) {
        row.original = row.order_ref.as_ref().and_then(|order| only.get(order)).cloned();
    }
    Ok(())
}

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
