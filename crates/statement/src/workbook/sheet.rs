//! The rows of a sheet (ECMA-376 part 1, 18.3.1), one after the other: each cell where its name says, and what it holds.

use super::merged::{self, Merged};
use super::number;
use super::part::{Xml, attributes};
use super::strings::{Shared, rich_text};
use super::styles::{Shows, Styles};
use crate::error::{ReadError, Reason};
use crate::limits::{MAX_CELLS, MAX_ROWS};
use crate::place::{Place, control_character};
use crate::table::cell::{Kind, Row};
use ::csv::StringRecord;
use jiff::civil::DateTime;
use quick_xml::events::{BytesStart, Event};

const SHEET: Reason = Reason::Workbook("a sheet");

pub(crate) struct Sheet<'b> {
    xml: Xml<'b>,
    shared: Shared,
    styles: Styles,
    from_1904: bool,
    /// The row of the header, once it was read; and how many cells it has.
    header: Option<(usize, usize)>,
    state: State,
    /// The last row that was read.
    line: usize,
    texts: StringRecord,
    kinds: Vec<Kind>,
    text: String,
    merged: Merged,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Rows,
    Behind,
    Over,
}

impl<'b> Sheet<'b> {
    pub(super) fn new(xml: Xml<'b>, shared: Shared, styles: Styles, from_1904: bool) -> Self {
        Self {
            xml,
            shared,
            styles,
            from_1904,
            header: None,
            state: State::Before,
            line: 0,
            texts: StringRecord::new(),
            kinds: Vec::new(),
            text: String::new(),
            merged: Merged::default(),
        }
    }

    /// The first row below the preamble that is not empty.
    pub fn header(&mut self, preamble: usize) -> Result<(usize, StringRecord), ReadError> {
        while self.row()? {
            if self.line > preamble && self.is_filled() {
                let width = self.width();
                self.texts.truncate(width);
                self.header = Some((self.line, width));
                return Ok((self.line, self.texts.clone()));
            }
        }
        Err(ReadError::at(Place::line(self.line.max(1)), Reason::Missing("the header row".to_owned())))
    }

    pub fn next(&mut self) -> Result<Option<(usize, Row<'_>)>, ReadError> {
        while self.row()? {
            if !self.is_filled() {
                continue;
            }
            let width = self.header.map_or(0, |(_, width)| width);
            if self.width() > width {
                return Err(self.here(Reason::Unfit("the number of cells".to_owned())));
            }
            return Ok(Some((self.line, Row::of(&self.texts, &self.kinds))));
        }
        Ok(None)
    }

    pub fn last_line(&self) -> usize {
        self.line.max(1)
    }

    /// What the sheet says of itself behind its rows; `totals`: the row that sums up.
    pub fn finish(&self, totals: Option<usize>) -> Result<(), ReadError> {
        self.merged.fits(totals).map_err(|(line, reason)| ReadError::at(Place::line(line), reason))
    }

    fn here(&self, reason: Reason) -> ReadError {
        ReadError::at(Place::line(self.line.max(1)), reason)
    }

    fn is_filled(&self) -> bool {
        self.width() > 0
    }

    /// Without the empty cells at the end.
    fn width(&self) -> usize {
        let is_filled =
            |at: &usize| self.kinds[*at] != Kind::Text || self.texts.get(*at).is_some_and(|t| !t.trim().is_empty());
        (0..self.kinds.len()).rev().find(is_filled).map_or(0, |at| at + 1)
    }

    /// Reads the next row; false when the sheet is over.
    fn row(&mut self) -> Result<bool, ReadError> {
        self.step().map_err(|reason| self.here(reason))
    }

    fn step(&mut self) -> Result<bool, Reason> {
        while self.state != State::Over {
            let header = self.header.map_or(1, |(row, _)| row);
            match (self.state, self.xml.next()?) {
                (State::Before, Event::Start(tag)) if tag.local_name().as_ref() == "sheetData" => {
                    self.state = State::Rows
                }
                (State::Rows, Event::Start(tag)) => {
                    if tag.local_name().as_ref() != "row" {
                        return Err(SHEET);
                    }
                    let mut number = None;
                    attributes(&tag, |name, value| {
                        if name == "r" {
                            number = Some(merged::row(&value));
                        }
                    })?;
                    let number = number.unwrap_or(Ok(self.line + 1))?;
                    return self.cells(number).map(|()| true);
                }
                (State::Rows, Event::End(_)) => self.state = State::Behind,
                (State::Behind, Event::Start(tag)) => match tag.local_name().as_ref() {
                    "sheetData" => return Err(Reason::Twice("the table of the sheet".to_owned())),
                    "mergeCell" => {
                        let merged = &mut self.merged;
                        let mut outcome = Ok(());
                        attributes(&tag, |name, value| {
                            if name == "ref" {
                                outcome = merged.add(&value, header);
                            }
                        })?;
                        outcome?;
                    }
                    _ => {}
                },
                (State::Before, Event::Eof) => return Err(Reason::Missing("the table of the sheet".to_owned())),
                (_, Event::Eof) => self.state = State::Over,
                _ => {}
            }
        }
        Ok(false)
    }

