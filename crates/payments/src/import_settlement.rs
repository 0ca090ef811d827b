//! A provider's settlement file comes in: each row held against our payments, its fee and what is paid out booked apart
//! from clearing, in one transaction. What it names and we had not heard of is recorded like any other report of money.
//!
//! | a row that succeeded | then |
//! |---|---|
//! | was in an earlier file, or twice in this one | `duplicate`: nothing is booked again; one case `amount_differs` of the file says what it pays out again |
//! | a payment of ours, of its amount | `matched` |
//! | a payment of ours, of another amount | a case `amount_differs`; the difference stays in clearing |
//! | a payment that we do not have | recorded as a sighting of `settlement:<profile>`, then `matched` |
//! | a refund that we do not have | suspense, a case `missing_in_books`, or `refund_without_payment` |
//! | a correction | suspense, a case `amount_differs` |
//!
//! A row that did not succeed is `ignored`, and a case `status_differs` where we have the money. Payments of ours up to the
//! file's day that no file names become cases `missing_at_provider`. Both close when a later file says that they are done.

use crate::context::{Caller, Context};
use crate::match_movements;
use crate::receive_report::{self, ReportError, Sighted};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::business_day::business_date;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::codes::{AccountCode, BadCode, ChannelCode, OrderRef, ProfileCode};
use domain::intent::MAX_OBLIGATIONS;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::money::MAX_AMOUNT;
use domain::payment::{Capture, News, Report, SuspenseReason};
use domain::{PaymentId, SettlementId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use jiff::civil::Date;
use statement::settlement::{Kind, Row, Status};
use statement::{SettlementFile, SettlementProfile};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use storage::file_profiles::{self, FileKind};
use storage::ids::mint;
use storage::settlements::{self, NewLine, NewSettlement, Shown, Unheard};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, idempotency, unit};

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
    let outcome = begin(&tx, import).await;
    tx.close(outcome).await
}

