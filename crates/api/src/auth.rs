//! Who calls and what they may: keys found by id. What is found is remembered for half a minute, so that a busy portal does not
//! ask the database at each call; a revoked key is refused within 60 seconds, as is one whose holder was disabled or lost
//! the role. What lasts is asked of the database each time: all that a person's key changes, what a portal proposes,
//! and where it wants events.

use crate::State;
use crate::door::{now, request_id};
use crate::keys;
use crate::problem::{Code, Problem};
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use domain::principal::{Principal, Scope, Who};
use domain::{ClientId, KeyId, PersonId};
use payments::Caller;
use payments::administer::By;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use storage::principals::{self, StoredKey};
use uuid::Uuid;

const REMEMBERED: Duration = Duration::from_secs(30);
const REMEMBERED_AT_MOST: usize = 10_000;

#[derive(Default)]
pub struct Remembered(Mutex<HashMap<KeyId, (Instant, StoredKey)>>);

impl Remembered {
    fn get(&self, id: KeyId) -> Option<StoredKey> {
        let map = self.0.lock().ok()?;
        map.get(&id).filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, key)| key.clone())
    }

    fn put(&self, key: &StoredKey) {
        let Ok(mut map) = self.0.lock() else { return };
        if map.len() >= REMEMBERED_AT_MOST {
            map.clear();
        }
        map.insert(key.principal.key_id, (Instant::now(), key.clone()));
    }

    fn forget(&self, id: KeyId) {
        if let Ok(mut map) = self.0.lock() {
            map.remove(&id);
        }
    }
}

fn refused() -> Problem {
    Problem::new(Code::Unauthenticated)
}

/// The holder of the key that the request carries, as the books have them now where the request changes anything.
async fn principal(req: &HttpRequest, state: &State) -> Result<Principal, Problem> {
    let known = known(req, state).await?;
    if req.method().is_safe() { Ok(known.principal) } else { known.asked(state).await }
}

struct Known {
    principal: Principal,
    /// It may have changed since.
    is_remembered: bool,
}

impl Known {
    /// As the books have it now.
    async fn asked(self, state: &State) -> Result<Principal, Problem> {
        if self.is_remembered { Ok(asked(state, self.principal.key_id).await?.principal) } else { Ok(self.principal) }
    }
}

/// The holder of the key that the request carries.
async fn known(req: &HttpRequest, state: &State) -> Result<Known, Problem> {
    let mut told = req.headers().get_all(AUTHORIZATION);
    // of two, nobody says which one whoever stands before us has looked at
    let (Some(header), None) = (told.next(), told.next()) else { return Err(refused()) };
    let header = header.to_str().map_err(|_| refused())?;
    let (scheme, text) = header.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused());
    }
    let presented = keys::read(state.ctx.mode, text).ok_or_else(refused)?;
    let remembered = state.remembered.get(presented.id);
    let is_remembered = remembered.is_some();
    let stored = match remembered {
        Some(stored) => stored,
        None => asked(state, presented.id).await?,
    };
    if !presented.fits(&state.api_key_pepper, &stored.secret_hash) {
        return Err(refused());
    }
    let (left, refusal) = state.rate_limit.take(stored.principal.key_id, Instant::now()).await;
    if let Some(left) = left {
        req.extensions_mut().insert(left);
    }
    refusal.map(|()| Known { principal: stored.principal, is_remembered })
}

/// The key as it stands in the books, which is remembered from now on.
async fn asked(state: &State, id: KeyId) -> Result<StoredKey, Problem> {
    let found = principals::active_key(&*state.ctx.pool.get().await?, id).await?;
    match &found {
        Some(stored) => state.remembered.put(stored),
        None => state.remembered.forget(id),
    }
    found.ok_or_else(refused)
}

