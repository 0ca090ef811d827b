//! Movements that nobody has claimed yet, and the claims on them. The database lets each be claimed once.

use crate::error::StorageError;
use crate::pool::Db;
use crate::references::case_from_row;
use domain::bank_reference::{self, BankReference, MT940_CHARACTERS};
use domain::booking::OpenCase;
use domain::codes::AccountCode;
use domain::matching::{Reversal, Reversible, Rule};
use domain::money::MAX_AMOUNT;
use domain::{CaseId, DepositId, MovementId, PaymentId, SettlementId, SightingId, Vnd};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// A credit without a claim, as a batch takes it.
#[derive(Debug, Clone)]
pub struct OpenCredit {
    pub id: MovementId,
    pub amount: Vnd,
    pub booking_date: Date,
    /// Our references in its text, whether or not we gave them out.
    pub codes: Vec<String>,
    pub references: Vec<BankReference>,
    /// It returns what went out.
    pub reversal: bool,
    /// It is marked, and says which debit it takes back.
    pub takes_back: bool,
    /// Its first line, as a sighting.
    pub sighting_id: SightingId,
}

// what takes a superseded debit back has the line of that, which is no sighting
const OPEN_CREDITS: &str = "select m.id, m.amount, m.booking_date, m.codes, m.reversal,
        m.reversal and takes_back_a_known_debit(m.id) as takes_back,
        coalesce(l.sighting_id, (select w.sighting_id from withdrawn_movement w where w.counter_id = m.id)) as sighting_id,
        array(select r.reference from movement_reference r where r.movement_id = m.id order by r.reference) as known_as
    from movement m join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
    where m.account_code = $1 and m.fate is null and m.direction = 'in' and m.payout_of is null and m.id > $2
    order by m.id limit $3 for no key update of m skip locked";

/// Open credits after `after`, in order of import, locked; those that another process is at are left out.
pub async fn open_credits(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<OpenCredit>, StorageError> {
    let statement = db.prepare_cached(OPEN_CREDITS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows
        .iter()
        .map(|row| OpenCredit {
            id: row.get::<_, Uuid>("id").into(),
            amount: Vnd::new(row.get("amount")),
            booking_date: row.get("booking_date"),
            codes: row.get("codes"),
            references: row.get::<_, Vec<String>>("known_as").iter().map(|r| BankReference::stored(r)).collect(),
            reversal: row.get("reversal"),
            takes_back: row.get("takes_back"),
            sighting_id: row.get::<_, Uuid>("sighting_id").into(),
        })
        .collect())
}

// amount by amount: of an account with many movements the planner would read all
const COUNTS: &str = "select wanted.amount, open.count from unnest($2::bigint[]) as wanted(amount)
    cross join lateral (
        select count(*) as count from movement m
        where m.account_code = $1 and m.fate is null and m.direction = 'in' and m.payout_of is null
          and m.amount = wanted.amount) open
    where open.count > 0";

/// How many credits of each of these amounts are open, whoever is at them.
pub async fn open_by_amount(db: &Db, account: &AccountCode, amounts: &[i64]) -> Result<Vec<(Vnd, i64)>, StorageError> {
    let statement = db.prepare_cached(COUNTS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &amounts]).await?;
    Ok(rows.iter().map(|row| (Vnd::new(row.get(0)), row.get(1))).collect())
}

const ANY_CREDIT: &str = "select exists (select from movement
    where account_code = $1 and fate is null and direction = 'in' and payout_of is null)";

pub async fn any_open_credit(db: &Db, account: &AccountCode) -> Result<bool, StorageError> {
    let statement = db.prepare_cached(ANY_CREDIT).await?;
    Ok(db.query_one(&statement, &[&account.as_str()]).await?.get(0))
}

/// A debit, or a payout, without a claim.
#[derive(Debug, Clone)]
pub struct Open {
    pub id: MovementId,
    /// Debit −.
    pub amount: Vnd,
    pub business_date: Date,
    pub reversal: bool,
    pub payout_of: Option<String>,
    /// Our references in its text.
    pub codes: Vec<String>,
}

const OPEN_DEBITS: &str = "select m.id, m.amount, m.business_date, m.reversal, m.payout_of, m.codes from movement m
    where m.account_code = $1 and m.fate is null and m.direction = 'out' and m.id > $2
    order by m.id limit $3 for no key update of m skip locked";

