//! The reference model: a clerk with a bag of coins. Every coin lies in one home and in one place of the world, and is
//! moved by hand. The clerk knows the contract ("Money in six nouns", "Payment intents", "Payments, refunds") and
//! nothing of journals, legs, locks or versions; no line of the gateway is called here. What a coin is worth is the
//! caller's matter.

use std::collections::{BTreeMap, BTreeSet};

/// A coin's home: whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Just received, nowhere yet.
    Table,
    Fee(usize),
    Held(&'static str),
    Refund(usize),
    /// Nobody's: two persons gave up looking for whose it is.
    GivenUp,
}

/// Where in the world a coin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Clearing,
    Transit,
    Bank,
    /// With the payer again.
    Payer,
}

#[derive(Debug, Clone, Copy)]
pub struct Coin {
    pub payment: usize,
    pub at: At,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Fee {
    pub amount: usize,
    pub state: &'static str,
}

#[derive(Debug, Clone)]
pub struct Intent {
    pub fees: Vec<usize>,
    /// What each fee owed when it was opened.
    pub asked: Vec<usize>,
    pub state: &'static str,
    pub deadline: u64,
    /// It was over when the money came that paid it.
    pub was_over: bool,
}

#[derive(Debug, Clone)]
pub struct Attempt {
    pub intent: usize,
    pub amount: usize,
    pub state: &'static str,
}

#[derive(Debug, Clone)]
pub struct Payment {
    pub intent: Option<usize>,
    pub amount: usize,
    pub by_bank: bool,
    pub is_reversed: bool,
    /// The homes that it had, in the order in which it came there.
    pub homes: Vec<At>,
}

#[derive(Debug, Clone)]
pub struct Refund {
    pub payment: usize,
    pub lines: Vec<(Option<usize>, usize)>,
    pub reopens: bool,
    pub state: &'static str,
    /// From where its approval took how many coins of whom.
    pub taken: BTreeMap<(usize, At), usize>,
}

impl Refund {
    pub fn amount(&self) -> usize {
        self.lines.iter().map(|(_, n)| n).sum()
    }
}

/// What money says of itself.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    Nothing,
    /// The order of an attempt: its provider was told the amount.
    Order(usize),
    /// The reference of an intent in a transfer's text; the attempt that gave the payer the account.
    Reference(usize, Option<usize>),
    /// The same, on an account that is not the beneficiary's.
    WrongAccount(usize),
}

#[derive(Debug, Clone, Default)]
pub struct Clerk {
    pub coins: Vec<Coin>,
    pub fees: Vec<Fee>,
    pub intents: Vec<Intent>,
    pub attempts: Vec<Attempt>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub now: u64,
}

const WAITS: [&str; 4] = ["duplicate", "late", "overpaid", "underpaid"];
const LIVE: [&str; 2] = ["open", "processing"];

impl Clerk {
    pub fn new(amounts: &[usize]) -> Self {
        let fees = amounts.iter().map(|amount| Fee { amount: *amount, state: "due" }).collect();
        Self { fees, ..Self::default() }
    }

    // ------------------------------------------------------------ plans

    pub fn is_held(&self, fee: usize) -> bool {
        self.intents.iter().any(|i| LIVE.contains(&i.state) && i.fees.contains(&fee))
    }

    pub fn open(&mut self, fees: Vec<usize>, deadline: u64) -> usize {
        let asked = fees.iter().map(|f| self.fees[*f].amount).collect();
        self.intents.push(Intent { fees, asked, state: "open", deadline, was_over: false });
        self.intents.len() - 1
    }

    pub fn due(&self, intent: usize) -> Vec<usize> {
        self.intents[intent].fees.iter().copied().filter(|f| self.fees[*f].state == "due").collect()
    }

    fn owing(&self, intent: usize) -> usize {
        self.due(intent).iter().map(|f| self.fees[*f].amount).sum()
    }

    /// Coins that wait for a reference, the oldest payment's first.
    fn waiting(&self, intent: usize) -> Vec<usize> {
        let waits = |c: &Coin| matches!(c.at, At::Held(why) if WAITS.contains(&why));
        let named = |c: &Coin| self.payments[c.payment].intent == Some(intent);
        let mut all: Vec<usize> =
            (0..self.coins.len()).filter(|i| waits(&self.coins[*i]) && named(&self.coins[*i])).collect();
        all.sort_by_key(|i| (self.coins[*i].payment, self.coins[*i].at));
        all
    }

