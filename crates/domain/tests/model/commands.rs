//! What may happen, done to the system and told to the clerk.

use crate::clerk::{At, Clerk, Named, Place};
use crate::world::{Asked, Booked, World, bank, clearing, in_transit, vnd};
use domain::allocation::Home;
use domain::attempt::AttemptStatus;
use domain::booking::{AttemptState, IntentState, NewMoney, OpenCase, Terms, book_money, place_orphan};
use domain::case::CaseKind;
use domain::cause::Cause;
use domain::changes::Changes;
use domain::intent::{IntentStatus, amount_due};
use domain::ledger::{Account, Journal, JournalKind, Leg};
use domain::moving::writing_off::{reinstate, write_off};
use domain::moving::{
    MoveError, Part, approve_refund, assign, lower, refund_came_back, refund_dropped, refund_failed, refund_sent,
    refund_step, take_back,
};
use domain::payment::SuspenseReason;
use domain::plan::{AttemptNews, IntentPlan, follow_attempt, follow_intent};
use domain::refund::{Closing, RefundLine, RefundState, RefundStatus, check_lines};
use domain::{ObligationId, PaymentId, Vnd};
use proptest::prelude::*;

/// Numbers are reduced to what exists when the command runs.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens an intent for the obligations whose bit is set, for so many steps of the clock.
    Open(u8, u64),
    Start(usize),
    News(usize, u8),
    /// The provider has money for an attempt: as told, or off by so much.
    Pay(usize, i64),
    /// A transfer with an intent's reference: what is due and so much more or less; `true` on a wrong account.
    Transfer(usize, i64, bool),
    /// Money for an order that nobody knows.
    PayUnknown(usize, bool),
    /// One of those names an order that is known by now.
    PlaceUnknown(usize, usize),
    Expire(usize),
    Cancel(usize),
    Renew(usize),
    Clock(u64),
    /// A statement with all that was on its way.
    Statement,
    /// Of a payment: those of its obligations whose bit is set, and so much of what waits.
    Propose(usize, u8, usize, bool),
    Decide(usize, bool),
    /// Whoever may takes it back before the money has left.
    Withdraw(usize),
    /// It goes to the provider, or to people.
    Submit(usize),
    LoseSight(usize),
    Sent(usize),
    /// The provider says no.
    Fails(usize),
    CameBack(usize),
    TakeBack(usize),
    Lower(usize, usize),
    /// A person says that what waits of a payment is for an obligation that is due.
    Assign(usize, usize),
    /// Two persons give up what waits of a payment for one reason.
    GiveUp(usize),
    /// Its owner is found: it waits again.
    Find(usize),
    /// Something else is told of a payment, of a kind that its waiting money may have too.
    ToldApart(usize, u8),
}

pub fn command() -> impl Strategy<Value = Command> {
    let n = any::<usize>;
    let off = || prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1), 1 => Just(7)];
    prop_oneof![
        4 => (1_u8..8, 1_u64..6).prop_map(|(bits, life)| Command::Open(bits, life)),
        4 => n().prop_map(Command::Start),
        3 => (n(), 0_u8..6).prop_map(|(a, news)| Command::News(a, news)),
        5 => (n(), off()).prop_map(|(a, o)| Command::Pay(a, o)),
        4 => (n(), -5_i64..6, prop::bool::weighted(0.1)).prop_map(|(i, o, w)| Command::Transfer(i, o, w)),
        2 => n().prop_map(|i| Command::Transfer(i, 0, false)),
        1 => (1_usize..9, any::<bool>()).prop_map(|(a, by_bank)| Command::PayUnknown(a, by_bank)),
        1 => (n(), n()).prop_map(|(p, a)| Command::PlaceUnknown(p, a)),
        2 => n().prop_map(Command::Expire),
        1 => n().prop_map(Command::Cancel),
        2 => n().prop_map(Command::Renew),
        1 => (1_u64..3).prop_map(Command::Clock),
        3 => Just(Command::Statement),
        6 => (n(), any::<u8>(), 0_usize..9, any::<bool>()).prop_map(|(p, l, h, r)| Command::Propose(p, l, h, r)),
        5 => (n(), prop::bool::weighted(0.85)).prop_map(|(r, yes)| Command::Decide(r, yes)),
        2 => n().prop_map(Command::Withdraw),
        3 => n().prop_map(Command::Submit),
        1 => n().prop_map(Command::LoseSight),
        3 => n().prop_map(Command::Sent),
        1 => n().prop_map(Command::Fails),
        1 => n().prop_map(Command::CameBack),
        1 => n().prop_map(Command::TakeBack),
        2 => (n(), 1_usize..5).prop_map(|(o, by)| Command::Lower(o, by)),
        2 => (n(), n()).prop_map(|(p, o)| Command::Assign(p, o)),
        1 => n().prop_map(Command::GiveUp),
        1 => n().prop_map(Command::Find),
        1 => (n(), 0_u8..3).prop_map(|(p, kind)| Command::ToldApart(p, kind)),
    ]
}

