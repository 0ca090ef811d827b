//! Keys of clients and people: made, rotated with two active, revoked. The key's text never comes here, only its hash, and
//! of a person's key that somebody else asks for the second part of its text, sealed.
//!
//! | a key | takes |
//! |---|---|
//! | of a client, made or rotated | one administrator: a client proposes and never decides. Who made it decides nothing that the client proposes |
//! | of a person, made or rotated for them | two persons: whoever proposes is told its first part, whoever approves its second |
//! | of a person, rotated with itself | its holder alone: they hold it already |
//! | of anybody, revoked | one administrator; of a person, its holder too |
//! | of anybody, any of these, on the command line | whoever has that |
//!
//! | a proposed key, when it is decided | |
//! |---|---|
//! | its holder may do what the proposal shows, and is enabled; the key that it follows is active, and the only one; its proposer still administers | active, with the decision |
//! | any of these has changed | `approval_stale`, and there is no key |
//! | its proposer decides | `same_person` |
//! | its holder decides | `own_rights` |
//! | rejected | its hash and its sealed part are gone |

use super::changes::{kept, noted, person, read};
use super::rights::Shown;
use super::{AdminError, By, Made};
use crate::approve::{DecideError, Deciding};
use domain::approval::ApprovalKind;
use domain::principal::{Scope, Who};
use domain::{ApprovalId, KeyId, PersonId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use storage::approvals::{self, Approval};
use storage::persons::{self, Filter};
use storage::principals::{self, Ground, Holder, KeyFilter, ListedKey, ProposedKey};
use storage::unit::Unit;
use storage::{StorageError, Tx, Vault};

/// Contract, "Principals": rotated with two active.
pub const ACTIVE_AT_MOST: usize = 2;

/// A key that was just minted.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: KeyId,
    pub secret_hash: Vec<u8>,
}

/// A key that was just minted for whoever it will be: if it takes two persons, the second is told this part.
#[derive(Debug, Clone)]
pub struct SplitKey {
    pub new: NewKey,
    second_part_sealed: Vec<u8>,
}

impl SplitKey {
    /// # Errors
    /// When the vault does not seal.
    pub fn new(vault: &Vault, new: NewKey, second_part: &str) -> Result<Self, StorageError> {
        let second_part_sealed = vault.seal(new.id.to_string().as_bytes(), second_part.as_bytes())?;
        Ok(Self { new, second_part_sealed })
    }
}

/// What came of asking for a key.
#[derive(Debug, Clone)]
pub enum Asked {
    InForce(ListedKey),
    /// It is no key before a second person says yes.
    Waits {
        approval: ApprovalId,
        key: KeyId,
    },
}

/// What is wished for: whose key it is stands in the approval's subject.
#[derive(Debug, Serialize, Deserialize)]
struct Proposed {
    /// Code of the holder.
    holder: String,
    key_id: String,
    scopes: Vec<String>,
    /// The key that goes on until it is revoked; none: it follows none.
    follows: Option<String>,
    /// What its holder may do: a key does no more. None: proposed before proposals said so.
    standing: Option<Shown>,
}

/// A key of `holder`, named by code or id, from the command line; with `scopes` empty it may do all that its kind of holder
/// may.
pub async fn create(
    tx: &Tx,
    by: &By,
    holder: &str,
    scopes: &[Scope],
    new: &NewKey,
) -> Result<Made<ListedKey>, AdminError> {
    let holder = held(tx, by, holder).await?.ok_or_else(|| AdminError::NoHolder(holder.to_owned()))?;
    let scopes = scopes_of(&holder, scopes)?;
    insert(tx, by, &holder, scopes, new, Ground::OneAct).await
}

/// The same over the API: in force for a client, proposed for a person.
pub async fn ask(tx: &Tx, by: &By, named: &str, scopes: &[Scope], split: &SplitKey) -> Result<Made<Asked>, AdminError> {
    let waits = waits(tx, principals::holder_by_name(tx, named).await?).await?;
    let holder = held(tx, by, named).await?.ok_or_else(|| AdminError::NoHolder(named.to_owned()))?;
    if waits {
        return Err(AdminError::Pending);
    }
    let scopes = scopes_of(&holder, scopes)?;
    come_to(tx, by, &holder, scopes, split, None).await
}

/// A second key with the scopes of `id`, which goes on until it is revoked; from the command line.
pub async fn rotate(tx: &Tx, by: &By, id: KeyId, new: &NewKey) -> Result<Made<ListedKey>, AdminError> {
    let (holder, scopes) = rotating(tx, by, id).await?;
    Ok(insert(tx, by, &holder, &scopes, new, Ground::OneAct).await?.named("key_rotated"))
}

/// The same over the API: in force for a client, proposed for a person.
pub async fn ask_rotation(tx: &Tx, by: &By, id: KeyId, split: &SplitKey) -> Result<Made<Asked>, AdminError> {
    if waits(tx, Some(active(tx, by, id).await?.who)).await? {
        return Err(AdminError::Pending);
    }
    let (holder, scopes) = rotating(tx, by, id).await?;
    come_to(tx, by, &holder, &scopes, split, Some(id)).await
}

