//! Which money that we know a credit on a statement is, where the bank's reference does not say it. Pure: what is known
//! comes in under lock, each movement gets at most one claim and each claim at most one movement.
//!
//! | rule | what agrees |
//! |---|---|
//! | [`Rule::BankReference`] | account and reference: in sets (`storage::statements`), and here what came since |
//! | [`Rule::Reference`] | account, amount, our reference in the text, at most two worked days apart |
//! | [`Rule::AmountDay`] | account, amount, the line at most two worked days after the report; neither text has a reference of ours |
//! | [`Rule::OnlyOne`] | account, amount, the line at most two worked days after the report; one text lost our reference, and no pairing of as many as can be has it otherwise ([`pairing`]); where it is the line's, once statements cover the days on which another could come |
//! | [`Rule::Line`] | nothing: the movement is money that is seen for the first time |
//! | [`Rule::RefundCode`] | a refund by transfer: its code and amount; what brings it back: the same, or the reference of its debit |
//! | [`Rule::DepositSlip`] | a drawer's deposit: its slip and amount; [`Rule::SlipOtherAmount`]: its slip alone, and a case (`domain::counter`) |
//! | [`Rule::RemittanceCode`] | a remittance to the treasury: its account, code and amount (`domain::remittance`) |
//! | [`Rule::TakenBack`] | a reversal: account, amount and reference of the one credit that it can mean ([`taken_back`]) |
//!
//! A pair whose references are of one numbering and differ is never one money, and a credit that says which debit it takes back is
//! nobody's payment but that which was told of under its own reference. One that is but marked as a reversal is matched like any
//! other, after those without the mark. Whose transfer it brings back: [`returns`]. Which money
//! a report is that comes after its line: [`sights`]; a name that came from a report alone: [`lent`]; what has no counterpart when
//! all days are over: [`leftover`]; what a corrected file took back and a later one shows again: [`shown_again`]. What people are
//! shown of a decision, which never makes one: [`explained`].

pub mod explained;
pub mod leftover;
pub mod lent;
pub mod pairing;
pub mod returns;
pub mod shown_again;
pub mod sights;
#[cfg(test)]
mod tests;

use crate::bank_reference::{self, BankReference};
use crate::business_day::WorkingCalendar;
use crate::ids::{IntentId, MovementId, PaymentId, SightingId};
use crate::money::Vnd;
use crate::states::words;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Worked days between two sights of one transfer, at most (contract, "Money in six nouns").
pub const APART: u32 = 2;

/// How far apart two sights of one transfer may be.
#[derive(Debug, Clone, Copy)]
pub struct Window<'c> {
    pub calendar: &'c WorkingCalendar,
    /// Worked days.
    pub apart: u32,
}

impl<'c> Window<'c> {
    /// As it is in force.
    pub const fn of(calendar: &'c WorkingCalendar) -> Self {
        Self { calendar, apart: APART }
    }

    fn holds(&self, one: Date, other: Date) -> bool {
        self.calendar.within(one, other, self.apart)
    }
}

words! {
    /// Why a movement is claimed; kept with the claim.
    Rule {
        BankReference = "bank_reference", Reference = "reference", AmountDay = "amount_day", OnlyOne = "only_one",
        Line = "line", Settlement = "settlement", RefundCode = "refund_code", TakenBack = "taken_back",
        DepositSlip = "deposit_slip", SlipOtherAmount = "slip_other_amount",
        Superseded = "superseded",
        RemittanceCode = "remittance_code",
    }
}

