//! Portals and payers at work. A scene is what one of them does from a debt to its money; which scenes come, and what the
//! other side does to its reports, comes from the seed. What a scene is sure of, it expects in the diary.
//!
//! Another action is a variant of [`Scene`], its number of cards in [`SCENES`] and its arm in `play`.

use crate::deck::Deck;
use crate::gate::{Asked, Gate, Told};
use crate::tally;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};
use tests::interruption::Dice;
use tests::portal::obligation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    AtVnpay,
    ByTransfer,
    TwoChannels,
    /// Two intents that are both cancelled are paid at once.
    TwoDeadIntents,
    ManyDebts,
    Underpaid,
    Overpaid,
    LateAtVnpay,
    LateByTransfer,
    PaidAfterCancel,
    Renewed,
    TriesTwice,
    WalksAway,
    /// A transfer that names nothing, or two things.
    Nameless,
    DebtCancelled,
    /// Paid at VNPAY, seen by its portal, and given back.
    Refunded,
}

/// How many cards of each.
const SCENES: [(Scene, usize); 16] = [
    (Scene::AtVnpay, 8),
    (Scene::ByTransfer, 8),
    (Scene::TwoChannels, 5),
    (Scene::TwoDeadIntents, 3),
    (Scene::ManyDebts, 3),
    (Scene::Underpaid, 4),
    (Scene::Overpaid, 1),
    (Scene::LateAtVnpay, 1),
    (Scene::LateByTransfer, 1),
    (Scene::PaidAfterCancel, 2),
    (Scene::Renewed, 1),
    (Scene::TriesTwice, 2),
    (Scene::WalksAway, 1),
    (Scene::Nameless, 1),
    (Scene::DebtCancelled, 1),
    (Scene::Refunded, 3),
];

/// The life of an intent that is to run out.
const SHORT_S: u64 = 2;

/// What becomes of the reports of one payment.
struct Odds {
    repeated: Deck<bool>,
    reordered: Deck<bool>,
    lost: Deck<bool>,
    forged: Deck<bool>,
    lied: Deck<bool>,
    scenes: Deck<Scene>,
}

pub struct Payers {
    pub gate: Arc<Gate>,
    pub http: reqwest::Client,
    pub vnpay: String,
    pub bank: String,
    odds: Mutex<Odds>,
    seed: u64,
    next: AtomicU64,
}

/// An intent with the debts that it is for.
struct Payment {
    debts: Vec<Value>,
    intent: Value,
    amount: i64,
}

impl Payment {
    fn path(&self) -> String {
        format!("/v1/payment-intents/{}", text(&self.intent["id"]))
    }

    fn reference(&self) -> String {
        text(&self.intent["reference"])
    }
}

