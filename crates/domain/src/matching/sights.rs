//! Which money that is in the books a teller's report is another sight of, where no reference says it. Pure: what is alike (same
//! account and amount, and no reference that tells them apart) comes in under lock.
//!
//! | what is alike | the report is |
//! |---|---|
//! | a payment of the same name whose line stands on the report's own day, and of which this teller has told nothing | another sight of it |
//! | for a report without a name: the same of any name | another sight of it |
//! | a payment of the same name within two worked days | it waits; when statements cover its days, another sight |
//! | for a report with a name: one unnamed line of its day or up to two worked days later, of which this teller has told nothing and which people have not placed; of a later day once statements show the days before it | another sight, and gives its name |
//! | several such lines, or one that people have placed | it waits; nobody guesses, but where in the end all could be nobody else's ([`super::leftover`]) |
//! | nothing | new money |
//!
//! A teller tells of a transfer once, so what it has told of is not what it tells of now; where it has told of it without the name, that may
//! have been another's that looks the same, and counts for nothing. Nothing is lost where a report was of
//! another transfer after all: that one's own line comes, and is booked by itself.

use super::APART;
use crate::business_day::WorkingCalendar;
use crate::ids::{IntentId, PaymentId};
use jiff::civil::Date;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub day: Date,
    /// The intent that its text names.
    pub intent: Option<IntentId>,
    /// Statements show all days on which its own line could stand.
    pub is_covered: bool,
}

/// A payment that a report may be another sight of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    pub payment: PaymentId,
    pub intent: Option<IntentId>,
    pub paid_on: Date,
    /// Under which day its line is booked; None where no statement has shown it.
    pub shown_on: Option<Date>,
    /// The report's teller has told of it: a payment of the report's name by that name, any other in whatever way.
    pub is_told: bool,
    /// All of it waits unidentified, so that a name may still be given to it.
    pub is_free: bool,
    /// Statements show all days from the report's to the one before its line's: the report's own line is on none of them.
    pub is_next: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    New,
    Another(PaymentId),
    /// It may be another sight of this payment.
    Waits(PaymentId),
}

/// What the report is as far as can be said now.
pub fn sight(report: &Report, alike: &[Alike], calendar: &WorkingCalendar) -> Sight {
    let same = of_its_name(report, alike, calendar);
    let is_home = |p: &&Alike| !p.is_told && p.shown_on == Some(report.day);
    let of_any_name = alike.iter().filter(|_| report.intent.is_none());
    if let Some(home) = same.iter().copied().chain(of_any_name).find(is_home) {
        return Sight::Another(home.payment);
    }
    let untold = same.iter().find(|p| !p.is_told);
    match (untold.or(same.first()), untold) {
        (Some(may_be), _) if !report.is_covered => return Sight::Waits(may_be.payment),
        (_, Some(untold)) => return Sight::Another(untold.payment),
        _ => {}
    }
    match unnamed_lines(report, alike, calendar).as_slice() {
        [] => same.first().map_or(Sight::New, |told| Sight::Another(told.payment)),
        [only] if only.is_free && (only.is_next || report.is_covered) => Sight::Another(only.payment),
        lines if report.is_covered && lines.iter().all(|line| !line.is_free) => Sight::Another(lines[0].payment),
        lines => Sight::Waits(lines[0].payment),
    }
}

/// What a report that waits may be another sight of; None where its own line is still to come. `taken`: what other reports of
/// the same teller are taken for.
pub fn may_be(
    report: &Report,
    alike: &[Alike],
    calendar: &WorkingCalendar,
    taken: &BTreeSet<PaymentId>,
) -> Option<PaymentId> {
    let untold = of_its_name(report, alike, calendar).into_iter().find(|p| !p.is_told && !taken.contains(&p.payment));
    untold.or_else(|| unnamed_lines(report, alike, calendar).first().copied()).map(|p| p.payment)
}

/// Whether money of its name is in the books that it may be another sight of: its teller has not told of that.
pub fn has_namesake(report: &Report, alike: &[Alike], calendar: &WorkingCalendar) -> bool {
    of_its_name(report, alike, calendar).iter().any(|p| !p.is_told)
}

/// Payments that it may give its name to.
pub fn may_name(report: &Report, alike: &[Alike], calendar: &WorkingCalendar) -> BTreeSet<PaymentId> {
    unnamed_lines(report, alike, calendar).into_iter().filter(|line| line.is_free).map(|line| line.payment).collect()
}

fn of_its_name<'a>(report: &Report, alike: &'a [Alike], calendar: &WorkingCalendar) -> Vec<&'a Alike> {
    let is_near = |p: &&Alike| calendar.within(p.paid_on, report.day, APART);
    alike.iter().filter(|p| p.intent == report.intent).filter(is_near).collect()
}

