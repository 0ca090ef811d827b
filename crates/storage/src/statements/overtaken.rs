//! Pieces of a day that another file overtakes: the whole day says all that the part until noon says, whichever came first.
//! What a day and the books begin and end with is asked of the others (`days`, `beginning`, `reports/reconciliation.sql`).

use crate::error::StorageError;
use crate::pool::Db;
use domain::StatementId;

const OVERTAKE: &str = "select overtake($1)";

/// Finds which pieces the statement overtakes, and which of its own are overtaken. Its lines are kept.
pub(super) async fn find(db: &Db, statement: StatementId) -> Result<(), StorageError> {
    db.execute(OVERTAKE, &[&statement.uuid()]).await?;
    Ok(())
}
