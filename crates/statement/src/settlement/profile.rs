//! How one provider writes its settlement files: data, as [`crate::Profile`] is for banks.

use super::{Kind, Status};
use crate::error::Reason;
use crate::table::profile::{DateColumn, Encoding, Numbers, check_delimiter};
use crate::table::rows::Shape;
use crate::table::{cell, profile};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The amounts are whole đồng.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettlementProfile {
    pub delimiter: char,
    pub encoding: Encoding,
    /// Lines before the header row, which are not read.
    #[serde(default)]
    pub preamble_lines: usize,
    /// The sheet of a workbook; without it, its only visible one. Delimiter and encoding are of CSV files alone.
    #[serde(default)]
    pub sheet: Option<String>,
    pub columns: Columns,
    pub numbers: Numbers,
    pub refund_sign: RefundSign,
    /// The sign behind which our own name of an order begins, where the provider's is longer: `261127_LC7K2M9QX4T`.
    #[serde(default)]
    pub order_ref_after: Option<char>,
    /// What each word in the column `type` means; another word refuses the file.
    #[serde(default)]
    pub types: BTreeMap<String, Kind>,
    /// What each word in the column `status` means; another word refuses the file.
    #[serde(default)]
    pub statuses: BTreeMap<String, Status>,
    /// The row at the end that sums up. Where a provider has one, a file without it is cut off.
    #[serde(default)]
    pub totals: Option<Totals>,
}

/// The header of the column for each field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    pub provider_txn: String,
    pub order_ref: String,
    /// The merchant or terminal; where there is one, a file of another merchant can be told.
    #[serde(default)]
    pub merchant: Option<String>,
    #[serde(default)]
    pub original: Option<String>,
    pub gross: String,
    pub fee: String,
    pub net: String,
    /// Where there is one, each cell must say `VND`.
    #[serde(default)]
    pub currency: Option<String>,
    /// With date and time, as the clock shows in Hanoi: `%d/%m/%Y %H:%M:%S`.
    pub paid_at: DateColumn,
    #[serde(default)]
    pub settled_on: Option<DateColumn>,
    /// Without it every row is a payment.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Without it every row has succeeded.
    #[serde(default)]
    pub status: Option<String>,
}

/// How the gross and net amount of a refund are written. We always give them a minus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundSign {
    /// With a minus.
    Negative,
    /// Without: only the type tells that money went back.
    Positive,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The column that holds the marker, and the marker (`Tổng cộng`).
    pub header: String,
    pub marker: String,
    /// The column in which the totals row has the number of rows that succeeded.
    #[serde(default)]
    pub count: Option<String>,
}

impl SettlementProfile {
    /// # Errors
    /// What is wrong with the layout, for whoever wrote it.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let profile: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        profile.check().map_err(|reason| reason.to_string())?;
        Ok(profile)
    }

    pub(super) fn shape(&self) -> Shape<'_> {
        let Self { delimiter, encoding, preamble_lines, sheet, .. } = self;
        Shape { delimiter: *delimiter, encoding: *encoding, preamble_lines: *preamble_lines, sheet: sheet.as_deref() }
    }

    pub(super) fn check(&self) -> Result<(), Reason> {
        check_delimiter(self.delimiter)?;
        self.numbers.check()?;
        if !cell::is_time_format(&self.columns.paid_at.format) {
            return Err(Reason::Profile("the format of paid_at does not give day and time, or has a zone of its own"));
        }
        if self.columns.settled_on.as_ref().is_some_and(|d| !cell::is_date_format(&d.format)) {
            return Err(Reason::Profile(profile::DATE_FORMAT));
        }
        if self.columns.kind.is_some() == self.types.is_empty() {
            return Err(Reason::Profile("a column for the type and its words come together"));
        }
        if self.columns.status.is_some() == self.statuses.is_empty() {
            return Err(Reason::Profile("a column for the status and its words come together"));
        }
        Ok(())
    }
}
