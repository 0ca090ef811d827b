//! MT940: a table of its oddities (F48), each in the smallest statement that holds it.

use crate::detect;
use statement::{Line, ReadError, Reason, Statement};

/// A statement in EUR that opens with 1000,00 and closes with `closing` cents.
fn framed(lines: &str, closing: i64) -> String {
    let mark = if closing < 0 { 'D' } else { 'C' };
    let (units, cents) = (closing.abs() / 100, closing.abs() % 100);
    format!(":20:S\n:25:1\n:28C:1/1\n:60F:C260320EUR1000,00\n{lines}\n:62F:{mark}260321EUR{units},{cents:02}\n-\n")
}

fn read(lines: &str, closing: i64) -> Result<Statement, ReadError> {
    detect(&framed(lines, closing)).map(|mut file| file.statements.remove(0))
}

fn line(text: &str, cents: i64) -> Line {
    let mut statement = read(text, 100_000 + cents).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(statement.lines.len(), 1, "{text}");
    statement.lines.remove(0)
}

/// The balances prove each sign: with the other one the frame would not tie.
#[test]
fn marks_amounts_and_funds_codes() {
    let cases = [
        (":61:260320C1,50NTRFNONREF", 150, false),
        (":61:260320D1,50NTRFNONREF", -150, false),
        (":61:260320RC1,50NTRFNONREF", -150, true),
        (":61:260320RD1,50NTRFNONREF", 150, true),
        (":61:260320CR1,50NTRFNONREF", 150, false),
        (":61:260320DR1,50NTRFNONREF", -150, false),
        (":61:260320RDR1,50NTRFNONREF", 150, true),
        (":61:260320CN50,00NZ10NONREF", 5000, false),
        (":61:2603200321C1,NTRFNONREF", 100, false),
        (":61:2603200321C1,5NTRFNONREF", 150, false),
        (":61:260320C0,05NTRFNONREF", 5, false),
        (":61:260320C,05NTRFNONREF", 0, false),
        (":61:260320C000000000025,00NTRFNONREF", 2500, false),
        (":61:260320C500NTRFNONREF", 50_000, false),
        (":61:260320C1,500NTRFNONREF", 150, false),
    ];
    for (text, cents, reversal) in cases {
        if text.contains("C,05") {
            assert_eq!(read(text, 100_005).unwrap_err().reason, Reason::Unfit(":61: amount".to_owned()));
            continue;
        }
        let line = line(text, cents);
        assert_eq!((line.amount.minor, line.reversal), (cents, reversal), "{text}");
    }
}

#[test]
fn the_entry_date_takes_the_year_that_is_nearest() {
    for (text, expected) in [
        (":61:2603200320C1,NTRF", Some("2026-03-20")),
        (":61:2612310101C1,NTRF", Some("2027-01-01")),
        (":61:2601011231C1,NTRF", Some("2025-12-31")),
        (":61:2402290229C1,NTRF", Some("2024-02-29")),
        (":61:2503010229C1,NTRF", Some("2024-02-29")),
        (":61:260320C1,NTRF", None),
    ] {
        assert_eq!(line(text, 100).booking_date.map(|d| d.to_string()).as_deref(), expected, "{text}");
    }
    for bad in [":61:2603201320C1,NTRF", ":61:2603200230C1,NTRF", ":61:260230C1,NTRF", ":61:2603C1,NTRF"] {
        assert!(read(bad, 100_100).is_err(), "{bad}");
    }
}

#[test]
fn references_of_sixteen_characters_stand_side_by_side() {
    let cases: [(&str, Option<&str>, Option<&str>); 6] = [
        ("NTRFREFERENCE DO 111//MUL0408041114005", Some("REFERENCE DO 111"), Some("MUL0408041114005")),
        ("NTRF29-07-2014 10:05//B4G29PGDCK1QFV3E", Some("29-07-2014 10:05"), Some("B4G29PGDCK1QFV3E")),
        ("NMSC341241773/1XXXXX//O/341241774", Some("341241773/1XXXXX"), Some("O/341241774")),
        ("NTRFNONREF//FT26328276428991", None, Some("FT26328276428991")),
        ("FMSC01916//NONREF", Some("01916"), None),
        ("NMSC", None, None),
    ];
    for (tail, owner, bank) in cases {
        let line = line(&format!(":61:260320C1,{tail}"), 100);
        assert_eq!((line.owner_ref.as_deref(), line.bank_ref.as_deref()), (owner, bank), "{tail}");
        assert_eq!(line.code.as_deref(), tail.get(..4));
    }
    assert!(read(":61:260320C1,NTRF12345678901234567", 100_100).is_err(), "an owner's reference of 17");
}

