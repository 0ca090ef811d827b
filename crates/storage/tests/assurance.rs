//! What the database refuses to the program, and what `motlan verify` names when somebody got past the database.
//! Everything is looked at as `motlan_auditor`, who may read the `assurance` views and nothing else.

use domain::payment::SuspenseReason;
use domain::transition::TABLE;
use secrecy::SecretString;
use std::collections::BTreeSet;
use storage::assurance::{INVARIANTS, Invariant, LIMIT, Row, SEALED, violations};
use testkit::TestDatabase;

const BOOK: &str = include_str!("assurance/book.sql");

async fn migrated(url: String) {
    storage::migrate::migrate(&SecretString::from(url)).await.expect("the migrations run");
}

async fn empty_book() -> TestDatabase {
    testkit::database(&storage::migrate::fingerprint(), migrated).await
}

/// A copy of the sound book.
async fn sound_book() -> TestDatabase {
    let key = format!("{}\n{BOOK}", storage::migrate::fingerprint());
    testkit::database(&key, |url| async move {
        migrated(url.clone()).await;
        testkit::connect(&url).await.batch_execute(BOOK).await.expect("the sound book keeps every constraint");
    })
    .await
}

fn all() -> impl Iterator<Item = &'static Invariant> {
    INVARIANTS.iter().chain([&SEALED])
}

async fn named(book: &TestDatabase) -> Vec<(&'static str, Row)> {
    let db = book.pool("motlan_auditor", 1).get().await.expect("the auditor may come in");
    let mut named = Vec::new();
    for invariant in all() {
        let rows = violations(&db, invariant).await.unwrap_or_else(|e| unreadable(invariant.number, &e));
        named.extend(rows.into_iter().map(|row| (invariant.number, row)));
    }
    named
}

#[expect(clippy::panic, reason = "a test's helper fails as the test does")]
fn unreadable(number: &str, error: &storage::StorageError) -> Vec<Row> {
    panic!("{number}: {error:?}")
}

/// Does `wrong` to a copy of the sound book as a superuser whom no trigger and no foreign key stops, and demands that
/// exactly `expected` are named, and that one of the rows (`subject: detail`) says `what`.
async fn names(expected: &[&str], what: &str, wrong: &str) {
    let book = sound_book().await;
    let superuser = testkit::connect(&book.superuser_url()).await;
    superuser.batch_execute(&format!("set session_replication_role = replica; {wrong}")).await.expect("it can be done");
    let found = named(&book).await;
    let numbers: BTreeSet<&str> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, expected.iter().copied().collect(), "{wrong}\n{found:#?}");
    let said = |row: &Row| format!("{}: {}", row.subject, row.detail).contains(what);
    assert!(expected.is_empty() || found.iter().any(|(_, row)| said(row)), "nothing says {what}: {found:#?}");
}

fn id(prefix: &str, kind: &str, n: u32) -> String {
    format!("{prefix}_{kind:0>8}00007000800{n:013}")
}
fn obligation(n: u32) -> String {
    id("obl", "b", n)
}
fn intent(n: u32) -> String {
    id("pi", "d", n)
}
fn attempt(n: u32) -> String {
    id("att", "a", n)
}
fn payment(n: u32) -> String {
    id("pay", "f", n)
}
fn journal(n: u32) -> String {
    id("jnl", "1", n)
}
fn sighting(n: u32) -> String {
    id("sgt", "5", n)
}
fn event(n: u32) -> String {
    id("evt", "e", n)
}
fn refund(n: u32) -> String {
    id("rfd", "9", n)
}

#[tokio::test]
async fn the_database_knows_for_which_reason_the_money_of_a_case_waits_as_the_program_does() {
    let book = empty_book().await;
    let db = book.connect("motlan_app").await;
    for &reason in SuspenseReason::ALL {
        let kind = domain::booking::case_of(reason).as_str();
        let said: String = db.query_one("select reason_of_case($1)", &[&kind]).await.expect("it says").get(0);
        assert_eq!(said, reason.as_str(), "{kind}");
    }
}

#[tokio::test]
async fn a_sound_book_contradicts_nothing() {
    assert_eq!(named(&sound_book().await).await, []);
    assert_eq!(named(&empty_book().await).await, [], "and neither does an empty one");
}

#[test]
fn invariants_are_listed_once_in_order() {
    let numbers: Vec<&str> = INVARIANTS.iter().map(|i| i.number).collect();
    assert!(numbers.is_sorted() && numbers.iter().collect::<BTreeSet<_>>().len() == numbers.len(), "{numbers:?}");
}

#[tokio::test]
async fn no_more_rows_are_named_than_anybody_reads() {
    let book = sound_book().await;
    let superuser = testkit::connect(&book.superuser_url()).await;
    let many = "set session_replication_role = replica;
        insert into journal (id, kind, cause, business_date, actor)
        select gen_random_uuid(), 'capture', 'provider_captured', '2026-11-24', 'x' from generate_series(1, 200)";
    superuser.batch_execute(many).await.expect("200 journals without legs");
    let found = named(&book).await;
    assert_eq!(found.iter().filter(|(number, _)| *number == "I02").count(), LIMIT);
}

// ------------------------------------------------------------------ what the database refuses

/// Which rule refuses what this writes as the program.
async fn refused_by(book: &TestDatabase, sql: &str) -> Option<String> {
    let refused = book.connect("motlan_app").await.batch_execute(sql).await.err()?;
    refused.as_db_error().and_then(|error| error.constraint()).map(str::to_owned)
}

#[tokio::test]
async fn an_entry_for_an_earlier_journal_or_on_no_account_is_refused_however_many_sound_ones_are_written_with_it() {
    let book = sound_book().await;
    let written = |journal: &str, account: &str| {
        format!(
            "with fresh as (
                insert into journal (id, kind, cause, business_date, actor)
                select gen_random_uuid(), 'reassignment', 'explained', '2026-11-24', 'x' from generate_series(1, 100)
                returning id),
            of as (select id, 'refund_payable' as account from fresh union all {journal})
            insert into ledger_entry (journal_id, account_code, amount)
            select of.id, case when n > 0 then of.account else '{account}' end, n from of cross join (values (5), (-5)) as v(n)"
        )
    };
    let earlier = "(select id, 'refund_payable' from journal order by id limit 1)";
    let none = "select id, account from (select id, 'refund_payable' as account from journal) as j where false";
    assert_eq!(refused_by(&book, &written(none, "refund_payable")).await, None, "these are sound");
    let of_the_past = refused_by(&book, &written(earlier, "refund_payable")).await;
    assert_eq!(of_the_past.as_deref(), Some("entry_of_this_transaction"));
    assert_eq!(refused_by(&book, &written(none, "pocket")).await.as_deref(), Some("entry_account"));
}

