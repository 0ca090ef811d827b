//! Signing in at the console, and showing again who one is before money is decided about.
//!
//! | typed | answer | trail |
//! |---|---|---|
//! | code of nobody, or of somebody who cannot sign in | refused, after as long | `sign_in_refused unknown` |
//! | anything, while the account is locked | refused, after as long | `sign_in_refused <person> locked` |
//! | a wrong password, or a code that is wrong or was used | refused; the fifth time in a row the account is locked | `sign_in_refused <person>` |
//! | both right | a session of its own; those that were there stay | `signed_in` |
//!
//! A try is counted before it is looked at, so of a hundred at once five are looked at. Which of the two was wrong, and
//! whether the person is there, nobody is told.

mod invite;
pub mod outside;

pub use invite::{INVITED_FOR, Invited, JoinError, Joined, invitation, invite, join};

use crate::context::Context;
use crate::retry::{Retryable, retrying};
use domain::PersonId;
use domain::role::Role;
use futures_util::join as both;
use identity::session::Session;
use identity::tries::Tries;
use identity::{code, password};
use jiff::Timestamp;
use std::time::Duration;
use storage::console_sessions::{self, Found};
use storage::sign_ins::{self, Account};
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, Vault, idempotency, unit};
use tokio::sync::Semaphore;

/// Hashing a password takes a core and much memory on purpose: no more than these at once, the rest waits.
static HASHING: Semaphore = Semaphore::const_new(2);
/// A session whose last request is younger is not written down again.
const SEEN_AGAIN_S: i64 = 10;

/// How long a second press waits for what the first one hears: two seconds.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What a browser holds of a session, hashed.
pub type TokenHash = [u8; 32];

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the person, the password or the code is wrong, or the account is locked")]
    Refused,
    #[error("a task was given up")]
    GivenUp,
}

impl Retryable for SignInError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// What somebody typed.
pub struct Typed {
    /// By which people call them.
    pub person: String,
    pub password: String,
    pub code: String,
}

/// Begins a session under this hash.
///
/// # Errors
/// When it is refused, or the database is away.
pub async fn sign_in(
    ctx: &Context,
    typed: Typed,
    token_hash: &TokenHash,
    request_id: &str,
    now: Timestamp,
) -> Result<PersonId, SignInError> {
    let counted = count_by_code(ctx, &typed.person, now).await?;
    let kept = counted.as_ref().ok().map(|account| account.password_hash.clone());
    let fits = looked_at(typed.password, kept).await?;
    let (account, step) = match counted {
        Ok(account) => {
            let step = step_of(&ctx.vault, &account, &typed.code, now)?;
            (account, step.filter(|_| fits))
        }
        Err(who) => return Err(refuse(ctx, "sign_in_refused", &who, request_id, now).await?),
    };
    let Some(step) = step else {
        return Err(refuse(ctx, "sign_in_refused", &account.person.to_string(), request_id, now).await?);
    };
    let begun = commit(ctx, &account, step, ("signed_in", request_id), now, Some(token_hash)).await?;
    if begun {
        Ok(account.person)
    } else {
        Err(refuse(ctx, "sign_in_refused", &account.person.to_string(), request_id, now).await?)
    }
}

/// Takes a fresh code of somebody who is signed in, or what they have just shown anew at their identity provider: what they do
/// next, they do. A second press of a `request` that was answered is the first one again, and takes none.
///
/// # Errors
/// When it is wrong, was used for something else, or the account is locked.
pub async fn show_again(
    ctx: &Context,
    (person, session): (PersonId, &TokenHash),
    typed: &str,
    (request, request_id): (Option<&idempotency::Request>, &str),
    now: Timestamp,
) -> Result<(), SignInError> {
    if is_answered(ctx, request).await? {
        return Ok(());
    }
    if typed.trim().is_empty()
        && let Some(shown) = shown_outside(ctx, (person, session), request_id, now).await?
    {
        // a second press finds it used: not a wrong code
        let is_right = shown || is_answered_soon(ctx, request).await?;
        return if is_right {
            Ok(())
        } else {
            Err(refuse(ctx, "code_refused", &person.to_string(), request_id, now).await?)
        };
    }
    let account = match count_by_id(ctx, person, now).await? {
        Ok(account) => account,
        Err(who) => return Err(refuse(ctx, "code_refused", &who, request_id, now).await?),
    };
    let used = match step_of(&ctx.vault, &account, typed, now)? {
        Some(step) => commit(ctx, &account, step, ("code_taken", request_id), now, None).await?,
        None => false,
    };
    if used || was_right(&ctx.vault, &account, typed, now)? && is_answered_soon(ctx, request).await? {
        return Ok(());
    }
    Err(refuse(ctx, "code_refused", &person.to_string(), request_id, now).await?)
}

