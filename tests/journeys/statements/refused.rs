//! A file is taken whole or not at all: whatever is wrong with it, it is refused within a second, with the place, and
//! nothing of it is left behind.

use super::OWN;
use reqwest::Body;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::bank::{ACCOUNT, BIN};
use tests::files::{account, camt, mt940, today};
use tests::portal::{Answered, fresh};
use tests::{House, Plan, rows};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the bank writes and how it is sent.
const FORMATS: [(&str, &str); 4] =
    [("camt053_v2", "auto"), ("camt053_v8", "camt053"), ("mt940", "mt940"), ("csv", "csv:synthetic-bank")];

/// A house with three transfers on the account, of which nobody told.
async fn house() -> House {
    let house = House::with_bank().await;
    house.tellers_are_lost().await;
    for (amount, content) in [(150_000, "Lê Văn Mẫu nộp phí"), (20_000, "CHUYEN TIEN"), (20_000, "CHUYEN TIEN")]
    {
        house.transfers(amount, content).await;
    }
    house
}

async fn of_today(house: &House, format: &str) -> Vec<u8> {
    house.bank_statement(ACCOUNT, format, &today().to_string()).await
}

async fn sent(house: &House, format: &str, bytes: Vec<u8>) -> Answered {
    let begun = Instant::now();
    let answer = house.sends_statement(&account(), format, bytes).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "refused after {:?}: {}", begun.elapsed(), answer.text);
    answer
}

/// The file is refused, and the refusal says in which line.
async fn refused(house: &House, format: &str, bytes: Vec<u8>) -> Value {
    let answer = sent(house, format, bytes).await;
    let body = answer.json.clone();
    assert_eq!(answer.refused(422), "file_refused", "{body}");
    assert!(body["line"].as_u64().is_some_and(|line| line > 0), "{body}");
    body
}

