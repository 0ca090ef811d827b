//! How often somebody may be wrong before their account waits. Who is wrong about a password and who is wrong about a code
//! are counted alike, so neither tells which it was.
//!
//! | before | a try | after |
//! |---|---|---|
//! | locked | right or wrong | the same lock: it is not looked at, and not made longer |
//! | n wrong, n < 4 | wrong | n + 1 wrong |
//! | 4 wrong | wrong | locked for 15 minutes |
//! | the lock is over | wrong | 1 wrong |
//! | n wrong | right | none wrong |

use jiff::{SignedDuration, Timestamp};

pub const AT_MOST: i16 = 5;
pub const LOCKED_FOR: SignedDuration = SignedDuration::from_mins(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// Wrong ones since the last right one.
    pub wrong: i16,
    pub locked_until: Option<Timestamp>,
}

impl Tries {
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// After a wrong one.
    #[must_use]
    pub fn wrong(self, now: Timestamp) -> Self {
        if self.is_locked(now) {
            return self;
        }
        let before = if self.locked_until.is_some() { 0 } else { self.wrong };
        let wrong = before.saturating_add(1);
        let locked_until = (wrong >= AT_MOST).then(|| now.saturating_add(LOCKED_FOR).unwrap_or(Timestamp::MAX));
        Self { wrong, locked_until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_fifth_wrong_try_locks_for_fifteen_minutes_and_none_makes_that_longer() {
        let mut tries = Tries::default();
        for second in 0..4 {
            tries = tries.wrong(at(second));
            assert!(!tries.is_locked(at(second)), "{second}");
        }
        tries = tries.wrong(at(4));
        assert!(tries.is_locked(at(4)));
        assert_eq!(tries.wrong(at(500)), tries, "whoever keeps trying keeps nobody out longer");
        assert!(tries.is_locked(at(903)));
        assert!(!tries.is_locked(at(904)));
        assert_eq!(tries.wrong(at(904)), Tries { wrong: 1, locked_until: None }, "counted anew");
    }
}
