//! The allocation rule for public-service fees: which obligations a payment settles and where the rest waits.
//!
//! Against what the reference's obligations owe at that moment: exact or more, and all that is due settles, from the
//! new money first, then from what waits for the same reference, oldest first; the rest goes to suspense. Less, and
//! all of it waits. Nothing is partly settled (contract, "Money in six nouns").

use crate::ids::{ObligationId, PaymentId, RefundId};
use crate::money::Vnd;
use crate::payment::SuspenseReason;

/// Money of an earlier payment that waits for this reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub payment_id: PaymentId,
    pub reason: SuspenseReason,
    pub amount: Vnd,
    /// What waits beside it in the books and has left past us: it pays nothing, and keeps its case.
    pub gone: Vnd,
}

/// One obligation of the reference, as it stands under lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub obligation_id: ObligationId,
    pub amount: Vnd,
    pub standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Due,
    /// Paid already, or its money is on the way back.
    Covered,
    /// Cancelled, refunded for good or exempt: nothing is owed any more.
    Gone,
}

/// Where one đồng-amount of one payment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Obligation(ObligationId),
    Suspense(SuspenseReason),
    /// On its way back to the payer, or back already.
    Refund(RefundId),
    /// Two persons gave up looking for its owner.
    WrittenOff,
}

/// A part of a payment and its home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    pub payment_id: PaymentId,
    pub amount: Vnd,
    pub home: Home,
}

/// A part of earlier money that leaves suspense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub payment_id: PaymentId,
    pub from: SuspenseReason,
    pub amount: Vnd,
    pub to: Home,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// The new payment's parts; together its amount.
    pub portions: Vec<Portion>,
    /// What happens to earlier money.
    pub moves: Vec<Move>,
    pub settled: Vec<ObligationId>,
}

/// Places `amount` of the new payment `payment_id`, which named the reference that owes `owed`.
/// `owed` is settled in the given order; `waiting` is oldest first and holds only reasons that wait for a reference.
pub fn place(payment_id: PaymentId, amount: Vnd, owed: &[Owed], waiting: &[Waiting]) -> Placement {
    let due: Vec<&Owed> = owed.iter().filter(|o| o.standing == Standing::Due).collect();
    let owing: Vnd = due.iter().map(|o| o.amount).sum();
    if owing.is_zero() {
        let paid = owed.iter().any(|o| o.standing == Standing::Covered);
        let reason = if paid { SuspenseReason::Duplicate } else { SuspenseReason::Late };
        return held(payment_id, amount, reason);
    }
    if amount + waiting.iter().map(|w| w.amount).sum() < owing {
        return held(payment_id, amount, SuspenseReason::Underpaid);
    }
    settle(payment_id, amount, &due, waiting)
}

/// All of a payment in one suspense account.
pub fn held(payment_id: PaymentId, amount: Vnd, reason: SuspenseReason) -> Placement {
    Placement { portions: vec![Portion { payment_id, amount, home: Home::Suspense(reason) }], ..Placement::default() }
}

