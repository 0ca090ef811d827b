//! An accountant's day in a real browser: `tests/browser/day.mjs` plays it, this plants what it has to find, by the simulators.

use crate::demonstration::fresh_dir;
use crate::receipts::collects;
use domain::business_day::business_date;
use domain::role::Role;
use identity::code;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT};
use tests::desk::{Login, PASSWORD, fresh_codes, hires};
use tests::portal::dossier;
use tests::{House, OTHER_BENEFICIARY, Plan, files};
use tokio::process::Command;

/// Two of each kind, one on each account; what the bank's truth has.
const UNKNOWN: [i64; 2] = [31_001, 31_002];
const TWICE: [i64; 2] = [32_001, 32_002];
const MORE: [i64; 2] = [33_001, 33_002];
/// At the provider: told with a đồng too few.
const LESS: [i64; 2] = [34_001, 34_002];

fn grouped(amount: i64) -> String {
    domain::Vnd::new(amount).to_string().trim_end_matches(" ₫").to_owned()
}

/// Transfers of yesterday at noon, of one account, as the bank books them.
async fn plants(house: &House, n: usize, (account, change): (&str, Value), at: Timestamp) {
    let transfer = async |amount: i64, content: &str| {
        house
            .transfers_how(json!({"account": account, "amount": amount, "content": content, "at": at.to_string()}))
            .await;
    };
    let asked = async |amount: i64| {
        let fee = house.portal.owes(&dossier(), amount, change.clone()).await;
        house.portal.opens(&[&fee]).await["reference"].as_str().unwrap().to_owned()
    };
    transfer(21_000, &asked(21_000).await).await;
    let owed = house.portal.owes(&dossier(), UNKNOWN[n], change.clone()).await;
    house.portal.opens(&[&owed]).await;
    transfer(UNKNOWN[n], &format!("nop phi ho so {}", owed["dossier_code"].as_str().unwrap())).await;
    let twice = asked(TWICE[n]).await;
    transfer(TWICE[n], &twice).await;
    transfer(TWICE[n], &twice).await;
    transfer(MORE[n], &asked(MORE[n] - 1_000).await).await;
}

async fn at_the_provider(house: &House) {
    for less in LESS {
        let fee = house.portal.owes(&dossier(), less, json!({})).await;
        let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
        let script = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"amount_delta": -1}]});
        house.sim("script", script).await;
        house.pays(&attempt, json!({})).await;
    }
    let fee = house.portal.owes(&dossier(), 35_000, json!({})).await;
    let attempt = house.at_vnpay(&house.portal.opens(&[&fee]).await).await;
    house.pays(&attempt, json!({})).await;
}

fn shown(login: &Login) -> Value {
    json!({"person": login.person, "password": PASSWORD, "totp_secret": code::text(&login.secret)})
}

fn kept(dir: &Path, name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn an_accountants_day_is_played_in_a_real_browser() {
    let house = House::planned(Plan { with_worker: true, with_bank: true, ..Plan::default() }).await;
    collects(&house).await;
    house.pays_out_to(&files::account()).await;
    let logins = [
        hires(&house, "thu-quy", &[Role::Accountant], &[]).await,
        hires(&house, "lanh-dao", &[Role::Approver], &[]).await,
        hires(&house, "quan-tri", &[Role::Administrator], &[]).await,
    ];
    let day = business_date(Timestamp::now()).yesterday().unwrap();
    let noon = domain::business_day::HANOI.to_timestamp(day.at(12, 0, 0, 0)).unwrap();
    let other = json!({"agency_code": "H38.18", "beneficiary_code": OTHER_BENEFICIARY});
    plants(&house, 0, (ACCOUNT, json!({})), noon).await;
    plants(&house, 1, (OTHER_ACCOUNT, other), noon).await;
    at_the_provider(&house).await;
    let cut = house.sim("settlement/cut", json!({})).await;
    let session = format!("{}/_sim/settlement?session={}", house.vnpay.url, cut["session"]);
    let settled = house.http.get(session).send().await.unwrap().bytes().await.unwrap().to_vec();

    let dir = fresh_dir("accountants-day");
    let (a, b) = (format!("bank:{BIN}.{ACCOUNT}"), format!("bank:{BIN}.{OTHER_ACCOUNT}"));
    let of_a = kept(&dir, "a.sta", house.bank_statement(ACCOUNT, "mt940", &day.to_string()).await);
    let of_b = kept(&dir, "b.xml", house.bank_statement(OTHER_ACCOUNT, "camt053_v8", &day.to_string()).await);
    let of_vnpay = kept(&dir, "vnpay.csv", settled);
    let planted = |kind: &str, amounts: [i64; 2]| amounts.map(|n| json!({"kind": kind, "amount": grouped(n)}));
    let all = [
        planted("Chưa xác định", UNKNOWN),
        planted("Nộp trùng", TWICE),
        planted("Nộp thừa", [1_000, 1_000]),
        planted("Lệch số tiền", LESS.map(|n| n - 1)),
    ];
    let run = json!({
        "console_url": format!("{}/console", house.gateway.staff_url()), "forgets_codes": true,
        "logins": logins.iter().map(shown).collect::<Vec<_>>(), "planted": all.concat(),
        "files": [
            {"field": "statement", "scope": a, "path": of_a},
            {"field": "statement", "scope": b, "path": of_b},
            {"field": "settlement", "scope": "clearing:vnpay_main", "path": of_vnpay},
        ],
        "closes": a, "day": day.to_string(),
    });
    let run_file = kept(&dir, "run.json", run.to_string().into_bytes());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let mut child = Command::new("node").arg("day.mjs").arg(&run_file).current_dir(root).kill_on_drop(true).spawn();
    let child = child.as_mut().expect("node is not installed: tests/test_all/browser.sh says how");
    // nobody waits half a minute for the next code
    let forgets = async {
        loop {
            fresh_codes(&house).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => ended.unwrap(),
        () = forgets => unreachable!("it goes on until the day is over"),
    };
    assert!(ended.success(), "the browser's journey failed; it says where above");
    house.close().await;
}
