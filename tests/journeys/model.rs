//! The reference model against a whole gateway on PostgreSQL, whose connections break at random commits. What is asked is
//! repeated under its key until it is answered; after every command the books must say what the clerk says, who moves
//! coins by hand. `MOTLAN_MODEL_SEEDS=1,2,3` says with which seeds, `MOTLAN_MODEL_COMMANDS` how long.

#[path = "../../crates/domain/tests/model/clerk.rs"]
#[expect(dead_code, reason = "the domain's own test asks the clerk for more")]
mod clerk;
mod commands;
mod orders;
mod table;

use commands::{KINDS, Kind};
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use std::time::Duration;
use table::Table;
use tests::interruption::{Dice, a_day_that_lasts};

const SEEDS: [u64; 6] = [1, 2, 3, 5, 8, 13];
const COMMANDS: usize = 40;
/// Houses at a time.
const SIDE_BY_SIDE: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_on_postgresql_say_what_the_clerk_says_whatever_breaks() {
    let given = std::env::var("MOTLAN_MODEL_SEEDS").ok();
    let given = given.map(|text| text.split(',').filter_map(|seed| seed.trim().parse().ok()).collect::<Vec<u64>>());
    let commands = std::env::var("MOTLAN_MODEL_COMMANDS").ok().and_then(|text| text.parse().ok()).unwrap_or(COMMANDS);
    // what was asked for by hand may be short
    let is_short = given.is_some();
    let seeds = given.unwrap_or_else(|| SEEDS.to_vec());
    let done: Vec<(usize, BTreeSet<Kind>)> =
        stream::iter(seeds).map(|seed| history(seed, commands)).buffer_unordered(SIDE_BY_SIDE).collect().await;
    let cuts: usize = done.iter().map(|(cuts, _)| cuts).sum();
    let kinds: BTreeSet<Kind> = done.iter().flat_map(|(_, kinds)| kinds.clone()).collect();
    println!("{} histories of {commands} commands, {cuts} connections cut, {kinds:?}", done.len());
    assert!(is_short || (cuts > 50 && kinds.len() == KINDS), "too little happened: {cuts} cuts, {kinds:?}");
}

/// One random history; how often a connection broke, and what was done.
async fn history(seed: u64, commands: usize) -> (usize, BTreeSet<Kind>) {
    a_day_that_lasts(Duration::from_secs(120)).await;
    let mut table = Table::new(Dice::of(seed)).await;
    for number in 0..commands {
        let did = table.one().await;
        // shown where the test fails
        println!("seed {seed}, {number}: {did}");
        table.compare(&format!("seed {seed}, command {number}: {did}")).await;
    }
    table.end(seed).await
}
