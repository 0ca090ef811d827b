//! What `make run` and `make story` play, with the real binary: every assertion holds on an empty database and on kept
//! data, and one that does not hold ends it with 1.

use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use testkit::TestDatabase;
use tests::child::{Ended, Env, Running, run};

const SCENES: usize = 15;

async fn empty_database() -> TestDatabase {
    let key = format!("{} demonstration", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        storage::migrate::migrate(&SecretString::from(url)).await.unwrap();
    })
    .await
}

fn environment(database: &TestDatabase) -> Env {
    let listener = |name: &str| (format!("MOTLAN_{name}__LISTEN"), "127.0.0.1:0".to_owned());
    let mut env: Env = ["HTTP", "STAFF", "OPS"].map(listener).to_vec();
    env.push(("MOTLAN_DATABASE__URL".to_owned(), database.url("motlan_app")));
    env.push(("MOTLAN_DATABASE__OWNER_URL".to_owned(), database.superuser_url()));
    env
}

fn fresh_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("motlan-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn path(dir: &Path) -> &str {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_holds_twice_on_the_same_books_and_a_failed_assertion_is_an_exit_code() {
    let database = empty_database().await;
    let (env, dir) = (environment(&database), fresh_dir("demonstration"));
    all_held(&run(&env, &["up", "--exit-after-story", "--data", path(&dir)]).await);

    let up = Running::start(&env, &["up", "--no-story", "--data", path(&dir)]).await;
    let run_file = dir.join("run.json");
    for _ in 0..200 {
        if run_file.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    all_held(&run(&env, &["story", "--data", path(&dir)]).await);

    let mut known: Value = serde_json::from_slice(&std::fs::read(&run_file).unwrap()).unwrap();
    known["base_url"] = json!("http://127.0.0.1:1");
    let elsewhere = fresh_dir("demonstration-elsewhere");
    std::fs::write(elsewhere.join("run.json"), known.to_string()).unwrap();
    let told = run(&env, &["story", "--data", path(&elsewhere)]).await;
    assert!(!told.success && told.stdout.contains("0 khẳng định đúng, 1 sai"), "{}", told.stdout);
    up.end().await;
    for dir in [dir, elsewhere] {
        std::fs::remove_dir_all(dir).unwrap();
    }
}
