//! Which movement a line is. In this order, each step for what the ones before left over:
//!
//! | step | a line is the known movement that has |
//! |---|---|
//! | exact | its reference and amount, on its own day first, the n-th to the n-th |
//! | corrected | its reference and day, where file and books have one each; the amounts differ, which is a case |
//! | cut | a reference of which one is the first 16 characters of the other, and its amount |
//! | batch | its reference and day, where one line is the sum of several movements, or several lines of one (`batches`) |
//! | claimed | its amount and day, no reference of this numbering, and a payment known by the line's reference |
//! | by day | its amount and day and no reference of this numbering, the n-th to the n-th of those that name the same of ours |
//! | entry | its day, where one line is the sum of the parts of one entry of the bank, or all parts of one are one movement (`batches`) |
//! | rest | its day, where two files say the same of how that began and ended, and one line is the sum of all that is left of it in the other (`batches`) |
//! | several | nothing: it is new, and several movements (`several`) |
//!
//! None of them is a movement that the file cannot hold, by its balances (`apart`). Whatever is left is a new movement. So
//! the same file again, an overlapping one, and another format of the same day bring what is new and nothing else; and two
//! equal transfers without a reference stay two, on one day or in two parts of it.
//!
//! A later line may say that a known debit takes a credit back, which the format of an earlier one does not.

use super::{apart, batches, overtaken, several, superseded};
use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{MovementId, StatementId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

// A line is of the day on which the bank booked it, and not of a later one than its closing balance. Without a booking date it
// is of its value date, or under balances of one day of that day.
const DATES: &str = "update staged_line l set business_date = least(p.day, coalesce(
            l.booking_date, case when p.begins = p.day then p.day end, l.value_date, p.day, $4)),
        booking_date = coalesce(l.booking_date, l.value_date, p.day, $4)
    from unnest($1::int[], $2::date[], $3::date[]) as p(part, begins, day) where p.part = l.part";

// What was booked for a day that another statement has ended already, with the balance that this one goes on from, is of the
// first day after it that this one has. A file that came on its own last day may be a half of it.
const AFTER: &str = "with first as (
        select max(s.closing_date) as day from statement s
        where s.account_code = $1 and s.state = 'imported' and s.closing = $2 and s.closing_date <= $3
          and (s.lines = 0 or s.opening <> s.closing)
          and (s.imported_at at time zone 'Asia/Ho_Chi_Minh')::date > s.closing_date),
    part as (
        select p.part, p.day, case when p.part = 0 then first.day else p.after end as after
        from unnest($4::int[], $5::date[], $6::date[]) as p(part, day, after) cross join first),
    moved as materialized (
        select p.part, p.after, coalesce(min(l.business_date) filter (where l.business_date > p.after), p.day) as day
        from part p join staged_line l on l.part = p.part where p.after < p.day
        group by p.part, p.after, p.day having min(l.business_date) <= p.after)
    update staged_line l set business_date = m.day from moved m where l.part = m.part and l.business_date <= m.after";

const FIRST_DAY: &str = "select min(business_date) from staged_line";

const INDEXES: &str = "create index on staged_line (direction, bank_ref);
    create index on staged_line (direction, amount, booking_date);
    create index on staged_line (movement_id);
    analyze staged_line";

// On its own day, then on any: formats date a movement differently, and a bank may give a number again.
const EXACT: &str = "update staged_line l set movement_id = pair.movement_id from (
        select ours.line_no, theirs.movement_id from (
            select line_no, direction, bank_ref, amount, booking_date,
                   row_number() over (partition by direction, bank_ref, amount{day} order by line_no) as n
            from staged_line where bank_ref is not null and movement_id is null) ours
        join (
            select r.direction, r.reference, r.movement_id, m.amount, m.booking_date,
                   row_number() over (partition by r.direction, r.reference, m.amount{day}
                                      order by a.movement_id is not null, m.id) as n
            from movement_reference r join movement m on m.id = r.movement_id
            left join apart_movement a on a.movement_id = m.id
            where r.account_code = $1 and a.wholly is not true
              and (r.direction, r.reference) in (
                  select s.direction, s.bank_ref from staged_line s where s.movement_id is null)
              and not exists (select from staged_line t where t.movement_id = m.id)) theirs
        on theirs.direction = ours.direction and theirs.reference = ours.bank_ref and theirs.amount = ours.amount
           and theirs.n = ours.n{same_day}
    ) pair where pair.line_no = l.line_no";
