//! Obligations, in and out.

use crate::error::StorageError;
use crate::pool::{Db, prepared};
use crate::rows::{unreadable, word};
use domain::codes::BeneficiaryCode;
use domain::dossier_code::DossierCode;
use domain::obligation::{Budget, Notice, Obligation, Terms};
use domain::{ClientId, ObligationId, Vnd};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub(crate) const HOT: &[&str] = &[LOCK_BY_IDS, LOCK_OF_INTENTS, OF_RELATED_INTENTS];

pub(crate) fn from_row(row: &Row) -> Result<Obligation, StorageError> {
    let dossier: Option<String> = row.get("dossier_code");
    Ok(Obligation {
        id: row.get::<_, Uuid>("id").into(),
        client_id: row.get::<_, Uuid>("client_id").into(),
        external_ref: row.get("external_ref"),
        terms: Terms {
            dossier_code: dossier.map(DossierCode::new).transpose().map_err(unreadable)?,
            customer_code: row.get("customer_code"),
            sector: word(row, "sector")?,
            agency_code: row.get("agency_code"),
            beneficiary_code: BeneficiaryCode::new(row.get::<_, String>("beneficiary_code")).map_err(unreadable)?,
            procedure_code: row.get("procedure_code"),
            procedure_name: row.get("procedure_name"),
            service_code: row.get("service_code"),
            kind: word(row, "kind")?,
            fee_code: row.get("fee_code"),
            instalment: row.get("instalment"),
            group_ref: row.get("group_ref"),
            description: row.get("description"),
            gross_amount: Vnd::new(row.get("gross_amount")),
            relief_amount: Vnd::new(row.get("relief_amount")),
            relief_basis: row.get("relief_basis"),
            budget: Budget {
                chapter: row.get("chapter"),
                sub_item: row.get("sub_item"),
                area: row.get("area"),
                unit: row.get("budget_unit"),
                treasury: row.get("treasury"),
                revenue_account: row.get("revenue_account"),
            },
            notice: Notice {
                number: row.get("notice_number"),
                date: row.get("notice_date"),
                payable_id: row.get("payable_id"),
                period: row.get("period"),
            },
            due_at: row.get("due_at"),
        },
        status: word(row, "status")?,
        version: row.get("version"),
        paid_at: row.get("paid_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}

fn all(rows: &[Row]) -> Result<Vec<Obligation>, StorageError> {
    rows.iter().map(from_row).collect()
}

/// Who pays and whose dossier it is, as rows of the party table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parties {
    pub payer: Option<Uuid>,
    pub owner: Option<Uuid>,
}

const INSERT: &str = "insert into obligation (id, client_id, external_ref, dossier_code, customer_code, sector, agency_code,
    beneficiary_code, procedure_code, procedure_name, service_code, kind, fee_code, instalment, group_ref, description,
    gross_amount, relief_amount, relief_basis, chapter, sub_item, area, budget_unit, treasury, revenue_account,
    notice_number, notice_date, payable_id, period, due_at, payer_id, owner_id, status, fingerprint, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $35)";

/// What a portal says of an obligation, as both statements take it and in the order of their columns.
struct Said<'a> {
    terms: &'a Terms,
    dossier: Option<&'a str>,
    sector: &'a str,
    beneficiary: &'a str,
    kind: &'a str,
    gross: i64,
    relief: i64,
    parties: Parties,
    status: &'a str,
}

impl<'a> Said<'a> {
    fn of(o: &'a Obligation, parties: Parties) -> Self {
        Self {
            terms: &o.terms,
            dossier: o.terms.dossier_code.as_ref().map(DossierCode::as_str),
            sector: o.terms.sector.as_str(),
            beneficiary: o.terms.beneficiary_code.as_str(),
            kind: o.terms.kind.as_str(),
            gross: o.terms.gross_amount.dong(),
            relief: o.terms.relief_amount.dong(),
            parties,
            status: o.status.as_str(),
        }
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 30] {
        let t = self.terms;
        [
            &self.dossier,
            &t.customer_code,
            &self.sector,
            &t.agency_code,
            &self.beneficiary,
            &t.procedure_code,
            &t.procedure_name,
            &t.service_code,
            &self.kind,
            &t.fee_code,
            &t.instalment,
            &t.group_ref,
            &t.description,
            &self.gross,
            &self.relief,
            &t.relief_basis,
            &t.budget.chapter,
            &t.budget.sub_item,
            &t.budget.area,
            &t.budget.unit,
            &t.budget.treasury,
            &t.budget.revenue_account,
            &t.notice.number,
            &t.notice.date,
            &t.notice.payable_id,
            &t.notice.period,
            &t.due_at,
            &self.parties.payer,
            &self.parties.owner,
            &self.status,
        ]
    }
}

/// # Errors
/// Conflicts `obligation_external_ref_unique` and `obligation_duplicate` (the same fee from another portal).
pub async fn insert(db: &Db, o: &Obligation, parties: Parties, fingerprint: &[u8]) -> Result<(), StorageError> {
    let (id, client, said) = (o.id.uuid(), o.client_id.uuid(), Said::of(o, parties));
    let whose: [&(dyn ToSql + Sync); 3] = [&id, &client, &o.external_ref];
    let statement = db.prepare_cached(INSERT).await?;
    db.execute(&statement, &[&whose[..], &said.columns(), &[&fingerprint, &o.created_at]].concat()).await?;
    Ok(())
}

const REVISE: &str = "update obligation set dossier_code = $2, customer_code = $3, sector = $4, agency_code = $5,
    beneficiary_code = $6, procedure_code = $7, procedure_name = $8, service_code = $9, kind = $10, fee_code = $11,
    instalment = $12, group_ref = $13, description = $14, gross_amount = $15, relief_amount = $16, relief_basis = $17,
    chapter = $18, sub_item = $19, area = $20, budget_unit = $21, treasury = $22, revenue_account = $23,
    notice_number = $24, notice_date = $25, payable_id = $26, period = $27, due_at = $28, payer_id = $29, owner_id = $30,
    status = $31, version = $32, fingerprint = $33, updated_at = $34 where id = $1";

/// Writes changed terms over the old ones; the caller holds the row and has checked that nothing rests on them.
pub async fn revise(db: &Db, o: &Obligation, parties: Parties, fingerprint: &[u8]) -> Result<(), StorageError> {
    let (id, said) = (o.id.uuid(), Said::of(o, parties));
    let which: [&(dyn ToSql + Sync); 1] = [&id];
    let statement = db.prepare_cached(REVISE).await?;
    db.execute(&statement, &[&which[..], &said.columns(), &[&o.version, &fingerprint, &o.updated_at]].concat()).await?;
    Ok(())
}

/// An obligation with what its next change rests on.
#[derive(Debug, Clone)]
pub struct Held {
    pub obligation: Obligation,
    pub fingerprint: Vec<u8>,
    pub parties: Parties,
    /// The live intent that holds it.
    pub live_intent: Option<domain::IntentId>,
    /// Money was seen for it, or waits under a reference that names it.
    pub money_seen: bool,
    /// Money waits in suspense under a reference that names it.
    pub money_waits: bool,
    /// An intent asks for it, or did: somebody may still pay where it says.
    pub was_asked_for: bool,
}

const LOCK_BY_REF: &str = "select o.* from obligation o where o.client_id = $1 and o.external_ref = $2 for update of o";

pub async fn lock_by_ref(db: &Db, client: ClientId, external_ref: &str) -> Result<Option<Held>, StorageError> {
    let statement = db.prepare_cached(LOCK_BY_REF).await?;
    let locked = db.query_opt(&statement, &[&client.uuid(), &external_ref]).await?;
    held(db, locked).await
}

const LOCK_ONE: &str = "select o.* from obligation o where o.client_id = $1 and o.id = $2 for update of o";

pub async fn lock_one(db: &Db, client: ClientId, id: ObligationId) -> Result<Option<Held>, StorageError> {
    let statement = db.prepare_cached(LOCK_ONE).await?;
    let locked = db.query_opt(&statement, &[&client.uuid(), &id.uuid()]).await?;
    held(db, locked).await
}

/// A statement of its own, run when the row is held: one that waits for a row keeps seeing everything else as it was
/// before it waited.
const RESTS_ON: &str = "select
    (select intent_id from intent_obligation io where io.obligation_id = $1 and io.live) as live_intent,
    exists (select from allocation a where a.obligation_id = $1)
        or exists (select from intent_obligation io join payment p on p.intent_id = io.intent_id
                   where io.obligation_id = $1) as money_seen,
    exists (select from intent_obligation io join payment p on p.intent_id = io.intent_id
            join allocation a on a.payment_id = p.id and a.suspense_reason is not null
            where io.obligation_id = $1 group by p.id having sum(a.amount) > 0) as money_waits,
    exists (select from intent_obligation io where io.obligation_id = $1) as was_asked_for";

async fn held(db: &Db, locked: Option<Row>) -> Result<Option<Held>, StorageError> {
    let Some(row) = locked else { return Ok(None) };
    let statement = db.prepare_cached(RESTS_ON).await?;
    let rests_on = db.query_one(&statement, &[&row.get::<_, Uuid>("id")]).await?;
    Ok(Some(Held {
        obligation: from_row(&row)?,
        fingerprint: row.get("fingerprint"),
        parties: Parties { payer: row.get("payer_id"), owner: row.get("owner_id") },
        live_intent: rests_on.get::<_, Option<Uuid>>("live_intent").map(Into::into),
        money_seen: rests_on.get("money_seen"),
        money_waits: rests_on.get("money_waits"),
        was_asked_for: rests_on.get("was_asked_for"),
    }))
}

const BY_IDS: &str = "select * from obligation where id = any($1) order by id";

/// Those of any client with these ids.
pub async fn by_ids(db: &Db, ids: &[ObligationId]) -> Result<Vec<Obligation>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(BY_IDS).await?;
    all(&db.query(&statement, &[&ids]).await?)
}

