//! Reports come in any order, and more than once. What the books say in the end does not depend on it: every account and
//! every obligation stands as in any other order. One thing may differ, by the contract's own words: whether what nobody
//! owes is called `overpaid` or `duplicate` depends on which came first; together they are the same.

use crate::check;
use crate::commands::{Command, Table};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A report of money, as a webhook tells it.
#[derive(Debug, Clone, Copy)]
enum Report {
    /// Of an attempt's order: as told, or off by so much.
    Order(usize, i64),
    /// A transfer of so much with the reference of an intent; `true` on a wrong account.
    Transfer(usize, usize, bool),
    Unknown(usize, bool),
    /// The provider says that nothing came of an attempt.
    Failed(usize),
    Committed(usize),
    /// A statement with what was on its way.
    Statement,
}

fn tell(table: &mut Table, report: Report) {
    match report {
        Report::Order(attempt, off) => table.run(&Command::Pay(attempt, off)),
        Report::Transfer(intent, amount, wrong) => drop(table.transfer_of(intent, amount, wrong)),
        Report::Unknown(amount, by_bank) => table.run(&Command::PayUnknown(amount, by_bank)),
        Report::Failed(attempt) => table.run(&Command::News(attempt, 2)),
        Report::Committed(attempt) => table.run(&Command::News(attempt, 1)),
        Report::Statement => table.run(&Command::Statement),
    }
    check(&table.world, &table.clerk);
}

/// Every obligation's state and every account, in the end: a last statement shows what is on its way.
type End = (Vec<&'static str>, BTreeMap<String, i64>);

/// Tells each report as often as its number stands in `order`; a payment that is known is the same payment.
fn end(start: impl Fn() -> Table, reports: &[Report], order: &[usize]) -> End {
    let mut table = start();
    let mut known = BTreeSet::new();
    for number in order {
        let is_money = !matches!(reports[*number], Report::Failed(_) | Report::Committed(_) | Report::Statement);
        if known.insert(*number) || !is_money {
            tell(&mut table, reports[*number]);
        }
    }
    tell(&mut table, Report::Statement);
    let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
    for (code, amount) in &table.world.ledger {
        let code = if code == "suspense:duplicate" { "suspense:overpaid" } else { code };
        *accounts.entry(code.to_owned()).or_default() += amount.dong();
    }
    accounts.retain(|_, amount| *amount != 0);
    (table.world.obligations.iter().map(|o| o.status.as_str()).collect(), accounts)
}

/// All orders of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..n {
        let longer = |p: &Vec<usize>| {
            let p = p.clone();
            (0..=p.len()).map(move |at| [&p[..at], &[next], &p[at..]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Two references with two and one obligations; two attempts for the first, one for the second.
fn apart(amounts: &[usize]) -> Table {
    let mut table = Table::new(amounts);
    for open in [Command::Open(0b011, 9), Command::Open(0b100, 9)] {
        table.run(&open);
    }
    for intent in [0, 0, 1] {
        table.run(&Command::Start(intent));
    }
    table
}

/// Three references that share obligations: of two, the deadline has passed.
fn shared(amounts: &[usize]) -> Table {
    let mut table = Table::new(amounts);
    for (bits, is_last) in [(0b001, false), (0b110, false), (0b111, true)] {
        table.run(&Command::Open(bits, 9));
        // the only one that is open
        table.run(&Command::Start(0));
        if !is_last {
            table.run(&Command::Expire(table.clerk.intents.len() - 1));
        }
    }
    table
}

fn any_report() -> impl Strategy<Value = Report> {
    let off = prop_oneof![4 => Just(0_i64), 1 => Just(1), 1 => Just(-1)];
    prop_oneof![
        4 => (0_usize..3, off).prop_map(|(a, off)| Report::Order(a, off)),
        4 => (0_usize..2, 1_usize..12, prop::bool::weighted(0.1)).prop_map(|(i, n, w)| Report::Transfer(i, n, w)),
        1 => (1_usize..9, any::<bool>()).prop_map(|(n, by_bank)| Report::Unknown(n, by_bank)),
        1 => (0_usize..3).prop_map(Report::Failed),
        1 => (0_usize..3).prop_map(Report::Committed),
        1 => Just(Report::Statement),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn reports_in_any_order_end_in_the_same_balances(
        amounts in prop::collection::vec(1_usize..9, 3),
        reports in prop::collection::vec(any_report(), 2..6),
        repeats in prop::collection::vec((any::<usize>(), any::<usize>()), 0..4),
    ) {
        let orders = permutations(reports.len());
        let expected = end(|| apart(&amounts), &reports, &orders[0]);
        for mut order in orders {
            for (which, at) in &repeats {
                order.insert(at % (order.len() + 1), which % reports.len());
            }
            prop_assert_eq!(end(|| apart(&amounts), &reports, &order), expected.clone(), "{:?}", order);
        }
    }

    #[test]
    fn orders_of_references_that_share_obligations_end_in_the_same_balances(
        amounts in prop::collection::vec(1_usize..9, 3),
        attempts in prop::collection::vec(0_usize..3, 2..6),
    ) {
        let reports: Vec<Report> = attempts.iter().map(|a| Report::Order(*a, 0)).collect();
        let orders = permutations(reports.len());
        let expected = end(|| shared(&amounts), &reports, &orders[0]);
        for order in orders {
            prop_assert_eq!(end(|| shared(&amounts), &reports, &order), expected.clone(), "{:?}", order);
        }
    }
}

/// "Until money for the same reference completes it": where two references share an obligation and the payer of one gave
/// too little, it does matter which came first, and the case of what waits tells people.
#[test]
fn what_waits_for_one_reference_is_completed_by_no_other() {
    let start = || {
        let mut table = Table::new(&[5, 5]);
        table.run(&Command::Open(0b01, 9));
        table.run(&Command::Expire(0));
        table.run(&Command::Open(0b11, 9));
        table
    };
    let reports = [Report::Transfer(0, 5, false), Report::Transfer(1, 5, false)];
    let (paid, due) = (end(start, &reports, &[0, 1]), end(start, &reports, &[1, 0]));
    assert_eq!((paid.0, due.0), (vec!["paid", "paid"], vec!["paid", "due"]));
    assert_eq!(due.1["suspense:underpaid"], -5);
}
