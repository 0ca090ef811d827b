//! A database per test, copied from a template that is prepared once.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use embedded::SUPERUSER;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::server;

/// One key for all templates: what prepares them also makes roles, which the whole cluster shares.
const TEMPLATE_LOCK: i64 = 0x6d6f_746c_616e;

/// With what its name begins.
pub(crate) const OF_A_TEST: &str = "t_";

/// Dropped some time after its test where others run beside ([`crate::forgotten`]), or with the whole cluster.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    pub name: String,
    pub socket_dir: PathBuf,
}

impl TestDatabase {
    pub fn url(&self, user: &str) -> String {
        embedded::url(&self.socket_dir, &self.name, user)
    }

    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER)
    }

    pub async fn connect(&self, user: &str) -> Client {
        connect(&self.url(user)).await
    }

    pub fn pool(&self, user: &str, size: usize) -> Pool {
        pool(&self.url(user), size)
    }
}

/// A fresh database made as `prepare` makes one. `prepare` gets the URL of an empty database and runs once
/// per `template_key` and cluster; what it grants or sets on the *database* itself, rather than on things
/// in it, is not copied, for PostgreSQL does not copy that.
pub async fn database<F, Fut>(template_key: &str, prepare: F) -> TestDatabase
where
    F: FnOnce(String) -> Fut,
    Fut: Future<Output = ()>,
{
    // Starting a server blocks for about a second; other tasks of this runtime go on meanwhile.
    let socket_dir = tokio::task::spawn_blocking(server::socket_dir).await.unwrap();
    let url = |database: &str| embedded::url(&socket_dir, database, SUPERUSER);
    let admin = connect(&url("postgres")).await;
    let hash = fnv1a(template_key);
    let template = format!("tmpl_{hash:016x}");
    if !exists(&admin, &template).await {
        admin.execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
        if !exists(&admin, &template).await {
            // Under another name until it is whole: a preparation that failed is not taken for a template.
            let half_made = format!("making_{hash:016x}");
            run(&admin, &format!("drop database if exists {half_made} with (force)")).await;
            run(&admin, &format!("create database {half_made}")).await;
            prepare(url(&half_made)).await;
            leave_alone(&admin, &half_made).await;
            run(&admin, &format!("alter database {half_made} with allow_connections false is_template true")).await;
            run(&admin, &format!("alter database {half_made} rename to {template}")).await;
        }
        admin.execute("select pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
    }
    let name = format!("{OF_A_TEST}{}", uuid::Uuid::now_v7().simple());
    run(&admin, &format!("create database {name} template {template} strategy file_copy")).await;
    TestDatabase { name, socket_dir }
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| panic!("connecting to {url}: {error}"));
    tokio::spawn(connection);
    client
}

pub fn pool(url: &str, size: usize) -> Pool {
    let config = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager).max_size(size).build().unwrap()
}

async fn exists(admin: &Client, name: &str) -> bool {
    admin.query_opt("select 1 from pg_database where datname = $1", &[&name]).await.unwrap().is_some()
}

/// A client that was dropped a moment ago may still have its backend.
async fn leave_alone(admin: &Client, database: &str) {
    for _ in 0..100 {
        let rows = admin
            .query(
                "select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
                &[&database],
            )
            .await
            .unwrap();
        if rows.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let terminate = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1";
    admin.execute(terminate, &[&database]).await.unwrap();
}

async fn run(admin: &Client, sql: &str) {
    for _ in 0..20 {
        match admin.batch_execute(sql).await {
            Ok(()) => return,
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }
    panic!("{sql}: still in use");
}

/// Written out because processes built by different compilers may share a cluster.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
