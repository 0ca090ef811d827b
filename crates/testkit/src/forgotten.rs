//! Databases of tests that are over are dropped while the others run: a thousand of them do not fit into memory.

use crate::database::OF_A_TEST;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};

const EVERY: Duration = Duration::from_secs(5);
/// A test that restarts all it has is connected again within seconds.
const AFTER: Duration = Duration::from_secs(120);

const DATABASES: &str =
    "select d.datname::text, exists (select from pg_stat_activity a where a.datid = d.oid) as is_used
    from pg_database d where d.datname like replace($1, '_', '\\_') || '%'";

/// Sweeps until the process ends. What cannot be done now is done in the next round.
pub async fn sweep(socket_dir: PathBuf) {
    let mut idle = BTreeMap::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let url = embedded::url(&socket_dir, "postgres", embedded::SUPERUSER);
        if let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
            let connection = tokio::spawn(connection);
            let _ = round(&client, &mut idle, AFTER).await;
            connection.abort();
        }
    }
}

/// Drops what nobody has been connected to for so long.
async fn round(
    client: &Client,
    idle: &mut BTreeMap<String, Instant>,
    after: Duration,
) -> Result<(), tokio_postgres::Error> {
    let found = client.query(DATABASES, &[&OF_A_TEST]).await?;
    let unused: Vec<String> = found.iter().filter(|row| !row.get::<_, bool>(1)).map(|row| row.get(0)).collect();
    idle.retain(|name, _| unused.contains(name));
    for name in unused {
        if idle.entry(name.clone()).or_insert_with(Instant::now).elapsed() >= after {
            client.batch_execute(&format!("drop database if exists {name}")).await?;
            idle.remove(&name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;

    #[tokio::test]
    async fn a_database_is_dropped_when_nobody_has_been_connected_for_long_and_not_before() {
        let made = database("a database that is forgotten", async |_| ()).await;
        let kept = database("a database that is forgotten", async |_| ()).await;
        let admin = crate::connect(&embedded::url(&made.socket_dir, "postgres", embedded::SUPERUSER)).await;
        let used = kept.connect(embedded::SUPERUSER).await;
        let others = async |name: &str| {
            let row = admin.query_one("select count(*) from pg_database where datname = $1", &[&name]).await.unwrap();
            row.get::<_, i64>(0)
        };
        // other tests' databases are none of this one's
        let mine =
            |idle: &mut BTreeMap<String, Instant>| idle.retain(|name, _| *name == made.name || *name == kept.name);
        let mut idle = BTreeMap::new();
        round(&admin, &mut idle, Duration::from_secs(3_600)).await.unwrap();
        mine(&mut idle);
        assert_eq!((others(&made.name).await, idle.len()), (1, 1), "young, and one that is used");
        idle.values_mut().for_each(|since| *since = since.checked_sub(Duration::from_secs(3_600)).unwrap_or(*since));
        round(&admin, &mut idle, Duration::from_secs(3_600)).await.unwrap();
        assert_eq!((others(&made.name).await, others(&kept.name).await), (0, 1));
        drop(used);
    }
}