const NEWS: [(AttemptNews, &str); 6] = [
    (AttemptNews::Offered, "offered"),
    (AttemptNews::Committed, "committed"),
    (AttemptNews::Failed, "failed"),
    (AttemptNews::WindowClosed, "window_closed"),
    (AttemptNews::Unclear, "unclear"),
    (AttemptNews::Refused, "refused"),
];

/// What a debit with a refund's code, another sight or a provider's file may say of a payment.
const TOLD_APART: [CaseKind; 3] = [CaseKind::DuplicatePayment, CaseKind::AmountDiffers, CaseKind::StatusDiffers];

fn pick(from: impl Iterator<Item = usize>, n: usize) -> Option<usize> {
    let all: Vec<usize> = from.collect();
    (!all.is_empty()).then(|| all[n % all.len()])
}

/// Both ledgers of the same events; a payment, an intent, a refund has the same number in both.
pub struct Table {
    pub world: World,
    pub clerk: Clerk,
    given_up: Vec<(PaymentId, SuspenseReason, Vnd)>,
}

impl Table {
    pub fn new(amounts: &[usize]) -> Self {
        Self { world: World::new(amounts), clerk: Clerk::new(amounts), given_up: Vec::new() }
    }

    pub fn run(&mut self, command: &Command) {
        // nothing to do it to is nothing done
        let _ = self.runs(command);
    }