    pub fn amount_due(&self, intent: usize) -> usize {
        self.owing(intent).saturating_sub(self.waiting(intent).len())
    }

    pub fn start(&mut self, intent: usize) -> usize {
        let amount = self.amount_due(intent);
        self.attempts.push(Attempt { intent, amount, state: "started" });
        self.attempts.len() - 1
    }

    fn other_committed(&self, attempt: usize) -> bool {
        let of = self.attempts[attempt].intent;
        let other = |(i, a): (usize, &Attempt)| i != attempt && a.intent == of && a.state == "committed";
        self.attempts.iter().enumerate().any(other)
    }

    pub fn news(&mut self, attempt: usize, news: &str) {
        let before = self.attempts[attempt].state;
        let intent = self.attempts[attempt].intent;
        let after = match (before, news) {
            ("started", "offered") => "offered",
            ("started", "refused") => "failed",
            ("started" | "offered" | "failed" | "expired" | "unknown", "committed") => "committed",
            ("started" | "offered" | "committed" | "unknown", "failed") => "failed",
            ("started" | "offered" | "committed" | "unknown", "window_closed") => "expired",
            ("started" | "offered" | "committed", "unclear") => "unknown",
            _ => before,
        };
        let is_over = ["failed", "window_closed"].contains(&news) && ["committed", "unknown"].contains(&before);
        let alone = !self.other_committed(attempt);
        let state = &mut self.intents[intent].state;
        if news == "committed" && before != after && *state == "open" {
            *state = "processing";
        } else if is_over && alone && *state == "processing" {
            *state = "open";
        }
        self.attempts[attempt].state = after;
    }

    /// May a renewal put it on the table again?
    pub fn is_free(&self, intent: usize) -> bool {
        self.intents[intent].fees.iter().all(|f| self.fees[*f].state == "due" && !self.is_held(*f))
    }

    /// It is on the table again until then, and asks for what its fees owe now.
    pub fn renew(&mut self, intent: usize, deadline: u64) {
        let asked = self.intents[intent].fees.iter().map(|f| self.fees[*f].amount).collect();
        let intent = &mut self.intents[intent];
        (intent.state, intent.asked, intent.deadline) = ("open", asked, deadline);
    }

    // ------------------------------------------------------------ money comes

    pub fn comes(&mut self, amount: usize, place: Place, named: Named) -> usize {
        let payment = self.payments.len();
        let intent = match named {
            Named::Nothing => None,
            Named::Order(attempt) => Some(self.attempts[attempt].intent),
            Named::Reference(intent, _) | Named::WrongAccount(intent) => Some(intent),
        };
        let by_bank = place == Place::Transit;
        self.payments.push(Payment { intent, amount, by_bank, is_reversed: false, homes: Vec::new() });
        self.coins.extend((0..amount).map(|_| Coin { payment, at: At::Table, place }));
        self.sort(payment, named);
        payment
    }

    /// Money that nobody knew, and whose order is known now.
    pub fn is_known_now(&mut self, payment: usize, attempt: usize) {
        self.payments[payment].intent = Some(self.attempts[attempt].intent);
        for coin in self.coins.iter_mut().filter(|c| c.payment == payment) {
            coin.at = At::Table;
        }
        self.sort(payment, Named::Order(attempt));
    }

