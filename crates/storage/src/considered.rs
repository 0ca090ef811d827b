//! Credits of an account beside what was told of around their days, as they stand now: for who is shown why a line is what it
//! is, and for who tries another rule. Nothing is locked and nothing written.

use crate::error::StorageError;
use crate::pool::Db;
use domain::bank_reference::BankReference;
use domain::business_day::business_date;
use domain::codes::AccountCode;
use domain::matching::{Claim, Rule, What};
use domain::{CaseId, IntentId, MovementId, PaymentId, SightingId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// A reference of the bank's, and by whom it was told: the teller, or the format of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub by: String,
    pub reference: BankReference,
}

/// A credit that is a payment's or nobody's: what a settlement, a deposit or a refund has is none of these.
#[derive(Debug, Clone)]
pub struct Credit {
    pub id: MovementId,
    pub account: String,
    /// Its first line.
    pub statement: StatementId,
    pub line_no: i32,
    pub booking_date: Date,
    pub amount: Vnd,
    pub references: Vec<Named>,
    /// Our references in its text, whether or not we gave them out.
    pub codes: Vec<String>,
    pub reversal: bool,
    /// It is marked, and says which debit it takes back.
    pub takes_back: bool,
    /// It waits no more.
    pub is_decided: bool,
    /// None where nobody has it.
    pub payment: Option<PaymentId>,
    /// None also where it is a rule that this release does not know.
    pub rule: Option<Rule>,
}

impl Credit {
    /// What it was found to be among what had been told of; new money is none of that.
    pub fn kept(&self) -> Claim {
        let known = self.payment.zip(self.rule).filter(|(_, rule)| *rule != Rule::Line);
        known.map(|(payment, rule)| (What::Payment(payment), rule))
    }
}

macro_rules! credits {
    ($where:literal) => {
        concat!(
            "select m.id, m.account_code, m.statement_id, m.line_no, m.booking_date, m.amount, m.codes, m.reversal,
                m.reversal and takes_back_a_known_debit(m.id) as takes_back,
                m.fate is not null as is_decided, k.payment_id, k.rule,
                array(select coalesce(min(s.format), '') || '|' || r.reference from movement_reference r
                      left join statement_line l on l.movement_id = r.movement_id and l.bank_ref = r.reference
                      left join statement s on s.id = l.statement_id
                      where r.movement_id = m.id group by r.reference order by r.reference) as known_as
            from movement m left join movement_match k on k.movement_id = m.id
            where m.direction = 'in' and m.payout_of is null and (k.movement_id is null or k.payment_id is not null) and ",
            $where
        )
    };
}

const CREDITS: &str =
    credits!("m.account_code = $1 and m.booking_date between $2 and $3 order by m.booking_date, m.id limit $4");

/// Those booked from one day to another, in their order.
pub async fn credits(
    db: &Db,
    account: &AccountCode,
    (from, to): (Date, Date),
    limit: i64,
) -> Result<Vec<Credit>, StorageError> {
    let statement = db.prepare_cached(CREDITS).await?;
    Ok(db.query(&statement, &[&account.as_str(), &from, &to, &limit]).await?.iter().map(credit).collect())
}

const OF_LINE: &str =
    credits!("m.id = (select l.movement_id from statement_line l where l.statement_id = $1 and l.line_no = $2)");

/// What a line of a statement says; None where it is no such credit.
pub async fn of_line(db: &Db, statement: StatementId, line_no: i32) -> Result<Option<Credit>, StorageError> {
    let prepared = db.prepare_cached(OF_LINE).await?;
    Ok(db.query_opt(&prepared, &[&statement.uuid(), &line_no]).await?.as_ref().map(credit))
}

const OF_CASE: &str = credits!(
    "m.id = (select coalesce(c.movement_id, (select k.movement_id from movement_match k where k.payment_id = c.payment_id))
             from kase c where c.id = $1)"
);

/// The credit that a case is about.
pub async fn of_case(db: &Db, case: CaseId) -> Result<Option<Credit>, StorageError> {
    let statement = db.prepare_cached(OF_CASE).await?;
    Ok(db.query_opt(&statement, &[&case.uuid()]).await?.as_ref().map(credit))
}

fn credit(row: &Row) -> Credit {
    Credit {
        id: row.get::<_, Uuid>("id").into(),
        account: row.get("account_code"),
        statement: row.get::<_, Uuid>("statement_id").into(),
        line_no: row.get("line_no"),
        booking_date: row.get("booking_date"),
        amount: Vnd::new(row.get("amount")),
        references: references(row),
        codes: row.get("codes"),
        reversal: row.get("reversal"),
        takes_back: row.get("takes_back"),
        is_decided: row.get("is_decided"),
        payment: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
        rule: row.get::<_, Option<&str>>("rule").and_then(|word| word.parse().ok()),
    }
}