    fn runs(&mut self, command: &Command) -> Option<()> {
        match *command {
            Command::Open(bits, life) => self.open(bits, life),
            Command::Start(n) => self.start(n),
            Command::News(n, kind) => self.news(n, kind),
            Command::Pay(n, off) => self.pay(n, off),
            Command::Transfer(n, off, wrong) => self.transfer(n, off, wrong),
            Command::PayUnknown(amount, by_bank) => {
                let (from, place) =
                    if by_bank { (in_transit(), Place::Transit) } else { (clearing(), Place::Clearing) };
                let money = self.world.money(from, vnd(amount));
                let changes = book_money(&money, None).expect("booked");
                self.comes(&money, &changes, amount, place, Named::Nothing)
            }
            Command::PlaceUnknown(n, a) => self.place_unknown(n, a),
            Command::Expire(n) => self.plan(n, IntentPlan::Expire, &["open"], "expired"),
            Command::Cancel(n) => self.plan(n, IntentPlan::Cancel, &["open"], "cancelled"),
            Command::Renew(n) => {
                let at = pick(0..self.clerk.intents.len(), n)?;
                if self.clerk.intents[at].state != "expired" || !self.clerk.is_free(at) {
                    return None;
                }
                self.plan(n, IntentPlan::Renew, &["expired"], "open")?;
                self.clerk.renew(at, self.clerk.now + 2);
                let owes = |id: &ObligationId| self.world.obligations.iter().find(|o| o.id == *id).map(|o| o.amount);
                let asked = self.world.intents[at].obligation_ids.iter().filter_map(owes).collect();
                self.world.terms[at] = (self.world.now + 2, asked);
                Some(())
            }
            Command::Clock(steps) => {
                self.clerk.now += steps;
                self.world.now += steps;
                Some(())
            }
            Command::Statement => self.statement(),
            Command::Propose(n, lines, held, reopens) => self.propose(n, lines, held, reopens),
            Command::Decide(n, yes) => self.decide(n, yes),
            Command::Withdraw(n) => self.withdraw(n),
            Command::Submit(n) => self.submit(n),
            Command::LoseSight(n) => {
                let at = self.refund_in(&["submitted"], n)?;
                self.step(at, Cause::OutcomeUnknown, "unknown")
            }
            Command::Sent(n) => self.sent(n),
            Command::Fails(n) => {
                let at = self.refund_in(&["submitted", "unknown"], n)?;
                self.fails(at, Cause::ProviderFailed, "failed")
            }
            Command::CameBack(n) => self.came_back(n),
            Command::TakeBack(n) => self.take_back(n),
            Command::Lower(n, by) => self.lower(n, by),
            Command::Assign(n, to) => self.assign(n, to),
            Command::GiveUp(n) => self.give_up(n),
            Command::Find(n) => self.find(n),
            Command::ToldApart(n, kind) => {
                let at = pick(0..self.world.payments.len(), n)?;
                self.world.told_apart(self.world.payments[at].id, TOLD_APART[usize::from(kind)]);
                Some(())
            }
        }
    }

    // ------------------------------------------------------------ plans

    fn open(&mut self, bits: u8, life: u64) -> Option<()> {
        let wanted = (0..self.clerk.fees.len()).filter(|i| bits & (1 << i) != 0);
        let fees: Vec<usize> =
            wanted.filter(|f| self.clerk.fees[*f].state == "due" && !self.clerk.is_held(*f)).collect();
        if fees.is_empty() {
            return None;
        }
        let deadline = self.clerk.now + life;
        let id = self.world.id();
        let those = || fees.iter().map(|f| &self.world.obligations[*f]);
        let obligation_ids = those().map(|o| o.id).collect();
        let asked = those().map(|o| o.amount).collect();
        self.world.terms.push((deadline, asked));
        self.world.intents.push(IntentState { id, status: IntentStatus::Open, version: 1, obligation_ids });
        self.clerk.open(fees, deadline);
        Some(())
    }

    fn start(&mut self, n: usize) -> Option<()> {
        let at = pick((0..self.clerk.intents.len()).filter(|i| self.clerk.intents[*i].state == "open"), n)?;
        let intent = self.world.intents[at].clone();
        let due = self.world.obligations.iter().filter(|o| o.status.as_str() == "due");
        let due = due.filter(|o| intent.obligation_ids.contains(&o.id)).map(|o| o.amount);
        let amount = amount_due(due, self.world.waiting(intent.id).iter().map(|w| w.amount));
        assert_eq!(amount, vnd(self.clerk.amount_due(at)), "what intent {at} asks for");
        if amount.is_zero() {
            return None;
        }
        let (id, status) = (self.world.id(), AttemptStatus::Started);
        self.world.attempts.push(AttemptState { id, intent_id: intent.id, amount, status, version: 1 });
        self.clerk.start(at);
        Some(())
    }

    fn news(&mut self, n: usize, kind: u8) -> Option<()> {
        let at = pick(0..self.clerk.attempts.len(), n)?;
        let (news, word) = NEWS[usize::from(kind)];
        let attempt = self.world.attempts[at].clone();
        let facts = self.world.told(&attempt);
        let intent = facts.intents.iter().find(|i| i.id == attempt.intent_id).expect("own").clone();
        let changes = follow_attempt(&attempt, &intent, facts.other_committed, news).expect("an edge");
        assert!(changes.journals.is_empty() && changes.allocations.is_empty(), "a plan moved money");
        self.world.apply(&changes);
        self.clerk.news(at, word);
        Some(())
    }

