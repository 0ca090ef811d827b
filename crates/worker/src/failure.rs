//! A task's failure with its whole chain of causes, as one line of the log.

use std::error::Error;

/// What went wrong in one pass; the task is run again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

/// The error and every cause below it. Our own `Display` never repeats its source, so the parts are joined;
/// a transparent wrapper says the same as what it wraps, and is said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said = without_rows(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = without_rows(error);
        if !said.ends_with(&part) {
            said = format!("{said}: {part}");
        }
        cause = error.source();
    }
    said
}

/// PostgreSQL's detail quotes whole rows, and with them what must not be in a log.
fn without_rows(error: &dyn Error) -> String {
    let text = error.to_string();
    text.lines().filter(|line| !line.starts_with("DETAIL:")).collect::<Vec<_>>().join("\n")
}

impl Failure {
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self(chain(error))
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
        assert_eq!(chain(&error), "the pass stopped: the wire is cut");
    }

    #[test]
    fn a_failure_quotes_no_row() {
        let error = std::io::Error::other("ERROR: refused\nDETAIL: Failing row contains (Nguyen Van A).\nHINT: none");
        assert_eq!(chain(&error), "ERROR: refused\nHINT: none");
    }
}
