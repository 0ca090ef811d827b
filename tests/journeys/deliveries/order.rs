//! In order, again until it is heard, and never something else the second time.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_retry_brings_the_same_id_and_the_same_bytes_until_one_is_heard() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 500}), 2).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(arrivals.iter().map(|r| r["answered"].as_u64().unwrap()).collect::<Vec<_>>(), [500, 500, 200]);
    assert!(all_same(&arrivals.iter().map(|r| &r["id"]).collect::<Vec<_>>()));
    assert!(all_same(&arrivals.iter().map(|r| &r["body"]).collect::<Vec<_>>()));
    let applied: Vec<bool> = arrivals.iter().map(|r| r["applied"] == true).collect();
    assert_eq!(applied, [false, false, true]);
    assert_eq!(house.ask("select state || ' ' || attempts from assurance.delivery").await, "delivered 3");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_applied_and_then_answered_with_an_error_is_sent_again_and_applied_once() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"fail_after_accept": true}), 1).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    let seen: Vec<(u64, bool, bool)> = arrivals
        .iter()
        .map(|r| (r["answered"].as_u64().unwrap(), r["applied"] == true, r["same_bytes"] == true))
        .collect();
    assert_eq!(seen, [(500, true, true), (200, false, true)]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_waits_for_its_head_while_other_streams_go_on() {
    let house = House::new().await;
    house.hear_events().await;
    let (slow, other) = (dossier(), dossier());
    let (slow_stream, other_stream) =
        (house.stream(&format!("dossier:{slow}")), house.stream(&format!("dossier:{other}")));
    script(&house, &slow_stream, json!({"status": 503}), 3).await;
    paid(&house, &slow).await;
    paid(&house, &slow).await;
    withdrawn(&house.portal, &slow).await;
    withdrawn(&house.portal, &other).await;
    withdrawn(&house.portal, &other).await;

    // by the schedule: the head failed, so nothing of its stream goes out
    pass(&house).await;
    pass(&house).await;
    let heard = house.heard().await;
    assert_eq!(sequences(&of_stream(&heard, &slow_stream)), [1]);
    assert_eq!(sequences(&of_stream(&heard, &other_stream)), [1, 2]);

    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &slow_stream);
    assert_eq!(sequences(&arrivals), [1, 1, 1, 1, 2, 3]);
    let kinds: Vec<&str> = arrivals[3..].iter().map(|r| r["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["obligation.paid", "obligation.paid", "obligation.cancelled"]);
    assert!(arrivals.iter().all(|r| r["gap"] == false && r["gap_before"] == json!([])));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_a_case_and_the_next_event_of_its_stream_names_the_gap() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    script(&house, &stream, json!({"status": 500}), 4).await;
    for _ in 0..3 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    let heard = house.heard().await;
    let arrivals = of_stream(&heard, &stream);
    assert_eq!(sequences(&arrivals), [1, 1, 1, 1, 2, 3]);
    assert_eq!((&arrivals[4]["gap_before"], &arrivals[5]["gap_before"]), (&json!([1]), &json!([])));
    assert!(arrivals.iter().all(|r| r["gap"] == false), "the gap is explained");
    let dead = arrivals[0];
    assert_eq!(undelivered(&house).await, [format!("{} open", text(&dead["id"]))]);

    // sent again it is the same event, out of order: the receiver is past it
    assert_eq!(redeliver(&house, &dead["id"]).await, 1);
    house.drain().await;
    let heard = house.heard().await;
    let again = *of_stream(&heard, &stream).last().unwrap();
    for same in ["id", "sequence", "body", "type"] {
        assert_eq!(again[same], dead[same], "{same}");
    }
    assert_eq!((&again["times_seen"], &again["answered"], &again["applied"]), (&json!(5), &json!(200), &json!(false)));

    // a gap is named once
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let next = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&next["sequence"], &next["gap_before"], &next["gap"]), (&json!(4), &json!([]), &json!(false)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_given_up_in_a_row_are_all_named_by_the_event_that_is_heard() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    script(&house, &stream, json!({"status": 500}), 8).await;
    for _ in 0..4 {
        withdrawn(&house.portal, &code).await;
    }
    house.drain().await;
    let heard = house.heard().await;
    let applied: Vec<(i64, &Value, bool)> = of_stream(&heard, &stream)
        .into_iter()
        .filter(|r| r["applied"] == true)
        .map(|r| (r["sequence"].as_i64().unwrap(), &r["gap_before"], r["gap"] == true))
        .collect();
    assert_eq!(applied, [(1, &json!([]), false), (4, &json!([2, 3]), false), (5, &json!([]), false)]);
    assert_eq!(undelivered(&house).await.len(), 2);

    // the last of the two is heard after all, late; what comes next has no gap before it
    let last = of_stream(&heard, &stream).into_iter().find(|r| r["sequence"] == 3).unwrap()["id"].clone();
    redeliver(&house, &last).await;
    house.drain().await;
    let mut left = undelivered(&house).await;
    left.retain(|case| case.ends_with(" open"));
    assert_eq!(left.len(), 1, "heard after all: its case is closed");
    assert!(!left[0].starts_with(&text(&last)), "{left:?}");
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let heard = house.heard().await;
    let next = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&next["sequence"], &next["gap_before"], &next["gap"]), (&json!(6), &json!([]), &json!(false)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_named_also_while_what_was_given_up_is_on_its_way_again() {
    let house = House::new().await;
    house.hear_events().await;
    let code = dossier();
    let stream = house.stream(&format!("dossier:{code}"));
    let refuse = json!({"match": {"stream": stream, "type": "obligation.cancelled"}, "do": [{"status": 500}]});
    house.dossier_sim("script", refuse).await;
    withdrawn(&house.portal, &code).await;
    house.drain().await;
    let dead = house.heard().await[0]["id"].clone();
    assert_eq!(undelivered(&house).await.len(), 1);

    redeliver(&house, &dead).await;
    paid(&house, &code).await;
    pass(&house).await;
    let heard = house.heard().await;
    let next = of_stream(&heard, &stream).into_iter().find(|r| r["sequence"] == 2).unwrap();
    assert_eq!((&next["applied"], &next["gap_before"], &next["gap"]), (&json!(true), &json!([1]), &json!(false)));

    house.http.delete(format!("{}/_sim/script", house.dossier.url)).send().await.unwrap();
    house.drain().await;
    let heard = house.heard().await;
    let late = *of_stream(&heard, &stream).last().unwrap();
    assert_eq!((&late["id"], &late["answered"], &late["applied"]), (&dead, &json!(200), &json!(false)));
    house.close().await;
}
