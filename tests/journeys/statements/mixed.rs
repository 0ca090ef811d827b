//! Whatever is told, lost, told again and stated, in whatever order: in the end each transfer is one payment of the
//! intent that it names.

use super::{IN_TRANSIT, MOVEMENTS, PAYMENTS};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::House;
use tests::bank::{ACCOUNT, CASSO, SEPAY};
use tests::files::today;
use tests::portal::dossier;

const FORMATS: [&str; 5] = ["camt053_v2", "camt053_v8", "camt054_v8", "mt940", "csv"];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// What becomes of the next notifications.
async fn tell_somehow(house: &House, dice: &mut Dice) {
    house.bank_as_usual().await;
    for teller in [SEPAY, CASSO] {
        let what = match dice.below(5) {
            0 | 1 => continue,
            2 => json!({"drop": true}),
            3 => json!({"without_reference": true}),
            _ => json!({"repeat": 2}),
        };
        house.bank_script(json!({"notifier": teller}), what).await;
    }
}

async fn history(seed: u64, mt940_reference: &str) {
    let house = House::with_bank().await;
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "mt940_reference": mt940_reference})).await;
    let mut dice = Dice(seed);
    let mut paid: BTreeMap<String, (Value, usize)> = BTreeMap::new();
    for _ in 0..30 {
        let amount = [20_000, 50_000][dice.below(2)];
        let again = dice.below(6) == 0 && !paid.is_empty();
        let reference = if again {
            paid.keys().nth(dice.below(paid.len())).unwrap().clone()
        } else {
            let fee = house.portal.owes(&dossier(), amount, json!({})).await;
            let intent = house.portal.opens(&[&fee]).await;
            let reference = intent["reference"].as_str().unwrap().to_owned();
            paid.insert(reference.clone(), (intent, 0));
            reference
        };
        let (intent, times) = paid.get_mut(&reference).unwrap();
        *times += 1;
        tell_somehow(&house, &mut dice).await;
        let how = json!({"account": ACCOUNT, "amount": intent["amount"], "content": reference, "mangle": "random"});
        house.transfers_how(how).await;
        if dice.below(4) == 0 {
            house.imports(FORMATS[dice.below(FORMATS.len())], &today().to_string()).await;
        }
    }
    house.bank_as_usual().await;
    for format in FORMATS {
        house.imports(format, &today().to_string()).await;
    }
    house.drain().await;
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("30", "30"), "seed {seed}");
    assert_eq!(house.ask(IN_TRANSIT).await, "0", "seed {seed}");
    for (reference, (intent, times)) in &paid {
        assert_eq!(house.portal.intent(intent).await["status"], "paid", "seed {seed}: {reference}");
        let of = format!(
            "select count(*) from payment p join intent i on i.id = p.intent_id where reference = '{reference}'"
        );
        assert_eq!(house.ask(&of).await, times.to_string(), "seed {seed}: {reference}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_transfer_is_one_payment_of_its_intent_where_all_have_references() {
    for seed in 1..=3 {
        history(seed, "same").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_where_one_format_has_none() {
    for seed in 11..=13 {
        history(seed, "none").await;
    }
}