impl Payers {
    pub fn new(gate: Arc<Gate>, http: &reqwest::Client, (vnpay, bank): (String, String), seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let scenes = SCENES.iter().flat_map(|(scene, cards)| std::iter::repeat_n(*scene, *cards)).collect();
        let odds = Odds {
            repeated: Deck::percent(20, dice.split()),
            reordered: Deck::percent(20, dice.split()),
            lost: Deck::percent(10, dice.split()),
            forged: Deck::percent(5, dice.split()),
            lied: Deck::percent(1, dice.split()),
            scenes: Deck::new(scenes, dice.split()),
        };
        Self { gate, http: http.clone(), vnpay, bank, odds: Mutex::new(odds), seed, next: AtomicU64::new(1) }
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
            Scene::AtVnpay => self.at_vnpay(1, dice).await,
            Scene::ManyDebts => self.at_vnpay(2 + dice.below(3), dice).await,
            Scene::ByTransfer => self.by_transfer(dice).await,
            Scene::TwoChannels => self.two_channels(dice).await,
            Scene::TwoDeadIntents => self.two_dead_intents(dice).await,
            Scene::Underpaid => self.underpaid(dice).await,
            Scene::Overpaid => self.overpaid(dice).await,
            Scene::LateAtVnpay => self.late(true, dice).await,
            Scene::LateByTransfer => self.late(false, dice).await,
            Scene::PaidAfterCancel => self.paid_after_cancel(dice).await,
            Scene::Renewed => self.renewed(dice).await,
            Scene::TriesTwice => self.tries_twice(dice).await,
            Scene::WalksAway => self.walks_away(dice).await,
            Scene::Nameless => self.nameless(dice).await,
            Scene::DebtCancelled => self.debt_cancelled(dice).await,
            Scene::Refunded => self.refunded(dice).await,
        }
    }

    async fn at_vnpay(&self, debts: u64, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(debts, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vnpay").await?;
        let as_ordered = self.pays(&attempt, false).await?;
        if dice.below(5) == 0 {
            self.gate
                .tell(Asked {
                    key: None,
                    ..Asked::post(format!("{}/sync", payment.path()), String::new(), &Value::Null)
                })
                .await;
        }
        if as_ordered {
            self.expect_paid(&payment).await
        }
        Some(())
    }

    async fn by_transfer(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vietqr").await?;
        self.transfers(&attempt, payment.amount, &payment.reference()).await?;
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn two_channels(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let card = self.attempt(&payment, "vnpay").await?;
        let code = self.attempt(&payment, "vietqr").await?;
        let reference = payment.reference();
        let (_, transferred) = tokio::join!(self.pays(&card, false), self.transfers(&code, payment.amount, &reference));
        transferred?;
        self.gate.tally.count(tally::TWO_CHANNELS);
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn two_dead_intents(&self, dice: &mut Dice) -> Option<()> {
        let first = self.payment(1, 3_600, dice).await?;
        let one = self.attempt(&first, "vnpay").await?;
        self.cancels(&first).await?;
        let intent = self.opens(&first.debts, 3_600).await?;
        let second = Payment { intent, debts: first.debts, amount: first.amount };
        let other = self.attempt(&second, "vnpay").await?;
        self.cancels(&second).await?;
        let (one, other) = tokio::join!(self.pays(&one, false), self.pays(&other, false));
        if one? && other? {
            self.expect_paid(&second).await;
        }
        Some(())
    }

    async fn underpaid(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vietqr").await?;
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
        let attempt = self.attempt(&payment, "vietqr").await?;
        self.transfers(&attempt, payment.amount + 5_000, &payment.reference()).await?;
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn late(&self, at_vnpay: bool, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, SHORT_S, dice).await?;
        let attempt = self.attempt(&payment, if at_vnpay { "vnpay" } else { "vietqr" }).await?;
        tokio::time::sleep(Duration::from_secs(SHORT_S) + dice.millis(0, 2_000)).await;
        let as_ordered = match at_vnpay {
            true => self.pays(&attempt, true).await?,
            false => self.transfers(&attempt, payment.amount, &payment.reference()).await.map(|()| true)?,
        };
        self.gate.tally.count(tally::LATE);
        if as_ordered {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn paid_after_cancel(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vnpay").await?;
        self.cancels(&payment).await?;
        if self.pays(&attempt, false).await? {
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
        let attempt = self.attempt(&payment, "vietqr").await?;
        self.transfers(&attempt, payment.amount, &payment.reference()).await?;
        self.expect_paid(&payment).await;
        Some(())
    }

    async fn tries_twice(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vnpay").await?;
        let outcome = ["cancelled", "failed"][usize::from(dice.below(2) == 0)];
        self.sim(&self.vnpay, "pay", json!({"order_ref": attempt["order_ref"], "outcome": outcome})).await?;
        let again = self.attempt(&payment, "vnpay").await?;
        if self.pays(&again, false).await? {
            self.expect_paid(&payment).await;
        }
        Some(())
    }

    async fn walks_away(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, SHORT_S, dice).await?;
        self.attempt(&payment, "vnpay").await?;
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
        let path = format!("/v1/obligations/{}/cancel", text(&debt["id"]));
        self.gate.tell(Asked::post(path, self.key(), &Value::Null)).await.done()?;
        self.expect(&debt, "cancelled").await;
        Some(())
    }

    async fn refunded(&self, dice: &mut Dice) -> Option<()> {
        let payment = self.payment(1, 3_600, dice).await?;
        let attempt = self.attempt(&payment, "vnpay").await?;
        let as_ordered = self.pays(&attempt, false).await?;
        let paid = self.paid(&payment).await?;
        if !as_ordered {
            return Some(());
        }
        // VNPAY takes it up and says 500, or says nothing for a while, or refuses it when its time has come
        let how = dice.below(10);
        let rule = match how {
            0 | 1 => json!({"fail_after_accept": true}),
            2 => json!({"hang": 1_500}),
            3 => json!({"refund_refused": true}),
            _ => Value::Null,
        };
        if !rule.is_null() {
            let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [rule], "times": 1});
            self.sim(&self.vnpay, "script", rule).await?;
        }
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
        let n = self.next.fetch_add(1, Ordering::Relaxed);
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

    /// An attempt, with the payer on the provider's page where there is one.
    async fn attempt(&self, payment: &Payment, channel: &str) -> Option<Value> {
        let path = format!("{}/attempts", payment.path());
        let attempt = self.gate.tell(Asked::post(path, self.key(), &json!({"channel": channel}))).await.done()?;
        if let Some(url) = attempt["action"]["url"].as_str() {
            let page = self.http.get(url).send().await.unwrap();
            // an intent that ran out meanwhile has a page that says so
            page.status().is_success().then_some(())?;
        }
        Some(attempt)
    }

    /// Done, or refused because it ran out or is being paid.
    async fn cancels(&self, payment: &Payment) -> Option<()> {
        match self.gate.tell(Asked::post(format!("{}/cancel", payment.path()), self.key(), &Value::Null)).await {
            Told::Open => None,
            Told::Done(_) | Told::Refused(_) => Some(()),
        }
    }

    fn key(&self) -> String {
        format!("key-{}-{}", self.seed, self.next.fetch_add(1, Ordering::Relaxed))
    }

    // ------------------------------------------------------------ what payers and their providers do

    /// Pays at VNPAY, which reports it as the odds say; whether it took what was ordered.
    async fn pays(&self, attempt: &Value, late: bool) -> Option<bool> {
        let tally = &self.gate.tally;
        let (mut what, mut lied) = (Vec::new(), false);
        {
            let mut odds = self.odds.lock().unwrap();
            if odds.repeated.draw() {
                what.push(json!({"repeat": 2}));
            }
            if odds.reordered.draw() {
                what.push(json!({"reorder": true}));
                tally.count(tally::REORDERED);
            }
            if odds.lost.draw() {
                what.push(json!({"drop": true}));
            }
            if odds.forged.draw() {
                what.extend([json!({"forge": "signature"}), json!({"forge": "amount"}), json!({"forge": "terminal"})]);
            }
            if odds.lied.draw() {
                what.push(json!({"amount_delta": 1}));
                tally.count(tally::LIED);
                lied = true;
            }
        }
        if late {
            what.push(json!({"late": true}));
        }
        if !what.is_empty() {
            let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": what, "times": 1});
            self.sim(&self.vnpay, "script", rule).await?;
        }
        self.sim(&self.vnpay, "pay", json!({"order_ref": attempt["order_ref"]})).await?;
        Some(!lied)
    }

    /// A transfer to the account of an attempt's code; the banks on its way do to the content what they do.
    async fn transfers(&self, attempt: &Value, amount: i64, content: &str) -> Option<()> {
        let account = attempt["action"]["account_number"].as_str()?;
        self.transfer(json!({"account": account, "amount": amount, "content": content, "mangle": "random"})).await
    }

    async fn transfer(&self, how: Value) -> Option<()> {
        let tally = &self.gate.tally;
        let mut what = Vec::new();
        {
            let mut odds = self.odds.lock().unwrap();
            if odds.repeated.draw() {
                what.push(json!({"repeat": 2}));
            }
            if odds.reordered.draw() {
                what.push(json!({"reorder": true}));
                tally.count(tally::REORDERED);
            }
            if odds.lost.draw() {
                what.push(json!({"drop": true}));
            }
            if odds.forged.draw() {
                what.extend([json!({"forge": "key"}), json!({"forge": "amount"})]);
            }
        }
        if !what.is_empty() {
            let matching = json!({"content_contains": how["content"], "amount": how["amount"]});
            self.sim(&self.bank, "script", json!({"match": matching, "do": what})).await?;
        }
        self.sim(&self.bank, "bank/transfer", how).await?;
        Some(())
    }

    /// A control call; it is never the gateway's fault when one fails.
    async fn sim(&self, base: &str, what: &str, body: Value) -> Option<Value> {
        let answer = self.http.post(format!("{base}/_sim/{what}")).json(&body).send().await.unwrap();
        let status = answer.status();
        let said = answer.text().await.unwrap();
        if !status.is_success() {
            self.gate.tally.wrong(format!("the simulator refuses {what} {body}: {status} {said}"));
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

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