/// Debits after `after` that nobody has explained, in order of import, locked.
pub async fn open_debits(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<Open>, StorageError> {
    let statement = db.prepare_cached(OPEN_DEBITS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows.iter().map(open).collect())
}

const OPEN_PAYOUTS: &str = "select m.id, m.amount, m.business_date, m.reversal, m.payout_of, m.codes from movement m
    where m.account_code = $1 and m.fate is null and m.payout_of is not null and m.direction = 'in' and m.id > $2
    order by m.id limit $3 for no key update of m skip locked";

/// Credits after `after` that read like payouts and that no settlement has claimed, in order of import, locked.
pub async fn open_payouts(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<Open>, StorageError> {
    let statement = db.prepare_cached(OPEN_PAYOUTS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows.iter().map(open).collect())
}

const UNSETTLED: &str = "select m.id from movement m join statement s on s.id = m.statement_id
    where m.id = any($1) and (s.imported_at < $2::timestamptz - interval '7 days'
        or exists (select from settlement t where t.profile = m.payout_of and t.date >= m.business_date
            and t.imported_at < $2::timestamptz - interval '1 day'))";

/// Those of these payouts whose settlement file comes no more: a later one of the contract came a day ago, or none came for
/// a week since their statement. Days that a statement shows say nothing of when files are imported.
pub async fn unsettled(db: &Db, payouts: &[MovementId], now: Timestamp) -> Result<Vec<MovementId>, StorageError> {
    let ids: Vec<Uuid> = payouts.iter().map(|id| id.uuid()).collect();
    Ok(db.query(UNSETTLED, &[&ids, &now]).await?.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

const NO_PAYOUTS: &str =
    "update movement set once_payout_of = payout_of, payout_of = null where id = any($1) and fate is null";

/// These only read like payouts: from now on they are credits like all others, until their file comes after all.
pub async fn no_payouts(db: &Db, ids: &[MovementId]) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    db.execute(NO_PAYOUTS, &[&ids]).await?;
    Ok(())
}

const LATE_PAYOUTS: &str = "select movement_id as id, amount, business_date, reversal, payout_of, codes, payment_id
    from late_payout where account_code = $1 order by business_date, movement_id limit $2";

/// Payments that were payouts, and whose settlement is there now, the oldest first.
pub async fn late_payouts(db: &Db, account: &AccountCode, limit: i64) -> Result<Vec<(Open, PaymentId)>, StorageError> {
    let statement = db.prepare_cached(LATE_PAYOUTS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &limit]).await?;
    Ok(rows.iter().map(|row| (open(row), row.get::<_, Uuid>("payment_id").into())).collect())
}

fn open(row: &tokio_postgres::Row) -> Open {
    Open {
        id: row.get::<_, Uuid>("id").into(),
        amount: Vnd::new(row.get("amount")),
        business_date: row.get("business_date"),
        reversal: row.get("reversal"),
        payout_of: row.get("payout_of"),
        codes: row.get("codes"),
    }
}

const LOCK_OPEN: &str = "select m.id, m.amount, m.business_date, m.reversal, m.payout_of, m.codes from movement m
    where m.id = $1 and m.fate is null for no key update of m";

/// Locked; None when somebody has claimed or explained it.
pub async fn lock_open(db: &Db, id: MovementId) -> Result<Option<Open>, StorageError> {
    Ok(db.query_opt(LOCK_OPEN, &[&id.uuid()]).await?.as_ref().map(open))
}

const DEBIT_OF_REFUND: &str = "select exists (select from movement m
    where m.fate is null and m.direction = 'out' and $1 = any(m.codes))";

/// Whether a debit with the code of a refund waits to be matched, on whatever account and of whatever amount.
pub async fn is_debit_open(db: &Db, code: &str) -> Result<bool, StorageError> {
    Ok(db.query_one(DEBIT_OF_REFUND, &[&code]).await?.get(0))
}

const TOLD_OF: &str = "select m.id, m.amount, m.business_date, m.reversal, m.payout_of, m.codes, k.id as case_id,
        k.kind = 'unidentified' as as_any_debit
    from movement m
    join kase k on k.movement_id = m.id and k.kind in ('chargeback', 'unidentified') and k.status <> 'closed'
         and k.payment_id is null
    where m.id = $1 and m.fate = 'case' and m.reversal order by k.id limit 1 for no key update of m";

/// A reversal that a case tells of which names no payment, locked.
#[derive(Debug, Clone)]
pub struct ToldOf {
    pub debit: Open,
    pub case: CaseId,
    /// The case was opened when the debit was not known to be a reversal.
    pub as_any_debit: bool,
}

/// A reversal that came before its credit, or as any other debit; None when no case tells of it or one names its payment.
pub async fn lock_told_of(db: &Db, id: MovementId) -> Result<Option<ToldOf>, StorageError> {
    let row = db.query_opt(TOLD_OF, &[&id.uuid()]).await?;
    Ok(row.map(|row| ToldOf {
        debit: open(&row),
        case: row.get::<_, Uuid>("case_id").into(),
        as_any_debit: row.get("as_any_debit"),
    }))
}

const REOPENED: &str = "update movement set fate = null where id = $1 and fate = 'case'";

/// The case no longer says what it is: it may be claimed, in the same transaction.
pub async fn reopened(db: &Db, id: MovementId) -> Result<(), StorageError> {
    db.execute(REOPENED, &[&id.uuid()]).await?;
    Ok(())
}

// from what a file brought to the refunds: how many refunds a text names is counted for those alone that agree with one
const OF_REFUNDS: &str = "with named as materialized (
        select m.id, m.codes, r.id as refund_id from movement m
        cross join lateral unnest(m.codes) as c(code)
        -- looked up by its code: refunds that are over may be many, and so may be the lines
        cross join lateral (select id, amount, status, route from refund where reference = c.code offset 0) r
        where m.account_code = $1 and m.fate is null and m.id > $4 and r.route = 'transfer'
          and case when $2 then r.status = 'succeeded' and m.amount = r.amount
                   else r.status in ('approved', 'awaiting_statement') and m.amount = -r.amount end)
    select n.id, n.refund_id from named n
    -- a text with the codes of two refunds names neither
    where (select count(*) from refund x where x.reference = any(n.codes)) = 1
    order by 1 limit $3";

