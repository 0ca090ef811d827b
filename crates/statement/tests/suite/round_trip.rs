//! A statement written as MT940 or CSV and read again is the same statement.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan as _};
use proptest::prelude::*;
use statement::{
    Balance, Batch, Counterparty, Currency, Encoding, Format, Line, Money, Numbers, Order, Profile, Statement,
};

fn day() -> impl Strategy<Value = Date> {
    (0..3000_i64).prop_map(|days| date(2020, 1, 1) + days.days())
}

/// Printable text with Vietnamese letters; blanks at its ends are nobody's, and sub-fields are tested elsewhere.
fn text() -> impl Strategy<Value = String> {
    let text = "[ -~ăâđêôơưạảấầẩẫậ]{0,300}".prop_map(|text| text.trim().to_owned());
    text.prop_filter("begins like sub-fields", |text| {
        let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
        !after.starts_with('?')
    })
}

prop_compose! {
    fn line(currency: Currency)(
        value in day(),
        entry_days in proptest::option::of(-150..150_i64),
        size in 1..1_000_000_000_000_i64,
        credit in any::<bool>(),
        reversal in any::<bool>(),
        bank_ref in proptest::option::of("[A-Z0-9]{1,16}"),
        owner_ref in proptest::option::of("[A-Z0-9][A-Z0-9 -]{0,14}[A-Z0-9]"),
        text in text(),
    ) -> Line {
        let named = |r: Option<String>| r.filter(|r| r != "NONREF");
        Line {
            line_no: 0,
            booking_date: entry_days.map(|days| value + Span::new().days(days)),
            value_date: Some(value),
            amount: Money { minor: if credit { size } else { -size }, currency },
            bank_ref: named(bank_ref),
            owner_ref: named(owner_ref),
            end_to_end: None,
            counterparty: Counterparty::default(),
            text,
            details: None,
            code: Some("NTRF".to_owned()),
            reversal,
            batch: Batch::No,
            entry_ref: None,
        }
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    let currency = prop::sample::select(vec!["VND", "EUR", "KWD"]).prop_map(|code| Currency::new(code).unwrap());
    let lines = currency.prop_flat_map(|c| (Just(c), prop::collection::vec(line(c), 0..12), -1_000_000..1_000_000_i64));
    (lines, day(), day()).prop_map(|((currency, mut lines, opening), from, to)| {
        lines.iter_mut().enumerate().for_each(|(i, line)| line.line_no = i + 1);
        let closing = opening + lines.iter().map(|l| l.amount.minor).sum::<i64>();
        let balance = |minor, date| Some(Balance { amount: Money { minor, currency }, date: Some(date) });
        Statement {
            account: "8630123456789".to_owned(),
            currency,
            id: "S1".to_owned(),
            sequence: Some("328".to_owned()),
            copy: false,
            period: None,
            opening: balance(opening, from),
            closing: balance(closing, to),
            lines,
            pending: Vec::new(),
        }
    })
}

fn digits(minor: i64, currency: Currency, sign: &str) -> (String, String) {
    let exponent = currency.exponent() as usize;
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = exponent + 1);
    let (whole, fraction) = digits.split_at(digits.len() - exponent);
    (whole.to_owned(), format!("{sign}{fraction}"))
}

fn mt940(statement: &Statement) -> String {
    let amount = |money: Money| {
        let (whole, fraction) = digits(money.minor, money.currency, ",");
        whole + &fraction
    };
    let balance = |tag: &str, balance: &Option<Balance>| {
        let balance = balance.unwrap();
        let mark = if balance.amount.minor < 0 { 'D' } else { 'C' };
        let date = balance.date.unwrap().strftime("%y%m%d").to_string();
        format!(":{tag}:{mark}{date}{}{}\r\n", statement.currency, amount(balance.amount))
    };
    let mut text = format!("{{1:F01BIDVVNVXXXXX0000000000}}{{2:I940LAOCAIXXXXXXN}}{{4:\r\n:20:{}\r\n", statement.id);
    text += &format!(":25:BIDVVNVX/{}\r\n:28C:328/1\r\n", statement.account);
    text += &balance("60F", &statement.opening);
    for line in &statement.lines {
        let mark = match (line.amount.minor > 0, line.reversal) {
            (true, false) => "C",
            (false, false) => "D",
            (true, true) => "RD",
            (false, true) => "RC",
        };
        let value = line.value_date.unwrap().strftime("%y%m%d").to_string();
        let entry = line.booking_date.map(|d| d.strftime("%m%d").to_string()).unwrap_or_default();
        let owner = line.owner_ref.as_deref().unwrap_or("NONREF");
        let bank = line.bank_ref.as_deref().map(|r| format!("//{r}")).unwrap_or_default();
        text += &format!(":61:{value}{entry}{mark}{}NTRF{owner}{bank}\r\n", amount(line.amount));
        text += &format!(":86:{}\r\n", folded(&line.text));
    }
    text + &balance("62F", &statement.closing) + "-}"
}

