//! What `make run` and `make story` play, with the real binary: every assertion holds on an empty database and on kept
//! data, and one that does not hold ends it with 1.

use crate::finance::tied::every_report_ties;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::TestDatabase;
use tests::child::{Begun, Ended, Env, Running, run, run_saying};
use tests::portal::Portal;

const SCENES: usize = 25;
/// Those that a payer begins on the page.
const BUTTONS: [&str; 6] = ["mobile_money", "momo", "national", "vietqr", "vnpay", "zalopay"];
const SIMULATORS: [&str; 10] = [
    "bank",
    "bank_bills",
    "dossier",
    "mobile_money",
    "mobile_money_bills",
    "momo",
    "national",
    "post",
    "vnpay",
    "zalopay",
];
/// Secrets of every contract.
const SECRETS: [(&str, &str); 13] = [
    ("bank_bill", "checksum_secret"),
    ("bank_bill", "client_secret"),
    ("mm_bill", "api_key"),
    ("mm_bill", "client_secret"),
    ("mm_main", "client_secret"),
    ("momo_main", "secret_key"),
    ("national_main", "secret_key"),
    ("vietqr_kb", "listing_token"),
    ("vietqr_kb", "sepay_hmac_secret"),
    ("vietqr_nh", "sepay_hmac_secret"),
    ("vnpay_main", "hash_secret"),
    ("zalopay_main", "key1"),
    ("zalopay_main", "key2"),
];

pub(crate) async fn empty_database() -> TestDatabase {
    let key = format!("{} demonstration", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        storage::migrate::migrate(&SecretString::from(url)).await.unwrap();
    })
    .await
}

pub(crate) fn environment(database: &TestDatabase) -> Env {
    let listener = |name: &str| (format!("MOTLAN_{name}__LISTEN"), "127.0.0.1:0".to_owned());
    let mut env: Env = ["HTTP", "STAFF", "OPS"].map(listener).to_vec();
    env.push(("MOTLAN_DATABASE__URL".to_owned(), database.url("motlan_app")));
    env.push(("MOTLAN_DATABASE__OWNER_URL".to_owned(), database.superuser_url()));
    env
}

pub(crate) fn fresh_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("motlan-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub(crate) fn path(dir: &Path) -> &str {
    dir.to_str().unwrap()
}

