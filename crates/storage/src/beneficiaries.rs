//! Agencies, beneficiaries with their accounts, the fee catalogue and the working calendar: what the province sets.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, word};
use domain::Vnd;
use domain::beneficiary::Beneficiary;
use domain::business_day::WorkingCalendar;
use domain::catalogue::CatalogueFee;
use domain::codes::BeneficiaryCode;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

pub async fn put_agency(db: &Db, code: &str, name: &str) -> Result<(), StorageError> {
    db.execute(
        "insert into agency (code, name) values ($1, $2) on conflict (code) do update set name = excluded.name",
        &[&code, &name],
    )
    .await?;
    Ok(())
}

const AGENCIES: &str = "select code, name from agency where $1::text is null or code = $1 order by code";

/// Code and name of each agency, or of the one of `code`.
pub async fn agencies(db: &Db, code: Option<&str>) -> Result<Vec<(String, String)>, StorageError> {
    let rows = db.query(AGENCIES, &[&code]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

const HOLD: &str = "select pg_advisory_xact_lock(hashtextextended('beneficiary:' || $1, 0))";

/// Nobody else makes or changes the beneficiary of this code until the transaction ends.
pub async fn hold(db: &Db, code: &BeneficiaryCode) -> Result<(), StorageError> {
    db.execute(HOLD, &[&code.as_str()]).await?;
    Ok(())
}

const PUT_BENEFICIARY: &str = "with b as (
        insert into beneficiary (code, agency_code, name) values ($1, $2, $3)
        on conflict (code) do update set name = excluded.name returning code),
    a as (insert into account (code, kind) values ('obligation:' || $1, 'obligation'), ('remitted:' || $1, 'remitted')
          on conflict do nothing),
    fresh as (
        insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
            account_name, proposed_by)
        select code, $4, $5, $6, $7, $8, $9::text from b
        where not exists (select from beneficiary_account x where x.beneficiary_code = $1)
        returning assurance.account_text(beneficiary_account) as text),
    line as (insert into audit (actor, action, subject) select $9::text, 'account_set', text from fresh returning id)
    insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from line";

/// Makes a beneficiary with its first account, and says so in the audit trail. The account of one that exists is not
/// touched: that takes two persons.
pub async fn put_beneficiary(db: &Db, b: &Beneficiary, in_force_from: Timestamp, by: &str) -> Result<(), StorageError> {
    db.execute(
        PUT_BENEFICIARY,
        &[
            &b.code.as_str(),
            &b.agency_code,
            &b.name,
            &in_force_from,
            &b.account_kind.as_str(),
            &b.bank_bin,
            &b.account_number,
            &b.account_name,
            &by,
        ],
    )
    .await?;
    Ok(())
}

const IN_FORCE: &str = "select distinct on (b.code) b.code, b.agency_code, b.name, a.account_kind, a.bank_bin,
        a.account_number, a.account_name
    from beneficiary b join beneficiary_account a on a.beneficiary_code = b.code
    where ($1::text is null or b.code = $1) and a.in_force_from <= now() order by b.code, a.in_force_from desc";

/// Beneficiaries with the account that is in force now; all, or the one of `code`.
pub async fn in_force(db: &Db, code: Option<&str>) -> Result<Vec<Beneficiary>, StorageError> {
    let statement = db.prepare_cached(IN_FORCE).await?;
    let rows = db.query(&statement, &[&code]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Beneficiary, StorageError> {
    Ok(Beneficiary {
        code: BeneficiaryCode::new(row.get::<_, String>("code")).map_err(unreadable)?,
        agency_code: row.get("agency_code"),
        name: row.get("name"),
        account_kind: word(row, "account_kind")?,
        bank_bin: row.get("bank_bin"),
        account_number: row.get("account_number"),
        account_name: row.get("account_name"),
    })
}

const NEWEST: &str =
    "select b.code, b.agency_code, b.name, a.account_kind, a.bank_bin, a.account_number, a.account_name
    from beneficiary b join beneficiary_account a on a.beneficiary_code = b.code
    where b.code = $1 order by a.in_force_from desc limit 1 for no key update of b";

/// A beneficiary with its newest account, in force or not yet; held until the transaction ends.
pub async fn newest(db: &Db, code: &str) -> Result<Option<Beneficiary>, StorageError> {
    db.query_opt(NEWEST, &[&code]).await?.map(|row| from_row(&row)).transpose()
}

const COMING: &str =
    "select b.code, b.agency_code, b.name, a.account_kind, a.bank_bin, a.account_number, a.account_name,
        a.in_force_from
    from beneficiary b join beneficiary_account a on a.beneficiary_code = b.code
    where a.in_force_from > now() order by b.code, a.in_force_from";

/// Accounts that are approved and not in force yet, the next one of each beneficiary first.
pub async fn coming(db: &Db) -> Result<Vec<(Beneficiary, Timestamp)>, StorageError> {
    let rows = db.query(COMING, &[]).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.get("in_force_from")))).collect()
}

