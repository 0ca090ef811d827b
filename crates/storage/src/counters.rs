//! Counters: what officers took and undid there, and what drawers brought to the bank.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::codes::{AccountCode, CounterCode, ProfileCode};
use domain::counter::{Naming, Slip, Tender, is_a_word_of};
use domain::matching::Rule;
use domain::{ApprovalId, CaseId, DepositId, MovementId, ObligationId, PaymentId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    pub code: CounterCode,
    pub name: String,
    /// Where its cash is brought to.
    pub account: AccountCode,
    /// The contract of its card terminal.
    pub terminal: Option<ProfileCode>,
    /// For whom that collects.
    pub terminal_for: Vec<String>,
    /// For whom the counter collects.
    pub beneficiaries: Vec<String>,
    /// What the drawer holds.
    pub drawer: Vnd,
}

const COUNTERS: &str = "select c.*, array(select b.beneficiary_code from counter_beneficiary b
        where b.counter_code = c.code order by 1) as beneficiaries,
        array(select b.beneficiary_code from profile_beneficiary b where b.profile_code = c.profile order by 1) as terminal_for
    from counter c where $1::text is null or c.code = $1 order by c.code";

/// All, or the one of `code`.
pub async fn all(db: &Db, code: Option<&str>) -> Result<Vec<Counter>, StorageError> {
    let statement = db.prepare_cached(COUNTERS).await?;
    db.query(&statement, &[&code]).await?.iter().map(counter).collect()
}

const NAMES: &str = "select c.name from counter c
    where exists (select from counter_beneficiary b where b.counter_code = c.code and b.beneficiary_code = $1)
    order by c.name, c.code limit $2";

/// Of those that collect for a beneficiary, in the order of their names.
pub async fn names_for(db: &Db, beneficiary: &str, most: i64) -> Result<Vec<String>, StorageError> {
    let statement = db.prepare_cached(NAMES).await?;
    Ok(db.query(&statement, &[&beneficiary, &most]).await?.iter().map(|row| row.get("name")).collect())
}

const LOCK: &str = "select 1 from counter where code = $1 for no key update";

/// One at a time takes, voids or deposits at a counter.
pub async fn lock(db: &Db, code: &CounterCode) -> Result<Option<Counter>, StorageError> {
    db.query_opt(LOCK, &[&code.as_str()]).await?;
    Ok(all(db, Some(code.as_str())).await?.pop())
}

fn counter(row: &Row) -> Result<Counter, StorageError> {
    let terminal = row.get::<_, Option<String>>("profile").map(ProfileCode::new).transpose();
    Ok(Counter {
        code: CounterCode::new(row.get::<_, String>("code")).map_err(unreadable)?,
        name: row.get("name"),
        account: AccountCode::new(row.get::<_, String>("account_code")).map_err(unreadable)?,
        terminal: terminal.map_err(unreadable)?,
        terminal_for: row.get("terminal_for"),
        beneficiaries: row.get("beneficiaries"),
        drawer: Vnd::new(row.get("drawer")),
    })
}

const PUT: &str = "with c as (
        insert into counter (code, name, account_code, profile) values ($1, $2, $3, $4)
        on conflict (code) do update set name = $2, account_code = $3, profile = $4, updated_at = now() returning code)
    insert into account (code, kind) select 'drawer:' || code, 'drawer' from c on conflict do nothing";
const LINK: &str = "insert into counter_beneficiary (counter_code, beneficiary_code)
    select $1, code from unnest($2::text[]) as b(code) on conflict do nothing";
const UNLINK: &str = "delete from counter_beneficiary where counter_code = $1 and beneficiary_code <> all($2)";

/// Makes a counter with its drawer, or changes it. What it holds is the ledger's to say.
pub async fn put(db: &Db, c: &Counter) -> Result<(), StorageError> {
    let code = c.code.as_str();
    let terminal = c.terminal.as_ref().map(ProfileCode::as_str);
    db.execute(PUT, &[&code, &c.name, &c.account.as_str(), &terminal]).await?;
    db.execute(LINK, &[&code, &c.beneficiaries]).await?;
    db.execute(UNLINK, &[&code, &c.beneficiaries]).await?;
    Ok(())
}