// ------------------------------------------------------------------ each invariant, broken

#[tokio::test]
async fn i01_a_journal_that_does_not_sum_to_zero_is_named() {
    let altered = "update ledger_entry set amount = amount + 1 where account_code like 'clearing:%'
        and journal_id = test.id('1', 1)";
    names(&["I01", "I07", "I33"], &journal(1), altered).await;
}

#[tokio::test]
async fn i02_missing_legs_and_missing_journals_are_named() {
    names(&["I02"], &journal(99), "select test.journal(99, 'capture', 'x')").await;
    let zero = "alter table ledger_entry drop constraint ledger_entry_amount_check;
        insert into ledger_entry (journal_id, account_code, amount, payment_id)
        values (test.id('1', 1), 'clearing:vnpay_main', 0, test.id('f', 1))";
    names(&["I02"], &journal(1), zero).await;
    names(&["I02"], &journal(4), "delete from journal where id = test.id('1', 4)").await;
}

#[tokio::test]
async fn i03_amounts_out_of_range_and_unknown_accounts_are_named() {
    let huge = "update ledger_entry set amount = 50000000000000 * sign(amount) where journal_id = test.id('1', 13)";
    names(&["I03", "I05", "I07", "I33"], &journal(13), huge).await;
    let nowhere = "update ledger_entry set account_code = 'pocket' where account_code = 'refund_payable'";
    names(&["I03", "I33"], &journal(7), nowhere).await;
    let no_reason = "delete from account where code = 'suspense:unidentified'";
    names(&["I03"], &payment(8), no_reason).await;
    names(&["I03"], "clearing:vnpay_two", "update account set kind = 'bank' where code = 'clearing:vnpay_two'").await;
    let twice = "alter table account drop constraint account_pkey; insert into account values ('clearing:vnpay_two', 'clearing')";
    names(&["I03"], "clearing:vnpay_two: the account is there twice", twice).await;
    let repriced = "update obligation set gross_amount = gross_amount + 1000 where id = test.id('b', 4)";
    names(&["I24"], &obligation(4), repriced).await;
    let negative = "alter table obligation drop constraint obligation_check,
        drop constraint obligation_exempt_is_zero; update obligation set relief_amount = gross_amount + 5 where id = test.id('b', 4)";
    names(&["I03", "I24"], &obligation(4), negative).await;
}

#[tokio::test]
async fn i04_a_payment_that_is_not_wholly_allocated_is_named() {
    let reversed = "update payment set reversed = 1 where id = test.id('f', 8)";
    names(&["I04", "I33"], &payment(8), reversed).await;
    let gone = "delete from allocation where payment_id = test.id('f', 7)";
    names(&["I04", "I05", "I33"], &payment(7), gone).await;
    let strange = "insert into allocation (payment_id, suspense_reason, amount, journal_id)
        values (test.id('f', 99), 'late', 5, test.id('1', 1))";
    names(&["I04", "I05", "I32", "I33"], &payment(99), strange).await;
}

#[tokio::test]
async fn i05_money_in_two_places_or_on_another_leg_is_named() {
    let swapped = "update ledger_entry set obligation_id = test.id('b', 2)
        where journal_id = test.id('1', 1) and obligation_id = test.id('b', 1)";
    names(&["I05"], &payment(1), swapped).await;
    let without_leg = "insert into allocation (payment_id, suspense_reason, amount, journal_id)
        values (test.id('f', 8), 'unidentified', 7, test.id('1', 13)), (test.id('f', 8), 'late', -7, test.id('1', 13))";
    names(&["I05", "I33"], &format!("{}: -7 of it in suspense:late", payment(8)), without_leg).await;
    let no_obligation = "update allocation set obligation_id = test.id('b', 77) where obligation_id = test.id('b', 1);
        update ledger_entry set obligation_id = test.id('b', 77) where obligation_id = test.id('b', 1)";
    let which = format!("allocation 1 names {}, which is no obligation", obligation(77));
    names(&["I05", "I06", "I24", "I33"], &which, no_obligation).await;
    let other_beneficiary =
        "update ledger_entry set account_code = 'obligation:H38.18-KB' where journal_id = test.id('1', 5)
        and account_code = 'obligation:H38.17-KB'";
    names(&["I05", "I33"], &journal(5), other_beneficiary).await;
    let nobodys = "update ledger_entry set payment_id = null where journal_id = test.id('1', 11)";
    names(&["I05"], "on clearing:vnpay_main names no payment", nobodys).await;
    let obligation_on_suspense =
        "update ledger_entry set obligation_id = test.id('b', 10) where journal_id = test.id('1', 12)
        and account_code like 'suspense:%'";
    names(&["I05"], &format!("on suspense:amount_differs names {}", obligation(10)), obligation_on_suspense).await;
    let nobodys_credit = "update ledger_entry set payment_id = null where account_code like 'in_transit:%'";
    names(&["I05", "I07"], "on in_transit:970409.8888 names no payment", nobodys_credit).await;
    let other_account = "update ledger_entry set payment_id = test.id('f', 8) where journal_id = test.id('1', 16)";
    let which = format!("on in_transit:970409.8888 names {} of another profile or account", payment(8));
    names(&["I05"], &which, other_account).await;
    let other_profile = "update ledger_entry set account_code = 'clearing:vnpay_two'
        where account_code = 'clearing:vnpay_main' and journal_id = test.id('1', 9)";
    names(&["I05", "I33"], &journal(9), other_profile).await;
    let two_homes = "alter table allocation drop constraint allocation_one_home;
        update allocation set suspense_reason = 'late' where obligation_id = test.id('b', 1)";
    names(&["I05", "I32", "I33"], &format!("{}: allocation 1 has 2 homes", payment(1)), two_homes).await;
    let other_refund = "update allocation set refund_id = test.id('9', 2) where refund_id = test.id('9', 1)";
    names(&["I05"], &format!("{}: {} holds 40000 of it", payment(4), refund(2)), other_refund).await;
    let half_a_refund = "update allocation set amount = amount - 1 where refund_id = test.id('9', 1);
        update payment set reversed = 1 where id = test.id('f', 4)";
    names(&["I05", "I25", "I33"], &payment(4), half_a_refund).await;
}

