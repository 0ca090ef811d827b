//! The console as people meet it: signing in, what ends that, and what nobody but them may do.

mod in_a_browser;
mod signing_in;
mod two_persons;
