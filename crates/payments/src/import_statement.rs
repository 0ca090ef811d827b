//! A statement comes in: read whole or refused, its lines told which movement they are, the new ones booked from in
//! transit to the bank, all in one transaction; then `match_movements` says who each movement is.
//!
//! The account's books begin with its earliest statement. One that is earlier than all before it moves that beginning; it is
//! refused where days from the old beginning on are closed and it does not lead to their opening balance. Where two persons have
//! said what stood on the account (`state_opening`), the books begin with that, and a file of days before is refused.

mod lines;

pub(crate) use lines::channel_of;

use crate::context::{Caller, Context};
use crate::match_movements;
use crate::receive_report::ReportError;
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::codes::AccountCode;
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::reconciliation::moved_to;
use domain::{StatementId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use storage::file_profiles::{self, FileKind};
use storage::ids::mint;
use storage::receiving_accounts::{self, ReceivingAccount};
use storage::statements::{self, FileFacts, NewStatement, Shown};
use storage::unit::{Audit, Unit, arrivals};
use storage::{StorageError, Tx, counters, idempotency, openings, unit};

/// Seconds for which another process must believe that this one is between the commits.
const BUSY_S: i64 = 900;

/// Bytes from which on the planner is told of a file.
const LARGE_FILE: usize = 512 * 1024;

const EARLIER_THAN_CLOSED: &str = "the file is of days before the first closed one and does not lead to its opening balance; \
    the statements between come first";

const EARLIER_THAN_STATED: &str = "the file has days before the first of the account's books, and what stood there then is in the sum that two persons stated";

/// How the caller says the file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFormat {
    /// camt or MT940, told apart by the first bytes; where it is neither, the account's own CSV layout.
    Auto,
    Camt053,
    Camt054,
    Mt940,
    /// By this layout.
    Csv(String),
}

#[derive(Debug, Clone)]
pub struct Import {
    pub account: AccountCode,
    pub format: FileFormat,
    pub bytes: Arc<[u8]>,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// A file on its way into the books.
pub(crate) struct Incoming<'i> {
    pub format: &'i FileFormat,
    pub bytes: &'i Arc<[u8]>,
    pub caller: &'i Caller,
    pub now: Timestamp,
    /// In whose place it comes; that is in force no more (`supersede_statement`).
    pub supersedes: Option<StatementId>,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("matching failed")]
    Matching(#[from] ReportError),
    #[error("no such account")]
    AccountAbsent,
    #[error("no such layout")]
    ProfileAbsent,
    #[error("the layout is not understood: {0}")]
    Profile(String),
    #[error("the file is of another account")]
    OtherAccount,
    /// With the place where reading stopped.
    #[error("{0}")]
    Refused(#[from] statement::ReadError),
    /// What was read is not what we can take; with the place where it stands in one line of the file.
    #[error("{0}")]
    Unfit(&'static str, Option<statement::Place>),
    #[error("the work was interrupted; the same request goes on with it")]
    Interrupted,
}

impl Retryable for ImportError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

type Render = Arc<dyn Fn(&Shown, bool) -> String + Send + Sync>;

/// Imports and matches; the answer says what became of it. What is imported stays when the caller hangs up.
#[tracing::instrument(skip_all, fields(account = %import.account))]
pub async fn import(ctx: &Context, import: &Import, render: Render) -> Result<Reply, ImportError> {
    let (id, duplicate) = match retrying(|| import_once(ctx, import)).await? {
        Begun::Answered(reply) => return Ok(reply),
        Begun::Imported(id) => (id, false),
        Begun::Known(id) => (id, true),
    };
    // a megabyte holds some five thousand lines
    let large = import.bytes.len() >= LARGE_FILE;
    if large && !duplicate {
        statements::analyze(&*ctx.pool.get().await?).await?;
    }
    let matching = Box::pin(match_movements::match_account(ctx, &import.account, import.now)).await;
    let db = ctx.pool.get().await?;
    if large && !duplicate {
        statements::analyze(&db).await?;
    }
    if let Err(error) = matching {
        // the worker goes on with it; the same request too
        idempotency::release(&db, &import.idempotency).await?;
        return Err(error.into());
    }
    let shown = shown(ctx, id).await?.ok_or(ImportError::Interrupted)?;
    let (status, body) = (if duplicate { 200 } else { 201 }, render(&shown, duplicate));
    idempotency::keep(&db, &import.idempotency, &id.to_string(), Some((status, &body)), None).await?;
    tracing::info!(statement_id = %id, lines = shown.lines, new = shown.new_movements, duplicate, "statement imported");
    Ok(Reply::fresh(status, body))
}

/// A statement as it stands.
pub async fn shown(ctx: &Context, id: StatementId) -> Result<Option<Shown>, StorageError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        statements::by_id(&tx, id).await
    }
    .await;
    tx.close(outcome).await
}

