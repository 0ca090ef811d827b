//! What booked money does by a decision or on a neighbour's word: it goes back to the payer, comes back, or is taken
//! back. Pure: the facts come in under lock, the changes go out as one whole.
//!
//! | what happens | debit | credit | obligation | its intents |
//! |---|---|---|---|---|
//! | a refund is approved | obligation, suspense | refund payable | `paid → refunding` | |
//! | it was sent; its debit is on a statement | refund payable | clearing; bank | `refunding → due` or `refunded` | reopen with `due` |
//! | it failed or was withdrawn | refund payable | where it came from | `refunding → paid` | |
//! | the same, and the cover of others has gone | refund payable | suspense `underpaid` | `refunding → due` | reopen |
//! | a sent one came back | clearing; in transit | suspense `refund_returned` | | |
//! | a payment is taken back | obligation, suspense, refund payable | clearing; in transit | `paid → due`, `refunding → due` | reopen |
//! | an officer's taking is voided | obligation, suspense | drawer; clearing | `paid → due` | reopen |
//! | a voided card was charged all the same | clearing | suspense `refund_returned` | | |
//! | the terminal undid it later | suspense `refund_returned` | clearing | | |
//! | a payment was a drawer's deposit, a payout, a transfer that came back | suspense `unidentified`, `refund_returned` | in transit | | |
//! | a person says what waiting money is for | suspense | obligation; the rest `overpaid` | `due → paid` | paid with it |
//! | an obligation is lowered | obligation | suspense `overpaid` | | |
//! | waiting money, or a loss, is given up, and is found after all | `writing_off` | | | |
//! | a payment stands, and its bank has taken it back: what it pays is due again | `uncovering` | | | |
//!
//! Which intents reopen is the table of `reopening`. An obligation has all that it owes or nothing. When the part of one
//! payment leaves, those of others wait as `underpaid` from the same journal on. Whatever waits has a case.

use crate::allocation::Home;
use crate::booking::{IntentState, ObligationState, OpenCase, case_of};
use crate::cause::Cause;
use crate::changes::{AllocationRow, Changes, NewCase, step};
use crate::event::{EventType, Notice};
use crate::ids::{IntentId, MovementId, ObligationId, PaymentId};
use crate::ledger::{Account, Journal, JournalKind, Leg, Unbalanced};
use crate::money::Vnd;
use crate::obligation::ObligationStatus;
use crate::payment::SuspenseReason;
use crate::refund::{Closing, RefundLine, RefundState, RefundStatus};
use crate::transition::NoSuchEdge;
use jiff::civil::Date;
use reopening::Again;
use std::collections::BTreeSet;

pub mod reopening;
#[cfg(test)]
mod tests;
pub mod uncovering;
pub mod writing_off;

/// Where a part of a payment is. Never zero; negative only in what a journal took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub payment_id: PaymentId,
    pub home: Home,
    pub amount: Vnd,
}

/// An intent that holds an obligation of the scene, live or paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub intent: IntentState,
    /// Nobody may pay it any more: its deadline has passed, or its obligations owe another amount than it asks for.
    pub is_over: bool,
    /// It is paid, and was cancelled or had expired when its money came.
    pub was_over: bool,
}

