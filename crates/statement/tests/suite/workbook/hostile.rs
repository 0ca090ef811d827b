//! Workbooks that somebody wrote to be misread, or to cost us: each is refused, and says why.

use super::made::{Book, GROSS, packed, zipped};
use super::{read, refused};
use statement::Reason;

fn why(book: &Book) -> Reason {
    refused(&packed(book)).1
}

#[test]
fn the_book_that_the_others_are_made_of_is_read() {
    let file = read(&packed(&Book::default())).unwrap();
    assert_eq!((file.gross, file.fee, file.rows.len()), (150_000, 1_200, 1));
}

#[test]
fn a_cell_stands_where_its_name_says_or_the_file_is_refused() {
    let whole = Book::default();
    let gross = |cell: &str| why(&whole.with(&[(GROSS, cell)]));
    assert_eq!(gross("<c r=\"F2\"><v>150000</v></c>"), Reason::Twice("a cell".to_owned()), "a column twice");
    assert_eq!(gross("<c r=\"G3\"><v>150000</v></c>"), Reason::Workbook("a cell in another row than its own"));
    assert_eq!(gross("<c r=\"XFD2\"><v>150000</v></c>"), Reason::Limit("cells of a row"));
    assert_eq!(gross("<c r=\"G99999999999\"><v>150000</v></c>"), Reason::Limit("lines"));
    assert_eq!(gross("<c r=\"g2\"><v>150000</v></c>"), Reason::Workbook("the name of a cell"));
    assert_eq!(gross("<c r=\"G2\"><v>150000</v><v>1</v></c>"), Reason::Twice("the value of a cell".to_owned()));
    assert_eq!(gross("<c r=\"G2\"><v>150<b/>000</v></c>"), Reason::Malformed("an element in a text"));
    assert_eq!(gross("<c r=\"G2\" t=\"s\"><v>99</v></c>"), Reason::Missing("a shared text".to_owned()));
    assert_eq!(gross("<c r=\"G2\" t=\"s\"><v>-1</v></c>"), Reason::Missing("a shared text".to_owned()));
    assert_eq!(gross("<c r=\"G2\" s=\"x\"><v>1</v></c>"), Reason::Workbook("the style of a cell"));
    assert_eq!(gross(&format!("{GROSS}{GROSS}")), Reason::Twice("a cell".to_owned()));
    assert_eq!(gross(""), Reason::Unfit("the gross amount".to_owned()), "left out, it does not move the others");
    let row = |from: &str, to: &str| why(&whole.with(&[(from, to)]));
    assert_eq!(row("<row r=\"3\">", "<row r=\"2\">"), Reason::Twice("a row".to_owned()));
    assert_eq!(row("<row r=\"3\">", "<row r=\"1048577\">"), Reason::Limit("lines"));
    assert_eq!(row("<row r=\"3\">", "<row r=\"0\">"), Reason::Workbook("the number of a row"));
    assert_eq!(row("</sheetData>", "</sheetData><sheetData/>"), Reason::Twice("the table of the sheet".to_owned()));
}

#[test]
fn a_merge_is_found_behind_the_rows() {
    let merges = |cells: &str| {
        let ranges: String = cells.split(' ').map(|range| format!("<mergeCell ref=\"{range}\"/>")).collect();
        read(&packed(
            &Book::default().with(&[("</sheetData>", &format!("</sheetData><mergeCells>{ranges}</mergeCells>"))]),
        ))
    };
    assert!(merges("A3:F3 A3:B3").is_ok());
    for cells in ["B2:C2", "A3:F3 A3:B3 B2:C2", "A3:A4", "A1:A2"] {
        assert_eq!(merges(cells).unwrap_err().reason, Reason::Workbook("merged cells in the table"), "{cells}");
    }
    assert_eq!(merges("x").unwrap_err().reason, Reason::Workbook("the number of a row"));
}

