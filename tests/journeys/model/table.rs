//! A gateway behind a connection that breaks, and the clerk beside it.

use super::clerk::{At, Clerk, Place, is_legal};
use super::commands::Kind;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::proxy::Proxy;
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT};
use tests::files::{account, today};
use tests::interruption::{Dice, busy_marks_run_out};
use tests::portal::{Answered, Portal, dossier, fresh};
use tests::{BENEFICIARY, House, Plan, bank};
use tokio_postgres::{Client, SimpleQueryMessage};

/// What a coin of the clerk's is worth, in đồng.
pub const COIN: i64 = 1_000;
const FEES: usize = 4;
/// How often something is asked again before it counts as never answered.
const TRIES: usize = 60;

pub struct Table {
    pub house: House,
    pub approver: Portal,
    pub dice: Dice,
    pub clerk: Clerk,
    /// As the gateway knows them; the numbers are the clerk's.
    pub fees: Vec<Value>,
    pub intents: Vec<Value>,
    pub attempts: Vec<Value>,
    pub payments: Vec<String>,
    pub refunds: Vec<Value>,
    /// The bank's reference of a payment, or nothing.
    pub references: Vec<Option<String>>,
    /// Attempts whose order nobody has paid yet: VNPAY takes money for each once.
    pub unpaid: Vec<usize>,
    pub is_other_account_used: bool,
    /// The text of each transfer that people made for a refund.
    pub texts: BTreeMap<usize, String>,
    pub done: BTreeSet<Kind>,
    proxy: Proxy,
    /// The books, read past the proxy.
    books: Client,
    heard: i64,
}

pub fn coins(amount: &Value) -> usize {
    usize::try_from(amount.as_i64().unwrap() / COIN).unwrap()
}

pub fn dong(coins: usize) -> i64 {
    i64::try_from(coins).unwrap() * COIN
}

impl Table {
    pub async fn new(mut dice: Dice) -> Self {
        let database = bank::database().await;
        let proxy = Proxy::start(&database.socket_dir);
        let database_url = Some(proxy.url(&database.name, "motlan_app"));
        let house = House::on(database, Plan { with_bank: true, database_url, ..Plan::default() }).await;
        let approver = crate::refunds::second_person(&house).await;
        let books = house.database.connect("motlan_superuser").await;
        let mut fees = Vec::new();
        let mut amounts = Vec::new();
        for _ in 0..FEES {
            let amount = usize::try_from(10 + dice.below(20)).unwrap();
            fees.push(house.portal.owes(&dossier(), dong(amount), json!({})).await);
            amounts.push(amount);
        }
        let mut table = Self {
            house,
            approver,
            dice,
            clerk: Clerk::new(&amounts),
            fees,
            intents: Vec::new(),
            attempts: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            references: Vec::new(),
            unpaid: Vec::new(),
            is_other_account_used: false,
            texts: BTreeMap::new(),
            done: BTreeSet::new(),
            proxy,
            books,
            heard: 0,
        };
        // the account has a first statement, so that its opening balance is known
        table.statement().await;
        table
    }

    // ------------------------------------------------------------ asking through a wire that breaks

    /// Some commit from now on is not heard of, or never comes.
    pub fn may_break(&mut self) {
        let n = 1 + self.dice.below(3);
        match self.dice.below(3) {
            0 => self.proxy.cut_before_commit(n),
            1 => self.proxy.cut_after_commit(n),
            _ => {}
        }
    }

    /// A POST, repeated under its key until it is answered; what was done says the same ever after.
    pub async fn asks(&mut self, who: &Portal, path: &str, body: Value) -> Answered {
        let key = format!("key-{}", fresh());
        let said = self.until(async |_| who.post_with(path, &key, body.clone()).await).await;
        if (200..300).contains(&said.status) && self.dice.below(3) == 0 {
            let again = self.until(async |_| who.post_with(path, &key, body.clone()).await).await;
            assert!(again.replayed, "{path}: {}", again.text);
            assert_eq!((again.status, &again.text), (said.status, &said.text), "{path}");
        }
        said
    }

    pub async fn reads(&self, who: &Portal, path: &str) -> Value {
        self.until(async |_| who.get(path).await).await.expect(200)
    }

