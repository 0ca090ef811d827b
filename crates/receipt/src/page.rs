//! The receipt on one page of A4, as it is handed over: what the document says, whether it stands, and the code of the
//! address where anybody sees that.

use crate::{Content, Named};
use jiff::civil::Date;
use paper::{LEFT, Paper, RIGHT, Sheet};

const LABEL: u16 = 150;
/// Large enough for an old phone's camera; less where what is said takes the room.
const CODE_SIDE: u16 = 170;
const SMALL_CODE_SIDE: u16 = 110;
const ROOMY_UNTIL: u16 = 490;
/// Texts of more characters are set smaller, so that the longest is on the page whole.
const LONG_TEXT: usize = 220;
const FOOT: u16 = 760;

/// What is printed beside what the receipt says.
pub struct Print<'a> {
    /// Where anybody sees whether it still stands.
    pub url: &'a str,
    /// Whose signature the document has.
    pub signed_by: &'a str,
    pub signed_on: Date,
    /// It does not stand any more: in words for whoever holds the paper.
    pub ended: Option<&'a str>,
    /// Nothing of it is real.
    pub is_sandbox: bool,
}

/// None where the page cannot be made, which a test excludes.
pub fn page(content: &Content, print: &Print<'_>) -> Option<Vec<u8>> {
    let title = format!("{} {} {}", content.title(), content.serial, content.padded_number());
    let mut paper = Paper::new(&title, "vi")?;
    paper.upright(|sheet| written(sheet, content, print))?;
    paper.bytes()
}

fn written(sheet: &mut Sheet<'_>, c: &Content, print: &Print<'_>) -> Option<()> {
    head(sheet, c);
    let mut y = 190;
    if let Some(ended) = print.ended {
        sheet.rule(y - 18, 2);
        for line in sheet.wrapped(ended, 14, true, RIGHT - LEFT, 2) {
            sheet.line(LEFT, y, 14, true, &line);
            y += 20;
        }
        sheet.rule(y - 8, 2);
        y += 22;
    }
    for (label, value) in facts(c) {
        y = fact(sheet, y, label, &value);
    }
    sheet.rule(y + 2, 1);
    sheet.line(LEFT, y + 26, 13, true, "Tổng số tiền");
    sheet.right(RIGHT, y + 26, 16, true, &c.amount.to_string());
    y = fact(sheet, y + 52, "Bằng chữ", &c.words());
    if let Some(named) = &c.replaces {
        y = fact(sheet, y, "Thay thế", &name_of(named));
    }
    signature(sheet, y.max(470) + 10, print)?;
    foot(sheet, print);
    Some(())
}

fn head(sheet: &mut Sheet<'_>, c: &Content) {
    let width = RIGHT - LEFT - 170;
    let size = if c.collector.name.chars().count() > LONG_TEXT / 2 { 8 } else { 11 };
    for (n, line) in (0..).zip(sheet.wrapped(&c.collector.name, size, true, width, if size == 8 { 5 } else { 3 })) {
        sheet.line(LEFT, 40 + n * (size + 3), size, true, &line);
    }
    sheet.line(LEFT, 92, 10, false, &format!("Mã số thuế: {}", c.collector.tax_code));
    sheet.right(RIGHT, 56, 10, false, &format!("Mẫu số: {}", c.template));
    sheet.right(RIGHT, 70, 10, false, &format!("Ký hiệu: {}", c.serial));
    sheet.right(RIGHT, 88, 12, true, &format!("Số: {}", c.padded_number()));
    sheet.rule(100, 1);
    let title = c.title().to_uppercase();
    let middle = |sheet: &Sheet<'_>, text: &str, size, bold| LEFT + (RIGHT - LEFT - sheet.width(text, size, bold)) / 2;
    sheet.line(middle(sheet, &title, 20, true), 134, 20, true, &title);
    let day = day_in_words(c.issued_on);
    sheet.line(middle(sheet, &day, 11, false), 154, 11, false, &day);
}