const LOCK_BY_IDS: &str = "select o.* from obligation o where o.id = any($1) order by o.id for update of o";

/// Locks in id order, the order of the house.
pub async fn lock_by_ids(db: &Db, ids: &[Uuid]) -> Result<Vec<Obligation>, StorageError> {
    all(&db.query(&prepared(db, LOCK_BY_IDS)?, &[&ids]).await?)
}

const LOCK_OF_INTENTS: &str = "select o.* from obligation o
    where o.id in (select obligation_id from intent_obligation where intent_id = any($1)) order by o.id for update of o";

pub async fn lock_of_intents(db: &Db, intents: &[Uuid]) -> Result<Vec<Obligation>, StorageError> {
    all(&db.query(&prepared(db, LOCK_OF_INTENTS)?, &[&intents]).await?)
}

const OF_RELATED_INTENTS: &str = "select o.* from obligation o where o.id in (
        select theirs.obligation_id from intent_obligation own
        join intent_obligation link on link.obligation_id = own.obligation_id and link.live
        join intent_obligation theirs on theirs.intent_id = link.intent_id
        where own.intent_id = any($1))";

/// Obligations of every live intent that shares one with any of `intents`; read after those intents are locked.
pub async fn of_related_intents(db: &Db, intents: &[Uuid]) -> Result<Vec<Obligation>, StorageError> {
    all(&db.query(&prepared(db, OF_RELATED_INTENTS)?, &[&intents]).await?)
}

