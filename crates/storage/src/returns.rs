//! Credits that bring a transfer of ours back: which they may be, and those that were booked as payments before that was known.

use crate::error::StorageError;
use crate::pool::Db;
use domain::bank_reference::BankReference;
use domain::codes::AccountCode;
use domain::matching::returns::{Credit, Sent};
use domain::{MovementId, PaymentId, RefundId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

/// A credit, and the transfers of its amount that it may bring back.
#[derive(Debug, Clone)]
pub struct MayReturn {
    pub movement: MovementId,
    /// None while nobody has claimed it.
    pub payment: Option<PaymentId>,
    pub amount: Vnd,
    pub day: Date,
    pub credit: Credit,
    pub sent: Vec<Sent>,
}

// `{credits}`: those that are looked at. Of transfers of the same amount those whose debit a credit may name; whether it does is
// the domain's to say. Formats cut texts elsewhere: what one of its lines says, it says.
const MAY_RETURN: &str = "with credit as materialized ({credits}),
    said as materialized (
        select c.id, c.payment_id, m.account_code, m.amount, m.booking_date, l.is_marked, l.text,
            array(select x.reference from refund x where x.reference = any(m.codes) order by x.id) as codes,
            array(select x.id from refund x where x.reference = any(m.codes) order by x.id) as whose, m.codes as all_codes
        from credit c join movement m on m.id = c.id
        cross join lateral (
            select m.reversal or bool_or(l.reversal) as is_marked, string_agg(distinct l.text, e'\\n') as text
            from statement_line l
            where l.movement_id = m.id or l.statement_id = m.statement_id and l.line_no = m.line_no) l)
    select s.id, s.payment_id, s.amount, s.booking_date, s.is_marked, s.text, s.codes, s.whose, r.id as refund_id,
        r.reference as code,
        array(select o.reference from movement_reference o where o.movement_id = s.id order by 1) as known_as,
        array(select o.reference from movement_reference o
              where o.movement_id = d.id and o.account_code = s.account_code order by 1) as sent_as
    from said s
    join refund r on r.status = 'succeeded' and r.route = 'transfer' and r.amount = s.amount
    join movement_match k on k.refund_id = r.id and k.amount = -r.amount
    join movement d on d.id = k.movement_id
    where (s.is_marked or s.all_codes <@ s.codes)
      and (r.reference = any(s.codes) or d.account_code = s.account_code
           and s.booking_date between d.booking_date and d.booking_date + 60
           and (s.is_marked or exists (
               select from movement_reference o where o.movement_id = d.id
               and (position(split_part(':' || o.reference, ':', -1) in plain_code(s.text)) > 0
                    or exists (select from movement_reference own where own.movement_id = s.id and own.reference = o.reference)))))
      -- people have it, and hear whose it was
      and not exists (select from kase t where t.payment_id = s.payment_id and t.kind = 'status_differs'
                      and t.subject = assurance.text_id('rfd', r.id))
    order by s.id, r.id";

const OPEN: &str = "select m.id, null::uuid as payment_id from movement m
    where m.account_code = $1 and m.fate is null and m.direction = 'in' and m.payout_of is null
      and m.amount in (select r.amount from refund r where r.status = 'succeeded' and r.route = 'transfer')";

// marked ones, whoever has them since; others while they wait for somebody to say what they are
const BOOKED: &str = "select m.id, p.id as payment_id from movement m
    join movement_match k on k.movement_id = m.id join payment p on p.id = k.payment_id and p.reversed = 0
    where m.account_code = $1 and m.direction = 'in' and m.reversal and m.booking_date >= $2::date - 60
      and not exists (select from early_return e where e.movement_id = m.id)
    union
    select m.id, p.id from kase c
    join payment p on p.id = c.payment_id and p.reversed = 0 and p.receiving_account = $1
    join movement_match k on k.payment_id = p.id and k.amount > 0 join movement m on m.id = k.movement_id
    where c.kind = 'unidentified' and c.status <> 'closed'
      and not exists (select from early_return e where e.movement_id = m.id)";

/// Credits that nobody has claimed, and that may bring back a transfer whose debit is known.
pub async fn open(db: &Db, account: &AccountCode) -> Result<Vec<MayReturn>, StorageError> {
    let statement = db.prepare_cached(&MAY_RETURN.replace("{credits}", OPEN)).await?;
    Ok(grouped(&db.query(&statement, &[&account.as_str()]).await?))
}

/// The same that are payments by now: marked ones of the last sixty days, and what waits unidentified.
pub async fn booked(db: &Db, account: &AccountCode, today: Date) -> Result<Vec<MayReturn>, StorageError> {
    let statement = db.prepare_cached(&MAY_RETURN.replace("{credits}", BOOKED)).await?;
    Ok(grouped(&db.query(&statement, &[&account.as_str(), &today]).await?))
}

fn grouped(rows: &[tokio_postgres::Row]) -> Vec<MayReturn> {
    let references = |row: &tokio_postgres::Row, name| -> Vec<BankReference> {
        row.get::<_, Vec<String>>(name).iter().map(|r| BankReference::stored(r)).collect()
    };
    let mut all: Vec<MayReturn> = Vec::new();
    for row in rows {
        let movement = row.get::<_, Uuid>("id").into();
        let sent = Sent {
            refund: row.get::<_, Uuid>("refund_id").into(),
            code: row.get("code"),
            references: references(row, "sent_as"),
        };
        match all.last_mut().filter(|last| last.movement == movement) {
            Some(last) => last.sent.push(sent),
            None => all.push(MayReturn {
                movement,
                payment: row.get::<_, Option<Uuid>>("payment_id").map(Into::into),
                amount: Vnd::new(row.get("amount")),
                day: row.get("booking_date"),
                credit: Credit {
                    is_marked: row.get("is_marked"),
                    text: row.get("text"),
                    codes: codes(row),
                    references: references(row, "known_as"),
                },
                sent: vec![sent],
            }),
        }
    }
    all
}

fn codes(row: &tokio_postgres::Row) -> Vec<(String, RefundId)> {
    let whose = row.get::<_, Vec<Uuid>>("whose").into_iter().map(RefundId::from);
    row.get::<_, Vec<String>>("codes").into_iter().zip(whose).collect()
}

const BOOKED_RETURNS: &str = "insert into early_return (movement_id, refund_id)
    select movement, refund from unnest($1::uuid[], $2::uuid[]) as e(movement, refund)
    on conflict do nothing";

/// These are payments now, and may yet be what brings these refunds back.
pub async fn note(db: &Db, of: &[(MovementId, RefundId)]) -> Result<(), StorageError> {
    if of.is_empty() {
        return Ok(());
    }
    let movements: Vec<Uuid> = of.iter().map(|(movement, _)| movement.uuid()).collect();
    let refunds: Vec<Uuid> = of.iter().map(|(_, refund)| refund.uuid()).collect();
    db.execute(BOOKED_RETURNS, &[&movements, &refunds]).await?;
    Ok(())
}

/// A payment that is the return of a transfer whose debit was seen after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyReturn {
    pub movement: MovementId,
    pub refund: RefundId,
    pub payment: PaymentId,
    pub day: Date,
}

