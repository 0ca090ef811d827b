//! What is left over when statements show all days: money that was told of and has no line, beside lines that were booked as
//! money of their own before it was known whose they are. Pure.
//!
//! | told, without a line | a line that was booked as new money | then |
//! |---|---|---|
//! | with a name | names nobody, and all of it waits; no pairing of as many as can be gives it to another's | it is the line of what was told |
//! | with a name, and waiting unbooked | the same | it gives the line's payment its name |
//! | without a name, all of it waiting | any, the nearest first | what was told is another sight of the line's payment |
//! | the same | one that brings back a transfer of ours | what was told is that return, and no payment ([`returned`]) |
//!
//! Nothing is said of a line that may be, or stands beside one that may be, of money whose own line may come yet.
//!
//! Always account and amount are the same, the line is booked on the day of the report or up to two worked days later, no reference
//! says otherwise, and no teller has told of both, since each tells of a transfer once.

use super::{APART, What, pairing};
use crate::bank_reference::BankReference;
use crate::business_day::WorkingCalendar;
use crate::ids::{IntentId, MovementId, PaymentId, SightingId};
use crate::money::Vnd;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Money that was told of, or that a line brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money<Id> {
    pub id: Id,
    pub amount: Vnd,
    /// On which it was told of, or its line is booked.
    pub day: Date,
    pub intent: Option<IntentId>,
    pub references: Vec<BankReference>,
    /// All of it waits unidentified, and nothing else may be said of it.
    pub is_free: bool,
    /// Statements show that its own line does not come any more; of a line: it is there.
    pub is_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The line is of what was told, and the payment that it was booked as is none.
    Line { told: PaymentId, booked: PaymentId },
    /// What was told is the line's money, and no payment beside it.
    Sight { told: PaymentId, booked: PaymentId },
    /// The report names the line's payment.
    Name { report: SightingId, booked: PaymentId },
}

/// What can be said now. `apart`: what was told and the booked payments that it is not, since one teller has told of both.
pub fn ends(
    told: &[Money<What>],
    booked: &[Money<PaymentId>],
    apart: &BTreeSet<(What, PaymentId)>,
    calendar: &WorkingCalendar,
) -> Vec<End> {
    let may_be_one =
        |t: &Money<What>, b: &Money<PaymentId>| may_be_one(t, b, calendar) && !apart.contains(&(t.id, b.id));
    let named: Vec<&Money<What>> = told.iter().filter(|t| t.intent.is_some()).collect();
    let lines: Vec<&Money<PaymentId>> = booked.iter().filter(|b| b.intent.is_none() && b.is_free).collect();
    let fits: Vec<Vec<usize>> =
        lines.iter().map(|b| (0..named.len()).filter(|at| may_be_one(named[*at], b)).collect()).collect();
    let whose: Vec<Option<IntentId>> = named.iter().map(|t| t.intent).collect();
    let over: Vec<bool> = named.iter().map(|t| t.is_over).collect();
    let settled = pairing::closed(&fits, &over);
    let pairs = lines.iter().zip(pairing::certain(&fits, &whose)).zip(settled);
    let pairs = pairs.filter_map(|((b, at), is_settled)| Some((named[at.filter(|_| is_settled)?], b.id)));
    let mut ends: Vec<End> = pairs.map(|(t, booked)| End::of_line(t.id, booked)).collect();
    let mut taken: BTreeSet<PaymentId> = ends.iter().map(|end| end.booked()).collect();
    for t in told.iter().filter(|t| t.intent.is_none() && t.is_free && t.is_over) {
        let What::Payment(payment) = t.id else { continue };
        let shares = |b: &Money<PaymentId>| b.references.iter().any(|own| t.references.iter().any(|r| r.same(own)));
        let free = booked.iter().filter(|b| !taken.contains(&b.id) && may_be_one(t, b));
        if let Some(nearest) = free.min_by_key(|b| (!shares(b), b.day)) {
            taken.insert(nearest.id);
            ends.push(End::Sight { told: payment, booked: nearest.id });
        }
    }
    ends
}

