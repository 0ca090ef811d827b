//! A new line that is several movements from the beginning, since what is known sums to it to the đồng and the line itself says
//! which: each of them then finds whom it is of, as if it had a line of its own.
//!
//! | the line | is |
//! |---|---|
//! | a debit with the codes of several refunds by transfer, all of which wait for theirs | one debit for each |
//! | a debit that takes back, and has or names the one reference of several credits (that of their entry, or that which they share) | one for each credit, and says which |
//! | a credit with the reference of a payment that waits for its line, or with the codes of all, and of the sum of all that wait so from its day | one for each payment |
//!
//! A sum alone is no proof: without a name the line stays one movement, for a person. Nor is one code beside it: whoever pays twice
//! may pay by chance what he and another have paid.

use crate::error::StorageError;
use crate::pool::Db;
use domain::StatementId;

/// A reference in its own field says more than a word of a text (`domain::bank_reference`).
const STRUCTURED_CHARACTERS: i32 = 6;
const TELLING_CHARACTERS: i32 = 8;

const TABLE: &str = "create temp table staged_piece (
        line_no int not null, nth int not null, id uuid not null default gen_random_uuid(), amount bigint not null,
        bank_ref text, codes text[] not null, reverses uuid, primary key (line_no, nth)
    ) on commit drop";

const REFUNDS: &str = "insert into staged_piece (line_no, nth, amount, codes)
    with named as (
        select l.line_no, l.amount as whole, cardinality(l.codes) as codes, r.id, r.amount, r.reference,
               row_number() over (partition by r.id order by l.line_no) as nth_line
        from staged_line l cross join lateral unnest(l.codes) as c(code)
        join refund r on r.reference = c.code and r.route = 'transfer' and r.status in ('approved', 'awaiting_statement')
        where l.movement_id is null and l.direction = 'out' and not l.reversal and cardinality(l.codes) > 1),
    sums as (
        select line_no from named group by line_no, whole, codes
        having count(*) = codes and sum(amount) = -whole and bool_and(nth_line = 1))
    select n.line_no, row_number() over (partition by n.line_no order by n.reference), -n.amount, array[n.reference]
    from named n join sums s on s.line_no = n.line_no";

const REVERSALS: &str = "insert into staged_piece (line_no, nth, amount, codes, reverses)
    with line as materialized (
        select line_no, amount, booking_date, case when length(split_part(':' || bank_ref, ':', -1)) >= $2 then bank_ref end as own,
               array(select word from regexp_split_to_table(upper(text), '[^A-Z0-9]+') as word where length(word) >= $3) as words
        from staged_line where movement_id is null and direction = 'out' and reversal),
    word as (
        select line_no, amount, booking_date, own as reference from line where own is not null
        union
        select line_no, amount, booking_date, unnest(words) from line),
    named as (
        select w.line_no, w.amount, w.booking_date, w.reference, r.movement_id from word w
        join movement_reference r on r.account_code = $1 and r.direction = 'in' and r.reference = w.reference
        union
        select w.line_no, w.amount, w.booking_date, w.reference, e.movement_id from word w
        join statement_line e on e.entry_ref = w.reference
        union
        select w.line_no, w.amount, w.booking_date, w.reference, s.movement_id from word w
        join staged_line s on s.direction = 'in' and s.bank_ref = w.reference where s.movement_id is not null
        union
        select w.line_no, w.amount, w.booking_date, w.reference, s.movement_id from word w
        join staged_line s on s.direction = 'in' and s.entry_ref = w.reference where s.movement_id is not null),
    credit as (
        select n.line_no, n.reference, n.amount as whole, c.id, c.amount,
               row_number() over (partition by c.id order by n.line_no, n.reference) as nth_line
        from named n
        join movement c on c.id = n.movement_id and c.account_code = $1 and c.direction = 'in' and not c.reversal
            and c.booking_date between n.booking_date - 60 and n.booking_date
        where not exists (select from movement_match k join payment p on p.id = k.payment_id
                          where k.movement_id = c.id and k.amount > 0 and (p.reversed > 0 or p.amount <> c.amount))
          and not exists (select from movement o where o.reverses = c.id)),
    sums as (
        select distinct on (line_no) line_no, reference from credit group by line_no, reference, whole
        having count(*) > 1 and sum(amount) = -whole and bool_and(nth_line = 1) order by line_no, reference)
    select c.line_no, row_number() over (partition by c.line_no order by c.id), -c.amount, '{}', c.id
    from credit c join sums s on s.line_no = c.line_no and s.reference = c.reference";

