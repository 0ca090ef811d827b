//! What is printed of a day: from the report that its closing kept word for word, or from the day as it is now.

use crate::days::DayView;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Files {
    pub gross: i64,
    pub fee: i64,
    pub refunds: i64,
    pub net: i64,
}

#[derive(Deserialize)]
pub(super) struct Total {
    pub agency: Option<String>,
    pub fee_code: Option<String>,
    pub channel: String,
    pub instead: Option<String>,
    pub payments: i64,
    pub amount: i64,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub id: String,
    pub kind: String,
    pub status: String,
    pub amount: i64,
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Late {
    pub for_day: Date,
    pub booked_on: Date,
    pub amount: i64,
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
}

/// How many lines of the files are what.
pub(super) struct Counts {
    pub matched: i64,
    pub unmatched: i64,
    pub in_case: i64,
    pub duplicate: i64,
    pub ignored: i64,
}

/// Kind, ours, theirs, the difference.
pub(super) type Gap = (&'static str, i64, Option<i64>, i64);

pub(super) struct Figures {
    pub opening: i64,
    pub moved_in: i64,
    pub out: i64,
    pub closing: i64,
    pub statement_closing: Option<i64>,
    pub settlement: Option<Files>,
    /// A closing keeps none.
    pub counts: Option<Counts>,
    pub gaps: Vec<Gap>,
    pub control_totals: Vec<Total>,
    /// Those that were open when it was closed; of a day as it is now, all of it.
    pub cases: Vec<Case>,
    pub cases_total: i64,
    pub late_lines: Vec<Late>,
    pub late_lines_total: i64,
    /// By whom and when, where it has a closing of its own in force.
    pub closed: Option<(String, Timestamp)>,
    pub closed_before: i64,
    /// With a later day.
    pub is_closed_over: bool,
}

/// As `payments::closing_report` writes it.
#[derive(Deserialize)]
struct Kept {
    opening: i64,
    r#in: i64,
    out: i64,
    closing: i64,
    statement_closing: Option<i64>,
    settlement: Option<Files>,
    control_totals: Vec<Total>,
    open_cases: Vec<Case>,
    open_cases_total: i64,
    late_lines: Vec<Late>,
    late_lines_total: i64,
    closed_by: String,
    closed_at: Timestamp,
    closed_before: i64,
}

impl Figures {
    pub fn kept(report: &str) -> Result<Self, serde_json::Error> {
        let kept: Kept = serde_json::from_str(report)?;
        Ok(Self {
            opening: kept.opening,
            moved_in: kept.r#in,
            out: kept.out,
            closing: kept.closing,
            statement_closing: kept.statement_closing,
            settlement: kept.settlement,
            counts: None,
            gaps: Vec::new(),
            control_totals: kept.control_totals,
            cases: kept.open_cases,
            cases_total: kept.open_cases_total,
            late_lines: kept.late_lines,
            late_lines_total: kept.late_lines_total,
            closed: Some((kept.closed_by, kept.closed_at)),
            closed_before: kept.closed_before,
            is_closed_over: false,
        })
    }

    pub fn now(day: &DayView) -> Self {
        let files = |s: &crate::days::SettledView| Files { gross: s.gross, fee: s.fee, refunds: s.refunds, net: s.net };
        let c = &day.counts;
        Self {
            opening: day.opening,
            moved_in: day.moved_in,
            out: day.out,
            closing: day.closing,
            statement_closing: day.statement_closing,
            settlement: day.settlement.as_ref().map(files),
            counts: Some(Counts {
                matched: c.matched,
                unmatched: c.unmatched,
                in_case: c.case,
                duplicate: c.duplicate,
                ignored: c.ignored,
            }),
            gaps: day.gaps.iter().map(|g| (g.kind, g.ours, g.theirs, g.difference)).collect(),
            control_totals: day.control_totals.iter().map(total).collect(),
            cases: day.differences.iter().map(case).collect(),
            cases_total: day.differences_total,
            late_lines: day.late_lines.iter().map(late).collect(),
            late_lines_total: day.late_lines_total,
            closed: day.closed_by.clone().zip(day.closed_at),
            closed_before: 0,
            is_closed_over: day.status == "closed",
        }
    }
}

fn total(t: &crate::days::TotalView) -> Total {
    let (agency, fee_code, channel, instead) =
        (t.agency.clone(), t.fee_code.clone(), t.channel.clone(), t.instead.clone());
    Total { agency, fee_code, channel, instead, payments: t.payments, amount: t.amount }
}

fn case(d: &crate::days::DifferenceView) -> Case {
    Case {
        id: d.case_id.clone(),
        kind: d.kind.clone(),
        status: d.status.clone(),
        amount: d.amount,
        payment_id: d.payment_id.clone(),
        movement_id: d.movement_id.clone(),
    }
}

fn late(l: &crate::days::LateView) -> Late {
    Late {
        for_day: l.for_day,
        booked_on: l.booked_on,
        amount: l.amount,
        payment_id: l.payment_id.clone(),
        movement_id: l.movement_id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_closing_kept_is_printed_as_it_was_kept() {
        let report = r#"{"scope":"bank:970436.1","date":"2026-11-26","opening":1,"in":5,"out":2,"closing":4,
            "statement_closing":null,"settlement":null,"control_totals":[{"agency":null,"fee_code":null,"channel":"vietqr",
            "instead":"duplicate","payments":1,"amount":5}],"open_cases":[{"id":"cas_1","kind":"duplicate_payment",
            "status":"open","amount":5,"waiting":5,"payment_id":"pay_1","movement_id":null,"owner":null,
            "opened_at":"2026-11-26T05:00:00Z"}],"open_cases_total":1,"late_lines":[],"late_lines_total":0,
            "closed_by":"usr_1","closed_at":"2026-11-27T01:00:00Z","closed_before":1}"#;
        let kept = Figures::kept(report).unwrap();
        assert_eq!((kept.opening, kept.moved_in, kept.out, kept.closing), (1, 5, 2, 4));
        assert_eq!((kept.cases.len(), kept.control_totals.len(), kept.closed_before), (1, 1, 1));
        assert_eq!(kept.closed.unwrap().0, "usr_1");
        assert!(Figures::kept("{}").is_err());
    }
}