const BY_ID: &str = "select o.* from obligation o where o.client_id = $1 and o.id = $2";

pub async fn by_id(db: &Db, client: ClientId, id: ObligationId) -> Result<Option<Obligation>, StorageError> {
    let statement = db.prepare_cached(BY_ID).await?;
    db.query_opt(&statement, &[&client.uuid(), &id.uuid()]).await?.map(|row| from_row(&row)).transpose()
}

const PAGE: &str = "select o.* from obligation o where o.client_id = $1 and ($2::text is null or o.dossier_code = $2)
    and ($3::uuid is null or o.id < $3) order by o.id desc limit $4";

/// A client's obligations, newest first, those after `after`.
pub async fn page(
    db: &Db,
    client: ClientId,
    dossier_code: Option<&str>,
    after: Option<ObligationId>,
    limit: i64,
) -> Result<Vec<Obligation>, StorageError> {
    let statement = db.prepare_cached(PAGE).await?;
    let after = after.map(ObligationId::uuid);
    all(&db.query(&statement, &[&client.uuid(), &dossier_code, &after, &limit]).await?)
}

const DUE_OF_INTENT: &str = "select o.* from obligation o join intent_obligation io on io.obligation_id = o.id
    where io.intent_id = $1 and o.status = 'due' order by o.id";

