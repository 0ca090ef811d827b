//! Workbooks by the profiles of CSV files: what stands in a cell is what it says, exactly, or the file is refused.

mod hostile;
mod made;

use crate::settlement::{DAY, profile};
use jiff::civil::DateTime;
use made::{Book, packed};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet, XlsxError};
use statement::profiles::BUILT_IN;
use statement::settlement::{Kind, Row};
use statement::{Format as As, Profile, ReadError, Reason, SettlementFile, SettlementProfile, read_settlement};

type Made<T> = Result<T, XlsxError>;

const HEADERS: [&str; 12] = [
    "STT",
    "Mã giao dịch VNPAY",
    "Mã đơn hàng",
    "Mã website",
    "Loại giao dịch",
    "Trạng thái",
    "Số tiền giao dịch",
    "Phí",
    "Số tiền thanh toán",
    "Thời gian giao dịch",
    "Ngày thanh quyết toán",
    "Mã giao dịch gốc",
];
const GROSS: u16 = 6;
const PAID_AT: u16 = 9;

pub(super) fn read(bytes: &[u8]) -> Result<SettlementFile, ReadError> {
    read_settlement(bytes, &profile())
}

/// The row of the sheet, and why.
fn refused(bytes: &[u8]) -> (usize, Reason) {
    let error = read(bytes).unwrap_err();
    (error.at.line, error.reason)
}

fn time() -> Format {
    Format::new().set_num_format("dd/mm/yyyy hh:mm:ss")
}

fn day() -> Format {
    Format::new().set_num_format("dd/mm/yyyy")
}

/// One payment of 150,000 with a fee of 1,200 in row 2, and the totals in row 3, as a spreadsheet program has it.
fn sheet(sheet: &mut Worksheet) -> Made<()> {
    for (column, header) in (0..).zip(HEADERS) {
        sheet.write_string(0, column, header)?;
    }
    sheet.write_number(1, 0, 1)?;
    sheet.write_string(1, 1, "14422574")?.write_string(1, 2, "LC7K2M9QX4T")?.write_string(1, 3, "LAOCAI01")?;
    sheet.write_string(1, 4, "Thanh toán")?.write_string(1, 5, "Thành công")?;
    sheet.write_number(1, GROSS, 150_000)?.write_number(1, 7, 1_200)?.write_number(1, 8, 148_800)?;
    let paid = ExcelDateTime::from_ymd(2026, 11, 24)?.and_hms(14, 1, 16)?;
    sheet.write_datetime_with_format(1, PAID_AT, &paid, &time())?;
    sheet.write_datetime_with_format(1, 10, &ExcelDateTime::from_ymd(2026, 11, 25)?, &day())?;
    sheet.write_string(2, 0, "Tổng cộng")?;
    sheet.write_number(2, GROSS, 150_000)?.write_number(2, 7, 1_200)?.write_number(2, 8, 148_800)?;
    Ok(())
}

/// That sheet, changed.
fn book(change: impl FnOnce(&mut Worksheet) -> Made<()>) -> Vec<u8> {
    let mut book = Workbook::new();
    let at = book.add_worksheet();
    sheet(at).and_then(|()| change(at)).unwrap();
    book.save_to_buffer().unwrap()
}

fn changed(change: impl FnOnce(&mut Worksheet) -> Made<&mut Worksheet>) -> Vec<u8> {
    book(|sheet| change(sheet).map(drop))
}