/// All that a move of a payment's money rests on, as it stands under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    pub payment_id: PaymentId,
    /// Where the payment's money is in the world: `clearing` of a provider, `in_transit` of an account, a `drawer`.
    pub source: Account,
    /// The intent whose reference the payment named.
    pub intent_id: Option<IntentId>,
    /// Those that the payment's money is or was for.
    pub obligations: Vec<ObligationState>,
    /// Every part of the payment, and the parts of others in those obligations or waiting beside them; the oldest payment
    /// first.
    pub parts: Vec<Part>,
    /// What has left of these payments past us: in the books it waits, and it pays nothing.
    pub gone: Vec<(PaymentId, Vnd)>,
    pub holders: Vec<Holder>,
    /// Open cases of all payments in `parts`.
    pub cases: Vec<OpenCase>,
    /// The day of what happens, in Hanoi.
    pub day: Date,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Edge(#[from] NoSuchEdge),
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    /// The money is not where it was when this was proposed.
    #[error("the money is elsewhere by now")]
    Stale,
    #[error("the scene lacks {0}")]
    Missing(&'static str),
}

/// The money leaves its obligations and suspense, and waits for the payer.
pub fn approve_refund(scene: &Scene, refund: &RefundState) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    for line in &refund.lines {
        match line.obligation_id {
            Some(id) => {
                if scene.own(Home::Obligation(id)) != line.amount {
                    return Err(MoveError::Stale);
                }
                if scene.obligation(id)?.status != ObligationStatus::Paid {
                    return Err(MoveError::Stale);
                }
                work.uncover(id, Home::Refund(refund.id))?;
                work.obligation(id, Cause::RefundApproved)?;
            }
            None => work.take_held(line.amount, Home::Refund(refund.id))?,
        }
    }
    work.refund(refund, Cause::Approved)?;
    work.finish(JournalKind::RefundApproved, Cause::RefundApproved)
}

/// The money has left: `out` is the clearing account of the provider that sent it, or the bank account with the debit.
pub fn refund_sent(
    scene: &Scene,
    refund: &RefundState,
    out: &Account,
    movement: Option<MovementId>,
    cause: Cause,
) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let amount = refund.amount();
    work.leg(Leg::new(Account::RefundPayable, amount).of_payment(scene.payment_id));
    let leg = Leg::new(out.clone(), -amount).of_payment(scene.payment_id);
    work.leg(movement.map_or(leg.clone(), |id| leg.of_movement(id)));
    work.refund(refund, cause)?;
    let mut reopened = BTreeSet::new();
    for id in refund.lines.iter().filter_map(|l| l.obligation_id) {
        let cause = match refund.closing {
            Closing::Reopen => Cause::RefundReopened,
            Closing::Close => Cause::RefundClosed,
        };
        if work.obligation(id, cause)? == ObligationStatus::Due {
            reopened.insert(id);
        }
    }
    work.reopen_intents(&reopened, Cause::RefundReopened, Cause::RefundReopenedAfterExpiry)?;
    work.finish(JournalKind::RefundSent, cause)
}

/// The payer gets nothing after all. `taken`: what the approval's journal moved, negative where it took.
pub fn refund_failed(scene: &Scene, refund: &RefundState, taken: &[Part], cause: Cause) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let mut reopened = BTreeSet::new();
    for line in &refund.lines {
        match line.obligation_id {
            Some(id) if work.can_cover_again(id, refund, taken) => {
                work.cover_again(id, refund, taken)?;
                work.obligation(id, Cause::RefundFailed)?;
            }
            Some(id) => {
                let to = Home::Suspense(SuspenseReason::Underpaid);
                work.shift(scene.payment_id, Home::Refund(refund.id), to, line.amount)?;
                work.obligation(id, Cause::RefundUncovered)?;
                reopened.insert(id);
            }
            None => work.give_back_held(refund, line, taken)?,
        }
    }
    work.refund(refund, cause)?;
    work.reopen_intents(&reopened, Cause::RefundReopened, Cause::RefundReopenedAfterExpiry)?;
    work.finish(JournalKind::RefundFailed, cause)
}

/// Sent money is with us again. The obligations stay as they are; a person says what becomes of it. `movement`: the credit
/// that brought it, where it came by bank.
pub fn refund_came_back(
    scene: &Scene,
    refund: &RefundState,
    movement: Option<MovementId>,
) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let amount = refund.amount();
    let leg = Leg::new(scene.source.clone(), amount).of_payment(scene.payment_id);
    work.leg(movement.map_or(leg.clone(), |id| leg.of_movement(id)));
    let home = Home::Suspense(SuspenseReason::RefundReturned);
    work.allocate(scene.payment_id, Home::Refund(refund.id), -amount);
    work.credit(scene.payment_id, home, amount)?;
    work.refund(refund, Cause::CameBack)?;
    work.finish(JournalKind::RefundReturned, Cause::CameBack)
}

