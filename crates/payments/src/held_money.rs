//! What becomes of money that a payer has authorised and that waits for our word. Of the attempts of one intent, one is taken:
//! that is decided with the intent locked and committed before a provider hears it, so that attempts which are asked about at
//! the same moment see each other.
//!
//! | the intent, locked | the word |
//! |---|---|
//! | is over: paid otherwise, cancelled, expired | let go |
//! | wants its money, and this attempt was to be taken before | take |
//! | another attempt is to be taken, and what came of it is not known | let go |
//! | an older attempt waits for our word as well, and has none | let go |
//! | else | take |

use crate::advance_intent::PlanError;
use crate::context::Context;
use crate::facts;
use crate::retry::retrying;
use domain::AttemptId;
use domain::attempt::{Attempt, AttemptStatus, HeldWord};
use domain::intent::IntentStatus;
use jiff::Timestamp;
use storage::attempts::{self, Stored};

/// Decides, and keeps what is about to be said.
pub async fn word(ctx: &Context, attempt: &Attempt, now: Timestamp) -> Result<HeldWord, PlanError> {
    retrying(|| word_once(ctx, attempt, now)).await
}

async fn word_once(ctx: &Context, attempt: &Attempt, now: Timestamp) -> Result<HeldWord, PlanError> {
    let tx = ctx.pool.tx().await?;
    let outcome = async {
        tx.begin().await?;
        let facts = facts::lock(&tx, attempt.intent_id).await?;
        let said = attempts::said_of(&tx, attempt.intent_id).await?;
        let own = facts.attempt(attempt.id)?.number;
        let is_held = |stored: &Stored| {
            let provider = ctx.providers.by_profile(&stored.attempt.profile);
            stored.attempt.status == AttemptStatus::Committed && provider.is_some_and(|p| p.holds.is_some())
        };
        let others: Vec<Other> = facts
            .attempts
            .iter()
            .filter(|stored| stored.attempt.id != attempt.id)
            .map(|stored| Other {
                is_older: stored.number < own,
                is_held: is_held(stored),
                status: stored.attempt.status,
                said: said_to(&said, stored.attempt.id),
            })
            .collect();
        let word = decide(facts.intent()?.status, said_to(&said, attempt.id), &others);
        attempts::say(&tx, attempt.id, word, now).await?;
        tx.commit().await?;
        Ok(word)
    }
    .await;
    tx.close(outcome).await
}

fn said_to(said: &[(AttemptId, HeldWord)], attempt: AttemptId) -> Option<HeldWord> {
    said.iter().find(|(id, _)| *id == attempt).map(|(_, word)| *word)
}

/// Another attempt of the intent.
#[derive(Debug, Clone, Copy)]
struct Other {
    is_older: bool,
    /// Its money waits for our word.
    is_held: bool,
    status: AttemptStatus,
    said: Option<HeldWord>,
}

fn decide(intent: IntentStatus, said: Option<HeldWord>, others: &[Other]) -> HeldWord {
    if !matches!(intent, IntentStatus::Open | IntentStatus::Processing) {
        return HeldWord::LetGo;
    }
    if said == Some(HeldWord::Take) {
        return HeldWord::Take;
    }
    // of one that has succeeded the intent itself tells whether that was enough
    let is_open = |o: &Other| o.status.is_undecided() || o.status == AttemptStatus::Unknown;
    let is_first = |o: &Other| match o.said {
        Some(HeldWord::Take) => is_open(o),
        Some(HeldWord::LetGo) => false,
        None => o.is_older && o.is_held,
    };
    if others.iter().any(is_first) { HeldWord::LetGo } else { HeldWord::Take }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HeldWord::{LetGo, Take};

    const OLDER: Other = Other { is_older: true, is_held: true, status: AttemptStatus::Committed, said: None };

    #[test]
    fn each_row_of_the_table_has_its_word() {
        let open = |said, others: &[Other]| decide(IntentStatus::Processing, said, others);
        for over in [IntentStatus::Paid, IntentStatus::Expired, IntentStatus::Cancelled] {
            assert_eq!(decide(over, Some(Take), &[]), LetGo, "{over}");
        }
        assert_eq!(open(None, &[]), Take);
        assert_eq!(open(None, &[OLDER]), LetGo);
        assert_eq!(open(None, &[Other { is_older: false, ..OLDER }]), Take, "the older one goes first");
        assert_eq!(open(Some(Take), &[OLDER]), Take, "a word that was given stands");
        assert_eq!(open(None, &[Other { said: Some(LetGo), ..OLDER }]), Take);
        assert_eq!(open(None, &[Other { is_held: false, status: AttemptStatus::Offered, ..OLDER }]), Take);
    }

    #[test]
    fn while_nobody_knows_what_came_of_one_that_is_to_be_taken_no_other_is() {
        let taken = |status| Other { is_older: false, is_held: false, status, said: Some(Take) };
        for status in AttemptStatus::ALL {
            let over = matches!(status, AttemptStatus::Succeeded | AttemptStatus::Failed | AttemptStatus::Expired);
            let word = decide(IntentStatus::Open, None, &[taken(*status)]);
            assert_eq!(word, if over { Take } else { LetGo }, "{status}");
        }
    }
}
