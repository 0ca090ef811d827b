//! What people look for by what a payer holds in their hand: a dossier's code, our reference, the text of a transfer, a number
//! of the bank or of the provider. Each way goes by an index; nothing of others' is found.

use crate::error::StorageError;
use crate::pool::Db;
use domain::{IntentId, PaymentId, Vnd};
use jiff::Timestamp;
use uuid::Uuid;

/// What is looked for, read in each way in which it can be meant.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// As it was typed.
    pub text: String,
    /// Capitals and digits.
    pub plain: String,
    /// Our references in it.
    pub references: Vec<String>,
    /// Whose money the asker sees; None: all.
    pub beneficiaries: Option<Vec<String>>,
}

/// Money that was found.
#[derive(Debug, Clone)]
pub struct Payment {
    pub id: PaymentId,
    pub channel: String,
    pub amount: Vnd,
    pub reversed: Vnd,
    pub paid_at: Timestamp,
    pub reference: Option<String>,
    /// Of the provider, the bank or the counter.
    pub number: Option<String>,
}

const PAYMENTS: &str = "with intents as (
        select i.id from intent i where i.reference = any($3)
        union select io.intent_id from obligation o join intent_obligation io on io.obligation_id = o.id
            where plain_code(o.dossier_code) = $2 or o.customer_code = $1),
    hit as (
        select p.id from payment p where p.intent_id in (select id from intents)
        union select p.id from merchant_profile m join payment p on p.profile = m.code and p.provider_txn_id = $1
        union select p.id from merchant_profile m join payment p on p.profile = m.code and p.order_ref = $1
        union select p.id from counter c join payment p on p.counter = c.code and p.receipt_ref = $1
        union select p.id from receiving_account r join payment p on p.receiving_account = r.code and p.bank_ref = any(array[$1, $2])
        union select a.payment_id from obligation o join allocation a on a.obligation_id = o.id
            where plain_code(o.dossier_code) = $2 or o.customer_code = $1
        union select k.payment_id from receiving_account r
            join movement_reference f on f.account_code = r.code and f.direction = 'in'
                and split_part(':' || f.reference, ':', -1) = $2
            join movement_match k on k.movement_id = f.movement_id where k.payment_id is not null)
    select p.id, p.channel, p.amount, p.reversed, p.paid_at, i.reference,
           coalesce(p.provider_txn_id, p.bank_ref, p.receipt_ref) as number
    from hit join payment p on p.id = hit.id left join intent i on i.id = p.intent_id
    where $4::text[] is null or p.whose = any(array(select concerning($4)))
    order by p.id desc limit $5";

/// The newest first.
pub async fn payments(db: &Db, asked: &Asked, limit: i64) -> Result<Vec<Payment>, StorageError> {
    let statement = db.prepare_cached(PAYMENTS).await?;
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&asked.text, &asked.plain, &asked.references, &asked.beneficiaries, &limit];
    let rows = db.query(&statement, &params).await?;
    let payment = |row: &tokio_postgres::Row| Payment {
        id: row.get::<_, Uuid>("id").into(),
        channel: row.get("channel"),
        amount: Vnd::new(row.get("amount")),
        reversed: Vnd::new(row.get("reversed")),
        paid_at: row.get("paid_at"),
        reference: row.get("reference"),
        number: row.get("number"),
    };
    Ok(rows.iter().map(payment).collect())
}

/// A request to pay that was found.
#[derive(Debug, Clone)]
pub struct Intent {
    pub id: IntentId,
    pub reference: String,
    pub status: String,
    pub amount: Vnd,
    pub created_at: Timestamp,
    pub dossiers: Vec<String>,
}

const INTENTS: &str = "with hit as (
        select i.id from intent i where i.reference = any($3)
        union select io.intent_id from obligation o join intent_obligation io on io.obligation_id = o.id
            where plain_code(o.dossier_code) = $2 or o.customer_code = $1)
    select i.id, i.reference, i.status, i.amount, i.created_at,
           array(select distinct o.dossier_code from intent_obligation io join obligation o on o.id = io.obligation_id
                 where io.intent_id = i.id and o.dossier_code is not null order by 1) as dossiers
    from hit join intent i on i.id = hit.id
    where $4::text[] is null or i.beneficiary_code = any($4)
    order by i.id desc limit $5";

/// The newest first.
pub async fn intents(db: &Db, asked: &Asked, limit: i64) -> Result<Vec<Intent>, StorageError> {
    let statement = db.prepare_cached(INTENTS).await?;
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&asked.text, &asked.plain, &asked.references, &asked.beneficiaries, &limit];
    let rows = db.query(&statement, &params).await?;
    let intent = |row: &tokio_postgres::Row| Intent {
        id: row.get::<_, Uuid>("id").into(),
        reference: row.get("reference"),
        status: row.get("status"),
        amount: Vnd::new(row.get("amount")),
        created_at: row.get("created_at"),
        dossiers: row.get("dossiers"),
    };
    Ok(rows.iter().map(intent).collect())
}
