//! The counter: an officer takes cash or a card at a desk, undoes it the same day with a second person, and brings the
//! drawer's cash to the bank. Money at the desk is a fact: it settles whatever attempts are open elsewhere. Pure: facts come
//! in under lock, a verdict goes out.
//!
//! | an entry, by the counter and its receipt | then |
//! |---|---|
//! | the receipt is in the books, with the same body, and was not voided | the same payment |
//! | the receipt is in the books otherwise | refused: a receipt is used once |
//! | an obligation is not of a beneficiary that the counter collects for and the officer sees | absent |
//! | an obligation is not due | refused: the officer gives the money back |
//! | another amount than is due, to the đồng | refused |
//! | a card whose transaction the terminal's file showed first, with this amount, and which waits whole | that payment is placed |
//! | the same, otherwise | refused: people have placed it, or it is of another amount |
//! | all stands | one payment, all obligations `due → paid`; live intents of which nothing is due any more are paid |
//!
//! | what happens | debit | credit | may happen |
//! |---|---|---|---|
//! | cash is taken | drawer | obligation (a leg each) | |
//! | a card is taken | clearing of the terminal's contract | obligation | the counter has a terminal |
//! | it is voided | obligation | drawer; clearing | by a second person, on the same day in Hanoi, while no refund of it counts, the drawer holds it, and no file shows the card's transaction |
//! | a file shows a voided card's transaction as done | clearing | suspense `refund_returned` | always: a case `status_differs`, from which people place or refund it |
//! | a deposit is declared | in transit of the counter's account | drawer | the drawer holds it |
//! | its credit on a statement | bank | in transit | (as any line) |
//!
//! | a credit with the slip of a deposit | then |
//! |---|---|
//! | of its amount, the only one such, and the deposit the only one | claimed: a deposit is never a payment |
//! | the same, but booked as a payment since the statement was first, waiting whole as `unidentified` | it is no payment after all (`domain::moving`), its case is closed, the deposit claims the line |
//! | of another amount, not booked, the slip a word of its own, the only one such, and none of the right amount | claimed, the difference in suspense `amount_differs` of the line, with a case |
//! | of another amount, and the slip is a part of another word | a payer's credit: whatever number happens to hold it |
//! | that can mean two deposits, or names a reference of ours, or was placed by people | left to people, as any credit |
//! | that never comes, though statements show every day on which it could stand | a case `missing_at_provider`, until it comes |
//!
//! The worst mistakes, and where they are shown not to happen: one obligation is settled by two receipts
//! (`journeys/counter/races.rs`); cash is given back that is at the bank already, or a deposit is counted as a payment
//! (`journeys/counter/deposits.rs`).

use crate::booking::ObligationState;
use crate::business_day::business_date;
use crate::ids::{DepositId, MovementId, ObligationId, PaymentId};
use crate::matching::Rule;
use crate::money::Vnd;
use crate::obligation::ObligationStatus;
use crate::reference_text::squeezed;
use crate::states::words;
use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

#[cfg(test)]
mod tests;

/// The channel of what is taken at counters, and of a terminal's contract.
pub const CHANNEL: &str = "counter";

words! { Tender { Cash = "cash", Card = "card" } }

/// Why an officer gives the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0} is {1}")]
    NotDue(ObligationId, ObligationStatus),
    #[error("{0} is due")]
    NotExact(Vnd),
}

/// Whether exactly this settles all of these, as they stand under lock.
///
/// # Errors
/// The first reason against it.
pub fn judge(named: &[ObligationState], amount: Vnd) -> Result<(), Refusal> {
    if let Some(o) = named.iter().find(|o| o.status != ObligationStatus::Due) {
        return Err(Refusal::NotDue(o.id, o.status));
    }
    let due: Vnd = named.iter().map(|o| o.amount).sum();
    if due == amount { Ok(()) } else { Err(Refusal::NotExact(due)) }
}

/// A void is of the same day in Hanoi.
pub fn is_of_today(taken_at: Timestamp, now: Timestamp) -> bool {
    business_date(taken_at) == business_date(now)
}

