//! The secrets that a contract shares with its provider: proposed by one, decided by another, in force in every process
//! without a restart, two accepted while the provider changes over, and never seen again.

use crate::people::{administrator, equips, hires, next_door, second};
use crate::transfers::words::{now_s, sepay, sepay_row};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::bank::{LISTING_TOKEN, PROFILE, SEPAY_SECRET, webhook};
use tests::child::{Running, run, run_saying};
use tests::portal::{Answered, Portal, dossier};
use tests::rows::dump;
use tests::{BENEFICIARY, HASH_SECRET, House, Plan, bank, env};

const NEW: &str = "CANARYNEWVNPAYSECRET5T8K2M7Q4Z1X";
const THIRD: &str = "CANARYTHIRDVNPAYSECRET9B3N6V1C8J";
const VNPAY: &str = "/v1/profiles/vnpay_main/credentials";
/// A process looks every 5 s.
const PATIENCE: Duration = Duration::from_secs(20);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

async fn approver(house: &House, admin: &Portal, code: &str) -> Portal {
    employs(house, admin, code, "approver", &[]).await
}

async fn employs(house: &House, admin: &Portal, code: &str, role: &str, beneficiaries: &[&str]) -> Portal {
    let second = second(house).await;
    hires((admin, &second), code, &[role], beneficiaries).await;
    equips((admin, &second), code).await.1
}

