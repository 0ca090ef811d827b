//! New identifiers: UUIDv7, so that rows of one time lie together in every index.

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

/// A fresh identifier of the given instant; the rest is random.
pub fn mint<Id: From<Uuid>>(at: Timestamp) -> Id {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)).into()
}
