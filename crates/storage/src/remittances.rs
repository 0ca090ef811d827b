//! Remittances to the treasury: what was instructed, under which codes, and which lines of the books it rests on. What is said
//! of one is written once; its state changes by a unit of work alone.

pub mod rules;

use crate::error::StorageError;
use crate::ids::mint;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::codes::{AccountCode, BeneficiaryCode};
use domain::remittance::{Period, RemittanceStatus, Share};
use domain::{CaseId, MovementId, RemittanceId, RemittanceRuleId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// Where it goes, and from which account of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    pub account: AccountCode,
    /// Mã đơn vị quan hệ ngân sách.
    pub unit: String,
    /// The office of the treasury.
    pub treasury: String,
    pub bank_bin: String,
    pub account_number: String,
    pub account_name: String,
}

fn way(row: &Row) -> Result<Way, StorageError> {
    Ok(Way {
        account: AccountCode::new(row.get::<_, &str>("account_code")).map_err(unreadable)?,
        unit: row.get("unit"),
        treasury: row.get("treasury"),
        bank_bin: row.get("treasury_bank_bin"),
        account_number: row.get("treasury_account"),
        account_name: row.get("treasury_account_name"),
    })
}

/// A remittance as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: RemittanceId,
    pub beneficiary: BeneficiaryCode,
    pub period: Period,
    pub begins_on: Date,
    pub ends_on: Date,
    pub due_on: Date,
    pub way: Way,
    pub amount: Vnd,
    pub reference: String,
    pub note: String,
    pub status: RemittanceStatus,
    pub version: i32,
    pub prepared_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The line of the statement that shows its debit.
    pub movement_id: Option<MovementId>,
}

fn from_row(row: &Row) -> Result<Stored, StorageError> {
    Ok(Stored {
        id: row.get::<_, Uuid>("id").into(),
        beneficiary: BeneficiaryCode::new(row.get::<_, &str>("beneficiary_code")).map_err(unreadable)?,
        period: word(row, "period")?,
        begins_on: row.get("begins_on"),
        ends_on: row.get("ends_on"),
        due_on: row.get("due_on"),
        way: way(row)?,
        amount: Vnd::new(row.get("amount")),
        reference: row.get("reference"),
        note: row.get("note"),
        status: word(row, "status")?,
        version: row.get("version"),
        prepared_by: row.get("prepared_by"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        movement_id: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
    })
}

fn all(rows: &[Row]) -> Result<Vec<Stored>, StorageError> {
    rows.iter().map(from_row).collect()
}

/// What it says of one rule, with the codes of that rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub remittance: RemittanceId,
    pub rule: RemittanceRuleId,
    pub fee_code: String,
    /// The fee's name in the catalogue; its code where it is not listed.
    pub fee_name: String,
    pub chapter: String,
    pub sub_item: String,
    pub area: String,
    pub share: Share,
}

const HOLD: &str = "select pg_advisory_xact_lock(hashtextextended('remittance:' || $1, 0))";

/// Nobody else prepares a remittance of the beneficiary, or sets a rule of its fees, until the transaction ends.
pub async fn hold(db: &Db, beneficiary: &BeneficiaryCode) -> Result<(), StorageError> {
    db.execute(HOLD, &[&beneficiary.as_str()]).await?;
    Ok(())
}

const LAST_END: &str = "select max(ends_on) from remittance
    where beneficiary_code = $1 and period = $2 and status <> 'cancelled'";

/// The last day that remittances of the beneficiary reach.
pub async fn last_end(db: &Db, beneficiary: &BeneficiaryCode, period: Period) -> Result<Option<Date>, StorageError> {
    Ok(db.query_one(LAST_END, &[&beneficiary.as_str(), &period.as_str()]).await?.get(0))
}

const SCOPES: &str = "select distinct scope from scope_beneficiary where beneficiary_code = $1 order by 1";

