//! An accountant's day in a real browser: `tests/browser/day.mjs` plays it. Files of two banks and of two providers come with
//! two differences of each kind, planted by the simulators, whose logs say what has to be found and that nothing else may be.

mod banks;
mod planted;
mod reports;
mod truth;

use crate::demonstration::fresh_dir;
use crate::receipts::collects;
use banks::{Account, Days};
use domain::Vnd;
use domain::fee::{ProviderFee, Rounding};
use domain::role::Role;
use identity::code;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::bank::database_of_two;
use tests::child::run;
use tests::desk::{Login, PASSWORD, fresh_codes, hires};
use tests::interruption::a_day_that_lasts;
use tests::portal::fresh;
use tests::{House, Plan};
use tokio::process::Command;

fn shown(login: &Login) -> Value {
    json!({"person": login.person, "password": PASSWORD, "totp_secret": code::text(&login.secret)})
}

/// A file that a person will bring; none takes the place of another.
fn kept(dir: &Path, ending: &str, bytes: Vec<u8>) -> PathBuf {
    let path = dir.join(format!("{}.{ending}", fresh()));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn plan() -> Plan {
    let settings = vec![("MOTLAN_RECEIPTS__CASE_AFTER_S", "5".to_owned())];
    Plan { with_worker: true, with_bank: true, with_wallets: true, settings, ..Plan::default() }
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

/// The file of each bank for what is asked for, with the place where a person brings it.
async fn statements(house: &House, accounts: &[Account; 2], asked: &str, dir: &Path) -> Vec<Value> {
    let mut files = Vec::new();
    for account in accounts {
        let bytes = house.bank_statement(account.number, account.format, asked).await;
        let (path, layout) = (kept(dir, account.format, bytes), account.layout);
        files.push(json!({"field": "statement", "scope": account.scope(), "layout": layout, "path": path}));
    }
    files
}

/// The same of both providers.
async fn settlements(house: &House, (vnpay, momo): (&str, &str), dir: &Path) -> Vec<Value> {
    let vnpay = format!("{}/_sim/settlement?{vnpay}", house.vnpay.url);
    let wallet = house.wallets.as_ref().unwrap().url("momo");
    let momo = format!("{wallet}/_sim/settlement?date={momo}&format=xlsx");
    let mut files = Vec::new();
    for (profile, ending, url) in [("vnpay_main", "csv", vnpay), ("momo_main", "xlsx", momo)] {
        let path = kept(dir, ending, read(house, url).await);
        files.push(json!({"field": "settlement", "scope": format!("clearing:{profile}"), "path": path}));
    }
    files
}

/// What comes in the morning and does not add up.
async fn damaged_files(house: &House, accounts: &[Account; 2], (days, vnpay): (&Days, &str), dir: &Path) -> Vec<Value> {
    let mut files = statements(house, accounts, &format!("{}&damage=wrong_closing", days.first), dir).await;
    let wrong = |asked: &str| format!("{asked}&damage=wrong_total");
    files.extend(settlements(house, (&wrong(vnpay), &wrong(&days.today.to_string())), dir).await);
    files
}

/// The same as it should be.
async fn files(house: &House, accounts: &[Account; 2], (days, vnpay): (&Days, &str), dir: &Path) -> Vec<Value> {
    let mut files = statements(house, accounts, &days.first.to_string(), dir).await;
    files.extend(statements(house, accounts, &days.last.to_string(), dir).await);
    files.extend(settlements(house, (vnpay, &days.today.to_string()), dir).await);
    files
}

/// What comes when it is asked for: the day that is missing, and the providers' next files.
async fn later_files(house: &House, accounts: &[Account; 2], days: &Days, dir: &Path) -> Vec<Value> {
    let mut files = statements(house, accounts, &days.missing.to_string(), dir).await;
    let next = days.today.tomorrow().unwrap().to_string();
    files.extend(settlements(house, (&format!("date={next}"), &next), dir).await);
    files
}

/// Nobody waits half a minute for the next code, nor a minute for the next look at what has no receipt.
async fn played(house: &House, run_file: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut child = Command::new("node").arg("day.mjs").arg(run_file).current_dir(root).kill_on_drop(true).spawn();
    let child = child.as_mut().expect("node is not installed: tests/test_all/browser.sh says how");
    let forgets = async {
        loop {
            fresh_codes(house).await;
            house.ask("update receipt_work set due_at = now() where due_at > now()").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => ended.unwrap(),
        () = forgets => unreachable!("it goes on until the day is over"),
    };
    assert!(ended.success(), "the browser's journey failed; it says where above");
}

/// Two people who work together, and who drives again what was given up.
async fn staff(house: &House) -> [Login; 3] {
    [
        hires(house, "thu-quy", &[Role::Accountant], &[]).await,
        hires(house, "lanh-dao", &[Role::Approver], &[]).await,
        hires(house, "quan-tri", &[Role::Administrator], &[]).await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn an_accountants_day_is_played_in_a_real_browser() {
    a_day_that_lasts(Duration::from_secs(180)).await;
    let house = House::on(database_of_two().await, plan()).await;
    house.has_two_banks().await;
    house.hear_events().await;
    collects(&house).await;
    let (accounts, days) = (banks::both(), banks::days());
    agrees(&house, "vnpay_main", &accounts[0], (tests::files::PAYOUT, 8_000)).await;
    agrees(&house, "momo_main", &accounts[1], ("MOMO TT", 11_000)).await;
    let logins = staff(&house).await;
    planted::at_the_banks(&house, &accounts, &days).await;
    let without_series = planted::without_series(&house, &accounts[1], &days).await;
    planted::at_vnpay(&house, &accounts[0]).await;
    planted::at_momo(&house, &accounts[1]).await;

    let dir = fresh_dir("accountants-day");
    let session = format!("session={}", house.sim("settlement/cut", json!({})).await["session"]);
    let damaged = damaged_files(&house, &accounts, (&days, &session), &dir).await;
    let files = files(&house, &accounts, (&days, &session), &dir).await;
    let planted = truth::planted(&house, &without_series).await;
    let later = later_files(&house, &accounts, &days, &dir).await;
    planted::after_the_file(&house, &accounts, &days).await;
    let after_closing = statements(&house, &accounts, &days.last.to_string(), &dir).await;
    assert_eq!(truth::damaged(&house).await, damaged.len());
    let read = dir.join("read.json");
    let run_of_day = json!({
        "console_url": format!("{}/console", house.gateway.staff_url()), "forgets_codes": true,
        "logins": logins.iter().map(shown).collect::<Vec<_>>(), "planted": planted, "damaged": damaged, "files": files, "later": later,
        "dossier_script": format!("{}/_sim/script", house.dossier.url), "after_closing": after_closing,
        "series": {
            "url": format!("{}{}", house.staff.base, planted::CHARGES), "key": house.staff.key,
            "body": planted::charges(None),
        },
        "late": truth::late(&house, &accounts).await, "closes": accounts.each_ref().map(Account::scope),
        "days": [days.first, days.missing, days.last], "today": days.today, "read": read,
    });
    played(&house, &kept(&dir, "json", run_of_day.to_string().into_bytes())).await;
    let opened = serde_json::from_slice(&std::fs::read(&read).unwrap()).unwrap();
    reports::are_the_books(&house, &opened).await;
    house.holds().await;
    let verified = run(&tests::env(&house.database, &house.vnpay.url, &Plan::default()), &["verify", "--json"]).await;
    assert!(verified.success, "{}", verified.stdout);
    // the wallet's file tells of refunds that it never made, so that its books are not compared with ours
    house.stop().await;
}