    fn plan(&mut self, n: usize, plan: IntentPlan, from: &[&str], to: &'static str) -> Option<()> {
        let at = pick(0..self.clerk.intents.len(), n)?;
        let followed = follow_intent(&self.world.intents[at], plan);
        if from.contains(&self.clerk.intents[at].state) {
            self.world.apply(&followed.expect("an edge"));
            self.clerk.intents[at].state = to;
        } else {
            assert!(followed.is_err(), "{plan:?} from {}", self.clerk.intents[at].state);
        }
        Some(())
    }

    // ------------------------------------------------------------ money comes

    fn comes(&mut self, money: &NewMoney, changes: &Changes, amount: usize, place: Place, named: Named) -> Option<()> {
        let payment = self.clerk.comes(amount, place, named);
        let intent_id = self.clerk.payments[payment].intent.map(|i| self.world.intents[i].id);
        let (id, source) = (money.payment_id, money.from.clone());
        self.world.payments.push(Booked { id, intent_id, source, amount: money.amount, reversed: vnd(0) });
        self.world.apply(changes);
        Some(())
    }

    fn pay(&mut self, n: usize, off: i64) -> Option<()> {
        let at = pick(0..self.clerk.attempts.len(), n)?;
        let amount = self.clerk.attempts[at].amount.checked_add_signed(isize::try_from(off).ok()?)?;
        if amount == 0 {
            return None;
        }
        let attempt = self.world.attempts[at].clone();
        let money = self.world.money(clearing(), vnd(amount));
        let changes = book_money(&money, Some(&self.world.told(&attempt))).expect("booked");
        self.comes(&money, &changes, amount, Place::Clearing, Named::Order(at))
    }

    fn transfer(&mut self, n: usize, off: i64, wrong: bool) -> Option<()> {
        let at = pick(0..self.clerk.intents.len(), n)?;
        let owed = self.clerk.amount_due(at).max(1);
        let amount = owed.checked_add_signed(isize::try_from(off).ok()?)?;
        (amount > 0).then_some(())?;
        self.transfer_of(at, amount, wrong)
    }

    /// A transfer of so much with the reference of an intent.
    pub fn transfer_of(&mut self, at: usize, amount: usize, wrong: bool) -> Option<()> {
        let intent = self.world.intents[at].id;
        let offered = (0..self.clerk.attempts.len())
            .find(|a| self.clerk.attempts[*a].intent == at && self.clerk.attempts[*a].state == "offered");
        let (terms, named) = if wrong {
            (Terms::WrongAccount, Named::WrongAccount(at))
        } else {
            (Terms::Typed, Named::Reference(at, offered))
        };
        let money = self.world.money(in_transit(), vnd(amount));
        let facts = self.world.named(intent, offered.map(|a| &self.world.attempts[a]), terms);
        let changes = book_money(&money, Some(&facts)).expect("booked");
        self.comes(&money, &changes, amount, Place::Transit, named)
    }

    fn place_unknown(&mut self, n: usize, attempt: usize) -> Option<()> {
        let attempt = pick(0..self.clerk.attempts.len(), attempt)?;
        // nothing of it is being refunded: what names an order is placed whole
        let whole = |p: &usize| {
            let payment = &self.clerk.payments[*p];
            payment.intent.is_none()
                && !payment.by_bank
                && self.clerk.count(*p, At::Held("unidentified")) == payment.amount
        };
        let at = pick((0..self.clerk.payments.len()).filter(whole), n)?;
        let booked = self.world.payments[at].clone();
        let sighting_id = self.world.id();
        let money = NewMoney { payment_id: booked.id, ..self.world.money(booked.source, booked.amount) };
        let money = NewMoney { sighting_id, ..money };
        let state = self.world.attempts[attempt].clone();
        let of_it = |c: &OpenCase| c.tells_of(booked.id, SuspenseReason::Unidentified);
        let case = self.world.scene(booked.id).cases.into_iter().find(of_it);
        let changes = place_orphan(&money, case.as_ref(), &self.world.told(&state)).expect("placed");
        self.world.payments[at].intent_id = Some(state.intent_id);
        self.world.apply(&changes);
        self.clerk.is_known_now(at, attempt);
        Some(())
    }

