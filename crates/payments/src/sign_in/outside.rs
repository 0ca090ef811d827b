//! Signing in by way of an identity provider, and showing there anew who one is. The provider says who somebody is; that we
//! know them, and what they may, an administrator has said here.
//!
//! | what comes back | answer | trail |
//! |---|---|---|
//! | with another browser's state | refused; the way that it is of is left as it is | `outside_refused unknown state` |
//! | a second time, later than ten minutes, or of no way at all | refused | `outside_refused unknown over` |
//! | anything that [`OutsideError`] names | refused | `outside_refused unknown <word>` |
//! | somebody whom nobody has linked, or who is disabled | refused; they are told what to have linked | `outside_refused unknown unlinked` |
//! | a person who has shown two factors there | a session | `signed_in_outside <person>` |
//! | a person who has shown one | our own code is asked for, and counted as at any other sign-in | `outside_refused <person> no_code` where they have none |
//! | who is signed in, asked anew, with two factors | the next decision within two minutes asks for no code | `shown_anew <person>` |
//! | somebody else than who is signed in | refused | `outside_refused <person> other_person` |
//!
//! Nobody becomes a person here, or gets a role, because a provider knows them.

use super::{SignInError, TokenHash, count_by_id, refuse, signed_in, step_of, tell, told};
use crate::administer::{AdminError, By, Made};
use crate::context::Context;
use crate::retry::{Retryable, retrying};
use domain::PersonId;
use identity::outside::{IdentityProvider, OutsideError, Returned, Shown, Way};
use jiff::{SignedDuration, Timestamp};
use storage::outside::{self, Arrived, NewWay};
use storage::persons::{self, Filter};
use storage::sign_ins::{self, Account};
use storage::{StorageError, Tx, console_sessions, unit};

/// Somebody may have to find their phone there.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
const CODE_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// Ways are of no use then; only refusals in the trail are.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// What was shown anew is good for one decision, this long.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(2);

#[derive(Debug, thiserror::Error)]
pub enum ArriveError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("refused: {cause}")]
    Refused {
        cause: &'static str,
        /// What to have linked, for whoever came back and nobody else.
        subject: Option<String>,
    },
}

impl Retryable for ArriveError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// What a browser holds on its way.
pub struct Browser<'a> {
    pub token: &'a str,
    pub token_hash: TokenHash,
}

/// What became of an answer that was taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    SignedIn,
    CodeWanted,
    /// Back to where they decide.
    ShownAnew {
        next: String,
    },
}

