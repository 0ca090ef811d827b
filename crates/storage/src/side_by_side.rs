//! Statements and settlement files as people compare them: each line beside what it was matched with, or the case that tells of
//! it. A line's text may name a payer: whoever shows it says so in the trail.

use crate::error::StorageError;
use crate::pool::Db;
use domain::{CaseId, PaymentId, SettlementId, StatementId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

/// A statement that was imported.
#[derive(Debug, Clone)]
pub struct Statement {
    pub id: StatementId,
    pub account: String,
    pub first_date: Date,
    pub closing_date: Date,
    pub opening: Option<Vnd>,
    pub closing: Option<Vnd>,
    pub lines: i32,
    pub state: String,
    pub imported_by: String,
    pub imported_at: Timestamp,
}

fn statement(row: &Row) -> Statement {
    Statement {
        id: row.get::<_, Uuid>("id").into(),
        account: row.get("account_code"),
        first_date: row.get("first_date"),
        closing_date: row.get("closing_date"),
        opening: row.get::<_, Option<i64>>("opening").map(Vnd::new),
        closing: row.get::<_, Option<i64>>("closing").map(Vnd::new),
        lines: row.get("lines"),
        state: row.get("state"),
        imported_by: row.get("imported_by"),
        imported_at: row.get("imported_at"),
    }
}

/// Which statements: all that have a part in the account are among `beneficiaries` (None: all there are).
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub beneficiaries: Option<Vec<String>>,
    pub account: Option<String>,
    pub id: Option<StatementId>,
    /// Those that come after it in their order.
    pub after: Option<StatementId>,
}

const STATEMENTS: &str = "select s.* from statement s
    where ($1::text[] is null
           or (exists (select from account_beneficiary b where b.account_code = s.account_code)
               and not exists (select from account_beneficiary b where b.account_code = s.account_code
                               and b.beneficiary_code <> all($1))))
      and ($2::text is null or s.account_code = $2) and ($3::uuid is null or s.id = $3)
      and ($4::uuid is null or (s.closing_date, s.id) < (select a.closing_date, a.id from statement a where a.id = $4))
    order by s.closing_date desc, s.id desc limit $5";

/// The latest day first.
pub async fn statements(db: &Db, f: &Filter, limit: i64) -> Result<Vec<Statement>, StorageError> {
    let statement_of = db.prepare_cached(STATEMENTS).await?;
    let (id, after) = (f.id.map(StatementId::uuid), f.after.map(StatementId::uuid));
    let rows = db.query(&statement_of, &[&f.beneficiaries, &f.account, &id, &after, &limit]).await?;
    Ok(rows.iter().map(statement).collect())
}

/// A provider's settlement file that was imported.
#[derive(Debug, Clone)]
pub struct SettlementFile {
    pub id: SettlementId,
    pub profile: String,
    pub date: Date,
    pub gross: Vnd,
    pub fee: Vnd,
    pub refunds: Vnd,
    pub net: Vnd,
    pub lines: i32,
    pub matched: i64,
    /// Its payout was seen on a statement.
    pub paid_out: bool,
    pub imported_by: String,
    pub imported_at: Timestamp,
}

const SETTLEMENTS: &str = "select s.*, l.matched,
        exists (select from movement_match k where k.settlement_id = s.id)
        or exists (select from settlement_given_away g where g.settlement_id = s.id) as paid_out
    from (select * from settlement s
          where ($1::text[] is null
             or (exists (select from scope_beneficiary b where b.scope = 'clearing:' || s.profile)
                 and not exists (select from scope_beneficiary b where b.scope = 'clearing:' || s.profile
                                 and b.beneficiary_code <> all($1))))
            and ($2::uuid is null or (s.date, s.id) < (select a.date, a.id from settlement a where a.id = $2))
          order by s.date desc, s.id desc limit $3) s
    cross join lateral (select count(*) filter (where disposition = 'matched') as matched
                        from settlement_line where settlement_id = s.id) l
    order by s.date desc, s.id desc";

