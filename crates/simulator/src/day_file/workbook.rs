//! A table as a workbook, as somebody's spreadsheet program or report writer would have it.

use jiff::civil::DateTime;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::form::{Cell, Form, Table};
use crate::clock;

pub(super) fn written(form: &Form, table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let mut row = 0;
    for line in form.letterhead {
        sheet.write_string(row, 0, *line)?;
        row += 1;
    }
    for (column, (header, _)) in (0..).zip(form.columns) {
        sheet.write_string(row, column, *header)?;
    }
    for cells in table {
        row += 1;
        for (column, cell) in (0..).zip(cells) {
            write(sheet, (row, column), form, cell)?;
        }
    }
    book.save_to_buffer()
}

fn write(sheet: &mut Worksheet, (row, column): (u32, u16), form: &Form, cell: &Cell) -> Result<(), XlsxError> {
    let shown = |code: &str| Format::new().set_num_format(code);
    match cell {
        Cell::Text(text) if text.is_empty() => return Ok(()),
        Cell::Dong(amount) if form.typed && i32::try_from(*amount).is_ok() => {
            let amount = i32::try_from(*amount).unwrap_or_default();
            sheet.write_number_with_format(row, column, amount, &shown("#,##0"))?
        }
        Cell::Time(at) if form.typed => {
            let at = moment(clock::hanoi(*at))?;
            sheet.write_datetime_with_format(row, column, &at, &shown("dd/mm/yyyy hh:mm:ss"))?
        }
        Cell::Day(day) if form.typed => {
            let day = moment(day.at(0, 0, 0, 0))?;
            sheet.write_datetime_with_format(row, column, &day, &shown("dd/mm/yyyy"))?
        }
        _ => sheet.write_string(row, column, form.text(cell))?,
    };
    Ok(())
}

/// To the second, as people see it.
fn moment(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let of = |part: i8| u8::try_from(part).unwrap_or_default();
    let day = ExcelDateTime::from_ymd(u16::try_from(at.year()).unwrap_or_default(), of(at.month()), of(at.day()))?;
    day.and_hms(u16::from(of(at.hour())), of(at.minute()), of(at.second()))
}
