//! A day of a bank account or of a provider's contract: read, and closed when it ties out. A closed day closes all days
//! before it, and takes no booking any more: what arrives for it is booked on the first open day.

use crate::closing_report;
use crate::context::{Caller, Context};
use crate::reply::{IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::Vnd;
use domain::business_day::business_date;
use domain::mode::Mode;
use domain::reconciliation::{AccountDay, Books, DayScope, Gap, ProfileDay, Settled, shown_closing, standing};
use futures_util::join;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::case_list::{self, OfDay};
use storage::day_report::{self, ControlTotal, LateLine};
use storage::days::{Closed, Difference, Provided, Stated};
use storage::unit::{Audit, Unit};
use storage::{Db, StorageError, assurance, beneficiaries, days, idempotency, unit};

/// Differences that are listed with a day; the list of cases has the rest.
pub const DIFFERENCES_AT_MOST: i64 = 500;

#[derive(Debug, thiserror::Error)]
pub enum DayError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error("no such account or profile, or others have a part in it")]
    Absent,
    #[error("the day has not ended in Hanoi")]
    NotOver,
    #[error("the day is closed")]
    Closed,
    #[error("{0} has bookings and is open")]
    OpenBefore(Date),
    #[error("{} amounts differ", .0.len())]
    DoesNotTieOut(Vec<Gap>),
}

impl Retryable for DayError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// How many movements, or lines of settlement files, are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub matched: i64,
    pub unmatched: i64,
    pub in_case: i64,
    /// Told already by another file.
    pub duplicate: i64,
    pub ignored: i64,
}

/// What is known of a day. Amounts are đồng.
#[derive(Debug, Clone)]
pub struct Day {
    pub scope: DayScope,
    pub date: Date,
    pub opening: Vnd,
    pub moved_in: Vnd,
    pub moved_out: Vnd,
    pub closing: Vnd,
    /// By the bank's statements; None where none covers the day.
    pub statement_closing: Option<Vnd>,
    /// By the provider's files; None where there is none of the day.
    pub settled: Option<Settled>,
    pub counts: Counts,
    pub gaps: Vec<Gap>,
    /// Its cases, at most [`DIFFERENCES_AT_MOST`].
    pub differences: Vec<Difference>,
    /// How many cases it has in all.
    pub differences_total: i64,
    /// How many of them are not closed.
    pub open_total: i64,
    /// Where the đồng of its payments are: by agency, fee and channel.
    pub control_totals: Vec<ControlTotal>,
    /// What came late on it, or for it.
    pub late_lines: Vec<LateLine>,
    /// How much did in all.
    pub late_lines_total: i64,
    /// The day, or one after it, is closed.
    pub is_closed: bool,
    /// Its own closing; None where it was closed with a later day.
    pub closed: Option<Closed>,
}

/// Which day, and whose eyes.
#[derive(Debug, Clone)]
pub struct Asked {
    pub scope: DayScope,
    pub date: Date,
    /// None: all.
    pub beneficiaries: Option<Vec<String>>,
}

/// Reads a day at one instant of the books.
pub async fn read(ctx: &Context, asked: &Asked) -> Result<Day, DayError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        assurance::snapshot(&tx).await?;
        let day = load(&tx, asked).await?;
        tx.commit().await?;
        Ok(day)
    }
    .await;
    tx.close(outcome).await
}

pub struct Command {
    pub asked: Asked,
    pub caller: Caller,
    pub idempotency: idempotency::Request,
    pub now: Timestamp,
}

/// Closes a day.
///
/// # Errors
/// When the day has not ended, is closed, follows an open day with bookings, or does not tie out; nothing is changed.
pub async fn close(
    ctx: &Context,
    command: &Command,
    render: &(dyn Fn(&Day) -> (u16, String) + Send + Sync),
) -> Result<Reply, DayError> {
    retrying(|| close_once(ctx, command, render)).await
}

async fn close_once(
    ctx: &Context,
    command: &Command,
    render: &(dyn Fn(&Day) -> (u16, String) + Send + Sync),
) -> Result<Reply, DayError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        let (begun, earlier) = join!(tx.begin(), idempotency::claim(&tx, &command.idempotency));
        begun?;
        if let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? {
            return Ok(reply);
        }
        let scope = command.asked.scope.to_string();
        days::hold(&tx, &scope).await?;
        let mut day = load(&tx, &command.asked).await?;
        may_close(ctx.mode, &tx, &day, command.now).await?;
        let closed = Closed {
            opening: day.opening,
            moved_in: day.moved_in,
            moved_out: day.moved_out,
            closing: day.closing,
            by: command.caller.actor(),
            at: command.now,
        };
        let before = day_report::count_closings(&tx, &scope, day.date).await?;
        let open = case_list::of_day(&tx, &scope, day.date, OfDay::NotClosed, DIFFERENCES_AT_MOST).await?;
        let sums = days::close(&tx, &scope, day.date, &closed).await?;
        let report = closing_report::text(&day, &open, &closed, before)?;
        let report = day_report::keep(&tx, &scope, day.date, &report).await?;
        day.is_closed = true;
        day.closed = Some(closed);
        let subject = format!("{scope}/{}", day.date);
        let mut unit = Unit::new(command.caller.actor(), command.now);
        let request_id = command.caller.request_id.clone();
        unit.audit.push(Audit { action: "day_closed", subject: subject.clone(), request_id: request_id.clone() });
        // later days begin with these figures: they are sealed
        unit.audit.push(Audit { action: "day_sums", subject: sums, request_id: request_id.clone() });
        unit.audit.push(Audit { action: "day_report", subject: report, request_id });
        let (status, body) = render(&day);
        let (written, kept, committed) = join!(
            unit::write(&tx, &unit),
            idempotency::keep(&tx, &command.idempotency, &subject, Some((status, &body)), None),
            tx.commit(),
        );
        unit::first_error([written, kept, committed])?;
        Ok(Reply::fresh(status, body))
    }
    .await;
    tx.close(outcome).await
}

