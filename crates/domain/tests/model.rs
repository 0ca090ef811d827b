//! A reference model of one page against random commands. The model knows nothing of journals, edges or versions: it
//! keeps what each payer gave and says what a clerk with a notebook would say. The domain must come to the same.

use domain::allocation::{Home, Waiting};
use domain::attempt::AttemptStatus;
use domain::booking::{
    AttemptState, IntentState, Named, NewMoney, ObligationState, OpenCase, Terms, book_money, case_of, place_orphan,
};
use domain::case::CaseStatus;
use domain::changes::Changes;
use domain::codes::{AccountCode, BeneficiaryCode, ProfileCode};
use domain::intent::IntentStatus;
use domain::ledger::Account;
use domain::obligation::ObligationStatus;
use domain::payment::SuspenseReason;
use domain::plan::{AttemptNews, IntentPlan, follow_attempt, follow_intent};
use domain::{AttemptId, CaseId, IntentId, ObligationId, PaymentId, Vnd};
use jiff::civil::date;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

const OBLIGATIONS: usize = 3;

/// What may happen. Numbers are reduced to what exists when the command runs.
#[derive(Debug, Clone)]
enum Command {
    /// Opens an intent for the obligations whose bit is set.
    Open(u8),
    Start(usize),
    News(usize, u8),
    /// The provider has money for an attempt: as told, or off by so much.
    Pay(usize, i64),
    /// A transfer with an intent's reference: what is owed and so much more or less; `true` on a wrong account.
    Transfer(usize, i64, bool),
    /// Money for an order that nobody knows.
    PayUnknown(i64),
    Expire(usize),
    Cancel(usize),
    Renew(usize),
}

fn command() -> impl Strategy<Value = Command> {
    let off = prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1), 1 => Just(99 * 1_000)];
    prop_oneof![
        3 => (1_u8..8).prop_map(Command::Open),
        4 => any::<usize>().prop_map(Command::Start),
        3 => (any::<usize>(), 0_u8..6).prop_map(|(a, n)| Command::News(a, n)),
        5 => (any::<usize>(), off).prop_map(|(a, o)| Command::Pay(a, o)),
        3 => (any::<usize>(), -3_000_i64..3_000, prop::bool::weighted(0.1)).prop_map(|(i, o, w)| Command::Transfer(i, o, w)),
        1 => (any::<usize>()).prop_map(|i| Command::Transfer(i, 0, false)),
        1 => (1_i64..9_000).prop_map(Command::PayUnknown),
        2 => any::<usize>().prop_map(Command::Expire),
        1 => any::<usize>().prop_map(Command::Cancel),
        2 => any::<usize>().prop_map(Command::Renew),
    ]
}

/// The system in memory: what storage keeps, with the changes of the domain applied to it.
#[derive(Default)]
struct World {
    obligations: Vec<ObligationState>,
    intents: Vec<IntentState>,
    attempts: Vec<AttemptState>,
    /// Each payment's parts, and the intent that it named.
    parts: BTreeMap<(PaymentId, String), (Option<IntentId>, Home, Vnd)>,
    cases: Vec<OpenCase>,
    ledger: BTreeMap<String, Vnd>,
    next: u128,
}

impl World {
    fn id<Id: From<Uuid>>(&mut self) -> Id {
        self.next += 1;
        Uuid::from_u128(self.next).into()
    }

    fn live(&self, obligation: ObligationId) -> bool {
        self.intents.iter().any(|i| i.status.is_live() && i.obligation_ids.contains(&obligation))
    }

    fn waiting(&self, intent: IntentId) -> Vec<Waiting> {
        let mut list: Vec<Waiting> = self
            .parts
            .iter()
            .filter_map(|((payment_id, _), (named, home, amount))| match home {
                Home::Suspense(reason)
                    if *named == Some(intent) && reason.waits_for_reference() && amount.is_positive() =>
                {
                    Some(Waiting { payment_id: *payment_id, reason: *reason, amount: *amount })
                }
                _ => None,
            })
            .collect();
        list.sort_by_key(|w| w.payment_id);
        list
    }

    fn told(&self, attempt: &AttemptState) -> Named {
        self.named(attempt.intent_id, Some(attempt), Terms::Told(attempt.amount))
    }