/// On whose days its money is booked.
pub async fn scopes(db: &Db, beneficiary: &BeneficiaryCode) -> Result<Vec<String>, StorageError> {
    Ok(db.query(SCOPES, &[&beneficiary.as_str()]).await?.iter().map(|row| row.get(0)).collect())
}

const BEING_MATCHED: &str = "select exists (select from movement m
    join scope_beneficiary s on s.scope = 'bank:' || m.account_code and s.beneficiary_code = $1
    where m.fate is null and m.business_date <= $2)
    or exists (select from remittance r join kase k on position(assurance.text_id('rmt', r.id) in k.subject) > 0
               where r.beneficiary_code = $1 and k.status <> 'closed' and k.movement_id is not null)";

/// Whether a line up to that day, on an account of the beneficiary, has not found yet what it is, or a debit with the code of one
/// of its remittances waits for people: what has left under that code may be what would be instructed again.
pub async fn is_being_matched(db: &Db, beneficiary: &BeneficiaryCode, until: Date) -> Result<bool, StorageError> {
    Ok(db.query_one(BEING_MATCHED, &[&beneficiary.as_str(), &until]).await?.get(0))
}

const SHOWN: &str = "select exists (select from statement where account_code = $1 and state = 'imported'
        and closing_date >= $2 and (imported_at at time zone 'Asia/Ho_Chi_Minh')::date > $2)
    and not exists (select from kase where scope = 'bank:' || $1 and kind = 'statement_gap' and status <> 'closed'
        and business_date <= $2)";

/// Whether statements show the account up to the end of that day, without a gap.
pub async fn is_shown(db: &Db, account: &AccountCode, until: Date) -> Result<bool, StorageError> {
    Ok(db.query_one(SHOWN, &[&account.as_str(), &until]).await?.get(0))
}

/// Lines that no remittance rests on, of beneficiary $1 up to day $2, each with its rule: that under which an earlier line of
/// the same payment and obligation was remitted, else the one that held when it was paid. Counted from the day on which the
/// money stood on a bank account; what has gone back since is not remitted, whatever its day.
macro_rules! fresh {
    ($select:literal) => {
        concat!(
            "with fresh as (
                select a.id, a.amount, coalesce(taken.rule_id, held.id) as rule_id
                from obligation o
                join allocation a on a.obligation_id = o.id
                join payment p on p.id = a.payment_id
                join journal j on j.id = a.journal_id
                left join lateral (
                    select l.rule_id from allocation x join remittance_line l on l.allocation_id = x.id and l.live
                    where x.payment_id = a.payment_id and x.obligation_id = a.obligation_id order by x.id limit 1) taken on true
                left join lateral (
                    select u.id from remittance_rule u
                    where u.beneficiary_code = $1 and u.fee_code = o.fee_code and u.valid_from <= p.business_date
                    order by u.valid_from desc limit 1) held on true
                where o.beneficiary_code = $1
                  and o.fee_code in (select fee_code from remittance_rule where beneficiary_code = $1)
                  and not exists (select from remittance_line l where l.allocation_id = a.id and l.live)
                  and coalesce(taken.rule_id, held.id) is not null
                  and reached_bank(p.id) <= $2 and (j.business_date <= $2 or a.amount < 0))
            ",
            $select
        )
    };
}

/// What a rule stands at. `before` and `instructed`: by remittances that are not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub rule: RemittanceRuleId,
    pub before: Vnd,
    pub fresh: Vnd,
    pub instructed: Vnd,
}

const SUMS: &str = fresh!(
    "select u.id, coalesce(f.amount, 0)::bigint as fresh, coalesce(i.collected, 0)::bigint as before,
        coalesce(i.amount, 0)::bigint as instructed
    from remittance_rule u
    left join (select rule_id, sum(amount) as amount from fresh group by rule_id) f on f.rule_id = u.id
    left join (select x.rule_id, sum(x.collected) as collected, sum(x.amount) as amount
               from remittance_item x join remittance r on r.id = x.remittance_id and r.status <> 'cancelled'
               group by x.rule_id) i on i.rule_id = u.id
    where u.beneficiary_code = $1"
);

