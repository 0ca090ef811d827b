//! An accountant's day in a real browser: `tests/browser/day.mjs` plays it. Files of two banks and of two providers come with
//! two differences of each kind, planted by the simulators, whose logs say what has to be found and that nothing else may be.

mod banks;
mod planted;
mod reports;
mod truth;

use crate::demonstration::fresh_dir;
use crate::receipts::collects;
use banks::Account;
use domain::Vnd;
use domain::business_day::{HANOI, business_date};
use domain::fee::{ProviderFee, Rounding};
use domain::role::Role;
use identity::code;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::bank::database_of_two;
use tests::child::run;
use tests::desk::{Login, PASSWORD, fresh_codes, hires};
use tests::{House, Plan};
use tokio::process::Command;

fn shown(login: &Login) -> Value {
    json!({"person": login.person, "password": PASSWORD, "totp_secret": code::text(&login.secret)})
}

fn kept(dir: &Path, name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn plan() -> Plan {
    Plan { with_worker: true, with_bank: true, with_wallets: true, ..Plan::default() }
}

/// What is agreed with a provider: where it pays out to, and what it keeps, as its simulator does.
async fn agrees(house: &House, profile: &str, account: &Account, (text, rate_ppm): (&str, i32)) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    assert!(storage::profiles::put_payouts(&db, profile, &account.code(), text).await.unwrap());
    let from = "2026-01-01".parse().unwrap();
    let fee = ProviderFee { from, rate_ppm, rounding: Rounding::HalfUp, fixed: Vnd::new(0) };
    storage::profiles::put_fee(&db, profile, &fee).await.unwrap();
}

async fn read(house: &House, url: String) -> Vec<u8> {
    let answer = house.http.get(url).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.bytes().await.unwrap().to_vec()
}

/// The files of both banks for a day, and of both providers for now; each with the place where a person brings it.
async fn files(house: &House, accounts: &[Account; 2], day: Date, dir: &Path) -> Vec<Value> {
    let mut files = Vec::new();
    for account in accounts {
        let bytes = house.bank_statement(account.number, account.format, &day.to_string()).await;
        let path = kept(dir, &format!("{}.{}", account.number, account.format), bytes);
        let scope = format!("bank:{}", account.code());
        files.push(json!({"field": "statement", "scope": scope, "layout": account.layout, "path": path}));
    }
    let cut = house.sim("settlement/cut", json!({})).await;
    let vnpay = format!("{}/_sim/settlement?session={}", house.vnpay.url, cut["session"]);
    let today = business_date(Timestamp::now());
    let momo = house.wallets.as_ref().unwrap().url("momo");
    let momo = format!("{momo}/_sim/settlement?date={today}&format=xlsx");
    for (profile, name, url) in [("vnpay_main", "vnpay.csv", vnpay), ("momo_main", "momo.xlsx", momo)] {
        let path = kept(dir, name, read(house, url).await);
        files.push(json!({"field": "settlement", "scope": format!("clearing:{profile}"), "path": path}));
    }
    files
}

/// Nobody waits half a minute for the next code.
async fn played(house: &House, run_file: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut child = Command::new("node").arg("day.mjs").arg(run_file).current_dir(root).kill_on_drop(true).spawn();
    let child = child.as_mut().expect("node is not installed: tests/test_all/browser.sh says how");
    let forgets = async {
        loop {
            fresh_codes(house).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => ended.unwrap(),
        () = forgets => unreachable!("it goes on until the day is over"),
    };
    assert!(ended.success(), "the browser's journey failed; it says where above");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn an_accountants_day_is_played_in_a_real_browser() {
    let house = House::on(database_of_two().await, plan()).await;
    house.has_two_banks().await;
    collects(&house).await;
    let accounts = banks::both();
    agrees(&house, "vnpay_main", &accounts[0], (tests::files::PAYOUT, 8_000)).await;
    agrees(&house, "momo_main", &accounts[1], ("MOMO TT", 11_000)).await;
    let logins = [
        hires(&house, "thu-quy", &[Role::Accountant], &[]).await,
        hires(&house, "lanh-dao", &[Role::Approver], &[]).await,
        hires(&house, "quan-tri", &[Role::Administrator], &[]).await,
    ];
    let day = business_date(Timestamp::now()).yesterday().unwrap();
    let noon = HANOI.to_timestamp(day.at(12, 0, 0, 0)).unwrap().to_string();
    planted::at_the_banks(&house, &accounts, &noon).await;
    planted::at_vnpay(&house, &accounts[0]).await;
    planted::at_momo(&house, &accounts[1]).await;

    let dir = fresh_dir("accountants-day");
    let files = files(&house, &accounts, day, &dir).await;
    let read = dir.join("read.json");
    let run_of_day = json!({
        "console_url": format!("{}/console", house.gateway.staff_url()), "forgets_codes": true,
        "logins": logins.iter().map(shown).collect::<Vec<_>>(), "planted": truth::told(&house).await, "files": files,
        "closes": accounts.iter().map(|a| format!("bank:{}", a.code())).collect::<Vec<_>>(), "day": day.to_string(),
        "read": read,
    });
    played(&house, &kept(&dir, "run.json", run_of_day.to_string().into_bytes())).await;
    let opened = serde_json::from_slice(&std::fs::read(&read).unwrap()).unwrap();
    reports::are_the_books(&house, &opened).await;
    house.holds().await;
    let verified = run(&tests::env(&house.database, &house.vnpay.url, &Plan::default()), &["verify", "--json"]).await;
    assert!(verified.success, "{}", verified.stdout);
    // the wallet's file tells of refunds that it never made, so that its books are not compared with ours
    house.stop().await;
}
