//! Calls to neighbours, bounded: so many under way at once in one process, and none that is slow holds up the others.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Questions to providers under way at once, in one process.
const QUESTIONS: usize = 32;

const CALLBACKS: usize = 8;

/// A mail server takes few connections of one sender at once.
const LETTERS: usize = 4;

/// What this process may have under way.
#[derive(Clone)]
pub struct Slots {
    pub sending: Arc<Semaphore>,
    pub asking: Arc<Semaphore>,
    /// Wallets that wait for a bill's outcome: whoever does not answer holds up no question about money.
    pub telling: Arc<Semaphore>,
    /// Letters to payers.
    pub mailing: Arc<Semaphore>,
}

impl Slots {
    /// `in_flight`: sendings of events at once.
    pub fn new(in_flight: usize) -> Self {
        Self {
            sending: Arc::new(Semaphore::new(in_flight)),
            asking: Arc::new(Semaphore::new(QUESTIONS)),
            telling: Arc::new(Semaphore::new(CALLBACKS)),
            mailing: Arc::new(Semaphore::new(LETTERS)),
        }
    }
}

/// Works on each item in a task of its own, a slot for each, and waits for all of them up to `patience`. What takes
/// longer goes on by itself and keeps its slot; dropped before that, everything it began is dropped too.
pub async fn each<T, Fut>(slots: &Arc<Semaphore>, items: Vec<T>, patience: Duration, work: impl Fn(T) -> Fut)
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    for item in items {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { return };
        let working = work(item);
        under_way.spawn(async move {
            working.await;
            drop(slot);
        });
    }
    let all = async {
        while let Some(ended) = under_way.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = &error as &dyn std::error::Error, "a call to a neighbour broke off");
            }
        }
    };
    if tokio::time::timeout(patience, all).await.is_err() {
        under_way.detach_all();
    }
}
