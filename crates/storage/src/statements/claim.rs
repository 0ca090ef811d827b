//! Known money claims its movement by the bank's reference, set by set: what most lines of a statement are.

use crate::error::StorageError;
use crate::pool::Db;
use domain::codes::AccountCode;
use domain::{MovementId, PaymentId, Vnd};
use jiff::civil::Date;
use uuid::Uuid;

// From what is on its way, which is little, to what a file brought, which may be much. References are equal, or one of the
// two is as much of the other as MT940 has room for. A credit that is marked as a reversal may have the reference of the debit
// that it reverses: it is what was told of where amount and days agree too, and no other credit is.
const PAIRS: &str = "create temp table claim on commit drop as
    with told as materialized (
        select r.account_code, r.reference, r.payment_id from awaited_payment a
        join payment_reference r on r.payment_id = a.payment_id where a.account_code = $1)
    select distinct on (payment_id) movement_id, payment_id, amount, expected, business_date from (
        select distinct on (m.id) m.id as movement_id, r.payment_id, m.amount, p.amount as expected, m.business_date,
               mr.reference = r.reference as whole,
               m.reversal
        from told r
        join movement_reference mr on mr.account_code = r.account_code and mr.direction = 'in'
            and left(mr.reference, 16) = left(r.reference, 16)
            and (r.reference = mr.reference
                 or position(':' in r.reference || mr.reference) = 0
                    and (length(r.reference) = 16) <> (length(mr.reference) = 16))
        join movement m on m.id = mr.movement_id
        join payment p on p.id = r.payment_id
        where m.account_code = $1 and m.fate is null and m.direction = 'in' and m.payout_of is null
          and (not m.reversal or m.amount = p.amount and m.booking_date
               between (p.paid_at at time zone 'Asia/Ho_Chi_Minh')::date - 7 and (p.paid_at at time zone 'Asia/Ho_Chi_Minh')::date + 7)
        -- what only one movement is called says more than what the parts of a line share
        order by m.id, mr.reference = r.reference desc, p.amount = m.amount desc,
                 (select count(*) from movement_reference x where x.account_code = mr.account_code and x.direction = 'in'
                    and x.reference = mr.reference), p.recorded_at) one_each
    order by payment_id, whole desc, expected = amount desc, reversal, movement_id";

const MATCHES: &str = "insert into movement_match (movement_id, payment_id, amount, rule, fields)
    select movement_id, payment_id, amount, 'bank_reference',
           case when amount = expected then array['account', 'bank_ref', 'amount'] else array['account', 'bank_ref'] end
    from claim order by movement_id";
const SHOWN: &str = "delete from awaited_payment a using claim c where c.payment_id = a.payment_id";
const FATES: &str = "update movement m set fate = 'matched' from claim c where c.movement_id = m.id";
const LEARNED: &str = "insert into payment_reference (account_code, reference, payment_id)
    select r.account_code, r.reference, c.payment_id from claim c join movement_reference r on r.movement_id = c.movement_id
    on conflict do nothing";
const SAYS_MORE: &str = "insert into unplaced_payment (payment_id, account_code)
    select c.payment_id, m.account_code from claim c
    join movement m on m.id = c.movement_id join payment p on p.id = c.payment_id
    where cardinality(m.codes) > 0 and p.intent_id is null on conflict do nothing";
const OUTCOMES: &str = "insert into sighting_outcome (sighting_id, state, payment_id)
    select l.sighting_id, 'repeated', c.payment_id from claim c join statement_line l on l.movement_id = c.movement_id
    where l.sighting_id is not null";
const OTHER_AMOUNT: &str =
    "select movement_id, payment_id, expected, amount, business_date from claim where amount <> expected
    order by movement_id";
/// A payment whose movement has another amount than was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherAmount {
    pub movement_id: MovementId,
    pub payment_id: PaymentId,
    pub told: Vnd,
    pub stated: Vnd,
    pub day: Date,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    pub count: u64,
    pub other_amounts: Vec<OtherAmount>,
}

/// Lets payments claim the open movements that have their reference; each movement once, each payment once.
pub async fn claim_known(db: &Db, account: &AccountCode) -> Result<Claims, StorageError> {
    // a utility statement takes no parameters, and a code has no quotes
    db.batch_execute(&PAIRS.replace("$1", &format!("'{account}'"))).await?;
    let count = db.execute(MATCHES, &[]).await?;
    db.execute(SHOWN, &[]).await?;
    db.execute(FATES, &[]).await?;
    db.execute(LEARNED, &[]).await?;
    db.execute(SAYS_MORE, &[]).await?;
    db.execute(OUTCOMES, &[]).await?;
    let other_amounts = db
        .query(OTHER_AMOUNT, &[])
        .await?
        .iter()
        .map(|r| OtherAmount {
            movement_id: r.get::<_, Uuid>(0).into(),
            payment_id: r.get::<_, Uuid>(1).into(),
            told: Vnd::new(r.get(2)),
            stated: Vnd::new(r.get(3)),
            day: r.get(4),
        })
        .collect();
    Ok(Claims { count, other_amounts })
}
