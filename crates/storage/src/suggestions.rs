//! Whose debt the money of a case may be, looked for in the books. Nothing here books anything.

use crate::error::StorageError;
use crate::pool::Db;
use domain::suggestion::{DAYS_BETWEEN, Rule, SHORTEST_CODE, Suggestion};
use domain::{CaseId, IntentId, Vnd};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use uuid::Uuid;

/// The money of a case: when it came, to whom it may belong, and what the bank wrote.
#[derive(Debug, Clone)]
pub struct Money {
    pub amount: Vnd,
    pub at: Option<Timestamp>,
    /// Before this it came: a statement knows its day only, and others tell the second.
    pub until: Option<Timestamp>,
    /// Those that have the account, or that the provider collects for.
    pub beneficiaries: Vec<String>,
    /// Of the line on a statement.
    pub text: Option<String>,
}

// a line of a statement has a day and no time, and what was booked of it begins with that day
const MONEY: &str = "select c.amount,
        coalesce(p.paid_at, s.stated_at, m.booking_date::timestamp at time zone 'Asia/Ho_Chi_Minh') as at,
        case when k.rule = 'line' or coalesce(p.paid_at, s.stated_at) is null
             then (coalesce(l.booking_date, m.booking_date) + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh'
             else date_trunc('second', coalesce(p.paid_at, s.stated_at)) + interval '1 second' end as until,
        array(select b.beneficiary_code from scope_beneficiary b where b.scope = c.scope) as beneficiaries,
        (select l.text from statement_line l where l.movement_id = coalesce(c.movement_id, k.movement_id)
         order by l.repeated, l.statement_id limit 1) as text
    from case_in_context c
    left join payment p on p.id = c.payment_id
    left join movement_match k on k.payment_id = c.payment_id
    left join movement l on l.id = k.movement_id
    left join movement m on m.id = c.movement_id
    left join sighting s on s.id = c.sighting_id
    where c.id = $1";

pub async fn money(db: &Db, case: CaseId) -> Result<Option<Money>, StorageError> {
    let statement = db.prepare_cached(MONEY).await?;
    let row = db.query_opt(&statement, &[&case.uuid()]).await?;
    Ok(row.map(|row| Money {
        amount: Vnd::new(row.get("amount")),
        at: row.get("at"),
        until: row.get("until"),
        beneficiaries: row.get("beneficiaries"),
        text: row.get("text"),
    }))
}

// ids are minted with the intent's time, so their order narrows what is read
const BY_AMOUNT: &str = "select i.id, i.reference, d.codes, d.owed - w.waiting as due
    from intent i
    cross join lateral (
        select coalesce(sum(o.amount) filter (where o.status = 'due'), 0)::bigint as owed,
               coalesce(array_agg(distinct o.dossier_code) filter (where o.dossier_code is not null), '{}') as codes
        from intent_obligation io join obligation o on o.id = io.obligation_id where io.intent_id = i.id) d
    cross join lateral (
        select coalesce(sum(greatest(0, h.amount - unexplained_debits(h.id))), 0)::bigint as waiting
        from (select p.id, sum(a.amount) as amount from payment p join allocation a on a.payment_id = p.id
              where p.intent_id = i.id and a.suspense_reason in ('underpaid', 'overpaid', 'duplicate', 'late')
              group by p.id having sum(a.amount) > 0) h) w
    where i.beneficiary_code = any($1) and i.id >= $2 and i.id < $3 and i.created_at >= $4 and i.created_at < $5
      and i.status <> 'paid' and i.amount >= $6 and d.owed - w.waiting = $6
    order by i.status in ('open', 'processing') desc, i.id desc limit 10";

/// Intents that owe just this amount to one of the beneficiaries, opened at most [`DAYS_BETWEEN`] days before `at`, and
/// before `until`.
pub async fn by_amount(
    db: &Db,
    amount: Vnd,
    (at, until): (Timestamp, Timestamp),
    beneficiaries: &[String],
) -> Result<Vec<Suggestion>, StorageError> {
    let from = at.checked_sub((DAYS_BETWEEN * 24).hours()).unwrap_or(Timestamp::MIN);
    let statement = db.prepare_cached(BY_AMOUNT).await?;
    let (first, last) = (first_id(from), first_id(until.checked_add(1.second()).unwrap_or(until)));
    let rows = db.query(&statement, &[&beneficiaries, &first, &last, &from, &until, &amount.dong()]).await?;
    let fields = BTreeSet::from(["account", "amount", "time"]);
    Ok(rows.iter().map(|row| suggestion(row, Rule::AmountAccountTime, fields.clone())).collect())
}

// the intent of a debt: the live one, else the newest
const BY_CODE: &str = "with owed as (
        select o.id, o.dossier_code, o.amount, o.beneficiary_code,
            (select i.id from intent_obligation io join intent i on i.id = io.intent_id where io.obligation_id = o.id
             order by i.status in ('open', 'processing') desc, i.id desc limit 1) as intent_id
        from obligation o
        where plain_code(o.dossier_code) = any($1) and length(plain_code(o.dossier_code)) >= $2 and o.status = 'due'
          and ($3::text[] is null or o.beneficiary_code = any($3)))
    select owed.intent_id as id, i.reference, array_agg(distinct owed.dossier_code) as codes,
           case when owed.intent_id is null then sum(owed.amount)::bigint else (
               select sum(o.amount)::bigint from intent_obligation io join obligation o on o.id = io.obligation_id
               where io.intent_id = owed.intent_id and o.status = 'due') end as due,
           min(owed.beneficiary_code) as beneficiary_code
    from owed left join intent i on i.id = owed.intent_id
    group by owed.intent_id, i.reference, case when owed.intent_id is null then owed.dossier_code end
    order by max(length(plain_code(owed.dossier_code))) desc, owed.intent_id desc nulls last limit 10";

