//! Ways to pay that no press on the page begins: an application that asks what a code owes, and a counter. Shown where the fees
//! have a code by which they are found there: their dossier's, else their customer's. What is not to be had now is named with the
//! reason. A dossier's code is no secret; a customer's stays with a household for years, and whoever has it is told each month what
//! is owed: only its end is shown, by which its own payer knows it.

use crate::language::{Language, Words};
use crate::ways::{Why, channel_name, why_closed};
use domain::obligation::{Obligation, ObligationStatus};
use payments::Context;
use payments::payer_page::PayerPage;
use payments::view::Unavailable;
use std::collections::BTreeSet;

/// An intent may name fees of many dossiers; the others' codes stand with their fees.
const CODES: usize = 3;
/// As many characters as are shown of an account.
const LAST: usize = 4;

pub(crate) struct Aside {
    pub title: &'static str,
    pub how: String,
    /// What is known by name there and can be used; where there is none, nothing is said of how it is done.
    pub names: Vec<String>,
    pub closed: Vec<Closed>,
    /// What is typed or told there.
    pub codes: Vec<Code>,
    /// Where the others stand, if there are more.
    pub more: Option<&'static str>,
    pub then: &'static str,
}

impl Aside {
    pub fn is_copied(&self) -> bool {
        self.codes.iter().any(|code| code.is_copied)
    }
}

pub(crate) struct Closed {
    pub name: String,
    pub why: Why,
}

pub(crate) struct Code {
    /// Of its label on the page.
    pub id: String,
    pub label: &'static str,
    pub text: String,
    /// Typed on the same phone, so worth a button that copies it.
    pub is_copied: bool,
}

/// By what fees are found. Dossiers come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Dossier(String),
    Customer(String),
}

impl Known {
    const fn is_dossier(&self) -> bool {
        matches!(self, Self::Dossier(_))
    }
}

pub(crate) fn asides(ctx: &Context, language: Language, loaded: &PayerPage) -> Vec<Aside> {
    let (w, codes) = (language.words(), codes(loaded));
    if codes.is_empty() {
        return Vec::new();
    }
    let labelled = |kind: &str, is_typed: bool| {
        let code = |(n, known): (usize, &Known)| code(w, known, format!("{kind}{n}"), is_typed);
        codes.iter().take(CODES).enumerate().map(code).collect()
    };
    let more = match codes.iter().skip(CODES).all(Known::is_dossier) {
        _ if codes.len() <= CODES => None,
        true => Some(w.more_codes),
        false => Some(w.more_codes_of_fees),
    };
    let which = match (codes.iter().any(Known::is_dossier), codes.iter().all(Known::is_dossier)) {
        (_, true) => w.dossier_code,
        (true, false) => w.dossier_or_customer_code,
        (false, false) => w.customer_code,
    };
    let bills = loaded.aside.bills.iter();
    let bills = bills.map(|way| (channel_name(ctx, language, way.channel.as_str()), way.unavailable.as_ref()));
    let (names, closed) = apart(language, bills);
    let by_application = Aside {
        title: w.bills,
        how: w.bills_how.replace("{code}", which),
        names,
        closed,
        codes: labelled("b", true),
        more,
        then: w.bills_then,
    };
    let counters = loaded.aside.counters.iter().flat_map(|counters| match &counters.unavailable {
        None => counters.names.iter().map(|name| (name.clone(), None)).collect(),
        // for all of them the same
        why => vec![(counters.names.join(", "), why.as_ref())],
    });
    let (names, closed) = apart(language, counters);
    let at_counter = Aside {
        title: w.counters,
        how: w.counters_how.replace("{code}", which),
        names,
        closed,
        codes: labelled("k", false),
        more,
        then: w.counters_then,
    };
    [by_application, at_counter]
        .into_iter()
        .filter(|aside| !aside.names.is_empty() || !aside.closed.is_empty())
        .collect()
}

/// What can be used, and what cannot with the reason.
fn apart<'a>(
    language: Language,
    ways: impl Iterator<Item = (String, Option<&'a Unavailable>)>,
) -> (Vec<String>, Vec<Closed>) {
    let (mut names, mut closed) = (Vec::new(), Vec::new());
    for (name, unavailable) in ways {
        match unavailable {
            None => names.push(name),
            Some(why) => closed.push(Closed { name, why: why_closed(language, why) }),
        }
    }
    (names, closed)
}

/// Of the fees that are due.
fn codes(loaded: &PayerPage) -> Vec<Known> {
    let due = loaded.view.obligations.iter().filter(|o| o.status == ObligationStatus::Due);
    let known = |o: &Obligation| match (&o.terms.dossier_code, &o.terms.customer_code) {
        (Some(dossier), _) => Some(Known::Dossier(dossier.to_string())),
        (None, customer) => customer.clone().map(Known::Customer),
    };
    due.filter_map(known).collect::<BTreeSet<Known>>().into_iter().collect()
}

fn code(w: &Words, known: &Known, id: String, is_typed: bool) -> Code {
    match known {
        Known::Dossier(code) => Code { id, label: w.dossier, text: code.clone(), is_copied: is_typed },
        Known::Customer(code) => Code { id, label: w.customer, text: end_of(code), is_copied: false },
    }
}

/// The last four characters; of a short code fewer, so that most of it is not told.
fn end_of(code: &str) -> String {
    let length = code.chars().count();
    let hidden = length - LAST.min(length / 2);
    format!("…{}", code.chars().skip(hidden).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_customers_code_the_end_is_shown_and_never_most_of_it() {
        let shown = ["KH-NUOC-0012345", "PA7K", "A1", "7", "mã-hộ-số-9"].map(end_of);
        assert_eq!(shown, ["…2345", "…7K", "…1", "…", "…số-9"]);
    }
}
