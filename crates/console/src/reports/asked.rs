//! What a report is asked for: its days, an agency, a channel. Unasked it is of this month, the score of this year.

use crate::staff::Staff;
use domain::report::{Per, Period, Report};
use jiff::civil::Date;
use serde::Deserialize;
use storage::reports::Query;

/// Longer than any code.
const LETTERS: usize = 64;

#[derive(Deserialize, Default, Clone)]
pub(crate) struct Asked {
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub agency: String,
    #[serde(default)]
    pub channel: String,
    #[serde(default)]
    pub per: String,
    #[serde(default)]
    pub format: String,
}

/// A word that may be chosen.
pub(crate) struct Choice {
    pub word: String,
    pub name: String,
    pub chosen: bool,
}

impl Asked {
    pub fn of(wanted: &Query) -> Self {
        let from = wanted.period.from();
        Self {
            from: if from.year() == 1970 { String::new() } else { from.to_string() },
            to: wanted.period.to().to_string(),
            agency: wanted.agency.clone().unwrap_or_default(),
            channel: wanted.channel.clone().unwrap_or_default(),
            per: if wanted.per == Per::Day { "day".to_owned() } else { String::new() },
            format: String::new(),
        }
    }

    pub fn format(&self) -> Option<&str> {
        Some(self.format.as_str()).filter(|format| !format.is_empty())
    }

    /// As it stands in an address.
    pub fn query(&self) -> String {
        let fields = [
            ("from", &self.from),
            ("to", &self.to),
            ("agency", &self.agency),
            ("channel", &self.channel),
            ("per", &self.per),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    /// What is asked for, of the money that the person sees; or why it cannot be.
    pub fn read(&self, report: Report, staff: &Staff, today: Date) -> Result<Query, String> {
        Ok(Query {
            report,
            period: self.period(report, today)?,
            agency: code(&self.agency)?,
            // what is online is said by the rule of the score
            channel: code(&self.channel)?.filter(|_| report != Report::OnlinePaymentScore),
            beneficiaries: staff.sees(),
            per: if report == Report::Collections && self.per == "day" { Per::Day } else { Per::Period },
        })
    }

    fn period(&self, report: Report, today: Date) -> Result<Period, String> {
        let (from, to) = (date(&self.from)?, date(&self.to)?.unwrap_or(today));
        let first = match report {
            Report::Suspense if from.is_none() => return Ok(Period::until(to)),
            Report::OnlinePaymentScore => to.first_of_year(),
            _ => to.first_of_month(),
        };
        Period::new(from.unwrap_or(first), to)
            .map_err(|_| "Ngày đầu phải trước ngày cuối, và nhiều nhất 366 ngày.".to_owned())
    }
}

fn date(text: &str) -> Result<Option<Date>, String> {
    let read = || {
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.filter(|date| (1971..=9998).contains(&date.year())).ok_or_else(|| "Ngày không đúng.".to_owned())
    };
    if text.is_empty() { Ok(None) } else { read().map(Some) }
}

fn code(text: &str) -> Result<Option<String>, String> {
    if text.chars().count() > LETTERS || text.chars().any(char::is_control) {
        return Err("Cơ quan hoặc kênh không đúng.".to_owned());
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn unasked_a_report_is_of_this_month_what_waits_is_of_all_days_and_the_score_of_this_year() {
        let today = date(2026, 11, 27);
        let days = |report| Asked::default().period(report, today).map(|p| (p.from(), p.to()));
        assert_eq!(days(Report::Collections), Ok((date(2026, 11, 1), today)));
        assert_eq!(days(Report::OnlinePaymentScore), Ok((date(2026, 1, 1), today)));
        assert_eq!(days(Report::Suspense), Ok((date(1970, 1, 1), today)));
    }

    #[test]
    fn days_that_are_none_or_too_many_are_refused() {
        let today = date(2026, 11, 27);
        for (from, to) in
            [("2026-11-30", "2026-11-01"), ("2025-01-01", "2026-11-27"), ("27/11/2026", ""), ("", "0001-01-01")]
        {
            let asked = Asked { from: from.to_owned(), to: to.to_owned(), ..Asked::default() };
            assert!(asked.period(Report::Transactions, today).is_err(), "{from} {to}");
        }
        assert!(code(&"x".repeat(65)).is_err() && code("a\nb").is_err());
    }
}
