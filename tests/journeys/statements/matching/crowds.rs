//! Many at once: equal amounts, processes side by side, notifications in the midst of an import, and large files.

use super::{asked, day, house, own, stated, status, told};
use crate::statements::{IN_TRANSIT, MOVEMENTS, OWN, PAYMENTS, cases, count};
use futures_util::future::join_all;
use futures_util::join;
use jiff::Timestamp;
use payments::match_movements;
use std::time::{Duration, Instant};
use testkit::proxy::Proxy;
use tests::files::mt940;
use tests::{House, Plan, bank};

/// Claims of new money fail as long as it is there: as if each process died after its import.
const DIES: &str = "create function dies() returns trigger language plpgsql as $$ begin raise exception 'killed'; end $$;
    create trigger dies before insert on movement_match for each row when (new.rule <> 'bank_reference') execute function dies()";
const LIVES: &str = "drop trigger dies on movement_match";

fn lines(count: usize, amounts: i64) -> Vec<(i64, String)> {
    (0..count).map(|n| (1_000 + i64::try_from(n).unwrap() % amounts, format!("FT{n:06}"))).collect()
}

fn file(lines: &[(i64, String)], with_reference: bool) -> Vec<u8> {
    let lines: Vec<_> = lines
        .iter()
        .map(|(amount, name)| (*amount, if with_reference { name.as_str() } else { "" }, "nop phi"))
        .collect();
    mt940(OWN, day(1), 0, &lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_equal_lines_are_a_thousand_payments_however_they_come() {
    let house = house().await;
    for _ in 0..3 {
        told(&house, day(1), 1_000, "", "nop phi").await;
    }
    let all = lines(1_000, 1);
    // until noon, the whole day, the same with references, and without again
    for (part, named, new) in [(600, false, 600), (1_000, false, 400), (1_000, true, 0), (999, false, 0)] {
        let statement = house.sends_statement(&own(), "auto", file(&all[..part], named)).await.expect(201);
        assert_eq!(count(&statement, "new_movements"), new, "{statement}");
        assert_eq!(count(&statement, "matched"), i64::try_from(part).unwrap(), "{statement}");
    }
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("1000", "1000"));
    assert_eq!(house.ask(IN_TRANSIT).await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_left_between_import_and_matching_is_finished_once() {
    let house = house().await;
    let (intent, code) = asked(&house, 150_000).await;
    let owner = house.database.connect("motlan_superuser").await;
    owner.batch_execute(DIES).await.unwrap();
    let bytes = mt940(OWN, day(1), 0, &[(150_000, "FT1", &code), (20_000, "FT2", "nop phi")]);
    let path = format!("/v1/statements?account={}", own());
    assert_eq!(house.sends_file(&path, "one-key", bytes.clone()).await.status, 503);
    assert_eq!((house.ask(MOVEMENTS).await.as_str(), house.ask(PAYMENTS).await.as_str()), ("2", "0"));
    // a notification finds no payment yet, and is one
    told(&house, day(1), 150_000, "FT1", &code).await;
    owner.batch_execute(LIVES).await.unwrap();
    let ctx = &house.gateway.ctx;
    let finished = join_all((0..4).map(|_| match_movements::match_all(ctx, Timestamp::now()))).await;
    assert!(finished.iter().all(Result::is_ok), "{finished:?}");
    assert_eq!((house.ask(PAYMENTS).await.as_str(), status(&house, &intent).await.as_str()), ("2", "paid"));
    let said = house.sends_file(&path, "one-key", bytes).await.expect(201);
    assert_eq!((count(&said, "new_movements"), count(&said, "matched")), (2, 2));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_match_side_by_side_book_each_line_once() {
    let house = house().await;
    let mut intents = Vec::new();
    for _ in 0..20 {
        intents.push(asked(&house, 1_000).await);
    }
    let owner = house.database.connect("motlan_superuser").await;
    owner.batch_execute(DIES).await.unwrap();
    let names: Vec<String> = (0..1_600).map(|n| format!("FT{n}")).collect();
    let lines: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (1_000, name.as_str(), intents.get(n / 80).map_or("", |(_, code)| code.as_str())))
        .collect();
    assert_eq!(house.sends_statement(&own(), "auto", mt940(OWN, day(1), 0, &lines)).await.status, 503);
    owner.batch_execute(LIVES).await.unwrap();
    let ctx = &house.gateway.ctx;
    let finished = join_all((0..4).map(|_| match_movements::match_all(ctx, Timestamp::now()))).await;
    assert!(finished.iter().all(Result::is_ok), "{finished:?}");
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(IN_TRANSIT).await.as_str()), ("1600", "0"));
    for (intent, _) in &intents {
        assert_eq!(status(&house, intent).await, "paid");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_in_the_midst_of_an_import_is_no_second_payment() {
    let house = house().await;
    let mut opening = 0;
    for round in 0..40_usize {
        let (intent, code) = asked(&house, 150_000).await;
        let reference = format!("FT{round}");
        let named = if round % 3 == 2 { "" } else { reference.as_str() };
        let lines = [(150_000, reference.as_str(), code.as_str()), (1_000, "", "nop phi")];
        let on = day(round as i64 / 8);
        let wait = Duration::from_millis(round as u64 % 20);
        let notified = async {
            tokio::time::sleep(wait).await;
            told(&house, on, 150_000, named, &code).await;
        };
        join!(stated(&house, on, opening, &lines), notified);
        house.drain().await;
        opening += 151_000;
        assert_eq!(status(&house, &intent).await, "paid", "{round}");
        let of =
            format!("select count(*) from payment p join intent i on i.id = p.intent_id where i.reference = '{code}'");
        assert_eq!(house.ask(&of).await, "1", "{round}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_and_notifications_of_one_amount_never_stand_in_each_others_way() {
    let house = house().await;
    let mut intents = Vec::new();
    for _ in 0..30 {
        intents.push(asked(&house, 1_000).await);
    }
    let all: Vec<(String, &str)> = (0..30).map(|n| (format!("FT{n}"), intents[n].1.as_str())).collect();
    let whole: Vec<_> = all.iter().map(|(name, code)| (1_000, name.as_str(), *code)).collect();
    let begun = Instant::now();
    let imports = (1..=6).map(|n| stated(&house, day(1), 0, &whole[..5 * n]));
    let notified = all.iter().map(|(name, code)| told(&house, day(1), 1_000, name, code));
    join!(join_all(imports), join_all(notified));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    house.drain().await;
    assert_eq!((house.ask(PAYMENTS).await.as_str(), cases(&house).await.as_str()), ("30", ""));
    assert_eq!(house.ask(IN_TRANSIT).await, "0");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_twenty_thousand_lines_takes_far_less_than_a_round_trip_for_each() {
    let database = bank::database().await;
    let proxy = Proxy::with_latency(&database.socket_dir, Duration::ZERO);
    let database_url = Some(proxy.url(&database.name, "motlan_app"));
    let house = House::on(database, Plan { with_bank: true, database_url, ..Plan::default() }).await;
    house.had_account(OWN).await;
    let bytes = file(&lines(20_000, 100), true);
    proxy.reset();
    let begun = Instant::now();
    let statement = house.sends_statement(&own(), "auto", bytes).await.expect(201);
    let counts = proxy.counts();
    assert_eq!((count(&statement, "new_movements"), count(&statement, "matched")), (20_000, 20_000));
    assert!(counts.round_trips < 2_500, "{counts:?} in {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
    house.stop().await;
}
