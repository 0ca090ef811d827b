//! The system in memory: what storage keeps, with the changes of the domain applied to it, and read again as storage
//! reads it.

use crate::clerk::is_legal;
use domain::allocation::{Home, Waiting};
use domain::attempt::AttemptStatus;
use domain::booking::{AttemptState, IntentState, Named, NewMoney, ObligationState, OpenCase, Purpose, Terms};
use domain::case::{CaseKind, CaseStatus};
use domain::changes::Changes;
use domain::codes::{AccountCode, BeneficiaryCode, ProfileCode};
use domain::ledger::{Account, Leg};
use domain::moving::{Holder, Part, Scene};
use domain::obligation::ObligationStatus;
use domain::refund::{RefundState, RefundStatus};
use domain::{CaseId, IntentId, ObligationId, PaymentId, Vnd};
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const DAY: Date = date(2026, 11, 24);

/// A payment beside its parts.
#[derive(Debug, Clone)]
pub struct Booked {
    pub id: PaymentId,
    pub intent_id: Option<IntentId>,
    pub source: Account,
    pub amount: Vnd,
    pub reversed: Vnd,
}

/// A refund beside its state.
#[derive(Debug, Clone)]
pub struct Asked {
    pub payment_id: PaymentId,
    pub state: RefundState,
    /// What its approval's journal moved, beside what it gave the refund.
    pub taken: Vec<Part>,
}

#[derive(Default)]
pub struct World {
    pub obligations: Vec<ObligationState>,
    pub intents: Vec<IntentState>,
    /// Of each intent: its deadline, and what its obligations owed when it was opened.
    pub terms: Vec<(u64, Vec<Vnd>)>,
    /// Those that were over when the money came that paid them.
    pub paid_late: BTreeSet<IntentId>,
    pub attempts: Vec<AttemptState>,
    pub payments: Vec<Booked>,
    pub refunds: Vec<Asked>,
    /// In the order of the first allocation of each payment to each home.
    pub parts: Vec<Part>,
    pub cases: Vec<OpenCase>,
    pub ledger: BTreeMap<String, Vnd>,
    pub now: u64,
    next: u128,
}

pub fn clearing() -> Account {
    Account::Clearing(ProfileCode::new("vnpay_main").expect("a code"))
}

pub fn in_transit() -> Account {
    Account::InTransit(AccountCode::new("970418.1201").expect("a code"))
}

pub fn bank() -> Account {
    Account::Bank(AccountCode::new("970418.1201").expect("a code"))
}

pub fn beneficiary() -> BeneficiaryCode {
    BeneficiaryCode::new("H38.17-KB").expect("a code")
}

impl World {
    pub fn new(amounts: &[usize]) -> Self {
        let mut world = Self::default();
        for amount in amounts {
            let (id, amount) = (world.id(), vnd(*amount));
            let status = ObligationStatus::Due;
            let beneficiary = beneficiary();
            world.obligations.push(ObligationState { id, beneficiary, amount, status, version: 1 });
        }
        world
    }

    pub fn id<Id: From<Uuid>>(&mut self) -> Id {
        self.next += 1;
        Uuid::from_u128(self.next).into()
    }

    /// Money that nobody has seen before.
    pub fn money(&mut self, from: Account, amount: Vnd) -> NewMoney {
        let (payment_id, sighting_id) = (self.id(), self.id());
        NewMoney { payment_id, sighting_id, from, amount, business_date: DAY, subject: "order".to_owned() }
    }

    pub fn waiting(&self, intent: IntentId) -> Vec<Waiting> {
        let named = |p: &Part| self.payments.iter().any(|b| b.id == p.payment_id && b.intent_id == Some(intent));
        let mut list: Vec<Waiting> = self
            .parts
            .iter()
            .filter(|p| named(p) && p.amount.is_positive())
            .filter_map(|p| match p.home {
                Home::Suspense(reason) if reason.waits_for_reference() => {
                    Some(Waiting { payment_id: p.payment_id, reason, amount: p.amount, gone: Vnd::ZERO })
                }
                _ => None,
            })
            .collect();
        list.sort_by_key(|w| (w.payment_id, w.reason.as_str()));
        list
    }

    pub fn told(&self, attempt: &AttemptState) -> Named {
        self.named(attempt.intent_id, Some(attempt), Terms::Told(attempt.amount))
    }

