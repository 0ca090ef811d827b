//! A bank has taken a whole payment back of which a part was the payer's already, so the payment stands and the debit waits in
//! suspense. What the payment still pays was not paid: two persons make it due again.
//!
//! | a part of the payment | becomes | the obligation |
//! |---|---|---|
//! | on an obligation | suspense `underpaid`, all of it | `paid → due`, told as reopened; its intents reopen |
//! | of another payment beside it | suspense `underpaid`; it has not left, and pays as ever | |
//! | of a refund, on its way or with the payer | stays | stays: what becomes of it is said by the refund |
//! | in suspense, or written off | stays | |
//!
//! Nothing of it is there: the debit counts as `gone` of the payment until it is explained or written off, so what waits here pays
//! no debt and goes to nobody. Once the debit is written off, all that waits of the payment is given up with it, and only what
//! had gone to the payer is a loss. Refused where the payment pays nothing, and where the debit is less than what would wait then:
//! a part of that would be there, and nobody has said which fee it pays.

use super::{MoveError, Scene, Work};
use crate::allocation::Home;
use crate::cause::Cause;
use crate::changes::Changes;
use crate::ids::ObligationId;
use crate::ledger::JournalKind;
use crate::money::Vnd;
use crate::payment::SuspenseReason;
use std::collections::BTreeSet;

/// What the payment pays, each with its own part of it.
pub fn still_pays(scene: &Scene) -> Vec<(ObligationId, Vnd)> {
    let own = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id);
    own.filter_map(|p| if let Home::Obligation(id) = p.home { Some((id, p.amount)) } else { None }).collect()
}

/// All that the payment pays is due again. `debit`: what has left by a debit that nobody explains.
pub fn reopen(scene: &Scene, debit: Vnd) -> Result<Changes, MoveError> {
    let pays = still_pays(scene);
    let paid: Vnd = pays.iter().map(|(_, amount)| *amount).sum();
    let own = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id);
    let waits: Vnd = own.filter(|p| matches!(p.home, Home::Suspense(_))).map(|p| p.amount).sum();
    if pays.is_empty() || debit < paid + waits {
        return Err(MoveError::Stale);
    }
    let mut work = Work::new(scene);
    let mut reopened = BTreeSet::new();
    for (id, _) in pays {
        work.uncover_to_nobody(id)?;
        work.obligation(id, Cause::TakenBack)?;
        reopened.insert(id);
    }
    // at once, so that one case tells of all of it
    work.credit(scene.payment_id, Home::Suspense(SuspenseReason::Underpaid), paid)?;
    work.reopen_intents(&reopened, Cause::TakenBack, Cause::TakenBackAfterExpiry)?;
    work.finish(JournalKind::TakenBack, Cause::TakenBack)
}