/// What an officer took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub payment_id: PaymentId,
    pub counter: CounterCode,
    pub tender: Tender,
    pub receipt_ref: String,
    pub obligation_ids: Vec<ObligationId>,
    pub amount: Vnd,
    pub taken_by: String,
    pub taken_at: Timestamp,
    pub voided_at: Option<Timestamp>,
}

fn taken(row: &Row) -> Result<Taken, StorageError> {
    Ok(Taken {
        payment_id: row.get::<_, Uuid>("payment_id").into(),
        counter: CounterCode::new(row.get::<_, String>("counter_code")).map_err(unreadable)?,
        tender: word(row, "tender")?,
        receipt_ref: row.get("receipt_ref"),
        obligation_ids: row.get::<_, Vec<Uuid>>("obligation_ids").into_iter().map(Into::into).collect(),
        amount: Vnd::new(row.get("amount")),
        taken_by: row.get("taken_by"),
        taken_at: row.get("taken_at"),
        voided_at: row.get("voided_at"),
    })
}

const BY_RECEIPT: &str =
    "select c.*, v.voided_at from counter_payment c left join counter_void v on v.payment_id = c.payment_id
    where c.counter_code = $1 and c.receipt_ref = $2";

/// What was taken under a receipt of a counter.
pub async fn by_receipt(db: &Db, code: &CounterCode, receipt: &str) -> Result<Option<Taken>, StorageError> {
    let statement = db.prepare_cached(BY_RECEIPT).await?;
    db.query_opt(&statement, &[&code.as_str(), &receipt]).await?.as_ref().map(taken).transpose()
}

const BY_PAYMENT: &str =
    "select c.*, v.voided_at from counter_payment c left join counter_void v on v.payment_id = c.payment_id
    where c.payment_id = $1";

/// What was taken as this payment; None where no officer took it.
pub async fn by_payment(db: &Db, payment: PaymentId) -> Result<Option<Taken>, StorageError> {
    let statement = db.prepare_cached(BY_PAYMENT).await?;
    db.query_opt(&statement, &[&payment.uuid()]).await?.as_ref().map(taken).transpose()
}

const KEEP: &str =
    "insert into counter_payment (payment_id, counter_code, tender, receipt_ref, obligation_ids, amount, taken_by,
    taken_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// # Errors
/// Conflict `counter_receipt_once` where the receipt is used already.
pub async fn keep(db: &Db, t: &Taken) -> Result<(), StorageError> {
    let obligations: Vec<Uuid> = t.obligation_ids.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(KEEP).await?;
    db.execute(
        &statement,
        &[
            &t.payment_id.uuid(),
            &t.counter.as_str(),
            &t.tender.as_str(),
            &t.receipt_ref,
            &obligations,
            &t.amount.dong(),
            &t.taken_by,
            &t.taken_at,
        ],
    )
    .await?;
    Ok(())
}

const VOID: &str = "insert into counter_void (payment_id, approval_id, voided_at) values ($1, $2, $3)";

/// What was taken was undone.
pub async fn voided(db: &Db, payment: PaymentId, by: ApprovalId, at: Timestamp) -> Result<(), StorageError> {
    db.execute(VOID, &[&payment.uuid(), &by.uuid(), &at]).await?;
    Ok(())
}

const LOCK_TERMINAL: &str = "select 1 from merchant_profile m
    where m.code = (select p.profile from payment p where p.id = $1) for no key update";

/// No file of the terminal whose card this is comes in meanwhile.
pub async fn lock_terminal(db: &Db, payment: PaymentId) -> Result<(), StorageError> {
    db.query_opt(LOCK_TERMINAL, &[&payment.uuid()]).await?;
    Ok(())
}