#[test]
fn nothing_outside_the_file_is_read_and_no_entity_is_resolved() {
    let whole = Book::default();
    let typed =
        |text: &str| text.replace("<worksheet", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><worksheet");
    assert_eq!(why(&Book { sheet: typed(&whole.sheet), ..whole.clone() }), Reason::Doctype);
    let shared = whole.shared.replace("<sst", "<!DOCTYPE a [<!ENTITY b \"1\">]><sst");
    assert_eq!(why(&Book { shared, ..whole.clone() }), Reason::Doctype);
    let shared = whole.shared.replace("14422574", "&b;");
    assert_eq!(why(&Book { shared, ..whole.clone() }), Reason::Entity);
    let relations = whole.relations.replace("Target=\"worksheets", "TargetMode=\"External\" Target=\"worksheets");
    assert_eq!(why(&Book { relations, ..whole.clone() }), Reason::Workbook("a part outside the file"));
    for target in ["../../etc/passwd", "http://example.org/a.xml", "worksheets/sheet2.xml"] {
        let relations = whole.relations.replace("worksheets/sheet1.xml", target);
        assert_eq!(
            why(&Book { relations, ..whole.clone() }),
            Reason::Missing("a part of the workbook".to_owned()),
            "{target}"
        );
    }
    let sheet = whole.sheet.replace("encoding=\"UTF-8\"", "encoding=\"UTF-16\"");
    assert_eq!(why(&Book { sheet, ..whole.clone() }), Reason::Encoding("the declared one is not UTF-8"));
    let shared = whole.shared.replace("14422574", "1442_x0000_2574");
    assert_eq!(why(&Book { shared, ..whole }), Reason::Encoding("a control character"));
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let whole = Book::default();
    // 40 MiB of blanks are some 40 kB
    let blanks = " ".repeat(40 * 1024 * 1024);
    let sheet = whole.sheet.replace("<sheetData>", &format!("{blanks}<sheetData>"));
    let bomb = packed(&Book { sheet, ..whole.clone() });
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert_eq!(refused(&bomb).1, Reason::Limit("bytes of an unpacked workbook"));
    // one that says less than it holds
    let sheet = whole.sheet.replace("<sheetData>", &format!("{}<sheetData>", "<a></a>".repeat(100_000)));
    let mut bytes = packed(&Book { sheet: sheet.clone(), ..whole.clone() });
    assert!(read(&bytes).is_ok());
    let said = u32::try_from(sheet.len()).unwrap().to_le_bytes();
    let directory = bytes.windows(4).rposition(|window| window == said).unwrap();
    bytes[directory..directory + 4].copy_from_slice(&2_000_u32.to_le_bytes());
    assert_eq!(refused(&bytes).1, Reason::Workbook("a part that is longer than it says"));
    let text = "x".repeat(300_000);
    let long = whole.sheet.replace("<sheetData>", &format!("{text}<sheetData>"));
    assert_eq!(why(&Book { sheet: long, ..whole.clone() }), Reason::Limit("bytes of a text"));
    let deep = whole.sheet.replace("<sheetData>", &format!("{}<sheetData>", "<a>".repeat(100)));
    assert_eq!(why(&Book { sheet: deep, ..whole.clone() }), Reason::Limit("depth"));
    let wide = whole.sheet.replace("<sheetData>", &format!("<a b=\"{}\"/><sheetData>", "x".repeat(5_000)));
    assert_eq!(why(&Book { sheet: wide, ..whole }), Reason::Limit("bytes of a tag"));
}

#[test]
fn an_archive_that_two_readers_could_take_for_two_files_is_refused() {
    let book = Book::default();
    let other = book.with(&[(GROSS, "<c r=\"G2\"><v>150001</v></c>")]);
    let mut parts = book.parts().to_vec();
    parts.push(("XL/worksheets/sheet1.xml", &other.sheet));
    assert_eq!(refused(&zipped(&parts)).1, Reason::Twice("a part of the workbook".to_owned()));

    let bytes = packed(&book);
    let changed = |find: &[u8], from_end: bool, put: &[u8]| {
        let mut bytes = bytes.clone();
        let mut places = bytes.windows(find.len()).enumerate().filter(|(_, w)| *w == find).map(|(at, _)| at);
        let at = if from_end { places.next_back() } else { places.next() }.unwrap();
        bytes[at..at + put.len()].copy_from_slice(put);
        refused(&bytes).1
    };
    let otherwise = Reason::Workbook("a part that is called otherwise in the archive's directory");
    assert_eq!(changed(b"xl/styles.xml", false, b"xl/stylez.xml"), otherwise);
    assert_eq!(changed(b"xl/styles.xml", true, b"xl/stylez.xml"), otherwise);
    let shape = Reason::Workbook("an archive of another shape");
    for (before, after) in [(&b"x"[..], &b""[..]), (b"PK\x03\x04", b"")] {
        let bytes = [before, &bytes, after].concat();
        assert!(read(&bytes).is_err());
    }
    assert_eq!(refused(&[&bytes[..], b"x"].concat()).1, Reason::Truncated);
    assert_eq!(refused(&[b"PK\x03\x04", &bytes[..]].concat()).1, shape);
    assert_eq!(
        refused(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").1,
        Reason::Workbook("it is an .xls, or locked by a password")
    );
    assert_eq!(refused(&zipped(&[("a.txt", "a")])).1, Reason::Workbook("it holds no tables"));
}

#[test]
fn a_workbook_that_is_cut_off_anywhere_is_refused() {
    let whole = packed(&Book::default());
    for length in 4..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn a_changed_byte_never_changes_a_sum() {
    let whole = packed(&Book::default());
    let file = read(&whole).unwrap();
    for at in 0..whole.len() {
        for flip in [1_u8, 0x20, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            if let Ok(other) = read(&bytes) {
                assert_eq!(other.rows, file.rows, "byte {at}");
            }
        }
    }
}