async fn is_as_before(house: &House, before: &BTreeMap<String, String>) {
    assert_eq!(&rows::digest(&house.database).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_ends_anywhere_too_early_leaves_nothing_behind() {
    let house = house().await;
    let before = rows::digest(&house.database).await;
    for (format, said) in FORMATS {
        let whole = of_today(&house, format).await;
        // the last bytes end a line or a page, and are no loss
        let spread = whole.len() - 12;
        for nth in 0..200 {
            let cut = whole[..spread * nth / 199].to_vec();
            let body = refused(&house, said, cut).await;
            assert!(said.starts_with("csv") || body["offset"].is_u64(), "{format} cut by {nth}/199: {body}");
        }
        is_as_before(&house, &before).await;
    }
    for (format, said) in FORMATS {
        let whole = of_today(&house, format).await;
        assert!(matches!(house.sends_statement(&account(), said, whole).await.status, 200 | 201), "{format}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_a_bank_can_do_is_refused_in_every_format() {
    let house = house().await;
    let before = rows::digest(&house.database).await;
    for (format, said) in FORMATS {
        for damage in ["truncate", "wrong_closing", "wrong_currency", "doctype"] {
            let base = &house.bank.as_ref().unwrap().url;
            let of = format!("account={ACCOUNT}&format={format}&date={}&damage={damage}", today());
            let answer = house.http.get(format!("{base}/_sim/bank/statement?{of}")).send().await.unwrap();
            if answer.status().is_success() {
                refused(&house, said, answer.bytes().await.unwrap().to_vec()).await;
            }
        }
    }
    is_as_before(&house, &before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encoding_or_a_layout_that_was_not_declared_is_refused() {
    let house = house().await;
    let before = rows::digest(&house.database).await;
    let csv = String::from_utf8(of_today(&house, "csv").await).unwrap();
    let plain = csv.trim_start_matches('\u{feff}');
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let marked = |bytes: Vec<u8>| [vec![0xFF, 0xFE], bytes].concat();
    for wrong in [
        plain.as_bytes().to_vec(),
        marked(utf_16(plain)),
        utf_16(plain),
        csv.replace("\",\"", "\";\"").into_bytes(),
        csv.replace("150,000", "150.000").into_bytes(),
        csv.replace("1,150,000", "1.150.000").into_bytes(),
        csv.replace("150,000", "1,50,000").into_bytes(),
        csv.replace("CHUYEN", "CHUY\0EN").into_bytes(),
        csv.replace("Số dư", "Số  dư").into_bytes(),
        Vec::new(),
    ] {
        refused(&house, "csv:synthetic-bank", wrong).await;
    }
    for format in ["camt053_v2", "mt940"] {
        let text = String::from_utf8(of_today(&house, format).await).unwrap();
        for wrong in [marked(utf_16(&text)), utf_16(&text), text.replace("CHUYEN", "CHUY\0EN").into_bytes(), Vec::new()]
        {
            refused(&house, "auto", wrong).await;
        }
    }
    is_as_before(&house, &before).await;
    house.close().await;
}

/// Entities that grow to gigabytes, an external one, and elements without end.
fn bombs() -> Vec<Vec<u8>> {
    let document = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">";
    let levels: String =
        (1..20).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let laughs = format!("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY l0 \"ha\">{levels}]>{document}&l19;</Document>");
    let external = format!("<!DOCTYPE d SYSTEM \"file:///etc/passwd\">{document}</Document>");
    let unknown = format!("{document}<BkToCstmrStmt>&xxe;</BkToCstmrStmt></Document>");
    let deep = format!("{document}{}", "<a>".repeat(200_000));
    let attribute = format!("<Document xmlns=\"{}\">", "u".repeat(4_000_000));
    [laughs, external, unknown, deep, attribute].into_iter().map(String::into_bytes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_is_refused_before_it_grows() {
    let house = House::with_bank().await;
    let before = rows::digest(&house.database).await;
    for bomb in bombs() {
        let body = refused(&house, "auto", bomb).await;
        assert!(body["offset"].is_u64(), "{body}");
        assert!(!body.to_string().contains("root:"), "{body}");
    }
    is_as_before(&house, &before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_statement_of_the_account_in_dong_is_refused() {
    let house = House::with_bank().await;
    let before = rows::digest(&house.database).await;
    let good = String::from_utf8(mt940(ACCOUNT, today(), 0, &[(1_000, "FT1", "A"), (2_000, "FT2", "B")])).unwrap();
    for of in ["9999999999999", &format!("970418/{ACCOUNT}"), &format!("BIDVVNVX/{ACCOUNT}")] {
        let other = good.replace(&format!(":25:{ACCOUNT}"), &format!(":25:{of}"));
        assert_eq!(sent(&house, "auto", other.into_bytes()).await.refused(422), "other_account");
    }
    let body = refused(&house, "auto", good.replace("VND", "USD").into_bytes()).await;
    assert!(body["detail"].as_str().unwrap().contains("VND"), "{body}");
    refused(&house, "auto", good.replace("VND3000,", "VND3001,").into_bytes()).await;
    refused(&house, "auto", good.replace("C1000,N", "C1000,50N").into_bytes()).await;
    refused(&house, "camt053", good.clone().into_bytes()).await;
    refused(&house, "auto", b"neither,one\r\nnor,the other\r\n".to_vec()).await;
    let interim = good.replace(":60F:", ":34F:").replace("C261125VND0,", "VND0,");
    let body = refused(&house, "auto", interim.into_bytes()).await;
    assert!(body["detail"].as_str().unwrap().contains("MT942"), "{body}");
    // two statements that do not follow each other
    let apart = [good.clone(), good.replace(":28C:1/1", ":28C:2/1")].concat();
    refused(&house, "auto", apart.into_bytes()).await;
    let said = sent(&house, "csv:no-such-bank", good.clone().into_bytes()).await;
    assert_eq!(said.refused(422), "layout_unknown");
    assert_eq!(sent(&house, "pdf", good.into_bytes()).await.status, 400);
    is_as_before(&house, &before).await;
    house.close().await;
}

/// A statement of the account in each form in which one names the bank that keeps it.
fn kept_by(bank: &str) -> [Vec<u8>; 4] {
    let lines = [(1_000, "FT1", "A")];
    let swift = String::from_utf8(mt940(OWN, today(), 0, &lines)).unwrap();
    let number = format!(":25:{OWN}");
    let xml = String::from_utf8(camt(OWN, today(), Some(0), &[(1_000, "FT1", &[(1_000, "A")])])).unwrap();
    let servicer = |form: &str| xml.replace("</Acct>", &format!("<Svcr><FinInstnId>{form}</FinInstnId></Svcr></Acct>"));
    [
        swift.replace(&number, &format!(":25:{bank}/{OWN}")),
        swift.replace(&number, &format!(":25P:{OWN}\r\n{bank}")),
        servicer(&format!("<BIC>{bank}</BIC>")),
        servicer(&format!("<BICFI>{bank}</BICFI>")),
    ]
    .map(String::into_bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_names_another_bank_is_of_another_account_and_an_unknown_one_says_nothing() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let code = format!("{BIN}.{OWN}");
    let before = rows::digest(&house.database).await;
    for bank in ["BIDVVNVX", "VBAAVNVXXXX", "ICBVVNVX120", "bidvvnvx", "Vbaavnvxxxx"] {
        for file in kept_by(bank) {
            assert_eq!(house.sends_statement(&code, "auto", file).await.refused(422), "other_account", "{bank}");
        }
    }
    is_as_before(&house, &before).await;
    for bank in ["BFTVVNVX", "BFTVVNVX034", "DEUTVNVX", "bftvvnvx", "Deutvnvx"] {
        for (nth, file) in kept_by(bank).into_iter().enumerate() {
            assert_eq!(house.sends_statement(&code, "auto", file).await.status, 201, "{bank} {nth}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_before_the_number_and_a_currency_behind_it_are_no_part_of_it() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let code = format!("{BIN}.{OWN}");
    let good = String::from_utf8(mt940(OWN, today(), 0, &[(1_000, "FT1", "A")])).unwrap();
    let named = |as_: &str| good.replace(&format!(":25:{OWN}"), &format!(":25:{as_}")).into_bytes();
    let before = rows::digest(&house.database).await;
    let (other, short) = (format!("970418/{OWN}VND"), &OWN[..OWN.len() - 1]);
    let foreign =
        [other, format!("970411/{OWN}"), format!("BIDVVNVX/{OWN}VND"), format!("{OWN}USD"), format!("{short}VND")];
    for name in &foreign {
        assert_eq!(house.sends_statement(&code, "auto", named(name)).await.refused(422), "other_account", "{name}");
    }
    is_as_before(&house, &before).await;
    let ours = [
        format!("999999/{OWN}"),
        format!("{BIN}/{OWN}"),
        format!("{OWN}VND"),
        format!("{OWN}/VND"),
        format!("{OWN} VND"),
        format!("BFTVVNVX/{OWN}VND"),
        format!("001/{OWN}"),
    ];
    for name in &ours {
        let answer = house.sends_statement(&code, "auto", named(name)).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_no_statement_and_a_statement_no_notification() {
    let house = house().await;
    let before = rows::digest(&house.database).await;
    refused(&house, "camt054", of_today(&house, "camt053_v8").await).await;
    refused(&house, "camt053", of_today(&house, "camt054_v8").await).await;
    is_as_before(&house, &before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_not_there_and_one_that_is_not_yours_answer_alike() {
    let house = House::with_bank().await;
    let file = mt940(ACCOUNT, today(), 0, &[(1_000, "FT1", "A")]);
    let to = format!("update person set beneficiaries = array['{}'] where code = 'ke-toan'", tests::OTHER_BENEFICIARY);
    house.ask(&to).await;
    let said = |answer: Answered| {
        let mut body = answer.json.clone();
        body["request_id"] = Value::Null;
        (answer.status, body)
    };
    let absent = said(house.sends_statement("970436.7777", "auto", file.clone()).await);
    assert_eq!(absent.0, 404);
    for name in ["x", "970436.0", "%00", "a%20b", ""] {
        assert_eq!(said(house.sends_statement(name, "auto", file.clone()).await).0 / 100, 4, "{name}");
    }
    let anothers = said(house.sends_statement(&account(), "auto", file).await);
    assert_eq!(anothers, absent);
    house.close().await;
}

/// A request by hand: what it says first, without its body.
async fn announced(house: &House, key: Option<&str>, headers: &str) -> String {
    let base = house.gateway.base_url();
    let mut wire = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let request = format!(
        "POST /v1/statements?account={} HTTP/1.1\r\nHost: gateway\r\nIdempotency-Key: k{}\r\n{key}{headers}\r\n\r\n",
        account(),
        fresh()
    );
    wire.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(5), wire.read(&mut answer)).await;
    String::from_utf8_lossy(&answer[..read.expect("an answer before the body").unwrap()]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_send_is_refused_before_the_body_is_read() {
    let house = House::with_bank().await;
    let before = rows::digest(&house.database).await;
    let large = "Content-Length: 1000000";
    assert!(announced(&house, None, large).await.starts_with("HTTP/1.1 401"));
    assert!(announced(&house, Some("mk_sandbox_nobody"), large).await.starts_with("HTTP/1.1 401"));
    assert!(announced(&house, Some(&house.portal.key), large).await.starts_with("HTTP/1.1 403"));
    let huge = format!("Content-Length: {}", 300 * 1024 * 1024);
    assert!(announced(&house, Some(&house.staff.key), &huge).await.starts_with("HTTP/1.1 413"));
    is_as_before(&house, &before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_ends_is_given_up() {
    let settings = vec![("MOTLAN_HTTP__FILE_TIMEOUT_MS", "300".to_owned())];
    let house = House::planned(Plan { with_bank: true, settings, ..Plan::default() }).await;
    let before = rows::digest(&house.database).await;
    let answer = announced(&house, Some(&house.staff.key), "Content-Length: 1000").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    is_as_before(&house, &before).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_good_for_one_file_of_one_account() {
    let house = House::with_bank().await;
    house.had_account(OWN).await;
    let file = mt940(OWN, today(), 0, &[(1_000, "FT1", "A")]);
    let path = format!("/v1/statements?account={BIN}.{OWN}&format=auto");
    let without = house.http.post(format!("{}{path}", house.staff.base)).bearer_auth(&house.staff.key);
    let without = Answered::of(without.body(Body::from(file.clone())).send().await.unwrap()).await;
    assert_eq!(without.refused(400), "idempotency_key_missing");
    let first = house.sends_file(&path, "one-key", file.clone()).await;
    let again = house.sends_file(&path, "one-key", file.clone()).await;
    assert_eq!((first.status, first.replayed, again.status, again.replayed), (201, false, 201, true));
    assert_eq!(first.text, again.text);
    let before = rows::digest(&house.database).await;
    let other_file = mt940(OWN, today(), 0, &[(1_001, "FT1", "A")]);
    assert_eq!(house.sends_file(&path, "one-key", other_file).await.refused(422), "idempotency_key_reused");
    let other_account = path.replace(OWN, ACCOUNT);
    assert_eq!(house.sends_file(&other_account, "one-key", file).await.refused(422), "idempotency_key_reused");
    is_as_before(&house, &before).await;
    // a file that was refused leaves its key free
    let cut = b":20:X\r\n:25:1".to_vec();
    assert_eq!(house.sends_file(&path, "another-key", cut).await.refused(422), "file_refused");
    let answer = house.sends_file(&path, "another-key", mt940(OWN, today(), 1_000, &[])).await;
    assert_eq!(answer.expect(201)["lines"], json!(0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_has_not_come_is_refused() {
    let house = house().await;
    let before = rows::digest(&house.database).await;
    let tomorrow = today().tomorrow().unwrap();
    let early = mt940(ACCOUNT, tomorrow, 1_000_000, &[(21_000, "FT1", "som")]);
    refused(&house, "mt940", early).await;
    is_as_before(&house, &before).await;
    house.close().await;
}
