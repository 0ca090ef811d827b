//! Assertions as they are stated, one line each, and what is left of them at the end.

use std::fmt;

use super::paper::say;
use super::stop::Stop;

/// The stated assertions that did not hold, each as it was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub assertions: Vec<String>,
}

impl std::error::Error for Failed {}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} khẳng định sai (assertions that did not hold):", self.assertions.len())?;
        self.assertions.iter().try_for_each(|assertion| write!(f, "\n  - {assertion}"))
    }
}

#[derive(Debug, Default)]
pub struct Tally {
    scenes: usize,
    held: usize,
    failed: Vec<String>,
}

impl Tally {
    /// Scenes are numbered from 0.
    pub fn scene(&mut self, title: &str, gloss: &str) {
        say(&format!("\n━━ Cảnh {}. {title} ({gloss})", self.scenes));
        self.scenes += 1;
    }

    /// One assertion; it is counted whether or not it holds, and ends nothing.
    pub fn check(&mut self, holds: bool, vietnamese: impl fmt::Display, english: impl fmt::Display) {
        let mark = if holds { '✓' } else { '✗' };
        say(&format!("  {mark} {vietnamese} ({english})"));
        if holds {
            self.held += 1;
        } else {
            self.failed.push(format!("{}: {vietnamese} ({english})", self.place()));
        }
    }

    /// A scene that could not be played to its end is one assertion that did not hold.
    pub fn stopped(&mut self, stop: &Stop) {
        let why = stop.in_full();
        say(&format!("  ✗ không diễn tiếp được (the scene stops here): {why}"));
        let first = why.lines().next().unwrap_or_default();
        self.failed.push(format!("{}: diễn đến hết (played to its end): {first}", self.place()));
    }

    pub fn end(self) -> Result<(), Failed> {
        let (held, failed) = (self.held, self.failed.len());
        say(&format!(
            "\nCâu chuyện: {held} khẳng định đúng, {failed} sai (story: {held} assertions held, {failed} failed)"
        ));
        if self.failed.is_empty() { Ok(()) } else { Err(Failed { assertions: self.failed }) }
    }

    fn place(&self) -> String {
        match self.scenes.checked_sub(1) {
            Some(scene) => format!("cảnh {scene}"),
            None => "mở đầu (the beginning)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assertion_that_does_not_hold_is_named_with_its_scene() {
        let mut tally = Tally::default();
        tally.scene("Một", "one");
        tally.check(true, "đúng", "right");
        tally.check(false, "sai", "wrong");
        tally.scene("Hai", "two");
        tally.stopped(&Stop::Missing("id"));
        let failed = tally.end().expect_err("two did not hold").assertions;
        assert_eq!(failed.first().map(String::as_str), Some("cảnh 0: sai (wrong)"));
        assert_eq!(failed.len(), 2);
        assert!(failed.iter().any(|f| f.starts_with("cảnh 1: ")));
    }

    #[test]
    fn a_story_in_which_all_holds_ends_well() {
        let mut tally = Tally::default();
        tally.check(true, "đúng", "right");
        assert_eq!(tally.end(), Ok(()));
    }
}
