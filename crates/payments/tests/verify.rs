//! `motlan verify` over whole books: what an insider did with SQL is named, by the auditor's role alone.

use payments::verify_books::{Report, verify};
use secrecy::SecretString;
use std::collections::BTreeSet;
use storage::{Pool, Settings};
use testkit::TestDatabase;

const BOOK: &str = include_str!("../../storage/tests/assurance/book.sql");

async fn sound_book() -> TestDatabase {
    let key = format!("{}\n{BOOK}", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        storage::migrate::migrate(&SecretString::from(url.clone())).await.expect("the migrations run");
        testkit::connect(&url).await.batch_execute(BOOK).await.expect("the sound book keeps every constraint");
    })
    .await
}

async fn verified(url: String, head: Option<&str>) -> Report {
    let pool = Pool::new(&SecretString::from(url), &Settings { max_connections: 1, ..Settings::default() });
    verify(&pool.expect("a URL"), head).await.expect("the books can be read")
}

async fn audited(book: &TestDatabase, head: Option<&str>) -> Report {
    verified(book.url("motlan_auditor"), head).await
}

/// As a superuser whom no trigger and no foreign key stops.
async fn tamper(book: &TestDatabase, wrong: &str) {
    let superuser = testkit::connect(&book.superuser_url()).await;
    superuser.batch_execute(&format!("set session_replication_role = replica; {wrong}")).await.expect("it can be done");
}

fn numbers(report: &Report) -> Vec<&'static str> {
    report.checked.iter().filter(|f| !f.rows.is_empty()).map(|f| f.number).collect()
}

fn seals(report: &Report) -> BTreeSet<String> {
    let rows = report.checked.iter().filter(|f| f.number == "I28").flat_map(|f| &f.rows);
    rows.map(|row| format!("{}: {}", row.subject, row.detail)).collect()
}

/// Does `wrong` to a copy of the sound book; `expected` are exactly the numbers that are named beside I28, `faults`
/// exactly what I28 says.
async fn names(expected: &[&str], faults: &[&str], wrong: &str) {
    let book = sound_book().await;
    tamper(&book, wrong).await;
    let report = audited(&book, None).await;
    let mut all = expected.to_vec();
    all.push("I28");
    all.sort_unstable();
    assert_eq!(numbers(&report), all, "{wrong}\n{report:#?}");
    assert_eq!(seals(&report), faults.iter().map(|f| (*f).to_owned()).collect(), "{wrong}");
    assert!(!report.holds());
}

const JOURNAL_1: &str = "jnl_00000001000070008000000000000001";

#[tokio::test]
async fn a_sound_book_holds_for_every_role_and_shows_its_head() {
    let book = sound_book().await;
    let report = audited(&book, None).await;
    assert!(report.holds(), "{report:#?}");
    assert_eq!(report.checked.len(), 35);
    assert!(report.checked.is_sorted_by_key(|finding| finding.number));
    assert_eq!(report.sealed, 26);
    for url in [book.url("motlan_app"), book.superuser_url()] {
        assert_eq!(verified(url, None).await, report);
    }
    assert_eq!(report.head.as_ref().map(String::len), Some(64));
    assert!(audited(&book, report.head.as_deref()).await.holds(), "its own head is in it");
    let strange = audited(&book, Some("f00d")).await;
    assert_eq!(seals(&strange), ["f00d: the chain does not contain this head any more".to_owned()].into());
}

#[tokio::test]
async fn an_empty_book_holds_and_has_no_head() {
    let book = testkit::database(&storage::migrate::fingerprint(), |url| async move {
        storage::migrate::migrate(&SecretString::from(url)).await.expect("the migrations run");
    })
    .await;
    let report = audited(&book, None).await;
    assert!(report.holds(), "{report:#?}");
    assert_eq!((report.head, report.sealed), (None, 0));
}

