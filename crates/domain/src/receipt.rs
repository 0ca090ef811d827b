//! Electronic receipts (biên lai điện tử) of fees and charges: Decree 254/2026 Art. 23 to 29, Circular 91/2026 Annex I.
//!
//! One receipt for each paid obligation of kind fee or charge, each fee and each charge apart. Its number is taken and what
//! stands on it is fixed in one commit; then it is signed; then it is kept and told. What becomes of it when its obligation
//! changes:
//!
//! | the obligation | no live receipt | `numbered`, not signed yet | `issued` |
//! |---|---|---|---|
//! | is paid, of this sum | a number is taken | is signed | stands |
//! | was lowered: another sum | a number is taken, of the new sum | `cancelled`; another of the new sum | `replaced` by another of the new sum |
//! | is being refunded: its money is set aside | nothing until that is over | `cancelled` | stands until that is over |
//! | its refund failed: paid again | a number is taken | – | stands |
//! | is due again (taken back, voided, refunded with reopening) or refunded | nothing | `cancelled` | `cancelled` |
//! | is paid anew | a number is taken | – | – |
//! | its payer is erased | nothing: a receipt names no payer | nothing | nothing |
//!
//! A number that was taken is never given again, whatever becomes of its receipt.

use crate::cause::Cause;
use crate::money::Vnd;
use crate::obligation::{Obligation, ObligationKind, ObligationStatus};
use crate::states::words;
use std::fmt;
use std::str::FromStr;

words! {
    /// `numbered → issued|cancelled`, `issued → replaced|cancelled`.
    ReceiptStatus {
        Numbered = "numbered", Issued = "issued", Replaced = "replaced", Cancelled = "cancelled",
    }
}

words! {
    /// Template codes (Circular 91/2026 Annex I): without and with a face value.
    Template { Ebl01 = "EBL01", Ebl02 = "EBL02" }
}

words! {
    /// What a payer who gave an address is told of a receipt by e-mail, each once.
    MailSays { Issued = "issued", Replaced = "replaced", Cancelled = "cancelled" }
}

words! {
    /// `queued → sent|refused|parked|no_address|dropped`, `parked → queued`.
    MailState {
        Queued = "queued",
        /// A mail server has taken it on.
        Sent = "sent",
        /// For good, by a mail server: there is no such recipient, or it takes no such mail.
        Refused = "refused",
        /// Given up after so many tries; a person drives it again.
        Parked = "parked",
        /// Its payer was erased.
        NoAddress = "no_address",
        /// Nothing is left to say: that it was issued was never said, or it has ended meanwhile.
        Dropped = "dropped",
    }
}

/// The letters that a serial is made of.
const LETTERS: &[u8] = b"ABCDEGHKLMNPQRSTUVXY";

/// The most that a number may be: eight digits.
pub const LAST_NUMBER: i32 = 99_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two of the letters ABCDEGHKLMNPQRSTUVXY")]
pub struct NotLetters;

/// The two letters by which a collector tells its series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters([u8; 2]);

impl FromStr for Letters {
    type Err = NotLetters;
    fn from_str(text: &str) -> Result<Self, NotLetters> {
        match *text.as_bytes() {
            [a, b] if LETTERS.contains(&a) && LETTERS.contains(&b) => Ok(Self([a, b])),
            _ => Err(NotLetters),
        }
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

/// `26TAB`: the year's last two digits, T, and the series' letters.
pub fn serial(year: i16, letters: Letters) -> String {
    format!("{:02}T{letters}", year.rem_euclid(100))
}

/// What is to become of an obligation's receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Stands,
    /// A number is taken.
    Number,
    /// The live one ends for this cause.
    End(Cause),
    /// The live one ends for this cause, and another takes its place.
    Renew(Cause),
}

/// A receipt that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub status: ReceiptStatus,
    pub amount: Vnd,
    /// Two persons have said that what stands on it is wrong.
    pub is_to_be_replaced: bool,
}

/// Tax, fines and prices have other documents, and nothing has none.
pub fn is_receipted(o: &Obligation) -> bool {
    matches!(o.terms.kind, ObligationKind::Fee | ObligationKind::Charge) && o.amount().is_positive()
}

