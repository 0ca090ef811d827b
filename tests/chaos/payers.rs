//! Portals and payers at work. A scene is what one of them does from a debt to its money; which scenes come, and what the
//! other side does to its reports, comes from the seed. What a scene is sure of, it expects in the diary.
//!
//! Another action is a variant of [`Scene`], its number of cards in [`SCENES`] and its arm in `play`.

use crate::bills::Doubt;
use crate::deck::Deck;
use crate::gate::{Asked, Gate, Told};
use crate::tally;
use crate::ways::Way;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};
use tests::interruption::Dice;
use tests::portal::obligation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    Pays(Way),
    ManyDebts,
    /// Two to five ways at one moment.
    SeveralWays,
    /// Two intents that are both cancelled are paid at once.
    TwoDeadIntents,
    /// Two customers of two applications, or one of them twice, pay one bill.
    OneBillTwice,
    Underpaid,
    Overpaid,
    Late,
    PaidAfterCancel,
    Renewed,
    TriesTwice,
    WalksAway,
    /// A transfer that names nothing, or two things.
    Nameless,
    DebtCancelled,
    /// A bill that was seen before its debt was cancelled.
    BillOfCancelled,
    /// Paid at a provider, seen by its portal, and given back.
    Refunded,
    /// Taken at a counter, undone by two persons, and perhaps taken again.
    Undone,
}

/// How many cards of each.
const SCENES: [(Scene, usize); 27] = [
    (Scene::Pays(Way::Vnpay), 4),
    (Scene::Pays(Way::Transfer), 4),
    (Scene::Pays(Way::Momo), 2),
    (Scene::Pays(Way::Zalopay), 2),
    (Scene::Pays(Way::National), 2),
    (Scene::Pays(Way::Phone), 2),
    (Scene::Pays(Way::Code), 2),
    (Scene::Pays(Way::BankBill), 3),
    (Scene::Pays(Way::PhoneBill), 2),
    (Scene::Pays(Way::Cash), 2),
    (Scene::Pays(Way::Card), 2),
    (Scene::ManyDebts, 3),
    (Scene::SeveralWays, 6),
    (Scene::TwoDeadIntents, 3),
    (Scene::OneBillTwice, 2),
    (Scene::Underpaid, 4),
    (Scene::Overpaid, 1),
    (Scene::Late, 3),
    (Scene::PaidAfterCancel, 3),
    (Scene::Renewed, 1),
    (Scene::TriesTwice, 3),
    (Scene::WalksAway, 1),
    (Scene::Nameless, 1),
    (Scene::DebtCancelled, 1),
    (Scene::BillOfCancelled, 1),
    (Scene::Refunded, 5),
    (Scene::Undone, 2),
];

/// The life of an intent that is to run out.
const SHORT_S: u64 = 2;

/// What becomes of the reports of one payment, and who pays how.
pub struct Odds {
    pub repeated: Deck<bool>,
    pub reordered: Deck<bool>,
    pub lost: Deck<bool>,
    pub forged: Deck<bool>,
    pub lied: Deck<bool>,
    scenes: Deck<Scene>,
    any: Deck<Way>,
    providers: Deck<Way>,
    late: Deck<Way>,
    refunding: Deck<Way>,
}

pub struct Payers {
    pub gate: Arc<Gate>,
    pub http: reqwest::Client,
    /// Where the other sides are, by name.
    others: BTreeMap<&'static str, String>,
    pub odds: Mutex<Odds>,
    pub seed: u64,
    next: AtomicU64,
    pub doubts: Mutex<Vec<Doubt>>,
}

/// An intent with the debts that it is for.
pub struct Payment {
    pub debts: Vec<Value>,
    intent: Value,
    pub amount: i64,
}

impl Payment {
    pub fn path(&self) -> String {
        format!("/v1/payment-intents/{}", text(&self.intent["id"]))
    }

    pub fn reference(&self) -> String {
        text(&self.intent["reference"])
    }
}

impl Payers {
    pub fn new(gate: Arc<Gate>, http: &reqwest::Client, others: BTreeMap<&'static str, String>, seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let scenes = SCENES.iter().flat_map(|(scene, cards)| std::iter::repeat_n(*scene, *cards)).collect();
        let odds = Odds {
            repeated: Deck::percent(20, dice.split()),
            reordered: Deck::percent(20, dice.split()),
            lost: Deck::percent(10, dice.split()),
            forged: Deck::percent(5, dice.split()),
            lied: Deck::percent(1, dice.split()),
            scenes: Deck::new(scenes, dice.split()),
            any: Deck::new(Way::ALL.to_vec(), dice.split()),
            providers: Deck::new(Way::PROVIDERS.to_vec(), dice.split()),
            late: Deck::new(Way::LATE.to_vec(), dice.split()),
            refunding: Deck::new(Way::REFUNDING.to_vec(), dice.split()),
        };
        let (odds, next, doubts) = (Mutex::new(odds), AtomicU64::new(1), Mutex::default());
        Self { gate, http: http.clone(), others, odds, seed, next, doubts }
    }