/// What an intent asks for that is still due, oldest registration first, each with who pays it.
pub async fn due_of_intent(db: &Db, intent: domain::IntentId) -> Result<Vec<(Obligation, Option<Uuid>)>, StorageError> {
    let statement = db.prepare_cached(DUE_OF_INTENT).await?;
    let rows = db.query(&statement, &[&intent.uuid()]).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.get("payer_id")))).collect()
}

const NEWEST_COVER: &str = "select a.payment_id from allocation a join payment p on p.id = a.payment_id
    where a.obligation_id = $1 group by a.payment_id, p.recorded_at having sum(a.amount) > 0
    order by p.recorded_at desc, a.payment_id desc limit 1";

/// The newest payment with a part in it.
pub async fn newest_cover(db: &Db, id: ObligationId) -> Result<Option<domain::PaymentId>, StorageError> {
    Ok(db.query_opt(NEWEST_COVER, &[&id.uuid()]).await?.map(|row| row.get::<_, Uuid>(0).into()))
}

const REDUCED: &str =
    "insert into obligation_reduction (approval_id, obligation_id, amount, relief_amount, reason_code)
    values ($1, $2, $3, $4, $5)";
const LOWER: &str =
    "update obligation set relief_amount = $2, relief_basis = coalesce(relief_basis, $3), updated_at = now()
    where id = $1";

/// A paid obligation owes less from now on, by an approval.
pub async fn lower(
    db: &Db,
    approval: domain::ApprovalId,
    o: &Obligation,
    by: Vnd,
    reason_code: &str,
) -> Result<(), StorageError> {
    let relief = (o.terms.relief_amount + by).dong();
    db.execute(REDUCED, &[&approval.uuid(), &o.id.uuid(), &by.dong(), &relief, &reason_code]).await?;
    db.execute(LOWER, &[&o.id.uuid(), &relief, &reason_code]).await?;
    Ok(())
}

const SETTLED_BY: &str = "select a.obligation_id, p.id as payment_id, p.channel,
        coalesce(p.provider_txn_id, p.bank_ref) as provider_txn_id, i.reference
    from allocation a join payment p on p.id = a.payment_id left join intent i on i.id = p.intent_id
    where a.obligation_id = any($1) group by a.obligation_id, p.id, i.reference having sum(a.amount) > 0 order by p.id";

/// Which payment gave an obligation its money.
#[derive(Debug, Clone)]
pub struct SettledBy {
    pub obligation_id: ObligationId,
    pub payment_id: domain::PaymentId,
    pub channel: String,
    pub provider_txn_id: Option<String>,
    pub reference: Option<String>,
}

pub async fn settled_by(db: &Db, ids: &[Uuid]) -> Result<Vec<SettledBy>, StorageError> {
    let statement = db.prepare_cached(SETTLED_BY).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    Ok(rows
        .iter()
        .map(|row| SettledBy {
            obligation_id: row.get::<_, Uuid>("obligation_id").into(),
            payment_id: row.get::<_, Uuid>("payment_id").into(),
            channel: row.get("channel"),
            provider_txn_id: row.get("provider_txn_id"),
            reference: row.get("reference"),
        })
        .collect())
}