/// What each rule of the beneficiary's fees stands at, up to that day.
pub async fn sums(db: &Db, beneficiary: &BeneficiaryCode, until: Date) -> Result<Vec<Sums>, StorageError> {
    let rows = db.query(SUMS, &[&beneficiary.as_str(), &until]).await?;
    let sums = |row: &Row| Sums {
        rule: row.get::<_, Uuid>("id").into(),
        before: Vnd::new(row.get("before")),
        fresh: Vnd::new(row.get("fresh")),
        instructed: Vnd::new(row.get("instructed")),
    };
    Ok(rows.iter().map(sums).collect())
}

const INSERT: &str = "insert into remittance (id, beneficiary_code, period, begins_on, ends_on, due_on, account_code, unit,
        treasury, treasury_bank_bin, treasury_account, treasury_account_name, amount, reference, note, status, prepared_by,
        created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'prepared', $16, $17, $17)";

/// # Errors
/// Conflict `remittance_periods_apart` where another one of the same way has a day of its period.
pub async fn insert(db: &Db, r: &Stored) -> Result<(), StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 17] = [
        &r.id.uuid(),
        &r.beneficiary.as_str(),
        &r.period.as_str(),
        &r.begins_on,
        &r.ends_on,
        &r.due_on,
        &r.way.account.as_str(),
        &r.way.unit,
        &r.way.treasury,
        &r.way.bank_bin,
        &r.way.account_number,
        &r.way.account_name,
        &r.amount.dong(),
        &r.reference,
        &r.note,
        &r.prepared_by,
        &r.created_at,
    ];
    db.execute(INSERT, &params).await?;
    Ok(())
}

const ITEM: &str = "insert into remittance_item (remittance_id, rule_id, collected, retained, carried, amount)
    values ($1, $2, $3, $4, $5, $6)";
const TAKE: &str = fresh!(
    ", taken as (
        insert into remittance_line (remittance_id, rule_id, allocation_id, amount)
        select $3, rule_id, id, amount from fresh where rule_id = $4
        returning amount)
    select coalesce(sum(amount), 0)::bigint from taken"
);

/// Writes an item and takes its lines.
///
/// # Errors
/// `Retry` where the lines have become others than those that it was computed from.
pub async fn take(
    db: &Db,
    id: RemittanceId,
    rule: RemittanceRuleId,
    share: &Share,
    (beneficiary, until): (&BeneficiaryCode, Date),
) -> Result<(), StorageError> {
    let sums = [share.collected, share.retained, share.carried, share.amount].map(Vnd::dong);
    let [collected, retained, carried, amount] = &sums;
    db.execute(ITEM, &[&id.uuid(), &rule.uuid(), collected, retained, carried, amount]).await?;
    let row = db.query_one(TAKE, &[&beneficiary.as_str(), &until, &id.uuid(), &rule.uuid()]).await?;
    if row.get::<_, i64>(0) == *collected { Ok(()) } else { Err(StorageError::Retry(None)) }
}

const LOCK: &str = "select r.*, k.movement_id from remittance r left join movement_match k on k.remittance_id = r.id
    where r.id = $1 for no key update of r";

pub async fn lock(db: &Db, id: RemittanceId) -> Result<Option<Stored>, StorageError> {
    db.query_opt(LOCK, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

const HAS_LEFT: &str = "select exists (select from kase k
    where k.status <> 'closed' and k.movement_id is not null and position($1 in k.subject) > 0)";

/// Whether a debit with its code waits for people.
pub async fn may_have_left(db: &Db, id: RemittanceId) -> Result<bool, StorageError> {
    Ok(db.query_one(HAS_LEFT, &[&id.to_string()]).await?.get(0))
}

const GIVEN_BACK: &str = "select exists (
    select from remittance_line l join allocation a on a.id = l.allocation_id
    join allocation b on b.payment_id = a.payment_id and b.obligation_id = a.obligation_id and b.amount < 0
    where l.remittance_id = $1
      and not exists (select from remittance_line x where x.allocation_id = b.id and x.live))";

