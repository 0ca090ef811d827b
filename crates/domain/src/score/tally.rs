//! What is counted: our own books say which dossiers owe and which channels paid them; imports say how many dossiers owe, where
//! other systems count them too, and which procedures there are. An import of a month and an agency stands in place of our
//! own count of those that owe; who paid online is always what our books say.

use super::{Denominator, Excluded, Part, Ratio, Rule};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What the books say of a dossier's debts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Owes,
    Exempt,
    Cancelled,
    /// Of no dossier at all.
    NoDossier,
}

/// Dossiers of the books that are alike, by the month of their first debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossiers {
    /// Its first day.
    pub month: Date,
    pub agency: String,
    pub procedure: Option<String>,
    pub whose: Whose,
    /// Whose money is in their debts.
    pub channels: Vec<String>,
    pub number: u32,
}

/// A line of an imported count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub month: Date,
    pub agency: String,
    pub procedure: Option<String>,
    pub with_obligation: u32,
    pub exempt: u32,
}

/// A procedure of an agency, as the list in force has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub agency: String,
    pub procedure: String,
    pub has_fee: bool,
    pub is_provided: bool,
}

/// The procedures with a fee that a list in force names, and whether each is provided online. A procedure counts once, whichever
/// agencies have it, and is provided where one of them provides it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeProcedures(BTreeMap<String, bool>);

impl FeeProcedures {
    pub fn add(&mut self, procedure: &str, is_provided: bool) {
        match self.0.get_mut(procedure) {
            Some(provided) => *provided |= is_provided,
            None => drop(self.0.insert(procedure.to_owned(), is_provided)),
        }
    }

    fn number(&self, is_provided: bool) -> u32 {
        u32::try_from(self.0.values().filter(|provided| **provided == is_provided).count()).unwrap_or(u32::MAX)
    }
}

impl<'a> FromIterator<&'a Listed> for FeeProcedures {
    fn from_iter<I: IntoIterator<Item = &'a Listed>>(listed: I) -> Self {
        let mut procedures = Self::default();
        for one in listed.into_iter().filter(|one| one.has_fee) {
            procedures.add(&one.procedure, one.is_provided);
        }
        procedures
    }
}

/// The counts of a province, an agency, a procedure or a month.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    pub paid_online: u32,
    pub owing: u32,
    /// Of those that owe: how many are another system's count.
    pub imported: u32,
    used: BTreeSet<String>,
    with_dossiers: BTreeSet<String>,
    fee_procedures: u32,
    provided: u32,
    used_of: Option<Denominator>,
    pub excluded: BTreeMap<Excluded, u32>,
}

impl Tally {
    /// All of them count: whoever asks for a part gives that part of each. A list in force says what procedures with a fee there
    /// are, be it none; None where no list is.
    pub fn of<'a>(
        rule: &Rule,
        books: impl IntoIterator<Item = &'a Dossiers>,
        imported: impl IntoIterator<Item = &'a Imported>,
        list: Option<&FeeProcedures>,
    ) -> Self {
        let mut tally = Self { used_of: Some(rule.used_of), ..Self::default() };
        let mut counted = BTreeSet::new();
        for line in imported {
            counted.insert((line.month, line.agency.as_str()));
            tally.count_imported(rule, line);
        }
        for alike in books {
            let is_counted = counted.contains(&(alike.month, alike.agency.as_str()));
            tally.count_ours(rule, alike, is_counted);
        }
        if let Some(list) = list {
            tally.keep_to(list);
        }
        tally.excluded.retain(|_, number| *number > 0);
        tally
    }

    pub fn ratio(&self, part: Part) -> Ratio {
        let number = |set: &BTreeSet<String>| u32::try_from(set.len()).unwrap_or(u32::MAX);
        let (numerator, denominator) = match (part, self.used_of) {
            (Part::DossiersPaidOnline, _) => (self.paid_online, self.owing),
            (Part::ProceduresWithOnlinePayment, Some(Denominator::All)) => (number(&self.used), self.fee_procedures),
            (Part::ProceduresWithOnlinePayment, _) => (number(&self.used), number(&self.with_dossiers)),
            (Part::ProceduresProvided, _) => (self.provided, self.fee_procedures),
        };
        Ratio { numerator, denominator }
    }

    fn exclude(&mut self, why: Excluded, number: u32) {
        add(self.excluded.entry(why).or_default(), number);
    }

    fn count_imported(&mut self, rule: &Rule, line: &Imported) {
        let exempt = if rule.counts_exempt { line.exempt } else { 0 };
        self.exclude(Excluded::Exempt, line.exempt - exempt);
        for number in [line.with_obligation, exempt] {
            add(&mut self.owing, number);
            add(&mut self.imported, number);
        }
        if line.with_obligation > 0 {
            self.with_dossiers.extend(line.procedure.clone());
        }
    }

    fn count_ours(&mut self, rule: &Rule, alike: &Dossiers, is_counted: bool) {
        let owes = match alike.whose {
            Whose::Owes => true,
            Whose::Exempt if rule.counts_exempt => true,
            // another system's count has them, and says how many
            Whose::Exempt if is_counted => return,
            Whose::Exempt => return self.exclude(Excluded::Exempt, alike.number),
            Whose::Cancelled => return self.exclude(Excluded::Cancelled, alike.number),
            Whose::NoDossier => return self.exclude(Excluded::NoDossier, alike.number),
        };
        if owes && !is_counted {
            add(&mut self.owing, alike.number);
        }
        self.with_dossiers.extend(alike.procedure.clone());
        if alike.channels.iter().any(|channel| !rule.offline_channels.contains(channel)) {
            add(&mut self.paid_online, alike.number);
            self.used.extend(alike.procedure.clone());
        } else if alike.channels.is_empty() {
            self.exclude(Excluded::Unpaid, alike.number);
        } else {
            self.exclude(Excluded::PaidOffline, alike.number);
        }
    }

    fn keep_to(&mut self, list: &FeeProcedures) {
        let (provided, not_provided) = (list.number(true), list.number(false));
        (self.provided, self.fee_procedures) = (provided, provided.saturating_add(not_provided));
        let before = self.with_dossiers.len();
        self.with_dossiers.retain(|procedure| list.0.contains_key(procedure));
        self.used.retain(|procedure| list.0.contains_key(procedure));
        let unlisted = u32::try_from(before - self.with_dossiers.len()).unwrap_or(u32::MAX);
        self.exclude(Excluded::NotListed, unlisted);
        self.exclude(Excluded::NotProvided, not_provided);
    }
}

/// What a file says may be any number: a sum that no province can have stays at the most that there is, and never begins anew.
const fn add(sum: &mut u32, number: u32) {
    *sum = sum.saturating_add(number);
}