fn settle(payment_id: PaymentId, amount: Vnd, due: &[&Owed], waiting: &[Waiting]) -> Placement {
    let mut placement = Placement { settled: due.iter().map(|o| o.obligation_id).collect(), ..Placement::default() };
    let mut fresh = amount;
    let mut old: Vec<(PaymentId, SuspenseReason, Vnd)> =
        waiting.iter().map(|w| (w.payment_id, w.reason, w.amount)).collect();
    for obligation in due {
        let home = Home::Obligation(obligation.obligation_id);
        let mut missing = obligation.amount;
        let part = missing.min(fresh);
        if part.is_positive() {
            placement.portions.push(Portion { payment_id, amount: part, home });
            fresh = fresh - part;
            missing = missing - part;
        }
        for (payment_id, from, left) in &mut old {
            let part = missing.min(*left);
            if part.is_positive() {
                placement.moves.push(Move { payment_id: *payment_id, from: *from, amount: part, to: home });
                *left = *left - part;
                missing = missing - part;
            }
        }
    }
    if fresh.is_positive() {
        let home = Home::Suspense(SuspenseReason::Overpaid);
        placement.portions.push(Portion { payment_id, amount: fresh, home });
    }
    // What was too little is now too much; other reasons to wait still hold.
    for (payment_id, from, left) in old {
        if left.is_positive() && from == SuspenseReason::Underpaid {
            let to = Home::Suspense(SuspenseReason::Overpaid);
            placement.moves.push(Move { payment_id, from, amount: left, to });
        }
    }
    placement
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn payment(n: u128) -> PaymentId {
        Uuid::from_u128(n).into()
    }

    fn standing() -> impl Strategy<Value = Standing> {
        prop_oneof![4 => Just(Standing::Due), 1 => Just(Standing::Covered), 1 => Just(Standing::Gone)]
    }

    proptest! {
        #[test]
        fn every_dong_has_one_home_and_nothing_is_partly_settled(
            amount in 1_i64..2_000,
            owed in prop::collection::vec((1_i64..800, standing()), 1..5),
            waiting in prop::collection::vec((1_i64..800, prop::sample::select(vec![SuspenseReason::Underpaid, SuspenseReason::Overpaid, SuspenseReason::Late, SuspenseReason::Duplicate])), 0..4),
        ) {
            let owed: Vec<Owed> = owed.iter().enumerate().map(|(i, (a, standing))| Owed {
                obligation_id: Uuid::from_u128(100 + i as u128).into(), amount: Vnd::new(*a), standing: *standing,
            }).collect();
            let waiting: Vec<Waiting> = waiting.iter().enumerate().map(|(i, (a, reason))| Waiting {
                payment_id: payment(200 + i as u128), reason: *reason, amount: Vnd::new(*a), gone: Vnd::ZERO,
            }).collect();
            let new = payment(1);
            let placed = place(new, Vnd::new(amount), &owed, &waiting);

            let portions: Vnd = placed.portions.iter().map(|p| p.amount).sum();
            prop_assert_eq!(portions, Vnd::new(amount));
            prop_assert!(placed.portions.iter().all(|p| p.amount.is_positive() && p.payment_id == new));
            for w in &waiting {
                let moved: Vnd = placed.moves.iter().filter(|m| m.payment_id == w.payment_id).map(|m| m.amount).sum();
                prop_assert!(moved <= w.amount);
                if w.reason == SuspenseReason::Underpaid && !placed.settled.is_empty() { prop_assert_eq!(moved, w.amount); }
            }
            for o in &owed {
                let to = |home: Home| home == Home::Obligation(o.obligation_id);
                let given: Vnd = placed.portions.iter().filter(|p| to(p.home)).map(|p| p.amount).sum::<Vnd>()
                    + placed.moves.iter().filter(|m| to(m.to)).map(|m| m.amount).sum();
                let expected = if placed.settled.contains(&o.obligation_id) { o.amount } else { Vnd::ZERO };
                prop_assert_eq!(given, expected);
                prop_assert!(o.standing == Standing::Due || given.is_zero());
            }
            let due: Vnd = owed.iter().filter(|o| o.standing == Standing::Due).map(|o| o.amount).sum();
            let enough = !due.is_zero() && Vnd::new(amount) + waiting.iter().map(|w| w.amount).sum() >= due;
            prop_assert_eq!(placed.settled.len(), if enough { owed.iter().filter(|o| o.standing == Standing::Due).count() } else { 0 });
        }
    }

    #[test]
    fn new_money_is_used_before_what_waits() {
        let owed = [Owed { obligation_id: Uuid::from_u128(9).into(), amount: Vnd::new(100), standing: Standing::Due }];
        let (payment_id, reason) = (payment(2), SuspenseReason::Underpaid);
        let waiting = [Waiting { payment_id, reason, amount: Vnd::new(60), gone: Vnd::ZERO }];
        let placed = place(payment(1), Vnd::new(70), &owed, &waiting);
        assert_eq!(placed.portions[0].amount, Vnd::new(70));
        assert_eq!(placed.moves.iter().map(|m| m.amount.dong()).collect::<Vec<_>>(), [30, 30]);
        assert_eq!(placed.moves[1].to, Home::Suspense(SuspenseReason::Overpaid));
    }
}
