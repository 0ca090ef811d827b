//! A file that was cut anywhere is refused, with a place that is still in it (F45, I30).

use crate::own;
use crate::table::{PROFILE, mended_export};
use statement::{Format, Profile};

/// The bytes up to the last that is not blank: what a cut must not lose.
fn content(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_end()
}

fn refused(bytes: &[u8], cut: usize, format: Format<'_>, name: &str) {
    let part = &bytes[..cut];
    let error = statement::read(part, format).err().unwrap_or_else(|| panic!("{name} cut at {cut} was read"));
    let lines = 1 + part.iter().filter(|b| **b == b'\n').count();
    assert!((1..=lines).contains(&error.at.line), "{name} cut at {cut}: {error}");
    assert!(error.at.byte.is_none_or(|byte| byte <= cut), "{name} cut at {cut}: {error}");
}

#[test]
fn a_file_cut_at_each_of_200_places_is_refused() {
    let profile: Profile = serde_json::from_str(PROFILE).unwrap();
    let mut files: Vec<(&str, Vec<u8>, Format<'_>)> = [
        "bidv-like.camt.053.001.02.xml",
        "bidv-like.camt.053.001.08.xml",
        "bidv-like.camt.054.001.02.xml",
        "bidv-like.camt.054.001.08.xml",
    ]
    .map(|name| (name, own(name), Format::Camt))
    .into();
    files.push(("bidv-like.mt940", own("bidv-like.mt940"), Format::Mt940));
    files.push(("bank-export.csv", mended_export(), Format::Csv(&profile)));
    for (name, bytes, format) in files {
        assert!(statement::read(&bytes, format).is_ok(), "{name}");
        let content = content(&bytes);
        for i in 0..200 {
            refused(content, i * content.len() / 200, format, name);
        }
    }
}

#[test]
fn an_mt940_cut_at_any_byte_is_refused() {
    let bytes = own("bidv-like.mt940");
    for cut in 0..content(&bytes).len() {
        refused(&bytes, cut, Format::Mt940, "bidv-like.mt940");
    }
}

/// Without a block there is no trailer, so the closing balance is the end: a cut before its amount is whole is refused.
/// (A cut after the last digit that counts loses nothing.)
#[test]
fn an_mt940_without_a_block_cut_before_its_closing_amount_is_refused() {
    let text =
        ":20:S\n:25:1\n:28C:1\n:60F:C260320EUR1000,00\n:61:260320C1250,50NTRFNONREF\n:86:x\n:62F:C260321EUR2250,50";
    assert!(statement::read(text.as_bytes(), Format::Mt940).is_ok());
    for cut in 0..text.len() - 1 {
        refused(text.as_bytes(), cut, Format::Mt940, "no block");
    }
}

/// Each page lost from a file of several is missed.
#[test]
fn a_page_that_is_lost_is_missed() {
    let one = ":20:A\n:25:1\n:28C:7/1\n:60F:C260320EUR1,00\n:61:260320C2,00NTRFNONREF\n:62M:C260320EUR3,00\n-\n";
    let two = ":20:B\n:25:1\n:28C:7/2\n:60M:C260320EUR3,00\n:61:260320D1,50NTRFNONREF\n:62F:C260320EUR1,50\n-\n";
    let file = statement::read(format!("{one}{two}").as_bytes(), Format::Mt940).unwrap();
    assert_eq!(file.statements.len(), 1);
    let statement = &file.statements[0];
    assert_eq!((statement.id.as_str(), statement.sequence.as_deref()), ("A", Some("7")));
    assert_eq!(statement.lines.iter().map(|l| (l.line_no, l.amount.minor)).collect::<Vec<_>>(), [(1, 200), (2, -150)]);
    assert_eq!(statement.opening.map(|b| b.amount.minor), Some(100));
    assert_eq!(statement.closing.map(|b| b.amount.minor), Some(150));
    for cut in [one.to_owned(), two.to_owned(), format!("{two}{one}"), format!("{one}{one}{two}")] {
        assert!(statement::read(cut.as_bytes(), Format::Mt940).is_err(), "{cut}");
    }
    let gap = format!("{one}{}", two.replace("60M:C260320EUR3,00", "60M:C260320EUR3,01").replace("1,50\n-", "1,51\n-"));
    let error = statement::read(gap.as_bytes(), Format::Mt940).unwrap_err();
    assert!(matches!(error.reason, statement::Reason::PageBalance { .. }), "{error}");
}
