//! Customers of a bank and of a Mobile Money provider, in whose applications they type a dossier's code and pay. Here the
//! other side calls: it repeats a payment under its number until an answer is one.

use crate::payers::{Payers, Payment};
use crate::tally;
use crate::ways::{Way, code_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(300);
/// With all well again every customer's money is somewhere after so long.
const DECIDED_WITHIN: Duration = Duration::from_secs(30);

/// A payment whose application does not know what became of it.
pub struct Doubt {
    way: Way,
    number: String,
}

impl Payers {
    /// The first bill of the payment's dossier, once the gateway tells it.
    pub async fn bill_of(&self, way: Way, payment: &Payment) -> Option<Value> {
        let customer = code_of(payment);
        while !self.gate.is_over() {
            let shown = self.sim(way.at(), "ask", json!({"customer": customer})).await?;
            if let Some(bill) = shown["bills"].as_array().and_then(|bills| bills.first()) {
                return Some(bill.clone());
            }
            if shown["status"] == 200 {
                // an answer, and nothing is owed
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    /// Whether the gateway has the money: else the customer has it back. None: not known yet.
    pub async fn pays_bill(&self, way: Way, payment: &Payment, bill: &Value) -> Option<bool> {
        let number = format!("BT{}N{}", self.seed, self.number());
        let (mut what, mut again) = (Vec::new(), false);
        {
            let (tally, mut odds) = (&self.gate.tally, self.odds.lock().unwrap());
            if odds.repeated.draw() {
                what.push(json!({"repeat": 2}));
            }
            if odds.reordered.draw() {
                // told once more when all is decided
                again = true;
                tally.count(tally::REORDERED);
            }
            if odds.lost.draw() {
                what.push(json!({"lose_answer": 1}));
            }
            if odds.forged.draw() {
                what.extend([json!({"forge": "checksum"}), json!({"forge": "token"}), json!({"forge": "service"})]);
            }
            if odds.lied.draw() {
                what.push(json!({"amount_delta": 1}));
                tally.count(tally::LIED);
            }
        }
        if !what.is_empty() {
            let rule = json!({"match": {"transaction": number}, "do": what, "times": 1});
            self.sim(way.at(), "script", rule).await?;
        }
        let body = json!({"customer": code_of(payment), "bill": bill["bill"], "amount": bill["amount"],
            "transaction": number});
        let mut shown = self.sim(way.at(), "pay", body).await?;
        let told_again = json!({"transaction": number});
        while shown["state"] == "unknown" {
            if self.gate.is_over() {
                self.doubts.lock().unwrap().push(Doubt { way, number });
                return None;
            }
            tokio::time::sleep(PAUSE).await;
            shown = self.sim(way.at(), "again", told_again.clone()).await?;
        }
        if again {
            self.sim(way.at(), "again", told_again).await?;
        }
        let lied = shown["amount"] != bill["amount"];
        if lied && shown["state"] == "paid" {
            self.gate.tally.wrong(format!("a bill was paid with another amount: {shown}"));
        }
        Some(shown["state"] == "paid")
    }

    /// With all well again the applications hear of every payment what became of it.
    pub async fn doubts_end(&self) {
        let doubts = std::mem::take(&mut *self.doubts.lock().unwrap());
        println!("{} bill payments whose applications do not know the outcome are told again", doubts.len());
        for Doubt { way, number } in doubts {
            let begun = Instant::now();
            while begun.elapsed() < DECIDED_WITHIN {
                let shown = self.sim(way.at(), "again", json!({"transaction": number})).await;
                if shown.is_some_and(|shown| shown["state"] != "unknown") {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