const EXACT_STEPS: [[&str; 2]; 2] = [[", booking_date", " and theirs.booking_date = ours.booking_date"], ["", ""]];

// Two amounts under one reference are one movement only on the day on which each side has just one. A part of an entry may have the
// reference of the whole.
const CORRECTED: &str = "update staged_line l set movement_id = theirs.movement_id from (
            select direction, bank_ref, booking_date, min(line_no) as line_no from (
                select *, count(*) over (partition by entry_no) > 1 and entry_no is not null as is_part from staged_line) s
            where bank_ref is not null group by 1, 2, 3 having count(*) = 1 and not bool_or(is_part)) ours
        join (
            select r.direction, r.reference, m.booking_date, (array_agg(m.id))[1] as movement_id
            from movement_reference r join movement m on m.id = r.movement_id
            left join apart_movement a on a.movement_id = m.id
            where r.account_code = $1 and a.wholly is not true
              and (r.direction, r.reference) in (
                  select s.direction, s.bank_ref from staged_line s where s.movement_id is null)
            group by 1, 2, 3 having count(*) = 1) theirs
        on theirs.direction = ours.direction and theirs.reference = ours.bank_ref and theirs.booking_date = ours.booking_date
    where ours.line_no = l.line_no and l.movement_id is null
      and not exists (select from staged_line t where t.movement_id = theirs.movement_id)";

const CUT: &str = "update staged_line l set movement_id = pair.movement_id from (
        select ours.line_no, theirs.movement_id from (
            select line_no, direction, amount, left(bank_ref, 16) as head, length(bank_ref) as long,
                   row_number() over (partition by direction, left(bank_ref, 16), amount order by line_no) as n
            from staged_line where bank_ref is not null and movement_id is null and position(':' in bank_ref) = 0) ours
        join (
            select r.direction, m.amount, left(r.reference, 16) as head, length(r.reference) as long, r.movement_id,
                   row_number() over (partition by r.direction, left(r.reference, 16), m.amount
                                      order by a.movement_id is not null, m.id) as n
            from movement_reference r join movement m on m.id = r.movement_id
            left join apart_movement a on a.movement_id = m.id
            where r.account_code = $1 and a.wholly is not true and position(':' in r.reference) = 0
              and (r.direction, left(r.reference, 16)) in (
                  select s.direction, left(s.bank_ref, 16) from staged_line s where s.movement_id is null)
              and not exists (select from staged_line s where s.movement_id = m.id)) theirs
        on theirs.direction = ours.direction and theirs.head = ours.head and theirs.amount = ours.amount and theirs.n = ours.n
           and (theirs.long = 16) <> (ours.long = 16)
    ) pair where pair.line_no = l.line_no";

// A movement may learn a reference of each numbering once.
const CLAIMED: &str = "update staged_line l set movement_id = pair.movement_id from (
        select distinct on (m.id) s.line_no, m.id as movement_id
        from staged_line s
        join payment_reference r on r.account_code = $1 and r.reference = s.bank_ref
        join movement_match k on k.payment_id = r.payment_id
        join movement m on m.id = k.movement_id
        where s.movement_id is null and m.direction = s.direction and m.amount = s.amount and m.booking_date = s.booking_date
          and not exists (select from staged_line t where t.movement_id = m.id)
          and not exists (select from apart_movement a where a.movement_id = m.id and a.wholly)
          and not exists (select from movement_reference o where o.movement_id = m.id
                          and split_part(':' || o.reference, ':', -2) = split_part(':' || s.bank_ref, ':', -2))
        order by m.id, s.line_no
    ) pair where pair.line_no = l.line_no";

