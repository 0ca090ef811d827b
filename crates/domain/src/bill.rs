//! Bill collection: the application of a bank or wallet asks what a dossier or customer code owes, and pays it. A quote is
//! what was told: obligations with their versions and amounts, good to the end of the bank's day while these stand. It locks
//! nothing and holds nothing: whatever attempts are open, who pays first settles. Pure: facts come in, a verdict goes out.
//!
//! | a bill payment, by the bank's own number | then |
//! |---|---|
//! | that number was refused before, and a settlement file has booked its money since | `paid`, and a case: the bank was told both |
//! | that number was answered before, with the same bill and amount | the same answer for ever, `paid` or refused alike |
//! | that number was answered before, with another bill or amount | `contradicted`: refused; where the first was paid, a case |
//! | the money of that number is in the books already, by a settlement file | `paid`: another sight of that payment |
//! | names no bill that this contract was told | `unknown_bill` |
//! | nothing of the bill is due any more, something of it is paid | `paid_already` |
//! | nothing of the bill is due any more, nothing of it is paid | `cancelled` |
//! | one of its obligations has another state, version, amount or beneficiary | `changed` |
//! | it comes after the end of the bank's day in which the bill was told | `expired` |
//! | another amount than was told | `wrong_amount` |
//! | all stands | `paid`: booked, and all that the bill names settles, in one commit with the answer |
//!
//! Each refusal is one by which the bank gives the money back, and is kept as a `refused` sighting before it is told; nothing
//! is booked for it. When a settlement file or a statement shows the money all the same, it is a payment like any other. Of one
//! that a file shows, a person hears at once: the bank may have given it back on our word, and then its file is wrong; or it
//! never heard our word, and must not hear it any more.
//! What could not be decided (no database, a broken connection) is told as neither: the bank asks again with its number.
//!
//! The two worst mistakes, and where they are shown not to happen: two payments of one bill are both told `paid` while one
//! was due (`journeys/bills/races.rs`); a payment is refused after it was booked (`journeys/bills/repeats.rs`, `files.rs`). Both are one
//! commit away from impossible: the obligations are locked before the verdict, and the verdict is kept with the booking.

use crate::booking::ObligationState;
use crate::codes::BeneficiaryCode;
use crate::ids::ObligationId;
use crate::intent::MAX_OBLIGATIONS;
use crate::money::{MAX_AMOUNT, Vnd};
use crate::obligation::ObligationStatus;
use crate::states::words;
use jiff::Timestamp;

words! {
    /// What became of a bill payment; all but the first are refusals.
    BillOutcome {
        Paid = "paid", UnknownBill = "unknown_bill", PaidAlready = "paid_already", Cancelled = "cancelled",
        Changed = "changed", Expired = "expired", WrongAmount = "wrong_amount", Contradicted = "contradicted",
    }
}

/// An obligation as a bill names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    pub obligation_id: ObligationId,
    pub version: i32,
    pub amount: Vnd,
}

/// What was told of one beneficiary's part of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// By what the bank pays it.
    pub reference: String,
    /// The dossier or customer code that was asked about.
    pub customer_key: String,
    pub beneficiary: BeneficiaryCode,
    pub amount: Vnd,
    pub expires_at: Timestamp,
    pub lines: Vec<BillLine>,
}

/// As many of these, in their order, as one bill holds: no more obligations than an intent, no more money than an amount.
pub fn as_many_as_fit(due: Vec<ObligationState>) -> Vec<ObligationState> {
    let mut amount = Vnd::ZERO;
    let mut kept = Vec::new();
    for o in due {
        if kept.len() < MAX_OBLIGATIONS && (amount + o.amount).dong() <= MAX_AMOUNT {
            amount = amount + o.amount;
            kept.push(o);
        }
    }
    kept
}

