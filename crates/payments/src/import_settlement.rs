//! A provider's settlement file comes in: each row held against our payments, its fee and what is paid out booked apart
//! from clearing, in one transaction. What it names and we had not heard of is recorded like any other report of money.
//!
//! | a row that succeeded | then |
//! |---|---|
//! | was in an earlier file, or twice in this one | `duplicate`: nothing is booked again; one case `amount_differs` of the file says what it pays out again, and when it is paid out, that waits in suspense |
//! | a payment of ours, of its amount | `matched` |
//! | a payment of ours, of another amount | a case `amount_differs`; the difference stays in clearing |
//! | a payment that was voided here | the provider has charged it all the same: the payment stands again, its money waits as `refund_returned`, a case `status_differs` |
//! | a payment that we do not have | recorded as a sighting of `settlement:<profile>`, then `matched` |
//! | a refund of ours | `matched`; one that the provider had not called sent yet succeeds by it |
//! | a refund of all of a payment that was voided here, while its money waits untouched | `matched`: the void at the terminal, and the payment is reversed (again) |
//! | a refund that we do not have | suspense, a case `missing_in_books`, or `refund_without_payment` until we know its payment: by its transaction, or as the only one of its order |
//! | a correction that brings back a refund of ours, by its number and amount | `matched`; the refund that was sent has failed, its money waits as `refund_returned`. The provider's status may have said so before |
//! | any other correction | suspense, a case `amount_differs` |
//!
//! The fee of the rows that it is the first to name is held against the contract's (`domain::fee`); another is a case
//! `amount_differs` of the file, and what the file says is booked.
//!
//! A row that did not succeed is `ignored`, and a case `status_differs` where we have the money: what was voided here we
//! have not. Payments of ours up to the file's day that no file names become cases `missing_at_provider`. Both close when a
//! later file says that they are done. What a case `missing_in_books` says of a payment is not to be had of it meanwhile.

mod books;
mod hear;
mod originals;
mod voided;

pub use hear::hear;

use crate::context::{Caller, Context};
use crate::match_movements;
use crate::receive_report::ReportError;
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use books::Books;
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::codes::{AccountCode, ProfileCode};
use domain::intent::MAX_OBLIGATIONS;
use domain::money::MAX_AMOUNT;
use domain::{SettlementId, Vnd, fee};
use futures_util::join;
use jiff::Timestamp;
use statement::settlement::{Row, Status};
use statement::{SettlementFile, SettlementProfile};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use storage::file_profiles::{self, FileKind};
use storage::ids::mint;
use storage::settlements::{self, NewSettlement, Shown};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, profiles, unit};
use voided::Voided;

/// Longer than any provider's number or name of an order.
const NAME_MAX: usize = 200;

/// What an intent may hold, and so a payment, and each entry of the books.
#[expect(clippy::cast_possible_wrap, reason = "fifty")]
const AMOUNT_MAX: i64 = MAX_AMOUNT * MAX_OBLIGATIONS as i64;

/// Seconds for which another process must believe that this one is between the commits.
const BUSY_S: i64 = 900;

