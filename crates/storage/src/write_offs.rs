//! What two persons gave up, beside its case: what it was, why, and by which decision; and that it waits again.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use domain::changes::NewCase;
use domain::moving::writing_off::Unexplained;
use domain::{ApprovalId, CaseId, MovementId, PaymentId, SettlementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// A part of what is given up: it leaves this suspense account. Of a payment, else of a line or of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub account: String,
    /// As the account `written_off` has it: above zero a loss.
    pub amount: Vnd,
    pub payment_id: Option<PaymentId>,
    pub movement_id: Option<MovementId>,
    pub settlement_id: Option<SettlementId>,
}

// What is beside a settlement is explained by its file, or is undone with it.
const OF_LINE: &str =
    "select substr(e.account_code, length('suspense:') + 1) as reason, sum(e.amount)::bigint as amount,
        e.movement_id, null::uuid as settlement_id
    from kase k join ledger_entry e on e.movement_id = k.movement_id
    where k.id = $1 and e.payment_id is null and e.account_code like 'suspense:%'
    group by 1, e.movement_id having sum(e.amount) <> 0 and bool_and(e.settlement_id is null)";

const OF_ROW: &str = "select 'unidentified' as reason, -l.amount as amount, null::uuid as movement_id, l.settlement_id
    from kase k join settlement_line l
      on k.scope = 'clearing:' || l.profile and l.provider_txn_id = k.subject and l.amount = k.amount
      and l.disposition = 'case' and l.amount <> 0
      and l.kind = case k.kind when 'amount_differs' then 'adjustment' else 'refund' end
    where k.id = $1 and k.movement_id is null and k.sighting_id is null
      and (k.kind in ('missing_in_books', 'refund_without_payment') or k.kind = 'amount_differs' and k.payment_id is null)";

/// What stands in suspense for a case and is no payment's; None where nothing does.
pub async fn unexplained(db: &Db, case: CaseId) -> Result<Option<Unexplained>, StorageError> {
    let row = match db.query_opt(OF_LINE, &[&case.uuid()]).await? {
        None => db.query_opt(OF_ROW, &[&case.uuid()]).await?,
        row => row,
    };
    row.map(|row| {
        Ok(Unexplained {
            reason: word(&row, "reason")?,
            amount: Vnd::new(row.get("amount")),
            movement: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
            settlement: row.get::<_, Option<Uuid>>("settlement_id").map(Into::into),
        })
    })
    .transpose()
}

const KEEP: &str =
    "insert into write_off (case_id, approval_id, account_code, amount, payment_id, movement_id, settlement_id,
        reason_code, at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// # Errors
/// The conflicts `write_off_once` and `write_off_of_movement_once` where it was given up before.
pub async fn keep(
    db: &Db,
    (case, approval): (CaseId, ApprovalId),
    given: &[Given],
    reason_code: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    for g in given {
        let [payment, movement, settlement] = [
            g.payment_id.map(PaymentId::uuid),
            g.movement_id.map(MovementId::uuid),
            g.settlement_id.map(SettlementId::uuid),
        ];
        let (amount, ids) = (g.amount.dong(), (case.uuid(), approval.uuid()));
        db.execute(KEEP, &[&ids.0, &ids.1, &g.account, &amount, &payment, &movement, &settlement, &reason_code, &at])
            .await?;
    }
    Ok(())
}

const IN_FORCE: &str = "select account_code, amount, payment_id, movement_id, settlement_id from write_off
    where case_id = $1 and undone_at is null order by id for update";

/// What of a case is given up, locked.
pub async fn in_force(db: &Db, case: CaseId) -> Result<Vec<Given>, StorageError> {
    let rows = db.query(IN_FORCE, &[&case.uuid()]).await?;
    Ok(rows
        .iter()
        .map(|row| Given {
            account: row.get("account_code"),
            amount: Vnd::new(row.get("amount")),
            payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
            movement_id: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
            settlement_id: row.get::<_, Option<Uuid>>("settlement_id").map(Into::into),
        })
        .collect())
}

const STANDS: &str = "select exists (select from write_off where case_id = $1 and undone_at is null)";

/// Whether something of a case is given up.
pub async fn stands(db: &Db, case: CaseId) -> Result<bool, StorageError> {
    Ok(db.query_one(STANDS, &[&case.uuid()]).await?.get(0))
}

const UNDO: &str = "update write_off set undone_by = $2, undone_at = $3 where case_id = $1 and undone_at is null";

/// It waits again.
pub async fn undo(db: &Db, case: CaseId, approval: ApprovalId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(UNDO, &[&case.uuid(), &approval.uuid(), &at]).await?;
    Ok(())
}

const AGAIN: &str =
    "select kind, amount, payment_id, movement_id, subject, scope, business_date from kase where id = $1";

/// The case that tells of the same as a closed one.
pub async fn told_again(db: &Db, case: CaseId) -> Result<NewCase, StorageError> {
    let row = db.query_one(AGAIN, &[&case.uuid()]).await?;
    let day = row.get::<_, Option<String>>("scope").zip(row.get::<_, Option<Date>>("business_date"));
    Ok(NewCase {
        payment_id: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
        movement_id: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
        day,
        ..NewCase::new(word(&row, "kind")?, Vnd::new(row.get("amount")), row.get::<_, String>("subject"))
    })
}