    /// From the table to its homes.
    fn sort(&mut self, payment: usize, named: Named) {
        let mut settled = BTreeSet::new();
        match named {
            Named::Nothing => self.all(payment, At::Table, At::Held("unidentified")),
            Named::WrongAccount(_) => self.all(payment, At::Table, At::Held("wrong_account")),
            Named::Order(attempt) if self.count(payment, At::Table) != self.attempts[attempt].amount => {
                self.all(payment, At::Table, At::Held("amount_differs"));
            }
            Named::Order(attempt) => settled = self.settle(payment, self.attempts[attempt].intent),
            Named::Reference(intent, _) => settled = self.settle(payment, intent),
        }
        match named {
            Named::Order(attempt) => self.attempts[attempt].state = "succeeded",
            Named::Reference(_, Some(attempt)) if !settled.is_empty() => self.attempts[attempt].state = "succeeded",
            _ => {}
        }
        let own = self.payments[payment].intent;
        for i in 0..self.intents.len() {
            let touched = self.intents[i].fees.iter().any(|f| settled.contains(f));
            let concerned = Some(i) == own || LIVE.contains(&self.intents[i].state);
            if touched && concerned && self.intents[i].state != "paid" && self.due(i).is_empty() {
                self.intents[i].was_over = !LIVE.contains(&self.intents[i].state);
                self.intents[i].state = "paid";
            }
        }
        // a provider has taken an order's money and nothing came of it: the next attempt is free
        if let Named::Order(attempt) = named {
            let intent = self.attempts[attempt].intent;
            if self.intents[intent].state == "processing" && !self.other_committed(attempt) {
                self.intents[intent].state = "open";
            }
        }
    }

    fn settle(&mut self, payment: usize, intent: usize) -> BTreeSet<usize> {
        let due = self.due(intent);
        let new: Vec<usize> = (0..self.coins.len())
            .filter(|i| self.coins[*i].payment == payment && self.coins[*i].at == At::Table)
            .collect();
        let purse = [new, self.waiting(intent)].concat();
        if due.is_empty() {
            let covered = |f: &usize| ["paid", "refunding"].contains(&self.fees[*f].state);
            let why = if self.intents[intent].fees.iter().any(covered) { "duplicate" } else { "late" };
            self.all(payment, At::Table, At::Held(why));
            return BTreeSet::new();
        }
        if purse.len() < self.owing(intent) {
            self.all(payment, At::Table, At::Held("underpaid"));
            return BTreeSet::new();
        }
        let mut purse = purse.into_iter();
        for fee in &due {
            for coin in purse.by_ref().take(self.fees[*fee].amount).collect::<Vec<_>>() {
                self.put(coin, At::Fee(*fee));
            }
            self.fees[*fee].state = "paid";
        }
        for coin in purse {
            if [At::Table, At::Held("underpaid")].contains(&self.coins[coin].at) {
                self.put(coin, At::Held("overpaid"));
            }
        }
        due.into_iter().collect()
    }

    /// A statement shows all that was on its way.
    pub fn statement(&mut self) {
        for coin in self.coins.iter_mut().filter(|c| c.place == Place::Transit) {
            coin.place = Place::Bank;
        }
    }

    // ------------------------------------------------------------ money goes back

    pub fn refundable(&self, payment: usize) -> i64 {
        let p = &self.payments[payment];
        let dead = ["rejected", "cancelled", "failed"];
        let refunds = self.refunds.iter().filter(|r| r.payment == payment && !dead.contains(&r.state));
        let taken: usize = refunds.map(Refund::amount).sum();
        let reversed = if p.is_reversed { p.amount } else { 0 };
        signed(p.amount) - signed(reversed) - signed(taken) - signed(self.count(payment, At::GivenUp))
    }

    /// Whether lines may be proposed.
    pub fn may_be_asked(&self, payment: usize, lines: &[(Option<usize>, usize)]) -> bool {
        let whole = lines.iter().all(|(fee, n)| match fee {
            Some(fee) => *n == self.count(payment, At::Fee(*fee)) && self.fees[*fee].state == "paid",
            None => *n <= self.held(payment),
        });
        let asked: usize = lines.iter().map(|(_, n)| n).sum();
        let none = lines.is_empty() || lines.iter().any(|(_, n)| *n == 0);
        whole && !none && signed(asked) <= self.refundable(payment)
    }

    pub fn propose(&mut self, payment: usize, lines: Vec<(Option<usize>, usize)>, reopens: bool) -> usize {
        let (state, taken) = ("pending_approval", BTreeMap::new());
        self.refunds.push(Refund { payment, lines, reopens, state, taken });
        self.refunds.len() - 1
    }

