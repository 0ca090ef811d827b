//! Finance staff: statements of the bank and settlement files of VNPAY, sent while everything breaks and once more at the
//! end; now and then a damaged one, which must be refused. An officer brings the drawers' cash to the bank.

use crate::deck::Deck;
use crate::desk::COUNTERS;
use crate::gate::{Asked, Gate, Told, Who};
use crate::tally;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT};
use tests::files::today;
use tests::interruption::Dice;

const FORMATS: [&str; 4] = ["camt053_v8", "mt940", "csv", "camt053_v2"];

pub struct Papers {
    pub gate: Arc<Gate>,
    pub http: reqwest::Client,
    vnpay: String,
    bank: String,
    seed: u64,
    next: AtomicU64,
    first_day: jiff::civil::Date,
    /// Deposits whose officer does not know whether they were taken down.
    doubts: Mutex<Vec<Brought>>,
}

#[derive(Clone, Copy)]
enum Paper {
    Settlement,
    Statement,
    Damaged,
}

/// Cash on its way to an account of the bank.
#[derive(Clone)]
struct Brought {
    asked: Asked,
    account: &'static str,
    amount: i64,
    slip: String,
}

impl Papers {
    pub fn new(gate: Arc<Gate>, http: &reqwest::Client, others: &BTreeMap<&'static str, String>, seed: u64) -> Self {
        let (next, first_day, doubts) = (AtomicU64::new(1), today(), Mutex::default());
        let (http, vnpay, bank) = (http.clone(), others["vnpay"].clone(), others["bank"].clone());
        Self { gate, http, vnpay, bank, seed, next, first_day, doubts }
    }

    /// One kind of file after the other, and beside them cash, until then.
    pub async fn run(&self, mut dice: Dice, until: Instant) {
        tokio::join!(self.cash(dice.split(), until), self.files(dice, until));
    }

