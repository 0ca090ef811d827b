//! Personal data and secrets leave no trace: a whole story with the real binary, in which each of them is a word that
//! occurs nowhere else, and then a look at everything that was said, answered, sent and stored.

use domain::party::{IdentityKind, Party};
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::post::Office;
use std::time::Duration;
use storage::{Pool, Settings, Vault, parties};
use testkit::TestDatabase;
use tests::child::{Ended, Env, Running, run, run_saying};
use tests::collector::Collector;
use tests::files::today;
use tests::portal::{Answered, Portal, fresh, obligation};
use tests::{TMN_CODE, rows};

const HASH_SECRET: &str = "CANARYHASHSECRET7Q2W9E4R8T1Y6U3I";
/// The one that takes its place.
const NEXT_SECRET: &str = "CANARYNEXTSECRET3F6G9H2J5K8L1M4N";
const PII_KEY: &str = "ca4a21e0ca4a21e1ca4a21e2ca4a21e3ca4a21e4ca4a21e5ca4a21e6ca4a21e7";
const PEPPER: &str = "ca4a2b00ca4a2b01ca4a2b02ca4a2b03ca4a2b04ca4a2b05ca4a2b06ca4a2b07";
/// All that our own crates may say.
const LOG_FILTER: &str = "info,motlan=trace,api=trace,web=trace,payments=trace,storage=trace,worker=trace,\
    dossier=trace,mail=trace,lettre=trace,provider=trace,provider_national=trace,provider_vnpay=trace";
/// Of the channel that is told who pays.
const NATIONAL_SECRET: &str = "CANARYNATIONALSECRET5R8T2Y4U7I1O3";
const NATIONAL_TOKEN: &str = "CANARYNATIONALTOKEN9Z6X3C8V5B2N7";
const DATABASE_PASSWORD: &str = "canary-database-password";

fn payer() -> Party {
    let text = |t: &str| Some(t.to_owned());
    Party {
        name: "Chim Hoàng Yến Trảnộp".to_owned(),
        identity_kind: IdentityKind::CitizenId,
        identity_number: text("079185770123"),
        address: text("77 ngõ Chimhót, phường Vànganh"),
        phone: text("0987770123"),
        email: text("canary.payer@chim.example.vn"),
    }
}

fn owner() -> Party {
    let text = |t: &str| Some(t.to_owned());
    Party {
        name: "Doanh nghiệp Canarychủ".to_owned(),
        identity_kind: IdentityKind::TaxCode,
        identity_number: text("8877001234-001"),
        address: text("88 phố Canaryđường"),
        phone: text("0988880456"),
        email: text("canary.owner@chim.example.vn"),
    }
}

fn body_of(p: &Party) -> Value {
    json!({"name": p.name, "identity_kind": p.identity_kind.as_str(), "identity_number": p.identity_number,
        "address": p.address, "phone": p.phone, "email": p.email})
}

/// The words, as they could stand anywhere.
struct Canaries(Vec<(String, String)>);

impl Canaries {
    fn new() -> Self {
        let mut out = Self(Vec::new());
        for (whose, p) in [("payer", payer()), ("owner", owner())] {
            let optional = [p.identity_number, p.address, p.phone, p.email];
            for (i, word) in std::iter::once(p.name).chain(optional.into_iter().flatten()).enumerate() {
                out.add(&format!("{whose} {i}"), &word);
                // a number that somebody sends as one
                out.add(&format!("{whose} {i}"), word.trim_start_matches('0'));
            }
        }
        out.add("hash secret", HASH_SECRET);
        out.add("next secret", NEXT_SECRET);
        out.add("national secret", NATIONAL_SECRET);
        out.add("national token", NATIONAL_TOKEN);
        out.add("PII key", PII_KEY);
        out.add("pepper", PEPPER);
        out.add("database password", DATABASE_PASSWORD);
        out
    }

