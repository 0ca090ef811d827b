//! What is only a plan: an attempt started, offered, failed; a deadline; a cancellation; a renewal. No money moves here.

use crate::attempt::AttemptStatus;
use crate::booking::{AttemptState, IntentState};
use crate::cause::Cause;
use crate::changes::{Changes, step};
use crate::event::Notice;
use crate::intent::IntentStatus;
use crate::transition::NoSuchEdge;

/// News of an attempt that is not money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptNews {
    Offered,
    Refused,
    Committed,
    Failed,
    /// Its window closed and the provider has no money for it.
    WindowClosed,
    /// Asked for as long as we ask, without a final answer.
    Unresolved,
    /// The provider's answer contradicts itself or is under review there.
    Unclear,
}

/// What a portal or the clock does to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentPlan {
    Expire,
    Cancel,
    Renew,
}

/// Follows attempt news. News that comes too late to change anything is evidence only: no changes.
/// `other_committed`: another attempt of the intent is committed at its provider.
pub fn follow_attempt(
    attempt: &AttemptState,
    intent: &IntentState,
    other_committed: bool,
    news: AttemptNews,
) -> Result<Changes, NoSuchEdge> {
    let mut changes = Changes::default();
    if let Some(cause) = attempt_cause(attempt.status, news) {
        changes.attempts.push(step(attempt.id, attempt.version, attempt.status, cause)?.0);
    }
    if let Some(cause) = intent_cause(attempt.status, intent.status, other_committed, news) {
        changes.intents.push(step(intent.id, intent.version, intent.status, cause)?.0);
    }
    Ok(changes)
}

/// What attempt news means for the intent. A payment under review, or one whose outcome is unknown, holds the intent
/// until the provider decides or was asked for as long as we ask: nobody shall pay twice meanwhile.
fn intent_cause(
    attempt: AttemptStatus,
    intent: IntentStatus,
    other_committed: bool,
    news: AttemptNews,
) -> Option<Cause> {
    if news == AttemptNews::Committed {
        let begins = intent == IntentStatus::Open && attempt_cause(attempt, news).is_some();
        return begins.then_some(Cause::AttemptCommitted);
    }
    let was_taking = matches!(attempt, AttemptStatus::Committed | AttemptStatus::Unknown);
    if intent != IntentStatus::Processing || !was_taking || other_committed {
        return None;
    }
    match news {
        AttemptNews::Failed | AttemptNews::WindowClosed => Some(Cause::AttemptFailed),
        AttemptNews::Unresolved => Some(Cause::AttemptUnresolved),
        AttemptNews::Committed | AttemptNews::Offered | AttemptNews::Refused | AttemptNews::Unclear => None,
    }
}

/// The edge that `news` takes from `status`; None where the news is old or says nothing new.
fn attempt_cause(status: AttemptStatus, news: AttemptNews) -> Option<Cause> {
    use AttemptStatus as S;
    match (status, news) {
        (S::Started, AttemptNews::Offered) => Some(Cause::ProviderOffered),
        (S::Started, AttemptNews::Refused) => Some(Cause::ProviderRefused),
        (S::Started | S::Offered | S::Failed | S::Expired | S::Unknown, AttemptNews::Committed) => {
            Some(Cause::ProviderCommitted)
        }
        (S::Started | S::Offered | S::Committed | S::Unknown, AttemptNews::Failed) => Some(Cause::ProviderFailed),
        (S::Started | S::Offered | S::Committed | S::Unknown, AttemptNews::WindowClosed) => Some(Cause::WindowClosed),
        (S::Started | S::Offered | S::Committed, AttemptNews::Unresolved | AttemptNews::Unclear) => {
            Some(Cause::OutcomeUnknown)
        }
        _ => None,
    }
}

/// Follows a plan for an intent; an edge that is not in the table is refused.
pub fn follow_intent(intent: &IntentState, plan: IntentPlan) -> Result<Changes, NoSuchEdge> {
    let cause = match plan {
        IntentPlan::Expire => Cause::Lapsed,
        IntentPlan::Cancel => Cause::CancelledByClient,
        IntentPlan::Renew => Cause::Renewed,
    };
    let (step, event) = step(intent.id, intent.version, intent.status, cause)?;
    Ok(Changes {
        intents: vec![step],
        notices: event.map(|event| Notice::Intent(intent.id, event)).into_iter().collect(),
        ..Changes::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Vnd;
    use crate::transition::Stateful;
    use uuid::Uuid;

    #[test]
    fn no_news_asks_for_an_edge_that_the_table_lacks() {
        let all = [
            AttemptNews::Offered,
            AttemptNews::Refused,
            AttemptNews::Committed,
            AttemptNews::Failed,
            AttemptNews::WindowClosed,
            AttemptNews::Unresolved,
            AttemptNews::Unclear,
        ];
        for &status in AttemptStatus::ALL {
            for &intent_status in IntentStatus::ALL {
                for news in all {
                    for other_committed in [false, true] {
                        let intent = IntentState {
                            id: Uuid::from_u128(1).into(),
                            status: intent_status,
                            version: 3,
                            obligation_ids: vec![],
                        };
                        let attempt = AttemptState {
                            id: Uuid::from_u128(2).into(),
                            intent_id: intent.id,
                            amount: Vnd::new(1),
                            status,
                            version: 7,
                        };
                        let changes = follow_attempt(&attempt, &intent, other_committed, news)
                            .unwrap_or_else(|e| panic!("{status} {intent_status} {news:?}: {e}"));
                        assert!(changes.attempts.iter().all(|s| s.version == 8 && status.after(s.cause).is_ok()));
                        if status == AttemptStatus::Succeeded {
                            assert!(changes.is_empty());
                        }
                    }
                }
            }
        }
    }
}
