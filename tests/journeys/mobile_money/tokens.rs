//! The access token: asked for once, shared by whoever has the same Redis, asked for anew when it is no longer taken.

use super::{house, owed, started};
use serde_json::json;
use tests::mobile_money::SECRET;
use tests::{House, Plan};
use volatile::Volatile;

async fn until_up(volatile: &Volatile) {
    for _ in 0..200 {
        if volatile.is_up() == Some(true) {
            return;
        }
        volatile.token("nobody").await;
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no Redis");
}

async fn granted(house: &House) -> usize {
    house.mm_log().await.iter().filter(|l| l["kind"] == "token" && l["granted"] == true).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_serves_many_calls_and_a_new_one_is_asked_for_when_it_is_no_longer_taken() {
    let house = house().await;
    for _ in 0..3 {
        let (_, intent) = owed(&house, 40_000).await;
        started(&house, &intent, None).await;
    }
    house.drain().await;
    assert_eq!(granted(&house).await, 1);
    house.mm("secret", json!({"secrets": [SECRET]})).await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    assert_eq!(granted(&house).await, 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_is_changed_without_a_payment_that_fails() {
    let settings = vec![("MOTLAN_PROFILES__MM_MAIN__CLIENT_SECRET_NEXT", "THENEXTSECRET0001".to_owned())];
    let house = House::planned(Plan { with_mobile_money: true, settings, ..Plan::default() }).await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    house.mm("secret", json!({"secrets": ["THENEXTSECRET0001"]})).await;
    let (_, second) = owed(&house, 40_000).await;
    started(&house, &second, None).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_with_one_redis_share_the_token_and_one_that_is_gone_stops_nobody() {
    let redis = testkit::redis::start();
    let settings = vec![("MOTLAN_REDIS__URL", redis.url())];
    let house = House::planned(Plan { with_mobile_money: true, settings, ..Plan::default() }).await;
    until_up(&house.gateway.volatile).await;
    let (_, intent) = owed(&house, 40_000).await;
    started(&house, &intent, None).await;
    let kept = Volatile::new(Some(&secrecy::SecretString::from(redis.url()))).unwrap();
    until_up(&kept).await;
    assert!(kept.token("mobile_money:mm_main").await.is_some(), "another process finds it");
    drop(redis);
    let (_, second) = owed(&house, 40_000).await;
    started(&house, &second, None).await;
    house.close().await;
}