    fn named(&self, intent: IntentId, attempt: Option<&AttemptState>, terms: Terms) -> Named {
        let own = self.intents.iter().find(|i| i.id == intent).expect("the intent");
        let shares = |i: &IntentState| i.obligation_ids.iter().any(|o| own.obligation_ids.contains(o));
        let payments: Vec<PaymentId> =
            self.parts.iter().filter(|(_, (named, ..))| *named == Some(own.id)).map(|((p, _), _)| *p).collect();
        Named {
            intent_id: intent,
            terms,
            attempt: attempt.cloned(),
            other_committed: self.attempts.iter().any(|a| {
                Some(a.id) != attempt.map(|own| own.id) && a.intent_id == intent && a.status == AttemptStatus::Committed
            }),
            obligations: self.obligations.clone(),
            intents: self
                .intents
                .iter()
                .filter(|i| i.id == own.id || (i.status.is_live() && shares(i)))
                .cloned()
                .collect(),
            waiting: self.waiting(own.id),
            open_cases: self
                .cases
                .iter()
                .filter(|c| c.status != CaseStatus::Closed && payments.contains(&c.payment_id))
                .cloned()
                .collect(),
        }
    }

    fn apply(&mut self, changes: &Changes, named: impl Fn(PaymentId) -> Option<IntentId>) {
        for s in &changes.obligations {
            let o = self.obligations.iter_mut().find(|o| o.id == s.id).expect("obligation");
            assert_eq!((o.status, o.version + 1), (s.from, s.version));
            (o.status, o.version) = (s.to, s.version);
        }
        for s in &changes.intents {
            let i = self.intents.iter_mut().find(|i| i.id == s.id).expect("intent");
            assert_eq!((i.status, i.version + 1), (s.from, s.version));
            (i.status, i.version) = (s.to, s.version);
        }
        for s in &changes.attempts {
            let a = self.attempts.iter_mut().find(|a| a.id == s.id).expect("attempt");
            assert_eq!((a.status, a.version + 1), (s.from, s.version));
            (a.status, a.version) = (s.to, s.version);
        }
        for s in &changes.cases_closed {
            let c = self.cases.iter_mut().find(|c| c.id == s.id).expect("case");
            (c.status, c.version) = (s.to, s.version);
        }
        for case in &changes.cases_opened {
            let id: CaseId = self.id();
            let payment_id = case.payment_id.expect("a case of money names its payment");
            self.cases.push(OpenCase { id, payment_id, kind: case.kind, status: CaseStatus::Open, version: 1 });
        }
        for row in &changes.allocations {
            let journal = &changes.journals[row.journal];
            assert!(
                journal.legs().iter().any(|l| l.payment_id == Some(row.payment_id)),
                "an allocation without its leg"
            );
            let key = (row.payment_id, format!("{:?}", row.home));
            let slot = self.parts.entry(key).or_insert((named(row.payment_id), row.home, Vnd::ZERO));
            slot.2 = slot.2 + row.amount;
        }
        for leg in changes.journals.iter().flat_map(|j| j.legs()) {
            let slot = self.ledger.entry(leg.account.to_string()).or_default();
            *slot = *slot + leg.amount;
        }
    }
}

/// The clerk's notebook: obligations paid by whom, money in the drawer of each reference.
#[derive(Default)]
struct Notebook {
    paid: [bool; OBLIGATIONS],
    given: Vnd,
    /// Everything that went to obligations.
    used: Vnd,
}

fn money(world: &mut World, amount: i64) -> NewMoney {
    NewMoney {
        payment_id: world.id(),
        sighting_id: world.id(),
        from: Account::Clearing(ProfileCode::new("vnpay_main").expect("a code")),
        amount: Vnd::new(amount),
        business_date: date(2026, 11, 24),
        subject: "order".to_owned(),
    }
}

fn pick(len: usize, n: usize) -> Option<usize> {
    (len > 0).then(|| n % len.max(1))
}

