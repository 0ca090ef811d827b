//! Bank statements: camt.053 and camt.054 (ISO 20022, versions 2 to 13), MT940 (SWIFT), and exports as tables, CSV or
//! workbook, by a declared [`Profile`]. [`read`] gives the whole file or nothing, [`read_into`] hands its lines over as it reads; an error names the
//! line where reading stopped. [`read_settlement`] does the same for the settlement files of payment providers.
//!
//! It refuses: a DOCTYPE or an entity beyond the five predefined, an encoding other than the declared one, a cell that
//! does not fit its format, balances and totals that do not add up, and a file that ends too early. It never guesses.
//! No I/O and no clock.

mod camt;
mod collect;
mod error;
mod limits;
mod money;
mod mt940;
mod out;
mod place;
pub mod profiles;
pub mod settlement;
mod sink;
mod statement;
mod table;
mod tie;
mod workbook;

pub use error::{ReadError, Reason};
pub use limits::{
    LEAST_UNPACKED_BYTES, MAX_CELLS, MAX_DEPTH, MAX_FILE_BYTES, MAX_LINES, MAX_LINES_HELD, MAX_NODES, MAX_ROWS,
    MAX_SHARED_BYTES, MAX_STATEMENTS, MAX_TAG_BYTES, MAX_TEXT_BYTES, MAX_TRANSACTIONS, MAX_UNPACKED_BYTES,
    MAX_UNPACKING,
};
pub use money::{Currency, Money, NotDong, UnknownCurrency};
pub use place::Place;
pub use settlement::{SettlementFile, SettlementProfile, SettlementSummary, read_settlement, read_settlement_into};
pub use sink::{Head, LineState, Sink, StatementSummary, Summary};
pub use statement::{Balance, Batch, Counterparty, File, Kind, Line, Period, Statement};
pub use table::profile::{Amounts, Columns, DateColumn, Encoding, Numbers, Order, Profile, Totals};

use collect::Collected;
use out::Out;
use place::Source;
use sha2::{Digest as _, Sha256};

/// What the bytes are said to be.
#[derive(Debug, Clone, Copy)]
pub enum Format<'p> {
    /// camt.05x or MT940, told apart by their first bytes. A table is never detected: it needs its profile.
    Detect,
    Camt,
    Mt940,
    /// A CSV, or a workbook with the same columns.
    Csv(&'p Profile),
}

/// Reads a whole file into memory, or says where and why not. A line takes about 450 bytes, so this is for files of up to
/// [`MAX_LINES_HELD`] lines; [`read_into`] is for any.
pub fn read(bytes: &[u8], format: Format<'_>) -> Result<File, ReadError> {
    let mut all = Collected::default();
    let summary = read_within(bytes, format, &mut all, MAX_LINES_HELD)?;
    Ok(all.file(summary))
}

/// Reads a whole file and hands its lines over as they are read; `Ok` says that the file was whole and ties out. After an
/// error, what was handed over is to be forgotten.
///
/// Beyond `bytes` it holds one camt entry or one line, and nothing that grows with the file, but for a CSV in UTF-16 or
/// Windows-1258. That is decoded first, to about as many bytes as there are letters in Vietnamese, and at most to one and
/// a half times `bytes` (UTF-16) or three times (Windows-1258 of nothing but đồng signs). Of a workbook it holds the texts that
/// cells share, up to [`MAX_SHARED_BYTES`].
pub fn read_into(bytes: &[u8], format: Format<'_>, sink: &mut dyn Sink) -> Result<Summary, ReadError> {
    read_within(bytes, format, sink, MAX_LINES)
}

fn read_within(bytes: &[u8], format: Format<'_>, sink: &mut dyn Sink, most_lines: usize) -> Result<Summary, ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::at(Place::start(), Reason::Limit("bytes of a file")));
    }
    let mut out = Out::new(sink, most_lines);
    let format = match format {
        Format::Csv(profile) => table::read(bytes, profile, &mut out).map(|()| Kind::Csv)?,
        Format::Camt => camt::read(text(bytes)?, &mut out)?,
        Format::Mt940 => mt940::read(text(bytes)?, &mut out).map(|()| Kind::Mt940)?,
        Format::Detect => match detect(bytes) {
            Some(Looks::Xml) => camt::read(text(bytes)?, &mut out)?,
            Some(Looks::Mt940) => mt940::read(text(bytes)?, &mut out).map(|()| Kind::Mt940)?,
            None => return Err(ReadError::at(Place::start(), Reason::UnknownFormat)),
        },
    };
    Ok(Summary { sha256: hex::encode(Sha256::digest(bytes)), format, statements: out.into_statements() })
}

/// The family of formats that the first bytes show, `camt` or `mt940`; None: only a profile can say how to read it.
pub fn told_apart(bytes: &[u8]) -> Option<&'static str> {
    detect(bytes).map(|looks| match looks {
        Looks::Xml => "camt",
        Looks::Mt940 => "mt940",
    })
}

enum Looks {
    Xml,
    Mt940,
}

/// Looks at the first 4 KiB only.
fn detect(bytes: &[u8]) -> Option<Looks> {
    let bytes = bytes.strip_prefix(place::BOM).unwrap_or(bytes);
    let head = bytes.get(..4096).unwrap_or(bytes).trim_ascii_start();
    if head.starts_with(b"<") {
        return Some(Looks::Xml);
    }
    let tagged = head.split(|b| *b == b'\n').any(|line| line.starts_with(b":20:"));
    (tagged || head.starts_with(b"{1:")).then_some(Looks::Mt940)
}

/// camt and MT940 are read as UTF-8, with or without a byte order mark; control characters other than tab and line
/// ends are refused.
fn text(bytes: &[u8]) -> Result<Source<'_>, ReadError> {
    let source = Source::utf8(bytes)?;
    source.no_control_characters()?;
    Ok(source)
}