const ADD_ACCOUNT: &str = "with fresh as (
        insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
            account_name, proposed_by, approved_by) values ($1, $2, $3, $4, $5, $6, $7, $8::text)
        returning assurance.account_text(beneficiary_account) as text),
    line as (insert into audit (actor, action, subject) select $8::text, 'account_set', text from fresh returning id)
    insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from line";

/// Another account of a beneficiary that is there; `persons`: who proposed and who approved it.
pub async fn add_account(
    db: &Db,
    b: &Beneficiary,
    in_force_from: Timestamp,
    persons: (&str, &str),
) -> Result<(), StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
        &b.code.as_str(),
        &in_force_from,
        &b.account_kind.as_str(),
        &b.bank_bin,
        &b.account_number,
        &b.account_name,
        &persons.0,
        &persons.1,
    ];
    db.execute(ADD_ACCOUNT, &params).await?;
    Ok(())
}

const WITHDRAW: &str = "select withdraw_coming_accounts($1, $2, $3)";

/// Accounts of a beneficiary that are not in force yet are not to be; `persons`: who proposed that, and who approved it.
pub async fn withdraw_coming(db: &Db, code: &str, persons: (&str, &str)) -> Result<i64, StorageError> {
    Ok(db.query_one(WITHDRAW, &[&code, &persons.0, &persons.1]).await?.get(0))
}

const KNOWN: &str = "select exists (select from agency where code = $1) as agency,
    exists (select from beneficiary where code = $2 and agency_code = $1) as beneficiary";

/// Whether the agency exists, and whether the beneficiary is one of its own.
pub async fn known(db: &Db, agency: &str, beneficiary: &str) -> Result<(bool, bool), StorageError> {
    let statement = db.prepare_cached(KNOWN).await?;
    let row = db.query_one(&statement, &[&agency, &beneficiary]).await?;
    Ok((row.get(0), row.get(1)))
}

const REPLACE_FEES: &str = "with gone as (delete from fee_catalogue)
    insert into fee_catalogue (fee_code, name, amounts, unit, legal_basis, budget_sub_item, valid_from, valid_to)
    select code, name, string_to_array(amounts, ',')::bigint[], unit, basis, sub_item, valid_from, valid_to
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::date[], $7::date[], $8::text[])
        as f(code, name, amounts, unit, basis, valid_from, valid_to, sub_item)";

/// Puts the catalogue in the place of the one before.
pub async fn replace_fees(db: &Db, fees: &[CatalogueFee]) -> Result<(), StorageError> {
    let codes: Vec<&str> = fees.iter().map(|f| f.fee_code.as_str()).collect();
    let c = Columns::of(fees);
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&codes, &c.names, &c.amounts, &c.units, &c.bases, &c.from, &c.to, &c.sub_items];
    db.execute(REPLACE_FEES, &params).await?;
    Ok(())
}

const HOLD_FEE: &str = "select pg_advisory_xact_lock(hashtextextended('fee:' || $1, 0))";

/// Nobody else puts the entries of this fee until the transaction ends.
pub async fn hold_fee(db: &Db, fee_code: &str) -> Result<(), StorageError> {
    db.execute(HOLD_FEE, &[&fee_code]).await?;
    Ok(())
}

const REPLACE_FEE: &str = "with gone as (delete from fee_catalogue where fee_code = $1)
    insert into fee_catalogue (fee_code, name, amounts, unit, legal_basis, budget_sub_item, valid_from, valid_to)
    select $1, name, string_to_array(amounts, ',')::bigint[], unit, basis, sub_item, valid_from, valid_to
    from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::date[], $7::date[], $8::text[])
        as f(name, amounts, unit, basis, valid_from, valid_to, sub_item)";

/// Puts these entries in the place of those of one fee; none takes the fee out of the catalogue.
///
/// # Errors
/// The conflict `fee_validity_overlaps` where two of them hold on one day.
pub async fn replace_fee(db: &Db, fee_code: &str, fees: &[CatalogueFee]) -> Result<(), StorageError> {
    let c = Columns::of(fees);
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&fee_code, &c.names, &c.amounts, &c.units, &c.bases, &c.from, &c.to, &c.sub_items];
    db.execute(REPLACE_FEE, &params).await?;
    Ok(())
}

