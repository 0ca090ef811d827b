//! What the dossier system heard: every event of this run, signed, once, in the order of its stream, without a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::story::gateway::text;
use crate::story::paper::{Table, dong, say};
use crate::story::stage::{Story, until};
use crate::story::stop::Stop;

const PATIENCE: Duration = Duration::from_secs(90);

/// Arrivals by stream, in the order in which they came.
type Streams = BTreeMap<String, Vec<Value>>;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let endpoint = story.endpoint.as_ref();
    let premise = || Stop::Premise("không có điểm nhận sự kiện (there is no endpoint)".to_owned());
    let (id, name) = endpoint.map(|e| (e.id.clone(), e.name.clone())).ok_or_else(premise)?;
    let subjects = subjects(story);
    let expected = expected(story).await?;
    let mut known = (0, 0);
    until(PATIENCE, async || {
        // receipts first: each that is made tells of itself
        let receipts = story.books()?.receipts_to_come(&story.cast.ids()).await?;
        let events = story.books()?.events(&subjects, &id).await?;
        known = (events.len(), events.iter().filter(|event| event.delivery == "delivered").count());
        Ok((receipts == 0 && known.0 == known.1 && known.0 >= expected.len()).then_some(()))
    })
    .await?;
    let (all, delivered) = known;
    story.tally.check(
        all == delivered && all >= expected.len(),
        format_args!("{delivered}/{all} sự kiện của lượt này đã giao (ít nhất {} phải có)", expected.len()),
        "every event of this run has been delivered",
    );
    let records = story.dossier.received(&name).await?;
    let streams = by_stream(records, &subjects);
    show(&streams);
    judge(story, &streams, &expected, &id, &subjects).await
}

/// Streams are dossiers and intents; each stream's name ends with its subject.
fn subjects(story: &Story) -> Vec<String> {
    story.cast.dossiers.iter().cloned().chain(story.intents.iter().map(|intent| intent.id.clone())).collect()
}

/// What must have been said at least: of whatever is paid now, that it is. As (type, subject's id).
async fn expected(story: &Story) -> Result<BTreeSet<(String, String)>, Stop> {
    let mut expected = BTreeSet::new();
    for id in story.cast.ids() {
        let seen = story.api.get(&format!("/v1/obligations/{id}")).await?.must_be(200)?.body;
        if text(&seen, "status")? == "paid" {
            expected.insert(("obligation.paid".to_owned(), id));
        }
    }
    for intent in &story.intents {
        let seen = story.api.get(&format!("/v1/payment-intents/{}", intent.id)).await?.must_be(200)?.body;
        if text(&seen, "status")? == "paid" {
            expected.insert(("payment_intent.paid".to_owned(), intent.id.clone()));
        }
    }
    Ok(expected)
}

fn by_stream(records: Vec<Value>, subjects: &[String]) -> Streams {
    let mut streams = Streams::new();
    for record in records {
        let Some(stream) = record["stream"].as_str().map(str::to_owned) else { continue };
        if subjects.iter().any(|subject| stream.ends_with(subject.as_str())) {
            streams.entry(stream).or_default().push(record);
        }
    }
    streams
}

fn show(streams: &Streams) {
    let mut table = Table::new(&["Luồng (stream)", ">Số", "Loại (type)", "Hồ sơ", ">Số tiền", "Ghi nhận"]);
    for (stream, records) in streams {
        for record in records {
            let cell = |field: &str| record[field].as_str().unwrap_or("—").to_owned();
            let taken = if record["applied"] == true { "một lần" } else { "bỏ qua" };
            table.row([
                stream.clone(),
                record["sequence"].to_string(),
                cell("type"),
                cell("dossier_code"),
                record["amount"].as_i64().map_or_else(|| "—".to_owned(), dong),
                taken.to_owned(),
            ]);
        }
    }
    say("    Hệ thống hồ sơ đã nhận (what the dossier system received):");
    table.show();
}

async fn judge(
    story: &mut Story,
    streams: &Streams,
    expected: &BTreeSet<(String, String)>,
    endpoint: &str,
    subjects: &[String],
) -> Result<(), Stop> {
    let records: Vec<&Value> = streams.values().flatten().collect();
    let signed = records.iter().all(|record| record["refused"].is_null());
    story.tally.check(
        signed && !records.is_empty(),
        format_args!("chữ ký của cả {} lượt nhận đều đúng", records.len()),
        "the stub verified every signature",
    );
    let applied = applied_ids(&records);
    let sent: BTreeSet<String> =
        story.books()?.events(subjects, endpoint).await?.into_iter().map(|event| event.id).collect();
    let once = applied.values().all(|times| *times == 1);
    story.tally.check(
        once && sent.iter().eq(applied.keys()),
        format_args!("{} sự kiện, mỗi sự kiện được ghi nhận đúng một lần", applied.len()),
        "each event was applied exactly once, and none beside them",
    );
    let whole = streams.values().all(|records| in_order_without_gap(records));
    story.tally.check(
        whole && !streams.is_empty(),
        format_args!("{} luồng: đúng thứ tự 1, 2, 3 …, không thiếu", streams.len()),
        "every stream came in order and without a gap",
    );
    let missing = expected.iter().filter(|(kind, id)| !records.iter().any(|r| says(r, kind, id))).count();
    story.tally.check(
        missing == 0,
        format_args!("mọi khoản đã nộp đều được báo: {} báo, thiếu {missing}", expected.len() - missing),
        "whatever is paid was told",
    );
    Ok(())
}

fn applied_ids(records: &[&Value]) -> BTreeMap<String, usize> {
    let mut applied = BTreeMap::new();
    for record in records.iter().filter(|record| record["applied"] == true) {
        *applied.entry(record["id"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    applied
}

/// The sequences that took effect, in order of arrival, are 1, 2, 3 …, and the stub missed none.
fn in_order_without_gap(records: &[Value]) -> bool {
    let applied = records.iter().filter(|record| record["applied"] == true);
    applied.zip(1_u64..).all(|(record, wanted)| record["sequence"].as_u64() == Some(wanted) && record["gap"] == false)
}

fn says(record: &Value, kind: &str, id: &str) -> bool {
    let body: Value = record["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    record["applied"] == true && record["type"].as_str() == Some(kind) && body["data"]["id"].as_str() == Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(sequence: u64, applied: bool, gap: bool) -> Value {
        json!({"id": format!("evt_{sequence}"), "stream": "dossier:A", "sequence": sequence, "applied": applied,
            "gap": gap})
    }

    #[test]
    fn a_repeated_arrival_that_was_ignored_breaks_no_order() {
        assert!(in_order_without_gap(&[record(1, true, false), record(1, false, false), record(2, true, false)]));
        assert!(!in_order_without_gap(&[record(2, true, true)]));
        assert!(!in_order_without_gap(&[record(1, true, false), record(3, true, true)]));
    }

    #[test]
    fn only_streams_of_this_run_are_looked_at() {
        let records = vec![
            json!({"stream": "dossier:H38.17-261125-0007", "sequence": 1}),
            json!({"stream": "intent:pi_1", "sequence": 1}),
            json!({"stream": "dossier:H38.17-261125-0008", "sequence": 9}),
            json!({"stream": null}),
        ];
        let streams = by_stream(records, &["H38.17-261125-0007".to_owned(), "pi_1".to_owned()]);
        assert_eq!(streams.keys().collect::<Vec<_>>(), ["dossier:H38.17-261125-0007", "intent:pi_1"]);
    }
}
