//! In which order accounts are listed, by how many, and how fast.

use domain::AttemptId;
use domain::codes::{AccountCode, BeneficiaryCode, ProfileCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::time::Duration;
use storage::sweeps::{self, Contract};
use testkit::TestDatabase;

const LEASE: SignedDuration = SignedDuration::from_secs(300);
const BACK: SignedDuration = SignedDuration::from_hours(24);

/// Six accounts, of which two are paid into, and a third was before its beneficiary had another.
const BOOK: &str = "
    insert into client (id, code, name) values ('00000000-0000-0000-0000-0000000000c1', 'portal', 'Portal');
    insert into agency values ('H38', 'Sở');
    insert into merchant_profile (code, channel) values ('qr', 'vietqr');
    insert into beneficiary (code, agency_code, name) select 'B' || n, 'H38', 'B' from generate_series(1, 5) n;
    insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number, account_name,
        proposed_by)
    select 'B' || n, now() - interval '1 year', 'bank', '970436', n || '000', 'B', 'test' from generate_series(1, 5) n;
    insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number, account_name,
        proposed_by)
    values ('B4', now() - interval '2 years', 'bank', '970436', '4999', 'B', 'test');";

const PAID_INTO: &str = "
    set session_replication_role = replica;
    insert into intent (id, client_id, reference, beneficiary_code, amount, status, page_token, expires_at, created_at, updated_at)
    select gen_random_uuid(), '00000000-0000-0000-0000-0000000000c1', 'R' || b, b, 1000, 'open', 'T' || b, now(), now(), now()
    from unnest(array['B3', 'B4']) b;
    insert into attempt (id, intent_id, number, channel, profile, order_ref, amount, status, ordered_at, expires_at, updated_at)
    select gen_random_uuid(), id, 1, 'vietqr', 'qr', reference, 1000, 'offered', now(), now(), now() from intent;
    insert into attempt_watch (attempt_id, next_at, until) select id, now(), now() from attempt;";

async fn book() -> TestDatabase {
    let key = format!("{}\n{BOOK}", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        storage::migrate::migrate(&SecretString::from(url.clone())).await.expect("the migrations run");
        testkit::connect(&url).await.batch_execute(BOOK).await.expect("a book with accounts");
    })
    .await
}

fn beneficiaries() -> Vec<BeneficiaryCode> {
    (1..=5).map(|n| BeneficiaryCode::new(format!("B{n}")).expect("a code")).collect()
}

/// All that are due, in order; each is listed at once.
async fn due(book: &TestDatabase, contract: Contract<'_>) -> Vec<String> {
    let db = book.pool("motlan_app", 1).get().await.expect("a connection");
    let mut order = Vec::new();
    sweeps::look(&db, contract, BACK, true).await.expect("looked");
    while let Some(sweep) = sweeps::claim(&db, contract, LEASE, &[], false).await.expect("claimed") {
        let code = &sweep.account.code;
        sweeps::swept(&db, contract.profile, code, Some(Timestamp::now()), contract.every).await.expect("noted");
        order.push(code.as_str().trim_start_matches("970436.").to_owned());
    }
    order
}

#[tokio::test]
async fn accounts_that_are_paid_into_come_each_minute_and_all_others_each_hour_the_longest_waiting_first() {
    let book = book().await;
    let owner = testkit::connect(&book.superuser_url()).await;
    let (profile, beneficiaries) = (ProfileCode::new("qr").expect("a code"), beneficiaries());
    let (every, idle_every) = (SignedDuration::from_secs(60), SignedDuration::from_secs(3_600));
    let contract = Contract { profile: &profile, beneficiaries: &beneficiaries, every, idle_every };
    assert_eq!(
        due(&book, contract).await,
        ["1000", "2000", "3000", "4000", "4999", "5000"],
        "each once, at the beginning"
    );
    owner.batch_execute(PAID_INTO).await.expect("attempts");
    assert_eq!(due(&book, contract).await, Vec::<String>::new(), "each was listed just now");
    let pass = "update account_sweep set next_at = next_at - interval '1 minute'";
    owner.batch_execute(pass).await.expect("time passes");
    assert_eq!(due(&book, contract).await, ["3000", "4000"], "4999 was not in force any more when the codes were made");
    // its money has come, or its window was listed to its end
    owner.batch_execute("delete from attempt_watch").await.expect("over");
    owner.batch_execute(pass).await.expect("time passes");
    owner.batch_execute(pass).await.expect("time passes");
    assert_eq!(due(&book, contract).await, Vec::<String>::new());
    owner.batch_execute("update account_sweep set next_at = next_at - interval '57 minutes'").await.expect("an hour");
    assert_eq!(due(&book, contract).await, ["1000", "2000", "4999", "5000"]);
}

