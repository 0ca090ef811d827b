//! Which money that we know a credit on a statement is, where the bank's reference does not say it. Pure: what is known
//! comes in under lock, each movement gets at most one claim and each claim at most one movement.
//!
//! | rule | what agrees |
//! |---|---|
//! | [`Rule::BankReference`] | account and reference: in sets (`storage::statements`), and here what came since |
//! | [`Rule::Reference`] | account, amount, our reference in the text, at most two worked days apart |
//! | [`Rule::AmountDay`] | account, amount, at most two worked days apart; neither text has a reference of ours |
//! | [`Rule::OnlyOne`] | account, amount, the line at most two worked days after the report; one text lost our reference, and no pairing of as many as can be has it otherwise ([`pairing`]); where it is the line's, once statements cover the days on which another could come |
//! | [`Rule::Line`] | nothing: the movement is money that is seen for the first time |
//! | [`Rule::RefundCode`] | a refund by transfer: its code and amount; what brings it back: the same, or the reference of its debit |
//! | [`Rule::DepositSlip`] | a drawer's deposit: its slip and amount; [`Rule::SlipOtherAmount`]: its slip alone, and a case (`domain::counter`) |
//! | [`Rule::TakenBack`] | a reversal: account, amount and reference of the one credit that it can mean ([`taken_back`]) |
//!
//! A pair whose references are of one numbering and differ is never one money, and a credit that takes a debit back is
//! nobody's payment. Which money a report is that comes after its line: [`sights`]; a
//! name that came from a report alone: [`lent`].

pub mod lent;
pub mod pairing;
pub mod sights;

use crate::bank_reference::{self, BankReference};
use crate::business_day::WorkingCalendar;
use crate::ids::{IntentId, MovementId, PaymentId, SightingId};
use crate::money::Vnd;
use crate::states::words;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Worked days between two sights of one transfer, at most (contract, "Money in six nouns").
pub const APART: u32 = 2;

