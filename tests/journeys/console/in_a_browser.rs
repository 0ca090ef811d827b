//! A real browser at the console of a demonstration: `tests/browser/console.mjs` drives it.

use crate::demonstration::{empty_database, environment, fresh_dir, path};
use std::path::Path;
use tests::child::{Running, run};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn two_persons_sign_in_work_a_case_and_close_a_day_on_pages_without_a_fault() {
    let database = empty_database().await;
    let (env, dir) = (environment(&database), fresh_dir("console"));
    let up = Running::start(&env, &["up", "--no-story", "--data", path(&dir)]).await;
    let told = run(&env, &["story", "--data", path(&dir)]).await;
    assert!(told.success, "{}", told.stdout);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let run_file = dir.join("run.json");
    let ended = Command::new("node").arg("console.mjs").arg(&run_file).current_dir(root).kill_on_drop(true).status();
    let ended = ended.await.expect("node is not installed: tests/test_all/browser.sh says how");
    assert!(ended.success(), "the browser's journey failed; it says where above");
    up.end().await;
    let reset = run(&env, &["up", "--reset", "--data", path(&dir)]).await;
    assert!(reset.success, "{}", reset.stderr);
}
