//! Clients, persons and their keys.

use crate::error::StorageError;
use crate::pool::Db;
use domain::principal::{Principal, Scope, Who};
use domain::{ClientId, KeyId, PersonId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

const INSERT_CLIENT: &str = "insert into client (id, code, name) values ($1, $2, $3)
    on conflict on constraint client_code_unique do update set name = excluded.name returning id";

/// Makes a client, or finds it by its code.
pub async fn put_client(db: &Db, id: ClientId, code: &str, name: &str) -> Result<ClientId, StorageError> {
    Ok(db.query_one(INSERT_CLIENT, &[&id.uuid(), &code, &name]).await?.get::<_, Uuid>(0).into())
}

const INSERT_PERSON: &str = "insert into person (id, code, name, beneficiaries) values ($1, $2, $3, $4)
    on conflict on constraint person_code_unique do update set name = excluded.name,
        beneficiaries = excluded.beneficiaries returning id";

pub async fn put_person(
    db: &Db,
    id: PersonId,
    code: &str,
    name: &str,
    beneficiaries: &[String],
) -> Result<PersonId, StorageError> {
    Ok(db.query_one(INSERT_PERSON, &[&id.uuid(), &code, &name, &beneficiaries]).await?.get::<_, Uuid>(0).into())
}

const HOLDER_BY_CODE: &str = "select id, 'client' as kind from client where code = $1
    union all select id, 'person' from person where code = $1 limit 1";

/// A client or a person by the code that people call them.
pub async fn holder_by_code(db: &Db, code: &str) -> Result<Option<Who>, StorageError> {
    Ok(db.query_opt(HOLDER_BY_CODE, &[&code]).await?.map(|row| {
        let id: Uuid = row.get(0);
        if row.get::<_, &str>(1) == "client" { Who::Client(id.into()) } else { Who::Person(id.into()) }
    }))
}

const INSERT_KEY: &str =
    "insert into api_key (id, client_id, person_id, secret_hash, scopes) values ($1, $2, $3, $4, $5)";

pub async fn insert_key(
    db: &Db,
    id: KeyId,
    who: Who,
    secret_hash: &[u8],
    scopes: &[Scope],
) -> Result<(), StorageError> {
    let (client, person) = match who {
        Who::Client(id) => (Some(id.uuid()), None),
        Who::Person(id) => (None, Some(id.uuid())),
        Who::System => (None, None),
    };
    let scopes: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
    db.execute(INSERT_KEY, &[&id.uuid(), &client, &person, &secret_hash, &scopes]).await?;
    Ok(())
}

/// A key as the door needs it.
#[derive(Debug, Clone)]
pub struct StoredKey {
    pub principal: Principal,
    pub secret_hash: Vec<u8>,
}

const ACTIVE_KEY: &str = "select k.*, p.beneficiaries from api_key k left join person p on p.id = k.person_id
    where k.id = $1 and k.revoked_at is null and (p.id is null or p.disabled_at is null)";

/// A key that is neither revoked nor held by a disabled person.
pub async fn active_key(db: &Db, id: KeyId) -> Result<Option<StoredKey>, StorageError> {
    let statement = db.prepare_cached(ACTIVE_KEY).await?;
    let row = db.query_opt(&statement, &[&id.uuid()]).await?;
    row.map(|row| {
        Ok(StoredKey {
            principal: Principal {
                who: who(&row),
                key_id: row.get::<_, Uuid>("id").into(),
                scopes: scopes(&row)?,
                beneficiaries: row.get::<_, Option<Vec<String>>>("beneficiaries").unwrap_or_default(),
            },
            secret_hash: row.get("secret_hash"),
        })
    })
    .transpose()
}

fn who(row: &Row) -> Who {
    match (row.get::<_, Option<Uuid>>("client_id"), row.get::<_, Option<Uuid>>("person_id")) {
        (Some(client), _) => Who::Client(client.into()),
        (None, Some(person)) => Who::Person(person.into()),
        (None, None) => Who::System,
    }
}

fn scopes(row: &Row) -> Result<Vec<Scope>, StorageError> {
    row.get::<_, Vec<String>>("scopes").iter().map(|s| s.parse().map_err(crate::rows::unreadable)).collect()
}

/// A key as it is listed: never its secret.
#[derive(Debug, Clone)]
pub struct ListedKey {
    pub id: KeyId,
    pub holder: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const LIST_KEYS: &str = "select k.id, coalesce(c.code, p.code) as holder, k.scopes, k.created_at, k.revoked_at
    from api_key k left join client c on c.id = k.client_id left join person p on p.id = k.person_id
    where $1::text is null or coalesce(c.code, p.code) = $1 order by k.created_at";

pub async fn list_keys(db: &Db, holder: Option<&str>) -> Result<Vec<ListedKey>, StorageError> {
    let rows = db.query(LIST_KEYS, &[&holder]).await?;
    Ok(rows
        .iter()
        .map(|row| ListedKey {
            id: row.get::<_, Uuid>("id").into(),
            holder: row.get("holder"),
            scopes: row.get("scopes"),
            created_at: row.get("created_at"),
            revoked_at: row.get("revoked_at"),
        })
        .collect())
}

const REVOKE: &str = "update api_key set revoked_at = now() where id = $1 and revoked_at is null";

/// False when there is no such active key.
pub async fn revoke_key(db: &Db, id: KeyId) -> Result<bool, StorageError> {
    Ok(db.execute(REVOKE, &[&id.uuid()]).await? == 1)
}

const ACTIVE_OF: &str = "select id from api_key where coalesce(client_id, person_id) = $1 and revoked_at is null
    order by created_at";

/// The active keys of a holder, oldest first.
pub async fn active_keys_of(db: &Db, who: Who) -> Result<Vec<KeyId>, StorageError> {
    let holder = match who {
        Who::Client(id) => id.uuid(),
        Who::Person(id) => id.uuid(),
        Who::System => return Ok(Vec::new()),
    };
    let rows = db.query(ACTIVE_OF, &[&holder]).await?;
    Ok(rows.iter().map(|row| row.get::<_, Uuid>(0).into()).collect())
}