/// Entries as a statement takes them: a column each.
struct Columns<'a> {
    names: Vec<&'a str>,
    amounts: Vec<String>,
    units: Vec<Option<i64>>,
    bases: Vec<&'a str>,
    from: Vec<Option<Date>>,
    to: Vec<Option<Date>>,
    sub_items: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(fees: &'a [CatalogueFee]) -> Self {
        let list = |amounts: &[Vnd]| amounts.iter().map(|a| a.dong().to_string()).collect::<Vec<_>>().join(",");
        Self {
            names: fees.iter().map(|f| f.name.as_str()).collect(),
            amounts: fees.iter().map(|f| list(&f.amounts)).collect(),
            units: fees.iter().map(|f| f.unit.map(Vnd::dong)).collect(),
            bases: fees.iter().map(|f| f.legal_basis.as_str()).collect(),
            from: fees.iter().map(|f| f.valid_from).collect(),
            to: fees.iter().map(|f| f.valid_to).collect(),
            sub_items: fees.iter().map(|f| f.budget_sub_item.as_deref()).collect(),
        }
    }
}

const FEES: &str =
    "select fee_code, name, amounts, unit, legal_basis, budget_sub_item, valid_from, valid_to from fee_catalogue
    where $1::text is null or fee_code = $1 order by fee_code, valid_from nulls first";

/// The catalogue's entries of one fee, or all.
pub async fn fees(db: &Db, fee_code: Option<&str>) -> Result<Vec<CatalogueFee>, StorageError> {
    let statement = db.prepare_cached(FEES).await?;
    let rows = db.query(&statement, &[&fee_code]).await?;
    Ok(rows
        .iter()
        .map(|row| CatalogueFee {
            fee_code: row.get("fee_code"),
            name: row.get("name"),
            amounts: row.get::<_, Vec<i64>>("amounts").into_iter().map(Vnd::new).collect(),
            unit: row.get::<_, Option<i64>>("unit").map(Vnd::new),
            legal_basis: row.get("legal_basis"),
            budget_sub_item: row.get("budget_sub_item"),
            valid_from: row.get("valid_from"),
            valid_to: row.get("valid_to"),
        })
        .collect())
}

const REPLACE_CALENDAR: &str = "insert into working_day_exception (day, worked, name)
    select day, worked, name from unnest($1::date[], $2::bool[], $3::text[]) as c(day, worked, name)
    on conflict (day) do update set worked = excluded.worked, name = excluded.name";

/// Adds days off and worked Saturdays, or changes them.
pub async fn put_calendar(db: &Db, days: &[(Date, bool, String)]) -> Result<(), StorageError> {
    let dates: Vec<Date> = days.iter().map(|d| d.0).collect();
    let worked: Vec<bool> = days.iter().map(|d| d.1).collect();
    let names: Vec<&str> = days.iter().map(|d| d.2.as_str()).collect();
    db.execute(REPLACE_CALENDAR, &[&dates, &worked, &names]).await?;
    Ok(())
}

/// Days of a calendar that are not as their weekday: worked or not, and why.
pub type Exception = (Date, bool, String);

const EXCEPTIONS: &str = "select day, worked, name from working_day_exception
    where ($1::date is null or day >= $1) and ($2::date is null or day <= $2) order by day";

/// Between two days, both included.
pub async fn exceptions(db: &Db, from: Option<Date>, to: Option<Date>) -> Result<Vec<Exception>, StorageError> {
    let rows = db.query(EXCEPTIONS, &[&from, &to]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

const REMOVE_EXCEPTION: &str = "delete from working_day_exception where day = $1";

/// The day is again as its weekday; false where it was.
pub async fn remove_exception(db: &Db, day: Date) -> Result<bool, StorageError> {
    Ok(db.execute(REMOVE_EXCEPTION, &[&day]).await? == 1)
}

const CALENDAR: &str = "select day, worked from working_day_exception";

pub async fn calendar(db: &Db) -> Result<WorkingCalendar, StorageError> {
    let mut calendar = WorkingCalendar::default();
    for row in db.query(CALENDAR, &[]).await? {
        let days = if row.get(1) { &mut calendar.worked_saturdays } else { &mut calendar.holidays };
        days.insert(row.get(0));
    }
    Ok(calendar)
}
