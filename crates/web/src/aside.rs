//! Ways to pay that no press on the page begins: an application that asks what a dossier's code owes, and a counter. Shown
//! where the fees have a code by which they are found there. What is not to be had now is named with the reason.

use crate::language::Language;
use crate::ways::{Why, channel_name, why_closed};
use domain::obligation::ObligationStatus;
use payments::Context;
use payments::payer_page::PayerPage;
use payments::view::Unavailable;
use std::collections::BTreeSet;

/// An intent may name fees of many dossiers; the others' codes stand with their fees.
const CODES: usize = 3;

pub(crate) struct Aside {
    pub title: &'static str,
    pub how: &'static str,
    /// What is known by name there and can be used; where there is none, nothing is said of how it is done.
    pub names: Vec<String>,
    pub closed: Vec<Closed>,
    /// What is typed or told there.
    pub codes: Vec<Code>,
    /// Where the others stand, if there are more.
    pub more: Option<&'static str>,
    /// Typed on the same phone, so worth a button that copies it.
    pub is_typed: bool,
    pub then: &'static str,
}

pub(crate) struct Closed {
    pub name: String,
    pub why: Why,
}

pub(crate) struct Code {
    /// Of its label on the page.
    pub id: String,
    pub text: String,
}

pub(crate) fn asides(ctx: &Context, language: Language, loaded: &PayerPage) -> Vec<Aside> {
    let (w, codes) = (language.words(), codes(loaded));
    if codes.is_empty() {
        return Vec::new();
    }
    let labelled = |kind: &str| {
        let code = |(n, text): (usize, &String)| Code { id: format!("{kind}{n}"), text: text.clone() };
        codes.iter().take(CODES).enumerate().map(code).collect()
    };
    let more = (codes.len() > CODES).then_some(w.more_codes);
    let bills = loaded.aside.bills.iter();
    let bills = bills.map(|way| (channel_name(ctx, language, way.channel.as_str()), way.unavailable.as_ref()));
    let (names, closed) = apart(language, bills);
    let by_application = Aside {
        title: w.bills,
        how: w.bills_how,
        names,
        closed,
        codes: labelled("b"),
        more,
        is_typed: true,
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
        how: w.counters_how,
        names,
        closed,
        codes: labelled("k"),
        more,
        is_typed: false,
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

/// Of the dossiers whose fees are due.
fn codes(loaded: &PayerPage) -> Vec<String> {
    let due = loaded.view.obligations.iter().filter(|o| o.status == ObligationStatus::Due);
    let codes: BTreeSet<String> = due.filter_map(|o| o.terms.dossier_code.as_ref().map(ToString::to_string)).collect();
    codes.into_iter().collect()
}
