//! Everything that a run needs, each part a process of its own: PostgreSQL behind the proxy of the test kit, Redis, three
//! simulators, two gateways behind a front, two workers.

use crate::front;
use crate::seat::{Seat, free_port};
use embedded::{Cluster, Options, Redis};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::TestDatabase;
use testkit::proxy::Proxy;
use tests::bank::{ACCOUNT, BIN, OTHER_ACCOUNT, settings};
use tests::child::{Env, binary, run};
use tests::files::PAYOUT;
use tests::{BENEFICIARY, HASH_SECRET, OTHER_BENEFICIARY, Plan, TMN_CODE, env};
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
    pub vnpay: Simulator,
    pub bank: Simulator,
    pub dossier: Simulator,
    pub keys: (String, String),
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

        let vnpay = simulator("vnpay", &program, &dir, &vnpay_config(&dir)).await;
        let bank = simulator("bank", &program, &dir, &bank_config(&dir, seed)).await;
        let dossier = simulator("dossier", &program, &dir, &log_of(&dir, "dossier")).await;

        let mut plan = Plan { database_url: Some(proxy.url(DATABASE, "motlan_app")), ..Plan::default() };
        plan.settings.extend(settings(&bank.url));
        plan.settings.extend([
            ("MOTLAN_REDIS__URL", redis.url()),
            // so that Redis is asked at each call, and refuses none
            ("MOTLAN_HTTP__CALLS_PER_MINUTE", "1000000".to_owned()),
            ("MOTLAN_DELIVERY__SCHEDULE_S", SENDINGS.to_owned()),
            ("MOTLAN_DOSSIER__TIMEOUT_MS", "3000".to_owned()),
            ("MOTLAN_LOG__FILTER", "warn".to_owned()),
        ]);
        let shared = env(&database, &vnpay.url, &plan);
        let keys = furnished(&shared, &database).await;

        let (mut gateways, mut bases, mut ops, mut workers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (role, name) in [("serve", "gateway-1"), ("serve", "gateway-2"), ("work", "worker-1"), ("work", "worker-2")]
        {
            let (http, own) = (free_port(), free_port());
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
            vnpay,
            bank,
            dossier,
            keys,
            env: shared,
            cluster,
            disturbed,
            redis,
        }
    }

    /// Tells providers and dossier system where and with what to call.
    pub async fn introduce(&self, http: &reqwest::Client) {
        let behind = self.bases.iter().map(|base| base.trim_start_matches("http://").parse().unwrap()).collect();
        let front = front::start(behind).await;
        let post = async |url: String, body: Value| {
            let answer = http.post(url).json(&body).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        };
        let webhook = format!("{front}/v1/webhooks/vnpay/vnpay_main");
        post(format!("{}/_sim/notify", self.vnpay.url), serde_json::json!({"url": webhook})).await;
        let notifiers = serde_json::json!([
            {"kind": "sepay_hmac", "url": tests::bank::webhook(&front, "sepay"), "secret": tests::bank::SEPAY_SECRET},
            {"kind": "casso", "url": tests::bank::webhook(&front, "casso"), "secret": tests::bank::CASSO_KEY},
        ]);
        for number in [ACCOUNT, OTHER_ACCOUNT] {
            let account = serde_json::json!({"number": number, "notifiers": notifiers});
            post(format!("{}/_sim/bank/accounts", self.bank.url), account).await;
        }
        let url = serde_json::json!({"url": format!("{}/events", self.dossier.url)});
        let call = http.post(format!("{}/v1/event-endpoints", self.bases[0])).bearer_auth(&self.keys.0);
        let endpoint: Value =
            call.header("Idempotency-Key", "endpoint").json(&url).send().await.unwrap().json().await.unwrap();
        let secret = serde_json::json!({"secret": endpoint["secret"], "from_start": true});
        post(format!("{}/_sim/endpoint", self.dossier.url), secret).await;
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
        for simulator in [self.vnpay, self.bank, self.dossier] {
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

async fn simulator(name: &str, program: &Path, dir: &Path, config: &str) -> Simulator {
    let file = dir.join(format!("{name}.toml"));
    std::fs::write(&file, config).unwrap();
    let path = file.to_string_lossy().into_owned();
    let seat = Seat::new(name, program, &["simulate", name, "--config", &path], Env::new(), dir);
    let ready = seat.start().await;
    Simulator { url: ready["url"].as_str().unwrap().to_owned(), log: dir.join(format!("{name}.jsonl")), seat }
}

fn log_of(dir: &Path, name: &str) -> String {
    format!("log = '{}'\n", dir.join(format!("{name}.jsonl")).display())
}

fn vnpay_config(dir: &Path) -> String {
    let limit = WEBHOOK_LIMIT.as_millis();
    format!(
        "{}tmn_code = '{TMN_CODE}'\nhash_secret = '{HASH_SECRET}'\nipn_retry_ms = 1000\nipn_timeout_ms = {limit}\nrefund_ms = 1000\n",
        log_of(dir, "vnpay")
    )
}

fn bank_config(dir: &Path, seed: u64) -> String {
    let limit = WEBHOOK_LIMIT.as_millis();
    let mut text = format!(
        "{}seed = {}\nschedule_ms = [0, 500, 1000, 1000, 2000, 2000, 4000]\nlisting_per_second = 0\n\
         notify_timeout_ms = {limit}\n",
        log_of(dir, "bank"),
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

/// Schema, beneficiaries, a portal, a person, where VNPAY pays out to: the keys of portal and person.
async fn furnished(env: &Env, database: &TestDatabase) -> (String, String) {
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
    let key = async |holder: &str| {
        let made = does(&["key", "create", "--for", holder]).await;
        made["key"].as_str().unwrap_or_else(|| panic!("no key in {made}")).to_owned()
    };
    let keys = (key("cong-dvc").await, key("ke-toan").await);
    let account = format!("{BIN}.{ACCOUNT}");
    does(&["profile", "list"]).await;
    // the contract is known to the books from the first start of a gateway on
    let seat = tests::child::Running::start(&env, &["serve"]).await;
    seat.end().await;
    does(&["profile", "payouts", "--code", "vnpay_main", "--account", &account, "--text", PAYOUT]).await;
    keys
}
