//! Money that has its name from a report alone, since its line has none, when a line comes that has that name itself. The line that
//! names is its own; whose the other one is, nobody knows any more. Pure.

use super::{APART, Claim, OpenCredit};
use crate::bank_reference::BankReference;
use crate::business_day::WorkingCalendar;
use crate::ids::{IntentId, MovementId, PaymentId};
use crate::money::Vnd;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A payment that has a line which names nobody, and its name from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    pub payment: PaymentId,
    pub intent: IntentId,
    pub amount: Vnd,
    pub line_day: Date,
    /// By which it is known besides those of that line.
    pub references: Vec<BankReference>,
}

/// Credits that are the own lines of such payments: nothing else claims them, and no reference says otherwise.
pub fn own_lines(
    open: &[OpenCredit],
    claims: &[Claim],
    lent: &[Lent],
    calendar: &WorkingCalendar,
) -> BTreeMap<MovementId, PaymentId> {
    let mut own: BTreeMap<MovementId, PaymentId> = BTreeMap::new();
    let may_own = |credit: &OpenCredit| !credit.is_marked && !credit.takes_back;
    for (credit, _) in open.iter().zip(claims).filter(|(credit, claim)| claim.is_none() && may_own(credit)) {
        let is_free = |l: &&Lent| own.values().all(|taken| *taken != l.payment);
        if let Some(found) = lent.iter().filter(is_free).find(|l| is_own(credit, l, calendar)) {
            own.insert(credit.id, found.payment);
        }
    }
    own
}

fn is_own(credit: &OpenCredit, lent: &Lent, calendar: &WorkingCalendar) -> bool {
    let contradicts = |r: &BankReference| credit.references.iter().any(|own| own.comparable(r) && !own.same(r));
    credit.intent == Some(lent.intent)
        && credit.amount == lent.amount
        && calendar.within(credit.booking_date, lent.line_day, APART)
        && !lent.references.iter().any(contradicts)
}

#[cfg(test)]
mod tests {
    use super::super::{Rule, What};
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    fn credit(n: u128, day: i8, intent: Option<u128>, reference: &str) -> OpenCredit {
        OpenCredit {
            id: Uuid::from_u128(n).into(),
            amount: Vnd::new(21_000),
            booking_date: date(2026, 11, day),
            references: BankReference::read(reference, None).into_iter().collect(),
            intent: intent.map(|i| Uuid::from_u128(i).into()),
            is_marked: false,
            takes_back: false,
        }
    }

    fn lent(n: u128, reference: &str) -> Lent {
        Lent {
            payment: Uuid::from_u128(n).into(),
            intent: Uuid::from_u128(7).into(),
            amount: Vnd::new(21_000),
            line_day: date(2026, 11, 24),
            references: BankReference::read(reference, None).into_iter().collect(),
        }
    }

    #[test]
    fn a_line_that_has_the_name_itself_is_the_payments_own_unless_something_says_otherwise() {
        let of = |credit: OpenCredit, claim: Claim, lent: Lent| {
            own_lines(&[credit], &[claim], &[lent], &WorkingCalendar::default()).len()
        };
        assert_eq!(of(credit(1, 25, Some(7), ""), None, lent(1, "")), 1);
        assert_eq!(of(credit(1, 25, Some(7), "FT1"), None, lent(1, "FT1")), 1);
        assert_eq!(of(credit(1, 25, Some(7), "FT2"), None, lent(1, "FT1")), 0);
        assert_eq!(of(credit(1, 25, Some(8), ""), None, lent(1, "")), 0);
        assert_eq!(of(credit(1, 25, None, ""), None, lent(1, "")), 0);
        assert_eq!(of(credit(1, 27, Some(7), ""), None, lent(1, "")), 0, "another day");
        assert_eq!(of(OpenCredit { amount: Vnd::new(1), ..credit(1, 25, Some(7), "") }, None, lent(1, "")), 0);
        assert_eq!(of(OpenCredit { takes_back: true, ..credit(1, 25, Some(7), "") }, None, lent(1, "")), 0);
        assert_eq!(of(OpenCredit { is_marked: true, ..credit(1, 25, Some(7), "") }, None, lent(1, "")), 0);
        let claim = Some((What::Payment(Uuid::from_u128(9).into()), Rule::Reference));
        assert_eq!(of(credit(1, 25, Some(7), ""), claim, lent(1, "")), 0);
    }

    #[test]
    fn each_payment_has_one_line_of_its_own() {
        let open = [credit(1, 24, Some(7), ""), credit(2, 25, Some(7), ""), credit(3, 25, Some(7), "")];
        let own = own_lines(&open, &[None, None, None], &[lent(1, ""), lent(2, "")], &WorkingCalendar::default());
        assert_eq!(own, [(open[0].id, lent(1, "").payment), (open[1].id, lent(2, "").payment)].into());
    }
}
