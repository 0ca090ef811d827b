//! Why a payment failed, as far as its payer can do something about it. A provider's code that says no more than "failed"
//! is [`Failure::Unsaid`]: nothing is guessed. What we refused ourselves is no provider's word.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The payer said no.
    Cancelled,
    /// The payer said no, or did not say yes in time, or the code did not fit: the provider has one word for all three.
    NotConfirmed,
    NotEnoughMoney,
    /// A limit of the payer's own: of one payment, of a day.
    OverLimit,
    /// Less than the provider takes in one payment.
    UnderLimit,
    /// Locked, not active, not opened for this kind of payment.
    AccountNotUsable,
    /// The provider knows nobody by what was typed.
    NoAccount,
    /// The bank behind the provider did not pay; it did not say why.
    BankRefused,
    /// A code, a password or the data of a card did not fit.
    WrongCode,
    TooLate,
    /// Bank or provider could not do it at that time.
    Maintenance,
    /// By us: its provider never heard of it.
    NotSent,
    Unsaid,
}

impl Failure {
    pub const ALL: [Self; 13] = [
        Self::Cancelled,
        Self::NotConfirmed,
        Self::NotEnoughMoney,
        Self::OverLimit,
        Self::UnderLimit,
        Self::AccountNotUsable,
        Self::NoAccount,
        Self::BankRefused,
        Self::WrongCode,
        Self::TooLate,
        Self::Maintenance,
        Self::NotSent,
        Self::Unsaid,
    ];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::NotConfirmed => "not_confirmed",
            Self::NotEnoughMoney => "not_enough_money",
            Self::OverLimit => "over_limit",
            Self::UnderLimit => "under_limit",
            Self::AccountNotUsable => "account_not_usable",
            Self::NoAccount => "no_account",
            Self::BankRefused => "bank_refused",
            Self::WrongCode => "wrong_code",
            Self::TooLate => "too_late",
            Self::Maintenance => "maintenance",
            Self::NotSent => "not_sent",
            Self::Unsaid => "unsaid",
        }
    }

    /// A word that a later version wrote says nothing to this one.
    pub fn read(word: &str) -> Self {
        Self::ALL.into_iter().find(|failure| failure.as_str() == word).unwrap_or(Self::Unsaid)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_back_and_another_says_nothing() {
        assert!(Failure::ALL.iter().all(|failure| Failure::read(failure.as_str()) == *failure));
        assert_eq!(Failure::read("something"), Failure::Unsaid);
    }
}