// a row that came before the card was entered may not have found its payment yet
const IS_SETTLED: &str = "select exists (select from settlement_line where payment_id = $1 and disposition <> 'ignored')
    or exists (select from settlement_line l join payment p on p.profile = l.profile and p.provider_txn_id = l.provider_txn_id
               where p.id = $1 and l.kind = 'payment' and l.disposition in ('matched', 'case', 'unmatched'))";

/// Whether a terminal's file names this payment.
pub async fn is_settled(db: &Db, payment: PaymentId) -> Result<bool, StorageError> {
    Ok(db.query_one(IS_SETTLED, &[&payment.uuid()]).await?.get(0))
}

const PAID_FOR: &str = "select distinct o.beneficiary_code from obligation o where o.id = any($1) order by 1";

/// For whom these are collected.
pub async fn beneficiaries_of(db: &Db, obligations: &[ObligationId]) -> Result<Vec<String>, StorageError> {
    let ids: Vec<Uuid> = obligations.iter().map(|id| id.uuid()).collect();
    Ok(db.query(PAID_FOR, &[&ids]).await?.iter().map(|row| row.get(0)).collect())
}

/// Cash that was brought to the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deposit {
    pub id: DepositId,
    pub counter: CounterCode,
    pub account: AccountCode,
    pub amount: Vnd,
    pub slip_ref: String,
    pub declared_by: String,
    pub declared_at: Timestamp,
    /// The credit that claims it.
    pub movement: Option<MovementId>,
}

fn deposit(row: &Row) -> Result<Deposit, StorageError> {
    Ok(Deposit {
        id: row.get::<_, Uuid>("id").into(),
        counter: CounterCode::new(row.get::<_, String>("counter_code")).map_err(unreadable)?,
        account: AccountCode::new(row.get::<_, String>("account_code")).map_err(unreadable)?,
        amount: Vnd::new(row.get("amount")),
        slip_ref: row.get("slip_ref"),
        declared_by: row.get("declared_by"),
        declared_at: row.get("declared_at"),
        movement: row.get::<_, Option<Uuid>>("movement_id").map(Into::into),
    })
}

const BY_SLIP: &str = "select d.*, k.movement_id from deposit d left join movement_match k on k.deposit_id = d.id
    where d.account_code = $1 and d.slip_plain = $2";

/// The deposit of a slip on an account.
pub async fn by_slip(db: &Db, account: &AccountCode, slip: &Slip) -> Result<Option<Deposit>, StorageError> {
    db.query_opt(BY_SLIP, &[&account.as_str(), &slip.as_str()]).await?.as_ref().map(deposit).transpose()
}

const DECLARE: &str = "with d as (
        insert into deposit (id, counter_code, account_code, amount, slip_ref, slip_plain, declared_by, declared_at, business_date)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id, account_code)
    insert into fresh_deposit (deposit_id, account_code) select id, account_code from d";

/// # Errors
/// Conflict `deposit_slip_once` where the slip is another deposit's.
pub async fn declare(db: &Db, d: &Deposit, slip: &Slip, day: Date) -> Result<(), StorageError> {
    db.execute(
        DECLARE,
        &[
            &d.id.uuid(),
            &d.counter.as_str(),
            &d.account.as_str(),
            &d.amount.dong(),
            &d.slip_ref,
            &slip.as_str(),
            &d.declared_by,
            &d.declared_at,
            &day,
        ],
    )
    .await?;
    Ok(())
}

const LAST_DEPOSITS: &str = "select d.*, k.movement_id from deposit d left join movement_match k on k.deposit_id = d.id
    where d.counter_code = $1 order by d.id desc limit $2";

/// Newest first.
pub async fn last_deposits(db: &Db, code: &CounterCode, limit: i64) -> Result<Vec<Deposit>, StorageError> {
    db.query(LAST_DEPOSITS, &[&code.as_str(), &limit]).await?.iter().map(deposit).collect()
}

/// What came and went at a counter on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayAtCounter {
    pub cash: Vnd,
    pub card: Vnd,
    pub voided_cash: Vnd,
    pub voided_card: Vnd,
    pub deposited: Vnd,
}

