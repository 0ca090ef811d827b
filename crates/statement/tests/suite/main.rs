//! What the readers make of foreign samples, of our own account in every format, of hostile bytes and of cut files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests only: a failure here is a failed test")]

mod camt;
mod hostile;
mod mt940;
mod providers;
mod round_trip;
mod samples;
mod settlement;
mod stream;
mod synthetic;
mod table;
mod truncation;
mod workbook;

use statement::{File, Format, ReadError};

pub fn own(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn detect(text: &str) -> Result<File, ReadError> {
    statement::read(text.as_bytes(), Format::Detect)
}