/// Money is on its way before it is booked: a line of an earlier day is none of the report's.
fn unnamed_lines<'a>(report: &Report, alike: &'a [Alike], calendar: &WorkingCalendar) -> Vec<&'a Alike> {
    let may_show = |day: Date| day >= report.day && calendar.within(report.day, day, APART);
    let unnamed = |p: &&Alike| report.intent.is_some() && p.intent.is_none() && !p.is_told;
    alike.iter().filter(unnamed).filter(|p| p.shown_on.is_some_and(may_show)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    fn on(day: i8) -> Date {
        date(2026, 11, day)
    }

    fn alike(n: u128, intent: Option<u128>, paid_on: i8, shown_on: Option<i8>) -> Alike {
        Alike {
            payment: Uuid::from_u128(n).into(),
            intent: intent.map(|i| Uuid::from_u128(i).into()),
            paid_on: on(paid_on),
            shown_on: shown_on.map(on),
            is_told: false,
            is_free: intent.is_none(),
            is_next: true,
        }
    }

    fn report(day: i8, intent: Option<u128>) -> Report {
        Report { day: on(day), intent: intent.map(|i| Uuid::from_u128(i).into()), is_covered: false }
    }

    fn is(report: Report, alike: &[Alike]) -> (Sight, Sight) {
        let covered = Report { is_covered: true, ..report };
        let calendar = WorkingCalendar::default();
        (sight(&report, alike, &calendar), sight(&covered, alike, &calendar))
    }

    fn another(n: u128) -> Sight {
        Sight::Another(Uuid::from_u128(n).into())
    }

    fn waits(n: u128) -> Sight {
        Sight::Waits(Uuid::from_u128(n).into())
    }

    #[test]
    fn a_line_of_the_reports_own_day_is_its_own_unless_its_teller_has_told_of_it() {
        let shown = alike(1, Some(7), 24, Some(24));
        assert_eq!(is(report(24, Some(7)), &[shown]), (another(1), another(1)));
        assert_eq!(is(report(25, Some(7)), &[shown]), (waits(1), another(1)));
        assert_eq!(is(report(24, Some(7)), &[alike(1, Some(7), 24, None)]), (waits(1), another(1)));
        let told = Alike { is_told: true, ..shown };
        assert_eq!(is(report(24, Some(7)), &[told]), (waits(1), another(1)));
        assert_eq!(is(report(24, Some(7)), &[told, alike(2, Some(7), 24, Some(24))]), (another(2), another(2)));
        assert_eq!(is(report(24, Some(8)), &[shown]), (Sight::New, Sight::New));
        assert_eq!(is(report(27, Some(7)), &[shown]), (Sight::New, Sight::New));
    }

    #[test]
    fn a_report_without_a_name_is_of_the_line_of_its_day_whoever_that_names() {
        assert_eq!(is(report(24, None), &[alike(1, Some(7), 24, Some(24))]), (another(1), another(1)));
        assert_eq!(is(report(24, None), &[alike(1, None, 24, Some(24))]), (another(1), another(1)));
        assert_eq!(is(report(24, None), &[alike(1, Some(7), 24, Some(25))]), (Sight::New, Sight::New));
        assert_eq!(is(report(24, None), &[alike(1, None, 24, Some(25))]), (waits(1), another(1)));
    }

    #[test]
    fn a_report_names_the_only_line_that_it_can_mean_and_never_one_of_two() {
        let named = report(24, Some(7));
        for day in [24, 25, 26] {
            assert_eq!(is(named, &[alike(1, None, 24, Some(day))]), (another(1), another(1)), "{day}");
        }
        // 2026-11-27 is a Friday
        for day in [23, 27] {
            assert_eq!(is(named, &[alike(1, None, 24, Some(day))]), (Sight::New, Sight::New), "{day}");
        }
        assert_eq!(is(named, &[alike(1, None, 24, None)]), (Sight::New, Sight::New));
        let two = [alike(1, None, 24, Some(24)), alike(2, None, 25, Some(25))];
        assert_eq!(is(named, &two), (waits(1), waits(1)));
        let early = Alike { is_next: false, ..two[1] };
        assert_eq!(
            is(report(24, Some(7)), &[early]),
            (waits(2), another(2)),
            "its own line may stand on a day that is not shown"
        );
        let told = Alike { is_told: true, ..two[0] };
        assert_eq!(is(named, &[told, two[1]]), (another(2), another(2)));
        let placed = Alike { is_free: false, ..two[0] };
        assert_eq!(is(named, &[placed]), (waits(1), another(1)));
        assert_eq!(is(named, &[placed, two[1]]), (waits(1), waits(1)));
    }

    #[test]
    fn a_second_report_of_one_teller_names_a_line_when_its_days_are_over() {
        let told = Alike { is_told: true, ..alike(1, Some(7), 24, Some(24)) };
        let line = alike(2, None, 25, Some(25));
        assert_eq!(is(report(24, Some(7)), &[told, line]), (waits(1), another(2)));
        assert_eq!(is(report(24, Some(7)), &[alike(1, Some(7), 24, Some(25)), line]), (waits(1), another(1)));
        let (calendar, none) = (WorkingCalendar::default(), BTreeSet::new());
        let of = |alike: &[Alike], taken: &BTreeSet<PaymentId>| may_be(&report(24, Some(7)), alike, &calendar, taken);
        let untold = Alike { is_told: false, ..told };
        assert_eq!(of(&[untold], &none), Some(told.payment));
        assert_eq!((of(&[untold], &BTreeSet::from([told.payment])), of(&[told], &none)), (None, None));
        assert_eq!(of(&[told, line], &none), Some(line.payment));
    }
}
