//! What a request costs, counted on the wire between us and PostgreSQL: round trips and commits, kept from growing.

use serde_json::json;
use std::time::Duration;
use testkit::proxy::Proxy;
use tests::portal::dossier;
use tests::{House, Plan, database};

async fn settle() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_an_intent_is_one_commit_and_three_round_trips_and_a_webhook_one_and_four() {
    let database = database().await;
    let proxy = Proxy::with_latency(&database.socket_dir, Duration::from_millis(15));
    let database_url = Some(proxy.url(&database.name, "motlan_app"));
    // looking for changed secrets is nobody's request
    let settings = vec![("MOTLAN_APPROVALS__SECRETS_WITHIN_S", "60".to_owned())];
    let house = House::on(database, Plan { database_url, settings, ..Plan::default() }).await;
    // the first calls make connections and fetch the key; what is counted is every call after them
    for round in 0..3 {
        let fee = house.portal.owes(&dossier(), 20_000, json!({})).await;
        settle().await;
        proxy.reset();
        let intent = house.portal.opens(&[&fee]).await;
        settle().await;
        let opened = proxy.counts();
        let attempt = house.at_vnpay(&intent).await;
        settle().await;
        proxy.reset();
        house.pays(&attempt, json!({})).await;
        settle().await;
        let heard = proxy.counts();
        if round > 0 {
            assert_eq!(opened.commits, 1, "{opened:?}");
            assert!(opened.round_trips <= 3, "{opened:?}");
            assert_eq!(heard.commits, 1, "{heard:?}");
            assert!(heard.round_trips <= 4, "{heard:?}");
        }
    }
    house.close().await;
}