    fn add(&mut self, what: &str, word: &str) {
        assert!(word.len() >= 9, "{what} is too short to be looked for");
        let quoted: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
        let escaped: String = word
            .encode_utf16()
            .map(|unit| match char::from_u32(u32::from(unit)).filter(char::is_ascii) {
                Some(plain) => plain.to_string(),
                None => format!("\\u{unit:04x}"),
            })
            .collect();
        for form in [word.to_owned(), hex::encode(word), quoted, escaped] {
            let form = form.to_lowercase();
            if !self.0.iter().any(|(_, known)| *known == form) {
                self.0.push((what.to_owned(), form));
            }
        }
    }

    /// A secret is also looked for by what it is behind its prefix.
    fn add_secret(&mut self, what: &str, word: &str) {
        self.add(what, word);
        self.add(what, word.rsplit('_').next().unwrap());
    }

    fn found_in(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase();
        self.0.iter().filter(|(_, form)| text.contains(form)).map(|(what, _)| what.as_str()).collect()
    }

    #[track_caller]
    fn none_in(&self, place: &str, text: &str) {
        let found = self.found_in(text);
        let lines = text.lines().filter(|line| !self.found_in(line).is_empty());
        assert!(found.is_empty(), "{place} shows {found:?}: {}", lines.take(5).collect::<Vec<_>>().join("\n"));
    }
}

fn environment(database: &TestDatabase, (vnpay, national): (&str, &str), collector: &str) -> Env {
    let url = |user| format!("{}&password={DATABASE_PASSWORD}", database.url(user));
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        set("MOTLAN_MODE", "sandbox"),
        set("MOTLAN_HTTP__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_STAFF__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_OPS__LISTEN", "127.0.0.1:0"),
        set("MOTLAN_DATABASE__URL", &url("motlan_app")),
        set("MOTLAN_KEYS__PII", PII_KEY),
        set("MOTLAN_KEYS__API", PEPPER),
        set("MOTLAN_LOG__FILTER", LOG_FILTER),
        set("MOTLAN_OTLP__ENDPOINT", collector),
        set("MOTLAN_DELIVERY__SCHEDULE_S", "0,1,1"),
        set("MOTLAN_POLL__SCHEDULE_S", "1,1,2"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__CHANNEL", "vnpay"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", "H38.17-KB,H38.18-NH"),
        set("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", &format!("{vnpay}/paymentv2/vpcpay.html")),
        set("MOTLAN_PROFILES__VNPAY_MAIN__API_URL", &format!("{vnpay}/merchant_webapi/api/transaction")),
        set("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", TMN_CODE),
        set("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET", HASH_SECRET),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__CHANNEL", "national"),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__BENEFICIARIES", "H38.17-KB"),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__INIT_URL", &format!("{national}/init")),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__QUERY_URL", &format!("{national}/query")),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__PARTNER_CODE", "LAOCAI"),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__SECRET_KEY", NATIONAL_SECRET),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__ACCESS_TOKEN", NATIONAL_TOKEN),
        set("MOTLAN_PROFILES__NATIONAL_MAIN__BANK_CODES", &format!("{}:VTB", tests::bank::BIN)),
    ]
}

/// Everything that anybody was shown, with where.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn keep(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    fn answer(&mut self, place: impl Into<String>, answer: Answered) -> Value {
        self.keep(place, answer.text);
        answer.json
    }

    fn ended(&mut self, what: &str, ended: Ended) -> String {
        assert!(ended.success, "{what}: {}", ended.stderr);
        self.keep(format!("stderr of {what}"), ended.stderr);
        ended.stdout
    }
}

struct Story {
    env: Env,
    http: reqwest::Client,
    vnpay: simulator::Running,
    national: simulator::Running,
    dossier: simulator::Running,
    post: Office,
    collector: Collector,
    serve: Running,
    work: Running,
    portal: Portal,
    staff: Portal,
    seen: Seen,
    canaries: Canaries,
}

