//! A real browser pays on the payer's page, by each channel and against the simulators: `tests/browser/run.mjs` drives it, this
//! gives it a whole gateway and compares the books afterwards. `tests/test_all/browser.sh` installs what it needs.

use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use tests::bank::ACCOUNT;
use tests::mobile_money::PHONE;
use tests::{House, Plan};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn a_citizen_pays_by_each_channel_in_a_real_browser() {
    let redis = testkit::redis::start();
    let plan = Plan {
        with_worker: true,
        with_bank: true,
        with_mobile_money: true,
        with_wallets: true,
        settings: vec![
            ("MOTLAN_REDIS__URL", redis.url()),
            // held until we take it: the page is seen while a wallet has begun to take money
            ("MOTLAN_PROFILES__MOMO_MAIN__AUTO_CAPTURE", "false".to_owned()),
        ],
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    house.hear_events().await;
    let wallets = house.wallets.as_ref().unwrap();
    let given = json!({
        "base": house.gateway.base_url(), "key": house.portal.key, "staff_key": house.staff.key,
        "vnpay": house.vnpay.url, "momo": wallets.momo.url, "zalopay": wallets.zalopay.url,
        "bank": house.bank.as_ref().unwrap().url, "mobile_money": house.mobile_money.as_ref().unwrap().url,
        "dossier": house.dossier.url, "account": ACCOUNT, "phone": PHONE,
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut child = Command::new("node")
        .arg("run.mjs")
        .current_dir(root)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is not installed: tests/test_all/browser.sh says how");
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).await.unwrap();
    let ended = child.wait().await.unwrap();
    assert!(ended.success(), "the browser's journeys failed; they say which above");
    house.close().await;
}
