//! A line that is several persons' money says whose it is until the last of them is erased.

use super::{NAME, NUMBER, OTHER_NAME, OTHER_NUMBER, payer, payer_command, tables_with};
use crate::refunds::{approves, id, payment_of, second_person};
use crate::statements::{OWN, batches::told};
use serde_json::{Value, json};
use tests::House;
use tests::bank::{ACCOUNT, BIN};
use tests::files::{mt940, today};
use tests::portal::dossier;

async fn owes(house: &House, name: &str, number: &str, amount: i64) -> Value {
    house.portal.owes(&dossier(), amount, payer(name, number)).await
}

async fn is_erased(house: &House, number: &str) {
    let erased = payer_command(house, "erase", number).await;
    assert!(erased.success, "{}", erased.stderr);
    // whatever looks after it again
    house.drain().await;
}

async fn a_line_names(house: &House, name: &str) -> bool {
    tables_with(house, name).await.contains("public.statement_line")
}

/// A person pays too much for their fee, and two persons place the rest on what another one owes.
async fn pays_for_both(house: &House) {
    let own = owes(house, NAME, NUMBER, 33_000).await;
    let of_other = owes(house, OTHER_NAME, OTHER_NUMBER, 20_000).await;
    let intent = house.portal.opens(&[&own]).await;
    let content = format!("{NAME} nop {}", intent["reference"].as_str().unwrap());
    let how = json!({"account": ACCOUNT, "amount": 53_000, "content": content, "payer_name": NAME,
        "payer_account": NUMBER});
    house.transfers_how(how).await;
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    let case = house.staff.get("/v1/cases?status=open&kind=overpaid").await.expect(200)["data"][0].clone();
    let assign = json!({"action": "assign_to_obligations", "obligation_ids": [of_other["id"]]});
    let proposed = house.staff.post(&format!("/v1/cases/{}/resolutions", id(&case)), assign).await.expect(201);
    approves(&second_person(house).await, &proposed).await.expect(200);
    for fee in [&own, &of_other] {
        assert_eq!(house.portal.obligation(fee).await["status"], "paid");
    }
    assert_eq!(payment_of(house, &intent).await["amount"], 53_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_which_the_rest_was_placed_on_anothers_debt_says_whose_it_is_until_both_are_erased() {
    for [first, last] in [[NUMBER, OTHER_NUMBER], [OTHER_NUMBER, NUMBER]] {
        let house = House::with_bank().await;
        pays_for_both(&house).await;
        is_erased(&house, first).await;
        assert!(a_line_names(&house, NAME).await, "{first} was erased: the other one's money is still to be shown");
        is_erased(&house, last).await;
        assert!(!a_line_names(&house, NAME).await, "{last} was the last one");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_two_persons_payments_says_so_until_both_are_erased_unless_each_has_a_line_of_its_own() {
    for [first, last] in [[NUMBER, OTHER_NUMBER], [OTHER_NUMBER, NUMBER]] {
        let house = House::with_bank().await;
        house.had_account(OWN).await;
        let mut codes = Vec::new();
        for (name, number, amount) in [(NAME, NUMBER, 400), (OTHER_NAME, OTHER_NUMBER, 600)] {
            let intent = house.portal.opens(&[&owes(&house, name, number, amount).await]).await;
            let code = intent["reference"].as_str().unwrap().to_owned();
            told(&house, amount, &format!("FT2633000000{amount}"), &code).await;
            codes.push(code);
        }
        let text = format!("{NAME} {}", codes.join(" "));
        let file = mt940(OWN, today(), 0, &[(1_000, "FTLO26330001", &text)]);
        house.sends_statement(&format!("{BIN}.{OWN}"), "auto", file).await.expect(201);
        house.drain().await;
        assert_eq!(house.ask("select count(*) from statement_line_part").await, "1", "it is both payments");
        is_erased(&house, first).await;
        assert!(a_line_names(&house, NAME).await, "{first} was erased");
        is_erased(&house, last).await;
        assert!(!a_line_names(&house, NAME).await, "{last} was the last one");
        house.close().await;
    }
}