/// What was told of without a name and is the return of a transfer of ours: each return is one of them at most. Its line may have the
/// debit's reference, which says nothing of it; `back` has what is left.
pub fn returned(
    told: &[Money<What>],
    back: &[Money<MovementId>],
    calendar: &WorkingCalendar,
) -> Vec<(PaymentId, MovementId)> {
    let mut found: Vec<(PaymentId, MovementId)> = Vec::new();
    for t in told.iter().filter(|t| t.intent.is_none() && t.is_free && t.is_over) {
        let What::Payment(payment) = t.id else { continue };
        let free = back.iter().filter(|b| found.iter().all(|(_, line)| *line != b.id) && may_be_one(t, b, calendar));
        if let Some(nearest) = free.min_by_key(|b| b.day) {
            found.push((payment, nearest.id));
        }
    }
    found
}

fn may_be_one<Id>(told: &Money<What>, line: &Money<Id>, calendar: &WorkingCalendar) -> bool {
    let contradict = |r: &BankReference| line.references.iter().any(|own| own.comparable(r) && !own.same(r));
    told.amount == line.amount
        && line.day >= told.day
        && calendar.within(told.day, line.day, APART)
        && !told.references.iter().any(contradict)
}

impl End {
    const fn of_line(told: What, booked: PaymentId) -> Self {
        match told {
            What::Payment(told) => Self::Line { told, booked },
            What::Sighting(report) => Self::Name { report, booked },
        }
    }