/// The verdict of the table above, for a number that comes for the first time. `stand`: the bill's obligations under lock.
pub fn judge(quote: &Quote, stand: &[ObligationState], amount: Vnd, now: Timestamp) -> BillOutcome {
    let of = |line: &BillLine| stand.iter().find(|o| o.id == line.obligation_id);
    let statuses: Vec<_> = quote.lines.iter().filter_map(|line| of(line).map(|o| o.status)).collect();
    if !statuses.contains(&ObligationStatus::Due) {
        let covered = |s: &ObligationStatus| matches!(s, ObligationStatus::Paid | ObligationStatus::Refunding);
        return if statuses.iter().any(covered) { BillOutcome::PaidAlready } else { BillOutcome::Cancelled };
    }
    let stands = |line: &BillLine| {
        of(line).is_some_and(|o| {
            o.status == ObligationStatus::Due
                && o.version == line.version
                && o.amount == line.amount
                && o.beneficiary == quote.beneficiary
        })
    };
    if !quote.lines.iter().all(stands) {
        return BillOutcome::Changed;
    }
    if now >= quote.expires_at {
        return BillOutcome::Expired;
    }
    if amount == quote.amount { BillOutcome::Paid } else { BillOutcome::WrongAmount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(n: u128) -> ObligationId {
        Uuid::from_u128(n).into()
    }

    fn code() -> BeneficiaryCode {
        BeneficiaryCode::new("H38.17-KB").expect("a code")
    }

    fn obligation(n: u128, status: ObligationStatus) -> ObligationState {
        ObligationState { id: id(n), beneficiary: code(), amount: Vnd::new(1_000), status, version: 1 }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn quote(lines: u128) -> Quote {
        let line = |n| BillLine { obligation_id: id(n), version: 1, amount: Vnd::new(1_000) };
        let lines: Vec<BillLine> = (1..=lines).map(line).collect();
        Quote {
            reference: "HD0123456789ABCDEF".to_owned(),
            customer_key: "H38.17-261124-0001".to_owned(),
            beneficiary: code(),
            amount: lines.iter().map(|l| l.amount).sum(),
            expires_at: at("2026-11-26T17:00:00Z"),
            lines,
        }
    }

    #[test]
    fn each_row_of_the_table_has_its_verdict() {
        use ObligationStatus::{Cancelled, Due, Paid, Refunded, Refunding};
        let before = at("2026-11-26T16:59:59Z");
        let judged = |a, b| judge(&quote(2), &[obligation(1, a), obligation(2, b)], Vnd::new(2_000), before);
        assert_eq!(judged(Due, Due), BillOutcome::Paid);
        assert_eq!(judged(Paid, Paid), BillOutcome::PaidAlready);
        assert_eq!(judged(Paid, Cancelled), BillOutcome::PaidAlready);
        assert_eq!(judged(Refunding, Refunded), BillOutcome::PaidAlready);
        assert_eq!(judged(Cancelled, Refunded), BillOutcome::Cancelled);
        assert_eq!(judged(Paid, Due), BillOutcome::Changed);
        assert_eq!(judged(Due, Cancelled), BillOutcome::Changed);
        let both = [obligation(1, Due), obligation(2, Due)];
        assert_eq!(judge(&quote(2), &both, Vnd::new(1_999), before), BillOutcome::WrongAmount);
        assert_eq!(judge(&quote(2), &both, Vnd::new(2_000), at("2026-11-26T17:00:00Z")), BillOutcome::Expired);
        assert_eq!(judge(&quote(2), &both[..1], Vnd::new(2_000), before), BillOutcome::Changed, "one is not there");
    }

    #[test]
    fn whatever_changes_of_an_obligation_the_bill_no_longer_stands() {
        let changes: [fn(&mut ObligationState); 3] = [
            |o| o.version = 3,
            |o| o.amount = Vnd::new(1_001),
            |o| o.beneficiary = BeneficiaryCode::new("H38.18-NH").expect("a code"),
        ];
        for change in changes {
            let mut o = obligation(1, ObligationStatus::Due);
            change(&mut o);
            assert_eq!(judge(&quote(1), &[o], Vnd::new(1_000), Timestamp::UNIX_EPOCH), BillOutcome::Changed);
        }
    }

    proptest! {
        #[test]
        fn only_what_is_wholly_due_and_told_is_paid(
            statuses in prop::collection::vec(prop::sample::select(ObligationStatus::ALL.to_vec()), 1..6),
            paid in 0_i64..8_000,
            late in any::<bool>(),
        ) {
            let stand: Vec<_> = (1..).zip(&statuses).map(|(n, s)| obligation(n, *s)).collect();
            let quote = quote(stand.len() as u128);
            let now = if late { quote.expires_at } else { Timestamp::UNIX_EPOCH };
            let verdict = judge(&quote, &stand, Vnd::new(paid), now);
            let all_due = statuses.iter().all(|s| *s == ObligationStatus::Due);
            prop_assert_eq!(verdict == BillOutcome::Paid, all_due && !late && Vnd::new(paid) == quote.amount);
        }

        #[test]
        fn a_bill_never_holds_more_than_an_amount(amounts in prop::collection::vec(1..=MAX_AMOUNT, 0..80)) {
            let due = |(n, a): (u128, &i64)| ObligationState { amount: Vnd::new(*a), ..obligation(n, ObligationStatus::Due) };
            let kept = as_many_as_fit((1..).zip(&amounts).map(due).collect());
            prop_assert!(kept.len() <= MAX_OBLIGATIONS);
            prop_assert!(kept.iter().map(|o| o.amount).sum::<Vnd>().dong() <= MAX_AMOUNT);
            prop_assert!(amounts.is_empty() || !kept.is_empty());
        }
    }
}
