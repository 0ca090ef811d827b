//! A corrected file in the place of one that is in force. Lines that stand in both, to the letter, stay the movements that they are,
//! with all that rests on them. What only the first had is withdrawn: a counter-movement takes the same sum back on the same day,
//! and from then on no line of any file is either of the two.
//!
//! A movement that another file in force has stays; so does none of a batch of which one line has changed.

use super::identify::FileFacts;
use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{CaseId, MovementId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// A statement that another may take the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub account: AccountCode,
    pub format: String,
    pub first_date: Date,
    pub closing_date: Date,
    pub is_superseded: bool,
}

const IN_FORCE: &str = "select account_code, format, first_date, closing_date, state = 'superseded' as is_superseded
    from statement where id = $1";

pub async fn in_force(db: &Db, id: StatementId) -> Result<Option<InForce>, StorageError> {
    let Some(row) = db.query_opt(IN_FORCE, &[&id.uuid()]).await? else { return Ok(None) };
    let account: String = row.get("account_code");
    Ok(Some(InForce {
        account: AccountCode::new(account).map_err(|e| StorageError::Unreadable(e.to_string()))?,
        format: row.get("format"),
        first_date: row.get("first_date"),
        closing_date: row.get("closing_date"),
        is_superseded: row.get("is_superseded"),
    }))
}

const LAY_DOWN: &str = "update statement set state = 'superseded' where id = $1 and state = 'imported'";
const STANDS_AGAIN: &str = "delete from overtaken_piece o using statement f, statement s
    where f.id = $1 and s.id = o.statement_id and s.id <> f.id and s.account_code = f.account_code
      and o.day between f.first_date and f.closing_date";
// a day may have a hundred files: each question reads the lines of all
const OVERTAKE: &str = "select overtake_each(array(
    select s.id from statement f join statement s on s.account_code = f.account_code and s.state = 'imported'
        and s.first_date <= f.closing_date and s.closing_date >= f.first_date
    where f.id = $1))";

/// The statement is in force no more, and what it overtook stands again. False where it was superseded before.
pub async fn lay_down(db: &Db, id: StatementId) -> Result<bool, StorageError> {
    let done = db.execute(LAY_DOWN, &[&id.uuid()]).await? == 1;
    db.execute(STANDS_AGAIN, &[&id.uuid()]).await?;
    db.execute(OVERTAKE, &[&id.uuid()]).await?;
    Ok(done)
}

const SET_APART: &str = "insert into apart_movement (movement_id, wholly)
    select unnest(array[w.movement_id, w.counter_id]), true from withdrawn_movement w
    join movement m on m.id = w.movement_id where m.account_code = $1
    on conflict (movement_id) do update set wholly = true";

/// What was withdrawn is no line's movement any more.
pub(super) async fn set_apart(db: &Db, account: &AccountCode) -> Result<(), StorageError> {
    db.execute(SET_APART, &[&account.as_str()]).await?;
    Ok(())
}

const TABLES: &str = "
    create temp table paired_line (line_no int primary key, old_line_no int not null unique) on commit drop;
    create temp table withdrawn (movement_id uuid primary key) on commit drop;";

// the n-th of those that are alike to the letter is the n-th
const PAIRS: &str = "insert into paired_line (line_no, old_line_no)
    with ours as (
        select line_no, {key} as key, row_number() over (partition by {key} order by line_no) as n
        from staged_line l where line_no not in (select line_no from paired_line)),
    theirs as (
        select l.line_no, {key} as key, row_number() over (partition by {key} order by l.line_no) as n
        from statement_line l join movement m on m.id = l.movement_id
        where l.statement_id = $1 and l.line_no not in (select old_line_no from paired_line){erased})
    select o.line_no, t.line_no from ours o join theirs t on t.key = o.key and t.n = o.n";
const WHOLE_KEY: &str =
    "jsonb_build_array(l.amount, l.booking_date, l.value_date, l.bank_ref, l.owner_ref, l.code, l.reversal,
    l.entry_ref, l.counterparty_name, l.counterparty_account, l.text)::text";
// whose payer was erased says no more than our own codes: the rest of it speaks for it
const ERASED_KEY: [&str; 2] = [
    "jsonb_build_array(l.amount, l.booking_date, l.value_date, l.bank_ref, l.owner_ref, l.code, l.reversal, l.entry_ref,
        {codes})::text",
    " and l.counterparty_name is null and l.counterparty_account is null and l.text = array_to_string(m.codes, ' ')",
];