/// A second key for the holder of `id`, who calls with it: it lets them do nothing that they cannot do with this one.
pub async fn rotate_own(tx: &Tx, by: &By, id: KeyId, new: &NewKey) -> Result<Made<ListedKey>, AdminError> {
    // of themselves they see everything
    let own = By { beneficiaries: Vec::new(), ..by.clone() };
    let (holder, scopes) = rotating(tx, &own, id).await?;
    if !is_theirs(by, holder.who) {
        return Err(AdminError::NotTheirKey);
    }
    Ok(insert(tx, by, &holder, &scopes, new, Ground::Rotated(id)).await?.named("key_rotated"))
}

/// Refused everywhere within a minute.
pub async fn revoke(tx: &Tx, by: &By, id: KeyId) -> Result<Made<ListedKey>, AdminError> {
    let key = active(tx, by, id).await?;
    revoked(tx, by, key).await
}

/// The same, by whoever does not administer: their own keys only, and of others they are not told whether they are there.
pub async fn revoke_own(tx: &Tx, by: &By, id: KeyId) -> Result<Made<ListedKey>, AdminError> {
    let own = By { beneficiaries: Vec::new(), ..by.clone() };
    match active(tx, &own, id).await {
        Ok(key) if is_theirs(by, key.who) => revoked(tx, by, key).await,
        Ok(_) | Err(AdminError::NoKey(_)) => Err(AdminError::NotTheirKey),
        Err(e) => Err(e),
    }
}

/// A second person says yes: the key is there, and its second part is theirs to hand over.
pub(crate) async fn approved(
    tx: &Tx,
    approval: &Approval,
    d: &Deciding<'_>,
    vault: &Vault,
) -> Result<(Unit, SecretString), DecideError> {
    let wished: Proposed = read(approval)?;
    let proposed = principals::take_proposed_key(tx, approval.id).await?.ok_or(DecideError::Stale)?;
    let person = person(approval)?;
    let holder = principals::lock_holder(tx, &person.to_string()).await?.ok_or(DecideError::Stale)?;
    let active = principals::active_keys_of(tx, holder.who).await?;
    let follows = wished.follows.as_deref().map(str::parse::<KeyId>).transpose();
    let follows = follows.map_err(|_| StorageError::Unreadable("a key's id".to_owned()))?;
    let room = follows.is_none_or(|old| active.contains(&old) && active.len() < ACTIVE_AT_MOST);
    // whoever says yes has seen what the key lets its holder do
    if holder.disabled || !room || wished.standing != Some(standing(tx, person).await?.ok_or(DecideError::Stale)?) {
        return Err(DecideError::Stale);
    }
    let scopes = wished.scopes.iter().map(|s| s.parse::<Scope>()).collect::<Result<Vec<_>, _>>();
    let scopes = scopes.map_err(|_| StorageError::Unreadable("a scope of a proposal".to_owned()))?;
    let ground = Ground::Approved(approval.id);
    let (id, secret_hash) = (proposed.id, proposed.secret_hash.as_slice());
    let made_by = approval.proposer.as_str();
    let new = principals::NewKey { id, who: holder.who, secret_hash, scopes: &scopes, made_by, ground };
    principals::insert_key(tx, &new).await?;
    let part = vault.open(id.to_string().as_bytes(), &proposed.second_part_sealed)?;
    let part = String::from_utf8(part).map_err(|_| StorageError::Vault)?;
    let action = if follows.is_some() { "key_rotated" } else { "key_created" };
    let detail = format!("{id} holder={person} scopes={}", wished.scopes.join(","));
    Ok((noted(d, action, detail), part.into()))
}

/// What a person, who is held, may do.
async fn standing(tx: &Tx, person: PersonId) -> Result<Option<Shown>, StorageError> {
    let filter = Filter { id: Some(person), ..Filter::default() };
    Ok(persons::page(tx, &filter, None, 1).await?.pop().map(|person| Shown::from(&person.rights())))
}

/// A second person says no: nothing of it is left.
pub(crate) async fn rejected(tx: &Tx, approval: &Approval, d: &Deciding<'_>) -> Result<Unit, DecideError> {
    principals::take_proposed_key(tx, approval.id).await?;
    Ok(Unit::new(d.caller.actor(), d.now))
}

