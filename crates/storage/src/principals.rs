//! Clients, persons and their keys.

use crate::error::StorageError;
use crate::pool::Db;
use crate::rows::{unreadable, words};
use domain::principal::{Principal, Scope, Who};
use domain::role::{self, Role};
use domain::{ApprovalId, ClientId, KeyId, PersonId};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const INSERT_CLIENT: &str = "insert into client (id, code, name) values ($1, $2, $3)
    on conflict on constraint client_code_unique do update set name = excluded.name returning id";

/// Makes a client, or finds it by its code.
pub async fn put_client(db: &Db, id: ClientId, code: &str, name: &str) -> Result<ClientId, StorageError> {
    Ok(db.query_one(INSERT_CLIENT, &[&id.uuid(), &code, &name]).await?.get::<_, Uuid>(0).into())
}

/// Whether a portal or a person has the code already, or it is the id of one: both are found by code or by id.
pub fn is_code_taken(error: &StorageError) -> bool {
    ["person_code_unique", "holder_code_unique", "client_code_is_no_id", "person_code_is_no_id"]
        .iter()
        .any(|constraint| error.is_conflict(constraint))
}

const PUT_PERSON: &str = "insert into person (id, code, name, beneficiaries, roles, rights_by, rights_at)
    values ($1, $2, $3, $4, $5, 'cli', clock_timestamp())
    on conflict on constraint person_code_unique do update set name = excluded.name, rights_by = excluded.rights_by,
        rights_at = excluded.rights_at, rights_approval_id = null, beneficiaries = excluded.beneficiaries returning id";

/// Makes a person with every role, or changes the name and beneficiaries of one who is there, as the command line does.
pub async fn put_person(
    db: &Db,
    id: PersonId,
    code: &str,
    name: &str,
    beneficiaries: &[String],
) -> Result<PersonId, StorageError> {
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    Ok(db.query_one(PUT_PERSON, &[&id.uuid(), &code, &name, &beneficiaries, &roles]).await?.get::<_, Uuid>(0).into())
}

const HOLDER_BY_CODE: &str = "select id, 'client' as kind from client where code = $1
    union all select id, 'person' from person where code = $1 limit 1";

/// A client or a person by the code that people call them.
pub async fn holder_by_code(db: &Db, code: &str) -> Result<Option<Who>, StorageError> {
    Ok(db.query_opt(HOLDER_BY_CODE, &[&code]).await?.as_ref().map(of_kind))
}

fn of_kind(row: &Row) -> Who {
    let id: Uuid = row.get(0);
    if row.get::<_, &str>(1) == "client" { Who::Client(id.into()) } else { Who::Person(id.into()) }
}

/// Why a key may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// One act: of the command line, or of an administrator for a client.
    OneAct,
    /// Proposed by one, approved by another.
    Approved(ApprovalId),
    /// By its holder, with a key that they hold.
    Rotated(KeyId),
}

#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    pub id: KeyId,
    pub who: Who,
    pub secret_hash: &'a [u8],
    pub scopes: &'a [Scope],
    pub made_by: &'a str,
    pub ground: Ground,
}

const INSERT_KEY: &str =
    "insert into api_key (id, client_id, person_id, secret_hash, scopes, made_by, approval_id, rotated_from)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// # Errors
/// The conflict `api_key_two_persons`, at the commit, when a person's key has no ground.
pub async fn insert_key(db: &Db, key: &NewKey<'_>) -> Result<(), StorageError> {
    let (client, person) = match key.who {
        Who::Client(id) => (Some(id.uuid()), None),
        Who::Person(id) => (None, Some(id.uuid())),
        Who::System => (None, None),
    };
    let (approval, from) = match key.ground {
        Ground::OneAct => (None, None),
        Ground::Approved(id) => (Some(id.uuid()), None),
        Ground::Rotated(id) => (None, Some(id.uuid())),
    };
    let scopes: Vec<&str> = key.scopes.iter().map(|s| s.as_str()).collect();
    let id = key.id.uuid();
    db.execute(INSERT_KEY, &[&id, &client, &person, &key.secret_hash, &scopes, &key.made_by, &approval, &from]).await?;
    Ok(())
}

/// A key that waits for a second person: never its text, and of that only the part that the second person will be told.
#[derive(Debug, Clone)]
pub struct ProposedKey {
    pub id: KeyId,
    pub secret_hash: Vec<u8>,
    /// By the vault, bound to the key's id as text.
    pub second_part_sealed: Vec<u8>,
}