const WITHDRAWN: &str = "insert into withdrawn (movement_id)
    with held as (
        select line_no, movement_id from statement_line where statement_id = $1
        union select line_no, movement_id from statement_line_part where statement_id = $1)
    select distinct h.movement_id from held h
    where h.line_no not in (select old_line_no from paired_line)
      and not exists (select from withdrawn_movement w where w.movement_id = h.movement_id)
      and not exists (select from statement_line l join statement s on s.id = l.statement_id
                      where l.movement_id = h.movement_id and s.state = 'imported')
      and not exists (select from statement_line_part p join statement s on s.id = p.statement_id
                      where p.movement_id = h.movement_id and s.state = 'imported')
    on conflict do nothing";
const UNPAIRED: &str = "delete from paired_line p using (
        select line_no, movement_id from statement_line where statement_id = $1
        union select line_no, movement_id from statement_line_part where statement_id = $1) h
    where h.line_no = p.old_line_no and h.movement_id in (select movement_id from withdrawn)";

// it has the line of what it takes back; its codes say whose refund comes back
const COUNTERS: &str = "with made as (
        insert into movement (id, account_code, direction, identity, booking_date, value_date, business_date, amount, occurrence,
            reversal, codes, statement_id, line_no, reverses)
        select gen_random_uuid(), m.account_code, case m.direction when 'in' then 'out' else 'in' end, 'superseded/' || m.id,
               m.booking_date, m.value_date, m.business_date, -m.amount, 1, true,
               case when k.refund_id is not null and m.direction = 'out' then m.codes else '{}' end,
               m.statement_id, m.line_no, m.id
        from withdrawn w join movement m on m.id = w.movement_id left join movement_match k on k.movement_id = m.id
        returning id, reverses, account_code, direction, amount, booking_date),
    seen as (
        insert into sighting (id, source, source_key, channel, amount, stated_at, payload_sha256, account_code)
        select gen_random_uuid(), 'statement:' || account_code, 'superseded/' || assurance.text_id('mov', reverses), $2, amount,
               booking_date::timestamp at time zone 'Asia/Ho_Chi_Minh', $3, account_code
        from made where direction = 'in' returning id, source_key)
    insert into withdrawn_movement (movement_id, counter_id, statement_id, sighting_id)
    select m.reverses, m.id, $1, s.id from made m
    left join seen s on s.source_key = 'superseded/' || assurance.text_id('mov', m.reverses)";
const REFERENCES: &str = "insert into movement_reference (account_code, direction, reference, movement_id)
    select r.account_code, 'in', r.reference, w.counter_id from withdrawn w0
    join withdrawn_movement w on w.movement_id = w0.movement_id
    join movement_match k on k.movement_id = w.movement_id and k.refund_id is not null and k.amount < 0
    join movement_reference r on r.movement_id = w.movement_id on conflict do nothing";

// what was nobody's yet, or waits as a debit that nobody explains, comes to nothing with what takes it back
const ALONE: &str = "create temp table undone on commit drop as
    select w.movement_id, w.counter_id, m.amount, m.business_date, m.fate, m.direction,
           array(select k.id from kase k where k.movement_id = m.id and k.status <> 'closed') as cases
    from withdrawn_movement w join movement m on m.id = w.movement_id
    where w.movement_id in (select movement_id from withdrawn)
      and (m.fate is null
           or m.fate = 'case' and m.direction = 'out'
              and exists (select from kase k where k.movement_id = m.id and k.status <> 'closed')
              and not exists (select from write_off o where o.movement_id = m.id and o.undone_at is null))";
const MATCHED: &str = "insert into movement_match (movement_id, contra_account, amount, rule, fields)
    select m.id, 'superseded', m.amount, 'superseded', array['account', 'amount', 'day']
    from undone u join movement m on m.id in (u.movement_id, u.counter_id)";
const FATES: &str = "update movement m set fate = 'matched' from undone u where m.id in (u.movement_id, u.counter_id)";

const STAYS: &str = "update staged_line s set movement_id = l.movement_id,
        in_batch = l.amount <> m.amount or exists (select from statement_line_part x where x.statement_id = $1 and x.line_no = l.line_no)
    from paired_line p join statement_line l on l.line_no = p.old_line_no and l.statement_id = $1
    join movement m on m.id = l.movement_id where p.line_no = s.line_no";

