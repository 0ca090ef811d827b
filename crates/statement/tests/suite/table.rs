//! CSV by profile: what fits is read, what does not is refused with its line.

use crate::own;
use statement::{Format, Profile, ReadError, Reason, Statement};

pub const PROFILE: &str = r#"{
    "delimiter": ",",
    "encoding": "utf-8-bom",
    "account": "8630123456789",
    "currency": "VND",
    "columns": {
        "booking_date": { "header": "Ngày hiệu lực", "format": "%d/%m/%Y" },
        "value_date": { "header": "Ngày giao dịch", "format": "%d/%m/%Y %H:%M:%S" },
        "bank_ref": "Số tham chiếu",
        "text": "Nội dung",
        "balance": "Số dư"
    },
    "amounts": { "columns": { "credit": "Ghi có", "debit": "Ghi nợ" } },
    "numbers": { "grouping": ",", "decimal": "." },
    "totals": { "header": "Số tham chiếu", "marker": "Cộng" }
}"#;

fn profile() -> Profile {
    serde_json::from_str(PROFILE).unwrap()
}

/// The export with the one amount that its format does not allow put right.
pub fn mended_export() -> Vec<u8> {
    let text = String::from_utf8(own("bank-export.csv")).unwrap();
    assert_eq!(text.matches("\"150.000\"").count(), 1);
    text.replace("\"150.000\"", "\"150,000\"").into_bytes()
}

fn read(text: &str, profile: &Profile) -> Result<Statement, ReadError> {
    statement::read(text.as_bytes(), Format::Csv(profile)).map(|mut file| file.statements.remove(0))
}

fn small(toml: &str) -> Profile {
    let base = r#"
        delimiter = ";"
        encoding = "utf-8"
        currency = "VND"
        account = "123"
        columns.booking_date = { header = "Ngày", format = "%d/%m/%Y" }
        columns.text = "Nội dung"
        numbers.grouping = "."
    "#;
    toml::from_str(&format!("{base}\n{toml}")).unwrap()
}

const SIGNED: &str = "amounts.signed = \"Số tiền\"";

/// `150.000` among amounts like `2,350,000` is a trap: read as a decimal it is 150 đồng.
#[test]
fn the_trap_in_the_export_is_refused_with_its_line() {
    let error = statement::read(&own("bank-export.csv"), Format::Csv(&profile())).unwrap_err();
    assert_eq!((error.at.line, error.reason), (4, Reason::Unfit("the credit".to_owned())));
}

#[test]
fn a_profile_is_data_in_toml_or_json_and_knows_no_other_key() {
    let toml = small("amounts.columns = { credit = \"Có\", debit = \"Nợ\" }\norder = \"newest_first\"");
    assert_eq!(toml.order, statement::Order::NewestFirst);
    for (key, bad) in [
        ("\"utf-8-bom\"", "\"tcvn3\""),
        ("\"delimiter\": \",\"", "\"delimiter\": \",\", \"guess\": true"),
        ("\"text\"", "\"narrative\""),
    ] {
        let text = PROFILE.replace(key, bad);
        assert_ne!(text, PROFILE);
        assert!(serde_json::from_str::<Profile>(&text).is_err(), "{bad}");
    }
}

#[test]
fn a_profile_that_contradicts_itself_reads_nothing() {
    let spoil: [fn(&mut Profile); 6] = [
        |p| p.currency = "đồng".to_owned(),
        |p| p.delimiter = '"',
        |p| p.numbers.decimal = p.numbers.grouping,
        |p| p.numbers.decimal = Some('-'),
        |p| p.columns.account = Some("Số tham chiếu".to_owned()),
        |p| p.columns.value_date.as_mut().unwrap().format = "dd/MM/yyyy".to_owned(),
    ];
    for (i, spoil) in spoil.iter().enumerate() {
        let mut profile = profile();
        spoil(&mut profile);
        let error = statement::read(&mended_export(), Format::Csv(&profile)).unwrap_err();
        assert!(matches!(error.reason, Reason::Profile(_)), "{i}: {error}");
    }
}

#[test]
fn each_cell_that_does_not_fit_is_refused_with_its_line() {
    let good = String::from_utf8(mended_export()).unwrap();
    let cases = [
        ("24/11/2026 14:10:01", "11/24/2026 14:10:01", 3, "the value date does not fit its format"),
        ("24/11/2026 14:10:01", "24/11/2026", 3, "the value date does not fit its format"),
        ("\"2,350,000\"", "\"2.350.000\"", 3, "the credit does not fit its format"),
        ("\"2,350,000\"", "\"2,350,000.50\"", 3, "the credit does not fit its format"),
        ("\"2,350,000\"", "\"23,50,000\"", 3, "the credit does not fit its format"),
        ("\"2,350,000\"", "\"-2,350,000\"", 3, "the credit does not fit its format"),
        ("\"2,350,000\"", "\"2,350,000 VND\"", 3, "the credit does not fit its format"),
        ("\"2,350,000\"", "\"\"", 3, "the amount is missing"),
        ("\"\",\"2,350,000\"", "\"1\",\"2,350,000\"", 3, "a credit beside a debit is not expected here"),
        (
            "\"2,350,000\"",
            "\"2,350,001\"",
            3,
            "opening balance and lines give 12500001 VND, the closing balance says 12500000 VND",
        ),
        ("\"12,500,000\"", "\"\"", 3, "the balance does not fit its format"),
        ("\"12,500,000\",", "", 3, "the number of cells does not fit its format"),
        ("\"250,100\"", "\"250,101\"", 10, "a total of the file does not agree with its lines: debits"),
        ("\"2,749,000\"", "\"2,749,001\"", 10, "a total of the file does not agree with its lines: credits"),
        ("\"Cộng\"", "\"Tổng\"", 10, "the balance"),
        ("\"Số dư\"", "\"Dư\"", 1, "column Số dư is missing"),
        ("\"Số dư\"", "\"Ghi có\"", 1, "column Ghi có appears twice"),
        ("TRAN VAN C \"\"", "TRAN VAN C \"", 6, "not well formed: text after a closing quote"),
        ("PHI DICH VU", "PHI\0DICH VU", 8, "encoding: a control character"),
        ("\u{feff}", "", 1, "encoding: no byte order mark, but one is declared"),
    ];
    for (from, to, line, why) in cases {
        assert!(good.contains(from), "{from}");
        let error = read(&good.replacen(from, to, 1), &profile()).unwrap_err();
        let told = error.reason.to_string();
        if from == "\"Cộng\"" {
            // Without its marker the totals row is a row like any other, and does not fit as one.
            assert_eq!(error.at.line, line, "{told}");
            continue;
        }
        assert_eq!((error.at.line, told.as_str()), (line, why), "{from} -> {to}");
    }
}

