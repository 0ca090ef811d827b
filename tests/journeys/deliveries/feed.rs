//! The feed, and what no event says.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_is_complete_and_in_order_and_its_cursor_stays_good() {
    let house = House::new().await;
    house.hear_events().await;
    for n in 0..3 {
        let code = dossier();
        withdrawn(&house.portal, &code).await;
        withdrawn(&house.other_portal, &dossier()).await;
        if n == 1 {
            paid(&house, &code).await;
        }
    }
    house.drain().await;
    let (mine, end) = feed(&house.portal, None, 2).await;
    let (theirs, _) = feed(&house.other_portal, None, 2).await;
    assert_eq!((mine.len(), theirs.len()), (5, 3));
    let positions = |events: &[Value]| events.iter().map(|e| e["position"].as_i64().unwrap()).collect::<Vec<i64>>();
    let (a, b) = (positions(&mine), positions(&theirs));
    assert!(a.is_sorted() && b.is_sorted(), "oldest first: {a:?} {b:?}");
    let mut all = [a, b].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=8).collect::<Vec<i64>>(), "one place each, none left out");
    assert!(mine.iter().all(|e| theirs.iter().all(|t| t["id"] != e["id"])));

    // the feed says what was delivered
    let heard = house.heard().await;
    assert_eq!(heard.len(), mine.len());
    for event in &mine {
        let delivered = heard.iter().find(|r| r["id"] == event["id"]).unwrap();
        let body: Value = serde_json::from_str(delivered["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&body["type"], &body["data"], &body["timestamp"]),
            (&event["type"], &event["data"], &event["timestamp"])
        );
    }

    // at the end the cursor stays, and finds what comes later; an old one finds the same again
    let (none, end_again) = feed(&house.portal, end.clone(), 50).await;
    assert_eq!((none.len(), &end_again), (0, &end));
    withdrawn(&house.other_portal, &dossier()).await;
    let new = withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let (later, _) = feed(&house.portal, end, 50).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0]["data"]["id"], new["id"]);
    let second = mine[1]["position"].to_string();
    let (from_second, _) = feed(&house.portal, Some(second), 1).await;
    assert_eq!(from_second[..3], mine[2..]);
    assert_eq!(house.portal.get("/v1/events?after=x").await.status, 400);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_says_who_pays() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let body = obligation(&code, 8_000, json!({}));
    paid(&house, &code).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let told = house.portal.get("/v1/events").await.text + &json!(house.heard().await).to_string();
    let stored = house.ask("select string_agg(e::text, ' ') from event e").await;
    let sent = house.ask("select string_agg(encode(body, 'escape'), ' ') from delivery").await;
    for place in [&told, &stored, &sent] {
        assert!(place.contains(&code), "{place}");
        for secret in ["name", "identity_number"] {
            assert!(!place.contains(&text(&body["payer"][secret])), "{place}");
        }
        assert!(!place.contains("\"payer\""), "{place}");
    }
    house.close().await;
}
