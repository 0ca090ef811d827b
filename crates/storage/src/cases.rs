//! Cases, as staff and the matching see them. They are opened and closed by a unit of work.

use crate::error::StorageError;
use crate::pool::Db;
use crate::references::case_from_row;
use domain::PaymentId;
use domain::booking::OpenCase;
use domain::case::CaseKind;

/// A case as it is decided about.
#[derive(Debug, Clone)]
pub struct Decided {
    pub case: OpenCase,
    /// None where it is about no payment.
    pub payment_id: Option<PaymentId>,
}

const LOCK: &str =
    "select k.id, coalesce(k.payment_id, k.id) as payment_id, k.payment_id as paid_by, k.kind, k.waits, k.status, k.version
    from kase k where k.id = $1 for update of k";

pub async fn lock(db: &Db, id: domain::CaseId) -> Result<Option<Decided>, StorageError> {
    let row = db.query_opt(LOCK, &[&id.uuid()]).await?;
    row.map(|row| {
        let payment_id = row.get::<_, Option<uuid::Uuid>>("paid_by").map(Into::into);
        Ok(Decided { case: case_from_row(&row)?, payment_id })
    })
    .transpose()
}

const PAYMENT_OF: &str = "select payment_id from kase where id = $1";

/// The payment that a case is about.
pub async fn payment_of(db: &Db, id: domain::CaseId) -> Result<Option<PaymentId>, StorageError> {
    let row = db.query_opt(PAYMENT_OF, &[&id.uuid()]).await?;
    Ok(row.and_then(|row| row.get::<_, Option<uuid::Uuid>>(0)).map(Into::into))
}

const WAS_TOLD: &str = "select exists (select from kase k where k.payment_id = $1 and k.kind = $2 and k.subject = $3)";

/// Whether there is or was such a case.
pub async fn was_told(db: &Db, payment: PaymentId, kind: CaseKind, subject: &str) -> Result<bool, StorageError> {
    Ok(db.query_one(WAS_TOLD, &[&payment.uuid(), &kind.as_str(), &subject]).await?.get(0))
}

const IS_TOLD: &str = "select exists (select from kase k
    where k.payment_id = $1 and k.kind = $2 and k.subject = $3 and k.status <> 'closed')";

/// Whether an open case tells this of something of the payment.
pub async fn is_told(db: &Db, payment: PaymentId, kind: CaseKind, subject: &str) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_TOLD, &[&payment.uuid(), &kind.as_str(), &subject]).await?.get(0))
}

const OPEN_OF_PAYMENT: &str = "select k.id, k.payment_id, k.kind, k.waits, k.status, k.version from kase k
    where k.payment_id = $1 and k.kind = $2 and k.waits and k.status <> 'closed' order by k.id limit 1 for update of k";

/// The case of money that the payment has in suspense.
pub async fn open_of_payment(db: &Db, payment: PaymentId, kind: CaseKind) -> Result<Option<OpenCase>, StorageError> {
    let statement = db.prepare_cached(OPEN_OF_PAYMENT).await?;
    let row = db.query_opt(&statement, &[&payment.uuid(), &kind.as_str()]).await?;
    row.map(|row| case_from_row(&row)).transpose()
}
