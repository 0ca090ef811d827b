//! What another rule of matching would make of lines that are in the books: the rules are played over them as they are in force
//! and as they would be, and every line of which they say otherwise is told. In a transaction that can only read.
//!
//! | what may be tried | in force |
//! |---|---|
//! | worked days between two sights of one transfer | two, for everybody (`domain::matching::APART`) |
//! | tellers and formats that number for themselves | the account's `own_numbering` |
//! | days off, days worked | the calendar |
//!
//! Amounts are always equal: there is no tolerance to be tried. Both plays take what is known now, as if statements showed all
//! days; a line that was decided on less, or by people, may stand otherwise than either.

use crate::considered::{around, open, told};
use crate::context::Context;
use crate::match_movements::batch::{by_code, only_named};
use domain::bank_reference::BankReference;
use domain::business_day::WorkingCalendar;
use domain::codes::AccountCode;
use domain::matching::{self, Claim, OpenCredit, Told, Window};
use domain::{IntentId, Vnd};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use storage::account_money::{self, NamedIntent};
use storage::considered::{self, Asked, Credit, Known, Named};
use storage::{Pool, StorageError, Tx, beneficiaries, receiving_accounts};

/// Days of one try.
pub const DAYS: i32 = 31;
/// Lines of one try, those of the days around included.
pub const LINES: i64 = 10_000;
/// Lines, or reports, of one amount of which it can be said that a pair is the only one, as in a batch of the matching itself.
const PAIRED: usize = 500;
/// Worked days that may be tried.
pub const APART_AT_MOST: u32 = 10;
/// Days of the calendar that may be changed.
pub const CALENDAR_DAYS: usize = 31;

/// What is tried; what is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub days_apart: Option<u32>,
    pub own_numbering: Option<Vec<String>>,
    pub days_off: Vec<Date>,
    pub days_worked: Vec<Date>,
}

#[derive(Debug, Clone)]
pub struct Rehearsal {
    pub account: AccountCode,
    pub from: Date,
    pub to: Date,
    pub change: Change,
}

#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("there is no such account")]
    AccountAbsent,
    #[error("nothing is changed")]
    NothingChanged,
    #[error("a try is of {DAYS} days at most, the first before the last")]
    Days,
    #[error("at most {APART_AT_MOST} worked days")]
    Apart,
    #[error("at most {CALENDAR_DAYS} days of the calendar")]
    Calendar,
    #[error("more than {LINES} lines in these days: take fewer")]
    TooMany,
}

/// A line that would be something else.
#[derive(Debug, Clone)]
pub struct Otherwise {
    pub line: Credit,
    /// By the rules in force.
    pub now: Claim,
    /// By those that are tried.
    pub then: Claim,
}

#[derive(Debug, Clone)]
pub struct Outcome {
    /// Lines of these days.
    pub lines: usize,
    /// Those of them that the books have as the rules in force say.
    pub as_kept: usize,
    pub otherwise: Vec<Otherwise>,
}

impl Rehearsal {
    /// Whether it may be tried at all.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self) -> Result<(), RehearseError> {
        let days = (self.to - self.from).get_days();
        if !(0..DAYS).contains(&days) {
            return Err(RehearseError::Days);
        }
        if self.change == Change::default() {
            return Err(RehearseError::NothingChanged);
        }
        if self.change.days_apart.is_some_and(|days| days > APART_AT_MOST) {
            return Err(RehearseError::Apart);
        }
        if self.change.days_off.len() + self.change.days_worked.len() > CALENDAR_DAYS {
            return Err(RehearseError::Calendar);
        }
        Ok(())
    }
}

/// Plays both and compares.
pub async fn rehearse(ctx: &Context, wanted: &Rehearsal) -> Result<Outcome, RehearseError> {
    rehearse_in(&ctx.pool, wanted).await
}

/// The same for who has no more than the database.
pub async fn rehearse_in(pool: &Pool, wanted: &Rehearsal) -> Result<Outcome, RehearseError> {
    wanted.check()?;
    let tx = pool.tx().await?;
    let outcome = played(&tx, wanted).await;
    tx.close(outcome).await
}

/// What the rules rest on.
struct Rules {
    calendar: WorkingCalendar,
    apart: u32,
    own_numbering: Vec<String>,
}

impl Rules {
    fn changed(&self, change: &Change) -> Self {
        let mut calendar = self.calendar.clone();
        for day in &change.days_off {
            calendar.worked_saturdays.remove(day);
            calendar.holidays.insert(*day);
        }
        for day in &change.days_worked {
            calendar.holidays.remove(day);
            calendar.worked_saturdays.insert(*day);
        }
        Self {
            calendar,
            apart: change.days_apart.unwrap_or(self.apart),
            own_numbering: change.own_numbering.clone().unwrap_or_else(|| self.own_numbering.clone()),
        }
    }

    const fn window(&self) -> Window<'_> {
        Window { calendar: &self.calendar, apart: self.apart }
    }

    fn read(&self, named: &Named) -> BankReference {
        let by = family(&named.by);
        if by.is_empty() {
            return named.reference.clone();
        }
        let own = self.own_numbering.iter().find(|own| *own == by);
        named.reference.of_numbering(own.map(String::as_str))
    }
}

