//! Workers that die, come back late, or are many.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_between_sending_and_recording_leaves_the_event_to_be_sent_again() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"hang": 3_000}), 1).await;
    withdrawn(&house.portal, &code).await;
    withdrawn(&house.portal, &code).await;
    sequence(&house.gateway.ctx).await.unwrap();
    let ctx = house.gateway.ctx.clone();
    let worker = tokio::spawn(async move { deliver(&ctx, false, Timestamp::now()).await });
    for _ in 0..200 {
        if !house.heard().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());

    // nobody touches what another may still be sending, whatever the schedule says, nor what comes after it
    assert_eq!(deliver(&house.gateway.ctx, true, Timestamp::now()).await.unwrap(), 0);
    let state = "select string_agg(state || ' ' || attempts, ', ' order by sequence) from delivery";
    assert_eq!(house.ask(state).await, "leased 1, waiting 0");

    house.ask("update delivery set lease_until = now() - interval '1 second' where state = 'leased'").await;
    house.drain().await;
    assert_eq!(house.ask(state).await, "delivered 2, delivered 1");
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(sequences(&arrivals), [1, 1, 2]);
    assert_eq!((&arrivals[0]["id"], &arrivals[0]["body"]), (&arrivals[1]["id"], &arrivals[1]["body"]));
    let applied: Vec<bool> = arrivals.iter().map(|r| r["applied"] == true).collect();
    assert_eq!(applied, [true, false, true]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_comes_back_after_its_lease_records_nothing_and_changes_no_bytes() {
    let house = House::new().await;
    house.hear_events().await;
    withdrawn(&house.portal, &dossier()).await;
    let ctx = &house.gateway.ctx;
    sequence(ctx).await.unwrap();
    let db = ctx.pool.get().await.unwrap();
    let (late, present) = (Uuid::new_v4(), Uuid::new_v4());
    let first = deliveries::claim(&db, &ctx.vault, 100, late, SignedDuration::ZERO, false).await.unwrap();
    let minute = SignedDuration::from_secs(60);
    let second = deliveries::claim(&db, &ctx.vault, 100, present, minute, false).await.unwrap();
    assert_eq!((first.len(), second.len(), second[0].attempts), (1, 1, 2));
    let third = deliveries::claim(&db, &ctx.vault, 100, Uuid::new_v4(), minute, true).await.unwrap();
    assert_eq!(third.len(), 0, "leased, and the schedule is not the lease");

    let (endpoint, event): (EndpointId, EventId) = (first[0].endpoint_id, first[0].event.id);
    // both made a body before either was fixed: both send the one that stands
    assert_eq!(
        deliveries::fix_body(&db, endpoint, event, b"{\"of\":\"present\"}").await.unwrap(),
        b"{\"of\":\"present\"}"
    );
    assert_eq!(
        deliveries::fix_body(&db, endpoint, event, b"{\"of\":\"late\"}").await.unwrap(),
        b"{\"of\":\"present\"}"
    );
    assert!(!deliveries::finish(&db, endpoint, event, late, Ending::Dead, "late").await.unwrap());
    assert_eq!(house.ask("select state from delivery").await, "leased");
    let again = Ending::Again { after: SignedDuration::ZERO };
    assert!(deliveries::finish(&db, endpoint, event, present, again, "present").await.unwrap());
    drop(db);
    house.ask("update delivery set body = null").await; // these bytes were a test's
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_leased_than_is_sent_at_once() {
    // what waits for its turn under a lease outlives it when receivers are slow
    let house =
        House::planned(Plan { settings: vec![("MOTLAN_DELIVERY__IN_FLIGHT", "2".to_owned())], ..Plan::default() })
            .await;
    house.hear_events().await;
    for _ in 0..5 {
        let code = dossier();
        script(&house, &house.stream(&format!("dossier:{code}")), json!({"hang": 1_000}), 1).await;
        withdrawn(&house.portal, &code).await;
    }
    sequence(&house.gateway.ctx).await.unwrap();
    let ctx = house.gateway.ctx.clone();
    let worker = tokio::spawn(async move { deliver(&ctx, false, Timestamp::now()).await });
    while house.heard().await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.ask("select count(*) from delivery where state = 'leased'").await, "2");
    assert_eq!(worker.await.unwrap().unwrap(), 2);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_payments_of_one_dossier_are_numbered_without_a_gap_by_many_sequencers_at_once() {
    const PAYMENTS: usize = 50;
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let attempts = join_all((0..PAYMENTS).map(async |_| {
        let fee = house.portal.owes(&code, 8_000, json!({})).await;
        let intent = house.portal.opens(&[&fee]).await;
        house.at_vnpay(&intent).await
    }))
    .await;

    let done = AtomicBool::new(false);
    let sequencers = join_all((0..8).map(async |_| {
        let mut placed = 0;
        while !done.load(Ordering::Relaxed) {
            placed += sequence(&house.gateway.ctx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        placed
    }));
    // a portal that reads along must not be overtaken by an event with a lower place
    let reader = async {
        let (mut read, mut cursor) = (Vec::new(), None);
        while !done.load(Ordering::Relaxed) {
            let (page, next) = feed(&house.portal, cursor, 7).await;
            read.extend(page);
            cursor = next;
        }
        (read, cursor)
    };
    let payers = async {
        join_all(attempts.iter().map(|attempt| house.pays(attempt, json!({})))).await;
        done.store(true, Ordering::Relaxed);
    };
    let (placed, (mut read, cursor), ()) = futures_util::join!(sequencers, reader, payers);
    assert!(placed.iter().filter(|n| **n > 0).count() > 1, "several had a part in it: {placed:?}");
    house.drain().await;

    read.extend(feed(&house.portal, cursor, 7).await.0);
    let positions: Vec<i64> = read.iter().map(|e| e["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, (1..=2 * PAYMENTS as i64).collect::<Vec<_>>());
    let stream = house.stream(&format!("dossier:{code}"));
    let in_feed: Vec<i64> = read
        .iter()
        .filter(|e| e["data"]["stream"] == stream)
        .map(|e| e["data"]["sequence"].as_i64().unwrap())
        .collect();
    let numbers: Vec<i64> = (1..=PAYMENTS as i64).collect();
    assert_eq!(in_feed, numbers);
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &stream)), numbers);
    assert!(heard.iter().all(|r| r["applied"] == true && r["gap"] == false));
    house.close().await;
}