    async fn until(&self, mut ask: impl AsyncFnMut(&Self) -> Answered) -> Answered {
        for _ in 0..TRIES {
            let said = ask(self).await;
            if said.json["code"] == "idempotency_in_progress" {
                busy_marks_run_out(&self.house).await;
            } else if said.status != 503 {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never answered");
    }

    /// The worker works off what there is, however often it is cut off.
    pub async fn works(&mut self) {
        for _ in 0..TRIES {
            let outcome = tokio::select! {
                outcome = worker::drain(&self.house.gateway.ctx) => outcome.is_ok(),
                () = self.leases_run_out() => false,
            };
            if outcome {
                return self.hear().await;
            }
        }
        panic!("the worker never came to an end");
    }

    /// Who was cut off holds what it had leased; here that ends within a second.
    async fn leases_run_out(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            for table in ["attempt_watch", "delivery", "account_sweep", "refund_watch"] {
                let sql = format!("update {table} set lease_until = now() where lease_until is not null");
                self.house.ask(&sql).await;
            }
        }
    }

    /// The row of the books that this finds, as soon as it is there.
    pub async fn booked(&self, sql: &str) -> String {
        for _ in 0..400 {
            if let Some(row) = self.rows(sql).await.pop() {
                return row[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never booked: {sql}");
    }

    /// Statements of the day with all that was on its way, and what follows from them.
    pub async fn statement(&mut self) {
        self.imports(ACCOUNT, &account()).await;
        if self.is_other_account_used {
            self.imports(OTHER_ACCOUNT, &format!("{BIN}.{OTHER_ACCOUNT}")).await;
        }
        self.clerk.statement();
        self.works().await;
        // a refund that came back came by this statement
        self.clerk.statement();
    }

    async fn imports(&self, number: &str, account: &str) {
        let bytes = self.house.bank_statement(number, "camt053_v8", &today().to_string()).await;
        let (path, key) = (format!("/v1/statements?account={account}&format=auto"), format!("file-{}", fresh()));
        let said = self.until(async |_| self.house.sends_file(&path, &key, bytes.clone()).await).await;
        assert!(matches!(said.status, 200 | 201), "{}", said.text);
    }

    // ------------------------------------------------------------ what others did meanwhile

    /// What the worker, VNPAY and statements did to refunds, and the clock to intents, told to the clerk in its order.
    pub async fn hear(&mut self) {
        let news = self
            .rows(&format!(
                "select seq, entity_type, entity_id, cause from assurance.transition
                 where seq > {} and entity_type in ('refund', 'intent') order by seq",
                self.heard
            ))
            .await;
        for row in news {
            self.heard = row[0].parse().unwrap();
            if row[1] == "intent" {
                if row[3] == "lapsed" {
                    let at = self.intents.iter().position(|i| i["id"] == row[2].as_str()).unwrap();
                    let intent = &self.clerk.intents[at];
                    assert!(intent.state == "open" && intent.deadline <= self.clerk.now, "expired too early: {row:?}");
                    self.clerk.intents[at].state = "expired";
                }
                continue;
            }
            let Some(at) = self.refunds.iter().position(|r| r["id"] == row[2].as_str()) else { continue };
            match row[3].as_str() {
                "submitted" | "asked_again" => self.clerk.refunds[at].state = "submitted",
                "outcome_unknown" => self.clerk.refunds[at].state = "unknown",
                "work_item_given" => self.clerk.refunds[at].state = "awaiting_statement",
                "provider_sent" | "statement_debit" => self.clerk.sent(at),
                "provider_failed" => self.clerk.fails(at, "failed"),
                "came_back" => self.clerk.came_back(at),
                // what a person did is told by who had it done
                "proposed" | "approved" | "rejected" | "withdrawn" | "payment_taken_back" => {}
                other => panic!("a refund moves for {other}"),
            }
        }
    }

    // ------------------------------------------------------------ what the books say

    pub async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let answer = self.books.simple_query(sql).await.unwrap();
        let rows = answer.iter().filter_map(|m| if let SimpleQueryMessage::Row(row) = m { Some(row) } else { None });
        rows.map(|row| (0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect()).collect()
    }

    pub async fn compare(&self, when: &str) {
        self.clerk.is_sound();
        let fees = self.rows("select obligation_id, status || ' ' || amount_due from assurance.obligation").await;
        let wanted = self.clerk.fees.iter().map(|f| format!("{} {}", f.state, dong(f.amount)));
        assert_eq!(by_number(&fees, &self.fees), wanted.collect::<Vec<_>>(), "obligations, {when}");
        let intents = self.rows("select intent_id, status from assurance.intent").await;
        let wanted: Vec<_> = self.clerk.intents.iter().map(|i| i.state.to_owned()).collect();
        assert_eq!(by_number(&intents, &self.intents), wanted, "intents, {when}");
        let refunds = self.rows("select refund_id, status from assurance.refund").await;
        let wanted: Vec<_> = self.clerk.refunds.iter().map(|r| r.state.to_owned()).collect();
        assert_eq!(by_number(&refunds, &self.refunds), wanted, "refunds, {when}");
        assert_eq!(self.homes().await, self.clerk.homes(), "where the money is, {when}");
        let accounts = self.accounts().await;
        assert_eq!(accounts, self.clerk.accounts(place, BENEFICIARY), "accounts, {when}");
    }

    async fn homes(&self) -> BTreeMap<(usize, At), i64> {
        let sql =
            "select payment_id, coalesce(obligation_id, ''), coalesce(suspense_reason, ''), coalesce(refund_id, ''),
            sum(amount) from assurance.allocation group by 1, 2, 3, 4 having sum(amount) <> 0";
        let mut all = BTreeMap::new();
        for row in self.rows(sql).await {
            let payment = self.payments.iter().position(|p| *p == row[0]).expect("a payment that nobody made");
            let number = |of: &[Value], id: &str| of.iter().position(|v| v["id"] == id).unwrap();
            let at = match (row[1].as_str(), row[2].as_str()) {
                ("", "") => At::Refund(number(&self.refunds, &row[3])),
                ("", reason) => At::Held(reason.parse::<domain::payment::SuspenseReason>().unwrap().as_str()),
                (fee, _) => At::Fee(number(&self.fees, fee)),
            };
            let amount: i64 = row[4].parse().unwrap();
            assert_eq!(amount % COIN, 0);
            all.insert((payment, at), amount / COIN);
        }
        all
    }

    /// Both accounts of the bank together, without what stood there before.
    async fn accounts(&self) -> BTreeMap<String, i64> {
        let sql = "select a.kind, e.account_code, sum(e.amount) from assurance.ledger_entry e
            join assurance.account a using (account_code) group by 1, 2";
        let mut all: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.rows(sql).await {
            let code = match row[0].as_str() {
                "bank" | "opening" => "bank",
                "in_transit" => "in_transit",
                _ => &row[1],
            };
            *all.entry(code.to_owned()).or_default() += row[2].parse::<i64>().unwrap();
        }
        all.retain(|_, amount| *amount != 0);
        all.into_iter().map(|(code, amount)| (code, amount / COIN)).collect()
    }

    /// With everything well again: every payment's refundable amount, every edge, every version, every invariant, and the
    /// word of the other sides.
    pub async fn end(mut self, seed: u64) -> (usize, BTreeSet<Kind>) {
        // the last one that was armed meets nobody
        self.proxy.cut_after_commit(1_000_000);
        for _ in 0..20 {
            self.works().await;
            if self.clerk.refunds.iter().all(|r| !["approved", "submitted", "unknown"].contains(&r.state)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.compare(&format!("seed {seed}, at the end")).await;
        for (i, payment) in self.payments.iter().enumerate() {
            let seen = self.reads(&self.house.staff, &format!("/v1/payments/{payment}")).await;
            let wanted = self.clerk.refundable(i) * COIN;
            assert_eq!(seen["refundable_amount"].as_i64(), Some(wanted), "seed {seed}: {seen}");
        }
        let edges = "select entity_type, coalesce(from_state, ''), to_state from assurance.transition
            where from_state is not null and entity_type in ('obligation', 'intent', 'refund')";
        for row in self.rows(edges).await {
            assert!(is_legal(&row[0], &row[1], &row[2]), "seed {seed}: {row:?}");
        }
        let gaps = "select entity_id from assurance.transition group by 1 having count(*) <> max(version)";
        assert_eq!(self.rows(gaps).await, Vec::<Vec<String>>::new(), "seed {seed}: versions");
        let Self { house, proxy, done, .. } = self;
        house.close().await;
        (usize::try_from(proxy.cuts()).unwrap(), done)
    }
}

fn by_number(rows: &[Vec<String>], known: &[Value]) -> Vec<String> {
    assert_eq!(rows.len(), known.len(), "{rows:?}");
    let of = |id: &Value| rows.iter().find(|r| *id == r[0].as_str()).map_or("missing", |r| r[1].as_str()).to_owned();
    known.iter().map(|v| of(&v["id"])).collect()
}

pub fn place(place: Place) -> String {
    match place {
        Place::Clearing => "clearing:vnpay_main",
        Place::Transit => "in_transit",
        Place::Bank => "bank",
        Place::Payer => "",
    }
    .to_owned()
}

/// A teller's call, sent once more; its status.
pub async fn tells(house: &House, sent: &Value) -> u16 {
    let headers: Vec<(&str, String)> = sent["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap().to_owned()))
        .collect();
    let request = house.http.post(sent["url"].as_str().unwrap()).header("Content-Type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request.body(sent["body"].as_str().unwrap().to_owned()).send().await.unwrap().status().as_u16()
}
