//! Foreign samples, read where they lie, against what independent parsers made of them.
//!
//! Most of them were written to test a parser, not to be true: their balances do not add up, and we refuse a file whose
//! balances do not. Such a sample must be refused for that reason; then the test mends the balance and only the balance,
//! and compares the lines with the oracles. Wherever we differ from an oracle, the table says so and why.

use serde_json::Value;
use statement::{Batch, File, Format, Line, Statement};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where the samples lie, or `None` with a plain word about it on the terminal.
#[expect(clippy::explicit_write, reason = "the test runner captures what eprintln! writes")]
fn samples() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = std::env::var_os("MOTLAN_VECTORS").map_or(default, PathBuf::from).join("statements");
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = format!("the foreign samples are not there ({}): not compared; set MOTLAN_VECTORS", folder.display());
    writeln!(std::io::stderr(), "statement: {missing}").unwrap();
    None
}

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

struct Sample {
    name: &'static str,
    /// The line and the reason with which the file as it is must be refused; `None`: it is read.
    refused: Option<(usize, &'static str)>,
    /// What to replace, once each, so that it can be read.
    mend: &'static [(&'static str, &'static str)],
    /// Texts that an oracle has otherwise, and why.
    other_text: Option<&'static str>,
    /// The parts of a batch that the oracle gives to the whole, and why.
    other_party: Option<&'static str>,
    /// How many of the oracle's lines are ours, if not all, and why.
    fewer: Option<(usize, &'static str)>,
}

/// The closing balance of four genkgo files is in SEK and a debit, while all else is in EUR.
const GENKGO_CLOSING: &[(&str, &str)] = &[("Ccy=\"SEK\">27.00", "Ccy=\"EUR\">27.00"), ("DBIT", "CRDT")];
const OTHER_CURRENCY: &str = "another currency than the statement's";
const UNSPLIT: &str = "three payments whose amounts are missing or in CHF, while the entry is in SEK: one line without a \
                       payer's words; the oracle joins the words of all three";
const FIRST_PARTY: &str = "the oracle gives the whole sum to the first of three payments";

const CAMT: [Sample; 13] = [
    Sample { name: "camt053/bsp-camt.053.001.02.xml", ..EMPTY },
    Sample { name: "camt053/bsp-camt053_duplicate_same_day.xml", ..EMPTY },
    Sample { name: "camt053/bsp-camt053_multicurrency.xml", ..EMPTY },
    Sample {
        name: "camt053/genkgo-camt053.v2.all-balance-types.xml",
        refused: Some((198, "opening balance and lines give 9.86 EUR, the closing balance says 4.04 EUR")),
        mend: &[(">4.04<", ">9.86<")],
        ..EMPTY
    },
    Sample {
        name: "camt053/genkgo-camt053.v2.five.decimals.xml",
        refused: Some((107, "opening balance and lines give 27.00 EUR, the closing balance says 27.05 EUR")),
        mend: &[(">27.050<", ">27.000<")],
        ..EMPTY
    },
    Sample {
        name: "camt053/genkgo-camt053.v2.minimal.xml",
        refused: Some((171, OTHER_CURRENCY)),
        mend: GENKGO_CLOSING,
        ..EMPTY
    },
    Sample {
        name: "camt053/genkgo-camt053.v2.with-party-ids.xml",
        refused: Some((188, OTHER_CURRENCY)),
        mend: GENKGO_CLOSING,
        ..EMPTY
    },
    Sample { name: "camt053/genkgo-camt053.v2.wrong.xml", refused: Some((10, "no statement in the file")), ..EMPTY },
    Sample {
        name: "camt053/genkgo-camt053.v3.xml",
        refused: Some((208, OTHER_CURRENCY)),
        mend: GENKGO_CLOSING,
        ..EMPTY
    },
    Sample {
        name: "camt053/genkgo-camt053.v8.xml",
        refused: Some((199, OTHER_CURRENCY)),
        mend: GENKGO_CLOSING,
        ..EMPTY
    },
    Sample {
        name: "camt054/genkgo-camt054.v2.xml",
        other_text: Some(UNSPLIT),
        other_party: Some(FIRST_PARTY),
        ..EMPTY
    },
    Sample {
        name: "camt054/genkgo-camt054.v4.xml",
        other_text: Some(UNSPLIT),
        other_party: Some(FIRST_PARTY),
        ..EMPTY
    },
    Sample {
        name: "camt054/genkgo-camt054.v8.xml",
        other_text: Some(UNSPLIT),
        other_party: Some(FIRST_PARTY),
        ..EMPTY
    },
];

const MT940: [Sample; 15] = [
    Sample { name: "mt940/bsp-sample.mt940", ..EMPTY },
    Sample { name: "mt940/mt940js-test1.mt940", ..EMPTY },
    Sample { name: "mt940/wolph-jejik-generic.sta", ..EMPTY },
    Sample { name: "mt940/wolph-jejik-rabobank-iban.sta", ..EMPTY },
    Sample { name: "mt940/wolph-self-provided-long_statement_number.sta", ..EMPTY },
    Sample {
        // Lines were taken out of it, and its second page is the middle of a longer statement.
        name: "mt940/wolph-jejik-abnamro.sta",
        refused: Some((27, "opening balance and lines give 2914.84 EUR, the closing balance says 876.84 EUR")),
        mend: &[("EUR876,84", "EUR2914,84"), (":60M:", ":60F:"), (":62M:C110524EUR1849,75", ":62F:C110524EUR2852,35")],
        ..EMPTY
    },
    Sample {
        // mt940js refuses it for the same reason.
        name: "mt940/wolph-jejik-postfinance.sta",
        refused: Some((27, "opening balance and lines give 159.40 CHF, the closing balance says 159.60 CHF")),
        mend: &[("CHF159,6", "CHF159,4")],
        ..EMPTY
    },
    Sample {
        // A movement after the end of the statement, which mt-940 and bankstatementparser add to it.
        name: "mt940/wolph-self-provided-multiline.sta",
        refused: Some((38, ":61: is not expected here")),
        mend: &[(":61:2212191220C119,NMSC341241773/1XXXXX//O/341241774\nPaiement", "")],
        other_text: Some(
            "mt-940 lets the :86: after :64:, about the statement, replace the line's; we read sub-fields",
        ),
        fewer: Some((1, "the movement after the end is mended away")),
        ..EMPTY
    },
    Sample {
        name: "mt940/wolph-self-provided-overly_long_details.sta",
        refused: Some((15, "opening balance and lines give 12111.97 EUR, the closing balance says 12345.98 EUR")),
        mend: &[("EUR12345,98", "EUR12111,97")],
        other_text: Some("mt-940 gives no details for sub-fields; ?20 to ?29 and ?60 to ?62 are its text"),
        ..EMPTY
    },
    Sample {
        // MT942 has no balances, and the counts in its trailer contradict its one line. The oracles do not look at them.
        name: "mt940/wolph-self-provided-mt942.sta",
        refused: Some((4, "an interim report (MT942), not a statement")),
        ..EMPTY
    },
    Sample {
        name: "mt940/wolph-self-provided-invalid_statement.sta",
        refused: Some((9, "text outside a statement is not expected here")),
        ..EMPTY
    },
    // Pieces of a statement: refused as files, read within a frame further down.
    Sample {
        name: "mt940/wolph-betterplace-amount_formats.sta",
        refused: Some((1, ":60F: is not expected here")),
        ..EMPTY
    },
    Sample { name: "mt940/wolph-betterplace-empty_86.sta", refused: Some((1, ":86: is not expected here")), ..EMPTY },
    Sample {
        name: "mt940/wolph-betterplace-empty_entry_date.sta",
        refused: Some((1, ":61: is not expected here")),
        ..EMPTY
    },
    Sample {
        name: "mt940/wolph-betterplace-missing_crlf_at_end.sta",
        refused: Some((1, ":62F: is not expected here")),
        ..EMPTY
    },
];

const EMPTY: Sample = Sample { name: "", refused: None, mend: &[], other_text: None, other_party: None, fewer: None };

impl Sample {
    /// Reads the sample as it is, which must go as the table says, and then mended. `None`: nothing to compare.
    fn read(&self, folder: &Path, format: Format<'_>) -> Option<File> {
        let text = std::fs::read_to_string(folder.join(self.name)).unwrap();
        let as_is = statement::read(text.as_bytes(), format);
        let Some((line, why)) = self.refused else {
            return Some(as_is.unwrap_or_else(|e| panic!("{}: {e}", self.name)));
        };
        let error = as_is.expect_err(self.name);
        assert_eq!(error.reason.to_string(), why, "{}", self.name);
        assert_eq!(error.at.line, line, "{}: {error}", self.name);
        if self.mend.is_empty() {
            return None;
        }
        let mended = self.mend.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{}: {from}", self.name);
            text.replacen(from, to, 1)
        });
        Some(statement::read(mended.as_bytes(), format).unwrap_or_else(|e| panic!("{} mended: {e}", self.name)))
    }
}