impl Story {
    async fn begin(database: &TestDatabase) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = "127.0.0.1:0".to_owned();
        let vnpay =
            simulator::VnpayConfig { listen: listen.clone(), ..simulator::VnpayConfig::new(TMN_CODE, HASH_SECRET) };
        let vnpay = simulator::vnpay::start(vnpay).await.unwrap();
        let dossier = simulator::dossier::start(simulator::DossierConfig { listen, log: None }).await.unwrap();
        let collector = Collector::start();
        let national = simulator::NationalConfig::new("LAOCAI", NATIONAL_SECRET, NATIONAL_TOKEN);
        let national = simulator::national::start(national).await.unwrap();
        let post = tests::post::start().await;
        let mut env = environment(database, (&vnpay.url, &national.url), &collector.url);
        env.extend(tests::post::settings(&post).into_iter().map(|(name, value)| (name.to_owned(), value)));
        let (mut seen, mut canaries) = (Seen::default(), Canaries::new());
        canaries.add_secret("secret of the mail server", tests::post::SECRET);
        let mut keys = Vec::new();
        for holder in ["cong-dvc", "ke-toan"] {
            let made = seen.ended("key create", run(&env, &["key", "create", "--for", holder, "--json"]).await);
            let key = serde_json::from_str::<Value>(&made).unwrap()["key"].as_str().unwrap().to_owned();
            canaries.add_secret(&format!("key of {holder}"), &key);
            keys.push(key);
        }
        let serve = Running::start(&env, &["serve"]).await;
        let work = Running::start(&env, &["work"]).await;
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let staff = Portal::new(&http, &serve.url("http"), keys.pop().unwrap());
        let portal = Portal::new(&http, &serve.url("http"), keys.pop().unwrap());
        Self { env, http, vnpay, national, dossier, post, collector, serve, work, portal, staff, seen, canaries }
    }

    async fn control(&self, url: String, body: Value) {
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn look(&mut self, place: &str, url: String) -> String {
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        self.seen.keep(place, text.clone());
        text
    }

    /// The portal registers its endpoint; its secret is in that answer, and no other.
    async fn endpoint(&mut self) {
        let url = json!({"url": format!("{}/events", self.dossier.url)});
        let made = self.portal.post_with("/v1/event-endpoints", "endpoint", url.clone()).await.expect(201);
        self.control(
            format!("{}/_sim/endpoint", self.dossier.url),
            json!({"secret": made["secret"], "from_start": true}),
        )
        .await;
        let again = self.portal.post_with("/v1/event-endpoints", "endpoint", url).await;
        assert_eq!((again.replayed, &again.json["secret"]), (true, &made["secret"]), "its own answer, again");
        self.canaries.add_secret("endpoint secret", made["secret"].as_str().unwrap());
        let listed = self.portal.get("/v1/event-endpoints").await;
        self.seen.answer("endpoints", listed);
    }

    /// The payer is told of the receipt by e-mail: first the server refuses it, and repeats the address as real ones do.
    async fn mailed(&mut self) {
        let url = self.post.running.url.clone();
        let mut letters = String::new();
        for _ in 0..200 {
            letters = self.http.get(format!("{url}/_sim/letters")).send().await.unwrap().text().await.unwrap();
            if letters != "[]" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let told = serde_json::from_str::<Vec<Value>>(&letters).unwrap();
        assert_eq!(told.len(), 1, "{letters}");
        assert_eq!(told[0]["to"].as_str(), payer().email.as_deref());
        self.seen.keep("what the payer is told", format!("{} {}", told[0]["subject"], told[0]["text"]));
    }

    /// An obligation is paid at VNPAY, and the dossier system hears of it.
    async fn pay(&mut self) {
        let change = json!({"payer": body_of(&payer()), "owner": body_of(&owner()), "description": "Phí chim hót"});
        let body = obligation("H38.17-CANARY-1", 21_000, change);
        let mut fee = Value::Null;
        for what in ["registered", "registered again"] {
            let answer = self.portal.put("/v1/obligations/canary", body.clone()).await;
            assert!(answer.status < 300, "{}", answer.text);
            fee = self.seen.answer(what, answer);
        }
        let answer = self.portal.post("/v1/payment-intents", json!({"obligation_ids": [fee["id"]]})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let intent = self.seen.answer("intent", answer);
        let path = format!("/v1/payment-intents/{}", intent["id"].as_str().unwrap());
        self.look("checkout page", intent["checkout_url"].as_str().unwrap().to_owned()).await;
        // the platform is told who pays; then the payer thinks better of it
        let answer = self.portal.post(&format!("{path}/attempts"), json!({"channel": "national"})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let left = self.seen.answer("attempt at the platform", answer);
        self.look("page of the platform", left["action"]["url"].as_str().unwrap().to_owned()).await;
        let answer = self.portal.post(&format!("{path}/attempts"), json!({"channel": "vnpay"})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let attempt = self.seen.answer("attempt", answer);
        self.look("page of VNPAY", attempt["action"]["url"].as_str().unwrap().to_owned()).await;
        let notify = format!("{}/v1/webhooks/vnpay/vnpay_main", self.portal.base);
        self.control(format!("{}/_sim/notify", self.vnpay.url), json!({"url": notify})).await;
        self.control(format!("{}/_sim/pay", self.vnpay.url), json!({"order_ref": attempt["order_ref"]})).await;
        for _ in 0..200 {
            let heard = self.http.get(format!("{}/_sim/received?name=default", self.dossier.url)).send().await.unwrap();
            if heard.json::<Vec<Value>>().await.unwrap().len() >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let answer = self.portal.get(&path).await;
        let paid = self.seen.answer("paid intent", answer);
        assert_eq!(paid["status"], "paid", "{paid}");
        self.look("checkout page, paid", intent["checkout_url"].as_str().unwrap().to_owned()).await;
        let payment = format!("/v1/payments/{}", paid["payments"][0]["id"].as_str().unwrap());
        for at in ["/v1/obligations", "/v1/payment-intents", "/v1/payments", "/v1/events", &payment] {
            let answer = self.portal.get(at).await;
            assert_eq!(answer.status, 200, "{at}");
            self.seen.answer(at, answer);
        }
        for at in ["/v1/payments", &payment] {
            let answer = self.staff.get(at).await;
            assert_eq!(answer.status, 200, "{at}");
            self.seen.answer(format!("{at} by staff"), answer);
        }
    }

    /// VNPAY's secret is changed: proposed from the command line, decided by a person, listed, and used.
    async fn rotate(&mut self) {
        let env = self.env.clone();
        let credentials = ["profile", "credentials"];
        let of = ["--code", "vnpay_main", "--name", "hash_secret", "--json"];
        let propose = [&credentials[..], &["propose"], &of].concat();
        let refused = run_saying(&env, &propose, &format!("{NEXT_SECRET} {NEXT_SECRET}\n")).await;
        assert!(!refused.success, "{}", refused.stdout);
        self.seen.keep("a secret that cannot be used", format!("{}{}", refused.stdout, refused.stderr));
        let path = "/v1/profiles/vnpay_main/credentials";
        let long = NEXT_SECRET.repeat(40);
        for body in [
            json!({"name": NEXT_SECRET, "value": "x"}),
            json!({"name": "hash_secret", "value": [NEXT_SECRET]}),
            json!({"name": "hash_secret", "value": {"x": NEXT_SECRET}}),
            json!({"name": "hash_secret", "value": format!("{NEXT_SECRET} at line 7")}),
            json!({"name": "hash_secret", "value": long}),
            json!({"value": NEXT_SECRET}),
        ] {
            let answer = self.staff.post(path, body).await;
            assert_eq!(answer.status, 422, "{}", answer.text);
            self.seen.answer("refused secret", answer);
        }
        let proposed = self.seen.ended("propose", run_saying(&env, &propose, &format!("{NEXT_SECRET}\n")).await);
        self.seen.keep("proposed", proposed.clone());
        let proposed: Value = serde_json::from_str(&proposed).unwrap();
        let approval = format!("/v1/approvals/{}", proposed["approval_id"].as_str().unwrap());
        for at in [path, &approval, "/v1/approvals"] {
            let answer = self.staff.get(at).await;
            assert_eq!(answer.status, 200, "{at}");
            self.seen.answer(at, answer);
        }
        let answer = self.staff.post(&format!("{approval}/approve"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.seen.answer("approved", answer);
        let vnpay = self.vnpay.url.clone();
        self.control(format!("{vnpay}/_sim/hash_secret"), json!({"hash_secret": NEXT_SECRET})).await;
        let order = self.http.get(format!("{vnpay}/_sim/transactions")).send().await.unwrap();
        let order = json!({"order_ref": order.json::<Value>().await.unwrap()[0]["order_ref"]});
        for _ in 0..100 {
            let call = self.http.post(format!("{vnpay}/_sim/resend")).json(&order).send().await.unwrap();
            let call = call.json::<Value>().await.unwrap();
            self.seen.keep("what VNPAY heard", call["body"].to_string());
            if call["rsp_code"] == "02" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the next secret never came into force");
    }

    /// Whatever can be wrong with a body, a query or a key that holds a canary.
    async fn err(&mut self) {
        let (p, key) = (payer(), self.portal.key.clone());
        let number: i64 = p.identity_number.as_deref().unwrap().parse().unwrap();
        let with = |change: Value| {
            let mut payer = body_of(&payer());
            payer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            obligation("H38.17-CANARY-2", 21_000, json!({"payer": payer}))
        };
        let whole = obligation("H38.17-CANARY-1", 99_000, json!({"payer": body_of(&p), "fee_code": "CT-X"}));
        let long = |text: Option<String>| text.unwrap().repeat(20);
        let bodies = [
            with(json!({"identity_kind": p.identity_number})),
            with(json!({"identity_kind": p.name})),
            with(json!({"identity_number": [p.identity_number]})),
            with(json!({"identity_number": number})),
            with(json!({"identity_number": long(p.identity_number.clone())})),
            with(json!({"name": format!("{} at line 7", p.name), "address": 987_770_123})),
            with(json!({"name": {"full": p.name}})),
            with(json!({"email": long(p.email.clone())})),
            with(json!({"phone": format!("{}\u{7}", p.phone.clone().unwrap())})),
            obligation("H38.17-CANARY-3", 1, json!({"payer": format!("{} at line 7", p.name)})),
            obligation("H38.17-CANARY-3", 1, json!({"payer": p.identity_number})),
            obligation("H38.17-CANARY-3", 1, json!({"kind": p.name, "sector": p.email, "currency": p.phone})),
            obligation("H38.17-CANARY-3", 1, json!({"due_at": p.name, "notice": {"date": p.name}})),
            obligation("H38.17-CANARY-3", 1, json!({"dossier_code": p.name, "beneficiary_code": p.name})),
            obligation("H38.17-CANARY-3", 1, json!({"payer": body_of(&p), "agency_code": "H99"})),
            whole,
        ];
        for body in bodies {
            let answer = self.portal.put("/v1/obligations/canary", body).await;
            assert!((400..500).contains(&answer.status), "{}", answer.text);
            self.seen.answer("refused obligation", answer);
        }
        let good = with(json!({})).to_string();
        for cut in [good.len() / 2, good.len() - 1] {
            let call = self.http.put(format!("{}/v1/obligations/canary", self.portal.base)).bearer_auth(&key);
            let cut: String = good.chars().take(cut / 2).collect();
            let call = call.header("content-type", "application/json").body(cut);
            let answer = Answered::of(call.send().await.unwrap()).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            self.seen.answer("malformed", answer);
        }
        let word: String = form_urlencoded::byte_serialize(p.name.as_bytes()).collect();
        for path in [
            format!("/v1/obligations?dossier_code={word}"),
            format!("/v1/obligations?limit={word}"),
            format!("/v1/payments?business_date={word}"),
            format!("/v1/payments?after={word}"),
            format!("/v1/obligations/{word}"),
            format!("/v1/{word}"),
            format!("/pay/{word}"),
        ] {
            let answer = self.portal.get(&path).await;
            self.seen.answer("refused query", answer);
        }
        let intent = json!({"obligation_ids": [p.name], "return_url": format!("javascript:{word}")});
        let answer = self.portal.post("/v1/payment-intents", intent).await;
        self.seen.answer("refused intent", answer);
        let answer = self
            .portal
            .post("/v1/event-endpoints", json!({"url": format!("ftp://{word}/"), "streams": [p.name]}))
            .await;
        self.seen.answer("refused endpoint", answer);
        for text in [format!("{key}0"), key.replace("sandbox", "production"), format!("x{key}"), "0".repeat(20) + &key]
        {
            let answer = Portal { key: text, ..self.portal.clone() }.get("/v1/obligations").await;
            assert_eq!(answer.status, 401);
            self.seen.answer("refused key", answer);
        }
        // a call in VNPAY's name whose signature is ours turned round, with a person's name in a field of theirs
        let forged = HASH_SECRET.chars().rev().collect::<String>();
        let query = format!("vnp_TxnRef=X{}&vnp_OrderInfo={word}&vnp_SecureHash={forged}", fresh());
        self.look("refused webhook", format!("{}/v1/webhooks/vnpay/vnpay_main?{query}", self.portal.base)).await;
    }

    /// What operators and administrators see.
    async fn operate(&mut self) {
        for (process, ops) in [("serve", self.serve.url("ops")), ("work", self.work.url("ops"))] {
            let metrics = self.look(&format!("metrics of {process}"), format!("{ops}/metrics")).await;
            assert!(process == "work" || metrics.contains("http_server_request_duration"), "{metrics}");
            self.look(&format!("backlog of {process}"), format!("{ops}/backlog")).await;
        }
        let day = today().to_string();
        for report in
            ["transactions", "reconciliation", "suspense", "collections", "cash-flow", "remittances", "treasury-slips"]
        {
            for format in ["json", "csv"] {
                let at = format!("/v1/reports/{report}?from={day}&to={day}&format={format}");
                let answer = self.staff.get(&at).await;
                assert!(answer.status == 200 && answer.text.len() > 60, "{at}: {}", answer.text);
                self.seen.answer(at, answer);
            }
            let args =
                ["report", report, "--from", &day, "--to", &day, "--url", &self.staff.base, "--key", &self.staff.key];
            let printed = self.seen.ended("report", run(&self.env, &args).await);
            self.seen.keep(format!("the table of {report}"), printed);
        }
        for at in ["/v1/cases".to_owned(), format!("/v1/reconciliation/{day}?profile=vnpay_main")] {
            let answer = self.staff.get(&at).await;
            assert_eq!(answer.status, 200, "{at}");
            self.seen.answer(at, answer);
        }
        let env = self.env.clone();
        for args in [
            ["config", "check", "--json"].as_slice(),
            &["config", "check"],
            &["key", "list", "--json"],
            &["profile", "list", "--json"],
            &["beneficiary", "list", "--json"],
            &["work", "--drain", "--json"],
            &["verify", "--json"],
        ] {
            let what = args.join(" ");
            let said = self.seen.ended(&what, run(&env, args).await);
            self.seen.keep(what, said);
        }
        // what stops a start is told without the secret that is wrong
        for (name, value) in [
            ("MOTLAN_KEYS__PII", format!("{PII_KEY}00")),
            ("MOTLAN_KEYS__API", format!("x{PEPPER}")),
            ("MOTLAN_DATABASE__URL", format!("postgresql://motlan_app:{DATABASE_PASSWORD}@127.0.0.1:1/none")),
            ("MOTLAN_DATABASE__URL", format!("postgresql://motlan_app:{DATABASE_PASSWORD}@[none/")),
            ("MOTLAN_PROFILES__VNPAY_MAIN__HASH_SECRET_", HASH_SECRET.to_owned()),
            ("MOTLAN_PROFILES__VNPAY_MAIN__TMN_CODE", "TOO LONG A CODE".to_owned()),
        ] {
            let mut env: Env = env.iter().filter(|(k, _)| k != name).cloned().collect();
            env.push((name.to_owned(), value));
            let ended = run(&env, &["serve"]).await;
            assert!(!ended.success && !ended.stderr.is_empty(), "{name}: {ended:?}");
            self.seen.keep(format!("refused start, {name}"), format!("{}{}", ended.stdout, ended.stderr));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_personal_datum_and_no_secret_is_seen_anywhere_after_a_whole_story() {
    let database = tests::database().await;
    let mut story = Story::begin(&database).await;
    story.endpoint().await;
    crate::receipts::collected_by(&story.staff).await;
    let script = format!("{}/_sim/script", story.post.running.url);
    story.control(script, json!({"do": [{"rcpt": 450}], "times": 1})).await;
    story.pay().await;
    story.mailed().await;
    story.rotate().await;
    story.err().await;
    story.operate().await;
    let (vnpay, dossier) = (story.vnpay.url.clone(), story.dossier.url.clone());
    let heard = story.look("events", format!("{dossier}/_sim/received?name=default")).await;
    assert!(heard.contains("obligation.paid"), "{heard}");
    let sent = story.look("all that VNPAY was sent", format!("{vnpay}/_sim/log")).await;
    assert!(sent.contains("vnp_TxnRef"), "{sent}");

    let log = story.http.get(format!("{}/_sim/log", story.national.url)).send().await.unwrap().text().await.unwrap();
    assert_eq!(story.canaries.found_in(&log), ["payer 0", "payer 1", "payer 1", "payer 2"], "it was told who pays");

    let Story { serve, work, vnpay, national, dossier, collector, seen, canaries, .. } = story;
    for (process, running) in [("serve", serve), ("work", work)] {
        let said = running.end().await;
        let lines = said.lines().count();
        assert!(lines > if process == "serve" { 40 } else { 2 }, "{process} said {lines} lines");
        canaries.none_in(&format!("the log of {process}"), &said);
        let mut told = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let names_both = told.any(|line| line["request_id"].is_string() && line["intent_id"].is_string());
        assert!(names_both || process == "work", "no line names a request and its intent");
    }
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == "open"), "no trace was told");
    for span in &spans {
        canaries.none_in("a trace", &format!("{span:?}"));
    }
    assert!(seen.0.len() > 50);
    for (place, text) in &seen.0 {
        canaries.none_in(place, text);
    }
    let dump = rows::dump(&database).await;
    assert!(dump.iter().any(|(_, row)| row.contains("Phí chim hót")), "the dump is not of this story");
    for (table, row) in &dump {
        canaries.none_in(table, row);
    }
    vnpay.stop().await;
    national.stop().await;
    dossier.stop().await;

    // and yet the payer is found by number, and read back whole
    let pool = Pool::new(&SecretString::from(database.url("motlan_app")), &Settings::default()).unwrap();
    let vault = Vault::new(&SecretString::from(PII_KEY)).unwrap();
    let db = pool.get().await.unwrap();
    for party in [payer(), owner()] {
        let number = party.identity_number.clone().unwrap();
        let found = parties::by_identity(&db, &vault, party.identity_kind, &number).await.unwrap();
        assert_eq!(found.len(), 1, "one row, whatever was refused");
        assert!(parties::by_id(&db, &vault, found[0]).await.unwrap().unwrap() == party, "not the same");
        let otherwise = parties::by_identity(&db, &vault, IdentityKind::Passport, &number).await.unwrap();
        assert!(otherwise.is_empty(), "the kind is a part of the index");
    }
    let other = Vault::new(&SecretString::from(PEPPER)).unwrap();
    let number = payer().identity_number.unwrap();
    let found = parties::by_identity(&db, &other, IdentityKind::CitizenId, &number).await.unwrap();
    assert!(found.is_empty(), "the index can be made without the key");
    assert!(!format!("{:?}", payer()).contains("Chim"));
    drop(db);
    pool.close();
}

#[test]
fn a_canary_is_found_however_it_is_written() {
    let canaries = Canaries::new();
    let name = payer().name;
    let forms = [
        format!("x{name}x"),
        name.to_uppercase(),
        hex::encode(&name),
        form_urlencoded::byte_serialize(name.as_bytes()).collect(),
        "Chim Ho\\u00e0ng Y\\u1ebfn Tr\\u1ea3n\\u1ed9p".to_owned(),
    ];
    for form in forms {
        assert_eq!(canaries.found_in(&form), ["payer 0"], "{form}");
    }
    assert!(canaries.found_in("Chim khác").is_empty());
}
