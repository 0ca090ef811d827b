//! The scenes, in the order in which they are told.

pub mod cancelled;
pub mod dossiers;
pub mod endpoint;
pub mod expired;
pub mod ledger;
pub mod lost_report;
pub mod paid;
pub mod repeated;
pub mod told;