/// Open movements after `after` with the code of a refund that they agree with: debits that wait for it, or with `back`
/// credits that bring it back.
pub async fn open_of_refunds(
    db: &Db,
    account: &AccountCode,
    back: bool,
    after: MovementId,
    limit: i64,
) -> Result<Vec<(MovementId, domain::RefundId)>, StorageError> {
    let statement = db.prepare_cached(OF_REFUNDS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &back, &limit, &after.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0).into(), row.get::<_, Uuid>(1).into())).collect())
}

const MOVE_CLAIM: &str = "update movement_match set payment_id = null, settlement_id = $3, refund_id = $4, rule = $5,
        fields = $6 where movement_id = $1 and payment_id = $2";

/// A refund or a settlement claims the credit in place of the payment that it was booked as. False where that has it no more.
pub async fn move_claim(
    db: &Db,
    movement: MovementId,
    payment: PaymentId,
    to: Claimant,
    rule: Rule,
) -> Result<bool, StorageError> {
    let (settlement, refund) = match to {
        Claimant::Settlement(id) => (Some(id.uuid()), None),
        Claimant::Refund(id) => (None, Some(id.uuid())),
        // a deposit's claim has its own account beside it (`counters::move_claim`)
        Claimant::Payment(_) | Claimant::Deposit(_) | Claimant::Remittance(_) => return Ok(false),
    };
    let fields = rule.fields();
    let touched = db
        .execute(MOVE_CLAIM, &[&movement.uuid(), &payment.uuid(), &settlement, &refund, &rule.as_str(), &fields])
        .await?;
    Ok(touched == 1)
}

const REVERSALS: &str = "select m.id from movement m
    where m.account_code = $1 and m.fate is null and m.direction = 'out' and m.reversal and m.id > $2
    union
    select m.id from kase k join movement m on m.id = k.movement_id
    where k.kind in ('chargeback', 'unidentified') and k.status <> 'closed' and k.payment_id is null
      and k.movement_id is not null and m.account_code = $1 and m.fate = 'case' and m.direction = 'out' and m.reversal and m.id > $2
    order by id limit $3";

const WITHDRAWALS: &str = "select m.id from movement m join withdrawn_movement w on w.counter_id = m.id
    where m.account_code = $1 and m.fate is null and m.direction = 'out' and m.id > $2 order by m.id limit $3";

