//! A person asks for their data, or for its end. What was booked stays: obligations, payments and the documents behind
//! them name nobody once the one row with the person's data is emptied (docs/personal-data.md). It refuses while the person
//! still owes something or waits for money, for then the data is needed for what it was given for.

use domain::obligation::ObligationStatus;
use domain::party::{IdentityKind, Party};
use domain::{ObligationId, PaymentId, RefundId};
use futures_util::join;
use jiff::Timestamp;
use std::fmt;
use storage::parties::{self, Erased};
use storage::unit::{Audit, Unit};
use storage::{Pool, StorageError, Tx, Vault, unit};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum PayerError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("nobody with this number is known")]
    Absent,
    #[error("the person is needed: {0}")]
    Needed(Needs),
}

/// What a person's data is needed for, still.
#[derive(Debug, Default)]
pub struct Needs {
    /// Obligations that are due or being refunded.
    pub owed: Vec<ObligationId>,
    /// Refunds that are on their way.
    pub refunds: Vec<RefundId>,
    /// Payments of which money waits to go back, or for a home.
    pub waiting: Vec<PaymentId>,
}

impl Needs {
    const fn is_nothing(&self) -> bool {
        self.owed.is_empty() && self.refunds.is_empty() && self.waiting.is_empty()
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs = [
            listed(&self.owed, "due or being refunded:"),
            listed(&self.refunds, "on their way:"),
            listed(&self.waiting, "with money that waits:"),
        ];
        f.write_str(&needs.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

fn listed<T: fmt::Display>(ids: &[T], what: &str) -> Option<String> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| format!("{what} {}", texts.join(", ")))
}

/// Whose data.
pub struct Asked<'a> {
    pub kind: IdentityKind,
    pub number: &'a str,
    /// Who asks for it, as the audit trail names them.
    pub actor: &'a str,
    pub now: Timestamp,
}

/// What came of erased persons since they were erased goes too; how many lines of statements lost what they said.
pub async fn erase_what_came_later(pool: &Pool) -> Result<usize, StorageError> {
    let tx = pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let lines = parties::erase_what_came_later(&tx).await?;
        tx.commit().await?;
        Ok(usize::try_from(lines).unwrap_or(usize::MAX))
    }
    .await;
    tx.close(outcome).await
}

/// One registration of the person.
pub struct Registered {
    pub party: Party,
    pub party_id: Uuid,
}

/// All that is kept of the person, for the person. That it was read is in the audit trail.
///
/// # Errors
/// When nobody is known by that number, or the database is away.
pub async fn read(pool: &Pool, vault: &Vault, asked: &Asked<'_>) -> Result<Vec<Registered>, PayerError> {
    let tx = pool.tx().await?;
    let outcome = reading(&tx, vault, asked).await;
    tx.close(outcome).await
}

async fn reading(tx: &Tx, vault: &Vault, asked: &Asked<'_>) -> Result<Vec<Registered>, PayerError> {
    tx.begin().await?;
    let ids = known(tx, vault, asked).await?;
    let mut found = Vec::with_capacity(ids.len());
    for id in &ids {
        let party = parties::by_id(tx, vault, *id).await?;
        found.extend(party.map(|party| Registered { party, party_id: *id }));
    }
    commit(tx, "payer_read", &ids, asked).await?;
    Ok(found)
}

/// Empties every row of the person.
///
/// # Errors
/// When nobody is known by that number, the person is still needed, or the database is away.
pub async fn erase(pool: &Pool, vault: &Vault, asked: &Asked<'_>) -> Result<Erased, PayerError> {
    let tx = pool.tx().await?;
    let outcome = erasing(&tx, vault, asked).await;
    tx.close(outcome).await
}

async fn erasing(tx: &Tx, vault: &Vault, asked: &Asked<'_>) -> Result<Erased, PayerError> {
    tx.begin().await?;
    let ids = known(tx, vault, asked).await?;
    let naming = parties::lock_naming(tx, &ids).await?;
    let open = |status| matches!(status, ObligationStatus::Due | ObligationStatus::Refunding);
    let needs = Needs {
        owed: naming.iter().filter(|o| open(o.status)).map(|o| o.id).collect(),
        refunds: parties::refunds_on_their_way(tx, &ids).await?,
        waiting: parties::waiting_payments(tx, &ids).await?,
    };
    if !needs.is_nothing() {
        return Err(PayerError::Needed(needs));
    }
    let erased = parties::erase(tx, &ids).await?;
    commit(tx, "payer_erased", &ids, asked).await?;
    Ok(erased)
}

async fn known(tx: &Tx, vault: &Vault, asked: &Asked<'_>) -> Result<Vec<Uuid>, PayerError> {
    let ids = parties::by_identity(tx, vault, asked.kind, asked.number).await?;
    if ids.is_empty() { Err(PayerError::Absent) } else { Ok(ids) }
}

/// The trail names rows, never the person.
async fn commit(tx: &Tx, action: &'static str, ids: &[Uuid], asked: &Asked<'_>) -> Result<(), PayerError> {
    let mut unit = Unit::new(asked.actor, asked.now);
    let of = |id: &Uuid| Audit { action, subject: format!("party {}", id.simple()), request_id: String::new() };
    unit.audit.extend(ids.iter().map(of));
    let (written, committed) = join!(unit::write(tx, &unit), tx.commit());
    written?;
    committed?;
    Ok(())
}
