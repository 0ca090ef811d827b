//! Random scenes: whatever moves, no đồng is lost or made, obligations have all or nothing, and what comes back stands
//! where it stood.

use super::*;
use crate::codes::{BeneficiaryCode, CounterCode, ProfileCode};
use crate::intent::IntentStatus;
use crate::refund::{Closing, RefundLine};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::BTreeMap;
use uuid::Uuid;

fn payment(n: u128) -> PaymentId {
    Uuid::from_u128(n).into()
}
fn obligation(n: u128) -> ObligationId {
    Uuid::from_u128(100 + n).into()
}

type Ledger = BTreeMap<(PaymentId, String), i64>;

/// Where every đồng is.
fn homes(parts: &[Part]) -> Ledger {
    let mut sums = Ledger::new();
    for p in parts {
        *sums.entry((p.payment_id, format!("{:?}", p.home))).or_default() += p.amount.dong();
    }
    sums.retain(|_, v| *v != 0);
    sums
}

/// The scene after `changes`, as storage would read it again.
fn after(scene: &Scene, changes: &Changes) -> Scene {
    let mut next = scene.clone();
    for row in &changes.allocations {
        match next.parts.iter_mut().find(|p| p.payment_id == row.payment_id && p.home == row.home) {
            Some(part) => part.amount = part.amount + row.amount,
            None => next.parts.push(Part { payment_id: row.payment_id, home: row.home, amount: row.amount }),
        }
    }
    next.parts.retain(|p| !p.amount.is_zero());
    for step in &changes.obligations {
        for o in next.obligations.iter_mut().filter(|o| o.id == step.id) {
            (o.status, o.version) = (step.to, step.version);
        }
    }
    for step in &changes.intents {
        for h in next.holders.iter_mut().filter(|h| h.intent.id == step.id) {
            (h.intent.status, h.intent.version) = (step.to, step.version);
        }
    }
    next
}

fn moved(refund: &RefundState, changes: &Changes) -> RefundState {
    let step = changes.refunds.last().expect("a step of the refund");
    RefundState { status: step.to, version: step.version, ..refund.clone() }
}

/// What the approval's journal moved beside what it gave the refund.
fn taken(changes: &Changes) -> Vec<Part> {
    let rows = changes.allocations.iter().filter(|a| !matches!(a.home, Home::Refund(_)));
    rows.map(|a| Part { payment_id: a.payment_id, home: a.home, amount: a.amount }).collect()
}

/// Nothing negative, nothing made or lost but what left by `out`, and each obligation has all or nothing.
fn sound(before: &Scene, after: &Scene, out: i64) {
    assert!(after.parts.iter().all(|p| p.amount.is_positive()), "{:?}", after.parts);
    let total = |s: &Scene| s.parts.iter().map(|p| p.amount.dong()).sum::<i64>();
    assert_eq!(total(before) - out, total(after));
    for o in &after.obligations {
        let has: Vnd = after.parts.iter().filter(|p| p.home == Home::Obligation(o.id)).map(|p| p.amount).sum();
        let owed = if o.status == ObligationStatus::Paid { o.amount } else { Vnd::ZERO };
        assert_eq!(has, owed, "{o:?}");
    }
}