async fn may_close(mode: Mode, db: &Db, day: &Day, now: Timestamp) -> Result<(), DayError> {
    let today = business_date(now);
    // a demonstration does not wait for midnight
    if day.date > today || (day.date == today && mode == Mode::Production) {
        return Err(DayError::NotOver);
    }
    if day.is_closed {
        return Err(DayError::Closed);
    }
    if let Some(open) = days::open_before(db, &day.scope.to_string(), day.date).await? {
        return Err(DayError::OpenBefore(open));
    }
    if day.gaps.is_empty() { Ok(()) } else { Err(DayError::DoesNotTieOut(day.gaps.clone())) }
}

async fn load(db: &Db, asked: &Asked) -> Result<Day, DayError> {
    let (scope, date) = (asked.scope.to_string(), asked.date);
    if !days::seen(db, &scope, asked.beneficiaries.as_deref()).await? {
        return Err(DayError::Absent);
    }
    let books = days::books(db, &scope, date).await?;
    let closed = days::closed(db, &scope, date).await?;
    let (differences_total, open_total) = case_list::count_of_day(db, &scope, date).await?;
    let mut day = Day {
        scope: asked.scope.clone(),
        date,
        opening: closed.as_ref().map_or(books.opening, |c| c.opening),
        moved_in: closed.as_ref().map_or(books.all_in(), |c| c.moved_in),
        moved_out: closed.as_ref().map_or(books.all_out(), |c| c.moved_out),
        closing: closed.as_ref().map_or(books.closing(), |c| c.closing),
        statement_closing: None,
        settled: None,
        counts: Counts::default(),
        gaps: Vec::new(),
        differences: case_list::of_day(db, &scope, date, OfDay::All, DIFFERENCES_AT_MOST).await?,
        differences_total,
        open_total,
        control_totals: day_report::control_totals(db, &scope, date).await?,
        late_lines: day_report::late_lines(db, &scope, date).await?,
        late_lines_total: day_report::count_late_lines(db, &scope, date).await?,
        is_closed: days::last_closed(db, &scope).await?.is_some_and(|last| date <= last),
        closed,
    };
    match &asked.scope {
        DayScope::Account(account) => {
            let stated = days::stated(db, account.as_str(), date).await?;
            let worked = beneficiaries::calendar(db).await?.is_worked(date);
            of_account(&mut day, books, stated, worked);
        }
        DayScope::Profile(profile) => of_profile(&mut day, books, days::provided(db, profile.as_str(), date).await?),
    }
    if day.is_closed {
        // it tied out; what came for it since is booked, and has to tie out, on a later day
        day.gaps.clear();
    }
    Ok(day)
}

fn of_account(day: &mut Day, books: Books, stated: Stated, worked: bool) {
    let pieces = standing(&stated.pieces, &stated.opened_after, books.closing());
    day.statement_closing = shown_closing(&pieces, books.closing());
    day.counts = Counts {
        matched: stated.matched,
        unmatched: stated.unmatched,
        in_case: stated.in_case,
        duplicate: stated.repeated,
        ignored: 0,
    };
    let told = AccountDay {
        books,
        pieces,
        closed_before: stated.closed_before,
        opened_after: stated.opened_after,
        stated_in: stated.moved_in,
        stated_out: stated.moved_out,
        movements_open: stated.open,
        expects_statement: worked && stated.told,
    };
    day.gaps = told.gaps();
}

fn of_profile(day: &mut Day, books: Books, provided: Provided) {
    day.settled = provided.settled;
    day.counts = Counts {
        matched: provided.matched,
        unmatched: provided.unmatched,
        in_case: provided.in_case,
        duplicate: provided.repeated,
        ignored: provided.ignored,
    };
    let told = ProfileDay {
        books,
        settled: provided.settled,
        paid_out: provided.paid_out,
        booked_settled: provided.booked_settled,
        in_no_file: provided.in_no_file,
        not_settled: provided.not_settled,
        lines_unknown: provided.lines_unknown,
        differing: provided.differing,
    };
    day.gaps = told.gaps();
}
