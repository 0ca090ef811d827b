//! The rows of `online-payment-score`: the score of the whole, what is left out of it and why, and the same by agency, by
//! procedure and by month. Each row of a month is by the rule and the list in force at its end, all others by those at the
//! end of the period.

use crate::report::Row;
use domain::report::Period;
use domain::score::{self, Dossiers, Hundredths, Imported, Listed, Part, Ratio, Rule, Tally, Target};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeSet;
use storage::reports::{Cell, Query};
use storage::{StorageError, Tx};

/// All that is counted, read at one instant.
struct Facts {
    rules: Vec<Rule>,
    books: Vec<Dossiers>,
    imported: Vec<Imported>,
    agencies: Option<Vec<String>>,
}

/// What a row is about, where it is not the whole.
#[derive(Default)]
struct About<'a> {
    month: Option<Date>,
    agency: Option<&'a str>,
    procedure: Option<&'a str>,
}

impl About<'_> {
    fn is_of(&self, month: Date, agency: &str, procedure: Option<&str>) -> bool {
        self.month.is_none_or(|asked| asked == month)
            && self.agency.is_none_or(|asked| asked == agency)
            && self.procedure.is_none_or(|asked| procedure == Some(asked))
    }
}

/// All rows: as many as there are agencies, procedures and months, not as many as there are dossiers.
pub async fn rows(tx: &Tx, query: &Query) -> Result<Vec<Row>, StorageError> {
    let (facts, to) = (facts(tx, query).await?, query.period.to());
    let agencies = facts.agencies.as_deref();
    let list = storage::score::listed(tx, to, agencies).await?;
    let rule = facts.rule(to)?;
    let mut rows = Vec::new();
    let whole = facts.tally(rule, &list, &About::default());
    rows.extend(scored("whole", rule, &whole, &About::default()));
    rows.extend(whole.excluded.iter().map(|(why, number)| excluded(why.as_str(), *number)));
    for agency in facts.agencies_of(&list) {
        let about = About { agency: Some(agency), ..About::default() };
        rows.extend(scored("agency", rule, &facts.tally(rule, &list, &about), &about));
    }
    for procedure in facts.procedures() {
        let about = About { procedure: Some(procedure), ..About::default() };
        rows.push(of_procedure(&facts.tally(rule, &list, &about), &about));
    }
    for (month, end) in months(query.period) {
        let list = storage::score::listed(tx, end, agencies).await?;
        let about = About { month: Some(month), ..About::default() };
        let rule = facts.rule(end)?;
        rows.extend(scored("month", rule, &facts.tally(rule, &list, &about), &about));
    }
    Ok(rows)
}

async fn facts(tx: &Tx, query: &Query) -> Result<Facts, StorageError> {
    let theirs = match &query.beneficiaries {
        Some(beneficiaries) => Some(storage::score::agencies(tx, beneficiaries).await?),
        None => None,
    };
    let agencies = match (theirs, &query.agency) {
        (theirs, None) => theirs,
        (Some(theirs), Some(asked)) => Some(theirs.into_iter().filter(|agency| agency == asked).collect()),
        (None, Some(asked)) => Some(vec![asked.clone()]),
    };
    let rules = storage::score::rules(tx).await?.into_iter().map(|set| set.rule).collect();
    let books = storage::score::books(tx, query.period, agencies.as_deref()).await?;
    let imported = storage::score::counted(tx, query.period, agencies.as_deref()).await?;
    Ok(Facts { rules, books, imported, agencies })
}

impl Facts {
    /// The rule in force on a day: of those that hold from it or an earlier day the last, as they are sorted.
    fn rule(&self, on: Date) -> Result<&Rule, StorageError> {
        let in_force = self.rules.iter().rfind(|rule| rule.valid_from <= on);
        in_force.or(self.rules.first()).ok_or_else(|| StorageError::Unreadable("no rule of the score".to_owned()))
    }

    fn tally(&self, rule: &Rule, list: &[Listed], about: &About<'_>) -> Tally {
        let books = self.books.iter().filter(|d| about.is_of(d.month, &d.agency, d.procedure.as_deref()));
        let imported = self.imported.iter().filter(|i| about.is_of(i.month, &i.agency, i.procedure.as_deref()));
        let listed = list.iter().filter(|l| about.agency.is_none_or(|asked| asked == l.agency));
        Tally::of(rule, books, imported, (listed, !list.is_empty()))
    }

