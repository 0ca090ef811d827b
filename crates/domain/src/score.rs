//! The online-payment group of the score that Decision 766/QĐ-TTg gives a province: three parts, each a ratio against a target,
//! worth at most its maximum. Reckoned in whole fractions and rounded once, half up to hundredths, so that no part's rounding
//! moves the total.
//!
//! | part | numerator | denominator |
//! |---|---|---|
//! | `dossiers_paid_online` | dossiers with a debt that money of an online channel pays | dossiers that owe something |
//! | `procedures_with_online_payment` | fee procedures with such a dossier | fee procedures with dossiers, or all: the rule says |
//! | `procedures_provided` | fee procedures that are provided online | fee procedures |
//!
//! A part without a denominator has no points to show and counts 0 in the total. What is left out of a ratio is counted by
//! its reason. Targets, maxima, the choice of denominator and what is not online are no law that a program may know: they are
//! a dated [`Rule`].

mod tally;

pub use tally::{Dossiers, FeeProcedures, Imported, Listed, Tally, Whose};

use crate::states::words;
use jiff::civil::Date;
use std::fmt;

words! {
    Part {
        DossiersPaidOnline = "dossiers_paid_online",
        ProceduresWithOnlinePayment = "procedures_with_online_payment",
        ProceduresProvided = "procedures_provided",
    }
}

words! {
    /// Of which procedures those with an online payment are a share.
    Denominator { WithDossiers = "fee_procedures_with_dossiers", All = "fee_procedures" }
}

words! {
    /// Why something is not in a ratio.
    Excluded {
        /// All that the dossier would owe is let off: it owes nothing.
        Exempt = "exempt",
        /// All that the dossier owed was cancelled.
        Cancelled = "cancelled",
        /// A debt of a customer code, which is no dossier.
        NoDossier = "no_dossier",
        /// It owes, and nobody has paid: not in the numerator.
        Unpaid = "unpaid",
        /// Paid at a counter, or on another channel that does not count: not in the numerator.
        PaidOffline = "paid_offline",
        /// A procedure with dossiers that owe, which the list in force does not name as one with a fee.
        NotListed = "not_listed",
        /// A procedure with a fee that is not provided online: not in the numerator.
        NotProvided = "not_provided",
    }
}

/// Points or percent, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Hundredths(pub i64);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

/// What full marks take, and what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// 1 to 100.
    pub percent: u8,
    /// Points, 0 to 100.
    pub maximum: u8,
}

/// How the score is reckoned from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub valid_from: Date,
    pub dossiers: Target,
    pub used: Target,
    pub provided: Target,
    pub used_of: Denominator,
    /// Channels whose money is no online payment.
    pub offline_channels: Vec<String>,
    /// Whether a dossier whose debts are all let off is one that owes.
    pub counts_exempt: bool,
}

impl Rule {
    pub const fn target(&self, part: Part) -> Target {
        match part {
            Part::DossiersPaidOnline => self.dossiers,
            Part::ProceduresWithOnlinePayment => self.used,
            Part::ProceduresProvided => self.provided,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ratio {
    pub numerator: u32,
    pub denominator: u32,
}

impl Ratio {
    /// None without a denominator. May be above 100 where the two are counted by different people.
    pub fn percent(self) -> Option<Hundredths> {
        Fraction::new(i128::from(self.numerator) * 100, i128::from(self.denominator)).map(Fraction::rounded)
    }

    fn points(self, target: Target) -> Option<Fraction> {
        let (maximum, percent) = (i128::from(target.maximum), i128::from(target.percent));
        let points = Fraction::new(i128::from(self.numerator) * 100 * maximum, i128::from(self.denominator) * percent)?;
        Some(if points.top >= maximum * points.bottom { Fraction { top: maximum, bottom: 1 } } else { points })
    }
}

/// A ratio with what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    pub part: Part,
    pub ratio: Ratio,
    pub target: Target,
    /// None without a denominator.
    pub points: Option<Hundredths>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    pub parts: [Scored; 3],
    pub total: Hundredths,
    /// The most that there is.
    pub maximum: u32,
}

/// The score of three ratios by a rule.
pub fn score(rule: &Rule, ratio: impl Fn(Part) -> Ratio) -> Score {
    let mut total = Fraction { top: 0, bottom: 1 };
    let mut maximum = 0;
    let parts = [Part::DossiersPaidOnline, Part::ProceduresWithOnlinePayment, Part::ProceduresProvided].map(|part| {
        let (ratio, target) = (ratio(part), rule.target(part));
        let points = ratio.points(target);
        maximum += u32::from(target.maximum);
        if let Some(points) = points {
            total = total.plus(points);
        }
        Scored { part, ratio, target, points: points.map(Fraction::rounded) }
    });
    Score { parts, total: total.rounded(), maximum }
}

/// Not below zero. Counts are of 32 bits, so three of them add up within 128.
#[derive(Debug, Clone, Copy)]
struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    fn new(top: i128, bottom: i128) -> Option<Self> {
        (bottom > 0).then_some(Self { top, bottom })
    }

    fn plus(self, other: Self) -> Self {
        Self { top: self.top * other.bottom + other.top * self.bottom, bottom: self.bottom * other.bottom }
    }

    /// Half up.
    fn rounded(self) -> Hundredths {
        let (whole, rest) = (self.top / self.bottom, self.top % self.bottom);
        let hundredths = whole * 100 + (rest * 200 + self.bottom) / (2 * self.bottom);
        Hundredths(i64::try_from(hundredths).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests;
