//! The clock's way in: runs the use cases that no request waits for. It decides nothing; a task takes no input, is
//! bounded per pass, and finds its own work in the database, so any number of workers may run beside each other.

mod drain;
mod failure;
mod runner;
mod tasks;

pub use drain::{DrainError, drain};
pub use failure::{Failure, chain};
pub use runner::{Worker, start};
