//! The forms in which a report is given. JSON and CSV are sent while rows come; a workbook and a PDF are whole files, which
//! are written first and sent then.

use crate::sheets;
use domain::report::Report;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
    Pdf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFormat {
    #[error("pdf is a format of transactions")]
    NotPrinted,
    #[error("format is json, csv, xlsx or pdf")]
    Unknown,
}

impl Format {
    /// As asked for; a PDF is what people print, and there are columns for paper for it.
    ///
    /// # Errors
    /// When there is no such form of this report.
    pub fn read(report: Report, asked: Option<&str>) -> Result<Self, BadFormat> {
        match asked {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some("xlsx") => Ok(Self::Xlsx),
            Some("pdf") if Self::Pdf.is_of(report) => Ok(Self::Pdf),
            Some("pdf") => Err(BadFormat::NotPrinted),
            Some(_) => Err(BadFormat::Unknown),
        }
    }

    /// Whether a report is given so.
    pub fn is_of(self, report: Report) -> bool {
        self != Self::Pdf || !sheets::printed(report).is_empty()
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }
}
