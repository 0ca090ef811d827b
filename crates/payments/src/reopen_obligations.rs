//! What a payment still pays is due again, since its bank has taken all of it back after a part had gone to the payer. What becomes
//! of the đồng: `domain::moving::uncovering`.
//!
//! | a case | `reopen_obligations` |
//! |---|---|
//! | `chargeback` that names a payment which stands, its debit waits unexplained | all that the payment pays is due again; the case is open again, for what is lost (`write_off`) |
//! | the same, and the debit is less than what the payment pays and has waiting | refused: nobody has said which fee stays paid |
//! | the same, and the payment pays nothing | refused: it was reopened already, or is the payer's |
//! | of a payment that was reversed with it, of no payment, of a debit that is explained or written off | refused: what it had paid is due, or its debit is to be reinstated first |
//!
//! The approval shows what is reopened, and is stale when anything of it has changed.

use crate::approve::{DecideError, Deciding};
use crate::move_money::{self, Locked};
use crate::resolve_case::{ResolveError, case_id, stepped, still_proposed};
use domain::Vnd;
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::moving::{MoveError, uncovering};
use serde::{Deserialize, Serialize};
use storage::approvals::Approval;
use storage::cases::{self, Decided};
use storage::unit::Unit;
use storage::{Tx, write_offs};

/// An obligation that is due again, and what of the payment waits instead, as who decides sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    obligation_id: String,
    amount: i64,
}

/// What would be reopened; the payment is locked, and then the case.
pub(crate) async fn wanted(tx: &Tx, locked: Option<&Locked>, case: &Decided) -> Result<Vec<Reopened>, ResolveError> {
    Ok(planned(tx, locked, case).await?.0)
}

async fn planned(tx: &Tx, locked: Option<&Locked>, case: &Decided) -> Result<(Vec<Reopened>, Changes), ResolveError> {
    let named = locked.filter(|_| case.case.kind == CaseKind::Chargeback).ok_or(ResolveError::NothingToReopen)?;
    let unexplained = write_offs::unexplained(tx, case.case.id).await?;
    let debit: Vnd = unexplained.ok_or(ResolveError::NothingToReopen)?.amount;
    let changes = match uncovering::reopen(&named.scene, debit) {
        Err(MoveError::Stale) => return Err(ResolveError::NothingToReopen),
        other => other.map_err(|e| move_money::unreadable(&e))?,
    };
    let pays = uncovering::still_pays(&named.scene);
    let shown = pays.iter().map(|(id, amount)| Reopened { obligation_id: id.to_string(), amount: amount.dong() });
    Ok((shown.collect(), changes))
}

/// A second person says yes to what the first one saw.
pub(crate) async fn approved(
    tx: &Tx,
    approval: &Approval,
    seen: &[Reopened],
    d: &Deciding<'_>,
) -> Result<Unit, DecideError> {
    // the payment before its case, as everywhere
    let payment = cases::payment_of(tx, case_id(approval)?).await?.ok_or(DecideError::Stale)?;
    let locked = move_money::lock(tx, payment, &[], d.now).await?.ok_or(DecideError::Stale)?;
    let decided = still_proposed(tx, approval).await?;
    let (reopened, mut changes) = match planned(tx, Some(&locked), &decided).await {
        Err(ResolveError::Storage(e)) => return Err(e.into()),
        other => other.map_err(|_| DecideError::Stale)?,
    };
    if reopened != seen {
        return Err(DecideError::Stale);
    }
    // its debit still waits
    changes.cases_closed.push(stepped(&decided.case, Cause::ObligationsReopened)?);
    Ok(locked.unit(changes, None, d.caller, "obligations_reopened", d.now)?)
}
