//! Payment intents and the obligations that they hold.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::{unreadable, word};
use domain::codes::BeneficiaryCode;
use domain::intent::{Intent, IntentStatus};
use domain::reference::Reference;
use domain::{ClientId, IntentId, ObligationId, Vnd};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[INSERT, LINK, LOCK_RELATED, LOCK_LIVE_HOLDERS, LOCK_ONE, LIVE_HOLDERS];

/// The columns of an intent with its obligations; SQL constants are joined where they are compiled.
macro_rules! select_intent {
    ($rest:literal) => {
        concat!(
            "select i.*, (select array_agg(io.obligation_id order by io.position) from intent_obligation io ",
            "where io.intent_id = i.id) as obligation_ids from intent i ",
            $rest
        )
    };
}

pub(crate) fn from_row(row: &Row) -> Result<Intent, StorageError> {
    let ids: Vec<Uuid> = row.get("obligation_ids");
    Ok(Intent {
        id: row.get::<_, Uuid>("id").into(),
        client_id: row.get::<_, Uuid>("client_id").into(),
        reference: Reference::parse(row.get("reference")).map_err(unreadable)?,
        beneficiary_code: BeneficiaryCode::new(row.get::<_, String>("beneficiary_code")).map_err(unreadable)?,
        amount: Vnd::new(row.get("amount")),
        status: word(row, "status")?,
        version: row.get("version"),
        obligation_ids: ids.into_iter().map(ObligationId::from).collect(),
        return_url: row.get("return_url"),
        allowed_channels: row.get("allowed_channels"),
        metadata: row.get("metadata"),
        page_token: row.get("page_token"),
        expires_at: row.get("expires_at"),
        created_at: row.get("created_at"),
        paid_at: row.get("paid_at"),
        paid_channel: row.get("paid_channel"),
    })
}

const INSERT: &str = "insert into intent (id, client_id, reference, beneficiary_code, amount, status, return_url,
    allowed_channels, metadata, page_token, expires_at, created_at, updated_at, traceparent)
    values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11, $11, $12)";

/// Keeps with it the trace in which we are.
///
/// # Errors
/// Conflict `intent_reference_unique` when the reference was minted before: mint another.
pub async fn insert(db: &Db, i: &Intent) -> Result<(), StorageError> {
    let statement = prepared(db, INSERT)?;
    db.execute(
        &statement,
        &[
            &i.id.uuid(),
            &i.client_id.uuid(),
            &i.reference.as_str(),
            &i.beneficiary_code.as_str(),
            &i.amount.dong(),
            &i.return_url,
            &i.allowed_channels,
            &i.metadata,
            &i.page_token,
            &i.expires_at,
            &i.created_at,
            &telemetry::trace::current(),
        ],
    )
    .await?;
    Ok(())
}

const LINK: &str = "insert into intent_obligation (intent_id, obligation_id, position, amount)
    select $1, id, position, amount from unnest($2::uuid[], $3::int[], $4::bigint[]) as u(id, position, amount)";

/// # Errors
/// Conflict `obligation_in_one_live_intent` when another live intent holds one of them.
pub async fn link(db: &Db, intent: IntentId, obligations: &[(ObligationId, Vnd)]) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|(id, _)| id.uuid()).collect();
    let positions: Vec<i32> = (0..).take(ids.len()).collect();
    let amounts: Vec<i64> = obligations.iter().map(|(_, amount)| amount.dong()).collect();
    db.execute(&prepared(db, LINK)?, &[&intent.uuid(), &ids, &positions, &amounts]).await?;
    Ok(())
}

const LIVE_HOLDERS: &str =
    "select obligation_id, intent_id from intent_obligation where obligation_id = any($1) and live";

/// Which live intent holds each of these obligations.
pub async fn live_holders(db: &Db, ids: &[Uuid]) -> Result<Vec<(ObligationId, IntentId)>, StorageError> {
    let rows = db.query(&prepared(db, LIVE_HOLDERS)?, &[&ids]).await?;
    Ok(rows.iter().map(|r| (r.get::<_, Uuid>(0).into(), r.get::<_, Uuid>(1).into())).collect())
}

const NAMING: &str = "select intent_id from intent_obligation where obligation_id = $1";

/// Every intent that names this obligation, whatever its state.
pub async fn naming(db: &Db, id: ObligationId) -> Result<Vec<Uuid>, StorageError> {
    let statement = db.prepare_cached(NAMING).await?;
    Ok(db.query(&statement, &[&id.uuid()]).await?.iter().map(|row| row.get(0)).collect())
}

const LOCK_RELATED: &str = select_intent!(
    "where i.id = any($1) or i.id in (
        select link.intent_id from intent_obligation own
        join intent_obligation link on link.obligation_id = own.obligation_id and link.live where own.intent_id = any($1))
    order by i.id for no key update of i"
);

/// The intents and every live one that shares an obligation with any of them, locked in id order.
pub async fn lock_related(db: &Db, intents: &[Uuid]) -> Result<Vec<Intent>, StorageError> {
    let rows = db.query(&prepared(db, LOCK_RELATED)?, &[&intents]).await?;
    rows.iter().map(from_row).collect()
}

const LOCK_HOLDERS: &str = select_intent!(
    "where i.status in ('open', 'processing', 'paid')
    and i.id in (select intent_id from intent_obligation where obligation_id = any($1)) order by i.id for no key update of i"
);

