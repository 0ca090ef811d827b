//! Where a client hears its events: registered, its secret rotated, removed; events sent again.

use crate::context::{Caller, Context};
use crate::reply::{self, IdempotencyError, Repeat, Reply, repeat_of};
use crate::retry::{Retryable, retrying};
use domain::event::StreamKind;
use domain::{ClientId, EndpointId, EventId};
use dossier::UrlError;
use futures_util::join;
use jiff::Timestamp;
use rand::Rng;
use secrecy::SecretString;
use storage::endpoints::Endpoint;
use storage::ids::mint;
use storage::unit::{Audit, Unit};
use storage::{StorageError, Tx, deliveries, endpoints, idempotency, unit};

#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("no such endpoint or event")]
    Absent,
    #[error("two secrets sign already: retire the old one first")]
    TwoSecrets,
}

impl Retryable for EndpointError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Storage(e) if Retryable::is_retryable(e))
    }
}

/// What a client does with its endpoints and events.
#[derive(Debug, Clone)]
pub enum Act {
    Create {
        url: String,
        streams: Vec<StreamKind>,
    },
    /// A second secret signs beside the first.
    Rotate(EndpointId),
    /// Only the newest secret signs from now on.
    Retire(EndpointId),
    Remove(EndpointId),
    RedeliverOne(EventId),
    /// Feed positions, both included.
    RedeliverRange {
        from: i64,
        to: i64,
    },
}

pub struct Command {
    pub client: ClientId,
    pub act: Act,
    pub caller: Caller,
    /// None where a repeat needs no memory: what is removed is removed.
    pub idempotency: Option<idempotency::Request>,
    pub now: Timestamp,
}

/// What came of it, for the answer.
pub enum Done {
    /// The secret is shown here and never again.
    Endpoint(Endpoint, Option<SecretString>),
    Redelivered(u64),
}

pub async fn run(
    ctx: &Context,
    command: &Command,
    render: &(dyn Fn(&Done) -> (u16, String) + Send + Sync),
) -> Result<Reply, EndpointError> {
    if let Act::Create { url, .. } = &command.act {
        ctx.dossier.check_url(url)?;
    }
    let reply = retrying(|| run_once(ctx, command, render)).await?;
    ctx.wake.notify_one();
    Ok(reply)
}

async fn run_once(
    ctx: &Context,
    command: &Command,
    render: &(dyn Fn(&Done) -> (u16, String) + Send + Sync),
) -> Result<Reply, EndpointError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        if let Some(reply) = earlier(ctx, &tx, command).await? {
            return Ok(reply);
        }
        let (done, action, subject) = act(ctx, &tx, command).await?;
        let mut unit = Unit::new(command.caller.actor(), command.now);
        let request_id = command.caller.request_id.clone();
        unit.audit.push(Audit { action, subject: subject.clone(), request_id });
        let (status, body) = render(&done);
        let secret = matches!(done, Done::Endpoint(_, Some(_)));
        let kept_body = match &command.idempotency {
            Some(request) if secret => reply::sealed(&ctx.vault, &request.key_hash, &body)?,
            _ => body.clone(),
        };
        let kept = async {
            match &command.idempotency {
                Some(r) => idempotency::keep(&tx, r, &subject, Some((status, &kept_body)), None).await,
                None => Ok(()),
            }
        };
        let (written, kept, committed) = join!(unit::write(&tx, &unit), kept, tx.commit());
        unit::first_error([written, kept, committed])?;
        Ok(Reply::fresh(status, body))
    }
    .await;
    tx.close(outcome).await
}

/// Begins; what an earlier request of this key was answered.
async fn earlier(ctx: &Context, tx: &Tx, command: &Command) -> Result<Option<Reply>, EndpointError> {
    let Some(request) = &command.idempotency else {
        tx.begin().await?;
        return Ok(None);
    };
    let (begun, earlier) = join!(tx.begin(), idempotency::claim(tx, request));
    begun?;
    let Some(Repeat::Answered(reply)) = earlier?.map(repeat_of).transpose()? else { return Ok(None) };
    let body = reply::opened(&ctx.vault, &request.key_hash, reply.body)?;
    Ok(Some(Reply { body, ..reply }))
}

async fn act(ctx: &Context, tx: &Tx, c: &Command) -> Result<(Done, &'static str, String), EndpointError> {
    match &c.act {
        Act::Create { url, streams } => {
            let secret = mint_secret();
            let endpoint = Endpoint {
                id: mint(c.now),
                client_id: c.client,
                url: url.clone(),
                stream_kinds: streams.iter().map(ToString::to_string).collect(),
                created_at: c.now,
                disabled_at: None,
                rotating: false,
            };
            endpoints::insert(tx, &ctx.vault, &endpoint, &secret).await?;
            let subject = endpoint.id.to_string();
            Ok((Done::Endpoint(endpoint, Some(secret)), "endpoint_created", subject))
        }
        Act::Rotate(id) => {
            let mut endpoint = endpoints::lock(tx, c.client, *id).await?.ok_or(EndpointError::Absent)?;
            // a third would take the place of the one that the receiver may still have
            if endpoint.rotating {
                return Err(EndpointError::TwoSecrets);
            }
            let secret = mint_secret();
            endpoints::rotate(tx, &ctx.vault, *id, &secret).await?;
            endpoint.rotating = true;
            Ok((Done::Endpoint(endpoint, Some(secret)), "endpoint_secret_rotated", id.to_string()))
        }
        Act::Retire(id) => {
            let mut endpoint = endpoints::lock(tx, c.client, *id).await?.ok_or(EndpointError::Absent)?;
            endpoints::retire_old_secret(tx, *id).await?;
            endpoint.rotating = false;
            Ok((Done::Endpoint(endpoint, None), "endpoint_secret_retired", id.to_string()))
        }
        Act::Remove(id) => {
            let mut endpoint = endpoints::lock(tx, c.client, *id).await?.ok_or(EndpointError::Absent)?;
            endpoints::disable(tx, *id).await?;
            endpoint.disabled_at = Some(c.now);
            Ok((Done::Endpoint(endpoint, None), "endpoint_removed", id.to_string()))
        }
        Act::RedeliverOne(id) => {
            storage::events::by_id(tx, c.client, *id).await?.ok_or(EndpointError::Absent)?;
            let sent = deliveries::redeliver(tx, c.client, Some(*id), None).await?;
            Ok((Done::Redelivered(sent), "event_redelivered", id.to_string()))
        }
        Act::RedeliverRange { from, to } => {
            let sent = deliveries::redeliver(tx, c.client, None, Some((*from, *to))).await?;
            Ok((Done::Redelivered(sent), "events_redelivered", format!("{from}..{to}")))
        }
    }
}

fn mint_secret() -> SecretString {
    let mut random = rand::rng();
    dossier::mint_secret(|bytes| random.fill_bytes(bytes))
}