/// The whole payment was taken back by who had brought it. `unmade`: its refunds that nobody has paid out; they are
/// withdrawn with it. Money that is on its way to the payer, or with them, is a matter for people: `Stale`.
pub fn take_back(scene: &Scene, unmade: &[RefundState]) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let (mut reopened, total) = work.nothing_left(unmade, Cause::TakenBack)?;
    for refund in unmade {
        // what its approval took is due with the rest
        let approved = refund.status != RefundStatus::PendingApproval;
        for id in refund.lines.iter().filter_map(|l| l.obligation_id).filter(|_| approved) {
            work.obligation(id, Cause::TakenBack)?;
            reopened.insert(id);
        }
        work.refund(refund, Cause::PaymentTakenBack)?;
    }
    work.leg(Leg::new(scene.source.clone(), -total).of_payment(scene.payment_id));
    work.reopen_intents(&reopened, Cause::TakenBack, Cause::TakenBackAfterExpiry)?;
    work.finish(JournalKind::TakenBack, Cause::TakenBack)
}

/// What an officer took is given back over the counter, whole. Money of which a part is a refund's is not: `Stale`.
pub fn void(scene: &Scene) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let (reopened, total) = work.nothing_left(&[], Cause::Voided)?;
    work.leg(Leg::new(scene.source.clone(), -total).of_payment(scene.payment_id));
    work.reopen_intents(&reopened, Cause::Voided, Cause::VoidedAfterExpiry)?;
    work.finish(JournalKind::Voided, Cause::Voided)
}

/// What was voided here was charged all the same: by its file the provider has the money, and all of it waits, as what was
/// given back and came again does. `scene`: nothing of the payment is in the books.
pub fn charged_after_all(scene: &Scene, amount: Vnd) -> Result<Changes, MoveError> {
    if scene.parts.iter().any(|p| p.payment_id == scene.payment_id) {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    work.leg(Leg::new(scene.source.clone(), amount).of_payment(scene.payment_id));
    work.credit(scene.payment_id, Home::Suspense(SuspenseReason::RefundReturned), amount)?;
    work.finish(JournalKind::ChargedAfterAll, Cause::ProviderSettled)
}

/// What was charged after all is undone at the terminal too. Only where all of it still waits: what anybody has placed or
/// given back since is `Stale`.
pub fn undone_after_all(scene: &Scene) -> Result<Changes, MoveError> {
    let own: Vnd = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id).map(|p| p.amount).sum();
    if scene.there(scene.payment_id, SuspenseReason::RefundReturned) != own {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    let (_, total) = work.nothing_left(&[], Cause::Explained)?;
    work.leg(Leg::new(scene.source.clone(), -total).of_payment(scene.payment_id));
    work.finish(JournalKind::Voided, Cause::ProviderSettled)
}

/// A credit that was booked as a payment is none: a drawer's deposit, a provider's payout, or a transfer of ours that came back.
/// Only where all of it waits unidentified, is what people left over when they placed the rest, or was given back and is with us
/// again: what anybody has placed since is `Stale`.
pub fn not_a_payment(scene: &Scene) -> Result<Changes, MoveError> {
    use SuspenseReason::{Overpaid, RefundReturned, Unidentified};
    let is_free = |home| matches!(home, Home::Suspense(Unidentified | Overpaid | RefundReturned));
    let mut own = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id);
    if own.any(|p| !is_free(p.home)) {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    let (_, total) = work.nothing_left(&[], Cause::Explained)?;
    work.leg(Leg::new(scene.source.clone(), -total).of_payment(scene.payment_id));
    work.finish(JournalKind::NotAPayment, Cause::Explained)
}

/// A paid obligation was charged too much: what it needs no more waits as `overpaid`, the newest money first.
pub fn lower(scene: &Scene, id: ObligationId, by: Vnd) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let mut left = by;
    let covers = scene.parts.iter().rev().filter(|p| p.home == Home::Obligation(id));
    for part in covers {
        let amount = part.amount.min(left);
        if amount.is_positive() {
            work.shift(part.payment_id, part.home, Home::Suspense(SuspenseReason::Overpaid), amount)?;
            left = left - amount;
        }
    }
    if !left.is_zero() {
        return Err(MoveError::Stale);
    }
    work.finish(JournalKind::Reduction, Cause::Reduced)
}