/// Begins a way, of somebody who signs in or, with a session, is asked anew; where the browser goes.
///
/// # Errors
/// When the provider is not reached, or the database is away.
pub async fn set_out(
    ctx: &Context,
    provider: &dyn IdentityProvider,
    browser: &Browser<'_>,
    (session, next): (Option<&TokenHash>, &str),
    now: Timestamp,
) -> Result<String, ArriveError> {
    let there = provider.way_in(&Way::of(browser.token), session.is_some(), now).await;
    let there = there.map_err(|error| not_believed(&error))?;
    let db = ctx.pool.get().await?;
    outside::forget(&db, before(now, FORGOTTEN_AFTER)).await?;
    let session_hash = session.map(|hash| &hash[..]);
    let way = NewWay { token_hash: &browser.token_hash, issuer: provider.issuer(), session_hash, next, at: now };
    outside::begin(&db, &way).await?;
    Ok(there)
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn not_believed(error: &OutsideError) -> ArriveError {
    tracing::warn!(error = error as &dyn std::error::Error, "an identity provider's answer is not believed");
    ArriveError::Refused { cause: error.word(), subject: None }
}

fn because(cause: &'static str) -> ArriveError {
    ArriveError::Refused { cause, subject: None }
}

/// Takes what a browser brought back. A session begins under `begins`.
///
/// # Errors
/// When it is refused; the trail says why before anybody is told.
pub async fn arrive(
    ctx: &Context,
    provider: &dyn IdentityProvider,
    (browser, begins): (Option<&Browser<'_>>, &TokenHash),
    (state, returned): (&str, &Returned),
    (request_id, now): (&str, Timestamp),
) -> Result<Arrival, ArriveError> {
    let mut who = None;
    let outcome = async {
        let (browser, way) = own(browser, state)?;
        let (arrived, shown) = taken(ctx, provider, (browser, &way), returned, now).await?;
        let db = ctx.pool.get().await?;
        let person = outside::person(&db, provider.issuer(), &shown.subject).await?;
        drop(db);
        let unlinked = || ArriveError::Refused { cause: "unlinked", subject: Some(shown.subject.clone()) };
        let person = person.ok_or_else(unlinked)?;
        who = Some(person);
        match &arrived.session_hash {
            Some(session) => {
                shown_anew(ctx, session, person, &shown, (request_id, now)).await?;
                Ok(Arrival::ShownAnew { next: arrived.next })
            }
            None if shown.two_factors => begin(ctx, browser, person, begins, (request_id, now)).await,
            None => await_code(ctx, browser, person).await,
        }
    }
    .await;
    if let Err(ArriveError::Refused { cause, .. }) = &outcome {
        let who = who.map_or_else(|| "unknown".to_owned(), |person| person.to_string());
        tell(ctx, "console", "outside_refused", format!("{who} {cause}"), request_id, now).await?;
    }
    outcome
}

/// An answer that was made for this browser.
fn own<'b>(browser: Option<&'b Browser<'b>>, state: &str) -> Result<(&'b Browser<'b>, Way), ArriveError> {
    let browser = browser.ok_or(because("state"))?;
    let way = Way::of(browser.token);
    if way.is_state(state) { Ok((browser, way)) } else { Err(because("state")) }
}

/// The way ends before its answer is looked at: no second one is, whatever comes of the first.
async fn taken(
    ctx: &Context,
    provider: &dyn IdentityProvider,
    (browser, way): (&Browser<'_>, &Way),
    returned: &Returned,
    now: Timestamp,
) -> Result<(Arrived, Shown), ArriveError> {
    let db = ctx.pool.get().await?;
    let arrived = outside::arrive(&db, &browser.token_hash, now, before(now, WITHIN)).await?;
    drop(db);
    let arrived = arrived.filter(|arrived| arrived.issuer == provider.issuer()).ok_or(because("over"))?;
    let asked_anew_at = arrived.session_hash.is_some().then_some(arrived.begun_at);
    let shown = provider.arrived(way, returned, asked_anew_at, now).await;
    Ok((arrived, shown.map_err(|error| not_believed(&error))?))
}

async fn shown_anew(
    ctx: &Context,
    session: &[u8],
    person: PersonId,
    shown: &Shown,
    (request_id, now): (&str, Timestamp),
) -> Result<(), ArriveError> {
    let session: TokenHash = session.try_into().map_err(|_| because("over"))?;
    let found = signed_in(ctx, &session, now).await?.ok_or(because("over"))?;
    if found.person != person {
        return Err(because("other_person"));
    }
    if !shown.two_factors {
        return Err(because("one_factor"));
    }
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            console_sessions::shown_anew(&tx, &session, now).await?;
            let actor = person.to_string();
            unit::write(&tx, &told(&actor, "shown_anew", actor.clone(), request_id, now)).await?;
            tx.commit().await
        }
        .await;
        tx.close(outcome).await
    })
    .await?;
    Ok(())
}

async fn begin(
    ctx: &Context,
    browser: &Browser<'_>,
    person: PersonId,
    begins: &TokenHash,
    (request_id, now): (&str, Timestamp),
) -> Result<Arrival, ArriveError> {
    let begun = retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            let begun = begun(&tx, browser, person, begins, (request_id, now)).await?;
            tx.commit().await?;
            Ok::<_, StorageError>(begun)
        }
        .await;
        tx.close(outcome).await
    })
    .await?;
    if begun { Ok(Arrival::SignedIn) } else { Err(because("over")) }
}