/// At 65 characters; earlier where the next line would begin with a colon or hyphen, which SWIFT forbids.
fn folded(text: &str) -> String {
    let mut rest: Vec<char> = text.chars().collect();
    let mut lines = Vec::new();
    while rest.len() > 65 {
        let fold = (1..=65).rev().find(|at| !matches!(rest[*at], ':' | '-')).unwrap_or(65);
        let tail = rest.split_off(fold);
        lines.push(rest.iter().collect::<String>());
        rest = tail;
    }
    lines.push(rest.into_iter().collect());
    lines.join("\r\n")
}

/// How a bank writes its CSV, in every way that a profile knows.
#[derive(Debug, Clone)]
struct Style {
    delimiter: char,
    encoding: Encoding,
    numbers: Numbers,
    signed: bool,
    totals: bool,
    newest_first: bool,
    line_end: &'static str,
}

fn style() -> impl Strategy<Value = Style> {
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|']);
    let encoding = prop::sample::select(vec![Encoding::Utf8, Encoding::Utf8Bom, Encoding::Utf16Le]);
    let numbers = prop::sample::select(vec![
        (Some('.'), Some(',')),
        (Some(','), Some('.')),
        (None, Some('.')),
        (Some(' '), Some(',')),
    ]);
    let line_end = prop::sample::select(vec!["\n", "\r\n"]);
    (delimiter, encoding, numbers, any::<[bool; 3]>(), line_end).prop_map(
        |(delimiter, encoding, (grouping, decimal), [signed, totals, newest_first], line_end)| Style {
            delimiter,
            encoding,
            numbers: Numbers { grouping, decimal },
            signed,
            totals,
            newest_first,
            line_end,
        },
    )
}

