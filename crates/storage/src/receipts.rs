//! Receipts, and which obligations' are to be looked at. What stands on one is written once; its state changes by a unit of
//! work alone.

use crate::error::StorageError;
use crate::obligations;
use crate::pool::Db;
use crate::rows::word;
use domain::booking::OpenCase;
use domain::obligation::{Obligation, ObligationKind};
use domain::receipt::{ReceiptStatus, Template};
use domain::{ApprovalId, ClientId, ObligationId, ReceiptId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// A receipt as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: ReceiptId,
    pub obligation_id: ObligationId,
    pub status: ReceiptStatus,
    pub version: i32,
    pub series_code: String,
    pub template: Template,
    pub serial: String,
    pub number: i32,
    /// What its address ends in.
    pub token: String,
    pub issued_on: Date,
    pub collector_name: String,
    pub collector_tax_code: String,
    pub collector_address: String,
    pub kind: ObligationKind,
    pub description: String,
    pub dossier_code: Option<String>,
    pub amount: Vnd,
    pub replaces: Option<ReceiptId>,
    pub replaced_by: Option<ReceiptId>,
    /// Two persons said that what stands on it is wrong.
    pub replacement_by: Option<ApprovalId>,
    pub signed_by: Option<String>,
    pub signed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The Hanoi date on which it was cancelled or replaced.
    pub ended_on: Option<Date>,
}

