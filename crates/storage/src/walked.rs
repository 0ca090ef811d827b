//! What the lists of a person with beneficiaries read of the books, counted in blocks: as much as is shown, however much
//! there is of others'.

use crate::{case_list, payments};
use secrecy::SecretString;
use serde_json::Value;
use testkit::TestDatabase;
use tokio_postgres::{Client, SimpleQueryMessage};

const BOOK: &str = include_str!("../tests/assurance/book.sql");

/// Blocks that one page may touch. All that there is are tens of thousands.
const AT_MOST: u64 = 2_000;

/// Of a third beneficiary little and old: money of its intent, on its contract, on one that is nobody's, and a case that is
/// about no money. Then 200,000 payments of others, each with a case, most of them open.
const MUCH_OF_OTHERS: &str = "
    insert into beneficiary (code, agency_code, name) values ('OWN', 'H38.17', 'Ta');
    insert into profile_beneficiary
    select code, case code when (select min(code) from merchant_profile) then 'H38.17-KB' else 'H38.18-KB' end
    from merchant_profile;
    insert into merchant_profile (code, channel) values ('own', 'any'), ('nobodys', 'any');
    insert into profile_beneficiary values ('own', 'OWN');
    insert into intent (id, client_id, reference, beneficiary_code, amount, status, page_token, expires_at, created_at, updated_at)
    values (test.id('d', 900), test.id('c', 1), 'LTOWN', 'OWN', 1000, 'open', 'token-own', now(), now(), now());
    -- where its money is does not matter here
    alter table payment disable trigger payment_is_placed;
    insert into payment (id, channel, profile, provider_txn_id, intent_id, amount, paid_at, business_date)
    values (test.id('00', 1), 'any', (select min(profile_code) from profile_beneficiary), 'OWN1', test.id('d', 900), 1000, now(), '2026-11-24'),
           (test.id('00', 2), 'any', 'own', 'OWN2', null, 1000, now(), '2026-11-24'),
           (test.id('00', 3), 'any', 'nobodys', 'OWN3', null, 1000, now(), '2026-11-24');
    insert into kase (id, kind, status, amount, payment_id, subject, scope)
    select test.id('00', n), 'unidentified', 'open', 1000, test.id('00', n), 'own', null from generate_series(1, 3) n
    union all select test.id('00', 4), 'poison', 'open', 0, null, 'any', null
    union all select test.id('00', 5), 'statement_gap', 'open', 7, null, 'own', 'clearing:own';
    set session_replication_role = replica;
    insert into payment (id, channel, profile, provider_txn_id, amount, paid_at, business_date, whose)
    select test.id('ff', n), 'any', p, 'OTHER' || n, 1000, now(), '2026-11-24', whose_payment(null, null, p)
    from generate_series(1, 200000) n
    join (select profile_code as p, row_number() over (order by profile_code) % 2 as nth from profile_beneficiary
          where beneficiary_code <> 'OWN') of on of.nth = n % 2;
    insert into kase (id, kind, status, amount, payment_id, subject, whose, at_scope, at_day)
    select p.id, 'unidentified', case when p.provider_txn_id like '%7' then 'closed' else 'open' end, 1000, p.id,
           assurance.text_id('pay', p.id), whose_case(null, p.id, null, null), 'clearing:' || p.profile, p.business_date
    from payment p where p.provider_txn_id like 'OTHER%';
    reset session_replication_role;
    analyze";

async fn much_of_others() -> TestDatabase {
    let key = format!("{}\n{BOOK}\n{MUCH_OF_OTHERS}", crate::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        crate::migrate::migrate(&SecretString::from(url.clone())).await.expect("the migrations run");
        let db = testkit::connect(&url).await;
        db.batch_execute(BOOK).await.expect("the sound book keeps every constraint");
        db.batch_execute(MUCH_OF_OTHERS).await.expect("there is much of others'");
    })
    .await
}