// `{among}` makes groups of what is alike, `{fits}` says which pairs of a group may be one.
const BY_DAY: &str = "update staged_line l set movement_id = pair.movement_id from (
        select ours.line_no, theirs.id as movement_id from (
            select line_no, direction, amount, booking_date, codes,
                   row_number() over (partition by direction, amount, booking_date{among}
                                      order by entry_no is not null, line_no) as n
            from staged_line s where movement_id is null and (bank_ref is not null) = $2 and {ours}) ours
        join (
            select m.id, m.direction, m.amount, m.booking_date, m.codes,
                   row_number() over (partition by m.direction, m.amount, m.booking_date{among}
                                      order by a.movement_id is not null, m.id) as n
            from movement m left join apart_movement a on a.movement_id = m.id
            where m.account_code = $1 and a.wholly is not true and {theirs}
              and (m.booking_date, m.amount) in (select s.booking_date, s.amount from staged_line s where s.movement_id is null)
              and not exists (select from staged_line t where t.movement_id = m.id)
              and not ($2 and exists (
                  select from movement_reference o
                  where o.movement_id = m.id and split_part(':' || o.reference, ':', -2) = $3))) theirs
        on theirs.direction = ours.direction and theirs.amount = ours.amount and theirs.booking_date = ours.booking_date
           and theirs.n = ours.n and {fits}
    ) pair where pair.line_no = l.line_no";

/// Equal transfers are told apart by our references in their texts, as far as the formats keep them: first the same
/// ones, then what has lost them on either side, then what has kept some of them.
const BY_DAY_STEPS: [[&str; 4]; 4] = [
    [", codes", "true", "true", "theirs.codes = ours.codes"],
    ["", "s.codes <> '{}'", "m.codes = '{}'", "true"],
    ["", "s.codes = '{}'", "true", "true"],
    ["", "s.codes <> '{}'", "m.codes <> '{}'", "theirs.codes && ours.codes"],
];

fn by_day([among, ours, theirs, fits]: [&str; 4]) -> String {
    let steps = [("{among}", among), ("{ours}", ours), ("{theirs}", theirs), ("{fits}", fits)];
    steps.iter().fold(BY_DAY.to_owned(), |sql, (name, text)| sql.replace(name, text))
}

const NEW: &str = "with fresh as (
        select l.*, count(*) over (partition by l.direction, l.bank_ref) as several,
               row_number() over (partition by l.direction, l.bank_ref, l.amount order by l.line_no)
               + case when l.bank_ref is not null then (
                     select count(*) from movement_reference r join movement m on m.id = r.movement_id
                     where r.account_code = $1 and r.direction = l.direction and r.reference = l.bank_ref
                       and m.amount = l.amount) else 0 end as nth_of_reference,
               row_number() over (partition by l.direction, l.booking_date, l.amount, l.bank_ref is null order by l.line_no)
               + (select count(*) from movement m where m.account_code = $1 and m.booking_date = l.booking_date
                    and m.amount = l.amount) as nth_of_day,
               exists (select from movement_reference r where r.account_code = $1 and r.direction = l.direction
                         and r.reference = l.bank_ref) as known
        from staged_line l where l.movement_id is null and not (l.direction = 'out' and l.reversal and $3)),
    made as (
        insert into movement (id, account_code, direction, identity, bank_ref, booking_date, value_date, business_date, amount,
            occurrence, reversal, codes, payout_of, statement_id, line_no)
        select id, $1, direction,
               case when bank_ref is null then concat_ws('/', booking_date, amount, nth_of_day)
                    when several = 1 and not known then bank_ref
                    else concat_ws('/', bank_ref, amount, nth_of_reference) end,
               bank_ref, booking_date, value_date, business_date, amount,
               case when bank_ref is null then nth_of_day else nth_of_reference end, reversal, codes, payout_of, $2, line_no
        from fresh order by line_no returning id)
    update staged_line l set movement_id = l.id, fresh = true from made where made.id = l.id";