// a void is of the day of what it undoes
const DAY: &str = "select coalesce(sum(c.amount) filter (where c.tender = 'cash'), 0)::bigint as cash,
        coalesce(sum(c.amount) filter (where c.tender = 'card'), 0)::bigint as card,
        coalesce(sum(c.amount) filter (where c.tender = 'cash' and v.payment_id is not null), 0)::bigint as voided_cash,
        coalesce(sum(c.amount) filter (where c.tender = 'card' and v.payment_id is not null), 0)::bigint as voided_card,
        (select coalesce(sum(d.amount), 0)::bigint from deposit d where d.counter_code = $1 and d.business_date = $2) as deposited
    from counter_payment c left join counter_void v on v.payment_id = c.payment_id
    where c.counter_code = $1 and c.taken_at >= $2::date::timestamp at time zone 'Asia/Ho_Chi_Minh'
      and c.taken_at < ($2::date + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh'";

pub async fn day(db: &Db, code: &CounterCode, day: Date) -> Result<DayAtCounter, StorageError> {
    let row = db.query_one(DAY, &[&code.as_str(), &day]).await?;
    let sum = |column: &str| Vnd::new(row.get(column));
    Ok(DayAtCounter {
        cash: sum("cash"),
        card: sum("card"),
        voided_cash: sum("voided_cash"),
        voided_card: sum("voided_card"),
        deposited: sum("deposited"),
    })
}

const IS_OPEN: &str = "select exists (select from deposit d where d.account_code = $1
        and not exists (select from movement_match k where k.deposit_id = d.id)) as waits,
    exists (select from deposit f where f.account_code = $1 and f.sought_at is null) as fresh";

/// Whether any deposit on the account waits for its credit, and whether one was declared since it was looked at.
pub async fn waiting(db: &Db, account: &AccountCode) -> Result<(bool, bool), StorageError> {
    let statement = db.prepare_cached(IS_OPEN).await?;
    let row = db.query_one(&statement, &[&account.as_str()]).await?;
    Ok((row.get("waits"), row.get("fresh")))
}

// what was booked with another amount is no deposit's any more (`domain::counter`), and the index has the amount
const LOOK: &str = "with fresh as (
        update deposit set sought_at = now() where id in (
            select id from deposit where account_code = $1 and sought_at is null order by id limit 200)
        returning id as deposit_id),
    seen as (delete from fresh_deposit f using fresh s where f.deposit_id = s.deposit_id),
    open as materialized (
        select d.id, d.amount, d.slip_plain, d.business_date from fresh f join deposit d on d.id = f.deposit_id
        where not exists (select from movement_match k where k.deposit_id = d.id)),
    credit as (
        select o.id as deposit, m.id, o.slip_plain from open o join movement m
            on m.account_code = $1 and m.amount = o.amount and m.booking_date >= o.business_date - 7 and m.fate is not null
        union all
        select o.id, m.id, o.slip_plain from open o join movement m
            on m.account_code = $1 and m.fate is null and m.direction = 'in' and m.booking_date >= o.business_date - 7)
    insert into deposit_credit (deposit_id, movement_id, account_code)
    select c.deposit, c.id, $1 from credit c
    where exists (select from statement_line l where l.movement_id = c.id
                  and position(c.slip_plain in plain_text(l.text)) > 0)
    on conflict do nothing";

/// Looks among what is on the account for the credits of deposits that were declared since the last look, two hundred at a
/// time.
pub async fn look_for_fresh(db: &Db, account: &AccountCode) -> Result<(), StorageError> {
    let statement = db.prepare_cached(LOOK).await?;
    db.execute(&statement, &[&account.as_str()]).await?;
    Ok(())
}

