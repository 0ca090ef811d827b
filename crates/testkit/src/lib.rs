//! What tests stand on: a PostgreSQL of their own, a database per test, proxies that count and cut, a Redis.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod database;
pub mod forgotten;
mod frames;
pub mod gate;
pub mod proxy;
pub mod redis;
pub mod server;

pub use database::{TestDatabase, connect, database, pool};