/// Rows that the statement gives, and blocks that it touches, with a plan of its own or that of all parameters.
async fn read(db: &Client, of: (&str, &str), given: &str, plan: &str) -> (u64, u64) {
    let (sql, types) = of;
    let run = format!(
        "deallocate all; set plan_cache_mode = {plan}; prepare list ({types}) as {sql};
         explain (analyze, buffers, format json) execute list ({given})"
    );
    let told = db.simple_query(&run).await.expect("it runs");
    let text = told.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let whole: Value = serde_json::from_str(text.expect("a plan")).expect("JSON");
    let plan = &whole[0]["Plan"];
    let count = |key: &str| plan[key].as_u64().expect(key);
    (count("Actual Rows"), count("Shared Hit Blocks") + count("Shared Read Blocks"))
}

#[tokio::test]
async fn lists_of_a_person_with_beneficiaries_read_nothing_of_others() {
    let book = much_of_others().await;
    let db = book.connect("motlan_app").await;
    let cases = (case_list::PAGE_OF, "text[], text, uuid, uuid, bigint, text[]");
    let of_payments = (payments::PAGE_OF, "text[], text, date, uuid, bigint");
    let page = [
        // one of the sound book's cases is about no money
        (cases, "array['open', 'proposed', 'closed'], null, null, null, 50, array['OWN']", 6),
        (cases, "array['open'], 'unidentified', null, null, 50, array['OWN', 'OWN']", 3),
        (cases, "array['open', 'proposed', 'closed'], null, null, null, 50, array['H38.17-KB', 'H38.18-KB']", 50),
        (of_payments, "array['OWN'], null, null, null, 50", 3),
        (of_payments, "array['OWN'], 'any', '2026-11-24', null, 50", 3),
        (of_payments, "array['H38.17-KB', 'H38.18-KB'], null, null, null, 50", 50),
    ];
    for (of, given, rows) in page {
        for plan in ["force_custom_plan", "force_generic_plan"] {
            let (shown, blocks) = read(&db, of, given, plan).await;
            assert_eq!(shown, rows, "{given}");
            assert!(blocks < AT_MOST, "{given}: {blocks} blocks, {plan}");
        }
    }
}

#[tokio::test]
async fn the_cases_of_a_day_are_read_without_those_of_others() {
    let book = much_of_others().await;
    let db = book.connect("motlan_app").await;
    let of_day = (case_list::OF_DAY, "text, date, bigint, boolean");
    let others = "select min(profile_code) from profile_beneficiary where beneficiary_code <> 'OWN'";
    let others: String = db.query_one(others, &[]).await.expect("one").get(0);
    let days = [
        ("'clearing:own', '2026-11-24', 500, false".to_owned(), 2),
        ("'clearing:own', '2026-11-23', 500, false".to_owned(), 0),
        (format!("'clearing:{others}', '2026-11-24', 50, false"), 50),
        (format!("'clearing:{others}', '2026-11-24', 50, true"), 50),
    ];
    for (given, rows) in days {
        for plan in ["force_custom_plan", "force_generic_plan"] {
            let (shown, blocks) = read(&db, of_day, &given, plan).await;
            assert_eq!(shown, rows, "{given}");
            assert!(blocks < AT_MOST, "{given}: {blocks} blocks, {plan}");
        }
    }
}

#[tokio::test]
async fn a_payment_that_finds_its_intent_takes_its_cases_with_it() {
    let book = much_of_others().await;
    let db = book.connect("motlan_app").await;
    let whose =
        "select p.whose, k.whose from payment p join kase k on k.payment_id = p.id where p.provider_txn_id = 'OWN3'";
    let row = db.query_one(whose, &[]).await.expect("both");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("clearing:nobodys", "clearing:nobodys"));
    db.execute("update payment set intent_id = (select id from intent where reference = 'LTOWN') where provider_txn_id = 'OWN3'", &[])
        .await
        .expect("the program may place it");
    let row = db.query_one(whose, &[]).await.expect("both");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("beneficiary:OWN", "beneficiary:OWN"));
}