    pub fn named(&self, intent: IntentId, attempt: Option<&AttemptState>, terms: Terms) -> Named {
        let own = self.intents.iter().find(|i| i.id == intent).expect("the intent");
        let shares = |i: &IntentState| i.obligation_ids.iter().any(|o| own.obligation_ids.contains(o));
        let payments: Vec<PaymentId> =
            self.payments.iter().filter(|p| p.intent_id == Some(own.id)).map(|p| p.id).collect();
        Named {
            purpose: Purpose::Intent(intent),
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
            open_cases: self.open_cases(|id| payments.contains(&id)),
        }
    }

    fn open_cases(&self, of: impl Fn(PaymentId) -> bool) -> Vec<OpenCase> {
        self.cases.iter().filter(|c| c.status != CaseStatus::Closed && of(c.payment_id)).cloned().collect()
    }

    /// What a move of a payment's money rests on.
    pub fn scene(&self, payment: PaymentId) -> Scene {
        self.scene_with(payment, &[])
    }

    /// The same, and obligations that its money may be for.
    pub fn scene_with(&self, payment: PaymentId, more: &[ObligationId]) -> Scene {
        let booked = self.payments.iter().find(|p| p.id == payment).expect("the payment");
        let mut ids: BTreeSet<ObligationId> = more.iter().copied().collect();
        if let Some(own) = self.intents.iter().find(|i| Some(i.id) == booked.intent_id) {
            ids.extend(&own.obligation_ids);
        }
        let of = |p: &Part| if let Home::Obligation(id) = p.home { Some(id) } else { None };
        ids.extend(self.parts.iter().filter(|p| p.payment_id == payment).filter_map(of));
        let refunds = self.refunds.iter().filter(|r| r.payment_id == payment);
        ids.extend(refunds.flat_map(|r| &r.state.lines).filter_map(|l| l.obligation_id));
        let beside = |p: &Part| of(p).is_some_and(|id| ids.contains(&id)) || p.payment_id == payment;
        let paying: BTreeSet<PaymentId> = self.parts.iter().filter(|p| beside(p)).map(|p| p.payment_id).collect();
        let there = |p: &&Part| paying.contains(&p.payment_id) && !p.amount.is_zero();
        let mut parts: Vec<Part> = self.parts.iter().filter(there).copied().collect();
        parts.sort_by_key(|p| p.payment_id);
        let holds = |i: &IntentState| {
            (i.status.is_live() || i.status.as_str() == "paid") && i.obligation_ids.iter().any(|id| ids.contains(id))
        };
        // what else the intents hold is told of
        let mut told = ids.clone();
        told.extend(self.intents.iter().filter(|i| holds(i)).flat_map(|i| &i.obligation_ids));
        Scene {
            payment_id: payment,
            source: booked.source.clone(),
            intent_id: booked.intent_id,
            obligations: self.obligations.iter().filter(|o| told.contains(&o.id)).cloned().collect(),
            parts,
            gone: Vec::new(),
            holders: (0..self.intents.len())
                .filter(|i| holds(&self.intents[*i]))
                .map(|i| Holder {
                    intent: self.intents[i].clone(),
                    is_over: self.is_over(i),
                    was_over: self.paid_late.contains(&self.intents[i].id),
                })
                .collect(),
            cases: self.open_cases(|id| paying.contains(&id)),
            day: DAY,
        }
    }

    fn is_over(&self, intent: usize) -> bool {
        let (deadline, asked) = &self.terms[intent];
        let owes = |id: &ObligationId| self.obligations.iter().find(|o| o.id == *id).map(|o| o.amount);
        let other_amount = self.intents[intent].obligation_ids.iter().zip(asked).any(|(id, a)| owes(id) != Some(*a));
        *deadline <= self.now || other_amount
    }

    /// Amount − reversed − every refund that is not rejected, cancelled or failed − what was given up.
    pub fn refundable(&self, payment: &Booked) -> Vnd {
        let refunds = self.refunds.iter().filter(|r| r.payment_id == payment.id && r.state.status.counts());
        let given_up = self.parts.iter().filter(|p| p.payment_id == payment.id && p.home == Home::WrittenOff);
        let given_up: Vnd = given_up.map(|p| p.amount).sum();
        payment.amount - payment.reversed - refunds.map(|r| r.state.amount()).sum() - given_up
    }

