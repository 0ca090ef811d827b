//! A provider's payout that people had taken for a payment and given away when its file came (ADR 0010): the net of the file is
//! no money beside theirs. When nobody gives it after all, both are one again.

use super::{Ground, difference, unreadable};
use crate::context::Caller;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::{NewCase, step};
use domain::ledger::Leg;
use domain::{SettlementId, Vnd};
use jiff::Timestamp;
use storage::movements::Open;
use storage::unit::Unit;
use storage::{StorageError, Tx, settlements};

/// The file counts as paid out; its net is in suspense below zero, with a case.
pub(super) async fn book(
    tx: &Tx,
    ground: &Ground,
    payout: &Open,
    settlement: SettlementId,
    now: Timestamp,
) -> Result<Unit, StorageError> {
    let net = settlements::booked_net(tx, settlement).await?;
    let file = settlements::by_id(tx, settlement).await?.ok_or_else(|| unreadable("a settlement"))?;
    let mut unit = Unit::new(Caller::system().actor(), now);
    beside(&mut unit, ground, payout, settlement, -net)?;
    unit.changes.cases_opened.push(NewCase {
        day: Some((format!("clearing:{}", file.profile), file.date)),
        ..NewCase::new(CaseKind::AmountDiffers, -net, settlement.to_string())
    });
    settlements::give_away(tx, settlement, payout.id).await?;
    Ok(unit)
}

/// All of it waits again: its net leaves suspense, and its case is explained.
pub(super) async fn undo(
    tx: &Tx,
    unit: &mut Unit,
    ground: &Ground,
    payout: &Open,
    settlement: SettlementId,
) -> Result<(), StorageError> {
    let net = settlements::booked_net(tx, settlement).await?;
    beside(unit, ground, payout, settlement, net)?;
    for case in settlements::told_as_given(tx, settlement, -net).await? {
        let closed = step(case.id, case.version, case.status, Cause::Explained).map_err(unreadable)?;
        unit.changes.cases_closed.push(closed.0);
    }
    Ok(())
}

fn beside(unit: &mut Unit, ground: &Ground, payout: &Open, of: SettlementId, amount: Vnd) -> Result<(), StorageError> {
    let leg = |account, amount| Leg::new(account, amount).of_movement(payout.id).of_settlement(of);
    let journal = difference(&ground.account, amount, payout.business_date, leg);
    unit.changes.journals.push(journal.map_err(unreadable)?);
    Ok(())
}
