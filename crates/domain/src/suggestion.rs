//! For money without a home: whose debt it may be. A suggestion never books anything; a person decides.

use crate::ids::{IntentId, PaymentId};
use crate::money::Vnd;
use crate::states::words;
use std::collections::BTreeSet;

/// A shorter code is in too many texts by chance.
pub const SHORTEST_CODE: usize = 8;
/// A dossier code has at most this many characters.
const LONGEST_CODE: usize = 50;
/// Characters of a transfer's text that are looked at, letters and digits only; banks carry fewer.
const TEXT_AT_MOST: usize = 300;
/// More candidates than anybody weighs.
const AT_MOST: usize = 10;

/// Money may be at most this many days younger than the intent that it is for.
pub const DAYS_BETWEEN: i64 = 30;

words! {
    Rule {
        /// The text of the transfer names the dossier.
        DossierCode = "dossier_code",
        /// A debt of the same amount, to a beneficiary of that account, asked for shortly before.
        AmountAccountTime = "amount_account_time",
        /// The bank takes back a credit of the same amount and account, and this one may be meant.
        MayBeTakenBack = "may_be_taken_back",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// None where the dossier's debt was in no intent yet.
    pub intent_id: Option<IntentId>,
    /// Of [`Rule::MayBeTakenBack`]: the payment that the credit is.
    pub payment_id: Option<PaymentId>,
    pub reference: Option<String>,
    pub dossier_codes: Vec<String>,
    pub amount_due: Vnd,
    pub rule: Rule,
    /// What agreed: `dossier_code`, `amount`, `account`, `time`, `bank_ref`.
    pub fields: BTreeSet<&'static str>,
}

/// Best first, each debt once: a named dossier before an equal amount, more agreement before less.
pub fn ranked(found: Vec<Suggestion>) -> Vec<Suggestion> {
    let mut best: Vec<Suggestion> = Vec::new();
    for one in found {
        let same = best
            .iter_mut()
            .find(|b| b.intent_id.is_some() && (b.intent_id, b.payment_id) == (one.intent_id, one.payment_id));
        match same {
            Some(known) => {
                known.rule = known.rule.min(one.rule);
                known.fields.extend(one.fields);
            }
            None => best.push(one),
        }
    }
    // stable: what was found first stays first among equals
    best.sort_by_key(|s| (s.rule, std::cmp::Reverse(s.fields.len())));
    best.truncate(AT_MOST);
    best
}

/// A code as people type it: capitals and digits, without what separates them.
pub fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Every part of a transfer's text that may be a dossier's plain code, since banks drop the spaces between words.
pub fn typed_codes(text: &str) -> BTreeSet<String> {
    let text = plain(text);
    let text = &text[..text.len().min(TEXT_AT_MOST)];
    let mut parts = BTreeSet::new();
    for from in 0..text.len() {
        for length in SHORTEST_CODE..=LONGEST_CODE {
            let Some(part) = text.get(from..from + length) else { break };
            // a code ends in its number
            if part.ends_with(|c: char| c.is_ascii_digit()) {
                parts.insert(part.to_owned());
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_found_however_it_was_typed() {
        for text in [
            "H38.17-261124-0001",
            "nop phi h38.17 261124 0001 cam on",
            "MBVCB.123.NOPPHIH38172611240001CT TU 001",
            "H38 17/261124_0001",
        ] {
            assert!(typed_codes(text).contains(&plain("H38.17-261124-0001")), "{text}");
        }
        assert!(!typed_codes("H38.17-261124-000").contains(&plain("H38.17-261124-0001")));
        assert!(typed_codes("A1.B2-3").is_empty(), "too short to be sure");
        assert!(typed_codes(&"9".repeat(10_000)).len() < 100);
        assert!(typed_codes("Nộp phí hồ sơ").is_empty());
    }

    #[test]
    fn a_debt_is_suggested_once_with_all_that_agrees() {
        let intent = |n| Some(IntentId::from(Uuid::from_u128(n)));
        let of = |intent_id, rule, fields: &[&'static str]| Suggestion {
            intent_id,
            payment_id: None,
            reference: None,
            dossier_codes: Vec::new(),
            amount_due: Vnd::new(21_000),
            rule,
            fields: fields.iter().copied().collect(),
        };
        let found = vec![
            of(intent(1), Rule::AmountAccountTime, &["amount", "account", "time"]),
            of(intent(2), Rule::AmountAccountTime, &["amount", "account", "time"]),
            of(intent(2), Rule::DossierCode, &["dossier_code"]),
            of(None, Rule::DossierCode, &["dossier_code"]),
            of(None, Rule::DossierCode, &["dossier_code", "amount"]),
        ];
        let ranked = ranked(found);
        assert_eq!(ranked.len(), 4);
        assert_eq!((ranked[0].intent_id, ranked[0].rule), (intent(2), Rule::DossierCode));
        assert_eq!(ranked[0].fields.len(), 4);
        assert_eq!(ranked[1].fields.len(), 2);
        assert_eq!(ranked[3].intent_id, intent(1));
    }
}
