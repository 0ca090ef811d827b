//! All that became of one payment, in the order in which it happened, each with what proves it. For people who have to explain
//! it to somebody; what decides anything reads the tables themselves.

use crate::error::StorageError;
use crate::pool::Db;
use domain::{PaymentId, Vnd};
use jiff::Timestamp;

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Moment {
    pub at: Timestamp,
    /// sighting | transition | booked | matched | settled | event | delivery | proposed | decided
    pub what: String,
    /// Of what kind: a source, an entity, a kind of journal, an account, a profile, a type of event, a kind of approval.
    pub kind: String,
    /// From which state, or which number.
    pub from: Option<String>,
    /// What it came to.
    pub to: Option<String>,
    /// Why, or by which rule.
    pub why: Option<String>,
    /// Who did it, where somebody did.
    pub who: Option<String>,
    pub amount: Option<Vnd>,
    /// What proves it: a digest, or the id of a row.
    pub proof: Option<String>,
}

const STORY: &str = include_str!("story.sql");

/// Of one payment, at most so many moments: the oldest.
pub async fn of_payment(db: &Db, id: PaymentId, limit: i64) -> Result<Vec<Moment>, StorageError> {
    let statement = db.prepare_cached(STORY).await?;
    let rows = db.query(&statement, &[&id.uuid(), &limit]).await?;
    let moment = |row: &tokio_postgres::Row| Moment {
        at: row.get("at"),
        what: row.get("what"),
        kind: row.get("kind"),
        from: row.get("from_state"),
        to: row.get("to_state"),
        why: row.get("why"),
        who: row.get("who"),
        amount: row.get::<_, Option<i64>>("amount").map(Vnd::new),
        proof: row.get("proof"),
    };
    Ok(rows.iter().map(moment).collect())
}
