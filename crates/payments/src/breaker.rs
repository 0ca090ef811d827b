//! Whether neighbours answer, as this process has seen it. A contract whose provider keeps failing is offered to nobody
//! for a while: a payer who waits for nothing and is then refused is worse off than one who is told to take another way.
//! It comes back by itself, first for a moment, in which one failure is enough to close it again.
//!
//! | | an answer | a failure |
//! |---|---|---|
//! | offered | forget the failures before | the fifth in a row: rest, 15 s |
//! | resting (calls of before may still end) | offered | as it is |
//! | offered again after a rest | offered, as if nothing had been | rest twice as long, 4 min at most |

use domain::codes::ProfileCode;
use provider::ProviderError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// In a row: one payer's bad luck closes nothing.
const FAILURES: u32 = 5;
const REST: Duration = Duration::from_secs(15);
const LONGEST_REST: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Copy, Default)]
struct Breaker {
    failures: u32,
    rests_until: Option<Instant>,
    rest: Duration,
}

impl Breaker {
    fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    fn failed(&mut self, now: Instant) {
        if self.rests(now) {
            return;
        }
        self.failures += 1;
        if self.failures >= FAILURES {
            self.rest = if self.rest.is_zero() { REST } else { (self.rest * 2).min(LONGEST_REST) };
            self.rests_until = Some(now + self.rest);
        }
    }
}

/// By contract. Cheap to clone; each clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Breakers(Arc<Mutex<HashMap<ProfileCode, Breaker>>>);

impl Breakers {
    /// What came of a call. A refusal is an answer; what was never sent is neither an answer nor a failure.
    pub fn heard<T>(&self, profile: &ProfileCode, result: &Result<T, ProviderError>) {
        if matches!(result, Err(ProviderError::NotSent(_))) {
            return;
        }
        self.heard_at(profile, matches!(result, Ok(_) | Err(ProviderError::Refused(_))), Instant::now());
    }

    /// Whether an order may be tried.
    pub fn is_answering(&self, profile: &ProfileCode) -> bool {
        self.is_answering_at(profile, Instant::now())
    }

    fn heard_at(&self, profile: &ProfileCode, answered: bool, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            if all.remove(profile).is_some_and(|b| b.rests_until.is_some()) {
                tracing::info!(%profile, "the provider answers again");
            }
            return;
        }
        let breaker = all.entry(profile.clone()).or_default();
        let rested = breaker.rests(now);
        breaker.failed(now);
        if !rested && breaker.rests(now) {
            tracing::warn!(%profile, rest_s = breaker.rest.as_secs(), "the provider does not answer: it is offered to nobody for a while");
        }
    }

    fn is_answering_at(&self, profile: &ProfileCode, now: Instant) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !all.get(profile).is_some_and(|breaker| breaker.rests(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(code: &str) -> ProfileCode {
        ProfileCode::new(code).unwrap()
    }

    /// Fails so often at `at`.
    fn fails(breakers: &Breakers, times: u32, at: Instant) {
        (0..times).for_each(|_| breakers.heard_at(&profile("momo_a"), false, at));
    }

    #[test]
    fn the_fifth_failure_in_a_row_closes_one_contract_and_no_other() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        fails(&breakers, 4, now);
        breakers.heard_at(&profile("momo_a"), true, now);
        fails(&breakers, 4, now);
        assert!(breakers.is_answering_at(&profile("momo_a"), now));
        fails(&breakers, 1, now);
        assert!(!breakers.is_answering_at(&profile("momo_a"), now));
        assert!(breakers.is_answering_at(&profile("momo_b"), now));
    }

    #[test]
    fn it_comes_back_by_itself_and_rests_longer_each_time_it_fails_at_once() {
        let (breakers, mut now) = (Breakers::default(), Instant::now());
        fails(&breakers, FAILURES, now);
        for rest_s in [15, 30, 60, 120, 240, 240] {
            assert!(!breakers.is_answering_at(&profile("momo_a"), now + Duration::from_secs(rest_s - 1)));
            now += Duration::from_secs(rest_s);
            assert!(breakers.is_answering_at(&profile("momo_a"), now), "{rest_s} s");
            fails(&breakers, 1, now);
        }
    }

    #[test]
    fn calls_that_end_badly_during_a_rest_do_not_lengthen_it_and_an_answer_ends_it() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        fails(&breakers, FAILURES, now);
        fails(&breakers, 100, now + Duration::from_secs(1));
        assert!(breakers.is_answering_at(&profile("momo_a"), now + REST));
        breakers.heard_at(&profile("momo_a"), true, now + Duration::from_secs(2));
        assert!(breakers.is_answering_at(&profile("momo_a"), now + Duration::from_secs(2)));
        fails(&breakers, FAILURES - 1, now + Duration::from_secs(3));
        assert!(breakers.is_answering_at(&profile("momo_a"), now + Duration::from_secs(3)), "it counts from nothing");
    }
}