#[test]
fn a_workbook_is_read_as_the_csv_of_the_same_rows() {
    let mut records = csv_rows(DAY);
    let mut texts = Workbook::new();
    let at = texts.add_worksheet();
    for (row, record) in (0..).zip(&records) {
        for (column, cell) in (0..).zip(record) {
            at.write_string(row, column, cell).unwrap();
        }
    }
    let (csv, xlsx) = (read(DAY.as_bytes()).unwrap(), read(&texts.save_to_buffer().unwrap()).unwrap());
    assert_eq!(xlsx, SettlementFile { sha256: xlsx.sha256.clone(), ..csv.clone() });

    // sums as numbers, days as days
    let mut typed = Workbook::new();
    let at = typed.add_worksheet();
    let header = records.remove(0);
    (0..).zip(&header).for_each(|(column, cell)| _ = at.write_string(0, column, cell).unwrap());
    for (row, record) in (1..).zip(&records) {
        for (column, cell) in (0_u16..).zip(record).filter(|(_, cell)| !cell.is_empty()) {
            match (column, cell.replace(',', "").parse::<i32>()) {
                (6..=8, Ok(number)) => at.write_number(row, column, number).unwrap(),
                (9, _) => {
                    at.write_datetime_with_format(row, column, moment(cell, "%d/%m/%Y %H:%M:%S"), &time()).unwrap()
                }
                (10, _) => at
                    .write_datetime_with_format(row, column, moment(&format!("{cell} 00"), "%d/%m/%Y %H"), &day())
                    .unwrap(),
                _ => at.write_string(row, column, cell).unwrap(),
            };
        }
    }
    let xlsx = read(&typed.save_to_buffer().unwrap()).unwrap();
    assert_eq!(xlsx, SettlementFile { sha256: xlsx.sha256.clone(), ..csv });
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn moment(text: &str, format: &str) -> ExcelDateTime {
    let at = DateTime::strptime(format, text).unwrap();
    let of = |number: i8| u8::try_from(number).unwrap();
    let day = ExcelDateTime::from_ymd(at.year().try_into().unwrap(), of(at.month()), of(at.day())).unwrap();
    day.and_hms(of(at.hour()).into(), of(at.minute()), of(at.second())).unwrap()
}

#[test]
fn the_payment_is_what_the_cells_say() {
    let file = read(&changed(|s| Ok(s))).unwrap();
    let row = &file.rows[0];
    assert_eq!((row.line_no, row.kind, row.gross, row.fee, row.net), (2, Kind::Payment, 150_000, 1_200, 148_800));
    assert_eq!(row.paid_at, Some("2026-11-24T07:01:16Z".parse().unwrap()));
    assert_eq!(file.settled_on, Some("2026-11-25".parse().unwrap()));
}

#[test]
fn a_number_is_a_sum_only_as_it_stands() {
    let cell = |holds| Reason::Cell { column: 7, holds };
    let unfit = || Reason::Unfit("the gross amount".to_owned());
    let many = "a number of more digits than a workbook keeps";
    for (number, reason) in [
        (150_000.5, unfit()),
        (1.234, unfit()),
        (150_000.000_000_000_03, cell(many)),
        (1e15, cell(many)),
        (0.1 + 0.2, cell(many)),
    ] {
        let bytes = changed(|sheet| sheet.write_number(1, GROSS, number));
        assert_eq!(refused(&bytes), (2, reason), "{number}");
    }
    for (text, is_read) in [
        ("150,000", true),
        ("150000", true),
        ("150,000.00", false),
        ("150.000", false),
        ("1.5E5", false),
        ("=150000", false),
    ] {
        let file = read(&changed(|sheet| sheet.write_string(1, GROSS, text)));
        assert_eq!(file.is_ok(), is_read, "{text}");
    }
    // what is shown is not what is there
    let scaled = Format::new().set_num_format("#,##0.0,");
    assert_eq!(
        read(&changed(|sheet| sheet.write_number_with_format(1, GROSS, 150_000, &scaled))).unwrap().gross,
        150_000
    );
}

#[test]
fn what_is_no_number_is_no_sum() {
    let cell = |holds| (2, Reason::Cell { column: 7, holds });
    let formula = Formula::new("H2+I2").set_result("150000");
    assert_eq!(refused(&changed(|sheet| sheet.write_formula(1, GROSS, formula))), cell("a formula"));
    let error = Formula::new("1/0").set_result("#DIV/0!");
    assert_eq!(refused(&changed(|sheet| sheet.write_formula(1, GROSS, error))), cell("a formula"));
    assert_eq!(refused(&changed(|sheet| sheet.write_boolean(1, GROSS, true))), cell("neither a text nor a number"));
    assert_eq!(refused(&changed(|sheet| sheet.write_number_with_format(1, GROSS, 150_000, &day()))), cell("a day"));
    let empty = changed(|sheet| sheet.write_blank(1, GROSS, &day()));
    assert_eq!(refused(&empty), (2, Reason::Unfit("the gross amount".to_owned())));
    let totals = Formula::new("SUM(G2:G2)").set_result("150000");
    let of_totals = changed(|sheet| sheet.write_formula(2, GROSS, totals));
    assert_eq!(refused(&of_totals), (3, Reason::Cell { column: 7, holds: "a formula" }));
}

#[test]
fn a_formula_where_nobody_reads_stops_nothing() {
    let number = Formula::new("ROW()-1").set_result("1");
    let file = read(&changed(|sheet| sheet.write_string(0, 12, "Ghi chú")?.write_formula(1, 12, number))).unwrap();
    assert_eq!(file.rows.len(), 1);
}

#[test]
fn a_day_is_a_day_only_as_a_day_or_as_its_text() {
    let name = |name: &str| (2, Reason::Unfit(name.to_owned()));
    let (paid, settled) = ("the time of payment", "the day of settlement");
    for column in [PAID_AT, 10] {
        let bare = changed(|sheet| sheet.write_number(1, column, 46_350));
        assert_eq!(refused(&bare), name(if column == 10 { settled } else { paid }), "a number without a day's format");
    }
    let at_no_time = ExcelDateTime::from_ymd(2026, 11, 24).unwrap();
    assert_eq!(
        refused(&changed(|sheet| sheet.write_datetime_with_format(1, PAID_AT, &at_no_time, &day()))),
        name(paid)
    );
    assert_eq!(refused(&changed(|sheet| sheet.write_number_with_format(1, PAID_AT, 3, &time()))), name(paid), "1900");
    let text = changed(|sheet| sheet.write_string(1, PAID_AT, "24/11/2026 14:01:16"));
    assert_eq!(read(&text).unwrap().rows[0].paid_at, Some("2026-11-24T07:01:16Z".parse().unwrap()));
    assert_eq!(refused(&changed(|sheet| sheet.write_string(1, PAID_AT, "2026-11-24 14:01:16"))), name(paid));
}

#[test]
fn a_number_as_a_name_has_its_digits_or_is_refused() {
    let txn = |number: f64| {
        read(&changed(|sheet| sheet.write_number(1, 1, number))).map(|file| file.rows[0].provider_txn.clone())
    };
    assert_eq!(txn(14_422_574.0).unwrap(), "14422574");
    assert_eq!(txn(999_999_999_999_999.0).unwrap(), "999999999999999");
    for number in [4_123_456_789_012_345_678.0, 14_422_574.5] {
        assert_eq!(txn(number).unwrap_err().at.line, 2, "{number}");
    }
    let as_day = changed(|sheet| sheet.write_number_with_format(1, 2, 46_350, &day()));
    assert_eq!(refused(&as_day), (2, Reason::Cell { column: 3, holds: "a day" }));
}

#[test]
fn a_day_written_as_a_number_has_lost_its_first_zero() {
    let toml = BUILT_IN.iter().find(|(name, _)| *name == "vnpay-settlement").unwrap().1;
    let of = |format: &str| {
        SettlementProfile::from_toml(&toml.replace(
            "Ngày thanh quyết toán\", format = \"%d/%m/%Y",
            &format!("Ngày thanh quyết toán\", format = \"{format}"),
        ))
        .unwrap()
    };
    let on = |format: &str, number: i32| {
        let bytes = changed(|sheet| sheet.write_number(1, 10, number));
        read_settlement(&bytes, &of(format)).map(|file| file.settled_on.unwrap().to_string())
    };
    assert_eq!(on("%Y%m%d", 20_261_125).unwrap(), "2026-11-25");
    assert_eq!(on("%d%m%Y", 25_112_026).unwrap(), "2026-11-25");
    assert!(on("%d%m%Y", 1_122_026).is_err(), "01122026 that lost its zero");
}

#[test]
fn cells_that_were_made_one_are_refused_in_the_table_and_nowhere_else() {
    let merged = |(first, left): (u32, u16), (last, right): (u32, u16)| {
        changed(|sheet| {
            sheet.merge_range(first, left, last, right, "", &Format::new()).and_then(|s| {
                self::sheet(s)?;
                Ok(s)
            })
        })
    };
    let reason = Reason::Workbook("merged cells in the table");
    assert_eq!(refused(&merged((1, 2), (1, 3))), (2, reason.clone()));
    assert_eq!(refused(&merged((0, 2), (0, 3))), (1, reason.clone()));
    assert_eq!(refused(&merged((1, 5), (2, 5))), (2, reason));
    assert!(read(&merged((2, 0), (2, 5))).is_ok(), "the marker of the totals");
}

#[test]
fn a_letterhead_is_passed_by_the_number_of_its_rows() {
    let mut book = Workbook::new();
    let at = book.add_worksheet();
    at.merge_range(0, 0, 1, 11, "NGÂN HÀNG", &Format::new()).unwrap();
    let records = csv_rows(DAY);
    // the third row of the letterhead is empty, and not in the file at all
    for (row, record) in (3..).zip(&records) {
        (0..).zip(record).for_each(|(column, cell)| _ = at.write_string(row, column, cell).unwrap());
    }
    let bytes = book.save_to_buffer().unwrap();
    let under = |lines| read_settlement(&bytes, &SettlementProfile { preamble_lines: lines, ..profile() });
    let first = |file: SettlementFile| file.rows[0].line_no;
    assert_eq!((under(3).map(first), under(2).map(first)), (Ok(5), Ok(5)));
    assert_eq!(under(0).unwrap_err().reason, Reason::Missing("column Số tiền giao dịch".to_owned()));
    assert_eq!(under(4).unwrap_err().at.line, 5);
}

#[test]
fn a_cell_beyond_the_header_or_a_row_behind_the_totals_refuses_the_file() {
    let beside = changed(|sheet| sheet.write_string(1, 14, "ghi chú"));
    assert_eq!(refused(&beside), (2, Reason::Unfit("the number of cells".to_owned())));
    let behind = changed(|sheet| sheet.write_string(9, 0, "Người lập biểu"));
    assert_eq!(refused(&behind), (10, Reason::Unexpected("a row after the totals".to_owned())));
    let spaced = changed(|sheet| sheet.write_string(9, 0, "  "));
    assert_eq!(read(&spaced).unwrap().rows.len(), 1);
}

#[test]
fn the_sheet_is_the_only_visible_one_or_the_one_that_is_named() {
    let sheets = |names: &[(&str, bool)]| {
        let mut book = Workbook::new();
        for (name, is_hidden) in names {
            let at = book.add_worksheet();
            sheet(at).unwrap();
            at.set_name(*name).unwrap().set_hidden(*is_hidden);
        }
        if let Some(first) = names.iter().position(|(_, is_hidden)| !is_hidden) {
            book.worksheet_from_index(first).unwrap().set_active(true);
        }
        book.save_to_buffer().unwrap()
    };
    let of = |bytes: &[u8], sheet: Option<&str>| {
        let profile = SettlementProfile { sheet: sheet.map(str::to_owned), ..profile() };
        read_settlement(bytes, &profile).map(|file| file.rows.len()).map_err(|error| error.reason)
    };
    let two = sheets(&[("Nháp", true), ("Giao dịch", false)]);
    assert_eq!((of(&two, None), of(&two, Some("Giao dịch"))), (Ok(1), Ok(1)));
    assert_eq!(of(&two, Some("Nháp")), Err(Reason::Workbook("the sheet of the profile is hidden")));
    assert_eq!(of(&two, Some("giao dịch")), Err(Reason::Missing("the sheet".to_owned())));
    let both = sheets(&[("A", false), ("B", false)]);
    assert_eq!(of(&both, None), Err(Reason::Workbook("several visible sheets, and the profile names none")));
    assert_eq!(of(&both, Some("B")), Ok(1));
}

#[test]
fn a_statement_of_a_bank_is_read_by_its_layout() {
    let toml = BUILT_IN.iter().find(|(name, _)| *name == "synthetic-bank").unwrap().1;
    let profile = Profile::from_toml(toml).unwrap();
    let csv = crate::table::mended_export();
    let mut book = Workbook::new();
    let at = book.add_worksheet();
    let text = String::from_utf8(csv.clone()).unwrap();
    for (row, record) in (0..).zip(csv_rows(&text)) {
        for (column, cell) in (0..).zip(record).filter(|(_, cell)| !cell.is_empty()) {
            at.write_string(row, column, cell).unwrap();
        }
    }
    let bytes = book.save_to_buffer().unwrap();
    let read = |bytes: &[u8]| statement::read(bytes, As::Csv(&profile)).unwrap().statements;
    assert_eq!(read(&bytes), read(&csv));
    assert_eq!(statement::read(&bytes, As::Detect).unwrap_err().reason, Reason::UnknownFormat);
}

#[test]
fn a_day_from_1904_on_and_an_iso_day_are_days() {
    let at =
        |book: Book| read(&packed(&book)).map(|file: SettlementFile| file.rows[0].clone()).map(|row: Row| row.paid_at);
    let whole = Book::default();
    assert_eq!(at(whole.clone()).unwrap(), Some("2026-11-24T07:01:16Z".parse().unwrap()));
    let earlier =
        Book { workbook: whole.workbook.replace("<workbookPr/>", "<workbookPr date1904=\"1\"/>"), ..whole.clone() };
    assert_eq!(at(earlier).unwrap(), Some("2030-11-25T07:01:16Z".parse().unwrap()));
    let iso = |text: &str| at(whole.with(&[(made::PAID, &format!("<c r=\"J2\" t=\"d\"><v>{text}</v></c>"))]));
    assert_eq!(iso("2026-11-24T14:01:16").unwrap(), Some("2026-11-24T07:01:16Z".parse().unwrap()));
    assert!(iso("2026-11-24T14:01:16Z").is_err() && iso("2026-11-24").is_err() && iso("24/11/2026").is_err());
}