    fn statement(&mut self) -> Option<()> {
        let there = self.world.ledger.get(&in_transit().to_string()).copied().unwrap_or_default();
        if !there.is_zero() {
            self.world.book(&line(there));
        }
        self.clerk.statement();
        Some(())
    }

    // ------------------------------------------------------------ money goes back

    fn refund_in(&self, states: &[&str], n: usize) -> Option<usize> {
        pick((0..self.clerk.refunds.len()).filter(|r| states.contains(&self.clerk.refunds[*r].state)), n)
    }

    fn propose(&mut self, n: usize, bits: u8, held: usize, reopens: bool) -> Option<()> {
        let at = pick(0..self.clerk.payments.len(), n)?;
        let fees = (0..self.clerk.fees.len()).filter(|f| bits & (1 << f) != 0);
        let given = fees.map(|f| (Some(f), self.clerk.count(at, At::Fee(f))));
        let mut lines: Vec<(Option<usize>, usize)> = given.filter(|(_, n)| *n > 0).collect();
        // one too many now and then, to be refused
        if held > 0 && self.clerk.held(at) > 0 {
            lines.push((None, held.min(self.clerk.held(at) + usize::from(bits > 200))));
        }
        let booked = self.world.payments[at].clone();
        let refundable = self.world.refundable(&booked);
        let own: Vec<Part> =
            self.world.scene(booked.id).parts.iter().filter(|p| p.payment_id == booked.id).copied().collect();
        let of = |(fee, n): &(Option<usize>, usize)| RefundLine {
            obligation_id: fee.map(|f| self.world.obligations[f].id),
            amount: vnd(*n),
        };
        let asked: Vec<RefundLine> = lines.iter().map(of).collect();
        let accepted = check_lines(&asked, &own, refundable, domain::Vnd::ZERO).is_ok();
        assert_eq!(accepted, self.clerk.may_be_asked(at, &lines), "{lines:?} of payment {at}");
        // a transfer is refunded when its credit is proven
        let proven = !self.clerk.coins.iter().any(|c| c.payment == at && c.place == Place::Transit);
        if !accepted || !proven {
            return None;
        }
        let closing = if reopens { Closing::Reopen } else { Closing::Close };
        let (id, status) = (self.world.id(), RefundStatus::PendingApproval);
        let state = RefundState { id, status, version: 1, closing, lines: asked };
        self.world.refunds.push(Asked { payment_id: booked.id, state, taken: Vec::new() });
        self.clerk.propose(at, lines, reopens);
        Some(())
    }

    fn decide(&mut self, n: usize, yes: bool) -> Option<()> {
        let at = self.refund_in(&["pending_approval"], n)?;
        let asked = self.world.refunds[at].clone();
        if !yes {
            self.world.apply(&refund_dropped(&asked.state, Cause::Rejected).expect("an edge"));
            self.clerk.refunds[at].state = "rejected";
            return Some(());
        }
        let outcome = approve_refund(&self.world.scene(asked.payment_id), &asked.state);
        if self.clerk.approve(at) {
            self.world.apply(&outcome.expect("approved"));
        } else {
            assert_eq!(outcome, Err(MoveError::Stale));
        }
        Some(())
    }

