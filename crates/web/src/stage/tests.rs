//! The table: every state of the intent with every state of its last attempt, what it shows, and the money beside it.

use super::*;
use uuid::Uuid;

const OPEN: Known = Known {
    intent: IntentStatus::Open,
    is_overdue: false,
    due: Due::All,
    held: Held::None,
    is_under_review: false,
    is_unclear_beside: false,
    renewal: Ok(()),
    last: None,
    returned: Back::No,
};

fn is_paid() -> Result<(), NotRenewed> {
    Err(NotRenewed::Paid(Uuid::from_u128(1).into()))
}

/// Another request has a fee of it.
fn is_beside() -> Result<(), NotRenewed> {
    Err(NotRenewed::InPayment(Uuid::from_u128(2).into()))
}

/// Nothing came.
const EXPIRED: Stage = Stage::Expired { renewal: Renewal::OnePress, held: Held::None };
/// The same, with a try under review.
const REVIEWED: Stage = Stage::Expired { renewal: Renewal::Reviewed, held: Held::None };

fn tried(status: AttemptStatus, shows: Shows) -> Option<Last> {
    Some(Last { status, shows, is_open: true, is_awaited: true, failure: Failure::Cancelled })
}

/// Its window has closed, a moment or a long time ago.
fn closed(status: AttemptStatus, shows: Shows, is_awaited: bool) -> Option<Last> {
    tried(status, shows).map(|last| Last { is_open: false, is_awaited, ..last })
}

