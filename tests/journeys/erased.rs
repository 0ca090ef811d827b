//! A person's data is erased: nothing of it is left where it may go, the accounting documents stay, and the books hold.

mod shared;
mod waiting;

use crate::refunds::{approves, becomes, id, proposes, second_person};
use domain::party::IdentityKind;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storage::{Vault, parties};
use tests::bank::ACCOUNT;
use tests::child::{Ended, Env, run};
use tests::files::today;
use tests::portal::{Portal, dossier};
use tests::{House, Plan, rows};

pub(crate) const NUMBER: &str = "079185770999";
/// As a bank writes it.
pub(crate) const NAME: &str = "VO THI XOA BO";
const OTHER_NUMBER: &str = "079185770888";
const OTHER_NAME: &str = "TRAN VAN GIU LAI";

pub(crate) fn payer(name: &str, number: &str) -> Value {
    json!({"payer": {"name": name, "identity_kind": "citizen_id", "identity_number": number, "phone": "0912345678"}})
}

fn of_process(house: &House) -> Env {
    tests::env(&house.database, &house.vnpay.url, &Plan::default())
}

pub(crate) async fn payer_command(house: &House, what: &str, number: &str) -> Ended {
    run(&of_process(house), &["payer", what, "--identity-number", number, "--json"]).await
}

/// Pays one fee at VNPAY and one by a transfer that names the person.
async fn pays(house: &House, name: &str, number: &str) -> Value {
    let fee = house.portal.owes(&dossier(), 21_000, payer(name, number)).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
    let fee = house.portal.owes(&dossier(), 33_000, payer(name, number)).await;
    let intent = house.portal.opens(&[&fee]).await;
    let content = format!("{name} nop {}", intent["reference"].as_str().unwrap());
    let how = json!({"account": ACCOUNT, "amount": 33_000, "content": content, "payer_name": name,
        "payer_account": number});
    house.transfers_how(how).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid");
    fee
}

/// Two persons send so much of what waits of the payment back, and the statement shows it.
async fn goes_back(house: &House, approver: &Portal, payment: &Value, amount: i64) {
    let proposal = proposes(&house.staff, payment, &[json!({"amount": amount})], "close").await.expect(201);
    approves(approver, &proposal).await.expect(200);
    becomes(house, &proposal, "awaiting_statement").await;
    let path = format!("/v1/refunds/{}", id(&proposal));
    let text = house.staff.get(&path).await.expect(200)["work_item"]["text"].clone();
    let how = json!({"account": ACCOUNT, "amount": amount, "content": text, "direction": "out"});
    house.bank_sim("bank/transfer", how).await;
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    assert_eq!(house.staff.get(&path).await.expect(200)["status"], "succeeded");
}

/// The second transfer for a fee is too much, and its payer says on the page where it shall go back to: its payment.
async fn tells_account(house: &House, fee: &Value) -> Value {
    let obligation = fee["id"].as_str().unwrap();
    let of_fee = format!(
        "from assurance.intent_obligation o join assurance.intent i using (intent_id) where o.obligation_id = '{obligation}'"
    );
    let (reference, intent) = (
        house.ask(&format!("select i.reference {of_fee}")).await,
        house.ask(&format!("select i.intent_id {of_fee}")).await,
    );
    let content = format!("{NAME} nop {reference}");
    let how =
        json!({"account": ACCOUNT, "amount": 33_000, "content": content, "payer_name": NAME, "payer_account": NUMBER});
    house.transfers_how(how).await;
    house.drain().await;
    let second = house.ask("select payment_id from assurance.allocation where suspense_reason = 'duplicate'").await;
    let page = house.portal.get(&format!("/v1/payment-intents/{intent}")).await.expect(200)["checkout_url"].clone();
    let url = format!("{}/refund-account", page.as_str().unwrap());
    let fields =
        [("payment", second.as_str()), ("bank_bin", "970436"), ("account_number", NUMBER), ("account_name", NAME)];
    assert_eq!(house.http.post(url).form(&fields).send().await.unwrap().status(), 303);
    assert_eq!(house.ask("select ends_in from refund_wish where account_sealed is not null").await, "0999");
    house.staff.get(&format!("/v1/payments/{second}")).await.expect(200)
}

/// The tables in which a word stands, as text or in bytes.
async fn tables_with(house: &House, word: &str) -> BTreeSet<String> {
    let (plain, bytes) = (word.to_owned(), hex::encode(word));
    let dump = rows::dump(&house.database).await;
    let with = dump.into_iter().filter(|(_, row)| row.contains(&plain) || row.contains(&bytes));
    with.map(|(table, _)| table).collect()
}