/// Pairs the staged lines with those of the file that is superseded, and withdraws what that alone had.
pub(super) async fn pair(db: &Db, old: StatementId, file: FileFacts<'_>) -> Result<(), StorageError> {
    db.batch_execute(TABLES).await?;
    let id = old.uuid();
    let [key, erased] = ERASED_KEY;
    let (ours, theirs) = (key.replace("{codes}", "l.codes"), key.replace("{codes}", "m.codes"));
    db.execute(&PAIRS.replace("{key}", WHOLE_KEY).replace("{erased}", ""), &[&id]).await?;
    let (head, tail) = PAIRS.split_once("theirs as").unwrap_or((PAIRS, ""));
    let by_codes = head.replace("{key}", &ours) + "theirs as" + &tail.replace("{key}", &theirs);
    db.execute(&by_codes.replace("{erased}", erased), &[&id]).await?;
    loop {
        db.execute(WITHDRAWN, &[&id]).await?;
        if db.execute(UNPAIRED, &[&id]).await? == 0 {
            break;
        }
    }
    db.execute(COUNTERS, &[&id, &file.channel, &file.sha256]).await?;
    db.execute(REFERENCES, &[]).await?;
    db.batch_execute(ALONE).await?;
    db.execute(MATCHED, &[]).await?;
    db.execute(FATES, &[]).await?;
    db.execute(STAYS, &[&id]).await?;
    Ok(())
}

const PARTS: &str = "insert into statement_line_part (statement_id, line_no, movement_id)
    select $2, p.line_no, x.movement_id from paired_line p
    join statement_line_part x on x.statement_id = $1 and x.line_no = p.old_line_no on conflict do nothing";

/// Keeps which movements a line that stays brought together; once the lines are kept.
pub(super) async fn keep(db: &Db, old: StatementId, new: StatementId) -> Result<(), StorageError> {
    db.execute(PARTS, &[&old.uuid(), &new.uuid()]).await?;
    Ok(())
}

// of the files that were there none had the first and more: where one has all of the corrected file and more, it is not corrected
const STANDS: &str = "delete from overtaken_piece where statement_id = $2
    and not exists (select from overtaken_piece o where o.statement_id = $1)";

/// A file in which a line is gone reads like a part of the day: it is one only where the first was.
pub(super) async fn stands(db: &Db, old: StatementId, new: StatementId) -> Result<(), StorageError> {
    db.execute(STANDS, &[&old.uuid(), &new.uuid()]).await?;
    Ok(())
}

/// What came to nothing with its counter-movement, in the transaction that has withdrawn it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    pub movement: MovementId,
    pub counter: MovementId,
    pub amount: Vnd,
    pub day: Date,
    /// It was booked to the bank: a credit as it arrived, a debit once nobody explained it.
    pub was_case: bool,
    pub cases: Vec<CaseId>,
}

const UNDONE: &str = "select movement_id, counter_id, amount, business_date, fate is not null as was_case, cases from undone order by movement_id";

pub async fn undone(db: &Db) -> Result<Vec<Undone>, StorageError> {
    let undone = |row: &tokio_postgres::Row| Undone {
        movement: row.get::<_, Uuid>("movement_id").into(),
        counter: row.get::<_, Uuid>("counter_id").into(),
        amount: Vnd::new(row.get("amount")),
        day: row.get("business_date"),
        was_case: row.get("was_case"),
        cases: row.get::<_, Vec<Uuid>>("cases").into_iter().map(Into::into).collect(),
    };
    Ok(db.query(UNDONE, &[]).await?.iter().map(undone).collect())
}

const ARRIVED: &str = "select w.counter_id, c.amount, c.business_date from withdrawn d
    join withdrawn_movement w on w.movement_id = d.movement_id join movement c on c.id = w.counter_id
    where c.direction = 'in' and c.fate is null order by c.id";

/// Counter-movements that bring back what a debit had taken, and that something rests on: what they are found to be comes later.
pub async fn brought_back(db: &Db) -> Result<Vec<(MovementId, Vnd, Date)>, StorageError> {
    let rows = db.query(ARRIVED, &[]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)), row.get(2))).collect())
}

/// What a supersession came to, by the file that took the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Lines that stand in both.
    pub kept: i64,
    /// Lines of the corrected file that are new money.
    pub new: i64,
    pub new_sum: Vnd,
    pub withdrawn: Vec<Withdrawn>,
}

/// A movement that only the superseded file had, with what rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub movement_id: String,
    pub day: Date,
    /// đồng, credit +.
    pub amount: i64,
    /// The payment, settlement, refund or deposit that it is; none while nobody knows.
    pub rests_on: Option<String>,
    /// How that stood: where it stands otherwise when a second person decides, they decide about something else.
    pub stood: String,
}

const KEPT: &str = "select (select count(*) from paired_line) as kept, count(*) filter (where fresh) as new,
        coalesce(sum(amount) filter (where fresh), 0)::bigint as new_sum from staged_line";
