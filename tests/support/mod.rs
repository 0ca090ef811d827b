//! The one harness of the journeys: a whole gateway on its own database, with the simulators on the other side of every
//! wire. Closing it works off what is left, asks every invariant, and compares the books with the other sides' logs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

pub mod bank;
pub mod barrier;
pub mod bills;
pub mod child;
pub mod collector;
pub mod counter;
pub mod crash;
pub mod desk;
pub mod files;
pub mod gsma;
pub mod interruption;
pub mod ledger_rows;
pub mod mobile_money;
pub mod outside;
pub mod portal;
pub mod post;
pub mod rows;
pub mod sampled;
pub mod shape;
pub mod truth;
pub mod wallets;
pub mod wire;

use domain::KeyId;
use domain::beneficiary::{AccountKind, Beneficiary};
use domain::codes::BeneficiaryCode;
use domain::mode::Mode;
use domain::principal::{Scope, Who};
use jiff::Timestamp;
use motlan::config::{Config, Sources};
use motlan::wiring::{Gateway, Role};
use portal::Portal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use storage::ids::mint;
use storage::{Pool, Settings, beneficiaries, principals};
use testkit::TestDatabase;

pub const TMN_CODE: &str = "LAOCAI01";
pub const HASH_SECRET: &str = "LAOCAIVNPAYTESTSECRET0123456789A";
pub const BENEFICIARY: &str = "H38.17-KB";
pub const OTHER_BENEFICIARY: &str = "H38.18-NH";
const PII_KEY: &str = "7465737474657374746573747465737474657374746573747465737474657374";
const PEPPER: &str = "70657070657274657374706570706572746573747065707065727465737470ff";

/// What differs from test to test.
#[derive(Default)]
pub struct Plan {
    /// Also run the worker's clock; else the test drains by hand.
    pub with_worker: bool,
    /// Also run a bank, and collect on its accounts.
    pub with_bank: bool,
    /// How often the bank may be asked for a listing in a second; 0: as often as anybody likes.
    pub listings_per_second: u32,
    /// Also run a Mobile Money provider, and collect with it.
    pub with_mobile_money: bool,
    /// Also run the wallets, and collect through them.
    pub with_wallets: bool,
    /// MoMo collects for the second beneficiary under a contract of its own.
    pub with_second_momo: bool,
    /// Also run applications of a bank and a wallet whose customers pay bills here.
    pub with_bills: bool,
    /// Also run a mail server, and tell payers of their receipts.
    pub with_post: bool,
    /// `MOTLAN_…` settings over those of the harness.
    pub settings: Vec<(&'static str, String)>,
    /// The URL of the application role, where it is not the database itself (a proxy before it).
    pub database_url: Option<String>,
}

pub struct House {
    pub gateway: Gateway,
    pub vnpay: simulator::Running,
    pub dossier: simulator::Running,
    pub bank: Option<simulator::Running>,
    pub mobile_money: Option<simulator::Running>,
    pub wallets: Option<wallets::Wallets>,
    pub bills: Option<bills::Applications>,
    pub post: Option<simulator::post::Office>,
    pub database: TestDatabase,
    pub portal: Portal,
    /// The portal's id as a client.
    pub client: String,
    pub other_portal: Portal,
    pub staff: Portal,
    pub http: reqwest::Client,
}

impl House {
    pub async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    pub async fn planned(plan: Plan) -> Self {
        let database = if plan.with_bank { bank::database().await } else { database().await };
        Self::on(database, plan).await
    }

