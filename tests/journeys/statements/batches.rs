//! One format shows a batch as one line, another each of its parts, under the same reference of the bank's: the money is
//! there once, whichever comes first.

use super::{MOVEMENTS, OWN, PAYMENTS, cases, count, standing};
use serde_json::{Value, json};
use tests::House;
use tests::bank::BIN;
use tests::files::{camt, mt940, today};
use tests::portal::dossier;

/// As many characters as MT940 has room for.
const REFERENCE: &str = "FT26330000111100";

struct Batch {
    house: House,
    intents: Vec<Value>,
}

impl Batch {
    async fn new() -> Self {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let mut intents = Vec::new();
        for amount in [400, 600] {
            let fee = house.portal.owes(&dossier(), amount, json!({})).await;
            intents.push(house.portal.opens(&[&fee]).await);
        }
        Self { house, intents }
    }

    /// The parts under a reference.
    fn apart(&self, reference: &str, amounts: [i64; 2]) -> Vec<u8> {
        let parts: Vec<(i64, &str)> =
            amounts.into_iter().zip(self.intents.iter().map(|i| i["reference"].as_str().unwrap())).collect();
        camt(OWN, today(), Some(0), &[(amounts.iter().sum(), reference, &parts)])
    }

    async fn brings(&self, bytes: Vec<u8>, new: i64) {
        let statement = self.house.sends_statement(&format!("{BIN}.{OWN}"), "auto", bytes).await.expect(201);
        assert_eq!(count(&statement, "new_movements"), new, "{statement}");
    }

    async fn are(&self, status: &str) {
        for intent in &self.intents {
            assert_eq!(self.house.portal.intent(intent).await["status"], status);
        }
    }

    /// The bank's balance is the books', and the day closes.
    async fn ends(self, at: i64) {
        assert_eq!(standing(&self.house, "bank").await, format!("bank:{BIN}.{OWN} {at}"));
        let day = format!("/v1/reconciliation/{}", today());
        let shown = self.house.staff.get(&format!("{day}?account={BIN}.{OWN}")).await.expect(200);
        assert_eq!(shown["gaps"], json!([]), "{shown:#}");
        self.house.staff.post(&format!("{day}/close?account={BIN}.{OWN}"), json!({})).await.expect(200);
        self.house.close().await;
    }
}

fn whole(reference: &str, amount: i64) -> Vec<u8> {
    mt940(OWN, today(), 0, &[(amount, reference, "LO 2 GIAO DICH")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_came_in_its_parts_is_no_new_money_as_one_line() {
    for reference in [REFERENCE, "FT2633000011110077"] {
        let batch = Batch::new().await;
        batch.brings(batch.apart(reference, [400, 600]), 2).await;
        batch.are("paid").await;
        batch.brings(whole(&reference[..16], 1_000), 0).await;
        // and once more, each of them in another file
        batch.brings([whole(&reference[..16], 1_000), b"\r\n".to_vec()].concat(), 0).await;
        batch.brings([batch.apart(reference, [400, 600]), b"\n".to_vec()].concat(), 0).await;
        let house = &batch.house;
        assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("2", "2"));
        assert_eq!(cases(house).await, "");
        batch.are("paid").await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_came_as_one_line_is_no_new_money_in_its_parts() {
    for reference in [REFERENCE, "FT2633000011110077"] {
        let batch = Batch::new().await;
        batch.brings(whole(&reference[..16], 1_000), 1).await;
        assert_eq!(cases(&batch.house).await, "unidentified");
        batch.brings(batch.apart(reference, [400, 600]), 0).await;
        batch.brings([whole(&reference[..16], 1_000), b"\r\n".to_vec()].concat(), 0).await;
        batch.house.drain().await;
        let house = &batch.house;
        assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("1", "1"));
        // which of it is whose, a person says
        assert_eq!(cases(house).await, "unidentified");
        batch.are("open").await;
        batch.ends(1_000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_not_what_its_parts_come_to_is_new_money_and_the_day_shows_it() {
    let batch = Batch::new().await;
    batch.brings(batch.apart(REFERENCE, [400, 600]), 2).await;
    batch.brings(whole(REFERENCE, 1_001), 1).await;
    let shown = batch.house.staff.get(&format!("/v1/reconciliation/{}?account={BIN}.{OWN}", today())).await.expect(200);
    assert_eq!(shown["gaps"][0]["kind"], "closing_differs", "{shown:#}");
    batch.house.close().await;
}