// the texts are made plain once, and not at all where no deposit waits
const LOOK_IN_STATEMENT: &str = "with open as materialized (
        select d.id, d.amount, d.slip_plain, d.declared_at > now() - interval '60 days' as is_recent
        from deposit d where d.account_code = $1
          and not exists (select from movement_match k where k.deposit_id = d.id)),
    line as materialized (
        select l.movement_id, m.amount, plain_text(l.text) as said from statement_line l
        join movement m on m.id = l.movement_id
        where l.statement_id = $2 and l.amount > 0 and exists (select from open)),
    named as (
        select o.id, l.movement_id from line l join open o on o.amount = l.amount
        where position(o.slip_plain in l.said) > 0
        union
        select o.id, l.movement_id from line l join open o on o.is_recent and o.amount <> l.amount
        where position(o.slip_plain in l.said) > 0)
    insert into deposit_credit (deposit_id, movement_id, account_code)
    select n.id, n.movement_id, $1 from named n on conflict do nothing";

/// Notes which lines of a statement have the slip of a deposit that waits; one of another amount than it has is looked for
/// for sixty days. To be asked while nobody else matches the account.
pub async fn look_in_statement(db: &Db, account: &AccountCode, statement: StatementId) -> Result<(), StorageError> {
    let prepared = db.prepare_cached(LOOK_IN_STATEMENT).await?;
    db.execute(&prepared, &[&account.as_str(), &statement.uuid()]).await?;
    Ok(())
}

// a credit that names a reference of ours is a payer's, whatever else it says; one that was booked is looked at while all of
// its money waits for somebody to say what it is
const NAMING: &str =
    "select d.id as deposit, d.amount as deposited, m.id as movement, m.amount as credited, k.payment_id, d.slip_ref,
           array(select left(l.text, 4096) from statement_line l where l.movement_id = m.id) as texts
    from deposit_credit c
    join deposit d on d.id = c.deposit_id
    join movement m on m.id = c.movement_id
    left join movement_match k on k.movement_id = m.id
    left join payment p on p.id = k.payment_id
    where c.account_code = $1 and not exists (select from movement_match x where x.deposit_id = d.id)
      and m.direction = 'in' and not m.reversal and m.payout_of is null and m.codes = '{}'
      and m.booking_date >= d.business_date - 7
      and (m.fate is null
           or p.intent_id is null and p.reversed = 0 and m.amount = d.amount
              and p.amount = (select sum(a.amount) from allocation a
                              where a.payment_id = p.id and a.suspense_reason = 'unidentified')
              and not exists (select from refund r where r.payment_id = p.id
                              and r.status not in ('rejected', 'cancelled', 'failed')))
    order by d.id, m.id";

/// Credits whose text has the slip of a deposit that no credit has claimed.
pub async fn naming(db: &Db, account: &AccountCode) -> Result<Vec<Naming>, StorageError> {
    let statement = db.prepare_cached(NAMING).await?;
    let rows = db.query(&statement, &[&account.as_str()]).await?;
    Ok(rows
        .iter()
        .map(|row| Naming {
            deposit: row.get::<_, Uuid>("deposit").into(),
            deposited: Vnd::new(row.get("deposited")),
            movement: row.get::<_, Uuid>("movement").into(),
            credited: Vnd::new(row.get("credited")),
            payment: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
            is_word: row.get::<_, Vec<&str>>("texts").iter().any(|text| is_a_word_of(row.get("slip_ref"), text)),
        })
        .collect())
}

const DECIDED: &str = "delete from deposit_credit c where c.account_code = $1
    and (exists (select from movement_match k where k.deposit_id = c.deposit_id)
         or exists (select from movement_match k where k.movement_id = c.movement_id and k.payment_id is null))";

/// Forgets what was noted of deposits that have their credit, and of credits that are another's for good. A credit that is a
/// payment may yet be a deposit's.
pub async fn forget_decided(db: &Db, account: &AccountCode) -> Result<(), StorageError> {
    let statement = db.prepare_cached(DECIDED).await?;
    db.execute(&statement, &[&account.as_str()]).await?;
    Ok(())
}

const MOVE_CLAIM: &str =
    "update movement_match set payment_id = null, deposit_id = $3, contra_account = 'deposit', rule = $4,
    fields = $5 where movement_id = $1 and payment_id = $2";