/// The latest day first; those of whose contract all that have a part in it are among `beneficiaries`, after this one.
pub async fn settlements(
    db: &Db,
    beneficiaries: Option<&[String]>,
    after: Option<SettlementId>,
    limit: i64,
) -> Result<Vec<SettlementFile>, StorageError> {
    let statement = db.prepare_cached(SETTLEMENTS).await?;
    let rows = db.query(&statement, &[&beneficiaries, &after.map(SettlementId::uuid), &limit]).await?;
    let money = |row: &Row, name: &str| Vnd::new(row.get(name));
    let file = |row: &Row| SettlementFile {
        id: row.get::<_, Uuid>("id").into(),
        profile: row.get("profile"),
        date: row.get("date"),
        gross: money(row, "gross"),
        fee: money(row, "fee"),
        refunds: money(row, "refunds"),
        net: money(row, "net"),
        lines: row.get("lines"),
        matched: row.get("matched"),
        paid_out: row.get("paid_out"),
        imported_by: row.get("imported_by"),
        imported_at: row.get("imported_at"),
    };
    Ok(rows.iter().map(file).collect())
}

/// One line of a statement, and what it is.
#[derive(Debug, Clone)]
pub struct Line {
    pub number: i32,
    pub booking_date: Date,
    pub amount: Vnd,
    pub bank_ref: Option<String>,
    pub text: String,
    /// Told by another file already.
    pub repeated: bool,
    /// matched | case; None: nobody has claimed it yet.
    pub fate: Option<String>,
    /// By which rule.
    pub rule: Option<String>,
    pub payment: Option<PaymentId>,
    pub payment_amount: Option<Vnd>,
    pub reference: Option<String>,
    /// A settlement, a refund, a remittance or a contra account, where it is no payment.
    pub other: Option<String>,
    pub case: Option<CaseId>,
    pub case_kind: Option<String>,
}

const LINES: &str = "select l.line_no, l.booking_date, l.amount, l.bank_ref, l.text, l.repeated, m.fate, k.rule,
        p.id as payment, p.amount as payment_amount, i.reference,
        coalesce(assurance.text_id('stl', k.settlement_id), assurance.text_id('rfd', k.refund_id),
                 assurance.text_id('rmt', k.remittance_id), k.contra_account) as other,
        c.id as case_id, c.kind as case_kind
    from statement_line l
    join movement m on m.id = l.movement_id
    left join movement_match k on k.movement_id = m.id
    left join payment p on p.id = k.payment_id
    left join intent i on i.id = p.intent_id
    left join lateral (select c.id, c.kind from kase c
        where (c.movement_id = m.id or c.payment_id = p.id) and c.status <> 'closed' order by c.id desc limit 1) c on true
    where l.statement_id = $1 and l.line_no > $2
      and (not $3 or m.fate is distinct from 'matched' or c.id is not null)
    order by l.line_no limit $4";

/// Those after a line; of `unsettled` only what is not matched, or has an open case.
pub async fn lines(
    db: &Db,
    id: StatementId,
    (after, unsettled): (i32, bool),
    limit: i64,
) -> Result<Vec<Line>, StorageError> {
    let statement = db.prepare_cached(LINES).await?;
    let rows = db.query(&statement, &[&id.uuid(), &after, &unsettled, &limit]).await?;
    Ok(rows.iter().map(line).collect())
}

fn line(row: &Row) -> Line {
    Line {
        number: row.get("line_no"),
        booking_date: row.get("booking_date"),
        amount: Vnd::new(row.get("amount")),
        bank_ref: row.get("bank_ref"),
        text: row.get("text"),
        repeated: row.get("repeated"),
        fate: row.get("fate"),
        rule: row.get("rule"),
        payment: row.get::<_, Option<Uuid>>("payment").map(Into::into),
        payment_amount: row.get::<_, Option<i64>>("payment_amount").map(Vnd::new),
        reference: row.get("reference"),
        other: row.get("other"),
        case: row.get::<_, Option<Uuid>>("case_id").map(Into::into),
        case_kind: row.get("case_kind"),
    }
}