/// The oracle's decimal as minor units, from its digits.
fn minor(value: &Value, exponent: u32) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (sign, text) = text.strip_prefix('-').map_or((1, text.as_str()), |text| (-1, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let exponent = exponent as usize;
    assert!(fraction.chars().skip(exponent).all(|c| c == '0'), "{text}");
    let fraction: String = fraction.chars().chain("0000".chars()).take(exponent).collect();
    sign * format!("{whole}{fraction}").parse::<i64>().unwrap()
}

fn lines(file: &File) -> Vec<(&Statement, &Line)> {
    file.statements.iter().flat_map(|s| s.lines.iter().map(move |l| (s, l))).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn given(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !["", "NONREF", "NOTPROVIDED"].contains(text))
}

fn day(value: &Value) -> String {
    value.as_str().unwrap()[..10].to_owned()
}

#[test]
fn camt_samples_are_read_as_the_oracles_read_them() {
    let Some(folder) = samples() else { return };
    let oracle = json(&folder, "oracle.json");
    let mut compared = 0;
    for sample in &CAMT {
        let Some(file) = sample.read(&folder, Format::Camt) else { continue };
        compared += 1;
        against_bankstatementparser(sample, &file, &oracle[sample.name]["bankstatementparser@0.0.29"]["rows"]);
        let made = &oracle[sample.name]["camt053@0.0.20"]["statements"];
        if sample.name.starts_with("camt053") {
            against_camt053(sample, &file, made);
        } else {
            assert!(made.is_null(), "this oracle reads no camt.054");
        }
    }
    assert_eq!(compared, 12);
}

fn against_bankstatementparser(sample: &Sample, file: &File, rows: &Value) {
    let name = sample.name;
    let (rows, lines) = (rows.as_array().unwrap(), lines(file));
    assert_eq!(lines.len(), rows.len(), "{name}");
    for ((statement, line), row) in lines.into_iter().zip(rows) {
        assert_eq!(statement.account, row["AccountId"], "{name}");
        assert_eq!(line.amount.currency.code(), row["Currency"], "{name}");
        assert_eq!(line.amount.minor, minor(&row["Amount"], line.amount.currency.exponent()), "{name}");
        assert_eq!(line.booking_date.unwrap().to_string(), day(&row["BookgDt"]), "{name}");
        assert_eq!(line.value_date.unwrap().to_string(), day(&row["ValDt"]), "{name}");
        if sample.other_text.is_none() {
            assert_eq!(line.text, row["Reference"].as_str().unwrap(), "{name}");
        }
        if sample.other_party.is_some() {
            assert_eq!((line.batch, line.end_to_end.as_deref()), (Batch::Unsplit { of: 3 }, None), "{name}");
        } else {
            assert_eq!(line.end_to_end.as_deref(), given(&row["EndToEndId"]), "{name}");
            // In version 8 (`Pty/Nm`) this oracle finds no names. On a credit it is the debtor's.
            let party = if line.amount.minor > 0 { "Debtor" } else { "Creditor" };
            if let Some(theirs) = given(&row[party]) {
                assert_eq!(line.counterparty.name.as_deref(), Some(theirs), "{name}");
            }
        }
    }
}

/// It knows the balances, the bank's reference and the reversal indicator as well.
fn against_camt053(sample: &Sample, file: &File, made: &Value) {
    let name = sample.name;
    let made = made.as_array().unwrap();
    assert_eq!(file.statements.len(), made.len(), "{name}");
    for (ours, theirs) in file.statements.iter().zip(made) {
        let exponent = ours.currency.exponent();
        assert_eq!(ours.id, theirs["id"], "{name}");
        assert_eq!(ours.sequence.as_deref(), theirs["electronic_seq_nb"].as_str(), "{name}");
        for (balance, code) in [(ours.opening, "OPBD"), (ours.closing, "CLBD")] {
            let their = theirs["balances"].as_array().unwrap().iter().find(|b| b["type_code"] == code);
            assert_eq!(balance.is_some(), their.is_some(), "{name} {code}");
            if let (Some(balance), Some(their)) = (balance, their)
                && !(code == "CLBD" && sample.refused.is_some())
            {
                assert_eq!(balance.amount.minor, minor(&their["amount"], exponent), "{name} {code}");
                assert_eq!(balance.date.unwrap().to_string(), their["date"], "{name} {code}");
            }
        }
        let entries = theirs["entries"].as_array().unwrap();
        assert_eq!(ours.lines.len(), entries.len(), "{name}");
        for (line, entry) in ours.lines.iter().zip(entries) {
            let size = minor(&entry["amount"], exponent);
            let credit = entry["credit_debit_indicator"] == "CRDT";
            assert_eq!(line.amount.minor, if credit { size } else { -size }, "{name}");
            assert_eq!(line.reversal, entry["reversal_indicator"].as_bool().unwrap_or_default(), "{name}");
            assert_eq!(line.bank_ref.as_deref(), entry["account_servicer_ref"].as_str(), "{name}");
        }
    }
}

#[test]
fn mt940_samples_are_read_as_the_oracles_read_them() {
    let Some(folder) = samples() else { return };
    let (oracle, js) = (json(&folder, "oracle.json"), json(&folder, "oracle-js.json"));
    let mut compared = 0;
    for sample in &MT940 {
        let Some(file) = sample.read(&folder, Format::Mt940) else { continue };
        compared += 1;
        against_mt_940(sample, &file, &oracle[sample.name]["mt-940@5.1.1"]);
        if let Some(made) = js[sample.name]["mt940js@1.3.5"].as_array() {
            against_mt940js(sample, &file, made);
        }
    }
    assert_eq!(compared, 9);
}

fn against_mt_940(sample: &Sample, file: &File, made: &Value) {
    let name = sample.name;
    let lines = lines(file);
    let theirs = made["transactions"].as_array().unwrap();
    assert_eq!(lines.len(), sample.fewer.map_or(theirs.len(), |(count, _)| count), "{name}");
    for ((_, line), their) in lines.into_iter().zip(theirs) {
        // It leaves RC positive; no public sample here has one (our own has, further down).
        assert_ne!(their["status"], "RC", "{name}");
        assert_eq!(line.amount.minor, minor(&their["amount"], line.amount.currency.exponent()), "{name}");
        assert_eq!(line.amount.currency.code(), their["currency"], "{name}");
        assert_eq!(line.value_date.unwrap().to_string(), their["date"], "{name}");
        assert_eq!(line.booking_date.map(|d| d.to_string()).as_deref(), their["entry_date"].as_str(), "{name}");
        assert_eq!(line.code.as_deref(), their["id"].as_str(), "{name}");
        assert_eq!(line.owner_ref.as_deref(), given(&their["customer_reference"]), "{name}");
        assert_eq!(line.bank_ref.as_deref(), given(&their["bank_reference"]), "{name}");
        if sample.other_text.is_none() {
            // It keeps the folds as line ends and cuts blanks before them.
            assert_eq!(squeezed(&line.text), squeezed(their["details"].as_str().unwrap_or_default()), "{name}");
        }
    }
    // Of a file with several statements it keeps the last balances.
    let last = file.statements.last().unwrap();
    if sample.refused.is_none() {
        let exponent = last.currency.exponent();
        assert_eq!(last.opening.map(|b| b.amount.minor), Some(minor(&made["opening"], exponent)), "{name}");
        assert_eq!(last.closing.map(|b| b.amount.minor), Some(minor(&made["closing"], exponent)), "{name}");
    }
}

fn against_mt940js(sample: &Sample, file: &File, made: &[Value]) {
    let name = sample.name;
    assert_eq!(file.statements.len(), made.len(), "{name}");
    for (ours, theirs) in file.statements.iter().zip(made) {
        let exponent = ours.currency.exponent();
        assert_eq!(ours.id, theirs["ref"], "{name}");
        assert_eq!(ours.account, theirs["acct"], "{name}");
        assert_eq!(ours.currency.code(), theirs["currency"], "{name}");
        assert_eq!(ours.opening.map(|b| b.amount.minor), Some(minor(&theirs["open"], exponent)), "{name}");
        assert_eq!(ours.closing.map(|b| b.amount.minor), Some(minor(&theirs["close"], exponent)), "{name}");
        let lines = theirs["tx"].as_array().unwrap();
        assert_eq!(ours.lines.len(), lines.len(), "{name}");
        for (line, their) in ours.lines.iter().zip(lines) {
            assert_eq!(line.amount.minor, minor(&their["amount"], exponent), "{name}");
            assert_eq!(line.reversal, their["reversal"].as_bool().unwrap(), "{name}");
        }
        // It keeps five digits of a statement number of ten.
        let number = theirs["number"]["statement"].as_str().unwrap();
        assert!(ours.sequence.as_deref().unwrap().starts_with(number), "{name}");
    }
}

/// Our own statement against the same oracles: mt-940 keeps RC positive, and the balance proves it wrong.
#[test]
fn the_oracles_read_our_own_mt940_as_we_do_except_for_rc() {
    let Some(folder) = samples() else { return };
    let name = "synthetic-vnd/bidv-like.mt940";
    let file = statement::read(&crate::own("bidv-like.mt940"), Format::Mt940).unwrap();
    let theirs = json(&folder, "oracle.json")[name]["mt-940@5.1.1"]["transactions"].clone();
    for ((_, line), their) in lines(&file).into_iter().zip(theirs.as_array().unwrap()) {
        let sign = if their["status"] == "RC" { -1 } else { 1 };
        assert_eq!(line.amount.minor, sign * minor(&their["amount"], 0));
    }
    let made = json(&folder, "oracle-js.json")[name]["mt940js@1.3.5"].clone();
    for ((_, line), their) in lines(&file).into_iter().zip(made[0]["tx"].as_array().unwrap()) {
        assert_eq!((line.amount.minor, line.reversal), (minor(&their["amount"], 0), their["reversal"] == true));
    }
}

/// The copies beside this test are the ones in the shared folder.
#[test]
fn our_copies_are_unchanged() {
    let Some(folder) = samples() else { return };
    for entry in std::fs::read_dir(folder.join("synthetic-vnd")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), crate::own(name), "{name}");
    }
}