#[tokio::test]
async fn i06_a_paid_obligation_without_its_money_and_a_second_holder_are_named() {
    let lowered = "update obligation set gross_amount = gross_amount - 1000 where id = test.id('b', 1)";
    names(&["I06", "I24"], &obligation(1), lowered).await;
    let unpaid = "update obligation set status = 'due', version = version + 1 where id = test.id('b', 1);
        insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
        values ('obligation', test.id('b', 1), 3, 'paid', 'due', 'taken_back', 'x');
        select test.tell('obligation.reopened', test.id('b', 1))";
    names(&["I06", "I24"], &obligation(1), unpaid).await;
    let second = "drop index obligation_in_one_live_intent;
        insert into intent_obligation (intent_id, obligation_id, position, amount)
        values (test.id('d', 9), test.id('b', 4), 2, 0)";
    names(
        &["I06", "I24"],
        &obligation(4),
        &format!("alter table intent_obligation drop constraint intent_obligation_amount_check; {second}"),
    )
    .await;
    let let_go = "update intent_obligation set live = false where intent_id = test.id('d', 3)";
    names(&["I06"], &obligation(4), let_go).await;
    names(&["I06", "I25"], &obligation(7), "delete from refund_line where refund_id = test.id('9', 1)").await;
}

#[tokio::test]
async fn i07_money_that_is_there_twice_or_that_nobody_saw_is_named() {
    let twice = "alter table payment drop constraint payment_provider_identity;
        update payment set provider_txn_id = 'TXN8' where id = test.id('f', 7);
        update sighting set provider_txn_id = 'TXN8' where id = test.id('5', 7)";
    names(&["I07"], &payment(7), twice).await;
    let one_reference = "alter table payment drop constraint payment_bank_identity;
        update payment set receiving_account = 'KB', bank_ref = 'FT1' where id in (test.id('f', 7), test.id('f', 8))";
    names(&["I07", "I31", "I33"], &format!("{}: 2 payments are reference FT1 on KB", payment(7)), one_reference).await;
    let other_amount = "update sighting set amount = 4001 where id = test.id('5', 9)";
    names(&["I07"], &format!("{}: it tells of 4001 and {} is 4000", sighting(9), payment(9)), other_amount).await;
    let credited_again = "select test.journal(99, 'bank_credit', 'x'), test.leg(99, 'in_transit:970409.8888', 4000, 9),
        test.leg(99, 'refund_payable', -4000, 9)";
    let twice = format!("{}: 2 journals capture 8000 of it on in_transit:970409.8888", payment(9));
    names(&["I07", "I33"], &twice, credited_again).await;
    names(
        &["I07", "I33"],
        &payment(9),
        "update ledger_entry set account_code = 'clearing:vnpay_main', payment_id = test.id('f', 8)
        where account_code like 'in_transit:%' and journal_id = test.id('1', 14)",
    )
    .await;
    let unseen = "insert into sighting_outcome (sighting_id, state, payment_id) values (test.id('5', 7), 'parked', test.id('f', 7))";
    names(&["I07"], &payment(7), unseen).await;
    let ignored =
        "insert into sighting (id, source, source_key, channel, profile, provider_txn_id, amount, payload_sha256)
        values (test.id('5', 90), 'webhook:vnpay', 'TXN90:00', 'vnpay', 'vnpay_main', 'TXN90', 5, '');
        insert into sighting_outcome (sighting_id, state) values (test.id('5', 90), 'applied')";
    names(&["I07"], &sighting(90), ignored).await;
    let of_nothing = "insert into sighting_outcome (sighting_id, state) values (test.id('5', 101), 'repeated')";
    names(&["I07"], &format!("{}: it was repeated and names no payment", sighting(101)), of_nothing).await;
    let of_nobody = "insert into sighting_outcome (sighting_id, state, payment_id) values (test.id('5', 102), 'waiting', test.id('f', 99))";
    names(&["I07"], &format!("{}: it was waiting and names {}", sighting(102), payment(99)), of_nobody).await;
    names(&["I07"], &sighting(7), "update sighting set amount = 70000 where id = test.id('5', 7)").await;
    names(&["I07"], &sighting(7), "update sighting set provider_txn_id = 'TXN70' where id = test.id('5', 7)").await;
    let again = "select test.journal(99, 'capture', 'x'), test.leg(99, 'clearing:vnpay_main', 333, 8), test.leg(99, 'refund_payable', -333, 8)";
    names(&["I07", "I33"], &payment(8), again).await;
    let and_back = format!("{again}; {}", again.replace("99", "98").replace("-333", "+333").replace(" 333", " -333"));
    names(&["I07"], &format!("{}: 3 journals capture 333 of it", payment(8)), &and_back).await;
}

#[tokio::test]
async fn i12_a_report_that_is_kept_twice_is_named() {
    let twice = "alter table sighting drop constraint sighting_source_key_unique;
        update sighting set source_key = 'TXN1:00' where id = test.id('5', 102)";
    names(&["I12"], &sighting(1), twice).await;
}

#[tokio::test]
async fn i13_what_was_not_told_or_did_not_happen_is_named() {
    let untold = "delete from delivery where event_id = test.id('e', 3); delete from event where id = test.id('e', 3)";
    names(&["I13", "I14"], &intent(1), untold).await;
    names(&["I13"], &obligation(4), "select test.tell('obligation.cancelled', test.id('b', 4))").await;
    names(&["I13"], &obligation(1), "select test.tell('obligation.paid', test.id('b', 1))").await;
    names(&["I13"], &refund(1), "select test.tell('refund.succeeded', test.id('9', 1))").await;
    let refund_untold = "update event set subject_id = test.id('9', 77) where type = 'refund.succeeded'";
    names(&["I13"], &refund(2), refund_untold).await;
    let elsewhere = "update event set stream = 'dossier:H38.17-261124-9999', sequence = 1 where id = test.id('e', 4)";
    names(&["I13", "I14"], &event(4), elsewhere).await;
    names(&["I13"], &event(3), "update event set stream = 'intent:pi_1' where id = test.id('e', 3)").await;
}

#[tokio::test]
async fn i14_gaps_in_streams_and_feed_are_named() {
    let gap = "update event set sequence = sequence + 1 where id = test.id('e', 3)";
    names(&["I14"], &event(3), gap).await;
    let hole = "update event set feed_position = feed_position + 100 where feed_position = (select max(feed_position) from event)
        returning id";
    let book = sound_book().await;
    let superuser = testkit::connect(&book.superuser_url()).await;
    superuser.batch_execute(hole).await.expect("it can be done");
    assert_eq!(named(&book).await.iter().map(|(number, _)| *number).collect::<Vec<_>>(), ["I14"]);
    let half = "select test.tell('obligation.paid', test.id('b', 1)); update event set feed_position = 100 where sequence is null";
    let open = format!("{}: its sequence is open and its feed position 100", event(19));
    names(&["I13", "I14", "I15"], &open, half).await;
    let same = "alter table delivery drop constraint delivery_event_id_fkey; alter table event drop constraint event_id_unique;
        update event set id = test.id('e', 5) where id = test.id('e', 6);
        update delivery set event_id = test.id('e', 77) where event_id = test.id('e', 6)";
    names(&["I14", "I15"], &event(5), same).await;
}

