//! Files of banks and providers: what is read ties out, is read alike both ways, and is never a part of itself.

use crate::changes::cut;
use crate::numbers::sum;
use statement::{
    File, Format, Head, Line, LineState, Profile, ReadError, SettlementFile, SettlementProfile, Sink, Statement, read,
    read_into, read_settlement, read_settlement_into,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::LazyLock;

pub fn camt(bytes: &[u8]) -> bool {
    let Some(file) = whole(bytes, Format::Camt) else { return false };
    for part in cut(bytes) {
        if let Ok(part) = read(part, Format::Camt) {
            assert_eq!(part.statements, file.statements, "a file that was cut off");
        }
    }
    true
}

pub fn mt940(bytes: &[u8]) -> bool {
    let Some(file) = whole(bytes, Format::Mt940) else { return false };
    for part in cut(bytes) {
        if let Ok(part) = read(part, Format::Mt940) {
            assert!(file.statements.starts_with(&part.statements), "a statement that was cut off");
        }
    }
    true
}

/// Layouts of all encodings, separators, orders and kinds of amounts; the first byte of an input chooses.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let texts = [
        include_str!("../profiles/signed.toml"),
        include_str!("../profiles/utf-16.toml"),
        include_str!("../profiles/1258.toml"),
    ];
    let built_in = built_in("synthetic-bank");
    texts.into_iter().chain([built_in]).map(|text| Profile::from_toml(text).expect("a profile")).collect()
});

pub(crate) fn built_in(name: &str) -> &'static str {
    let found = statement::profiles::BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    found.map(|(_, text)| *text).expect("a built-in profile")
}

pub fn csv(bytes: &[u8]) -> bool {
    let Some((which, bytes)) = bytes.split_first() else { return false };
    let profile = &PROFILES[usize::from(*which) % PROFILES.len()];
    let Some(file) = whole(bytes, Format::Csv(profile)) else { return false };
    for part in cut(bytes) {
        if let Ok(part) = read(part, Format::Csv(profile))
            && profile.totals.is_some()
        {
            assert_eq!(part.statements, file.statements, "a file that was cut off");
        }
    }
    true
}

fn whole(bytes: &[u8], format: Format<'_>) -> Option<File> {
    let mut handed = Handed::default();
    let summary = read_into(bytes, format, &mut handed);
    let file = match read(bytes, format) {
        Ok(file) => file,
        Err(error) => {
            stands_in(&error, bytes);
            assert_eq!(summary.err(), Some(error));
            return None;
        }
    };
    let summary = summary.expect("read whole, and refused line by line");
    assert_eq!((&summary.sha256, summary.statements.len()), (&file.sha256, file.statements.len()));
    assert_eq!(handed.lines, file.statements.iter().map(|s| s.lines.len() + s.pending.len()).sum::<usize>());
    assert_eq!(handed.statements, file.statements.len());
    file.statements.iter().for_each(ties_out);
    Some(file)
}

/// Lines as they are handed over, counted only.
#[derive(Default)]
struct Handed {
    statements: usize,
    lines: usize,
}

impl Sink for Handed {
    fn statement(&mut self, _: &Head) -> ControlFlow<()> {
        self.statements += 1;
        ControlFlow::Continue(())
    }

    fn line(&mut self, _: Line, _: LineState) -> ControlFlow<()> {
        self.lines += 1;
        ControlFlow::Continue(())
    }
}

fn ties_out(statement: &Statement) {
    let booked = sum(statement.lines.iter().map(|line| line.amount.minor));
    if let (Some(opening), Some(closing)) = (&statement.opening, &statement.closing) {
        assert_eq!(i128::from(opening.amount.minor) + booked, i128::from(closing.amount.minor), "does not tie out");
    }
    let mut numbers = BTreeSet::new();
    for line in statement.lines.iter().chain(&statement.pending) {
        assert!(numbers.insert(line.line_no), "line {} twice", line.line_no);
        assert_eq!(line.amount.currency, statement.currency);
        assert!(!line.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", line.text);
    }
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "lines are missing");
}

/// A refusal names a place that is in the file.
fn stands_in(error: &ReadError, bytes: &[u8]) {
    let ends = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count();
    assert!((1..=ends + 1).contains(&error.at.line), "{error}");
    assert!(error.at.byte.is_none_or(|byte| byte <= bytes.len()), "{error}");
}

// -- settlement

static SETTLEMENTS: LazyLock<Vec<SettlementProfile>> = LazyLock::new(|| {
    let texts = [built_in("vnpay-settlement"), include_str!("../profiles/settlement.toml")];
    texts.into_iter().map(|text| SettlementProfile::from_toml(text).expect("a profile")).collect()
});

pub fn settlement(bytes: &[u8]) -> bool {
    let Some((which, bytes)) = bytes.split_first() else { return false };
    let profile = &SETTLEMENTS[usize::from(*which) % SETTLEMENTS.len()];
    let file = match settled(bytes, profile) {
        Ok(file) => file,
        Err(error) => {
            stands_in(&error, bytes);
            return false;
        }
    };
    for part in cut(bytes) {
        if let Ok(part) = read_settlement(part, profile)
            && profile.totals.is_some()
        {
            assert_eq!(part.rows, file.rows, "a file that was cut off");
        }
    }
    true
}

/// The file, which ties out and is the same row by row.
pub(crate) fn settled(bytes: &[u8], profile: &SettlementProfile) -> Result<SettlementFile, ReadError> {
    use statement::settlement::{Kind, Status};
    let mut rows = Vec::new();
    let summary = read_settlement_into(bytes, profile, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    let file = match read_settlement(bytes, profile) {
        Ok(file) => file,
        Err(error) => {
            assert_eq!(summary.err().as_ref(), Some(&error));
            return Err(error);
        }
    };
    assert_eq!(summary.map(|s| s.net), Ok(file.net));
    assert_eq!(rows, file.rows);
    let moved = || rows.iter().filter(|row| row.status == Status::Success);
    let of = |kind| sum(moved().filter(|row| row.kind == kind).map(|row| row.gross));
    assert_eq!((of(Kind::Payment), of(Kind::Refund)), (file.gross.into(), file.refunds.into()));
    assert_eq!(of(Kind::Fee) + of(Kind::Adjustment), file.adjustments.into());
    assert_eq!(sum(moved().map(|row| row.fee)), file.fee.into());
    assert_eq!(sum(moved().map(|row| row.net)), file.net.into());
    for row in &rows {
        assert!(row.fee >= 0 && !row.provider_txn.is_empty(), "{row:?}");
        assert!(row.status != Status::Success || i128::from(row.net) == i128::from(row.gross) - i128::from(row.fee));
    }
    Ok(file)
}
