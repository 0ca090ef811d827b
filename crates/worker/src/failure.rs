//! A task's failure with its whole chain of causes, as one line of the log.

use std::error::Error;

/// What went wrong in one pass; the task is run again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    /// The error and every cause below it. Our own `Display` never repeats its source, so the parts are joined; a
    /// transparent wrapper says the same as what it wraps, and is said once.
    pub fn of(error: &dyn Error) -> Self {
        let mut parts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            let part = error.to_string();
            if parts.last().is_none_or(|last| !last.ends_with(&part)) {
                parts.push(part);
            }
            cause = error.source();
        }
        Self(parts.join(": "))
    }

    /// A panic is a bug of ours; it ends the pass, not the task.
    pub(crate) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let said = payload.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a word");
        Self(format!("panicked: {said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the pass stopped")]
    struct Outer(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Wrapper(Outer);

    #[test]
    fn a_failure_says_every_cause_once() {
        let error = Wrapper(Outer(std::io::Error::other("the wire is cut")));
        assert_eq!(Failure::of(&error).to_string(), "the pass stopped: the wire is cut");
    }
}