/// The table above.
pub fn next(o: &Obligation, live: Option<Live>) -> Next {
    let is_paid = o.status == ObligationStatus::Paid && is_receipted(o);
    match live {
        None if is_paid => Next::Number,
        None => Next::Stands,
        Some(live) if is_paid && (live.amount != o.amount() || live.is_to_be_replaced) => Next::Renew(Cause::Corrected),
        Some(_) if is_paid => Next::Stands,
        Some(live) if o.status == ObligationStatus::Refunding && live.status == ReceiptStatus::Issued => Next::Stands,
        Some(_) => Next::End(Cause::MoneyLeft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::BeneficiaryCode;
    use crate::obligation::{Budget, Notice, Sector, Terms};
    use crate::transition::Stateful;
    use jiff::Timestamp;

    fn obligation(kind: ObligationKind, status: ObligationStatus, dong: i64) -> Obligation {
        let terms = Terms {
            dossier_code: None,
            customer_code: Some("C".to_owned()),
            sector: Sector::PublicService,
            agency_code: "H38.17".to_owned(),
            beneficiary_code: BeneficiaryCode::new("H38.17-KB").expect("a code"),
            procedure_code: None,
            procedure_name: None,
            service_code: None,
            kind,
            fee_code: "F".to_owned(),
            instalment: 1,
            group_ref: None,
            description: "Phí".to_owned(),
            gross_amount: Vnd::new(dong),
            relief_amount: Vnd::ZERO,
            relief_basis: None,
            budget: Budget::default(),
            notice: Notice::default(),
            due_at: None,
        };
        let at = Timestamp::UNIX_EPOCH;
        Obligation {
            id: uuid::Uuid::from_u128(1).into(),
            client_id: uuid::Uuid::from_u128(2).into(),
            external_ref: "1".to_owned(),
            terms,
            status,
            version: 1,
            paid_at: None,
            created_at: at,
            updated_at: at,
        }
    }

    fn live(status: ReceiptStatus, dong: i64, is_to_be_replaced: bool) -> Option<Live> {
        Some(Live { status, amount: Vnd::new(dong), is_to_be_replaced })
    }

    #[test]
    fn a_number_is_taken_for_money_of_a_fee_or_a_charge_and_for_nothing_else() {
        for &kind in ObligationKind::ALL {
            for &status in ObligationStatus::ALL {
                for dong in [0, 21_000] {
                    let o = obligation(kind, status, dong);
                    let is_owed = ["fee", "charge"].contains(&kind.as_str()) && status.as_str() == "paid" && dong > 0;
                    let expected = if is_owed { Next::Number } else { Next::Stands };
                    assert_eq!(next(&o, None), expected, "{kind} {status} {dong}");
                }
            }
        }
    }

    #[test]
    fn a_receipt_ends_when_its_money_leaves_and_one_that_nobody_saw_when_it_is_about_to() {
        for &status in ObligationStatus::ALL {
            let o = obligation(ObligationKind::Charge, status, 8_000);
            let gone = Next::End(Cause::MoneyLeft);
            let (numbered, issued) = match status.as_str() {
                "paid" => (Next::Stands, Next::Stands),
                "refunding" => (gone, Next::Stands),
                _ => (gone, gone),
            };
            assert_eq!(next(&o, live(ReceiptStatus::Numbered, 8_000, false)), numbered, "{status}");
            assert_eq!(next(&o, live(ReceiptStatus::Issued, 8_000, false)), issued, "{status}");
        }
    }

    #[test]
    fn another_sum_or_the_word_of_two_persons_takes_another_receipt() {
        let paid = obligation(ObligationKind::Fee, ObligationStatus::Paid, 21_000);
        let due = obligation(ObligationKind::Fee, ObligationStatus::Due, 21_000);
        for status in [ReceiptStatus::Numbered, ReceiptStatus::Issued] {
            assert_eq!(next(&paid, live(status, 20_000, false)), Next::Renew(Cause::Corrected));
            assert_eq!(next(&paid, live(status, 21_000, true)), Next::Renew(Cause::Corrected));
            assert_eq!(next(&due, live(status, 20_000, true)), Next::End(Cause::MoneyLeft));
        }
    }

    #[test]
    fn what_ends_is_cancelled_unless_somebody_has_seen_it_and_another_takes_its_place() {
        let after = |status: ReceiptStatus, cause| status.after(cause).map(|(to, _)| to).ok();
        assert_eq!(after(ReceiptStatus::Numbered, Cause::Corrected), Some(ReceiptStatus::Cancelled));
        assert_eq!(after(ReceiptStatus::Issued, Cause::Corrected), Some(ReceiptStatus::Replaced));
        for ended in [ReceiptStatus::Cancelled, ReceiptStatus::Replaced] {
            for &cause in Cause::ALL {
                assert_eq!(after(ended, cause), None, "{ended} {cause}");
            }
        }
    }

    #[test]
    fn a_serial_is_the_year_and_two_of_the_twenty_letters() {
        let letters = |text: &str| text.parse::<Letters>();
        assert_eq!(serial(2026, letters("AB").expect("letters")), "26TAB");
        assert_eq!(serial(2107, letters("YX").expect("letters")), "07TYX");
        for bad in ["", "A", "ABC", "ab", "FA", "AI", "AJ", "OA", "WA", "ZA", "Đ"] {
            assert_eq!(letters(bad), Err(NotLetters), "{bad}");
        }
        assert_eq!(LETTERS.len(), 20);
    }
}
