//! What the treasury gets of the fees that an agency collected: a share stays with the agency, the rest is remitted for each
//! week or month, by instructions that name their budget codes (Law 97/2015 Art. 12 to 14, and the circular of each fee).
//!
//! | state | who moves it on | then |
//! |---|---|---|
//! | `prepared` | a second person; who gives it up, or money that it rests on was given back, or a debit with its code came, when somebody would approve it | `instructed`; `cancelled` |
//! | `instructed` | a debit of its account with its amount and code; a person who gives it up while no such debit is there | `paid`; `cancelled` |
//! | `paid`, `cancelled` | nobody | – |
//!
//! What an instruction rests on are lines of the books: each đồng that a fee got, or lost again, once its money stood on a bank
//! account. A line is of one remittance at most; one that is cancelled lets its lines go. Amounts are not those of the lines but
//! of all that was ever collected: what is to be remitted by now, less what was instructed before. So no rounding is lost, and
//! what is given back after its remittance makes the next one less, or waits for one that is large enough.
//!
//! | a debit with the code of a remittance | then |
//! |---|---|
//! | that is instructed, of its amount and its account | claimed; `paid` |
//! | of another amount | suspense, a case `amount_differs` |
//! | of another account | suspense, a case `wrong_account` |
//! | that is paid already, or with the codes of two | suspense, a case `duplicate_payment` |
//! | that nobody was to make: prepared, cancelled | suspense, a case `status_differs` |
//!
//! While such a case is open nothing more is prepared of its beneficiary: what has left may be what would be instructed again.

use crate::business_day::WorkingCalendar;
use crate::case::CaseKind;
use crate::fee::Rounding;
use crate::money::Vnd;
use crate::states::words;
use jiff::ToSpan;
use jiff::civil::Date;

words! {
    RemittanceStatus { Prepared = "prepared", Instructed = "instructed", Paid = "paid", Cancelled = "cancelled" }
}

words! {
    /// What one remittance is for.
    Period {
        /// Monday to Sunday.
        Weekly = "weekly",
        Monthly = "monthly",
    }
}

impl Period {
    /// The first and the last day of the one that has this day.
    pub fn around(self, day: Date) -> (Date, Date) {
        match self {
            Self::Weekly => {
                let monday = day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days());
                (monday, monday.saturating_add(6.days()))
            }
            Self::Monthly => (day.first_of_month(), day.last_of_month()),
        }
    }
}

words! {
    /// How the last day for a remittance is counted from the end of its period.
    DueBy {
        /// That day after it: of a month the 5th, of a week Thursday with 4. On a day off it is the next that is worked.
        Day = "day",
        /// That worked day after it.
        WorkedDay = "worked_day",
    }
}

impl DueBy {
    /// `n`: from 1.
    pub fn of(self, period_ends: Date, n: u8, calendar: &WorkingCalendar) -> Date {
        let n = u32::from(n.max(1));
        match self {
            Self::Day => calendar.worked_day_after(period_ends.saturating_add(i64::from(n).days()), 0),
            Self::WorkedDay => calendar.worked_day_after(period_ends.saturating_add(1.days()), n - 1),
        }
    }
}

/// The whole, in millionths.
pub const WHOLE_PPM: i32 = 1_000_000;

/// What the agency keeps of a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Millionths, 0..=1,000,000: nothing of a charge, 960,000 of a fee of which 4 % are remitted.
    pub rate_ppm: i32,
    pub rounding: Rounding,
}

impl Retention {
    /// Of all that was ever collected. Nothing is kept of what is owed back.
    pub fn of(&self, collected: Vnd) -> Vnd {
        self.rounding.share(collected.max(Vnd::ZERO), self.rate_ppm)
    }
}

/// What one rule of a fee stands at: a rule holds from a day on, for what was paid from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub retention: Retention,
    /// Collected less given back, of the lines that earlier remittances rest on.
    pub before: Vnd,
    /// The same, of lines that no remittance rests on yet.
    pub fresh: Vnd,
    /// By remittances that are not cancelled.
    pub instructed: Vnd,
}

impl Standing {
    /// What is to be instructed still; below zero where more was instructed than is left.
    fn owed(&self) -> Vnd {
        let collected = self.before + self.fresh;
        collected - self.retention.of(collected) - self.instructed
    }
}

/// What a remittance says of one rule. `amount` = `collected` − `retained` + `carried`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Collected less given back, of the lines that it takes.
    pub collected: Vnd,
    pub retained: Vnd,
    /// Between the rules of one fee, together zero: what was remitted under a rule and has been given back since is made good by
    /// another.
    pub carried: Vnd,
    pub amount: Vnd,
}

/// The shares of one fee, a share for each of its rules, the oldest rule first; None where nothing is to be remitted now: all its
/// lines wait for the next time.
pub fn shares(rules: &[Standing]) -> Option<Vec<Share>> {
    let owed: Vec<Vnd> = rules.iter().map(Standing::owed).collect();
    if !owed.iter().copied().sum::<Vnd>().is_positive() {
        return None;
    }
    // what one rule has had too much of the others make good
    let mut over: Vnd = owed.iter().copied().filter(|o| o.dong() < 0).map(|o| -o).sum();
    let share = |(rule, owed): (&Standing, &Vnd)| {
        let due = (*owed).max(Vnd::ZERO);
        let less = due.min(over);
        over = over - less;
        let retained = rule.retention.of(rule.before + rule.fresh) - rule.retention.of(rule.before);
        let amount = due - less;
        Share { collected: rule.fresh, retained, carried: amount - (rule.fresh - retained), amount }
    };
    Some(rules.iter().zip(&owed).map(share).collect())
}

/// A debit of one of our accounts with the code of a remittance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debit {
    /// Its amount and account are those of the remittance.
    pub is_of_amount: bool,
    pub is_of_account: bool,
    /// Its text has the code of another one too.
    pub names_several: bool,
}

/// None where it pays the remittance; else the case that tells of it.
pub fn case_of(status: RemittanceStatus, debit: Debit) -> Option<CaseKind> {
    match status {
        _ if debit.names_several => Some(CaseKind::DuplicatePayment),
        RemittanceStatus::Prepared | RemittanceStatus::Cancelled => Some(CaseKind::StatusDiffers),
        _ if !debit.is_of_amount => Some(CaseKind::AmountDiffers),
        RemittanceStatus::Paid => Some(CaseKind::DuplicatePayment),
        RemittanceStatus::Instructed if !debit.is_of_account => Some(CaseKind::WrongAccount),
        RemittanceStatus::Instructed => None,
    }
}

/// What whoever makes the transfer writes: the code first, since banks cut the end; letters without accents, digits and blanks.
pub fn transfer_text(reference: &str, period_ends: Date) -> String {
    format!("{reference} NOP NSNN {}", period_ends.strftime("%d%m%Y"))
}

#[cfg(test)]
mod tests;
