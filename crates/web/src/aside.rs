//! Ways to pay that no press on the page begins: an application that asks what a dossier's code owes, and a counter. Shown
//! where the fees have a code by which they are found there.

use crate::language::Language;
use crate::ways::channel_name;
use domain::obligation::ObligationStatus;
use payments::Context;
use payments::payer_page::PayerPage;
use std::collections::BTreeSet;

/// An intent may name fees of many dossiers; a page that lists more codes than this helps nobody.
const CODES: usize = 3;

pub(crate) struct Aside {
    pub title: &'static str,
    pub how: &'static str,
    /// What is known by name there.
    pub names: Vec<String>,
    /// What is typed or told there.
    pub codes: Vec<Code>,
    /// Typed on the same phone, so worth a button that copies it.
    pub is_typed: bool,
    pub then: &'static str,
}

pub(crate) struct Code {
    /// Of its label on the page.
    pub id: String,
    pub text: String,
}

pub(crate) fn asides(ctx: &Context, language: Language, loaded: &PayerPage) -> Vec<Aside> {
    let (w, codes) = (language.words(), codes(loaded));
    if codes.is_empty() || codes.len() > CODES {
        return Vec::new();
    }
    let labelled = |kind: &str| {
        let code = |(n, text): (usize, &String)| Code { id: format!("{kind}{n}"), text: text.clone() };
        codes.iter().enumerate().map(code).collect()
    };
    let bills = loaded.aside.bills.iter().map(|code| channel_name(ctx, language, code.as_str())).collect();
    let by_application = Aside {
        title: w.bills,
        how: w.bills_how,
        names: bills,
        codes: labelled("b"),
        is_typed: true,
        then: w.bills_then,
    };
    let counters = loaded.aside.counters.clone();
    let at_counter = Aside {
        title: w.counters,
        how: w.counters_how,
        names: counters,
        codes: labelled("k"),
        is_typed: false,
        then: w.counters_then,
    };
    [by_application, at_counter].into_iter().filter(|aside| !aside.names.is_empty()).collect()
}

/// Of the dossiers whose fees are due.
fn codes(loaded: &PayerPage) -> Vec<String> {
    let due = loaded.view.obligations.iter().filter(|o| o.status == ObligationStatus::Due);
    let codes: BTreeSet<String> = due.filter_map(|o| o.terms.dossier_code.as_ref().map(ToString::to_string)).collect();
    codes.into_iter().collect()
}