fn from_row(row: &Row) -> Result<Stored, StorageError> {
    Ok(Stored {
        id: row.get::<_, Uuid>("id").into(),
        obligation_id: row.get::<_, Uuid>("obligation_id").into(),
        status: word(row, "status")?,
        version: row.get("version"),
        series_code: row.get("series_code"),
        template: word(row, "template")?,
        serial: row.get("serial"),
        number: row.get("number"),
        token: row.get("token"),
        issued_on: row.get("issued_on"),
        collector_name: row.get("collector_name"),
        collector_tax_code: row.get("collector_tax_code"),
        collector_address: row.get("collector_address"),
        kind: word(row, "kind")?,
        description: row.get("description"),
        dossier_code: row.get("dossier_code"),
        amount: Vnd::new(row.get("amount")),
        replaces: row.get::<_, Option<Uuid>>("replaces").map(Into::into),
        replaced_by: row.get::<_, Option<Uuid>>("replaced_by").map(Into::into),
        replacement_by: row.get::<_, Option<Uuid>>("replacement_by").map(Into::into),
        signed_by: row.get("signed_by"),
        signed_at: row.get("signed_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        ended_on: row.get("ended_on"),
    })
}

fn all(rows: &[Row]) -> Result<Vec<Stored>, StorageError> {
    rows.iter().map(from_row).collect()
}

/// The document is long, and read alone.
macro_rules! select_receipt {
    ($rest:literal) => {
        concat!(
            "select r.id, r.obligation_id, r.status, r.version, r.series_code, r.template, r.serial, r.number, r.token,
                r.issued_on, r.collector_name, r.collector_tax_code, r.collector_address, r.kind, r.description,
                r.dossier_code, r.amount, r.replaces, r.replacement_by, r.signed_by, r.signed_at, r.created_at,
                r.updated_at, r.ended_on, (select n.id from receipt n where n.replaces = r.id) as replaced_by
            from receipt r ",
            $rest
        )
    };
}

// ---------------------------------------------------------------- what is to be looked at

const DUE: &str = "select obligation_id from receipt_work where due_at <= now() or $2 order by due_at limit $1";

/// `ignore_schedule`: those that wait for their next time too.
pub async fn due(db: &Db, limit: i64, ignore_schedule: bool) -> Result<Vec<ObligationId>, StorageError> {
    let statement = db.prepare_cached(DUE).await?;
    let rows = db.query(&statement, &[&limit, &ignore_schedule]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const TAKE: &str = "select o.* from obligation o where o.id = $1
    and exists (select from receipt_work w where w.obligation_id = o.id) for no key update of o skip locked";
/// A statement of its own: it sees what was committed before the obligation was held.
const LIVE: &str =
    select_receipt!("where r.obligation_id = $1 and r.status in ('numbered', 'issued') for no key update of r");
const IS_WORK: &str = "select exists (select from receipt_work where obligation_id = $1)";

/// An obligation that is to be looked at, held, with its live receipt. None where somebody else is at it, or was.
pub async fn take(db: &Db, id: ObligationId) -> Result<Option<(Obligation, Option<Stored>)>, StorageError> {
    let statement = db.prepare_cached(TAKE).await?;
    let Some(row) = db.query_opt(&statement, &[&id.uuid()]).await? else { return Ok(None) };
    if !db.query_one(IS_WORK, &[&id.uuid()]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let statement = db.prepare_cached(LIVE).await?;
    let live = db.query_opt(&statement, &[&id.uuid()]).await?;
    Ok(Some((obligations::from_row(&row)?, live.as_ref().map(from_row).transpose()?)))
}

const DONE: &str = "delete from receipt_work where obligation_id = $1";

/// It was looked at; whoever calls holds the obligation.
pub async fn done(db: &Db, id: ObligationId) -> Result<(), StorageError> {
    db.execute(DONE, &[&id.uuid()]).await?;
    Ok(())
}

/// At least a minute, at most an hour until the next look.
const LATER: &str = "update receipt_work set tries = tries + 1, said = $2,
    due_at = now() + least(3600, 60 * (tries + 1)) * interval '1 second' where obligation_id = $1";

/// It cannot be done now, for this reason.
pub async fn later(db: &Db, id: ObligationId, said: &str) -> Result<(), StorageError> {
    db.execute(LATER, &[&id.uuid(), &said]).await?;
    Ok(())
}

const LOOK: &str = "insert into receipt_work (obligation_id) values ($1)
    on conflict (obligation_id) do update set due_at = now()";

/// It is to be looked at; whoever calls holds the obligation.
pub async fn look(db: &Db, id: ObligationId) -> Result<(), StorageError> {
    db.execute(LOOK, &[&id.uuid()]).await?;
    Ok(())
}

// ---------------------------------------------------------------- making one

const INSERT: &str = "insert into receipt (id, obligation_id, status, series_code, year, template, serial, number, token,
        issued_on, collector_name, collector_tax_code, collector_address, kind, description, dossier_code, amount, replaces,
        created_at, updated_at)
    values ($1, $2, 'numbered', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)";

/// Writes one whose number was just taken.
pub async fn insert(db: &Db, r: &Stored) -> Result<(), StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 18] = [
        &r.id.uuid(),
        &r.obligation_id.uuid(),
        &r.series_code,
        &i32::from(r.issued_on.year()),
        &r.template.as_str(),
        &r.serial,
        &r.number,
        &r.token,
        &r.issued_on,
        &r.collector_name,
        &r.collector_tax_code,
        &r.collector_address,
        &r.kind.as_str(),
        &r.description,
        &r.dossier_code,
        &r.amount.dong(),
        &r.replaces.map(ReceiptId::uuid),
        &r.created_at,
    ];
    let statement = db.prepare_cached(INSERT).await?;
    db.execute(&statement, &params).await?;
    Ok(())
}

const UNSIGNED: &str = select_receipt!(
    "where r.status = 'numbered'
       and not exists (select from receipt_work w where w.obligation_id = r.obligation_id) order by r.id limit $1"
);

/// Whose number is taken and whose obligation nothing has happened to since, the oldest first.
pub async fn unsigned(db: &Db, limit: i64) -> Result<Vec<Stored>, StorageError> {
    let statement = db.prepare_cached(UNSIGNED).await?;
    all(&db.query(&statement, &[&limit]).await?)
}

const KEEP: &str = "update receipt set document = $3, signed_by = $4, signed_at = $5, mailed = $6
    where id = $1 and version = $2 and status = 'numbered'";

/// What a receipt is issued with.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub document: &'a str,
    pub by: &'a str,
    pub at: Timestamp,
    /// Its payer is told by e-mail.
    pub mailed: bool,
}

