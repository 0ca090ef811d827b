//! What a statement says has arrived: each new credit from in transit to the bank, once per movement, in journals of at
//! most five hundred movements of one day.

use crate::error::StorageError;
use crate::pool::Db;
use domain::StatementId;
use domain::codes::AccountCode;

const BOOK: &str = "with fresh as (
        select id, amount, business_date,
               (row_number() over (partition by business_date order by id) - 1) / 500 as part
        from movement where statement_id = $1 and direction = 'in'),
    part as materialized (
        select d.business_date, d.part, gen_random_uuid() as journal, open.day
        from (select distinct business_date, part from fresh) d
        cross join lateral (select open_day('bank:' || $2, d.business_date) as day) open),
    booked as (
        insert into journal (id, kind, cause, business_date, original_business_date, actor)
        select journal, 'statement_line', 'statement_says', day, case when day <> business_date then business_date end, $3
        from part),
    entries as (
        insert into ledger_entry (journal_id, account_code, amount, movement_id)
        select p.journal, side.kind || ':' || $2, side.sign * f.amount, f.id
        from fresh f join part p on p.business_date = f.business_date and p.part = f.part
        cross join (values ('bank', 1), ('in_transit', -1)) as side(kind, sign)
        order by f.id, side.sign desc)
    insert into unsealed (kind, subject_id) select 'journal', assurance.text_id('jnl', journal) from part";

/// Books the credits among the new movements of a statement.
pub async fn book(db: &Db, statement: StatementId, account: &AccountCode, actor: &str) -> Result<(), StorageError> {
    db.execute(BOOK, &[&statement.uuid(), &account.as_str(), &actor]).await?;
    Ok(())
}
