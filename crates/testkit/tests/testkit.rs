//! The test kit against a real cluster.
#![expect(clippy::unwrap_used, reason = "tests only: a failure here is a failed test")]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::proxy::{Counts, Proxy};
use testkit::{TestDatabase, connect, database};
use tokio_postgres::Client;

static PREPARED: AtomicUsize = AtomicUsize::new(0);

async fn fresh() -> TestDatabase {
    database("testkit v1", |url| async move {
        PREPARED.fetch_add(1, Ordering::SeqCst);
        let client = connect(&url).await;
        client.batch_execute("create table note (id int primary key, text text)").await.unwrap();
    })
    .await
}

async fn through(proxy: &Proxy, database: &TestDatabase) -> Client {
    connect(&proxy.url(&database.name, embedded::SUPERUSER)).await
}

#[tokio::test]
async fn tests_do_not_see_each_other() {
    let (first, second) = (fresh().await, fresh().await);
    assert_ne!(first.name, second.name);
    first.connect(embedded::SUPERUSER).await.execute("insert into note values (1, 'x')", &[]).await.unwrap();
    let pool = second.pool(embedded::SUPERUSER, 2);
    let row = pool.get().await.unwrap().query_one("select count(*) from note", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_prepared_once() {
    let started = std::time::Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(tokio::spawn(fresh()));
    }
    for one in waiting {
        one.await.unwrap();
    }
    println!("8 databases at once: {:?}", started.elapsed());
    // Another process may have prepared it when the cluster is shared.
    assert!(PREPARED.load(Ordering::SeqCst) <= 1);
    let started = std::time::Instant::now();
    fresh().await;
    println!("one more: {:?}", started.elapsed());
}

#[tokio::test]
async fn sequential_queries_are_a_round_trip_each_and_pipelined_ones_share_one() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let client = through(&proxy, &database).await;
    let statement = client.prepare("select $1::int").await.unwrap();
    assert_eq!(proxy.counts().round_trips, 1, "preparing with known types");
    proxy.reset();

    for n in 0..3 {
        client.query_one(&statement, &[&n]).await.unwrap();
    }
    assert_eq!(proxy.counts(), Counts { round_trips: 3, commits: 0, statements: 3 });
    proxy.reset();

    let (a, b, c) = tokio::join!(
        client.query_one(&statement, &[&1]),
        client.query_one(&statement, &[&2]),
        client.query_one(&statement, &[&3])
    );
    a.and(b).and(c).unwrap();
    assert_eq!(proxy.counts(), Counts { round_trips: 1, commits: 0, statements: 3 });
    proxy.reset();

    drop(statement);
    client.simple_query("select 1; select 2").await.unwrap();
    assert_eq!(proxy.counts(), Counts { round_trips: 1, commits: 0, statements: 2 });
}

#[tokio::test]
async fn commits_are_counted_and_rollbacks_are_not() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let mut client = through(&proxy, &database).await;
    let insert = client.prepare("insert into note values ($1, 'x')").await.unwrap();
    proxy.reset();

    let transaction = client.transaction().await.unwrap();
    transaction.execute(&insert, &[&1]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(proxy.counts(), Counts { round_trips: 3, commits: 1, statements: 3 });

    let transaction = client.transaction().await.unwrap();
    transaction.execute(&insert, &[&1]).await.unwrap_err();
    transaction.commit().await.unwrap();
    assert_eq!(proxy.counts().commits, 1, "COMMIT of a failed transaction rolls back");

    let other = through(&proxy, &database).await;
    other.simple_query("begin").await.unwrap();
    assert_eq!(proxy.connections().len(), 2);
    assert_eq!(proxy.connections()[1].statements, 1);
}

#[tokio::test]
async fn a_statement_with_unknown_types_costs_its_look_ups() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let client = through(&proxy, &database).await;
    client.query("select * from note where id = $1", &[&1]).await.unwrap();
    assert_eq!(proxy.counts().round_trips, 2, "prepare, then execute");
}

#[tokio::test]
async fn cut_after_commit_hides_a_commit_that_happened() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let mut client = through(&proxy, &database).await;
    proxy.cut_after_commit(2);
    for id in [1, 2] {
        let transaction = client.transaction().await.unwrap();
        transaction.execute("insert into note values ($1, 'x')", &[&id]).await.unwrap();
        assert_eq!(transaction.commit().await.is_ok(), id == 1);
    }
    let look = database.connect(embedded::SUPERUSER).await;
    assert_eq!(look.query("select 1 from note", &[]).await.unwrap().len(), 2, "both are there at once");
    assert_eq!(proxy.counts().commits, 2);
    through(&proxy, &database).await.simple_query("begin; commit").await.expect("it cuts once");
}

#[tokio::test]
async fn cut_after_commit_knows_a_prepared_commit() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let client = through(&proxy, &database).await;
    let commit = client.prepare("commit").await.unwrap();
    client.simple_query("begin; insert into note values (1, 'x')").await.unwrap();
    proxy.cut_after_commit(1);
    client.execute(&commit, &[]).await.unwrap_err();
    let look = database.connect(embedded::SUPERUSER).await;
    assert_eq!(look.query("select 1 from note", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn cut_before_commit_loses_it() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let client = through(&proxy, &database).await;
    client.simple_query("begin; insert into note values (1, 'x')").await.unwrap();
    proxy.cut_before_commit(1);
    client.simple_query("commit").await.unwrap_err();
    let look = database.connect(embedded::SUPERUSER).await;
    assert_eq!(look.query("select 1 from note", &[]).await.unwrap().len(), 0);
}

#[tokio::test]
async fn copying_in_leaves_the_counts_straight() {
    let database = fresh().await;
    let proxy = Proxy::start(&database.socket_dir);
    let client = through(&proxy, &database).await;
    let sink = client.copy_in::<_, std::io::Cursor<Vec<u8>>>("copy note from stdin").await.unwrap();
    drop(sink);
    client.simple_query("select 1").await.unwrap();
    proxy.reset();
    for _ in 0..3 {
        client.simple_query("select 1").await.unwrap();
    }
    assert_eq!(proxy.counts().round_trips, 3);
}

#[test]
fn the_runner_shares_one_server_and_hands_on_the_exit_code() {
    let script = "test -S \"$MOTLAN_TEST_POSTGRES/.s.PGSQL.5432\" && echo \"$MOTLAN_TEST_POSTGRES\" && exit 7";
    let output = Command::new(env!("CARGO_BIN_EXE_with-postgres")).args(["--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let dir = String::from_utf8(output.stdout).unwrap();
    assert!(!std::path::Path::new(dir.trim()).exists(), "its directory is gone");
}