/// Keeps the signed document; false where the receipt has moved meanwhile.
pub async fn keep(db: &Db, r: &Stored, signed: Signed<'_>) -> Result<bool, StorageError> {
    let Signed { document, by, at, mailed } = signed;
    let statement = db.prepare_cached(KEEP).await?;
    Ok(db.execute(&statement, &[&r.id.uuid(), &r.version, &document, &by, &at, &mailed]).await? == 1)
}

const OBLIGATION: &str = "select * from obligation where id = $1";

pub async fn obligation_of(db: &Db, id: ObligationId) -> Result<Option<Obligation>, StorageError> {
    db.query_opt(OBLIGATION, &[&id.uuid()]).await?.map(|row| obligations::from_row(&row)).transpose()
}

const PAID_BY: &str =
    "select data from event where subject_id = $1 and type = 'obligation.paid' order by seq desc limit 1";

/// What was last told of its payment: channel, transaction, reference.
pub async fn told_of_payment(db: &Db, id: ObligationId) -> Result<Option<serde_json::Value>, StorageError> {
    Ok(db.query_opt(PAID_BY, &[&id.uuid()]).await?.map(|row| row.get(0)))
}

const WANT_REPLACED: &str = "update receipt set replacement_by = $2 where id = $1 and status = 'issued'";

/// Two persons said that it is wrong; false where it stands no more.
pub async fn want_replaced(db: &Db, id: ReceiptId, approval: ApprovalId) -> Result<bool, StorageError> {
    Ok(db.execute(WANT_REPLACED, &[&id.uuid(), &approval.uuid()]).await? == 1)
}

// ---------------------------------------------------------------- what is late

const LATE: &str = "select o.id, o.amount from obligation o
    join (select obligation_id, since from receipt_work
          union all select obligation_id, created_at from receipt where status = 'numbered') w on w.obligation_id = o.id
    where w.since < now() - $1::bigint * interval '1 second' and o.status = 'paid' and ($3::uuid is null or o.id = $3)
      and not exists (select from receipt r where r.obligation_id = o.id and r.status = 'issued')
      and not exists (select from kase k where k.kind = 'without_receipt' and k.opened_at >= w.since
                      and k.subject = assurance.text_id('obl', o.id))
    group by o.id, o.amount order by o.id limit $2";

/// What was paid longer ago and has no receipt, with no case of it; all, or this one.
pub async fn late(
    db: &Db,
    after_s: i64,
    of: Option<ObligationId>,
    limit: i64,
) -> Result<Vec<(ObligationId, Vnd)>, StorageError> {
    let rows = db.query(LATE, &[&after_s, &limit, &of.map(ObligationId::uuid)]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
}

const CASES: &str =
    "select k.id, coalesce(k.payment_id, k.id) as payment_id, k.kind, k.waits, k.status, k.version from kase k
    where k.kind = 'without_receipt' and k.subject = $1 and k.status <> 'closed' order by k.id for update of k";

/// What tells people that it has none, held.
pub async fn lock_cases(db: &Db, id: ObligationId) -> Result<Vec<OpenCase>, StorageError> {
    let statement = db.prepare_cached(CASES).await?;
    let rows = db.query(&statement, &[&id.to_string()]).await?;
    rows.iter().map(crate::references::case_from_row).collect()
}

// ---------------------------------------------------------------- reading them

const BY_TOKEN: &str = select_receipt!("where r.token = $1");

pub async fn by_token(db: &Db, token: &str) -> Result<Option<Stored>, StorageError> {
    let statement = db.prepare_cached(BY_TOKEN).await?;
    db.query_opt(&statement, &[&token]).await?.as_ref().map(from_row).transpose()
}

const BY_IDS: &str = select_receipt!("where r.id = any($1) order by r.id");

pub async fn by_ids(db: &Db, ids: &[ReceiptId]) -> Result<Vec<Stored>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    all(&db.query(BY_IDS, &[&ids]).await?)
}