    fn withdraw(&mut self, n: usize) -> Option<()> {
        let at = self.refund_in(&["pending_approval", "approved", "awaiting_statement"], n)?;
        match self.clerk.refunds[at].state {
            "pending_approval" => {
                let changes = refund_dropped(&self.world.refunds[at].state, Cause::Withdrawn).expect("an edge");
                self.world.apply(&changes);
                self.clerk.refunds[at].state = "cancelled";
                Some(())
            }
            "approved" => self.fails(at, Cause::Withdrawn, "cancelled"),
            _ => self.fails(at, Cause::Withdrawn, "failed"),
        }
    }

    fn submit(&mut self, n: usize) -> Option<()> {
        let at = self.refund_in(&["approved", "unknown"], n)?;
        let by_bank = self.clerk.payments[self.clerk.refunds[at].payment].by_bank;
        match (self.clerk.refunds[at].state, by_bank) {
            ("unknown", _) => self.step(at, Cause::AskedAgain, "submitted"),
            (_, true) => self.step(at, Cause::WorkItemGiven, "awaiting_statement"),
            (_, false) => self.step(at, Cause::Submitted, "submitted"),
        }
    }

    fn step(&mut self, at: usize, cause: Cause, to: &'static str) -> Option<()> {
        self.world.apply(&refund_step(&self.world.refunds[at].state, cause).expect("an edge"));
        self.clerk.refunds[at].state = to;
        Some(())
    }

    fn fails(&mut self, at: usize, cause: Cause, to: &'static str) -> Option<()> {
        let asked = self.world.refunds[at].clone();
        let scene = self.world.scene(asked.payment_id);
        self.world.apply(&refund_failed(&scene, &asked.state, &asked.taken, cause).expect("given back"));
        self.clerk.fails(at, to);
        Some(())
    }

    fn sent(&mut self, n: usize) -> Option<()> {
        let at = self.refund_in(&["submitted", "unknown", "awaiting_statement"], n)?;
        let asked = self.world.refunds[at].clone();
        let scene = self.world.scene(asked.payment_id);
        let (out, cause) = match scene.source {
            Account::InTransit(_) => (bank(), Cause::StatementDebit),
            _ => (clearing(), Cause::ProviderSent),
        };
        self.world.apply(&refund_sent(&scene, &asked.state, &out, None, cause).expect("sent"));
        self.clerk.sent(at);
        Some(())
    }

    fn came_back(&mut self, n: usize) -> Option<()> {
        let at = self.refund_in(&["succeeded"], n)?;
        let asked = self.world.refunds[at].clone();
        let scene = self.world.scene(asked.payment_id);
        self.world.apply(&refund_came_back(&scene, &asked.state, None).expect("back"));
        self.clerk.came_back(at);
        Some(())
    }

    fn take_back(&mut self, n: usize) -> Option<()> {
        let at = pick((0..self.clerk.payments.len()).filter(|p| !self.clerk.payments[*p].is_reversed), n)?;
        let booked = self.world.payments[at].clone();
        let on_statement = self.clerk.coins.iter().any(|c| c.payment == at && c.place == Place::Bank);
        // money of which a part came back by bank and is not on a statement yet: its reversal is not either
        if on_statement && self.clerk.coins.iter().any(|c| c.payment == at && c.place == Place::Transit) {
            return None;
        }
        let own = self.world.refunds.iter().filter(|r| r.payment_id == booked.id && r.state.status.is_unmade());
        let unmade: Vec<RefundState> = own.map(|r| r.state.clone()).collect();
        let outcome = take_back(&self.world.scene(booked.id), &unmade);
        if !self.clerk.taken_back(at) {
            assert_eq!(outcome, Err(MoveError::Stale));
            return Some(());
        }
        self.world.payments[at].reversed = booked.amount;
        self.world.apply(&outcome.expect("taken back"));
        // on the bank's side the reversal is a line of its own
        if on_statement {
            self.world.book(&line(-booked.amount));
        }
        Some(())
    }

