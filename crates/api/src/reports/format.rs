//! The forms in which a report is given. JSON and CSV are sent while rows come; a workbook and a PDF are whole files, which
//! are written first and sent then.

use crate::problem::{Code, Problem};
use domain::report::Report;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
    Pdf,
}

impl Format {
    /// As asked for; a PDF is what people print, and there are columns for paper for it.
    pub fn read(report: Report, asked: Option<&str>) -> Result<Self, Problem> {
        match asked {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some("xlsx") => Ok(Self::Xlsx),
            Some("pdf") if report == Report::Transactions => Ok(Self::Pdf),
            Some("pdf") => Err(Problem::with(Code::QueryInvalid, "pdf is a format of transactions")),
            Some(_) => Err(Problem::with(Code::QueryInvalid, "format is json, csv, xlsx or pdf")),
        }
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
