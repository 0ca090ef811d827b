//! Providers' settlement files: what they say they took, kept and paid out.

use crate::error::StorageError;
use crate::pool::Db;
use domain::{SettlementId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

const UNPAID: &str = "select s.id from settlement s where s.profile = $1 and s.net = $2 and s.date <= $3
    and not exists (select from movement_match k where k.settlement_id = s.id) order by s.date, s.id";

/// Settlements of this net amount whose payout was not seen yet, oldest first.
pub async fn unpaid(db: &Db, profile: &str, net: Vnd, until: Date) -> Result<Vec<SettlementId>, StorageError> {
    let statement = db.prepare_cached(UNPAID).await?;
    let rows = db.query(&statement, &[&profile, &net.dong(), &until]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}