/// Money of the payment that waits is for these obligations after all, by a person's word: all of them are settled, what
/// is left over waits as `overpaid`.
pub fn assign(scene: &Scene, reason: SuspenseReason, to: &[ObligationId]) -> Result<Changes, MoveError> {
    let mut work = Work::new(scene);
    let from = Home::Suspense(reason);
    let mut left = scene.own(from);
    let mut there = scene.there(scene.payment_id, reason);
    let mut settled = BTreeSet::new();
    for &id in to {
        let o = scene.obligation(id)?;
        if o.status != ObligationStatus::Due || o.amount > there || !settled.insert(id) {
            return Err(MoveError::Stale);
        }
        work.shift(scene.payment_id, from, Home::Obligation(id), o.amount)?;
        work.obligation(id, Cause::Settled)?;
        left = left - o.amount;
        there = there - o.amount;
    }
    if settled.is_empty() {
        return Err(MoveError::Stale);
    }
    work.close_case(scene.payment_id, from)?;
    if left.is_positive() && reason != SuspenseReason::Overpaid {
        work.shift(scene.payment_id, from, Home::Suspense(SuspenseReason::Overpaid), left)?;
    } else if left.is_positive() {
        // the decision closes the case that it is about
        work.open_case(scene.payment_id, reason, left);
    }
    work.pay_intents(&settled)?;
    work.finish(JournalKind::Reassignment, Cause::Resolved)
}

impl Scene {
    /// Of a payment of which nothing is in the books any more.
    pub const fn of_nothing(payment_id: PaymentId, source: Account, day: Date) -> Self {
        Self {
            payment_id,
            source,
            intent_id: None,
            obligations: Vec::new(),
            parts: Vec::new(),
            gone: Vec::new(),
            holders: Vec::new(),
            cases: Vec::new(),
            day,
        }
    }

    fn own(&self, home: Home) -> Vnd {
        self.of(self.payment_id, home)
    }

    fn of(&self, payment: PaymentId, home: Home) -> Vnd {
        self.parts.iter().filter(|p| p.payment_id == payment && p.home == home).map(|p| p.amount).sum()
    }

    /// What a payment has in suspense for this reason, as far as its money in suspense has not left past us.
    pub fn there(&self, payment: PaymentId, reason: SuspenseReason) -> Vnd {
        self.of(payment, Home::Suspense(reason)).min(self.held(payment))
    }

    /// What a payment has in suspense and has not left past us.
    fn held(&self, payment: PaymentId) -> Vnd {
        let held = |p: &&Part| p.payment_id == payment && matches!(p.home, Home::Suspense(_));
        let held: Vnd = self.parts.iter().filter(held).map(|p| p.amount).sum();
        let gone: Vnd = self.gone.iter().filter(|(of, _)| *of == payment).map(|(_, amount)| *amount).sum();
        held.less(gone)
    }

    fn obligation(&self, id: ObligationId) -> Result<&ObligationState, MoveError> {
        self.obligations.iter().find(|o| o.id == id).ok_or(MoveError::Missing("an obligation"))
    }
}

/// One move in the making: a journal's legs, and what goes with it.
struct Work<'s> {
    scene: &'s Scene,
    changes: Changes,
    legs: Vec<Leg>,
}

impl<'s> Work<'s> {
    fn new(scene: &'s Scene) -> Self {
        Self { scene, changes: Changes::default(), legs: Vec::new() }
    }

    fn leg(&mut self, leg: Leg) {
        self.legs.push(leg);
    }

    fn allocate(&mut self, payment_id: PaymentId, home: Home, amount: Vnd) {
        self.changes.allocations.push(AllocationRow { payment_id, home, amount, journal: 0 });
    }

    fn account(&self, home: Home) -> Result<(Account, Option<ObligationId>), MoveError> {
        Ok(match home {
            Home::Obligation(id) => (Account::Obligation(self.scene.obligation(id)?.beneficiary.clone()), Some(id)),
            Home::Suspense(reason) => (Account::Suspense(reason), None),
            Home::Refund(_) => (Account::RefundPayable, None),
            Home::WrittenOff => (Account::WrittenOff, None),
        })
    }

