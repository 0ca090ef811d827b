//! The report of a closing: what the day was closed with, as it was seen then. Kept word for word with the closing and never
//! written anew; that the day was opened again since is told beside it.

use crate::close_day::{Day, DayError};
use crate::context::Context;
use domain::Vnd;
use domain::reconciliation::DayScope;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use storage::day_report::{self, Closing, ControlTotal, LateLine};
use storage::days::{self, Closed, Difference};
use storage::{Db, StorageError, assurance};

/// đồng are whole numbers.
#[derive(Serialize)]
struct Report<'d> {
    scope: String,
    date: Date,
    opening: i64,
    r#in: i64,
    out: i64,
    closing: i64,
    statement_closing: Option<i64>,
    settlement: Option<Files>,
    control_totals: Vec<Total<'d>>,
    /// The oldest; there may be more than are written down.
    open_cases: Vec<Case<'d>>,
    open_cases_total: i64,
    late_lines: Vec<Late>,
    late_lines_total: i64,
    closed_by: &'d str,
    closed_at: Timestamp,
    /// How often it was closed before.
    closed_before: i64,
}

#[derive(Serialize)]
struct Files {
    gross: i64,
    fee: i64,
    refunds: i64,
    net: i64,
}

#[derive(Serialize)]
struct Total<'d> {
    agency: Option<&'d str>,
    fee_code: Option<&'d str>,
    channel: &'d str,
    instead: Option<&'d str>,
    payments: i64,
    amount: i64,
}

#[derive(Serialize)]
struct Case<'d> {
    id: String,
    kind: &'d str,
    status: &'d str,
    amount: i64,
    waiting: Option<i64>,
    payment_id: Option<String>,
    movement_id: Option<&'d str>,
    owner: Option<String>,
    opened_at: Timestamp,
}

#[derive(Serialize)]
struct Late {
    for_day: Date,
    booked_on: Date,
    amount: i64,
    payment_id: Option<String>,
    movement_id: Option<String>,
}

/// What is kept of a closing; `open` are cases of the day that are not closed.
pub(crate) fn text(
    day: &Day,
    open: &[Difference],
    closed: &Closed,
    closed_before: i64,
) -> Result<String, StorageError> {
    let report = Report {
        scope: day.scope.to_string(),
        date: day.date,
        opening: closed.opening.dong(),
        r#in: closed.moved_in.dong(),
        out: closed.moved_out.dong(),
        closing: closed.closing.dong(),
        statement_closing: day.statement_closing.map(Vnd::dong),
        settlement: day.settled.map(|s| Files {
            gross: s.gross.dong(),
            fee: s.fee.dong(),
            refunds: s.refunds.dong(),
            net: s.net.dong(),
        }),
        control_totals: day.control_totals.iter().map(total).collect(),
        open_cases: open.iter().map(case).collect(),
        open_cases_total: day.open_total,
        late_lines: day.late_lines.iter().map(late).collect(),
        late_lines_total: day.late_lines_total,
        closed_by: &closed.by,
        closed_at: closed.at,
        closed_before,
    };
    serde_json::to_string(&report).map_err(|e| StorageError::Unreadable(e.to_string()))
}

fn total(t: &ControlTotal) -> Total<'_> {
    Total {
        agency: t.agency.as_deref(),
        fee_code: t.fee_code.as_deref(),
        channel: &t.channel,
        instead: t.instead.as_deref(),
        payments: t.payments,
        amount: t.amount.dong(),
    }
}

fn case(d: &Difference) -> Case<'_> {
    Case {
        id: d.id.to_string(),
        kind: &d.kind,
        status: &d.status,
        amount: d.amount.dong(),
        waiting: d.waits.then(|| d.waiting.dong()),
        payment_id: d.payment_id.map(|id| id.to_string()),
        movement_id: d.movement_id.as_deref(),
        owner: d.owner.map(|id| id.to_string()),
        opened_at: d.opened_at,
    }
}

fn late(l: &LateLine) -> Late {
    Late {
        for_day: l.for_day,
        booked_on: l.booked_on,
        amount: l.amount.dong(),
        payment_id: l.payment_id.map(|id| id.to_string()),
        movement_id: l.movement_id.map(|id| id.to_string()),
    }
}

/// Every closing that a day had, the newest first.
pub async fn closings(
    ctx: &Context,
    scope: &DayScope,
    date: Date,
    beneficiaries: Option<&[String]>,
) -> Result<Vec<Closing>, DayError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        assurance::snapshot(&tx).await?;
        let found = seen(&tx, &scope.to_string(), date, beneficiaries).await?;
        tx.commit().await?;
        Ok(found)
    }
    .await;
    tx.close(outcome).await
}

async fn seen(db: &Db, scope: &str, date: Date, beneficiaries: Option<&[String]>) -> Result<Vec<Closing>, DayError> {
    if !days::seen(db, scope, beneficiaries).await? {
        return Err(DayError::Absent);
    }
    Ok(day_report::closings(db, scope, date).await?)
}