/// The deposit claims the credit in place of the payment that it was booked as. False where that has it no more.
pub async fn move_claim(
    db: &Db,
    movement: MovementId,
    payment: PaymentId,
    to: DepositId,
    rule: Rule,
) -> Result<bool, StorageError> {
    let fields = rule.fields();
    let touched =
        db.execute(MOVE_CLAIM, &[&movement.uuid(), &payment.uuid(), &to.uuid(), &rule.as_str(), &fields]).await?;
    Ok(touched == 1)
}

const MOVEMENT_DAY: &str = "select business_date from movement where id = $1";

/// The day of a movement.
pub async fn day_of(db: &Db, movement: MovementId) -> Result<Date, StorageError> {
    Ok(db.query_one(MOVEMENT_DAY, &[&movement.uuid()]).await?.get(0))
}

// what was credited is the amount of what has its line
const TOLD: &str = "select d.slip_ref, coalesce(k.amount, d.amount) = $2 as exact, k.deposit_id is null as waits
    from deposit d left join movement_match k on k.deposit_id = d.id
    where d.account_code = $1 and d.declared_at > now() - interval '60 days' and position(d.slip_plain in plain_text($3)) > 0";

/// Whether a text about a credit of this amount tells of a deposit: it has the slip of one of the amount, or, as a word of its
/// own, that of one whose credit has not come.
pub async fn is_told_of(db: &Db, account: &AccountCode, amount: Vnd, text: &str) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(TOLD).await?;
    let rows = db.query(&statement, &[&account.as_str(), &amount.dong(), &text]).await?;
    let tells = |row: &tokio_postgres::Row| {
        row.get("exact") || row.get::<_, bool>("waits") && is_a_word_of(row.get("slip_ref"), text)
    };
    Ok(rows.iter().any(tells))
}

const OVERDUE_DAYS: &str = "select distinct d.business_date from deposit d
    where d.account_code = $1 and not exists (select from movement_match k where k.deposit_id = d.id)
      and not exists (select from kase k where k.kind = 'missing_at_provider' and k.subject = assurance.text_id('dep', d.id)
                      and k.status <> 'closed')";

/// Days of deposits that no statement has shown and no case tells of.
pub async fn overdue_days(db: &Db, account: &AccountCode) -> Result<Vec<Date>, StorageError> {
    let statement = db.prepare_cached(OVERDUE_DAYS).await?;
    Ok(db.query(&statement, &[&account.as_str()]).await?.iter().map(|row| row.get(0)).collect())
}

const OVERDUE: &str = "select d.id, d.amount, d.business_date from deposit d
    where d.account_code = $1 and d.business_date = any($2)
      and not exists (select from movement_match k where k.deposit_id = d.id)
      and not exists (select from kase k where k.kind = 'missing_at_provider' and k.subject = assurance.text_id('dep', d.id)
                      and k.status <> 'closed')
    order by d.id limit 500";

/// Deposits of these days that no statement has shown and no case tells of, oldest first.
pub async fn overdue(
    db: &Db,
    account: &AccountCode,
    days: &[Date],
) -> Result<Vec<(DepositId, Vnd, Date)>, StorageError> {
    let statement = db.prepare_cached(OVERDUE).await?;
    let rows = db.query(&statement, &[&account.as_str(), &days]).await?;
    Ok(rows.iter().map(|r| (r.get::<_, Uuid>(0).into(), Vnd::new(r.get(1)), r.get(2))).collect())
}

const SHOWN_AFTER_ALL: &str = "select k.id from kase k join deposit d on assurance.text_id('dep', d.id) = k.subject
    join movement_match m on m.deposit_id = d.id
    where d.account_code = $1 and k.kind = 'missing_at_provider' and k.scope = 'bank:' || $1 and k.status <> 'closed'";

/// Open cases of deposits whose credit came after all.
pub async fn shown_after_all(db: &Db, account: &AccountCode) -> Result<Vec<CaseId>, StorageError> {
    let statement = db.prepare_cached(SHOWN_AFTER_ALL).await?;
    let rows = db.query(&statement, &[&account.as_str()]).await?;
    Ok(rows.iter().map(|r| r.get::<_, Uuid>(0).into()).collect())
}
