//! A reference model against random commands: openings, payments, transfers, refunds with all that becomes of them,
//! reversals, reductions, statements, the clock. The model knows nothing of journals, edges or versions: a clerk moves
//! coins by hand. The domain must come to the same after every command.

mod clerk;
mod commands;
mod orders;
mod world;

use clerk::{At, Clerk, Named, Place};
use commands::{Command, Table, command};
use domain::allocation::Home;
use domain::attempt::AttemptStatus;
use domain::booking::{AttemptState, IntentState, book_money, case_of, place_orphan};
use domain::case::CaseStatus;
use domain::intent::IntentStatus;
use domain::ledger::Account;
use domain::obligation::ObligationStatus;
use domain::payment::SuspenseReason;
use domain::refund::RefundStatus;
use domain::{AttemptId, IntentId, PaymentId};
use proptest::prelude::*;
use std::collections::BTreeMap;
use world::{Booked, World, clearing, vnd};

const OBLIGATIONS: usize = 3;

/// The domain's world as the clerk would say it.
fn homes(world: &World) -> BTreeMap<(usize, At), i64> {
    let payment = |id: PaymentId| world.payments.iter().position(|p| p.id == id).expect("a payment");
    let at = |home: Home| match home {
        Home::Obligation(id) => At::Fee(world.obligations.iter().position(|o| o.id == id).expect("an obligation")),
        Home::Suspense(reason) => At::Held(reason.as_str()),
        Home::Refund(id) => At::Refund(world.refunds.iter().position(|r| r.state.id == id).expect("a refund")),
        Home::WrittenOff => At::GivenUp,
    };
    let there = world.parts.iter().filter(|p| !p.amount.is_zero());
    there.map(|p| ((payment(p.payment_id), at(p.home)), p.amount.dong())).collect()
}

fn accounts(world: &World) -> BTreeMap<String, i64> {
    let all = world.ledger.iter().map(|(code, amount)| (code.clone(), amount.dong()));
    all.filter(|(_, amount)| *amount != 0).collect()
}

fn place(place: Place) -> String {
    match place {
        Place::Clearing => clearing().to_string(),
        Place::Transit => world::in_transit().to_string(),
        Place::Bank => world::bank().to_string(),
        Place::Payer => String::new(),
    }
}

fn check(world: &World, clerk: &Clerk) {
    clerk.is_sound();
    let words = |all: &mut dyn Iterator<Item = &'static str>| all.collect::<Vec<_>>();
    assert_eq!(
        words(&mut world.obligations.iter().map(|o| o.status.as_str())),
        words(&mut clerk.fees.iter().map(|f| f.state)),
        "obligations"
    );
    let owed: Vec<_> = clerk.fees.iter().map(|f| vnd(f.amount)).collect();
    assert_eq!(world.obligations.iter().map(|o| o.amount).collect::<Vec<_>>(), owed);
    assert_eq!(
        words(&mut world.intents.iter().map(|i| i.status.as_str())),
        words(&mut clerk.intents.iter().map(|i| i.state)),
        "intents"
    );
    assert_eq!(
        words(&mut world.attempts.iter().map(|a| a.status.as_str())),
        words(&mut clerk.attempts.iter().map(|a| a.state)),
        "attempts"
    );
    assert_eq!(
        words(&mut world.refunds.iter().map(|r| r.state.status.as_str())),
        words(&mut clerk.refunds.iter().map(|r| r.state)),
        "refunds"
    );
    assert_eq!(homes(world), clerk.homes(), "where the money is");
    assert_eq!(accounts(world), clerk.accounts(place, world::beneficiary().as_str()), "accounts");
    for (i, payment) in world.payments.iter().enumerate() {
        let refundable = clerk.refundable(i);
        assert_eq!(world.refundable(payment).dong(), refundable, "refundable of payment {i}");
        assert_eq!(world.at_home(payment.id).dong(), refundable, "refundable of payment {i}, by where it is");
    }
    holds(world);
}

/// What must hold of the system by itself.
fn holds(world: &World) {
    assert!(world.parts.iter().all(|p| p.amount.dong() >= 0));
    assert!(world.ledger.values().copied().sum::<domain::Vnd>().is_zero());
    let sum: domain::Vnd = world.parts.iter().map(|p| p.amount).sum();
    assert_eq!(sum, world.payments.iter().map(|p| p.amount - p.reversed).sum(), "a đồng has no home, or two");
    for (i, o) in world.obligations.iter().enumerate() {
        let given = world.parts.iter().filter(|p| p.home == Home::Obligation(o.id));
        let owed = if o.status == ObligationStatus::Paid { o.amount } else { domain::Vnd::ZERO };
        assert_eq!(given.map(|p| p.amount).sum::<domain::Vnd>(), owed, "obligation {i} is partly settled");
        let live = world.intents.iter().filter(|n| n.status.is_live() && n.obligation_ids.contains(&o.id));
        assert!(live.count() <= 1, "two live intents hold obligation {i}");
    }
    for intent in &world.intents {
        let due = intent
            .obligation_ids
            .iter()
            .any(|id| world.obligations.iter().any(|o| o.id == *id && o.status == ObligationStatus::Due));
        match intent.status {
            IntentStatus::Paid => assert!(!due, "paid with something due"),
            IntentStatus::Open | IntentStatus::Processing => assert!(due, "live with nothing due"),
            IntentStatus::Expired | IntentStatus::Cancelled => {}
        }
    }
    for part in world.parts.iter().filter(|p| p.amount.is_positive()) {
        if let Home::Suspense(reason) = part.home {
            let told =
                world.cases.iter().any(|c| c.tells_of(part.payment_id, reason) && c.status != CaseStatus::Closed);
            assert!(told, "{reason} money without an open case");
        }
    }
    for case in &world.cases {
        if !case.waits {
            assert_eq!(case.status, CaseStatus::Open, "money closed a case that tells of something else: {case:?}");
        }
    }
    for case in world.cases.iter().filter(|c| c.waits && c.status != CaseStatus::Closed) {
        let held = world.parts.iter().any(|p| {
            matches!(p.home, Home::Suspense(reason) if p.payment_id == case.payment_id && case_of(reason) == case.kind)
                && p.amount.is_positive()
        });
        assert!(held, "an open case of money that has found its home");
    }
}