impl Rule {
    /// What agrees, as it is kept with the claim.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::BankReference => &["account", "bank_ref", "amount"],
            Self::Reference => &["account", "amount", "reference", "day"],
            Self::AmountDay | Self::OnlyOne => &["account", "amount", "day"],
            Self::Line => &["account"],
            Self::Superseded => &["account", "amount", "day"],
            Self::RemittanceCode => &["account", "remittance_code", "amount"],
            Self::RefundCode => &["account", "refund_code", "amount"],
            Self::TakenBack => &["account", "bank_ref", "amount"],
            Self::DepositSlip => &["account", "slip_ref", "amount"],
            Self::SlipOtherAmount => &["account", "slip_ref"],
            Self::Settlement => &["account", "payout_text", "amount"],
        }
    }
}

/// A credit that nobody has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCredit {
    pub id: MovementId,
    pub amount: Vnd,
    pub booking_date: Date,
    pub references: Vec<BankReference>,
    /// The intent that its text names.
    pub intent: Option<IntentId>,
    /// The bank says that it takes a debit back: it may have that one's reference.
    pub is_marked: bool,
    /// Its text or its reference says which.
    pub takes_back: bool,
}

/// Money that was told of, and that no movement has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub what: What,
    pub amount: Vnd,
    pub day: Date,
    pub references: Vec<BankReference>,
    pub intent: Option<IntentId>,
    /// Statements show all days on which its own line could stand.
    pub is_covered: bool,
    /// A report that may be another sight of money in the books: it vouches for no line that names nobody.
    pub may_be_known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Payment(PaymentId),
    /// A report that waits unbooked, since it may be another sight of some payment.
    Sighting(SightingId),
}

/// What a movement is: something told, by a rule, or None: new money.
pub type Claim = Option<(What, Rule)>;

/// Decides for each movement in the order given. `told` is oldest first; payments are taken before waiting reports.
/// `partly`: amounts of which there are more open credits than these, so that "no other such pair" cannot be said.
pub fn decide(open: &[OpenCredit], told: &[Told], calendar: &WorkingCalendar, partly: &BTreeSet<Vnd>) -> Vec<Claim> {
    decide_within(open, told, &Window::of(calendar), partly)
}

/// The same with another window: what would be, for who thinks of changing it.
pub fn decide_within(open: &[OpenCredit], told: &[Told], window: &Window<'_>, partly: &BTreeSet<Vnd>) -> Vec<Claim> {
    let mut claims: Vec<Claim> = vec![None; open.len()];
    let mut taken: BTreeSet<What> = BTreeSet::new();
    // a credit that takes a debit back may have the reference of that: what is another's own is not its own
    for takes_back in [false, true] {
        let of_these = |credit: &OpenCredit| (credit.is_marked || credit.takes_back) == takes_back;
        for (credit, claim) in open.iter().zip(&mut claims).filter(|(credit, _)| of_these(credit)) {
            // a report that waits may be of a payment without a reference: this line claims that payment first
            let is_payment = |t: &Told| matches!(t.what, What::Payment(_)) && !taken.contains(&t.what);
            let is_near = |t: &Told| !takes_back || window.holds(credit.booking_date, t.day);
            let agrees = |t: &Told| t.amount == credit.amount && is_near(t);
            let fits = |t: &&Told| is_payment(t) && agrees(t) && share_a_reference(credit, t);
            if let Some(found) = told.iter().find(fits) {
                taken.insert(found.what);
                *claim = Some((found.what, Rule::BankReference));
            }
        }
    }
    // what is another's own is not that of a marked one
    let (plain, marked): (Vec<usize>, Vec<usize>) = (0..open.len()).partition(|at| !open[*at].is_marked);
    for at in plain.into_iter().chain(marked).filter(|at| !open[*at].takes_back) {
        let (credit, claim) = (&open[at], &mut claims[at]);
        if claim.is_some() {
            continue;
        }
        let is_in_time = |t: &Told| credit.intent.is_some() || credit.booking_date >= t.day;
        // nobody's report of nobody's money that is in the books already needs no other line
        let is_at_home = |t: &Told| credit.intent.is_none() && t.may_be_known;
        let is_one = |t: &Told| t.intent == credit.intent && may_be_one(credit, t, window) && is_in_time(t);
        let fits = |t: &&Told| is_one(t) && !is_at_home(t) && !taken.contains(&t.what);
        let is_report = |t: &Told| matches!(t.what, What::Sighting(_));
        let nearest = |t: &&Told| {
            let day = credit.booking_date;
            (is_report(t), t.may_be_known, t.day > day, distance(day, t.day))
        };
        if let Some(found) = told.iter().filter(fits).min_by_key(nearest) {
            let rule = if credit.intent.is_some() { Rule::Reference } else { Rule::AmountDay };
            taken.insert(found.what);
            *claim = Some((found.what, rule));
        }
    }
    for with_marked in [false, true] {
        let may = |credit: &OpenCredit| !credit.takes_back && (with_marked || !credit.is_marked);
        claim_only_pairs(open, told, window, partly, may, &mut claims, &mut taken);
    }
    claims
}