// a reference that came to one of several movements alone would tell the next line of it that it is just that one
const REFERENCES: &str = "insert into movement_reference (account_code, direction, reference, movement_id)
    select $1, direction, bank_ref, movement_id from staged_line
    where bank_ref is not null and movement_id is not null and not in_batch on conflict do nothing";

// what a part of it names is not what the whole is for
const NAMED: &str = "update movement m set codes = l.codes from staged_line l
    where l.movement_id = m.id and not l.fresh and not l.in_batch and l.codes <> '{}' and m.codes = '{}' and not m.reversal";

// what a refund or a settlement has claimed is explained; a credit that was booked as money is a person's to look at
const REVERSED: &str = "update movement m set reversal = true, payout_of = null from staged_line l
    where l.movement_id = m.id and not l.fresh and l.reversal and not m.reversal
      and m.direction = 'out' and m.fate is distinct from 'matched'";

const SAYS_MORE: &str = "insert into unplaced_payment (payment_id, account_code)
    select distinct k.payment_id, $1 from staged_line l join movement_match k on k.movement_id = l.movement_id
    join payment p on p.id = k.payment_id
    where not l.fresh and not l.in_batch and l.codes <> '{}' and p.intent_id is null on conflict do nothing";

const LEARNED: &str = "insert into payment_reference (account_code, reference, payment_id)
    select $1, l.bank_ref, k.payment_id from staged_line l join movement_match k on k.movement_id = l.movement_id
    where l.bank_ref is not null and k.payment_id is not null on conflict do nothing";

const SIGHTINGS: &str =
    "insert into sighting (id, source, source_key, channel, amount, stated_at, payload_sha256, account_code,
        bank_ref)
    select sighting_id, 'statement:' || $1, assurance.text_id('stm', $2) || '/' || line_no, $3, amount,
           booking_date::timestamp at time zone 'Asia/Ho_Chi_Minh', $4, $1, bank_ref
    from staged_line where direction = 'in' order by line_no";

const LINES: &str = "insert into statement_line (statement_id, line_no, movement_id, repeated, booking_date, value_date,
        business_date, amount, bank_ref, owner_ref, counterparty_name, counterparty_account, text, code, reversal, sighting_id,
        entry_no, entry_ref)
    select $1, line_no, movement_id, not fresh, booking_date, value_date, business_date, amount, bank_ref, owner_ref,
           counterparty_name, counterparty_account, text, code, reversal, case when direction = 'in' then sighting_id end,
           entry_no, entry_ref
    from staged_line order by line_no";

const REPEATED: &str = "insert into sighting_outcome (sighting_id, state, payment_id)
    select l.sighting_id, 'repeated', k.payment_id
    from staged_line l join movement_match k on k.movement_id = l.movement_id
    where not l.fresh and l.direction = 'in' and k.payment_id is not null";

const OTHER_AMOUNT: &str = "select l.movement_id, m.amount, l.amount, l.business_date from staged_line l
    join movement m on m.id = l.movement_id
    where m.amount <> l.amount and not l.in_batch
      and not exists (select from kase k where k.movement_id = m.id and k.kind = 'amount_differs' and k.status <> 'closed'
                      and k.amount = l.amount - m.amount)
    order by l.line_no";

/// What a file brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identified {
    pub new_movements: u64,
    /// Known movements that this file gives another amount than any before it: what we have, what it says, on which day.
    pub other_amounts: Vec<(MovementId, Vnd, Vnd, Date)>,
}

/// What all lines of a file share.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts<'a> {
    pub account: &'a AccountCode,
    pub statement: StatementId,
    pub sha256: &'a str,
    pub channel: &'a str,
    pub lines: usize,
    /// Whose the references of this format are; empty: the bank's.
    pub numbering: &'a str,
    /// The file in whose place this one comes; it is in force no more.
    pub supersedes: Option<StatementId>,
}

/// From so many lines on a file is joined whole against what is known, never line by line: right after another large file
/// the planner still takes the tables for small ones.
const LARGE: usize = 5_000;
const JOIN_WHOLE: &str = "set local enable_nestloop = off";

