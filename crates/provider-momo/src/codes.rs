//! The result codes of MoMo AIO v2 (section 2.6), by what they say of a payment. A code that is not listed is pending.

use provider::Failure;

/// What a code says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfOrder {
    Paid,
    /// Authorised: MoMo takes it by itself, or waits for our word.
    Authorised,
    Pending,
    Failed,
}

/// Final codes other than 0, by the document's column.
const FINAL: &[i64] =
    &[98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 1080, 1081, 1088, 2019, 4001, 4002, 4100];
/// Of those, what is said of refunds and of nothing else.
const OF_REFUNDS: &[i64] = &[1080, 1081, 1088];

pub const PAID: i64 = 0;
pub const MAINTENANCE: i64 = 10;
pub const REQUEST_USED: i64 = 40;
pub const ORDER_USED: i64 = 41;
pub const ORDER_UNKNOWN: i64 = 42;
pub const LIKE_ONE_RUNS: i64 = 43;
pub const UNKNOWN: i64 = 99;
pub const REFUND_REFUSED: i64 = 1081;

pub fn of_order(code: i64) -> OfOrder {
    match code {
        PAID => OfOrder::Paid,
        9000 => OfOrder::Authorised,
        code if FINAL.contains(&code) && !OF_REFUNDS.contains(&code) => OfOrder::Failed,
        _ => OfOrder::Pending,
    }
}

/// What a failure says to its payer.
pub fn why(code: i64) -> Failure {
    match code {
        1003 | 1006 | 1017 => Failure::Cancelled,
        1001 => Failure::NotEnoughMoney,
        1004 => Failure::OverLimit,
        1007 | 4001 | 4002 => Failure::AccountNotUsable,
        4100 => Failure::WrongCode,
        1005 => Failure::TooLate,
        _ => Failure::Unsaid,
    }
}

/// Something is under way.
pub const fn is_in_hand(code: i64) -> bool {
    matches!(code, 1000 | 7000 | 7002)
}

pub fn is_final_failure(code: i64) -> bool {
    FINAL.contains(&code)
}

/// The call itself was not understood or not allowed: the same will not do better, and nothing was done.
pub const fn is_about_call(code: i64) -> bool {
    matches!(code, 11 | 12 | 13 | 20 | 21 | 22 | 45 | 47)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_says_something_to_the_payer_is_one_of_a_failure() {
        let said: Vec<i64> = (-10..10_000).filter(|code| why(*code) != Failure::Unsaid).collect();
        assert_eq!(said, [1001, 1003, 1004, 1005, 1006, 1007, 1017, 4001, 4002, 4100]);
        assert!(said.iter().all(|code| of_order(*code) == OfOrder::Failed));
        assert_eq!((why(1006), why(1001)), (Failure::Cancelled, Failure::NotEnoughMoney));
    }

    #[test]
    fn every_listed_code_has_its_meaning_and_others_are_pending() {
        assert_eq!(of_order(0), OfOrder::Paid);
        assert_eq!(of_order(9000), OfOrder::Authorised);
        for failed in [98, 99, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1017, 1026, 2019, 4001, 4002, 4100] {
            assert_eq!(of_order(failed), OfOrder::Failed, "{failed}");
        }
        let open = [10, 11, 12, 13, 20, 21, 22, 40, 41, 42, 43, 45, 47, 1000, 7000, 7002, 8000];
        for pending in open.into_iter().chain([1080, 1081, 1088, -1, 1, 1008, 5000, i64::MAX]) {
            assert_eq!(of_order(pending), OfOrder::Pending, "{pending}");
        }
    }
}