const PROPOSE_KEY: &str =
    "insert into proposed_key (approval_id, key_id, secret_hash, second_part_sealed) values ($1, $2, $3, $4)";

pub async fn propose_key(db: &Db, approval: ApprovalId, key: &ProposedKey) -> Result<(), StorageError> {
    let parameters: [&(dyn ToSql + Sync); 4] =
        [&approval.uuid(), &key.id.uuid(), &key.secret_hash, &key.second_part_sealed];
    db.execute(PROPOSE_KEY, &parameters).await?;
    Ok(())
}

const TAKE_PROPOSED_KEY: &str = "delete from proposed_key where approval_id = $1 returning *";

/// The key of a proposal, which is gone with this.
pub async fn take_proposed_key(db: &Db, approval: ApprovalId) -> Result<Option<ProposedKey>, StorageError> {
    Ok(db.query_opt(TAKE_PROPOSED_KEY, &[&approval.uuid()]).await?.map(|row| ProposedKey {
        id: row.get::<_, Uuid>("key_id").into(),
        secret_hash: row.get("secret_hash"),
        second_part_sealed: row.get("second_part_sealed"),
    }))
}

// a call of a key may be under way when it is revoked; and clocks of two machines may differ
const MADE_KEY_OF: &str = "select exists (select from api_key where client_id = $1 and made_by = $2
    and created_at < $3::timestamptz + interval '1 minute'
    and (revoked_at is null or revoked_at > $3::timestamptz - interval '1 minute'))";

/// Whether this person made a key with which the client could act at that time.
pub async fn made_key_of(db: &Db, client: ClientId, person: &str, at: Timestamp) -> Result<bool, StorageError> {
    Ok(db.query_one(MADE_KEY_OF, &[&client.uuid(), &person, &at]).await?.get(0))
}

/// A key as the door needs it.
#[derive(Debug, Clone)]
pub struct StoredKey {
    pub principal: Principal,
    pub secret_hash: Vec<u8>,
}

const ACTIVE_KEY: &str = "select k.*, p.beneficiaries, p.roles from api_key k left join person p on p.id = k.person_id
    where k.id = $1 and k.revoked_at is null and (p.id is null or p.disabled_at is null)";

