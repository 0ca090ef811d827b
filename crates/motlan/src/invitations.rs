//! Links by which people set password and codes for the console; and, in a demonstration, people who have done so.

use crate::admin::by;
use crate::config::Config;
use crate::failed::Failed;
use identity::code::{self, SECRET_LEN, Secret};
use identity::password::Salt;
use payments::administer::{AdminError, once};
use payments::sign_in::{self, INVITED_FOR, Joined};
use rand::Rng;
use serde::Serialize;
use serde_json::{Value, json};
use storage::{Pool, Tx, Vault};

/// The link is shown this once.
pub async fn invite(config: &Config, pool: &Pool, person: &str) -> Result<Value, Failed> {
    let vault = Vault::new(config.secret("keys.pii")?)?;
    let link = made(pool, &vault, person, &random()).await?;
    Ok(json!({"person": person, "path": link.path, "hours": INVITED_FOR.as_hours()}))
}

async fn made(pool: &Pool, vault: &Vault, person: &str, secret: &Secret) -> Result<console::Link, Failed> {
    let (by, link) = (by(), console::Link::mint());
    let work = async |tx: &Tx| sign_in::invite(tx, &by, person, vault, (&link.token_hash, secret)).await;
    match once(pool, &by, work).await {
        Ok(_) => Ok(link),
        Err(AdminError::Absent) => Err(format!("there is no person {person}").into()),
        Err(other) => Err(other.into()),
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// What a person of a demonstration signs in with: of no use anywhere else.
#[derive(Debug, Clone, Serialize)]
pub struct SampleLogin {
    pub person: String,
    pub password: String,
    /// As an authenticator application takes it.
    pub totp_secret: String,
}

/// Makes a link, and follows it.
pub async fn sample_login(ctx: &payments::Context, person: &str) -> Result<SampleLogin, Failed> {
    let secret: Secret = random::<SECRET_LEN>();
    let link = made(&ctx.pool, &ctx.vault, person, &secret).await?;
    let now = by().now;
    let password = hex::encode(random::<8>());
    let salt: Salt = random();
    let joined = Joined { password: password.clone(), code: code::code(&secret, code::step(now)), salt };
    sign_in::join(ctx, &link.token_hash, joined, "", now).await?;
    Ok(SampleLogin { person: person.to_owned(), password, totp_secret: code::text(&secret) })
}