    /// False where the money is elsewhere by now.
    pub fn approve(&mut self, refund: usize) -> bool {
        let Refund { payment, lines, .. } = self.refunds[refund].clone();
        let stale = lines.iter().any(|(fee, n)| match fee {
            Some(fee) => *n != self.count(payment, At::Fee(*fee)) || self.fees[*fee].state != "paid",
            None => *n > self.held(payment),
        });
        if stale {
            return false;
        }
        for (fee, n) in lines {
            match fee {
                Some(fee) => {
                    self.take(refund, payment, At::Fee(fee), n, At::Refund(refund));
                    for other in (0..self.payments.len()).filter(|p| *p != payment) {
                        let theirs = self.count(other, At::Fee(fee));
                        self.take(refund, other, At::Fee(fee), theirs, At::Held("underpaid"));
                    }
                    self.fees[fee].state = "refunding";
                }
                None => {
                    let mut left = n;
                    for home in self.payments[payment].homes.clone() {
                        let there = if matches!(home, At::Held(_)) { self.count(payment, home) } else { 0 };
                        self.take(refund, payment, home, there.min(left), At::Refund(refund));
                        left -= there.min(left);
                    }
                }
            }
        }
        self.refunds[refund].state = "approved";
        true
    }

    fn take(&mut self, refund: usize, payment: usize, from: At, n: usize, to: At) {
        self.some(payment, from, n, to);
        if n > 0 {
            *self.refunds[refund].taken.entry((payment, from)).or_default() += n;
        }
    }

    /// The money has left.
    pub fn sent(&mut self, refund: usize) {
        for coin in self.coins.iter_mut().filter(|c| c.at == At::Refund(refund)) {
            coin.place = Place::Payer;
        }
        let Refund { lines, reopens, .. } = self.refunds[refund].clone();
        let fees: Vec<usize> = lines.iter().filter_map(|(fee, _)| *fee).collect();
        for fee in &fees {
            self.fees[*fee].state = if reopens { "due" } else { "refunded" };
        }
        if reopens {
            self.reopen(&fees);
        }
        self.refunds[refund].state = "succeeded";
    }

    /// The payer gets nothing: back to where it came from, as far as what others gave still waits.
    pub fn fails(&mut self, refund: usize, state: &'static str) {
        let Refund { payment, lines, taken, .. } = self.refunds[refund].clone();
        let needed = |other: usize| -> usize {
            let of_fee = |(p, at): &(usize, At)| *p == other && matches!(at, At::Fee(_));
            taken.iter().filter(|(key, _)| of_fee(key)).map(|(_, n)| n).sum()
        };
        let others = |fee: usize| -> Vec<(usize, usize)> {
            let is = |(p, at): &(usize, At)| *p != payment && *at == At::Fee(fee);
            taken.iter().filter(|(key, _)| is(key)).map(|((p, _), n)| (*p, *n)).collect()
        };
        let whole = |fee: usize| {
            others(fee).iter().all(|(other, _)| self.count(*other, At::Held("underpaid")) >= needed(*other))
        };
        let back: Vec<usize> = lines.iter().filter_map(|(fee, _)| *fee).filter(|fee| whole(*fee)).collect();
        let mut due = Vec::new();
        for (fee, n) in lines {
            match fee {
                Some(fee) if back.contains(&fee) => {
                    self.some(payment, At::Refund(refund), n, At::Fee(fee));
                    for (other, n) in others(fee) {
                        self.some(other, At::Held("underpaid"), n, At::Fee(fee));
                    }
                    self.fees[fee].state = "paid";
                }
                Some(fee) => {
                    self.some(payment, At::Refund(refund), n, At::Held("underpaid"));
                    self.fees[fee].state = "due";
                    due.push(fee);
                }
                None => {
                    for ((p, at), n) in &taken {
                        if *p == payment && matches!(at, At::Held(_)) {
                            self.some(payment, At::Refund(refund), *n, *at);
                        }
                    }
                }
            }
        }
        self.reopen(&due);
        self.refunds[refund].state = state;
    }

    pub fn came_back(&mut self, refund: usize) {
        let payment = self.refunds[refund].payment;
        let place = if self.payments[payment].by_bank { Place::Transit } else { Place::Clearing };
        for coin in self.coins.iter_mut().filter(|c| c.at == At::Refund(refund)) {
            coin.place = place;
        }
        self.all(payment, At::Refund(refund), At::Held("refund_returned"));
        self.refunds[refund].state = "failed";
    }

