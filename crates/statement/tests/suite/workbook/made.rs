//! A workbook part by part, for what no program would write.

use std::io::{Cursor, Write as _};
use zip::write::{SimpleFileOptions, ZipWriter};

/// The cell of the time of payment, with style 1.
pub const PAID: &str = "<c r=\"J2\" s=\"1\"><v>46350.584212962967</v></c>";
pub const GROSS: &str = "<c r=\"G2\"><v>150000</v></c>";

#[derive(Clone)]
pub struct Book {
    pub root: String,
    pub workbook: String,
    pub relations: String,
    pub styles: String,
    pub shared: String,
    pub sheet: String,
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The sheet of `super::sheet`, with shared texts.
impl Default for Book {
    fn default() -> Self {
        let texts: Vec<&str> = super::HEADERS
            .into_iter()
            .chain(["14422574", "LC7K2M9QX4T", "LAOCAI01", "Thanh toán", "Thành công", "Tổng cộng"])
            .collect();
        let shared: String = texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
        let header: String =
            ('A'..='L').enumerate().map(|(i, c)| format!("<c r=\"{c}1\" t=\"s\"><v>{i}</v></c>")).collect();
        let named = |cell: &str, index: usize| format!("<c r=\"{cell}\" t=\"s\"><v>{index}</v></c>");
        let row: String = [
            "<c r=\"A2\"><v>1</v></c>".to_owned(),
            named("B2", 12),
            named("C2", 13),
            named("D2", 14),
            named("E2", 15),
            named("F2", 16),
            format!("{GROSS}<c r=\"H2\"><v>1200</v></c><c r=\"I2\"><v>148800</v></c>{PAID}<c r=\"K2\" s=\"2\"><v>46351</v></c>"),
        ]
        .concat();
        let totals = "<c r=\"G3\"><v>150000</v></c><c r=\"H3\"><v>1200</v></c><c r=\"I3\"><v>148800</v></c>";
        Self {
            root: format!(
                "{HEAD}<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
            workbook: format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><workbookPr/><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
            relations: format!(
                "{HEAD}<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
                 <Relationship Id=\"rId2\" Type=\"{OFFICE}/styles\" Target=\"/xl/styles.xml\"/>\
                 <Relationship Id=\"rId3\" Type=\"{OFFICE}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
            ),
            styles: format!(
                "{HEAD}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm:ss\"/></numFmts>\
                <cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
            shared: format!("{HEAD}<sst xmlns=\"{MAIN}\">{shared}</sst>"),
            sheet: format!(
                "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetData><row r=\"1\">{header}</row><row r=\"2\">{row}</row>\
                 <row r=\"3\">{}{totals}</row></sheetData></worksheet>",
                named("A3", 17)
            ),
        }
    }
}

impl Book {
    /// With these pieces of the sheet put in place of others, each of which is there once.
    pub fn with(&self, changes: &[(&str, &str)]) -> Self {
        let mut book = self.clone();
        for (from, to) in changes {
            assert_eq!(book.sheet.matches(from).count(), 1, "{from}");
            book.sheet = book.sheet.replace(from, to);
        }
        book
    }

    pub fn parts(&self) -> [(&'static str, &str); 6] {
        [
            ("_rels/.rels", &self.root),
            ("xl/workbook.xml", &self.workbook),
            ("xl/_rels/workbook.xml.rels", &self.relations),
            ("xl/styles.xml", &self.styles),
            ("xl/sharedStrings.xml", &self.shared),
            ("xl/worksheets/sheet1.xml", &self.sheet),
        ]
    }
}

pub fn packed(book: &Book) -> Vec<u8> {
    zipped(&book.parts())
}

pub fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
