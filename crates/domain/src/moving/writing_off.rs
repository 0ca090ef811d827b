//! Money that nobody claims, or a loss that nobody explains, is given up by two persons; and waits again when its owner, or its
//! explanation, is found. Only what waits in suspense is given up: a đồng has one home, so what was written off is no refund's,
//! pays no debt, and cannot be written off again.
//!
//! | a case tells of | the đồng | debit | credit |
//! |---|---|---|---|
//! | money of a payment that waits | are nobody's: a gain | suspense | written off |
//! | a debit, or a row of a settlement file, that nobody explains | have left us: a loss | written off | suspense |
//! | the same, and it names a payment | were that payment's as far as it waits: both are given up together | written off, the payment's suspense | suspense, written off |
//! | a line that shows more or less than was told of | the difference, either way | | |
//!
//! What has left past us is of no payment to be had any more, whether its case was closed so or not: what of the loss no waiting
//! money of the payment has made good counts as `gone` for ever (`storage::refunds::unexplained`).

use super::{MoveError, Scene, Work};
use crate::allocation::Home;
use crate::cause::Cause;
use crate::changes::{Changes, NewCase};
use crate::ids::{MovementId, SettlementId};
use crate::ledger::{Account, Journal, JournalKind, Leg};
use crate::money::Vnd;
use crate::payment::SuspenseReason;
use jiff::civil::Date;

/// What stands in suspense and is no payment's: of a line of a statement, or of a row of a settlement file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexplained {
    pub reason: SuspenseReason,
    /// As suspense has it, debit plus: above zero it has left us, below zero more came than was told of.
    pub amount: Vnd,
    pub movement: Option<MovementId>,
    pub settlement: Option<SettlementId>,
}

impl Unexplained {
    fn leg(&self, account: Account, amount: Vnd) -> Leg {
        Leg { movement_id: self.movement, settlement_id: self.settlement, ..Leg::new(account, amount) }
    }

    /// Out of suspense, or back there.
    fn legs(&self, amount: Vnd) -> [Leg; 2] {
        [self.leg(Account::WrittenOff, amount), self.leg(Account::Suspense(self.reason), -amount)]
    }
}