    /// So many of them side by side, until then.
    pub async fn run(self: &Arc<Self>, how_many: usize, dice: &mut Dice, until: Instant) {
        let all: Vec<_> = (0..how_many)
            .map(|_| {
                let (payers, mut dice) = (Arc::clone(self), dice.split());
                tokio::spawn(async move {
                    while Instant::now() < until {
                        let scene = payers.odds.lock().unwrap().scenes.draw();
                        // None: a fault broke it off, and its requests are asked again when all is well
                        let _ = payers.play(scene, &mut dice).await;
                    }
                })
            })
            .collect();
        for one in all {
            one.await.unwrap();
        }
    }

    async fn play(&self, scene: Scene, dice: &mut Dice) -> Option<()> {
        match scene {
            Scene::Pays(way) => self.pays_once(way, 1, dice).await,
            Scene::ManyDebts => self.pays_once(self.provider(), 2 + dice.below(3), dice).await,
            Scene::SeveralWays => self.several_ways(dice).await,
            Scene::TwoDeadIntents => self.two_dead_intents(dice).await,
            Scene::OneBillTwice => self.one_bill_twice(dice).await,
            Scene::Underpaid => self.underpaid(dice).await,
            Scene::Overpaid => self.overpaid(dice).await,
            Scene::Late => self.late(dice).await,
            Scene::PaidAfterCancel => self.paid_after_cancel(dice).await,
            Scene::Renewed => self.renewed(dice).await,
            Scene::TriesTwice => self.tries_twice(dice).await,
            Scene::WalksAway => self.walks_away(dice).await,
            Scene::Nameless => self.nameless(dice).await,
            Scene::DebtCancelled => self.debt_cancelled(dice).await,
            Scene::BillOfCancelled => self.bill_of_cancelled(dice).await,
            Scene::Refunded => self.refunded(dice).await,
            Scene::Undone => self.undone(dice).await,
        }
    }

    fn provider(&self) -> Way {
        self.odds.lock().unwrap().providers.draw()
    }

    async fn pays_once(&self, way: Way, debts: u64, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(debts, 3_600, dice).await?;
        let ready = self.ready(&payment, way).await?;
        let is_paid = self.pays_by(&payment, &ready, false).await?;
        if dice.below(10) == 0 {
            self.gate
                .tell(Asked {
                    key: None,
                    ..Asked::post(format!("{}/sync", payment.path()), String::new(), &Value::Null)
                })
                .await;
        }
        if is_paid {
            self.expect_paid(&payment).await
        }
        Some(())
    }

