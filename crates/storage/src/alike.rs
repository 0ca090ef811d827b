//! Payments that a teller's row may be another sight of where no reference says it, and what such a row has said.

use crate::error::StorageError;
use crate::pool::Db;
use domain::bank_reference::BankReference;
use domain::codes::AccountCode;
use domain::matching::Rule;
use domain::{IntentId, PaymentId, Vnd};
use futures_util::join;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A row of a teller, and what it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub account: &'a AccountCode,
    pub amount: Vnd,
    pub intent: Option<IntentId>,
    /// When what it may be another sight of was paid.
    pub paid: (Timestamp, Timestamp),
    /// Its own day.
    pub day: Date,
    pub reference: Option<&'a BankReference>,
    /// What every key of its teller's rows begins with.
    pub teller: &'a str,
}

// Equal payments whose references say nothing about the row: they have none of its numbering ($6; null compares with nothing).
macro_rules! alike {
    ($of:literal, $told_as:literal, $kept:literal) => {
        concat!(
            "select * from (
                select p.id, p.intent_id, p.paid_at, m.booking_date as shown_on,
                       exists (select from sighting_outcome o join sighting s on s.id = o.sighting_id
                               where o.payment_id = p.id and starts_with(s.source_key, $7) and ",
            $told_as,
            "
                                 and not exists (select from sighting_outcome later
                                                 where later.sighting_id = o.sighting_id and later.seq > o.seq)) as is_told
                from payment p left join movement_match k on k.payment_id = p.id and k.amount > 0
                left join movement m on m.id = k.movement_id
                where p.receiving_account = $1 and p.amount = $2 and p.reversed = 0 and p.paid_at between $3 and $4
                  and not exists (select from payment_reference r
                                  where r.payment_id = p.id and split_part(':' || r.reference, ':', -2) = $6)
                  and ",
            $of,
            ") a where ",
            $kept,
            " order by is_told, (shown_on = $5) desc nulls last, paid_at, id limit 50"
        )
    };
}

// a teller that told of it without a name may have told of another's that looks the same
const OF_INTENT: &str = alike!("p.intent_id = $8", "s.intent_id = p.intent_id", "true");
// a line with codes of ours names two, or a transfer of ours that came back, or is marked as a reversal: that one is placed by its code
// only where somebody tells of it; one that read like a payout may be one yet
const UNNAMED_LINES: &str = alike!(
    "p.intent_id is null and m.booking_date >= $5 and m.once_payout_of is null
        and (cardinality(m.codes) = 0 or m.reversal and not takes_back_a_known_debit(m.id)
             and array(select i.id from intent i where i.reference = any(m.codes)) = array[$8::uuid])",
    "true",
    "not is_told"
);
const UNNAMED: &str = alike!("p.intent_id is null", "true", "true");
const NAMED_LINES: &str = alike!(
    "p.intent_id is not null and k.movement_id in (
        select d.id from movement d where d.account_code = $1 and d.booking_date = $5 and d.amount = $2)",
    "true",
    "not is_told"
);

/// A payment of the same account and amount that cannot be told apart from the row by a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    pub payment: PaymentId,
    pub intent: Option<IntentId>,
    pub paid_at: Timestamp,
    /// Under which day its line is booked.
    pub shown_on: Option<Date>,
    /// The teller has told of it: for a row with a name, by that name.
    pub is_told: bool,
}

/// Payments of the same name; for a row with a name also unnamed lines of its day or later that its teller has not told of, for
/// one without also lines of its day that have one. Those that its teller has not told of first.
pub async fn alike(db: &Db, asked: &Asked<'_>) -> Result<Vec<Like>, StorageError> {
    let intent = asked.intent.map(IntentId::uuid);
    let named = intent.as_ref().map(|intent| [intent as &(dyn ToSql + Sync)]);
    let (same, lines) = match &named {
        Some(named) => join!(likes(db, OF_INTENT, asked, named), likes(db, UNNAMED_LINES, asked, named)),
        None => join!(likes(db, UNNAMED, asked, &[]), likes(db, NAMED_LINES, asked, &[])),
    };
    Ok([same?, lines?].concat())
}

async fn likes(db: &Db, sql: &str, asked: &Asked<'_>, more: &[&(dyn ToSql + Sync)]) -> Result<Vec<Like>, StorageError> {
    let numbering = asked.reference.map(|r| r.numbering().unwrap_or_default());
    let (account, amount, (from, to)) = (asked.account.as_str(), asked.amount.dong(), asked.paid);
    let first: [&(dyn ToSql + Sync); 7] = [&account, &amount, &from, &to, &asked.day, &numbering, &asked.teller];
    let statement = db.prepare_cached(sql).await?;
    let rows = db.query(&statement, &[&first, more].concat()).await?;
    let like = |row: &tokio_postgres::Row| Like {
        payment: row.get::<_, Uuid>("id").into(),
        intent: row.get::<_, Option<Uuid>>("intent_id").map(Into::into),
        paid_at: row.get("paid_at"),
        shown_on: row.get("shown_on"),
        is_told: row.get("is_told"),
    };
    Ok(rows.iter().map(like).collect())
}

const GAVE_NAME: &str = "update movement_match set rule = $2, fields = $3 where payment_id = $1 and amount > 0";

/// A report has given this payment's line the name that it lacked, and nothing else says that the two are one.
pub async fn gave_name(db: &Db, payment: PaymentId) -> Result<(), StorageError> {
    let rule = Rule::OnlyOne;
    db.execute(GAVE_NAME, &[&payment.uuid(), &rule.as_str(), &rule.fields()]).await?;
    Ok(())
}
