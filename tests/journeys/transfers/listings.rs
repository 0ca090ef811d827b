//! Listings of many accounts: whoever waits is asked for in turn, and no teller faster than it says.

use super::{PAYMENTS, offered, reference, status};
use serde_json::json;
use std::time::{Duration, Instant};
use tests::bank::ACCOUNT;
use tests::{House, Plan};

/// As SePay has it: two calls a second.
fn two_a_second(with_worker: bool, every_s: &str) -> Plan {
    let settings = vec![
        ("MOTLAN_PROFILES__VIETQR_KB__LISTING_PACE_MS", "600".to_owned()),
        ("MOTLAN_POLL__LIST_EVERY_S", every_s.to_owned()),
    ];
    Plan { with_bank: true, with_worker, listings_per_second: 2, settings, ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifteen_codes_on_thirty_accounts_are_all_found_though_every_notification_was_lost() {
    let house = House::planned(two_a_second(true, "10")).await;
    house.tellers_are_lost().await;
    for n in 0..15 {
        house.opens_account(&format!("30{n:08}"), true).await;
    }
    let mut intents = Vec::new();
    for n in 0..15 {
        house.opens_account(&format!("20{n:08}"), false).await;
        let (_, intent, attempt) = offered(&house, 40_000 + n).await;
        assert_eq!(attempt["action"]["account_number"], format!("20{n:08}"));
        intents.push(intent);
    }
    for (n, intent) in (0..).zip(&intents) {
        let how = json!({"account": format!("20{n:08}"), "amount": 40_000 + n, "content": reference(intent)});
        house.bank_sim("bank/transfer", how).await;
    }
    // one round of all accounts is 32 calls, 600 ms apart; each is listed a second time to see the last moments of the first
    let begun = Instant::now();
    while house.ask(PAYMENTS).await != "15" {
        assert!(begun.elapsed() < Duration::from_secs(40), "{} were found", house.ask(PAYMENTS).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for intent in &intents {
        assert_eq!(status(&house, intent).await, "paid");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_not_listed_since_the_teller_was_asked_too_often_is_first_afterwards() {
    let mut plan = two_a_second(false, "60");
    // faster than the bank allows
    plan.settings[0].1 = "0".to_owned();
    let house = House::planned(plan).await;
    house.tellers_are_lost().await;
    for n in 0..4 {
        house.opens_account(&format!("30{n:08}"), true).await;
    }
    let (_, intent, _) = offered(&house, 40_000).await;
    let sweep = || async { payments::sweep_movements::sweep(&house.gateway.ctx, false, jiff::Timestamp::now()).await };
    let listed = "select count(*) from account_sweep where next_at > now()";
    // the accounts: four old ones, the one that is paid into, and the other beneficiary's
    let first = "select account_code from account_sweep order by next_at desc limit 1";
    assert_eq!(sweep().await.unwrap(), 6, "what the teller asks for is waited for, since it is short");
    assert_eq!(house.ask(listed).await, "6");
    assert!(house.ask(first).await.starts_with("970436."));
    house.ask("update account_sweep set next_at = now() - interval '2 hours' where account_code like '%.30%'").await;
    house.ask("update listing_turn set next_at = now() + interval '30 seconds'").await;
    assert_eq!(sweep().await.unwrap(), 0, "nobody is asked while the teller wants to be left alone");
    house.ask("update listing_turn set next_at = now()").await;
    house.transfers_how(json!({"account": ACCOUNT, "amount": 40_000, "content": reference(&intent)})).await;
    house
        .ask(&format!(
            "update account_sweep set next_at = now() - interval '1 second' where account_code like '%.{ACCOUNT}'"
        ))
        .await;
    assert_eq!(sweep().await.unwrap(), 5);
    assert_eq!(status(&house, &intent).await, "paid");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_kept_already_is_not_looked_up_again_and_one_that_changed_is() {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    let (_, intent, _) = offered(&house, 40_000).await;
    house.transfers(40_000, &reference(&intent)).await;
    let known = "select count(*) from sighting";
    for _ in 0..2 {
        house.drain().await;
        assert_eq!((house.ask(PAYMENTS).await.as_str(), house.ask(known).await.as_str()), ("1", "1"));
    }
    // a row that was looked up is one transaction, and takes the numbers of others
    let ctx = &house.gateway.ctx;
    let provider = ctx.providers.iter().find(|p| p.movements.is_some()).unwrap();
    let now = jiff::Timestamp::now();
    let wanted = provider::Wanted {
        account_number: ACCOUNT,
        since: now - jiff::SignedDuration::from_hours(1),
        now,
        not_before: now,
    };
    let listing = provider.movements.as_deref().unwrap().list(wanted, &provider::AtOnce).await.unwrap();
    let db = ctx.pool.get().await.unwrap();
    let account = storage::receiving_accounts::all(&db, Some(&tests::files::account())).await.unwrap().remove(0);
    let mut rows = listing.rows;
    let mut changed = rows[0].clone();
    changed.evidence.push(b' ');
    rows.push(changed.clone());
    let news = payments::receive_account_report::not_kept(ctx, &provider, &account, &rows).await.unwrap();
    assert_eq!(news, [&changed]);
    house.close().await;
}