enum Begun {
    Answered(Reply),
    Imported(StatementId),
    /// The same bytes are there already.
    Known(StatementId),
}

async fn import_once(ctx: &Context, import: &Import) -> Result<Begun, ImportError> {
    let tx = ctx.pool.tx().await?;
    let outcome = begin(ctx, &tx, import).await;
    tx.close(outcome).await
}

async fn begin(ctx: &Context, tx: &Tx, import: &Import) -> Result<Begun, ImportError> {
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, &import.idempotency));
    begun?;
    match earlier?.map(repeat_of).transpose()? {
        Some(Repeat::Answered(reply)) => return Ok(Begun::Answered(reply)),
        Some(Repeat::Resume(id)) => {
            return Ok(Begun::Imported(id.parse().map_err(|_| ImportError::Interrupted)?));
        }
        None => {}
    }
    let account = receiving_accounts::lock(tx, &import.account).await?.ok_or(ImportError::AccountAbsent)?;
    let (id, known) = match statements::by_digest(tx, &account.code, &digest(&import.bytes)).await? {
        Some(known) => (known, true),
        None => (imported(ctx, tx, &import.incoming(), &account).await?, false),
    };
    let text = id.to_string();
    let (kept, committed) = join!(idempotency::keep(tx, &import.idempotency, &text, None, Some(BUSY_S)), tx.commit());
    unit::first_error([kept, committed])?;
    Ok(if known { Begun::Known(id) } else { Begun::Imported(id) })
}

/// By what a file is known again.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Import {
    fn incoming(&self) -> Incoming<'_> {
        Incoming { format: &self.format, bytes: &self.bytes, caller: &self.caller, now: self.now, supersedes: None }
    }
}

/// Everything but the claims of single movements, in the caller's transaction.
pub(crate) async fn imported(
    ctx: &Context,
    tx: &Tx,
    import: &Incoming<'_>,
    account: &ReceivingAccount,
) -> Result<StatementId, ImportError> {
    let id: StatementId = mint(import.now);
    let layout = layout(tx, import, account).await?;
    statements::begin_staging(tx).await?;
    let read = lines::stage(ctx, tx, import, account, layout).await?;
    let file = lines::whole(&read)?;
    if file.last_day > domain::business_day::business_date(import.now) {
        return Err(ImportError::Unfit("the file names a day that has not come", None));
    }
    let opening = file.opening.map(|(amount, _)| amount);
    let first_day = statements::date(tx, &account.code, &file.days, opening, file.last_day).await?;
    let first_day = first_day.unwrap_or(file.last_day);
    let stated = openings::in_force(tx, &account.code).await?;
    if stated.as_ref().is_some_and(|stated| first_day < stated.day) {
        return Err(ImportError::Unfit(EARLIER_THAN_STATED, None));
    }
    let new = NewStatement {
        id,
        account: account.code.clone(),
        sha256: read.sha256.clone(),
        format: lines::format_name(read.format).to_owned(),
        bank_id: file.bank_id.clone(),
        first_sequence: file.first_sequence.clone(),
        last_sequence: file.last_sequence.clone(),
        opening: file.opening,
        closing: file.closing.map(|(amount, _)| amount),
        closing_date: file.last_day,
        first_date: first_day,
        lines: file.lines,
        imported_by: import.caller.actor(),
    };
    statements::insert(tx, &new).await?;
    statements::keep_bytes(tx, id, import.bytes).await?;
    let channel = lines::channel(ctx, tx, account).await?;
    let facts = FileFacts {
        account: &account.code,
        statement: id,
        sha256: &new.sha256,
        channel: channel.as_str(),
        lines: usize::try_from(file.lines).unwrap_or(usize::MAX),
        numbering: account.numbering(lines::family(read.format)).unwrap_or_default(),
        supersedes: import.supersedes,
    };
    let mut unit = Unit::new(import.caller.actor(), import.now);
    let identified = statements::identify(tx, facts).await?;
    statements::set_new_movements(tx, id, i32::try_from(identified.new_movements).unwrap_or(i32::MAX)).await?;
    match_movements::claim_known(tx, &account.code, &mut unit).await?;
    // nobody else matches the account until this is committed
    counters::look_in_statement(tx, &account.code, id).await?;
    // the day is held last: whoever closes it waits for nothing else
    arrivals::book(tx, id, &account.code, &unit.actor).await?;
    if stated.is_none() {
        unit.changes.journals.extend(begin_books(tx, &account.code, id).await?);
    }
    for (movement, known, stated, day) in identified.other_amounts {
        unit.changes.cases_opened.push(NewCase {
            movement_id: Some(movement),
            ..of_day(CaseKind::AmountDiffers, stated - known, account, day)
        });
    }
    tell_of_gaps(tx, account, &mut unit).await?;
    unit.audit.push(Audit {
        action: "statement_imported",
        subject: id.to_string(),
        request_id: import.caller.request_id.clone(),
    });
    unit::write(tx, &unit).await?;
    Ok(id)
}