#[tokio::test]
async fn an_altered_amount_is_named() {
    let fault = format!("{JOURNAL_1}: journal altered (seal 1)");
    let one_leg = "update ledger_entry set amount = amount + 1 where account_code like 'clearing:%' and journal_id = test.id('1', 1)";
    names(&["I01", "I07", "I33"], &[&fault], one_leg).await;
    let to_another_account =
        "update ledger_entry set account_code = 'obligation:H38.18-KB' where obligation_id = test.id('b', 1)";
    names(&["I05", "I33"], &[&fault], to_another_account).await;
}

#[tokio::test]
async fn an_obligation_or_a_payment_that_was_swapped_is_named() {
    let fault = format!("{JOURNAL_1}: journal altered (seal 1)");
    let obligation = "update ledger_entry set obligation_id = test.id('b', 10) where obligation_id = test.id('b', 1)";
    names(&["I05"], &[&fault], obligation).await;
    let payment = "update ledger_entry set payment_id = test.id('f', 2) where obligation_id = test.id('b', 1)";
    names(&["I05"], &[&fault], payment).await;
    // the allocations with it, so that only the seal remembers
    let both = "update ledger_entry set obligation_id = case obligation_id when test.id('b', 1) then test.id('b', 2) else test.id('b', 1) end
            where journal_id = test.id('1', 1) and obligation_id is not null;
        update allocation set obligation_id = case obligation_id when test.id('b', 1) then test.id('b', 2) else test.id('b', 1) end
            where journal_id = test.id('1', 1);
        update obligation set gross_amount = case id when test.id('b', 1) then 30000 else 21000 end
            where id in (test.id('b', 1), test.id('b', 2))";
    names(&[], &[&fault], both).await;
}

#[tokio::test]
async fn a_journal_that_reads_differently_in_any_field_is_named() {
    let fault = format!("{JOURNAL_1}: journal altered (seal 1)");
    let fields = [
        "kind = 'captur', cause = 'eprovider_captured'",
        "cause = 'explained'",
        "business_date = business_date + 1",
        "original_business_date = business_date",
        "actor = 'somebody'",
        "booked_at = booked_at + interval '1 microsecond'",
    ];
    for field in fields {
        let expected: &[&str] = if field.starts_with("kind") { &["I07"] } else { &[] };
        names(expected, &[&fault], &format!("update journal set {field} where id = test.id('1', 1)")).await;
    }
}

#[tokio::test]
async fn a_separator_inside_a_field_hides_nothing() {
    // the second entry's line, written into the first entry's account: unescaped, both would read alike
    let moved = "update ledger_entry e set account_code = format(E'%s|%s||%s\nentry|%s|%s', e.account_code, e.amount,
                'pay_' || replace(e.payment_id::text, '-', ''), o.id, o.account_code),
            amount = o.amount, obligation_id = o.obligation_id
        from ledger_entry o
        where e.journal_id = test.id('1', 10) and e.account_code = 'clearing:vnpay_main'
          and o.journal_id = e.journal_id and o.id <> e.id;
        delete from ledger_entry where journal_id = test.id('1', 10) and account_code = 'obligation:H38.17-KB'";
    let faults = ["jnl_00000001000070008000000000000010: journal altered (seal 10)"];
    names(&["I01", "I02", "I03", "I05", "I07", "I33"], &faults, moved).await;
}

#[tokio::test]
async fn a_deleted_journal_is_named_with_or_without_its_entries() {
    let with_entries =
        "delete from ledger_entry where journal_id = test.id('1', 4); delete from journal where id = test.id('1', 4)";
    let faults = ["jnl_00000001000070008000000000000004: journal deleted (seal 4)"];
    names(&["I05", "I33"], &faults, with_entries).await;
    names(&["I02"], &faults, "delete from journal where id = test.id('1', 4)").await;
    let entries_only = "delete from ledger_entry where journal_id = test.id('1', 9)";
    names(&["I02", "I33"], &["jnl_00000001000070008000000000000009: journal altered (seal 9)"], entries_only).await;
}