#[test]
fn each_row_of_the_table_has_its_view() {
    use AttemptStatus::{Expired, Failed, Offered, Started, Succeeded, Unknown};
    let failed = Stage::Failed(Failure::Cancelled);
    #[rustfmt::skip]
    let table = [
        // open, nothing beside it
        (OPEN, Stage::Choose),
        (Known { returned: Back::Last, ..OPEN }, Stage::Choose),
        (Known { due: Due::Part, held: Held::Lowers, ..OPEN }, Stage::Choose),
        (Known { last: tried(Started, Shows::Nothing), ..OPEN }, Stage::Choose),
        (Known { last: tried(Offered, Shows::Page), ..OPEN }, Stage::Elsewhere),
        (Known { last: tried(Offered, Shows::Code), ..OPEN }, Stage::Scan),
        (Known { last: tried(Offered, Shows::Prompt), ..OPEN }, Stage::Confirm),
        (Known { last: closed(Offered, Shows::Page, true), ..OPEN }, Stage::Choose),
        (Known { last: closed(Offered, Shows::Code, true), ..OPEN }, Stage::Choose),
        (Known { last: tried(Failed, Shows::Page), ..OPEN }, failed),
        (Known { last: tried(Failed, Shows::Code), ..OPEN }, failed),
        (Known { last: tried(Expired, Shows::Page), ..OPEN }, Stage::Choose),
        (Known { last: tried(Succeeded, Shows::Page), due: Due::Part, ..OPEN }, Stage::Choose),
        // the browser came back
        (Known { last: tried(Started, Shows::Nothing), returned: Back::Last, ..OPEN }, Stage::Asking),
        (Known { last: tried(Offered, Shows::Page), returned: Back::Last, ..OPEN }, Stage::Asking),
        (Known { last: closed(Offered, Shows::Page, true), returned: Back::Last, ..OPEN }, Stage::Asking),
        (Known { last: closed(Offered, Shows::Page, false), returned: Back::Last, ..OPEN }, Stage::Choose),
        (Known { last: tried(Offered, Shows::Code), returned: Back::Last, ..OPEN }, Stage::Scan),
        (Known { last: tried(Failed, Shows::Page), returned: Back::Last, ..OPEN }, failed),
        (Known { last: tried(Expired, Shows::Page), returned: Back::Last, ..OPEN }, Stage::Choose),
        (Known { last: tried(Offered, Shows::Code), returned: Back::Left, ..OPEN }, Stage::Asking),
        (Known { last: tried(Offered, Shows::Prompt), returned: Back::Left, ..OPEN }, Stage::Asking),
        (Known { last: tried(Failed, Shows::Page), returned: Back::Left, ..OPEN }, Stage::Asking),
        (Known { due: Due::Part, held: Held::Lowers, returned: Back::Left, ..OPEN }, Stage::Asking),
        (Known { is_overdue: true, returned: Back::Left, ..OPEN }, EXPIRED),
        // money, or a try, that nobody has explained
        (Known { held: Held::Beside, ..OPEN }, Stage::Unclear),
        (Known { held: Held::Beside, last: tried(Failed, Shows::Page), ..OPEN }, Stage::Unclear),
        (Known { held: Held::Beside, last: tried(Offered, Shows::Page), ..OPEN }, Stage::Unclear),
        (Known { held: Held::Beside, last: tried(Offered, Shows::Page), returned: Back::Last, ..OPEN }, Stage::Asking),
        (Known { held: Held::Beside, last: tried(Offered, Shows::Code), ..OPEN }, Stage::Scan),
        (Known { is_under_review: true, last: tried(Unknown, Shows::Page), ..OPEN }, Stage::Unclear),
        (Known { is_unclear_beside: true, ..OPEN }, Stage::Unclear),
        (Known { is_unclear_beside: true, last: tried(Failed, Shows::Page), ..OPEN }, Stage::Unclear),
        (Known { is_unclear_beside: true, last: tried(Offered, Shows::Code), ..OPEN }, Stage::Scan),
        (Known { due: Due::Nothing, held: Held::Lowers, ..OPEN }, Stage::Covered),
        (Known { due: Due::Settled, ..OPEN }, Stage::PaidElsewhere { held: false }),
        // over
        (Known { is_overdue: true, ..OPEN }, EXPIRED),
        (Known { is_overdue: true, last: tried(Offered, Shows::Code), ..OPEN }, EXPIRED),
        (Known { is_overdue: true, is_under_review: true, ..OPEN }, REVIEWED),
        (Known { is_overdue: true, is_unclear_beside: true, ..OPEN }, Stage::Expired { renewal: Renewal::OnePress, held: Held::Beside }),
        (Known { is_overdue: true, held: Held::Beside, ..OPEN }, Stage::Expired { renewal: Renewal::OnePress, held: Held::Beside }),
        (Known { is_overdue: true, due: Due::Part, held: Held::Lowers, ..OPEN }, Stage::Expired { renewal: Renewal::OnePress, held: Held::Lowers }),
        (Known { is_overdue: true, due: Due::Nothing, ..OPEN }, Stage::Covered),
        (Known { intent: IntentStatus::Expired, ..OPEN }, EXPIRED),
        (Known { intent: IntentStatus::Expired, is_under_review: true, ..OPEN }, REVIEWED),
        (Known { intent: IntentStatus::Expired, is_under_review: true, held: Held::Lowers, ..OPEN }, Stage::Expired { renewal: Renewal::Reviewed, held: Held::Lowers }),
        (Known { intent: IntentStatus::Expired, is_under_review: true, is_unclear_beside: true, ..OPEN }, REVIEWED),
        (Known { intent: IntentStatus::Expired, due: Due::Part, renewal: is_paid(), ..OPEN }, Stage::Expired { renewal: Renewal::NotWhole, held: Held::None }),
        (Known { intent: IntentStatus::Expired, due: Due::Part, held: Held::Lowers, renewal: is_paid(), ..OPEN }, Stage::Expired { renewal: Renewal::NotWhole, held: Held::Lowers }),
        (Known { intent: IntentStatus::Expired, renewal: is_beside(), ..OPEN }, Stage::Expired { renewal: Renewal::Beside, held: Held::None }),
        (Known { intent: IntentStatus::Expired, is_under_review: true, is_unclear_beside: true, renewal: is_beside(), ..OPEN }, Stage::Expired { renewal: Renewal::Beside, held: Held::None }),
        (Known { intent: IntentStatus::Expired, due: Due::Nothing, ..OPEN }, Stage::Covered),
        (Known { intent: IntentStatus::Expired, due: Due::Settled, ..OPEN }, Stage::PaidElsewhere { held: false }),
        (Known { intent: IntentStatus::Expired, due: Due::Settled, held: Held::Lowers, ..OPEN }, Stage::PaidElsewhere { held: true }),
        (Known { intent: IntentStatus::Cancelled, due: Due::Settled, ..OPEN }, Stage::Cancelled { held: false }),
        (Known { intent: IntentStatus::Cancelled, ..OPEN }, Stage::Cancelled { held: false }),
        (Known { intent: IntentStatus::Cancelled, held: Held::Beside, ..OPEN }, Stage::Cancelled { held: true }),
        // taken
        (Known { intent: IntentStatus::Processing, ..OPEN }, Stage::Processing),
        (Known { intent: IntentStatus::Processing, returned: Back::Last, is_overdue: true, ..OPEN }, Stage::Processing),
        (Known { intent: IntentStatus::Paid, ..OPEN }, Stage::Paid),
        (Known { intent: IntentStatus::Paid, returned: Back::Last, is_overdue: true, ..OPEN }, Stage::Paid),
        (Known { intent: IntentStatus::Paid, held: Held::Beside, ..OPEN }, Stage::PaidTwice),
        (Known { intent: IntentStatus::Paid, is_under_review: true, last: tried(Unknown, Shows::Page), ..OPEN }, Stage::Paid),
    ];
    for (known, view) in table {
        assert_eq!(stage(&known), view, "{known:?}");
    }
}

