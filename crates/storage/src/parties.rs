//! Payers and owners: the one table with personal data, sealed.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::word;
use crate::vault::Vault;
use domain::obligation::ObligationStatus;
use domain::party::{IdentityKind, Party};
use domain::{ObligationId, PaymentId, RefundId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Plain {
    name: String,
    identity_kind: String,
    identity_number: Option<String>,
    address: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

const INSERT: &str = "insert into party (id, sealed, key_id, identity_index) values ($1, $2, $3, $4)";

pub async fn insert(db: &Db, vault: &Vault, id: Uuid, party: &Party) -> Result<(), StorageError> {
    let plain = Plain {
        name: party.name.clone(),
        identity_kind: party.identity_kind.to_string(),
        identity_number: party.identity_number.clone(),
        address: party.address.clone(),
        phone: party.phone.clone(),
        email: party.email.clone(),
    };
    let json = serde_json::to_vec(&plain).map_err(crate::rows::unreadable)?;
    let sealed = vault.seal(id.as_bytes(), &json)?;
    let index = party.identity_number.as_ref().map(|n| vault.blind_index(party.identity_kind.as_str(), n));
    let statement = db.prepare_cached(INSERT).await?;
    db.execute(&statement, &[&id, &sealed, &vault.key_id(), &index]).await?;
    Ok(())
}

const BY_ID: &str = "select sealed from party where id = $1 and erased_at is null";

/// None where there is no such row, or the person was erased.
pub async fn by_id(db: &Db, vault: &Vault, id: Uuid) -> Result<Option<Party>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    let Some(row) = db.query_opt(&statement, &[&id]).await? else { return Ok(None) };
    open(vault, id, &row.get::<_, Vec<u8>>(0)).map(Some)
}

const BY_IDS: &str = "select id, sealed from party where id = any($1) and erased_at is null";

/// Those of these whose persons were not erased, in no order.
pub async fn by_ids(db: &Db, vault: &Vault, ids: &[Uuid]) -> Result<Vec<Party>, StorageError> {
    let statement = db.prepare_cached(BY_IDS).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    rows.iter().map(|row| open(vault, row.get(0), &row.get::<_, Vec<u8>>(1))).collect()
}

fn open(vault: &Vault, id: Uuid, sealed: &[u8]) -> Result<Party, StorageError> {
    let json = vault.open(id.as_bytes(), sealed)?;
    let plain: Plain = serde_json::from_slice(&json).map_err(crate::rows::unreadable)?;
    Ok(Party {
        name: plain.name,
        identity_kind: plain.identity_kind.parse().map_err(crate::rows::unreadable)?,
        identity_number: plain.identity_number,
        address: plain.address,
        phone: plain.phone,
        email: plain.email,
    })
}

const PAYERS: &str = "select o.id, p.identity_index is not null and p.erased_at is null as has_number
    from obligation o join party p on p.id = o.payer_id where o.id = any($1)";

/// Which of these obligations name a payer, and whether that has a number; nobody's data is opened.
pub async fn payers(db: &Db, obligations: &[Uuid]) -> Result<BTreeMap<ObligationId, bool>, StorageError> {
    let statement = db.prepare_cached(PAYERS).await?;
    let rows = db.query(&statement, &[&obligations]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>("id").into(), row.get("has_number"))).collect())
}

const BY_IDENTITY: &str = "select id from party where identity_index = $1 order by id";

/// Rows of one person, found without reading any other.
pub async fn by_identity(db: &Db, vault: &Vault, kind: IdentityKind, number: &str) -> Result<Vec<Uuid>, StorageError> {
    let statement = db.prepare_cached(BY_IDENTITY).await?;
    let rows = db.query(&statement, &[&vault.blind_index(kind.as_str(), number)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// An obligation that names a person as payer or owner.
#[derive(Debug, Clone)]
pub struct Named {
    pub id: ObligationId,
    pub status: ObligationStatus,
}

const NAMING: &str =
    "select id, status from obligation where payer_id = any($1) or owner_id = any($1) order by id for update";

/// The obligations that name these, locked: none of them moves until the transaction ends.
pub async fn lock_naming(db: &Db, parties: &[Uuid]) -> Result<Vec<Named>, StorageError> {
    let rows = db.query(NAMING, &[&parties]).await?;
    rows.iter().map(|row| Ok(Named { id: row.get::<_, Uuid>("id").into(), status: word(row, "status")? })).collect()
}

const REFUNDS: &str = "select r.id from payments_naming($1) as n(id) join refund r on r.payment_id = n.id
    where r.status not in ('succeeded', 'failed', 'rejected', 'cancelled') order by r.id";

/// Refunds of money for these that are on their way.
pub async fn refunds_on_their_way(db: &Db, parties: &[Uuid]) -> Result<Vec<RefundId>, StorageError> {
    let rows = db.query(REFUNDS, &[&parties]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const WAITING: &str = "select p.id from payments_naming($1) as n(id) join payment p on p.id = n.id
    where waits_for_payer(p.id) order by p.id";

/// Payments for these of which money waits: to go back, or for a home.
pub async fn waiting_payments(db: &Db, parties: &[Uuid]) -> Result<Vec<PaymentId>, StorageError> {
    let rows = db.query(WAITING, &[&parties]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

/// How many rows lost what they said of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub parties: i64,
    pub statement_lines: i64,
}

const ERASE: &str = "select parties, lines from erase_parties($1)";

pub async fn erase(db: &Db, parties: &[Uuid]) -> Result<Erased, StorageError> {
    let row = db.query_one(ERASE, &[&parties]).await?;
    Ok(Erased { parties: row.get("parties"), statement_lines: row.get("lines") })
}

const PATIENT: &str = "set local statement_timeout = '5min'";
const ERASE_LATE: &str = "select erase_what_came_later()";

/// What a statement has said of erased persons since they were erased, and accounts of refunds that are over, go too. How many
/// lines lost what they said. In a transaction: it may take longer than a request.
pub async fn erase_what_came_later(db: &Db) -> Result<i64, StorageError> {
    db.batch_execute(PATIENT).await?;
    Ok(db.query_one(ERASE_LATE, &[]).await?.get(0))
}
