//! `motlan statement`, `motlan settlement` and `motlan opening` against a running gateway: what staff send without a portal is
//! what the API takes, and two persons stay two.

use crate::refunds::{paid, second_person};
use crate::statements::OWN;
use jiff::ToSpan;
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::bank::BIN;
use tests::child::{self, Ended};
use tests::files::{mt940, today};
use tests::{House, portal::fresh};

async fn run(house: &House, args: &[&str]) -> Ended {
    let at = ["--url", &house.staff.base, "--key", &house.staff.key, "--json"];
    child::run(&Vec::new(), &[args, &at].concat()).await
}

/// What the gateway answered.
async fn told(house: &House, args: &[&str]) -> Value {
    let ended = run(house, args).await;
    assert!(ended.success, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

async fn refused(house: &House, args: &[&str], said: &str) {
    let ended = run(house, args).await;
    assert!(!ended.success && ended.stdout.is_empty(), "{args:?}: {}", ended.stdout);
    assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
}

fn file(bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("motlan-sent-{}-{}", std::process::id(), fresh()));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_staff_send_from_the_command_line_is_taken_and_decided_as_over_the_api() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let second = second_person(&house).await;
    let approves = async |proposed: &Value| {
        let path = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        assert_eq!(house.staff.post(&path, json!({})).await.refused(403), "same_person");
        second.post(&path, json!({})).await.expect(200);
    };
    let account = format!("{BIN}.{OWN}");
    let day = today().checked_sub(3.days()).unwrap();
    let on = day.to_string();
    let opening = ["opening", "state", "--account", &account, "--day", &on, "--amount", "100000", "--note", "Bàn giao"];
    approves(&told(&house, &opening).await).await;
    refused(&house, &opening, "409 Conflict): opening_exists").await;
    let list = told(&house, &["opening", "list", "--account", &account]).await;
    assert_eq!((&list[0]["amount"], &list[1]), (&json!(100_000), &Value::Null));

    let first = file(&mt940(OWN, day, 100_000, &[(50_000, "FT1", "nop tien")]));
    let import = ["statement", "import", first.to_str().unwrap(), "--account", &account];
    let statement = told(&house, &import).await;
    assert_eq!((&statement["duplicate"], &statement["lines"]), (&json!(false), &json!(1)));
    assert_eq!(told(&house, &import).await["duplicate"], true);
    let id = statement["id"].as_str().unwrap();
    let corrected = file(&mt940(OWN, day, 100_000, &[(51_000, "FT1", "nop tien")]));
    let instead = ["statement", "supersede", id, corrected.to_str().unwrap(), "--note", "Ngân hàng đính chính"];
    approves(&told(&house, &instead).await).await;
    assert_eq!(told(&house, &["statement", "show", id]).await["status"], "superseded");
    let shown = house.staff.get(&format!("/v1/reconciliation/{day}?account={account}")).await.expect(200);
    assert_eq!((&shown["closing"], &shown["gaps"]), (&json!(151_000), &json!([])), "{shown:#}");

    house.pays_out_to(&tests::files::account()).await;
    paid(&house, 40_000).await;
    let of = house.ask("select max(business_date) from payment where profile = 'vnpay_main'").await;
    let settled = file(&house.settlement(&of).await);
    let settlement =
        told(&house, &["settlement", "import", settled.to_str().unwrap(), "--profile", "vnpay_main"]).await;
    let shown = told(&house, &["settlement", "show", settlement["id"].as_str().unwrap()]).await;
    assert_eq!((&shown["profile"], &shown["gross"]), (&json!("vnpay_main"), &json!(40_000)), "{shown:#}");

    refused(
        &house,
        &["settlement", "import", settled.to_str().unwrap(), "--profile", "none"],
        "404 Not Found): not_found",
    )
    .await;
    refused(&house, &["statement", "import", settled.to_str().unwrap(), "--account", &account], "422").await;
    refused(&house, &["statement", "show", "../payments"], "names nothing").await;
    refused(&house, &["statement", "import", "/not/there", "--account", &account], "No such file").await;
    for path in [first, corrected, settled] {
        std::fs::remove_file(path).unwrap();
    }
    house.close().await;
}