async fn begin(tx: &Tx, import: &Import) -> Result<Begun, SettleError> {
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
    let file = read(tx, import, &channel).await?;
    let (id, known) = match settlements::by_digest(tx, profile, &file.sha256).await? {
        Some(known) => (known.id, true),
        None => (settle(tx, import, &account, &file).await?, false),
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
    file: &SettlementFile,
) -> Result<SettlementId, SettleError> {
    let id: SettlementId = mint(import.now);
    let profile = import.profile.as_str();
    let last = |wanted: fn(&&Row) -> bool| file.rows.iter().filter(wanted).filter_map(|r| r.paid_at).max();
    let session = last(|r| r.status == Status::Success).or_else(|| last(|_| true));
    let date = session.map(business_date).or(file.settled_on).ok_or(SettleError::Unfit("the file names no day"))?;
    fit(file, session, import.now)?;
    let txns: Vec<&str> = file.rows.iter().map(|r| r.provider_txn.as_str()).collect();
    let originals: Vec<&str> = file.rows.iter().filter_map(|r| r.original.as_deref()).collect();
    let known: Vec<&str> = txns.iter().chain(&originals).copied().collect();
    let mut books = Books {
        profile: &import.profile,
        date,
        id,
        payments: settlements::payments_by_txn(tx, profile, &known)
            .await?
            .into_iter()
            .map(|(t, p, a)| (t, (p, a)))
            .collect(),
        named: settlements::settled_before(tx, profile, &txns).await?.into_iter().collect(),
        undone: settlements::called_undone(tx, profile, &txns).await?.into_iter().collect(),
        done: file.rows.iter().filter(|r| r.status == Status::Success).map(|r| r.provider_txn.clone()).collect(),
        unit: Unit::new(import.caller.actor(), import.now),
        fee: 0,
        net: 0,
        fee_rows: 0,
        lines: Vec::with_capacity(file.rows.len()),
    };
    for row in &file.rows {
        books.row(row)?;
    }
    books.book_settlement(account)?;
    books.tell_of_repeats(file.net);
    let Books { mut unit, lines, fee_rows, .. } = books;
    let new = NewSettlement {
        id,
        profile,
        sha256: &file.sha256,
        date,
        gross: file.gross,
        fee: file.fee + fee_rows,
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

/// The rows of a file, held against what we have.
struct Books<'i> {
    profile: &'i ProfileCode,
    date: Date,
    id: SettlementId,
    payments: BTreeMap<String, (PaymentId, Vnd)>,
    /// Kind and number of what a file has named: those before this one, then its own rows.
    named: BTreeSet<(String, String)>,
    /// Payments that have a case since a file called them undone.
    undone: BTreeSet<PaymentId>,
    /// What the file calls done: a try that failed before counts for nothing.
    done: BTreeSet<String>,
    unit: Unit,
    fee: i64,
    net: i64,
    /// Fees that stand in rows of their own.
    fee_rows: i64,
    lines: Vec<NewLine>,
}

impl Books<'_> {
    fn row(&mut self, row: &Row) -> Result<(), SettleError> {
        let kind = kind_word(row.kind);
        let payment = self.payments.get(&row.provider_txn).copied();
        let disposition = if row.status != Status::Success {
            self.unsuccessful(row, payment)
        } else if !self.named.insert((kind.to_owned(), row.provider_txn.clone())) {
            "duplicate"
        } else {
            self.fee += row.fee;
            self.net += row.net;
            self.successful(row, payment)?
        };
        self.lines.push(NewLine {
            line_no: i32::try_from(row.line_no).map_err(|_| SettleError::Unfit("the file has too many rows"))?,
            kind,
            provider_txn_id: row.provider_txn.clone(),
            order_ref: row.order_ref.clone(),
            payment_id: payment.filter(|_| row.kind == Kind::Payment).map(|(id, _)| id),
            amount: row.gross,
            fee: row.fee,
            net: row.net,
            paid_at: row.paid_at,
            status: status_word(row.status),
            disposition,
        });
        Ok(())
    }

    fn unsuccessful(&mut self, row: &Row, payment: Option<(PaymentId, Vnd)>) -> &'static str {
        let only_undone = row.kind == Kind::Payment && !self.done.contains(&row.provider_txn);
        if let Some((id, amount)) = payment.filter(|_| only_undone)
            && self.undone.insert(id)
        {
            self.case(CaseKind::StatusDiffers, amount, Some(id), id.to_string());
        }
        "ignored"
    }

    /// Rows of the file that were booked before are in what it pays out all the same.
    fn tell_of_repeats(&mut self, net: i64) {
        let again = net - self.net;
        if again != 0 {
            self.case(CaseKind::AmountDiffers, Vnd::new(again), None, self.id.to_string());
        }
    }

    fn successful(&mut self, row: &Row, payment: Option<(PaymentId, Vnd)>) -> Result<&'static str, SettleError> {
        let gross = Vnd::new(row.gross);
        Ok(match (row.kind, payment) {
            (Kind::Payment, Some((_, amount))) if amount == gross => "matched",
            (Kind::Payment, Some((id, amount))) => {
                self.case(CaseKind::AmountDiffers, gross - amount, Some(id), id.to_string());
                "case"
            }
            (Kind::Payment, None) => "unmatched",
            (Kind::Fee, _) => {
                // a fee of its own row: what it takes is a fee, whichever column says so
                self.fee -= row.gross;
                self.fee_rows -= row.gross;
                "matched"
            }
            (Kind::Refund, _) => {
                let original = row.original.as_ref().and_then(|txn| self.payments.get(txn)).map(|(id, _)| *id);
                let kind = if original.is_some() { CaseKind::MissingInBooks } else { CaseKind::RefundWithoutPayment };
                self.unexplained(gross, kind, original, &row.provider_txn)?;
                "case"
            }
            (Kind::Adjustment, _) => {
                self.unexplained(gross, CaseKind::AmountDiffers, None, &row.provider_txn)?;
                "case"
            }
        })
    }

    /// What the provider took or gave for a reason that we do not know: suspense, and a case.
    fn unexplained(
        &mut self,
        amount: Vnd,
        kind: CaseKind,
        payment: Option<PaymentId>,
        txn: &str,
    ) -> Result<(), SettleError> {
        if !amount.is_zero() {
            let legs = vec![
                Leg::new(Account::Clearing(self.profile.clone()), amount).of_settlement(self.id),
                Leg::new(Account::Suspense(SuspenseReason::Unidentified), -amount).of_settlement(self.id),
            ];
            self.journal(JournalKind::UnexplainedRefund, legs)?;
        }
        self.case(kind, amount, payment, txn.to_owned());
        Ok(())
    }

    /// Fee and payout leave clearing, each on its own leg.
    fn book_settlement(&mut self, account: &AccountCode) -> Result<(), SettleError> {
        let (fee, net) = (Vnd::new(self.fee), Vnd::new(self.net));
        let legs: Vec<Leg> = [
            (Account::Fee(self.profile.clone()), fee),
            (Account::InTransit(account.clone()), net),
            (Account::Clearing(self.profile.clone()), -(fee + net)),
        ]
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(account, amount)| Leg::new(account, amount).of_settlement(self.id))
        .collect();
        if legs.is_empty() { Ok(()) } else { self.journal(JournalKind::Settlement, legs) }
    }

    fn journal(&mut self, kind: JournalKind, legs: Vec<Leg>) -> Result<(), SettleError> {
        let journal = Journal::new(kind, Cause::ProviderSettled, self.date, legs);
        self.unit.changes.journals.push(journal.map_err(|e| StorageError::Unreadable(e.to_string()))?);
        Ok(())
    }

    fn case(&mut self, kind: CaseKind, amount: Vnd, payment: Option<PaymentId>, subject: String) {
        self.unit.changes.cases_opened.push(NewCase {
            payment_id: payment,
            day: Some((format!("clearing:{}", self.profile), self.date)),
            ..NewCase::new(kind, amount, subject)
        });
    }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "payment",
        Kind::Refund => "refund",
        Kind::Fee => "fee",
        Kind::Adjustment => "adjustment",
    }
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Failed => "failed",
        Status::Pending => "pending",
    }
}

