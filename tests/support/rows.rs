//! All that the books hold, as the superuser reads it: to see that nothing changed, and what is written where.

use std::collections::BTreeMap;
use testkit::TestDatabase;
use tokio_postgres::Client;

async fn tables(client: &Client) -> Vec<String> {
    let sql = "select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') order by 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Of each table the number of rows and a digest of all of them.
pub async fn digest(database: &TestDatabase) -> BTreeMap<String, String> {
    let client = database.connect("motlan_superuser").await;
    let mut out = BTreeMap::new();
    for table in tables(&client).await {
        let sql = format!(
            "select count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"
        );
        out.insert(table, client.query_one(&sql, &[]).await.unwrap().get(0));
    }
    assert!(out.len() > 30, "the tables were not found");
    out
}

/// The same of all tables at once, on a connection of its own: for asking again and again.
pub struct Watch {
    client: Client,
    sql: String,
}

impl Watch {
    pub async fn over(database: &TestDatabase) -> Self {
        let client = database.connect("motlan_superuser").await;
        let tables = tables(&client).await;
        assert!(tables.len() > 30, "the tables were not found");
        let one = |table: &String| format!("select '{table} ' || t::text as line from {table} t");
        let all = tables.iter().map(one).collect::<Vec<_>>().join(" union all ");
        let sql = format!(
            "select count(*) || ' rows ' || coalesce(md5(string_agg(line, '|' order by line)), '') from ({all}) a"
        );
        Self { client, sql }
    }

    /// Of every row of every table.
    pub async fn digest(&self) -> String {
        self.client.query_one(&self.sql, &[]).await.unwrap().get(0)
    }
}

/// Every row of every table as text; bytes appear as hex.
pub async fn dump(database: &TestDatabase) -> Vec<(String, String)> {
    let client = database.connect("motlan_superuser").await;
    let mut out = Vec::new();
    for table in tables(&client).await {
        let rows = client.query(&format!("select t::text from {table} t"), &[]).await.unwrap();
        out.extend(rows.iter().map(|row| (table.clone(), row.get(0))));
    }
    out
}