/// What a payment has waiting for a reason is nobody's. `amount`: what who proposed it saw.
pub fn write_off(scene: &Scene, reason: SuspenseReason, amount: Vnd) -> Result<Changes, MoveError> {
    let home = Home::Suspense(reason);
    // what has left past us is given up with the debit that tells of it, or it would be twice
    if !amount.is_positive() || scene.own(home) != amount || scene.there(scene.payment_id, reason) != amount {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    work.shift(scene.payment_id, home, Home::WrittenOff, amount)?;
    work.close_case(scene.payment_id, home)?;
    work.finish(JournalKind::WrittenOff, Cause::WrittenOff)
}

/// What nobody explains is given up. `named`: the payment that its case names, of which so much goes with it as waits.
pub fn write_off_unexplained(
    unexplained: &Unexplained,
    named: Option<&Scene>,
    day: Date,
) -> Result<Changes, MoveError> {
    let legs = unexplained.legs(unexplained.amount);
    let Some(scene) = named.filter(|_| unexplained.amount.is_positive()) else {
        return alone(legs, JournalKind::WrittenOff, Cause::WrittenOff, day);
    };
    let mut work = Work::new(scene);
    legs.into_iter().for_each(|leg| work.leg(leg));
    work.give_up_held(unexplained.amount)?;
    work.finish(JournalKind::WrittenOff, Cause::WrittenOff)
}

/// What was given up waits again, each part for its old reason, with a case.
pub fn reinstate(scene: &Scene, parts: &[(SuspenseReason, Vnd)]) -> Result<Changes, MoveError> {
    let given_up: Vnd = parts.iter().map(|(_, amount)| *amount).sum();
    if parts.is_empty() || scene.own(Home::WrittenOff) < given_up {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    for (reason, amount) in parts {
        work.shift(scene.payment_id, Home::WrittenOff, Home::Suspense(*reason), *amount)?;
    }
    work.finish(JournalKind::Reinstated, Cause::Reinstated)
}

/// The same of what nobody explained; `case`: what tells of it again.
pub fn reinstate_unexplained(unexplained: &Unexplained, case: NewCase, day: Date) -> Result<Changes, MoveError> {
    let legs = unexplained.legs(-unexplained.amount);
    let mut changes = alone(legs, JournalKind::Reinstated, Cause::Reinstated, day)?;
    changes.cases_opened.push(case);
    Ok(changes)
}

fn alone(legs: [Leg; 2], kind: JournalKind, cause: Cause, day: Date) -> Result<Changes, MoveError> {
    let mut changes = Changes::default();
    changes.journals.push(Journal::new(kind, cause, day, legs.into())?);
    Ok(changes)
}

impl Work<'_> {
    /// So much of what the payment has in suspense as there is, in the order in which it came there.
    fn give_up_held(&mut self, most: Vnd) -> Result<(), MoveError> {
        let scene = self.scene;
        let mut left = most;
        for part in scene.parts.iter().filter(|p| p.payment_id == scene.payment_id) {
            let taken = part.amount.min(left);
            if matches!(part.home, Home::Suspense(_)) && taken.is_positive() {
                self.shift(part.payment_id, part.home, Home::WrittenOff, taken)?;
                left = left - taken;
                if taken == part.amount {
                    self.close_case(part.payment_id, part.home)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::OpenCase;
    use crate::case::{CaseKind, CaseStatus};
    use crate::codes::ProfileCode;
    use crate::ids::PaymentId;
    use crate::moving::{Part, take_back};
    use uuid::Uuid;

    const HELD: Home = Home::Suspense(SuspenseReason::Unidentified);

    fn payment() -> PaymentId {
        Uuid::from_u128(1).into()
    }

    fn waiting(amount: i64) -> Scene {
        let profile = ProfileCode::new("vnpay_main").unwrap();
        let mut scene = Scene::of_nothing(payment(), Account::Clearing(profile), jiff::civil::date(2026, 11, 27));
        scene.parts.push(Part { payment_id: payment(), home: HELD, amount: Vnd::new(amount) });
        scene.cases.push(OpenCase {
            id: Uuid::from_u128(9).into(),
            payment_id: payment(),
            kind: CaseKind::Unidentified,
            waits: true,
            status: CaseStatus::Open,
            version: 1,
        });
        scene
    }

    fn after(scene: &Scene, changes: &Changes) -> Scene {
        let mut next = scene.clone();
        for row in &changes.allocations {
            next.parts.push(Part { payment_id: row.payment_id, home: row.home, amount: row.amount });
        }
        next.cases.retain(|case| changes.cases_closed.iter().all(|step| step.id != case.id));
        next
    }

    fn on(changes: &Changes, account: &Account) -> i64 {
        let legs = changes.journals.iter().flat_map(|j| j.legs());
        legs.filter(|leg| leg.account == *account).map(|leg| leg.amount.dong()).sum()
    }

    fn debit(amount: i64) -> Unexplained {
        let movement = Some(Uuid::from_u128(7).into());
        Unexplained { reason: SuspenseReason::Unidentified, amount: Vnd::new(amount), movement, settlement: None }
    }

    #[test]
    fn what_was_written_off_cannot_be_written_off_again_nor_by_another_sum_than_was_seen() {
        let scene = waiting(40_000);
        let (reason, amount) = (SuspenseReason::Unidentified, Vnd::new(40_000));
        assert_eq!(write_off(&scene, reason, Vnd::new(39_999)), Err(MoveError::Stale));
        let gone = write_off(&scene, reason, amount).unwrap();
        assert_eq!((on(&gone, &Account::WrittenOff), gone.cases_closed.len()), (-40_000, 1));
        assert_eq!(write_off(&after(&scene, &gone), reason, amount), Err(MoveError::Stale));
    }

    #[test]
    fn money_that_has_left_past_us_is_written_off_with_its_debit_alone() {
        let mut scene = waiting(40_000);
        scene.gone = vec![(payment(), Vnd::new(40_000))];
        let alone = write_off(&scene, SuspenseReason::Unidentified, Vnd::new(40_000));
        assert_eq!(alone, Err(MoveError::Stale));
        let both = write_off_unexplained(&debit(40_000), Some(&scene), scene.day).unwrap();
        assert_eq!(on(&both, &Account::WrittenOff), 0, "nothing is lost, and nothing won");
        assert_eq!(after(&scene, &both).own(HELD), Vnd::ZERO);
        assert_eq!(both.cases_closed.len(), 1);
    }

    #[test]
    fn a_loss_beyond_what_waits_is_a_loss() {
        let scene = waiting(15_000);
        let both = write_off_unexplained(&debit(40_000), Some(&scene), scene.day).unwrap();
        assert_eq!(on(&both, &Account::WrittenOff), 25_000);
        let alone = write_off_unexplained(&debit(40_000), None, scene.day).unwrap();
        assert_eq!(on(&alone, &Account::WrittenOff), 40_000);
        let more = write_off_unexplained(&debit(-300), Some(&scene), scene.day).unwrap();
        assert_eq!((on(&more, &Account::WrittenOff), more.allocations.len()), (-300, 0));
    }

    #[test]
    fn what_was_written_off_waits_again_once_and_can_be_taken_back_by_its_bank() {
        let scene = waiting(40_000);
        let given_up = after(&scene, &write_off(&scene, SuspenseReason::Unidentified, Vnd::new(40_000)).unwrap());
        let parts = [(SuspenseReason::Unidentified, Vnd::new(40_000))];
        let found = reinstate(&given_up, &parts).unwrap();
        assert_eq!((on(&found, &Account::WrittenOff), found.cases_opened.len()), (40_000, 1));
        assert_eq!(reinstate(&after(&given_up, &found), &parts), Err(MoveError::Stale));

        let mut settled = given_up;
        settled.parts = vec![Part { payment_id: payment(), home: Home::WrittenOff, amount: Vnd::new(40_000) }];
        let back = take_back(&settled, &[]).unwrap();
        assert_eq!(on(&back, &Account::WrittenOff), 40_000, "the gain was none");
    }
}