    /// Money leaves a home.
    fn debit(&mut self, payment: PaymentId, home: Home, amount: Vnd) -> Result<(), MoveError> {
        let (account, obligation) = self.account(home)?;
        self.leg(Leg::new(account, amount).of_obligation(obligation).of_payment(payment));
        self.allocate(payment, home, -amount);
        Ok(())
    }

    /// Money gets a home; in suspense a case tells of it.
    fn credit(&mut self, payment: PaymentId, home: Home, amount: Vnd) -> Result<(), MoveError> {
        let (account, obligation) = self.account(home)?;
        self.leg(Leg::new(account, -amount).of_obligation(obligation).of_payment(payment));
        self.allocate(payment, home, amount);
        if let Home::Suspense(reason) = home {
            let opened = |c: &NewCase| c.waits && c.payment_id == Some(payment) && c.kind == case_of(reason);
            let told = self.scene.cases.iter().any(|c| c.tells_of(payment, reason));
            if !told && !self.changes.cases_opened.iter().any(opened) {
                self.open_case(payment, reason, amount);
            }
        }
        Ok(())
    }

    fn open_case(&mut self, payment: PaymentId, reason: SuspenseReason, amount: Vnd) {
        self.changes.cases_opened.push(NewCase {
            payment_id: Some(payment),
            waits: true,
            day: self.scene.source.scope().map(|scope| (scope, self.scene.day)),
            ..NewCase::new(case_of(reason), amount, payment.to_string())
        });
    }

    fn shift(&mut self, payment: PaymentId, from: Home, to: Home, amount: Vnd) -> Result<(), MoveError> {
        self.debit(payment, from, amount)?;
        self.credit(payment, to, amount)
    }

    /// The obligation loses its cover: the payment's own part goes to `to`, those of others wait.
    fn uncover(&mut self, id: ObligationId, to: Home) -> Result<(), MoveError> {
        let home = Home::Obligation(id);
        let own = self.scene.own(home);
        self.shift(self.scene.payment_id, home, to, own)?;
        self.others_wait(id)
    }

    /// The same, and the payment's own part is in the books no more.
    fn uncover_to_nobody(&mut self, id: ObligationId) -> Result<(), MoveError> {
        let home = Home::Obligation(id);
        self.debit(self.scene.payment_id, home, self.scene.own(home))?;
        self.others_wait(id)
    }

    /// Every home of the payment is emptied. `unmade`: its refunds that are withdrawn with it. The obligations that are due
    /// again, and how much it was.
    fn nothing_left(
        &mut self,
        unmade: &[RefundState],
        cause: Cause,
    ) -> Result<(BTreeSet<ObligationId>, Vnd), MoveError> {
        let scene = self.scene;
        let mut reopened = BTreeSet::new();
        let mut total = Vnd::ZERO;
        for part in scene.parts.iter().filter(|p| p.payment_id == scene.payment_id) {
            match part.home {
                Home::Obligation(id) => {
                    self.uncover_to_nobody(id)?;
                    self.obligation(id, cause)?;
                    reopened.insert(id);
                }
                Home::Suspense(_) => {
                    self.debit(part.payment_id, part.home, part.amount)?;
                    self.close_case(part.payment_id, part.home)?;
                }
                // that nobody's money was somebody's is said by who takes it back
                Home::WrittenOff => self.debit(part.payment_id, part.home, part.amount)?,
                Home::Refund(id) if unmade.iter().any(|r| r.id == id && r.status.is_unmade()) => {
                    self.debit(part.payment_id, part.home, part.amount)?;
                }
                Home::Refund(_) => return Err(MoveError::Stale),
            }
            total = total + part.amount;
        }
        Ok((reopened, total))
    }

