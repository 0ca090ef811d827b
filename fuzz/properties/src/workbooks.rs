//! Workbooks: a settlement file in one ties out, whatever its archive or its sheet is made of.

use crate::changes::{changed, cut};
use crate::files::{built_in, settled};
use statement::{MAX_ROWS, ReadError, SettlementProfile, read_settlement};
use std::io::{Cursor, Write as _};
use std::sync::LazyLock;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

static PROFILE: LazyLock<SettlementProfile> =
    LazyLock::new(|| SettlementProfile::from_toml(built_in("vnpay-settlement")).expect("a profile"));

/// All of a workbook but its sheet: shared texts, and the styles of a time (1) and a day (2).
const PARTS: [(&str, &str); 5] = [
    (
        "_rels/.rels",
        "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
    ),
    (
        "xl/workbook.xml",
        "<workbook xmlns:r=\"r\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"sheet.xml\"/>\
         <Relationship Id=\"b\" Type=\"x/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"c\" Type=\"x/sharedStrings\" Target=\"texts.xml\"/></Relationships>",
    ),
    (
        "xl/styles.xml",
        "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>",
    ),
    ("xl/texts.xml", include_str!("../profiles/texts.xml")),
];

/// An archive as it is; anything else as the sheet of one.
pub fn check(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"PK") {
        return archive(bytes);
    }
    let Ok(file) = read(&around(bytes)) else { return false };
    for part in cut(bytes) {
        if let Ok(part) = read_settlement(&around(part), &PROFILE) {
            assert_eq!(part.rows, file.rows, "a sheet that was cut off");
        }
    }
    true
}

fn archive(bytes: &[u8]) -> bool {
    let Ok(file) = read(bytes) else { return false };
    for other in changed(bytes) {
        if let Ok(other) = read_settlement(&other, &PROFILE) {
            assert_eq!(other.rows, file.rows, "a changed byte");
        }
    }
    true
}

fn read(bytes: &[u8]) -> Result<statement::SettlementFile, ReadError> {
    settled(bytes, &PROFILE).inspect_err(|error| assert!((1..=MAX_ROWS).contains(&error.at.line), "{error}"))
}

fn around(sheet: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let parts = PARTS.iter().map(|(name, text)| (*name, text.as_bytes())).chain([("xl/sheet.xml", sheet)]);
    for (name, bytes) in parts {
        writer.start_file(name, options).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}
