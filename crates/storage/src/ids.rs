//! New identifiers: UUIDv7, so that rows of one time lie together in every index.

use jiff::{SignedDuration, Timestamp};
use uuid::{NoContext, Uuid};

/// A fresh identifier of the given instant; the rest is random.
pub fn mint<Id: From<Uuid>>(at: Timestamp) -> Id {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)).into()
}

/// Per millisecond.
const IN_ORDER: u32 = 4_096;

/// Identifiers of one instant that rise with `nth`: rows that are read by id come in the order in which they were made.
pub fn mint_nth<Id: From<Uuid>>(at: Timestamp, nth: u32) -> Id {
    let (ahead, nth) = (nth / IN_ORDER, nth % IN_ORDER);
    let at = at.saturating_add(SignedDuration::from_millis(i64::from(ahead))).unwrap_or(at);
    let mut bytes = mint::<Uuid>(at).into_bytes();
    let [_, _, high, low] = nth.to_be_bytes();
    // after the version's four bits
    bytes[6] = 0x70 | high;
    bytes[7] = low;
    Uuid::from_bytes(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_in_order_rise_and_are_of_version_seven() {
        let at = Timestamp::UNIX_EPOCH;
        let ids: Vec<Uuid> = (0..3 * IN_ORDER).map(|nth| mint_nth(at, nth)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }
}
