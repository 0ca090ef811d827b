#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Bank};

/// What a statement says of one movement, in đồng; money out is negative.
#[derive(Clone, Debug, PartialEq)]
struct Movement {
    amount: i64,
    reversal: bool,
    reference: String,
    narrative: String,
    booked: String,
    value: String,
}

struct Read {
    opening: Option<i64>,
    closing: Option<i64>,
    movements: Vec<Movement>,
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

fn first<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    between(text, start, end).first().copied().unwrap_or_default()
}

fn camt(text: &str) -> Read {
    let amount = |text: &str| first(text, "<Amt Ccy=\"VND\">", "<").parse::<i64>().unwrap();
    let balances = between(text, "<Bal>", "</Bal>");
    let entries = between(text, "<Ntry>", "</Ntry>").into_iter().map(|entry| Movement {
        amount: if first(entry, "<CdtDbtInd>", "<") == "CRDT" { amount(entry) } else { -amount(entry) },
        reversal: entry.contains("<RvslInd>true"),
        reference: first(entry, "<AcctSvcrRef>", "<").to_owned(),
        narrative: between(entry, "<Ustrd>", "<")
            .concat()
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
        booked: first(entry, "<BookgDt><DtTm>", "+07:00<").to_owned(),
        value: first(entry, "<ValDt><Dt>", "<").to_owned(),
    });
    Read {
        opening: balances.first().map(|balance| amount(balance)),
        closing: balances.last().map(|balance| amount(balance)),
        movements: entries.collect(),
    }
}

fn mt940(text: &str) -> Read {
    let amount = |text: &str| text.split(',').next().unwrap().parse::<i64>().unwrap();
    let balance = |tag| amount(first(text, tag, "\r").split("VND").nth(1).unwrap());
    let entries = between(text, ":61:", "\r\n:6").into_iter().map(|entry| {
        let (line, rest) = entry.split_once("\r\n").unwrap_or((entry, ""));
        let mark: String = line[10..].chars().take_while(char::is_ascii_alphabetic).collect();
        let booked = amount(&line[10 + mark.len()..]);
        Movement {
            amount: if mark == "C" { booked } else { -booked },
            reversal: mark == "RC",
            reference: line.split_once("//").map_or("", |(_, reference)| reference).to_owned(),
            narrative: rest.trim_start_matches(":86:").replace("\r\n", ""),
            booked: format!("20{}-{}-{}", &line[..2], &line[6..8], &line[8..10]),
            value: format!("20{}-{}-{}", &line[..2], &line[2..4], &line[4..6]),
        }
    });
    Read { opening: Some(balance(":60F:")), closing: Some(balance(":62F:")), movements: entries.collect() }
}

fn csv(text: &str) -> Read {
    assert!(text.starts_with(
        "\u{feff}\"STT\",\"Ngày giao dịch\",\"Ngày hiệu lực\",\"Số tham chiếu\",\"Ghi nợ\",\"Ghi có\",\"Số dư\",\"Nội dung\"\r\n"
    ));
    let amount = |text: &str| text.replace(',', "").parse::<i64>().unwrap_or(0);
    let rows: Vec<Vec<String>> = text
        .trim_end()
        .split("\r\n")
        .skip(1)
        .map(|row| row[1..row.len() - 1].split("\",\"").map(|field| field.replace("\"\"", "\"")).collect())
        .collect();
    let (totals, rows) = rows.split_last().unwrap();
    let debits: i64 = rows.iter().map(|row| amount(&row[4])).sum();
    let credits: i64 = rows.iter().map(|row| amount(&row[5])).sum();
    assert_eq!((totals[3].as_str(), amount(&totals[4]), amount(&totals[5])), ("Cộng", debits, credits));
    let day = |text: &str| format!("{}-{}-{}", &text[6..10], &text[3..5], &text[..2]);
    let movements = rows.iter().map(|row| Movement {
        amount: amount(&row[5]) - amount(&row[4]),
        reversal: false,
        reference: row[3].clone(),
        narrative: row[7].clone(),
        booked: format!("{}T{}", day(&row[1]), &row[1][11..]),
        value: day(&row[2]),
    });
    let opening = rows.first().map_or(amount(&totals[6]), |row| amount(&row[6]) - amount(&row[5]) + amount(&row[4]));
    Read { opening: Some(opening), closing: Some(amount(&totals[6])), movements: movements.collect() }
}