    pub const fn booked(&self) -> PaymentId {
        match self {
            Self::Line { booked, .. } | Self::Sight { booked, .. } | Self::Name { booked, .. } => *booked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    fn id(n: u128) -> PaymentId {
        Uuid::from_u128(n).into()
    }

    fn money(n: u128, day: i8, intent: Option<u128>) -> Money<PaymentId> {
        Money {
            id: id(n),
            amount: Vnd::new(21_000),
            day: date(2026, 11, day),
            intent: intent.map(|i| Uuid::from_u128(i).into()),
            references: Vec::new(),
            is_free: intent.is_none(),
            is_over: true,
        }
    }

    fn told(of: &[Money<PaymentId>]) -> Vec<Money<What>> {
        let what = |m: Money<PaymentId>| Money {
            id: What::Payment(m.id),
            amount: m.amount,
            day: m.day,
            intent: m.intent,
            references: m.references,
            is_free: m.is_free,
            is_over: m.is_over,
        };
        of.iter().cloned().map(what).collect()
    }

    fn of(of: &[Money<PaymentId>], booked: &[Money<PaymentId>]) -> Vec<End> {
        ends(&told(of), booked, &BTreeSet::new(), &WorkingCalendar::default())
    }

    #[test]
    fn a_named_payment_has_the_line_that_can_be_no_others() {
        let (a, line) = (money(1, 24, Some(7)), money(2, 24, None));
        let pair = End::Line { told: id(1), booked: id(2) };
        assert_eq!(of(std::slice::from_ref(&a), std::slice::from_ref(&line)), [pair]);
        assert_eq!(of(std::slice::from_ref(&a), &[money(2, 23, None)]), [], "booked before it was told of");
        assert_eq!(of(std::slice::from_ref(&a), &[money(2, 27, None)]), [], "too late");
        assert_eq!(of(std::slice::from_ref(&a), &[line.clone(), money(3, 25, None)]), [], "it may be either");
        assert_eq!(of(&[a.clone(), money(3, 24, Some(8))], std::slice::from_ref(&line)), [], "it may be another's");
        let coming = Money { is_over: false, ..money(3, 24, Some(8)) };
        assert_eq!(of(&[a.clone(), coming], std::slice::from_ref(&line)), [], "also of one whose line may come");
        assert_eq!(of(&[Money { is_over: false, ..a.clone() }], std::slice::from_ref(&line)), []);
        assert_eq!(
            of(std::slice::from_ref(&a), &[Money { is_free: false, ..line.clone() }]),
            [],
            "people have placed it"
        );
        let apart = BTreeSet::from([(What::Payment(id(1)), id(2))]);
        let calendar = WorkingCalendar::default();
        assert_eq!(
            ends(&told(std::slice::from_ref(&a)), std::slice::from_ref(&line), &apart, &calendar),
            [],
            "a teller told of each"
        );
        let report: SightingId = Uuid::from_u128(9).into();
        let waits = Money { id: What::Sighting(report), ..told(&[a]).remove(0) };
        let name = End::Name { report, booked: id(2) };
        assert_eq!(ends(&[waits], &[line], &BTreeSet::new(), &calendar), [name]);
    }

    #[test]
    fn who_was_told_of_twice_has_both_lines_whichever_is_which() {
        let told = [money(1, 24, Some(7)), money(2, 24, Some(7))];
        let found = of(&told, &[money(3, 24, None), money(4, 24, None)]);
        assert_eq!(found.len(), 2);
        assert_eq!(of(&[told[0].clone(), money(2, 24, Some(8))], &[money(3, 24, None), money(4, 24, None)]), []);
    }

    #[test]
    fn what_was_told_without_a_name_is_another_sight_of_a_line_that_its_teller_has_not_told_of() {
        let told = money(1, 24, None);
        let sight = |n| End::Sight { told: id(1), booked: id(n) };
        let (a, b) = (money(2, 25, Some(7)), money(3, 24, Some(8)));
        assert_eq!(of(std::slice::from_ref(&told), &[a.clone(), b.clone()]), [sight(3)], "the nearest");
        let named = |m: &Money<PaymentId>| Money {
            references: BankReference::read("FT1", None).into_iter().collect(),
            ..m.clone()
        };
        assert_eq!(of(&[named(&told)], &[named(&a), b.clone()]), [sight(2)], "by its reference");
        assert_eq!(
            of(&[Money { is_free: false, ..told.clone() }], std::slice::from_ref(&b)),
            [],
            "people have placed it"
        );
        assert_eq!(of(&[Money { is_over: false, ..told.clone() }], std::slice::from_ref(&b)), []);
        let two = [told, money(4, 24, None)];
        assert_eq!(of(&two, std::slice::from_ref(&b)), [sight(3)], "one line is one sight");
    }

    #[test]
    fn what_was_told_without_a_name_is_a_return_once_no_line_of_its_own_comes() {
        let back = |n: u128, day: i8| Money::<MovementId> {
            id: Uuid::from_u128(n).into(),
            amount: Vnd::new(21_000),
            day: date(2026, 11, day),
            intent: None,
            references: Vec::new(),
            is_free: true,
            is_over: true,
        };
        let of = |of: &[Money<PaymentId>], back: &[Money<MovementId>]| {
            let found = returned(&told(of), back, &WorkingCalendar::default());
            found.into_iter().map(|(told, line)| (told, line.uuid().as_u128())).collect::<Vec<_>>()
        };
        let nameless = money(1, 24, None);
        assert_eq!(of(std::slice::from_ref(&nameless), &[back(8, 25), back(9, 24)]), [(id(1), 9)]);
        assert_eq!(of(&[nameless.clone(), money(2, 24, None)], &[back(9, 24)]), [(id(1), 9)]);
        for other in [
            money(1, 24, Some(7)),
            money(1, 25, None),
            Money { is_over: false, ..nameless.clone() },
            Money { is_free: false, ..nameless.clone() },
            Money { amount: Vnd::new(20_999), ..nameless },
        ] {
            assert_eq!(of(&[other], &[back(9, 24)]), []);
        }
    }
}