    fn cells(&mut self, number: usize) -> Result<(), Reason> {
        if number <= self.line {
            return Err(Reason::Twice("a row".to_owned()));
        }
        if number > MAX_ROWS {
            return Err(Reason::Limit("lines"));
        }
        self.line = number;
        self.texts.clear();
        self.kinds.clear();
        loop {
            let cell = match self.xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == "c" => Cell::of(&tag)?,
                Event::Start(_) => {
                    self.xml.skip()?;
                    continue;
                }
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(Reason::Truncated),
                _ => continue,
            };
            let column = match &cell.place {
                None => self.kinds.len(),
                Some((row, column)) if *row == number => *column,
                Some(_) => return Err(Reason::Workbook("a cell in another row than its own")),
            };
            if column < self.kinds.len() {
                return Err(Reason::Twice("a cell".to_owned()));
            }
            if column >= MAX_CELLS {
                return Err(Reason::Limit("cells of a row"));
            }
            while self.kinds.len() < column {
                self.push(Kind::Text);
            }
            let kind = self.cell(&cell)?;
            self.push(kind);
            self.text.clear();
        }
    }

    fn push(&mut self, kind: Kind) {
        self.texts.push_field(if kind == Kind::Text || kind == Kind::Number { &self.text } else { "" });
        self.kinds.push(kind);
    }

    /// Leaves what the cell says in `text`, and says what that is.
    fn cell(&mut self, cell: &Cell) -> Result<Kind, Reason> {
        let mut written = String::new();
        let (mut is_formula, mut values) = (false, 0);
        loop {
            match self.xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "v" => {
                        values += 1;
                        self.xml.text(&mut written)?;
                    }
                    "is" => {
                        values += 1;
                        rich_text(&mut self.xml, "is", &mut written)?;
                    }
                    "f" => {
                        is_formula = true;
                        self.xml.skip()?;
                    }
                    _ => self.xml.skip()?,
                },
                Event::End(_) => break,
                Event::Eof => return Err(Reason::Truncated),
                _ => {}
            }
        }
        if values > 1 {
            return Err(Reason::Twice("the value of a cell".to_owned()));
        }
        if is_formula {
            return Ok(Kind::Unread("a formula"));
        }
        self.value(cell, written)
    }

    fn value(&mut self, cell: &Cell, written: String) -> Result<Kind, Reason> {
        let kind = match cell.holds {
            _ if written.trim().is_empty() => return Ok(Kind::Text),
            Holds::Text => {
                self.text = written;
                Kind::Text
            }
            Holds::Shared => {
                let index = written.trim().parse().ok();
                let text = index.and_then(|index: usize| self.shared.get(index));
                self.text.push_str(text.ok_or_else(|| Reason::Missing("a shared text".to_owned()))?);
                Kind::Text
            }
            Holds::Number => match self.styles.shows(cell.style) {
                Shows::Number => match number::exact(written.trim()) {
                    Some(plain) => {
                        self.text = plain;
                        Kind::Number
                    }
                    None => Kind::Unread("a number of more digits than a workbook keeps"),
                },
                shows => match number::day(written.trim(), self.from_1904) {
                    Some(day) => Kind::Day(day, shows == Shows::Time),
                    None => Kind::Unread("a day that is none"),
                },
            },
            Holds::Day => match written.trim().parse::<DateTime>() {
                Ok(day) if !written.contains(['Z', 'z', '+', '[']) => Kind::Day(day, written.contains('T')),
                _ => Kind::Unread("a day that is none"),
            },
            Holds::Other => Kind::Unread("neither a text nor a number"),
        };
        match control_character(&self.text) {
            Some(_) => Err(Reason::Encoding("a control character")),
            None => Ok(kind),
        }
    }
}

/// What a cell's tag says of it.
struct Cell {
    place: Option<(usize, usize)>,
    style: usize,
    holds: Holds,
}

#[derive(Clone, Copy)]
enum Holds {
    Number,
    Text,
    Shared,
    Day,
    Other,
}

impl Cell {
    fn of(tag: &BytesStart<'_>) -> Result<Self, Reason> {
        let (mut place, mut style, mut holds) = (None, Some(0), Holds::Number);
        attributes(tag, |name, value| match name {
            "r" => place = Some(merged::place(&value)),
            "s" => style = value.parse().ok(),
            "t" => {
                holds = match value.as_ref() {
                    "n" => Holds::Number,
                    "s" => Holds::Shared,
                    "str" | "inlineStr" => Holds::Text,
                    "d" => Holds::Day,
                    _ => Holds::Other,
                }
            }
            _ => {}
        })?;
        let style = style.ok_or(Reason::Workbook("the style of a cell"))?;
        Ok(Self { place: place.transpose()?, style, holds })
    }
}