#[test]
fn a_narrative_is_joined_without_a_blank() {
    let head = ":61:260320C1,NTRFNONREF//X\nsupplementary";
    let cases = [
        (":86:MBVCB.704314.LC7K\n2M9QX4T nop phi", "MBVCB.704314.LC7K2M9QX4T nop phi"),
        (":86:nop \nle phi  ", "nop le phi"),
        (":86:\nsecond line", "second line"),
        (":86:", ""),
        (":86:091", "091"),
        (":86:hoi ?20 nghin", "hoi ?20 nghin"),
        (":86:12?20 nghin", "12?20 nghin"),
        (":86:a\n\nb", "ab"),
        (":86:LC7K2M9QX4T:61: khong phai the", "LC7K2M9QX4T:61: khong phai the"),
        (":86:x\n-y", "x-y"),
    ];
    for (text, expected) in cases {
        let line = line(&format!("{head}\n{text}"), 100);
        assert_eq!(line.text, expected, "{text}");
        assert_eq!(line.details.as_deref(), Some("supplementary"));
    }
}

#[test]
fn sub_fields_are_told_apart_also_across_a_fold() {
    let structured = ":86:105?00Basislastschrift?10931?20EREF+123/123/12345-----L110\n?211234567890123 ?22MREF+BYA?2\n3CRED+DE99\
                      ?290000?30BYLADEMM\n?31DE99700500000000012345?32Finanzamt Muenchen Abteilun\n?33g Erhebung?34992?60 BIC\n?61 end";
    let line = line(&format!(":61:260320D1,NMSC\n{structured}"), -100);
    assert_eq!(line.text, "EREF+123/123/12345-----L1101234567890123 MREF+BYACRED+DE990000 BIC end");
    assert_eq!(line.counterparty.name.as_deref(), Some("Finanzamt Muenchen Abteilung Erhebung"));
    assert_eq!(line.counterparty.account.as_deref(), Some("DE99700500000000012345"));
    assert_eq!(line.counterparty.bank.as_deref(), Some("BYLADEMM"));
    let bare = crate::mt940::line(":61:260320D1,NMSC\n:86:?20LC7K2M9Q\n?21X4T", -100);
    assert_eq!(bare.text, "LC7K2M9QX4T");
}

#[test]
fn accounts_and_statement_numbers_as_banks_write_them() {
    let with = |account: &str, number: &str| {
        let text = framed("", 100_000)
            .replace(":25:1\n", &format!("{account}\n"))
            .replace(":28C:1/1\n", &format!("{number}\n"));
        detect(&text).map(|f| (f.statements[0].account.clone(), f.statements[0].sequence.clone().unwrap()))
    };
    for (account, expected) in [
        (":25:BIDVVNVX/8630123456789", "8630123456789"),
        (":25:BIDVVNVXXXX/8630123456789", "8630123456789"),
        (":25P:8630123456789\nBIDVVNVX", "8630123456789"),
        (":25:12345678/1020304050", "12345678/1020304050"),
        (":25:0067-00763/93984487", "0067-00763/93984487"),
    ] {
        assert_eq!(with(account, ":28C:328/1").unwrap(), (expected.to_owned(), "328".to_owned()), "{account}");
    }
    for number in [":28C:00001", ":28:19321/1", ":28C:0", ":28:1810118101"] {
        assert!(with(":25:1", number).is_ok(), "{number}");
    }
    for number in [":28C:", ":28C:A", ":28C:1/", ":28C:1/2/3"] {
        assert!(with(":25:1", number).is_err(), "{number}");
    }
}

