//! The news that something changed, to whoever listens in this process and in the others. It carries no work and no
//! person, and may be lost or come twice: who hears it looks into the database, and looks there now and then anyway.

use crate::Volatile;
use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisResult, Value};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use uuid::Uuid;

const CHANNEL: &str = "motlan:changes";
/// Who hears so many late has missed some, and looks into the database all the same.
const KEPT: usize = 256;
/// Before a broken subscription is made again.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without news the server is asked whether it is still there: a network that swallows says nothing.
const QUIET: Duration = Duration::from_secs(15);
/// Of making a subscription, and of that answer.
const LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There may be work for a worker.
    Work,
    /// Something about this intent is not as it was.
    Intent(Uuid),
}

pub struct Changes {
    heard: broadcast::Sender<Change>,
    /// Tells our own news, which comes back to us, from the others'.
    origin: Uuid,
    listener: OnceLock<AbortHandle>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { heard: broadcast::Sender::new(KEPT), origin: Uuid::new_v4(), listener: OnceLock::new() }
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}

impl Volatile {
    /// Tells everybody who listens.
    pub async fn tell(&self, change: Change) {
        let changes = &self.0.changes;
        // an error says that nobody listens here
        let _ = changes.heard.send(change);
        let Some(line) = &self.0.line else { return };
        let publish = redis::Cmd::publish(CHANNEL, written(changes.origin, change));
        let _: Option<i64> =
            line.call("publish", |mut redis| async move { publish.query_async(&mut redis).await }).await;
    }

    /// What is told from now on, here and, from a moment after the first call on, elsewhere.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        let changes = &self.0.changes;
        if let Some(line) = &self.0.line {
            changes.listener.get_or_init(|| {
                let hearing = hear(line.client().clone(), changes.heard.clone(), changes.origin);
                line.runtime().spawn(hearing).abort_handle()
            });
        }
        changes.heard.subscribe()
    }
}

/// For ever: a subscription that breaks, or of which nothing is heard any more, is made again.
async fn hear(client: Client, heard: broadcast::Sender<Change>, own: Uuid) {
    loop {
        if let Ok(Ok((mut server, mut messages))) = tokio::time::timeout(LIMIT, subscribed(&client)).await {
            // what was told while nobody heard it
            let _ = heard.send(Change::Work);
            loop {
                match tokio::time::timeout(QUIET, messages.next()).await {
                    Ok(Some(message)) => {
                        let told = message.get_payload::<String>().ok().as_deref().and_then(read);
                        if let Some((_, change)) = told.filter(|(origin, _)| *origin != own) {
                            let _ = heard.send(change);
                        }
                    }
                    Ok(None) => break,
                    Err(_) => match tokio::time::timeout(LIMIT, server.ping::<Value>()).await {
                        Ok(Ok(_)) => {}
                        _ => break,
                    },
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn subscribed(client: &Client) -> RedisResult<(PubSubSink, PubSubStream)> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(CHANNEL).await?;
    Ok(subscription.split())
}

fn written(origin: Uuid, change: Change) -> String {
    match change {
        Change::Work => format!("{origin} work"),
        Change::Intent(id) => format!("{origin} {id}"),
    }
}

/// None of what another version says and we do not understand.
fn read(text: &str) -> Option<(Uuid, Change)> {
    let (origin, what) = text.split_once(' ')?;
    let change = if what == "work" { Change::Work } else { Change::Intent(what.parse().ok()?) };
    Some((origin.parse().ok()?, change))
}
