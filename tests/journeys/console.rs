//! The console as people meet it: signing in, what ends that, and what nobody but them may do.

mod signing_in;
mod two_persons;
