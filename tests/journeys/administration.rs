//! What administrators set up, over HTTP and from the command line: lists, limits, channels that are switched off, things
//! that were given up and are driven again.

mod channels;
mod command;
mod contract_fees;
mod lists;
mod parked;
mod rights;
mod secrets;
mod two_persons;
