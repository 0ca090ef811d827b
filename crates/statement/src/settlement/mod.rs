//! Settlement files of payment providers, read by their declared [`SettlementProfile`] and no other way: what the provider
//! collected, gave back, kept, and pays out (protocols 3.3).
//!
//! As strict as the statements: the whole file or nothing. Each row must tie (net = gross − fee), and the totals row, where
//! the provider has one, must agree with the rows.

mod layout;
pub(crate) mod profile;
mod row;
mod sums;

pub use profile::{Columns, RefundSign, SettlementProfile, Totals};

use crate::error::{ReadError, Reason};
use crate::limits::{MAX_FILE_BYTES, MAX_LINES, MAX_LINES_HELD};
use crate::place::Place;
use crate::table::rows::Body;
use jiff::Timestamp;
use jiff::civil::Date;
use layout::Layout;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::ops::ControlFlow;
use sums::Sums;

/// One row. Amounts are whole đồng, seen from the account that is paid out to: what comes in is positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where the row begins in the file, counted from 1.
    pub line_no: usize,
    /// The provider's name for the transaction. A file may have it twice: that is for the comparison to find.
    pub provider_txn: String,
    /// Our own name for it.
    pub order_ref: Option<String>,
    /// Whose it is, as the provider names its merchants.
    pub merchant: Option<String>,
    /// The provider's name for the transaction that this one is about: the payment of a refund.
    pub original: Option<String>,
    /// A payment's is positive, a refund's negative, a fee's zero or negative.
    pub gross: i64,
    /// What the provider keeps, never negative.
    pub fee: i64,
    /// `gross` − `fee`; of a row that did not succeed it may also be zero.
    pub net: i64,
    /// Only a row that did not succeed, and one that is neither payment nor refund, may come without.
    pub paid_at: Option<Timestamp>,
    pub settled_on: Option<Date>,
    pub kind: Kind,
    pub status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Payment,
    Refund,
    /// A fee of its own row, for no one transaction.
    Fee,
    /// A correction of an earlier file, in either direction.
    Adjustment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Success,
    Failed,
    Pending,
}

/// What the rows that succeeded add up to, in whole đồng: `net` = `gross` + `refunds` + `adjustments` − `fee`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementSummary {
    /// Of the bytes as they came, in lower-case hex.
    pub sha256: String,
    /// Rows of any status.
    pub rows: usize,
    /// Of the payments.
    pub gross: i64,
    /// What the provider keeps.
    pub fee: i64,
    /// Zero or negative.
    pub refunds: i64,
    /// Gross amounts of rows that are neither payment nor refund.
    pub adjustments: i64,
    /// What the provider pays out.
    pub net: i64,
    /// The one day on which all that succeeded was settled; `None` if there are several or the file does not say.
    pub settled_on: Option<Date>,
}

/// A file that was read whole. The fields are those of [`SettlementSummary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementFile {
    pub sha256: String,
    pub rows: Vec<Row>,
    pub gross: i64,
    pub fee: i64,
    pub refunds: i64,
    pub adjustments: i64,
    pub net: i64,
    pub settled_on: Option<Date>,
}

/// Reads a whole file into memory, or says where and why not. A row takes about 250 bytes; for more than
/// [`MAX_LINES_HELD`] rows there is [`read_settlement_into`].
pub fn read_settlement(bytes: &[u8], profile: &SettlementProfile) -> Result<SettlementFile, ReadError> {
    let mut rows = Vec::new();
    let mut keep = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    let SettlementSummary { sha256, gross, fee, refunds, adjustments, net, settled_on, .. } =
        read_within(bytes, profile, &mut keep, MAX_LINES_HELD)?;
    Ok(SettlementFile { sha256, rows, gross, fee, refunds, adjustments, net, settled_on })
}

/// Hands the rows over as they are read, in the order of the file. **They count only once this has returned `Ok`**: the
/// totals stand at the end. `Break` stops the reading with [`Reason::Stopped`].
pub fn read_settlement_into(
    bytes: &[u8],
    profile: &SettlementProfile,
    row: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<SettlementSummary, ReadError> {
    read_within(bytes, profile, row, MAX_LINES)
}

fn read_within(
    bytes: &[u8],
    profile: &SettlementProfile,
    hand_over: &mut dyn FnMut(Row) -> ControlFlow<()>,
    most_rows: usize,
) -> Result<SettlementSummary, ReadError> {
    let at = |line, reason| ReadError::at(Place::line(line), reason);
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::at(Place::start(), Reason::Limit("bytes of a file")));
    }
    profile.check().map_err(|reason| ReadError::at(Place::start(), reason))?;
    let shape = profile.shape();
    let body = Body::of(bytes, &shape)?;
    let (mut table, line, header) = body.rows(&shape)?;
    let layout = Layout::find(&header, profile).map_err(|reason| at(line, reason))?;
    let mut sums = Sums::default();
    let mut totals = None;
    while let Some((line, cells)) = table.next()? {
        if totals.is_some() {
            return Err(at(line, Reason::Unexpected("a row after the totals".to_owned())));
        }
        cells.fits(&layout.uses).map_err(|reason| at(line, reason))?;
        if layout.is_totals(&cells, profile) {
            sums.agree(&layout, &cells, profile).map_err(|reason| at(line, reason))?;
            totals = Some(line);
            continue;
        }
        let row = row::read(line, &layout, &cells, profile).map_err(|reason| at(line, reason))?;
        sums.add(&row).map_err(|reason| at(line, reason))?;
        if sums.rows > most_rows {
            return Err(at(line, Reason::Limit("lines")));
        }
        if hand_over(row).is_break() {
            return Err(at(line, Reason::Stopped));
        }
    }
    let end = table.finish(totals)?;
    if profile.totals.is_some() && totals.is_none() {
        return Err(at(end, Reason::Missing("the totals row".to_owned())));
    }
    Ok(sums.summary(hex::encode(Sha256::digest(bytes))))
}
