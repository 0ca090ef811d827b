//! Bytes that mean harm are refused fast (F47).

use crate::detect;
use statement::{Format, MAX_FILE_BYTES, MAX_LINES_HELD, MAX_TRANSACTIONS, ReadError, Reason};
use std::time::{Duration, Instant};

fn refused(name: &str, text: &str) -> ReadError {
    let start = Instant::now();
    let error = detect(text).err().unwrap_or_else(|| panic!("{name} was read"));
    assert!(start.elapsed() < Duration::from_secs(1), "{name} took {:?}", start.elapsed());
    error
}

fn within(inner: &str) -> String {
    format!("<Document><BkToCstmrStmt><Stmt><Id>1</Id>{inner}</Stmt></BkToCstmrStmt></Document>")
}

#[test]
fn any_doctype_ends_the_reading_at_once() {
    let laughs: String =
        (1..10).map(|i| format!("<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10))).collect();
    let laughs =
        format!("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY l0 \"ha\">{laughs}]>{}", within("<Id>&l9;</Id>"));
    let external = "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let parameter = "<!DOCTYPE d [<!ENTITY % x SYSTEM \"http://169.254.169.254/\"> %x;]>";
    let huge = format!("<!DOCTYPE d [{}", "<!ELEMENT a ANY>".repeat(100_000));
    for (name, text) in [
        ("billion laughs", laughs),
        ("external entity", format!("{external}{}", within("<Id>&x;</Id>"))),
        ("parameter entity", format!("{parameter}{}", within(""))),
        ("external subset", format!("<!DOCTYPE Document SYSTEM \"http://example.org/a.dtd\">{}", within(""))),
        ("plain", format!("<!DOCTYPE html>{}", within(""))),
        ("inside", within("<!DOCTYPE d>")),
        ("never closed", huge),
    ] {
        assert_eq!(refused(name, &text).reason, Reason::Doctype, "{name}");
    }
}

#[test]
fn entities_beyond_the_five_are_refused_wherever_they_hide() {
    for inner in [
        "<Id>&xxe;</Id>",
        "<Id>&nbsp;</Id>",
        "<Id a=\"&xxe;\"/>",
        "<Id>&#0;</Id>",
        "<Id>&#x1;</Id>",
        "<Id>&#x9b;</Id>",
        "<Id>a & b</Id>",
    ] {
        assert_eq!(refused(inner, &within(inner)).reason, Reason::Entity, "{inner}");
    }
}

#[test]
fn depth_tags_and_texts_are_bounded() {
    let deep = "<a>".repeat(1_000_000);
    let long = "x".repeat(8 * 1024 * 1024);
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=\"\"")).collect();
    let pieces = "x<!-- -->".repeat(100_000);
    for (name, inner, limit) in [
        ("deep", deep.clone(), "depth"),
        ("huge attribute", format!("<a b=\"{long}\"/>"), "bytes of a tag"),
        ("huge name", format!("<{long}/>"), "bytes of a tag"),
        ("many attributes", format!("<a{attributes}/>"), "bytes of a tag"),
        ("huge text", format!("<Id>{long}</Id>"), "bytes of a text"),
        ("huge CDATA", format!("<Id><![CDATA[{long}]]></Id>"), "bytes of a text"),
        ("text in pieces", format!("<Id>{pieces}</Id>"), "bytes of a text"),
        ("text skipped", format!("<SplmtryData>{long}</SplmtryData>"), "bytes of a text"),
    ] {
        assert_eq!(refused(name, &within(&inner)).reason, Reason::Limit(limit), "{name}");
    }
    assert_eq!(refused("deep without a document", &deep).reason, Reason::NotCamt);
    let remittance = format!("<Ustrd>{}</Ustrd>", "x".repeat(30_000)).repeat(3);
    let inner = format!("<Ntry><NtryDtls><TxDtls><RmtInf>{remittance}</RmtInf></TxDtls></NtryDtls></Ntry>");
    assert_eq!(refused("long remittance", &within(&inner)).reason, Reason::Limit("bytes of a text"));
}

#[test]
fn a_file_is_bounded_in_bytes_and_lines() {
    let bytes = vec![b' '; MAX_FILE_BYTES + 1];
    let error = statement::read(&bytes, Format::Detect).unwrap_err();
    assert_eq!(error.reason, Reason::Limit("bytes of a file"));
    let many = within(&format!("<Ntry><NtryDtls>{}</NtryDtls></Ntry>", "<TxDtls/>".repeat(MAX_TRANSACTIONS + 1)));
    assert_eq!(detect(&many).unwrap_err().reason, Reason::Limit("transactions of an entry"));
    let head = ":20:S\n:25:1\n:28C:1\n:60F:C260320VND0,\n";
    let many = format!("{head}{}", ":61:260320C1,NTRF\n".repeat(MAX_LINES_HELD + 2));
    assert_eq!(detect(&many).unwrap_err().reason, Reason::Limit("lines"));
}

#[test]
fn what_is_no_camt_or_not_well_formed_is_refused() {
    let pain = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03\"><CstmrCdtTrfInitn/></Document>";
    let cases = [
        ("pain", pain.to_owned(), Reason::NotCamt),
        ("html", "<html/>".to_owned(), Reason::NotCamt),
        ("interim report", "<Document><BkToCstmrAcctRpt/></Document>".to_owned(), Reason::NotCamt),
        ("blank", "  \n".to_owned(), Reason::UnknownFormat),
        ("csv", "a,b\n1,2\n".to_owned(), Reason::UnknownFormat),
        ("zip", "PK\u{3}\u{4}".to_owned(), Reason::UnknownFormat),
        ("crossed tags", within("<Acct><Id></Acct></Id>"), Reason::Malformed("tags do not match")),
        ("two documents", format!("{0}{0}", within("")), Reason::Missing("Ccy".to_owned())),
        ("text between", within("<Acct>x<Id/></Acct>"), Reason::Malformed("text between elements")),
        (
            "latin-1 declared",
            format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", within("")),
            Reason::Encoding("the declared one is not UTF-8"),
        ),
        ("control character", within("<Acct>\u{8}</Acct>"), Reason::Encoding("a control character")),
        ("upper control character", within("<Acct>é\u{9b}</Acct>"), Reason::Encoding("a control character")),
        ("attributes twice", within("<Acct a=\"1\" a=\"2\"/>"), Reason::Malformed("attributes")),
    ];
    for (name, text, reason) in cases {
        assert_eq!(refused(name, &text).reason, reason, "{name}");
    }
    let error = statement::read(b"<Document>\n\xFF", Format::Detect).unwrap_err();
    assert_eq!((error.at.line, error.at.byte, error.reason), (2, Some(11), Reason::Encoding("not UTF-8")));
}

#[test]
fn an_mt940_is_bounded_too() {
    let head = ":20:S\n:25:1\n:28C:1\n:60F:C260320VND0,\n:61:260320C1,NTRFNONREF\n:86:";
    refused("huge narrative", &format!("{head}{}", "x".repeat(65).repeat(100_000)));
    refused("narrative of many lines", &format!("{head}{}", "xxxxxxxx\n".repeat(100_000)));
    refused("many lines of details", &format!("{}{}", head.trim_end_matches(":86:"), "x\n".repeat(100_000)));
    refused("narrative of blank lines", &format!("{head}{}", "\n".repeat(1_000_000)));
    refused("blank lines after a field", &format!(":20:{}", "\n".repeat(1_000_000)));
    refused("envelope without end", &format!("{{1:F01}}\n{}", "ABC\n".repeat(100_000)));
}
