//! The export of an internet-banking page: one table over all days asked for. It has no account, no currency and no
//! opening balance.

use super::super::book::Direction;
use super::Statement;
use crate::server::grouped;

const HEADER: [&str; 8] =
    ["STT", "Ngày giao dịch", "Ngày hiệu lực", "Số tham chiếu", "Ghi nợ", "Ghi có", "Số dư", "Nội dung"];

pub(super) fn write(statement: &Statement) -> String {
    let mut csv = String::from("\u{feff}");
    csv.push_str(&row(&HEADER.map(str::to_owned)));
    let (mut debits, mut credits) = (0_i64, 0_i64);
    let mut balance = statement.days.first().map_or(0, |day| day.opening);
    for (number, entry) in (1..).zip(statement.days.iter().flat_map(|day| &day.entries)) {
        balance += entry.signed();
        let amount = grouped(entry.amount);
        let (debit, credit) = match entry.direction {
            Direction::In => (String::new(), amount),
            Direction::Out => (amount, String::new()),
        };
        match entry.direction {
            Direction::In => credits += entry.amount,
            Direction::Out => debits += entry.amount,
        }
        csv.push_str(&row(&[
            number.to_string(),
            entry.booked().strftime("%d/%m/%Y %H:%M:%S").to_string(),
            entry.booked().strftime("%d/%m/%Y").to_string(),
            entry.reference.clone(),
            debit,
            credit,
            grouped(balance),
            entry.content.clone(),
        ]));
    }
    let closing = statement.days.last().map_or(balance, |day| statement.closing(day));
    let (debits, credits, closing) = (grouped(debits), grouped(credits), grouped(closing));
    let empty = String::new;
    csv + &row(&[empty(), empty(), empty(), "Cộng".to_owned(), debits, credits, closing, empty()])
}

/// Every field quoted, as in the sample.
fn row(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
    fields.join(",") + "\r\n"
}
