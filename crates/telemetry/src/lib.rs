//! What the house tells of itself, in words that every floor can use: the table of metrics, and the trace that one
//! payment leaves across processes. Where it is sent to is `motlan`'s to say. No label and no span holds personal data.

pub mod metrics;
pub mod trace;
