//! Everything that a run needs, each part a process of its own: PostgreSQL behind the proxy of the test kit, Redis, the
//! simulators, two gateways behind a front, two workers.

use crate::desk::COUNTERS;
use crate::front;
use crate::gate::Keys;
use crate::seat::{Seat, free_port};
use embedded::{Cluster, Options, Redis};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::TestDatabase;
use testkit::proxy::Proxy;
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT, settings};
use tests::child::{Env, binary, run};
use tests::files::PAYOUT;
use tests::{BENEFICIARY, HASH_SECRET, OTHER_BENEFICIARY, Plan, TMN_CODE, bills, counter, env, mobile_money, wallets};
use tokio::sync::Mutex;

const DATABASE: &str = "chaos";
/// Sendings of an event: more than any outage of a run takes.
const SENDINGS: &str = "0,1,1,1,2,2,2,3,3,3,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5";
const UNEXPLAINED: [&str; 4] = ["refused by ", "the database refused a statement", "panicked", "cannot be opened"];
/// The hard limit of a provider's call (goals: webhook answer).
pub const WEBHOOK_LIMIT: Duration = Duration::from_secs(5);

pub struct Simulator {
    pub url: String,
    pub log: PathBuf,
    seat: Seat,
}

pub struct Stage {
    pub dir: PathBuf,
    pub database: TestDatabase,
    pub proxy: Proxy,
    pub gateways: Vec<Arc<Seat>>,
    /// Public addresses of the gateways.
    pub bases: Vec<String>,
    /// Of the operators' listeners of gateways and workers, with the seat behind each.
    pub ops: Vec<(String, Arc<Seat>)>,
    pub workers: Vec<Arc<Seat>>,
    /// By name, which is that of the log too.
    pub simulators: BTreeMap<&'static str, Simulator>,
    pub keys: Keys,
    /// Where providers reach the gateways.
    front: String,
    env: Env,
    cluster: Mutex<Option<Cluster>>,
    /// When PostgreSQL was last not there.
    disturbed: std::sync::Mutex<Instant>,
    redis: Mutex<Vec<Redis>>,
}

impl Stage {
    pub async fn set(dir: PathBuf, seed: u64) -> Self {
        let program = tokio::task::spawn_blocking(binary).await.unwrap();
        let cluster = started(&dir).await;
        let socket_dir = cluster.socket_dir().to_owned();
        let named = |name: &str| TestDatabase { name: name.to_owned(), socket_dir: socket_dir.clone() };
        let database = named(DATABASE);
        let admin = named("postgres").connect(embedded::SUPERUSER).await;
        admin.batch_execute(&format!("create database {DATABASE}")).await.unwrap();
        let proxy = Proxy::start(&socket_dir);
        let redis = tokio::task::spawn_blocking(testkit::redis::start).await.unwrap();

        let mut simulators = BTreeMap::new();
        for (name, what, config) in configs(seed) {
            simulators.insert(name, simulator(name, what, &program, &dir, &config).await);
        }
        let public = [free_port(), free_port()];
        let front = front::start(public.map(|port| ([127, 0, 0, 1], port).into()).into()).await;

        let mut plan = Plan { database_url: Some(proxy.url(DATABASE, "motlan_app")), ..Plan::default() };
        let url = |name: &str| &*simulators[name].url;
        plan.settings.extend(settings(url("bank")));
        plan.settings.extend(wallets::settings(url("momo"), url("zalopay"), url("national")));
        plan.settings.extend(mobile_money::settings(url("mobile_money")));
        plan.settings.extend(bills::settings());
        plan.settings.extend(counter::settings());
        let everybody = format!("{BENEFICIARY},{OTHER_BENEFICIARY}");
        plan.settings.extend([
            ("MOTLAN_PROFILES__MM_MAIN__BENEFICIARIES", everybody.clone()),
            ("MOTLAN_PROFILES__MM_BILL__BENEFICIARIES", everybody.clone()),
            ("MOTLAN_PROFILES__POS_MAIN__BENEFICIARIES", everybody),
            ("MOTLAN_HTTP__PUBLIC_URL", front.clone()),
            ("MOTLAN_REDIS__URL", redis.url()),
            // so that Redis is asked at each call, and refuses none
            ("MOTLAN_HTTP__CALLS_PER_MINUTE", "1000000".to_owned()),
            ("MOTLAN_DELIVERY__SCHEDULE_S", SENDINGS.to_owned()),
            ("MOTLAN_DOSSIER__TIMEOUT_MS", "3000".to_owned()),
            ("MOTLAN_LOG__FILTER", "warn".to_owned()),
        ]);
        let shared = env(&database, url("vnpay"), &plan);
        let keys = furnished(&shared, &database).await;

        let (mut gateways, mut bases, mut ops, mut workers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (role, name, http) in [
            ("serve", "gateway-1", public[0]),
            ("serve", "gateway-2", public[1]),
            ("work", "worker-1", free_port()),
            ("work", "worker-2", free_port()),
        ] {
            let own = free_port();
            let mut of_it = shared.clone();
            of_it.retain(|(name, _)| name != "MOTLAN_HTTP__LISTEN" && name != "MOTLAN_OPS__LISTEN");
            of_it.push(("MOTLAN_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{http}")));
            of_it.push(("MOTLAN_OPS__LISTEN".to_owned(), format!("127.0.0.1:{own}")));
            let seat = Arc::new(Seat::new(name, &program, &[role], of_it, &dir));
            seat.start().await;
            ops.push((format!("http://127.0.0.1:{own}"), Arc::clone(&seat)));
            if role == "serve" {
                bases.push(format!("http://127.0.0.1:{http}"));
                gateways.push(seat);
            } else {
                workers.push(seat);
            }
        }
        let (cluster, redis) = (Mutex::new(Some(cluster)), Mutex::new(vec![redis]));
        let disturbed = std::sync::Mutex::new(Instant::now());
        Self {
            dir,
            database,
            proxy,
            gateways,
            bases,
            ops,
            workers,
            simulators,
            keys,
            front,
            env: shared,
            cluster,
            disturbed,
            redis,
        }
    }