#[derive(Debug, Clone)]
pub struct Import {
    pub profile: ProfileCode,
    /// None: the layout of the contract's channel.
    pub layout: Option<String>,
    pub bytes: Arc<[u8]>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("matching failed")]
    Matching(#[from] ReportError),
    #[error("no such profile")]
    ProfileAbsent,
    #[error("no such layout")]
    LayoutAbsent,
    #[error("the layout is not understood: {0}")]
    Layout(String),
    #[error("the file is of another merchant")]
    OtherMerchant,
    #[error("the profile has no account that it pays out to")]
    NoPayoutAccount,
    #[error("{0}")]
    Refused(#[from] statement::ReadError),
    #[error("{0}")]
    Unfit(&'static str),
    #[error("the work was interrupted; the same request goes on with it")]
    Interrupted,
}

impl Retryable for SettleError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

type Render = Arc<dyn Fn(&Shown, bool) -> String + Send + Sync>;

/// Imports, records what was not heard of, and matches the payout where the statement is there already.
#[tracing::instrument(skip_all, fields(profile = %import.profile))]
pub async fn import(ctx: &Context, import: &Import, render: Render) -> Result<Reply, SettleError> {
    let (id, duplicate) = match retrying(|| import_once(ctx, import)).await? {
        Begun::Answered(reply) => return Ok(reply),
        Begun::Imported(id) => (id, false),
        Begun::Known(id) => (id, true),
    };
    let matching = async {
        hear(ctx, Some(id), import.now).await?;
        match_movements::match_all(ctx, import.now).await
    };
    let matched = matching.await;
    let db = ctx.pool.get().await?;
    if let Err(error) = matched {
        idempotency::release(&db, &import.idempotency).await?;
        return Err(error.into());
    }
    let shown = settlements::by_id(&db, id).await?.ok_or(SettleError::Interrupted)?;
    let (status, body) = (if duplicate { 200 } else { 201 }, render(&shown, duplicate));
    idempotency::keep(&db, &import.idempotency, &id.to_string(), Some((status, &body)), None).await?;
    tracing::info!(settlement_id = %id, lines = shown.lines, duplicate, "settlement imported");
    Ok(Reply::fresh(status, body))
}

enum Begun {
    Answered(Reply),
    Imported(SettlementId),
    Known(SettlementId),
}

async fn import_once(ctx: &Context, import: &Import) -> Result<Begun, SettleError> {
    let tx = ctx.pool.tx().await?;
    let outcome = begin(ctx, &tx, import).await;
    tx.close(outcome).await
}

async fn begin(ctx: &Context, tx: &Tx, import: &Import) -> Result<Begun, SettleError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &import.idempotency));
    begun?;
    match earlier?.map(repeat_of).transpose()? {
        Some(Repeat::Answered(reply)) => return Ok(Begun::Answered(reply)),
        Some(Repeat::Resume(id)) => {
            return Ok(Begun::Imported(id.parse().map_err(|_| SettleError::Interrupted)?));
        }
        None => {}
    }
    let profile = import.profile.as_str();
    let (channel, account) = settlements::lock_profile(tx, profile).await?.ok_or(SettleError::ProfileAbsent)?;
    let account = account.ok_or(SettleError::NoPayoutAccount)?;
    let account = AccountCode::new(account).map_err(|e| StorageError::Unreadable(e.to_string()))?;
    let mut file = read(tx, import, &channel).await?;
    let ours = ctx.providers.by_profile(&import.profile).and_then(|p| p.merchant.clone());
    let other =
        |row: &Row| row.merchant.as_deref().is_some_and(|named| ours.as_deref().is_some_and(|ours| ours != named));
    if file.rows.iter().any(other) {
        return Err(SettleError::OtherMerchant);
    }
    let (id, known) = match settlements::by_digest(tx, profile, &file.sha256).await? {
        Some(known) => (known.id, true),
        None => (settle(tx, import, &account, &mut file).await?, false),
    };
    let text = id.to_string();
    let (kept, committed) = join!(idempotency::keep(tx, &import.idempotency, &text, None, Some(BUSY_S)), tx.commit());
    unit::first_error([kept, committed])?;
    Ok(if known { Begun::Known(id) } else { Begun::Imported(id) })
}

async fn read(tx: &Tx, import: &Import, channel: &str) -> Result<SettlementFile, SettleError> {
    let code = import.layout.clone().unwrap_or_else(|| format!("{channel}-settlement"));
    let text = file_profiles::layout(tx, &code, FileKind::Settlement).await?.ok_or(SettleError::LayoutAbsent)?;
    let layout = SettlementProfile::from_toml(&text).map_err(SettleError::Layout)?;
    let bytes = Arc::clone(&import.bytes);
    let reading = tokio::task::spawn_blocking(move || statement::read_settlement(&bytes, &layout));
    Ok(reading.await.map_err(|_| SettleError::Interrupted)??)
}