/// One payment with one to three obligations, some of them partly covered by a second payment, and something in suspense; its
/// own intent, which may have been over when it came, and perhaps one that took its place.
fn scenes() -> impl Strategy<Value = Scene> {
    let fees = prop::collection::vec((1_000_i64..50_000, 0_i64..999), 1..4);
    (fees, prop::sample::select(vec![0_i64, 700, 5_000]), any::<[bool; 2]>(), any::<bool>(), any::<bool>()).prop_map(
        |(fees, held, is_over, second_holder, was_over)| {
            let mut parts = Vec::new();
            let mut obligations = Vec::new();
            for (n, (amount, by_other)) in (1..).zip(&fees) {
                let beneficiary = BeneficiaryCode::new("H38.17-KB").expect("a code");
                let status = ObligationStatus::Paid;
                let (id, amount) = (obligation(n), Vnd::new(*amount));
                obligations.push(ObligationState { id, beneficiary, amount, status, version: 2 });
                let other = Vnd::new(*by_other);
                let home = Home::Obligation(id);
                parts.push(Part { payment_id: payment(1), home, amount: amount - other });
                if !other.is_zero() {
                    parts.push(Part { payment_id: payment(2), home, amount: other });
                }
            }
            if held > 0 {
                let home = Home::Suspense(SuspenseReason::Overpaid);
                parts.push(Part { payment_id: payment(1), home, amount: Vnd::new(held) });
            }
            let ids: Vec<ObligationId> = obligations.iter().map(|o| o.id).collect();
            let holder = |n: usize, obligation_ids: Vec<ObligationId>| Holder {
                intent: IntentState {
                    id: Uuid::from_u128([201, 202][n]).into(),
                    status: IntentStatus::Paid,
                    version: 3,
                    obligation_ids,
                },
                is_over: is_over[n],
                // of two one was, for both held a fee; alone it may have been
                was_over: n == 0 && (second_holder || was_over),
            };
            let mut holders = vec![holder(0, ids.clone())];
            if second_holder {
                holders.push(holder(1, ids[..1].to_vec()));
            }
            Scene {
                payment_id: payment(1),
                source: Account::Clearing(ProfileCode::new("vnpay_main").expect("a code")),
                intent_id: Some(Uuid::from_u128(201).into()),
                obligations,
                parts,
                gone: Vec::new(),
                holders,
                cases: Vec::new(),
                day: "2026-11-25".parse().expect("a day"),
            }
        },
    )
}

/// A refund of the first obligation, of what is in suspense, or of both.
fn refund_of(scene: &Scene, with_fee: bool, closing: Closing) -> RefundState {
    let mut lines = Vec::new();
    let held: Vnd = scene.parts.iter().filter(|p| matches!(p.home, Home::Suspense(_))).map(|p| p.amount).sum();
    if !held.is_zero() {
        lines.push(RefundLine { obligation_id: None, amount: held });
    }
    if with_fee || lines.is_empty() {
        let first = scene.obligations[0].id;
        lines.push(RefundLine { obligation_id: Some(first), amount: scene.own(Home::Obligation(first)) });
    }
    RefundState { id: Uuid::from_u128(900).into(), status: RefundStatus::PendingApproval, version: 1, closing, lines }
}