/// Whether they have shown anew at their provider who they are, which is used by this; None for whoever has no provider.
async fn shown_outside(
    ctx: &Context,
    (person, session): (PersonId, &TokenHash),
    request_id: &str,
    now: Timestamp,
) -> Result<Option<bool>, StorageError> {
    let since = now.saturating_sub(outside::FRESH_FOR).unwrap_or(Timestamp::MIN);
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            let found = console_sessions::find(&tx, session).await?;
            if found.is_none_or(|found| found.issuer.is_none()) {
                return Ok(None);
            }
            let used = console_sessions::use_fresh(&tx, session, since).await?;
            if used {
                let actor = person.to_string();
                unit::write(&tx, &told(&actor, "shown_anew_taken", actor.clone(), request_id, now)).await?;
            }
            tx.commit().await?;
            Ok(Some(used))
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

/// Right, though it may have been used.
fn was_right(vault: &Vault, account: &Account, typed: &str, now: Timestamp) -> Result<bool, StorageError> {
    let secret = vault.open(account.person.uuid().as_bytes(), &account.totp_sealed)?;
    Ok(code::accepted(&secret, typed, now, None).is_some())
}

async fn is_answered(ctx: &Context, request: Option<&idempotency::Request>) -> Result<bool, StorageError> {
    match request {
        Some(request) => idempotency::is_answered(&*ctx.pool.get().await?, request).await,
        None => Ok(false),
    }
}

/// The first press may have taken the code and be at it still.
async fn is_answered_soon(ctx: &Context, request: Option<&idempotency::Request>) -> Result<bool, StorageError> {
    for _ in 0..request.map_or(0, |_| LOOKS) {
        if is_answered(ctx, request).await? {
            return Ok(true);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(false)
}

/// An account whose try is counted; or who is named in the trail instead.
type Counted = Result<Account, String>;

async fn count_by_code(ctx: &Context, person: &str, now: Timestamp) -> Result<Counted, SignInError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            let found = sign_ins::lock_by_code(&tx, person).await?;
            counted(&tx, found, now).await
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

async fn count_by_id(ctx: &Context, person: PersonId, now: Timestamp) -> Result<Counted, SignInError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            let found = sign_ins::lock(&tx, person).await?;
            counted(&tx, found, now).await
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

/// As if it were wrong, until it is known to be right.
async fn counted(tx: &Tx, found: Option<Account>, now: Timestamp) -> Result<Counted, SignInError> {
    let Some(account) = found else {
        tx.commit().await?;
        return Ok(Err("unknown".to_owned()));
    };
    let tries = Tries { wrong: account.wrong_tries, locked_until: account.locked_until };
    let after = tries.wrong(now);
    sign_ins::count(tx, account.person, after.wrong, after.locked_until).await?;
    tx.commit().await?;
    Ok(if tries.is_locked(now) { Err(format!("{} locked", account.person)) } else { Ok(account) })
}

/// Whether the password fits; for nobody it is looked at as long.
async fn looked_at(typed: String, kept: Option<String>) -> Result<bool, SignInError> {
    let _turn = HASHING.acquire().await.map_err(|_| SignInError::GivenUp)?;
    let look = move || match kept {
        Some(kept) => password::fits(&typed, &kept),
        None => {
            password::fits_nobody(&typed);
            false
        }
    };
    tokio::task::spawn_blocking(look).await.map_err(|_| SignInError::GivenUp)
}

/// What is kept of a password; in its turn.
pub(super) async fn hashed(typed: String, salt: password::Salt) -> Result<String, SignInError> {
    let _turn = HASHING.acquire().await.map_err(|_| SignInError::GivenUp)?;
    let hash = move || password::hash(&typed, &salt);
    let hashed = tokio::task::spawn_blocking(hash).await.map_err(|_| SignInError::GivenUp)?;
    hashed.map_err(|_| SignInError::GivenUp)
}

fn step_of(vault: &Vault, account: &Account, typed: &str, now: Timestamp) -> Result<Option<i64>, StorageError> {
    let secret = vault.open(account.person.uuid().as_bytes(), &account.totp_sealed)?;
    Ok(code::accepted(&secret, typed, now, account.totp_last_step))
}

/// Uses the code and, with a token, begins the session; false where another took the code meanwhile.
async fn commit(
    ctx: &Context,
    account: &Account,
    step: i64,
    (action, request_id): (&'static str, &str),
    now: Timestamp,
    token_hash: Option<&TokenHash>,
) -> Result<bool, SignInError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            if !sign_ins::use_code(&tx, account.person, step, account.set_at).await? {
                return Ok(false);
            }
            if let Some(token_hash) = token_hash {
                console_sessions::begin(&tx, token_hash, account.person, now).await?;
            }
            let actor = account.person.to_string();
            unit::write(&tx, &told(&actor, action, actor.clone(), request_id, now)).await?;
            tx.commit().await?;
            Ok(true)
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

/// Who is refused, as the trail names them; then the refusal itself.
async fn refuse(
    ctx: &Context,
    action: &'static str,
    who: &str,
    request_id: &str,
    now: Timestamp,
) -> Result<SignInError, SignInError> {
    tell(ctx, "console", action, who.to_owned(), request_id, now).await?;
    Ok(SignInError::Refused)
}

fn told(actor: &str, action: &'static str, subject: String, request_id: &str, now: Timestamp) -> Unit {
    let mut unit = Unit::new(actor, now);
    unit.audit.push(Audit { action, subject, request_id: request_id.to_owned() });
    unit
}

/// A line of the trail by itself: what was read or refused, where nothing changes.
///
/// # Errors
/// When the database is away; what is not in the trail is not shown.
pub async fn tell(
    ctx: &Context,
    actor: &str,
    action: &'static str,
    subject: String,
    request_id: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let unit = told(actor, action, subject, request_id, now);
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let (written, committed) = both!(unit::write(&tx, &unit), tx.commit());
        unit::first_error([written, committed]).map(|_| ())
    }
    .await;
    tx.close(outcome).await
}

/// Whose session this is, where it is live; that they were seen is written down.
pub async fn signed_in(ctx: &Context, token_hash: &TokenHash, now: Timestamp) -> Result<Option<Found>, StorageError> {
    let db = ctx.pool.get().await?;
    let Some(found) = console_sessions::find(&db, token_hash).await? else { return Ok(None) };
    let session = Session {
        begun_at: found.begun_at,
        seen_at: found.seen_at,
        ended_at: found.ended_at,
        administers: found.roles.contains(&Role::Administrator),
    };
    if !session.is_live(now) {
        return Ok(None);
    }
    if now.duration_since(found.seen_at).as_secs() >= SEEN_AGAIN_S {
        console_sessions::seen(&db, token_hash, now).await?;
    }
    Ok(Some(found))
}

/// Ends the session.
pub async fn sign_out(
    ctx: &Context,
    token_hash: &TokenHash,
    person: PersonId,
    request_id: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    console_sessions::end(&*ctx.pool.get().await?, token_hash, now).await?;
    let actor = person.to_string();
    tell(ctx, &actor, "signed_out", actor.clone(), request_id, now).await
}