#[tokio::test]
async fn i15_events_that_an_endpoint_missed_or_got_out_of_order_are_named() {
    names(&["I15"], &event(3), "delete from delivery where event_id = test.id('e', 3)").await;
    let by_a_new_endpoint =
        "update event_endpoint set recorded_at = now(); delete from delivery where event_id = test.id('e', 3)";
    names(&["I15"], &event(3), by_a_new_endpoint).await;
    names(&["I15"], &event(3), "delete from delivery where endpoint_id = test.id('ed', 1)").await;
    names(
        &["I15"],
        &event(1),
        "delete from kase where kind = 'undelivered'; delete from transition
        where entity_id = test.id('ca', 4)",
    )
    .await;
    let stranger = "insert into delivery (event_id, endpoint_id, stream, sequence, state)
        select id, test.id('ed', 3), stream, sequence, 'waiting' from event where id = test.id('e', 3)";
    names(&["I15"], &event(3), stranger).await;
    let early = "update delivery set state = 'waiting' where event_id = (
        select id from event where stream = 'dossier:H38.17-261124-0003' and sequence = 1)";
    names(
        &["I15"],
        "as number 2 of cli_0000000c000070008000000000000001/dossier:H38.17-261124-0003 while number 1",
        early,
    )
    .await;
    names(&["I15"], &event(2), "update delivery set attempts = 0 where event_id = test.id('e', 2)").await;
    let too_soon = "select test.tell('obligation.paid', test.id('b', 1));
        insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
        values ('obligation', test.id('b', 1), 3, 'due', 'paid', 'settled', 'x');
        insert into delivery (event_id, endpoint_id, stream, sequence, state)
        select id, test.id('ed', 1), stream, 99, 'waiting' from event where feed_position is null";
    names(&["I15", "I22", "I23"], &event(19), too_soon).await;
    let twice = "alter table delivery drop constraint delivery_event_unique;
        insert into delivery (event_id, endpoint_id, stream, sequence, state, attempts)
        values (test.id('e', 3), test.id('ed', 1), 'other', 1, 'delivered', 1)";
    names(&["I15"], &event(3), twice).await;
}

#[tokio::test]
async fn i19_a_key_that_stands_for_two_things_or_for_nothing_is_named() {
    let two = "alter table idempotency drop constraint idempotency_key_unique;
        update idempotency set key_hash = 'k1' where key_hash = 'k2'";
    names(&["I19"], &intent(1), two).await;
    let nothing = "update idempotency set resource_id = 'pi_00000000000000000000000000000000' where key_hash = 'k2'";
    names(&["I19"], "pi_00000000000000000000000000000000", nothing).await;
}

#[tokio::test]
async fn i21_a_step_that_is_no_edge_is_named() {
    let illegal = "update transition set from_state = 'open', to_state = 'paid' where entity_id = test.id('d', 8) and version = 2;
        update transition set to_state = 'cancelled' where entity_id = test.id('b', 6)";
    names(&["I13", "I21", "I23"], &obligation(6), illegal).await;
}

#[tokio::test]
async fn i22_versions_with_a_gap_or_from_elsewhere_are_named() {
    let gap = "update transition set version = 3 where entity_id = test.id('a', 4) and version = 2;
        update attempt set version = 3 where id = test.id('a', 4)";
    names(&["I22"], &attempt(4), gap).await;
    let elsewhere = "update transition set from_state = 'started' where entity_id = test.id('a', 1) and version = 3";
    names(&["I22"], &attempt(1), elsewhere).await;
    let before = "update transition set seq = -1 where entity_id = test.id('a', 1) and version = 3";
    let identity = "alter table transition alter column seq drop identity";
    names(&["I22"], &attempt(1), &format!("{identity}; {before}")).await;
}

#[tokio::test]
async fn i23_a_row_that_is_not_at_its_last_step_is_named() {
    names(
        &["I23"],
        &refund(2),
        "update refund set status = 'unknown' where id = test.id('9', 1);
        update refund set version = version + 1 where id = test.id('9', 2)",
    )
    .await;
    let untraced = "delete from transition where entity_id = test.id('a', 4)";
    names(&["I23"], &attempt(4), untraced).await;
    names(&["I23"], &id("cas", "ca", 3), "update kase set status = 'proposed' where id = test.id('ca', 3)").await;
    let gone =
        "delete from attempt_watch where attempt_id = test.id('a', 4); delete from attempt where id = test.id('a', 4)";
    names(&["I23"], &attempt(4), gone).await;
}

#[tokio::test]
async fn i24_states_that_the_money_does_not_derive_are_named() {
    let paid_for_nothing = "select test.step('obligation', test.id('b', 10), 'paid', 'settled'),
        test.tell('obligation.paid', test.id('b', 10))";
    names(&["I06", "I24"], &obligation(10), paid_for_nothing).await;
    let not_exempt = "alter table obligation drop constraint obligation_exempt_is_zero;
        update obligation set relief_amount = 0 where id = test.id('b', 6)";
    names(&["I24"], &obligation(6), not_exempt).await;
    let intent_paid = "select test.step('intent', test.id('d', 3), 'paid', 'settled'), test.tell('payment_intent.paid', test.id('d', 3));
        update intent_obligation set live = false where intent_id = test.id('d', 3)";
    names(&["I24"], &intent(3), intent_paid).await;
    let intent_open = "select test.step('intent', test.id('d', 1), 'open', 'taken_back'), test.tell('payment_intent.reopened', test.id('d', 1));
        update intent_obligation set live = true where intent_id = test.id('d', 1)";
    names(&["I24"], &intent(1), intent_open).await;
    names(&["I24"], &intent(3), "update intent set amount = 14999 where id = test.id('d', 3)").await;
    let strange = "update intent_obligation set obligation_id = test.id('b', 77) where obligation_id = test.id('b', 1)";
    names(&["I24"], &intent(1), strange).await;
    names(&["I24"], &intent(9), "select test.step('attempt', test.id('a', 9), 'failed', 'provider_failed')").await;
    names(&["I24"], &attempt(4), "select test.step('attempt', test.id('a', 4), 'succeeded', 'provider_captured')")
        .await;
    names(&["I24"], &payment(3), "update payment set order_ref = 'ORDER4' where id = test.id('f', 3)").await;
}

#[tokio::test]
async fn i25_refunds_of_more_than_a_payment_brought_are_named() {
    let more = "update payment set amount = 39999 where id = test.id('f', 4)";
    names(&["I04", "I07", "I25", "I33"], "40000 of 39999 are refunded", more).await;
    let lines = "update refund_line set amount = 1 where refund_id = test.id('9', 1)";
    names(&["I25"], "its lines are 1, and it is 40000", lines).await;
}

