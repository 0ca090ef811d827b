//! The console as people meet it: signing in, what ends that, and what nobody but them may do.

mod a_day_in_a_browser;
mod administration;
mod in_a_browser;
mod openings;
mod outside;
mod outside_in_a_browser;
mod receipts;
mod remittances;
mod reports;
mod signing_in;
mod two_persons;
mod worked;