async fn fetch(bank: &Bank, query: &str) -> String {
    let (status, body) = bank.get(&format!("/_sim/bank/statement?{query}"), "").await;
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{text}");
    text
}

async fn busy_day(bank: &Bank) -> Vec<Value> {
    bank.transfer(7000, "the day before", json!({"at": "2026-11-23T16:59:59Z"})).await;
    let long = "MBVCB.7018057206.704314.LC7K2M9QX4T nop phi.CT tu 0071001104999 NGUYEN VAN A toi 8630123456789 \
                SO TAI CHINH LAO CAI tai BIDV <&> \"x\" -- :: - : 0123456789 0123456789 0123456789";
    let mut booked = Vec::new();
    for (amount, content, more) in [
        (150_000, long, json!({"at": "2026-11-23T17:00:00Z"})),
        (2_350_000, "LCR6V8D3NCA", json!({"at": "2026-11-24T09:30:01Z", "mangle": "accents_kept"})),
        (99_000, "TRAN VAN C \"chuyen tien\"", json!({"at": "2026-11-24T02:00:00Z", "virtual_account": "96247LC01"})),
        (1_100, "PHI DICH VU", json!({"at": "2026-11-24T10:00:00Z", "direction": "out"})),
        (5_000, "", json!({"at": "2026-11-24T11:00:00Z", "reference": "REFERENCE-LONGER-THAN-SIXTEEN"})),
    ] {
        booked.push(bank.transfer(amount, content, more).await);
    }
    let body = json!({"account": ACCOUNT, "reference": booked[2]["reference"], "at": "2026-11-24T16:59:59Z"});
    booked.push(bank.done("/_sim/bank/reverse", body).await["transaction"].clone());
    bank.transfer(8000, "the day after", json!({"at": "2026-11-24T17:00:00Z"})).await;
    booked.sort_by_key(|entry| entry["booked_at"].as_str().unwrap().to_owned());
    booked
}

#[actix_web::test]
async fn every_format_tells_the_same_movements_and_ties_out() {
    let bank = Bank::with(json!([])).await;
    let truth = busy_day(&bank).await;
    type Reader = fn(&str) -> Read;
    let formats: [(&str, Reader); 6] = [
        ("camt053_v2", camt),
        ("camt053_v8", camt),
        ("camt054_v2", camt),
        ("camt054_v8", camt),
        ("mt940", mt940),
        ("csv", csv),
    ];
    for (format, read) in formats {
        let text = fetch(&bank, &format!("account={ACCOUNT}&format={format}&date=2026-11-24")).await;
        let read = read(&text);
        let sum: i64 = read.movements.iter().map(|movement| movement.amount).sum();
        if format.starts_with("camt054") {
            assert!(read.opening.is_none());
        } else {
            assert_eq!((read.opening, read.closing), (Some(10_007_000), Some(10_007_000 + sum)), "{format}");
        }
        assert_eq!(read.movements.len(), truth.len(), "{format}");
        for (movement, truth) in read.movements.iter().zip(&truth) {
            let amount = truth["amount"].as_i64().unwrap();
            assert_eq!(movement.amount, if truth["direction"] == "in" { amount } else { -amount }, "{format}");
            let reference = truth["reference"].as_str().unwrap();
            let reference = if format == "mt940" { reference.get(..16).unwrap_or(reference) } else { reference };
            assert_eq!(movement.reference, reference, "{format}");
            assert_eq!(movement.reversal, !truth["reversal_of"].is_null() && format != "csv", "{format}");
            if format != "mt940" {
                assert_eq!(movement.narrative, truth["content"], "{format}");
            }
            assert!(movement.booked.starts_with("2026-11-24"), "{format} {movement:?}");
        }
        if format == "mt940" {
            assert!(read.movements[0].narrative.contains(".LC7K2M9QX4T nop phi.CT tu 0071001104999 NGUYEN VAN A toi"));
            let longest = text.split("\r\n").map(|line| line.trim_start_matches(":86:").len()).max();
            assert!(longest <= Some(65) && text.is_ascii(), "{text}");
        }
    }
}