/// Every combination of what can be known.
fn all() -> Vec<Known> {
    let mut all = Vec::new();
    let shows = [Shows::Nothing, Shows::Code, Shows::Prompt, Shows::Page];
    let mut lasts = vec![None];
    for status in AttemptStatus::ALL {
        for shows in shows {
            lasts.extend([tried(*status, shows), closed(*status, shows, true), closed(*status, shows, false)]);
        }
    }
    for intent in IntentStatus::ALL {
        for due in [Due::All, Due::Part, Due::Nothing, Due::Settled] {
            for held in [Held::None, Held::Lowers, Held::Beside] {
                for last in &lasts {
                    for bits in 0..16 {
                        let [is_overdue, is_under_review, is_unclear_beside, is_refused] =
                            [1, 2, 4, 8].map(|bit| bits & bit != 0);
                        let renewal = if is_refused { is_beside() } else { Ok(()) };
                        let (intent, last, returned) = (*intent, *last, Back::No);
                        #[rustfmt::skip]
                        let known = Known { intent, is_overdue, due, held, is_under_review, is_unclear_beside, renewal, last, returned };
                        all.extend([Back::No, Back::Last, Back::Left].map(|returned| Known { returned, ..known }));
                    }
                }
            }
        }
    }
    all
}

#[test]
fn a_browsers_word_never_changes_more_than_that_we_say_that_we_ask() {
    for known in all() {
        let (without, with) = (stage(&Known { returned: Back::No, ..known }), stage(&known));
        assert!(with == without || with == Stage::Asking, "{known:?}: {without:?} became {with:?}");
    }
}

#[test]
fn nothing_can_be_pressed_while_a_bank_takes_money_nor_when_all_is_paid_or_over() {
    for known in all() {
        let stage = stage(&known);
        let nothing_is_due = matches!(known.due, Due::Nothing | Due::Settled);
        let is_over = known.intent != IntentStatus::Open || known.is_overdue || nothing_is_due;
        assert!(!(is_over && stage.may_pay()), "{known:?}: {stage:?}");
        // paid is said of what is paid and of nothing else
        assert_eq!(stage.is_paid(), known.intent == IntentStatus::Paid, "{known:?}: {stage:?}");
    }
}

#[test]
fn a_press_that_would_be_refused_is_not_offered() {
    for known in all() {
        let is_offered = matches!(stage(&known), Stage::Expired { renewal: Renewal::OnePress, .. });
        assert!(!(is_offered && known.renewal.is_err()), "{known:?}");
    }
}