#[tokio::test]
async fn i26_a_refund_that_left_twice_or_without_a_second_person_is_named() {
    let request = "update refund set provider_request_id = 'request-1'";
    names(&["I26"], "2 refunds are asked for as request-1", request).await;
    let theirs = "update refund set provider_refund_id = 'RF1'";
    names(&["I26"], "2 refunds are RF1 at vnpay_main", theirs).await;
    let alone = "update approval set decider = null, status = 'withdrawn' where id = test.id('a9', 2)";
    names(&["I26"], "it is succeeded and nobody approved it", alone).await;
    let own = "alter table approval drop constraint approval_other_person;
        update approval set decider = proposer where id = test.id('a9', 1)";
    names(&["I26"], "it is submitted and nobody approved it", own).await;
    let by_transfer = "update refund set route = 'transfer' where id = test.id('9', 2)";
    names(&["I26", "I33"], "it is succeeded by transfer, with 0 debits", by_transfer).await;
}

#[tokio::test]
async fn i27_a_refund_that_nobody_looks_at_is_named() {
    names(&["I27"], "it is submitted and nobody asks about it", "delete from refund_watch").await;
    let pending =
        "update approval set status = 'pending', decider = null, decided_at = null where id = test.id('a9', 2)";
    names(&["I26", "I27"], "it is succeeded, and its proposal is pending", pending).await;
}

#[tokio::test]
async fn i28_what_has_no_seal_is_named() {
    let inserted = "insert into journal (id, kind, cause, business_date, actor)
            values (test.id('1', 99), 'reassignment', 'explained', '2026-11-24', 'x');
        insert into ledger_entry (journal_id, account_code, amount)
            values (test.id('1', 99), 'refund_payable', 5), (test.id('1', 99), 'refund_payable', -5)";
    names(&["I28"], &journal(99), inserted).await;
    let audit = "insert into audit (actor, action, subject) values ('x', 'y', 'z')";
    names(&["I28"], "aud_10", audit).await;
    names(&["I28"], &journal(13), "delete from seal where subject_id like '%13' and kind = 'journal'").await;
    let late = "delete from seal where seq = (select max(seq) from seal);
        insert into unsealed (kind, subject_id, at) values ('audit', 'aud_9', now() - interval '61 seconds')";
    names(&["I28", "I32"], "aud_9", late).await;
    let in_time = "delete from seal where seq = (select max(seq) from seal);
        insert into unsealed (kind, subject_id) values ('audit', 'aud_9');
        insert into unsealed (kind, subject_id) values ('audit', 'aud_77')";
    names(&["I28"], "aud_77", in_time).await;
    let twice = "alter table seal drop constraint seal_subject_unique;
        insert into seal select max(seq) + 1, 'audit', 'aud_1', '', '', '' from seal";
    names(&["I28"], "aud_1", twice).await;
}

#[tokio::test]
async fn i32_what_is_stuck_is_named() {
    let unsequenced =
        "update event set sequence = null, feed_position = null, recorded_at = now() - interval '2 minutes'
        where feed_position = (select max(feed_position) from event);
        delete from delivery where event_id = (select id from event where feed_position is null)";
    names(&["I32"], &event(18), unsequenced).await;
    names(&["I32"], &attempt(4), "delete from attempt_watch where attempt_id = test.id('a', 4)").await;
    names(
        &["I32"],
        &intent(3),
        "update intent set expires_at = now() - interval '74 hours' where id = test.id('d', 3)",
    )
    .await;
    let orphan = "update payment set order_ref = 'ORDER4', recorded_at = now() - interval '6 minutes' where id = test.id('f', 8)";
    names(&["I32"], &payment(8), orphan).await;
    let no_case =
        "delete from kase where id = test.id('ca', 3); delete from transition where entity_id = test.id('ca', 3)";
    names(&["I32"], &payment(8), no_case).await;
    let closed = "update kase set status = 'closed', version = 2 where id = test.id('ca', 3);
        insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
        values ('case', test.id('ca', 3), 2, 'open', 'closed', 'explained', 'test')";
    names(&["I32"], &payment(8), closed).await;
    let of_a_movement = "update kase set movement_id = test.id('58', 1) where id = test.id('ca', 3)";
    names(&["I32"], &payment(8), of_a_movement).await;
    let unheard = "update refund set submitted_at = now() - interval '74 hours' where id = test.id('9', 1)";
    names(&["I32"], &refund(1), unheard).await;
}

#[tokio::test]
async fn i33_an_account_that_stands_elsewhere_is_named() {
    let paid_out = "select test.journal(99, 'payout', 'x'), test.leg(99, 'refund_payable', 5, 8), test.leg(99, 'clearing:vnpay_main', -5, 8)";
    names(&["I33"], "clearing:vnpay_main", paid_out).await;
    let not_on_the_statement = "update movement set amount = 4001 where id = test.id('58', 1)";
    let named = &["I31", "I33"];
    names(named, "bank:970409.8888: it stands at 5000, the other side says 5001", not_on_the_statement).await;
    names(named, "in_transit:970409.8888: it stands at 99, the other side says 98", not_on_the_statement).await;
    let of_a_file = "update settlement_line set amount = 101, net = 100 where settlement_id = test.id('59', 1)";
    names(&["I33"], "in_transit:970409.8888: it stands at 99, the other side says 100", of_a_file).await;
    names(&["I33"], "clearing:vnpay_main", of_a_file).await;
    let of_nothing = "update settlement_line set payment_id = test.id('f', 6) where settlement_id = test.id('59', 1)";
    names(&["I33"], "100 of it are settled, and 8000 reversed", of_nothing).await;
    let not_booked = "delete from ledger_entry where journal_id = test.id('1', 16);
        delete from journal where id = test.id('1', 16)";
    names(&["I33"], "in_transit:970409.8888: it stands at 4099, the other side says 99", not_booked).await;
    let leg_gone = "delete from ledger_entry where journal_id = test.id('1', 9) and account_code = 'refund_payable'";
    names(&["I01", "I02", "I33"], "all accounts", leg_gone).await;
}

// ------------------------------------------------------------------ what the database refuses to the program

async fn refused(client: &tokio_postgres::Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    let error = error.as_db_error().expect("the server refuses it");
    format!("{} {}", error.code().code(), error.constraint().unwrap_or_else(|| error.message()))
}

