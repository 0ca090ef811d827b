//! Who somebody shows to be: a password, a code that changes with the time, how often they may be wrong, and how long it
//! then holds; and the port to a provider outside that says who somebody is. No I/O, no clock, no randomness. It knows no
//! person: whose these are, `payments::sign_in` says.

pub mod code;
pub mod outside;
pub mod password;
pub mod session;
pub mod tries;