#[test]
fn a_totals_row_that_is_declared_must_come_and_be_the_last() {
    let good = String::from_utf8(mended_export()).unwrap();
    let start = good.find("\"\",\"\",\"\",\"Cộng\"").unwrap();
    let error = read(&good[..start], &profile()).unwrap_err();
    assert_eq!(error.reason, Reason::Missing("the totals row".to_owned()));
    let row = good.lines().nth(1).unwrap();
    let error = read(&format!("{good}{row}\r\n"), &profile()).unwrap_err();
    assert_eq!((error.at.line, error.reason), (11, Reason::Unexpected("a row after the totals".to_owned())));
}

#[test]
fn each_encoding_is_read_as_declared() {
    let text = "Ngày;Số tiền;Nội dung\r\n24/11/2026;-1.500;Nguyễn Văn Đặng nộp phí\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let windows = b"Ng\xE0y;S\xF4\xEC ti\xEA\xCCn;N\xF4\xF2i dung\r\n24/11/2026;-1.500;Nguy\xEA\xDEn V\xE3n \xD0\xE3\xF2ng n\xF4\xF2p ph\xED\r\n";
    let files: [(&str, Vec<u8>); 5] = [
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8-bom", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("utf-16le", utf16.clone()),
        ("utf-16le", [b"\xFF\xFE".to_vec(), utf16].concat()),
        ("windows-1258", windows.to_vec()),
    ];
    for (encoding, bytes) in files {
        let mut profile = small(SIGNED);
        profile.encoding = serde_json::from_value(encoding.into()).unwrap();
        let file = statement::read(&bytes, Format::Csv(&profile)).unwrap_or_else(|e| panic!("{encoding}: {e}"));
        let line = &file.statements[0].lines[0];
        assert_eq!((line.amount.minor, line.text.as_str()), (-1500, "Nguyễn Văn Đặng nộp phí"), "{encoding}");
        // Read as another encoding it is refused, never misread.
        for other in ["utf-8", "utf-8-bom", "utf-16le", "windows-1258"] {
            if other != encoding {
                profile.encoding = serde_json::from_value(other.into()).unwrap();
                assert!(statement::read(&bytes, Format::Csv(&profile)).is_err(), "{encoding} read as {other}");
            }
        }
    }
}

#[test]
fn newest_first_is_followed_backwards_and_a_letterhead_is_skipped() {
    let text = "NGÂN HÀNG\nSao kê\nNgày;Số tiền;Nội dung;Dư\n25/11/2026;-50;b;150\n24/11/2026;100;a;200\n";
    let mut profile =
        small(&format!("{SIGNED}\ncolumns.balance = \"Dư\"\norder = \"newest_first\"\npreamble_lines = 2"));
    let statement = read(text, &profile).unwrap();
    assert_eq!(statement.opening.map(|b| b.amount.minor), Some(100));
    assert_eq!(statement.closing.map(|b| b.amount.minor), Some(150));
    assert_eq!(statement.lines[0].text, "b");
    let error = read(&text.replace("-50", "-51"), &profile).unwrap_err();
    assert_eq!(error.at.line, 4);
    profile.order = statement::Order::OldestFirst;
    assert_eq!(read(text, &profile).unwrap_err().at.line, 5);
}

#[test]
fn a_signed_column_ties_with_its_total_and_an_account_column_is_one_account() {
    let text = "Ngày;TK;Số tiền;Nội dung\n24/11/2026;77;+100;a\n24/11/2026;77;-30;b\n;;70;Cộng\n";
    let mut profile =
        small(&format!("{SIGNED}\ncolumns.account = \"TK\"\ntotals = {{ header = \"Nội dung\", marker = \"Cộng\" }}"));
    profile.account = None;
    let statement = read(text, &profile).unwrap();
    assert_eq!((statement.account.as_str(), statement.lines.len(), statement.opening), ("77", 2, None));
    assert_eq!(read(&text.replace("70;", "71;"), &profile).unwrap_err().at.line, 4);
    assert_eq!(read(&text.replace("77;-30", "78;-30"), &profile).unwrap_err().at.line, 3);
}
