//! A workbook (ECMA-376, `.xlsx`) as rows of cells, which the profiles of CSV files read as well: one sheet of it, row by
//! row, nothing of which is guessed.
//!
//! | in the file | then |
//! |---|---|
//! | a text | what a CSV would have there, separators of thousands and all |
//! | a number | its exact decimal, whatever its format shows; one of more than 15 digits is refused where it is read, and so is half a đồng |
//! | a number whose format is a day or time | a day or time, to the millisecond; in a column of sums or texts it is refused |
//! | a formula | refused where it is read, with its kept value: nobody knows when it was kept |
//! | an error, a truth value | refused where it is read |
//! | merged cells | refused below the letterhead, but for the row of totals |
//! | a hidden sheet | not looked at; refused where the profile names it |
//! | several visible sheets | refused, unless the profile names one |
//! | hidden rows and columns | read as the others: they are in the file |
//! | an empty row | passed |
//!
//! It holds the texts that cells share, up to [`MAX_SHARED_BYTES`](crate::MAX_SHARED_BYTES), and one row. A part unpacks to
//! no more than its directory says and its file's size allows; a DOCTYPE is never read, nor anything outside the file.

mod merged;
mod number;
mod part;
mod sheet;
mod strings;
mod styles;
mod zip;

pub(crate) use sheet::Sheet;

use crate::error::Reason;
use crate::limits::{MAX_SHARED_BYTES, MAX_UNPACKED_BYTES};
use part::{Xml, attributes};
use quick_xml::events::Event;
use std::collections::BTreeMap;
use strings::Shared;
use styles::Styles;
use zip::Archive;

/// Relations, the list of sheets, styles.
const MAX_SMALL_BYTES: u64 = 16 * 1024 * 1024;
const MAX_SHEETS: usize = 1_000;

/// Whether the bytes are a workbook's: no text that we read begins so.
pub(crate) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(&zip::LOCAL) || is_older(bytes)
}

/// An `.xls`, or an `.xlsx` behind a password, which lies in the same kind of container.
fn is_older(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

/// Opens the sheet of this name, or else the only one that is visible.
pub(crate) fn open<'b>(bytes: &'b [u8], sheet: Option<&str>) -> Result<Sheet<'b>, Reason> {
    if is_older(bytes) {
        return Err(Reason::Workbook("it is an .xls, or locked by a password"));
    }
    let archive = Archive::open(bytes)?;
    let root = Relations::read(&archive, "")?;
    let workbook = root.only("officeDocument")?;
    let related = Relations::read(&archive, workbook)?;
    let book = Book::read(&archive, workbook)?;
    let path = related.named(&book.chosen(sheet)?.relation)?;
    let shared = match related.maybe("sharedStrings")? {
        Some(path) => Shared::read(xml(&archive, path, MAX_UNPACKED_BYTES.min(4 * MAX_SHARED_BYTES as u64))?)?,
        None => Shared::default(),
    };
    let styles = match related.maybe("styles")? {
        Some(path) => Styles::read(xml(&archive, path, MAX_SMALL_BYTES)?)?,
        None => Styles::default(),
    };
    Ok(Sheet::new(xml(&archive, path, MAX_UNPACKED_BYTES)?, shared, styles, book.from_1904))
}

fn xml<'b>(archive: &Archive<'b>, path: &str, most: u64) -> Result<Xml<'b>, Reason> {
    archive.part(path, most).map(Xml::new)
}

/// What a part is related to (ECMA-376 part 2, 6.5).
struct Relations(BTreeMap<String, Relation>);

struct Relation {
    /// The last word of its type.
    kind: String,
    path: String,
    is_outside: bool,
}

