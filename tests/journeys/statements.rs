//! Statements as finance staff send them, over real HTTP: files of the simulated bank, and small ones written here.

pub(crate) mod batches;
mod beginnings;
mod chain;
mod days;
mod debits;
mod generated;
mod given_away;
pub(crate) mod matching;
mod mixed;
mod openings;
mod overtaken;
mod parts;
mod refused;
mod reused;
mod reversed;
mod sights;
mod superseded;

use serde_json::Value;
use tests::House;

/// An account of ours at a bank that nobody plays: what is on it stands in files written here.
pub(crate) const OWN: &str = "7700000001";
const PAYMENTS: &str = "select count(*) from assurance.payment";
const MOVEMENTS: &str = "select count(*) from assurance.movement";
const IN_TRANSIT: &str =
    "select coalesce(sum(amount), 0) from assurance.ledger_entry where account_code like 'in_transit:%'";

/// Open cases, by kind.
async fn cases(house: &House) -> String {
    house
        .ask("select coalesce(string_agg(kind, ' ' order by kind), '') from assurance.kase where status <> 'closed'")
        .await
}

/// What each account of a kind stands at, as `code amount`.
async fn standing(house: &House, kind: &str) -> String {
    let sql = format!(
        "select coalesce(string_agg(code || ' ' || total, ', ' order by code), '') from (
             select e.account_code as code, sum(e.amount) as total from assurance.ledger_entry e
             join assurance.account a using (account_code) where a.kind = '{kind}' group by 1 having sum(e.amount) <> 0) s"
    );
    house.ask(&sql).await
}

fn count(statement: &Value, of: &str) -> i64 {
    statement[of].as_i64().unwrap()
}