/// Records the payments that files name and that we had not heard of; how many.
pub async fn hear(ctx: &Context, of: Option<SettlementId>, now: Timestamp) -> Result<usize, ReportError> {
    let unheard = {
        let db = ctx.pool.get().await?;
        settlements::unheard(&db, of).await?
    };
    let mut refused = None;
    for line in &unheard {
        match hear_line(ctx, line, now).await {
            Ok(()) => {
                let db = ctx.pool.get().await?;
                settlements::heard(&db, line.settlement_id, line.line_no).await?;
            }
            Err(e @ ReportError::Storage(_)) => return Err(e),
            // one line that cannot be booked does not keep others from it
            Err(e) => refused = refused.or(Some(e)),
        }
    }
    refused.map_or(Ok(unheard.len()), Err)
}

async fn hear_line(ctx: &Context, line: &Unheard, now: Timestamp) -> Result<(), ReportError> {
    let unreadable = |e: String| ReportError::Storage(StorageError::Unreadable(e));
    let profile = ProfileCode::new(line.profile.clone()).map_err(|e| unreadable(e.to_string()))?;
    let channel = match ctx.providers.by_profile(&profile) {
        Some(provider) => provider.channel.clone(),
        None => ChannelCode::new("provider").map_err(|e| unreadable(e.to_string()))?,
    };
    let report = Report {
        source_key: format!("{}/{}", line.settlement_id, line.line_no),
        order_ref: order_of(line).map_err(|e| unreadable(e.to_string()))?,
        news: News::Captured(Capture {
            provider_txn_id: line.provider_txn_id.clone(),
            amount: line.amount,
            paid_at: line.paid_at,
        }),
    };
    let evidence = format!("{}:{}", line.sha256, line.line_no);
    let sighted = Sighted {
        source: format!("settlement:{profile}"),
        channel: &channel,
        profile: &profile,
        report: &report,
        evidence: evidence.as_bytes(),
        now,
    };
    receive_report::receive(ctx, &sighted, &Caller::system()).await?;
    Ok(())
}

/// The order that a line names. What cannot be an order of ours names none: the line stands for itself.
fn order_of(line: &Unheard) -> Result<OrderRef, BadCode> {
    let named = line.order_ref.as_deref().unwrap_or(&line.provider_txn_id);
    OrderRef::new(named).or_else(|_| OrderRef::new(format!("{}-{}", line.settlement_id, line.line_no)))
}
