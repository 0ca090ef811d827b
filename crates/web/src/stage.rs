//! Which of its views the page shows: one function of what is known, without I/O, and the table of the answers beside it.
//! It concludes nothing: where a bank has said nothing, the view says that too.

use domain::attempt::AttemptStatus;
use domain::intent::{IntentStatus, NotRenewed};
use provider::Failure;

/// What the page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is under way: the ways to pay.
    Choose,
    /// A transfer's code, shown until it is paid or over.
    Scan,
    /// The provider asks on the payer's phone.
    Confirm,
    /// A provider's page was opened and may be paid still; another channel may be taken.
    Elsewhere,
    /// The browser came back, and nobody has told us anything: the provider is being asked.
    Asking,
    /// The provider has begun to take money: nothing else may be begun.
    Processing,
    /// Fees are due, and money that waits for them is enough: people say what becomes of it.
    Covered,
    /// Its fees were paid or waived elsewhere: in an application, at a counter, by another payment.
    PaidElsewhere {
        /// Money came for it all the same, and is held.
        held: bool,
    },
    /// The last try failed, by the provider's word.
    Failed(Failure),
    /// Money came that settles nothing, or a try is under review: ask before paying again.
    Unclear,
    Paid,
    /// Paid, and more money is held.
    PaidTwice,
    Expired {
        renewal: Renewal,
        /// What came for it, or may have: it is not renewed as if nothing had.
        held: Held,
    },
    Cancelled {
        /// Money came for it all the same, and is held.
        held: bool,
    },
}

/// Whether a request that is over may be opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    OnePress,
    /// Not while a try of it is under review.
    Reviewed,
    /// A fee of it was paid or changed, and others are due.
    NotWhole,
    /// Another request has a fee of it by now.
    Beside,
}

/// What the last attempt gave the payer to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Nothing,
    /// A code for what is due now; one for another amount is not shown.
    Code,
    Prompt,
    /// An address elsewhere, for what is due now.
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Last {
    pub status: AttemptStatus,
    pub shows: Shows,
    /// Within the provider's window.
    pub is_open: bool,
    /// Within it or shortly after: its provider is likely to tell us soon.
    pub is_awaited: bool,
    pub failure: Failure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    All,
    /// The rest, after a part came, or a fee was paid another way.
    Part,
    /// What waits covers it.
    Nothing,
    /// No fee of it is due any more.
    Settled,
}

/// Money of the reference that settles nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    None,
    /// It lowers what is due.
    Lowers,
    /// It lowers nothing.
    Beside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub intent: IntentStatus,
    /// Past its deadline, whatever its state says yet.
    pub is_overdue: bool,
    pub due: Due,
    pub held: Held,
    /// Whether a try of it is under review at its provider.
    pub is_under_review: bool,
    /// Whether one of an earlier request for the same fees is, or its provider has begun to take money; or money waits whose text
    /// names this request and others.
    pub is_unclear_beside: bool,
    /// What a press would hear, once it is over.
    pub renewal: Result<(), NotRenewed>,
    pub last: Option<Last>,
    pub returned: Back,
}

/// From where the browser says that it comes: worth a word, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    No,
    /// From a page that may be the last attempt's.
    Last,
    /// From that of an attempt that was left for another way, of which its provider is likely to tell us soon.
    Left,
}

pub(crate) fn stage(known: &Known) -> Stage {
    match known.intent {
        IntentStatus::Paid if known.held == Held::None => Stage::Paid,
        IntentStatus::Paid => Stage::PaidTwice,
        IntentStatus::Cancelled => Stage::Cancelled { held: known.held != Held::None },
        IntentStatus::Processing => Stage::Processing,
        IntentStatus::Open | IntentStatus::Expired if known.due == Due::Settled => {
            Stage::PaidElsewhere { held: known.held != Held::None }
        }
        IntentStatus::Open | IntentStatus::Expired if known.due == Due::Nothing => Stage::Covered,
        IntentStatus::Expired => expired(known),
        // the task that expires it asks the provider first; to the payer it is over
        IntentStatus::Open if known.is_overdue => expired(known),
        IntentStatus::Open => open(known),
    }
}

fn expired(known: &Known) -> Stage {
    let renewal = match known.renewal {
        Err(NotRenewed::Paid(_) | NotRenewed::NotPayable(_)) => Renewal::NotWhole,
        Err(NotRenewed::InPayment(_)) => Renewal::Beside,
        Ok(()) if known.is_under_review => Renewal::Reviewed,
        Ok(()) => Renewal::OnePress,
    };
    // of what may have come under another request, nothing is said to be held here
    let is_unclear = known.is_unclear_beside && renewal == Renewal::OnePress;
    Stage::Expired { renewal, held: if is_unclear { Held::Beside } else { known.held } }
}

fn open(known: &Known) -> Stage {
    let undecided = known.last.filter(|last| last.status.is_undecided());
    let shown = undecided.filter(|last| last.is_open).map(|last| last.shows);
    // what is on the screen since would be paid beside it
    if known.returned == Back::Left {
        return Stage::Asking;
    }
    match shown {
        // a code on the screen is the payer's to use, whatever else waits: what waits is said beside it
        Some(Shows::Code) => return Stage::Scan,
        Some(Shows::Prompt) => return Stage::Confirm,
        _ => {}
    }
    if known.returned == Back::Last && undecided.is_some_and(|last| last.is_awaited) {
        return Stage::Asking;
    }
    if known.held == Held::Beside || known.is_under_review || known.is_unclear_beside {
        return Stage::Unclear;
    }
    match known.last {
        Some(last) if last.status == AttemptStatus::Failed => Stage::Failed(last.failure),
        _ if shown == Some(Shows::Page) => Stage::Elsewhere,
        _ => Stage::Choose,
    }
}

impl Stage {
    /// Whether channels can be pressed.
    pub const fn may_pay(self) -> bool {
        matches!(self, Self::Choose | Self::Scan | Self::Confirm | Self::Elsewhere | Self::Failed(_) | Self::Unclear)
    }

    /// Whether something that was begun may change what is shown by itself: money comes late, too.
    pub const fn waits(self) -> bool {
        !matches!(self, Self::Choose | Self::Paid | Self::PaidTwice)
    }

    /// Whether its page says how much is to be paid by it.
    pub const fn is_owing(self) -> bool {
        self.may_pay() || matches!(self, Self::Asking | Self::Processing | Self::Expired { .. })
    }

    /// Whether nothing is left to pay: all is paid here, or another way.
    pub const fn is_settled(self) -> bool {
        self.is_paid() || matches!(self, Self::PaidElsewhere { .. })
    }

    /// Whether everything is paid.
    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::PaidTwice)
    }
}

#[cfg(test)]
#[path = "stage/tests.rs"]
mod tests;
