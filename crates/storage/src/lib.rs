//! PostgreSQL: every row in and out, nothing decided. SQL is a constant above the one function that runs it; functions
//! take a connection, so they run in or out of a transaction. Transactions begin and end in `payments`.

pub mod account_money;
pub mod approvals;
pub mod assurance;
pub mod attempts;
pub mod backlog;
pub mod beneficiaries;
pub mod bill_callbacks;
pub mod bills;
pub mod case_list;
pub mod cases;
pub mod channels;
pub mod counters;
pub mod credentials;
pub mod days;
pub mod deliveries;
pub mod endpoints;
pub mod error;
pub mod events;
pub mod file_profiles;
pub mod idempotency;
pub mod ids;
pub mod intents;
pub mod migrate;
pub mod movements;
pub mod obligations;
pub mod parked;
pub mod parties;
pub mod payer_page;
pub mod payments;
pub mod persons;
pub mod pool;
pub mod principals;
pub mod profiles;
pub mod prompts;
pub mod receiving_accounts;
pub mod references;
pub mod refunds;
pub mod reports;
mod rows;
pub mod scenes;
pub mod seals;
pub mod settlements;
pub mod sightings;
pub mod statements;
pub mod suggestions;
pub mod sweeps;
pub mod tx;
pub mod unit;
pub mod vault;
#[cfg(test)]
mod walked;

pub use error::StorageError;
pub use pool::{Db, Pool, Settings};
pub use tx::Tx;
pub use vault::Vault;
