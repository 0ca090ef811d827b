//! The files that the score counts by: a JSON list of objects, or CSV whose first line has the same names, separated by commas
//! or by semicolons as spreadsheets write them here. A name that we do not know, a line that says what another said, and a
//! text that is empty or too long refuse the file.

use csv::{ReaderBuilder, Trim};
use domain::score::{Imported, Listed};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// More than a province has of procedures in all its agencies.
const LINES_AT_MOST: usize = 500_000;
const LETTERS_AT_MOST: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Procedure {
    agency: String,
    procedure: String,
    #[serde(default)]
    name: String,
    has_fee: bool,
    provided: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    /// `2026-11`
    month: String,
    agency: String,
    #[serde(default)]
    procedure: Option<String>,
    with_obligation: u32,
    #[serde(default)]
    exempt: u32,
}

/// Procedures with their names.
pub fn procedures(file: &[u8]) -> Result<Vec<(Listed, String)>, String> {
    let mut seen = BTreeSet::new();
    let take = |(n, line): (usize, Procedure)| {
        let (agency, procedure) = (code(n, line.agency)?, code(n, line.procedure)?);
        if !seen.insert((agency.clone(), procedure.clone())) {
            return Err(format!("entry {n}: {procedure} of {agency} stands twice"));
        }
        if line.name.chars().count() > LETTERS_AT_MOST || line.name.chars().any(char::is_control) {
            return Err(format!("entry {n}: a name has at most {LETTERS_AT_MOST} letters, and nothing but letters"));
        }
        Ok((Listed { agency, procedure, has_fee: line.has_fee, is_provided: line.provided }, line.name))
    };
    lines(file)?.into_iter().map(take).collect()
}

pub fn dossiers(file: &[u8]) -> Result<Vec<Imported>, String> {
    let mut seen = BTreeSet::new();
    let take = |(n, line): (usize, Count)| {
        let month =
            format!("{}-01", line.month).parse::<Date>().ok().filter(|date| (2000..=9998).contains(&date.year()));
        let month = month.ok_or_else(|| format!("entry {n}: {} is no month, as 2026-11 is", line.month))?;
        let agency = code(n, line.agency)?;
        let procedure = line.procedure.filter(|p| !p.is_empty()).map(|p| code(n, p)).transpose()?;
        if !seen.insert((month, agency.clone(), procedure.clone())) {
            return Err(format!("entry {n}: its month, agency and procedure stand twice"));
        }
        if i32::try_from(line.with_obligation).is_err() || i32::try_from(line.exempt).is_err() {
            return Err(format!("entry {n}: nobody has so many dossiers"));
        }
        Ok(Imported { month, agency, procedure, with_obligation: line.with_obligation, exempt: line.exempt })
    };
    lines(file)?.into_iter().map(take).collect()
}

fn code(n: usize, text: String) -> Result<String, String> {
    let is_code =
        (1..=60).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_code { Ok(text) } else { Err(format!("entry {n}: `agency` and `procedure` are codes of 1 to 60 letters")) }
}

/// Each with its number, from 1.
fn lines<T: DeserializeOwned>(file: &[u8]) -> Result<Vec<(usize, T)>, String> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let is_json = file.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if file.contains(&0) {
        return Err("the file holds NUL".to_owned());
    }
    let all: Vec<T> = if is_json { serde_json::from_slice(file).map_err(|e| e.to_string())? } else { of_csv(file)? };
    match all.len() {
        0 => Err("the file says nothing".to_owned()),
        n if n > LINES_AT_MOST => Err(format!("a file has at most {LINES_AT_MOST} entries")),
        _ => Ok((1..).zip(all).collect()),
    }
}

fn of_csv<T: DeserializeOwned>(file: &[u8]) -> Result<Vec<T>, String> {
    let first = file.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).from_reader(file);
    reader.deserialize().collect::<Result<_, _>>().map_err(|e: csv::Error| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_same_is_read_from_json_and_from_what_a_spreadsheet_writes() {
        let json =
            br#"[{"month": "2026-11", "agency": "H38.17", "procedure": "2.000815", "with_obligation": 40, "exempt": 2},
            {"month": "2026-11", "agency": "H38.18", "with_obligation": 7}]"#;
        let csv = "\u{feff}month;agency;procedure;with_obligation;exempt\r\n2026-11;H38.17;2.000815;40;2\r\n2026-11;H38.18;;7;0\r\n";
        let read = dossiers(json).expect("JSON");
        assert_eq!(Ok(&read), dossiers(csv.as_bytes()).as_ref());
        assert_eq!(Ok(&read), dossiers(csv.replace(';', ",").as_bytes()).as_ref());
        assert_eq!((read[0].month, read[1].procedure.as_deref()), (date(2026, 11, 1), None));
        let listed = procedures(b"agency,procedure,name,has_fee,provided\nH38.17,2.000815,\"Sao, y\",true,false\n")
            .expect("CSV");
        assert_eq!((listed[0].0.has_fee, listed[0].0.is_provided, listed[0].1.as_str()), (true, false, "Sao, y"));
    }

    #[test]
    fn a_name_is_of_letters_that_people_read() {
        for name in ["a\\u0000b", "a\\u001b[2Jb", "a\\nb", &"ă".repeat(501)] {
            let file = format!(
                r#"[{{"agency": "H38.17", "procedure": "1", "name": "{name}", "has_fee": true, "provided": true}}]"#
            );
            let refused = procedures(file.as_bytes()).expect_err("it does not fit");
            assert!(refused.contains("entry 1: a name has"), "{refused}");
        }
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused_with_its_line() {
        for (file, said) in [
            (&b"[]"[..], "says nothing"),
            (b"", "says nothing"),
            (b"month,agency,with_obligation\n2026-13,H38.17,1\n", "entry 1: 2026-13 is no month"),
            (b"month,agency,with_obligation\n2026-11,,1\n", "entry 1: `agency`"),
            (b"month,agency,with_obligation\n2026-11,A,1\n2026-11,A,2\n", "entry 2: its month"),
            (b"month,agency,with_obligation\n2026-11,A,-1\n", "invalid digit"),
            (b"month,agency,with_obligation,more\n2026-11,A,1,1\n", "unknown field"),
            (b"month,agency\n2026-11,A\n", "missing field"),
            (b"[{\"month\": 1}]", "invalid type"),
        ] {
            let refused = dossiers(file).expect_err("it does not fit");
            assert!(refused.contains(said), "{said}: {refused}");
        }
    }
}