fn facts(c: &Content) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Địa chỉ", c.collector.address.clone()), ("Nội dung thu", c.description.clone())];
    facts.extend(c.dossier_code.clone().map(|code| ("Mã hồ sơ", code)));
    facts
}

/// Where the next one begins.
fn fact(sheet: &mut Sheet<'_>, mut y: u16, label: &str, value: &str) -> u16 {
    sheet.line(LEFT, y, 10, false, label);
    let (size, most) = if value.chars().count() > LONG_TEXT { (9, 9) } else { (11, 5) };
    for line in sheet.wrapped(value, size, true, RIGHT - LEFT - LABEL, most) {
        sheet.line(LEFT + LABEL, y, size, true, &line);
        y += size + 4;
    }
    y + 8
}

fn signature(sheet: &mut Sheet<'_>, y: u16, print: &Print<'_>) -> Option<()> {
    let side = if y > ROOMY_UNTIL { SMALL_CODE_SIDE } else { CODE_SIDE };
    sheet.code(print.url, LEFT, y, side)?;
    sheet.line(LEFT, y + side + 8, 9, false, "Quét mã để kiểm tra biên lai");
    let left = LEFT + 260;
    sheet.line(left, y + 20, 11, true, "Tổ chức thu ký số");
    for (n, line) in (0..).zip(sheet.wrapped(print.signed_by, 10, false, RIGHT - left, 3)) {
        sheet.line(left, y + 38 + n * 14, 10, false, &line);
    }
    sheet.line(left, y + 84, 10, false, &format!("Ngày ký: {}", short_day(print.signed_on)));
    Some(())
}

fn foot(sheet: &mut Sheet<'_>, print: &Print<'_>) {
    sheet.rule(FOOT - 14, 1);
    let says = "Bản in từ biên lai điện tử. Bản có giá trị là tệp XML đã ký số, tải tại:";
    sheet.line(LEFT, FOOT, 9, false, says);
    for (n, line) in (1..).zip(sheet.wrapped(print.url, 9, false, RIGHT - LEFT, 2)) {
        sheet.line(LEFT, FOOT + n * 13, 9, false, &line);
    }
    if print.is_sandbox {
        sheet.line(LEFT, FOOT + 42, 10, true, "BẢN THỬ NGHIỆM, KHÔNG CÓ GIÁ TRỊ");
    }
}

fn name_of(named: &Named) -> String {
    let day = short_day(named.issued_on);
    format!("biên lai mẫu số {}, ký hiệu {}, số {:08}, ngày {day}", named.template, named.serial, named.number)
}

fn short_day(day: Date) -> String {
    format!("{:02}/{:02}/{}", day.day(), day.month(), day.year())
}

fn day_in_words(day: Date) -> String {
    format!("Ngày {:02} tháng {:02} năm {}", day.day(), day.month(), day.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::content;
    use jiff::civil::date;

    #[test]
    fn the_page_is_made_whole_and_after_its_end_and_with_the_longest_words() {
        let mut content = content();
        content.amount = domain::Vnd::new(999_999_999_999);
        content.description = "Phí thẩm định hồ sơ cấp giấy chứng nhận quyền sử dụng đất ".repeat(8);
        content.collector.name = "Văn phòng đăng ký đất đai tỉnh Lào Cai ".repeat(5);
        for ended in [None, Some("ĐÃ HỦY ngày 28/11/2026")] {
            let print = Print {
                url: "https://thanhtoan.laocai.gov.vn/receipts/0123456789abcdef0123456789abcdef0123456789abcdef",
                signed_by: "MOTLAN SANDBOX KEY",
                signed_on: date(2026, 11, 27),
                ended,
                is_sandbox: true,
            };
            let bytes = page(&content, &print).expect("a page");
            assert!(bytes.starts_with(b"%PDF-"));
            if let Some(dir) = std::env::var_os("RECEIPT_PAGES") {
                let name = if ended.is_some() { "ended.pdf" } else { "whole.pdf" };
                std::fs::write(std::path::Path::new(&dir).join(name), bytes).expect("written");
            }
        }
    }
}