words! {
    /// Why a movement is claimed; kept with the claim.
    Rule {
        BankReference = "bank_reference", Reference = "reference", AmountDay = "amount_day", OnlyOne = "only_one",
        Line = "line", Settlement = "settlement", RefundCode = "refund_code", TakenBack = "taken_back",
        DepositSlip = "deposit_slip", SlipOtherAmount = "slip_other_amount",
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
    /// It returns what went out.
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
    let mut claims: Vec<Claim> = vec![None; open.len()];
    let mut taken: BTreeSet<What> = BTreeSet::new();
    let ours = |credit: &OpenCredit| !credit.takes_back;
    for (credit, claim) in open.iter().zip(&mut claims).filter(|(credit, _)| ours(credit)) {
        // a report that waits may be of a payment without a reference: this line claims that payment first
        let is_payment = |t: &Told| matches!(t.what, What::Payment(_)) && !taken.contains(&t.what);
        let fits = |t: &&Told| is_payment(t) && t.amount == credit.amount && share_a_reference(credit, t);
        if let Some(found) = told.iter().find(fits) {
            taken.insert(found.what);
            *claim = Some((found.what, Rule::BankReference));
        }
    }
    for (credit, claim) in open.iter().zip(&mut claims).filter(|(credit, claim)| ours(credit) && claim.is_none()) {
        let fits = |t: &&Told| t.intent == credit.intent && may_be_one(credit, t, calendar) && !taken.contains(&t.what);
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
    claim_only_pairs(open, told, calendar, partly, &mut claims, &mut taken);
    claims
}

/// One side lost our reference on the way. Money is on its way before it is booked: a line is not of a later day's report.
fn half_named(credit: &OpenCredit, told: &Told, calendar: &WorkingCalendar) -> bool {
    credit.intent.is_some() != told.intent.is_some()
        && credit.booking_date >= told.day
        && may_be_one(credit, told, calendar)
        && (!told.may_be_known || share_a_reference(credit, told))
}

/// Pairs of which one side lost our reference, and that can be no others.
fn claim_only_pairs(
    open: &[OpenCredit],
    told: &[Told],
    calendar: &WorkingCalendar,
    partly: &BTreeSet<Vnd>,
    claims: &mut [Claim],
    taken: &mut BTreeSet<What>,
) {
    let mut left: Vec<usize> = (0..open.len())
        .filter(|at| claims[*at].is_none() && !open[*at].takes_back && !partly.contains(&open[*at].amount))
        .collect();
    left.retain(|at| {
        let Some(intent) = vouched(&open[*at], told) else { return true };
        let mut free = of_payments_first(&open[*at], told, calendar, taken);
        free.retain(|other| told[*other].intent == Some(intent));
        if let [only] = free.as_slice() {
            taken.insert(told[*only].what);
            claims[*at] = Some((told[*only].what, Rule::OnlyOne));
        }
        false
    });
    let fits: Vec<Vec<usize>> = left.iter().map(|at| of_payments_first(&open[*at], told, calendar, taken)).collect();
    for (at, only) in left.iter().zip(pairing::certain(&fits, told.len())) {
        if let Some(only) = only {
            taken.insert(told[only].what);
            claims[*at] = Some((told[only].what, Rule::OnlyOne));
        }
    }
}

/// What a credit may be that has lost its name, or that gives one: where that is a payment, a report that waits may be the payment's
/// own second one, and no rival of it.
fn of_payments_first(
    credit: &OpenCredit,
    told: &[Told],
    calendar: &WorkingCalendar,
    taken: &BTreeSet<What>,
) -> Vec<usize> {
    let fits = |at: &usize| !taken.contains(&told[*at].what) && half_named(credit, &told[*at], calendar);
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
    let sure = claims.iter().flatten().filter(|(_, rule)| *rule != Rule::OnlyOne);
    let sure: BTreeSet<What> = sure.map(|(what, _)| *what).collect();
    let may_come = |t: &Told| t.intent.is_some() && !t.is_covered && !t.may_be_known && !sure.contains(&t.what);
    let is_early = |credit: &OpenCredit, claim: &Claim| match claim {
        Some((what, Rule::OnlyOne)) => {
            vouched(credit, told).is_none() && told.iter().any(|t| t.what == *what && may_come(t))
        }
        Some(_) => false,
        None => told.iter().any(|t| may_come(t) && half_named(credit, t, calendar)),
    };
    let nameless = |credit: &OpenCredit| credit.intent.is_none() && !credit.takes_back;
    let pairs = open.iter().zip(claims).filter(|(credit, claim)| nameless(credit) && is_early(credit, claim));
    pairs.map(|(credit, _)| credit.id).collect()
}

/// The intent that a report with the credit's own reference names.
fn vouched(credit: &OpenCredit, told: &[Told]) -> Option<IntentId> {
    let knows = |t: &&Told| t.intent.is_some() && t.amount == credit.amount && share_a_reference(credit, t);
    told.iter().find(knows).and_then(|t| t.intent)
}

fn share_a_reference(credit: &OpenCredit, told: &Told) -> bool {
    credit.references.iter().any(|ours| told.references.iter().any(|r| r.same(ours)))
}

fn may_be_one(credit: &OpenCredit, told: &Told, calendar: &WorkingCalendar) -> bool {
    let contradict =
        credit.references.iter().any(|ours| told.references.iter().any(|r| r.comparable(ours) && !r.same(ours)));
    credit.amount == told.amount && !contradict && calendar.within(credit.booking_date, told.day, APART)
}

fn distance(one: Date, other: Date) -> i32 {
    (one - other).get_days().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn credit(n: u128, amount: i64, day: i8, reference: Option<&str>, intent: Option<u128>) -> OpenCredit {
        OpenCredit {
            id: Uuid::from_u128(n).into(),
            amount: Vnd::new(amount),
            booking_date: date(2026, 11, day),
            references: reference.and_then(|r| BankReference::read(r, None)).into_iter().collect(),
            intent: intent.map(|i| Uuid::from_u128(i).into()),
            takes_back: false,
        }
    }

    fn told(n: u128, amount: i64, day: i8, reference: Option<(&str, Option<&str>)>, intent: Option<u128>) -> Told {
        Told {
            what: What::Payment(Uuid::from_u128(n).into()),
            amount: Vnd::new(amount),
            day: date(2026, 11, day),
            references: reference.and_then(|(r, numbering)| BankReference::read(r, numbering)).into_iter().collect(),
            intent: intent.map(|i| Uuid::from_u128(i).into()),
            is_covered: false,
            may_be_known: false,
        }
    }

    fn rules(open: &[OpenCredit], told: &[Told]) -> Vec<Option<Rule>> {
        let claims = decide(open, told, &WorkingCalendar::default(), &BTreeSet::new());
        claims.iter().map(|c| c.map(|(_, rule)| rule)).collect()
    }

    #[test]
    fn the_same_amount_is_not_enough_where_references_differ_or_name_others() {
        let known = [told(1, 21_000, 25, Some(("FT1", None)), Some(7))];
        assert_eq!(rules(&[credit(1, 21_000, 25, Some("FT2"), Some(7))], &known), [None]);
        assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(8))], &known), [None]);
        assert_eq!(rules(&[credit(1, 20_999, 25, None, Some(7))], &known), [None]);
        assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(7))], &known), [Some(Rule::Reference)]);
    }

    #[test]
    fn another_numbering_says_nothing_against_a_pair() {
        let known = [told(1, 21_000, 25, Some(("SE99", Some("sepay"))), Some(7))];
        assert_eq!(rules(&[credit(1, 21_000, 26, Some("FT2"), Some(7))], &known), [Some(Rule::Reference)]);
    }

    #[test]
    fn two_worked_days_apart_are_near_and_three_are_not() {
        // 2026-11-27 is a Friday
        let known = [told(1, 21_000, 27, None, None)];
        assert_eq!(rules(&[credit(1, 21_000, 30, None, None)], &known), [Some(Rule::AmountDay)]);
        let known = [told(1, 21_000, 24, None, None)];
        assert_eq!(rules(&[credit(1, 21_000, 26, None, None)], &known), [Some(Rule::AmountDay)]);
        assert_eq!(rules(&[credit(1, 21_000, 27, None, None)], &known), [None]);
    }

    #[test]
    fn a_lost_reference_is_bridged_only_without_a_rival() {
        let known = [told(1, 21_000, 25, None, Some(7))];
        let lost = credit(1, 21_000, 25, None, None);
        assert_eq!(rules(std::slice::from_ref(&lost), &known), [Some(Rule::OnlyOne)]);
        assert_eq!(rules(&[lost.clone(), credit(2, 21_000, 25, None, None)], &known), [None, None]);
        let two = [known[0].clone(), told(2, 21_000, 25, None, Some(8))];
        assert_eq!(rules(std::slice::from_ref(&lost), &two), [None]);
        let partly = BTreeSet::from([lost.amount]);
        assert_eq!(decide(&[lost], &known, &WorkingCalendar::default(), &partly), [None]);
    }

    #[test]
    fn a_line_that_lost_its_reference_is_not_of_a_later_days_report_nor_gives_it_a_name() {
        let lost = credit(1, 21_000, 25, None, None);
        assert_eq!(rules(std::slice::from_ref(&lost), &[told(1, 21_000, 26, None, Some(7))]), [None]);
        assert_eq!(rules(&[credit(1, 21_000, 25, None, Some(7))], &[told(1, 21_000, 26, None, None)]), [None]);
        // each day's is its own day's, since the first can be no other
        let days = [told(1, 21_000, 25, None, Some(7)), told(2, 21_000, 26, None, Some(8))];
        let lines = [lost.clone(), credit(2, 21_000, 26, None, None)];
        let claims = decide(&lines, &days, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [Some((days[0].what, Rule::OnlyOne)), Some((days[1].what, Rule::OnlyOne))]);
        assert_eq!(rules(&lines, &days[..1]), [None, None], "it may be either, and the other is nobody's");
    }

    #[test]
    fn of_two_that_a_line_may_be_it_is_that_which_was_told_of_before() {
        let days = [told(1, 21_000, 26, None, Some(7)), told(2, 21_000, 24, None, Some(7))];
        let claims =
            decide(&[credit(1, 21_000, 25, None, Some(7))], &days, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [Some((days[1].what, Rule::Reference))]);
    }

    #[test]
    fn a_credit_that_names_nobody_waits_while_the_named_moneys_own_line_may_come() {
        let held = |open: &[OpenCredit], told: &[Told]| {
            let claims = decide(open, told, &WorkingCalendar::default(), &BTreeSet::new());
            early(open, &claims, told, &WorkingCalendar::default()).len()
        };
        let named = told(1, 21_000, 25, None, Some(7));
        let covered = Told { is_covered: true, ..named.clone() };
        let lost = credit(1, 21_000, 25, Some("FT1"), None);
        let alone = std::slice::from_ref(&lost);
        assert_eq!(held(alone, std::slice::from_ref(&named)), 1);
        assert_eq!(held(alone, std::slice::from_ref(&covered)), 0);
        assert_eq!(held(alone, &[told(1, 21_000, 25, Some(("FT1", None)), Some(7))]), 0);
        // the other way about, whichever of the two lines comes is placed where its text says
        assert_eq!(held(&[credit(1, 21_000, 25, None, Some(7))], &[told(1, 21_000, 25, None, None)]), 0);
        // rivals on either side end no doubt
        let rival = told(2, 21_000, 24, None, Some(8));
        assert_eq!(held(alone, &[named.clone(), rival.clone()]), 1);
        assert_eq!(held(alone, &[covered.clone(), rival]), 1);
        assert_eq!(held(alone, &[covered.clone(), Told { is_covered: true, ..told(2, 21_000, 24, None, Some(8)) }]), 0);
        assert_eq!(held(alone, &[told(2, 21_000, 26, None, Some(8))]), 0, "told of the day after: none of it");
        assert_eq!(held(&[lost.clone(), credit(2, 21_000, 26, Some("FT2"), None)], std::slice::from_ref(&named)), 2);
        // the money's own line has come
        let own = credit(2, 21_000, 25, Some("FT2"), Some(7));
        assert_eq!(held(&[lost.clone(), own], std::slice::from_ref(&named)), 0);
        assert_eq!(held(&[OpenCredit { takes_back: true, ..lost.clone() }], std::slice::from_ref(&named)), 0);
        let waits = |intent| Told {
            what: What::Sighting(Uuid::from_u128(2).into()),
            ..told(2, 21_000, 25, Some(("FT1", None)), Some(intent))
        };
        assert_eq!(held(alone, &[named.clone(), waits(7)]), 0);
        assert_eq!(held(alone, &[named.clone(), waits(8)]), 1);
        // a report with the line's reference says of two which one it is
        let two = [named.clone(), told(3, 21_000, 25, None, Some(8)), waits(8)];
        let claims = decide(alone, &two, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!((claims, held(alone, &two)), (vec![Some((two[1].what, Rule::OnlyOne))], 0));
    }

    #[test]
    fn a_shared_reference_says_more_than_a_text() {
        let known = [told(1, 21_000, 25, Some(("FT1", None)), None), told(2, 21_000, 25, None, Some(7))];
        let open = [credit(1, 21_000, 25, Some("FT1"), Some(7)), credit(2, 21_000, 25, Some("FT2"), Some(7))];
        assert_eq!(rules(&open, &known), [Some(Rule::BankReference), Some(Rule::Reference)]);
    }

    #[test]
    fn a_payment_is_claimed_before_the_report_that_waits_for_it() {
        let waits = Told {
            what: What::Sighting(Uuid::from_u128(2).into()),
            ..told(2, 21_000, 25, Some(("FT1", None)), Some(7))
        };
        let known = [told(1, 21_000, 25, None, Some(7)), waits];
        let open = [credit(1, 21_000, 25, Some("FT1"), Some(7)), credit(2, 21_000, 25, Some("FT2"), Some(7))];
        let claims = decide(&open, &known, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [Some((known[0].what, Rule::Reference)), None]);
        let lost = [credit(1, 21_000, 25, Some("FT1"), None)];
        let claims = decide(&lost, &known, &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [Some((known[0].what, Rule::OnlyOne))]);
    }

    #[test]
    fn a_report_that_may_be_of_money_in_the_books_vouches_for_no_line_without_a_name() {
        let waits = Told {
            what: What::Sighting(Uuid::from_u128(2).into()),
            is_covered: true,
            ..told(2, 21_000, 25, None, Some(7))
        };
        let known = Told { may_be_known: true, ..waits.clone() };
        let lost = [credit(1, 21_000, 26, None, None)];
        assert_eq!(rules(&lost, std::slice::from_ref(&waits)), [Some(Rule::OnlyOne)]);
        assert_eq!(rules(&lost, std::slice::from_ref(&known)), [None]);
        let uncovered = Told { is_covered: false, ..known.clone() };
        assert!(early(&lost, &[None], &[uncovered], &WorkingCalendar::default()).is_empty(), "nor does it wait for it");
        let vouched = [credit(1, 21_000, 26, Some("FT1"), None)];
        let by_reference = Told { references: vouched[0].references.clone(), ..known.clone() };
        assert_eq!(rules(&vouched, &[by_reference]), [Some(Rule::OnlyOne)], "its reference says more");
        // one that names the same is as good as any other line
        let own = [credit(1, 21_000, 26, None, Some(7))];
        assert_eq!(rules(&own, std::slice::from_ref(&known)), [Some(Rule::Reference)]);
        let claims = decide(&own, &[known, waits.clone()], &WorkingCalendar::default(), &BTreeSet::new());
        assert_eq!(claims, [Some((waits.what, Rule::Reference))], "the other one has nothing else");
    }

    #[test]
    fn a_credit_that_takes_a_debit_back_is_no_payment_that_we_know() {
        let back = OpenCredit { takes_back: true, ..credit(1, 21_000, 25, None, None) };
        assert_eq!(rules(&[back], &[told(1, 21_000, 25, None, None), told(2, 21_000, 25, None, Some(7))]), [None]);
    }

    fn reversible(n: u128, reference: &str) -> Reversible {
        let references = BankReference::read(reference, None).into_iter().collect();
        Reversible { payment: Some(Uuid::from_u128(n).into()), references, is_meant: false }
    }

    #[test]
    fn a_reversal_takes_back_the_only_credit_that_it_can_mean() {
        let paid = |n| Some(Uuid::from_u128(n).into());
        let credits = [reversible(1, "FT26330001"), reversible(2, "FT263300012"), reversible(3, "7")];
        let of = |text: &str, own: &str| Reversal {
            text: text.to_owned(),
            references: BankReference::read(own, None).into_iter().collect(),
        };
        assert_eq!(taken_back(&of("HUY GD FT263300012", "FT9"), &credits), paid(2), "and not the one whose head it is");
        assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &credits), paid(1));
        assert_eq!(taken_back(&of("HUY GD", "FT26330001"), &credits), paid(1));
        assert_eq!(taken_back(&of("HUY GD 7", "7"), &credits), None, "too weak");
        let short = [reversible(4, "100234")];
        assert_eq!(taken_back(&of("HUY GD", "100234"), &short), paid(4), "its own reference may be short");
        assert_eq!(taken_back(&of("HUY GD 100234", ""), &short), None, "a word of its text may not");
        let part = [Reversible { is_meant: true, ..reversible(5, "7") }];
        assert_eq!(taken_back(&of("HUY LO", "7"), &part), paid(5));
        assert_eq!(taken_back(&of("HUY GD FT26330001 FT263300012", ""), &credits), None, "it can mean either");
        assert_eq!(taken_back(&of("HUY GD FT26330001", "FT263300012"), &credits), None, "it says two things");
        let batch = [reversible(1, "FT26330001"), reversible(2, "FT26330001")];
        assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &batch), None, "parts of a batch");
        let nobodys = [reversible(1, "FT26330001"), Reversible { payment: None, ..reversible(2, "FT26330001") }];
        assert_eq!(taken_back(&of("HUY GD FT26330001", ""), &nobodys), None);
    }

    #[test]
    fn n_equal_lines_claim_n_payments_and_the_rest_is_new() {
        let known = [told(1, 5_000, 25, None, None), told(2, 5_000, 25, None, None)];
        let open: Vec<_> = (1..=3).map(|n| credit(n, 5_000, 25, None, None)).collect();
        assert_eq!(rules(&open, &known), [Some(Rule::AmountDay), Some(Rule::AmountDay), None]);
    }

    proptest! {
        #[test]
        fn a_reversal_never_takes_back_what_its_words_do_not_name_alone(
            credits in prop::collection::vec("FT26330[01]{0,4}", 0..6),
            words in prop::collection::vec("FT26330[01]{0,4}|HUY|GD", 0..4),
        ) {
            let known: Vec<_> = credits.iter().zip(1..).map(|(r, n)| reversible(n, r)).collect();
            let reversal = Reversal { text: words.join(" "), references: Vec::new() };
            let named: Vec<usize> = (0..credits.len())
                .filter(|at| credits[*at].len() >= bank_reference::TELLING_CHARACTERS && words.contains(&credits[*at]))
                .collect();
            let expected = if let [only] = named.as_slice() { known[*only].payment } else { None };
            prop_assert_eq!(taken_back(&reversal, &known), expected);
        }

        #[test]
        fn nothing_is_claimed_twice_and_every_claim_is_of_its_amount(
            credits in prop::collection::vec((1_i64..4, 20_i8..30, prop::option::of(0_u128..3)), 0..12),
            known in prop::collection::vec((1_i64..4, 20_i8..30, prop::option::of(0_u128..3)), 0..12),
        ) {
            let open: Vec<_> = credits.iter().enumerate().map(|(n, (a, d, i))| credit(n as u128, *a, *d, None, *i)).collect();
            let known: Vec<_> = known.iter().enumerate().map(|(n, (a, d, i))| told(n as u128, *a, *d, None, *i)).collect();
            let claims = decide(&open, &known, &WorkingCalendar::default(), &BTreeSet::new());
            let what: Vec<What> = claims.iter().flatten().map(|(what, _)| *what).collect();
            prop_assert_eq!(what.iter().collect::<BTreeSet<_>>().len(), what.len());
            for (credit, claim) in open.iter().zip(&claims) {
                if let Some((what, _)) = claim {
                    let t = known.iter().find(|t| t.what == *what).expect("told");
                    prop_assert_eq!(t.amount, credit.amount);
                    prop_assert!(t.intent.is_none() || credit.intent.is_none() || t.intent == credit.intent);
                }
            }
        }
    }
}