#[test]
fn pieces_of_a_statement_are_read_within_a_frame() {
    let Some(folder) = samples() else { return };
    let piece = |name: &str| std::fs::read_to_string(folder.join("mt940").join(name)).unwrap();
    let head = ":20:S\n:25:1\n:28C:1\n";
    let read = |text: &str| crate::detect(text).unwrap_or_else(|e| panic!("{text}: {e}")).statements.remove(0);

    let balances = [38_011_512, 38_011_510, 38_011_500, 12, 12, 112];
    let formats = piece("wolph-betterplace-amount_formats.sta");
    let tags: Vec<&str> = formats.lines().filter(|l| l.starts_with(':')).collect();
    assert_eq!(tags.len(), balances.len());
    for (tag, cents) in tags.into_iter().zip(balances) {
        let statement = read(&format!("{head}{tag}\n{}\n-", tag.replace(":60F:", ":62F:")));
        assert_eq!(statement.opening.map(|b| b.amount.minor), Some(cents), "{tag}");
    }
    let zero = format!("{head}:60F:C110701EUR0,00\n");
    let entry = piece("wolph-betterplace-empty_entry_date.sta").lines().next().unwrap().to_owned();
    let line = read(&format!("{zero}{entry}\n:62F:C110701EUR50,00\n-")).lines.remove(0);
    assert_eq!((line.amount.minor, line.booking_date, line.code.as_deref()), (5000, None, Some("NZ10")));
    let narrative = piece("wolph-betterplace-empty_86.sta").lines().next().unwrap().to_owned();
    let line = read(&format!("{zero}{entry}\n{narrative}\n:62F:C110701EUR50,00\n-")).lines.remove(0);
    assert_eq!(line.text, "091");
    let closing = piece("wolph-betterplace-missing_crlf_at_end.sta");
    assert!(!closing.ends_with('\n'));
    let statement = read(&format!("{head}:60F:C100323EUR42570,04\n{closing}"));
    assert_eq!(statement.closing.map(|b| b.amount.minor), Some(4_257_004));
}