    /// Who brought a payment takes it back. False where money of it may have gone to the payer, or nothing is left.
    pub fn taken_back(&mut self, payment: usize) -> bool {
        let own: Vec<At> = self.coins.iter().filter(|c| c.payment == payment).map(|c| c.at).collect();
        let unmade = |r: &Refund| ["pending_approval", "approved", "awaiting_statement"].contains(&r.state);
        if own.is_empty() || own.iter().any(|at| matches!(at, At::Refund(r) if !unmade(&self.refunds[*r]))) {
            return false;
        }
        let mut fees: BTreeSet<usize> =
            own.iter().filter_map(|at| if let At::Fee(fee) = at { Some(*fee) } else { None }).collect();
        // of a refund that nobody has made: what it was to give back is due as well
        let waits = self.refunds.iter().filter(|r| r.payment == payment && unmade(r) && r.state != "pending_approval");
        fees.extend(waits.flat_map(|r| r.lines.iter().filter_map(|(fee, _)| *fee)));
        self.coins.retain(|c| c.payment != payment);
        for fee in &fees {
            for other in 0..self.payments.len() {
                self.all(other, At::Fee(*fee), At::Held("underpaid"));
            }
            self.fees[*fee].state = "due";
        }
        self.payments[payment].is_reversed = true;
        // what nobody has made yet rests on nothing any more
        for refund in self.refunds.iter_mut().filter(|r| r.payment == payment && unmade(r)) {
            refund.state = if refund.state == "awaiting_statement" { "failed" } else { "cancelled" };
        }
        self.reopen(&fees.into_iter().collect::<Vec<_>>());
        true
    }

    /// By a person's word what waits pays a fee; the rest was too much.
    pub fn assigned(&mut self, payment: usize, why: &'static str, fee: usize) {
        self.some(payment, At::Held(why), self.fees[fee].amount, At::Fee(fee));
        self.fees[fee].state = "paid";
        self.all(payment, At::Held(why), At::Held("overpaid"));
        for i in 0..self.intents.len() {
            let intent = &self.intents[i];
            if LIVE.contains(&intent.state) && intent.fees.contains(&fee) && self.due(i).is_empty() {
                (self.intents[i].state, self.intents[i].was_over) = ("paid", false);
            }
        }
    }

    /// What waits for this reason is nobody's.
    pub fn given_up(&mut self, payment: usize, why: &'static str) {
        self.all(payment, At::Held(why), At::GivenUp);
    }

    /// So much of it waits again. False where its bank has taken it back.
    pub fn found(&mut self, payment: usize, why: &'static str, n: usize) -> bool {
        let there = self.count(payment, At::GivenUp) >= n;
        if there {
            self.some(payment, At::GivenUp, n, At::Held(why));
        }
        there
    }

    /// A paid fee was too much.
    pub fn lowered(&mut self, fee: usize, by: usize) {
        let mut left = by;
        for payment in (0..self.payments.len()).rev() {
            let n = self.count(payment, At::Fee(fee)).min(left);
            self.some(payment, At::Fee(fee), n, At::Held("overpaid"));
            left -= n;
        }
        self.fees[fee].amount -= by;
    }

    /// Paid intents of what is due again may be paid again, the newest first; those that are over, or were when their money came,
    /// or whose fees a live one holds by now, are expired.
    fn reopen(&mut self, fees: &[usize]) {
        for i in (0..self.intents.len()).rev() {
            let intent = self.intents[i].clone();
            if intent.state != "paid" || !intent.fees.iter().any(|f| fees.contains(f)) {
                continue;
            }
            let other_amount = intent.fees.iter().zip(&intent.asked).any(|(f, asked)| self.fees[*f].amount != *asked);
            let held = intent.fees.iter().any(|f| self.is_held(*f));
            let over = intent.deadline <= self.now || intent.was_over || other_amount || held;
            self.intents[i].state = if over { "expired" } else { "open" };
        }
    }

    // ------------------------------------------------------------ coins

    pub fn count(&self, payment: usize, at: At) -> usize {
        self.coins.iter().filter(|c| c.payment == payment && c.at == at).count()
    }

    /// In suspense, for whatever reason.
    pub fn held(&self, payment: usize) -> usize {
        self.coins.iter().filter(|c| c.payment == payment && matches!(c.at, At::Held(_))).count()
    }

    fn put(&mut self, coin: usize, at: At) {
        let payment = self.coins[coin].payment;
        self.coins[coin].at = at;
        if !self.payments[payment].homes.contains(&at) {
            self.payments[payment].homes.push(at);
        }
    }

