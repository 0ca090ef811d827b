//! How one bank writes its tables, CSV or workbook: data, from configuration in TOML or JSON. An unknown key or encoding
//! is refused there.

use super::rows::Shape;
use crate::error::Reason;
use crate::money::Currency;
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub delimiter: char,
    pub encoding: Encoding,
    /// Lines before the header row (the bank's letterhead), which are not read.
    #[serde(default)]
    pub preamble_lines: usize,
    /// The sheet of a workbook; without it, its only visible one. Delimiter and encoding are of CSV files alone.
    #[serde(default)]
    pub sheet: Option<String>,
    /// The account that the files are about, unless a column says it. Where neither does, the file is of the account under
    /// which it was sent, and [`crate::Head::account`] is empty.
    #[serde(default)]
    pub account: Option<String>,
    pub currency: String,
    pub columns: Columns,
    pub amounts: Amounts,
    pub numbers: Numbers,
    /// The row at the end that sums up. Where a bank has one, a file without it is cut off.
    #[serde(default)]
    pub totals: Option<Totals>,
    #[serde(default)]
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// Without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// With one.
    #[serde(rename = "utf-8-bom")]
    Utf8Bom,
    /// With or without one.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// Vietnamese Windows: tone marks follow their letter and are joined to it.
    #[serde(rename = "windows-1258")]
    Windows1258,
}

/// The header of the column for each field; a field without one stays empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    pub booking_date: Option<DateColumn>,
    pub value_date: Option<DateColumn>,
    /// The balance after each row.
    pub balance: Option<String>,
    pub bank_ref: Option<String>,
    pub owner_ref: Option<String>,
    pub end_to_end: Option<String>,
    pub counterparty_name: Option<String>,
    pub counterparty_account: Option<String>,
    pub counterparty_bank: Option<String>,
    pub text: Option<String>,
    pub account: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateColumn {
    pub header: String,
    /// strptime: `%d/%m/%Y %H:%M:%S`.
    pub format: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Amounts {
    /// `amounts.columns = { credit = "Ghi có", debit = "Ghi nợ" }`: neither has a sign.
    Columns { credit: String, debit: String },
    /// `amounts.signed = "Số tiền"`: money that went out has a minus.
    Signed(String),
}

/// A sign that is not named does not occur. Cells are grouped throughout or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Numbers {
    pub grouping: Option<char>,
    pub decimal: Option<char>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The column that holds the marker, and the marker (`Cộng`).
    pub header: String,
    pub marker: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
}

pub(crate) const DATE_FORMAT: &str = "a date format does not give day, month and year";

pub(crate) fn check_delimiter(delimiter: char) -> Result<(), Reason> {
    match delimiter {
        ',' | ';' | '\t' | '|' => Ok(()),
        _ => Err(Reason::Profile("the delimiter is none of , ; tab |")),
    }
}

impl Numbers {
    pub(crate) fn check(&self) -> Result<(), Reason> {
        let signs = [self.grouping, self.decimal];
        if signs.iter().flatten().any(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '"' | '\r' | '\n')) {
            return Err(Reason::Profile("a separator of numbers is a digit, a letter or a sign"));
        }
        if self.grouping.is_some() && self.grouping == self.decimal {
            return Err(Reason::Profile("grouping and decimal separator are the same"));
        }
        Ok(())
    }
}

impl Profile {
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

    pub(crate) fn check(&self) -> Result<Currency, Reason> {
        let currency = Currency::new(&self.currency).map_err(|_| Reason::Profile("the currency is unknown"))?;
        check_delimiter(self.delimiter)?;
        self.numbers.check()?;
        let dates = [&self.columns.booking_date, &self.columns.value_date];
        if dates.iter().all(|d| d.is_none()) {
            return Err(Reason::Profile("no column with a date"));
        }
        if !dates.into_iter().flatten().all(|d| super::cell::is_date_format(&d.format)) {
            return Err(Reason::Profile(DATE_FORMAT));
        }
        if self.account.is_some() && self.columns.account.is_some() {
            return Err(Reason::Profile("an account, and a column with it"));
        }
        Ok(currency)
    }
}
