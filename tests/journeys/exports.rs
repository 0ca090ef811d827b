//! What a payer, a portal or a bank wrote is text in every export, whatever it looks like (F56): formulas of spreadsheets,
//! statements of SQL, markup, sequences of a terminal.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::House;
use tests::bank::ACCOUNT;
use tests::child;
use tests::files::today;
use tests::portal::{dossier, fresh};

const EVIL: &[&str] = &[
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://x.example\",\"y\")",
    "+84-1",
    "-2+3",
    "@SUM(1+1)*cmd",
    "＝1+1",
    "'; drop table payment; --",
    "' or '1'='1",
    "a\",\"=1+1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "$(reboot)`id`",
    "%00%0a=1",
    "{{7*7}}",
];

/// RFC 4180, read by its grammar and nothing else: records end in CRLF, a quote inside quotes is doubled.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = rest.next() {
        match (quoted, c) {
            (true, '"') if rest.peek() == Some(&'"') => field.extend(rest.next()),
            (true, '"') => quoted = false,
            (true, c) => field.push(c),
            (false, '"') if field.is_empty() => quoted = true,
            (false, ',') => record.push(std::mem::take(&mut field)),
            (false, '\r') => {
                assert_eq!(rest.next(), Some('\n'), "a record ends in CRLF");
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (false, c) => {
                assert!(c != '"' && c != '\n', "outside of quotes: {c:?}");
                field.push(c);
            }
        }
    }
    assert!(field.is_empty() && record.is_empty() && !quoted, "the last record has no end");
    records
}

/// What a spreadsheet takes for the beginning of a formula.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'])
}