#[tokio::test]
async fn an_account_is_claimed_once_and_keeps_its_place_when_the_teller_was_not_asked() {
    let book = book().await;
    let (profile, beneficiaries) = (ProfileCode::new("qr").expect("a code"), beneficiaries());
    let (every, idle_every) = (SignedDuration::from_secs(60), SignedDuration::from_secs(3_600));
    let contract = Contract { profile: &profile, beneficiaries: &beneficiaries, every, idle_every };
    let db = book.pool("motlan_app", 1).get().await.expect("a connection");
    sweeps::look(&db, contract, BACK, false).await.expect("looked");
    let claim = async |done: &[AccountCode]| {
        let claimed = sweeps::claim(&db, contract, LEASE, done, false).await.expect("claimed");
        claimed.expect("one is due").account.code
    };
    let (first, second) = (claim(&[]).await, claim(&[]).await);
    assert_eq!((first.as_str(), second.as_str()), ("970436.1000", "970436.2000"));
    sweeps::left(&db, &profile, &second).await.expect("left");
    assert_eq!(claim(&[]).await, second);
    sweeps::left(&db, &profile, &second).await.expect("left");
    assert_eq!(claim(std::slice::from_ref(&second)).await.as_str(), "970436.3000");
}

#[tokio::test]
async fn a_turn_is_one_callers_and_the_next_comes_after_the_pace_or_after_what_the_teller_wants() {
    let book = book().await;
    let profile = ProfileCode::new("qr").expect("a code");
    let (one, other) = (book.pool("motlan_app", 1), book.pool("motlan_app", 1));
    let (one, other) = (one.get().await.expect("a connection"), other.get().await.expect("a connection"));
    let pace = Duration::from_millis(600);
    let (a, b) = tokio::join!(sweeps::take_turn(&one, &profile, pace), sweeps::take_turn(&other, &profile, pace));
    assert_eq!([a.expect("asked"), b.expect("asked")].iter().filter(|taken| **taken).count(), 1);
    let wait = sweeps::until_turn(&other, &profile).await.expect("asked");
    assert!(wait > Duration::ZERO && wait <= pace, "{wait:?}");
    sweeps::no_turn_for(&one, &profile, Duration::from_secs(30)).await.expect("noted");
    assert!(sweeps::until_turn(&other, &profile).await.expect("asked") > Duration::from_secs(25));
    assert!(!sweeps::take_turn(&other, &profile, pace).await.expect("asked"));
}

#[tokio::test]
async fn how_far_an_attempts_account_was_listed_is_asked_of_the_account_that_its_code_names() {
    let book = book().await;
    let owner = testkit::connect(&book.superuser_url()).await;
    let (profile, beneficiaries) = (ProfileCode::new("qr").expect("a code"), beneficiaries());
    let (every, idle_every) = (SignedDuration::from_secs(60), SignedDuration::from_secs(3_600));
    let contract = Contract { profile: &profile, beneficiaries: &beneficiaries, every, idle_every };
    let db = book.pool("motlan_app", 1).get().await.expect("a connection");
    sweeps::look(&db, contract, BACK, false).await.expect("looked");
    owner.batch_execute(PAID_INTO).await.expect("attempts");
    // B4 had 4999 until a year ago; since then it has 4000
    let listed = "update account_sweep set listed_until = case account_code
        when '970436.4999' then timestamptz '2020-01-01 00:00Z' when '970436.4000' then '2021-01-01 00:00Z' else now() end";
    owner.batch_execute(listed).await.expect("listed");
    let attempt = owner.query_one("select id from attempt where order_ref = 'RB4'", &[]).await.expect("an attempt");
    let attempt = AttemptId::from(attempt.get::<_, uuid::Uuid>(0));
    let listed = async || sweeps::listed_until(&db, attempt).await.expect("asked").expect("listed").to_string();
    assert_eq!(listed().await, "2021-01-01T00:00:00Z");
    let earlier = "update attempt set ordered_at = now() - interval '18 months' where order_ref = 'RB4'";
    owner.batch_execute(earlier).await.expect("an older code");
    assert_eq!(listed().await, "2020-01-01T00:00:00Z");
}
