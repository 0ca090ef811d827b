//! The online-payment score: its dated rules, what was imported for it, and what our own books count.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::unreadable;
use domain::ScoreImportId;
use domain::report::Period;
use domain::score::{Dossiers, FeeProcedures, Imported, Listed, Rule, Target, Whose};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

/// A rule as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRule {
    pub rule: Rule,
    pub note: String,
    pub set_by: String,
    pub set_at: Timestamp,
}

const RULES: &str =
    "select id, valid_from, dossiers_percent, dossiers_maximum, used_percent, used_maximum, provided_percent,
        provided_maximum, used_of, offline_channels, counts_exempt, note, set_by, set_at
    from score_rule where $1::date is null or (valid_from, id) > ($1, $2) order by valid_from, id limit $3";

/// Rules that were ever set, by the day from which they hold and of one day the last at last, each with its number; those after
/// `after`.
pub async fn rules(db: &Db, after: Option<(Date, i64)>, limit: i64) -> Result<Vec<(i64, SetRule)>, StorageError> {
    let (day, id) = after.unzip();
    let numbered = |row: &Row| Ok((row.get("id"), set_rule(row)?));
    db.query(RULES, &[&day, &id, &limit]).await?.iter().map(numbered).collect()
}

const RULES_UNTIL: &str = "select distinct on (valid_from) *
    from score_rule where valid_from <= $1 or valid_from = (select min(valid_from) from score_rule)
    order by valid_from, id desc";

/// Of each day up to `to` the rule that holds from it; the very first one where none does.
pub async fn rules_until(db: &Db, to: Date) -> Result<Vec<Rule>, StorageError> {
    db.query(RULES_UNTIL, &[&to]).await?.iter().map(|row| Ok(set_rule(row)?.rule)).collect()
}

fn set_rule(row: &Row) -> Result<SetRule, StorageError> {
    let small = |column: &str| u8::try_from(row.get::<_, i16>(column)).map_err(unreadable);
    let target = |part: &str| {
        let (percent, maximum) = (small(&format!("{part}_percent"))?, small(&format!("{part}_maximum"))?);
        Ok::<_, StorageError>(Target { percent, maximum })
    };
    let rule = Rule {
        valid_from: row.get("valid_from"),
        dossiers: target("dossiers")?,
        used: target("used")?,
        provided: target("provided")?,
        used_of: row.get::<_, &str>("used_of").parse().map_err(unreadable)?,
        offline_channels: row.get("offline_channels"),
        counts_exempt: row.get("counts_exempt"),
    };
    Ok(SetRule { rule, note: row.get("note"), set_by: row.get("set_by"), set_at: row.get("set_at") })
}

const ADD_RULE: &str =
    "insert into score_rule (valid_from, dossiers_percent, dossiers_maximum, used_percent, used_maximum,
        provided_percent, provided_maximum, used_of, offline_channels, counts_exempt, note, set_by, set_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

pub async fn add_rule(db: &Db, set: &SetRule) -> Result<(), StorageError> {
    let rule = &set.rule;
    let small = |t: Target| (i16::from(t.percent), i16::from(t.maximum));
    let (dossiers, used, provided) = (small(rule.dossiers), small(rule.used), small(rule.provided));
    db.execute(
        ADD_RULE,
        &[
            &rule.valid_from,
            &dossiers.0,
            &dossiers.1,
            &used.0,
            &used.1,
            &provided.0,
            &provided.1,
            &rule.used_of.as_str(),
            &rule.offline_channels,
            &rule.counts_exempt,
            &set.note,
            &set.set_by,
            &set.set_at,
        ],
    )
    .await?;
    Ok(())
}

/// A file that was imported, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub id: ScoreImportId,
    pub kind: String,
    pub as_of: Option<Date>,
    pub lines: i32,
    pub sha256: String,
    pub imported_by: String,
    pub imported_at: Timestamp,
}