    fn some(&mut self, payment: usize, from: At, n: usize, to: At) {
        let is = |c: &Coin| c.payment == payment && c.at == from;
        let those: Vec<usize> = (0..self.coins.len()).filter(|i| is(&self.coins[*i])).take(n).collect();
        assert_eq!(those.len(), n, "{from:?} of payment {payment} has not so much");
        those.into_iter().for_each(|coin| self.put(coin, to));
    }

    fn all(&mut self, payment: usize, from: At, to: At) {
        self.some(payment, from, self.count(payment, from), to);
    }

    // ------------------------------------------------------------ what the books must say

    /// How many coins of each payment lie where.
    pub fn homes(&self) -> BTreeMap<(usize, At), i64> {
        let mut all = BTreeMap::new();
        for coin in &self.coins {
            *all.entry((coin.payment, coin.at)).or_default() += 1;
        }
        all
    }

    /// What each account stands at, in coins; `place` and `beneficiary` name accounts.
    pub fn accounts(&self, place: impl Fn(Place) -> String, beneficiary: &str) -> BTreeMap<String, i64> {
        let mut all: BTreeMap<String, i64> = BTreeMap::new();
        for coin in self.coins.iter().filter(|c| c.place != Place::Payer) {
            let home = match coin.at {
                At::Table => "nowhere".to_owned(),
                At::Fee(_) => format!("obligation:{beneficiary}"),
                At::Held(why) => format!("suspense:{why}"),
                At::Refund(_) => "refund_payable".to_owned(),
                At::GivenUp => "written_off".to_owned(),
            };
            *all.entry(home).or_default() -= 1;
            *all.entry(place(coin.place)).or_default() += 1;
        }
        all.retain(|_, n| *n != 0);
        all
    }

    /// What must never be, whatever was done.
    pub fn is_sound(&self) {
        for (i, fee) in self.fees.iter().enumerate() {
            let has = self.coins.iter().filter(|c| c.at == At::Fee(i)).count();
            assert_eq!(has, if fee.state == "paid" { fee.amount } else { 0 }, "fee {i} is partly covered");
            let live = self.intents.iter().filter(|n| LIVE.contains(&n.state) && n.fees.contains(&i)).count();
            assert!(live <= 1, "two live intents for fee {i}");
        }
        for (i, intent) in self.intents.iter().enumerate() {
            let due = !self.due(i).is_empty();
            assert!(!LIVE.contains(&intent.state) || due, "intent {i} is live with nothing due");
            assert!(intent.state != "paid" || !due, "intent {i} is paid with something due");
        }
        assert!(self.coins.iter().all(|c| c.at != At::Table));
        let came: usize = self.payments.iter().filter(|p| !p.is_reversed).map(|p| p.amount).sum();
        assert_eq!(self.coins.len(), came);
    }
}

/// The edges of the contract ("Obligations", "Payment intents", "Payments, refunds"), beside births.
pub const LEGAL: &[(&str, &str, &[&str])] = &[
    ("obligation", "due", &["paid", "cancelled", "exempt"]),
    ("obligation", "exempt", &["due"]),
    ("obligation", "paid", &["refunding", "due"]),
    ("obligation", "refunding", &["due", "refunded", "paid"]),
    ("intent", "open", &["processing", "paid", "expired", "cancelled"]),
    ("intent", "processing", &["open", "paid"]),
    ("intent", "expired", &["open", "paid"]),
    ("intent", "cancelled", &["paid"]),
    ("intent", "paid", &["open", "expired"]),
    ("refund", "pending_approval", &["approved", "rejected", "cancelled"]),
    ("refund", "approved", &["submitted", "awaiting_statement", "cancelled"]),
    ("refund", "submitted", &["succeeded", "failed", "unknown"]),
    ("refund", "unknown", &["submitted", "succeeded", "failed"]),
    ("refund", "awaiting_statement", &["succeeded", "failed"]),
    ("refund", "succeeded", &["failed"]),
];

pub fn is_legal(entity: &str, from: &str, to: &str) -> bool {
    LEGAL.iter().any(|(e, f, next)| *e == entity && *f == from && next.contains(&to))
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).expect("few coins")
}