/// Every text that its field takes, in each field that takes one; what is refused is no matter of exports.
async fn owes_evil(house: &House, evil: &str) -> Option<Value> {
    let short = |n: usize| evil.chars().take(n).collect::<String>();
    let payer = json!({"name": evil, "identity_kind": "none", "identity_number": short(32), "address": evil,
        "phone": short(20), "email": evil});
    let change = json!({"payer": payer, "description": evil, "procedure_name": evil, "procedure_code": evil,
        "fee_code": format!("{evil}{}", fresh()), "group_ref": evil, "relief_basis": evil, "service_code": evil,
        "agency_code": "=H38.17", "beneficiary_code": "H38.17-EVIL",
        "notice": {"number": evil, "payable_id": evil, "period": short(32)},
        "budget": {"chapter": short(16), "sub_item": short(16), "area": evil, "unit": short(32), "treasury": evil,
            "revenue_account": evil}});
    let answer = house
        .portal
        .put(&format!("/v1/obligations/evil-{}", fresh()), tests::portal::obligation(&dossier(), 1_000, change))
        .await;
    assert!(matches!(answer.status, 201 | 422), "{evil}: {}", answer.text);
    (answer.status == 201).then_some(answer.json)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_somebody_wrote_is_inert_text_in_every_report_table_and_page() {
    let house = House::with_bank().await;
    {
        use domain::beneficiary::{AccountKind, Beneficiary};
        let db = house.gateway.ctx.pool.get().await.unwrap();
        storage::beneficiaries::put_agency(&db, "=H38.17", "=1+1").await.unwrap();
        let beneficiary = Beneficiary {
            code: domain::codes::BeneficiaryCode::new("H38.17-EVIL").unwrap(),
            agency_code: "=H38.17".to_owned(),
            name: "=1+1".to_owned(),
            account_kind: AccountKind::Treasury,
            bank_bin: tests::bank::BIN.to_owned(),
            account_number: ACCOUNT.to_owned(),
            account_name: "=1+1".to_owned(),
        };
        storage::beneficiaries::put_beneficiary(&db, &beneficiary, jiff::Timestamp::now(), "test").await.unwrap();
        storage::profiles::put(&db, "vietqr_kb", "vietqr", &[tests::BENEFICIARY.to_owned(), "H38.17-EVIL".to_owned()])
            .await
            .unwrap();
    }
    let mut paid = 0;
    for evil in EVIL {
        let Some(fee) = owes_evil(&house, evil).await else { continue };
        let intent = house.portal.opens(&[&fee]).await;
        let page = house.http.get(intent["checkout_url"].as_str().unwrap()).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{page}");
        // the payer's own words before the reference, and a second transfer that names nothing
        let content = format!("{evil} {}", intent["reference"].as_str().unwrap());
        let how = json!({"account": ACCOUNT, "amount": 1_000, "content": content, "payer_name": evil});
        house.transfers_how(how).await;
        let lost = json!({"account": ACCOUNT, "amount": 1_001 + paid, "content": evil, "payer_name": evil});
        house.transfers_how(lost).await;
        assert_eq!(house.portal.intent(&intent).await["status"], "paid", "{evil}");
        paid += 1;
    }
    assert!(paid >= 10, "{paid}");
    house.imports("camt053_v8", &today().to_string()).await;
    house.drain().await;
    let day = today();
    let mut neutralised = BTreeMap::new();
    for report in ["transactions", "reconciliation", "suspense"] {
        let at = format!("/v1/reports/{report}?from={day}&to={day}");
        let json = house.staff.get(&at).await.expect(200);
        let url = format!("{}{at}&format=csv", house.staff.base);
        let csv = house.http.get(url).bearer_auth(&house.staff.key).send().await.unwrap();
        assert_eq!(csv.status(), 200);
        let csv = String::from_utf8(csv.bytes().await.unwrap().to_vec()).unwrap();
        let records = parse(csv.strip_prefix('\u{feff}').expect("a byte order mark"));
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(records.len(), rows.len() + 1, "{report}");
        assert!(!rows.is_empty(), "{report}");
        for (record, row) in records[1..].iter().zip(rows) {
            let values: Vec<&Value> = keys(report).iter().map(|key| &row[key.as_str()]).collect();
            assert_eq!(record.len(), values.len(), "{report}");
            for (cell, value) in record.iter().zip(values) {
                match value {
                    Value::Null => assert_eq!(cell, ""),
                    Value::Number(number) => assert_eq!(*cell, number.to_string(), "numbers are untouched"),
                    Value::String(text) if is_formula(text) => {
                        assert_eq!(*cell, format!("'{text}"), "{report}");
                        *neutralised.entry(report).or_insert(0) += 1;
                    }
                    // an instant stands in JSON as the wire has it, and in a spreadsheet as staff read the clock
                    Value::String(text) if text.ends_with('Z') && text.contains('T') => assert!(!is_formula(cell)),
                    Value::String(text) => assert_eq!(cell, text, "{report}"),
                    other => panic!("{other}"),
                }
            }
        }
        let args = ["report", report, "--from", &day.to_string(), "--to", &day.to_string()];
        let at = ["--url", &house.staff.base, "--key", &house.staff.key];
        let table = child::run(&Vec::new(), &[&args[..], &at].concat()).await;
        assert!(table.success, "{}", table.stderr);
        assert!(!table.stdout.chars().any(|c| c.is_control() && c != '\n'), "a terminal obeys: {:?}", table.stdout);
        assert_eq!(table.stdout.lines().filter(|l| !l.trim().is_empty()).count(), rows.len() + 3, "{}", table.stdout);
    }
    assert!(neutralised["transactions"] > 20, "{neutralised:?}");
    // what looks like SQL in a filter finds nothing and does nothing
    for filter in EVIL {
        let query: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        for name in ["agency", "channel"] {
            let at = format!("/v1/reports/transactions?from={day}&to={day}&{name}={query}");
            let answer = house.staff.get(&at).await;
            let none = answer.status == 200 && answer.json["rows"] == json!([]);
            assert!(none || answer.status == 400, "{at}: {}", answer.text);
        }
        let listed = house.portal.get(&format!("/v1/obligations?dossier_code={query}")).await;
        assert!(listed.status == 400 || listed.json["data"] == json!([]), "{filter}: {}", listed.text);
    }
    let cases = house.staff.get("/v1/cases").await.expect(200);
    assert!(!cases["data"].as_array().unwrap().is_empty());
    house.close().await;
}

/// The columns of a report, in the order of its records.
fn keys(report: &str) -> Vec<String> {
    let report = report.parse().unwrap();
    report_files::columns::heads(report).into_iter().map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn the_reader_of_records_knows_the_grammar() {
    assert_eq!(parse("a,\"b\"\"c\r\nd\",\r\n\"\",x\r\n"), [["a", "b\"c\r\nd", ""].to_vec(), ["", "x"].to_vec()]);
    assert!(std::panic::catch_unwind(|| parse("a\"b\r\n")).is_err());
    assert!(std::panic::catch_unwind(|| parse("a,b")).is_err());
}
