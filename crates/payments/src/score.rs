//! The rows of `online-payment-score`: the score of the whole, what is left out of it and why, and the same by agency, by
//! procedure and by month. Each row of a month is by the rule and the list in force at its end, all others by those at the
//! end of the period.

use crate::report::Row;
use domain::ScoreImportId;
use domain::report::Period;
use domain::score::{self, Dossiers, FeeProcedures, Hundredths, Imported, Listed, Part, Ratio, Rule, Tally, Target};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use storage::reports::{Cell, Query};
use storage::{StorageError, Tx};

/// All that is counted, read at one instant.
pub struct Facts {
    rules: Vec<Rule>,
    books: Vec<Dossiers>,
    imported: Vec<Imported>,
    months: Vec<Month>,
    /// What the lists in force at the ends of the months say of all that is asked about.
    lists: BTreeMap<ScoreImportId, FeeProcedures>,
    /// The list in force at the end of the period, line by line.
    listed: Vec<Listed>,
}

/// A month that the period touches.
struct Month {
    first: Date,
    /// The last day that the period has of it.
    end: Date,
    list: Option<ScoreImportId>,
}

/// What a row is about, where it is not the whole.
#[derive(Default)]
struct About<'a> {
    month: Option<Date>,
    agency: Option<&'a str>,
    procedure: Option<&'a str>,
}

/// What is counted for a row.
#[derive(Default)]
struct Counted<'a> {
    books: Vec<&'a Dossiers>,
    imported: Vec<&'a Imported>,
}

impl Counted<'_> {
    fn tally(&self, rule: &Rule, list: Option<&FeeProcedures>) -> Tally {
        Tally::of(rule, self.books.iter().copied(), self.imported.iter().copied(), list)
    }
}

/// Reads what the rows of a query are reckoned from.
pub async fn facts(tx: &Tx, query: &Query) -> Result<Facts, StorageError> {
    let agencies = agencies(tx, query).await?;
    let agencies = agencies.as_deref();
    let (mut months, mut lists) = (Vec::new(), BTreeMap::new());
    for (first, end) in months_of(query.period) {
        let list = storage::score::list_in_force(tx, end).await?;
        if let Some(Entry::Vacant(unread)) = list.map(|list| lists.entry(list)) {
            let list = *unread.key();
            unread.insert(storage::score::fee_procedures(tx, list, agencies).await?);
        }
        months.push(Month { first, end, list });
    }
    let listed = match months.last().and_then(|month| month.list) {
        Some(list) => storage::score::listed(tx, list, agencies).await?,
        None => Vec::new(),
    };
    Ok(Facts {
        rules: storage::score::rules_until(tx, query.period.to()).await?,
        books: storage::score::books(tx, query.period, agencies).await?,
        imported: storage::score::counted(tx, query.period, agencies).await?,
        months,
        lists,
        listed,
    })
}

/// Those that the query asks about; None: all.
async fn agencies(tx: &Tx, query: &Query) -> Result<Option<Vec<String>>, StorageError> {
    let theirs = match &query.beneficiaries {
        Some(beneficiaries) => Some(storage::score::agencies(tx, beneficiaries).await?),
        None => None,
    };
    Ok(match (theirs, &query.agency) {
        (theirs, None) => theirs,
        (Some(theirs), Some(asked)) => Some(theirs.into_iter().filter(|agency| agency == asked).collect()),
        (None, Some(asked)) => Some(vec![asked.clone()]),
    })
}

/// All rows: as many as there are agencies, procedures and months, not as many as there are dossiers.
pub fn rows(facts: &Facts) -> Result<Vec<Row>, StorageError> {
    let last = facts.months.last().ok_or_else(|| StorageError::Unreadable("a period without a month".to_owned()))?;
    let (rule, list) = (facts.rule(last.end)?, facts.list(last));
    let mut rows = Vec::new();
    let whole = Tally::of(rule, &facts.books, &facts.imported, list);
    rows.extend(scored("whole", rule, &whole, &About::default()));
    rows.extend(whole.excluded.iter().map(|(why, number)| excluded(why.as_str(), *number)));
    let of_agencies = facts.lists_of_agencies();
    let none = FeeProcedures::default();
    for (agency, counted) in facts.by_agency() {
        // a list in force that says nothing of an agency says that it has no procedure
        let own = list.map(|_| of_agencies.get(agency).unwrap_or(&none));
        let about = About { agency: Some(agency), ..About::default() };
        rows.extend(scored("agency", rule, &counted.tally(rule, own), &about));
    }
    for (procedure, counted) in facts.by(|d| d.procedure.as_deref(), |i| i.procedure.as_deref()) {
        rows.push(of_procedure(&counted.tally(rule, None), procedure));
    }
    let mut by_month = facts.by(|d| Some(d.month), |i| Some(i.month));
    for month in &facts.months {
        let (rule, counted) = (facts.rule(month.end)?, by_month.remove(&month.first).unwrap_or_default());
        let about = About { month: Some(month.first), ..About::default() };
        rows.extend(scored("month", rule, &counted.tally(rule, facts.list(month)), &about));
    }
    Ok(rows)
}

impl Facts {
    /// The rule in force on a day: of those that hold from it or an earlier day the last, as they are sorted.
    fn rule(&self, on: Date) -> Result<&Rule, StorageError> {
        let in_force = self.rules.iter().rfind(|rule| rule.valid_from <= on);
        in_force.or(self.rules.first()).ok_or_else(|| StorageError::Unreadable("no rule of the score".to_owned()))
    }

    fn list(&self, month: &Month) -> Option<&FeeProcedures> {
        month.list.and_then(|list| self.lists.get(&list))
    }

    fn lists_of_agencies(&self) -> BTreeMap<&str, FeeProcedures> {
        let mut lists: BTreeMap<&str, FeeProcedures> = BTreeMap::new();
        for line in self.listed.iter().filter(|line| line.has_fee) {
            lists.entry(&line.agency).or_default().add(&line.procedure, line.is_provided);
        }
        lists
    }

    /// Those too of which nothing but the list speaks.
    fn by_agency(&self) -> BTreeMap<&str, Counted<'_>> {
        let mut agencies = self.by(|d| Some(d.agency.as_str()), |i| Some(i.agency.as_str()));
        for line in &self.listed {
            agencies.entry(&line.agency).or_default();
        }
        agencies
    }

    fn by<'a, K: Ord>(
        &'a self,
        of_books: impl Fn(&'a Dossiers) -> Option<K>,
        of_imported: impl Fn(&'a Imported) -> Option<K>,
    ) -> BTreeMap<K, Counted<'a>> {
        let mut groups: BTreeMap<K, Counted<'a>> = BTreeMap::new();
        for alike in &self.books {
            if let Some(key) = of_books(alike) {
                groups.entry(key).or_default().books.push(alike);
            }
        }
        for line in &self.imported {
            if let Some(key) = of_imported(line) {
                groups.entry(key).or_default().imported.push(line);
            }
        }
        groups
    }
}

/// The first days of the months that the period touches, and the last of each that it has.
fn months_of(period: Period) -> Vec<(Date, Date)> {
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
fn of_procedure(tally: &Tally, procedure: &str) -> Row {
    let part = Part::DossiersPaidOnline;
    let about = About { procedure: Some(procedure), ..About::default() };
    row("procedure", &about, part.as_str(), Some((tally.ratio(part), None)), None, None, Some(source(tally)))
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
        assert_eq!(months_of(period), expected);
    }
}
