//! Which contracts may take an intent's money now, and what stands in the way of the others. What is known of a contract
//! and of its neighbour is an argument; nothing is asked here.

use crate::Vnd;
use crate::codes::{BeneficiaryCode, ChannelCode};
use crate::states::words;

words! {
    /// In the order in which a payer is told: what no amount changes comes first.
    Obstacle {
        /// It collects for others, or takes no orders.
        NotOffered = "not_offered",
        /// The portal leaves its channel out of this intent.
        NotAllowed = "not_allowed",
        /// Somebody switched its channel off, or announced that it is away.
        Closed = "closed",
        /// Its provider has not been answering.
        NotAnswering = "not_answering",
        AboveLimit = "amount_above_limit",
        BelowLimit = "amount_below_limit",
    }
}

/// A contract with a provider, as it stands now.
#[derive(Debug, Clone, Copy)]
pub struct Contract<'a> {
    pub channel: &'a ChannelCode,
    /// Whose money it may take.
    pub beneficiaries: &'a [BeneficiaryCode],
    pub takes_orders: bool,
    pub is_closed: bool,
    pub is_answering: bool,
    /// The provider's own, and the contract's: each counts.
    pub least: [Option<Vnd>; 2],
    pub most: [Option<Vnd>; 2],
}

/// What an intent asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub beneficiary: &'a BeneficiaryCode,
    /// The portal's choice of channels; None: every one.
    pub allowed: Option<&'a [String]>,
    /// Zero or less: nothing is left to pay, and no amount is too small.
    pub amount: Vnd,
}

/// All that stands in the way, worst first; empty: it may be used.
pub fn obstacles(contract: Contract<'_>, wanted: Wanted<'_>) -> Vec<Obstacle> {
    let offered = contract.takes_orders && contract.beneficiaries.contains(wanted.beneficiary);
    let allowed = wanted.allowed.is_none_or(|list| list.iter().any(|code| code == contract.channel.as_str()));
    let above = contract.most.iter().flatten().any(|most| wanted.amount > *most);
    let below = wanted.amount.is_positive() && contract.least.iter().flatten().any(|least| wanted.amount < *least);
    [
        (!offered, Obstacle::NotOffered),
        (!allowed, Obstacle::NotAllowed),
        (contract.is_closed, Obstacle::Closed),
        (!contract.is_answering, Obstacle::NotAnswering),
        (above, Obstacle::AboveLimit),
        (below, Obstacle::BelowLimit),
    ]
    .into_iter()
    .filter_map(|(stands, obstacle)| stands.then_some(obstacle))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(facts: [bool; 5], limits: (i64, Option<i64>, Option<i64>), amount: i64) -> Vec<Obstacle> {
        let (ours, theirs) = (BeneficiaryCode::new("H38.17-KB").unwrap(), BeneficiaryCode::new("H38.18-NH").unwrap());
        let channel = ChannelCode::new("momo").unwrap();
        let [collects, takes_orders, allowed, is_closed, is_answering] = facts;
        let beneficiaries = [if collects { ours.clone() } else { theirs }];
        let list = [if allowed { "momo" } else { "vnpay" }.to_owned()];
        let contract = Contract {
            channel: &channel,
            beneficiaries: &beneficiaries,
            takes_orders,
            is_closed,
            is_answering,
            least: [None, Some(Vnd::new(limits.0))],
            most: [limits.1.map(Vnd::new), limits.2.map(Vnd::new)],
        };
        obstacles(contract, Wanted { beneficiary: &ours, allowed: Some(&list), amount: Vnd::new(amount) })
    }

    const FREE: [bool; 5] = [true, true, true, false, true];

    #[test]
    fn each_fact_is_an_obstacle_of_its_own() {
        assert_eq!(of(FREE, (1_000, Some(50_000), None), 20_000), []);
        let words = [
            Obstacle::NotOffered,
            Obstacle::NotOffered,
            Obstacle::NotAllowed,
            Obstacle::Closed,
            Obstacle::NotAnswering,
        ];
        for (n, word) in words.into_iter().enumerate() {
            let mut facts = FREE;
            facts[n] = !facts[n];
            assert_eq!(of(facts, (1_000, None, None), 20_000), [word]);
        }
    }

    #[test]
    fn limits_include_their_ends_and_the_lower_of_two_counts() {
        let told = [999, 1_000, 50_000, 50_001].map(|amount| of(FREE, (1_000, Some(90_000), Some(50_000)), amount));
        assert_eq!(told, [vec![Obstacle::BelowLimit], vec![], vec![], vec![Obstacle::AboveLimit]]);
    }

    #[test]
    fn of_what_is_paid_nothing_is_below_a_limit() {
        assert_eq!(of(FREE, (1_000, None, None), 0), []);
    }

    proptest! {
        #[test]
        fn what_is_taken_away_never_opens_a_channel(facts: [bool; 5], n in 0..5_usize, amount in 0..100_000_i64) {
            let limits = (1_000, Some(80_000), None);
            let mut worse = facts;
            worse[n] = !FREE[n];
            let (before, after) = (of(facts, limits, amount), of(worse, limits, amount));
            prop_assert!(before.iter().all(|obstacle| after.contains(obstacle)));
            prop_assert!(after.is_sorted());
        }
    }
}