fn run(world: &mut World, notebook: &mut Notebook, command: &Command) {
    match *command {
        Command::Open(bits) => {
            let ids: Vec<ObligationId> = (0..OBLIGATIONS)
                .filter(|i| bits & (1 << i) != 0)
                .map(|i| &world.obligations[i])
                .filter(|o| o.status == ObligationStatus::Due && !world.live(o.id))
                .map(|o| o.id)
                .collect();
            if !ids.is_empty() {
                let id = world.id();
                world.intents.push(IntentState { id, status: IntentStatus::Open, version: 1, obligation_ids: ids });
            }
        }
        Command::Start(n) => {
            let open: Vec<IntentState> =
                world.intents.iter().filter(|i| i.status == IntentStatus::Open).cloned().collect();
            let Some(at) = pick(open.len(), n) else { return };
            let due: Vnd = world
                .obligations
                .iter()
                .filter(|o| open[at].obligation_ids.contains(&o.id) && o.status == ObligationStatus::Due)
                .map(|o| o.amount)
                .sum();
            let amount = due.less(world.waiting(open[at].id).iter().map(|w| w.amount).sum());
            if amount.is_positive() {
                let id: AttemptId = world.id();
                let (intent_id, status) = (open[at].id, AttemptStatus::Started);
                world.attempts.push(AttemptState { id, intent_id, amount, status, version: 1 });
            }
        }
        Command::News(n, kind) => {
            let Some(at) = pick(world.attempts.len(), n) else { return };
            let news = [
                AttemptNews::Offered,
                AttemptNews::Committed,
                AttemptNews::Failed,
                AttemptNews::WindowClosed,
                AttemptNews::Unclear,
                AttemptNews::Refused,
            ][usize::from(kind)];
            let attempt = world.attempts[at].clone();
            let facts = world.told(&attempt);
            let intent = facts.intents.iter().find(|i| i.id == attempt.intent_id).expect("own").clone();
            let changes = follow_attempt(&attempt, &intent, facts.other_committed, news).expect("an edge");
            assert!(changes.journals.is_empty() && changes.allocations.is_empty(), "a plan moved money");
            world.apply(&changes, |_| None);
        }
        Command::Pay(n, off) => {
            let Some(at) = pick(world.attempts.len(), n) else { return };
            let attempt = world.attempts[at].clone();
            let amount = attempt.amount.dong() + off;
            if amount <= 0 {
                return;
            }
            let new = money(world, amount);
            let facts = world.told(&attempt);
            let changes = book_money(&new, Some(&facts)).expect("booked");
            notebook.given = notebook.given + new.amount;
            if amount == attempt.amount.dong() {
                settle_in(notebook, world, attempt.intent_id, amount, &facts.waiting);
            }
            let intent = attempt.intent_id;
            world.apply(&changes, |_| Some(intent));
        }
        Command::Transfer(n, off, wrong) => {
            let Some(at) = pick(world.intents.len(), n) else { return };
            let intent = world.intents[at].clone();
            let owed: i64 = world
                .obligations
                .iter()
                .filter(|o| intent.obligation_ids.contains(&o.id) && o.status == ObligationStatus::Due)
                .map(|o| o.amount.dong())
                .sum();
            if owed + off <= 0 {
                return;
            }
            let account = Account::InTransit(AccountCode::new("970418.1201").expect("a code"));
            let new = NewMoney { from: account, ..money(world, owed + off) };
            let offered =
                world.attempts.iter().find(|a| a.intent_id == intent.id && a.status == AttemptStatus::Offered);
            let terms = if wrong { Terms::WrongAccount } else { Terms::Typed };
            let facts = world.named(intent.id, offered, terms);
            let changes = book_money(&new, Some(&facts)).expect("booked");
            notebook.given = notebook.given + new.amount;
            if !wrong {
                settle_in(notebook, world, intent.id, new.amount.dong(), &facts.waiting);
            }
            world.apply(&changes, |_| Some(intent.id));
        }
        Command::PayUnknown(amount) => {
            let new = money(world, amount);
            let changes = book_money(&new, None).expect("booked");
            notebook.given = notebook.given + new.amount;
            world.apply(&changes, |_| None);
        }
        Command::Expire(n) => plan(world, n, IntentStatus::Open, IntentPlan::Expire),
        Command::Cancel(n) => plan(world, n, IntentStatus::Open, IntentPlan::Cancel),
        Command::Renew(n) => {
            let Some(at) = pick(world.intents.len(), n) else { return };
            let ids = world.intents[at].obligation_ids.clone();
            let free = ids.iter().all(|id| {
                !world.live(*id) && world.obligations.iter().any(|o| o.id == *id && o.status == ObligationStatus::Due)
            });
            if free {
                plan(world, n, IntentStatus::Expired, IntentPlan::Renew);
            }
        }
    }
}

/// The clerk: if what lies in this reference's drawer and the new money cover all that is owed,
/// everything owed is ticked off.
fn settle_in(notebook: &mut Notebook, world: &World, intent: IntentId, amount: i64, drawer: &[Waiting]) {
    let intent = world.intents.iter().find(|i| i.id == intent).expect("the intent");
    let owed: Vec<usize> = (0..OBLIGATIONS)
        .filter(|i| intent.obligation_ids.contains(&world.obligations[*i].id) && !notebook.paid[*i])
        .collect();
    let sum: Vnd = owed.iter().map(|i| world.obligations[*i].amount).sum();
    let there = Vnd::new(amount) + drawer.iter().map(|w| w.amount).sum();
    if !owed.is_empty() && there >= sum {
        owed.iter().for_each(|i| notebook.paid[*i] = true);
        notebook.used = notebook.used + sum;
    }
}

