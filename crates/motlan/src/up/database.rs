//! The demonstration's database: the one that the environment names, or a private cluster beside the program.

use super::home::{Home, reset_line};
use crate::failed::{Failed, chain};
use embedded::{Cluster, Options, SUPERUSER};
use secrecy::SecretString;
use tokio_postgres::{Client, NoTls};

const DATABASE: &str = "motlan";
const OWNER: &str = "motlan_owner";
const APPLICATION: &str = "motlan_app";
const AUDITOR: &str = "motlan_auditor";

pub struct Database {
    /// None: somebody else runs it.
    cluster: Option<Cluster>,
    pub url: String,
    pub owner_url: String,
    /// None where only its owner knows it.
    pub readonly_url: Option<String>,
}

impl Database {
    /// Starts it, and brings it to the present schema.
    pub async fn start(home: &Home, env: &[(String, String)]) -> Result<Self, Failed> {
        let database = match named(env, "MOTLAN_DATABASE__URL") {
            Some(url) => Self::of_others(url, env)?,
            None => Self::own(home).await?,
        };
        let migrated = storage::migrate::migrate(&SecretString::from(database.owner_url.clone())).await;
        migrated.map_err(|error| {
            // a program under development changes migrations that a demonstration ran before
            let hint = format!("is its data of another version of motlan? `{}` starts again", reset_line(home.dir()));
            Failed::from(format!("{}\n{hint}", chain(&error)))
        })?;
        Ok(database)
    }

    fn of_others(url: String, env: &[(String, String)]) -> Result<Self, Failed> {
        let owner_url = named(env, "MOTLAN_DATABASE__OWNER_URL")
            .ok_or("MOTLAN_DATABASE__URL is set: MOTLAN_DATABASE__OWNER_URL is needed as well, for migrations")?;
        Ok(Self { cluster: None, readonly_url: as_auditor(&url), url, owner_url })
    }

    async fn own(home: &Home) -> Result<Self, Failed> {
        let options = Options { base_dir: home.postgres(), durable: true };
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(options)).await??;
        prepare(&cluster).await?;
        Ok(Self {
            url: cluster.url(DATABASE, APPLICATION),
            owner_url: cluster.url(DATABASE, OWNER),
            readonly_url: Some(cluster.url(DATABASE, AUDITOR)),
            cluster: Some(cluster),
        })
    }

    pub fn pid(&self) -> Option<u32> {
        self.cluster.as_ref().map(Cluster::pid)
    }

    /// Where people find it.
    pub fn place(&self) -> String {
        match &self.cluster {
            Some(cluster) => cluster.data_dir().display().to_string(),
            None => "the server that MOTLAN_DATABASE__URL names".to_owned(),
        }
    }

    pub async fn stop(self) -> Result<(), Failed> {
        match self.cluster {
            Some(cluster) => Ok(tokio::task::spawn_blocking(move || cluster.stop()).await??),
            None => Ok(()),
        }
    }
}

fn named(env: &[(String, String)], name: &str) -> Option<String> {
    env.iter().find(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.clone())
}

/// The same server and database as the auditor. A password is not ours to guess.
fn as_auditor(url: &str) -> Option<String> {
    let mut url = reqwest::Url::parse(url).ok()?;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "user" && name != "password")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("user", AUDITOR);
    if url.has_host() {
        url.set_password(None).ok()?;
        url.set_username("").ok()?;
    }
    Some(url.to_string())
}

/// Roles and database, where they are missing: the owner of the schema may not make them.
async fn prepare(cluster: &Cluster) -> Result<(), Failed> {
    let url = cluster.url("postgres", SUPERUSER);
    let (admin, connection) = tokio_postgres::connect(&url, NoTls).await?;
    let driver = tokio::spawn(connection);
    for role in [OWNER, APPLICATION, AUDITOR] {
        if !exists(&admin, "select from pg_roles where rolname = $1", role).await? {
            admin.batch_execute(&format!("create role {role} login")).await?;
        }
    }
    if !exists(&admin, "select from pg_database where datname = $1", DATABASE).await? {
        admin.batch_execute(&format!("create database {DATABASE} owner {OWNER}")).await?;
    }
    drop(admin);
    driver.await??;
    Ok(())
}

async fn exists(admin: &Client, sql: &str, name: &str) -> Result<bool, tokio_postgres::Error> {
    Ok(admin.query_opt(sql, &[&name]).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auditor_gets_the_same_database_without_anyone_elses_password() {
        let auditor = |url| as_auditor(url).expect("a URL");
        assert_eq!(
            auditor("postgresql://app:secret@db.example:5432/motlan?sslmode=disable"),
            "postgresql://db.example:5432/motlan?sslmode=disable&user=motlan_auditor"
        );
        assert_eq!(
            auditor("postgresql:///motlan?host=/run/x&user=motlan_app"),
            "postgresql:///motlan?host=%2Frun%2Fx&user=motlan_auditor"
        );
    }
}
