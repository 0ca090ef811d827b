//! What interrupts: a real `motlan serve` that can be killed, a client that resets its connection, and a portal that
//! goes on through all of it, with a memory of every answer that it was given.

use crate::portal::{Answered, Portal, dossier, fresh, obligation};
use crate::{HASH_SECRET, House, PEPPER, PII_KEY, TMN_CODE};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use storage::{Pool, Settings};
use testkit::TestDatabase;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Chance that can be had again: `MOTLAN_TEST_SEED` sets it, and a failed test shows it.
pub struct Dice(u64);

impl Dice {
    pub fn thrown() -> Self {
        let given = std::env::var("MOTLAN_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        let seed = given.unwrap_or_else(|| u64::try_from(now() % 1_000_000_007).unwrap());
        println!("MOTLAN_TEST_SEED={seed}");
        Self(seed)
    }

    /// The same throws for the same seed.
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn millis(&mut self, from: u64, below: u64) -> Duration {
        Duration::from_millis(from + self.below(below - from))
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            let other = usize::try_from(self.below(u64::try_from(at).unwrap() + 1)).unwrap();
            all.swap(at, other);
        }
    }

    /// Another pair of dice, for another task.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }
}

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// The binary of these sources, built when it is missing or older than they are.
fn binary() -> &'static Path {
    BINARY.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let path = profile.join("motlan");
        let built = path.metadata().and_then(|m| m.modified()).ok();
        if built.is_none_or(|built| changed_since(&root.join("crates"), built)) {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = std::process::Command::new(cargo);
            build.args(["build", "-q", "-p", "motlan"]).current_dir(root);
            if profile.ends_with("release") {
                build.arg("--release");
            }
            assert!(build.status().unwrap().success(), "motlan cannot be built");
        }
        path
    })
}

fn changed_since(dir: &Path, built: SystemTime) -> bool {
    dir.read_dir().unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return !path.ends_with("tests") && changed_since(&path, built);
        }
        let source = path.extension().is_some_and(|e| ["rs", "sql", "toml", "html", "css"].iter().any(|x| e == *x));
        source && entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at > built)
    })
}

/// A `motlan serve` in a process of its own. Dropped, it is killed.
pub struct Served {
    child: Child,
    log: PathBuf,
    pub base: String,
}

impl Served {
    /// Beside the gateway of `house`, on its database and with its keys. `listen`: the public listener's address.
    pub async fn start(house: &House, database_url: &str, listen: &str) -> Self {
        let mut server = Self::spawn(house, database_url, listen).await;
        let mut out = BufReader::new(server.child.stdout.take().unwrap()).lines();
        let ready = out.next_line().await.unwrap().unwrap_or_default();
        let ready: Value = serde_json::from_str(&ready)
            .unwrap_or_else(|_| panic!("not ready: {}", std::fs::read_to_string(&server.log).unwrap_or_default()));
        assert_eq!((&ready["event"], &ready["pid"]), (&json!("ready"), &json!(server.child.id())));
        server.base = format!("http://{}", ready["http"].as_str().unwrap());
        server
    }