const EARLY_RETURNS: &str = "select e.movement_id, e.refund_id, k.payment_id, m.business_date from early_return e
    join movement m on m.id = e.movement_id join refund r on r.id = e.refund_id
    join movement_match k on k.movement_id = e.movement_id
    join payment p on p.id = k.payment_id and p.reversed = 0
    where m.account_code = $1 and r.status = 'succeeded'
      -- what somebody is giving back is decided first
      and not exists (select from refund f where f.payment_id = p.id
                      and f.status not in ('rejected', 'cancelled', 'failed'))
    order by e.movement_id limit $2";

/// Payments of an account whose refund's debit has come.
pub async fn early_returns(db: &Db, account: &AccountCode, limit: i64) -> Result<Vec<EarlyReturn>, StorageError> {
    let statement = db.prepare_cached(EARLY_RETURNS).await?;
    let rows = db.query(&statement, &[&account.as_str(), &limit]).await?;
    let early = |row: &tokio_postgres::Row| EarlyReturn {
        movement: row.get::<_, Uuid>(0).into(),
        refund: row.get::<_, Uuid>(1).into(),
        payment: row.get::<_, Uuid>(2).into(),
        day: row.get(3),
    };
    Ok(rows.iter().map(early).collect())
}

const RETURN_DECIDED: &str = "delete from early_return where movement_id = $1";

/// False where somebody else has decided it.
pub async fn return_decided(db: &Db, movement: MovementId) -> Result<bool, StorageError> {
    Ok(db.execute(RETURN_DECIDED, &[&movement.uuid()]).await? == 1)
}