    /// A gateway on a database that is there already.
    pub async fn on(database: TestDatabase, mut plan: Plan) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vnpay = simulator::vnpay::start(simulator::VnpayConfig {
            listen: "127.0.0.1:0".to_owned(),
            ipn_retry_ms: 200,
            ..simulator::VnpayConfig::new(TMN_CODE, HASH_SECRET)
        })
        .await
        .unwrap();
        let listen = "127.0.0.1:0".to_owned();
        let dossier = simulator::dossier::start(simulator::DossierConfig { listen, log: None }).await.unwrap();
        let bank = if plan.with_bank { Some(bank::start(plan.listings_per_second).await) } else { None };
        if let Some(bank) = &bank {
            // what the test says comes later, and wins
            plan.settings.splice(0..0, bank::settings(&bank.url));
        }
        let mobile_money = if plan.with_mobile_money { Some(mobile_money::start().await) } else { None };
        if let Some(running) = &mobile_money {
            plan.settings.splice(0..0, mobile_money::settings(&running.url));
        }
        let wallets = if plan.with_wallets { Some(wallets::Wallets::start().await) } else { None };
        if let Some(wallets) = &wallets {
            if plan.with_second_momo {
                plan.settings.splice(0..0, wallets.second_momo());
            }
            plan.settings.splice(0..0, wallets.settings());
        }
        let bills = if plan.with_bills { Some(bills::Applications::start().await) } else { None };
        if let Some(bills) = &bills {
            plan.settings.splice(0..0, bills.settings());
        }
        let post = if plan.with_post { Some(post::start().await) } else { None };
        if let Some(post) = &post {
            plan.settings.splice(0..0, post::settings(post));
        }
        let config = config(&database, &vnpay.url, &plan);
        let role = if plan.with_worker { Role::Both } else { Role::Serve };
        let gateway = Gateway::start(&config, role, Arc::new(String::new)).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // sooner than the gateway gives an idle connection up
            .pool_idle_timeout(std::time::Duration::from_secs(2))
            .timeout(std::time::Duration::from_secs(20))
            .build()
            .unwrap();
        let base = gateway.base_url();
        let portal = Portal::new(&http, &base, key(&gateway, "cong-dvc").await);
        let db = gateway.ctx.pool.get().await.unwrap();
        let client = principals::holder_by_code(&db, "cong-dvc").await.unwrap().unwrap().to_string();
        drop(db);
        let other_portal = Portal::new(&http, &base, key(&gateway, "cong-khac").await);
        let staff = Portal::new(&http, &base, key(&gateway, "ke-toan").await);
        let house = Self {
            gateway,
            vnpay,
            dossier,
            bank,
            mobile_money,
            wallets,
            bills,
            post,
            database,
            portal,
            client,
            other_portal,
            staff,
            http,
        };
        let webhook = format!("{base}/v1/webhooks/vnpay/vnpay_main");
        house.sim("notify", json!({"url": webhook})).await;
        if house.bank.is_some() {
            house.tell_the_bank().await;
        }
        if house.wallets.is_some() {
            house.tell_the_platform().await;
        }
        if house.bills.is_some() {
            house.tell_the_applications().await;
        }
        house
    }

    /// A control call to the VNPAY simulator.
    pub async fn sim(&self, what: &str, body: Value) -> Value {
        self.control(&self.vnpay.url, what, body).await
    }

    pub async fn dossier_sim(&self, what: &str, body: Value) -> Value {
        self.control(&self.dossier.url, what, body).await
    }

