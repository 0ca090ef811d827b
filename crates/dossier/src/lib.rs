//! What Motlan says to the dossier system of a portal: the message, its signature, and one delivery over HTTP.
//! When and how often to deliver, in which order and for how long is not decided here.

pub mod client;
pub mod message;
pub mod signature;

pub use client::{Client, ClientError, Delivery, Settings, UrlError};
pub use message::{IntentData, ObligationData, PaidBy, ReceiptData, ReceiptLine, RefundData, RefundLineData, envelope};
pub use signature::{SignError, mint_secret, sign};