/// A key that is neither revoked nor held by a disabled person. Of a person's key, the scopes that their roles allow too.
pub async fn active_key(db: &Db, id: KeyId) -> Result<Option<StoredKey>, StorageError> {
    let statement = db.prepare_cached(ACTIVE_KEY).await?;
    let row = db.query_opt(&statement, &[&id.uuid()]).await?;
    row.map(|row| {
        Ok(StoredKey {
            principal: Principal {
                who: who(&row),
                key_id: row.get::<_, Uuid>("id").into(),
                scopes: allowed(&row)?,
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

fn allowed(row: &Row) -> Result<Vec<Scope>, StorageError> {
    let scopes: Vec<Scope> = words(row, "scopes")?;
    let Some(roles) = row.get::<_, Option<Vec<String>>>("roles") else { return Ok(scopes) };
    let roles: Vec<Role> = roles.iter().map(|r| r.parse().map_err(unreadable)).collect::<Result<_, _>>()?;
    Ok(scopes.into_iter().filter(|scope| role::allow(&roles, *scope)).collect())
}

/// A key as it is listed: never its secret.
#[derive(Debug, Clone)]
pub struct ListedKey {
    pub id: KeyId,
    pub who: Who,
    /// Code of whom it is.
    pub holder: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

const LIST_KEYS: &str =
    "select k.id, k.client_id, k.person_id, coalesce(c.code, p.code) as holder, k.scopes, k.created_at, k.revoked_at
    from api_key k left join client c on c.id = k.client_id left join person p on p.id = k.person_id
    where $1::text is null or coalesce(c.code, p.code) = $1 order by k.created_at";

pub async fn list_keys(db: &Db, holder: Option<&str>) -> Result<Vec<ListedKey>, StorageError> {
    Ok(db.query(LIST_KEYS, &[&holder]).await?.iter().map(listed_key).collect())
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

/// Whose keys are made: held until the transaction ends, so that keys of one holder are counted one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub who: Who,
    pub code: String,
    /// Of a person.
    pub beneficiaries: Vec<String>,
    pub disabled: bool,
}

const BY_NAME: &str = "select id, 'client' as kind from client where code = $1 or id = $2
    union all select id, 'person' from person where code = $1 or id = $3 limit 1";

/// A client or a person by id or by code, as [`lock_holder`] finds them, and not held.
pub async fn holder_by_name(db: &Db, named: &str) -> Result<Option<Who>, StorageError> {
    let client = named.parse::<ClientId>().ok().map(ClientId::uuid);
    let person = named.parse::<PersonId>().ok().map(PersonId::uuid);
    Ok(db.query_opt(BY_NAME, &[&named, &client, &person]).await?.as_ref().map(of_kind))
}

const LOCK_CLIENT: &str = "select id, code from client where code = $1 or id = $2 for no key update";
const LOCK_PERSON: &str = "select id, code, beneficiaries, disabled_at is not null as disabled from person
    where code = $1 or id = $2 for no key update";

/// A client or a person by id or by code; of two with one code the client.
pub async fn lock_holder(db: &Db, named: &str) -> Result<Option<Holder>, StorageError> {
    let client = named.parse::<ClientId>().ok().map(ClientId::uuid);
    if let Some(row) = db.query_opt(LOCK_CLIENT, &[&named, &client]).await? {
        let who = Who::Client(row.get::<_, Uuid>("id").into());
        return Ok(Some(Holder { who, code: row.get("code"), beneficiaries: Vec::new(), disabled: false }));
    }
    let person = named.parse::<PersonId>().ok().map(PersonId::uuid);
    Ok(db.query_opt(LOCK_PERSON, &[&named, &person]).await?.map(|row| Holder {
        who: Who::Person(row.get::<_, Uuid>("id").into()),
        code: row.get("code"),
        beneficiaries: row.get("beneficiaries"),
        disabled: row.get("disabled"),
    }))
}

/// Which keys are seen.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Only keys of people all of whose beneficiaries are among these; empty: every key.
    pub within: Vec<String>,
    /// Code of the holder.
    pub holder: Option<String>,
    pub id: Option<KeyId>,
}

const PAGE_KEYS: &str =
    "select k.id, k.client_id, k.person_id, coalesce(c.code, p.code) as holder, k.scopes, k.created_at, k.revoked_at
    from api_key k left join client c on c.id = k.client_id left join person p on p.id = k.person_id
    where ($1::text[] = '{}' or p.beneficiaries <> '{}' and p.beneficiaries <@ $1)
      and ($2::text is null or coalesce(c.code, p.code) = $2) and ($3::uuid is null or k.id = $3)
      and ($4::uuid is null or k.id < $4)
    order by k.id desc limit $5";

/// Newest first, those after `after`.
pub async fn page_keys(
    db: &Db,
    f: &KeyFilter,
    after: Option<KeyId>,
    limit: i64,
) -> Result<Vec<ListedKey>, StorageError> {
    let (id, after) = (f.id.map(KeyId::uuid), after.map(KeyId::uuid));
    Ok(db.query(PAGE_KEYS, &[&f.within, &f.holder, &id, &after, &limit]).await?.iter().map(listed_key).collect())
}

fn listed_key(row: &Row) -> ListedKey {
    ListedKey {
        id: row.get::<_, Uuid>("id").into(),
        who: who(row),
        holder: row.get("holder"),
        scopes: row.get("scopes"),
        created_at: row.get("created_at"),
        revoked_at: row.get("revoked_at"),
    }
}

/// A client as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub code: String,
    pub name: String,
    pub created_at: Timestamp,
}

const CLIENTS: &str = "select * from client where ($1::text is null or code = $1) and ($2::uuid is null or id < $2)
    order by id desc limit $3";

/// Newest first; the one of `code`, or those after `after`.
pub async fn clients(
    db: &Db,
    code: Option<&str>,
    after: Option<ClientId>,
    limit: i64,
) -> Result<Vec<Client>, StorageError> {
    let rows = db.query(CLIENTS, &[&code, &after.map(ClientId::uuid), &limit]).await?;
    Ok(rows
        .iter()
        .map(|row| Client {
            id: row.get::<_, Uuid>("id").into(),
            code: row.get("code"),
            name: row.get("name"),
            created_at: row.get("created_at"),
        })
        .collect())
}