const LOCK: &str = select_receipt!("where r.id = $1 for no key update of r");

pub async fn lock(db: &Db, id: ReceiptId) -> Result<Option<Stored>, StorageError> {
    db.query_opt(LOCK, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

const DOCUMENT: &str = "select document from receipt where id = $1";

/// The signed document, word for word.
pub async fn document(db: &Db, id: ReceiptId) -> Result<Option<String>, StorageError> {
    Ok(db.query_opt(DOCUMENT, &[&id.uuid()]).await?.and_then(|row| row.get(0)))
}

const OF_OBLIGATIONS: &str =
    select_receipt!("where r.obligation_id = any($1) and r.document is not null order by r.id");

/// Those of these obligations that were ever issued, in the order of their making.
pub async fn of_obligations(db: &Db, ids: &[Uuid]) -> Result<Vec<Stored>, StorageError> {
    let statement = db.prepare_cached(OF_OBLIGATIONS).await?;
    all(&db.query(&statement, &[&ids]).await?)
}

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub client: Option<ClientId>,
    pub beneficiaries: Option<Vec<String>>,
    pub status: Option<ReceiptStatus>,
    pub issued_on: Option<Date>,
    pub obligation: Option<ObligationId>,
    pub id: Option<ReceiptId>,
    /// A number, a serial with its number, or the code of a dossier.
    pub named: Option<String>,
}

const PAGE: &str = select_receipt!(
    "join obligation o on o.id = r.obligation_id
    where ($1::uuid is null or o.client_id = $1) and ($2::text[] is null or o.beneficiary_code = any($2))
      and ($3::text is null or r.status = $3) and ($4::date is null or r.issued_on = $4)
      and ($5::uuid is null or r.obligation_id = $5) and ($6::uuid is null or r.id = $6)
      and ($7::uuid is null or r.id < $7)
      and ($9::text is null or r.id in (
          select id from receipt where dossier_code = $9
          union all select id from receipt where number = $10 and ($11::text is null or serial = $11)))
    order by r.id desc limit $8"
);

/// `26TAB 17`, `17` or a dossier's code: the number, and the serial before it.
fn numbered(named: &str) -> (Option<i32>, Option<&str>) {
    match named.split_once(' ') {
        Some((serial, number)) => (number.trim().parse().ok(), Some(serial)),
        None => (named.parse().ok(), None),
    }
}

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<ReceiptId>, limit: i64) -> Result<Vec<Stored>, StorageError> {
    let (number, serial) = f.named.as_deref().map(numbered).unwrap_or_default();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
        &f.client.map(ClientId::uuid),
        &f.beneficiaries,
        &f.status.map(ReceiptStatus::as_str),
        &f.issued_on,
        &f.obligation.map(ObligationId::uuid),
        &f.id.map(ReceiptId::uuid),
        &after.map(ReceiptId::uuid),
        &limit,
        &f.named,
        &number,
        &serial,
    ];
    all(&db.query(PAGE, &params).await?)
}

/// Whole days are read at once: a province has some thousand receipts a day.
pub const DAY_AT_MOST: i64 = 200_000;
const OF_DAY: &str = select_receipt!(
    "join obligation o on o.id = r.obligation_id
    where ($1::text[] is null or o.beneficiary_code = any($1))
      and (r.issued_on = $2 or (r.status in ('replaced', 'cancelled') and r.ended_on = $2))
    order by r.collector_tax_code, r.template, r.serial, r.number limit $3"
);

/// What was numbered on a day, and what ended on it, in the order of their numbers; None where it is more than `at_most`.
pub async fn of_day(
    db: &Db,
    beneficiaries: Option<&[String]>,
    day: Date,
    at_most: i64,
) -> Result<Option<Vec<Stored>>, StorageError> {
    let rows = db.query(OF_DAY, &[&beneficiaries, &day, &(at_most + 1)]).await?;
    if i64::try_from(rows.len()).is_ok_and(|found| found <= at_most) { all(&rows).map(Some) } else { Ok(None) }
}
