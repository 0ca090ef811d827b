//! `make chaos`: the whole gateway as processes, portals and payers at work, everything breaking from one seed, and then
//! the books against what every other side wrote down. Exit code 0 only when nothing differs and enough happened
//! (docs/chaos.md).
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed run")]

mod bills;
mod deck;
mod desk;
mod diary;
mod faults;
mod front;
mod gate;
mod papers;
mod payers;
mod seat;
mod stage;
mod tally;
mod truth;
mod ways;

use deck::Deck;
use diary::Diary;
use gate::{Gate, Odds};
use papers::Papers;
use payers::Payers;
use stage::Stage;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tally::Tally;
use tests::interruption::{Dice, a_day_that_lasts};
use tokio::signal::unix::{SignalKind, signal};

const PAYERS: usize = 10;
/// Twice as long as the longest lease of a worker that was killed.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);
/// How many more drains a refund has whose provider is asked still; together longer than a lease.
const ASKED_AGAIN: u32 = 15;
/// For whoever asks again when all is well.
const QUIET: Duration = Duration::from_secs(180);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let seed = given("SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        now.as_millis() % 1_000_000_007
    });
    let seed = u64::try_from(seed).unwrap();
    let faults = Duration::from_secs(match given("SECONDS_OF_FAULTS") {
        Some(seconds) => u64::try_from(seconds).unwrap(),
        None => u64::try_from(given("MINUTES").unwrap_or(2)).unwrap() * 60,
    });
    println!("SEED={seed}, {} s of faults", faults.as_secs());
    a_day_that_lasts(faults + QUIET + DRAIN_LIMIT).await;
    let dir = std::env::temp_dir().join(format!("motlan-chaos-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut told = signal(SignalKind::terminate()).unwrap();
    // who ends this program ends what it started: dropped, a child is killed
    let wrong = tokio::select! {
        wrong = run(seed, faults, dir.clone()) => wrong,
        _ = told.recv() => vec!["it was told to end".to_owned()],
        _ = tokio::signal::ctrl_c() => vec!["it was told to end".to_owned()],
    };
    if wrong.is_empty() {
        println!("\nchaos SEED={seed}: nothing differs");
        let _ = std::fs::remove_dir_all(&dir);
        return ExitCode::SUCCESS;
    }
    println!("\nchaos SEED={seed}: {} wrong; logs are kept in {}", wrong.len(), dir.display());
    for one in &wrong {
        println!("  {one}");
    }
    ExitCode::FAILURE
}

/// A number from the environment.
fn given(name: &str) -> Option<u128> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| {
        eprintln!("{name}={text} is not a whole number");
        std::process::exit(2)
    }))
}

async fn run(seed: u64, lasts: Duration, dir: PathBuf) -> Vec<String> {
    let mut dice = Dice::of(seed);
    let schedule = faults::schedule(&mut dice.split(), lasts);
    println!("\nfaults planned");
    schedule.iter().for_each(|planned| println!("  {planned}"));

    let http = reqwest_client();
    let stage = Arc::new(Stage::set(dir.clone(), seed).await);
    stage.introduce(&http).await;
    let (tally, diary) = (Arc::new(Tally::default()), Diary::open(&dir.join("callers.jsonl")));
    let begun = Instant::now();
    let until = begun + lasts;
    let gateways = stage.bases.iter().cloned().zip(stage.gateways.iter().cloned()).collect();
    let (twice, hung_up) = (Deck::percent(10, dice.split()), Deck::percent(3, dice.split()));
    let odds = Odds { twice, hung_up, dice: dice.split() };
    let gate = Gate::new(&http, gateways, stage.keys.clone(), (diary.clone(), Arc::clone(&tally)), odds, until);
    let gate = Arc::new(gate);
    let others = stage.others();
    let papers = Papers::new(Arc::clone(&gate), &http, &others, seed);
    let payers = Arc::new(Payers::new(Arc::clone(&gate), &http, others, seed));
    let faults = faults::Faults::new(&stage, &tally, &http);
    let (of_papers, mut of_payers) = (dice.split(), dice.split());
    tokio::join!(faults.run(schedule, begun), payers.run(PAYERS, &mut of_payers, until), papers.run(of_papers, until));
    println!("\nthe faults are over after {:.0?}", begun.elapsed());

    gate.go_on(Instant::now() + QUIET);
    stage.marks_run_out().await;
    gate.ask_again().await;
    payers.doubts_end().await;
    drain(&stage, &tally).await;
    papers.last().await;
    drain(&stage, &tally).await;
    // a drain asks once about what a provider has in hand; a lease of a killed worker ends after it
    for _ in 0..ASKED_AGAIN {
        if !stage.refunds_are_under_way().await {
            break;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        drain(&stage, &tally).await;
    }
    let verified = stage.command(&["verify"]).await;
    println!("\nmotlan verify\n{}", verified.stdout);
    if !verified.success {
        let broken = verified.stdout.lines().skip_while(|line| !line.contains("BROKEN"));
        broken.filter(|line| !line.contains("  holds ")).for_each(|line| tally.wrong(format!("verify: {line}")));
        tally.wrong(format!("motlan verify fails {}", verified.stderr));
    }
    for line in stage.unexplained() {
        // a transaction that met another, which the locks are to keep apart
        tally.wrong(format!("I22, only a constraint held: {line}"));
    }
    truth::compare(&stage, diary.path(), &tally).await;
    tally.show(lasts);
    drop((faults, payers, papers, gate));
    let Ok(stage) = Arc::try_unwrap(stage) else { panic!("somebody still holds the stage") };
    for fell in stage.strike().await {
        tally.wrong(format!("{fell} ended by itself: see its log"));
    }
    tally.wrongs()
}

async fn drain(stage: &Stage, tally: &Tally) {
    let begun = Instant::now();
    let Ok(drained) = tokio::time::timeout(DRAIN_LIMIT, stage.command(&["--json", "work", "--drain"])).await else {
        return tally.wrong(format!("motlan work --drain does not end within {DRAIN_LIMIT:?}"));
    };
    println!("drained after {:.1?}: {}", begun.elapsed(), drained.stdout.trim());
    if !drained.success {
        tally.wrong(format!("motlan work --drain fails: {}", drained.stderr));
    }
}

fn reqwest_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // sooner than the gateway gives an idle connection up
        .pool_idle_timeout(Duration::from_secs(2))
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}