#[actix_web::test]
async fn value_dates_differ_as_in_life() {
    let bank = Bank::with(json!([])).await;
    // A Friday: before and after 16:30 in Hanoi; then a Saturday.
    for at in ["2026-11-27T09:30:00Z", "2026-11-27T09:30:01Z", "2026-11-28T02:00:00Z"] {
        bank.transfer(1000, "x", json!({"at": at})).await;
    }
    let query = |format: &str| format!("account={ACCOUNT}&format={format}&from=2026-11-27&to=2026-11-28");
    let values = |read: Read| read.movements.iter().map(|movement| movement.value.clone()).collect::<Vec<_>>();
    let booked = ["2026-11-27", "2026-11-27", "2026-11-28"];
    assert_eq!(values(camt(&fetch(&bank, &query("camt053_v8")).await)), ["2026-11-27", "2026-11-30", "2026-11-30"]);
    assert_eq!(values(mt940(&fetch(&bank, &query("mt940")).await)), booked);
    assert_eq!(values(csv(&fetch(&bank, &query("csv")).await)), booked);
}

#[actix_web::test]
async fn days_chain_and_are_numbered() {
    let bank = Bank::with(json!([])).await;
    busy_day(&bank).await;
    let text = fetch(&bank, &format!("account={ACCOUNT}&format=mt940&from=2026-11-22&to=2026-11-26")).await;
    let balances = |tag| between(&text, tag, "\r").iter().map(|at| at[10..].to_owned()).collect::<Vec<_>>();
    let (opening, closing) = (balances(":60F:"), balances(":62F:"));
    assert_eq!(opening.len(), 5);
    assert_eq!(opening[1..], closing[..4]);
    let numbers: Vec<u32> = between(&text, ":28C:", "/").iter().map(|number| number.parse::<u32>().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let text = fetch(&bank, &format!("account={ACCOUNT}&format=camt053_v2&from=2026-11-22&to=2026-11-26")).await;
    let sequences: Vec<u32> =
        between(&text, "<ElctrncSeqNb>", "<").iter().map(|number| number.parse::<u32>().unwrap()).collect();
    assert_eq!(sequences, numbers);
    for query in
        ["date=2019-12-31", "from=2026-11-02&to=2026-11-01", "date=2026-11-01&from=2026-11-01", "to=2026-11-01"]
    {
        let path = format!("/_sim/bank/statement?account={ACCOUNT}&format=csv&{query}");
        assert_eq!(bank.get(&path, "").await.0, 400, "{query}");
    }
}

#[actix_web::test]
async fn an_account_may_have_no_reference_in_mt940() {
    let bank = Bank::with(json!([])).await;
    bank.done("/_sim/bank/accounts", json!({"number": ACCOUNT, "mt940_reference": "none"})).await;
    bank.transfer(1000, "x", json!({"at": "2026-11-24T03:00:00Z"})).await;
    let text = fetch(&bank, &format!("account={ACCOUNT}&format=mt940&date=2026-11-24")).await;
    assert!(text.contains(":61:2611241124C1000,00NTRFNONREF\r\n"), "{text}");
}

#[actix_web::test]
async fn damaged_statements() {
    let bank = Bank::with(json!([])).await;
    busy_day(&bank).await;
    let query = |format: &str, damage: &str| format!("account={ACCOUNT}&format={format}&date=2026-11-24{damage}");
    for format in ["camt053_v2", "camt053_v8", "camt054_v2", "camt054_v8", "mt940", "csv"] {
        let whole = fetch(&bank, &query(format, "")).await;
        for damage in ["truncate", "wrong_closing", "wrong_currency", "other_account", "doctype"] {
            let path = format!("/_sim/bank/statement?{}", query(format, &format!("&damage={damage}")));
            let (status, body) = bank.get(&path, "").await;
            let no_place = match damage {
                "wrong_closing" => format.starts_with("camt054"),
                "wrong_currency" | "other_account" => format == "csv",
                "doctype" => !format.starts_with("camt"),
                _ => false,
            };
            assert_eq!(status, if no_place { 400 } else { 200 }, "{format} {damage}");
            assert_ne!(body, whole.as_bytes(), "{format} {damage}");
        }
    }
    let text = fetch(&bank, &query("camt053_v2", "&damage=wrong_closing")).await;
    let read = camt(&text);
    let sum: i64 = read.movements.iter().map(|movement| movement.amount).sum();
    assert_eq!(read.closing.unwrap(), read.opening.unwrap() + sum + 1000);
}