proptest! {
    #[test]
    fn a_refund_that_fails_leaves_the_books_as_they_were(scene in scenes(), with_fee: bool) {
        let refund = refund_of(&scene, with_fee, Closing::Reopen);
        let approval = approve_refund(&scene, &refund).expect("approved");
        let approved = after(&scene, &approval);
        sound(&scene, &approved, 0);
        let refund = moved(&refund, &approval);
        let failed = refund_failed(&approved, &refund, &taken(&approval), Cause::Withdrawn).expect("withdrawn");
        let back = after(&approved, &failed);
        sound(&approved, &back, 0);
        prop_assert_eq!(homes(&back.parts), homes(&scene.parts));
        prop_assert!(back.obligations.iter().all(|o| o.status == ObligationStatus::Paid));
    }

    #[test]
    fn a_refund_that_fails_after_the_other_money_has_gone_leaves_the_fee_due(scene in scenes()) {
        let refund = refund_of(&scene, true, Closing::Reopen);
        let approval = approve_refund(&scene, &refund).expect("approved");
        let mut approved = after(&scene, &approval);
        let waits = |p: &Part| p.payment_id == payment(2) && matches!(p.home, Home::Suspense(_));
        let others = approved.parts.iter().any(waits);
        approved.parts.retain(|p| !waits(p));
        let refund = moved(&refund, &approval);
        let failed = refund_failed(&approved, &refund, &taken(&approval), Cause::Withdrawn).expect("withdrawn");
        let back = after(&approved, &failed);
        sound(&approved, &back, 0);
        let first = &back.obligations[0];
        prop_assert_eq!(first.status, if others { ObligationStatus::Due } else { ObligationStatus::Paid });
    }

    #[test]
    fn a_refund_that_was_sent_reopens_at_most_one_intent_for_each_obligation(
        scene in scenes(), with_fee: bool, closing in prop::sample::select(vec![Closing::Reopen, Closing::Close]),
    ) {
        let refund = refund_of(&scene, with_fee, closing);
        let approval = approve_refund(&scene, &refund).expect("approved");
        let approved = after(&scene, &approval);
        let mut refund = moved(&refund, &approval);
        (refund.status, refund.version) = (RefundStatus::Submitted, 3);
        let sent = refund_sent(&approved, &refund, &scene.source, None, Cause::ProviderSent).expect("sent");
        let done = after(&approved, &sent);
        sound(&approved, &done, 0);
        let live: Vec<_> = done.holders.iter().filter(|h| h.intent.status.is_live()).collect();
        let mut held = BTreeSet::new();
        prop_assert!(live.iter().flat_map(|h| &h.intent.obligation_ids).all(|o| held.insert(*o)));
        prop_assert!(live.iter().all(|h| !h.is_over && !h.was_over));
        let due = done.obligations.iter().any(|o| o.status == ObligationStatus::Due);
        prop_assert!(due || live.is_empty());
        let still_paid = done.holders.iter().filter(|h| h.intent.status == IntentStatus::Paid);
        let owes = |h: &Holder| h.intent.obligation_ids.iter().any(|id| done.obligations.iter().any(|o| o.id == *id && o.status == ObligationStatus::Due));
        prop_assert!(still_paid.clone().all(|h| !owes(h)));
        // and back again: the money waits, the obligations stay as they are
        let refund = moved(&refund, &sent);
        let back = after(&done, &refund_came_back(&done, &refund, None).expect("came back"));
        let waiting: Vnd = back.parts.iter().filter(|p| p.home == Home::Suspense(SuspenseReason::RefundReturned)).map(|p| p.amount).sum();
        prop_assert_eq!(waiting, refund.amount());
        prop_assert_eq!(back.obligations, done.obligations);
    }

    #[test]
    fn what_was_over_when_its_money_came_is_over_again_and_what_was_not_is_open_until_its_deadline(scene in scenes()) {
        let taken = after(&scene, &take_back(&scene, &[]).expect("taken back"));
        for h in &taken.holders {
            let is_over = h.is_over || h.was_over;
            prop_assert_eq!(h.intent.status, if is_over { IntentStatus::Expired } else { IntentStatus::Open });
        }
    }

    #[test]
    fn what_is_taken_back_leaves_nothing_of_the_payment(scene in scenes()) {
        let own: i64 = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id).map(|p| p.amount.dong()).sum();
        let changes = take_back(&scene, &[]).expect("taken back");
        let left = after(&scene, &changes);
        sound(&scene, &left, own);
        prop_assert!(left.parts.iter().all(|p| p.payment_id != scene.payment_id));
        prop_assert!(left.obligations.iter().all(|o| o.status == ObligationStatus::Due));
    }

    #[test]
    fn what_is_reopened_after_a_debit_is_due_and_its_money_waits_and_is_not_there(scene in scenes()) {
        let own: i64 = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id).map(|p| p.amount.dong()).sum();
        let debit = Vnd::new(own);
        prop_assert_eq!(uncovering::reopen(&scene, debit - Vnd::new(1)), Err(MoveError::Stale));
        let changes = uncovering::reopen(&scene, debit).expect("reopened");
        let next = Scene { gone: vec![(scene.payment_id, debit)], ..after(&scene, &changes) };
        sound(&scene, &next, 0);
        prop_assert!(next.obligations.iter().all(|o| o.status == ObligationStatus::Due));
        for h in &next.holders {
            let is_over = h.is_over || h.was_over;
            prop_assert_eq!(h.intent.status, if is_over { IntentStatus::Expired } else { IntentStatus::Open });
        }
        // one case of all of it, and none of the đồng is to be had
        let told: Vec<_> = changes.cases_opened.iter().filter(|c| c.payment_id == Some(scene.payment_id)).collect();
        let paid: Vnd = uncovering::still_pays(&scene).iter().map(|(_, amount)| *amount).sum();
        prop_assert_eq!(told.iter().map(|c| (c.kind, c.amount)).collect::<Vec<_>>(), [(case_of(SuspenseReason::Underpaid), paid)]);
        prop_assert_eq!(next.there(scene.payment_id, SuspenseReason::Underpaid), Vnd::ZERO);
        for o in &next.obligations {
            prop_assert_eq!(assign(&next, SuspenseReason::Underpaid, &[o.id]), Err(MoveError::Stale));
        }
        let lines = vec![RefundLine { obligation_id: None, amount: Vnd::new(1) }];
        let refund = RefundState { lines, ..refund_of(&scene, true, Closing::Close) };
        prop_assert_eq!(approve_refund(&next, &refund), Err(MoveError::Stale));
        prop_assert_eq!(writing_off::write_off(&next, SuspenseReason::Underpaid, paid), Err(MoveError::Stale));
        prop_assert_eq!(uncovering::reopen(&next, debit), Err(MoveError::Stale));
        // what another payment had given is there
        let others: Vnd = scene.parts.iter().filter(|p| p.payment_id == payment(2)).map(|p| p.amount).sum();
        prop_assert_eq!(next.there(payment(2), SuspenseReason::Underpaid), others);
    }

    #[test]
    fn what_is_given_up_after_it_was_reopened_is_a_loss_of_what_had_gone_to_the_payer_alone(scene in scenes(), with_fee: bool) {
        let own: i64 = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id).map(|p| p.amount.dong()).sum();
        let refund = refund_of(&scene, with_fee, Closing::Close);
        let approved = after(&scene, &approve_refund(&scene, &refund).expect("approved"));
        let debit = Vnd::new(own);
        if uncovering::still_pays(&approved).is_empty() {
            prop_assert_eq!(uncovering::reopen(&approved, debit), Err(MoveError::Stale));
            return Ok(());
        }
        let next = after(&approved, &uncovering::reopen(&approved, debit).expect("reopened"));
        prop_assert_eq!(next.own(Home::Refund(refund.id)), refund.amount());
        let unexplained = writing_off::Unexplained { reason: SuspenseReason::Unidentified, amount: debit, movement: None, settlement: None };
        let lost = writing_off::write_off_unexplained(&unexplained, Some(&next), next.day).expect("given up");
        let loss: Vnd = lost.journals.iter().flat_map(|j| j.legs()).filter(|l| l.account == Account::WrittenOff).map(|l| l.amount).sum();
        prop_assert_eq!(loss, refund.amount());
    }

    #[test]
    fn what_is_voided_leaves_nothing_of_the_payment_and_opens_what_it_paid(scene in scenes()) {
        let own: i64 = scene.parts.iter().filter(|p| p.payment_id == scene.payment_id).map(|p| p.amount.dong()).sum();
        let scene = Scene { source: Account::Drawer(CounterCode::new("quay-1").expect("a code")), ..scene };
        let changes = void(&scene).expect("voided");
        let left = after(&scene, &changes);
        sound(&scene, &left, own);
        prop_assert!(left.parts.iter().all(|p| p.payment_id != scene.payment_id));
        prop_assert!(left.obligations.iter().all(|o| o.status == ObligationStatus::Due));
        let drawer: Vnd = changes.journals[0].legs().iter().filter(|l| l.account == scene.source).map(|l| l.amount).sum();
        prop_assert_eq!(drawer, Vnd::new(-own));
    }

    #[test]
    fn what_was_voided_and_charged_all_the_same_waits_whole_with_a_case(scene in scenes(), amount in 1_i64..50_000) {
        prop_assert_eq!(charged_after_all(&scene, Vnd::new(amount)), Err(MoveError::Stale));
        let voided = Scene::of_nothing(scene.payment_id, scene.source.clone(), scene.day);
        let changes = charged_after_all(&voided, Vnd::new(amount)).expect("charged");
        let home = Home::Suspense(SuspenseReason::RefundReturned);
        prop_assert_eq!(after(&voided, &changes).parts, [Part { payment_id: scene.payment_id, home, amount: Vnd::new(amount) }]);
        let clearing: Vnd = changes.journals[0].legs().iter().filter(|l| l.account == scene.source).map(|l| l.amount).sum();
        prop_assert_eq!(clearing, Vnd::new(amount));
        let charged = after(&voided, &changes);
        let undone = undone_after_all(&charged).expect("undone");
        prop_assert!(after(&charged, &undone).parts.is_empty());
        let gone = vec![(scene.payment_id, Vnd::new(1))];
        prop_assert_eq!(undone_after_all(&Scene { gone, ..charged }), Err(MoveError::Stale));
        prop_assert_eq!(undone_after_all(&scene), Err(MoveError::Stale));
        prop_assert!(changes.cases_opened.len() == 1 && changes.cases_opened[0].waits && changes.cases_opened[0].kind == case_of(SuspenseReason::RefundReturned));
        prop_assert!(changes.obligations.is_empty() && changes.intents.is_empty());
    }

    #[test]
    fn what_a_refund_has_is_not_voided(scene in scenes(), with_fee: bool) {
        let refund = refund_of(&scene, with_fee, Closing::Reopen);
        let approved = after(&scene, &approve_refund(&scene, &refund).expect("approved"));
        prop_assert_eq!(void(&approved), Err(MoveError::Stale));
    }

    #[test]
    fn only_what_waits_unidentified_was_no_payment(scene in scenes(), amount in 1_i64..50_000) {
        prop_assert_eq!(not_a_payment(&scene), Err(MoveError::Stale));
        let home = Home::Suspense(SuspenseReason::Unidentified);
        let parts = vec![Part { payment_id: scene.payment_id, home, amount: Vnd::new(amount) }];
        let waiting = Scene { parts, obligations: Vec::new(), holders: Vec::new(), ..scene };
        let changes = not_a_payment(&waiting).expect("a deposit");
        prop_assert!(after(&waiting, &changes).parts.is_empty());
        prop_assert!(changes.obligations.is_empty() && changes.intents.is_empty());
    }

    #[test]
    fn a_lowered_obligation_stays_covered_and_the_rest_waits(scene in scenes(), part in 1_i64..999) {
        let id = scene.obligations[0].id;
        let mut lower_scene = scene.clone();
        let changes = lower(&scene, id, Vnd::new(part)).expect("lowered");
        lower_scene.obligations[0].amount = lower_scene.obligations[0].amount - Vnd::new(part);
        let next = after(&lower_scene, &changes);
        sound(&lower_scene, &next, 0);
    }
}