    async fn cash(&self, mut dice: Dice, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(dice.millis(4_000, 9_000)).await;
            self.deposit(usize::from(dice.below(2) == 0)).await;
        }
    }

    async fn files(&self, mut dice: Dice, until: Instant) {
        use Paper::{Damaged, Settlement, Statement};
        let mut papers = Deck::new(vec![Settlement, Settlement, Statement, Damaged], dice.split());
        while Instant::now() < until {
            tokio::time::sleep(dice.millis(2_000, 6_000)).await;
            match papers.draw() {
                Settlement => self.settlement().await,
                Statement => {
                    let account = [ACCOUNT, OTHER_ACCOUNT][usize::from(dice.below(2) == 0)];
                    let format = FORMATS[usize::try_from(dice.below(4)).unwrap()];
                    self.statement(account, format).await;
                }
                Damaged => self.damaged(["truncate", "wrong_closing"][usize::from(dice.below(2) == 0)]).await,
            }
        }
    }

    /// What is left, when nothing breaks any more: the last session with its payout, then every day of both accounts.
    pub async fn last(&self) {
        let doubts = std::mem::take(&mut *self.doubts.lock().unwrap());
        for deposit in doubts {
            self.deposited(deposit).await;
        }
        self.settlement().await;
        for account in [ACCOUNT, OTHER_ACCOUNT] {
            self.statement(account, "camt053_v8").await;
        }
    }

    /// Ends a session at VNPAY, sends its file and pays it out to the first account.
    async fn settlement(&self) {
        let cut: Value =
            self.http.post(format!("{}/_sim/settlement/cut", self.vnpay)).send().await.unwrap().json().await.unwrap();
        if cut["rows"].as_u64().unwrap_or(0) == 0 {
            return;
        }
        let file = self.bytes(&format!("{}/_sim/settlement?session={}", self.vnpay, cut["session"])).await;
        let net = cut["net"].as_i64().unwrap();
        let said = json!({"kind": "session", "session": cut["session"], "gross": cut["gross"], "fee": cut["fee"], "refunds": cut["refunds"], "net": net});
        self.gate.diary.write(said).await;
        self.send("/v1/settlements?profile=vnpay_main".to_owned(), file).await;
        if net <= 0 {
            // more was given back than came in: VNPAY keeps that on its account
            return;
        }
        let how = json!({"account": ACCOUNT, "amount": net, "content": cut["content"]});
        let paid = self.http.post(format!("{}/_sim/bank/transfer", self.bank)).json(&how).send().await.unwrap();
        assert!(paid.status().is_success(), "{}", paid.text().await.unwrap());
    }

    /// All that a drawer holds goes to the bank, which credits it once it was taken down here.
    async fn deposit(&self, which: usize) {
        let (counter, account) = COUNTERS[which];
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let shown = Asked { by: Who::Officer, ..Asked::get(format!("/v1/counters/{counter}")) };
        let Some(shown) = self.gate.tell(shown).await.done() else { return };
        let amount = shown["drawer"].as_i64().unwrap();
        if amount == 0 {
            return;
        }
        let slip = format!("PGN{}X{n}", self.seed);
        let (path, key) = (format!("/v1/counters/{counter}/deposits"), format!("deposit-{}-{n}", self.seed));
        let asked = Asked::by_officer(path, key, &json!({"amount": amount, "slip_ref": slip}));
        self.deposited(Brought { asked, account, amount, slip }).await;
    }

    async fn deposited(&self, deposit: Brought) {
        match self.gate.tell(deposit.asked.clone()).await {
            Told::Done(_) => {}
            Told::Open => return self.doubts.lock().unwrap().push(deposit),
            // somebody was given cash back meanwhile
            Told::Refused(_) => return,
        }
        let how = json!({"account": deposit.account, "amount": deposit.amount, "content": deposit.slip});
        let credited = self.http.post(format!("{}/_sim/bank/transfer", self.bank)).json(&how).send().await.unwrap();
        assert!(credited.status().is_success(), "{}", credited.text().await.unwrap());
        self.gate.tally.count(tally::DEPOSITS);
    }

    async fn statement(&self, account: &str, format: &str) {
        let days = format!("from={}&to={}", self.first_day, today());
        let file =
            self.bytes(&format!("{}/_sim/bank/statement?account={account}&format={format}&{days}", self.bank)).await;
        self.send(path_of(account, format), file).await;
    }

    /// A file that is not whole, or does not tie out.
    async fn damaged(&self, damage: &str) {
        let days = format!("from={}&to={}", today(), today());
        let url = format!("{}/_sim/bank/statement?account={ACCOUNT}&format=mt940&{days}&damage={damage}", self.bank);
        let file = self.bytes(&url).await;
        match self.gate.tell(self.asked(path_of(ACCOUNT, "mt940"), file)).await {
            Told::Refused(code) if code == "file_refused" => self.gate.tally.count(tally::FILES_REFUSED),
            Told::Open => {}
            Told::Done(answer) => self.gate.tally.wrong(format!("a damaged statement ({damage}) was taken: {answer}")),
            Told::Refused(code) => self.gate.tally.wrong(format!("a damaged statement ({damage}) was refused: {code}")),
        }
    }

    async fn send(&self, path: String, file: Vec<u8>) {
        match self.gate.tell(self.asked(path.clone(), file)).await {
            Told::Done(_) => self.gate.tally.count(tally::FILES),
            Told::Refused(code) => self.gate.tally.wrong(format!("a whole file was refused: {path}: {code}")),
            Told::Open => {}
        }
    }

    fn asked(&self, path: String, file: Vec<u8>) -> Asked {
        let key = format!("file-{}-{}", self.seed, self.next.fetch_add(1, Ordering::Relaxed));
        Asked::file(path, key, file)
    }

    async fn bytes(&self, url: &str) -> Vec<u8> {
        let answer = self.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{url}: {}", answer.text().await.unwrap());
        answer.bytes().await.unwrap().to_vec()
    }
}

fn path_of(account: &str, format: &str) -> String {
    let said = if format == "csv" { "csv:synthetic-bank" } else { "auto" };
    format!("/v1/statements?account={BIN}.{account}&format={said}")
}