const IMPORTS: &str = "select id, kind, as_of, lines, sha256, imported_by, imported_at from score_import
    where $1::uuid is null or id < $1 order by id desc limit $2";

/// The newest first, those after `after`.
pub async fn imports(db: &Db, after: Option<ScoreImportId>, limit: i64) -> Result<Vec<Import>, StorageError> {
    let import = |row: &Row| Import {
        id: row.get::<_, uuid::Uuid>("id").into(),
        kind: row.get("kind"),
        as_of: row.get("as_of"),
        lines: row.get("lines"),
        sha256: row.get("sha256"),
        imported_by: row.get("imported_by"),
        imported_at: row.get("imported_at"),
    };
    let after = after.map(ScoreImportId::uuid);
    Ok(db.query(IMPORTS, &[&after, &limit]).await?.iter().map(import).collect())
}

const FILE: &str = "select file from score_import where id = $1";

/// The file as it was sent.
pub async fn file(db: &Db, id: ScoreImportId) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(db.query_opt(FILE, &[&id.uuid()]).await?.map(|row| row.get(0)))
}

const ADD_IMPORT: &str = "insert into score_import (id, kind, as_of, lines, sha256, file, imported_by, imported_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

pub async fn add_import(db: &Db, i: &Import, file: &[u8]) -> Result<(), StorageError> {
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&i.id.uuid(), &i.kind, &i.as_of, &i.lines, &i.sha256, &file, &i.imported_by, &i.imported_at];
    db.execute(ADD_IMPORT, &params).await?;
    Ok(())
}

const ADD_PROCEDURES: &str =
    "insert into score_procedure (import_id, agency_code, procedure_code, name, has_fee, is_provided)
    select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[])";

/// Procedures with their names.
pub async fn add_procedures(db: &Db, id: ScoreImportId, all: &[(Listed, String)]) -> Result<(), StorageError> {
    let agencies: Vec<&str> = all.iter().map(|(l, _)| l.agency.as_str()).collect();
    let procedures: Vec<&str> = all.iter().map(|(l, _)| l.procedure.as_str()).collect();
    let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
    let fees: Vec<bool> = all.iter().map(|(l, _)| l.has_fee).collect();
    let provided: Vec<bool> = all.iter().map(|(l, _)| l.is_provided).collect();
    db.execute(ADD_PROCEDURES, &[&id.uuid(), &agencies, &procedures, &names, &fees, &provided]).await?;
    Ok(())
}

const ADD_DOSSIERS: &str =
    "insert into score_dossiers (import_id, month, agency_code, procedure_code, with_obligation, exempt)
    select $1, * from unnest($2::date[], $3::text[], $4::text[], $5::int[], $6::int[])";

pub async fn add_dossiers(db: &Db, id: ScoreImportId, all: &[Imported]) -> Result<(), StorageError> {
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let months: Vec<Date> = all.iter().map(|i| i.month).collect();
    let agencies: Vec<&str> = all.iter().map(|i| i.agency.as_str()).collect();
    let procedures: Vec<&str> = all.iter().map(|i| i.procedure.as_deref().unwrap_or_default()).collect();
    let owing: Vec<i32> = all.iter().map(|i| number(i.with_obligation)).collect();
    let exempt: Vec<i32> = all.iter().map(|i| number(i.exempt)).collect();
    db.execute(ADD_DOSSIERS, &[&id.uuid(), &months, &agencies, &procedures, &owing, &exempt]).await?;
    Ok(())
}

const LIST_IN_FORCE: &str = "select id from score_import where kind = 'procedures' and as_of <= $1
    order by as_of desc, imported_at desc, id desc limit 1";

/// The list of procedures in force on a day.
pub async fn list_in_force(db: &Db, on: Date) -> Result<Option<ScoreImportId>, StorageError> {
    Ok(db.query_opt(LIST_IN_FORCE, &[&on]).await?.map(|row| row.get::<_, uuid::Uuid>(0).into()))
}