/// A teller's own name, or that of the family of a format.
fn family(by: &str) -> &str {
    ["camt", "csv"].into_iter().find(|family| by.starts_with(family)).unwrap_or(by)
}

async fn played(tx: &Tx, wanted: &Rehearsal) -> Result<Outcome, RehearseError> {
    // the database refuses whatever would write
    tx.begin_reading().await?;
    let account = receiving_accounts::all(tx, Some(wanted.account.as_str())).await?.pop();
    let account = account.ok_or(RehearseError::AccountAbsent)?;
    let calendar = beneficiaries::calendar(tx).await?;
    let now = Rules { calendar, apart: matching::APART, own_numbering: account.own_numbering };
    let then = now.changed(&wanted.change);
    let (lines, known) = read(tx, wanted, &now, &then).await?;
    let intents = named(tx, &wanted.account, &lines).await?;
    // a month of a busy account takes a processor for seconds: not one that answers payers meanwhile
    let both = move || {
        let plays = [&now, &then].map(|rules| play(&lines, &known, &intents, rules));
        (lines, plays)
    };
    let both = tokio::task::spawn_blocking(both).await;
    let (lines, [by_now, by_then]) = both.map_err(|e| StorageError::Unavailable(e.to_string()))?;
    let mut outcome = Outcome { lines: 0, as_kept: 0, otherwise: Vec::new() };
    for (line, (now, then)) in lines.into_iter().zip(by_now.into_iter().zip(by_then)) {
        if !(wanted.from..=wanted.to).contains(&line.booking_date) {
            continue;
        }
        outcome.lines += 1;
        outcome.as_kept += usize::from(what(line.kept()) == what(now));
        if what(now) != what(then) {
            outcome.otherwise.push(Otherwise { line, now, then });
        }
    }
    Ok(outcome)
}

fn what(claim: Claim) -> Option<matching::What> {
    claim.map(|(what, _)| what)
}

/// The lines of the days and those that may be what these may be; and all that was told of around them.
async fn read(
    tx: &Tx,
    wanted: &Rehearsal,
    now: &Rules,
    then: &Rules,
) -> Result<(Vec<Credit>, Vec<Known>), RehearseError> {
    let wider = |days: (Date, Date)| {
        let reach = |rules: &Rules| around(&rules.calendar, days, rules.apart);
        let (one, other) = (reach(now), reach(then));
        (one.0.min(other.0), one.1.max(other.1))
    };
    let told_of = wider((wanted.from, wanted.to));
    let lines = considered::credits(tx, &wanted.account, wider(told_of), LINES + 1).await?;
    let asked = Asked { account: &wanted.account, days: told_of, amounts: None, intents: Vec::new(), payment: None };
    let known = considered::told(tx, &asked, LINES + 1).await?;
    let is_much = |count: usize| i64::try_from(count).is_ok_and(|count| count > LINES);
    if is_much(lines.len()) || is_much(known.len()) {
        return Err(RehearseError::TooMany);
    }
    Ok((lines, known))
}

/// The one intent that each line names.
async fn named(tx: &Tx, account: &AccountCode, lines: &[Credit]) -> Result<Vec<Option<IntentId>>, StorageError> {
    let codes: BTreeSet<&str> = lines.iter().flat_map(|line| &line.codes).map(String::as_str).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let known: Vec<NamedIntent> = account_money::intents_named(tx, &codes, account).await?;
    let by_code = by_code(&known);
    Ok(lines.iter().map(|line| only_named(&line.codes, &by_code).map(|named| named.id)).collect())
}

/// Lines of one amount with their places, and what was told of in it.
#[derive(Default)]
struct OfAmount {
    places: Vec<usize>,
    open: Vec<OpenCredit>,
    told: Vec<Told>,
}

/// What the rules say of each line. Only equal amounts are compared, so each amount is played alone.
fn play(lines: &[Credit], known: &[Known], intents: &[Option<IntentId>], rules: &Rules) -> Vec<Claim> {
    let mut by_amount: BTreeMap<Vnd, OfAmount> = BTreeMap::new();
    for (at, (line, intent)) in lines.iter().zip(intents).enumerate() {
        let of = by_amount.entry(line.amount).or_default();
        of.places.push(at);
        of.open.push(open(line, *intent, |named| rules.read(named)));
    }
    for one in known {
        if let Some(of) = by_amount.get_mut(&one.amount) {
            of.told.push(told(one, |named| rules.read(named)));
        }
    }
    let mut claims: Vec<Claim> = vec![None; lines.len()];
    for OfAmount { places, open, told } in by_amount.into_values() {
        let is_crowd = open.len() > PAIRED || told.len() > PAIRED;
        let partly: BTreeSet<Vnd> = open.iter().map(|credit| credit.amount).filter(|_| is_crowd).collect();
        let decided = matching::decide_within(&open, &told, &rules.window(), &partly);
        for (at, claim) in places.into_iter().zip(decided) {
            claims[at] = claim;
        }
    }
    claims
}