    async fn several_ways(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let mut ways = Vec::new();
        for _ in 0..2 + dice.below(4) {
            let way = self.odds.lock().unwrap().any.draw();
            ways.extend(self.ready(&payment, way).await);
        }
        let ends = futures_util::future::join_all(ways.iter().map(|ready| self.pays_by(&payment, ready, false))).await;
        if ends.iter().flatten().count() > 1 {
            self.gate.tally.count(tally::SEVERAL_WAYS);
        }
        if ends.contains(&Some(true)) {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn two_dead_intents(&self, dice: &mut Dice) -> Option<()> {
        let first = self.payment(1, 3_600, dice).await?;
        let one = self.ready(&first, self.provider()).await?;
        self.cancels(&first).await?;
        let intent = self.opens(&first.debts, 3_600).await?;
        let second = Payment { intent, debts: first.debts.clone(), amount: first.amount };
        let other = self.ready(&second, self.provider()).await?;
        self.cancels(&second).await?;
        let (one, other) = tokio::join!(self.pays_by(&first, &one, false), self.pays_by(&second, &other, false));
        if one? && other? {
            self.expect_paid(&second).await;
        }
        Some(())
    }

    async fn one_bill_twice(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let applications = [Way::BankBill, Way::PhoneBill];
        let mut which = || applications[usize::from(dice.below(2) == 0)];
        let (one, other) = (which(), which());
        let (one, other) = (self.ready(&payment, one).await?, self.ready(&payment, other).await?);
        let (one, other) = tokio::join!(self.pays_by(&payment, &one, false), self.pays_by(&payment, &other, false));
        if one == Some(true) && other == Some(true) {
            self.gate.tally.wrong(format!("two customers were told that they paid one bill: {:?}", payment.debts));
        }
        if one? || other? {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn underpaid(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, json!({"channel": "vietqr"})).await?;
        let (part, reference) = (payment.amount - 1_000, payment.reference());
        if dice.below(2) == 0 {
            // both parts at one moment: neither may miss the other
            let both =
                tokio::join!(self.transfers(&attempt, part, &reference), self.transfers(&attempt, 1_000, &reference));
            both.0.and(both.1)?;
        } else {
            self.transfers(&attempt, part, &reference).await?;
            tokio::time::sleep(dice.millis(0, 1_500)).await;
            self.transfers(&attempt, 1_000, &reference).await?;
        }
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn overpaid(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, json!({"channel": "vietqr"})).await?;
        self.transfers(&attempt, payment.amount + 5_000, &payment.reference()).await?;
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn late(&self, dice: &mut Dice) -> Option<()> {
        let way = self.odds.lock().unwrap().late.draw();
        let payment = self.payment(1, SHORT_S, dice).await?;
        let ready = self.ready(&payment, way).await?;
        tokio::time::sleep(Duration::from_secs(SHORT_S) + dice.millis(0, 2_000)).await;
        let as_ordered = self.pays_by(&payment, &ready, true).await?;
        self.gate.tally.count(tally::LATE);
        if as_ordered {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn paid_after_cancel(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let ready = self.ready(&payment, self.provider()).await?;
        self.cancels(&payment).await?;
        if self.pays_by(&payment, &ready, false).await? {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn renewed(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, SHORT_S, dice).await?;
        tokio::time::sleep(Duration::from_secs(SHORT_S + 1)).await;
        let renew = Asked::post(format!("{}/renew", payment.path()), self.key(), &json!({"expires_in_s": 3_600}));
        // the clock of the worker may not have come by yet
        self.gate.tell(renew).await.done()?;
        let attempt = self.attempt(&payment, json!({"channel": "vietqr"})).await?;
        self.transfers(&attempt, payment.amount, &payment.reference()).await?;
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn tries_twice(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let way = self.provider();
        let first = self.ready(&payment, way).await?;
        let outcome = match way {
            Way::Phone => "decline",
            _ => ["cancelled", "failed"][usize::from(dice.below(2) == 0)],
        };
        self.sim(way.at(), "pay", json!({"order_ref": first.attempt()["order_ref"], "outcome": outcome})).await?;
        let again = self.ready(&payment, way).await?;
        if self.pays_by(&payment, &again, false).await? {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn walks_away(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, SHORT_S, dice).await?;
        self.attempt(&payment, json!({"channel": "vnpay"})).await?;
        Some(())
    }

    async fn nameless(&self, dice: &mut Dice) -> Option<()> {
        let amount = amount(dice);
        let account = [ACCOUNT, OTHER_ACCOUNT][usize::from(dice.below(2) == 0)];
        if dice.below(2) == 0 {
            self.transfer(json!({"account": account, "amount": amount, "content": "nop tien", "mangle": "none"}))
                .await?;
        } else {
            let (one, other) = (self.payment(1, 3_600, dice).await?, self.payment(1, 3_600, dice).await?);
            self.transfer(json!({"account": account, "amount": amount, "content": one.reference(),
                "mangle": "two_codes", "second_content": other.reference()}))
                .await?;
        }
        Some(())
    }

    async fn debt_cancelled(&self, dice: &mut Dice) -> Option<()> {
        let debt = self.owes(amount(dice), "H38.17").await?;
        self.cancels_debt(&debt).await
    }

    async fn bill_of_cancelled(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let way = [Way::BankBill, Way::PhoneBill][usize::from(dice.below(2) == 0)];
        let ready = self.ready(&payment, way).await?;
        self.cancels(&payment).await?;
        self.cancels_debt(&payment.debts[0]).await?;
        if self.pays_by(&payment, &ready, false).await? {
            self.gate.tally.wrong(format!("a bill of a cancelled debt was paid: {:?}", payment.debts));
        }
        Some(())
    }

    async fn cancels_debt(&self, debt: &Value) -> Option<()> {
        let path = format!("/v1/obligations/{}/cancel", text(&debt["id"]));
        self.gate.tell(Asked::post(path, self.key(), &Value::Null)).await.done()?;
        self.expect(debt, "cancelled").await;
        Some(())
    }

    async fn undone(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let tender = ["cash", "card"][usize::from(dice.below(2) == 0)];
        let taken = self.at_desk(&payment, tender).await??;
        if !self.undoes(&taken).await? {
            self.expect_paid(&payment).await;
        } else if dice.below(2) == 0 {
            self.at_desk(&payment, "cash").await??;
            self.expect_paid(&payment).await;
        } else {
            self.expect(&payment.debts[0], "due").await;
        }
        Some(())
    }

    async fn refunded(&self, dice: &mut Dice) -> Option<()> {
        let way = self.odds.lock().unwrap().refunding.draw();
        let payment = self.payment(1, 3_600, dice).await?;
        let ready = self.ready(&payment, way).await?;
        let as_ordered = self.pays_by(&payment, &ready, false).await?;
        let paid = self.paid(&payment).await?;
        if !as_ordered {
            return Some(());
        }
        let how = dice.below(10);
        self.refund_rule(way, ready.attempt(), how).await?;
        let debt = &payment.debts[0];
        let body = json!({"lines": [{"obligation_id": debt["id"], "amount": payment.amount}], "then": "close",
            "reason_code": "dossier_withdrawn", "refundable_amount": payment.amount});
        let path = format!("/v1/payments/{}/refunds", text(&paid["payments"][0]["id"]));
        let refund = self.gate.tell(Asked::post(path, self.key(), &body)).await.done()?;
        let path = format!("/v1/approvals/{}/approve", text(&refund["approval_id"]));
        self.gate.tell(Asked::by_staff(path, self.key(), &json!({}))).await.done()?;
        self.gate.tally.count(tally::REFUNDS);
        if how != 3 {
            self.expect(debt, "refunded").await;
        }
        Some(())
    }

    /// The intent, once its portal sees that it is paid; None when that takes too long.
    async fn paid(&self, payment: &Payment) -> Option<Value> {
        for _ in 0..100 {
            let intent = self.gate.tell(Asked::get(payment.path())).await.done()?;
            if intent["status"] == "paid" {
                return Some(intent);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        None
    }

    // ------------------------------------------------------------ what portals do

    /// So many debts of one beneficiary, and an intent for them.
    async fn payment(&self, debts: u64, life_s: u64, dice: &mut Dice) -> Option<Payment> {
        let agency = ["H38.17", "H38.18"][usize::from(dice.below(3) == 0)];
        let mut owed = Vec::new();
        for _ in 0..debts {
            owed.push(self.owes(amount(dice), agency).await?);
        }
        let intent = self.opens(&owed, life_s).await?;
        let amount = owed.iter().filter_map(|debt| debt["amount"].as_i64()).sum();
        Some(Payment { debts: owed, intent, amount })
    }

    async fn owes(&self, amount: i64, agency: &str) -> Option<Value> {
        let n = self.number();
        let beneficiary = if agency == "H38.17" { tests::BENEFICIARY } else { tests::OTHER_BENEFICIARY };
        let change = json!({"agency_code": agency, "beneficiary_code": beneficiary, "fee_code": format!("CT-{n}")});
        let body = obligation(&format!("{agency}-261125-{n:05}"), amount, change);
        self.gate.tell(Asked::put(format!("/v1/obligations/ref-{}-{n}", self.seed), &body)).await.done()
    }

    async fn opens(&self, debts: &[Value], life_s: u64) -> Option<Value> {
        let ids: Vec<&Value> = debts.iter().map(|debt| &debt["id"]).collect();
        let body = json!({"obligation_ids": ids, "expires_in_s": life_s});
        self.gate.tell(Asked::post("/v1/payment-intents".to_owned(), self.key(), &body)).await.done()
    }

    /// Done, or refused because it ran out or is being paid.
    async fn cancels(&self, payment: &Payment) -> Option<()> {
        match self.gate.tell(Asked::post(format!("{}/cancel", payment.path()), self.key(), &Value::Null)).await {
            Told::Open => None,
            Told::Done(_) | Told::Refused(_) => Some(()),
        }
    }

    pub fn key(&self) -> String {
        format!("key-{}-{}", self.seed, self.number())
    }

    /// One that nothing else in this run has.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A control call; it is never the gateway's fault when one fails.
    pub async fn sim(&self, side: &str, what: &str, body: Value) -> Option<Value> {
        let answer = self.http.post(format!("{}/_sim/{what}", self.others[side])).json(&body).send().await.unwrap();
        let status = answer.status();
        let said = answer.text().await.unwrap();
        if !status.is_success() {
            self.gate.tally.wrong(format!("{side} refuses {what} {body}: {status} {said}"));
            return None;
        }
        Some(serde_json::from_str(&said).unwrap_or(Value::Null))
    }

    // ------------------------------------------------------------ what must come of it

    async fn expect_paid(&self, payment: &Payment) {
        for debt in &payment.debts {
            self.expect(debt, "paid").await;
        }
    }

    async fn expect(&self, debt: &Value, status: &str) {
        self.gate.diary.write(json!({"kind": "expect", "obligation": debt["id"], "status": status})).await;
    }
}

fn amount(dice: &mut Dice) -> i64 {
    i64::try_from(10_000 + dice.below(400) * 500).unwrap()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
