//! A link by which a person sets password and codes, once. The command line makes it; whoever has the link is whom it was
//! made for, so it holds a day and goes by a way that the person alone reads.
//!
//! | | |
//! |---|---|
//! | another link of the same person | the one before is good no more |
//! | the link is followed by somebody who can sign in already | password and secret are new, and every session ends |
//! | twice | the second time it is absent |

use super::{SignInError, TokenHash, hashed, told};
use crate::administer::{AdminError, By, Made};
use crate::context::Context;
use crate::retry::{Retryable, retrying};
use domain::PersonId;
use identity::password::{self, Salt, Weak};
use identity::{code, code::Secret};
use jiff::{SignedDuration, Timestamp};
use storage::persons::{self, Filter};
use storage::sign_ins::{self, New, NewInvitation};
use storage::{StorageError, Tx, Vault, console_sessions, unit};

pub const INVITED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Makes a link for the person of this code; what stands in it, the caller knows.
///
/// # Errors
/// When there is no such person, or they are disabled.
pub async fn invite(
    tx: &Tx,
    by: &By,
    person_code: &str,
    vault: &Vault,
    (token_hash, secret): (&TokenHash, &Secret),
) -> Result<Made<PersonId>, AdminError> {
    let filter = Filter { code: Some(person_code.to_owned()), within: by.beneficiaries.clone(), id: None };
    let person = persons::lock(tx, &filter).await?.ok_or(AdminError::Absent)?;
    if person.disabled_at.is_some() {
        return Err(AdminError::Disabled(person.code));
    }
    let totp_sealed = vault.seal(person.id.uuid().as_bytes(), secret)?;
    sign_ins::end_invitations(tx, person.id, by.now).await?;
    let expires_at = by.now.saturating_add(INVITED_FOR).unwrap_or(Timestamp::MAX);
    let new = NewInvitation {
        token_hash,
        person: person.id,
        totp_sealed: &totp_sealed,
        made_by: &by.actor,
        made_at: by.now,
        expires_at,
    };
    sign_ins::invite(tx, &new).await?;
    Ok(Made::of(person.id, "sign_in_invited", person.id))
}

/// Whom a link is for, and what their application is told.
#[derive(Debug)]
pub struct Invited {
    pub person: PersonId,
    pub code: String,
    pub name: String,
    pub secret: Secret,
}

pub async fn invitation(
    ctx: &Context,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Invited>, StorageError> {
    let found = sign_ins::invitation(&*ctx.pool.get().await?, token_hash, now).await?;
    let open = |found: sign_ins::Invitation| {
        let secret = ctx.vault.open(found.person.uuid().as_bytes(), &found.totp_sealed)?;
        let secret = secret.try_into().map_err(|_| StorageError::Vault)?;
        Ok(Invited { person: found.person, code: found.code, name: found.name, secret })
    };
    found.map(open).transpose()
}

#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error("no such link, or it was followed")]
    Absent,
    #[error(transparent)]
    Weak(#[from] Weak),
    #[error("the code is not what the application shows")]
    WrongCode,
}

impl From<StorageError> for JoinError {
    fn from(error: StorageError) -> Self {
        Self::SignIn(error.into())
    }
}

impl Retryable for JoinError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::SignIn(e) if Retryable::is_retryable(e))
    }
}

/// What somebody sets who follows a link.
pub struct Joined {
    pub password: String,
    /// As proof that the application knows the secret.
    pub code: String,
    pub salt: Salt,
}

/// Follows the link: from now on the person signs in with these.
pub async fn join(
    ctx: &Context,
    token_hash: &TokenHash,
    joined: Joined,
    request_id: &str,
    now: Timestamp,
) -> Result<PersonId, JoinError> {
    let invited = invitation(ctx, token_hash, now).await?.ok_or(JoinError::Absent)?;
    password::check(&joined.password, &invited.code)?;
    let step = code::accepted(&invited.secret, &joined.code, now, None).ok_or(JoinError::WrongCode)?;
    let password_hash = hashed(joined.password, joined.salt).await?;
    let totp_sealed = ctx.vault.seal(invited.person.uuid().as_bytes(), &invited.secret)?;
    let new = New {
        person: invited.person,
        password_hash: &password_hash,
        totp_sealed: &totp_sealed,
        totp_last_step: step,
        at: now,
    };
    retrying(|| async {
        let tx = ctx.pool.tx().await?;
        let outcome = followed(&tx, token_hash, &new, request_id).await;
        tx.close(outcome).await
    })
    .await?;
    Ok(invited.person)
}

async fn followed(tx: &Tx, token_hash: &TokenHash, new: &New<'_>, request_id: &str) -> Result<(), JoinError> {
    tx.begin().await?;
    if !sign_ins::follow(tx, token_hash, new.at).await? {
        return Err(JoinError::Absent);
    }
    sign_ins::set(tx, new).await?;
    console_sessions::end_all(tx, new.person, new.at).await?;
    let actor = new.person.to_string();
    unit::write(tx, &told(&actor, "sign_in_set", actor.clone(), request_id, new.at)).await?;
    tx.commit().await?;
    Ok(())
}