/// Whether money that it rests on has been given back, or is being given back, since it was prepared.
pub async fn is_given_back(db: &Db, id: RemittanceId) -> Result<bool, StorageError> {
    Ok(db.query_one(GIVEN_BACK, &[&id.uuid()]).await?.get(0))
}

/// Which of them are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub id: Option<RemittanceId>,
    pub beneficiary: Option<String>,
    pub status: Option<RemittanceStatus>,
    /// Whose money is seen; None: all.
    pub beneficiaries: Option<Vec<String>>,
}

const PAGE: &str = "select r.*, k.movement_id from remittance r left join movement_match k on k.remittance_id = r.id
    where ($1::uuid is null or r.id = $1) and ($2::text is null or r.beneficiary_code = $2)
      and ($3::text is null or r.status = $3) and ($4::text[] is null or r.beneficiary_code = any($4))
      and ($5::uuid is null or r.id < $5)
    order by r.id desc limit $6";

/// Newest first.
pub async fn page(db: &Db, f: &Filter, after: Option<RemittanceId>, limit: i64) -> Result<Vec<Stored>, StorageError> {
    let (id, after) = (f.id.map(RemittanceId::uuid), after.map(RemittanceId::uuid));
    let status = f.status.map(RemittanceStatus::as_str);
    all(&db.query(PAGE, &[&id, &f.beneficiary, &status, &f.beneficiaries, &after, &limit]).await?)
}

const ITEMS: &str = "select i.*, u.fee_code, u.chapter, u.sub_item, u.area,
        coalesce((select f.name from fee_catalogue f where f.fee_code = u.fee_code
                  order by f.valid_from desc nulls last, f.id desc limit 1), u.fee_code) as fee_name
    from remittance_item i join remittance_rule u on u.id = i.rule_id
    where i.remittance_id = any($1) order by i.remittance_id desc, u.fee_code, u.valid_from";

/// The items of these remittances, by remittance, fee and age of the rule.
pub async fn items(db: &Db, of: &[RemittanceId]) -> Result<Vec<Item>, StorageError> {
    let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
    let item = |row: &Row| Item {
        remittance: row.get::<_, Uuid>("remittance_id").into(),
        rule: row.get::<_, Uuid>("rule_id").into(),
        fee_code: row.get("fee_code"),
        fee_name: row.get("fee_name"),
        chapter: row.get("chapter"),
        sub_item: row.get("sub_item"),
        area: row.get("area"),
        share: Share {
            collected: Vnd::new(row.get("collected")),
            retained: Vnd::new(row.get("retained")),
            carried: Vnd::new(row.get("carried")),
            amount: Vnd::new(row.get("amount")),
        },
    };
    Ok(db.query(ITEMS, &[&ids]).await?.iter().map(item).collect())
}

const UNFINISHED: &str = "select r.*, null::uuid as movement_id from remittance r
    where r.status in ('prepared', 'instructed') and r.due_on <= $1 and ($2::text[] is null or r.beneficiary_code = any($2))
    order by r.due_on, r.id limit $3";

/// Those that have not left yet and are due on that day at the latest, the most pressing first.
pub async fn unfinished(
    db: &Db,
    due_by: Date,
    beneficiaries: Option<&[String]>,
    limit: i64,
) -> Result<Vec<Stored>, StorageError> {
    all(&db.query(UNFINISHED, &[&due_by, &beneficiaries, &limit]).await?)
}

const LAST_ENDS: &str = "select beneficiary_code, period, max(ends_on) as ends_on from remittance
    where status <> 'cancelled' group by 1, 2";

