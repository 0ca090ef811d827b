//! What tests stand on: a PostgreSQL of their own, a database per test, a proxy that counts round trips.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod database;
pub mod proxy;
pub mod server;

pub use database::{TestDatabase, connect, database, pool};