    /// The same, not waited for: it may be killed at any point of its start.
    pub async fn spawn(house: &House, database_url: &str, listen: &str) -> Self {
        let program = tokio::task::spawn_blocking(binary).await.unwrap();
        let log = std::env::temp_dir().join(format!("motlan-served-{}-{}.log", std::process::id(), fresh()));
        let stderr = File::create(&log).unwrap();
        let vnpay = &house.vnpay.url;
        let mut command = Command::new(program);
        command.arg("serve").env_clear().current_dir(std::env::temp_dir()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        command.envs([
            ("MOTLAN_MODE", "sandbox"),
            ("MOTLAN_HTTP__LISTEN", listen),
            ("MOTLAN_STAFF__LISTEN", "127.0.0.1:0"),
            ("MOTLAN_OPS__LISTEN", "127.0.0.1:0"),
            ("MOTLAN_DATABASE__URL", database_url),
            ("MOTLAN_KEYS__PII", PII_KEY),
            ("MOTLAN_KEYS__API", PEPPER),
            ("MOTLAN_INTENTS__MIN_EXPIRES_IN_S", "1"),
            ("MOTLAN_POLL__SCHEDULE_S", "60"),
            ("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "vnpay"),
            ("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB,H38.18-NH"),
            ("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", &format!("{vnpay}/paymentv2/vpcpay.html")),
            ("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", &format!("{vnpay}/merchant_webapi/api/transaction")),
            ("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", TMN_CODE),
            ("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET", HASH_SECRET),
        ]);
        Self { child: command.spawn().unwrap(), log, base: String::new() }
    }

    /// Where the port stays the same from one process to the next.
    pub fn listen(&self) -> String {
        self.base.trim_start_matches("http://").to_owned()
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// A portal's way to this process.
    pub fn portal(&self, house: &House) -> Portal {
        Portal::new(&house.http, &self.base, house.portal.key.clone())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

/// VNPAY reports there from now on.
pub async fn reports_to(house: &House, base: &str) {
    house.sim("notify", json!({"url": format!("{base}/v1/webhooks/vnpay/vnpay_main")})).await;
}

/// What an attempt's second phase waits for after a crash, without waiting: the busy mark of its key runs out.
pub async fn busy_marks_run_out(house: &House) {
    house.ask("update idempotency set busy_until = now() - interval '1 second' where busy_until is not null").await;
}

/// What another worker waits for after a crash, without waiting: the leases of what was under way end.
pub async fn leases_run_out(house: &House) {
    for table in ["attempt_watch", "delivery", "account_sweep", "refund_watch"] {
        let sql = format!("update {table} set lease_until = now() - interval '1 second' where lease_until is not null");
        house.ask(&sql).await;
    }
}

/// VNPAY knows the name of a refund for its day, and nothing is called again in its last five minutes (`Refunds::knows_it_still`):
/// what is disturbed then stays with people. Comes back as soon as `lasts` and these minutes fit into the day of Hanoi.
pub async fn a_day_that_lasts(lasts: Duration) {
    let needed = SignedDuration::try_from(lasts).unwrap() + SignedDuration::from_mins(5);
    let day = |at| domain::business_day::business_date(at);
    while day(Timestamp::now()) != day(Timestamp::now() + needed) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Pays, with every call of VNPAY lost; the report that it would have sent, as an address to call.
pub async fn pays_unheard(house: &House, attempt: &Value) -> String {
    house.sim("script", json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"drop": true}]})).await;
    house.pays(attempt, json!({})).await["ipn"][0]["url"].as_str().unwrap().to_owned()
}

/// VNPAY's call, made by hand: its `RspCode`.
pub async fn reports(house: &House, url: &str) -> String {
    let answer = house.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["RspCode"].as_str().unwrap().to_owned()
}

/// Sends a request and resets the connection (RST, not FIN) after `wait`, whatever was answered.
pub async fn resets(base: &str, request: &str, wait: impl Future<Output = ()>) {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    wait.await;
    let _ = stream.set_zero_linger();
}

/// A portal's POST as it stands on the wire.
pub fn post_on_the_wire(portal: &Portal, path: &str, key: &str, body: &Value) -> String {
    let body = body.to_string();
    let (host, length) = (portal.base.trim_start_matches("http://"), body.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
        portal.key
    )
}

/// A call that may be cut off: None without an answer.
pub async fn heard(call: reqwest::RequestBuilder) -> Option<(Answered, bool)> {
    let answer = call.send().await.ok()?;
    let status = answer.status().as_u16();
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (replayed, content_type) = (header("idempotency-replayed") == "true", header("content-type"));
    let says_when = !header("retry-after").is_empty();
    let text = answer.text().await.ok()?;
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Some((Answered { status, replayed, content_type, text, json }, says_when))
}

/// A request as it is repeated: PUT where there is no key.
#[derive(Debug, Clone)]
pub struct Asked {
    path: String,
    key: Option<String>,
    body: Value,
}

/// Portals at work, each request repeated under its key until it is answered; every 2xx is remembered.
pub struct Load<'a> {
    house: &'a House,
    portal: Portal,
    told: Mutex<Vec<(Asked, Answered)>>,
    unfinished: Mutex<Vec<Asked>>,
    /// What was neither done nor "come again".
    odd: Mutex<Vec<String>>,
    refused: Mutex<usize>,
}

impl<'a> Load<'a> {
    pub fn new(house: &'a House, portal: Portal) -> Self {
        let (told, unfinished, odd) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { house, portal, told, unfinished, odd, refused: Mutex::default() }
    }

