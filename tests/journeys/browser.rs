//! A real browser pays on the payer's page, by each channel and against the simulators: `tests/browser/run.mjs` drives it, this
//! gives it a whole gateway and compares the books afterwards. `tests/test_all/browser.sh` installs what it needs.

use crate::people::administrator;
use crate::refunds::second_person;
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use tests::bank::{ACCOUNT, OTHER_ACCOUNT, SEPAY_SECRET};
use tests::counter::COUNTER;
use tests::mobile_money::PHONE;
use tests::wallets::door;
use tests::{BENEFICIARY, House, OTHER_BENEFICIARY, Plan, counter};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Before the numbers of virtual accounts.
const VIRTUAL: &str = "VQR1";

/// The second beneficiary has an account number for each payment.
fn virtual_accounts() -> Vec<(&'static str, String)> {
    [
        ("MOTLAN_PROFILES__VIETQR_KB__BENEFICIARIES", BENEFICIARY),
        ("MOTLAN_PROFILES__VIETQR_NH__CHANNEL", "vietqr"),
        ("MOTLAN_PROFILES__VIETQR_NH__BENEFICIARIES", OTHER_BENEFICIARY),
        ("MOTLAN_PROFILES__VIETQR_NH__SEPAY_HMAC_SECRET", SEPAY_SECRET),
        ("MOTLAN_PROFILES__VIETQR_NH__VIRTUAL_ACCOUNT_PREFIX", VIRTUAL),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn a_citizen_pays_by_each_channel_in_a_real_browser() {
    let redis = testkit::redis::start();
    let mut settings = vec![
        ("MOTLAN_REDIS__URL", redis.url()),
        // held until we take it: the page is seen while a wallet has begun to take money; of the second contract MoMo
        // takes by itself
        ("MOTLAN_PROFILES__MOMO_MAIN__AUTO_CAPTURE", "false".to_owned()),
    ];
    settings.extend(counter::settings());
    settings.extend(virtual_accounts());
    let plan = Plan {
        with_worker: true,
        with_bank: true,
        with_mobile_money: true,
        with_wallets: true,
        with_second_momo: true,
        with_bills: true,
        settings,
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    house.hear_events().await;
    let base = house.gateway.base_url();
    house.sets_up(COUNTER, &[BENEFICIARY]).await;
    let teller = json!({"kind": "sepay_hmac", "url": format!("{base}/v1/webhooks/vietqr/sepay/vietqr_nh"), "secret": SEPAY_SECRET});
    let account = json!({"number": OTHER_ACCOUNT, "virtual_accounts": [VIRTUAL], "notifiers": [teller]});
    house.bank_sim("bank/accounts", account).await;
    let back = json!({"url": format!("{base}{}", door("national")), "return_url": format!("{base}/pay")});
    house.wallet_sim("national", "notify", back).await;
    let (approver, admin) = (second_person(&house).await, administrator(&house).await);
    let wallets = house.wallets.as_ref().unwrap();
    let bills = house.bills.as_ref().unwrap();
    let given = json!({
        "base": base, "key": house.portal.key, "staff_key": house.staff.key,
        "approver_key": approver.key, "admin_key": admin.key, "receiving": tests::files::account(),
        "vnpay": house.vnpay.url, "momo": wallets.momo.url, "zalopay": wallets.zalopay.url,
        "bank": house.bank.as_ref().unwrap().url, "mobile_money": house.mobile_money.as_ref().unwrap().url,
        "national": wallets.national.url, "bank_bills": bills.bank.url, "mobile_money_bills": bills.wallet.url,
        "dossier": house.dossier.url, "account": ACCOUNT, "phone": PHONE, "counter": COUNTER, "virtual": VIRTUAL,
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
