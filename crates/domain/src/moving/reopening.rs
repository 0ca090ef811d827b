//! Which requests may be paid again once a fee of theirs is due again: by a refund with reopening, by a bank that took its
//! money back, by a void. A is an earlier request for the fee, cancelled or expired; B took its place and holds the fee.
//!
//! | the money that goes back | the fee was | then | the fee is | A | B |
//! |---|---|---|---|---|---|
//! | came under B | paid by it | reopen | due | as it was, over | open; expired past its deadline |
//! | came under A, which was over | paid by it, and A and B with it | reopen | due | expired | open; expired past its deadline |
//! | the same | the same | close | refunded | paid | paid |
//! | is held under A or B | paid by other money | either | paid | as it was | paid |
//! | is held under A or B, a part | due | either | due | as it was | as it was |
//! | came under A, and there is no B | paid by it, and A with it | reopen | due | expired | |
//!
//! A request that was over when its money came is over again, whoever ended it: it is not the one that its portal or its payer
//! goes by. Over is `expired` whatever it was before: one press, or the portal, renews it where no other request holds its fees.

use super::Holder;
use crate::booking::IntentState;
use crate::ids::ObligationId;
use crate::intent::IntentStatus;
use std::collections::BTreeSet;

/// Where a paid request goes whose fee is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Open,
    Over,
}

/// The paid requests of what is `due` again, the newest first: one live request at most holds a fee.
pub fn reopened<'a>(holders: &'a [Holder], due: &BTreeSet<ObligationId>) -> Vec<(&'a IntentState, Again)> {
    let live = holders.iter().filter(|h| h.intent.status.is_live());
    let mut held: BTreeSet<ObligationId> = live.flat_map(|h| &h.intent.obligation_ids).copied().collect();
    let is_concerned = |h: &&Holder| h.intent.obligation_ids.iter().any(|id| due.contains(id));
    let mut paid: Vec<&Holder> =
        holders.iter().filter(|h| h.intent.status == IntentStatus::Paid).filter(is_concerned).collect();
    paid.sort_by_key(|h| std::cmp::Reverse(h.intent.id));
    let mut reopened = Vec::with_capacity(paid.len());
    for h in paid {
        let fees = &h.intent.obligation_ids;
        let is_over = h.is_over || h.was_over || fees.iter().any(|id| held.contains(id));
        if !is_over {
            held.extend(fees);
        }
        reopened.push((&h.intent, if is_over { Again::Over } else { Again::Open }));
    }
    reopened
}