    pub(crate) async fn control(&self, base: &str, what: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{base}/_sim/{what}")).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{what}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Registers the dossier stub as the portal's endpoint.
    pub async fn hear_events(&self) -> Value {
        let url = format!("{}/events", self.dossier.url);
        let endpoint = self.portal.post("/v1/event-endpoints", json!({"url": url})).await.expect(201);
        self.dossier_sim("endpoint", json!({"secret": endpoint["secret"], "from_start": true})).await;
        endpoint
    }

    /// The name of a stream of the portal's, as it is told: `dossier:…`, `customer:…` or `intent:…` of this client.
    pub fn stream(&self, plain: &str) -> String {
        format!("{}/{plain}", self.client)
    }

    /// What the dossier system has received, in order of arrival.
    pub async fn heard(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sim/received?name=default", self.dossier.url)).send().await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }

    /// Starts a VNPAY attempt and opens its page, as a payer's browser would.
    pub async fn at_vnpay(&self, intent: &Value) -> Value {
        let path = format!("/v1/payment-intents/{}/attempts", intent["id"].as_str().unwrap());
        let attempt = self.portal.post(&path, json!({"channel": "vnpay"})).await.expect(201);
        let page = self.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200, "{}", page.text().await.unwrap());
        attempt
    }

    /// The payer pays (or not) at VNPAY; returns once VNPAY's first call was answered or is known to be lost.
    pub async fn pays(&self, attempt: &Value, how: Value) -> Value {
        let mut body = json!({"order_ref": attempt["order_ref"]});
        body.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        self.sim("pay", body).await;
        self.called(attempt).await
    }

    /// The order at VNPAY, after a call of it was answered, refused or lost.
    pub async fn called(&self, attempt: &Value) -> Value {
        for _ in 0..200 {
            let order = self.order(attempt).await;
            let calls = order["ipn"].as_array().cloned().unwrap_or_default();
            if calls.iter().any(|c| c["verdict"].is_string()) {
                return order;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("VNPAY never called about {}", attempt["order_ref"]);
    }

    pub async fn order(&self, attempt: &Value) -> Value {
        let all = self.orders().await;
        all.into_iter().find(|o| o["order_ref"] == attempt["order_ref"]).unwrap_or(Value::Null)
    }

    pub async fn orders(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/_sim/transactions", self.vnpay.url)).send().await.unwrap();
        answer.json::<Vec<Value>>().await.unwrap()
    }

    pub async fn drain(&self) {
        worker::drain(&self.gateway.ctx).await.unwrap();
    }

    /// A number or text from the books, as the superuser reads it.
    pub async fn ask(&self, sql: &str) -> String {
        let client = self.database.connect("motlan_superuser").await;
        let rows = client.simple_query(sql).await.unwrap();
        rows.iter()
            .find_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The same house on another database: a gateway of its own there, and everybody calls that one.
    pub async fn goes_on_with(&mut self, database: TestDatabase) {
        let settings = self.bank.iter().flat_map(|bank| bank::settings(&bank.url)).collect();
        let plan = Plan { with_bank: self.bank.is_some(), settings, ..Plan::default() };
        let config = config(&database, &self.vnpay.url, &plan);
        let gateway = Gateway::start(&config, Role::Serve, Arc::new(String::new)).await.unwrap();
        std::mem::replace(&mut self.gateway, gateway).stop().await;
        let base = self.gateway.base_url();
        self.database = database;
        for portal in [&mut self.portal, &mut self.other_portal, &mut self.staff] {
            portal.base.clone_from(&base);
        }
        self.sim("notify", json!({"url": format!("{base}/v1/webhooks/vnpay/vnpay_main")})).await;
        if self.bank.is_some() {
            self.tell_the_bank().await;
        }
    }

    /// Works off what is left, asks every invariant, compares with the other sides, stops everything.
    pub async fn close(self) {
        self.drain().await;
        let left = storage::backlog::read(&self.gateway.ctx.pool.get().await.unwrap()).await.unwrap();
        assert_eq!(left.due.total(), 0, "work is left over: {left:?}");
        self.holds().await;
        truth::compare(&self).await;
        self.stop().await;
    }

    /// Every invariant holds.
    pub async fn holds(&self) {
        let report = payments::verify_books::verify(&self.gateway.ctx.pool, None).await.unwrap();
        assert!(report.holds(), "{report:#?}");
    }

    pub async fn stop(self) {
        // nobody calls a gateway that has gone
        self.vnpay.stop().await;
        if let Some(mobile_money) = self.mobile_money {
            mobile_money.stop().await;
        }
        if let Some(bank) = self.bank {
            bank.stop().await;
        }
        if let Some(wallets) = self.wallets {
            wallets.stop().await;
        }
        if let Some(bills) = self.bills {
            bills.stop().await;
        }
        if let Some(post) = self.post {
            post.running.stop().await;
        }
        self.gateway.stop().await;
        self.dossier.stop().await;
    }
}

/// An empty house: the schema, two beneficiaries that share an account, two portals, one person.
pub async fn database() -> TestDatabase {
    furnished("journeys", (bank::BIN, bank::ACCOUNT)).await
}

/// `other`: the bank and the account of the second beneficiary.
async fn furnished(name: &str, other: (&'static str, &'static str)) -> TestDatabase {
    let key = format!("{} {name}", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        let url = SecretString::from(url);
        storage::migrate::migrate(&url).await.unwrap();
        let pool = Pool::new(&url, &Settings { max_connections: 1, ..Settings::default() }).unwrap();
        furnish(&pool, other).await;
        // the copies are younger than what waits in them
        payments::seal_books::seal_in(&pool).await.unwrap();
        pool.close();
    })
    .await
}

async fn furnish(pool: &Pool, other: (&str, &str)) {
    let db = pool.get().await.unwrap();
    let now = Timestamp::now();
    for (agency, code, kind, (bin, account)) in [
        ("H38.17", BENEFICIARY, AccountKind::Treasury, (bank::BIN, bank::ACCOUNT)),
        ("H38.18", OTHER_BENEFICIARY, AccountKind::Bank, other),
    ] {
        beneficiaries::put_agency(&db, agency, "UBND phường (mẫu)").await.unwrap();
        let beneficiary = Beneficiary {
            code: BeneficiaryCode::new(code).unwrap(),
            agency_code: agency.to_owned(),
            name: "Đơn vị thụ hưởng (mẫu)".to_owned(),
            account_kind: kind,
            bank_bin: bin.to_owned(),
            account_number: account.to_owned(),
            account_name: "DON VI THU HUONG MAU".to_owned(),
        };
        beneficiaries::put_beneficiary(&db, &beneficiary, now, "test").await.unwrap();
    }
    for code in ["cong-dvc", "cong-khac"] {
        principals::put_client(&db, mint(now), code, "Cổng dịch vụ công (mẫu)").await.unwrap();
    }
    principals::put_person(&db, mint(now), "ke-toan", "Kế toán (mẫu)", &[]).await.unwrap();
}

async fn key(gateway: &Gateway, holder: &str) -> String {
    let db = gateway.ctx.pool.get().await.unwrap();
    let who = principals::holder_by_code(&db, holder).await.unwrap().unwrap();
    let id: KeyId = mint(Timestamp::now());
    let minted = api::keys::mint(Mode::Sandbox, &SecretString::from(PEPPER), id);
    let scopes = if matches!(who, Who::Client(_)) { Scope::CLIENT } else { Scope::STAFF };
    let (secret_hash, ground) = (minted.secret_hash.as_slice(), principals::Ground::OneAct);
    let new = principals::NewKey { id, who, secret_hash, scopes, made_by: "cli:test", ground };
    principals::insert_key(&db, &new).await.unwrap();
    minted.text.expose_secret().to_owned()
}

pub fn config(database: &TestDatabase, vnpay: &str, plan: &Plan) -> Config {
    Config::load(&Sources { env: env(database, vnpay, plan), ..Sources::default() }).unwrap()
}

/// A loopback address of one gateway alone, with a free port. Houses have the same secrets and accounts: on one address, a
/// port that one gave up could be given to the next together with those who still call it, and their reports would be
/// true ones there.
pub fn own_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, n) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    format!("127.{}.{}.{}:0", 1 + process % 250, process / 250 % 250, 2 + n % 250)
}

/// The same for a process of its own.
pub fn env(database: &TestDatabase, vnpay: &str, plan: &Plan) -> child::Env {
    let database_url = plan.database_url.clone().unwrap_or_else(|| database.url("motlan_app"));
    let mut env: child::Env = [
        ("MOTLAN_MODE", "sandbox"),
        ("MOTLAN_HTTP__LISTEN", &own_address()),
        ("MOTLAN_STAFF__LISTEN", "127.0.0.1:0"),
        ("MOTLAN_OPS__LISTEN", "127.0.0.1:0"),
        ("MOTLAN_DATABASE__URL", &database_url),
        ("MOTLAN_KEYS__PII", PII_KEY),
        ("MOTLAN_KEYS__API", PEPPER),
        ("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "1"),
        ("MOTLAN_DELIVERY__SCHEDULE_S", "0,1,1,1"),
        ("MOTLAN_POLL__SCHEDULE_S", "1,1,2,5,60"),
        // many payers of the journeys share one number, and one presses until a provider is closed
        ("MOTLAN_PROMPTS__PER_INTENT", "1000"),
        ("MOTLAN_PROMPTS__PER_NUMBER", "1000"),
        ("MOTLAN_DOSSIER__ALLOW_HTTP", "true"),
        ("MOTLAN_DOSSIER__ALLOW_PRIVATE", "true"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "vnpay"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB,H38.18-NH"),
        ("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", &format!("{vnpay}/paymentv2/vpcpay.html")),
        ("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", &format!("{vnpay}/merchant_webapi/api/transaction")),
        ("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", TMN_CODE),
        ("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET", HASH_SECRET),
    ]
    .iter()
    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
    .collect();
    for (name, value) in &plan.settings {
        env.retain(|(k, _)| k != name);
        env.push(((*name).to_owned(), value.clone()));
    }
    env
}