    pub fn url(&self, name: &str) -> &str {
        &self.simulators[name].url
    }

    /// Where every other side is.
    pub fn others(&self) -> BTreeMap<&'static str, String> {
        self.simulators.iter().map(|(name, simulator)| (*name, simulator.url.clone())).collect()
    }

    /// Tells providers, banks and dossier system where and with what to call.
    pub async fn introduce(&self, http: &reqwest::Client) {
        let front = &self.front;
        let post = async |url: String, body: Value| {
            let answer = http.post(url).json(&body).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        };
        for (name, door) in
            [("vnpay", "/v1/webhooks/vnpay/vnpay_main".to_owned()), ("national", wallets::door("national"))]
        {
            let url = format!("{front}{door}");
            post(format!("{}/_sim/notify", self.url(name)), serde_json::json!({"url": url})).await;
        }
        for (name, profile) in [("bank_bills", bills::BANK), ("mobile_money_bills", bills::WALLET)] {
            let url = format!("{front}/v1/bills/{profile}");
            post(format!("{}/_sim/biller", self.url(name)), serde_json::json!({"url": url})).await;
        }
        let notifiers = serde_json::json!([
            {"kind": "sepay_hmac", "url": tests::bank::webhook(front, "sepay"), "secret": tests::bank::SEPAY_SECRET},
            {"kind": "casso", "url": tests::bank::webhook(front, "casso"), "secret": tests::bank::CASSO_KEY},
        ]);
        for number in [ACCOUNT, OTHER_ACCOUNT] {
            let account = serde_json::json!({"number": number, "notifiers": notifiers});
            post(format!("{}/_sim/bank/accounts", self.url("bank")), account).await;
        }
        let url = serde_json::json!({"url": format!("{}/events", self.url("dossier"))});
        let call = http.post(format!("{}/v1/event-endpoints", self.bases[0])).bearer_auth(&self.keys.portal);
        let endpoint: Value =
            call.header("Idempotency-Key", "endpoint").json(&url).send().await.unwrap().json().await.unwrap();
        let secret = serde_json::json!({"secret": endpoint["secret"], "from_start": true});
        post(format!("{}/_sim/endpoint", self.url("dossier")), secret).await;
    }

    /// An immediate shutdown, as a crash is; then `meanwhile`, and a start: recovery from the log. Returns when the
    /// server is back: after how long.
    pub async fn crash_postgres(&self, meanwhile: impl Future<Output = ()>) -> Duration {
        let mut held = self.cluster.lock().await;
        let begun = Instant::now();
        let old = held.take().unwrap();
        self.is_disturbed();
        let ended = tokio::task::spawn_blocking(move || {
            signal("QUIT", old.pid());
            // waits for its end
            drop(old);
        });
        ended.await.unwrap();
        meanwhile.await;
        *held = Some(started(&self.dir).await);
        self.is_disturbed();
        begun.elapsed()
    }

    fn is_disturbed(&self) {
        *self.disturbed.lock().unwrap() = Instant::now();
    }

    pub fn disturbed_since(&self, then: Instant) -> bool {
        *self.disturbed.lock().unwrap() >= then
    }

    /// A signal to Redis; KILL ends it until `redis_again`.
    pub async fn signal_redis(&self, name: &str) {
        let held = self.redis.lock().await;
        signal(name, held.last().unwrap().pid());
    }

    /// A successor at the same address. The one before is kept to the end, since it takes the address with it.
    pub async fn redis_again(&self) {
        let mut held = self.redis.lock().await;
        let new = held.last().unwrap().again().unwrap();
        held.push(new);
    }

    pub async fn flush_redis(&self) {
        let socket = self.redis.lock().await.last().unwrap().socket();
        let Ok(mut stream) = tokio::net::UnixStream::connect(socket).await else { return };
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"FLUSHALL\r\n").await;
        let mut answer = [0; 16];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut answer);
        let _ = tokio::time::timeout(Duration::from_millis(300), read).await;
    }

    /// Leases that workers hold at this moment; none where PostgreSQL does not say.
    pub async fn leases(&self) -> i64 {
        let asking = async {
            let (client, connection) =
                tokio_postgres::connect(&self.database.superuser_url(), tokio_postgres::NoTls).await.ok()?;
            let connection = tokio::spawn(connection);
            let sql = "select (select count(*) from delivery where lease_until > now())
                + (select count(*) from attempt_watch where lease_until > now())";
            let leases = client.query_one(sql, &[]).await.ok().map(|row| row.get(0));
            drop(client);
            let _ = connection.await;
            leases
        };
        tokio::time::timeout(Duration::from_millis(300), asking).await.ok().flatten().unwrap_or(0)
    }

    /// Runs a command of the program to its end.
    pub async fn command(&self, args: &[&str]) -> tests::child::Ended {
        let mut env = self.env.clone();
        if args.first() == Some(&"verify") {
            // as the auditor, and past the proxy
            env.retain(|(name, _)| name != "MOTLAN_DATABASE__URL");
            env.push(("MOTLAN_DATABASE__URL".to_owned(), self.database.url("motlan_auditor")));
        }
        run(&env, args).await
    }

    /// What waits for a killed process to be taken for dead waits no longer: the marks of requests under way.
    pub async fn marks_run_out(&self) {
        let sql = "update idempotency set busy_until = now() - interval '1 second' where busy_until is not null";
        self.database.connect(embedded::SUPERUSER).await.execute(sql, &[]).await.unwrap();
    }

    /// Whether a provider is asked about a refund still.
    pub async fn refunds_are_under_way(&self) -> bool {
        let sql = "select exists (select from refund where route = 'provider' and status in ('approved', 'submitted', 'unknown'))";
        self.database.connect(embedded::SUPERUSER).await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// What gateways and workers logged that no fault explains: a constraint that only the last line of defence held,
    /// a statement that the database did not understand, a panic.
    pub fn unexplained(&self) -> Vec<String> {
        let mut found = Vec::new();
        for seat in self.gateways.iter().chain(&self.workers) {
            let text = std::fs::read_to_string(seat.log()).unwrap_or_default();
            let odd = |line: &&str| UNEXPLAINED.iter().any(|words| line.contains(words));
            found.extend(text.lines().filter(odd).take(20).map(|line| format!("{}: {line}", seat.name)));
        }
        found
    }

    /// Ends every process; those that had ended by themselves.
    pub async fn strike(self) -> Vec<String> {
        let mut fell = Vec::new();
        for seat in self.gateways.iter().chain(&self.workers) {
            let alive = seat.end().await;
            let before = seat.fell.load(std::sync::atomic::Ordering::SeqCst);
            if !alive || before > 0 {
                fell.push(seat.name.clone());
            }
        }
        for simulator in self.simulators.into_values() {
            simulator.seat.end().await;
        }
        let (cluster, redis) = (self.cluster.into_inner(), self.redis.into_inner());
        tokio::task::spawn_blocking(move || {
            drop(redis);
            if let Some(cluster) = cluster {
                cluster.remove().unwrap();
            }
        })
        .await
        .unwrap();
        fell
    }
}

