//! Whose debt the money of a case may be, looked for in the books. Nothing here books anything.

use crate::error::StorageError;
use crate::pool::Db;
use domain::suggestion::{DAYS_BETWEEN, Rule, SHORTEST_CODE, Suggestion};
use domain::{CaseId, IntentId, ObligationId, PaymentId, Vnd};
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};
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
      and i.status <> 'paid' and i.amount >= $7 and d.owed - w.waiting = any($6)
    order by i.status in ('open', 'processing') desc, i.id desc limit 10";

/// Intents that owe just one of these amounts to one of the beneficiaries, opened at most [`DAYS_BETWEEN`] days before `at`, and
/// before `until`.
pub async fn by_amount(
    db: &Db,
    amounts: &[Vnd],
    (at, until): (Timestamp, Timestamp),
    beneficiaries: &[String],
) -> Result<Vec<Suggestion>, StorageError> {
    let from = opened_from(at);
    let statement = db.prepare_cached(BY_AMOUNT).await?;
    let (first, last) = ids_between(from, until);
    let amounts: Vec<i64> = amounts.iter().map(|amount| amount.dong()).collect();
    let Some(least) = amounts.iter().min() else { return Ok(Vec::new()) };
    let rows = db.query(&statement, &[&beneficiaries, &first, &last, &from, &until, &amounts, least]).await?;
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

const BY_REFERENCE: &str = "select i.id, i.reference, i.beneficiary_code,
        coalesce(sum(o.amount) filter (where o.status = 'due'), 0)::bigint as due,
        coalesce(array_agg(distinct o.dossier_code) filter (where o.dossier_code is not null), '{}') as codes
    from intent i join intent_obligation io on io.intent_id = i.id join obligation o on o.id = io.obligation_id
    where i.reference = any($1) and i.status <> 'paid' and ($2::text[] is null or i.beneficiary_code = any($2))
    group by i.id order by i.id desc limit 10";

/// Intents that are not paid and that have one of these references; of `seen` only where that is given.
pub async fn by_reference(
    db: &Db,
    references: &[&str],
    money: &Money,
    seen: Option<&[String]>,
) -> Result<Vec<Suggestion>, StorageError> {
    let statement = db.prepare_cached(BY_REFERENCE).await?;
    let rows = db.query(&statement, &[&references, &seen]).await?;
    let of_row = |row: &Row| {
        let mut fields = BTreeSet::from(["near_reference"]);
        if row.get::<_, i64>("due") == money.amount.dong() {
            fields.insert("amount");
        }
        if money.beneficiaries.contains(&row.get("beneficiary_code")) {
            fields.insert("account");
        }
        suggestion(row, Rule::NearReference, fields)
    };
    Ok(rows.iter().map(of_row).collect())
}

/// Debts that are of one payer, or of one dossier where nobody says whose.
#[derive(Debug, Clone, Default)]
pub struct Debts {
    pub obligations: Vec<ObligationId>,
    pub amounts: Vec<Vnd>,
    pub dossiers: Vec<Option<String>>,
}

// The newest first, and no more than are read in a moment: whoever pays several debts at once has been asked for them lately.
// Who they are of is told by a number that leads back to nobody.
const OWED: &str = "select o.id, o.amount, o.dossier_code,
        coalesce(encode(y.identity_index, 'hex'), 'dossier ' || o.dossier_code) as whose
    from (select * from obligation r where r.id >= $2 and r.id < $3 order by r.id desc limit 20000) o
    left join party y on y.id = o.payer_id
    where o.status = 'due' and o.beneficiary_code = any($1) and o.amount < $4
      and coalesce(encode(y.identity_index, 'hex'), o.dossier_code) is not null
    order by o.id desc limit 2000";

/// Smaller debts to one of the beneficiaries that money of this time may be for together.
pub async fn owed_together(
    db: &Db,
    less_than: Vnd,
    (at, until): (Timestamp, Timestamp),
    beneficiaries: &[String],
) -> Result<Vec<Debts>, StorageError> {
    let statement = db.prepare_cached(OWED).await?;
    let (first, last) = ids_between(opened_from(at), until);
    let mut by_payer: BTreeMap<String, Debts> = BTreeMap::new();
    for row in db.query(&statement, &[&beneficiaries, &first, &last, &less_than.dong()]).await? {
        let debts = by_payer.entry(row.get("whose")).or_default();
        debts.obligations.push(row.get::<_, Uuid>("id").into());
        debts.amounts.push(Vnd::new(row.get("amount")));
        debts.dossiers.push(row.get("dossier_code"));
    }
    Ok(by_payer.into_values().filter(|debts| debts.amounts.len() > 1).collect())
}

// the days of cases narrow what is read
const OF_ONE_SENDER: &str = "select distinct p.id, w.amount
    from kase c join movement_match k on k.payment_id = c.payment_id join movement m on m.id = k.movement_id
    join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
    join kase x on x.at_scope = c.at_scope and x.at_day between c.at_day - 7 and c.at_day + 7
         and x.kind = 'unidentified' and x.status = 'open' and x.id <> c.id
    join movement_match xk on xk.payment_id = x.payment_id join movement xm on xm.id = xk.movement_id
    join statement_line xl on xl.statement_id = xm.statement_id and xl.line_no = xm.line_no
         and xl.counterparty_account = l.counterparty_account
    join payment p on p.id = x.payment_id and p.reversed = 0
    cross join lateral (select sum(a.amount)::bigint as amount from allocation a
                        where a.payment_id = p.id and a.suspense_reason = 'unidentified') w
    where c.id = $1 and c.kind = 'unidentified' and w.amount > 0 order by p.id limit 5";

/// Other money that waits unidentified on the same account, of a week before or after, from the account that the case's came from.
pub async fn of_one_sender(db: &Db, case: CaseId) -> Result<Vec<(PaymentId, Vnd)>, StorageError> {
    let statement = db.prepare_cached(OF_ONE_SENDER).await?;
    let rows = db.query(&statement, &[&case.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), Vnd::new(row.get(1)))).collect())
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
        obligations: Vec::new(),
        rest: Vec::new(),
        reference: row.get("reference"),
        dossier_codes: row.get("codes"),
        amount_due: Vnd::new(row.get("due")),
        rule,
        fields,
    }
}

fn opened_from(at: Timestamp) -> Timestamp {
    at.checked_sub((DAYS_BETWEEN * 24).hours()).unwrap_or(Timestamp::MIN)
}

fn ids_between(from: Timestamp, until: Timestamp) -> (Uuid, Uuid) {
    (first_id(from), first_id(until.checked_add(1.second()).unwrap_or(until)))
}

/// The smallest id that is minted at this instant (UUIDv7: 48 bits of milliseconds first).
fn first_id(at: Timestamp) -> Uuid {
    let ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(u128::from(ms) << 80)
}