    fn agencies_of<'a>(&'a self, list: &'a [Listed]) -> BTreeSet<&'a str> {
        let books = self.books.iter().map(|d| d.agency.as_str());
        let imported = self.imported.iter().map(|i| i.agency.as_str());
        books.chain(imported).chain(list.iter().map(|l| l.agency.as_str())).collect()
    }

    fn procedures(&self) -> BTreeSet<&str> {
        let books = self.books.iter().filter_map(|d| d.procedure.as_deref());
        books.chain(self.imported.iter().filter_map(|i| i.procedure.as_deref())).collect()
    }
}

/// The first days of the months that the period touches, and the last of each that it has.
fn months(period: Period) -> Vec<(Date, Date)> {
    let firsts = period.from().first_of_month().series(1.month()).take_while(|first| *first <= period.to());
    firsts.map(|first| (first, first.last_of_month().min(period.to()))).collect()
}

/// A row for each part, and one for the total.
fn scored(section: &str, rule: &Rule, tally: &Tally, about: &About<'_>) -> Vec<Row> {
    let score = score::score(rule, |part| tally.ratio(part));
    let part = |s: &score::Scored| {
        let source = (s.part == Part::DossiersPaidOnline).then(|| source(tally));
        row(
            section,
            about,
            s.part.as_str(),
            Some((s.ratio, Some(s.target))),
            s.points,
            Some(u32::from(s.target.maximum)),
            source,
        )
    };
    let mut rows: Vec<Row> = score.parts.iter().map(part).collect();
    rows.push(row(section, about, "total", None, Some(score.total), Some(score.maximum), None));
    rows
}

/// A procedure has no score of its own: only how many of its dossiers are paid online.
fn of_procedure(tally: &Tally, about: &About<'_>) -> Row {
    let part = Part::DossiersPaidOnline;
    row("procedure", about, part.as_str(), Some((tally.ratio(part), None)), None, None, Some(source(tally)))
}

/// Who counted the dossiers that owe.
const fn source(tally: &Tally) -> &'static str {
    if tally.imported == 0 {
        "books"
    } else if tally.imported == tally.owing {
        "imported"
    } else {
        "mixed"
    }
}

fn text(text: Option<&str>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()))
}

fn number(number: Option<u32>) -> Cell {
    number.map_or(Cell::Empty, |number| Cell::Number(i64::from(number)))
}

fn hundredths(value: Option<Hundredths>) -> Cell {
    value.map_or(Cell::Empty, Cell::Hundredths)
}

fn row(
    section: &str,
    about: &About<'_>,
    part: &str,
    ratio: Option<(Ratio, Option<Target>)>,
    points: Option<Hundredths>,
    maximum: Option<u32>,
    source: Option<&str>,
) -> Row {
    vec![
        text(Some(section)),
        about.month.map_or(Cell::Empty, Cell::Date),
        text(about.agency),
        text(about.procedure),
        text(Some(part)),
        number(ratio.map(|(ratio, _)| ratio.numerator)),
        number(ratio.map(|(ratio, _)| ratio.denominator)),
        hundredths(ratio.and_then(|(ratio, _)| ratio.percent())),
        number(ratio.and_then(|(_, target)| target).map(|target| u32::from(target.percent))),
        hundredths(points),
        number(maximum),
        text(source),
        Cell::Empty,
        Cell::Empty,
    ]
}

fn excluded(why: &str, count: u32) -> Row {
    let mut row = vec![Cell::Empty; 14];
    row[0] = text(Some("excluded"));
    row[12] = text(Some(why));
    row[13] = number(Some(count));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn months_are_those_that_a_period_touches_each_to_its_last_day_there() {
        let period = Period::new(date(2026, 1, 15), date(2026, 3, 10)).expect("a period");
        let expected = [
            (date(2026, 1, 1), date(2026, 1, 31)),
            (date(2026, 2, 1), date(2026, 2, 28)),
            (date(2026, 3, 1), date(2026, 3, 10)),
        ];
        assert_eq!(months(period), expected);
    }
}