#[tokio::test]
async fn the_program_cannot_rewrite_history() {
    let book = sound_book().await;
    let program = book.connect("motlan_app").await;
    let history = [
        ("ledger_entry", "amount = 1"),
        ("journal", "kind = 'x'"),
        ("allocation", "amount = 1"),
        ("sighting", "amount = 1"),
        ("sighting_payload", "raw = 'x'"),
        ("sighting_outcome", "state = 'refused'"),
        ("transition", "cause = 'x'"),
        ("seal", "hash = 'x'"),
        ("audit", "actor = 'x'"),
    ];
    for (table, change) in history {
        let denied = format!("42501 permission denied for table {table}");
        assert_eq!(refused(&program, &format!("update {table} set {change}")).await, denied);
        assert_eq!(refused(&program, &format!("delete from {table}")).await, denied);
        assert_eq!(refused(&program, &format!("truncate {table} cascade")).await, denied);
    }
    let table = "insert into assurance.legal_transition values ('obligation', 'paid', 'cancelled')";
    assert_eq!(refused(&program, table).await, "42501 permission denied for table legal_transition");
    assert_eq!(
        refused(&program, "alter table obligation disable trigger all").await,
        "42501 must be owner of table obligation"
    );
    let replica = "set session_replication_role = replica";
    assert_eq!(
        refused(&program, replica).await,
        "42501 permission denied to set parameter \"session_replication_role\""
    );
}

#[tokio::test]
async fn a_step_that_is_no_edge_and_a_version_that_jumps_are_refused() {
    let book = sound_book().await;
    let program = book.connect("motlan_app").await;
    let no_edge = [
        "update obligation set status = 'cancelled', version = version + 1 where status = 'paid'",
        "update intent set status = 'cancelled', version = version + 1 where status = 'processing'",
        "update attempt set status = 'failed', version = version + 1 where status = 'succeeded'",
        "update refund set status = 'approved', version = version + 1 where status = 'succeeded'",
        "update kase set status = 'open', version = version + 1 where status = 'closed'",
        "update obligation set status = 'nonsense', version = version + 1 where status = 'due'",
    ];
    let jumps = [
        "update obligation set status = 'cancelled', version = version + 2 where status = 'due'",
        "update obligation set status = 'cancelled' where status = 'due'",
        "update intent set version = version + 1 where status = 'open'",
        "update attempt set status = 'failed', version = version - 1 where status = 'offered'",
    ];
    for sql in no_edge.into_iter().chain(jumps) {
        assert_eq!(refused(&program, sql).await, "23514 legal_transition", "{sql}");
    }
}

#[tokio::test]
async fn the_database_holds_the_table_of_edges_and_of_what_is_told() {
    let book = empty_book().await;
    let rows = book
        .connect("motlan_auditor")
        .await
        .query("select entity_type, from_state, to_state, tells from assurance.legal_transition", &[])
        .await
        .expect("the auditor reads the table");
    type Edge = (String, Option<String>, String, Option<String>);
    let here: BTreeSet<Edge> = rows.iter().map(|r| (r.get(0), r.get(1), r.get(2), r.get(3))).collect();
    let owned = |word: &str| word.to_owned();
    let there: BTreeSet<Edge> = TABLE
        .iter()
        .map(|e| (owned(e.entity.as_str()), e.from.map(owned), owned(e.to), e.event.map(|event| owned(event.as_str()))))
        .collect();
    assert_eq!(here, there);
    assert_eq!(rows.len(), here.len());
}

#[tokio::test]
async fn the_auditor_reads_the_views_and_nothing_else() {
    let book = sound_book().await;
    let auditor = book.connect("motlan_auditor").await;
    for sql in [
        "select * from party",
        "select raw from sighting_payload",
        "select * from api_key",
        "delete from assurance.seal",
    ] {
        assert!(refused(&auditor, sql).await.starts_with("42501 permission denied"), "{sql}");
    }
    let texts = "select count(*) filter (where text is null), count(*) from assurance.sealed_text";
    let row = auditor.query_one(texts, &[]).await.expect("the canonical texts too");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 26));
}

#[tokio::test]
async fn i36_a_bank_that_was_told_what_is_not_in_the_books_is_named() {
    let told = |n: u32, number: &str, outcome: &str, payment: &str| {
        format!(
            "insert into bill_payment (sighting_id, profile, bank_txn_id, customer_key, reference, amount, outcome,
                 payment_id, decided_at)
             values (test.id('5', {n}), 'vnpay_main', '{number}', 'K', 'HD1', 51000, '{outcome}', {payment}, now());"
        )
    };
    let booked = |n: u32| format!("test.id('f', {n})");
    names(&["I36"], &format!("{}: TXN9 of vnpay_main", sighting(1)), &told(1, "TXN9", "paid", &booked(1))).await;
    names(&["I36"], "was told changed, its report is applied", &told(1, "TXN1", "changed", "null")).await;
    let loose = "alter table bill_payment drop constraint bill_payment_paid_is_booked;";
    let nowhere = format!("{loose}{}", told(1, "TXN1", "paid", "null"));
    names(&["I36"], "was told paid, its report is applied, its payment none", &nowhere).await;
    let twice = told(1, "TXN1", "paid", &booked(1)) + &told(2, "TXN2", "paid", &booked(2));
    names(&["I36"], "bill HD1 of vnpay_main was paid by 2 calls", &twice).await;
}

/// A receipt of the first obligation that has its number, of the first of its series.
const NUMBERED: &str = "insert into receipt_series (code, beneficiary_code, kinds, template, letters, collector_name,
        collector_tax_code, collector_address, valid_from)
    values ('S', 'H38.17-KB', '{fee,charge}', 'EBL01', 'AB', 'x', '5300100017', 'y', '2026-01-01');
    insert into receipt_counter values ('S', 2026, 1);
    insert into receipt (id, series_code, year, template, serial, number, obligation_id, status, token, issued_on, collector_name,
        collector_tax_code, collector_address, kind, description, amount, created_at, updated_at)
    select test.id('7', 1), 'S', 2026, 'EBL01', '26TAB', 1, id, 'numbered', repeat('a', 48), '2026-11-27', 'x', '5300100017', 'y',
        'fee', 'z', amount, now(), now() from obligation where id = test.id('b', 1);
    insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
    values ('receipt', test.id('7', 1), 1, null, 'numbered', 'number_taken', 'test');";

#[tokio::test]
async fn i45_a_gap_a_number_given_twice_and_a_serial_of_another_year_are_named() {
    let numbered = |change: &str| format!("{NUMBERED}{change}");
    let lost = numbered("update receipt_counter set last_number = 2");
    names(&["I45"], "S/2026: 1 receipts, 1 numbers from 1 to 1, the last taken is 2", &lost).await;
    names(&["I45"], "numbers from 2 to 2, the last taken is 1", &numbered("update receipt set number = 2")).await;
    names(&["I45"], "27TAB is issued on 2026-11-27", &numbered("update receipt set serial = '27TAB'")).await;
    names(&["I45"], "S/2027: 0 receipts", &numbered("insert into receipt_counter values ('S', 2027, 1)")).await;
}