    fn others_wait(&mut self, id: ObligationId) -> Result<(), MoveError> {
        let home = Home::Obligation(id);
        let others = self.scene.parts.iter().filter(|p| p.home == home && p.payment_id != self.scene.payment_id);
        for part in others {
            self.shift(part.payment_id, home, Home::Suspense(SuspenseReason::Underpaid), part.amount)?;
        }
        Ok(())
    }

    /// Takes so much of what the payment has in suspense, in the order in which it came there.
    fn take_held(&mut self, amount: Vnd, to: Home) -> Result<(), MoveError> {
        // what has left past us is not there to leave again
        if amount > self.scene.held(self.scene.payment_id) {
            return Err(MoveError::Stale);
        }
        let mut left = amount;
        let own = self.scene.parts.iter().filter(|p| p.payment_id == self.scene.payment_id);
        for part in own.filter(|p| matches!(p.home, Home::Suspense(_))) {
            let taken = part.amount.min(left);
            if taken.is_positive() {
                self.shift(part.payment_id, part.home, to, taken)?;
                left = left - taken;
                if taken == part.amount {
                    self.close_case(part.payment_id, part.home)?;
                }
            }
        }
        if left.is_zero() { Ok(()) } else { Err(MoveError::Stale) }
    }

    /// What the approval took from suspense goes back there, for the same reasons.
    fn give_back_held(&mut self, refund: &RefundState, line: &RefundLine, taken: &[Part]) -> Result<(), MoveError> {
        let mut left = line.amount;
        let own = taken.iter().filter(|p| p.payment_id == self.scene.payment_id && !p.amount.is_positive());
        for part in own.filter(|p| matches!(p.home, Home::Suspense(_))) {
            self.shift(part.payment_id, Home::Refund(refund.id), part.home, -part.amount)?;
            left = left + part.amount;
        }
        if left.is_zero() { Ok(()) } else { Err(MoveError::Missing("where the money came from")) }
    }

    /// What others had given the obligation still waits, all of it, and has not left past us.
    fn can_cover_again(&self, id: ObligationId, refund: &RefundState, taken: &[Part]) -> bool {
        let refunding = self.scene.obligations.iter().any(|o| o.id == id && o.status == ObligationStatus::Refunding);
        let waits = |payment| self.scene.there(payment, SuspenseReason::Underpaid);
        let needed = |payment: PaymentId| -> Vnd {
            let all = taken.iter().filter(|p| p.payment_id == payment && !p.amount.is_positive());
            let refunded = |p: &&Part| matches!(p.home, Home::Obligation(o) if refund.lines.iter().any(|l| l.obligation_id == Some(o)));
            -all.filter(refunded).map(|p| p.amount).sum::<Vnd>()
        };
        let others = others_of(taken, id, self.scene.payment_id);
        refunding && others.into_iter().all(|(payment, _)| waits(payment) >= needed(payment))
    }

    fn cover_again(&mut self, id: ObligationId, refund: &RefundState, taken: &[Part]) -> Result<(), MoveError> {
        let home = Home::Obligation(id);
        let line = refund.lines.iter().find(|l| l.obligation_id == Some(id));
        let own = line.ok_or(MoveError::Missing("a line of the refund"))?.amount;
        self.shift(self.scene.payment_id, Home::Refund(refund.id), home, own)?;
        for (payment, amount) in others_of(taken, id, self.scene.payment_id) {
            let waiting = Home::Suspense(SuspenseReason::Underpaid);
            self.shift(payment, waiting, home, amount)?;
            let gone: Vnd = self
                .changes
                .allocations
                .iter()
                .filter(|a| a.payment_id == payment && a.home == waiting)
                .map(|a| a.amount)
                .sum();
            if (self.scene.of(payment, waiting) + gone).is_zero() {
                self.close_case(payment, waiting)?;
            }
        }
        Ok(())
    }

    fn close_case(&mut self, payment: PaymentId, home: Home) -> Result<(), MoveError> {
        let Home::Suspense(reason) = home else { return Ok(()) };
        for c in self.scene.cases.iter().filter(|c| c.tells_of(payment, reason)) {
            self.changes.cases_closed.push(step(c.id, c.version, c.status, Cause::Explained)?.0);
        }
        Ok(())
    }