/// One side lost our reference on the way. Money is on its way before it is booked: a line is not of a later day's report.
fn half_named(credit: &OpenCredit, told: &Told, window: &Window<'_>) -> bool {
    credit.intent.is_some() != told.intent.is_some()
        && credit.booking_date >= told.day
        && may_be_one(credit, told, window)
        && (!told.may_be_known || share_a_reference(credit, told))
}

/// Pairs of which one side lost our reference, and that can be no others. `may`: of which credits.
fn claim_only_pairs(
    open: &[OpenCredit],
    told: &[Told],
    window: &Window<'_>,
    partly: &BTreeSet<Vnd>,
    may: impl Fn(&OpenCredit) -> bool,
    claims: &mut [Claim],
    taken: &mut BTreeSet<What>,
) {
    let mut left: Vec<usize> = (0..open.len())
        .filter(|at| claims[*at].is_none() && may(&open[*at]) && !partly.contains(&open[*at].amount))
        .collect();
    left.retain(|at| {
        let Some(intent) = vouched(&open[*at], told) else { return true };
        let mut free = of_payments_first(&open[*at], told, window, taken);
        free.retain(|other| told[*other].intent == Some(intent));
        if let [only] = free.as_slice() {
            taken.insert(told[*only].what);
            claims[*at] = Some((told[*only].what, Rule::OnlyOne));
        }
        false
    });
    let fits: Vec<Vec<usize>> = left.iter().map(|at| of_payments_first(&open[*at], told, window, taken)).collect();
    let whose: Vec<Option<IntentId>> = told.iter().map(|t| t.intent).collect();
    for (at, only) in left.iter().zip(pairing::certain(&fits, &whose)) {
        if let Some(only) = only {
            taken.insert(told[only].what);
            claims[*at] = Some((told[only].what, Rule::OnlyOne));
        }
    }
}

/// What a credit may be that has lost its name, or that gives one: where that is a payment, a report that waits may be the payment's
/// own second one, and no rival of it.
fn of_payments_first(credit: &OpenCredit, told: &[Told], window: &Window<'_>, taken: &BTreeSet<What>) -> Vec<usize> {
    let fits = |at: &usize| !taken.contains(&told[*at].what) && half_named(credit, &told[*at], window);
    let mut free: Vec<usize> = (0..told.len()).filter(fits).collect();
    let is_payment = |at: &usize| matches!(told[*at].what, What::Payment(_));
    if free.iter().any(is_payment) {
        free.retain(is_payment);
    }
    free
}

/// A debit of the bank's that takes a credit back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    pub text: String,
    pub references: Vec<BankReference>,
}

/// A credit of the same account and amount, not long before a reversal, and not taken back yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversible {
    /// None: nobody has claimed it.
    pub payment: Option<PaymentId>,
    pub references: Vec<BankReference>,
    /// The reversal is a part of a line that takes back several credits, and this one is its own.
    pub is_meant: bool,
}