#[tokio::test]
async fn i46_a_receipt_of_another_sum_a_second_one_one_without_money_and_none_at_all_are_named() {
    let numbered = |change: &str| format!("{NUMBERED}{change}");
    let of = obligation(1);
    let other_sum = numbered("update receipt set amount = 20000");
    names(&["I46"], &format!("{of}: it is paid of 21000 and has a receipt of 20000"), &other_sum).await;
    let unpaid = numbered("update receipt set obligation_id = test.id('b', 3)");
    names(&["I46"], "has a receipt of 21000", &unpaid).await;
    let second = numbered(
        "drop index receipt_one_live; update receipt_counter set last_number = 2;
        insert into receipt select test.id('7', 2), series_code, year, template, serial, 2, obligation_id, status, version,
            repeat('b', 48), issued_on, collector_name, collector_tax_code, collector_address, kind, description, dossier_code,
            amount, replaces, replacement_by, document, signed_by, signed_at, created_at, updated_at from receipt;
        insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
        values ('receipt', test.id('7', 2), 1, null, 'numbered', 'number_taken', 'test')",
    );
    names(&["I46"], &format!("{of}: it has 2 live receipts"), &second).await;
    let before = numbered("update receipt_series set created_at = now() - interval '1 hour'");
    names(&["I46"], &format!("{}: it is paid, and neither has a receipt nor is looked at", obligation(2)), &before)
        .await;
}

// ------------------------------------------------------------------ the canonical text

#[tokio::test]
async fn i38_what_was_given_up_by_one_person_or_by_nobody_is_named() {
    let of_payment = "insert into write_off (case_id, approval_id, payment_id, account_code, amount, reason_code, at)
        values (test.id('ca', 1), test.id('a1', 77), test.id('f', 8), 'suspense:unidentified', -7, 'x', now())";
    names(&["I38"], "-7 of it were written off by apr_", of_payment).await;
    names(&["I38"], &format!("{}: 0 of it are written off, and people said 7", payment(8)), of_payment).await;
    let of_a_file = "insert into write_off (case_id, approval_id, settlement_id, account_code, amount, reason_code, at)
        values (test.id('ca', 1), test.id('a1', 77), test.id('5e', 1), 'suspense:unidentified', 7, 'x', now())";
    names(&["I33", "I38"], "written_off: it stands at 0, the other side says 7", of_a_file).await;
}

/// The first obligation's đồng is remitted: a rule, a remittance, its item and its line.
const REMITTANCE: &str = "insert into receiving_account (code, bank_bin, account_number, account_name)
        values ('A', '970409', '1', 'A') on conflict do nothing;
    insert into remittance_rule values (test.id('ab', 1), 'H38.17-KB', 'P', '2026-01-01', 0, 'down', 'monthly', 'day', 5, '805',
        '2716', '15', '1051720', 'A', 'KB', '970409', '3511', 'KB', 'TT', 'test', now());
    insert into remittance values (test.id('ac', 1), 'H38.17-KB', 'monthly', '2026-11-01', '2026-11-30', '2026-12-05', 'A',
        '1051720', 'KB', '970409', '3511', 'KB', 21000, 'LC1', '', 'prepared', 1, 'test', now(), now());
    insert into transition (entity_type, entity_id, version, to_state, cause, actor)
        values ('remittance', test.id('ac', 1), 1, 'prepared', 'proposed', 'test');
    insert into remittance_item values (test.id('ac', 1), test.id('ab', 1), 21000, 0, 0, 21000);
    insert into remittance_line select test.id('ac', 1), test.id('ab', 1), min(id), 21000 from allocation
        where obligation_id = test.id('b', 1) and amount = 21000;";

#[tokio::test]
async fn i50_a_dong_that_is_remitted_twice_a_sum_that_is_not_that_of_its_lines_and_one_that_nobody_approved_are_named()
{
    let said = |wrong: &str| format!("{REMITTANCE} {wrong}");
    names(&[], "", &said("")).await;
    let sum = "update remittance set amount = 20000";
    names(&["I50"], "it is of 20000, and its items of 21000", &said(sum)).await;
    let lines = "update remittance_item set collected = 22000, amount = 22000; update remittance set amount = 22000";
    names(&["I50"], "collected 22000, and its lines 21000", &said(lines)).await;
    let twice = "drop index remittance_line_once;
        insert into remittance select test.id('ac', 2), beneficiary_code, period, begins_on - 60, ends_on - 60, due_on - 60,
            account_code, unit, treasury, treasury_bank_bin, treasury_account, treasury_account_name, amount, 'LC2', '', status, 1,
            'test', now(), now() from remittance;
        insert into transition (entity_type, entity_id, version, to_state, cause, actor)
            values ('remittance', test.id('ac', 2), 1, 'prepared', 'proposed', 'test');
        insert into remittance_item select test.id('ac', 2), rule_id, collected, retained, carried, amount from remittance_item;
        insert into remittance_line select test.id('ac', 2), rule_id, allocation_id, amount from remittance_line";
    names(&["I50"], "of 2 remittances", &said(twice)).await;
    let alone = "update remittance set status = 'instructed', version = 2;
        insert into transition (entity_type, entity_id, version, from_state, to_state, cause, actor)
            values ('remittance', test.id('ac', 1), 2, 'prepared', 'instructed', 'approved', 'test')";
    names(&["I50"], "it is instructed, and no second person said yes", &said(alone)).await;
    let unpaid = alone.replace("instructed", "paid").replace("'approved', 'test'", "'statement_debit', 'test'");
    names(&["I21", "I50"], "it is paid of 21000, and its debit is not there", &said(&unpaid)).await;
    let other =
        "update remittance_line set amount = 20000; update remittance_item set collected = 20000, carried = 1000";
    names(&["I50"], "is 21000, and its line is 20000", &said(other)).await;
}

/// An account whose books begin with what two persons said, as the program leaves it but for the seals.
const OPENING: &str = r#"insert into receiving_account (code, bank_bin, account_number, account_name) values ('970409.1', '970409', '1', 'A');
    insert into account (code, kind) values ('bank:970409.1', 'bank') on conflict do nothing;
    insert into approval (id, kind, subject, payload, proposer, status, decider, decided_at)
        values (test.id('a6', 1), 'opening_balance', '970409.1',
                '{"does": "state", "account": "970409.1", "day": "2026-07-01", "amount": 500}', 'usr_a', 'approved', 'usr_b', now());
    insert into stated_opening (approval_id, account_code, day, amount, at)
        values (test.id('a6', 1), '970409.1', '2026-07-01', 500, now());
    insert into audit (actor, action, subject) select 'test', 'opening_stated', text from assurance.stated_opening;
    insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from audit where action = 'opening_stated';
    insert into journal (id, kind, cause, business_date, actor)
        values (test.id('1', 91), 'stated_opening', 'approved', '2026-07-01', 'test');
    insert into unsealed (kind, subject_id) select 'journal', assurance.text_id('jnl', test.id('1', 91));
    select test.leg(91, 'bank:970409.1', 500, null), test.leg(91, 'opening:bank', -500, null);"#;

