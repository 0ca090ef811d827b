//! The gateway put together: configuration, wiring, listeners, worker, command line. What tests need to start one in
//! their own process is [`wiring::Gateway`].

mod accounts;
pub mod admin;
mod channels;
pub mod cli;
pub mod config;
mod connections;
mod counters;
mod credentials;
pub mod failed;
mod gateway;
mod invitations;
pub mod keys;
mod outside;
mod payers;
mod proxies;
mod receipts;
mod rehearsals;
mod remittances;
mod renewal;
mod report;
mod run;
mod sample;
mod say;
mod score;
mod sent;
pub mod servers;
mod signals;
mod simulate;
pub mod story;
mod tariff;
pub mod telemetry;
mod up;
mod verify;
mod wake;
pub mod wiring;
