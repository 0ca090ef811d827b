//! What Motlan does: one file per use case. Transactions begin and end here; the network is never inside one.
//! Only [`record_money`] and [`advance_intent`] decide states and ledger entries.

pub mod advance_intent;
pub mod close_day;
pub mod context;
pub mod deliver_events;
pub mod endpoints;
pub mod erase_payer;
pub mod events;
pub mod expire_intents;
pub mod facts;
pub mod import_settlement;
pub mod import_statement;
pub mod learn;
pub mod match_movements;
mod neighbour;
pub mod open_intent;
mod payout_texts;
pub mod place_orphans;
pub mod poll_attempts;
pub mod receive_account_report;
pub mod receive_account_webhook;
pub mod receive_report;
pub mod receive_webhook;
pub mod record_money;
pub mod register_obligation;
pub mod reply;
pub mod report;
pub mod retry;
pub mod seal_books;
pub mod sequence_events;
pub mod settings;
pub mod slots;
pub mod start_attempt;
pub mod suggest;
pub mod sweep_movements;
pub mod verify_books;
pub mod view;

pub use context::{Caller, Context};
pub use reply::{IdempotencyError, Reply};
pub use settings::Settings;
pub use slots::Slots;