/// Debts whose dossier is named by one of the codes (plain, see `domain::suggestion::plain`); of `seen` only where that
/// is given.
pub async fn by_code(
    db: &Db,
    codes: &[String],
    money: &Money,
    seen: Option<&[String]>,
) -> Result<Vec<Suggestion>, StorageError> {
    let statement = db.prepare_cached(BY_CODE).await?;
    let shortest = i32::try_from(SHORTEST_CODE).unwrap_or(i32::MAX);
    let rows = db.query(&statement, &[&codes, &shortest, &seen]).await?;
    let of_row = |row: &Row| {
        let mut fields = BTreeSet::from(["dossier_code"]);
        if row.get::<_, i64>("due") == money.amount.dong() {
            fields.insert("amount");
        }
        if money.beneficiaries.contains(&row.get("beneficiary_code")) {
            fields.insert("account");
        }
        suggestion(row, Rule::DossierCode, fields)
    };
    Ok(rows.iter().map(of_row).collect())
}

// looser than what concludes: a person reads them
const TAKEN_BACK: &str = "select p.id as payment_id, i.id, i.reference,
        coalesce((select array_agg(distinct o.dossier_code) filter (where o.dossier_code is not null)
            from intent_obligation io join obligation o on o.id = io.obligation_id where io.intent_id = i.id), '{}') as codes,
        coalesce((select sum(o.amount) from intent_obligation io join obligation o on o.id = io.obligation_id
            where io.intent_id = i.id and o.status = 'due'), 0)::bigint as due
    from kase k
    join movement m on m.id = k.movement_id and m.direction = 'out' and m.reversal
    join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
    join movement c on c.account_code = m.account_code and c.direction = 'in' and not c.reversal and c.amount = -m.amount
        and c.booking_date between m.booking_date - 60 and m.booking_date
    join movement_match t on t.movement_id = c.id and t.amount > 0
    join payment p on p.id = t.payment_id and p.reversed = 0
    left join intent i on i.id = p.intent_id
    where k.id = $1 and k.payment_id is null and ($2::text[] is null or i.id is null or i.beneficiary_code = any($2))
      and exists (select from movement_reference r where r.movement_id = c.id
          and (position(split_part(':' || r.reference, ':', -1) in plain_code(l.text)) > 0
               or exists (select from movement_reference d where d.movement_id = m.id and d.reference = r.reference)))
    order by c.booking_date desc, c.id desc limit 10";

/// Payments that the bank's reversal may mean, where a case tells of one that none was concluded from; of `seen` only where
/// that is given.
pub async fn taken_back(db: &Db, case: CaseId, seen: Option<&[String]>) -> Result<Vec<Suggestion>, StorageError> {
    let statement = db.prepare_cached(TAKEN_BACK).await?;
    let rows = db.query(&statement, &[&case.uuid(), &seen]).await?;
    let fields = BTreeSet::from(["account", "amount", "bank_ref"]);
    Ok(rows.iter().map(|row| suggestion(row, Rule::MayBeTakenBack, fields.clone())).collect())
}

fn suggestion(row: &Row, rule: Rule, fields: BTreeSet<&'static str>) -> Suggestion {
    Suggestion {
        intent_id: row.get::<_, Option<Uuid>>("id").map(IntentId::from),
        payment_id: row.try_get::<_, Option<Uuid>>("payment_id").unwrap_or_default().map(Into::into),
        reference: row.get("reference"),
        dossier_codes: row.get("codes"),
        amount_due: Vnd::new(row.get("due")),
        rule,
        fields,
    }
}

/// The smallest id that is minted at this instant (UUIDv7: 48 bits of milliseconds first).
fn first_id(at: Timestamp) -> Uuid {
    let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(u128::from(ms) << 80)
}