/// The way ends in a session; false where it has ended already.
async fn begun(
    tx: &Tx,
    browser: &Browser<'_>,
    person: PersonId,
    begins: &TokenHash,
    (request_id, now): (&str, Timestamp),
) -> Result<bool, StorageError> {
    let Some(issuer) = outside::end(tx, &browser.token_hash, now).await? else { return Ok(false) };
    console_sessions::begin_from(tx, begins, person, &issuer, now).await?;
    let actor = person.to_string();
    unit::write(tx, &told(&actor, "signed_in_outside", actor.clone(), request_id, now)).await?;
    Ok(true)
}

async fn await_code(ctx: &Context, browser: &Browser<'_>, person: PersonId) -> Result<Arrival, ArriveError> {
    let db = ctx.pool.get().await?;
    if !sign_ins::can(&db, person).await? {
        return Err(because("no_code"));
    }
    outside::await_code(&db, &browser.token_hash, person).await?;
    Ok(Arrival::CodeWanted)
}

/// Our own code of whoever arrived; with it the session begins.
///
/// # Errors
/// `Refused` when it is wrong, was used, came too late, or the account is locked.
pub async fn with_code(
    ctx: &Context,
    browser: &Browser<'_>,
    typed: &str,
    begins: &TokenHash,
    (request_id, now): (&str, Timestamp),
) -> Result<PersonId, SignInError> {
    let awaited = outside::awaited(&*ctx.pool.get().await?, &browser.token_hash, before(now, CODE_WITHIN)).await?;
    let Some(person) = awaited else {
        return Err(refuse(ctx, "outside_refused", "unknown over", request_id, now).await?);
    };
    let account = match count_by_id(ctx, person, now).await? {
        Ok(account) => account,
        Err(who) => return Err(refuse(ctx, "outside_refused", &who, request_id, now).await?),
    };
    let begun = match step_of(&ctx.vault, &account, typed, now)? {
        Some(step) => begin_with(ctx, browser, (&account, step), begins, (request_id, now)).await?,
        None => false,
    };
    if begun {
        Ok(person)
    } else {
        Err(refuse(ctx, "outside_refused", &format!("{person} wrong_code"), request_id, now).await?)
    }
}

/// Uses the code and begins the session, both or neither.
async fn begin_with(
    ctx: &Context,
    browser: &Browser<'_>,
    (account, step): (&Account, i64),
    begins: &TokenHash,
    (request_id, now): (&str, Timestamp),
) -> Result<bool, SignInError> {
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = async {
            tx.begin().await?;
            let begins = sign_ins::use_code(&tx, account.person, step, account.set_at).await?
                && begun(&tx, browser, account.person, begins, (request_id, now)).await?;
            if begins {
                tx.commit().await?;
            }
            Ok(begins)
        }
        .await;
        tx.close(outcome).await
    })
    .await
}

/// From now on whoever the provider calls so is this person. One provider calls a person by one name only.
///
/// # Errors
/// When there is no such person, or they are disabled; when either is linked already.
pub async fn link(
    tx: &Tx,
    by: &By,
    person_code: &str,
    (issuer, subject): (&str, &str),
) -> Result<Made<PersonId>, AdminError> {
    let person = found(tx, by, person_code).await?;
    if person.disabled_at.is_some() {
        return Err(AdminError::Disabled(person.code));
    }
    outside::link(tx, (issuer, subject), person.id, &by.actor, by.now).await?;
    Ok(Made::of(person.id, "identity_linked", person.id))
}

/// No provider names the person any more, and they are signed out wherever they are.
///
/// # Errors
/// When there is no such person.
pub async fn unlink(tx: &Tx, by: &By, person_code: &str) -> Result<Made<PersonId>, AdminError> {
    let person = found(tx, by, person_code).await?;
    outside::unlink(tx, person.id).await?;
    console_sessions::end_all(tx, person.id, by.now).await?;
    Ok(Made::of(person.id, "identity_unlinked", person.id))
}

async fn found(tx: &Tx, by: &By, person_code: &str) -> Result<persons::Person, AdminError> {
    let filter = Filter { code: Some(person_code.to_owned()), within: by.beneficiaries.clone(), id: None };
    persons::lock(tx, &filter).await?.ok_or(AdminError::Absent)
}