#[track_caller]
fn all_held(told: &Ended) {
    let wrong: Vec<&str> = told.stdout.lines().filter(|line| line.contains('✗')).collect();
    assert!(wrong.is_empty() && told.success, "{wrong:#?}\n{}", told.stderr);
    assert_eq!(told.stdout.matches("━━ Cảnh ").count(), SCENES);
    let sum = told.stdout.lines().find(|line| line.starts_with("Câu chuyện: ")).unwrap();
    assert!(sum.contains(" khẳng định đúng, 0 sai (story: ") && sum.ends_with(" assertions held, 0 failed)"), "{sum}");
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// `run.json` of an instance that is up.
pub(crate) async fn run_file(dir: &Path) -> Value {
    let file = dir.join("run.json");
    for _ in 0..2_400 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// Every secret is changed while it is up: proposed from the command line, decided by the accountant over the API. The books
/// hold the new ones, the file keeps the old.
async fn changes_every_secret(env: &Env, dir: &Path) {
    let mut whole = std::fs::read_to_string(dir.join("demo.toml")).unwrap();
    // the addresses that a start finds, which no secret depends on
    for (profile, keys) in [
        ("vnpay_main", &["pay_url", "api_url"][..]),
        ("momo_main", &["api_url"]),
        ("zalopay_main", &["api_url"]),
        ("national_main", &["init_url", "query_url", "bill_url"]),
        ("mm_main", &["api_url", "token_url"]),
        ("vietqr_kb", &["listing_url"]),
    ] {
        let lines: String = keys.iter().map(|key| format!("{key} = \"http://127.0.0.1:9\"\n")).collect();
        let head = format!("[profiles.{profile}]\n");
        whole = whole.replace(&head, &format!("{head}{lines}"));
    }
    let file = dir.join("whole.toml");
    std::fs::write(&file, whole).unwrap();
    let run = run_file(dir).await;
    let http = client();
    let text = |name: &str| run[name].as_str().unwrap().to_owned();
    let staff = Portal::new(&http, &text("base_url"), text("staff_key"));
    for (number, (profile, name)) in SECRETS.iter().enumerate() {
        let args =
            ["--config", path(&file), "profile", "credentials", "propose", "--code", profile, "--name", name, "--json"];
        let said = run_saying(env, &args, &format!("CHANGEDSECRETOFTHEDEMONSTRATION{number:03}\n")).await;
        assert!(said.success, "{profile}/{name}: {}", said.stderr);
        let proposed: Value = serde_json::from_str(&said.stdout).unwrap();
        let path = format!("/v1/approvals/{}/approve", proposed["approval_id"].as_str().unwrap());
        staff.post(&path, json!({})).await.expect(200);
    }
    std::fs::remove_file(file).unwrap();
}

/// The payer's page of the dossier that a start leaves unpaid: the code of its payment, and which channels it offers.
async fn unpaid(dir: &Path) -> (Value, Vec<String>) {
    let known: Value = serde_json::from_slice(&std::fs::read(dir.join("unpaid.json")).unwrap()).unwrap();
    let run = run_file(dir).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let http = client();
    let portal = Portal::new(&http, &text(&run["base_url"]), text(&run["client_key"]));
    let seen = portal.intent(&known).await;
    let page = http.get(text(&seen["checkout_url"])).send().await.unwrap().text().await.unwrap();
    let shown = |code: &&str| page.contains(&format!(r#"name="channel" value="{code}""#));
    (known, BUTTONS.iter().copied().filter(shown).map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_holds_twice_on_the_same_books_with_secrets_that_were_changed_and_a_failed_assertion_is_an_exit_code()
{
    let database = empty_database().await;
    let (env, dir) = (environment(&database), fresh_dir("demonstration"));
    let first = run(&env, &["up", "--exit-after-story", "--data", path(&dir)]).await;
    all_held(&first);
    // a collector without a series has no receipts, and then nobody is told of one
    for simulator in SIMULATORS.iter().filter(|name| **name != "post") {
        let log = std::fs::metadata(dir.join(format!("{simulator}.log.jsonl"))).unwrap();
        assert!(log.len() > 0, "{simulator} heard nothing");
    }
    let up = Running::start(&env, &["up", "--no-story", "--data", path(&dir)]).await;
    changes_every_secret(&env, &dir).await;
    up.end().await;

    let up = Running::start(&env, &["up", "--no-story", "--data", path(&dir)]).await;
    let mut known = run_file(&dir).await;
    let (unpaid, buttons) = unpaid(&dir).await;
    // commands about it need its directory and nothing else
    let nothing: Env = Vec::new();
    let people = run(&nothing, &["--instance", path(&dir), "user", "list"]).await;
    assert!(people.success && people.stdout.contains("ke-toan"), "{}{}", people.stdout, people.stderr);
    assert_eq!(buttons, BUTTONS);
    all_held(&run(&env, &["story", "--data", path(&dir)]).await);
    let staff =
        Portal::new(&client(), known["base_url"].as_str().unwrap(), known["staff_key"].as_str().unwrap().to_owned());
    every_report_ties(&staff, &database.connect("motlan_auditor").await).await;

    known["base_url"] = json!("http://127.0.0.1:1");
    let elsewhere = fresh_dir("demonstration-elsewhere");
    std::fs::write(elsewhere.join("run.json"), known.to_string()).unwrap();
    let told = run(&env, &["story", "--data", path(&elsewhere)]).await;
    assert!(!told.success && told.stdout.contains("0 khẳng định đúng, 1 sai"), "{}", told.stdout);
    let page = up.end().await;
    // the same payment as at the first start, for it is still open
    let code = unpaid["dossier_code"].as_str().unwrap();
    for said in [&first.stdout, &page] {
        assert!(said.contains("The payer's page") && said.contains(&format!("/pay?dossier={code}")), "{said}");
    }
    std::fs::remove_dir_all(elsewhere).unwrap();
    let stopped = run(&nothing, &["--instance", path(&dir), "user", "list"]).await;
    assert!(!stopped.success && stopped.stderr.contains("nothing is running in"), "{}", stopped.stderr);
    let reset = run(&env, &["up", "--reset", "--data", path(&dir)]).await;
    assert!(reset.success && !dir.exists(), "{}", reset.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_holds_after_one_that_was_killed_in_the_middle() {
    let database = empty_database().await;
    let (env, dir) = (environment(&database), fresh_dir("demonstration-killed"));
    let begun = Begun::start(&env, &["up", "--data", path(&dir)]);
    // at the counter: an approval, a drawer and a deposit may be half-way
    begun.has_said("━━ Cảnh 16").await;
    begun.kill().await;
    all_held(&run(&env, &["up", "--exit-after-story", "--data", path(&dir)]).await);
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_version_that_knew_fewer_channels_is_named_with_the_way_out() {
    let database = empty_database().await;
    let (env, dir) = (environment(&database), fresh_dir("demonstration-older"));
    std::fs::write(dir.join("demo.toml"), "mode = \"sandbox\"\n").unwrap();
    let ended = run(&env, &["up", "--exit-after-story", "--data", path(&dir)]).await;
    let hint = format!("`motlan up --reset --data {}` starts again", dir.canonicalize().unwrap().display());
    assert!(!ended.success && ended.stderr.contains(&hint), "{}", ended.stderr);
    std::fs::remove_dir_all(dir).unwrap();
}
