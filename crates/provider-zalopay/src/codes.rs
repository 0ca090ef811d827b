//! ZaloPay's two numbers (ZaloPay v2, section 3.6): `return_code`, and `sub_return_code` which says why. Some of its pages
//! show the reason in the first of them; it is read from either.

use provider::{Failure, ProviderError};

pub const DONE: i64 = 1;
pub const FAILED: i64 = 2;
/// Unpaid, or in hand.
pub const OPEN: i64 = 3;

pub const ORDER_USED: i64 = -68;
pub const REFUND_USED: i64 = -23;

/// What an answer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub code: i64,
    pub sub: Option<i64>,
}

impl Said {
    /// Why it is not done: the second number, unless the first is already the reason.
    pub fn reason(self) -> i64 {
        match self.code {
            DONE | FAILED | OPEN => self.sub.unwrap_or(0),
            code => code,
        }
    }

    /// Both numbers, for people.
    pub fn both(self) -> String {
        self.sub.map_or_else(|| self.code.to_string(), |sub| format!("{}/{sub}", self.code))
    }

    /// Whether the call itself is what went wrong, and what of it may have been done.
    pub fn trouble(self, what: &str) -> Option<ProviderError> {
        match self.reason() {
            // bad data, app or mac: the same call will not do better, and nothing was done
            -401 | -402 | -403 | -53 => Some(ProviderError::Refused(format!("{what} answered {}", self.both()))),
            // too many calls, maintenance
            -429 | -999 => Some(ProviderError::Unavailable(None)),
            // "not a failure: query" (section 3.6)
            -500 => Some(ProviderError::Unknown(None)),
            _ => None,
        }
    }

    /// No such order, transaction or refund.
    pub fn is_not_found(self) -> bool {
        matches!(self.reason(), -101 | -49)
    }

    /// Of a refund: waiting for somebody at ZaloPay, or in hand.
    pub fn is_refund_in_hand(self) -> bool {
        self.code == OPEN || matches!(self.sub, Some(-1 | 2))
    }
}

/// What a failed order says to its payer: by the reason, the last of the numbers of [`Said::both`]. Of a payer who cancels
/// ZaloPay's lists say nothing.
pub fn why(both: &str) -> Failure {
    let reason = both.rsplit('/').next().and_then(|number| number.parse::<i64>().ok());
    match reason {
        Some(-54) => Failure::TooLate,
        Some(-63) => Failure::NotEnoughMoney,
        Some(-217) => Failure::BankRefused,
        // of a day, of a month
        Some(-1333..=-1330 | -1343..=-1340) => Failure::OverLimit,
        _ => Failure::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_in_either_number() {
        let said = |code, sub| Said { code, sub };
        assert_eq!((said(2, Some(-402)).reason(), said(-402, None).reason()), (-402, -402));
        assert_eq!(said(-402, Some(-1)).reason(), -402);
        assert_eq!((said(2, Some(-63)).both(), said(-402, None).both()), ("2/-63".to_owned(), "-402".to_owned()));
        assert!(said(2, Some(-101)).is_not_found() && said(-49, None).is_not_found() && !said(2, None).is_not_found());
        for refused in [-401, -402, -403, -53] {
            assert!(matches!(said(2, Some(refused)).trouble("x"), Some(ProviderError::Refused(_))), "{refused}");
        }
        for later in [-429, -999] {
            assert!(matches!(said(later, None).trouble("x"), Some(ProviderError::Unavailable(None))), "{later}");
        }
        assert!(matches!(said(2, Some(-500)).trouble("x"), Some(ProviderError::Unknown(None))));
        for own in [-63, -54, -217, -1330] {
            assert!(said(2, Some(own)).trouble("x").is_none(), "{own}");
        }
    }

    #[test]
    fn a_reason_says_what_the_payer_can_do_in_either_place_and_an_unknown_one_nothing() {
        for (reason, said) in [
            (-54, Failure::TooLate),
            (-63, Failure::NotEnoughMoney),
            (-217, Failure::BankRefused),
            (-1329, Failure::Unsaid),
            (-1330, Failure::OverLimit),
            (-1333, Failure::OverLimit),
            (-1334, Failure::Unsaid),
            (-1339, Failure::Unsaid),
            (-1340, Failure::OverLimit),
            (-1343, Failure::OverLimit),
            (-1344, Failure::Unsaid),
            (-332, Failure::Unsaid),
            (-500, Failure::Unsaid),
            (63, Failure::Unsaid),
        ] {
            for told in [Said { code: FAILED, sub: Some(reason) }, Said { code: reason, sub: None }] {
                assert_eq!(why(&told.both()), said, "{told:?}");
            }
        }
        assert_eq!(["", "2", "2/", "-63/x"].map(why), [Failure::Unsaid; 4]);
    }
}
