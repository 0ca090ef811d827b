//! What happened in a run, counted where it happened; and the least of each below which a run proves too little.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is counted, with the least for each ten seconds of faults: a quarter of what two busy cores do.
const LEAST: [(&str, u64); 19] = [
    (ANSWERS, 20),
    (HUNG_UP, 1),
    (SENT_TWICE, 2),
    (CAPTURES, 5),
    (REPEATED, 2),
    (REORDERED, 1),
    (LOST, 1),
    (FORGED, 1),
    (CALLS_KEPT, 5),
    (EVENTS, 5),
    (KILLS, 1),
    (KILLS_IN_FLIGHT, 1),
    (WORKER_KILLS, 1),
    (CUTS_AT_COMMIT, 1),
    (CUTS, 0),
    (POSTGRES, 0),
    (REDIS, 0),
    (DOSSIER, 0),
    (FILES, 0),
];
/// What a run of a minute or more has at least once, however short.
const AT_LEAST_ONCE: [&str; 15] = [
    REFUNDS,
    LATE,
    CUTS,
    POSTGRES,
    REDIS,
    DOSSIER,
    FILES,
    FILES_REFUSED,
    SEVERAL_WAYS,
    BY_CODE,
    BY_CARD,
    ENTERED_AGAIN,
    UNDONE,
    DEPOSITS,
    WORKER_KILLS_IN_FLIGHT,
];

/// Each channel; at least one payment of each for ten seconds of faults.
pub const PAID_BY: [(&str, &str); 9] = [
    ("vnpay", "payments by vnpay"),
    ("vietqr", "payments by vietqr"),
    ("momo", "payments by momo"),
    ("zalopay", "payments by zalopay"),
    ("national", "payments by national"),
    ("mobile_money", "payments by mobile_money"),
    ("bank_bills", "payments by bank_bills"),
    ("mobile_money_bills", "payments by mobile_money_bills"),
    ("counter", "payments by counter"),
];
/// Those that give back by a call; each at least once in a run of a minute or more.
pub const REFUNDED_BY: [(&str, &str); 4] = [
    ("vnpay", "refunds at vnpay"),
    ("momo", "refunds at momo"),
    ("zalopay", "refunds at zalopay"),
    ("mobile_money", "refunds at mobile_money"),
];

pub const ANSWERS: &str = "2xx answers kept by callers";
pub const SENT_TWICE: &str = "requests sent twice under one key";
pub const HUNG_UP: &str = "callers that hung up before the answer";
pub const REFUSED: &str = "times told to come again";
pub const BROKEN_OFF: &str = "requests broken off by a fault";
pub const CAPTURES: &str = "payments of all channels, by the other sides' word";
pub const REPEATED: &str = "reports repeated";
pub const REORDERED: &str = "reports out of order";
pub const LOST: &str = "reports lost";
pub const FORGED: &str = "reports forged";
pub const LIED: &str = "payments of another amount";
pub const LATE: &str = "payments after the deadline";
pub const SEVERAL_WAYS: &str = "debts paid in several ways at once";
pub const BY_CODE: &str = "payments by Mobile Money that a code authorised";
pub const BY_CARD: &str = "payments by a card at a counter";
pub const PAGES_LOST: &str = "orders whose page was lost with a killed gateway, and begun anew";
pub const ENTERED_AGAIN: &str = "receipts entered once more";
pub const UNDONE: &str = "counter payments undone by a second person";
pub const DEPOSITS: &str = "drawers brought to the bank";
pub const REFUNDS: &str = "refunds approved by a second person";
pub const CALLS_KEPT: &str = "reports that we confirmed";
pub const EVENTS: &str = "events applied at the dossier system";
pub const KILLS: &str = "kills of gateways";
pub const KILLS_IN_FLIGHT: &str = "kills of gateways with a request open";
pub const WORKER_KILLS: &str = "kills of workers";
pub const WORKER_KILLS_IN_FLIGHT: &str = "kills of workers with a lease";
pub const POSTGRES: &str = "PostgreSQL immediate restarts";
pub const NOT_READY: &str = "times that no process said it is ready with PostgreSQL down";
pub const REDIS: &str = "Redis faults";
pub const CUTS: &str = "cuts of all connections to PostgreSQL";
pub const CUTS_AT_COMMIT: &str = "connections cut at COMMIT";
pub const DOSSIER: &str = "dossier system down or failing after it accepted";
pub const FILES: &str = "statements and settlement files taken during the faults";
pub const FILES_REFUSED: &str = "damaged files refused";

#[derive(Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    slowest: Mutex<BTreeMap<&'static str, Duration>>,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    pub fn count(&self, what: &'static str) {
        self.add(what, 1);
    }

    pub fn add(&self, what: &'static str, n: u64) {
        *lock(&self.counts).entry(what).or_default() += n;
    }

    /// Keeps the longest; above the limit it is wrong.
    pub fn took(&self, what: &'static str, how_long: Duration, limit: Duration) {
        let mut slowest = lock(&self.slowest);
        let longest = slowest.entry(what).or_default();
        *longest = how_long.max(*longest);
        drop(slowest);
        if how_long > limit {
            self.wrong(format!("{what}: {how_long:.1?}, the limit is {limit:?}"));
        }
    }

    /// Something that must not be, in words.
    pub fn wrong(&self, what: String) {
        lock(&self.wrong).push(what);
    }

    pub fn wrongs(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }

    /// Prints all of it; below the least it is wrong.
    pub fn show(&self, faults: Duration) {
        println!("\ncounted");
        let tens = faults.as_secs() / 10;
        let counts = lock(&self.counts).clone();
        let due = LEAST
            .map(|l| l.0)
            .into_iter()
            .chain(AT_LEAST_ONCE)
            .chain(PAID_BY.map(|of| of.1))
            .chain(REFUNDED_BY.map(|of| of.1));
        let mut names: Vec<&str> = counts.keys().copied().chain(due).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let a_channel = u64::from(PAID_BY.iter().any(|of| of.1 == name));
            let each = LEAST.iter().find(|l| l.0 == name).map_or(a_channel, |l| l.1) * tens;
            let is_due = AT_LEAST_ONCE.contains(&name) || REFUNDED_BY.iter().any(|of| of.1 == name);
            let once = u64::from(is_due && faults >= Duration::from_mins(1));
            // one in a hundred of all but transfers
            let lied = if name == LIED { counts.get(CAPTURES).copied().unwrap_or(0) / 300 } else { 0 };
            let (least, count) = (each.max(once).max(lied), counts.get(name).copied().unwrap_or(0));
            println!("  {count:>7}  {name}{}", if least > 0 { format!(" (at least {least})") } else { String::new() });
            if count < least {
                self.wrong(format!("too little happened: {count} {name}, at least {least} are due"));
            }
        }
        println!("\nlongest");
        for (name, longest) in lock(&self.slowest).iter() {
            println!("  {longest:>9.2?}  {name}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
