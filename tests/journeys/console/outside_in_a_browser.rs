//! A real browser goes to the identity provider and comes back: `tests/browser/outside.mjs` drives it. To a browser the house and
//! the provider are two sites, as they are in the province.

use super::outside::user;
use crate::demonstration::fresh_dir;
use crate::refunds::{paid, proposes, whole};
use domain::role::Role;
use serde_json::json;
use std::path::Path;
use tests::desk::hires;
use tests::outside::Provider;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it needs a browser: tests/test_all/browser.sh"]
async fn a_real_browser_signs_in_on_another_site_shows_there_anew_who_decides_and_signs_out() {
    let (provider, house) = Provider::with_house_at("localhost").await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    assert!(user(&house, &provider, &["link", "--code", "lanh-dao", "--subject", "tinh-8f3a-1"]).await);
    provider.sits_at_a_page("tinh-8f3a-1", &["mfa"]).await;
    let (fee, _, payment) = paid(&house, 21_000).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);

    let run_file = fresh_dir("outside").join("run.json");
    let run = json!({
        "console_url": format!("{}/console", house.gateway.staff_url()), "provider_url": provider.url,
        "approval": refund["approval_id"],
    });
    std::fs::write(&run_file, run.to_string()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let ended = Command::new("node").arg("outside.mjs").arg(&run_file).current_dir(root).kill_on_drop(true).status();
    let ended = ended.await.expect("node is not installed: tests/test_all/browser.sh says how");
    assert!(ended.success(), "the browser's journey failed; it says where above");

    let trail = "select string_agg(action, ' ' order by id) from audit where actor = ";
    let expected = "signed_in_outside shown_anew shown_anew_taken";
    assert_eq!(house.ask(&format!("{trail}'{}' and action ~ 'outside|shown'", approver.id)).await, expected);
    assert_eq!(house.ask("select count(*) from console_session where ended_at is null").await, "0", "signed out");
    house.close().await;
    provider.stop().await;
}