#[tokio::test]
async fn a_journal_that_was_inserted_is_named_though_it_balances() {
    let inserted = "insert into journal (id, kind, cause, business_date, actor)
            values (test.id('1', 99), 'reassignment', 'explained', '2026-11-24', 'system');
        insert into ledger_entry (journal_id, account_code, amount, payment_id, obligation_id)
            values (test.id('1', 99), 'obligation:H38.17-KB', 21000, test.id('f', 1), test.id('b', 1)),
                   (test.id('1', 99), 'obligation:H38.17-KB', -21000, test.id('f', 1), test.id('b', 1))";
    names(&[], &["jnl_00000001000070008000000000000099: journal without a seal, and none is on its way"], inserted)
        .await;
}

#[tokio::test]
async fn an_audit_line_that_was_altered_deleted_or_inserted_is_named() {
    names(&[], &["aud_3: audit altered (seal 20)"], "update audit set actor = 'somebody' where id = 3").await;
    names(&[], &["aud_3: audit altered (seal 20)"], "update audit set at = at - interval '1 day' where id = 3").await;
    names(&[], &["aud_3: audit deleted (seal 20)"], "delete from audit where id = 3").await;
    let inserted = "insert into audit (actor, action, subject) values ('system', 'money_recorded', 'pay_1')";
    names(&[], &["aud_10: audit without a seal, and none is on its way"], inserted).await;
}

#[tokio::test]
async fn a_seal_that_is_gone_or_altered_is_named() {
    let faults = [
        "aud_1: seal 18 follows seal 16",
        "aud_1: seal 18 does not name the hash of the one before it",
        "jnl_00000001000070008000000000000017: journal without a seal, and none is on its way",
    ];
    names(&[], &faults, "delete from seal where seq = 17").await;
    names(&[], &["aud_9: audit without a seal, and none is on its way"], "delete from seal where seq = 26").await;
    let resealed = "update journal set actor = 'somebody' where id = test.id('1', 1);
        update seal set digest = encode(sha256(convert_to(assurance.journal_text(test.id('1', 1)), 'UTF8')), 'hex') where seq = 1";
    names(&[], &[&format!("{JOURNAL_1}: seal 1 does not have the hash of what it says")], resealed).await;
    let nonsense =
        ["nonsense: journal deleted (seal 1)", &format!("{JOURNAL_1}: journal without a seal, and none is on its way")];
    names(&[], &nonsense, "update seal set subject_id = 'nonsense' where seq = 1").await;
    let all = "truncate seal";
    let book = sound_book().await;
    tamper(&book, all).await;
    assert_eq!(seals(&audited(&book, None).await).len(), 26);
}

#[tokio::test]
async fn a_chain_that_was_made_anew_is_named_by_a_head_that_was_kept() {
    let book = sound_book().await;
    let kept = audited(&book, None).await.head;
    let anew = "update audit set actor = 'somebody' where id = 1;
        do $$
        declare
            link record;
            previous text;
        begin
            for link in select * from seal order by seq loop
                update seal s set prev_hash = previous, digest = now.digest,
                    hash = encode(sha256(convert_to(coalesce(previous, '') || '|' || s.seq || '|' || now.digest, 'UTF8')), 'hex')
                from (select encode(sha256(convert_to(text, 'UTF8')), 'hex') as digest
                      from assurance.sealed_text where seq = link.seq) now
                where s.seq = link.seq returning s.hash into previous;
            end loop;
        end $$";
    tamper(&book, anew).await;
    assert!(audited(&book, None).await.holds(), "nothing in the database remembers");
    let report = audited(&book, kept.as_deref()).await;
    assert_eq!(numbers(&report), ["I28"]);
}

