//! The one helper that tries a transaction again: serialization failures, deadlocks and rows that moved, bounded.

use rand::RngExt;
use std::time::Duration;
use storage::StorageError;

const TRIES: u32 = 6;

/// An error that may mean "nothing happened, try the whole transaction again".
pub trait Retryable {
    fn is_retryable(&self) -> bool;
}

impl Retryable for StorageError {
    fn is_retryable(&self) -> bool {
        // somebody else recorded the same money first: read it, do not insert it
        StorageError::is_retryable(self)
            || self.is_conflict("payment_provider_identity")
            || self.is_conflict("payment_bank_identity")
            || self.is_conflict("payment_counter_identity")
            || self.is_conflict("intent_reference_unique")
            || self.is_conflict("attempt_number_unique")
    }
}

/// Runs `once` until it succeeds, fails for good, or was tried six times. `once` has no effect outside its transaction.
pub async fn retrying<T, E, Fut>(mut once: impl FnMut() -> Fut) -> Result<T, E>
where
    E: Retryable,
    Fut: Future<Output = Result<T, E>>,
{
    let mut tried = 0;
    loop {
        let outcome = once().await;
        tried += 1;
        match outcome {
            Err(error) if error.is_retryable() && tried < TRIES => {
                let pause = rand::rng().random_range(1..=5_u64 << tried);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            other => return other,
        }
    }
}