#[test]
fn what_mt940_does_not_allow_is_refused_with_its_line() {
    let good = framed(":61:260320C1,NTRFNONREF\n:86:x", 100_100);
    assert!(detect(&good).is_ok());
    let cases = [
        ("1001,00", "1001,01", 7, "opening balance and lines give 1001.00 EUR, the closing balance says 1001.01 EUR"),
        ("1001,00", "1001.00", 7, ":62F: does not fit its format"),
        ("1001,00", "1001", 7, ":62F: does not fit its format"),
        ("1001,00", "1.001,00", 7, ":62F: does not fit its format"),
        (":62F:C260321EUR1001,00", ":62F:C260321USD1001,00", 7, "another currency than the statement's"),
        (":62F:C260321EUR1001,00", ":62F:C260230EUR1001,00", 7, ":62F: does not fit its format"),
        (":62F:C260321EUR1001,00\n", "", 7, ":62F: is missing"),
        (":60F:C260320EUR1000,00\n", "", 4, ":60F: is missing"),
        (":25:1\n", "", 7, ":25: is missing"),
        (":28C:1/1\n", "", 7, ":28C: is missing"),
        (":25:1\n", ":25:1\n:25:2\n", 3, ":25: appears twice"),
        (":86:x", ":86:x\n:86:y", 7, ":86: is not expected here"),
        (":61:", ":86:y\n:61:", 5, ":86: is not expected here"),
        ("C1,NTRF", "X1,NTRF", 5, ":61: mark does not fit its format"),
        ("C1,NTRF", "EC1,NTRF", 5, ":61: mark does not fit its format"),
        ("C1,NTRF", "C1,001NTRF", 5, ":61: amount does not fit its format"),
        ("C1,NTRF", "C1,0,0NTRF", 5, ":61: amount does not fit its format"),
        ("C1,NTRF", "C1,XTRF", 5, ":61: transaction type does not fit its format"),
        (":86:x", ":99:x", 6, ":99: is not expected here"),
        (":86:x", ":86:x\ry", 6, "not well formed: a line end"),
        (":28C:1/1", ":34F:EURD0,00", 3, "an interim report (MT942), not a statement"),
        (":62F:", ":60F:", 7, ":60F: is not expected here"),
        (":20:S\n", ":61:260320C1,NTRFNONREF\n:20:S\n", 1, ":61: is not expected here"),
        (":20:S\n", "some text, of someone\n:20:S\n", 1, "text outside a statement is not expected here"),
        ("\n-\n", "\n-\n:86:later\n", 9, ":86: is not expected here"),
    ];
    for (from, to, line, why) in cases {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = statement::read(bad.as_bytes(), statement::Format::Mt940).unwrap_err();
        let line = if why.ends_with("is missing") { error.at.line } else { line };
        assert_eq!((error.at.line, error.reason.to_string().as_str()), (line, why), "{from} -> {to}");
    }
}

#[test]
fn blocks_line_ends_and_an_envelope_are_taken_off() {
    let plain = framed(":61:260320C1,NTRFNONREF\n:86:x", 100_100);
    let body = plain.trim_end_matches("-\n");
    let expected = detect(&plain).unwrap().statements;
    for text in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("{{1:F01BIDVVNVXXXXX0000000000}}{{2:I940LAOCAIXXXXXXN}}{{4:\r\n{body}-}}"),
        format!("{{1:F01}}\n{{4:\n{body}-}}{{5:{{CHK:123456789ABC}}}}\n"),
        format!("ABNANL2A\n940\nABNANL2A\n{plain}"),
        format!(":940:\n{plain}\n\n"),
        body.trim_end().to_owned(),
        format!(
            "{body}:64:C260321EUR1001,00\n:65:C260322EUR1001,00\n:65:C260323EUR1001,00\n:86:about it all\nand more\n-"
        ),
    ] {
        let file = statement::read(text.as_bytes(), statement::Format::Mt940).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(file.statements, expected, "{text}");
    }
    let open = format!("{{4:\n{body}");
    assert_eq!(statement::read(open.as_bytes(), statement::Format::Mt940).unwrap_err().reason, Reason::Truncated);
}
