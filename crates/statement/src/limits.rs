//! Bounds on what a file may cost us (reliability F47). A month of a busy collecting account stays below each: a million
//! lines are some 120 MB of CSV and 250 MB of MT940. A million camt entries with all their parties are beyond
//! [`MAX_FILE_BYTES`]; a bank that has so many sends them by day or by page.

/// The caller holds the bytes, so this is also what it must have room for.
pub const MAX_FILE_BYTES: usize = 512 * 1024 * 1024;
/// Lines over all statements of a file that is handed over line by line ([`crate::read_into`]).
pub const MAX_LINES: usize = 2_000_000;
/// Lines over all statements of a file that is held in memory as a whole ([`crate::read`]).
pub const MAX_LINES_HELD: usize = 500_000;
/// Transactions of one camt entry: they are held until the entry closes, as only then it is known whether they sum to it.
pub const MAX_TRANSACTIONS: usize = 100_000;
/// Statements of a file, or pages of an MT940.
pub const MAX_STATEMENTS: usize = 10_000;
/// Elements that are open at once; camt.053 version 13 needs fewer than 20.
pub const MAX_DEPTH: usize = 64;
/// Tags, texts, comments and instructions of an XML file. A camt entry without indents has one per 6
/// bytes or so.
pub const MAX_NODES: usize = 120_000_000;
/// Cells of one row of a CSV.
pub const MAX_CELLS: usize = 1_000;
/// Rows of a sheet, which no workbook has more of.
pub const MAX_ROWS: usize = 1_048_576;
/// A workbook unpacks to so many times its bytes, and to [`LEAST_UNPACKED_BYTES`] more; never beyond
/// [`MAX_UNPACKED_BYTES`], each part for itself. A sheet of a million rows is some 600 MB, and 20 times smaller packed.
pub const MAX_UNPACKING: u64 = 100;
pub const LEAST_UNPACKED_BYTES: u64 = 16 * 1024 * 1024;
pub const MAX_UNPACKED_BYTES: u64 = 1024 * 1024 * 1024;
/// Texts that the cells of a workbook share, which are held while its sheet is read.
pub const MAX_SHARED_BYTES: usize = 128 * 1024 * 1024;
/// One tag with its attributes.
pub const MAX_TAG_BYTES: usize = 4 * 1024;
/// The text of one element, cell or narrative. The longest field that we read has 500 characters (`AddtlNtryInf`).
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