/// A portal with this scope; staff are refused.
pub async fn client(req: &HttpRequest, state: &State, scope: Scope) -> Result<(ClientId, Caller), Problem> {
    let known = known(req, state).await?;
    // an address that hears events, and its secret, outlive the key by which they came
    let principal = if scope == Scope::EventsWrite { known.asked(state).await? } else { known.principal };
    allow(&principal, scope)?;
    match principal.who {
        Who::Client(id) => Ok((id, Caller { who: principal.who, request_id: request_id() })),
        _ => Err(Problem::with(Code::ScopeMissing, "only a client's key may do this")),
    }
}

/// A client with the first scope, or a person with the second.
pub async fn client_or_staff(
    req: &HttpRequest,
    state: &State,
    client: Scope,
    staff: Scope,
) -> Result<Principal, Problem> {
    let principal = principal(req, state).await?;
    let needed = if matches!(principal.who, Who::Client(_)) { client } else { staff };
    allow(&principal, needed)?;
    Ok(principal)
}

const NOT_A_PERSON: &str = "only a person's key may do this";

/// A person with any of these scopes; portals are refused.
pub async fn staff(req: &HttpRequest, state: &State, scopes: &[Scope]) -> Result<(Principal, Caller), Problem> {
    let principal = principal(req, state).await?;
    person_with(&principal, scopes)?;
    let caller = Caller { who: principal.who, request_id: request_id() };
    Ok((principal, caller))
}

/// The same, and which person it is.
pub async fn staff_person(
    req: &HttpRequest,
    state: &State,
    scopes: &[Scope],
) -> Result<(Principal, Caller, PersonId), Problem> {
    let (principal, caller) = staff(req, state, scopes).await?;
    let Who::Person(person) = principal.who else { return Err(Problem::with(Code::ScopeMissing, NOT_A_PERSON)) };
    Ok((principal, caller, person))
}

fn person_with(principal: &Principal, scopes: &[Scope]) -> Result<(), Problem> {
    if !matches!(principal.who, Who::Person(_)) {
        return Err(Problem::with(Code::ScopeMissing, NOT_A_PERSON));
    }
    if !scopes.iter().any(|scope| principal.may(*scope)) {
        let named: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        return Err(Problem::with(Code::ScopeMissing, format!("the key lacks the scope {}", named.join(" or "))));
    }
    Ok(())
}

/// A person who administers, as the books name them, and the id under which their requests are told apart.
pub async fn administrator(req: &HttpRequest, state: &State) -> Result<(By, Uuid), Problem> {
    by(staff(req, state, &[Scope::Admin]).await?.0)
}

/// The same, or whoever calls with this very key; whether that is so.
pub async fn administrator_or_with(req: &HttpRequest, state: &State, key: &str) -> Result<(By, Uuid, bool), Problem> {
    let principal = principal(req, state).await?;
    let with_it = principal.key_id.to_string() == key && matches!(principal.who, Who::Person(_));
    if !with_it {
        person_with(&principal, &[Scope::Admin])?;
    }
    let (by, who) = by(principal)?;
    Ok((by, who, with_it))
}

/// A person; whether they administer.
pub async fn person(req: &HttpRequest, state: &State) -> Result<(By, Uuid, bool), Problem> {
    let principal = principal(req, state).await?;
    let administers = principal.may(Scope::Admin);
    let (by, who) = by(principal)?;
    Ok((by, who, administers))
}

fn by(principal: Principal) -> Result<(By, Uuid), Problem> {
    let Who::Person(person) = principal.who else { return Err(Problem::with(Code::ScopeMissing, NOT_A_PERSON)) };
    let by = By {
        actor: principal.who.to_string(),
        request_id: request_id(),
        person: Some(person),
        beneficiaries: principal.beneficiaries,
        now: now(),
    };
    Ok((by, person.uuid()))
}

/// Whose money a person sees; None: all.
pub fn beneficiaries(principal: &Principal) -> Option<Vec<String>> {
    (!principal.beneficiaries.is_empty()).then(|| principal.beneficiaries.clone())
}

fn allow(principal: &Principal, scope: Scope) -> Result<(), Problem> {
    if principal.may(scope) {
        Ok(())
    } else {
        Err(Problem::with(Code::ScopeMissing, format!("the key lacks the scope {scope}")))
    }
}
