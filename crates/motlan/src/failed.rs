//! How a command fails: one line for people, with the whole chain of causes.

use std::error::Error;

pub use worker::chain;

/// What a command ends with. Nobody above decides anything by its kind.
pub type Failed = Box<dyn Error + Send + Sync>;