impl Relations {
    fn read(archive: &Archive<'_>, of: &str) -> Result<Self, Reason> {
        let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
        let slash = if folder.is_empty() { "" } else { "/" };
        let path = format!("{folder}{slash}_rels/{name}.rels");
        let mut all = BTreeMap::new();
        if !archive.has(&path) {
            return Ok(Self(all));
        }
        let mut xml = xml(archive, &path, MAX_SMALL_BYTES)?;
        loop {
            match xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == "Relationship" => {
                    let (mut id, mut kind, mut target, mut is_outside) =
                        (String::new(), String::new(), String::new(), false);
                    attributes(&tag, |name, value| match name {
                        "Id" => id = value.into_owned(),
                        "Type" => kind = value.rsplit('/').next().unwrap_or_default().to_owned(),
                        "Target" => target = value.into_owned(),
                        "TargetMode" => is_outside = value != "Internal",
                        _ => {}
                    })?;
                    let path = match target.strip_prefix('/') {
                        Some(path) => path.to_owned(),
                        None => format!("{folder}{slash}{target}"),
                    };
                    if all.insert(id, Relation { kind, path, is_outside }).is_some() {
                        return Err(Reason::Twice("a relation of the workbook".to_owned()));
                    }
                }
                Event::Eof => return Ok(Self(all)),
                _ => {}
            }
        }
    }

    fn maybe(&self, kind: &str) -> Result<Option<&str>, Reason> {
        let mut found = self.0.values().filter(|relation| relation.kind == kind);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(relation), None) => relation.inside().map(Some),
            _ => Err(Reason::Twice("a part of the workbook".to_owned())),
        }
    }

    fn only(&self, kind: &str) -> Result<&str, Reason> {
        self.maybe(kind)?.ok_or(Reason::Workbook("it holds no tables"))
    }

    fn named(&self, id: &str) -> Result<&str, Reason> {
        let relation = self.0.get(id).filter(|relation| relation.kind == "worksheet");
        relation.ok_or_else(|| Reason::Missing("a part of the workbook".to_owned()))?.inside()
    }
}

impl Relation {
    fn inside(&self) -> Result<&str, Reason> {
        if self.is_outside { Err(Reason::Workbook("a part outside the file")) } else { Ok(&self.path) }
    }
}

/// The sheets of a workbook (ECMA-376 part 1, 18.2).
#[derive(Default)]
struct Book {
    sheets: Vec<Listed>,
    from_1904: bool,
}

struct Listed {
    name: String,
    relation: String,
    is_hidden: bool,
}

impl Book {
    fn read(archive: &Archive<'_>, path: &str) -> Result<Self, Reason> {
        let mut book = Self::default();
        let mut xml = xml(archive, path, MAX_SMALL_BYTES)?;
        loop {
            match xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == "sheet" => {
                    let mut sheet = Listed { name: String::new(), relation: String::new(), is_hidden: false };
                    attributes(&tag, |name, value| match name {
                        "name" => sheet.name = value.into_owned(),
                        "id" => sheet.relation = value.into_owned(),
                        "state" => sheet.is_hidden = value != "visible",
                        _ => {}
                    })?;
                    if book.sheets.len() == MAX_SHEETS {
                        return Err(Reason::Limit("sheets of a workbook"));
                    }
                    book.sheets.push(sheet);
                }
                Event::Start(tag) if tag.local_name().as_ref() == "workbookPr" => attributes(&tag, |name, value| {
                    if name == "date1904" {
                        book.from_1904 = matches!(value.as_ref(), "1" | "true");
                    }
                })?,
                Event::Eof => return Ok(book),
                _ => {}
            }
        }
    }

    fn chosen(&self, name: Option<&str>) -> Result<&Listed, Reason> {
        let mut visible =
            self.sheets.iter().filter(|sheet| !sheet.is_hidden && name.is_none_or(|name| sheet.name == name));
        match (visible.next(), visible.next(), name) {
            (Some(sheet), None, _) => Ok(sheet),
            (None, _, Some(_)) if self.sheets.iter().any(|sheet| Some(sheet.name.as_str()) == name) => {
                Err(Reason::Workbook("the sheet of the profile is hidden"))
            }
            (None, _, _) => Err(Reason::Missing("the sheet".to_owned())),
            (Some(_), Some(_), None) => Err(Reason::Workbook("several visible sheets, and the profile names none")),
            (Some(_), Some(_), Some(_)) => Err(Reason::Twice("the sheet".to_owned())),
        }
    }
}