/// The days that the balances of a part of a file are of, where they have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartDays {
    pub opening: Option<Date>,
    pub closing: Option<Date>,
}

/// Tells each staged line the day that it is of; the first of them. `opening` is the file's balance, `last_day` is where neither
/// a line nor its balance has a date.
pub async fn date(
    db: &Db,
    account: &AccountCode,
    parts: &[PartDays],
    opening: Option<Vnd>,
    last_day: Date,
) -> Result<Option<Date>, StorageError> {
    let numbers: Vec<i32> = (0_i32..).take(parts.len()).collect();
    let begins: Vec<Option<Date>> = parts.iter().map(|p| p.opening).collect();
    let days: Vec<Option<Date>> = parts.iter().map(|p| p.closing).collect();
    let after: Vec<Option<Date>> = std::iter::once(None).chain(days.iter().copied()).take(parts.len()).collect();
    db.execute(DATES, &[&numbers, &begins, &days, &last_day]).await?;
    let (opening, opening_date) = (opening.map(Vnd::dong), begins.first().copied().flatten());
    db.execute(AFTER, &[&account.as_str(), &opening, &opening_date, &numbers, &days, &after]).await?;
    Ok(db.query_one(FIRST_DAY, &[]).await?.get(0))
}

/// Tells each staged line its movement, makes the new ones, and keeps the lines.
pub async fn identify(db: &Db, file: FileFacts<'_>) -> Result<Identified, StorageError> {
    let account = file.account.as_str();
    db.batch_execute(INDEXES).await?;
    if file.lines >= LARGE {
        db.batch_execute(JOIN_WHOLE).await?;
    }
    apart::find(db, file.account, file.statement).await?;
    if let Some(old) = file.supersedes {
        superseded::pair(db, old, file).await?;
    }
    superseded::set_apart(db, file.account).await?;
    for [day, same_day] in EXACT_STEPS {
        db.execute(&EXACT.replace("{day}", day).replace("{same_day}", same_day), &[&account]).await?;
    }
    db.execute(CORRECTED, &[&account]).await?;
    db.execute(CUT, &[&account]).await?;
    batches::join(db, account).await?;
    db.execute(CLAIMED, &[&account]).await?;
    for with_reference in [true, false] {
        for step in BY_DAY_STEPS {
            db.execute(&by_day(step), &[&account, &with_reference, &file.numbering]).await?;
        }
    }
    batches::join_sums(db, account, file.statement).await?;
    // what a debit takes back may be new in the same file
    let mut new_movements = several::make(db, account, file.statement).await?;
    for but_reversals in [true, false] {
        new_movements += db.execute(NEW, &[&account, &file.statement.uuid(), &but_reversals]).await?;
        if but_reversals {
            // a fee may have the reference of what it is for, and the reversal of that too
            db.execute(REFERENCES, &[&account]).await?;
            new_movements += several::take_back(db, account, file.statement).await?;
        }
    }
    db.execute(REFERENCES, &[&account]).await?;
    db.execute(NAMED, &[]).await?;
    db.execute(REVERSED, &[]).await?;
    db.execute(SAYS_MORE, &[&account]).await?;
    db.execute(LEARNED, &[&account]).await?;
    db.execute(SIGHTINGS, &[&account, &file.statement.uuid(), &file.channel, &file.sha256]).await?;
    db.execute(LINES, &[&file.statement.uuid()]).await?;
    batches::keep(db, file.statement).await?;
    if let Some(old) = file.supersedes {
        superseded::keep(db, old, file.statement).await?;
    }
    overtaken::find(db, file.statement).await?;
    if let Some(old) = file.supersedes {
        superseded::stands(db, old, file.statement).await?;
    }
    db.execute(REPEATED, &[]).await?;
    let rows = db.query(OTHER_AMOUNT, &[]).await?;
    let other_amounts =
        rows.iter().map(|r| (r.get::<_, Uuid>(0).into(), Vnd::new(r.get(1)), Vnd::new(r.get(2)), r.get(3))).collect();
    Ok(Identified { new_movements, other_amounts })
}