fn start(dir: &Path) -> Cluster {
    // durable: what is committed outlives a crash of the server, and takes as long as it does in earnest
    Cluster::start(Options { base_dir: dir.join("postgres"), durable: true }).unwrap()
}

async fn started(dir: &Path) -> Cluster {
    let dir = dir.to_owned();
    tokio::task::spawn_blocking(move || start(&dir)).await.unwrap()
}

pub fn signal(name: &str, pid: u32) {
    let sent = std::process::Command::new("/bin/sh")
        .args(["-c", "kill -\"$1\" \"$2\"", "sh", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "no signal {name} to {pid}");
}

/// `what` is the simulator's word on the command line.
async fn simulator(name: &'static str, what: &str, program: &Path, dir: &Path, config: &str) -> Simulator {
    let file = dir.join(format!("{name}.toml"));
    std::fs::write(&file, format!("{}{config}", log_of(dir, name))).unwrap();
    let path = file.to_string_lossy().into_owned();
    let seat = Seat::new(name, program, &["simulate", what, "--config", &path], Env::new(), dir);
    let ready = seat.start().await;
    Simulator { url: ready["url"].as_str().unwrap().to_owned(), log: dir.join(format!("{name}.jsonl")), seat }
}

/// Every other side: its name, the simulator's word, its configuration but for the log.
fn configs(seed: u64) -> [(&'static str, &'static str, String); 9] {
    [
        ("vnpay", "vnpay", vnpay_config()),
        ("bank", "bank", bank_config(seed)),
        ("dossier", "dossier", String::new()),
        ("momo", "momo", momo_config()),
        ("zalopay", "zalopay", zalopay_config()),
        ("national", "national", national_config()),
        ("mobile_money", "mobile-money", mobile_money_config()),
        ("bank_bills", "bills", bills_config("bank", bills::BANK_CLIENT, bills::BANK_SECRET)),
        ("mobile_money_bills", "bills", bills_config("mobile_money", bills::WALLET_CLIENT, bills::WALLET_SECRET)),
    ]
}

fn log_of(dir: &Path, name: &str) -> String {
    format!("log = '{}'\n", dir.join(format!("{name}.jsonl")).display())
}

fn vnpay_config() -> String {
    let limit = WEBHOOK_LIMIT.as_millis();
    format!(
        "tmn_code = '{TMN_CODE}'\nhash_secret = '{HASH_SECRET}'\nipn_retry_ms = 1000\nipn_timeout_ms = {limit}\nrefund_ms = 1000\n"
    )
}

fn momo_config() -> String {
    let (partner, access, secret) = (wallets::MOMO_PARTNER, wallets::MOMO_ACCESS_KEY, wallets::MOMO_SECRET);
    format!(
        "partner_code = '{partner}'\naccess_key = '{access}'\nsecret_key = '{secret}'\nipn_retry_ms = 1000\n\
         ipn_timeout_ms = {}\nrefund_ms = 500\n",
        WEBHOOK_LIMIT.as_millis()
    )
}

fn zalopay_config() -> String {
    let (app, key1, key2) = (wallets::ZALOPAY_APP, wallets::ZALOPAY_KEY1, wallets::ZALOPAY_KEY2);
    format!(
        "app_id = {app}\nkey1 = '{key1}'\nkey2 = '{key2}'\ncallback_retry_ms = 1000\ncallback_timeout_ms = {}\nrefund_ms = 500\n",
        WEBHOOK_LIMIT.as_millis()
    )
}

fn national_config() -> String {
    let (partner, secret, token) = (wallets::NATIONAL_PARTNER, wallets::NATIONAL_SECRET, wallets::NATIONAL_TOKEN);
    format!(
        "partner_code = '{partner}'\nsecret_key = '{secret}'\naccess_token = '{token}'\nconfirm_retry_ms = 1000\n\
         confirm_timeout_ms = {}\n",
        WEBHOOK_LIMIT.as_millis()
    )
}

/// A code is looked at late enough for its rule to be there.
fn mobile_money_config() -> String {
    let (client, secret, party) = (mobile_money::CLIENT, mobile_money::SECRET, mobile_money::PARTY);
    format!("client_id = '{client}'\nclient_secret = '{secret}'\ncredit_party = '{party}'\ncode_ms = 800\n")
}

fn bills_config(dialect: &str, client: &str, secret: &str) -> String {
    let (service, checksum, api_key) = (bills::SERVICE, bills::CHECKSUM, bills::API_KEY);
    let own = match dialect {
        "bank" => format!("service_id = '{service}'\nchecksum_secret = '{checksum}'\n"),
        _ => format!("api_key = '{api_key}'\n"),
    };
    format!(
        "dialect = '{dialect}'\nclient_id = '{client}'\nclient_secret = '{secret}'\n{own}again_ms = 300\nagain = 4\ntimeout_ms = {}\n",
        WEBHOOK_LIMIT.as_millis()
    )
}

fn bank_config(seed: u64) -> String {
    let limit = WEBHOOK_LIMIT.as_millis();
    let mut text = format!(
        "seed = {}\nschedule_ms = [0, 500, 1000, 1000, 2000, 2000, 4000]\nlisting_per_second = 0\n\
         notify_timeout_ms = {limit}\n",
        seed & 0x7fff_ffff
    );
    for number in [ACCOUNT, OTHER_ACCOUNT] {
        let _ = write!(
            text,
            "[[accounts]]\nnumber = '{number}'\nbin = '{BIN}'\nbank = 'Vietcombank'\nname = 'DON VI THU HUONG MAU'\n\
             opening_balance = 1000000\nlisting = {{ kind = 'sepay', token = '{}' }}\n",
            tests::bank::LISTING_TOKEN
        );
    }
    text
}

/// Schema, beneficiaries, a portal, two persons, counters, where VNPAY pays out to: the keys of portal and persons.
async fn furnished(env: &Env, database: &TestDatabase) -> Keys {
    let mut env = env.clone();
    env.retain(|(name, _)| name != "MOTLAN_DATABASE__URL");
    env.push(("MOTLAN_DATABASE__URL".to_owned(), database.superuser_url()));
    env.push(("MOTLAN_DATABASE__OWNER_URL".to_owned(), database.superuser_url()));
    let does = async |args: &[&str]| {
        let ended = run(&env, &[&["--json"], args].concat()).await;
        assert!(ended.success, "{args:?}: {}", ended.stderr);
        serde_json::from_str::<Value>(&ended.stdout).unwrap_or(Value::Null)
    };
    does(&["migrate"]).await;
    for (agency, code, number) in [("H38.17", BENEFICIARY, ACCOUNT), ("H38.18", OTHER_BENEFICIARY, OTHER_ACCOUNT)] {
        does(&[
            "beneficiary",
            "create",
            "--code",
            code,
            "--agency",
            agency,
            "--agency-name",
            "UBND phường (mẫu)",
            "--name",
            "Đơn vị thụ hưởng (mẫu)",
            "--bank-bin",
            BIN,
            "--account-number",
            number,
            "--account-name",
            "DON VI THU HUONG MAU",
        ])
        .await;
    }
    does(&["client", "create", "--code", "cong-dvc", "--name", "Cổng dịch vụ công (mẫu)"]).await;
    does(&["user", "create", "--code", "ke-toan", "--name", "Kế toán (mẫu)"]).await;
    does(&["user", "create", "--code", "can-bo", "--name", "Cán bộ một cửa (mẫu)"]).await;
    let key = async |holder: &str| {
        let made = does(&["key", "create", "--for", holder]).await;
        made["key"].as_str().unwrap_or_else(|| panic!("no key in {made}")).to_owned()
    };
    let keys = Keys { portal: key("cong-dvc").await, officer: key("can-bo").await, staff: key("ke-toan").await };
    let account = format!("{BIN}.{ACCOUNT}");
    does(&["profile", "list"]).await;
    // the contract is known to the books from the first start of a gateway on
    let seat = tests::child::Running::start(&env, &["serve"]).await;
    seat.end().await;
    let beneficiaries = format!("{BENEFICIARY},{OTHER_BENEFICIARY}");
    for (code, account) in COUNTERS {
        let account = format!("{BIN}.{account}");
        let cash = ["--name", "Quầy một cửa (mẫu)", "--account", &account, "--beneficiaries", &beneficiaries];
        does(&[&["counter", "put", "--code", code, "--terminal", counter::TERMINAL], &cash[..]].concat()).await;
    }
    does(&["profile", "payouts", "--code", "vnpay_main", "--account", &account, "--text", PAYOUT]).await;
    keys
}
