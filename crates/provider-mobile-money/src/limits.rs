//! Legal limits with the days on which they hold: what one customer may pay in a month at one provider. What a customer has
//! paid already only the provider knows; an order above the whole limit can never go through, and is refused here.

use domain::Vnd;
use domain::business_day::HANOI;
use jiff::Timestamp;
use jiff::civil::Date;

/// Which entry is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLimit {
    #[error("a limit is FROM:AMOUNT or FROM/TO:AMOUNT, days as YYYY-MM-DD, not {0}")]
    Form(String),
    #[error("two limits hold on {0}")]
    Overlap(Date),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    from: Date,
    /// The last day; None where it holds until another law.
    to: Option<Date>,
    amount: Vnd,
}

/// By first day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// # Errors
    /// When an entry is ill-formed, or two hold on one day.
    pub fn read(entries: &[String]) -> Result<Self, BadLimit> {
        let mut limits = entries
            .iter()
            .map(|e| Limit::read(e).ok_or_else(|| BadLimit::Form(e.clone())))
            .collect::<Result<Vec<_>, _>>()?;
        limits.sort_by_key(|l| l.from);
        for pair in limits.windows(2) {
            if pair[0].to.is_none_or(|to| to >= pair[1].from) {
                return Err(BadLimit::Overlap(pair[1].from));
            }
        }
        Ok(Self(limits))
    }

    /// What holds on the day of that moment in Hanoi; None where no entry does.
    pub fn at(&self, now: Timestamp) -> Option<Vnd> {
        let day = HANOI.to_datetime(now).date();
        self.0.iter().find(|l| l.from <= day && l.to.is_none_or(|to| day <= to)).map(|l| l.amount)
    }

    /// The youngest entry: what holds unless another day is asked about.
    pub fn youngest(&self) -> Option<Vnd> {
        self.0.last().map(|l| l.amount)
    }
}

impl Limit {
    fn read(text: &str) -> Option<Self> {
        let (days, amount) = text.split_once(':')?;
        let (from, to) = match days.split_once('/') {
            Some((from, to)) => (from, Some(to.parse().ok()?)),
            None => (days, None),
        };
        let from: Date = from.parse().ok()?;
        let amount = amount.bytes().all(|b| b.is_ascii_digit()).then(|| amount.parse().ok()).flatten()?;
        let amount = Vnd::amount(amount).ok().filter(|a| a.is_positive())?;
        to.is_none_or(|to| from <= to).then_some(Self { from, to, amount })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(entries: &[&str]) -> Result<Limits, BadLimit> {
        Limits::read(&entries.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_limit_of_a_moment_is_that_of_its_day_in_hanoi() {
        let both = limits(&["2026-01-01:100000000", "2021-03-09/2025-12-31:10000000"]).expect("good entries");
        let at = |text: &str| both.at(text.parse().expect("an instant")).map(Vnd::dong);
        assert_eq!(at("2021-03-08T16:59:59Z"), None);
        assert_eq!(at("2025-12-31T16:59:59Z"), Some(10_000_000));
        assert_eq!(at("2025-12-31T17:00:00Z"), Some(100_000_000), "already the new year in Hanoi");
        assert_eq!(at("2031-07-01T00:00:00Z"), Some(100_000_000));
        assert_eq!(both.youngest().map(Vnd::dong), Some(100_000_000));
    }

    #[test]
    fn ill_entries_and_two_for_one_day_are_refused() {
        for ill in [
            "",
            "2026-01-01",
            "2026-01-01:",
            "2026-13-01:5",
            "2026-01-01:-5",
            "2026-01-01:0",
            "x:1",
            "2026-02-01/2026-01-01:5",
            "2026-01-01:1.5",
        ] {
            assert_eq!(limits(&[ill]), Err(BadLimit::Form(ill.to_owned())), "{ill}");
        }
        let day = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(limits(&["2026-01-01:5", "2027-01-01:6"]), Err(BadLimit::Overlap(day("2027-01-01"))));
        assert_eq!(limits(&["2026-01-01/2027-01-01:5", "2027-01-01:6"]), Err(BadLimit::Overlap(day("2027-01-01"))));
    }
}