fn references(row: &Row) -> Vec<Named> {
    let named = |text: &String| {
        let (by, reference) = text.split_once('|')?;
        Some(Named { by: by.to_owned(), reference: BankReference::stored(reference) })
    };
    row.get::<_, Vec<String>>("known_as").iter().filter_map(named).collect()
}

/// What was told of by somebody else than a statement, as they told it.
#[derive(Debug, Clone)]
pub struct Known {
    pub what: What,
    pub amount: Vnd,
    pub day: Date,
    pub references: Vec<Named>,
    pub intent: Option<IntentId>,
    /// The line that has it.
    pub line: Option<MovementId>,
    /// Of the intent.
    pub reference: Option<String>,
    /// Whose debts it names, and whose it was found to be for since.
    pub beneficiaries: Vec<String>,
}

/// Which of it: around these days, of these amounts or named like this; all amounts where there are none.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub account: &'a AccountCode,
    /// Days on which it may have been told of, or its line booked.
    pub days: (Date, Date),
    pub amounts: Option<Vec<i64>>,
    pub intents: Vec<IntentId>,
    /// This one in any case.
    pub payment: Option<PaymentId>,
}

// What its tellers said of it, and not what it is known by since: a line may have given it a reference, and its name.
const TOLD: &str = "with told as (
        select p.id as payment, null::uuid as sighting, p.amount, p.paid_at as at, m.id as line
        from movement m join movement_match k on k.movement_id = m.id and k.rule <> 'line'
        join payment p on p.id = k.payment_id and p.reversed = 0
        where m.account_code = $1 and m.booking_date between $2 and $3 and m.direction = 'in'
        union all
        select p.id, null, p.amount, p.paid_at, null
        from awaited_payment a join payment p on p.id = a.payment_id and p.reversed = 0
        where a.account_code = $1 and a.paid_at >= $2::date::timestamp at time zone 'Asia/Ho_Chi_Minh'
          and a.paid_at < ($3::date + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh'
        union all
        select null, w.sighting_id, w.amount, w.stated_at, null from waiting_sighting w
        where w.account_code = $1 and w.stated_at >= $2::date::timestamp at time zone 'Asia/Ho_Chi_Minh'
          and w.stated_at < ($3::date + 1)::timestamp at time zone 'Asia/Ho_Chi_Minh')
    select t.*, by.intent_id, by.known_as, i.reference,
        array_remove(array[i.beneficiary_code, since.beneficiary_code], null) as beneficiaries
    from told t
    cross join lateral (
        select min(s.intent_id::text)::uuid as intent_id, count(*) as reports,
               coalesce(array_agg(distinct split_part(s.source_key, ':', 2) || '|' || s.bank_ref)
                        filter (where s.bank_ref is not null), '{}') as known_as
        from (select s.* from sighting s where s.id = t.sighting
              union all
              select s.* from sighting_outcome o join sighting s on s.id = o.sighting_id where o.payment_id = t.payment) s
        where not starts_with(s.source, 'statement:')) by
    left join intent i on i.id = by.intent_id
    left join payment p on p.id = t.payment
    left join intent since on since.id = p.intent_id
    where by.reports > 0 and ($4::bigint[] is null or t.amount = any($4) or by.intent_id = any($5) or t.payment = $6)
    order by t.at, t.payment, t.sighting limit $7";

/// Oldest first.
pub async fn told(db: &Db, asked: &Asked<'_>, limit: i64) -> Result<Vec<Known>, StorageError> {
    let statement = db.prepare_cached(TOLD).await?;
    let intents: Vec<Uuid> = asked.intents.iter().map(|id| id.uuid()).collect();
    let payment = asked.payment.map(PaymentId::uuid);
    let (from, to) = asked.days;
    let rows = db
        .query(&statement, &[&asked.account.as_str(), &from, &to, &asked.amounts, &intents, &payment, &limit])
        .await?;
    Ok(rows.iter().filter_map(known).collect())
}

fn known(row: &Row) -> Option<Known> {
    let payment = row.get::<_, Option<Uuid>>("payment").map(|id| What::Payment(PaymentId::from(id)));
    let what = payment.or(row.get::<_, Option<Uuid>>("sighting").map(|id| What::Sighting(SightingId::from(id))))?;
    Some(Known {
        what,
        amount: Vnd::new(row.get("amount")),
        day: business_date(row.get::<_, Timestamp>("at")),
        references: references(row),
        intent: row.get::<_, Option<Uuid>>("intent_id").map(Into::into),
        line: row.get::<_, Option<Uuid>>("line").map(Into::into),
        reference: row.get("reference"),
        beneficiaries: row.get("beneficiaries"),
    })
}
