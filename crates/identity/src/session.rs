//! How long it holds that somebody has shown who they are (ASVS 7.3.1, 7.3.2).
//!
//! | ends | |
//! |---|---|
//! | 15 minutes after the last request | 5 for whoever administers, who is told so by the rule that they can change most |
//! | 8 hours after it began | whatever they do |
//! | at once | signing out, a new password, a person who is disabled: what ends it writes that down |
//!
//! What moves or gives back money asks for a fresh code besides, each time.

use jiff::{SignedDuration, Timestamp};

pub const IDLE: SignedDuration = SignedDuration::from_mins(15);
pub const IDLE_OF_ADMINISTRATORS: SignedDuration = SignedDuration::from_mins(5);
pub const ABSOLUTE: SignedDuration = SignedDuration::from_hours(8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub begun_at: Timestamp,
    pub seen_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub administers: bool,
}

impl Session {
    pub fn is_live(&self, now: Timestamp) -> bool {
        let idle = if self.administers { IDLE_OF_ADMINISTRATORS } else { IDLE };
        self.ended_at.is_none()
            && now.duration_since(self.seen_at) < idle
            && now.duration_since(self.begun_at) < ABSOLUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(begun: i64, seen: i64) -> Session {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        Session { begun_at: at(begun), seen_at: at(seen), ended_at: None, administers: false }
    }

    fn live(session: &Session, minute: i64) -> bool {
        session.is_live(Timestamp::from_second(minute * 60).unwrap())
    }

    #[test]
    fn a_session_ends_after_a_quarter_of_an_hour_without_a_request_and_after_eight_hours_with_them() {
        assert!(live(&session(0, 0), 14) && !live(&session(0, 0), 15));
        assert!(live(&session(0, 470), 479) && !live(&session(0, 479), 480));
    }

    #[test]
    fn an_administrators_session_ends_after_five_minutes_and_an_ended_one_at_once() {
        let administers = Session { administers: true, ..session(0, 0) };
        assert!(live(&administers, 4) && !live(&administers, 5));
        let ended = Session { ended_at: Some(Timestamp::UNIX_EPOCH), ..session(0, 0) };
        assert!(!live(&ended, 0));
    }
}
