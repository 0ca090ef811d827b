//! Who hears: new and removed endpoints, receivers that ask for time, redirect, are gone or hang.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_endpoint_hears_what_comes_after_it_and_what_is_older_when_it_asks() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    for _ in 0..3 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    hears_at(&house, "later", json!([])).await;
    hears_at(&house, "intents-only", json!(["intent"])).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let later = heard_at(&house, "later").await;
    assert_eq!(sequences(&of_stream(&later, &stream)), [4]);
    assert_eq!((&later[0]["gap_before"], &later[0]["applied"]), (&json!([]), &json!(true)));

    let (events, _) = feed(&house.portal, None, 50).await;
    let position = |n: usize| events[n]["position"].as_i64().unwrap();
    let range = json!({"from": position(1), "to": position(2)});
    let answer = house.portal.post("/v1/events/redeliver", range).await.expect(202);
    assert_eq!(answer["deliveries"], 4, "two events, two endpoints that hear dossiers");
    house.drain().await;
    let before = house.heard().await;
    for name in ["default", "later"] {
        let heard = heard_at(&house, name).await;
        let arrivals = of_stream(&heard, &stream);
        let (last, earlier) = (&arrivals[arrivals.len() - 2..], &arrivals[..arrivals.len() - 2]);
        let mut again = sequences(last);
        again.sort_unstable();
        assert_eq!(again, [2, 3], "{name}");
        assert!(last.iter().all(|r| r["applied"] == false && r["same_bytes"] == true), "{name}: {last:?}");
        assert!(earlier.iter().all(|r| r["applied"] == true), "{name}");
        for arrival in last {
            let first = before.iter().find(|r| r["id"] == arrival["id"]).unwrap();
            assert_eq!(arrival["body"], first["body"], "{name}: the bytes that the first endpoint got");
        }
    }
    assert_eq!(heard_at(&house, "intents-only").await, [Value::Null; 0], "it did not ask for dossiers");

    assert_eq!(redeliver(&house, &events[0]["id"]).await, 2);
    house.drain().await;
    assert_eq!(heard_at(&house, "later").await.last().unwrap()["sequence"], 1);
    assert_eq!(heard_at(&house, "intents-only").await, [Value::Null; 0]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_another_client_or_of_nobody_cannot_be_sent_again() {
    let house = House::new().await;
    house.hear_events().await;
    withdrawn(&house.portal, &dossier()).await;
    house.drain().await;
    let (events, _) = feed(&house.portal, None, 50).await;
    let path = format!("/v1/events/{}/redeliver", text(&events[0]["id"]));
    assert_eq!(house.other_portal.post(&path, json!({})).await.refused(404), "not_found");
    let nobody = format!("/v1/events/evt_{}/redeliver", Uuid::now_v7().simple());
    assert_eq!(house.portal.post(&nobody, json!({})).await.refused(404), "not_found");
    let all = json!({"from": 1, "to": 100});
    assert_eq!(house.other_portal.post("/v1/events/redeliver", all).await.expect(202)["deliveries"], 0);
    house.drain().await;
    assert_eq!(house.heard().await.len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_asks_for_time_gets_it_but_not_for_ever() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let wait = "select round(extract(epoch from next_at - updated_at)) from delivery";
    script(&house, &stream, json!({"retry_after_s": 40}), 1).await;
    withdrawn(&house.portal, &code).await;
    assert_eq!(pass(&house).await, 1);
    assert_eq!(house.ask(wait).await, "40");
    tokio::time::sleep(Duration::from_millis(1_300)).await; // the schedule would have sent it by now
    assert_eq!(pass(&house).await, 0);

    script(&house, &stream, json!({"retry_after_s": 900_000}), 1).await;
    house.ask("update delivery set next_at = now()").await;
    assert_eq!(pass(&house).await, 1);
    assert_eq!(house.ask(wait).await, "86400", "a day at the longest");
    house.drain().await;
    assert_eq!(house.heard().await.last().unwrap()["applied"], true);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_a_refusal_and_nobody_else_gets_the_event() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let elsewhere = format!("{}/events/elsewhere", house.dossier.url);
    script(&house, &stream, json!({"redirect": elsewhere}), 1).await;
    withdrawn(&house.portal, &code).await;
    pass(&house).await;
    assert_eq!(house.ask("select state || ' ' || last_result from delivery").await, "waiting 307");
    house.drain().await;
    assert_eq!(heard_at(&house, "elsewhere").await, [Value::Null; 0]);
    assert_eq!(house.heard().await.len(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_not_asked_a_second_time() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 410}), 1).await;
    withdrawn(&house.portal, &code).await;
    withdrawn(&house.portal, &code).await;
    assert_eq!(pass(&house).await, 1);
    let event = text(&house.heard().await[0]["id"]);
    assert_eq!(undelivered(&house).await, [format!("{event} open")]);
    house.drain().await;
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &stream)), [1, 2]);
    assert_eq!(heard[1]["gap_before"], json!([1]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_removed_hears_nothing_more() {
    let house = House::new().await;
    let endpoint = house.hear_events().await;
    let (told, code) = (dossier(), dossier());
    withdrawn(&house.portal, &told).await;
    house.drain().await;
    let ctx = &house.gateway.ctx;
    withdrawn(&house.portal, &code).await;

    // it is removed while the event gets its place
    let client = house.ask("select client_id from event_endpoint").await.parse::<Uuid>().unwrap().into();
    let id: EndpointId = text(&endpoint["id"]).parse().unwrap();
    let tx = ctx.pool.tx().await.unwrap();
    tx.begin().await.unwrap();
    storage::endpoints::lock(&tx, client, id).await.unwrap().unwrap();
    storage::endpoints::disable(&tx, id).await.unwrap();
    let sequencer = tokio::spawn({
        let ctx = ctx.clone();
        async move { sequence(&ctx).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tx.commit().await.unwrap();
    tx.close(Ok::<_, storage::StorageError>(())).await.unwrap();
    assert_eq!(sequencer.await.unwrap().unwrap(), 1);
    house.drain().await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;

    let heard = house.heard().await;
    assert_eq!(of_stream(&heard, &house.stream(&format!("dossier:{told}"))).len(), 1);
    assert_eq!(of_stream(&heard, &house.stream(&format!("dossier:{code}"))).len(), 0);
    let (events, _) = feed(&house.portal, None, 50).await;
    assert_eq!(events.len(), 3, "the feed has them all the same");
    assert_eq!(redeliver(&house, &events[0]["id"]).await, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_hangs_with_many_events_holds_up_nobody_else() {
    let house = House::planned(tests::Plan { with_worker: true, ..tests::Plan::default() }).await;
    house.hear_events().await;
    let url = format!("{}/events/sick", house.dossier.url);
    let sick = house.other_portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
    house.dossier_sim("endpoint", json!({"name": "sick", "secret": sick["secret"]})).await;
    house.dossier_sim("script", json!({"match": {"name": "sick"}, "do": [{"hang": 12_000}]})).await;
    let cancel = |o: &Value| format!("/v1/obligations/{}/cancel", o["id"].as_str().unwrap());
    for _ in 0..40 {
        let o = house.other_portal.owes(&dossier(), 1_000, json!({})).await;
        house.other_portal.post(&cancel(&o), json!({})).await.expect(200);
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let o = house.portal.owes(&dossier(), 1_000, json!({})).await;
    house.portal.post(&cancel(&o), json!({})).await.expect(200);
    let begun = std::time::Instant::now();
    while house.heard().await.is_empty() {
        assert!(begun.elapsed().as_secs() < 6, "the healthy receiver waits for the sick one");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // the sick one would be given up in its own time
    house.holds().await;
    house.stop().await;
}
