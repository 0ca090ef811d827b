//! The gateway put together: configuration, wiring, listeners, worker, command line. What tests need to start one in
//! their own process is [`wiring::Gateway`].

pub mod accounts;
pub mod admin;
pub mod cli;
pub mod config;
pub mod failed;
pub mod keys;
mod payers;
mod proxies;
mod report;
mod run;
mod sample;
mod say;
pub mod servers;
mod signals;
mod simulate;
pub mod story;
pub mod telemetry;
mod up;
mod verify;
mod wake;
pub mod wiring;
