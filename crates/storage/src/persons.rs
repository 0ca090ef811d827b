//! People as administrators see and change them. Whoever administers some beneficiaries only sees people of these only.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::words;
use domain::rights::Rights;
use domain::role::Role;
use domain::{ApprovalId, PersonId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub code: String,
    pub name: String,
    pub roles: Vec<Role>,
    /// Whose money they see; empty: all.
    pub beneficiaries: Vec<String>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl Person {
    pub fn rights(&self) -> Rights {
        Rights {
            roles: self.roles.clone(),
            beneficiaries: self.beneficiaries.clone(),
            active: self.disabled_at.is_none(),
        }
    }
}

/// Who says what a person may do. The database takes wider rights from the command line, or from an approval that the same
/// transaction decides.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub by: &'a str,
    pub at: Timestamp,
    pub approval: Option<ApprovalId>,
}

fn from_row(row: &Row) -> Result<Person, StorageError> {
    Ok(Person {
        id: row.get::<_, Uuid>("id").into(),
        code: row.get("code"),
        name: row.get("name"),
        roles: words(row, "roles")?,
        beneficiaries: row.get("beneficiaries"),
        created_at: row.get("created_at"),
        disabled_at: row.get("disabled_at"),
    })
}

fn texts(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

const INSERT: &str = "insert into person (id, code, name, roles, beneficiaries, created_at, rights_by, rights_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// # Errors
/// The conflict `person_code_unique` when the code is somebody's; `person_rights_two_persons`, at the commit, when they have
/// roles and it is not the command line that says so.
pub async fn insert(db: &Db, p: &Person, said: &Said<'_>) -> Result<(), StorageError> {
    let roles = texts(&p.roles);
    let id = p.id.uuid();
    db.execute(INSERT, &[&id, &p.code, &p.name, &roles, &p.beneficiaries, &p.created_at, &said.by, &said.at]).await?;
    Ok(())
}

const UPDATE: &str = "update person set name = $2, roles = $3, beneficiaries = $4, disabled_at = $5, rights_by = $6,
    rights_at = $7, rights_approval_id = $8 where id = $1";

/// # Errors
/// The conflict `person_rights_two_persons`, at the commit, when it widens their rights without a second person.
pub async fn update(db: &Db, p: &Person, said: &Said<'_>) -> Result<(), StorageError> {
    let (roles, approval) = (texts(&p.roles), said.approval.map(ApprovalId::uuid));
    let id = p.id.uuid();
    db.execute(UPDATE, &[&id, &p.name, &roles, &p.beneficiaries, &p.disabled_at, &said.by, &said.at, &approval])
        .await?;
    Ok(())
}

const RENAME: &str = "update person set name = $2 where id = $1";

/// A name is no right.
pub async fn rename(db: &Db, id: PersonId, name: &str) -> Result<(), StorageError> {
    db.execute(RENAME, &[&id.uuid(), &name]).await?;
    Ok(())
}

/// Which people are seen.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those all of whose beneficiaries are among these; empty: everybody.
    pub within: Vec<String>,
    pub code: Option<String>,
    pub id: Option<PersonId>,
}

const PAGE: &str = "select * from person p
    where ($1::text[] = '{}' or p.beneficiaries <> '{}' and p.beneficiaries <@ $1)
      and ($2::text is null or p.code = $2) and ($3::uuid is null or p.id = $3) and ($4::uuid is null or p.id < $4)
    order by p.id desc limit $5";

/// Newest first, those after `after`.
pub async fn page(db: &Db, f: &Filter, after: Option<PersonId>, limit: i64) -> Result<Vec<Person>, StorageError> {
    let (id, after) = (f.id.map(PersonId::uuid), after.map(PersonId::uuid));
    db.query(PAGE, &[&f.within, &f.code, &id, &after, &limit]).await?.iter().map(from_row).collect()
}

const LOCK: &str = "select * from person p
    where ($1::text[] = '{}' or p.beneficiaries <> '{}' and p.beneficiaries <@ $1)
      and ($2::text is null or p.code = $2) and ($3::uuid is null or p.id = $3)
    for no key update";

/// The one person of the filter, held until the transaction ends.
pub async fn lock(db: &Db, f: &Filter) -> Result<Option<Person>, StorageError> {
    let row = db.query_opt(LOCK, &[&f.within, &f.code, &f.id.map(PersonId::uuid)]).await?;
    row.map(|row| from_row(&row)).transpose()
}