    /// So many portals side by side, until then.
    pub async fn run(&self, portals: usize, dice: &mut Dice, until: Instant) {
        let all: Vec<Dice> = (0..portals).map(|_| dice.split()).collect();
        join_all(all.into_iter().map(|dice| self.one(dice, until))).await;
    }

    async fn one(&self, mut dice: Dice, until: Instant) {
        while Instant::now() < until {
            self.a_payment(&mut dice, until).await;
        }
    }

    /// A fee, an intent, an attempt, and what the payer makes of it; None where it was broken off.
    async fn a_payment(&self, dice: &mut Dice, until: Instant) -> Option<()> {
        let amount = i64::try_from(1_000 + dice.below(90) * 1_000).unwrap();
        let (path, body) = (format!("/v1/obligations/ref-{}", fresh()), obligation(&dossier(), amount, json!({})));
        let fee = self.tell(Asked { path, key: None, body }, until).await?;
        let post = |path: String, body: Value| Asked { path, key: Some(format!("key-{}", fresh())), body };
        let open = json!({"obligation_ids": [fee["id"]], "expires_in_s": 3_600});
        let intent = self.tell(post("/v1/payment-intents".to_owned(), open), until).await?;
        let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
        if dice.below(8) == 0 {
            self.tell(post(format!("{path}/cancel"), json!({})), until).await?;
            return Some(());
        }
        let attempt = self.tell(post(format!("{path}/attempts"), json!({"channel": "vnpay"})), until).await?;
        let page = self.house.http.get(attempt["action"]["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let how = match dice.below(6) {
            0 => return Some(()),
            1 => "cancelled",
            _ => "paid",
        };
        self.house.sim("pay", json!({"order_ref": attempt["order_ref"], "outcome": how})).await;
        Some(())
    }

    async fn ask(&self, asked: &Asked) -> Option<(Answered, bool)> {
        let (http, url) = (&self.house.http, format!("{}{}", self.portal.base, asked.path));
        let call = match &asked.key {
            None => http.put(url),
            Some(key) => http.post(url).header("Idempotency-Key", key),
        };
        heard(call.bearer_auth(&self.portal.key).json(&asked.body)).await
    }

    /// Repeats until it is done, or the time is over, or another process is taken to be at it.
    async fn tell(&self, asked: Asked, until: Instant) -> Option<Value> {
        while Instant::now() < until {
            match self.ask(&asked).await {
                None => {}
                Some((said, _)) if (200..300).contains(&said.status) => {
                    let json = said.json.clone();
                    self.told.lock().unwrap().push((asked, said));
                    return Some(json);
                }
                Some((said, _)) if said.json["code"] == "idempotency_in_progress" => break,
                Some((said, true)) if said.status == 503 => *self.refused.lock().unwrap() += 1,
                Some((said, says_when)) => {
                    self.odd.lock().unwrap().push(format!("{asked:?}: {} {says_when} {}", said.status, said.text));
                    return None;
                }
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        self.unfinished.lock().unwrap().push(asked);
        None
    }

    /// How many answers were kept, how many requests were broken off, how often it was told to come again.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.told.lock().unwrap().len(), self.unfinished.lock().unwrap().len(), *self.refused.lock().unwrap())
    }

    /// With everything well again: what was broken off is done once by its repeat, and whatever was answered with 2xx
    /// is there and answers the same (I19, I20).
    pub async fn holds(&self) {
        let odd = self.odd.lock().unwrap().clone();
        assert!(odd.is_empty(), "neither done nor \"come again\": {odd:#?}");
        busy_marks_run_out(self.house).await;
        let unfinished = std::mem::take(&mut *self.unfinished.lock().unwrap());
        for asked in unfinished {
            let (said, _) = self.ask(&asked).await.unwrap();
            assert!((200..300).contains(&said.status), "{asked:?}: {}", said.text);
            self.told.lock().unwrap().push((asked, said));
        }
        let told = self.told.lock().unwrap().clone();
        for some in told.chunks(12) {
            join_all(some.iter().map(|(asked, said)| self.still(asked, said))).await;
        }
        let twice = "select count(*) from (select from attempt group by intent_id having count(*) > 1) more";
        assert_eq!(self.house.ask(twice).await, "0", "a key made two attempts");
        assert_eq!(self.house.ask(UNWATCHED).await, "0", "an undecided attempt that nobody asks about");
    }

    async fn still(&self, asked: &Asked, said: &Answered) {
        let (again, _) = self.ask(asked).await.unwrap();
        match asked.key {
            None => {
                assert_eq!(again.status, 200, "{}", again.text);
                for field in ["id", "external_ref", "amount", "dossier_code"] {
                    assert_eq!(again.json[field], said.json[field], "{field} of {asked:?}");
                }
            }
            Some(_) => {
                assert!(again.replayed, "{asked:?}");
                assert_eq!((again.status, &again.text), (said.status, &said.text), "{asked:?}");
            }
        }
        self.is_there(asked, &said.json).await;
    }

    async fn is_there(&self, asked: &Asked, said: &Value) {
        let Some((intent, _)) = asked.path.split_once("/attempts") else {
            let id = said["id"].as_str().unwrap();
            let of = if asked.key.is_none() { "obligations" } else { "payment-intents" };
            assert_eq!(self.portal.get(&format!("/v1/{of}/{id}")).await.expect(200)["id"], said["id"]);
            return;
        };
        let intent = self.portal.get(intent).await.expect(200);
        let same = |a: &&Value| ["id", "order_ref", "amount", "action"].iter().all(|f| a[*f] == said[*f]);
        assert_eq!(intent["attempts"].as_array().unwrap().iter().filter(same).count(), 1, "{said} in {intent}");
    }
}

/// Attempts of which money may still come, and that nobody asks about.
pub const UNWATCHED: &str = "select count(*) from attempt a where a.status in ('started', 'offered', 'committed')
    and not exists (select from attempt_watch w where w.attempt_id = a.id)";

/// A database in a cluster of one test, with commits that outlive a crash of the server.
pub async fn own_database(socket_dir: &Path) -> TestDatabase {
    let named = |name: &str| TestDatabase { name: name.to_owned(), socket_dir: socket_dir.to_owned() };
    let (root, database) = (named("postgres"), named("crashing"));
    let admin = root.connect("motlan_superuser").await;
    admin.batch_execute("create database crashing").await.unwrap();
    admin.batch_execute("alter database crashing set synchronous_commit = on").await.unwrap();
    let url = SecretString::from(database.superuser_url());
    storage::migrate::migrate(&url).await.unwrap();
    let pool = Pool::new(&url, &Settings { max_connections: 1, ..Settings::default() }).unwrap();
    crate::furnish(&pool, (crate::bank::BIN, crate::bank::ACCOUNT)).await;
    pool.close();
    database
}
