//! Which contracts may take an intent's money now, and what stands in the way of the others: of those that take orders, and
//! of bills and counters, where it is the other side that asks. What is known of a contract and of its neighbour is an
//! argument; nothing is asked here.

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
        /// What is due lacks what it makes its receipt of, or is of a kind that it does not take.
        NotBillable = "not_billable",
        /// Its receipt names the payer's number, and nobody with one is named.
        PayerNotIdentified = "payer_not_identified",
        /// Somebody switched its channel off, or announced that it is away.
        Closed = "closed",
        /// Its provider has not been answering.
        NotAnswering = "not_answering",
        /// A part of the money came another way, and it takes all that is due or nothing: what waits would be too much.
        WholeOnly = "whole_only",
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
    /// Whether it can be told what is due.
    pub can_bill: bool,
    /// Whether it must be told the payer's number.
    pub names_payer: bool,
    /// Whether it takes less than what is due, where the rest waits already.
    pub takes_a_rest: bool,
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
    /// Whether a payer with a number is named.
    pub payer_is_identified: bool,
    /// Zero or less: nothing is left to pay, and no amount is too small.
    pub amount: Vnd,
    /// What the fees owe that are due; more than the amount where money waits for them.
    pub owed: Vnd,
}

/// All that stands in the way, worst first; empty: it may be used.
pub fn obstacles(contract: Contract<'_>, wanted: Wanted<'_>) -> Vec<Obstacle> {
    let offered = contract.takes_orders && contract.beneficiaries.contains(wanted.beneficiary);
    let allowed = wanted.allowed.is_none_or(|list| list.iter().any(|code| code == contract.channel.as_str()));
    let is_a_rest = wanted.amount < wanted.owed;
    let above = contract.most.iter().flatten().any(|most| wanted.amount > *most);
    let below = wanted.amount.is_positive() && contract.least.iter().flatten().any(|least| wanted.amount < *least);
    [
        (!offered, Obstacle::NotOffered),
        (!allowed, Obstacle::NotAllowed),
        (!contract.can_bill, Obstacle::NotBillable),
        (contract.names_payer && !wanted.payer_is_identified, Obstacle::PayerNotIdentified),
        (contract.is_closed, Obstacle::Closed),
        (!contract.is_answering, Obstacle::NotAnswering),
        (is_a_rest && !contract.takes_a_rest, Obstacle::WholeOnly),
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

    fn of(facts: [bool; 6], limits: (i64, Option<i64>, Option<i64>), amount: i64) -> Vec<Obstacle> {
        of_rest(facts, limits, amount, (true, amount))
    }

    fn of_rest(
        facts: [bool; 6],
        limits: (i64, Option<i64>, Option<i64>),
        amount: i64,
        (takes_a_rest, owed): (bool, i64),
    ) -> Vec<Obstacle> {
        of_payer(facts, limits, amount, (takes_a_rest, owed), (false, true))
    }

    fn of_payer(
        facts: [bool; 6],
        limits: (i64, Option<i64>, Option<i64>),
        amount: i64,
        (takes_a_rest, owed): (bool, i64),
        (names_payer, payer_is_identified): (bool, bool),
    ) -> Vec<Obstacle> {
        let (ours, theirs) = (BeneficiaryCode::new("H38.17-KB").unwrap(), BeneficiaryCode::new("H38.18-NH").unwrap());
        let channel = ChannelCode::new("momo").unwrap();
        let [collects, takes_orders, allowed, can_bill, is_closed, is_answering] = facts;
        let beneficiaries = [if collects { ours.clone() } else { theirs }];
        let list = [if allowed { "momo" } else { "vnpay" }.to_owned()];
        let contract = Contract {
            channel: &channel,
            beneficiaries: &beneficiaries,
            takes_orders,
            can_bill,
            names_payer,
            takes_a_rest,
            is_closed,
            is_answering,
            least: [None, Some(Vnd::new(limits.0))],
            most: [limits.1.map(Vnd::new), limits.2.map(Vnd::new)],
        };
        let (amount, owed) = (Vnd::new(amount), Vnd::new(owed));
        let wanted = Wanted { beneficiary: &ours, allowed: Some(&list), payer_is_identified, amount, owed };
        obstacles(contract, wanted)
    }

    const FREE: [bool; 6] = [true, true, true, true, false, true];

    #[test]
    fn each_fact_is_an_obstacle_of_its_own() {
        assert_eq!(of(FREE, (1_000, Some(50_000), None), 20_000), []);
        let words = [
            Obstacle::NotOffered,
            Obstacle::NotOffered,
            Obstacle::NotAllowed,
            Obstacle::NotBillable,
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

    #[test]
    fn what_takes_the_whole_or_nothing_is_in_the_way_of_a_rest_alone() {
        let told = |takes_a_rest, owed| of_rest(FREE, (1_000, None, None), 41_000, (takes_a_rest, owed));
        assert_eq!(told(false, 71_000), [Obstacle::WholeOnly]);
        assert_eq!([told(false, 41_000), told(true, 71_000)], [[], []]);
    }

    #[test]
    fn who_names_the_payer_needs_one_with_a_number_and_the_others_need_nobody() {
        let told = |payer| of_payer(FREE, (1_000, None, None), 41_000, (true, 41_000), payer);
        assert_eq!(told((true, false)), [Obstacle::PayerNotIdentified]);
        assert_eq!([told((true, true)), told((false, false))], [[], []]);
    }

    proptest! {
        #[test]
        fn what_is_taken_away_never_opens_a_channel(facts: [bool; 6], n in 0..6_usize, amount in 0..100_000_i64) {
            let limits = (1_000, Some(80_000), None);
            let mut worse = facts;
            worse[n] = !FREE[n];
            let (before, after) = (of(facts, limits, amount), of(worse, limits, amount));
            prop_assert!(before.iter().all(|obstacle| after.contains(obstacle)));
            prop_assert!(after.is_sorted());
        }
    }
}