impl Reversal {
    /// Whether it has the credit's reference, or names it in its text.
    pub fn means(&self, credit: &Reversible) -> bool {
        let words = bank_reference::words(&self.text);
        let has = |r: &BankReference| r.is_structured() && self.references.iter().any(|own| own.same(r));
        let named = |r: &BankReference| has(r) || r.is_among(&words);
        credit.is_meant || credit.references.iter().any(named)
    }
}

/// The payment that a reversal takes back: banks give it the reference of its credit, or name that in its text. None where
/// it can mean more than one credit (parts of a batch share a reference), one that is no payment's, or none: for a person.
pub fn taken_back(reversal: &Reversal, credits: &[Reversible]) -> Option<PaymentId> {
    let mut meant = credits.iter().filter(|credit| reversal.means(credit));
    match (meant.next(), meant.next()) {
        (Some(only), None) => only.payment,
        _ => None,
    }
}

/// Those that stay open, whatever `claims` say of them: each names nobody and may be money that was told of with a name,
/// whose own line, which has that name, may come yet. Were it a stranger's and claimed that money, the line would be a second
/// payment, and the stranger's money would be in no case; were it that money and booked as new, since others may be it as
/// well, it would be in the books twice. A report with a name that knows the line by its reference ends the doubt.
pub fn early(open: &[OpenCredit], claims: &[Claim], told: &[Told], calendar: &WorkingCalendar) -> BTreeSet<MovementId> {
    let window = &Window::of(calendar);
    let sure = claims.iter().flatten().filter(|(_, rule)| *rule != Rule::OnlyOne);
    let sure: BTreeSet<What> = sure.map(|(what, _)| *what).collect();
    let may_come = |t: &Told| t.intent.is_some() && !t.is_covered && !t.may_be_known && !sure.contains(&t.what);
    let is_early = |credit: &OpenCredit, claim: &Claim| match claim {
        Some((what, Rule::OnlyOne)) => {
            vouched(credit, told).is_none() && told.iter().any(|t| t.what == *what && may_come(t))
        }
        Some(_) => false,
        None => told.iter().any(|t| may_come(t) && half_named(credit, t, window)),
    };
    let nameless = |credit: &OpenCredit| credit.intent.is_none() && !credit.takes_back;
    let pairs = || open.iter().zip(claims).filter(|(credit, _)| nameless(credit));
    let early: Vec<&OpenCredit> =
        pairs().filter(|(credit, claim)| is_early(credit, claim)).map(|(credit, _)| credit).collect();
    // booked as new today, it would leave what both may be to the other one
    let may_both = |t: &Told, credit: &OpenCredit| {
        half_named(credit, t, window) && early.iter().any(|other| half_named(other, t, window))
    };
    let rivals = pairs().filter(|(credit, claim)| claim.is_none() && told.iter().any(|t| may_both(t, credit)));
    rivals.map(|(credit, _)| credit.id).chain(early.iter().map(|credit| credit.id)).collect()
}

/// The intent that a report with the credit's own reference names.
fn vouched(credit: &OpenCredit, told: &[Told]) -> Option<IntentId> {
    let knows = |t: &&Told| t.intent.is_some() && t.amount == credit.amount && share_a_reference(credit, t);
    told.iter().find(knows).and_then(|t| t.intent)
}

fn share_a_reference(credit: &OpenCredit, told: &Told) -> bool {
    credit.references.iter().any(|ours| told.references.iter().any(|r| r.same(ours)))
}

fn may_be_one(credit: &OpenCredit, told: &Told, window: &Window<'_>) -> bool {
    credit.amount == told.amount && !contradict(credit, told) && window.holds(credit.booking_date, told.day)
}

fn contradict(credit: &OpenCredit, told: &Told) -> bool {
    credit.references.iter().any(|ours| told.references.iter().any(|r| r.comparable(ours) && !r.same(ours)))
}

fn distance(one: Date, other: Date) -> i32 {
    (one - other).get_days().abs()
}
