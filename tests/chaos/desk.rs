//! The one-stop desk: an officer takes cash and cards, enters a receipt once more when in doubt, and undoes with a second
//! person what was taken.

use crate::gate::{Asked, Told};
use crate::payers::{Payers, Payment, text};
use crate::tally;
use serde_json::{Value, json};
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};
use tests::counter::{COUNTER, OTHER_COUNTER, entry};

/// Each counter with the account that its cash is brought to.
pub const COUNTERS: [(&str, &str); 2] = [(COUNTER, ACCOUNT), (OTHER_COUNTER, OTHER_ACCOUNT)];

impl Payers {
    /// What was taken; `Some(None)`: the officer was told that nothing is to be taken, and gave it back.
    pub async fn at_desk(&self, payment: &Payment, tender: &str) -> Option<Option<Value>> {
        let n = self.number();
        let counter = COUNTERS[usize::try_from(n % 2).unwrap()].0;
        let fees: Vec<&Value> = payment.debts.iter().collect();
        let receipt = format!("BL-{}-{n}", self.seed);
        let (repeated, lied) = {
            let mut odds = self.odds.lock().unwrap();
            (odds.repeated.draw(), odds.lied.draw())
        };
        if lied {
            self.gate.tally.count(tally::LIED);
            let wrong = entry(counter, tender, &fees, payment.amount + 1, &receipt);
            if let Told::Done(taken) = self.enters(&wrong).await {
                self.gate.tally.wrong(format!("a counter took another amount than is due: {taken}"));
            }
        }
        let body = entry(counter, tender, &fees, payment.amount, &receipt);
        let taken = match self.enters(&body).await {
            Told::Done(taken) => taken,
            Told::Refused(_) => return Some(None),
            Told::Open => return None,
        };
        if tender == "card" {
            self.gate.tally.count(tally::BY_CARD);
        }
        if repeated {
            // an officer who is not sure enters the same receipt, as a request of its own
            match self.enters(&body).await {
                Told::Done(again) if again["id"] == taken["id"] => self.gate.tally.count(tally::ENTERED_AGAIN),
                Told::Open => {}
                Told::Done(other) => self.gate.tally.wrong(format!("one receipt, two payments: {taken} and {other}")),
                Told::Refused(code) => {
                    self.gate.tally.wrong(format!("a receipt that was taken is refused: {code} {taken}"))
                }
            }
        }
        Some(Some(taken))
    }

    async fn enters(&self, body: &Value) -> Told {
        self.gate.tell(Asked::by_officer("/v1/counter-payments".to_owned(), self.key(), body)).await
    }

    /// Undone by two persons; false where it stands, since its cash has gone to the bank.
    pub async fn undoes(&self, taken: &Value) -> Option<bool> {
        let path = format!("/v1/counter-payments/{}/void", text(&taken["id"]));
        let proposed = match self.gate.tell(Asked::by_officer(path, self.key(), &json!({"note": "thu nhầm"}))).await {
            Told::Done(proposed) => proposed,
            Told::Refused(_) => return Some(false),
            Told::Open => return None,
        };
        let path = format!("/v1/approvals/{}/approve", text(&proposed["approval_id"]));
        match self.gate.tell(Asked::by_staff(path, self.key(), &json!({}))).await {
            Told::Done(_) => {
                self.gate.tally.count(tally::UNDONE);
                Some(true)
            }
            Told::Refused(_) => Some(false),
            Told::Open => None,
        }
    }
}
