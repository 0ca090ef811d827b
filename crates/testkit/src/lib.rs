//! What tests stand on: a PostgreSQL of their own, a database per test, a proxy that counts round trips, a Redis.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod database;
pub mod proxy;
pub mod redis;
pub mod server;

pub use database::{TestDatabase, connect, database, pool};
