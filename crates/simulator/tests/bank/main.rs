//! The bank over real sockets, against a customer made for the test.

mod listings;
mod notifications;
mod statements;
mod support;
mod transfers;