/// The last day that remittances of each beneficiary and kind of period reach.
pub async fn last_ends(db: &Db) -> Result<Vec<(String, Period, Date)>, StorageError> {
    let rows = db.query(LAST_ENDS, &[]).await?;
    rows.iter().map(|row| Ok((row.get("beneficiary_code"), word(row, "period")?, row.get("ends_on")))).collect()
}

// what is booked on a day of the period is booked when it has begun: ids of journals are of their time
const COLLECTED: &str = "select exists (
    select from ledger_entry e join journal j on j.id = e.journal_id
    join allocation a on a.journal_id = j.id join obligation o on o.id = a.obligation_id
    where e.account_code = 'obligation:' || $1 and e.journal_id >= $2 and j.business_date between $3 and $4
      and o.beneficiary_code = $1 and o.fee_code = any($5))";

/// Whether money of these fees was booked on a day of the period, which began at `since`.
pub async fn is_collected(
    db: &Db,
    beneficiary: &BeneficiaryCode,
    since: Timestamp,
    (begins_on, ends_on): (Date, Date),
    fees: &[String],
) -> Result<bool, StorageError> {
    let first: Uuid = mint(since);
    let row = db.query_one(COLLECTED, &[&beneficiary.as_str(), &first, &begins_on, &ends_on, &fees]).await?;
    Ok(row.get(0))
}

// ---------------------------------------------------------------- its debit

/// The line of a statement that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebitLine {
    pub statement: StatementId,
    pub number: i32,
    pub day: Date,
    pub bank_ref: Option<String>,
    pub amount: Vnd,
}

const DEBIT: &str = "select statement_id, line_no, booking_date, bank_ref, amount from movement where id = $1";

pub async fn debit(db: &Db, movement: MovementId) -> Result<Option<DebitLine>, StorageError> {
    let line = |row: Row| DebitLine {
        statement: row.get::<_, Uuid>("statement_id").into(),
        number: row.get("line_no"),
        day: row.get("booking_date"),
        bank_ref: row.get("bank_ref"),
        amount: Vnd::new(row.get("amount")),
    };
    Ok(db.query_opt(DEBIT, &[&movement.uuid()]).await?.map(line))
}

const TOLD_BY: &str = "select id, amount from kase where status <> 'closed' and movement_id is not null
    and assurance.text_id('rmt', $1) = any(string_to_array(subject, ' ')) order by id";

/// Open cases of debits that have its code and do not pay it.
pub async fn told_by(db: &Db, id: RemittanceId) -> Result<Vec<(CaseId, Vnd)>, StorageError> {
    let rows = db.query(TOLD_BY, &[&id.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>("id").into(), Vnd::new(row.get("amount")))).collect())
}

const PAID_BY: &str = "select m.id, r.id from movement m
    cross join lateral unnest(m.codes) as c(code) join remittance r on r.reference = c.code
    where m.account_code = $1 and m.fate is null and m.direction = 'out' and m.id > $2
      and r.status = 'instructed' and r.account_code = m.account_code and r.amount = -m.amount
      -- a text with two codes of ours names nothing
      and (select count(*) from remittance x where x.reference = any(m.codes))
        + (select count(*) from refund x where x.reference = any(m.codes)) = 1
    order by m.id limit $3";

/// Open debits of an account after `after` that pay a remittance.
pub async fn paid_by(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<(MovementId, RemittanceId)>, StorageError> {
    let rows = db.query(PAID_BY, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get::<_, Uuid>(1).into())).collect())
}

const BY_CODES: &str =
    "select r.*, k.movement_id from remittance r left join movement_match k on k.remittance_id = r.id
    where r.reference = any($1) order by r.id for no key update of r";

/// Those with these codes, locked.
pub async fn lock_by_codes(db: &Db, codes: &[String]) -> Result<Vec<Stored>, StorageError> {
    all(&db.query(BY_CODES, &[&codes]).await?)
}
