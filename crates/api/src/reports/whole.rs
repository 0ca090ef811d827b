//! Reports that are files: written to a temporary file that has no name while the rows come, and sent when they are whole.
//! What breaks off is a refusal then, never half a file.

use super::format::Format;
use super::{sheets, workbook};
use crate::problem::{Code, Problem};
use actix_web::body::SizedStream;
use actix_web::web::Bytes;
use domain::report::{Period, Report};
use futures_util::Stream;
use futures_util::stream::unfold;
use payments::report::{Part, Row};
use std::fs::File;
use std::io::{self, Seek};
use storage::StorageError;
use tokio::io::AsyncReadExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;

/// Sent at once.
const PIECE: usize = 64 * 1024;

/// A file that rows become.
pub trait Whole: Send {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()>;
    fn finish(self: Box<Self>, file: &mut File) -> io::Result<()>;
}

#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    #[error("the rows broke off")]
    Rows(#[source] StorageError),
    #[error("the file cannot be written")]
    File(#[source] io::Error),
    #[error("a PDF has at most {} rows", sheets::ROWS_AT_MOST)]
    TooLong,
}

impl From<io::Error> for WholeError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::FileTooLarge { Self::TooLong } else { Self::File(e) }
    }
}

impl From<WholeError> for Problem {
    fn from(e: WholeError) -> Self {
        match e {
            WholeError::Rows(e) => e.into(),
            WholeError::TooLong => {
                Self::with(Code::QueryInvalid, format!("{e}: ask for fewer days, or for xlsx or csv"))
            }
            WholeError::File(source) => {
                tracing::error!(error = &source as &dyn std::error::Error, "a report's file was not written");
                Self::new(Code::Unavailable)
            }
        }
    }
}

/// The whole file, from its beginning. `turn` is held until it is written, whoever has hung up meanwhile.
pub async fn written(
    (format, report, period): (Format, Report, Period),
    parts: Receiver<Part>,
    turn: OwnedSemaphorePermit,
) -> Result<File, Problem> {
    let write = move || {
        let file = write(format, report, period, parts);
        drop(turn);
        file
    };
    let outcome = tokio::task::spawn_blocking(write).await;
    Ok(outcome.map_err(|_| Problem::new(Code::Internal))??)
}

fn write(format: Format, report: Report, period: Period, mut parts: Receiver<Part>) -> Result<File, WholeError> {
    let mut whole: Box<dyn Whole> = match format {
        Format::Pdf => Box::new(sheets::Sheets::new(report, period)),
        Format::Json | Format::Csv | Format::Xlsx => Box::new(workbook::Workbook::new(report, period)?),
    };
    loop {
        match parts.blocking_recv() {
            Some(Part::Rows(rows)) => whole.rows(&rows)?,
            Some(Part::End) => break,
            Some(Part::Broken(error)) => return Err(WholeError::Rows(error)),
            None => return Err(WholeError::File(io::Error::other("the rows ended before their end"))),
        }
    }
    let mut file = tempfile::tempfile()?;
    whole.finish(&mut file)?;
    file.rewind()?;
    Ok(file)
}

/// A file as a body whose length is known.
pub fn body(file: File) -> io::Result<SizedStream<impl Stream<Item = Result<Bytes, io::Error>> + 'static>> {
    let length = file.metadata()?.len();
    let pieces = unfold(tokio::fs::File::from_std(file), |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(Bytes::from(piece)), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    Ok(SizedStream::new(length, pieces))
}
