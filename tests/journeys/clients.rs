//! Programs that other people wrote read what our simulators say, and build what our simulators take: so simulator and
//! adapter do not merely agree with each other. `tests/test_all/clients.sh` installs them.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tests::bank::{ACCOUNT, PAYOS_KEY, webhook};
use tests::portal::dossier;
use tests::{HASH_SECRET, House, TMN_CODE};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// How many checks of the program held; each of them ends it when it does not.
async fn checks(program: &str, script: &str, given: &Value) -> u32 {
    let mut command = Command::new(program);
    command.arg(script).current_dir(clients()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs programs of others: tests/test_all/clients.sh"]
async fn npms_vnpay_agrees_with_the_simulator_and_with_what_the_adapter_builds() {
    let house = House::new().await;
    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    // asked before anything is known: the adapter's own words
    house.drain().await;
    let log = house.http.get(format!("{}/_sim/log", house.vnpay.url)).send().await.unwrap().text().await.unwrap();
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let question = lines.rfind(|l| l["kind"] == "received" && l["what"] == "api").expect("nobody was asked");
    let question: Value = serde_json::from_str(question["body"].as_str().unwrap()).unwrap();
    let paid = house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    let order = house.called(&attempt).await;
    let given = json!({
        "url": house.vnpay.url, "tmn_code": TMN_CODE, "hash_secret": HASH_SECRET, "amount": 21_000,
        "pay_url": attempt["action"]["url"], "querydr": question, "return_url": paid["return_url"],
        "ipn_url": order["ipn"][0]["url"],
    });
    let held = checks("node", "vnpay.mjs", &given).await;
    assert!(held > 40, "{held} checks");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs programs of others: tests/test_all/clients.sh"]
async fn npms_and_pypis_payos_believe_the_simulators_webhooks_and_no_altered_one() {
    let house = House::with_bank().await;
    let url = webhook(&house.gateway.base_url(), "payos");
    let notifiers = json!([{"kind": "payos", "url": url, "secret": PAYOS_KEY}]);
    house.bank_sim("bank/accounts", json!({"number": ACCOUNT, "notifiers": notifiers})).await;
    for (amount, content) in [(21_000, "khong ghi gi"), (99_999, "Nộp phí chứng thực bản sao")] {
        house.transfers(amount, content).await;
    }
    let log = house.bank_log().await;
    let sent = log.iter().filter(|l| l["kind"] == "sent" && l["notifier"] == "payos");
    let bodies: Vec<&Value> = sent.map(|l| &l["body"]).collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    let given = json!({"key": PAYOS_KEY, "bodies": bodies});
    let python = std::env::var("MOTLAN_CLIENTS_PYTHON").expect("tests/test_all/clients.sh names it");
    for (program, script) in [("node", "payos.mjs"), (python.as_str(), "payos_webhooks.py")] {
        let held = checks(program, script, &given).await;
        assert!(held > 20, "{script}: {held} checks");
    }
    house.close().await;
}
