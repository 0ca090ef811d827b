//! Cases, as staff and the matching see them. They are opened and closed by a unit of work.

use crate::error::StorageError;
use crate::pool::Db;
use crate::references::case_from_row;
use domain::PaymentId;
use domain::booking::OpenCase;
use domain::case::CaseKind;

const OPEN_OF_PAYMENT: &str = "select k.id, k.payment_id, k.kind, k.status, k.version from kase k
    where k.payment_id = $1 and k.kind = $2 and k.status <> 'closed' order by k.id limit 1 for update of k";

pub async fn open_of_payment(db: &Db, payment: PaymentId, kind: CaseKind) -> Result<Option<OpenCase>, StorageError> {
    let statement = db.prepare_cached(OPEN_OF_PAYMENT).await?;
    let row = db.query_opt(&statement, &[&payment.uuid(), &kind.as_str()]).await?;
    row.map(|row| case_from_row(&row)).transpose()
}