/// In force, for a client; proposed, for a person.
async fn come_to(
    tx: &Tx,
    by: &By,
    holder: &Holder,
    scopes: &[Scope],
    split: &SplitKey,
    follows: Option<KeyId>,
) -> Result<Made<Asked>, AdminError> {
    let Who::Person(person) = holder.who else {
        let made = insert(tx, by, holder, scopes, &split.new, Ground::OneAct).await?.map(Asked::InForce);
        return Ok(if follows.is_some() { made.named("key_rotated") } else { made });
    };
    if holder.disabled {
        return Err(AdminError::Disabled(holder.code.clone()));
    }
    let payload = Proposed {
        holder: holder.code.clone(),
        key_id: split.new.id.to_string(),
        scopes: texts(scopes),
        follows: follows.map(|id| id.to_string()),
        standing: standing(tx, person).await?,
    };
    let subject = person.to_string();
    let about = (ApprovalKind::PersonKey, subject.as_str(), holder.beneficiaries.clone());
    let approval = kept(tx, by, about, &payload, "").await?;
    let (id, second_part_sealed) = (split.new.id, split.second_part_sealed.clone());
    let proposed = ProposedKey { id, secret_hash: split.new.secret_hash.clone(), second_part_sealed };
    principals::propose_key(tx, approval, &proposed).await?;
    let detail = format!("{id} holder={person} scopes={}", payload.scopes.join(","));
    Ok(Made::of(Asked::Waits { approval, key: id }, "key_proposed", approval).to(detail))
}

/// Whose key is rotated, held, and what the next one may do.
async fn rotating(tx: &Tx, by: &By, id: KeyId) -> Result<(Holder, Vec<Scope>), AdminError> {
    let named = active(tx, by, id).await?;
    // by id: a client and a person may have one code
    let holder = held(tx, by, &named.who.to_string()).await?.ok_or(AdminError::Absent)?;
    // read again: revoked while we waited for the holder, it is no key to go on from
    let old = active(tx, by, id).await?;
    if principals::active_keys_of(tx, holder.who).await?.len() >= ACTIVE_AT_MOST {
        return Err(AdminError::TwoActive { holder: old.holder });
    }
    Ok((holder, old.scopes.iter().filter_map(|s| s.parse().ok()).collect()))
}

async fn insert(
    tx: &Tx,
    by: &By,
    holder: &Holder,
    scopes: &[Scope],
    new: &NewKey,
    ground: Ground,
) -> Result<Made<ListedKey>, AdminError> {
    if holder.disabled {
        return Err(AdminError::Disabled(holder.code.clone()));
    }
    let (id, secret_hash, made_by) = (new.id, new.secret_hash.as_slice(), by.actor.as_str());
    let new = principals::NewKey { id, who: holder.who, secret_hash, scopes, made_by, ground };
    principals::insert_key(tx, &new).await?;
    let scopes = texts(scopes);
    let detail = format!("holder={} scopes={}", holder.who, scopes.join(","));
    let (who, holder) = (holder.who, holder.code.clone());
    let key = ListedKey { id, who, holder, scopes, created_at: by.now, revoked_at: None };
    Ok(Made::of(key, "key_created", id).to(detail))
}

async fn revoked(tx: &Tx, by: &By, key: ListedKey) -> Result<Made<ListedKey>, AdminError> {
    let id = key.id;
    // whoever rotates it holds its holder: one of the two is first
    principals::lock_holder(tx, &key.who.to_string()).await?;
    if !principals::revoke_key(tx, id).await? {
        return Err(AdminError::NoKey(id.to_string()));
    }
    Ok(Made::of(ListedKey { revoked_at: Some(by.now), ..key }, "key_revoked", id))
}

/// Whether one is proposed for them already. That is locked before the person is, as whoever decides does.
async fn waits(tx: &Tx, who: Option<Who>) -> Result<bool, AdminError> {
    let Some(Who::Person(person)) = who else { return Ok(false) };
    Ok(approvals::lock_pending(tx, ApprovalKind::PersonKey, &person.to_string()).await?.is_some())
}

/// What the key may do, where its kind of holder may.
fn scopes_of<'s>(holder: &Holder, scopes: &'s [Scope]) -> Result<&'s [Scope], AdminError> {
    let open = if matches!(holder.who, Who::Client(_)) { Scope::CLIENT } else { Scope::STAFF };
    if let Some(foreign) = scopes.iter().find(|scope| !open.contains(scope)) {
        return Err(AdminError::ForeignScope { scope: foreign.to_string(), holder: holder.code.clone() });
    }
    Ok(if scopes.is_empty() { open } else { scopes })
}

fn texts(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn is_theirs(by: &By, who: Who) -> bool {
    by.person.is_some_and(|person: PersonId| who == Who::Person(person))
}

async fn active(tx: &Tx, by: &By, id: KeyId) -> Result<ListedKey, AdminError> {
    let filter = KeyFilter { within: by.beneficiaries.clone(), id: Some(id), holder: None };
    let found = principals::page_keys(tx, &filter, None, 1).await?.pop();
    found.filter(|key| key.revoked_at.is_none()).ok_or_else(|| AdminError::NoKey(id.to_string()))
}

/// The holder, where this administrator sees them.
async fn held(tx: &Tx, by: &By, named: &str) -> Result<Option<Holder>, AdminError> {
    let holder = principals::lock_holder(tx, named).await?;
    Ok(holder.filter(|h| matches!(h.who, Who::Person(_)) && by.may_give(&h.beneficiaries) || by.of_all().is_ok()))
}