fn decision(proposed: &Value, verdict: &str) -> String {
    format!("/v1/approvals/{}/{verdict}", text(&proposed["approval_id"]))
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Two processes of one deployment, and what VNPAY says to each.
struct Doors {
    house: House,
    other: Running,
    other_url: String,
}

impl Doors {
    async fn open() -> Self {
        let house = House::new().await;
        let (other, other_url) = next_door(&house, &Plan::default()).await;
        Self { house, other, other_url }
    }

    fn urls(&self) -> [String; 2] {
        [self.house.gateway.base_url(), self.other_url.clone()]
    }

    /// An order at VNPAY that is paid there, and of which nobody is told by itself.
    async fn paid_order(&self) -> Value {
        let fee = self.house.portal.owes(&dossier(), 21_000, json!({})).await;
        let attempt = self.house.at_vnpay(&self.house.portal.opens(&[&fee]).await).await;
        self.silence(&attempt).await;
        self.house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
        attempt
    }

    async fn silence(&self, attempt: &Value) {
        let rule = json!({"match": {"order_ref": attempt["order_ref"]}, "do": [{"drop": true}]});
        self.house.sim("script", rule).await;
    }

    async fn vnpay_signs_with(&self, secret: &str) {
        self.house.sim("hash_secret", json!({"hash_secret": secret})).await;
    }

    /// The code that this process answers to one call of VNPAY's about the order.
    async fn told(&self, base: &str, attempt: &Value) -> String {
        self.house.sim("notify", json!({"url": format!("{base}/v1/webhooks/vnpay/vnpay_main")})).await;
        let call = self.house.sim("resend", json!({"order_ref": attempt["order_ref"]})).await;
        text(&call["rsp_code"]).to_owned()
    }

    /// Waits until each process takes what VNPAY signs with this secret, or each refuses it.
    async fn until_everywhere(&self, attempt: &Value, secret: &str, taken: bool) {
        self.vnpay_signs_with(secret).await;
        for base in self.urls() {
            let what = format!("{base} {} what is signed with {secret}", if taken { "takes" } else { "refuses" });
            until(&what, async || {
                let code = self.told(&base, attempt).await;
                assert!(["00", "02", "97"].contains(&code.as_str()), "{code}");
                (code != "97") == taken
            })
            .await;
        }
    }

    async fn codes(&self, attempt: &Value) -> Vec<String> {
        let mut codes = Vec::new();
        for base in self.urls() {
            codes.push(self.told(&base, attempt).await);
        }
        codes
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_changed_by_two_persons_without_a_restart_and_the_one_before_is_accepted_until_it_is_retired() {
    let doors = Doors::open().await;
    let house = &doors.house;
    let (admin, mut answers) = (administrator(house).await, Vec::<Answered>::new());
    let approver = approver(house, &admin, "nguoi-duyet").await;
    let [first, second, third, fourth] =
        [doors.paid_order().await, doors.paid_order().await, doors.paid_order().await, doors.paid_order().await];

    doors.vnpay_signs_with(NEW).await;
    assert_eq!(doors.codes(&first).await, ["97", "97"], "before anybody has said so");
    let body = json!({"name": "hash_secret", "value": NEW, "note": "đổi theo lịch"});
    answers.push(admin.post_with(VNPAY, "propose", body.clone()).await);
    let proposed = answers[0].clone().expect(201);
    answers.push(admin.post_with(VNPAY, "propose", body.clone()).await);
    assert_eq!((answers[1].replayed, &answers[1].text), (true, &answers[0].text));
    assert_eq!(admin.post(VNPAY, body).await.refused(409), "approval_pending");
    answers.push(approver.get("/v1/approvals?status=pending&kind=profile_credentials").await);
    let waiting = answers[2].json["data"][0].clone();
    assert_eq!(
        (&waiting["subject"], &waiting["payload"]["secret"]),
        (&json!("vnpay_main/hash_secret"), &json!("hash_secret"))
    );
    assert_eq!(waiting["beneficiaries"].as_array().unwrap().len(), 2);
    answers.push(house.staff.post(&decision(&proposed, "approve"), json!({})).await);
    assert_eq!(answers[3].clone().refused(403), "same_person", "though their other key may decide");
    assert_eq!(doors.codes(&first).await, ["97", "97"], "before it is decided");

    answers.push(approver.post(&decision(&proposed, "approve"), json!({})).await);
    answers[4].clone().expect(200);
    doors.until_everywhere(&first, NEW, true).await;
    // VNPAY changes over in its own time
    doors.vnpay_signs_with(HASH_SECRET).await;
    let codes = doors.codes(&second).await;
    assert_eq!(codes, ["00", "02"], "the one before is accepted in both processes");
    // what we send is signed with the newest: the payment page and the question about an order
    doors.vnpay_signs_with(NEW).await;
    let fee = house.portal.owes(&dossier(), 22_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    doors.silence(&attempt).await;
    house.sim("pay", json!({"order_ref": attempt["order_ref"]})).await;
    house.drain().await;
    assert_eq!(house.portal.intent(&intent).await["status"], "paid", "asked with the newest, and the answer believed");

    answers.push(admin.get(VNPAY).await);
    let listed = answers[5].json["data"][0].clone();
    assert_eq!(listed["name"], "hash_secret");
    let origins: Vec<&Value> = listed["accepted"].as_array().unwrap().iter().map(|a| &a["origin"]).collect();
    assert_eq!(origins, ["books", "configuration"], "{listed}");
    assert_eq!(listed["accepted"][0]["fingerprint"], waiting["payload"]["fingerprint"]);
    assert_eq!(json!([listed["accepted"][1]["fingerprint"]]), waiting["payload"]["standing"]);
    assert!(text(&listed["accepted"][0]["since"]).ends_with('Z') && listed["proposed"].is_null());
    let again = json!({"name": "hash_secret", "value": NEW});
    assert_eq!(admin.post(VNPAY, again).await.refused(422), "validation_failed", "it is in force");
    let more = json!({"name": "hash_secret", "value": THIRD});
    answers.push(admin.post(VNPAY, more.clone()).await);
    assert_eq!(answers[6].clone().refused(409), "two_active");

    let retire = format!("{VNPAY}/hash_secret/retire-previous");
    answers.push(admin.post_with(&retire, "retire", json!({})).await);
    assert_eq!(answers[7].clone().expect(200)["accepted"].as_array().unwrap().len(), 1);
    doors.until_everywhere(&third, HASH_SECRET, false).await;
    doors.vnpay_signs_with(HASH_SECRET).await;
    assert_eq!(doors.codes(&fourth).await, ["97", "97"], "though the configuration still says it");
    doors.vnpay_signs_with(NEW).await;
    assert_eq!(doors.codes(&fourth).await, ["02", "02"], "it was asked about meanwhile");
    assert_eq!(admin.post(&retire, json!({})).await.refused(409), "nothing_to_retire");
    // a request that is sent once more retires nothing that came since
    let next = admin.post(VNPAY, more).await.expect(201);
    approver.post(&decision(&next, "approve"), json!({})).await.expect(200);
    answers.push(admin.post_with(&retire, "retire", json!({})).await);
    assert!(answers[8].replayed);
    let sql =
        "select string_agg(state || ' ' || (sealed is not null), ', ' order by proposed_at) from profile_credential";
    assert_eq!(house.ask(sql).await, "in_force true, in_force true");
    admin.post(&retire, json!({})).await.expect(200);
    assert_eq!(house.ask(sql).await, "retired false, in_force true", "a secret that is retired is gone");
    doors.until_everywhere(&fourth, THIRD, true).await;
    // a process that starts now begins with what the books hold
    let (later, later_url) = next_door(house, &Plan::default()).await;
    assert_eq!(doors.told(&later_url, &fourth).await, "02");
    doors.vnpay_signs_with(HASH_SECRET).await;
    assert_eq!(doors.told(&later_url, &fourth).await, "97");

    let sql = "select string_agg(action, ' ' order by id) from audit where subject like '%vnpay_main/hash_secret%'";
    let audited = "profile_secret_proposed profile_secret_in_force profile_secret_retired profile_secret_proposed \
        profile_secret_in_force profile_secret_retired";
    assert_eq!(house.ask(sql).await, audited);
    let rows: Vec<_> = dump(&house.database).await.into_iter().map(|(_, row)| row).collect();
    assert!(rows.iter().any(|row| row.contains("vnpay_main/hash_secret")), "the dump is not of this story");
    let said = [doors.other.end().await, later.end().await];
    assert!(said.iter().all(|said| said.contains("provider made")), "a process says that it made one");
    let shown = rows.iter().chain(answers.iter().map(|a| &a.text)).chain(&said);
    for shown in shown {
        for secret in [NEW, THIRD, HASH_SECRET] {
            assert!(!shown.to_lowercase().contains(&secret.to_lowercase()), "{shown}");
            assert!(!shown.to_lowercase().contains(&hex::encode(secret)), "{shown}");
        }
    }
    doors.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_teller_of_an_account_and_whoever_lists_it_change_their_secrets_the_same_way() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let approver = approver(&house, &admin, "nguoi-duyet").await;
    let settings = house.bank.iter().flat_map(|bank| bank::settings(&bank.url)).collect();
    let (other, other_url) = next_door(&house, &Plan { with_bank: true, settings, ..Plan::default() }).await;
    let path = format!("/v1/profiles/{PROFILE}/credentials");
    let proposes = async |name: &str, value: &str| {
        let made = admin.post(&path, json!({"name": name, "value": value})).await.expect(201);
        approver.post(&decision(&made, "approve"), json!({})).await.expect(200);
    };
    let (new, own) = ("CANARY-new-sepay-secret", house.gateway.base_url());
    let told = async |base: &str, secret: &str, id: u64| {
        let body = sepay_row(id, 1_000, "khong ro").to_string();
        let call = house.http.post(webhook(base, "sepay")).header("Content-Type", "application/json");
        let call = sepay(secret, now_s(), &body).into_iter().fold(call, |call, (name, value)| call.header(name, value));
        call.body(body).send().await.unwrap().status().as_u16()
    };
    for base in [&own, &other_url] {
        assert_eq!((told(base, new, 1).await, told(base, SEPAY_SECRET, 2).await), (401, 200));
    }
    // one that was wrong is taken back by one person, and all is as before it
    let wrong = "CANARY-wrong-sepay-secret";
    proposes("sepay_hmac_secret", wrong).await;
    until("the wrong one is accepted", async || told(&other_url, wrong, 2).await == 200).await;
    admin.post(&format!("{path}/sepay_hmac_secret/retire-newest"), json!({})).await.expect(200);
    for base in [&own, &other_url] {
        until("the wrong one is refused", async || told(base, wrong, 2).await == 401).await;
        assert_eq!(told(base, SEPAY_SECRET, 2).await, 200);
    }
    let answer = admin.post(&format!("{path}/sepay_hmac_secret/retire-newest"), json!({})).await;
    assert_eq!(answer.refused(409), "nothing_to_retire", "the last one stays");
    proposes("sepay_hmac_secret", new).await;
    for base in [&own, &other_url] {
        until("the new one is accepted", async || told(base, new, 3).await == 200).await;
        assert_eq!(told(base, SEPAY_SECRET, 4).await, 200, "and the one before");
    }
    admin.post(&format!("{path}/sepay_hmac_secret/retire-previous"), json!({})).await.expect(200);
    for base in [&own, &other_url] {
        until("the one before is refused", async || told(base, SEPAY_SECRET, 4).await == 401).await;
        assert_eq!(told(base, new, 3).await, 200);
    }
    // we alone show the listing's token: the newest is the only one, at once
    let listed = async || {
        let all = admin.get(&path).await.expect(200);
        let of = |name: &str| all["data"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
        (of("listing_token")["accepted"].as_array().unwrap().len(), of("casso_checksum_key")["accepted"].clone())
    };
    assert_eq!(listed().await.0, 1);
    let token = "CANARY-new-listing-token";
    proposes("listing_token", token).await;
    assert_eq!(listed().await.0, 1);
    let sql = "select count(*) from configured_credential_retired where name = 'listing_token'";
    assert_eq!(house.ask(sql).await, "1");
    let listing = json!({"number": bank::ACCOUNT, "listing": {"kind": "sepay", "token": token}});
    house.bank_sim("bank/accounts", listing).await;
    let fee = house.portal.owes(&dossier(), 30_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    house.at_the_bank(&intent).await;
    house.tellers_are_lost().await;
    house.transfers(30_000, text(&intent["reference"])).await;
    until("listed with the new token", async || {
        house.listings_are_due().await;
        house.drain().await;
        house.portal.intent(&intent).await["status"] == "paid"
    })
    .await;
    assert_eq!(listed().await.1[0]["origin"], "configuration", "the other tellers are as they were");
    let said = other.end().await;
    assert!(![new, wrong, token, SEPAY_SECRET, LISTING_TOKEN].iter().any(|secret| said.contains(secret)));
    for (table, row) in dump(&house.database).await {
        assert!(![new, wrong, token].iter().any(|secret| row.contains(secret)), "{table}: {row}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_cannot_be_used_is_refused_when_it_is_proposed_and_a_decision_about_what_has_changed_is_none() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let approver = approver(&house, &admin, "nguoi-duyet").await;
    let scoped = employs(&house, &admin, "qtv-17", "administrator", &[BENEFICIARY]).await;
    let vietqr = format!("/v1/profiles/{PROFILE}/credentials");
    for (path, name, value, pointer) in [
        (VNPAY, "hash_secret", "có dấu", "/value"),
        (VNPAY, "hash_secret", "two words", "/value"),
        (VNPAY, "hash_secret", "", "/value"),
        (VNPAY, "tmn_code", "LAOCAI02", "/name"),
        // SePay's webhook has one of the two forms, and the configuration has chosen
        (&vietqr, "sepay_api_key", "CANARY-refused-key", "/value"),
        (&vietqr, "hash_secret", "CANARY-refused-key", "/name"),
        (&vietqr, "sepay_hmac_secret", SEPAY_SECRET, ""),
    ] {
        let answer = admin.post(path, json!({"name": name, "value": value})).await;
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{name}: {}", answer.text);
        assert!(value.is_empty() || !answer.text.contains(value), "{}", answer.text);
        assert_eq!(answer.refused(422), "validation_failed", "{name}");
    }
    let unknown = admin.post(&vietqr, json!({"name": "key", "value": "x"})).await;
    assert!(text(&unknown.json["errors"][0]["detail"]).contains("sepay_hmac_secret, casso_checksum_key"));
    let number = admin.post(VNPAY, json!({"name": "hash_secret", "value": 7_185_770_123_i64})).await;
    assert!(!number.text.contains("7185770123"), "{}", number.text);
    let none = "/v1/profiles/khong_co/credentials";
    assert_eq!(admin.post(none, json!({"name": "hash_secret", "value": "x"})).await.refused(404), "not_found");
    assert_eq!(admin.get(none).await.refused(404), "not_found");
    assert_eq!(scoped.get(VNPAY).await.refused(403), "scope_missing", "contracts are for who administers all");
    assert_eq!(scoped.post(VNPAY, json!({"name": "hash_secret", "value": "x"})).await.refused(403), "scope_missing");
    assert_eq!(house.ask("select count(*) from profile_credential").await, "0");

    let proposes = async |path: &str, name: &str, value: &str| {
        admin.post(path, json!({"name": name, "value": value})).await.expect(201)
    };
    let unwanted = proposes(VNPAY, "hash_secret", NEW).await;
    approver.post(&decision(&unwanted, "reject"), json!({"note": "sai"})).await.expect(200);
    let sql =
        "select string_agg(state || ' ' || (sealed is not null), ', ' order by proposed_at) from profile_credential";
    assert_eq!(house.ask(sql).await, "rejected false", "a secret that was not wanted is gone");
    // what stood when it was proposed is retired before it is decided
    let wanted = proposes(VNPAY, "hash_secret", THIRD).await;
    house.ask("insert into configured_credential_retired values ('vnpay_main', 'hash_secret', 'a', now())").await;
    assert_eq!(approver.post(&decision(&wanted, "approve"), json!({})).await.refused(409), "approval_stale");
    approver.post(&decision(&wanted, "reject"), json!({})).await.expect(200);
    assert_eq!(house.ask(sql).await, "rejected false, rejected false");

    // nobody gets past the second person or beyond two, not even beside the program
    let beside = house.database.connect("motlan_app").await;
    let made = proposes(VNPAY, "hash_secret", NEW).await;
    for alone in [
        "update profile_credential set state = 'in_force', in_force_at = now() where state = 'proposed'",
        "update profile_credential set state = 'in_force', in_force_at = now(), decided_by = proposed_by where state = 'proposed'",
        "update profile_credential set sealed = '\\x00' where state = 'proposed'",
        "update profile_credential set fingerprint = 'ffffffff'",
        "update profile_credential set state = 'proposed', sealed = '\\x00' where state = 'rejected'",
        "delete from profile_credential",
        "delete from configured_credential_retired",
        "insert into profile_credential (id, profile_code, name, sealed, key_id, fingerprint, state, proposed_by, proposed_at, in_force_at)
            values (gen_random_uuid(), 'vnpay_main', 'hash_secret', '\\x00', 'k', 'f', 'in_force', 'a', now(), now())",
    ] {
        assert!(beside.execute(alone, &[]).await.is_err(), "{alone}");
    }
    // of two who say yes at once, one does
    let others = [self::approver(&house, &admin, "duyet-2").await, self::approver(&house, &admin, "duyet-3").await];
    let path = decision(&made, "approve");
    let both = futures_util::future::join_all(others.iter().map(|o| o.post(&path, json!({})))).await;
    let mut statuses: Vec<u16> = both.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{both:?}");
    assert_eq!(house.ask("select count(*) from profile_credential where state = 'in_force'").await, "1");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_command_line_a_first_secret_is_put_and_another_is_proposed() {
    let house = House::with_bank().await;
    let admin = administrator(&house).await;
    let approver = approver(&house, &admin, "nguoi-duyet").await;
    let mut settings: Vec<_> = house.bank.iter().flat_map(|bank| bank::settings(&bank.url)).collect();
    // another payOS account than the running process was told of: none
    settings.retain(|(name, _)| !name.ends_with("PAYOS_CHECKSUM_KEY"));
    let env = env(&house.database, &house.vnpay.url, &Plan { settings, ..Plan::default() });
    let command = |what: &'static str, name: &'static str| {
        ["profile", "credentials", what, "--code", PROFILE, "--name", name, "--json"]
    };
    let json = |stdout: &str| serde_json::from_str::<Value>(stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"));
    let first = "CANARY-first-payos-key";
    let put = run_saying(&env, &command("put", "payos_checksum_key"), &format!("{first}\n")).await;
    assert!(put.success, "{}", put.stderr);
    assert_eq!(json(&put.stdout)["accepted"][0]["origin"], "books");
    let again = run_saying(&env, &command("put", "payos_checksum_key"), "CANARY-second\n").await;
    assert!(!again.success && again.stderr.contains("takes two persons"), "{}", again.stderr);
    let standing = run_saying(&env, &command("put", "casso_checksum_key"), "CANARY-second\n").await;
    assert!(!standing.success && standing.stderr.contains("takes two persons"), "{}", standing.stderr);
    let empty = run_saying(&env, &command("propose", "casso_checksum_key"), "\n").await;
    assert!(!empty.success && empty.stderr.contains("casso_checksum_key"), "{}", empty.stderr);
    let proposed = run_saying(&env, &command("propose", "casso_checksum_key"), "CANARY-second\r\n").await;
    let proposed = json(&proposed.stdout);
    approver.post(&decision(&proposed, "approve"), json!({})).await.expect(200);
    let retired = run(&env, &command("retire-previous", "casso_checksum_key")).await;
    assert!(retired.success, "{}", retired.stderr);
    let listed = run(&env, &["profile", "credentials", "list", "--code", PROFILE, "--json"]).await;
    let casso = json(&listed.stdout).as_array().unwrap().iter().find(|c| c["name"] == "casso_checksum_key").cloned();
    assert_eq!(casso.unwrap()["accepted"].as_array().unwrap().len(), 1, "{}", listed.stdout);
    let nobody = run(&env, &["profile", "credentials", "list", "--code", "khong_co"]).await;
    assert!(!nobody.success && nobody.stderr.contains("there is no profile khong_co"), "{}", nobody.stderr);
    for ended in [&put, &again, &standing, &retired, &listed] {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains(first) && !said.contains("CANARY-second"), "{said}");
    }
    house.stop().await;
}

/// Sealed with another key, a secret opens for nobody: the process does not start, for with the configuration's it would
/// accept what was retired.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_cannot_open_a_secret_of_the_books_does_not_start() {
    let house = House::new().await;
    let admin = administrator(&house).await;
    let approver = approver(&house, &admin, "nguoi-duyet").await;
    let made = admin.post(VNPAY, json!({"name": "hash_secret", "value": NEW})).await.expect(201);
    approver.post(&decision(&made, "approve"), json!({})).await.expect(200);
    let mut env = env(&house.database, &house.vnpay.url, &Plan::default());
    env.retain(|(name, _)| name != "MOTLAN_KEYS__PII");
    env.push(("MOTLAN_KEYS__PII".to_owned(), "ab".repeat(32)));
    for command in [&["serve"][..], &["work"], &["work", "--drain"]] {
        let ended = run(&env, command).await;
        let said = "the secrets that the books hold of profile vnpay_main";
        assert!(!ended.success && ended.stderr.contains(said), "{command:?}: {}", ended.stderr);
    }
    house.stop().await;
}
