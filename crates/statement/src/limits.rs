//! Bounds on what a file may cost us (reliability F47). A month of a busy collecting account stays far below each.

pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;
/// Lines over all statements of a file.
pub const MAX_LINES: usize = 500_000;
/// Statements of a file, or pages of an MT940.
pub const MAX_STATEMENTS: usize = 10_000;
/// Elements that are open at once; camt.053 version 13 needs fewer than 20.
pub const MAX_DEPTH: usize = 64;
/// Tags, texts, comments and instructions of an XML file.
pub const MAX_NODES: usize = 24_000_000;
/// One tag with its attributes.
pub const MAX_TAG_BYTES: usize = 4 * 1024;
/// The text of one element, cell or narrative. The longest field that we read has 500 characters (`AddtlNtryInf`).
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