    fn assign(&mut self, n: usize, to: usize) -> Option<()> {
        let held: Vec<Part> = self.world.parts.iter().filter(|p| p.amount.is_positive()).copied().collect();
        let part = held[pick((0..held.len()).filter(|p| matches!(held[*p].home, Home::Suspense(_))), n)?];
        let Home::Suspense(reason) = part.home else { return None };
        let fits = |f: &usize| self.clerk.fees[*f].state == "due" && vnd(self.clerk.fees[*f].amount) <= part.amount;
        let fee = pick((0..self.clerk.fees.len()).filter(fits), to)?;
        let id = self.world.obligations[fee].id;
        let changes = assign(&self.world.scene_with(part.payment_id, &[id]), reason, &[id]).expect("assigned");
        let closed =
            self.world.cases.iter().find(|c| c.tells_of(part.payment_id, reason) && c.status.as_str() != "closed");
        let closed = closed.expect("a case of what waits").id;
        // the decision is about this very case: what is left waits under another
        assert!(changes.cases_closed.iter().any(|step| step.id == closed));
        self.world.apply(&changes);
        let payment = self.world.payments.iter().position(|p| p.id == part.payment_id).expect("a payment");
        self.clerk.assigned(payment, reason.as_str(), fee);
        Some(())
    }

    fn give_up(&mut self, n: usize) -> Option<()> {
        let held: Vec<Part> = self.world.parts.iter().filter(|p| p.amount.is_positive()).copied().collect();
        let part = held[pick((0..held.len()).filter(|p| matches!(held[*p].home, Home::Suspense(_))), n)?];
        let Home::Suspense(reason) = part.home else { return None };
        let scene = self.world.scene(part.payment_id);
        assert_eq!(write_off(&scene, reason, part.amount - vnd(1)), Err(MoveError::Stale), "another sum than was seen");
        self.world.apply(&write_off(&scene, reason, part.amount).expect("given up"));
        self.given_up.push((part.payment_id, reason, part.amount));
        let payment = self.world.payments.iter().position(|p| p.id == part.payment_id).expect("a payment");
        self.clerk.given_up(payment, reason.as_str());
        Some(())
    }

    fn find(&mut self, n: usize) -> Option<()> {
        let at = pick(0..self.given_up.len(), n)?;
        let (id, reason, amount) = self.given_up.swap_remove(at);
        let payment = self.world.payments.iter().position(|p| p.id == id).expect("a payment");
        let outcome = reinstate(&self.world.scene(id), &[(reason, amount)]);
        let coins = usize::try_from(amount.dong()).expect("few");
        if self.clerk.found(payment, reason.as_str(), coins) {
            self.world.apply(&outcome.expect("found"));
        } else {
            assert_eq!(outcome, Err(MoveError::Stale));
        }
        Some(())
    }

    fn lower(&mut self, n: usize, by: usize) -> Option<()> {
        let at = pick((0..self.clerk.fees.len()).filter(|f| self.clerk.fees[*f].state == "paid"), n)?;
        if by >= self.clerk.fees[at].amount {
            return None;
        }
        let id = self.world.obligations[at].id;
        let home = Home::Obligation(id);
        let covers = self.world.parts.iter().filter(|p| p.home == home && p.amount.is_positive());
        let newest = covers.map(|p| p.payment_id).max().expect("a paid obligation has its money");
        let changes = lower(&self.world.scene(newest), id, vnd(by)).expect("lowered");
        self.world.obligations[at].amount = self.world.obligations[at].amount - vnd(by);
        self.world.apply(&changes);
        self.clerk.lowered(at, by);
        Some(())
    }
}

/// A statement's line of so much.
fn line(amount: domain::Vnd) -> Vec<Leg> {
    let legs = vec![Leg::new(bank(), amount), Leg::new(in_transit(), -amount)];
    let journal = Journal::new(JournalKind::StatementLine, Cause::StatementSays, crate::world::DAY, legs);
    journal.expect("it balances").legs().to_vec()
}
