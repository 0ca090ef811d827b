//! What all scenes share: whom they talk to, what this run has made so far, and how to wait for something without
//! waiting for ever.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::time::Instant;

use super::bank::{Bank, Booked};
use super::books::Books;
use super::cast::{Cast, DOSSIERS, Run};
use super::checkout::Intent;
use super::gateway::{Gateway, list};
use super::neighbours::{Browser, DossierSystem, Vnpay};
use super::partners::Partners;
use super::run_file::RunFile;
use super::stop::Stop;
use super::tally::Tally;

const CALL: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Dossier codes have four digits a day; other runs of the day may have taken these.
const MOST_DRAWS: usize = 20;

pub struct Story {
    pub tally: Tally,
    pub api: Gateway,
    /// As the accountant.
    pub staff: Gateway,
    /// As the second person.
    pub approver: Gateway,
    /// As the officer at the counter.
    pub officer: Gateway,
    pub counter: String,
    pub ops: Gateway,
    pub browser: Browser,
    pub vnpay: Vnpay,
    pub partners: Partners,
    pub bank: Bank,
    pub dossier: DossierSystem,
    pub run: Run,
    pub cast: Cast,
    pub endpoint: Option<Endpoint>,
    pub intents: Vec<Intent>,
    /// Of every attempt, in the order in which they were made.
    pub order_refs: Vec<String>,
    /// What payers of this run transferred, in the order in which the bank booked it.
    pub transfers: Vec<Booked>,
    /// What the counter brought to the bank: no payer's transfer.
    pub deposit: Option<Deposit>,
    /// The account that codes name: as the books name it, and its number at the bank.
    pub account: Option<(String, String)>,
    /// The POSTs that created an intent or an attempt, to be repeated.
    pub calls: Vec<Created>,
    books: Option<Books>,
    keys: u32,
}

/// Where the dossier system hears this run.
pub struct Endpoint {
    pub id: String,
    pub name: String,
}

/// The drawer at the bank.
pub struct Deposit {
    pub id: String,
    pub booked: Booked,
}

/// A POST that created something, and its answer to the byte.
pub struct Created {
    pub path: String,
    pub body: Value,
    pub key: String,
    pub bytes: Vec<u8>,
    pub replayed: Option<String>,
}

impl Story {
    /// Only what nothing can be told without stops the story: the run file, a client, the gateway. Takes `tally` over
    /// when it succeeds.
    pub async fn begin(run_file: &Path, tally: &mut Tally) -> Result<Self, Stop> {
        let known = RunFile::read(run_file).await?;
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(CALL);
        let http = client.build().map_err(Stop::Client)?;
        let run = Run::at(Timestamp::now());
        let books = match Books::open(&known.database_url_readonly).await {
            Ok(books) => Some(books),
            Err(stop) => {
                tally.stopped(&stop);
                None
            }
        };
        let api = Gateway::new(http.clone(), &known.base_url, Some(known.client_key));
        let cast = Cast::of(&run, unused(&api, &run).await?);
        Ok(Self {
            tally: std::mem::take(tally),
            staff: Gateway::new(http.clone(), &known.base_url, Some(known.staff_key)),
            approver: Gateway::new(http.clone(), &known.base_url, Some(known.approver_key)),
            officer: Gateway::new(http.clone(), &known.base_url, Some(known.officer_key)),
            counter: known.counter,
            ops: Gateway::new(http.clone(), &known.ops_url, None),
            browser: Browser::new(http.clone(), &known.base_url),
            vnpay: Vnpay::new(http.clone(), &known.simulators.vnpay),
            partners: Partners::new(&http, &known.simulators.partners),
            bank: Bank::new(http.clone(), &known.simulators.bank),
            dossier: DossierSystem::new(http, &known.simulators.dossier),
            api,
            run,
            cast,
            endpoint: None,
            intents: Vec::new(),
            order_refs: Vec::new(),
            transfers: Vec::new(),
            deposit: None,
            account: None,
            calls: Vec::new(),
            books,
            keys: 0,
        })
    }

    pub fn books(&self) -> Result<&Books, Stop> {
        let premise = || Stop::Premise("không đọc được sổ sách (the books cannot be read)".to_owned());
        self.books.as_ref().ok_or_else(premise)
    }

    /// A fresh `Idempotency-Key`.
    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("story-{}-{}", self.run.name, self.keys)
    }
}

async fn unused(api: &Gateway, run: &Run) -> Result<[String; DOSSIERS], Stop> {
    let mut codes = run.dossiers();
    for _ in 0..MOST_DRAWS {
        let mut taken = false;
        for code in &codes {
            let known = api.get(&format!("/v1/obligations?dossier_code={code}")).await?.must_be(200)?;
            taken |= !list(&known.body, "data").is_empty();
        }
        if !taken {
            return Ok(codes);
        }
        codes = run.dossiers();
    }
    Err(Stop::Premise("không còn mã hồ sơ trống trong ngày (no unused dossier code today)".to_owned()))
}

/// Looks again and again until there is something to see; None when the time is over.
pub async fn until<T>(
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Stop>,
) -> Result<Option<T>, Stop> {
    let end = Instant::now() + limit;
    loop {
        let seen = look().await?;
        if seen.is_some() || Instant::now() >= end {
            return Ok(seen);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