fn of_day(kind: CaseKind, amount: Vnd, account: &ReceivingAccount, day: Date) -> NewCase {
    NewCase {
        day: Some((format!("bank:{}", account.code), day)),
        ..NewCase::new(kind, amount, account.code.to_string())
    }
}

/// What stood on the account before its earliest statement is nobody's payment, and is booked on the day with which the
/// books begin. This statement may be earlier than all that came before it, or have a line that is.
async fn begin_books(tx: &Tx, account: &AccountCode, id: StatementId) -> Result<Vec<Journal>, ImportError> {
    let Some(begins) = statements::beginning(tx, account, None).await? else { return Ok(Vec::new()) };
    let booked = statements::openings(tx, account).await?;
    if begins.statement == id
        && let Some((day, _)) = booked.first()
        && statements::is_closed(tx, account, *day).await?
        && let Some(closed) = statements::beginning(tx, account, Some(id)).await?
        && !statements::leads_to(tx, account, id, &closed).await?
    {
        // what is booked for a closed day is of the first open one: it would be off by what is missing between the two
        return Err(ImportError::Unfit(EARLIER_THAN_CLOSED, None));
    }
    moved_books(account, &booked, (begins.day, begins.amount))
}

/// What two persons had said holds no more: the books begin with the earliest statement, if there is one, and a difference between
/// the two is none.
pub(crate) async fn begin_as_statements_say(
    tx: &Tx,
    account: &ReceivingAccount,
    unit: &mut Unit,
) -> Result<(), ImportError> {
    if let Some(begins) = statements::beginning(tx, &account.code, None).await? {
        let booked = statements::openings(tx, &account.code).await?;
        unit.changes.journals.extend(moved_books(&account.code, &booked, (begins.day, begins.amount))?);
    }
    tell_of_gaps(tx, account, unit).await
}

fn moved_books(
    account: &AccountCode,
    booked: &[(Date, Vnd)],
    (day, amount): (Date, Vnd),
) -> Result<Vec<Journal>, ImportError> {
    moved_to(booked, day, amount).into_iter().map(|(day, amount)| opening_balance(account, amount, day)).collect()
}

fn opening_balance(account: &AccountCode, amount: Vnd, day: Date) -> Result<Journal, ImportError> {
    let legs = vec![Leg::new(Account::Bank(account.clone()), amount), Leg::new(Account::Opening, -amount)];
    Journal::new(JournalKind::OpeningBalance, Cause::StatementSays, day, legs)
        .map_err(|e| StorageError::Unreadable(e.to_string()).into())
}

/// A statement that does not follow the one before it is a case until the missing one comes.
async fn tell_of_gaps(tx: &Tx, account: &ReceivingAccount, unit: &mut Unit) -> Result<(), ImportError> {
    for link in statements::broken_links(tx, &account.code).await? {
        match (link.gap, link.case) {
            (Some(gap), None) => unit.changes.cases_opened.push(NewCase {
                subject: link.id.to_string(),
                ..of_day(CaseKind::StatementGap, gap, account, link.closing_date)
            }),
            (None, Some((case, version))) => {
                let closed = step(case, version, domain::case::CaseStatus::Open, Cause::Explained);
                unit.changes.cases_closed.push(closed.map_err(|e| StorageError::Unreadable(e.to_string()))?.0);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The CSV layout that the caller or the account names; None for the formats that need none.
async fn layout(
    tx: &Tx,
    import: &Incoming<'_>,
    account: &ReceivingAccount,
) -> Result<Option<statement::Profile>, ImportError> {
    let code = match import.format {
        FileFormat::Csv(code) => code,
        FileFormat::Auto if statement::told_apart(import.bytes).is_none() => match &account.csv_profile {
            Some(code) => code,
            // reading says that it is neither
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let text = file_profiles::layout(tx, code, FileKind::Statement).await?.ok_or(ImportError::ProfileAbsent)?;
    statement::Profile::from_toml(&text).map(Some).map_err(ImportError::Profile)
}