#[tokio::test]
async fn i55_an_opening_that_nobody_said_or_that_is_booked_twice_is_named() {
    let said = |wrong: &str| format!("{OPENING} {wrong}");
    names(&[], "", &said("")).await;
    let alone = "alter table approval drop constraint approval_other_person;
        update approval set decider = proposer where id = test.id('a6', 1)";
    names(&["I55"], "state is said by apr_", &said(alone)).await;
    let other = "update approval set payload = payload || '{\"amount\": 501}' where id = test.id('a6', 1)";
    names(&["I55"], "state is said by apr_", &said(other)).await;
    let more = "update stated_opening set amount = 501";
    names(&["I33", "I55"], "said 501 stood on it, booked are 500 by them and 0", &said(more)).await;
    let twice =
        "select test.journal(92, 'opening_balance', 'statement_says'), test.leg(92, 'bank:970409.1', 500, null),
        test.leg(92, 'opening:bank', -500, null)";
    names(&["I55"], "said 500 stood on it, booked are 500 by them and 500 by statements", &said(twice)).await;
    let forgotten = "delete from stated_opening";
    names(&["I33", "I55"], "the audit trail says opening_stated, and no opening reads so", &said(forgotten)).await;
    let dated = "update journal set business_date = '2026-07-02' where id = test.id('1', 91)";
    names(&["I55"], "500 of what stood on it before 2026-07-01 are of 2026-07-02", &said(dated)).await;
}

#[tokio::test]
async fn i56_a_receipt_that_nobody_was_told_of_and_a_mail_about_nothing_are_named() {
    let numbered = |change: &str| format!("{NUMBERED}{change}");
    let of = id("rcp", "7", 1);
    let silent = numbered("update receipt set mailed = true");
    names(&["I56"], &format!("{of}: its payer had an address, and no mail says that it was issued"), &silent).await;
    let mail = |says: &str| {
        format!(
            "insert into receipt_mail (id, receipt_id, says, message_id, created_at)
            values (test.id('8', 1), test.id('7', 1), '{says}', '1@pay.example.vn', now())"
        )
    };
    names(&["I56"], "it was not to be told", &numbered(&mail("issued"))).await;
    names(&["I56"], &format!("{of}: it is numbered, and a mail says cancelled"), &numbered(&mail("cancelled"))).await;
    for (issued, cancelled, found) in [
        ("refused", "sent", "its payer was not told that it was issued, and a mail says that it is cancelled"),
        ("sent", "sent", "a mail said that it was issued after one that it is cancelled"),
        ("sent", "dropped", "its payer was told that it was issued, and the mail that it is cancelled was dropped"),
        ("dropped", "queued", "it is numbered, and the mail that it was issued was dropped"),
    ] {
        let both = numbered(&format!(
            "insert into receipt_mail (id, receipt_id, says, state, message_id, created_at, updated_at) values
            (test.id('8', 1), test.id('7', 1), 'issued', '{issued}', '1@pay.example.vn', now(), now()),
            (test.id('8', 2), test.id('7', 1), 'cancelled', '{cancelled}', '2@pay.example.vn', now(), now() - interval '1 minute')"
        ));
        names(&["I56"], &format!("{of}: {found}"), &both).await;
    }
}

#[tokio::test]
async fn an_account_has_one_opening_whoever_books_it() {
    let book = sound_book().await;
    let superuser = testkit::connect(&book.superuser_url()).await;
    superuser.batch_execute(&format!("begin; {OPENING} commit")).await.expect("what two persons said");
    let as_before =
        "begin; select test.journal(92, 'opening_balance', 'statement_says'), test.leg(92, 'bank:970409.1', 500, null),
        test.leg(92, 'opening:bank', -500, null); commit";
    let refused = superuser.batch_execute(as_before).await.expect_err("a release that knows of no stated opening");
    assert_eq!(refused.as_db_error().and_then(|e| e.constraint()), Some("one_opening"));
}

#[tokio::test]
async fn the_canonical_text_is_that_of_the_documentation() {
    let book = sound_book().await;
    let superuser = testkit::connect(&book.superuser_url()).await;
    let wanted = "set datestyle = 'German'; set timezone = 'Asia/Ho_Chi_Minh'; set session_replication_role = replica;
        update journal set booked_at = '2026-11-24 10:20:30.123456+07', original_business_date = '2026-11-23',
            actor = E'a|b\\\\c\nd' where id = test.id('1', 4);
        update audit set at = '2026-11-24 00:00:00Z', request_id = 'req' where id = 1";
    superuser.batch_execute(wanted).await.expect("a journal with everything that could be misread");
    let text = |sql: &'static str| async { superuser.query_one(sql, &[]).await.expect("a text").get::<_, String>(0) };
    let entries = superuser.query_one("select min(id) from ledger_entry where journal_id = test.id('1', 4)", &[]).await;
    let first: i64 = entries.expect("its entries").get(0);
    let journal_text = format!(
        "journal|{}|reassignment|explained|2026-11-24|2026-11-23|a\\pb\\\\c\\nd|2026-11-24T03:20:30.123456Z\n\
         entry|{first}|suspense:underpaid|20000||{p}\n\
         entry|{}|obligation:H38.17-KB|-20000|{}|{p}",
        journal(4),
        first + 1,
        obligation(3),
        p = payment(2)
    );
    assert_eq!(text("select assurance.journal_text(test.id('1', 4))").await, journal_text);
    let audit_text = "audit|1|2026-11-24T00:00:00.000000Z|key_test|money_recorded|pay_1|req";
    assert_eq!(text("select assurance.audit_text(1)").await, audit_text);
}

// ------------------------------------------------------------------ migrations

#[tokio::test]
async fn two_migrations_that_start_at_once_both_succeed() {
    let book = testkit::database("nothing", |_| async {}).await;
    let url = SecretString::from(book.superuser_url());
    let (one, other) = tokio::join!(storage::migrate::migrate(&url), storage::migrate::migrate(&url));
    let mut ran = [one.expect("one of them"), other.expect("the other")];
    ran.sort_unstable();
    assert_eq!(ran[0], 0, "one finds nothing left to do");
    assert!(ran[1] >= 5);
}