/// Live and paid intents that hold any of these obligations, locked.
pub async fn lock_holders(db: &Db, obligations: &[Uuid]) -> Result<Vec<Intent>, StorageError> {
    let statement = db.prepare_cached(LOCK_HOLDERS).await?;
    db.query(&statement, &[&obligations]).await?.iter().map(from_row).collect()
}

const LOCK_LIVE_HOLDERS: &str = select_intent!(
    "where i.id in (select intent_id from intent_obligation where obligation_id = any($1) and live)
    order by i.id for no key update of i"
);

/// The live intents that hold any of these obligations, locked in id order.
pub async fn lock_live_holders(db: &Db, obligations: &[Uuid]) -> Result<Vec<Intent>, StorageError> {
    db.query(&prepared(db, LOCK_LIVE_HOLDERS)?, &[&obligations]).await?.iter().map(from_row).collect()
}

const LOCK_ONE: &str = select_intent!("where i.id = $1 for no key update of i");

pub async fn lock_one(db: &Db, intent: Uuid) -> Result<Option<Intent>, StorageError> {
    db.query_opt(&prepared(db, LOCK_ONE)?, &[&intent]).await?.map(|row| from_row(&row)).transpose()
}

const BY_ID: &str = select_intent!("where i.id = $1 and ($2::uuid is null or i.client_id = $2)");

/// An intent, of any client where `client` is None.
pub async fn by_id(db: &Db, client: Option<ClientId>, id: IntentId) -> Result<Option<Intent>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    let client = client.map(ClientId::uuid);
    db.query_opt(&statement, &[&id.uuid(), &client]).await?.map(|row| from_row(&row)).transpose()
}

const BY_TOKEN: &str = select_intent!("where i.page_token = $1");

pub async fn by_token(db: &Db, token: &str) -> Result<Option<Intent>, StorageError> {
    let statement = db.prepare_cached(BY_TOKEN).await?;
    db.query_opt(&statement, &[&token]).await?.map(|row| from_row(&row)).transpose()
}

/// What a list of intents is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<IntentStatus>,
    pub dossier_code: Option<String>,
    pub reference: Option<String>,
}

const PAGE: &str = select_intent!(
    "where i.client_id = $1 and ($2::text is null or i.status = $2) and ($3::text is null or i.reference = $3)
    and ($4::text is null or exists (select from intent_obligation io join obligation o on o.id = io.obligation_id
        where io.intent_id = i.id and o.dossier_code = $4))
    and ($5::uuid is null or i.id < $5) order by i.id desc limit $6"
);

/// A client's intents, newest first, those after `after`.
pub async fn page(
    db: &Db,
    client: ClientId,
    filter: &Filter,
    after: Option<IntentId>,
    limit: i64,
) -> Result<Vec<Intent>, StorageError> {
    let statement = db.prepare_cached(PAGE).await?;
    let status = filter.status.map(IntentStatus::as_str);
    let after = after.map(IntentId::uuid);
    let rows = db
        .query(&statement, &[&client.uuid(), &status, &filter.reference, &filter.dossier_code, &after, &limit])
        .await?;
    rows.iter().map(from_row).collect()
}

const OBLIGATIONS: &str = "select o.* from intent_obligation io join obligation o on o.id = io.obligation_id
    where io.intent_id = any($1)";

/// The obligations of these intents, each once.
pub async fn obligations(db: &Db, intents: &[Uuid]) -> Result<Vec<domain::obligation::Obligation>, StorageError> {
    let statement = db.prepare_cached(OBLIGATIONS).await?;
    let rows = db.query(&statement, &[&intents]).await?;
    rows.iter().map(crate::obligations::from_row).collect()
}

const DUE_TO_EXPIRE: &str = "select i.id from intent i where i.status = 'open' and i.expires_at <= now()
    and not exists (select from attempt a join attempt_watch w on w.attempt_id = a.id
        where a.intent_id = i.id and a.status in ('started', 'offered', 'committed')
          and (w.asked_at is null or w.asked_at < i.expires_at))
    order by i.expires_at limit $1";

/// Open intents past their deadline whose undecided attempts were each asked about since.
pub async fn due_to_expire(db: &Db, limit: i64) -> Result<Vec<IntentId>, StorageError> {
    let statement = db.prepare_cached(DUE_TO_EXPIRE).await?;
    let rows = db.query(&statement, &[&limit]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const ASK_ANEW: &str = "with asked as (
        update intent_obligation h set amount = o.amount from obligation o
        where h.intent_id = $1 and o.id = h.obligation_id returning h.amount)
    update intent set amount = (select sum(amount) from asked) where id = $1";

/// It asks for what its obligations owe now, in the transaction that reopens it.
pub async fn ask_anew(db: &Db, intent: IntentId) -> Result<(), StorageError> {
    let statement = db.prepare_cached(ASK_ANEW).await?;
    db.execute(&statement, &[&intent.uuid()]).await?;
    Ok(())
}

const RENEW: &str = "update intent set expires_at = $2 where id = $1";

/// A new deadline, in the transaction that reopens it.
pub async fn set_deadline(db: &Db, intent: IntentId, expires_at: Timestamp) -> Result<(), StorageError> {
    let statement = db.prepare_cached(RENEW).await?;
    db.execute(&statement, &[&intent.uuid(), &expires_at]).await?;
    Ok(())
}
