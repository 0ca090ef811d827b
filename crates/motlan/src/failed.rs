//! How a command fails: one line for people, with the whole chain of causes.

use std::error::Error;

/// What a command ends with. Nobody above decides anything by its kind.
pub type Failed = Box<dyn Error + Send + Sync>;

/// The error and all its causes. A transparent wrapper says the same as what it wraps, and is said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !said.ends_with(&part) {
            said = format!("{said}: {part}");
        }
        cause = error.source();
    }
    said
}
