//! Back again (F32): the books are lost and restored to an earlier point, and whoever knows of the money after it is asked.
//! `tests/test_all/restore.sh` makes the cluster, and does each step of backing up and restoring.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::TestDatabase;
use tests::bank::{ACCOUNT, OTHER_ACCOUNT};
use tests::files::{account, today};
use tests::portal::dossier;
use tests::{House, Plan, truth};

/// What the script says on standard output; all else is shown where it stands.
fn step(args: &[&str]) -> String {
    let script = std::env::var("MOTLAN_RESTORE_STEP").expect("tests/test_all/restore.sh runs this");
    let output = Command::new("bash").arg(script).args(args).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A fee and its intent, with an attempt at VNPAY or a QR of the bank's.
async fn is_offered(house: &House, amount: i64, at_vnpay: bool) -> (Value, Value) {
    let fee = house.portal.owes(&dossier(), amount, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = if at_vnpay { house.at_vnpay(&intent).await } else { house.at_the_bank(&intent).await };
    (intent, attempt)
}

async fn is_paid(house: &House, amount: i64, (intent, attempt): &(Value, Value)) {
    if attempt["channel"] == "vnpay" {
        let order = house.pays(attempt, json!({})).await;
        assert_eq!(order["ipn"][0]["rsp_code"], "00", "{order}");
    } else {
        house.transfers(amount, attempt["action"]["transfer_content"].as_str().unwrap()).await;
    }
    assert_eq!(house.portal.intent(intent).await["status"], "paid");
}

async fn takes(house: &House, amount: i64, at_vnpay: bool) {
    is_paid(house, amount, &is_offered(house, amount, at_vnpay).await).await;
}

/// What every payment of the books is, as `channel amount`.
async fn payments(house: &House) -> BTreeMap<String, i64> {
    let sql = "select coalesce(json_object_agg(w, n), '{}') from (select channel || ' ' || amount as w, count(*) as n
        from assurance.payment group by 1) p";
    serde_json::from_str(&house.ask(sql).await).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a cluster that can be lost: tests/test_all/restore.sh"]
async fn after_a_restore_to_an_earlier_point_every_dong_comes_back() {
    let mut house = House::planned(Plan { with_bank: true, ..Plan::default() }).await;
    house.hear_events().await;
    house.pays_out_to(&account()).await;
    for (amount, at_vnpay) in [(10_001, true), (10_002, false)] {
        takes(&house, amount, at_vnpay).await;
    }
    house.drain().await;
    step(&["backup"]);
    for (amount, at_vnpay) in [(20_001, true), (20_002, false)] {
        takes(&house, amount, at_vnpay).await;
    }
    let (at_vnpay, at_the_bank) = (is_offered(&house, 30_001, true).await, is_offered(&house, 30_002, false).await);
    house.drain().await;
    let before = payments(&house).await;
    let point = house.ask("select clock_timestamp()").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    // from here on all is lost: money of intents that the backup knows, and of intents that it does not
    is_paid(&house, 30_001, &at_vnpay).await;
    is_paid(&house, 30_002, &at_the_bank).await;
    let (gone_at_vnpay, gone_at_the_bank) =
        (is_offered(&house, 40_001, true).await, is_offered(&house, 40_002, false).await);
    is_paid(&house, 40_001, &gone_at_vnpay).await;
    is_paid(&house, 40_002, &gone_at_the_bank).await;
    house.transfers(50_000, "khong ghi gi").await;
    let how = json!({"account": OTHER_ACCOUNT, "amount": 50_001, "content": "khong ghi gi"});
    house.transfers_how(how).await;
    house.drain().await;
    assert_eq!(payments(&house).await.values().sum::<i64>(), before.values().sum::<i64>() + 6);
    house.ask("select pg_switch_wal()").await;

    let socket_dir = step(&["restore", &point]).into();
    house.goes_on_with(TestDatabase { name: house.database.name.clone(), socket_dir }).await;
    assert_eq!(payments(&house).await, before, "the books are those of the point");
    house.holds().await;
    let gone = house.portal.get(&format!("/v1/payment-intents/{}", gone_at_vnpay.0["id"].as_str().unwrap())).await;
    assert_eq!(gone.refused(404), "not_found");

    // providers are asked, accounts listed: what belongs to intents that are known is there
    house.listings_are_due().await;
    house.drain().await;
    for (intent, _) in [&at_vnpay, &at_the_bank] {
        assert_eq!(house.portal.intent(intent).await["status"], "paid");
    }
    // the files of the day say the rest
    let day = today().to_string();
    house.settles(&day).await.expect(201);
    house.imports("camt053_v8", &day).await;
    let other = house.bank_statement(OTHER_ACCOUNT, "camt053_v8", &day).await;
    house.sends_statement(&account().replace(ACCOUNT, OTHER_ACCOUNT), "auto", other).await.expect(201);
    house.drain().await;
    house.holds().await;

    truth::compare_after_loss(&house).await;
    // what is of an intent that is gone, and what never named one, waits with a case; VNPAY had told of its order, and does
    // not tell again: its settlement file does
    let waiting =
        "select string_agg(kind || ' ' || amount, ', ' order by amount) from assurance.kase where status = 'open'";
    let unidentified = "unidentified 40001, unidentified 40002, unidentified 50000, unidentified 50001";
    assert_eq!(house.ask(waiting).await, unidentified);
    let suspense = "select -sum(amount) from assurance.ledger_entry where account_code like 'suspense:%'";
    assert_eq!(house.ask(suspense).await, (40_001 + 40_002 + 50_000 + 50_001).to_string());
    let mut expected = before;
    for (what, n) in [
        ("vnpay 30001", 1),
        ("vietqr 30002", 1),
        ("vnpay 40001", 1),
        ("vietqr 40002", 1),
        ("vietqr 50000", 1),
        ("vietqr 50001", 1),
    ] {
        expected.insert(what.to_owned(), n);
    }
    assert_eq!(payments(&house).await, expected);
    house.stop().await;
}