fn plan(world: &mut World, n: usize, from: IntentStatus, plan: IntentPlan) {
    let Some(at) = pick(world.intents.len(), n) else { return };
    let intent = world.intents[at].clone();
    let followed = follow_intent(&intent, plan);
    if intent.status == from {
        world.apply(&followed.expect("an edge"), |_| None);
    } else {
        assert!(followed.is_err(), "{plan:?} from {}", intent.status);
    }
}

fn check(world: &World, notebook: &Notebook) {
    for (i, o) in world.obligations.iter().enumerate() {
        let given: Vnd = world
            .parts
            .values()
            .filter(|(_, home, _)| *home == Home::Obligation(o.id))
            .map(|(.., amount)| *amount)
            .sum();
        assert_eq!(o.status == ObligationStatus::Paid, notebook.paid[i], "obligation {i}");
        assert_eq!(given, if notebook.paid[i] { o.amount } else { Vnd::ZERO }, "obligation {i} is partly settled");
    }
    let homes: Vnd = world.parts.values().map(|(.., amount)| *amount).sum();
    assert_eq!(homes, notebook.given, "a đồng has no home, or two");
    assert!(world.parts.values().all(|(.., amount)| *amount >= Vnd::ZERO));
    assert!(world.ledger.values().copied().sum::<Vnd>().is_zero());
    let at = |account: &str| world.ledger.get(account).copied().unwrap_or_default();
    assert_eq!(at("clearing:vnpay_main") + at("in_transit:970418.1201"), notebook.given);
    let beneficiary = BeneficiaryCode::new("H38.17-KB").expect("a code");
    let collected = world.ledger.get(&Account::Obligation(beneficiary).to_string()).copied().unwrap_or_default();
    assert_eq!(-collected, notebook.used);
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
    for ((payment, _), (_, home, amount)) in &world.parts {
        if let (Home::Suspense(reason), true) = (home, amount.is_positive()) {
            let told = world
                .cases
                .iter()
                .any(|c| c.payment_id == *payment && c.kind == case_of(*reason) && c.status != CaseStatus::Closed);
            assert!(told, "{reason} money without an open case");
        }
    }
    for case in world.cases.iter().filter(|c| c.status != CaseStatus::Closed) {
        let held = world.parts.iter().any(|((payment, _), (_, home, amount))| {
            matches!(home, Home::Suspense(reason) if *payment == case.payment_id && case_of(*reason) == case.kind)
                && amount.is_positive()
        });
        assert!(held, "an open case of money that has found its home");
    }
}

fn world(amounts: &[i64]) -> World {
    let mut world = World::default();
    for amount in amounts {
        let id = world.id();
        world.obligations.push(ObligationState {
            id,
            beneficiary: BeneficiaryCode::new("H38.17-KB").expect("a code"),
            amount: Vnd::new(*amount),
            status: ObligationStatus::Due,
            version: 1,
        });
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_books_say_what_the_notebook_says(
        amounts in prop::collection::vec(1_000_i64..9_000, OBLIGATIONS),
        commands in prop::collection::vec(command(), 1..60),
    ) {
        let mut world = world(&amounts);
        let mut notebook = Notebook::default();
        for command in &commands {
            run(&mut world, &mut notebook, command);
            check(&world, &notebook);
        }
    }
}

#[test]
fn money_that_came_before_its_order_was_known_settles_when_it_is() {
    let mut world = world(&[5_000]);
    let new = money(&mut world, 5_000);
    let changes = book_money(&new, None).expect("booked");
    world.apply(&changes, |_| None);
    let (intent_id, attempt_id): (IntentId, AttemptId) = (world.id(), world.id());
    let obligation_ids = vec![world.obligations[0].id];
    world.intents.push(IntentState { id: intent_id, status: IntentStatus::Open, version: 1, obligation_ids });
    let attempt =
        AttemptState { id: attempt_id, intent_id, amount: Vnd::new(5_000), status: AttemptStatus::Offered, version: 2 };
    world.attempts.push(attempt.clone());
    let case = world.cases[0].clone();
    let changes = place_orphan(&new, Some(&case), &world.told(&attempt)).expect("placed");
    world.apply(&changes, |_| Some(intent_id));
    let notebook = Notebook { paid: [true, false, false], given: Vnd::new(5_000), used: Vnd::new(5_000) };
    assert_eq!(world.obligations[0].status, ObligationStatus::Paid);
    assert_eq!(world.intents[0].status, IntentStatus::Paid);
    assert!(
        world.ledger.get(&Account::Suspense(SuspenseReason::Unidentified).to_string()).is_some_and(|v| v.is_zero())
    );
    check(&world, &notebook);
}