/// Open debits after `after` that take back what a superseded statement had.
pub async fn withdrawals(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<MovementId>, StorageError> {
    let statement = db.prepare_cached(WITHDRAWALS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

/// Debits that take a credit back, after `after`: open ones, and those that came before their credit, or as any other debit,
/// and are told of by a case that names no payment yet.
pub async fn reversals(
    db: &Db,
    account: &AccountCode,
    after: MovementId,
    limit: i64,
) -> Result<Vec<MovementId>, StorageError> {
    let statement = db.prepare_cached(REVERSALS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &after.uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}

// formats cut texts elsewhere: what one of its lines names, it names
const REVERSAL: &str = "select (select string_agg(distinct l.text, e'\\n') from statement_line l
            where l.movement_id = m.id or l.statement_id = m.statement_id and l.line_no = m.line_no) as text,
        array(select r.reference from movement_reference r where r.movement_id = m.id order by r.reference) as known_as
    from movement m where m.id = $1";
// more of the same amount than anybody reads are narrowed to those that the reversal may mean; whether it does is the
// domain's to say
const REVERSIBLE: &str = "with named as materialized (
        select m.reverses as movement_id from movement m where m.id = $1 and m.reverses is not null
        union
        -- of a long one MT940 shows a part; a short number is given out again: it means what was booked just before
        select r.movement_id from movement m join movement_reference r
            on r.account_code = m.account_code and r.direction = 'in' and left(r.reference, 16) = any($2)
        join movement c on c.id = r.movement_id
            and (length(split_part(':' || r.reference, ':', -1)) >= 8 or c.booking_date >= m.booking_date - 2)
        where m.id = $1 and m.reverses is null
        union
        select r.movement_id from movement m join movement_reference r
            on r.account_code = m.account_code and r.direction = 'in' and split_part(':' || r.reference, ':', -1) = any($3)
        where m.id = $1 and m.reverses is null
        union
        -- its payment was told with a reference that its line lacks
        select k.movement_id from movement m join payment_reference r
            on r.account_code = m.account_code and (left(r.reference, 16) = any($2) or r.reference = any($3))
        join movement_match k on k.payment_id = r.payment_id and k.amount > 0
        where m.id = $1 and m.reverses is null and length(split_part(':' || r.reference, ':', -1)) >= 8)
    select case when p.amount = c.amount then p.id end as payment_id,
        array(select r.reference from movement_reference r where r.movement_id = c.id
              union select r.reference from payment_reference r where r.payment_id = p.id order by 1) as known_as,
        m.reverses is not null as is_meant
    from movement m
    cross join named n
    join movement c on c.id = n.movement_id and c.account_code = m.account_code and c.direction = 'in'
        and c.amount = -m.amount and c.booking_date between m.booking_date - 60 and m.booking_date
    left join movement_match k on k.movement_id = c.id and k.amount > 0
    left join payment p on p.id = k.payment_id
    -- a marked one is the return of a debit, unless it was booked as a payment
    where m.id = $1 and coalesce(p.reversed, 0) = 0 and (not c.reversal or p.id is not null)
    order by c.id limit 50";

/// What an open reversal says, and the credits that it may mean.
pub async fn reversible(db: &Db, id: MovementId) -> Result<(Reversal, Vec<Reversible>), StorageError> {
    let known_as = |row: &tokio_postgres::Row| -> Vec<BankReference> {
        row.get::<_, Vec<String>>("known_as").iter().map(|r| BankReference::stored(r)).collect()
    };
    let row = db.query_one(REVERSAL, &[&id.uuid()]).await?;
    let reversal = Reversal { text: row.get("text"), references: known_as(&row) };
    let head = |reference: &BankReference| reference.to_string().chars().take(MT940_CHARACTERS).collect();
    let own: Vec<String> = reversal.references.iter().map(head).collect();
    let words: Vec<String> = bank_reference::words(&reversal.text).into_iter().collect();
    let rows = db.query(REVERSIBLE, &[&id.uuid(), &own, &words]).await?;
    let credit = |row: &tokio_postgres::Row| Reversible {
        payment: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
        references: known_as(row),
        is_meant: row.get("is_meant"),
    };
    Ok((reversal, rows.iter().map(credit).collect()))
}

/// Who claims a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimant {
    Payment(PaymentId),
    Settlement(SettlementId),
    Refund(domain::RefundId),
    Deposit(DepositId),
    Remittance(domain::RemittanceId),
}

impl Claimant {
    /// The column that names it, and what it is.
    const fn named(self) -> (Column, Uuid) {
        match self {
            Self::Payment(id) => (Column::Payment, id.uuid()),
            Self::Settlement(id) => (Column::Settlement, id.uuid()),
            Self::Refund(id) => (Column::Refund, id.uuid()),
            Self::Deposit(id) => (Column::Deposit, id.uuid()),
            Self::Remittance(id) => (Column::Remittance, id.uuid()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Payment,
    Settlement,
    Refund,
    Deposit,
    Remittance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewClaim {
    pub movement_id: MovementId,
    pub claimant: Claimant,
    pub amount: Vnd,
    pub rule: Rule,
}

const CLAIM: &str =
    "insert into movement_match (movement_id, payment_id, settlement_id, refund_id, deposit_id, remittance_id, contra_account,
        amount, rule, fields)
    select movement, payment, settlement, refund, deposit, remittance,
           case when deposit is not null then 'deposit' when remittance is not null then 'remittance' end, amount, rule,
           string_to_array(fields, ',')
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $4::bigint[], $5::text[], $6::text[])
        as c(movement, payment, settlement, refund, deposit, remittance, amount, rule, fields)";

/// # Errors
/// Conflicts `movement_claimed_once`, `payment_claims_one_movement` and their like when somebody else
/// was first: try again.
pub async fn claim(db: &Db, claims: &[NewClaim]) -> Result<(), StorageError> {
    if claims.is_empty() {
        return Ok(());
    }
    let movements: Vec<Uuid> = claims.iter().map(|c| c.movement_id.uuid()).collect();
    let of = |wanted: Column| -> Vec<Option<Uuid>> {
        claims
            .iter()
            .map(|c| Some(c.claimant.named()).filter(|(column, _)| *column == wanted).map(|(_, id)| id))
            .collect()
    };
    let payments = of(Column::Payment);
    let (settlements, refunds) = (of(Column::Settlement), of(Column::Refund));
    let (deposits, remittances) = (of(Column::Deposit), of(Column::Remittance));
    let amounts: Vec<i64> = claims.iter().map(|c| c.amount.dong()).collect();
    let rules: Vec<&str> = claims.iter().map(|c| c.rule.as_str()).collect();
    let fields: Vec<String> = claims.iter().map(|c| c.rule.fields().join(",")).collect();
    let statement = db.prepare_cached(CLAIM).await?;
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
        [&movements, &payments, &settlements, &amounts, &rules, &fields, &refunds, &deposits, &remittances];
    db.execute(&statement, &columns).await?;
    let shown: Vec<Uuid> = payments.iter().flatten().copied().collect();
    let statement = db.prepare_cached(SHOWN).await?;
    db.execute(&statement, &[&shown]).await?;
    let statement = db.prepare_cached(SAYS_MORE).await?;
    db.execute(&statement, &[&movements]).await?;
    set_fate(db, &movements, "matched").await
}

const SAYS_MORE: &str = "insert into unplaced_payment (payment_id, account_code)
    select k.payment_id, m.account_code from movement m
    join movement_match k on k.movement_id = m.id join payment p on p.id = k.payment_id
    where m.id = any($1) and cardinality(m.codes) > 0 and p.intent_id is null on conflict do nothing";

const SHOWN: &str = "delete from awaited_payment where payment_id = any($1)";

const FATE: &str = "update movement set fate = $2 where id = any($1) and fate is null";

async fn set_fate(db: &Db, ids: &[Uuid], fate: &str) -> Result<(), StorageError> {
    let statement = db.prepare_cached(FATE).await?;
    let touched = db.execute(&statement, &[&ids, &fate]).await?;
    if touched == ids.len() as u64 { Ok(()) } else { Err(StorageError::Retry(None)) }
}

/// Nobody claims these; a case tells of each.
pub async fn told_by_case(db: &Db, ids: &[MovementId]) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    set_fate(db, &ids, "case").await
}

const UNEXPLAINED: &str = "select exists (select from movement where id = $1 and direction = 'out' and fate = 'case')
    or exists (select from movement_match k join payment p on p.id = k.payment_id
               where k.movement_id = $1 and k.amount > 0 and k.amount <> p.amount)
    or exists (select from movement_match k join deposit d on d.id = k.deposit_id
               where k.movement_id = $1 and k.amount <> d.amount)";

/// Whether it is a debit that waits in suspense, since nobody says what it is; or a credit of which a part does, since its
/// payment or its deposit was told of with another amount.
pub async fn is_unexplained(db: &Db, id: MovementId) -> Result<bool, StorageError> {
    Ok(db.query_one(UNEXPLAINED, &[&id.uuid()]).await?.get(0))
}

const OUTCOMES: &str = "insert into sighting_outcome (sighting_id, state, payment_id)
    select sighting, state, payment from unnest($1::uuid[], $2::text[], $3::uuid[]) as o(sighting, state, payment)";

/// What became of sightings, many at once.
pub async fn outcomes(
    db: &Db,
    of: &[(SightingId, domain::payment::SightingState, PaymentId)],
) -> Result<(), StorageError> {
    if of.is_empty() {
        return Ok(());
    }
    let sightings: Vec<Uuid> = of.iter().map(|(id, ..)| id.uuid()).collect();
    let states: Vec<&str> = of.iter().map(|(_, state, _)| state.as_str()).collect();
    let payments: Vec<Uuid> = of.iter().map(|(.., payment)| payment.uuid()).collect();
    let statement = db.prepare_cached(OUTCOMES).await?;
    db.execute(&statement, &[&sightings, &states, &payments]).await?;
    Ok(())
}

const CASES: &str =
    "select k.id, coalesce(k.payment_id, k.id) as payment_id, k.kind, k.waits, k.status, k.version from kase k
    where k.id = any($1) and k.status <> 'closed' order by k.id for update of k";

/// Those of these cases that are not closed, locked.
pub async fn open_cases(db: &Db, ids: &[CaseId]) -> Result<Vec<OpenCase>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(CASES).await?;
    let rows = db.query(&statement, &[&ids]).await?;
    rows.iter().map(case_from_row).collect()
}

// Only what a claim has put on this list: unidentified payments may be a million, those whose line says more are few.
const UNPLACED: &str = "select u.payment_id, array_agg(distinct i.reference) filter (where i.id is not null), min(l.sighting_id::text)::uuid
    from unplaced_payment u
    join payment p on p.id = u.payment_id
    join movement_match k on k.payment_id = u.payment_id
    join movement m on m.id = k.movement_id
    join statement_line l on l.statement_id = m.statement_id and l.line_no = m.line_no
    -- what comes back is not what was paid, whatever it names
    left join intent i on i.reference = any(m.codes) and not m.reversal and p.intent_id is null and p.reversed = 0 and p.amount <= $3
    where u.account_code = $1
    group by u.payment_id order by u.payment_id limit $2";

/// A payment that named nothing of ours, and what its line on a statement names.
#[derive(Debug, Clone)]
pub struct Unplaced {
    pub payment_id: PaymentId,
    /// References of intents; none when the payment has been placed or taken back since, or is above what we ask for.
    pub named: Vec<String>,
    /// The line.
    pub sighting_id: SightingId,
}

/// Payments that named nothing of ours, and whose line has codes of ours.
pub async fn unplaced(db: &Db, account: &AccountCode, limit: i64) -> Result<Vec<Unplaced>, StorageError> {
    let statement = db.prepare_cached(UNPLACED).await?;
    let rows = db.query(&statement, &[&account.as_str(), &limit, &MAX_AMOUNT]).await?;
    Ok(rows
        .iter()
        .map(|row| Unplaced {
            payment_id: row.get::<_, Uuid>(0).into(),
            named: row.get::<_, Option<Vec<String>>>(1).unwrap_or_default(),
            sighting_id: row.get::<_, Uuid>(2).into(),
        })
        .collect())
}

const PLACED: &str = "delete from unplaced_payment where payment_id = any($1)";

/// Nothing more can be learned from the lines of these.
pub async fn looked_at(db: &Db, payments: &[PaymentId]) -> Result<(), StorageError> {
    if payments.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = payments.iter().map(|id| id.uuid()).collect();
    let statement = db.prepare_cached(PLACED).await?;
    db.execute(&statement, &[&ids]).await?;
    Ok(())
}

const ACCOUNTS: &str =
    "select account_code from movement where fate is null union select account_code from waiting_sighting
    union select account_code from unplaced_payment union select account_code from deposit where sought_at is null
    union select account_code from late_payout
    union select m.account_code from early_return e join movement m on m.id = e.movement_id
        join refund r on r.id = e.refund_id join movement_match k on k.movement_id = e.movement_id
        join payment p on p.id = k.payment_id and p.reversed = 0 where r.status = 'succeeded'
    union select m.account_code from kase k join movement m on m.id = k.movement_id
        where k.kind in ('chargeback', 'unidentified') and k.status <> 'closed' and k.payment_id is null
          and k.movement_id is not null and m.fate = 'case' and m.direction = 'out' and m.reversal";

/// Accounts with movements that nobody has claimed, reports that wait, payments whose line says more than they do,
/// reversals that no case has put to their payment yet, a deposit whose credit may be there, or a payment that was a payout or a
/// return.
pub async fn accounts_with_open(db: &Db) -> Result<Vec<String>, StorageError> {
    let statement = db.prepare_cached(ACCOUNTS).await?;
    Ok(db.query(&statement, &[]).await?.iter().map(|row| row.get(0)).collect())
}

const BATCH: &str = "set local statement_timeout = '5min'";
const PATIENT: &str = "set local lock_timeout = '5min'";
const MATCHING: &str = "select pg_advisory_xact_lock(hashtextextended('match:' || $1, 0))";

/// A batch may take longer than a request.
pub async fn begin_batch(db: &Db, account: &AccountCode) -> Result<(), StorageError> {
    db.batch_execute(BATCH).await?;
    match_alone(db, account).await
}

/// Who matches an account does it alone until the transaction ends: whoever sent the file and the worker would otherwise
/// claim the same movement, or wait for each other's turns.
pub async fn match_alone(db: &Db, account: &AccountCode) -> Result<(), StorageError> {
    db.batch_execute(PATIENT).await?;
    db.query(MATCHING, &[&account.as_str()]).await?;
    Ok(())
}

const OVERDUE_DAYS: &str = "select distinct (a.paid_at at time zone 'Asia/Ho_Chi_Minh')::date from awaited_payment a
    where a.account_code = $1
      and not exists (select from kase k where k.payment_id = a.payment_id and k.kind = 'missing_at_provider'
                      and k.status <> 'closed')";

/// Days of payments that no statement has shown and no case tells of.
pub async fn overdue_days(db: &Db, account: &AccountCode) -> Result<Vec<Date>, StorageError> {
    let statement = db.prepare_cached(OVERDUE_DAYS).await?;
    Ok(db.query(&statement, &[&account.as_str()]).await?.iter().map(|row| row.get(0)).collect())
}

const OVERDUE: &str = "select a.payment_id, a.amount, a.paid_at from awaited_payment a
    where a.account_code = $1 and (a.paid_at at time zone 'Asia/Ho_Chi_Minh')::date = any($2)
      and not exists (select from kase k where k.payment_id = a.payment_id and k.kind = 'missing_at_provider'
                      and k.status <> 'closed')
    order by a.paid_at, a.payment_id limit 500";

/// Payments of these days that no statement has shown and no case tells of, oldest first.
pub async fn overdue(
    db: &Db,
    account: &AccountCode,
    days: &[Date],
) -> Result<Vec<(PaymentId, Vnd, jiff::Timestamp)>, StorageError> {
    let statement = db.prepare_cached(OVERDUE).await?;
    let rows = db.query(&statement, &[&account.as_str(), &days]).await?;
    Ok(rows.iter().map(|r| (r.get::<_, Uuid>(0).into(), Vnd::new(r.get(1)), r.get(2))).collect())
}

const SHOWN_AFTER_ALL: &str = "select k.id from kase k join payment p on p.id = k.payment_id
    where p.receiving_account = $1 and k.kind = 'missing_at_provider' and k.status <> 'closed'
      and exists (select from movement_match m where m.payment_id = p.id)";

/// Open cases of payments whose line came after all, locked.
pub async fn shown_after_all(db: &Db, account: &AccountCode) -> Result<Vec<OpenCase>, StorageError> {
    let statement = db.prepare_cached(SHOWN_AFTER_ALL).await?;
    let rows = db.query(&statement, &[&account.as_str()]).await?;
    let ids: Vec<CaseId> = rows.iter().map(|r| r.get::<_, Uuid>(0).into()).collect();
    open_cases(db, &ids).await
}