/// How many random histories: `MOTLAN_MODEL_CASES` widens it.
fn cases() -> u32 {
    std::env::var("MOTLAN_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_books_say_what_the_notebook_says(
        amounts in prop::collection::vec(1_usize..9, OBLIGATIONS),
        commands in prop::collection::vec(command(), 1..90),
    ) {
        let mut table = Table::new(&amounts);
        for command in &commands {
            table.run(command);
            check(&table.world, &table.clerk);
        }
    }
}

/// A random history may pass by what it is to prove; over many, everything happens.
#[test]
fn random_commands_reach_every_state_and_every_reason_to_wait() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (prop::collection::vec(1_usize..9, OBLIGATIONS), prop::collection::vec(command(), 90));
    let (mut states, mut homes) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for _ in 0..400 {
        let (amounts, commands): (Vec<usize>, Vec<Command>) = strategy.new_tree(&mut runner).expect("some").current();
        let mut table = Table::new(&amounts);
        for command in &commands {
            table.run(command);
            states.extend(table.world.obligations.iter().map(|o| ("obligation", o.status.as_str())));
            states.extend(table.world.intents.iter().map(|i| ("intent", i.status.as_str())));
            states.extend(table.world.attempts.iter().map(|a| ("attempt", a.status.as_str())));
            states.extend(table.world.refunds.iter().map(|r| ("refund", r.state.status.as_str())));
            let held = |p: &domain::moving::Part| if let Home::Suspense(r) = p.home { Some(r) } else { None };
            homes.extend(table.world.parts.iter().filter_map(held));
        }
    }
    let all = |entity, words: Vec<&'static str>| words.into_iter().map(move |w| (entity, w));
    let of = ObligationStatus::ALL.iter().map(|s| s.as_str()).filter(|w| !["exempt", "cancelled"].contains(w));
    let wanted = all("obligation", of.collect())
        .chain(all("intent", IntentStatus::ALL.iter().map(|s| s.as_str()).collect()))
        .chain(all("attempt", AttemptStatus::ALL.iter().map(|s| s.as_str()).collect()))
        .chain(all("refund", RefundStatus::ALL.iter().map(|s| s.as_str()).collect()));
    let missing: Vec<_> = wanted.filter(|state| !states.contains(state)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
    assert_eq!(homes.len(), SuspenseReason::ALL.len(), "{homes:?}");
}

#[test]
fn money_that_came_before_its_order_was_known_settles_when_it_is() {
    let mut world = World::new(&[5]);
    let mut clerk = Clerk::new(&[5]);
    let new = world.money(clearing(), vnd(5));
    let changes = book_money(&new, None).expect("booked");
    let (id, source) = (new.payment_id, new.from.clone());
    world.payments.push(Booked { id, intent_id: None, source, amount: vnd(5), reversed: vnd(0) });
    world.apply(&changes);
    let payment = clerk.comes(5, Place::Clearing, Named::Nothing);
    check(&world, &clerk);
    let (intent_id, attempt_id): (IntentId, AttemptId) = (world.id(), world.id());
    let obligation_ids = vec![world.obligations[0].id];
    world.intents.push(IntentState { id: intent_id, status: IntentStatus::Open, version: 1, obligation_ids });
    world.terms.push((9, vec![vnd(5)]));
    let attempt =
        AttemptState { id: attempt_id, intent_id, amount: vnd(5), status: AttemptStatus::Offered, version: 2 };
    world.attempts.push(attempt.clone());
    let intent = clerk.open(vec![0], 9);
    let order = clerk.start(intent);
    clerk.news(order, "offered");
    let case = world.cases[0].clone();
    let changes = place_orphan(&new, Some(&case), &world.told(&attempt)).expect("placed");
    world.payments[payment].intent_id = Some(intent_id);
    world.apply(&changes);
    clerk.is_known_now(payment, order);
    assert_eq!(world.obligations[0].status, ObligationStatus::Paid);
    assert_eq!(world.intents[0].status, IntentStatus::Paid);
    assert!(
        world.ledger.get(&Account::Suspense(SuspenseReason::Unidentified).to_string()).is_some_and(|v| v.is_zero())
    );
    check(&world, &clerk);
}