#[test]
fn money_that_has_moved_since_it_was_proposed_is_stale() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let scene = scenes().new_tree(&mut runner).expect("a scene").current();
    let mut refund = refund_of(&scene, true, Closing::Close);
    for line in &mut refund.lines {
        line.amount = line.amount + Vnd::new(1);
    }
    assert_eq!(approve_refund(&scene, &refund), Err(MoveError::Stale));
}

#[test]
fn what_has_left_past_us_pays_nothing_and_waits_on() {
    let beneficiary = BeneficiaryCode::new("H38.17-KB").expect("a code");
    let due = |n: u128, amount: i64| ObligationState {
        id: obligation(n),
        beneficiary: beneficiary.clone(),
        amount: Vnd::new(amount),
        status: ObligationStatus::Due,
        version: 1,
    };
    let scene = Scene {
        payment_id: payment(1),
        source: Account::Clearing(ProfileCode::new("vnpay_main").expect("a code")),
        intent_id: None,
        obligations: vec![due(1, 30_000), due(2, 10_000)],
        parts: vec![
            Part { payment_id: payment(1), home: Home::Suspense(SuspenseReason::Duplicate), amount: Vnd::new(30_000) },
            Part { payment_id: payment(2), home: Home::Suspense(SuspenseReason::Duplicate), amount: Vnd::new(7_000) },
        ],
        gone: vec![(payment(1), Vnd::new(20_000))],
        holders: Vec::new(),
        cases: Vec::new(),
        day: jiff::civil::date(2026, 11, 26),
    };
    let there = |n| scene.there(payment(n), SuspenseReason::Duplicate).dong();
    assert_eq!((there(1), there(2)), (10_000, 7_000));
    assert_eq!(assign(&scene, SuspenseReason::Duplicate, &[obligation(1)]), Err(MoveError::Stale));
    let paid = after(&scene, &assign(&scene, SuspenseReason::Duplicate, &[obligation(2)]).expect("it is there"));
    assert_eq!(paid.own(Home::Obligation(obligation(2))), Vnd::new(10_000));
    assert_eq!(paid.own(Home::Suspense(SuspenseReason::Overpaid)), Vnd::new(20_000));
}
