//! The scenes, in the order in which they are told.

pub mod cancelled;
pub mod dossiers;
pub mod endpoint;
pub mod expired;
pub mod ledger;
pub mod lost_report;
pub mod lost_transfer;
pub mod paid;
pub mod reconciled;
pub mod refused_closing;
pub mod repeated;
pub mod scanned;
pub mod short;
pub mod told;
pub mod two_channels;