fn vault() -> Vault {
    Vault::new(&SecretString::from("7465737474657374746573747465737474657374746573747465737474657374")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_a_payer_leaves_the_books_and_the_documents_and_nothing_else_of_the_person() {
    let house = House::with_bank().await;
    let fee = pays(&house, NAME, NUMBER).await;
    pays(&house, OTHER_NAME, OTHER_NUMBER).await;
    let second = tells_account(&house, &fee).await;
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    house.holds().await;
    let before = house.ask("select string_agg(hash, ' ' order by seq) from assurance.seal").await;
    let ids = {
        let db = house.gateway.ctx.pool.get().await.unwrap();
        parties::by_identity(&db, &vault(), IdentityKind::CitizenId, NUMBER).await.unwrap()
    };
    assert_eq!(ids.len(), 2);
    assert!(tables_with(&house, NAME).await.contains("public.statement_line"), "the statement names nobody");

    // what is still owed needs its payer
    let due = house.portal.owes(&dossier(), 5_000, payer(NAME, NUMBER)).await;
    let refused = payer_command(&house, "erase", NUMBER).await;
    assert!(!refused.success && refused.stderr.contains(due["id"].as_str().unwrap()), "{}", refused.stderr);
    assert_eq!(house.ask("select count(*) from party where erased_at is not null").await, "0");
    house.portal.post(&format!("/v1/obligations/{}/cancel", due["id"].as_str().unwrap()), json!({})).await.expect(200);

    // so is whose money waits
    let refused = payer_command(&house, "erase", NUMBER).await;
    assert!(!refused.success && refused.stderr.contains(id(&second)), "{}", refused.stderr);
    goes_back(&house, &second_person(&house).await, &second, 33_000).await;

    let shown = payer_command(&house, "show", NUMBER).await;
    assert_eq!(shown.stdout.matches(NAME).count(), 3, "{} {}", shown.stdout, shown.stderr);
    let erased = payer_command(&house, "erase", NUMBER).await;
    assert!(erased.success, "{}", erased.stderr);
    let erased: Value = serde_json::from_str(&erased.stdout).unwrap();
    // two credits on both files, the debit on the second
    assert_eq!(erased, json!({"registrations": 3, "statement_lines": 5}));
    assert_eq!(house.ask("select count(*) from refund_wish where account_sealed is null and ends_in = ''").await, "1");

    for what in ["show", "erase"] {
        let again = payer_command(&house, what, NUMBER).await;
        assert!(!again.success && again.stderr.contains("nobody"), "{what}: {}", again.stderr);
    }
    // the files of the bank and its notices are accounting documents: docs/personal-data.md
    let documents = BTreeSet::from(["public.sighting_payload".to_owned(), "public.statement_piece".to_owned()]);
    for word in [NAME, NUMBER] {
        let left = tables_with(&house, word).await;
        assert!(left.is_subset(&documents), "{word} stands in {left:?}");
    }
    assert_eq!(house.ask("select count(*) from party where erased_at is not null and length(sealed) = 0").await, "3");
    {
        let db = house.gateway.ctx.pool.get().await.unwrap();
        for id in &ids {
            assert!(parties::by_id(&db, &vault(), *id).await.unwrap().is_none());
        }
        let other = parties::by_identity(&db, &vault(), IdentityKind::CitizenId, OTHER_NUMBER).await.unwrap();
        assert_eq!(parties::by_id(&db, &vault(), other[0]).await.unwrap().unwrap().name, OTHER_NAME);
    }
    assert!(tables_with(&house, OTHER_NAME).await.contains("public.statement_line"), "another's line was touched");

    // nothing of the books has moved, and the trail says who and when, not whom
    let audit = house.ask("select string_agg(action, ' ' order by id) from audit where action like 'payer%'").await;
    assert_eq!(audit, "payer_read payer_read payer_read payer_erased payer_erased payer_erased");
    house.drain().await;
    let after = house.ask("select string_agg(hash, ' ' order by seq) from assurance.seal").await;
    assert!(after.starts_with(&before), "an earlier seal has changed");
    assert_eq!(house.portal.obligation(&fee).await["status"], "paid");
    let verified = run(&of_process(&house), &["verify", "--json"]).await;
    assert!(verified.success, "{}", verified.stdout);
    // the same file again is known, and brings nobody back
    let again = house.imports("camt053_v8", &today().to_string()).await;
    assert_eq!(again["duplicate"], true);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_comes_after_its_payer_was_erased_names_nobody() {
    let house = House::with_bank().await;
    pays(&house, NAME, NUMBER).await;
    pays(&house, OTHER_NAME, OTHER_NUMBER).await;
    let erased = payer_command(&house, "erase", NUMBER).await;
    assert!(erased.success, "{}", erased.stderr);
    for format in ["camt053_v8", "mt940"] {
        house.imports(format, &today().to_string()).await;
        house.drain().await;
        let documents = BTreeSet::from(["public.sighting_payload".to_owned(), "public.statement_piece".to_owned()]);
        for word in [NAME, NUMBER] {
            let left = tables_with(&house, word).await;
            assert!(left.is_subset(&documents), "{format}: {word} stands in {left:?}");
        }
        assert!(tables_with(&house, OTHER_NAME).await.contains("public.statement_line"), "another's line was touched");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_can_empty_a_person_and_cannot_rewrite_one() {
    let house = House::new().await;
    house.portal.owes(&dossier(), 21_000, payer(NAME, NUMBER)).await;
    let app = house.database.connect("motlan_app").await;
    for sql in ["update party set sealed = 'other'", "delete from party", "update statement_line set text = ''"] {
        let refused = app.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
    let half = house.database.connect("motlan_superuser").await;
    let half = half.batch_execute("update party set erased_at = now()").await.unwrap_err();
    assert!(half.to_string().contains("db error") && format!("{half:?}").contains("party_erased_whole"), "{half:?}");
    house.close().await;
}
