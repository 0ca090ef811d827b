//! The identity provider of the configuration, if there is one; and whom it calls by which name.

use crate::admin::by;
use crate::config::{Config, ConfigError};
use crate::failed::Failed;
use crate::wiring::WiringError;
use identity::outside::IdentityProvider;
use payments::administer::{AdminError, Made, once};
use payments::sign_in::outside;
use serde_json::{Value, json};
use std::sync::Arc;
use storage::{Pool, StorageError, Tx};

/// # Errors
/// When it is named and not described whole.
#[cfg(feature = "oidc")]
pub fn provider(config: &Config, staff_url: &str) -> Result<Option<Arc<dyn IdentityProvider>>, WiringError> {
    let Some(issuer) = config.oidc.issuer.clone() else { return Ok(None) };
    let console_url = config.oidc.console_url.as_deref().unwrap_or(staff_url).trim_end_matches('/');
    let settings = openid::Settings {
        issuer,
        name: config.oidc.name.clone(),
        client_id: config.oidc.client_id.clone().ok_or_else(|| ConfigError::missing("oidc.client_id"))?,
        client_secret: config.secret("oidc.client_secret")?.clone(),
        hosts: config.oidc.hosts.clone(),
        two_factors: config.oidc.two_factors.clone(),
        return_url: format!("{console_url}{}", console::RETURN_PATH),
        left_url: format!("{console_url}{}", console::LEFT_PATH),
        is_trial: config.mode == domain::mode::Mode::Sandbox,
    };
    let client = openid::Client::new(settings).map_err(|error| WiringError::Outside(Box::new(error)))?;
    Ok(Some(Arc::new(client)))
}

/// # Errors
/// When one is named: a program without it must not look as if it had it.
#[cfg(not(feature = "oidc"))]
pub fn provider(config: &Config, _: &str) -> Result<Option<Arc<dyn IdentityProvider>>, WiringError> {
    match &config.oidc.issuer {
        None => Ok(None),
        Some(_) => Err(ConfigError::value("oidc.issuer", "this program was built without OpenID Connect").into()),
    }
}

/// From now on whoever the provider calls so signs in as this person.
pub async fn link(config: &Config, pool: &Pool, person: &str, subject: &str) -> Result<Value, Failed> {
    let issuer = config.oidc.issuer.as_deref().ok_or_else(|| ConfigError::missing("oidc.issuer"))?;
    let by = by();
    let work = async |tx: &Tx| outside::link(tx, &by, person, (issuer, subject)).await;
    done(once(pool, &by, work).await, person)?;
    Ok(json!({"person": person, "issuer": issuer, "subject": subject}))
}

/// The person signs in by way of no provider any more.
pub async fn unlink(pool: &Pool, person: &str) -> Result<Value, Failed> {
    let by = by();
    let work = async |tx: &Tx| -> Result<Made<_>, AdminError> { outside::unlink(tx, &by, person).await };
    done(once(pool, &by, work).await, person)?;
    Ok(json!({"person": person, "unlinked": true}))
}

fn done<T>(outcome: Result<T, AdminError>, person: &str) -> Result<(), Failed> {
    match outcome {
        Ok(_) => Ok(()),
        Err(AdminError::Absent) => Err(format!("there is no person {person}").into()),
        Err(AdminError::Storage(StorageError::Conflict { constraint, .. })) => Err(match constraint.as_str() {
            "outside_identity_once" => "whoever is called so is somebody already".into(),
            _ => format!("{person} is linked already: unlink them first").into(),
        }),
        Err(other) => Err(other.into()),
    }
}
