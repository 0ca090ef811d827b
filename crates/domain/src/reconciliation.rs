//! A day of a bank account or of a provider's contract: our books against their word, and what must agree before the
//! day is closed. Money that has a place and a case does not stand in the way; an amount that nobody explains does.

use crate::codes::{AccountCode, ProfileCode};
use crate::money::Vnd;
use crate::states::words;
use std::fmt;

mod beginning;
mod chain;
#[cfg(test)]
mod tests;

pub use beginning::moved_to;
pub use chain::{Overtaken, Piece, Told, goes_on, shown_closing, standing};

/// Whose day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayScope {
    Account(AccountCode),
    Profile(ProfileCode),
}

/// `bank:<account>` or `clearing:<profile>`: the account of the ledger that the day is about.
impl fmt::Display for DayScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(code) => write!(f, "bank:{code}"),
            Self::Profile(code) => write!(f, "clearing:{code}"),
        }
    }
}

words! {
    /// Why a day does not tie out.
    GapKind {
        /// No statement of that day, and money that should be on one.
        StatementMissing = "statement_missing",
        /// The statement opens with another balance than our books.
        OpeningDiffers = "opening_differs",
        /// The statement closes with another balance than our books.
        ClosingDiffers = "closing_differs",
        /// Statements do not follow each other: one is missing between them.
        StatementGap = "statement_gap",
        InDiffers = "in_differs",
        OutDiffers = "out_differs",
        /// Movements that nobody has claimed or explained.
        MovementsOpen = "movements_open",
        /// No settlement file, and payments that none names.
        SettlementMissing = "settlement_missing",
        /// Payments that the provider's file does not name, without a case.
        PaymentsNotSettled = "payments_not_settled",
        /// Lines of the file that are no payment of ours, without a case.
        LinesUnknown = "lines_unknown",
        /// Payments that the file names with another amount, without a case.
        AmountsDiffer = "amounts_differ",
        /// The file's gross is not the sum of its lines.
        GrossDiffers = "gross_differs",
        /// Fee and payout of the file are not what our books took off the clearing account.
        SettledDiffers = "settled_differs",
    }
}

/// An amount that stands between a day and its closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub kind: GapKind,
    pub ours: Vnd,
    /// None where the other side has said nothing.
    pub theirs: Option<Vnd>,
}

impl Gap {
    /// Their amount less ours, in đồng.
    pub fn difference(&self) -> Vnd {
        self.theirs.unwrap_or_default() - self.ours
    }
}

/// What our ledger says of a day, in đồng. Bookings whose own day was closed already have moved to this one: they are
/// counted apart, since no statement of this day names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// The balance before the day, with what stood there before there were books.
    pub opening: Vnd,
    pub moved_in: Vnd,
    pub moved_out: Vnd,
    pub late_in: Vnd,
    pub late_out: Vnd,
}

impl Books {
    pub fn all_in(&self) -> Vnd {
        self.moved_in + self.late_in
    }

    pub fn all_out(&self) -> Vnd {
        self.moved_out + self.late_out
    }

    pub fn closing(&self) -> Vnd {
        self.opening + self.all_in() - self.all_out()
    }

    /// What the statement of the day opens with: late bookings are of statements before it.
    fn stated_opening(&self) -> Vnd {
        self.opening + self.late_in - self.late_out
    }
}

/// A day of a bank account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountDay {
    pub books: Books,
    /// Of each statement that says how the day began and ended (`standing`): with what balance it did.
    pub pieces: Vec<Piece>,
    /// With what the last statements before the day closed; empty where there are none.
    pub closed_before: Vec<Vnd>,
    /// With what the first statements after the day open.
    pub opened_after: Vec<Vnd>,
    /// Movements under a closing balance of the day.
    pub stated_in: Vnd,
    pub stated_out: Vnd,
    /// Those of them without a fate, in and out added up.
    pub movements_open: Vnd,
    /// The day was worked, and money was told of: a statement is to be expected.
    pub expects_statement: bool,
}

impl AccountDay {
    /// What does not agree; empty when the day ties out.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Gaps::default();
        let b = &self.books;
        let (start, end) = (b.stated_opening(), b.closing());
        gaps.compare(GapKind::InDiffers, b.moved_in, self.stated_in);
        gaps.compare(GapKind::OutDiffers, b.moved_out, self.stated_out);
        gaps.open(GapKind::MovementsOpen, self.movements_open);
        if self.pieces.is_empty() {
            // that the next statement opens with our balance proves the day as well as one of its own
            let proven = self.opened_after.contains(&end);
            let moved = [b.moved_in, b.moved_out, self.stated_in, self.stated_out].iter().any(|v| !v.is_zero());
            if moved || (self.expects_statement && !proven) {
                gaps.0.push(Gap { kind: GapKind::StatementMissing, ours: end, theirs: None });
            }
            return gaps.0;
        }
        gaps.0.extend(chain::gaps(&self.pieces, start, end, &self.closed_before));
        gaps.0
    }
}

/// What a provider's settlement files of a day say, in đồng, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    pub gross: Vnd,
    pub fee: Vnd,
    pub refunds: Vnd,
    pub net: Vnd,
    /// Their lines of payments, but those that were to be ignored.
    pub lines: Vnd,
}

/// A day of a provider's contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileDay {
    pub books: Books,
    /// None while there is no file of the day.
    pub settled: Option<Settled>,
    /// Fee and payout by those lines of the files that no other file had named.
    pub paid_out: Vnd,
    /// What our books took off the clearing account by files of the day.
    pub booked_settled: Vnd,
    /// Payments of the day that no file names, of whatever day.
    pub in_no_file: Vnd,
    /// Those of them without a case that says so.
    pub not_settled: Vnd,
    /// Lines of the files that are no payment of ours and no case.
    pub lines_unknown: Vnd,
    /// Payments that a file names with another amount, without a case: ours and theirs.
    pub differing: (Vnd, Vnd),
}

impl ProfileDay {
    /// What does not agree; empty when the day ties out.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Gaps::default();
        match &self.settled {
            None if self.in_no_file.is_zero() => {}
            None => gaps.0.push(Gap { kind: GapKind::SettlementMissing, ours: self.in_no_file, theirs: None }),
            Some(file) => {
                gaps.compare(GapKind::GrossDiffers, file.lines, file.gross);
                gaps.open(GapKind::PaymentsNotSettled, self.not_settled);
            }
        }
        gaps.compare(GapKind::SettledDiffers, self.booked_settled, self.paid_out);
        if !self.lines_unknown.is_zero() {
            gaps.0.push(Gap { kind: GapKind::LinesUnknown, ours: Vnd::ZERO, theirs: Some(self.lines_unknown) });
        }
        gaps.compare(GapKind::AmountsDiffer, self.differing.0, self.differing.1);
        gaps.0
    }
}

#[derive(Default)]
struct Gaps(Vec<Gap>);

impl Gaps {
    fn compare(&mut self, kind: GapKind, ours: Vnd, theirs: Vnd) {
        if ours != theirs {
            self.0.push(Gap { kind, ours, theirs: Some(theirs) });
        }
    }

    /// Money of ours that the other side has not answered.
    fn open(&mut self, kind: GapKind, ours: Vnd) {
        if !ours.is_zero() {
            self.0.push(Gap { kind, ours, theirs: None });
        }
    }
}