const LISTED: &str = "select agency_code, procedure_code, has_fee, is_provided from score_procedure
    where import_id = $1 and ($2::text[] is null or agency_code = any($2))";

/// What a list says of these agencies.
pub async fn listed(db: &Db, list: ScoreImportId, agencies: Option<&[String]>) -> Result<Vec<Listed>, StorageError> {
    let listed =
        |row: &Row| Listed { agency: row.get(0), procedure: row.get(1), has_fee: row.get(2), is_provided: row.get(3) };
    Ok(db.query(LISTED, &[&list.uuid(), &agencies]).await?.iter().map(listed).collect())
}

const FEE_PROCEDURES: &str = "select procedure_code, bool_or(is_provided) from score_procedure
    where import_id = $1 and has_fee and ($2::text[] is null or agency_code = any($2)) group by 1";

/// The procedures of these agencies, each once.
pub async fn fee_procedures(
    db: &Db,
    list: ScoreImportId,
    agencies: Option<&[String]>,
) -> Result<FeeProcedures, StorageError> {
    let mut procedures = FeeProcedures::default();
    for row in db.query(FEE_PROCEDURES, &[&list.uuid(), &agencies]).await? {
        procedures.add(row.get(0), row.get(1));
    }
    Ok(procedures)
}

/// Of each month and agency the newest import that names them, and nothing of those before.
const COUNTED: &str = "select month, agency_code, nullif(procedure_code, '') as procedure, with_obligation, exempt
    from (select d.*, rank() over (partition by d.month, d.agency_code order by i.imported_at desc, i.id desc) as age
          from score_dossiers d join score_import i on i.id = d.import_id
          where d.month >= $1::date and d.month + interval '1 month' - interval '1 day' <= $2::date
            and ($3::text[] is null or d.agency_code = any($3))) d
    where age = 1
    order by 1, 2, 3";

/// Counts of months that lie in the period as a whole: of a part of a month an import says nothing.
pub async fn counted(db: &Db, of: Period, agencies: Option<&[String]>) -> Result<Vec<Imported>, StorageError> {
    let number = |n: i32| u32::try_from(n).map_err(unreadable);
    let counted = |row: &Row| {
        Ok(Imported {
            month: row.get(0),
            agency: row.get(1),
            procedure: row.get(2),
            with_obligation: number(row.get(3))?,
            exempt: number(row.get(4))?,
        })
    };
    db.query(COUNTED, &[&of.from(), &of.to(), &agencies]).await?.iter().map(counted).collect()
}

const BOOKS: &str = include_str!("reports/score_books.sql");

/// What our books say of dossiers whose first debt was registered in the period.
pub async fn books(db: &Db, of: Period, agencies: Option<&[String]>) -> Result<Vec<Dossiers>, StorageError> {
    let alike = |row: &Row| {
        let whose = match row.get::<_, &str>("whose") {
            "owes" => Whose::Owes,
            "exempt" => Whose::Exempt,
            "cancelled" => Whose::Cancelled,
            _ => Whose::NoDossier,
        };
        Ok(Dossiers {
            month: row.get("month"),
            agency: row.get("agency"),
            procedure: row.get("procedure"),
            whose,
            channels: row.get("channels"),
            number: u32::try_from(row.get::<_, i32>("number")).map_err(unreadable)?,
        })
    };
    db.query(BOOKS, &[&of.from(), &of.to(), &agencies]).await?.iter().map(alike).collect()
}

const AGENCIES: &str = "select distinct agency_code from beneficiary where code = any($1)";

/// The agencies of these beneficiaries.
pub async fn agencies(db: &Db, beneficiaries: &[String]) -> Result<Vec<String>, StorageError> {
    Ok(db.query(AGENCIES, &[&beneficiaries]).await?.iter().map(|row| row.get(0)).collect())
}