impl Style {
    fn profile(&self, currency: Currency) -> Profile {
        let amounts =
            if self.signed { r#"{"signed":"Số"}"# } else { r#"{"columns":{"credit":"Có","debit":"Nợ"}}"# };
        let json = format!(
            r#"{{"delimiter":",","encoding":"utf-8","account":"8630123456789","currency":"{currency}","numbers":{{}},
            "columns":{{"value_date":{{"header":"Ngày","format":"%Y-%m-%d"}},"bank_ref":"Mã","owner_ref":"Mã ta",
            "text":"Nội dung","balance":"Dư"}},"amounts":{amounts}}}"#
        );
        let mut profile: Profile = serde_json::from_str(&json).unwrap();
        profile.delimiter = self.delimiter;
        profile.encoding = self.encoding;
        profile.numbers = self.numbers.clone();
        profile.totals =
            self.totals.then(|| statement::Totals { header: "Mã".to_owned(), marker: "Cộng!".to_owned() });
        profile.order = if self.newest_first { Order::NewestFirst } else { Order::OldestFirst };
        profile
    }

    fn number(&self, minor: i64, currency: Currency) -> String {
        let (whole, fraction) = digits(minor, currency, &self.numbers.decimal.map(String::from).unwrap_or_default());
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.extend(self.numbers.grouping);
            }
            grouped.push(digit);
        }
        let fraction = if currency.exponent() == 0 { String::new() } else { fraction };
        format!("{}{grouped}{fraction}", if minor < 0 { "-" } else { "" })
    }

    fn write(&self, statement: &Statement) -> Vec<u8> {
        let currency = statement.currency;
        let mut balance = statement.opening.unwrap().amount.minor;
        let number = |minor| self.number(minor, currency);
        let amounts = |credit: i64, debit: i64| match self.signed {
            true => vec![number(credit - debit)],
            false => [credit, debit].map(|n| if n == 0 { String::new() } else { number(n) }).into(),
        };
        let mut rows = Vec::new();
        for line in &statement.lines {
            let minor = line.amount.minor;
            balance += minor;
            let own = |r: &Option<String>| r.clone().unwrap_or_default();
            let mut row = vec![line.value_date.unwrap().to_string(), own(&line.bank_ref), own(&line.owner_ref)];
            row.extend(amounts(minor.max(0), -minor.min(0)));
            row.extend([number(balance), line.text.clone()]);
            rows.push(row);
        }
        if self.newest_first {
            rows.reverse();
        }
        if self.totals {
            let sum = |sign: i64| statement.lines.iter().map(|l| (sign * l.amount.minor).max(0)).sum();
            let mut row = vec![String::new(), "Cộng!".to_owned(), String::new()];
            let (credit, debit): (i64, i64) = (sum(1), sum(-1));
            row.extend(if self.signed { vec![number(credit - debit)] } else { vec![number(credit), number(debit)] });
            row.extend([String::new(), String::new()]);
            rows.push(row);
        }
        let amounts = if self.signed { vec!["Số"] } else { vec!["Có", "Nợ"] };
        let header: Vec<String> = [vec!["Ngày", "Mã", "Mã ta"], amounts, vec!["Dư", "Nội dung"]]
            .concat()
            .iter()
            .map(|h| (*h).to_owned())
            .collect();
        rows.insert(0, header);
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let delimiter = self.delimiter.to_string();
        let rows: Vec<String> =
            rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(&delimiter)).collect();
        let text = rows.join(self.line_end) + self.line_end;
        match self.encoding {
            Encoding::Utf8Bom => format!("\u{feff}{text}").into_bytes(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => text.into_bytes(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mt940_gives_back_what_was_written(statement in statement()) {
        let text = mt940(&statement);
        let file = statement::read(text.as_bytes(), Format::Detect).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(file.statements, vec![statement]);
    }

    #[test]
    fn csv_gives_back_what_was_written(mut statement in statement(), style in style(), broken in any::<bool>()) {
        if broken {
            statement.lines.iter_mut().for_each(|l| l.text = l.text.replacen("  ", "\r\n", 1).trim().to_owned());
        }
        let bytes = style.write(&statement);
        let profile = style.profile(statement.currency);
        let read = statement::read(&bytes, Format::Csv(&profile)).map_err(|e| TestCaseError::fail(e.to_string()))?;

        // What a CSV cannot say.
        statement.id.clear();
        statement.sequence = None;
        for balance in [&mut statement.opening, &mut statement.closing] {
            *balance = balance.filter(|_| !statement.lines.is_empty()).map(|b| Balance { date: None, ..b });
        }
        if style.newest_first {
            statement.lines.reverse();
        }
        for (i, line) in statement.lines.iter_mut().enumerate() {
            *line = Line {
                line_no: i + 1,
                booking_date: None,
                code: None,
                reversal: false,
                text: line.text.replace("\r\n", " "),
                ..line.clone()
            };
        }
        prop_assert_eq!(read.statements, vec![statement]);
    }

    /// One digit of one amount changed: the balances no longer tie.
    #[test]
    fn a_changed_digit_of_an_amount_is_refused(statement in statement(), which in any::<prop::sample::Index>(), by in 1..10_u8) {
        let text = mt940(&statement);
        let places: Vec<usize> = amounts(&text);
        let place = places[which.index(places.len())];
        let mut bytes = text.into_bytes();
        bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
        prop_assert!(statement::read(&bytes, Format::Mt940).is_err());
    }

    /// A byte of a good file changed: read or refused, never a panic, and a refusal has its place in the file.
    #[test]
    fn a_changed_byte_is_read_or_refused(which in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let profile: Profile = serde_json::from_str(crate::table::PROFILE).unwrap();
        for (bytes, format) in [
            (crate::own("bidv-like.camt.053.001.02.xml"), Format::Camt),
            (crate::own("bidv-like.camt.054.001.08.xml"), Format::Detect),
            (crate::own("bidv-like.mt940"), Format::Mt940),
            (crate::table::mended_export(), Format::Csv(&profile)),
        ] {
            let mut bytes = bytes;
            let place = which.index(bytes.len());
            bytes[place] = byte;
            if let Err(error) = statement::read(&bytes, format) {
                prop_assert!(error.at.line <= 1 + bytes.iter().filter(|b| **b == b'\n').count());
            }
        }
    }

    /// Foreign bytes never panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), mt in ":20:[:0-9A-Z,\n{}/-]{0,200}") {
        let profile: Profile = serde_json::from_str(crate::table::PROFILE).unwrap();
        for format in [Format::Detect, Format::Camt, Format::Mt940, Format::Csv(&profile)] {
            let _ = statement::read(&bytes, format);
            let _ = statement::read(mt.as_bytes(), format);
        }
    }
}

/// Where the digits of the amounts of `:60F:`, `:61:` and `:62F:` stand.
fn amounts(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = match line.get(..4) {
            Some(":60F" | ":62F") => Some(":60F:C261124VND".len()),
            Some(":61:") => line.find(['C', 'D']).map(|mark| mark + 1),
            _ => None,
        };
        if let Some(start) = start {
            // RC and RD: the letter after R is the one found.
            let digits = line.bytes().enumerate().skip(start).take_while(|(_, b)| b.is_ascii_digit() || *b == b',');
            places.extend(digits.filter(|(_, b)| *b != b',').map(|(i, _)| at + i));
        }
        at += line.len();
    }
    places
}