const RESTS: &str = "select assurance.text_id('mov', m.id) as movement_id, m.business_date, m.amount,
        coalesce(assurance.text_id('pay', k.payment_id), assurance.text_id('stl', k.settlement_id),
                 assurance.text_id('rfd', k.refund_id), assurance.text_id('dep', k.deposit_id)) as rests_on,
        concat_ws(' ', coalesce(u.fate, case when u.movement_id is null then m.fate end, 'open'), p.reversed, r.status,
            (select string_agg(concat_ws('/', f.id, f.status), ' ' order by f.id) from refund f where f.payment_id = k.payment_id),
            (select string_agg(concat_ws('/', a.obligation_id, a.suspense_reason, a.refund_id, a.amount), ' ' order by a.id)
             from allocation a where a.payment_id = k.payment_id),
            (select string_agg(concat_ws('/', c.id, c.status), ' ' order by c.id) from kase c where c.movement_id = m.id)) as stood
    from withdrawn w join movement m on m.id = w.movement_id
    left join undone u on u.movement_id = m.id
    left join movement_match k on k.movement_id = m.id
    left join payment p on p.id = k.payment_id left join refund r on r.id = k.refund_id
    order by m.business_date, m.id";

/// What the file that was just imported in the place of another brought, in the same transaction.
pub async fn difference(db: &Db) -> Result<Difference, StorageError> {
    let row = db.query_one(KEPT, &[]).await?;
    let withdrawn = |row: &tokio_postgres::Row| Withdrawn {
        movement_id: row.get("movement_id"),
        day: row.get("business_date"),
        amount: row.get("amount"),
        rests_on: row.get("rests_on"),
        stood: row.get("stood"),
    };
    Ok(Difference {
        kept: row.get("kept"),
        new: row.get("new"),
        new_sum: Vnd::new(row.get("new_sum")),
        withdrawn: db.query(RESTS, &[]).await?.iter().map(withdrawn).collect(),
    })
}

const KEEP: &str =
    "insert into superseded_statement (statement_id, by_statement, approval_id, at) values ($1, $2, $3, $4)";

/// Which file took the place of which, by whose decision.
pub async fn record(
    db: &Db,
    old: StatementId,
    new: StatementId,
    approval: domain::ApprovalId,
    at: Timestamp,
) -> Result<(), StorageError> {
    db.execute(KEEP, &[&old.uuid(), &new.uuid(), &approval.uuid(), &at]).await?;
    Ok(())
}

const GAP_CASES: &str = "select id from kase
    where kind = 'statement_gap' and status <> 'closed' and subject = assurance.text_id('stm', $1)";

/// Cases of a gap before the statement: with it they tell of nothing.
pub async fn gap_cases(db: &Db, id: StatementId) -> Result<Vec<CaseId>, StorageError> {
    Ok(db.query(GAP_CASES, &[&id.uuid()]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const ACCOUNT_OF: &str = "select s.account_code from superseded_statement x join statement s on s.id = x.statement_id
    where x.approval_id = $1";

/// The account of which a decision has superseded a statement.
pub async fn account_of(db: &Db, approval: domain::ApprovalId) -> Result<Option<AccountCode>, StorageError> {
    let Some(row) = db.query_opt(ACCOUNT_OF, &[&approval.uuid()]).await? else { return Ok(None) };
    AccountCode::new(row.get::<_, String>(0)).map(Some).map_err(|e| StorageError::Unreadable(e.to_string()))
}

const PROPOSE: &str = "insert into proposed_statement (approval_id, no, bytes) values ($1, $2, $3)";

/// Keeps a file until it is decided about.
pub async fn keep_proposed(db: &Db, approval: domain::ApprovalId, bytes: &[u8]) -> Result<(), StorageError> {
    let statement = db.prepare(PROPOSE).await?;
    for (no, piece) in (1_i32..).zip(bytes.chunks(super::PIECE)) {
        db.execute(&statement, &[&approval.uuid(), &no, &piece]).await?;
    }
    Ok(())
}

const PROPOSED: &str = "select bytes from proposed_statement where approval_id = $1 order by no";

pub async fn proposed(db: &Db, approval: domain::ApprovalId) -> Result<Vec<u8>, StorageError> {
    let rows = db.query(PROPOSED, &[&approval.uuid()]).await?;
    Ok(rows.iter().flat_map(|row| row.get::<_, &[u8]>(0).iter().copied()).collect())
}

const FORGET: &str = "delete from proposed_statement where approval_id = $1";

/// It is decided: approved, the file is kept as a statement's; rejected, not at all.
pub async fn forget_proposed(db: &Db, approval: domain::ApprovalId) -> Result<(), StorageError> {
    db.execute(FORGET, &[&approval.uuid()]).await?;
    Ok(())
}
