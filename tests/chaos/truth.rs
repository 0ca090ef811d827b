//! The other sides' logs and the callers' diary against the books, in SQL over the `assurance` views: what each check says
//! stands at the head of its file, and each row that it returns is a difference.

use crate::stage::Stage;
use crate::tally::{self, Tally};
use std::path::Path;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Lines for one insert.
const AT_ONCE: usize = 2_000;

const LINES: &str = include_str!("truth/lines.sql");
const WORDS: &str = include_str!("truth/words.sql");
const CHECKS: [(&str, &str); 21] = [
    ("I06", include_str!("truth/paid_once.sql")),
    ("I08", include_str!("truth/captures_booked.sql")),
    ("I08", include_str!("truth/credits_booked.sql")),
    ("I08", include_str!("truth/expected.sql")),
    ("I09", include_str!("truth/nothing_invented.sql")),
    ("I10", include_str!("truth/confirmed_kept.sql")),
    ("I11", include_str!("truth/forged_without_effect.sql")),
    ("I15", include_str!("truth/all_delivered.sql")),
    ("I16", include_str!("truth/delivered_there.sql")),
    ("I17", include_str!("truth/applied_once.sql")),
    ("I18", include_str!("truth/both_sides_agree.sql")),
    ("I19", include_str!("truth/same_answer.sql")),
    ("I20", include_str!("truth/told_and_there.sql")),
    ("I26", include_str!("truth/refunded_once.sql")),
    ("I31", include_str!("truth/movements.sql")),
    ("I33", include_str!("truth/accounts.sql")),
    ("I36", include_str!("truth/bills_told.sql")),
    ("I36", include_str!("truth/bills_kept.sql")),
    ("I37", include_str!("truth/desk.sql")),
    ("N3", include_str!("truth/answers_in_time.sql")),
    ("N3", include_str!("truth/calls_understood.sql")),
];

/// What happened by the other sides' own word.
const COUNTS: [(&str, &str); 6] = [
    (tally::CAPTURES, "truth.money"),
    (tally::REPEATED, "truth.call where kind = 'repeat'"),
    (tally::LOST, "truth.call where verdict = 'dropped'"),
    (tally::FORGED, "truth.call where kind like 'forged%'"),
    (tally::CALLS_KEPT, "truth.call where verdict in ('confirmed', 'heard')"),
    (tally::EVENTS, "truth.received where applied"),
];

/// Loads the logs, asks every check, prints the answers; each difference is wrong.
pub async fn compare(stage: &Stage, diary: &Path, tally: &Tally) {
    let client = stage.database.connect(embedded::SUPERUSER).await;
    client.batch_execute(LINES).await.unwrap();
    for (source, simulator) in &stage.simulators {
        load(&client, source, &simulator.log).await;
    }
    load(&client, "caller", diary).await;
    client.batch_execute(WORDS).await.unwrap();
    for (what, sql) in COUNTS {
        let n: i64 = client.query_one(&format!("select count(*) from {sql}"), &[]).await.unwrap().get(0);
        tally.add(what, u64::try_from(n).unwrap());
    }
    for (counts, by_channel) in [(&tally::PAID_BY[..], "truth.money"), (&tally::REFUNDED_BY[..], "truth.refund")] {
        for (channel, what) in counts {
            let sql = format!("select count(*) from {by_channel} where channel = $1");
            let n: i64 = client.query_one(&sql, &[channel]).await.unwrap().get(0);
            tally.add(what, u64::try_from(n).unwrap());
        }
    }
    println!("\nthe books against the other sides");
    for (number, sql) in CHECKS {
        let says = sql.lines().take_while(|line| line.starts_with("-- ")).map(|line| &line[3..]);
        let says = says.collect::<Vec<_>>().join(" ");
        let rows = rows(&client, sql).await;
        println!("{number:4} {:6}  {says}", if rows.is_empty() { "holds" } else { "BROKEN" });
        for row in &rows {
            println!("             {row}");
            tally.wrong(format!("{number}: {row}"));
        }
    }
}

async fn load(client: &Client, source: &str, path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    // a line that is half written was told to nobody
    let lines: Vec<&str> =
        text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).collect();
    for some in lines.chunks(AT_ONCE) {
        let some: Vec<String> = some.iter().map(|line| line.replace("\\u0000", "")).collect();
        let sql = "insert into truth.line (source, line) select $1, l::jsonb from unnest($2::text[]) with ordinality as u(l, n) order by n";
        client.execute(sql, &[&source, &some]).await.unwrap();
    }
}

async fn rows(client: &Client, sql: &str) -> Vec<String> {
    let answer = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
    let text = |row: &tokio_postgres::SimpleQueryRow| {
        let cell = |at: usize| row.get(at).unwrap_or("nothing").to_owned();
        (0..row.len()).map(cell).collect::<Vec<_>>().join(": ")
    };
    let row =
        |message: &SimpleQueryMessage| if let SimpleQueryMessage::Row(row) = message { Some(text(row)) } else { None };
    answer.iter().filter_map(row).take(100).collect()
}
