//! Bank statements: camt.053 and camt.054 (ISO 20022, versions 2 to 13), MT940 (SWIFT), and CSV exports by a declared
//! [`Profile`]. [`read`] gives the whole file or nothing: an error names the line where reading stopped.
//!
//! It refuses: a DOCTYPE or an entity beyond the five predefined, an encoding other than the declared one, a cell that
//! does not fit its format, balances and totals that do not add up, and a file that ends too early. It never guesses.
//! No I/O and no clock.

mod camt;
mod error;
mod limits;
mod money;
mod mt940;
mod place;
mod statement;
mod table;
mod tie;

pub use error::{ReadError, Reason};
pub use limits::{MAX_DEPTH, MAX_FILE_BYTES, MAX_LINES, MAX_NODES, MAX_STATEMENTS, MAX_TAG_BYTES, MAX_TEXT_BYTES};
pub use money::{Currency, Money, NotDong, UnknownCurrency};
pub use place::Place;
pub use statement::{Balance, Batch, Counterparty, File, Kind, Line, Statement};
pub use table::profile::{Amounts, Columns, DateColumn, Encoding, Numbers, Order, Profile, Totals};

use place::Source;
use sha2::{Digest as _, Sha256};

/// What the bytes are said to be.
#[derive(Debug, Clone, Copy)]
pub enum Format<'p> {
    /// camt.05x or MT940, told apart by their first bytes. A CSV is never detected: it needs its profile.
    Detect,
    Camt,
    Mt940,
    Csv(&'p Profile),
}

/// Reads a whole file, or says where and why not.
pub fn read(bytes: &[u8], format: Format<'_>) -> Result<File, ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::at(Place::start(), Reason::Limit("bytes of a file")));
    }
    let (kind, statements) = match format {
        Format::Csv(profile) => (Kind::Csv, vec![table::read(bytes, profile)?]),
        Format::Camt => camt::read(text(bytes)?)?,
        Format::Mt940 => (Kind::Mt940, mt940::read(text(bytes)?)?),
        Format::Detect => match detect(bytes) {
            Some(Looks::Xml) => camt::read(text(bytes)?)?,
            Some(Looks::Mt940) => (Kind::Mt940, mt940::read(text(bytes)?)?),
            None => return Err(ReadError::at(Place::start(), Reason::UnknownFormat)),
        },
    };
    Ok(File { sha256: hex::encode(Sha256::digest(bytes)), format: kind, statements })
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