    fn obligation(&mut self, id: ObligationId, cause: Cause) -> Result<ObligationStatus, MoveError> {
        let o = self.scene.obligation(id)?;
        let (step, event) = step(o.id, o.version, o.status, cause)?;
        let to = step.to;
        self.changes.obligations.push(step);
        self.changes.notices.extend(event.map(|event| Notice::Obligation(id, event)));
        Ok(to)
    }

    fn refund(&mut self, refund: &RefundState, cause: Cause) -> Result<(), MoveError> {
        let (step, event) = step(refund.id, refund.version, refund.status, cause)?;
        self.changes.refunds.push(step);
        self.changes.notices.extend(event.map(|event: EventType| Notice::Refund(refund.id, event)));
        Ok(())
    }

    /// Paid intents of what is due again are open again or over: `reopening`.
    fn reopen_intents(&mut self, due: &BTreeSet<ObligationId>, open: Cause, over: Cause) -> Result<(), MoveError> {
        for (i, again) in reopening::reopened(&self.scene.holders, due) {
            let cause = if again == Again::Open { open } else { over };
            let (step, event) = step(i.id, i.version, i.status, cause)?;
            self.changes.intents.push(step);
            self.changes.notices.extend(event.map(|event| Notice::Intent(i.id, event)));
        }
        Ok(())
    }

    /// Live intents of which nothing is due any more are paid.
    fn pay_intents(&mut self, settled: &BTreeSet<ObligationId>) -> Result<(), MoveError> {
        for h in self.scene.holders.iter().filter(|h| h.intent.status.is_live()) {
            let i = &h.intent;
            if !i.obligation_ids.iter().any(|id| settled.contains(id)) {
                continue;
            }
            let is_due = |id: &ObligationId| -> Result<bool, MoveError> {
                Ok(!settled.contains(id) && self.scene.obligation(*id)?.status == ObligationStatus::Due)
            };
            let mut due = false;
            for id in &i.obligation_ids {
                due |= is_due(id)?;
            }
            if due {
                continue;
            }
            let (step, event) = step(i.id, i.version, i.status, Cause::Settled)?;
            self.changes.intents.push(step);
            self.changes.notices.extend(event.map(|event| Notice::Intent(i.id, event)));
        }
        Ok(())
    }

    fn finish(mut self, kind: JournalKind, cause: Cause) -> Result<Changes, MoveError> {
        let legs = summed(self.legs);
        self.changes.journals.push(Journal::new(kind, cause, self.scene.day, legs)?);
        Ok(self.changes)
    }
}

/// What an approval's journal took from an obligation of each other payment.
fn others_of(taken: &[Part], id: ObligationId, own: PaymentId) -> Vec<(PaymentId, Vnd)> {
    let theirs = |p: &&Part| p.home == Home::Obligation(id) && p.payment_id != own && !p.amount.is_positive();
    taken.iter().filter(theirs).map(|p| (p.payment_id, -p.amount)).collect()
}

/// One leg for each account, obligation, payment and movement; what comes to nothing is left out.
fn summed(legs: Vec<Leg>) -> Vec<Leg> {
    let mut sums: Vec<Leg> = Vec::with_capacity(legs.len());
    for leg in legs {
        match sums.iter_mut().find(|s| Leg { amount: s.amount, ..leg.clone() } == **s) {
            Some(same) => same.amount = same.amount + leg.amount,
            None => sums.push(leg),
        }
    }
    sums.retain(|leg| !leg.amount.is_zero());
    sums
}

/// A refund that was proposed and goes no further: nothing was booked.
pub fn refund_dropped(refund: &RefundState, cause: Cause) -> Result<Changes, MoveError> {
    let mut changes = Changes::default();
    changes.refunds.push(step(refund.id, refund.version, refund.status, cause)?.0);
    Ok(changes)
}

/// A step of a refund that moves no money: it is on its way, or nobody knows where.
pub fn refund_step(refund: &RefundState, cause: Cause) -> Result<Changes, MoveError> {
    debug_assert!(refund.status != RefundStatus::PendingApproval, "approving and dropping have functions of their own");
    refund_dropped(refund, cause)
}