const AWAITED: &str = "insert into staged_piece (line_no, nth, amount, bank_ref, codes)
    with told as materialized (
        select a.payment_id, a.amount, (a.paid_at at time zone 'Asia/Ho_Chi_Minh')::date as day, i.reference as code,
               array(select r.reference from payment_reference r where r.payment_id = a.payment_id order by 1) as known_as
        from awaited_payment a join payment p on p.id = a.payment_id left join intent i on i.id = p.intent_id
        where a.account_code = $1 and (a.paid_at at time zone 'Asia/Ho_Chi_Minh')::date in (
            select s.booking_date from staged_line s where s.movement_id is null and s.direction = 'in')),
    alone as materialized (
        select t.* from told t
        where not exists (select from staged_line s where s.movement_id is null and s.direction = 'in'
                          and s.amount = t.amount and s.booking_date = t.day)
          and not exists (select from payment_reference r join staged_line s on s.bank_ref = r.reference and s.direction = 'in'
                          where r.account_code = $1 and r.payment_id = t.payment_id and s.amount = t.amount)),
    sums as (
        select day, sum(amount) as amount from alone group by day having count(*) > 1),
    named as (
        select l.line_no, s.day, count(*) over (partition by s.day) as lines
        from staged_line l join sums s on s.day = l.booking_date and s.amount = l.amount
        where l.movement_id is null and l.direction = 'in' and not l.reversal and l.payout_of is null
          and (exists (select from alone a where a.day = s.day and l.bank_ref = any(a.known_as))
               or not exists (select from alone a where a.day = s.day and (a.code = any(l.codes)) is not true)))
    select n.line_no, row_number() over (partition by n.line_no order by a.payment_id), a.amount, a.known_as[1],
           case when a.code is null then '{}' else array[a.code] end
    from named n join alone a on a.day = n.day where n.lines = 1";

const MOVEMENTS: &str = "insert into movement (id, account_code, direction, identity, bank_ref, booking_date, value_date, business_date,
        amount, occurrence, reversal, codes, statement_id, line_no, reverses)
    select p.id, $1, l.direction, concat_ws('/', l.bank_ref, l.booking_date, p.amount, p.id), l.bank_ref, l.booking_date, l.value_date,
           l.business_date, p.amount, p.nth, l.reversal, p.codes, $2, l.line_no, p.reverses
    from staged_piece p join staged_line l on l.line_no = p.line_no order by p.line_no, p.nth";

const REFERENCES: &str = "insert into movement_reference (account_code, direction, reference, movement_id)
    select $1, l.direction, r.reference, p.id from staged_piece p join staged_line l on l.line_no = p.line_no
    cross join lateral (values (p.bank_ref), (l.bank_ref)) as r(reference) where r.reference is not null
    on conflict do nothing";

const LINES: &str = "insert into staged_batch (lines, movements)
    select array[line_no], array_agg(id order by nth) from staged_piece group by line_no";
const TOLD: &str = "update staged_line l set movement_id = p.id, fresh = true, in_batch = true from staged_piece p
    where p.line_no = l.line_no and p.nth = 1";

/// Makes the movements of such lines, but for those that take credits back; how many.
pub(super) async fn make(db: &Db, account: &str, statement: StatementId) -> Result<u64, StorageError> {
    db.batch_execute(TABLE).await?;
    let found = db.execute(REFUNDS, &[]).await? + db.execute(AWAITED, &[&account]).await?;
    made(db, account, statement, found).await
}

const ANEW: &str = "delete from staged_piece";

/// The same of those that take credits back, once the credits of the file are there.
pub(super) async fn take_back(db: &Db, account: &str, statement: StatementId) -> Result<u64, StorageError> {
    db.execute(ANEW, &[]).await?;
    let found = db.execute(REVERSALS, &[&account, &STRUCTURED_CHARACTERS, &TELLING_CHARACTERS]).await?;
    made(db, account, statement, found).await
}

async fn made(db: &Db, account: &str, statement: StatementId, found: u64) -> Result<u64, StorageError> {
    if found > 0 {
        db.execute(MOVEMENTS, &[&account, &statement.uuid()]).await?;
        db.execute(REFERENCES, &[&account]).await?;
        db.execute(LINES, &[]).await?;
        db.execute(TOLD, &[]).await?;
    }
    Ok(found)
}