/// Everything of the file, in the caller's transaction.
async fn settle(
    tx: &Tx,
    import: &Import,
    account: &AccountCode,
    file: &mut SettlementFile,
) -> Result<SettlementId, SettleError> {
    let id: SettlementId = mint(import.now);
    let profile = import.profile.as_str();
    let last = |wanted: fn(&&Row) -> bool| file.rows.iter().filter(wanted).filter_map(|r| r.paid_at).max();
    let session = last(|r| r.status == Status::Success).or_else(|| last(|_| true));
    let date = session.map(business_date).or(file.settled_on).ok_or(SettleError::Unfit("the file names no day"))?;
    fit(file, session, import.now)?;
    originals::by_order(tx, profile, &mut file.rows).await?;
    let txns: Vec<&str> = file.rows.iter().map(|r| r.provider_txn.as_str()).collect();
    let originals: Vec<&str> = file.rows.iter().filter_map(|r| r.original.as_deref()).collect();
    let known: Vec<&str> = txns.iter().chain(&originals).copied().collect();
    let payments: BTreeMap<_, _> = settlements::payments_by_txn(tx, profile, &known).await?.into_iter().collect();
    let named: BTreeSet<_> = settlements::settled_before(tx, profile, &txns).await?.into_iter().collect();
    let voided = Voided::lock(tx, (&import.profile, date), &payments, &named, &file.rows).await?;
    let mut books = Books {
        profile: &import.profile,
        date,
        id,
        payments,
        named,
        undone: settlements::called_undone(tx, profile, &txns).await?.into_iter().collect(),
        done: file.rows.iter().filter(|r| r.status == Status::Success).map(|r| r.provider_txn.clone()).collect(),
        refunds: settlements::unsettled_refunds(tx, profile, &known).await?,
        returnable: settlements::returnable(tx, profile, &originals).await?,
        unit: Unit::new(import.caller.actor(), import.now),
        fee: 0,
        net: 0,
        settled: Vec::new(),
        fee_rows: 0,
        voided,
        lines: Vec::with_capacity(file.rows.len()),
    };
    for row in &file.rows {
        books.row(row)?;
    }
    books.book_settlement(account)?;
    books.tell_of_repeats(file.net);
    let schedule = profiles::fees(tx, profile).await?;
    let expected_fee = fee::expected(&schedule, books.settled.iter().copied());
    books.tell_of_fee(expected_fee);
    let Books { mut unit, lines, fee_rows, voided, .. } = books;
    for (action, payment) in voided.write(tx).await? {
        let request_id = import.caller.request_id.clone();
        unit.audit.push(Audit { action, subject: payment.to_string(), request_id });
    }
    let new = NewSettlement {
        id,
        profile,
        sha256: &file.sha256,
        date,
        gross: file.gross,
        fee: file.fee + fee_rows,
        expected_fee: expected_fee.map(Vnd::dong),
        refunds: -file.refunds,
        net: file.net,
        lines: i32::try_from(file.rows.len()).map_err(|_| SettleError::Unfit("the file has too many rows"))?,
        payout_account: account.as_str(),
        imported_by: &unit.actor,
    };
    settlements::insert(tx, &new).await?;
    settlements::insert_lines(tx, id, profile, &lines).await?;
    for (payment, amount, day) in settlements::missing(tx, profile, date).await? {
        unit.changes.cases_opened.push(NewCase {
            payment_id: Some(payment),
            day: Some((format!("clearing:{profile}"), day)),
            ..NewCase::new(CaseKind::MissingAtProvider, amount, payment.to_string())
        });
    }
    for case in settlements::found_cases(tx, id).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained);
        unit.changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
    }
    unit.audit.push(Audit {
        action: "settlement_imported",
        subject: id.to_string(),
        request_id: import.caller.request_id.clone(),
    });
    unit::write(tx, &unit).await?;
    Ok(id)
}

/// What can be read and cannot be true.
fn fit(file: &SettlementFile, session: Option<Timestamp>, now: Timestamp) -> Result<(), SettleError> {
    // payments up to that day would be missing
    if session.is_some_and(|last| business_date(last) > business_date(now)) {
        return Err(SettleError::Unfit("the file names a day that has not come"));
    }
    let of_rows = file.rows.iter().flat_map(|r| [r.gross, r.fee, r.net]);
    if of_rows
        .chain([file.gross, file.fee, file.refunds, file.net])
        .any(|a| a.unsigned_abs() > AMOUNT_MAX.unsigned_abs())
    {
        return Err(SettleError::Unfit("an amount is beyond what the books hold"));
    }
    let long = |text: &str| text.len() > NAME_MAX;
    if file.rows.iter().any(|r| long(&r.provider_txn) || r.order_ref.as_deref().is_some_and(long)) {
        return Err(SettleError::Unfit("the number of a transaction or an order is too long"));
    }
    Ok(())
}