/// Whether a text may be the number of a card: 13 to 19 digits whose check digit is right (ISO/IEC 7812-1, annex B), however
/// they are set apart. No card's number is ever kept.
pub fn is_like_a_card(text: &str) -> bool {
    let plain = |c: &char| !matches!(c, ' ' | '-' | '.');
    let Some(digits) = text.chars().filter(plain).map(|c| c.to_digit(10)).collect::<Option<Vec<u32>>>() else {
        return false;
    };
    let weighed = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    (13..=19).contains(&digits.len()) && digits.iter().rev().enumerate().map(weighed).sum::<u32>() % 10 == 0
}

/// A slip's number that cannot tell a deposit's credit from a payer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has 6 to 32 letters and digits, one digit at least")]
pub struct BadSlip;

/// The number of a bank's deposit slip, as it is looked for in texts: upper-case letters and digits alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip(String);

impl Slip {
    /// # Errors
    /// Where it is so short that any text may hold it.
    pub fn read(text: &str) -> Result<Self, BadSlip> {
        let plain = squeezed(text);
        let fits = (6..=32).contains(&plain.len()) && plain.bytes().any(|b| b.is_ascii_digit());
        if fits { Ok(Self(plain)) } else { Err(BadSlip) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text has the slip as a word of its own: as the officer wrote it, or run together, or with a break between letters
/// and digits. What is only a part of a longer number or word is none.
pub fn is_a_word_of(slip_ref: &str, text: &str) -> bool {
    let (slip, text) = (plain(slip_ref), plain(text));
    let slip: Vec<(char, bool)> = (0..slip.len())
        .filter(|at| slip[*at] != GAP)
        .map(|at| {
            let before = at.checked_sub(1).map(|before| slip[before]);
            (slip[at], before.is_some_and(|b| b == GAP || b.is_ascii_digit() != slip[at].is_ascii_digit()))
        })
        .collect();
    let begins = |at: usize| at == 0 || text[at - 1] == GAP;
    (0..text.len()).any(|at| begins(at) && ends_as_word(&slip, &text[at..]))
}

fn ends_as_word(slip: &[(char, bool)], text: &[char]) -> bool {
    let mut rest = text;
    for (at, (character, may_break)) in slip.iter().enumerate() {
        if let [GAP, after @ ..] = rest
            && at > 0
            && *may_break
        {
            rest = after;
        }
        match rest {
            [found, after @ ..] if found == character => rest = after,
            _ => return false,
        }
    }
    rest.first().is_none_or(|next| *next == GAP)
}

/// Where a word ends.
const GAP: char = ' ';

/// Upper-case, without accents, whatever is neither letter nor digit a single gap.
fn plain(text: &str) -> Vec<char> {
    let mut plain = Vec::new();
    for character in text.chars().nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_uppercase) {
        let character = if character == 'Đ' { 'D' } else { character };
        if character.is_alphanumeric() {
            plain.push(character);
        } else if plain.last().is_none_or(|last| *last != GAP) {
            plain.push(GAP);
        }
    }
    plain
}

/// A credit whose text has the slip of a deposit that no credit has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    pub deposit: DepositId,
    pub deposited: Vnd,
    pub movement: MovementId,
    pub credited: Vnd,
    /// The payment that it was booked as, all of which waits unidentified.
    pub payment: Option<PaymentId>,
    /// The slip is a word of its own (`is_a_word_of`).
    pub is_word: bool,
}

/// Which of these credits are their deposits, and by which rule. Each deposit and each credit once.
pub fn deposits_among(naming: &[Naming]) -> Vec<(Naming, Rule)> {
    let exact = |n: &Naming| n.credited == n.deposited;
    // by a part of a word alone no other amount is the deposit's, nor a rival of one that is
    let naming: Vec<Naming> = naming.iter().filter(|n| exact(n) || n.is_word).copied().collect();
    let alone = |n: &Naming, among: &dyn Fn(&Naming) -> bool| {
        let rivals = naming.iter().filter(|o| among(o) && (o.deposit == n.deposit || o.movement == n.movement));
        rivals.count() == 1
    };
    let mut found: Vec<(Naming, Rule)> =
        naming.iter().filter(|n| exact(n) && alone(n, &exact)).map(|n| (*n, Rule::DepositSlip)).collect();
    // one that may be of another deposit's amount is no such credit
    let other = |n: &Naming| !exact(n) && n.payment.is_none();
    let any = |_: &Naming| true;
    let others = naming.iter().filter(|n| other(n) && alone(n, &any)).map(|n| (*n, Rule::SlipOtherAmount));
    found.extend(others);
    found
}
