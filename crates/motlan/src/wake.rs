//! Work that one process makes wakes the workers of all: a gateway without a worker passes its rings on, a worker hears
//! the others'. Lost news cost a period of the worker's clock and nothing else. What changed about an intent is passed on
//! too, by every process, to whoever shows it.

use crate::wiring::Role;
use payments::Context;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use volatile::{Change, Volatile};

/// Rings of a busy gateway within this are one: each makes every worker look into the database.
const GAP: Duration = Duration::from_millis(10);

/// Tells what this process commits about intents, until the handle is aborted.
pub fn tell(ctx: &Context, volatile: &Volatile) -> JoinHandle<()> {
    let (mut committed, volatile) = (ctx.pool.committed(), volatile.clone());
    tokio::spawn(async move {
        loop {
            match committed.recv().await {
                Ok(intent) => volatile.tell(Change::Intent(intent)).await,
                // who waits for them looks by itself after a while
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "news of intents were too many to pass on"),
                Err(RecvError::Closed) => return,
            }
        }
    })
}

/// Until the handle is aborted.
pub fn relay(role: Role, ctx: &Context, volatile: &Volatile) -> JoinHandle<()> {
    let (wake, volatile) = (ctx.wake.clone(), volatile.clone());
    match role {
        Role::Serve => tokio::spawn(async move {
            loop {
                wake.notified().await;
                volatile.tell(Change::Work).await;
                tokio::time::sleep(GAP).await;
            }
        }),
        Role::Work | Role::Both => {
            let mut news = volatile.listen();
            tokio::spawn(async move {
                loop {
                    match news.recv().await {
                        Ok(Change::Work) | Err(RecvError::Lagged(_)) => wake.notify_one(),
                        Ok(Change::Intent(_)) => {}
                        Err(RecvError::Closed) => return,
                    }
                }
            })
        }
    }
}