#[tokio::test]
async fn a_chain_of_several_pages_is_read_to_its_end() {
    let book = sound_book().await;
    let more =
        "insert into audit (actor, action, subject) select 'system', 'seen', 'page' from generate_series(1, 2100);
        do $$
        declare
            line record;
            n bigint := 26;
            previous text := (select hash from seal where seq = 26);
            fresh text;
        begin
            for line in select id from audit where action = 'seen' order by id loop
                n := n + 1;
                fresh := encode(sha256(convert_to(assurance.audit_text(line.id), 'UTF8')), 'hex');
                insert into seal (seq, kind, subject_id, digest, prev_hash, hash)
                values (n, 'audit', 'aud_' || line.id, fresh, previous,
                        encode(sha256(convert_to(previous || '|' || n || '|' || fresh, 'UTF8')), 'hex'))
                returning hash into previous;
            end loop;
        end $$";
    tamper(&book, more).await;
    let report = audited(&book, None).await;
    assert!(report.holds(), "{:?}", seals(&report));
    assert_eq!(report.sealed, 2126);
    tamper(&book, "update audit set subject = 'x' where id in (select id from audit order by id desc limit 1)").await;
    assert_eq!(seals(&audited(&book, None).await), ["aud_2109: audit altered (seal 2126)".to_owned()].into());
}

/// The fields of a line of a journal as the page's table names them, each with whether it is *text* and whether it is
/// left out where it is absent.
fn fields_of(line: &str) -> Vec<(String, bool, bool)> {
    let page = include_str!("../../../docs/seals.md");
    let row = page.lines().find_map(|l| l.strip_prefix(&format!("| {line} | "))).expect("the table has the line");
    let fields = row.trim_end_matches(" |").split(" · ");
    fields
        .map(|f| (f.split('`').nth(1).expect("a name").to_owned(), f.contains("*text*"), f.contains("*if any*")))
        .collect()
}

/// The lines of `view` in the page's canonical form.
async fn as_the_page_says(book: &TestDatabase, line: &str, view: &str, order: &str) -> Vec<String> {
    let fields = fields_of(line);
    let written = |name: &str| match name {
        "booked_at" => r#"to_char(booked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#.to_owned(),
        name => format!("{name}::text"),
    };
    let columns: Vec<String> = fields.iter().skip(1).map(|(name, ..)| written(name)).collect();
    let auditor = testkit::connect(&book.url("motlan_auditor")).await;
    let sql = format!("select {} from assurance.{view} order by {order}", columns.join(", "));
    let rows = auditor.query(&sql, &[]).await.expect("the auditor reads the views");
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('|', "\\p").replace('\n', "\\n");
    let mut lines = Vec::new();
    for row in &rows {
        let mut parts = vec![fields[0].0.clone()];
        for ((_, text, if_any), value) in
            fields.iter().skip(1).zip((0..).map(|at| row.get::<usize, Option<String>>(at)))
        {
            match value {
                None if *if_any => {}
                value => {
                    let value = value.unwrap_or_default();
                    parts.push(if *text { escaped(&value) } else { value });
                }
            }
        }
        lines.push(parts.join("|"));
    }
    lines
}

#[tokio::test]
async fn whoever_recomputes_journals_by_the_page_comes_to_what_is_sealed() {
    let book = sound_book().await;
    // one leg of a movement alone, one of a settlement alone, one of both; a kind that needs escaping
    tamper(
        &book,
        "update ledger_entry set movement_id = test.id('58', 1) where journal_id in (test.id('1', 16), test.id('1', 17));
         update ledger_entry set movement_id = null where journal_id = test.id('1', 17) and account_code like 'fee:%';
         update journal set kind = E'a|b\\\\c\nd', original_business_date = business_date - 1 where id = test.id('1', 2)",
    )
    .await;
    let auditor = testkit::connect(&book.url("motlan_auditor")).await;
    let sealed = auditor.query("select subject_id, text from assurance.sealed_text where kind = 'journal'", &[]).await;
    let sealed = sealed.expect("the auditor reads it");
    assert!(sealed.len() > 15);
    for row in sealed {
        let (journal, text): (String, String) = (row.get(0), row.get(1));
        let of = |view: &str| format!("{view} where journal_id = '{journal}'");
        let mut lines = as_the_page_says(&book, "first", &of("journal"), "journal_id").await;
        lines.extend(as_the_page_says(&book, "each entry", &of("ledger_entry"), "entry_id").await);
        assert_eq!(lines.join("\n"), text, "{journal}");
    }
}