    /// The same as the gateway reads it from where the money is.
    pub fn at_home(&self, payment: PaymentId) -> Vnd {
        let is_home = |p: &Part| !matches!(p.home, Home::Refund(_) | Home::WrittenOff);
        let own = self.parts.iter().filter(|p| p.payment_id == payment && is_home(p));
        let proposed = self.refunds.iter().filter(|r| r.payment_id == payment);
        let proposed = proposed.filter(|r| r.state.status == RefundStatus::PendingApproval);
        own.map(|p| p.amount).sum::<Vnd>() - proposed.map(|r| r.state.amount()).sum()
    }

    pub fn book(&mut self, legs: &[Leg]) {
        for leg in legs {
            let slot = self.ledger.entry(leg.account.to_string()).or_default();
            *slot = *slot + leg.amount;
        }
    }

    /// A debit, a report or a row of a file says something of a payment: nothing that its money does explains that.
    pub fn told_apart(&mut self, payment_id: PaymentId, kind: CaseKind) {
        let id: CaseId = self.id();
        self.cases.push(OpenCase { id, payment_id, kind, waits: false, status: CaseStatus::Open, version: 1 });
    }

    pub fn apply(&mut self, changes: &Changes) {
        for s in &changes.obligations {
            let o = self.obligations.iter_mut().find(|o| o.id == s.id).expect("obligation");
            assert_eq!((o.status, o.version + 1), (s.from, s.version));
            legal("obligation", s.from.as_str(), s.to.as_str());
            (o.status, o.version) = (s.to, s.version);
        }
        for s in &changes.intents {
            let i = self.intents.iter_mut().find(|i| i.id == s.id).expect("intent");
            assert_eq!((i.status, i.version + 1), (s.from, s.version));
            legal("intent", s.from.as_str(), s.to.as_str());
            (i.status, i.version) = (s.to, s.version);
            match s.from.is_live() {
                true => self.paid_late.remove(&s.id),
                false => self.paid_late.insert(s.id),
            };
        }
        for s in &changes.attempts {
            let a = self.attempts.iter_mut().find(|a| a.id == s.id).expect("attempt");
            assert_eq!((a.status, a.version + 1), (s.from, s.version));
            (a.status, a.version) = (s.to, s.version);
        }
        for s in &changes.refunds {
            let r = self.refunds.iter_mut().find(|r| r.state.id == s.id).expect("refund");
            assert_eq!((r.state.status, r.state.version + 1), (s.from, s.version));
            legal("refund", s.from.as_str(), s.to.as_str());
            (r.state.status, r.state.version) = (s.to, s.version);
            if s.to == RefundStatus::Approved {
                let rows = changes.allocations.iter().filter(|a| !matches!(a.home, Home::Refund(_)));
                r.taken = rows.map(|a| Part { payment_id: a.payment_id, home: a.home, amount: a.amount }).collect();
            }
        }
        self.apply_cases(changes);
        for row in &changes.allocations {
            let journal = &changes.journals[row.journal];
            assert!(
                journal.legs().iter().any(|l| l.payment_id == Some(row.payment_id)),
                "an allocation without its leg"
            );
            let same = |p: &&mut Part| p.payment_id == row.payment_id && p.home == row.home;
            match self.parts.iter_mut().find(same) {
                Some(part) => part.amount = part.amount + row.amount,
                None => {
                    self.parts.push(Part { payment_id: row.payment_id, home: row.home, amount: row.amount });
                }
            }
        }
        for journal in &changes.journals {
            self.book(journal.legs());
        }
    }

    fn apply_cases(&mut self, changes: &Changes) {
        for s in &changes.cases_closed {
            let c = self.cases.iter_mut().find(|c| c.id == s.id).expect("case");
            assert_eq!((c.status, c.version + 1), (s.from, s.version));
            (c.status, c.version) = (s.to, s.version);
        }
        for case in &changes.cases_opened {
            let id: CaseId = self.id();
            let payment_id = case.payment_id.expect("a case of money names its payment");
            self.cases.push(OpenCase {
                id,
                payment_id,
                kind: case.kind,
                waits: case.waits,
                status: CaseStatus::Open,
                version: 1,
            });
        }
    }
}

fn legal(entity: &str, from: &str, to: &str) {
    assert!(is_legal(entity, from, to), "{entity}: {from} is never followed by {to}");
}

pub fn vnd(coins: usize) -> Vnd {
    Vnd::new(i64::try_from(coins).expect("few coins"))
}
